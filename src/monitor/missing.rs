//! Orders of ours that the broker's order book does not show: each is asked for by its name before
//! it is called gone.
//!
//! A book may leave out what it should show. OpenAlgo makes both answers anew from the broker's, so
//! the second may know what the first did not; where it cannot be had, nothing is concluded.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use tracing::warn;

use crate::broker::{Broker, OrderRow, OrderState as BrokerState};
use crate::domain::book::{Book, Order, OrderState};
use crate::domain::calendar::exchange_day;
use crate::domain::ids::OrderId;
use crate::domain::order::BrokerOrderId;

/// Orders asked for by name in one round: each is a read that OpenAlgo answers from a whole book.
const ASKED_MAX: usize = 4;

/// What came of asking.
#[derive(Default)]
pub(super) struct Missing {
    /// Orders that the broker does not know by their names either.
    pub(super) unseen: BTreeSet<OrderId>,
    /// Orders of which nothing is known this time.
    pub(super) unsure: BTreeSet<OrderId>,
}

/// Asks for the working orders that are not among the rows, the oldest first, and adds the rows of
/// those that are known.
pub(super) async fn ask<B: Broker>(
    broker: &B,
    (book, today): (&Book, NaiveDate),
    rows: &mut BTreeMap<BrokerOrderId, OrderRow>,
) -> Missing {
    let mut absent: Vec<(&Order, BrokerOrderId)> = book
        .orders
        .values()
        .filter(|order| order.state == OrderState::Sent)
        .filter_map(|order| Some((order, order.broker_id.clone()?)))
        .filter(|(_, id)| !rows.contains_key(id))
        .collect();
    absent.sort_by_key(|(order, _)| order.sent_at);
    let mut missing = Missing::default();
    for (place, (order, id)) in absent.into_iter().enumerate() {
        if place >= ASKED_MAX {
            missing.unsure.insert(order.id);
            continue;
        }
        match broker.order_status(&id).await {
            Ok(None) => {
                missing.unseen.insert(order.id);
            }
            Ok(Some(row)) if row.id == id && counts(&row, order, today) => {
                rows.insert(id, row);
            }
            Ok(Some(_)) => {}
            Err(error) => {
                warn!(order.id = %order.id, %error, "order {} is not in the order book and cannot be asked for", order.id);
                missing.unsure.insert(order.id);
            }
        }
    }
    missing
}

/// Returns whether a row may stand for the one that the book lacks. An end counts when it says what
/// was filled: the trade book may lack the order as well. One of an earlier day is over in any case.
fn counts(row: &OrderRow, order: &Order, today: NaiveDate) -> bool {
    match row.state {
        BrokerState::Open | BrokerState::TriggerPending | BrokerState::Unknown(_) => true,
        BrokerState::Complete | BrokerState::Cancelled | BrokerState::Rejected => {
            let of_today = order.sent_at.is_some_and(|at| exchange_day(at) == today);
            of_today && row.filled.is_some()
        }
    }
}
