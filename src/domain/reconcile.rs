//! Which order in the broker's book can only be ours?

use super::book::Order;
use super::input::{Found, SeenOrder};
use super::order::{BrokerOrderId, Pricing};

/// Looks for an order nobody answered for among the broker's, leaving out those seen before it was
/// sent and those that belong to other orders of ours.
pub fn find(order: &Order, symbol: &str, seen: &[SeenOrder], known: &[BrokerOrderId]) -> Found {
    let fits: Vec<BrokerOrderId> = seen
        .iter()
        .filter(|one| {
            one.symbol == symbol && one.product == order.product && one.side == order.side
        })
        .filter(|one| one.quantity == order.quantity)
        .filter(|one| !order.baseline.contains(&one.id) && !known.contains(&one.id))
        .filter(|one| same_price(order.pricing, one.pricing))
        .map(|one| one.id.clone())
        .collect();
    match <[BrokerOrderId; 1]>::try_from(fits) {
        Ok([one]) => Found::One(one),
        Err(none) if none.is_empty() => Found::None,
        Err(many) => Found::Many(many),
    }
}

/// A market order's price is not shown by the broker; every other must agree.
fn same_price(ours: Option<Pricing>, theirs: Option<Pricing>) -> bool {
    match (ours, theirs) {
        (Some(Pricing::Market) | None, _) | (_, None) => true,
        (Some(ours), Some(theirs)) => ours == theirs,
    }
}
