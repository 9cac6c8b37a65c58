//! How far prices and ranges may go before something has to be done about what is held.

use core::cmp::Ordering;

use rust_decimal::Decimal;

use crate::domain::book::Leg;
use crate::domain::money::{Points, Price, Ratio};
use crate::domain::order::Direction;
use crate::domain::stops;

/// How far a position is looked at beforehand, the farthest first: for gains of so much of the way to
/// the first loss, and for average true ranges of so many times the largest known.
const LOOKED_AHEAD: [(Decimal, Decimal); 3] = [
    (Decimal::TEN, Decimal::TWO),
    (Decimal::TWO, Decimal::TWO),
    (part(50), part(125)),
];

const fn part(percent: u32) -> Decimal {
    Decimal::from_parts(percent, 0, 0, false, 2)
}

/// How far prices may go.
#[derive(Clone, Copy)]
pub(super) struct Reach {
    /// At this price or beyond, against what is held, something may have to be done.
    worst: Price,
    /// At this price or beyond, for what is held, something may have to be done.
    best: Option<Price>,
}

/// How far closes and average true ranges may go before a position could outgrow its limits.
#[derive(Clone, Copy)]
pub(super) struct Ease {
    /// The best close.
    pub(super) best: Price,
    /// The largest average true range.
    pub(super) range: Points,
}

impl Reach {
    /// Returns how far it is from a price to where the first thing happens to one of the legs;
    /// nothing where the price is there.
    pub(super) fn of(legs: &[&Leg], direction: Direction, price: Price) -> Option<Self> {
        let (mut worst, mut best) = (None, None);
        for leg in legs {
            if stops::is_hit(direction, leg.stop, price) {
                return None;
            }
            for level in [Some(leg.stop), leg.target, leg.earned()]
                .into_iter()
                .flatten()
            {
                let side = match direction.gain(level, price).cmp(&Points::ZERO) {
                    Ordering::Greater => &mut worst,
                    Ordering::Less => &mut best,
                    Ordering::Equal => return None,
                };
                *side = Some(side.map_or(level, |known| nearer(price, known, level)));
            }
            if leg
                .target
                .is_some_and(|target| stops::is_reached(direction, target, price))
            {
                return None;
            }
        }
        let worst = worst?;
        Some(Self { worst, best })
    }

    /// Returns how far a position could be looked at, from a price on, the farthest first; none where
    /// a range is unknown.
    pub(super) fn ahead(
        self,
        legs: &[&Leg],
        (direction, price): (Direction, Price),
    ) -> impl Iterator<Item = Ease> {
        let known = |leg: &&Leg| leg.atr.is_some_and(|atr| atr > Points::ZERO);
        let ranges = legs.iter().filter_map(|leg| leg.atr);
        let largest = ranges.max().filter(|_| legs.iter().all(known));
        let way = direction.gain(self.worst, price);
        LOOKED_AHEAD.into_iter().filter_map(move |(part, grows)| {
            Some(Ease {
                best: stops::away(direction, price, -way.times(Ratio::new(part)))?,
                range: largest?.times(Ratio::new(grows)),
            })
        })
    }

    /// Returns the worst price that is not reached.
    pub(super) const fn worst(&self) -> Price {
        self.worst
    }

    /// A stop was pulled along.
    pub(super) fn tighten(&mut self, direction: Direction, stop: Price) {
        self.worst = stops::tighter(direction, self.worst, stop);
    }

    /// Returns whether a price is within.
    #[inline]
    pub(super) fn holds(&self, direction: Direction, price: Price) -> bool {
        let is_before = |best| match direction {
            Direction::Long => price < best,
            Direction::Short => price > best,
        };
        let is_beyond = match direction {
            Direction::Long => price > self.worst,
            Direction::Short => price < self.worst,
        };
        is_beyond && self.best.is_none_or(is_before)
    }
}

impl Ease {
    /// Returns whether a bar is within; one without a range is not: that of the bar before counts, and
    /// it may have been larger.
    pub(super) fn spans(
        &self,
        direction: Direction,
        (close, range): (Price, Option<Points>),
    ) -> bool {
        let is_within = |range: Points| range > Points::ZERO && range <= self.range;
        let is_before = match direction {
            Direction::Long => close <= self.best,
            Direction::Short => close >= self.best,
        };
        is_before && range.is_some_and(is_within)
    }
}

fn nearer(price: Price, one: Price, other: Price) -> Price {
    if one.distance(price) <= other.distance(price) {
        one
    } else {
        other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_within_only_where_its_range_is_known_to_be() {
        let price = |points: i64| Price::new(Decimal::from(points)).unwrap();
        let range = |points: i64| Some(Points::new(Decimal::from(points)));
        let ease = |best| Ease {
            best: price(best),
            range: Points::new(Decimal::from(750)),
        };
        let long = |close, range| ease(150_450).spans(Direction::Long, (price(close), range));
        assert!(long(150_450, range(750)));
        assert!(!long(150_451, range(750)) && !long(150_450, range(751)));
        assert!(!long(150_000, None) && !long(150_000, range(0)));
        let short = |close| ease(149_550).spans(Direction::Short, (price(close), range(600)));
        assert!(short(149_550) && !short(149_549));
    }
}
