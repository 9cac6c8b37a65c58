//! Alerts as they came, for whoever wants to decide them again.

use chrono::{DateTime, Utc};

use crate::domain::ids::SignalId;
use crate::domain::signal::SourceId;
use crate::store::{DeskId, Store, StoreError};

/// The most alerts of one reading.
const ALERTS_MAX: i64 = 100_000;

/// An alert as it came, and what it was answered.
#[derive(Clone, Debug)]
pub struct Came {
    /// Its name.
    pub id: SignalId,
    /// Whose.
    pub source: SourceId,
    /// When.
    pub at: DateTime<Utc>,
    /// Its body in one form, secrets blanked.
    pub record: String,
    /// What was decided.
    pub code: String,
}

impl Store {
    /// Returns the alerts of a desk that came from one moment to before another and were decided,
    /// in the order in which they came.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn alerts_between(
        &self,
        desk: DeskId,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Vec<Came>, StoreError> {
        let rows = sqlx::query!(
            "SELECT signal_id, source, received_at, record, code FROM signals
             WHERE desk_id = $1 AND received_at >= $2 AND received_at < $3
               AND verdict <> 'invalid'
             ORDER BY received_at, signal_id LIMIT $4",
            desk.0,
            from,
            to,
            ALERTS_MAX,
        )
        .fetch_all(self.in_time())
        .await?;
        rows.into_iter()
            .map(|row| {
                let id = row.signal_id.parse();
                let id = id.map_err(|_bad| StoreError::corrupt("signals", row.signal_id))?;
                Ok(Came {
                    id,
                    source: SourceId(row.source),
                    at: row.received_at,
                    record: row.record,
                    code: row.code,
                })
            })
            .collect()
    }

    /// Returns the money a desk had at a moment: opening capital, deposits, and gains after
    /// charges; nothing before its first movement.
    ///
    /// # Errors
    ///
    /// The database is away or a fact cannot be read.
    pub async fn realised_at(
        &self,
        desk: DeskId,
        at: DateTime<Utc>,
    ) -> Result<Option<rust_decimal::Decimal>, StoreError> {
        let found = sqlx::query_scalar!(
            "SELECT after FROM ledger WHERE desk_id = $1 AND at < $2 ORDER BY seq DESC LIMIT 1",
            desk.0,
            at,
        )
        .fetch_optional(self.in_time())
        .await?;
        Ok(found)
    }
}
