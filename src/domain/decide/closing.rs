//! A closed bar beside the legs it may be of, and how it pulls their stops.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::bars::{BarRules, seen_last};
use crate::domain::book::Leg;
use crate::domain::fact::Fact;
use crate::domain::instrument::ContractId;
use crate::domain::market::TickTable;
use crate::domain::money::{Points, Price, Ratio};
use crate::domain::rules::Rules;
use crate::domain::signal::{Bar, BarFrom, SourceId};
use crate::domain::stops::{Closed, Trail};

/// A bar beside legs that it may be of.
pub(super) struct Judged<'a> {
    pub(super) bar: &'a Bar,
    pub(super) rules: &'a BarRules,
    pub(super) now: DateTime<Utc>,
    /// The source whose signal opened the position.
    pub(super) own: SourceId,
}

/// What pulls the stop of a leg behind its closes.
#[derive(Clone, Copy)]
pub(super) struct Pull<'r> {
    /// The ticks of its contract.
    pub(super) ticks: &'r TickTable,
    /// How far behind, in average true ranges.
    pub(super) multiple: Ratio,
}

impl<'r> Pull<'r> {
    /// Returns what pulls the stops of a contract's legs on a day.
    pub(super) fn of(rules: &'r Rules, contract: ContractId, day: NaiveDate) -> Option<Self> {
        let spec = rules.instruments.spec(contract, day)?;
        Some(Self {
            ticks: &spec.ticks,
            multiple: rules.of(contract.instrument)?.trailing_atr,
        })
    }

    /// Returns where a bar that did not hit the stop moves a leg's best close and stop.
    pub(super) fn after(&self, leg: &Leg, atr: Option<Points>, close: Price) -> Trail {
        let before = Trail {
            stop: leg.stop,
            best: leg.best,
        };
        let bar = Closed {
            close,
            atr,
            multiple: self.multiple,
            tick: self.ticks.at(close),
        };
        before.after(leg.direction, &bar)
    }
}

impl Judged<'_> {
    /// Returns whether a leg is judged on this bar: it closed after the leg was filled, is newer than
    /// the last, and of the leg's series. Until the source of its position sends bars, those of any
    /// other serve; what was built, was built for the series.
    pub(super) fn takes(&self, leg: &Leg) -> bool {
        let closed = self.bar.at;
        let is_newer =
            seen_last(leg.bar_at, self.now).is_none_or(|last| self.rules.is_newer(self.bar, last));
        let is_own = match self.bar.from {
            BarFrom::Alert { source, .. } => {
                source == self.own || leg.series.is_none_or(|known| known == source)
            }
            BarFrom::History | BarFrom::Ticks => true,
        };
        closed > leg.opened_at && is_newer && is_own
    }

    /// Says that a leg was judged on this bar, with what is its best close now.
    pub(super) const fn marked(&self, leg: &Leg, (close, best): (Price, Price)) -> Fact {
        Fact::LegMarked {
            leg: leg.id,
            bar_at: self.bar.at,
            close,
            best,
            atr: self.bar.atr,
            series: self.series_of(leg),
        }
    }

    /// Returns the series of a leg that was judged on this bar.
    const fn series_of(&self, leg: &Leg) -> Option<SourceId> {
        match self.bar.from {
            BarFrom::Alert { source, .. } => Some(source),
            BarFrom::History | BarFrom::Ticks => leg.series,
        }
    }

    /// Returns whether a leg's stop may follow this bar: it opened after the leg was filled. One
    /// that opened before may only fire it.
    pub(super) fn moves(&self, leg: &Leg) -> bool {
        self.bar
            .opened_at
            .is_none_or(|opened| opened >= leg.opened_at)
    }
}

/// Says that a bar was seen.
pub(super) const fn seen(bar: &Bar) -> Fact {
    Fact::BarSeen {
        instrument: bar.instrument,
        at: bar.at,
        close: bar.close,
        atr: bar.atr,
    }
}
