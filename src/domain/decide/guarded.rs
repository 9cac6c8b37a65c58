//! A leg with the terms its resting order should have.

use rust_decimal::Decimal;

use crate::domain::book::{Leg, Order};
use crate::domain::fact::{Change, ExitReason};
use crate::domain::gates::View;
use crate::domain::instrument::{Instrument, Spec};
use crate::domain::market;
use crate::domain::money::{Lots, Percent, Points, Price};
use crate::domain::order::{Direction, Pricing};
use crate::domain::rules::StopHitOn;

/// A stop that moved by less than a quarter of the leg's R does not move its order.
const MOVES_OF_R: Decimal = Decimal::from_parts(4, 0, 0, false, 0);

/// How far the limit lies from the trigger, in percent.
const LIMIT_ROOM: Decimal = Decimal::ONE;

/// A leg with what its orders need.
pub(super) struct Guarded<'a> {
    pub(super) leg: &'a Leg,
    pub(super) instrument: &'a Instrument,
    pub(super) spec: &'a Spec,
}

impl Guarded<'_> {
    /// Returns trigger and limit that a resting order of the leg should have now.
    pub(super) fn prices(&self, view: View<'_>) -> (Price, Price) {
        let rules = &view.rules.stops;
        let (leg, side) = (self.leg, self.leg.direction.closing());
        let trigger = match rules.hit_on {
            StopHitOn::Tick => leg.stop,
            StopHitOn::Close => {
                let known = view.book.instruments.get(&leg.contract.instrument);
                let risked = leg.entry.distance(leg.first_stop);
                let atr = leg.atr.or(known.and_then(|known| known.atr));
                let beyond = atr.unwrap_or(risked).times(rules.disaster_offset);
                match leg.direction {
                    Direction::Long => leg.stop.moved(-beyond),
                    Direction::Short => leg.stop.moved(beyond),
                }
                .unwrap_or(leg.stop)
            }
        };
        let tick = self.spec.ticks.at(trigger);
        let trigger = market::stop_rounded(trigger, leg.direction, tick);
        let room = Percent::new(LIMIT_ROOM.min(rules.range.get()));
        (
            trigger,
            super::dispatch::reaching(trigger, side, room, tick),
        )
    }

    /// Returns the terms of `order` for so many lots at these prices.
    pub(super) fn change(&self, order: &Order, lots: Lots, prices: (Price, Price)) -> Change {
        Change {
            order: order.id,
            lots,
            quantity: lots.units(self.per_lot()),
            trigger: prices.0,
            limit: prices.1,
        }
    }

    /// Returns the terms an order rests with.
    pub(super) fn current(&self, order: &Order) -> Option<Change> {
        match order.pricing {
            Some(Pricing::StopLimit { trigger, limit }) => {
                Some(self.change(order, order.lots, (trigger, limit)))
            }
            Some(Pricing::Market | Pricing::Limit(_)) | None => None,
        }
    }

    pub(super) fn per_lot(&self) -> u32 {
        self.instrument.per_lot(self.spec)
    }

    /// Returns whether the market at this price is at the trigger or beyond it.
    pub(super) fn is_beyond(&self, price: Price, trigger: Price) -> bool {
        self.leg.direction.gain(trigger, price) <= Points::ZERO
    }

    /// Returns whether two triggers are a quarter of R apart.
    pub(super) fn has_moved(&self, from: Price, to: Price) -> bool {
        let risked = self.leg.entry.distance(self.leg.first_stop).get();
        let moved = from.distance(to).get();
        !moved.is_zero() && moved * MOVES_OF_R >= risked
    }
}

/// Returns which stop takes a leg out.
pub(super) fn stopped(leg: &Leg) -> ExitReason {
    if leg.stop == leg.first_stop {
        ExitReason::Stop
    } else {
        ExitReason::TrailingStop
    }
}
