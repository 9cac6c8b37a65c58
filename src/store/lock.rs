//! A desk as it is before a decision: what that needs to begin comes in one statement, under the lock
//! of the desk's row.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::postgres::types::PgInterval;

use super::pool::Tx;
use super::{DeskId, Store, StoreError, Unreadable, marks};
use crate::domain::ids::SignalId;
use crate::domain::input::Marks;
use crate::domain::instrument::Instruments;
use crate::domain::signal::SourceId;
use crate::journal::Names;

/// What a signal is recognised by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalKey {
    /// Its name, derived from its key.
    pub id: SignalId,
    /// The alert's own `id`, where it has one.
    pub alert: Option<(SourceId, String)>,
    /// The hash of source and bytes, of an alert without id and time: the same within `webhook.same_body` is
    /// the same alert.
    pub body: Option<[u8; 32]>,
}

/// What is known of a signal from before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// Nothing.
    None,
    /// It was answered: say the same again, byte for byte.
    Same {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
        /// The signal that was answered.
        signal: SignalId,
    },
    /// Its `id` was used for something else.
    IdReused,
}

/// What names a state of the desk: a book is fresh when its tag is the one under the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The number of the newest fact.
    pub seq: i64,
    /// Its hash.
    pub head: [u8; 32],
}

/// Where a desk stands: what a decision needs to begin.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The number of the newest fact.
    pub seq: i64,
    /// Its hash.
    pub head: [u8; 32],
    /// When the last commit was decided; time never goes back behind it.
    pub last_at: DateTime<Utc>,
    /// The lease in force, when there ever was one.
    pub epoch: Option<i64>,
    /// What is known of each signal asked for, in their order.
    pub earlier: Vec<Earlier>,
    /// Prices as seen.
    pub marks: Arc<Marks>,
    pub(super) desk: DeskId,
    pub(super) instruments: Arc<Instruments>,
}

/// The desk, locked; dropping it gives it back and nothing has happened.
#[derive(Debug)]
pub struct Locked {
    /// What was seen under the lock: it stays so.
    pub standing: Standing,
    /// What [`Locked::book`] had to leave out: page a person for each.
    pub unreadable: Vec<Unreadable>,
    pub(super) tx: Tx,
}

/// A desk's row with what was asked for beside it.
struct Seen {
    seq: i64,
    head: Vec<u8>,
    last_at: DateTime<Utc>,
    epoch: i64,
    marks: Option<String>,
    earlier: Option<String>,
}

impl Store {
    /// Locks a desk and looks at it.
    ///
    /// # Errors
    ///
    /// The database is away or the desk was never made.
    pub async fn lock(&self, desk: DeskId, asks: &[SignalKey]) -> Result<Locked, StoreError> {
        let mut tx = self.begin().await?;
        // A statement that waited for the row would see the rest as it was before the wait: so the
        // row first, and then, when nothing can change, the look.
        sqlx::query!(
            "SELECT 1 AS one FROM desks WHERE desk_id = $1 FOR UPDATE",
            desk.0
        )
        .fetch_optional(tx.in_time())
        .await?;
        let standing = self.look(&mut tx, desk, asks).await?;
        Ok(Locked {
            standing,
            unreadable: Vec::new(),
            tx,
        })
    }

    #[expect(
        clippy::as_conversions,
        reason = "sqlx's sign for a parameter whose type it cannot see"
    )]
    async fn look(
        &self,
        tx: &mut Tx,
        desk: DeskId,
        asks: &[SignalKey],
    ) -> Result<Standing, StoreError> {
        let asked = Asked::of(asks);
        let seen = sqlx::query_file_as!(
            Seen,
            "src/store/look.sql",
            desk.0,
            &asked.ids,
            &asked.sources as &[Option<i32>],
            &asked.alerts as &[Option<String>],
            &asked.bodies as &[Option<Vec<u8>>],
            interval(self.same_body),
        )
        .fetch_optional(tx.in_time())
        .await?;
        let seen =
            seen.ok_or_else(|| StoreError::corrupt("desks", format!("no desk {}", desk.0)))?;
        Ok(Standing {
            seq: seen.seq,
            head: hash(seen.head)?,
            last_at: seen.last_at,
            epoch: (seen.epoch > 0).then_some(seen.epoch),
            earlier: earlier(seen.earlier.as_deref(), asks.len())?,
            marks: Arc::new(marks::read(
                seen.marks.as_deref(),
                Names(&self.instruments),
            )?),
            desk,
            instruments: Arc::clone(&self.instruments),
        })
    }
}

