//! PostgreSQL: load the book, commit what facts touched, read-only views.
//!
//! 1. Rows are the truth for decisions, facts are how they came about; both are written in one
//!    transaction, by [`Locked::commit`] or [`Store::commit_if_unmoved`].
//! 2. Whoever decides holds the desk's row ([`Store::lock`]), or the lease and writes on the condition
//!    that the row has not moved; its `seq` and `head` prove a cached book fresh, its epoch is the
//!    lease in force.
//! 3. `facts.seq` is per desk and gapless; every commit that changes the book writes at least one
//!    fact, so a new book always has a new [`Tag`].
//! 4. Whatever is said to PostgreSQL is answered in time or given up (`in_time`); what was given up
//!    may be done.
//! 5. Times are whole microseconds, as the journal and PostgreSQL keep them: whoever makes an input
//!    cuts them, so that a loaded book equals the folded one.

mod access;
mod alone;
mod bars;
mod chain;
pub mod cluster;
mod commit;
mod desks;
mod error;
mod in_time;
mod invalid;
mod leases;
mod load;
mod lock;
mod marks;
mod notices;
mod person_orders;
mod pool;
mod refold;
mod renew;
mod sources;
mod tokens;
pub mod views;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};

pub use access::AccessChange;
pub use bars::{BarKey, KeptBar};
pub use chain::{Chain, Link};
pub use commit::{FactRow, SignalRow, Verdict, Write, Written};
pub use desks::NewDesk;
pub use error::StoreError;
pub use leases::Epoch;
pub use load::{Snapshot, Unreadable};
pub use lock::{Earlier, Locked, SignalKey, Standing, Tag};
pub use notices::{Delivery, Due, Heard, NewNotice, NoticeCursor, SeenVersion};
pub use renew::{Anew, begin_anew};
pub use sources::{NewSource, Signature, Source};
pub use tokens::Token;

use self::in_time::within;
use self::pool::{Sessions, Tx};
use crate::domain::instrument::Instruments;
use crate::journal::Names;
pub use person_orders::PersonOrder;
pub use pool::Deadlines;

/// The schema: forward-only, compiled in.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// A desk: an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeskId(pub i32);

/// The database of one configuration.
#[derive(Clone, Debug)]
pub struct Store {
    sessions: Sessions,
    instruments: Arc<Instruments>,
    same_body: core::time::Duration,
}

/// How long a server may take for a session or an answer while a process starts.
const AT_START: core::time::Duration = core::time::Duration::from_secs(10);

async fn session(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    within(AT_START, PgConnection::connect_with(options)).await
}

/// Brings the schema up to date, as the role that owns it. Once begun it takes as long as it takes.
///
/// # Errors
///
/// The database is away, or holds a schema that this program does not know.
pub async fn migrate(owner: PgConnectOptions) -> Result<(), StoreError> {
    let mut session = session(&owner).await?;
    MIGRATIONS.run(&mut session).await?;
    session.close().await?;
    Ok(())
}

/// Returns whether the schema is the one this program was built with.
///
/// # Errors
///
/// The database is away.
pub async fn is_up_to_date(service: &PgConnectOptions) -> Result<bool, StoreError> {
    let mut session = session(service).await?;
    let made = sqlx::query_scalar!(
        r#"SELECT to_regclass('public._sqlx_migrations') IS NOT NULL AS "made!""#
    );
    let made = within(AT_START, made.fetch_one(&mut session)).await?;
    let newest = MIGRATIONS.iter().map(|one| one.version).max();
    let found = if made {
        let found = sqlx::query_scalar!("SELECT max(version) FROM _sqlx_migrations WHERE success");
        within(AT_START, found.fetch_one(&mut session)).await?
    } else {
        None
    };
    session.close().await?;
    Ok(found == newest)
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
        Self::connect_within(options, instruments, Deadlines::default()).await
    }

    /// The same with a pool of this size and these deadlines.
    ///
    /// # Errors
    ///
    /// As [`Self::connect`].
    pub async fn connect_within(
        options: PgConnectOptions,
        instruments: Arc<Instruments>,
        deadlines: Deadlines,
    ) -> Result<Self, StoreError> {
        let store = Self {
            sessions: Sessions::new(options, deadlines),
            instruments,
            same_body: deadlines.same_body,
        };
        store.check_schema().await?;
        Ok(store)
    }

    /// Returns the instruments whose names the rows use.
    pub fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.sessions.close().await;
    }

    /// Asks whether the database answers.
    ///
    /// # Errors
    ///
    /// It does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query!("SELECT 1 AS one")
            .fetch_one(self.in_time())
            .await?;
        Ok(())
    }

    /// Returns the time by the database's own clock.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn database_clock(&self) -> Result<DateTime<Utc>, StoreError> {
        let now = sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!""#)
            .fetch_one(self.in_time())
            .await?;
        Ok(now)
    }

    /// Returns where statements are said that stand alone.
    const fn in_time(&self) -> &Sessions {
        &self.sessions
    }

    async fn begin(&self) -> Result<Tx, StoreError> {
        self.sessions.begin().await
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        let newest = MIGRATIONS.iter().map(|one| one.version).max();
        let found = sqlx::query_scalar!("SELECT max(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(self.in_time())
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
