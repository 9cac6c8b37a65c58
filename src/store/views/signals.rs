//! Signals: what came, and what it was answered.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Page;
use crate::domain::ids::SignalId;
use crate::store::{DeskId, Store, StoreError};

/// A signal and its answer.
#[expect(missing_docs, reason = "the fields are the columns of the table")]
#[derive(Clone, Debug, Serialize)]
pub struct Signal {
    pub id: String,
    pub received_at: DateTime<Utc>,
    pub moment: Option<DateTime<Utc>>,
    pub source: Option<String>,
    pub kind: String,
    pub instrument: Option<String>,
    pub alert_id: Option<String>,
    pub verdict: String,
    pub code: String,
    pub status: i32,
    /// The reason in words, as its sender was told.
    pub detail: Option<String>,
    /// The lots that were decided on.
    pub lots: Option<u32>,
    /// The answer, byte for byte; an invalid alert has the error's words alone.
    pub answer: Option<Box<RawValue>>,
    /// The alert, secrets blanked; only of a signal asked for by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<Box<RawValue>>,
}

struct Row {
    id: String,
    received_at: DateTime<Utc>,
    moment: Option<DateTime<Utc>>,
    source: Option<String>,
    kind: String,
    instrument: Option<String>,
    alert_id: Option<String>,
    verdict: String,
    code: String,
    status: i32,
    answer: String,
    record: Option<String>,
}

/// What an answer says of itself.
#[derive(Default, serde::Deserialize)]
struct Said {
    detail: Option<String>,
    lots: Option<u32>,
}

impl From<Row> for Signal {
    fn from(row: Row) -> Self {
        let said: Option<Said> = serde_json::from_str(&row.answer).ok();
        let (detail, lots) = match said {
            Some(said) => (said.detail, said.lots),
            None => (Some(row.answer.clone()), None),
        };
        Self {
            id: row.id,
            received_at: row.received_at,
            moment: row.moment,
            source: row.source,
            kind: row.kind,
            instrument: row.instrument,
            alert_id: row.alert_id,
            verdict: row.verdict,
            code: row.code,
            status: row.status,
            detail,
            lots,
            answer: RawValue::from_string(row.answer).ok(),
            alert: row
                .record
                .and_then(|record| RawValue::from_string(record).ok()),
        }
    }
}

impl Store {
    /// Returns signals, the newest first.
    pub async fn view_signals(&self, desk: DeskId, page: &Page) -> Result<Vec<Signal>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"
            SELECT s.signal_id AS id, s.received_at, s.moment, c.name AS "source?", s.kind,
                s.instrument, s.alert_id, s.verdict, s.code, s.status, s.answer,
                NULL::text AS record
            FROM signals s
            LEFT JOIN sources c ON c.desk_id = s.desk_id AND c.source = s.source
            WHERE s.desk_id = $1
              AND ($2::text IS NULL OR (s.received_at, s.signal_id) <
                   (SELECT b.received_at, b.signal_id FROM signals b
                    WHERE b.desk_id = $1 AND b.signal_id = $2))
            ORDER BY s.received_at DESC, s.signal_id DESC LIMIT $3
            "#,
            desk.0,
            page.before,
            page.rows(),
        )
        .fetch_all(self.in_time())
        .await?;
        Ok(rows.into_iter().map(Signal::from).collect())
    }

    /// Returns one signal with its alert, when it is known.
    pub async fn view_signal(
        &self,
        desk: DeskId,
        id: SignalId,
    ) -> Result<Option<Signal>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"
            SELECT s.signal_id AS id, s.received_at, s.moment, c.name AS "source?", s.kind,
                s.instrument, s.alert_id, s.verdict, s.code, s.status, s.answer,
                s.record AS "record?"
            FROM signals s
            LEFT JOIN sources c ON c.desk_id = s.desk_id AND c.source = s.source
            WHERE s.desk_id = $1 AND s.signal_id = $2
            "#,
            desk.0,
            id.to_string(),
        )
        .fetch_optional(self.in_time())
        .await?;
        Ok(row.map(Signal::from))
    }
}
