//! Where it is measured: a directory, a PostgreSQL that syncs, a simulator, a gateway.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, io};

use io::BufRead as _;
use sha2::{Digest as _, Sha256};
use sqlx::ConnectOptions as _;
use tokio::time::{Instant, sleep};
use torana::app::{self, Opened};
use torana::config::{self, Config, Options};
use torana::desk::person::{By, change_access};
use torana::domain::book::Book;
use torana::store::cluster::{Cluster, ClusterOptions};
use torana::store::{AccessChange, DeskId, NewSource, Store};

use crate::alerts;
use crate::line::Line;

/// The program that is measured.
const TORANA: &str = env!("CARGO_BIN_EXE_torana");
/// The secret in the path of the source.
const SECRET: &str = "the-secret-of-a-load-run";
/// How long anything but a measurement may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What differs from the defaults: so many alerts of one sender would be refused, and one share in
/// ten lots at most leaves room for fifty of them at once.
const SETTINGS: &[(&str, &str)] = &[
    ("TORANA__LIMITS__REQUESTS_PER_SECOND", "100000"),
    ("TORANA__LIMITS__REQUESTS_BURST", "100000"),
    ("TORANA__SOURCES__ALERTS_PER_SECOND", "100000"),
    ("TORANA__SOURCES__ALERTS_BURST", "100000"),
    ("TORANA__DESK__OPENING_CAPITAL", "1000000000"),
];
const PROFILE: &str =
    "[portfolio]\nmax_positions = \"off\"\n\n[instrument.default]\nmax_lots = 10\n";
/// For the gap: nothing rests at the broker, so that only our own exits are measured.
const UNGUARDED: &str = "[stops]\nprotective_stop = \"off\"\n";

/// The directory of a run and the database server in it.
pub(crate) struct World {
    dir: PathBuf,
    cluster: Cluster,
}

/// A process that is stopped when dropped.
pub(crate) struct Running(Child);

/// A database, its simulator, and how a gateway on them is configured.
pub(crate) struct Stage {
    /// The environment of its gateway.
    pub(crate) env: BTreeMap<String, String>,
    /// Where its gateway listens.
    pub(crate) address: SocketAddr,
    /// Its database.
    pub(crate) opened: Opened,
    options: Options,
    sim: SocketAddr,
    _sim: Running,
}

impl World {
    /// Makes a directory and starts a server in it.
    pub(crate) fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("torana-load-{}", std::process::id()));
        fs::create_dir_all(dir.join("config/profiles")).unwrap();
        fs::write(dir.join("config/profiles/basso.toml"), PROFILE).unwrap();
        fs::write(dir.join("config/profiles/scalper.toml"), UNGUARDED).unwrap();
        let options = ClusterOptions {
            keeper: Some(TORANA.into()),
            ..ClusterOptions::new(dir.join("pg"))
        };
        let cluster = Cluster::open_with(&options).unwrap();
        println!("PostgreSQL {} in {}", cluster.major(), dir.display());
        Self { dir, cluster }
    }

    /// The directory of the run.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes a database with a source, and starts a simulator for it.
    pub(crate) async fn stage(&self, name: &str, over: &[(&str, &str)]) -> Stage {
        let data = self.dir.join(name);
        fs::create_dir_all(&data).unwrap();
        let database = format!("torana_{name}");
        self.cluster.create_database(&database).unwrap();
        let url = |options: sqlx::postgres::PgConnectOptions| options.to_url_lossy().to_string();
        let address = free_address();
        let mut env: BTreeMap<String, String> = [
            ("PATH", config::environment()["PATH"].clone()),
            ("TORANA_DATA", data.display().to_string()),
            ("DATABASE_URL", url(self.cluster.service_options(&database))),
            (
                "DATABASE_OWNER_URL",
                url(self.cluster.owner_options(&database)),
            ),
            ("TORANA__SERVER__LISTEN", address.to_string()),
        ]
        .into_iter()
        .chain(
            SETTINGS
                .iter()
                .chain(over)
                .map(|(key, value)| (*key, (*value).to_owned())),
        )
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        let options = Options {
            dir: Some(self.dir.join("config")),
            ..Options::default()
        };
        let (sim, rest, feed) = simulator(&env);
        env.insert(
            "TORANA__PAPER__EXTERNAL".to_owned(),
            format!("http://{rest}"),
        );
        env.insert(
            "TORANA__PAPER__EXTERNAL_FEED".to_owned(),
            format!("ws://{feed}"),
        );
        let config = config::load(&options, &env).unwrap();
        let mut control = Line::to(rest, "/_sim/prices").await;
        let set = control.say("PUT", &alerts::prices(&config)).await;
        assert_eq!(set.status, 200, "{}", set.body);
        let opened = open(config).await;
        Stage {
            env,
            address,
            opened,
            options,
            sim: rest,
            _sim: sim,
        }
    }

    /// Removes everything once the server has gone: it follows its last user by itself.
    pub(crate) async fn end(self) {
        let pid = self.dir.join("pg/data/postmaster.pid");
        drop(self.cluster);
        let began = Instant::now();
        while pid.exists() && began.elapsed() < PATIENCE {
            sleep(Duration::from_millis(100)).await;
        }
        fs::remove_dir_all(&self.dir).unwrap();
    }
}

