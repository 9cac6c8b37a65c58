//! Facts: what became true, in order.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;

use super::ROWS_MAX;
use crate::domain::ids::SignalId;
use crate::store::{DeskId, Store, StoreError};

/// A fact as it was written.
#[expect(missing_docs, reason = "the fields are the columns of the table")]
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    pub seq: i64,
    pub at: DateTime<Utc>,
    #[serde(rename = "fact")]
    pub kind: String,
    pub signal_id: Option<String>,
    pub intent_id: Option<String>,
    pub order_id: Option<String>,
    pub leg_id: Option<String>,
    /// What it says, in the journal's own words.
    pub is: Option<Box<RawValue>>,
    /// Its place in the chain, in hexadecimal.
    pub hash: String,
}

/// What a goal is of.
#[expect(missing_docs, reason = "the fields are the columns of the tables")]
#[derive(Clone, Debug)]
pub struct GoalName {
    pub id: String,
    pub leg: String,
    pub instrument: String,
    pub direction: String,
    /// The layer of its leg, when an entry of ours opened that.
    pub layer: Option<i16>,
}

struct Row {
    seq: i64,
    at: DateTime<Utc>,
    kind: String,
    signal_id: Option<String>,
    intent_id: Option<String>,
    order_id: Option<String>,
    leg_id: Option<String>,
    payload: String,
    hash: String,
}

impl From<Row> for Fact {
    fn from(row: Row) -> Self {
        Self {
            seq: row.seq,
            at: row.at,
            kind: row.kind,
            signal_id: row.signal_id,
            intent_id: row.intent_id,
            order_id: row.order_id,
            leg_id: row.leg_id,
            is: RawValue::from_string(row.payload).ok(),
            hash: row.hash,
        }
    }
}

/// What a signal was about.
#[expect(missing_docs, reason = "the fields are the columns of the table")]
#[derive(Clone, Debug)]
pub struct SignalName {
    pub id: String,
    pub kind: String,
    pub instrument: Option<String>,
}

impl Store {
    /// Returns the facts after a number, in order.
    pub async fn view_facts(
        &self,
        desk: DeskId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Fact>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"
            SELECT seq, at, kind, signal_id, intent_id, order_id, leg_id, payload,
                encode(hash, 'hex') AS "hash!"
            FROM facts WHERE desk_id = $1 AND seq > $2 ORDER BY seq LIMIT $3
            "#,
            desk.0,
            after,
            i64::from(limit.min(ROWS_MAX)),
        )
        .fetch_all(self.in_time())
        .await?;
        Ok(rows.into_iter().map(Fact::from).collect())
    }

    /// Returns what these goals, and the goals of these legs, are of.
    pub async fn view_goal_names(
        &self,
        desk: DeskId,
        goals: &[String],
        legs: &[String],
    ) -> Result<Vec<GoalName>, StoreError> {
        let names = sqlx::query_as!(
            GoalName,
            r#"
            SELECT i.id, i.leg, i.instrument, i.direction, e.layer AS "layer?"
            FROM intents i
            LEFT JOIN intents e ON e.desk_id = i.desk_id AND e.leg = i.leg AND e.reason IS NULL
            WHERE i.desk_id = $1 AND (i.id = ANY ($2) OR i.leg = ANY ($3))
            "#,
            desk.0,
            goals,
            legs,
        )
        .fetch_all(self.in_time())
        .await?;
        Ok(names)
    }

    /// Returns what signals were about, by their names.
    pub async fn view_signal_names(
        &self,
        desk: DeskId,
        signals: &[String],
    ) -> Result<Vec<SignalName>, StoreError> {
        let names = sqlx::query_as!(
            SignalName,
            r#"
            SELECT signal_id AS id, kind, instrument
            FROM signals
            WHERE desk_id = $1 AND signal_id = ANY ($2)
            "#,
            desk.0,
            signals,
        )
        .fetch_all(self.in_time())
        .await?;
        Ok(names)
    }

    /// Returns what a signal has led to: its decision, its intents and their orders, and the life
    /// of the leg it opened.
    pub async fn view_facts_of(
        &self,
        desk: DeskId,
        signal: SignalId,
    ) -> Result<Vec<Fact>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"
            SELECT seq, at, kind, signal_id, intent_id, order_id, leg_id, payload,
                encode(hash, 'hex') AS "hash!"
            FROM facts f
            WHERE f.desk_id = $1
              AND (f.signal_id = $2 OR f.leg_id = $2
                   OR f.intent_id IN (SELECT i.id FROM intents i
                                      WHERE i.desk_id = $1 AND i.signal = $2))
            ORDER BY seq LIMIT $3
            "#,
            desk.0,
            signal.to_string(),
            i64::from(ROWS_MAX),
        )
        .fetch_all(self.in_time())
        .await?;
        Ok(rows.into_iter().map(Fact::from).collect())
    }
}
