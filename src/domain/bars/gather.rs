//! Bars out of shorter bars: what a broker's rows are worth, and whether they make a whole one.

use core::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::spans::{Span, Spans};
use crate::domain::money::Price;

/// The lengths that OpenAlgo's history is asked for, the longest first. The half hour and the hour
/// are not among them: brokers cut theirs on different clocks.
const LENGTHS: [(&str, TimeDelta); 7] = [
    ("15m", TimeDelta::minutes(15)),
    ("5m", TimeDelta::minutes(5)),
    ("3m", TimeDelta::minutes(3)),
    ("1m", TimeDelta::minutes(1)),
    ("15s", TimeDelta::seconds(15)),
    ("5s", TimeDelta::seconds(5)),
    ("1s", TimeDelta::seconds(1)),
];

/// First, highest, lowest and last price of a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ohlc {
    /// When it began.
    pub at: DateTime<Utc>,
    /// Its first price.
    pub open: Price,
    /// Its highest price.
    pub high: Price,
    /// Its lowest price.
    pub low: Price,
    /// Its last price.
    pub close: Price,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// It has not begun yet.
    Future,
    /// Its first or last price lies outside of its lowest and highest.
    Torn,
    /// It is not after the row before it.
    Unsorted,
    /// It begins when the row before it does.
    Duplicate,
}

/// Why rows make no bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfit {
    /// The bar has not closed yet.
    Open,
    /// A row of it is wrong.
    Flawed(DateTime<Utc>, Flaw),
    /// The row that begins there is missing.
    Gap(DateTime<Utc>),
    /// No row of it is there: the answer ends before it.
    Stale,
}

impl Flaw {
    /// Returns what is wrong, in words.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Future => "lies in the future",
            Self::Torn => "has a price outside of its low and high",
            Self::Unsorted => "comes after a later one",
            Self::Duplicate => "comes twice",
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("it has not closed"),
            Self::Flawed(at, flaw) => write!(f, "the row of {at} {}", flaw.word()),
            Self::Gap(at) => write!(f, "the row of {at} is missing"),
            Self::Stale => f.write_str("no row of it is there yet"),
        }
    }
}

impl Ohlc {
    /// Returns whether its prices can be those of one stretch of time.
    pub fn is_sound(&self) -> bool {
        let inside = |price: Price| self.low <= price && price <= self.high;
        inside(self.open) && inside(self.close)
    }

    /// Takes what came after it into this one.
    fn add(&mut self, next: &Self) {
        self.high = self.high.max(next.high);
        self.low = self.low.min(next.low);
        self.close = next.close;
    }
}

/// Returns the length of rows to ask for, with OpenAlgo's word for it, so that whole rows make the
/// bars: one that divides them and that the sessions of their days start on.
pub fn base(of: Spans<'_>, spans: &[Span]) -> Option<(&'static str, TimeDelta)> {
    LENGTHS.into_iter().find(|(_, step)| {
        of.is_cut_by(*step) && spans.iter().all(|span| of.starts_on(*step, *span))
    })
}

/// Returns how long rows of this word of OpenAlgo's are, where they are of those that are asked for.
pub fn step_of(interval: &str) -> Option<TimeDelta> {
    let known = LENGTHS.into_iter().find(|(word, _)| *word == interval);
    known.map(|(_, step)| step)
}

/// Takes out what is wrong with rows in the order in which they came.
pub fn sift(rows: &[Ohlc], now: DateTime<Utc>) -> (Vec<Ohlc>, Vec<(DateTime<Utc>, Flaw)>) {
    let (mut good, mut flaws) = (Vec::<Ohlc>::new(), Vec::new());
    for row in rows {
        let last = good.last().map(|last| last.at);
        let flaw = if row.at > now {
            Some(Flaw::Future)
        } else if !row.is_sound() {
            Some(Flaw::Torn)
        } else if last == Some(row.at) {
            Some(Flaw::Duplicate)
        } else if last.is_some_and(|last| row.at < last) {
            Some(Flaw::Unsorted)
        } else {
            None
        };
        match flaw {
            Some(flaw) => flaws.push((row.at, flaw)),
            None => good.push(*row),
        }
    }
    (good, flaws)
}

/// Returns what keeps a bar from being made: one that has not closed, or a wrong row of it.
pub(super) fn unfit_for(
    span: Span,
    flaws: &[(DateTime<Utc>, Flaw)],
    now: DateTime<Utc>,
) -> Option<Unfit> {
    if span.to > now {
        return Some(Unfit::Open);
    }
    let wrong = flaws.iter().find(|(at, _)| span.contains(*at));
    wrong.map(|(at, flaw)| Unfit::Flawed(*at, *flaw))
}

