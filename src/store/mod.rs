//! PostgreSQL: load the book, commit what facts touched, read-only views.
//!
//! 1. Rows are the truth for decisions, facts are how they came about; both are written in one
//!    transaction by one function, [`Locked::commit`].
//! 2. Whoever decides holds the desk's row ([`Store::lock`]); its `seq` and `head` prove a cached
//!    book fresh, its epoch is the lease in force.
//! 3. `facts.seq` is per desk and gapless; every commit that changes the book writes at least one
//!    fact, so a new book always has a new [`Tag`].
//! 4. Times are whole microseconds, as the journal and PostgreSQL keep them: whoever makes an input
//!    cuts them, so that a loaded book equals the folded one.

mod chain;
pub mod cluster;
mod commit;
mod desks;
mod error;
mod invalid;
mod leases;
mod listen;
mod load;
mod lock;
mod marks;
mod refold;
mod sources;
mod tokens;
pub mod views;

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};

pub use chain::{Chain, Link};
pub use commit::{FactRow, SignalRow, Verdict, Write};
pub use desks::NewDesk;
pub use error::StoreError;
pub use leases::Epoch;
pub use listen::{Change, Changes};
pub use load::{Snapshot, Unreadable};
pub use lock::{Earlier, Locked, SignalKey, Tag};
pub use sources::{NewSource, Signature, Source};
pub use tokens::Token;

use crate::domain::instrument::Instruments;
use crate::journal::Names;

/// The schema: forward-only, compiled in.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// One batcher a desk, a courier, a monitor, and people reading.
const CONNECTIONS_MAX: u32 = 8;
/// How long a caller waits for a connection before it says that the database is away.
const ACQUIRE_WAIT: Duration = Duration::from_secs(1);
/// A connection idle for longer is asked whether it still lives; one in steady use is not, because
/// that costs a quarter of a small statement.
const IDLE_UNPROVED: Duration = Duration::from_secs(1);
/// No statement of ours takes a tenth of this.
const STATEMENT_TIMEOUT: &str = "2s";
/// A desk's row is held for milliseconds, by one batcher a process.
const LOCK_TIMEOUT: &str = "500ms";
/// A transaction that its process forgot gives the desk back.
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "5s";

/// A desk: an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeskId(pub i32);

/// The database of one configuration.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
    instruments: Arc<Instruments>,
}

/// Brings the schema up to date, as the role that owns it.
///
/// # Errors
///
/// The database is away, or holds a schema that this program does not know.
pub async fn migrate(owner: PgConnectOptions) -> Result<(), StoreError> {
    let mut session = PgConnection::connect_with(&owner).await?;
    MIGRATIONS.run(&mut session).await?;
    session.close().await?;
    Ok(())
}

impl Store {
    /// Opens a small pool as the role that may neither change the schema nor history. It connects
    /// once, to find what is wrong before anything depends on it.
    ///
    /// # Errors
    ///
    /// The database is away, or its schema is not the one this program was built with.
    pub async fn connect(
        options: PgConnectOptions,
        instruments: Arc<Instruments>,
    ) -> Result<Self, StoreError> {
        let options = options.options([
            ("statement_timeout", STATEMENT_TIMEOUT),
            ("lock_timeout", LOCK_TIMEOUT),
            (
                "idle_in_transaction_session_timeout",
                IDLE_IN_TRANSACTION_TIMEOUT,
            ),
            // every statement looks rows up by key: planning one anew for each use costs more than
            // running it
            ("plan_cache_mode", "force_generic_plan"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE_WAIT)
            .test_before_acquire(false)
            .before_acquire(|session, known| {
                Box::pin(async move {
                    if known.idle_for > IDLE_UNPROVED {
                        session.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await?;
        let store = Self { pool, instruments };
        store.check_schema().await?;
        Ok(store)
    }

    /// Returns the instruments whose names the rows use.
    pub fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Asks whether the database answers.
    ///
    /// # Errors
    ///
    /// It does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query!("SELECT 1 AS one")
            .fetch_one(&self.pool)
            .await?;
        Ok(())
    }

    /// Begins a transaction. After the server was restarted the pool holds dead connections: each
    /// attempt throws one away, and nothing has been said yet that could be said twice.
    async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        for _ in 0..CONNECTIONS_MAX {
            match self.pool.begin().await {
                Ok(tx) => return Ok(tx),
                Err(error @ (sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed)) => {
                    return Err(error.into());
                }
                Err(_dead) => {}
            }
        }
        Ok(self.pool.begin().await?)
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        let newest = MIGRATIONS.iter().map(|one| one.version).max();
        let found = sqlx::query_scalar!("SELECT max(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(&self.pool)
            .await?;
        if found == newest {
            Ok(())
        } else {
            Err(StoreError::Schema {
                found: found.unwrap_or(0),
                wanted: newest.unwrap_or(0),
            })
        }
    }

    fn names(&self) -> Names<'_> {
        Names(&self.instruments)
    }
}