impl Standing {
    /// Returns what names the state of the desk.
    pub const fn tag(&self) -> Tag {
        Tag {
            seq: self.seq,
            head: self.head,
        }
    }

    /// Returns where the desk stands once a decision was written on it at `last_at`.
    #[must_use]
    pub fn moved_to(&self, tag: Tag, last_at: DateTime<Utc>) -> Self {
        Self {
            seq: tag.seq,
            head: tag.head,
            last_at: last_at.max(self.last_at),
            earlier: Vec::new(),
            ..self.clone()
        }
    }
}

impl Locked {
    /// Gives the desk back at once; merely dropping it leaves that to whoever next runs.
    ///
    /// # Errors
    ///
    /// The database is away: then it is free anyway.
    pub async fn release(self) -> Result<(), StoreError> {
        Ok(self.tx.rollback().await?)
    }
}

/// The keys of the signals asked for, as columns.
pub(super) struct Asked {
    pub(super) ids: Vec<String>,
    pub(super) sources: Vec<Option<i32>>,
    pub(super) alerts: Vec<Option<String>>,
    pub(super) bodies: Vec<Option<Vec<u8>>>,
}

pub(super) fn interval(duration: core::time::Duration) -> PgInterval {
    PgInterval {
        months: 0,
        days: 0,
        microseconds: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX),
    }
}

impl Asked {
    pub(super) fn of(asks: &[SignalKey]) -> Self {
        let mut asked = Self {
            ids: Vec::new(),
            sources: Vec::new(),
            alerts: Vec::new(),
            bodies: Vec::new(),
        };
        for ask in asks {
            let alert = ask.alert.as_ref();
            asked.ids.push(ask.id.to_string());
            asked.sources.push(alert.map(|(source, _)| source.0));
            asked.alerts.push(alert.map(|(_, id)| id.clone()));
            asked.bodies.push(ask.body.map(|hash| hash.to_vec()));
        }
        asked
    }
}

pub(super) fn hash(bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    let hash: Result<[u8; 32], _> = bytes.try_into();
    hash.map_err(|_wrong_length| StoreError::corrupt("desks", "a hash of another length"))
}

/// The place of an ask, and what its signal was answered; nothing where only its `id` was used.
type Found = (usize, Option<String>, Option<u16>, Option<String>);

/// Reads what was found of the signals asked for; each is named by its place, from 1.
fn earlier(found: Option<&str>, asked: usize) -> Result<Vec<Earlier>, StoreError> {
    let mut all = vec![Earlier::None; asked];
    let bad = |what: &str| StoreError::corrupt("signals", what.to_owned());
    let rows: Vec<Found> = match found {
        Some(text) => serde_json::from_str(text).map_err(|error| bad(&error.to_string()))?,
        None => Vec::new(),
    };
    for (place, signal, status, body) in rows {
        let known = match (signal, status, body) {
            (Some(signal), Some(status), Some(body)) => Earlier::Same {
                status,
                body,
                signal: signal.parse().map_err(|_not_ours| bad(&signal))?,
            },
            _ => Earlier::IdReused,
        };
        if let Some(slot) = place.checked_sub(1).and_then(|at| all.get_mut(at)) {
            *slot = known;
        }
    }
    Ok(all)
}

/// Reads a list of rows that PostgreSQL wrote as JSON.
pub(super) fn rows(table: &'static str, text: Option<&str>) -> Result<Vec<Value>, StoreError> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    serde_json::from_str(text).map_err(|error| StoreError::corrupt(table, error))
}
