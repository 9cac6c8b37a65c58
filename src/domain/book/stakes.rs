//! What the open legs have at stake together, remembered from one decision to the next: most
//! decisions change none of them.
//!
//! 1. A sum is remembered with everything it was made of, and counts only where it would be made of
//!    the same again, to the last digit. So it need not be kept up to date, and cannot be old.
//! 2. When to remember is the caller's choice ([`Book::weigh`]); who never does gets the same sums.

use chrono::{DateTime, Utc};

use super::exposure::Stake;
use super::{Book, Exposure};
use crate::domain::calendar::exchange_day;
use crate::domain::ids::PositionId;
use crate::domain::money::{Money, PointValue};
use crate::domain::order::Product;
use crate::domain::rules::Rules;

/// A sum, and what it was made of.
#[derive(Clone, Debug, Default)]
pub struct Stakes {
    made_of: Vec<Weight>,
    sum: Exposure,
}

/// Everything that a leg adds to the sum is made of.
#[derive(Clone, Copy, Debug)]
struct Weight {
    position: PositionId,
    product: Product,
    stake: Stake,
    planned: Money,
    point_value: PointValue,
    margin_per_lot: Money,
}

impl PartialEq for Stakes {
    /// Books are equal whatever either remembers: it says nothing that their legs do not.
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Stakes {}

impl Weight {
    /// Returns whether both add the same, to the last zero behind the point.
    fn is(&self, other: &Self) -> bool {
        let whole = |one: &Self| (one.position, one.product);
        whole(self) == whole(other)
            && self.stake.is(&other.stake)
            && self.planned.is(other.planned)
            && self.point_value.is(other.point_value)
            && self.margin_per_lot.is(other.margin_per_lot)
    }
}

impl Book {
    /// Remembers what the open legs have at stake.
    pub fn weigh(&mut self, rules: &Rules, now: DateTime<Utc>) {
        let made_of: Vec<Weight> = self.weights(rules, now).collect();
        let sum = sum(made_of.iter().copied());
        self.stakes = Stakes { made_of, sum };
    }

    /// Returns what the open legs have at stake.
    pub(super) fn staked(&self, rules: &Rules, now: DateTime<Utc>) -> Exposure {
        let mut known = self.stakes.made_of.iter();
        let mut weights = self.weights(rules, now);
        let as_known = |weight: Weight| known.next().is_some_and(|known| known.is(&weight));
        if weights.all(as_known) && known.next().is_none() {
            return self.stakes.sum;
        }
        sum(self.weights(rules, now))
    }

    fn weights(&self, rules: &Rules, now: DateTime<Utc>) -> impl Iterator<Item = Weight> {
        let today = exchange_day(now);
        let open = self.legs.values().filter(|leg| leg.is_open());
        open.filter_map(move |leg| {
            let spec = rules.instruments.spec(leg.contract, today)?;
            let ours = spec.margin_per_lot(leg.entry, leg.product);
            Some(Weight {
                position: leg.position,
                product: leg.product,
                stake: Stake::of_leg(leg),
                planned: leg.risk,
                point_value: spec.point_value,
                margin_per_lot: self.margin_of(leg.contract, ours, now),
            })
        })
    }
}

fn sum(weights: impl Iterator<Item = Weight>) -> Exposure {
    let mut sum = Exposure::default();
    // Few enough to look through: cheaper than a tree.
    let mut positions: Vec<PositionId> = Vec::new();
    for weight in weights {
        sum.add(&weight.stake, weight.point_value, weight.product);
        sum.planned += weight.planned;
        sum.margin_used += weight.margin_per_lot.times(weight.stake.lots.decimal());
        if !positions.contains(&weight.position) {
            positions.push(weight.position);
        }
    }
    sum.positions = u32::try_from(positions.len()).unwrap_or(u32::MAX);
    sum
}
