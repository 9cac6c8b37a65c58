//! What no file says and somebody assumed: kept apart, and counted, so that a report can say it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::domain::money::{Percent, Points, Price, Ratio};

/// What stands in for what no file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assume {
    /// The average true range, in percent of the price.
    pub atr_percent: Option<Percent>,
    /// The efficiency ratio.
    pub er: Option<Ratio>,
}

/// Where a figure came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    /// The comment of the order.
    Comment,
    /// The bars given beside.
    Bars,
    /// An assumption.
    Assumed,
    /// Nowhere.
    Missing,
}

/// What was taken from where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Entries and adds.
    pub entries: usize,
    /// Those whose comment named a stop.
    pub stops: usize,
    /// Where average true ranges came from.
    pub atr: BTreeMap<From, usize>,
    /// Where efficiency ratios came from.
    pub er: BTreeMap<From, usize>,
    /// The line of the first entry without an average true range.
    pub first_missing: Option<usize>,
    /// Exits whose leg the lots did not tell.
    pub exits_by_last_part: usize,
}

impl From {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Bars => "bars",
            Self::Assumed => "assumed",
            Self::Missing => "missing",
        }
    }
}

impl Assume {
    /// Returns the average true range that counts, and where it came from.
    pub(super) fn atr(
        &self,
        said: Option<Decimal>,
        measured: Option<Points>,
        price: Price,
    ) -> (Option<Points>, From) {
        let assumed = self
            .atr_percent
            .map(|percent| Points::new(price.get()).times(percent.ratio()));
        let said = said.filter(|atr| *atr > Decimal::ZERO).map(Points::new);
        match (said, measured, assumed) {
            (Some(said), _, _) => (Some(said), From::Comment),
            (None, Some(measured), _) => (Some(measured), From::Bars),
            (None, None, Some(assumed)) => {
                (Some(Points::new(assumed.get().round_dp(2))), From::Assumed)
            }
            (None, None, None) => (None, From::Missing),
        }
    }

    /// Returns the efficiency ratio that counts, and where it came from.
    pub(super) fn er(&self, said: Option<Decimal>) -> (Option<Ratio>, From) {
        match (said, self.er) {
            (Some(said), _) => (Some(Ratio::new(said)), From::Comment),
            (None, Some(assumed)) => (Some(assumed), From::Assumed),
            (None, None) => (None, From::Missing),
        }
    }
}

impl Notes {
    pub(super) fn count(&mut self, (atr, er, stop): (From, From, bool), line: usize) {
        self.entries += 1;
        self.stops += usize::from(stop);
        *self.atr.entry(atr).or_default() += 1;
        *self.er.entry(er).or_default() += 1;
        if atr == From::Missing && self.first_missing.is_none() {
            self.first_missing = Some(line);
        }
    }

    /// Adds what was taken elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.entries += other.entries;
        self.stops += other.stops;
        for (to, from) in [(&mut self.atr, &other.atr), (&mut self.er, &other.er)] {
            for (place, count) in from {
                *to.entry(*place).or_default() += count;
            }
        }
        self.first_missing = self.first_missing.or(other.first_missing);
        self.exits_by_last_part += other.exits_by_last_part;
    }
}
