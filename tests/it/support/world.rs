//! One test's own world: database, simulator, data directory, source.

use core::sync::atomic::{AtomicU32, Ordering};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use sqlx::ConnectOptions as _;
use torana::app::{self, Opened};
use torana::clock::{Clock as _, SystemClock};
use torana::config::{self, Config, Options};
use torana::domain::book::Book;
use torana::domain::money::Price;
use torana::sim::{PriceSource, SimHandle, SimOptions, SimServer};
use torana::store::cluster::testing::{Setup, TestDb, fresh, key_of};
use torana::store::{self, DeskId, NewSource, Signature, Store};

use super::alerts::Alert;
use super::gateway::{Answer, Gateway};
use super::truth;
use super::wait::{PATIENCE, until};

/// The secret in the path of the test's source.
const SECRET: &str = "a-secret-of-the-tests";

/// What differs from the defaults, so that nothing waits for minutes.
const QUICK: &[(&str, &str)] = &[
    ("TORANA__COURIER__PAUSE", "20ms"),
    ("TORANA__COURIER__BASELINE_AGE", "50ms"),
    ("TORANA__COURIER__LEASE", "1s"),
    ("TORANA__COURIER__PROOF_PAUSE", "10ms"),
    ("TORANA__MONITOR__PAUSE", "50ms"),
    ("TORANA__MONITOR__ORDER_POLLS", "10ms,20ms,50ms"),
    ("TORANA__MONITOR__LATE_LOOK", "100ms"),
    ("TORANA__MONITOR__FUNDS_POLL", "200ms"),
    ("TORANA__TIMING__RELEASE_PAUSE", "20ms"),
    ("TORANA__TIMING__EXIT_PAUSE_MIN", "20ms"),
    ("TORANA__TIMING__EXIT_PAUSE_MAX", "100ms"),
    ("TORANA__PROOF__SPAN_MIN", "50ms"),
    ("TORANA__PROOF__CALL_DEADLINE", "400ms"),
    ("TORANA__OPENALGO__ORDER_TIMEOUT", "300ms"),
    ("TORANA__OPENALGO__READ_TIMEOUT", "2s"),
    ("TORANA__OPENALGO__BOOK_READS_PER_SECOND", "100"),
    ("TORANA__LIMITS__REQUESTS_BURST", "100000"),
    ("TORANA__SOURCES__ALERTS_BURST", "100000"),
];

/// One test's own world.
pub(crate) struct World {
    /// The broker.
    pub(crate) sim: SimHandle,
    /// The configuration of its gateways.
    pub(crate) config: Arc<Config>,
    /// A second pair of eyes on the database.
    pub(crate) store: Store,
    opened: Opened,
    env: BTreeMap<String, String>,
    data: PathBuf,
    doubtful: bool,
    _db: TestDb,
}

impl World {
    /// Makes a world, with these settings over the quick ones.
    pub(crate) async fn new(over: &[(&str, &str)]) -> Self {
        let db = fresh(&setup(), store::migrate).await.unwrap();
        let data = data_dir();
        let mut env = env(&data);
        let url = |options: sqlx::postgres::PgConnectOptions| options.to_url_lossy().to_string();
        env.insert("DATABASE_URL".to_owned(), url(db.service_options()));
        env.insert("DATABASE_OWNER_URL".to_owned(), url(db.owner_options()));
        for (key, value) in QUICK.iter().chain(over) {
            env.insert((*key).to_owned(), (*value).to_owned());
        }
        let read = config::load(&Options::default(), &env).unwrap();
        let sim = start_sim(&read);
        let (rest, feed) = (sim.rest_addr, sim.feed_addr);
        env.insert(
            "TORANA__PAPER__EXTERNAL".to_owned(),
            format!("http://{rest}"),
        );
        env.insert(
            "TORANA__PAPER__EXTERNAL_FEED".to_owned(),
            format!("ws://{feed}"),
        );
        let opened = app::open(read).await.unwrap();
        let new = NewSource {
            name: "tests".to_owned(),
            secret: Sha256::digest(SECRET).into(),
            signature: Signature::Optional,
            ..NewSource::default()
        };
        let now = SystemClock.now();
        opened
            .store
            .source_add(opened.desk, &new, now)
            .await
            .unwrap();
        let world = Self {
            sim,
            config: Arc::clone(&opened.config),
            store: opened.store.clone(),
            opened,
            env,
            data,
            doubtful: false,
            _db: db,
        };
        world.price("78500");
        world
    }

