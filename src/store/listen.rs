//! What other processes changed, as PostgreSQL tells it. Being told is a convenience: whoever needs
//! to be sure compares tags under the lock.

use sqlx::postgres::PgListener;

use super::{DeskId, Store, StoreError};

/// Said with every commit, in its transaction.
const DESK: &str = "torana_desk";
/// Said when a source or token changed.
const DOORS: &str = "torana_doors";

/// Something that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A desk has a new newest fact.
    Committed {
        /// Whose.
        desk: DeskId,
        /// Its number.
        seq: i64,
    },
    /// A desk's sources or tokens are others.
    Doors(DeskId),
    /// The connection was lost and made again: anything may have changed.
    Unknown,
}

/// Tells what changed, from now on.
#[derive(Debug)]
pub struct Changes(PgListener);

impl Store {
    /// Listens, on a connection of its own.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn listen(&self) -> Result<Changes, StoreError> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen_all([DESK, DOORS]).await?;
        Ok(Changes(listener))
    }
}

impl Changes {
    /// Waits for the next change.
    ///
    /// # Errors
    ///
    /// The database is away and could not be reached again.
    pub async fn next(&mut self) -> Result<Change, StoreError> {
        let told = self.0.try_recv().await?;
        let change = told.and_then(|told| read(told.channel(), told.payload()));
        Ok(change.unwrap_or(Change::Unknown))
    }
}

fn read(channel: &str, payload: &str) -> Option<Change> {
    if channel == DOORS {
        return payload.parse().ok().map(|desk| Change::Doors(DeskId(desk)));
    }
    let (desk, seq) = payload.split_once(':')?;
    Some(Change::Committed {
        desk: DeskId(desk.parse().ok()?),
        seq: seq.parse().ok()?,
    })
}
