//! Where a stop stands, when it is hit, and how it follows the price.
//!
//! 1. A stop only tightens: whatever is computed, the stop that stood before is the loosest there
//!    can be.
//! 2. A bar is tested against the stop that stood before it, and only then may the stop move.
//! 3. Shorts are longs in a mirror: each function takes the direction and has no other word for it.

use super::market::{self, Tick};
use super::money::{Points, Price, Ratio};
use super::order::Direction;

/// What moves with the closes of a leg's bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trail {
    /// Where the leg gets out.
    pub stop: Price,
    /// The most favourable close since its entry.
    pub best: Price,
}

/// What a closed bar says to a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Its closing price.
    pub close: Price,
    /// Its average true range; without one the stop stays.
    pub atr: Option<Points>,
    /// The distance of the stop from the best close, in ATR.
    pub multiple: Ratio,
    /// The tick that stops stand on.
    pub tick: Tick,
}

/// Returns the price so far on the losing side.
pub fn away(direction: Direction, price: Price, distance: Points) -> Option<Price> {
    match direction {
        Direction::Long => price.moved(-distance),
        Direction::Short => price.moved(distance),
    }
}

/// Returns whether a price is at a stop or beyond it.
pub fn is_hit(direction: Direction, stop: Price, price: Price) -> bool {
    direction.gain(stop, price) <= Points::ZERO
}

/// Returns whether a price is at a target or beyond it.
pub fn is_reached(direction: Direction, target: Price, price: Price) -> bool {
    direction.gain(target, price) >= Points::ZERO
}

/// Returns the tighter of two stops.
pub fn tighter(direction: Direction, one: Price, other: Price) -> Price {
    match direction {
        Direction::Long => one.max(other),
        Direction::Short => one.min(other),
    }
}

/// Returns whether a leg that entered and first stopped there has gained at least what it risked.
pub fn has_earned_its_risk(
    direction: Direction,
    (entry, first_stop): (Price, Price),
    price: Price,
) -> bool {
    let risk = direction.gain(first_stop, entry);
    risk > Points::ZERO && direction.gain(entry, price) >= risk
}

impl Trail {
    /// Returns best close and stop after a bar that did not hit the stop.
    #[must_use]
    pub fn after(self, direction: Direction, bar: &Closed) -> Self {
        let best = match direction {
            Direction::Long => self.best.max(bar.close),
            Direction::Short => self.best.min(bar.close),
        };
        // Rounding moves a stop by less than a tick: none that lies a whole tick behind comes near.
        let room = direction.gain(self.stop, best) + bar.tick.points();
        let candidate = bar
            .atr
            .filter(|atr| *atr > Points::ZERO)
            .map(|atr| atr.times(bar.multiple))
            .filter(|distance| *distance < room)
            .and_then(|distance| away(direction, best, distance))
            .map(|stop| market::stop_rounded(stop, direction, bar.tick));
        let stop = candidate.map_or(self.stop, |stop| tighter(direction, self.stop, stop));
        Self { stop, best }
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    fn price(text: &str) -> Price {
        Price::new(text.parse().unwrap()).unwrap()
    }

    fn closed(close: &str, atr: Option<&str>) -> Closed {
        Closed {
            close: price(close),
            atr: atr.map(|atr| Points::new(atr.parse().unwrap())),
            multiple: Ratio::new(Decimal::new(25, 1)),
            tick: Tick::new(Decimal::new(2, 1)).unwrap(),
        }
    }

    fn trail(stop: &str, best: &str) -> Trail {
        Trail {
            stop: price(stop),
            best: price(best),
        }
    }

    #[test]
    fn a_trail_is_rounded_towards_less_risk() {
        let long =
            trail("51475", "52400").after(Direction::Long, &closed("52333.4", Some("333.33")));
        assert_eq!(long, trail("51566.8", "52400"));
        let short =
            trail("52525", "51600").after(Direction::Short, &closed("51666.6", Some("333.33")));
        assert_eq!(short, trail("52433.2", "51600"));
    }

    #[test]
    fn an_unknown_range_moves_no_stop_but_its_close_counts() {
        for atr in [None, Some("0"), Some("-5")] {
            let after = trail("100", "120").after(Direction::Long, &closed("130", atr));
            assert_eq!(after, trail("100", "130"), "{atr:?}");
        }
    }

    #[test]
    fn a_wider_range_loosens_nothing() {
        let before = trail("51566.8", "52400");
        assert_eq!(
            before.after(Direction::Long, &closed("52100", Some("400"))),
            before
        );
        // so wide that the stop would be below zero
        assert_eq!(
            before.after(Direction::Long, &closed("52100", Some("40000"))),
            before
        );
    }

    #[test]
    fn a_touch_is_a_hit_on_either_side() {
        assert!(is_hit(Direction::Long, price("100"), price("100")));
        assert!(!is_hit(Direction::Long, price("100"), price("100.05")));
        assert!(is_hit(Direction::Short, price("100"), price("100")));
        assert!(!is_hit(Direction::Short, price("100"), price("99.95")));
        assert!(is_reached(Direction::Short, price("90"), price("90")));
        assert!(!is_reached(Direction::Short, price("90"), price("90.05")));
    }

    #[test]
    fn exactly_one_r_earns_the_risk() {
        let short = (price("945"), price("954"));
        assert!(has_earned_its_risk(Direction::Short, short, price("936")));
        assert!(!has_earned_its_risk(
            Direction::Short,
            short,
            price("936.05")
        ));
        // a leg without risk has none to earn
        assert!(!has_earned_its_risk(
            Direction::Long,
            (price("9"), price("9")),
            price("10")
        ));
    }
}
