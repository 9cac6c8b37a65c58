//! What the broker holds of a leg: the other bound of every exit, beside the leg itself.
//!
//! 1. It is known only from a row of that contract and product, read within the age limit. No row,
//!    an old row, an empty book: nobody knows, and the leg alone counts.
//! 2. Fills of ours since that reading are counted on: they explain what the row cannot show yet.
//! 3. What other orders on their way may still take is taken off, so that all of them together
//!    never take more than is there.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Book, Leg, Order, OrderState};
use crate::domain::broker_book::NetKey;
use crate::domain::ids::OrderId;
use crate::domain::money::{Lots, Quantity};
use crate::domain::order::{Direction, Side};

/// When it is asked, how old a row may be, and how many of the broker's units a lot is.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Now.
    pub now: DateTime<Utc>,
    /// How old a row may be.
    pub age_max: TimeDelta,
    /// Units of a lot.
    pub per_lot: u32,
}

impl Book {
    /// Returns the lots that one more order may take out of a leg, as far as the broker was seen to
    /// hold them; nothing when nobody knows. `order` is that order, when it is known already.
    pub fn held_for(&self, leg: &Leg, order: Option<OrderId>, asked: Asked) -> Option<Lots> {
        let key = (leg.contract, leg.product);
        let net = self.net_at_broker(key, asked)?;
        let ours = match leg.direction {
            Direction::Long => net,
            Direction::Short => net.saturating_neg(),
        };
        let held = Quantity::new(u64::try_from(ours).unwrap_or(0));
        let side = leg.direction.closing();
        let others = self.orders.values().filter(|one| {
            Some(one.id) != order && (one.contract, one.product) == key && one.side == side
        });
        let leaving = others.fold(Quantity::ZERO, |sum, one| sum.plus(on_its_way(one)));
        Some(held.less(leaving).lots(asked.per_lot).0)
    }

    /// Returns what the broker holds of a contract, negative when short, where that is known.
    pub fn net_at_broker(&self, key: NetKey, asked: Asked) -> Option<i64> {
        let seen = self.marks.nets.get(&key)?;
        if asked.now - seen.at > asked.age_max {
            return None;
        }
        let ours = self.orders.values();
        let since = ours
            .filter(|order| (order.contract, order.product) == key)
            .map(|order| {
                let before = seen.filled.get(&order.id).copied().unwrap_or_default();
                signed(order.side, order.filled.less(before))
            });
        Some(since.fold(seen.net, i64::saturating_add))
    }
}

/// Returns what an order that has left may still take.
fn on_its_way(order: &Order) -> Quantity {
    match order.state {
        OrderState::Sending { .. }
        | OrderState::Sent
        | OrderState::Queued
        | OrderState::Uncertain => order.quantity.less(order.filled),
        OrderState::Wanted | OrderState::Closed(_) => Quantity::ZERO,
    }
}

/// Returns a quantity with the sign of its side.
pub fn signed(side: Side, quantity: Quantity) -> i64 {
    let amount = i64::try_from(quantity.get()).unwrap_or(i64::MAX);
    match side {
        Side::Buy => amount,
        Side::Sell => amount.saturating_neg(),
    }
}
