//! Alerts that the message alone shows to be wrong: kept for people, without consuming a key.

use super::commit::Signals;
use super::{DeskId, SignalRow, Store, StoreError, Verdict};

impl Store {
    /// Writes such an alert down, without the desk's lock. Its name must not come from its key.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn record_invalid(
        &self,
        desk: DeskId,
        row: &SignalRow<'_>,
    ) -> Result<(), StoreError> {
        let clean = Signals::of(core::slice::from_ref(row), self.names());
        sqlx::query!(
            "INSERT INTO signals (desk_id, signal_id, source, received_at, moment, kind, instrument,
                record, verdict, code, status, answer)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT ON CONSTRAINT signals_pkey DO NOTHING",
            desk.0,
            row.id.to_string(),
            row.source.0,
            row.received_at,
            row.moment,
            row.kind,
            clean.instruments.first().copied().flatten(),
            clean.records.first().map(AsRef::as_ref),
            Verdict::Invalid.word(),
            row.code,
            i32::from(row.status),
            clean.answers.first().map(AsRef::as_ref),
        )
        .execute(self.in_time())
        .await?;
        Ok(())
    }
}
