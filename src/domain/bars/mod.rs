//! Closed bars: when one of a chart closes, what it is made of, and who may bring it.
//!
//! 1. A chart's bars begin anew with each session and end with it: the last of a session may be
//!    short (a stub), and none reaches over a break.
//! 2. One bar counts once, whoever brings it first: two that closed within a moment of each other
//!    are the same bar.
//! 3. A bar with a hole in it is no bar: its close could be anything.

use core::fmt;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::calendar::passed;
use super::instrument::InstrumentIx;
use super::money::{Percent, Price};
use super::signal::{Bar, BarFrom};

mod due;
mod gather;
mod range;
mod series;
mod spans;
mod tape;

pub use due::{Due, due};
pub use gather::{Flaw, Ohlc, Unfit, base, gather, loosely, sift, step_of};
pub use range::Wilder;
pub use series::{Seen, Series, Told};
pub use spans::{Span, Spans};
pub use tape::{Made, Tape};

/// How long after a bar's close an alert about it may be made at most.
const LATE_MAX: TimeDelta = TimeDelta::seconds(60);

/// The part of a bar's length within which another close is still that of the bar before.
const LATE_PART: i32 = 4;

/// Who may bring a closed bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BarSource {
    /// `MARKET_DATA` alerts.
    Alerts,
    /// OpenAlgo's history.
    History,
    /// Ticks of the feed.
    Ticks,
}

impl BarSource {
    /// Returns the stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::History => "history",
            Self::Ticks => "ticks",
        }
    }

    /// Returns who brought a bar.
    pub const fn of(bar: &Bar) -> Self {
        match bar.from {
            BarFrom::Alert { .. } => Self::Alerts,
            BarFrom::History => Self::History,
            BarFrom::Ticks => Self::Ticks,
        }
    }
}

impl fmt::Display for BarSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The series an instrument's stops follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chart {
    /// How long a whole bar is.
    pub length: TimeDelta,
    /// Bars that its average true range is measured over.
    pub atr_length: u32,
}

/// Where the bars of one instrument come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstrumentBars {
    /// Who may bring one, the preferred first.
    pub sources: Vec<BarSource>,
    /// Its series; without one none is built, and alerts alone bring bars.
    pub chart: Option<Chart>,
}

/// Where bars come from, and how long each source is waited for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BarRules {
    /// By instrument; one that is missing takes those of alerts.
    pub instruments: BTreeMap<InstrumentIx, InstrumentBars>,
    /// How long an alert is waited for before the next source has its turn.
    pub alert_wait: TimeDelta,
    /// How long after a close the history is not asked yet: a broker finishes its bar first.
    pub settle: TimeDelta,
    /// How long the history is waited for before the next source has its turn.
    pub history_wait: TimeDelta,
    /// The longest silence of the feed inside of a bar that is made of ticks.
    pub hole: TimeDelta,
    /// How far two versions of a close may be apart before it is worth a word.
    pub apart: Percent,
}

impl BarRules {
    /// Returns whether a source may bring bars of an instrument.
    pub fn takes(&self, instrument: InstrumentIx, source: BarSource) -> bool {
        match self.instruments.get(&instrument) {
            Some(known) => known.sources.contains(&source),
            None => source == BarSource::Alerts,
        }
    }

    /// Returns the series of an instrument.
    pub fn chart(&self, instrument: InstrumentIx) -> Option<Chart> {
        self.instruments.get(&instrument)?.chart
    }

    /// Returns whether a source's turn has come to bring a bar that closed so long ago.
    pub fn is_turn(&self, instrument: InstrumentIx, source: BarSource, since: TimeDelta) -> bool {
        let Some(known) = self.instruments.get(&instrument) else {
            return false;
        };
        let mut waited = TimeDelta::zero();
        for one in &known.sources {
            if *one == source {
                return since >= waited.max(self.settle);
            }
            waited += match one {
                BarSource::Alerts => self.alert_wait,
                BarSource::History => self.history_wait,
                BarSource::Ticks => TimeDelta::zero(),
            };
        }
        false
    }

    /// Returns whether two closes are further apart than two views of one bar may be.
    pub fn are_apart(&self, one: Price, other: Price) -> bool {
        one.distance(other).get() * Decimal::ONE_HUNDRED > self.apart.get() * one.get()
    }

    /// Returns a bar as it closed: an alert is made some time after, and how long that takes says
    /// nothing of the bar.
    pub fn closed(&self, bar: &Bar) -> Bar {
        let built = bar.opened_at.zip(self.built(bar.instrument));
        let late = built.filter(|(opened, chart)| passed(*opened, bar.at) > chart.length);
        Bar {
            at: late.map_or(bar.at, |(opened, chart)| opened + chart.length),
            ..*bar
        }
    }

    /// Returns whether a bar is another than the one that closed last of what it would be judged
    /// with: later, and not the same bar seen by somebody else.
    pub fn is_newer(&self, bar: &Bar, last: DateTime<Utc>) -> bool {
        // one that opened with the last one's close or after it is, by whatever rule
        if is_built(bar.from) && bar.opened_at.is_some_and(|at| last <= at && at <= bar.at) {
            return true;
        }
        // where nothing but alerts brings bars, each is a bar of its own
        let built = self.built(bar.instrument);
        if let Some(opened) = bar
            .opened_at
            .filter(|_| built.is_some() || is_built(bar.from))
        {
            return passed(opened, last) <= late(passed(opened, bar.at));
        }
        let apart = built.map_or(TimeDelta::zero(), |chart| late(chart.length));
        bar.at > last && passed(last, bar.at) >= apart
    }

    /// Returns the series of an instrument whose bars are built where no alert brings them.
    pub fn built(&self, instrument: InstrumentIx) -> Option<Chart> {
        let known = self.instruments.get(&instrument)?;
        let mut sources = known.sources.iter();
        let builds = sources.any(|one| matches!(one, BarSource::History | BarSource::Ticks));
        known.chart.filter(|_| builds)
    }
}

const fn is_built(from: BarFrom) -> bool {
    match from {
        BarFrom::Alert { .. } => false,
        BarFrom::History | BarFrom::Ticks => true,
    }
}

/// Returns when a bar closed last that was seen, as far as that moment has come: one that lies ahead
/// was seen by a clock that was ahead, and hides no bar of the true time.
pub fn seen_last(last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    last.filter(|last| *last <= now || passed(now, *last) <= LATE_MAX)
}

/// Returns how long after its close a bar of this length is still spoken of.
fn late(length: TimeDelta) -> TimeDelta {
    LATE_MAX.min(length.checked_div(LATE_PART).unwrap_or(TimeDelta::zero()))
}
