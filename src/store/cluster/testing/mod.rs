//! Databases for tests: made in about 20 ms, gone afterwards.
//!
//! All test processes of a user share one throw-away server in `/tmp`, without fsync, which goes
//! away with its data a few seconds after the last of them. Each database is a copy of a template
//! that was migrated once. Tests of crashes take a `PrivateServer`, which they may stop.

mod private;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::account::my_uid;
use super::error::{ClusterError, io_error};
use super::layout::Layout;
use super::{Cluster, ClusterOptions, OWNER, SERVICE, init, session};

pub use private::PrivateServer;

/// Where the throw-away clusters are: short, and reachable by the account of the server.
const PARENT: &str = "/tmp";
/// The roles' password on a server that a person named; ours needs none.
const PASSWORD: &str = "torana-test";

/// The servers in use, by the URL that was given: our own one has none.
static SHARED: Mutex<BTreeMap<Option<String>, Arc<Shared>>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU32 = AtomicU32::new(0);

/// What the tests of one program need to know.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The `torana` program (in `tests/`: `env!("CARGO_BIN_EXE_torana")`), which runs the keeper.
    pub keeper: PathBuf,
    /// A superuser's URL of a server to use instead (`TEST_DATABASE_URL`).
    pub url: Option<String>,
    /// Names the schema, so that a changed one gets a new template: see `key_of`.
    pub key: String,
}

/// A key that changes whenever a migration does.
pub fn key_of(migrator: &sqlx::migrate::Migrator) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    migrator
        .iter()
        .for_each(|migration| hash.update(&migration.checksum));
    data_encoding::HEXLOWER
        .encode(&hash.finalize())
        .chars()
        .take(16)
        .collect()
}

/// A database of one test; dropped with it.
#[derive(Debug)]
pub struct TestDb {
    name: String,
    shared: Arc<Shared>,
}

impl TestDb {
    /// How the role that migrates connects.
    pub fn owner_options(&self) -> PgConnectOptions {
        self.shared.options(OWNER, &self.name)
    }

    /// How every pool connects.
    pub fn service_options(&self) -> PgConnectOptions {
        self.shared.options(SERVICE, &self.name)
    }

    /// How a superuser connects, for what a test has to do behind Torana's back.
    pub fn superuser_options(&self) -> PgConnectOptions {
        self.shared.superuser.clone().database(&self.name)
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let superuser = &self.shared.superuser;
        let dropped = session::blocking(async { Ok(run_in(superuser, drop).await?) });
        if let Err(error) = dropped {
            eprintln!("test database {} stays: {error}", self.name);
        }
    }
}

/// A fresh, migrated database. `migrate` runs only when no template with this key exists; it is
/// given the owner's options.
pub async fn fresh<M, F, E>(setup: &Setup, migrate: M) -> Result<TestDb, ClusterError>
where
    M: FnOnce(PgConnectOptions) -> F,
    F: Future<Output = Result<(), E>>,
    E: Display,
{
    let shared = Shared::get(setup)?;
    let template = format!("torana_template_{}", setup.key);
    let mut session = shared.superuser.connect().await?;
    if !is_complete(&mut session, &template).await? {
        make_template(&shared, &template, migrate).await?;
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("torana_test_{}_{number}", std::process::id());
    // A process before us with the same number may have been killed.
    run(
        &mut session,
        format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
    )
    .await?;
    let strategy = if shared.major >= 15 {
        "STRATEGY file_copy"
    } else {
        ""
    };
    let create = format!("CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template} {strategy}");
    run(&mut session, create).await?;
    let rights = format!(
        "REVOKE ALL ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO {SERVICE}"
    );
    run(&mut session, rights).await?;
    session.close().await?;
    Ok(TestDb { name, shared })
}

/// Whether a template was migrated to its end: only then it bears PostgreSQL's mark.
async fn is_complete(session: &mut PgConnection, template: &str) -> Result<bool, sqlx::Error> {
    let complete = "SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate";
    let row = sqlx::query(complete)
        .bind(template)
        .fetch_optional(session)
        .await?;
    Ok(row.is_some())
}

/// Migrates the template, unless another process was quicker.
async fn make_template<M, F, E>(shared: &Shared, name: &str, migrate: M) -> Result<(), ClusterError>
where
    M: FnOnce(PgConnectOptions) -> F,
    F: Future<Output = Result<(), E>>,
    E: Display,
{
    let mut alone = session::admin(&shared.superuser).await?;
    if !is_complete(&mut alone, name).await? {
        run(
            &mut alone,
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        )
        .await?;
        session::make_database(&shared.superuser, &mut alone, name).await?;
        let migrated = migrate(shared.options(OWNER, name)).await;
        migrated.map_err(|error| ClusterError::Migration {
            said: error.to_string(),
        })?;
        run(
            &mut alone,
            format!("ALTER DATABASE {name} IS_TEMPLATE true"),
        )
        .await?;
    }
    alone.close().await.map_err(ClusterError::Sql)
}

/// The server that the tests of this process share with those of others.
#[derive(Debug)]
struct Shared {
    superuser: PgConnectOptions,
    major: u32,
    cluster: Option<Cluster>,
}

impl Shared {
    fn get(setup: &Setup) -> Result<Arc<Self>, ClusterError> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = shared.get(&setup.url) {
            return Ok(Arc::clone(shared));
        }
        let opened = Arc::new(match &setup.url {
            Some(url) => Self::given(url)?,
            None => Self::own(setup)?,
        });
        shared.insert(setup.url.clone(), Arc::clone(&opened));
        Ok(opened)
    }

    fn own(setup: &Setup) -> Result<Self, ClusterError> {
        let uid = my_uid(Path::new(PARENT))?;
        let mut options = ClusterOptions::new(format!("{PARENT}/torana-test-{uid}"));
        mark_throw_away(&Layout::make(&options.dir)?)?;
        options.keeper = Some(setup.keeper.clone());
        let cluster = Cluster::open_with(&options)?;
        let superuser = cluster.options(init::SUPERUSER, "postgres");
        Ok(Self {
            superuser,
            major: cluster.major(),
            cluster: Some(cluster),
        })
    }

    fn given(url: &str) -> Result<Self, ClusterError> {
        let superuser: PgConnectOptions = url.parse()?;
        let major = session::blocking(async {
            session::ensure_roles(&superuser).await?;
            for role in [OWNER, SERVICE] {
                run_in(
                    &superuser,
                    format!("ALTER ROLE {role} PASSWORD '{PASSWORD}'"),
                )
                .await?;
            }
            let mut session = superuser.connect().await?;
            let number = "SELECT current_setting('server_version_num')::int / 10000";
            let major: i32 = sqlx::query_scalar(number).fetch_one(&mut session).await?;
            Ok(u32::try_from(major).unwrap_or_default())
        })?;
        Ok(Self {
            superuser,
            major,
            cluster: None,
        })
    }

    fn options(&self, role: &str, database: &str) -> PgConnectOptions {
        if let Some(cluster) = &self.cluster {
            return cluster.options(role, database);
        }
        self.superuser
            .clone()
            .username(role)
            .password(PASSWORD)
            .database(database)
    }
}

fn mark_throw_away(layout: &Layout) -> Result<(), ClusterError> {
    let mark = layout.throw_away();
    fs::write(&mark, "").map_err(io_error("write", mark))
}

async fn run_in(options: &PgConnectOptions, statement: String) -> Result<(), sqlx::Error> {
    let mut session = options.connect().await?;
    run(&mut session, statement).await?;
    session.close().await
}

async fn run(session: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(session)
        .await
        .map(|_| ())
}
