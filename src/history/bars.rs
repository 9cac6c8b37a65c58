//! Bars of one instrument: open, high, low, close and, where the file gives it, the average true
//! range.
//!
//! 1. A bar is named by the moment it opened. The step between two bars of one day that occurs most
//!    often is the length of all; the last of a day ends with its session.
//! 2. A bar whose high is not its highest or whose low is not its lowest is a problem, and so is
//!    one that does not come after the one before.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::export::moment;
use super::table::{self, Problem, Row};
use crate::domain::calendar::{Calendar, exchange_day, ist};
use crate::domain::money::{Points, Price};
use crate::domain::order::Exchange;

/// The length of bars that are one a day.
const A_DAY: TimeDelta = TimeDelta::hours(24);

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// When it opened.
    pub at: DateTime<Utc>,
    /// When it was over.
    pub end: DateTime<Utc>,
    /// Its first price.
    pub open: Price,
    /// Its highest price.
    pub high: Price,
    /// Its lowest price.
    pub low: Price,
    /// Its last price.
    pub close: Price,
    /// The average true range that the file gives for it.
    pub atr: Option<Points>,
}

/// The bars of one instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars {
    /// In order of time.
    pub all: Vec<Bar>,
    /// How long each is.
    pub length: TimeDelta,
    /// What was not understood.
    pub problems: Vec<Problem>,
}

/// Returns the average true range after each further bar; see [`super::measure`].
pub trait Range {
    /// Takes a bar and returns the average true range after it, once there is one.
    fn after(&mut self, bar: &Bar) -> Option<Points>;
}

impl Bars {
    /// Reads bars: columns `time`, `open`, `high`, `low`, `close` and perhaps `atr`, in any order.
    ///
    /// # Errors
    ///
    /// The text has no such columns.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let mut rows = table::rows(text)?.into_iter();
        let head = rows
            .next()
            .ok_or_else(|| Problem::new(1, "the file is empty"))?;
        let columns = Columns::of(&head)?;
        let mut bars = Self {
            all: Vec::new(),
            length: A_DAY,
            problems: Vec::new(),
        };
        for row in rows {
            match columns.bar(&row) {
                Ok(bar) if bars.all.last().is_none_or(|last| bar.at > last.at) => {
                    bars.all.push(bar);
                }
                Ok(_) => bars.problems.push(Problem::new(
                    row.line,
                    "a bar that is not after the one before",
                )),
                Err(reason) => bars.problems.push(Problem::new(row.line, reason)),
            }
        }
        bars.length = length(&bars.all);
        for bar in &mut bars.all {
            bar.end = bar.at + bars.length;
        }
        Ok(bars)
    }

    /// Keeps each bar inside of its session: the last of a day ends with it, and one that stands
    /// for a whole day opens with it.
    pub fn within(&mut self, calendar: &Calendar, exchange: Exchange) {
        let whole = self.length >= A_DAY;
        for bar in &mut self.all {
            let day = if whole {
                ist(bar.at).date()
            } else {
                exchange_day(bar.at)
            };
            if let (true, Some(open)) = (whole, calendar.open_of(exchange, day)) {
                bar.at = open;
            }
            if let Some(close) = calendar
                .close_of(exchange, day)
                .filter(|close| *close > bar.at)
            {
                bar.end = if whole { close } else { bar.end.min(close) };
            }
        }
    }

    /// Measures the average true range where the file gave none.
    pub fn measure(&mut self, range: &mut impl Range) {
        for bar in &mut self.all {
            let measured = range.after(bar);
            bar.atr = bar.atr.or(measured);
        }
    }

    /// Returns the bar that opened last at or before a moment.
    pub fn at(&self, at: DateTime<Utc>) -> Option<&Bar> {
        let after = self.all.partition_point(|bar| bar.at <= at);
        self.all.get(after.checked_sub(1)?)
    }
}

