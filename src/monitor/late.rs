//! Orders that were proved not placed, and are at the broker after all.
//!
//! A broker that is away may show empty books with success, and OpenAlgo may hold a call for longer
//! than anybody waits. So whoever was declared absent is looked for in every order book that is read
//! afterwards; finding one is the domain's to judge.

use chrono::TimeDelta;

use crate::broker::{OrderRow, Rows};
use crate::domain::book::{Book, Order, OrderState};
use crate::domain::fact::OrderEnd;
use crate::domain::ids::OrderId;
use crate::domain::input::Found;
use crate::domain::order::BrokerOrderId;
use crate::domain::reconcile;
use crate::domain::rules::Rules;

use super::proofs::key_of;

/// How far the broker's clock may be from ours.
const CLOCKS_APART_MAX: TimeDelta = TimeDelta::minutes(1);

/// Returns whether the order was proved not placed, and is still looked for.
pub(super) fn is_looked_for(order: &Order) -> bool {
    order.state == OrderState::Closed(OrderEnd::NotPlaced)
}

/// Returns the orders declared absent that the broker's book shows, with its names for them.
pub(super) fn arrivals(
    book: &Book,
    rules: &Rules,
    rows: &[OrderRow],
) -> Vec<(OrderId, BrokerOrderId)> {
    let known: Vec<BrokerOrderId> = book
        .orders
        .values()
        .filter_map(|order| order.broker_id.clone())
        .collect();
    book.orders
        .values()
        .filter(|order| is_looked_for(order))
        .filter_map(|order| {
            let key = key_of(order, rules)?;
            let came = rows.iter().filter(|row| came_with(row, order, rules));
            let came = Rows {
                rows: came.cloned().collect(),
                unreadable: Vec::new(),
            };
            let fits = came.seen(&key)?;
            match reconcile::find(order, &key.symbol, &fits, &known) {
                Found::One(id) => Some((order.id, id)),
                // more than one is no news: that it was absent stays the best reading
                Found::None | Found::Many(_) => None,
            }
        })
        .collect()
}

/// Returns whether a row may be of the call that sent the order: later ones are somebody else's.
fn came_with(row: &OrderRow, order: &Order, rules: &Rules) -> bool {
    let (Some(at), Some(claimed)) = (row.at, order.claimed_at) else {
        return true;
    };
    let last = claimed + rules.proof.call_deadline + CLOCKS_APART_MAX;
    at >= claimed - CLOCKS_APART_MAX && at <= last
}