    /// Names the price of Gold Mini, all months.
    pub(crate) fn price(&self, text: &str) {
        self.price_of("GOLDM", text);
    }

    /// Names the price of everything on something.
    pub(crate) fn price_of(&self, root: &str, text: &str) {
        let price = Price::new(text.parse().unwrap()).unwrap();
        self.sim.set_prices_of(root, price).unwrap();
    }

    /// Starts a gateway and waits until it takes alerts and knows prices.
    pub(crate) async fn gateway(&self) -> Gateway {
        self.gateway_with(&[]).await
    }

    /// The same with these settings.
    pub(crate) async fn gateway_with(&self, over: &[(&str, &str)]) -> Gateway {
        let gateway = self.spawn(over).open().await;
        let known = until(async || {
            let marks = self.store.marks(self.opened.desk).await.unwrap();
            (!marks.contracts.is_empty()).then_some(())
        });
        assert!(known.await.is_some(), "no prices\n{}", gateway.log());
        gateway
    }

    /// Starts a gateway and waits for nothing.
    pub(crate) fn spawn(&self, over: &[(&str, &str)]) -> Gateway {
        let mut env = self.env.clone();
        for (key, value) in over {
            env.insert((*key).to_owned(), (*value).to_owned());
        }
        Gateway::spawn(&env)
    }

    /// Sends an alert of the test's source; the gateway must live to answer.
    pub(crate) async fn alert(&self, gateway: &Gateway, alert: &Alert) -> Answer {
        let answered = self.send(gateway, alert).await;
        answered.unwrap_or_else(|| panic!("no answer\n{}", gateway.log()))
    }

    /// Sends an alert of the test's source to a gateway that may die of it.
    pub(crate) async fn send(&self, gateway: &Gateway, alert: &Alert) -> Option<Answer> {
        let path = format!("/webhook/{SECRET}");
        gateway.post(&path, "application/json", &alert.body()).await
    }

    /// Sends bytes of a type as the test's source.
    pub(crate) async fn send_text(&self, gateway: &Gateway, kind: &str, body: &str) -> Answer {
        let answer = gateway
            .post(&format!("/webhook/{SECRET}"), kind, body)
            .await;
        answer.unwrap_or_else(|| panic!("no answer\n{}", gateway.log()))
    }

    /// Sends bytes of the test's source with a signature of now.
    pub(crate) async fn send_signed(
        &self,
        gateway: &Gateway,
        signature: &str,
        body: &str,
    ) -> Answer {
        let path = format!("/webhook/{SECRET}");
        gateway.post_signed(&path, signature, body).await
    }

    /// Has an alert decided without effect.
    pub(crate) async fn dry_run(&self, gateway: &Gateway, alert: &Alert) -> Answer {
        let path = format!("/webhook/{SECRET}?dry_run=true");
        gateway
            .post(&path, "application/json", &alert.body())
            .await
            .unwrap()
    }

    /// The verdicts of all alerts that were written down.
    pub(crate) async fn signals(&self) -> Vec<String> {
        let mut session = self.session().await;
        let all = "SELECT verdict FROM signals ORDER BY stored_at";
        sqlx::query_scalar(all)
            .fetch_all(&mut session)
            .await
            .unwrap()
    }

    async fn session(&self) -> sqlx::PgConnection {
        let options: sqlx::postgres::PgConnectOptions = self.env["DATABASE_URL"].parse().unwrap();
        options.connect().await.unwrap()
    }

    /// The book as the database holds it.
    pub(crate) async fn book(&self) -> Book {
        book_of(&self.store, self.opened.desk).await
    }

