//! A small pool that outlives the server: dead connections are found before anything depends on
//! them, and a decision never fails because of one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};
use tokio::time::{Instant, timeout};

use super::StoreError;

/// A connection idle for longer is asked whether it still lives; one in steady use is not, because
/// that costs a quarter of a small statement.
const IDLE_UNPROVED: Duration = Duration::from_secs(1);
/// A transaction that its process forgot gives the desk back.
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "5s";

/// How large the pool is, and how long anything said through it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// A courier, a monitor, and people reading; decisions have one of their own beside it.
    pub connections: u32,
    /// How long a caller waits for a connection before it says that the database is away.
    pub acquire: Duration,
    /// How long a statement may take.
    pub statement: Duration,
    /// How long a lock is waited for; a desk's row is held for milliseconds.
    pub lock: Duration,
    /// How long the same bytes without id and time are the same alert.
    pub same_body: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connections: 8,
            acquire: Duration::from_secs(1),
            statement: Duration::from_secs(2),
            lock: Duration::from_millis(500),
            same_body: Duration::from_secs(20),
        }
    }
}

/// When a connection last turned out to be dead: those that were made before may be dead too.
#[derive(Clone, Debug, Default)]
pub(super) struct Suspicion(Arc<Mutex<Option<Instant>>>);

impl Suspicion {
    /// A connection was dead.
    pub(super) fn raise(&self) {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *since = Some(Instant::now());
    }

    /// Returns whether a connection of this age has lived through it.
    fn falls_on(&self, age: Duration) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() <= age)
    }
}

/// The connection that decisions are written through, out of the pool's turns: each server process
/// parses and plans the statement for itself, and one that has just run it runs it fastest.
#[derive(Clone, Debug, Default)]
pub(super) struct Warm(Arc<Mutex<Option<(PgConnection, Instant)>>>);

impl Warm {
    /// Takes the connection, alive as far as anybody knows, or another out of the pool.
    pub(super) async fn take(
        &self,
        pool: &PgPool,
        suspicion: &Suspicion,
    ) -> Result<PgConnection, sqlx::Error> {
        if let Some((mut session, used)) = self.swap(None) {
            let idle = used.elapsed();
            let unproved = idle > IDLE_UNPROVED || suspicion.falls_on(idle);
            let deadline = pool.options().get_acquire_timeout();
            if !unproved || matches!(timeout(deadline, session.ping()).await, Ok(Ok(()))) {
                return Ok(session);
            }
            suspicion.raise();
        }
        Ok(pool.acquire().await?.detach())
    }

    /// Keeps a connection that has just answered, unless all are to be closed.
    pub(super) fn keep(&self, pool: &PgPool, session: PgConnection) {
        if !pool.is_closed() {
            self.swap(Some((session, Instant::now())));
        }
    }

    /// Closes it.
    pub(super) async fn close(&self) {
        if let Some((session, _)) = self.swap(None) {
            // it is as gone when the server does not hear of it
            let _told = session.close().await;
        }
    }

    fn swap(&self, other: Option<(PgConnection, Instant)>) -> Option<(PgConnection, Instant)> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        core::mem::replace(&mut *kept, other)
    }
}

/// Opens the pool, with a deadline on everything that is said through it.
pub(super) async fn open(
    options: PgConnectOptions,
    (suspicion, deadlines): (Suspicion, Deadlines),
) -> Result<PgPool, sqlx::Error> {
    let options = options.options([
        ("statement_timeout", millis(deadlines.statement)),
        ("lock_timeout", millis(deadlines.lock)),
        (
            "idle_in_transaction_session_timeout",
            IDLE_IN_TRANSACTION_TIMEOUT.to_owned(),
        ),
        // every statement looks rows up by key: planning one anew for each use costs more than
        // running it
        ("plan_cache_mode", "force_generic_plan".to_owned()),
    ]);
    PgPoolOptions::new()
        .max_connections(deadlines.connections)
        .acquire_timeout(deadlines.acquire)
        .test_before_acquire(false)
        .before_acquire(move |session, known| {
            let unproved = known.idle_for > IDLE_UNPROVED || suspicion.falls_on(known.age);
            Box::pin(async move {
                if unproved {
                    session.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await
}

fn millis(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

/// Begins a transaction. After the server was restarted the pool holds dead connections: each
/// attempt throws one away, and nothing has been said yet that could be said twice.
pub(super) async fn begin(
    pool: &PgPool,
    suspicion: &Suspicion,
) -> Result<Transaction<'static, Postgres>, StoreError> {
    for _ in 0..pool.options().get_max_connections() {
        match pool.begin().await {
            Ok(tx) => return Ok(tx),
            Err(error @ (sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed)) => {
                return Err(error.into());
            }
            Err(_dead) => suspicion.raise(),
        }
    }
    Ok(pool.begin().await?)
}
