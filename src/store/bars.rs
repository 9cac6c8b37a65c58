//! OpenAlgo's history, kept: rows of contracts, of no desk.

use chrono::{DateTime, TimeDelta, Utc};

use super::lock::rows;
use super::{Store, StoreError};
use crate::domain::bars::Ohlc;
use crate::domain::money::Quantity;
use crate::domain::order::Exchange;
use crate::journal::Out;

/// Where rows come from.
const SOURCE: &str = "openalgo";

/// Which rows.
#[derive(Clone, Copy, Debug)]
pub struct BarKey<'a> {
    /// Of which exchange.
    pub exchange: Exchange,
    /// Of which contract.
    pub symbol: &'a str,
    /// How long each is.
    pub step: TimeDelta,
}

/// A row as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptBar {
    /// Its prices.
    pub bar: Ohlc,
    /// Traded in it.
    pub volume: Option<Quantity>,
    /// Open at its end.
    pub interest: Option<Quantity>,
}

impl BarKey<'_> {
    fn step_s(&self) -> i32 {
        i32::try_from(self.step.num_seconds()).unwrap_or(i32::MAX)
    }
}

impl Store {
    /// Keeps rows; returns how many say something that was not known.
    ///
    /// # Errors
    ///
    /// The database is away, or refuses a row.
    pub async fn keep_bars(
        &self,
        key: BarKey<'_>,
        bars: &[KeptBar],
        fetched_at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut out = Out::new(self.names());
        out.rows(bars.iter().map(|kept| {
            move |fields: &mut crate::journal::Fields<'_, '_>| {
                fields.put("exchange", key.exchange.word());
                fields.put("symbol", key.symbol);
                fields.put("step_s", &key.step_s());
                fields.put("at", &kept.bar.at);
                fields.put("open", &kept.bar.open);
                fields.put("high", &kept.bar.high);
                fields.put("low", &kept.bar.low);
                fields.put("close", &kept.bar.close);
                fields.put("volume", &kept.volume);
                fields.put("interest", &kept.interest);
                fields.put("source", SOURCE);
                fields.put("fetched_at", &fetched_at);
            }
        }));
        let text = out.finish();
        let done = sqlx::query!(
            r#"
            INSERT INTO bars SELECT r.* FROM json_populate_recordset(NULL::bars, $1::text::json) r
            ON CONFLICT ON CONSTRAINT bars_pkey DO UPDATE SET
                (open, high, low, close, volume, interest, source, fetched_at) =
                (EXCLUDED.open, EXCLUDED.high, EXCLUDED.low, EXCLUDED.close, EXCLUDED.volume,
                 EXCLUDED.interest, EXCLUDED.source, EXCLUDED.fetched_at)
            WHERE (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.interest)
                IS DISTINCT FROM (EXCLUDED.open, EXCLUDED.high, EXCLUDED.low, EXCLUDED.close,
                                  EXCLUDED.volume, EXCLUDED.interest)
            "#,
            text
        )
        .execute(self.in_time())
        .await?;
        Ok(done.rows_affected())
    }

    /// Returns the rows that begin within a stretch of time, in order of time.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn kept_bars(
        &self,
        key: BarKey<'_>,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Vec<Ohlc>, StoreError> {
        let text = sqlx::query_scalar!(
            r#"
            SELECT json_agg(b ORDER BY b.at)::text FROM (
                SELECT at, open, high, low, close FROM bars
                WHERE exchange = $1 AND symbol = $2 AND step_s = $3 AND at >= $4 AND at < $5) b
            "#,
            key.exchange.word(),
            key.symbol,
            key.step_s(),
            from,
            to,
        )
        .fetch_one(self.in_time())
        .await?;
        let bad = |error| StoreError::corrupt("bars", error);
        let names = self.names();
        let mut bars = Vec::new();
        for row in rows("bars", text.as_deref())? {
            bars.push(Ohlc {
                at: names.field(&row, "at").map_err(bad)?,
                open: names.field(&row, "open").map_err(bad)?,
                high: names.field(&row, "high").map_err(bad)?,
                low: names.field(&row, "low").map_err(bad)?,
                close: names.field(&row, "close").map_err(bad)?,
            });
        }
        Ok(bars)
    }
}