    /// Waits until the book is as asked for.
    pub(crate) async fn until(
        &self,
        gateway: &Gateway,
        what: &str,
        is: impl Fn(&Book) -> bool,
    ) -> Book {
        let mut newest = None;
        let found = until(async || {
            let tag = self.store.tag(self.opened.desk).await.unwrap();
            if newest == Some(tag) {
                return None;
            }
            newest = Some(tag);
            let book = self.book().await;
            is(&book).then_some(book)
        })
        .await;
        match found {
            Some(book) => book,
            None => panic!(
                "not {what} within {PATIENCE:?}: {:#?}\n{}",
                truth::summary(&self.book().await),
                gateway.log()
            ),
        }
    }

    /// Waits until nothing of the book is under way.
    pub(crate) async fn until_settled(&self, gateway: &Gateway) -> Book {
        self.until(gateway, "settled", truth::is_settled).await
    }

    /// Waits until a route of the broker's was called so often from now on.
    pub(crate) async fn until_called(&self, route: &str, times: u64) {
        let count = || self.sim.state().calls.get(route).copied().unwrap_or(0);
        let before = count();
        let called = until(async || (count() >= before + times).then_some(()));
        assert!(called.await.is_some(), "{route} was not called so often");
    }

    /// Waits until our book and the broker's tell the same.
    pub(crate) async fn until_equal(&self, gateway: &Gateway) {
        let equal = until(async || {
            let book = self.book().await;
            truth::difference(&book, &self.sim.state(), &self.config.rules)
                .is_none()
                .then_some(())
        });
        if equal.await.is_none() {
            let book = self.book().await;
            let why = truth::difference(&book, &self.sim.state(), &self.config.rules);
            panic!(
                "the books differ: {}\n{}",
                why.unwrap_or_default(),
                gateway.log()
            );
        }
    }

    /// Says that this test leaves an order in doubt on purpose.
    pub(crate) fn leaves_doubt(&mut self) {
        self.doubtful = true;
    }

    /// Fails unless our book and the broker's tell the same, to the paisa.
    pub(crate) async fn compare(&self) -> Book {
        let book = self.book().await;
        let difference = truth::difference(&book, &self.sim.state(), &self.config.rules);
        assert_eq!(difference, None);
        book
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // nobody else reads it, and a leftover harms nobody
        drop(std::fs::remove_dir_all(&self.data));
        if self.doubtful || std::thread::panicking() {
            return;
        }
        let (config, desk) = (Arc::clone(&self.config), self.opened.desk);
        let url = self.env["DATABASE_URL"].clone();
        // the test's own runtime cannot be waited for here
        let looked = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                let instruments = Arc::new(config.rules.instruments.clone());
                let store = Store::connect(url.parse().unwrap(), instruments)
                    .await
                    .unwrap();
                truth::refuse_doubt(&book_of(&store, desk).await);
            });
        });
        assert!(
            looked.join().is_ok(),
            "an order was left in doubt, see above"
        );
    }
}

async fn book_of(store: &Store, desk: DeskId) -> Book {
    let mut locked = store.lock(desk, &[]).await.unwrap();
    let book = locked.book().await.unwrap();
    locked.release().await.unwrap();
    book
}

fn setup() -> Setup {
    Setup {
        keeper: env!("CARGO_BIN_EXE_torana").into(),
        url: test_database(),
        key: key_of(&store::MIGRATIONS),
    }
}

fn test_database() -> Option<String> {
    config::environment().get("TEST_DATABASE_URL").cloned()
}

fn data_dir() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("torana-it-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn env(data: &std::path::Path) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    for name in ["PATH", "HOME"] {
        if let Some(value) = config::environment().get(name) {
            env.insert(name.to_owned(), value.clone());
        }
    }
    env.insert("TORANA_SIGNING_KEY_TESTS".to_owned(), "k".repeat(32));
    env.insert("TORANA_DATA".to_owned(), data.display().to_string());
    env
}

fn start_sim(config: &Config) -> SimHandle {
    let options = SimOptions {
        prices: PriceSource::Walk,
        step_ms: 0,
        limits: false,
        ..app::sim_base(config)
    };
    SimServer::start(&options).unwrap()
}
