//! Fills, what closed legs brought, and every movement of the ledger.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use super::Page;
use crate::store::{DeskId, Store, StoreError};

/// A growth of what an order has filled.
#[expect(missing_docs, reason = "the fields are the columns of the table")]
#[derive(Clone, Debug, Serialize)]
pub struct Fill {
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub order: String,
    pub instrument: Option<String>,
    pub contract: Option<String>,
    pub side: Option<String>,
    /// What this growth added, in the unit that OpenAlgo expects.
    pub added: Decimal,
    pub added_charges: Decimal,
    /// All that is filled so far.
    pub quantity: Decimal,
    /// The average price so far, to 4 places.
    pub average: Option<Decimal>,
    pub charges: Decimal,
}

/// A closed leg.
#[expect(missing_docs, reason = "the fields are the columns of the table")]
#[derive(Clone, Debug, Serialize)]
pub struct Trade {
    pub leg: String,
    pub position: String,
    pub instrument: String,
    pub contract: String,
    pub direction: String,
    pub product: String,
    pub base: bool,
    pub layer: i16,
    pub lots: i64,
    pub entry: Decimal,
    pub first_stop: Decimal,
    pub stop: Decimal,
    pub risk: Decimal,
    pub gross: Decimal,
    pub charges: Decimal,
    pub net: Decimal,
    /// The net gain in multiples of what was risked, to 2 places.
    pub r: Option<Decimal>,
    pub opened_at: DateTime<Utc>,
    pub closed_at: DateTime<Utc>,
    pub reason: Option<String>,
}

/// A movement of the ledger.
#[expect(missing_docs, reason = "the fields are the columns of the table")]
#[derive(Clone, Debug, Serialize)]
pub struct LedgerRow {
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub kind: String,
    pub amount: Decimal,
    pub before: Decimal,
    pub after: Decimal,
    pub order: Option<String>,
}

impl Store {
    /// Returns fills, the newest first.
    pub async fn view_fills(&self, desk: DeskId, page: &Page) -> Result<Vec<Fill>, StoreError> {
        let rows = sqlx::query_as!(
            Fill,
            r#"
            SELECT seq, at, order_id AS "order", instrument, contract, side,
                trim_scale(added) AS "added!", trim_scale(added_charges) AS "added_charges!",
                trim_scale(quantity) AS "quantity!",
                CASE WHEN quantity > 0 THEN trim_scale(round(value / quantity, 4)) END AS average,
                trim_scale(charges) AS "charges!"
            FROM fills WHERE desk_id = $1 AND ($2::bigint IS NULL OR seq < $2)
            ORDER BY seq DESC LIMIT $3
            "#,
            desk.0,
            page.seq(),
            page.rows(),
        )
        .fetch_all(self.in_time())
        .await?;
        Ok(rows)
    }

    /// Returns closed legs, the newest first.
    pub async fn view_trades(&self, desk: DeskId, page: &Page) -> Result<Vec<Trade>, StoreError> {
        let rows = sqlx::query_as!(
            Trade,
            r#"
            SELECT l.id AS leg, l.position, l.instrument, l.contract, l.direction, l.product,
                l.base, l.layer, l.opened_lots AS lots, trim_scale(l.entry) AS "entry!",
                trim_scale(l.first_stop) AS "first_stop!", trim_scale(l.stop) AS "stop!",
                trim_scale(l.risk) AS "risk!", trim_scale(l.gross) AS "gross!",
                trim_scale(l.charges) AS "charges!", trim_scale(l.gross - l.charges) AS "net!",
                CASE WHEN l.risk > 0
                     THEN trim_scale(round((l.gross - l.charges) / l.risk, 2)) END AS r,
                l.opened_at, l.closed_at AS "closed_at!", l.reason
            FROM legs l
            WHERE l.desk_id = $1 AND l.closed_at IS NOT NULL
              AND ($2::text IS NULL OR (l.closed_at, l.id) <
                   (SELECT b.closed_at, b.id FROM legs b WHERE b.desk_id = $1 AND b.id = $2))
            ORDER BY l.closed_at DESC, l.id DESC LIMIT $3
            "#,
            desk.0,
            page.before,
            page.rows(),
        )
        .fetch_all(self.in_time())
        .await?;
        Ok(rows)
    }

    /// Returns movements of the ledger, the newest first.
    pub async fn view_ledger(
        &self,
        desk: DeskId,
        page: &Page,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        let rows = sqlx::query_as!(
            LedgerRow,
            r#"
            SELECT seq, at, kind, trim_scale(amount) AS "amount!", trim_scale(before) AS "before!",
                trim_scale(after) AS "after!", order_id AS "order"
            FROM ledger WHERE desk_id = $1 AND ($2::bigint IS NULL OR seq < $2)
            ORDER BY seq DESC LIMIT $3
            "#,
            desk.0,
            page.seq(),
            page.rows(),
        )
        .fetch_all(self.in_time())
        .await?;
        Ok(rows)
    }
}
