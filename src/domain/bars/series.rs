//! Bars of a chart out of a broker's rows, each with the average true range at its close.

use chrono::{DateTime, TimeDelta, Utc};

use super::gather::{Flaw, Ohlc, Unfit, gather, loosely, sift, unfit_for};
use super::range::Wilder;
use super::spans::{Span, Spans};
use super::{Chart, base};
use crate::domain::calendar::ist;
use crate::domain::money::Points;

/// How many times the length of an average passes before it counts: by then less than a part in five
/// hundred is left of where it started, for an average over ten bars.
const WARM_LENGTHS: usize = 6;

/// What is to be asked for so that some bars can be made, and how.
#[derive(Clone, Debug)]
pub struct Series {
    chart: Chart,
    /// The bars before and among those that are wanted, in order of time.
    spans: Vec<Span>,
    step: TimeDelta,
    /// The length of rows, in OpenAlgo's word.
    pub interval: &'static str,
}

/// The bars that were wanted, or why rows do not make one.
pub type Told = Vec<(Span, Result<Seen, Unfit>)>;

/// A bar of a chart, seen whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its prices.
    pub bar: Ohlc,
    /// The average true range at its close, where enough bars before it are known.
    pub atr: Option<Points>,
}

impl Series {
    /// Returns what to ask for; nothing when no length of rows makes up these bars.
    pub fn new(of: Spans<'_>, chart: Chart, wanted: &[Span]) -> Option<Self> {
        let (interval, step) = base(of, wanted)?;
        let length = usize::try_from(chart.atr_length).unwrap_or(usize::MAX);
        let count = length
            .saturating_mul(WARM_LENGTHS)
            .saturating_add(wanted.len());
        let newest = wanted.last()?.to;
        Some(Self {
            chart,
            spans: of.last(count, newest),
            step,
            interval,
        })
    }

    /// Returns the first day that rows are needed of, in India.
    pub fn first_day(&self) -> Option<chrono::NaiveDate> {
        self.spans.first().map(|span| ist(span.from).date())
    }

    /// Returns each of the wanted bars, or why rows do not make it, and what was wrong with rows.
    pub fn make(
        &self,
        (rows, wanted): (&[Ohlc], &[Span]),
        now: DateTime<Utc>,
    ) -> (Told, Vec<(DateTime<Utc>, Flaw)>) {
        let (rows, flaws) = sift(rows, now);
        let mut range = Wilder::new(self.chart.atr_length);
        let mut made = Vec::new();
        for span in &self.spans {
            let atr = loosely(&rows, *span).and_then(|bar| range.push(&bar));
            if wanted.contains(span) {
                let seen = match unfit_for(*span, &flaws, now) {
                    Some(unfit) => Err(unfit),
                    None => gather(&rows, *span, self.step).map(|bar| Seen { bar, atr }),
                };
                made.push((*span, seen));
            }
        }
        (made, flaws)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::Calendar;
    use crate::domain::money::Price;
    use crate::domain::order::Exchange;

    fn row(at: DateTime<Utc>, close: i64) -> Ohlc {
        let price = |price: i64| Price::new(price.into()).unwrap();
        Ohlc {
            at,
            open: price(close),
            high: price(close + 1),
            low: price(close - 1),
            close: price(close),
        }
    }

    #[test]
    fn a_bar_comes_with_the_range_of_those_before_it() {
        let calendar = Calendar::open();
        let length = TimeDelta::minutes(75);
        let of = Spans::new(&calendar, Exchange::Nfo, length).unwrap();
        let at: DateTime<Utc> = "2026-11-20T05:00:00Z".parse().unwrap();
        let wanted = of.last(1, at);
        let chart = Chart {
            length,
            atr_length: 2,
        };
        let series = Series::new(of, chart, &wanted).unwrap();
        assert_eq!(series.interval, "15m");
        assert_eq!(series.spans.len(), 13);
        let begins = series.spans[0].from;
        let minutes = (wanted[0].to - begins).num_minutes();
        let rows = (0..minutes.div_euclid(15))
            .map(|count| row(begins + TimeDelta::minutes(15 * count), 100));
        let rows: Vec<Ohlc> = rows.collect();
        let (made, flaws) = series.make((&rows, &wanted), at);
        assert!(flaws.is_empty());
        let seen = made[0].1.unwrap();
        assert_eq!(seen.atr, Some(Points::new(2.into())));
        assert_eq!(seen.bar.close, rows[0].close);
        // a row less in it, and it is none; far before it, and the range stands on what is there
        let (made, _) = series.make((&rows[..rows.len() - 1], &wanted), at);
        assert!(matches!(made[0].1, Err(Unfit::Gap(_))), "{made:?}");
        let (made, _) = series.make((&rows[20..], &wanted), at);
        assert!(made[0].1.unwrap().atr.is_some());
        let (made, _) = series.make((&rows[rows.len() - 5..], &wanted), at);
        assert_eq!(made[0].1.unwrap().atr, None);
    }
}
