//! Asks OpenAlgo's history for bars, and again after a pause that doubles.

use core::time::Duration;

use tokio::time::Instant;
use tracing::{debug, warn};

use super::{Bars, Told, count};
use crate::broker::{Asked, BarRow, Broker};
use crate::domain::bars::{BarSource, Due, Ohlc, Series, Spans};
use crate::domain::calendar::ist;
use crate::domain::instrument::ContractId;

/// The pause before history is asked for the same contract again; it doubles.
const RETRY: Duration = Duration::from_secs(2);

/// The longest pause.
const RETRY_MAX: Duration = Duration::from_mins(1);

impl<B: Broker> Bars<B> {
    /// Asks OpenAlgo for the bars of a contract, unless it was asked a moment ago.
    pub(super) async fn ask(&self, due: &Due) -> Told {
        let (contract, chart) = (due.contract, due.chart);
        let rules = self.desk.rules();
        let Some(instrument) = rules.instruments.get(contract.instrument) else {
            return Told::new();
        };
        let of = Spans::new(&rules.calendar, instrument.exchange, chart.length);
        let Some(series) = of.and_then(|of| Series::new(of, chart, &due.spans)) else {
            return Told::new();
        };
        let now = self.desk.clock().now();
        let Some(from) = series.first_day().filter(|_| self.may_ask(contract)) else {
            return Told::new();
        };
        let symbol = rules.instruments.symbol(contract);
        let asked = Asked {
            exchange: instrument.exchange,
            symbol: &symbol,
            interval: series.interval,
            from,
            to: ist(now).date(),
        };
        let rows = match self.broker.history(&asked).await {
            Ok(rows) => rows,
            Err(error) => {
                count(BarSource::History, "unavailable");
                debug!(%error, "no history of {symbol}");
                return Told::new();
            }
        };
        if let Some(row) = rows.unreadable.first() {
            warn!(%row, "{} rows of the history of {symbol} say nothing", rows.unreadable.len());
        }
        let rows: Vec<Ohlc> = rows.rows.iter().map(ohlc).collect();
        // what closed while it was asked for was not asked for
        let (made, flaws) = series.make((&rows, &due.spans), now);
        if let Some((at, flaw)) = flaws.first() {
            let more = flaws.len();
            warn!(
                "{more} rows of the history of {symbol} are wrong: that of {at} {}",
                flaw.word()
            );
        }
        if made.iter().all(|(_, made)| made.is_ok()) {
            self.of(contract, |known| known.asked = None);
        }
        made.into_iter().collect()
    }

    /// Returns whether history may be asked for a contract now, and takes that right.
    fn may_ask(&self, contract: ContractId) -> bool {
        self.of(contract, |known| {
            let (last, times) = known.asked.unzip();
            let times = times.unwrap_or(0);
            let pause = RETRY.saturating_mul(1 << times.min(5)).min(RETRY_MAX);
            let may = last.is_none_or(|last| last.elapsed() >= pause);
            if may {
                known.asked = Some((
                    Instant::now(),
                    times.saturating_add(u32::from(last.is_some())),
                ));
            }
            may
        })
    }
}

const fn ohlc(row: &BarRow) -> Ohlc {
    Ohlc {
        at: row.at,
        open: row.open,
        high: row.high,
        low: row.low,
        close: row.close,
    }
}
