//! The nearest prices at which something may have to be done, by contract: most ticks are nowhere
//! near any, and are told so at once.
//!
//! 1. A price between the levels of its contract changes nothing, whatever the rules: the levels of
//!    all that any rules look at are in. Whether a price may yet bring a stop to its breakeven is asked
//!    here and by the decision in the same words ([`Leg::earns_at`]).
//! 2. They follow from the open legs alone, so that a book that was folded and one that was read
//!    have the same.

use std::collections::BTreeMap;

use super::{Book, Leg};
use crate::domain::fact::StopWhy;
use crate::domain::ids::LegId;
use crate::domain::instrument::ContractId;
use crate::domain::money::{Points, Price};
use crate::domain::order::Direction;
use crate::domain::stops;

/// The nearest levels of every contract that is held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels(BTreeMap<ContractId, Band>);

/// The prices between which nothing has to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Band {
    /// At this price or below something may have to be done.
    low: Option<Price>,
    /// At this price or above something may have to be done.
    high: Option<Price>,
}

impl Levels {
    /// Returns whether a price of a contract is at one of its levels or beyond.
    pub fn are_touched(&self, contract: ContractId, price: Price) -> bool {
        self.0.get(&contract).is_some_and(|band| {
            band.low.is_some_and(|low| price <= low) || band.high.is_some_and(|high| price >= high)
        })
    }
}

impl Band {
    fn add(&mut self, leg: &Leg) {
        self.lose(leg.direction, leg.stop);
        if let Some(target) = leg.target {
            self.gain(leg.direction, target);
        }
        if let Some(earned) = leg.earns_at() {
            self.gain(leg.direction, earned);
        }
    }

    fn lose(&mut self, direction: Direction, price: Price) {
        match direction {
            Direction::Long => self.low = self.low.max(Some(price)),
            Direction::Short => self.high = Some(least(self.high, price)),
        }
    }

    fn gain(&mut self, direction: Direction, price: Price) {
        match direction {
            Direction::Long => self.high = Some(least(self.high, price)),
            Direction::Short => self.low = self.low.max(Some(price)),
        }
    }
}

fn least(known: Option<Price>, price: Price) -> Price {
    known.map_or(price, |known| known.min(price))
}

impl Leg {
    /// Returns the price at which the leg has gained what it risked, where its stop may yet move
    /// for that as soon as a price is there. One behind the entry may; one that trails beyond it may
    /// have the charges to make good. Not one that has moved for it, nor once a bar closed there:
    /// that bar was judged for it, and the next ones go on (one that closed while frozen leaves it to
    /// them).
    pub fn earns_at(&self) -> Option<Price> {
        let came_from = (self.entry, self.first_stop);
        let risk = self.direction.gain(self.first_stop, self.entry);
        let is_behind = self.direction.gain(self.stop, self.entry) > Points::ZERO;
        let is_done = self.stop_why == StopWhy::Breakeven
            || stops::has_earned_its_risk(self.direction, came_from, self.best);
        if risk <= Points::ZERO || (is_done && !is_behind) {
            return None;
        }
        self.earned()
    }

    /// Returns the price at which the leg has gained what it risked at first.
    pub fn earned(&self) -> Option<Price> {
        let risk = self.direction.gain(self.first_stop, self.entry);
        stops::away(self.direction, self.entry, -risk)
    }
}

impl Book {
    /// Finds the levels of a contract anew.
    pub(super) fn level(&mut self, contract: ContractId) {
        let mut band = None;
        for leg in self.legs.values() {
            if leg.is_open() && leg.contract == contract {
                band.get_or_insert_with(Band::default).add(leg);
            }
        }
        match band {
            Some(band) => self.levels.0.insert(contract, band),
            None => self.levels.0.remove(&contract),
        };
    }

    /// Finds all levels anew: a book that was read, not folded, has none yet.
    pub fn level_all(&mut self) {
        let mut bands: BTreeMap<ContractId, Band> = BTreeMap::new();
        for leg in self.legs.values().filter(|leg| leg.is_open()) {
            bands.entry(leg.contract).or_default().add(leg);
        }
        self.levels = Levels(bands);
    }

    pub(super) fn on_leg(&mut self, id: LegId, change: impl FnOnce(&mut Leg)) {
        if let Some(leg) = self.legs.get_mut(&id) {
            change(leg);
            self.touched.legs.insert(id);
        }
    }

    /// Finds the levels of a leg's contract anew.
    pub(super) fn level_of(&mut self, leg: LegId) {
        if let Some(contract) = self.legs.get(&leg).map(|leg| leg.contract) {
            self.level(contract);
        }
    }
}