/// Returns the step between two bars of a day that occurs most often.
fn length(bars: &[Bar]) -> TimeDelta {
    let mut steps: BTreeMap<TimeDelta, usize> = BTreeMap::new();
    let pairs = bars.iter().zip(bars.iter().skip(1));
    for (one, next) in pairs.filter(|(one, next)| exchange_day(one.at) == exchange_day(next.at)) {
        *steps.entry(next.at - one.at).or_default() += 1;
    }
    let most = steps.into_iter().max_by_key(|(_, count)| *count);
    most.map_or(A_DAY, |(step, _)| step)
}

struct Columns {
    at: usize,
    prices: [usize; 4],
    atr: Option<usize>,
}

impl Columns {
    fn of(head: &Row) -> Result<Self, Problem> {
        let find = |names: &[&str]| {
            let is = |cell: &String| names.contains(&cell.to_ascii_lowercase().as_str());
            head.cells.iter().position(is)
        };
        let need = |names: &[&str]| {
            find(names).ok_or_else(|| {
                let wanted = names.join("\" or \"");
                Problem::new(head.line, format!("no column is called \"{wanted}\""))
            })
        };
        Ok(Self {
            at: need(&["time", "date", "datetime", "timestamp"])?,
            prices: [
                need(&["open", "o"])?,
                need(&["high", "h"])?,
                need(&["low", "l"])?,
                need(&["close", "c"])?,
            ],
            atr: find(&["atr"]),
        })
    }

    fn bar(&self, row: &Row) -> Result<Bar, String> {
        let at = row.cell(self.at).ok_or("the bar has no time")?;
        let price = |place: usize| -> Result<Price, String> {
            let cell = row.cell(place).ok_or("the bar has no price")?;
            let number: Option<Decimal> = cell.parse().ok();
            number
                .and_then(Price::new)
                .ok_or_else(|| format!("a price of \"{cell}\""))
        };
        let [open, high, low, close] = self.prices;
        let bar = Bar {
            at: stamp(at)?,
            end: stamp(at)?,
            open: price(open)?,
            high: price(high)?,
            low: price(low)?,
            close: price(close)?,
            atr: self
                .atr
                .and_then(|place| row.cell(place)?.parse().ok())
                .filter(|atr| *atr > Decimal::ZERO)
                .map(Points::new),
        };
        let body = [bar.open, bar.close];
        if body.iter().any(|one| *one > bar.high || *one < bar.low) {
            return Err("a bar whose open or close lies outside of its high and low".to_owned());
        }
        Ok(bar)
    }
}

/// Reads a time: of the chart (Indian), with a zone, or in seconds since 1970.
fn stamp(text: &str) -> Result<DateTime<Utc>, String> {
    match text.parse::<i64>() {
        Ok(seconds) => {
            DateTime::from_timestamp(seconds, 0).ok_or_else(|| format!("\"{text}\" is no time"))
        }
        Err(_no_number) => moment(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_read_with_their_length_and_their_problems() {
        let bars = Bars::read(
            "time,open,high,low,close,Volume,ATR\n\
             2026-02-13T09:15:00+05:30,100,110,95,105,1,7.5\n\
             1770958800,105,108,104,106,1,\n\
             2026-02-13 11:45,106,107,106,107.5,1,\n\
             2026-02-13 09:15,106,107,106,107,1,\n\
             2026-02-16 09:15,106,107,106,107,1,",
        )
        .unwrap();
        assert_eq!(bars.all.len(), 3);
        assert_eq!(bars.length, TimeDelta::minutes(75));
        let lines: Vec<usize> = bars.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [4, 5]);
        let first = bars.all.first().unwrap();
        assert_eq!(first.atr, Some(Points::new("7.5".parse().unwrap())));
        assert_eq!(bars.at(first.at + TimeDelta::minutes(74)), Some(first));
        assert_eq!(bars.at(first.at - TimeDelta::minutes(1)), None);
    }
}