/// Makes a bar of rows that lie `step` apart, where none of them is missing.
pub fn gather(rows: &[Ohlc], span: Span, step: TimeDelta) -> Result<Ohlc, Unfit> {
    let mut inside = rows.iter().filter(|row| span.contains(row.at));
    let mut whole: Option<Ohlc> = None;
    let mut due = span.from;
    while due < span.to {
        let row = inside.next().filter(|row| row.at == due);
        let Some(row) = row else {
            let is_behind = rows.last().is_none_or(|last| last.at < span.from);
            return Err(if is_behind {
                Unfit::Stale
            } else {
                Unfit::Gap(due)
            });
        };
        match &mut whole {
            Some(whole) => whole.add(row),
            None => whole = Some(*row),
        }
        due += step;
    }
    whole.ok_or(Unfit::Stale)
}

/// Makes a bar of whatever rows of it there are: what nobody traded in has no row.
pub fn loosely(rows: &[Ohlc], span: Span) -> Option<Ohlc> {
    let from = rows.partition_point(|row| row.at < span.from);
    let rest = rows.get(from..).unwrap_or_default();
    let mut inside = rest.iter().take_while(|row| row.at < span.to);
    let mut whole = *inside.next()?;
    inside.for_each(|row| whole.add(row));
    Some(whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn row(minute: i64, prices: [i64; 4]) -> Ohlc {
        let [open, high, low, close] = prices.map(|price| Price::new(price.into()).unwrap());
        Ohlc {
            at: at(minute),
            open,
            high,
            low,
            close,
        }
    }

    fn span(from: i64, to: i64) -> Span {
        Span {
            from: at(from),
            to: at(to),
        }
    }

    #[test]
    fn rows_make_a_bar_and_the_last_may_be_cut_short() {
        let rows = [
            row(0, [100, 105, 99, 104]),
            row(5, [104, 110, 103, 108]),
            row(10, [108, 109, 98, 101]),
        ];
        let step = TimeDelta::minutes(5);
        assert_eq!(
            gather(&rows, span(0, 15), step),
            Ok(row(0, [100, 110, 98, 101]))
        );
        // a stub of three minutes is covered by the broker's last row
        assert_eq!(gather(&rows, span(10, 13), step), Ok(rows[2]));
        assert_eq!(gather(&rows, span(0, 20), step), Err(Unfit::Gap(at(15))));
        assert_eq!(gather(&rows, span(15, 30), step), Err(Unfit::Stale));
        assert_eq!(
            gather(&rows[1..], span(0, 15), step),
            Err(Unfit::Gap(at(0)))
        );
        let holed = [rows[0], rows[2]];
        assert_eq!(gather(&holed, span(0, 15), step), Err(Unfit::Gap(at(5))));
        assert_eq!(
            loosely(&holed, span(0, 15)),
            Some(row(0, [100, 109, 98, 101]))
        );
        assert_eq!(loosely(&holed, span(15, 30)), None);
    }

    #[test]
    fn every_wrong_row_is_taken_out_and_named() {
        let rows = [
            row(0, [100, 105, 99, 104]),
            row(0, [100, 105, 99, 104]),
            row(10, [104, 103, 99, 101]),
            row(15, [104, 106, 103, 104]),
            row(5, [104, 106, 103, 104]),
            row(99, [104, 106, 103, 104]),
        ];
        let (good, flaws) = sift(&rows, at(20));
        assert_eq!(good, [rows[0], rows[3]]);
        let said = [
            (at(0), Flaw::Duplicate),
            (at(10), Flaw::Torn),
            (at(5), Flaw::Unsorted),
            (at(99), Flaw::Future),
        ];
        assert_eq!(flaws, said);
        let torn = Some(Unfit::Flawed(at(10), Flaw::Torn));
        assert_eq!(unfit_for(span(10, 15), &flaws, at(20)), torn);
        assert_eq!(unfit_for(span(15, 20), &flaws, at(20)), None);
        assert_eq!(unfit_for(span(15, 20), &flaws, at(19)), Some(Unfit::Open));
    }

    proptest! {
        #[test]
        fn a_bar_of_bars_is_the_bar_of_all_their_prices(
            prices in proptest::collection::vec((100_i64..200, 100_i64..200, 0_i64..9, 0_i64..9), 1..20)
        ) {
            let rows: Vec<Ohlc> = (0..).zip(&prices).map(|(minute, (open, close, above, below))| {
                row(minute, [*open, open.max(close) + above, open.min(close) - below, *close])
            }).collect();
            let all = span(0, i64::try_from(rows.len()).unwrap());
            let bar = gather(&rows, all, TimeDelta::minutes(1)).unwrap();
            prop_assert!(bar.is_sound());
            prop_assert_eq!(Some(bar), loosely(&rows, all));
            prop_assert_eq!(bar.open, rows[0].open);
            prop_assert_eq!(bar.close, rows[rows.len() - 1].close);
            prop_assert_eq!(Some(bar.high), rows.iter().map(|row| row.high).max());
            prop_assert_eq!(Some(bar.low), rows.iter().map(|row| row.low).min());
            // one row less, and it is none
            for gone in 0..rows.len() {
                let mut rest = rows.clone();
                rest.remove(gone);
                prop_assert!(gather(&rest, all, TimeDelta::minutes(1)).is_err());
            }
        }
    }
}
