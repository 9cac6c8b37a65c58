//! Rows of OpenAlgo's history, made into the bars of an instrument.
//!
//! 1. On each day the rows are those of the contract that an entry would have taken then: what live
//!    would have traded, change of contract included.
//! 2. A bar is made by the sessions of the calendar, of whatever rows of it there are; how many lack
//!    one is counted and said.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::bars::{Bar, Bars};
use crate::domain::bars::{Ohlc, Spans, gather, loosely};
use crate::domain::instrument::{ContractId, InstrumentIx};
use crate::domain::rules::Rules;

/// The days on which an entry would have taken one contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Which contract.
    pub contract: ContractId,
    /// The first exchange day.
    pub from: NaiveDate,
    /// The last exchange day.
    pub to: NaiveDate,
}

/// A day of which rows are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Which day.
    pub day: NaiveDate,
    /// How many.
    pub missing: usize,
    /// Of how many that the sessions make.
    pub expected: usize,
}

/// What was made of rows.
pub struct Made {
    /// The bars, without an average true range.
    pub bars: Bars,
    /// How many of them lack a row.
    pub holed: usize,
}

/// Returns which contract an entry would have taken on which days.
pub fn stretches(
    rules: &Rules,
    ix: InstrumentIx,
    (from, to): (NaiveDate, NaiveDate),
) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    for day in from.iter_days().take_while(|day| *day <= to) {
        let taken = rules
            .instruments
            .contract_for_entry(ix, day, &rules.calendar);
        let Some(contract) = taken else { continue };
        match all.last_mut() {
            Some(last) if last.contract == contract => last.to = day,
            Some(_) | None => all.push(Stretch {
                contract,
                from: day,
                to: day,
            }),
        }
    }
    all
}

/// Returns the days of a stretch whose rows are not all there, by the sessions and up to now.
pub fn gaps(of: Spans<'_>, stretch: &Stretch, (rows, now): (&[Ohlc], DateTime<Utc>)) -> Vec<Gap> {
    let days = stretch
        .from
        .iter_days()
        .take_while(|day| *day <= stretch.to);
    days.filter_map(|day| {
        let spans = of.of_day(day).into_iter().filter(|span| span.to <= now);
        let there = |at: DateTime<Utc>| rows.binary_search_by_key(&at, |row| row.at).is_ok();
        let (present, missing): (Vec<_>, Vec<_>) = spans.partition(|span| there(span.from));
        (!missing.is_empty()).then(|| Gap {
            day,
            missing: missing.len(),
            expected: present.len() + missing.len(),
        })
    })
    .collect()
}

/// Makes bars of the rows of each stretch, `step` long; of the instrument's chart, or as the rows are
/// where it has none. Nothing where no row is in a session.
pub fn made(
    rules: &Rules,
    ix: InstrumentIx,
    (rows, step): (&[(Stretch, Vec<Ohlc>)], TimeDelta),
) -> Option<Made> {
    let exchange = rules.instruments.get(ix)?.exchange;
    let length = rules.bars.chart(ix).map_or(step, |chart| chart.length);
    let of = Spans::new(&rules.calendar, exchange, length)?;
    let (mut all, mut holed) = (Vec::new(), 0);
    for (stretch, rows) in rows {
        let days = stretch
            .from
            .iter_days()
            .take_while(|day| *day <= stretch.to);
        for span in days.flat_map(|day| of.of_day(day)) {
            let Some(bar) = loosely(rows, span) else {
                continue;
            };
            holed += usize::from(gather(rows, span, step).is_err());
            all.push(Bar {
                at: span.from,
                end: span.to,
                open: bar.open,
                high: bar.high,
                low: bar.low,
                close: bar.close,
                atr: None,
            });
        }
    }
    let bars = Bars {
        all,
        length,
        problems: Vec::new(),
    };
    (!bars.all.is_empty()).then_some(Made { bars, holed })
}
