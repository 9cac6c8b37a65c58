//! What is said to the server in SQL: is it up, its roles, its databases.

use std::future::Future;
use std::thread;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::error::{ClusterError, io_error};
use super::init::SUPERUSER;
use super::layout::{Layout, PORT};

/// The role that owns the tables and migrates them.
pub const OWNER: &str = "torana_owner";
/// The role of every pool: it may not change the schema, nor history.
pub const SERVICE: &str = "torana_service";

/// Pause between two attempts to connect to a server that is coming up.
const READY_PAUSE: Duration = Duration::from_millis(10);
/// Attempts before we give up: a minute, for a server that replays its log after a crash.
const READY_ATTEMPTS_MAX: u32 = 6_000;
/// One lock for everything that changes databases and roles of the cluster ("torana" in ASCII).
const ADMIN_LOCK: i64 = 0x746f_7261_6e61;
/// PostgreSQL's limit on names.
const NAME_BYTES_MAX: usize = 63;

const ROLES: &str = "
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'torana_owner') THEN
    CREATE ROLE torana_owner LOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'torana_service') THEN
    CREATE ROLE torana_service LOGIN;
  END IF;
END $$";

/// Connection options for one role and database, over the socket alone.
pub(super) fn options(layout: &Layout, role: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(layout.socket_dir())
        .port(PORT)
        .username(role)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .application_name("torana")
}

/// Waits until the server takes a session. `tend` runs before each attempt and sees to it that
/// somebody is starting the server.
pub(super) async fn ready(
    layout: &Layout,
    mut tend: impl FnMut() -> Result<(), ClusterError>,
) -> Result<(), ClusterError> {
    let options = options(layout, SUPERUSER, "postgres");
    for _ in 0..READY_ATTEMPTS_MAX {
        tend()?;
        if let Ok(session) = options.connect().await {
            return session.close().await.map_err(ClusterError::Sql);
        }
        tokio::time::sleep(READY_PAUSE).await;
    }
    Err(layout.not_ready())
}

/// A superuser session that alone changes roles and databases while it lives.
pub(super) async fn admin(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let mut session = options.connect().await?;
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(ADMIN_LOCK)
        .execute(&mut session)
        .await?;
    Ok(session)
}

/// Makes the two roles unless they are there.
pub(super) async fn ensure_roles(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut session = admin(options).await?;
    sqlx::raw_sql(ROLES).execute(&mut session).await?;
    session.close().await
}

/// Makes a database of the owner's unless it is there. May be interrupted and repeated.
pub(super) async fn ensure_database(
    options: &PgConnectOptions,
    name: &str,
) -> Result<(), ClusterError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let letter_first = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !letter_first || !name.chars().all(plain) || name.len() > NAME_BYTES_MAX {
        return Err(ClusterError::BadName {
            name: name.to_owned(),
        });
    }
    let mut session = admin(options).await?;
    make_database(options, &mut session, name).await?;
    session.close().await.map_err(ClusterError::Sql)
}

/// As `ensure_database`, in an `admin` session and with a name that needs no quotes.
pub(super) async fn make_database(
    options: &PgConnectOptions,
    session: &mut PgConnection,
    name: &str,
) -> Result<(), sqlx::Error> {
    let there = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1");
    if there
        .bind(name)
        .fetch_optional(&mut *session)
        .await?
        .is_none()
    {
        let create = AssertSqlSafe(format!("CREATE DATABASE {name} OWNER {OWNER}"));
        sqlx::raw_sql(create).execute(&mut *session).await?;
    }
    let rights = AssertSqlSafe(format!(
        "REVOKE ALL ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO {SERVICE}"
    ));
    sqlx::raw_sql(rights).execute(&mut *session).await?;
    let mut inside = options.clone().database(name).connect().await?;
    let schema = "ALTER SCHEMA public OWNER TO torana_owner;
                  REVOKE ALL ON SCHEMA public FROM PUBLIC;
                  GRANT USAGE ON SCHEMA public TO torana_service";
    sqlx::raw_sql(schema).execute(&mut inside).await?;
    inside.close().await
}

/// Runs a conversation to its end on a thread of its own: this works before there is a runtime
/// as well as inside one.
pub(super) fn blocking<T: Send>(
    conversation: impl Future<Output = Result<T, ClusterError>> + Send,
) -> Result<T, ClusterError> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime
            .map_err(io_error("start a runtime for", "PostgreSQL"))?
            .block_on(conversation)
    };
    let joined = thread::scope(|scope| scope.spawn(run).join());
    joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