impl Stage {
    /// The configuration of its gateway.
    pub(crate) fn config(&self) -> Config {
        config::load(&self.options, &self.env).unwrap()
    }

    /// Starts a gateway in a process of its own.
    pub(crate) fn gateway(&self, log: &Path) -> Running {
        let dir = self.options.dir.clone().unwrap();
        let log = fs::File::create(log).unwrap();
        let child = Command::new(TORANA)
            .arg("--config")
            .arg(dir)
            .arg("serve")
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        Running(child.unwrap())
    }

    /// The path alerts are sent to.
    pub(crate) fn path() -> String {
        format!("/webhook/{SECRET}")
    }

    /// A connection to the gateway, once its doors are open and prices are known.
    pub(crate) async fn line(&self) -> Line {
        let began = Instant::now();
        while tokio::net::TcpStream::connect(self.address).await.is_err()
            || self.marks().await < alerts::HELD.len()
        {
            assert!(began.elapsed() < PATIENCE, "the gateway does not open");
            sleep(Duration::from_millis(20)).await;
        }
        Line::to(self.address, &Self::path()).await
    }

    async fn marks(&self) -> usize {
        let marks = self.opened.store.marks(self.opened.desk).await.unwrap();
        marks.contracts.len()
    }

    /// Enters the futures that are held all the time, and waits until they are.
    pub(crate) async fn hold(&self, line: &mut Line) {
        for ((name, price), number) in alerts::HELD.into_iter().zip(1_000_000_000..) {
            let answer = line.post(&alerts::entry(name, price, number)).await;
            assert_eq!(answer.status, 202, "{}", answer.body);
        }
        let began = Instant::now();
        while self.book().await.legs.len() < alerts::HELD.len() {
            assert!(began.elapsed() < PATIENCE, "the first entries do not fill");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The book as the database holds it.
    pub(crate) async fn book(&self) -> Book {
        let mut locked = self.store().lock(self.opened.desk, &[]).await.unwrap();
        let book = locked.book().await.unwrap();
        locked.release().await.unwrap();
        book
    }

    /// Where its simulator listens.
    pub(crate) const fn sim(&self) -> SocketAddr {
        self.sim
    }

    /// Its database.
    pub(crate) const fn store(&self) -> &Store {
        &self.opened.store
    }

    /// Its desk.
    pub(crate) const fn desk(&self) -> DeskId {
        self.opened.desk
    }
}

impl Running {
    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // one that has ended is all the better
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

async fn open(config: Config) -> Opened {
    let opened = app::open(config).await.unwrap();
    let source = NewSource {
        name: "load".to_owned(),
        secret: Sha256::digest(SECRET).into(),
        ..NewSource::default()
    };
    let mut deciding = app::decide(&opened).await.unwrap();
    let by = By {
        name: "load",
        why: "to measure",
        request: "one",
    };
    let added = AccessChange::SourceAdded(Box::new(source));
    let added = change_access(&deciding.desk, added, ("everything".to_owned(), by));
    added.await.unwrap();
    deciding.last.cancel();
    while deciding.tasks.join_next().await.is_some() {}
    opened
}

/// Starts a simulator whose prices stand still; returns where its REST and its feed are.
fn simulator(env: &BTreeMap<String, String>) -> (Running, SocketAddr, SocketAddr) {
    let any = "127.0.0.1:0";
    let mut child = Command::new(TORANA)
        .args(["sim", "--listen", any, "--feed", any, "--step-ms", "0"])
        .args([
            "--no-limits",
            "--capital",
            "1000000000",
            "--style",
            "gunicorn",
        ])
        .env_clear()
        .envs(env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = child.stdout.take().unwrap();
    let running = Running(child);
    let mut said = String::new();
    io::BufReader::new(out).read_line(&mut said).unwrap();
    let after = |scheme: &str| {
        let (_, rest) = said.split_once(scheme).expect("where it listens");
        rest.split_whitespace().next().unwrap().parse().unwrap()
    };
    let (rest, feed) = (after("http://"), after("ws://"));
    (running, rest, feed)
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
