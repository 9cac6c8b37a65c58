//! Which orders of ours the broker's order book does not show, as this process read it last. What it
//! does not show proves nothing by itself: a person may say that it was never there.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use crate::domain::ids::OrderId;

/// The orders that the newest complete reading did not show.
#[derive(Debug, Default)]
pub struct Unseen(RwLock<BTreeSet<OrderId>>);

impl Unseen {
    /// Takes in what a reading did not show, of the orders that were there before it began.
    pub fn set(&self, orders: BTreeSet<OrderId>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = orders;
    }

    /// Returns whether the newest reading did not show this order.
    pub fn has(&self, order: OrderId) -> bool {
        let orders = self.0.read().unwrap_or_else(PoisonError::into_inner);
        orders.contains(&order)
    }
}
