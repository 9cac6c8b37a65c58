//! The embedded PostgreSQL: made, shared, killed in every way, and refused where it is not ours.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "allow-unwrap-in-tests does not reach the helpers of a test program; a helper process talks over its output"
)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use torana::store::cluster::testing::{PrivateServer, Setup, fresh};
use torana::store::cluster::{Cluster, ClusterError, ClusterOptions, keep};

const TORANA: &str = env!("CARGO_BIN_EXE_torana");
/// Tells the helper process which cluster to open.
const HELPER_DIR: &str = "TORANA_CLUSTER_TEST_DIR";

/// A directory for one test, with everything that runs in it, gone at its end.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = Path::new("/tmp").join(format!("torana-cl-{}-{number}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    fn options(&self) -> ClusterOptions {
        ClusterOptions {
            keeper: Some(TORANA.into()),
            ..ClusterOptions::new(self.0.join("pg"))
        }
    }

    fn open(&self) -> Cluster {
        Cluster::open_with(&self.options()).unwrap()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join("pg").join(name)
    }

    /// The keeper's process, as it says itself.
    fn keeper(&self) -> String {
        fs::read_to_string(self.at("keeper.lock")).unwrap()
    }

    /// Returns when the keeper has ended and nobody replaces it.
    fn wait_for_the_end(&self) {
        File::open(self.at("keeper.lock"))
            .unwrap()
            .lock_shared()
            .unwrap();
    }

    /// The server's process.
    fn server(&self) -> String {
        let text = fs::read_to_string(self.at("data/postmaster.pid")).unwrap();
        text.lines().next().unwrap().to_owned()
    }

    /// Returns when another keeper than `former` has begun.
    fn wait_for_another(&self, former: &str) {
        while self.keeper().is_empty() || self.keeper() == former {
            std::thread::yield_now();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        kill_all(&self.at(""));
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// Kills keeper and server of a cluster.
fn kill_all(dir: &Path) {
    for file in ["keeper.lock", "data/postmaster.pid"] {
        let text = fs::read_to_string(dir.join(file)).unwrap_or_default();
        kill(text.lines().next().unwrap_or_default());
    }
}

fn kill(pid: &str) {
    signal("KILL", pid);
}

fn signal(name: &str, pid: &str) {
    let script = format!("kill -{name} {}", pid.trim());
    let _dead_already = Command::new("sh")
        .args(["-c", &script])
        .stderr(Stdio::null())
        .status();
}

/// A process of its own that opens the cluster and holds it until it is told to end or killed.
struct Gateway(Child);

impl Gateway {
    fn start(place: &Place) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([
            "--exact",
            "a_gateway_process_for_the_other_tests",
            "--nocapture",
        ]);
        command.env(HELPER_DIR, place.at(""));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Returns when it holds the cluster.
    fn ready(mut self) -> Self {
        let output = BufReader::new(self.0.stdout.as_mut().unwrap());
        assert!(
            output
                .lines()
                .any(|line| line.unwrap().contains("cluster is open"))
        );
        self
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

/// Does nothing in an ordinary run; it is the program that `Gateway` starts.
#[test]
fn a_gateway_process_for_the_other_tests() {
    let Some(dir) = std::env::var_os(HELPER_DIR) else {
        return;
    };
    let options = ClusterOptions {
        keeper: Some(TORANA.into()),
        ..ClusterOptions::new(dir)
    };
    let _cluster = Cluster::open_with(&options).unwrap();
    println!("\ncluster is open");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Runs one statement and returns its first value as text.
fn ask(options: &PgConnectOptions, sql: &str) -> Result<String, sqlx::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(ask_async(options, sql))
}

async fn ask_async(options: &PgConnectOptions, sql: &str) -> Result<String, sqlx::Error> {
    let mut session = options.connect().await?;
    let value = sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(sql.to_owned()));
    let value = value.fetch_optional(&mut session).await?;
    session.close().await?;
    Ok(value.flatten().unwrap_or_default())
}

fn setting(cluster: &Cluster, name: &str) -> String {
    ask(
        &cluster.owner_options("postgres"),
        &format!("SELECT current_setting('{name}')"),
    )
    .unwrap()
}

const START: &str = "SELECT pg_postmaster_start_time()::text";

#[test]
fn the_first_opening_makes_a_durable_server_without_a_port() {
    let place = Place::new();
    let cluster = place.open();
    assert_eq!(setting(&cluster, "listen_addresses"), "");
    assert_eq!(setting(&cluster, "fsync"), "on");
    assert_eq!(setting(&cluster, "data_checksums"), "on");
    assert_eq!(setting(&cluster, "unix_socket_permissions"), "0700");
}

#[test]
fn the_service_role_may_connect_and_not_make_tables() {
    let place = Place::new();
    let cluster = place.open();
    cluster.create_database("torana_paper").unwrap();
    cluster.create_database("torana_paper").unwrap();
    let (owner, service) = (
        cluster.owner_options("torana_paper"),
        cluster.service_options("torana_paper"),
    );
    ask(&owner, "CREATE TABLE t (x int)").unwrap();
    assert_eq!(
        ask(&service, "SELECT current_user::text").unwrap(),
        "torana_service"
    );
    assert!(ask(&service, "CREATE TABLE u (x int)").is_err());
    assert!(ask(&service, "SELECT x::text FROM t").is_err());
}

#[test]
fn two_processes_that_start_together_share_one_server() {
    let place = Place::new();
    let (one, other) = (Gateway::start(&place), Gateway::start(&place));
    let (one, _other) = (one.ready(), other.ready());
    let cluster = place.open();
    let start = ask(&cluster.owner_options("postgres"), START).unwrap();
    one.kill();
    assert_eq!(
        ask(&cluster.owner_options("postgres"), START).unwrap(),
        start
    );
}

#[test]
fn what_was_committed_survives_the_death_of_gateway_keeper_and_server() {
    let place = Place::new();
    let gateway = Gateway::start(&place).ready();
    {
        let cluster = place.open();
        cluster.create_database("d").unwrap();
        ask(
            &cluster.owner_options("d"),
            "CREATE TABLE t AS SELECT '42'::text AS x",
        )
        .unwrap();
    }
    gateway.kill();
    kill(&place.keeper());
    place.wait_for_the_end();
    kill(&place.server());
    let cluster = place.open();
    assert_eq!(
        ask(&cluster.owner_options("d"), "SELECT x FROM t").unwrap(),
        "42"
    );
}

#[test]
fn a_killed_server_is_started_again() {
    let place = Place::new();
    let cluster = place.open();
    let start = ask(&cluster.owner_options("postgres"), START).unwrap();
    kill(&place.server());
    // opening waits until the server takes sessions
    let again = place.open();
    assert_ne!(ask(&again.owner_options("postgres"), START).unwrap(), start);
}

#[test]
fn a_killed_keeper_is_replaced_and_the_next_one_guards_the_running_server() {
    let place = Place::new();
    let cluster = place.open();
    let start = ask(&cluster.owner_options("postgres"), START).unwrap();
    let former = place.keeper();
    kill(&former);
    place.wait_for_another(&former);
    assert_eq!(
        ask(&cluster.owner_options("postgres"), START).unwrap(),
        start
    );
    kill(&place.server());
    let again = place.open();
    assert_ne!(ask(&again.owner_options("postgres"), START).unwrap(), start);
}

#[test]
fn a_kill_at_any_step_of_the_making_is_repaired_by_the_next_start() {
    for step in [
        "data.init",
        "data.init/PG_VERSION",
        "data.init/global/pg_control",
        "data",
    ] {
        let place = Place::new();
        let gateway = Gateway::start(&place);
        while !place.at(step).exists() {
            std::thread::yield_now();
        }
        gateway.kill();
        let cluster = place.open();
        assert_eq!(
            setting(&cluster, "data_checksums"),
            "on",
            "killed at {step}"
        );
        assert!(!place.at("data.init").exists());
    }
}

#[test]
fn the_server_stops_after_its_last_user_and_starts_again_with_the_next() {
    let place = Place::new();
    let cluster = place.open();
    let options = cluster.owner_options("postgres");
    drop(cluster);
    place.wait_for_the_end();
    assert!(ask(&options, START).is_err());
    assert!(
        !place.at("data/postmaster.pid").exists(),
        "stopped in order, not killed"
    );
    let cluster = place.open();
    assert_eq!(setting(&cluster, "fsync"), "on");
}

#[test]
fn a_keeper_told_to_end_waits_for_its_user_and_then_stops_the_server() {
    let place = Place::new();
    let cluster = place.open();
    signal("TERM", &place.keeper());
    assert_eq!(setting(&cluster, "fsync"), "on");
    drop(cluster);
    place.wait_for_the_end();
    assert!(
        !place.at("data/postmaster.pid").exists(),
        "stopped in order, not killed"
    );
}

#[test]
fn root_opens_the_cluster_of_another_user_as_that_user() {
    let place = Place::new();
    let cluster = place.open();
    if fs::metadata(&place.0).unwrap().uid() != 0 {
        return; // only root can hand a directory to somebody else
    }
    drop(cluster);
    kill_all(&place.at(""));
    place.wait_for_the_end();
    let meta = fs::metadata(place.at("data")).unwrap();
    chown(place.at(""), Some(meta.uid()), Some(meta.gid())).unwrap();
    for lock in ["use.lock", "open.lock", "keeper.lock", "postgres.log"] {
        fs::remove_file(place.at(lock)).unwrap();
    }
    let cluster = place.open();
    assert_eq!(setting(&cluster, "fsync"), "on");
    for file in ["use.lock", "open.lock", "keeper.lock", "postgres.log", "s"] {
        assert_eq!(
            fs::metadata(place.at(file)).unwrap().uid(),
            meta.uid(),
            "{file}"
        );
    }
}

#[test]
fn a_second_keeper_ends_at_once() {
    let place = Place::new();
    let _cluster = place.open();
    let kept = keep(&place.at(""), Path::new("/nowhere"));
    assert!(matches!(kept, Err(ClusterError::Kept { .. })), "{kept:?}");
}

#[test]
fn a_long_path_gets_its_socket_elsewhere() {
    let place = Place::new();
    let mut options = place.options();
    options.dir = place.0.join("x".repeat(90)).join("pg");
    let cluster = Cluster::open_with(&options).unwrap();
    assert_eq!(setting(&cluster, "listen_addresses"), "");
    assert!(cluster.socket_dir().starts_with("/tmp"));
    let socket = cluster.socket_dir();
    drop(cluster);
    kill_all(&options.dir);
    fs::remove_dir_all(socket).unwrap();
}

#[test]
fn a_number_that_another_program_has_by_now_does_not_keep_the_server_down() {
    let place = Place::new();
    drop(place.open());
    kill_all(&place.at(""));
    place.wait_for_the_end();
    // the same account as the server's, alive, and no PostgreSQL
    let account = fs::metadata(place.at("data")).unwrap().uid();
    let mut other = Command::new("cat");
    let mut other = other.uid(account).stdin(Stdio::piped()).spawn().unwrap();
    let lock = format!("{}\n{}\n1\n5432\n", other.id(), place.at("data").display());
    for file in ["data/postmaster.pid", "s/.s.PGSQL.5432.lock"] {
        fs::write(place.at(file), &lock).unwrap();
    }
    let cluster = place.open();
    assert_eq!(setting(&cluster, "fsync"), "on");
    drop(other.stdin.take());
    other.wait().unwrap();
}

#[test]
fn a_directory_that_is_not_ours_is_left_alone() {
    let place = Place::new();
    fs::create_dir_all(place.at("")).unwrap();
    fs::write(place.at("letters.txt"), "dear").unwrap();
    let refused = Cluster::open_with(&place.options())
        .unwrap_err()
        .to_string();
    assert!(refused.contains("letters.txt"), "{refused}");
    assert_eq!(fs::read_dir(place.at("")).unwrap().count(), 1);
}

#[test]
fn data_without_a_version_is_never_overwritten() {
    let place = Place::new();
    fs::create_dir_all(place.at("data/base")).unwrap();
    let refused = Cluster::open_with(&place.options())
        .unwrap_err()
        .to_string();
    assert!(refused.contains("PG_VERSION"), "{refused}");
    assert!(place.at("data/base").exists());
}

#[test]
fn data_of_a_version_that_is_not_installed_names_the_version() {
    let place = Place::new();
    fs::create_dir_all(place.at("data")).unwrap();
    fs::write(place.at("data/PG_VERSION"), "12\n").unwrap();
    let refused = Cluster::open_with(&place.options())
        .unwrap_err()
        .to_string();
    assert!(refused.contains("made by PostgreSQL 12"), "{refused}");
}

#[test]
fn without_programs_the_message_says_how_to_install_them() {
    let place = Place::new();
    let mut options = place.options();
    options.bin_dir = Some(place.0.clone());
    let refused = Cluster::open_with(&options).unwrap_err().to_string();
    assert!(
        refused.contains("apt-get install -y postgresql"),
        "{refused}"
    );
    let named = format!("PG_BIN_DIR names {}", place.0.display());
    assert!(refused.contains(&named), "{refused}");
}

#[test]
fn names_that_need_quotes_are_refused() {
    let place = Place::new();
    let cluster = place.open();
    for name in [
        "",
        "a-b",
        "Ab",
        "1a",
        "a; DROP DATABASE postgres",
        &"x".repeat(64),
    ] {
        let refused = cluster.create_database(name);
        assert!(
            matches!(refused, Err(ClusterError::BadName { .. })),
            "{name}: {refused:?}"
        );
    }
}

fn setup(key: &str) -> Setup {
    Setup {
        keeper: TORANA.into(),
        url: None,
        key: key.to_owned(),
    }
}

async fn migrate(owner: PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut session = owner.connect().await?;
    sqlx::raw_sql("CREATE TABLE t (x int)")
        .execute(&mut session)
        .await?;
    session.close().await
}

#[tokio::test]
async fn each_test_gets_a_migrated_database_of_its_own() {
    let one = fresh(&setup("own"), migrate).await.unwrap();
    let other = fresh(&setup("own"), migrate).await.unwrap();
    let mut session = one.owner_options().connect().await.unwrap();
    sqlx::raw_sql("INSERT INTO t VALUES (1)")
        .execute(&mut session)
        .await
        .unwrap();
    let mut session = other.owner_options().connect().await.unwrap();
    let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM t");
    assert_eq!(count.fetch_one(&mut session).await.unwrap(), 0);
    assert!(other.service_options().connect().await.is_ok());
}

#[tokio::test]
async fn a_server_that_a_person_names_is_used_instead() {
    let server = PrivateServer::start_new().unwrap();
    let url = server
        .superuser_options("postgres")
        .to_url_lossy()
        .to_string();
    let setup = Setup {
        url: Some(url),
        ..setup("given")
    };
    let db = fresh(&setup, migrate).await.unwrap();
    let owner = "SELECT rolname::text FROM pg_database JOIN pg_roles r ON r.oid = datdba
                 WHERE datname LIKE 'torana_test_%'";
    let owner = ask_async(&server.superuser_options("postgres"), owner)
        .await
        .unwrap();
    assert_eq!(owner, "torana_owner");
    assert_eq!(
        ask_async(&db.service_options(), "SELECT current_user::text")
            .await
            .unwrap(),
        "torana_service"
    );
}

#[tokio::test]
async fn a_tests_database_goes_with_the_test() {
    let db = fresh(&setup("gone"), migrate).await.unwrap();
    let options = db.owner_options();
    let _still_connected = options.connect().await.unwrap();
    drop(db);
    assert!(options.connect().await.is_err());
}

#[tokio::test]
async fn a_failed_migration_is_repeated_by_the_next_test() {
    let failed = fresh(&setup("fails"), async |_| Err::<(), _>("no")).await;
    assert!(
        matches!(failed, Err(ClusterError::Migration { .. })),
        "{failed:?}"
    );
    assert!(fresh(&setup("fails"), migrate).await.is_ok());
}

#[test]
fn a_private_server_keeps_its_data_over_stop_and_kill() {
    let mut server = PrivateServer::start_new().unwrap();
    server.create_database("d").unwrap();
    let owner = server.owner_options("d");
    ask(&owner, "CREATE TABLE t AS SELECT '42'::text AS x").unwrap();
    server.stop().unwrap();
    assert!(ask(&owner, "SELECT x FROM t").is_err());
    server.start().unwrap();
    server.kill().unwrap();
    server.start().unwrap();
    assert_eq!(ask(&owner, "SELECT x FROM t").unwrap(), "42");
}
