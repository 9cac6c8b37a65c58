//! Intents and the orders that pursue them.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use super::Page;
use crate::store::{DeskId, Store, StoreError};

/// A goal that was decided on.
#[expect(missing_docs, reason = "the fields are the columns of the table")]
#[derive(Clone, Debug, Serialize)]
pub struct Intent {
    pub id: String,
    pub at: DateTime<Utc>,
    pub purpose: String,
    pub signal: Option<String>,
    pub instrument: String,
    pub contract: String,
    pub direction: String,
    pub product: String,
    pub position: String,
    pub leg: String,
    /// Nothing is an exit of all that the leg holds.
    pub lots: Option<i64>,
    pub filled: i64,
    pub price: Option<Decimal>,
    pub stop: Option<Decimal>,
    pub target: Option<Decimal>,
    pub reason: Option<String>,
    pub by_person: bool,
    pub valid_until: Option<DateTime<Utc>>,
    pub orders: i32,
    pub failures: i32,
    pub ended_at: Option<DateTime<Utc>>,
    pub ended_why: Option<String>,
    /// The number of the source whose signal it follows.
    pub source: Option<i32>,
}

/// One message to the broker.
#[expect(missing_docs, reason = "the fields are the columns of the table")]
#[derive(Clone, Debug, Serialize)]
pub struct Order {
    pub id: String,
    pub intent: String,
    pub instrument: String,
    pub contract: String,
    pub product: String,
    pub side: String,
    pub lots: i64,
    /// In the unit that OpenAlgo expects; so is `filled`.
    pub quantity: Decimal,
    pub pricing: Option<String>,
    pub price: Option<Decimal>,
    pub trigger_price: Option<Decimal>,
    pub state: String,
    pub ended: Option<String>,
    pub broker_id: Option<String>,
    pub filled: Decimal,
    /// The average price of what was filled, to 4 places.
    pub average: Option<Decimal>,
    pub charges: Decimal,
    pub cancel: Option<String>,
    pub cancel_why: Option<String>,
    pub not_before: Option<DateTime<Utc>>,
    pub claimed_at: Option<DateTime<Utc>>,
    pub sent_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Returns intents, the newest first.
    pub async fn view_intents(&self, desk: DeskId, page: &Page) -> Result<Vec<Intent>, StoreError> {
        let rows = sqlx::query_as!(
            Intent,
            r#"
            SELECT i.id, i.at, i.purpose, i.signal, i.instrument, i.contract, i.direction,
                i.product, i.position, i.leg, i.lots, i.filled, trim_scale(i.price) AS price,
                trim_scale(i.stop) AS stop, trim_scale(i.target) AS target, i.reason, i.by_person,
                i.valid_until, i.orders, i.failures, i.ended_at, i.ended_why,
                (SELECT s.source FROM signals s
                 WHERE s.desk_id = i.desk_id AND s.signal_id = i.signal) AS source
            FROM intents i
            WHERE i.desk_id = $1
              AND ($2::text IS NULL OR (i.at, i.id) <
                   (SELECT b.at, b.id FROM intents b WHERE b.desk_id = $1 AND b.id = $2))
            ORDER BY i.at DESC, i.id DESC LIMIT $3
            "#,
            desk.0,
            page.before,
            page.rows(),
        )
        .fetch_all(self.in_time())
        .await?;
        Ok(rows)
    }

    /// Returns orders, those not yet claimed first, then the newest.
    pub async fn view_orders(&self, desk: DeskId, page: &Page) -> Result<Vec<Order>, StoreError> {
        let rows = sqlx::query_as!(
            Order,
            r#"
            SELECT o.id, o.intent, o.instrument, o.contract, o.product, o.side, o.lots,
                trim_scale(o.quantity) AS "quantity!", o.pricing, trim_scale(o.price) AS price,
                trim_scale(o.trigger_price) AS trigger_price, o.state, o.ended, o.broker_id,
                trim_scale(o.filled) AS "filled!",
                CASE WHEN o.filled > 0 THEN trim_scale(round(o.value / o.filled, 4)) END AS average,
                trim_scale(o.charges) AS "charges!", o.cancel, o.cancel_why, o.not_before,
                o.claimed_at, o.sent_at, o.closed_at
            FROM orders o
            WHERE o.desk_id = $1
              AND ($2::text IS NULL OR (coalesce(o.claimed_at, 'infinity'), o.id) <
                   (SELECT coalesce(b.claimed_at, 'infinity'), b.id FROM orders b
                    WHERE b.desk_id = $1 AND b.id = $2))
            ORDER BY coalesce(o.claimed_at, 'infinity') DESC, o.id DESC LIMIT $3
            "#,
            desk.0,
            page.before,
            page.rows(),
        )
        .fetch_all(self.in_time())
        .await?;
        Ok(rows)
    }
}
