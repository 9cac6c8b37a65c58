//! What must hold after every step.

use std::collections::{BTreeMap, BTreeSet};

use torana::domain::book::{Book, OrderState};
use torana::domain::fact::Fact;
use torana::domain::ids::{LegId, OrderId};
use torana::domain::input::TradingState;
use torana::domain::money::{Money, Points, Price};

/// Remembers what may not change back.
#[derive(Default)]
pub(crate) struct Watch {
    stops: BTreeMap<LegId, Price>,
    /// Orders whose bytes have left.
    sent: BTreeSet<OrderId>,
    ledger: Money,
}

impl Watch {
    /// Looks at a fact against the book it is about to change.
    pub(crate) fn may_become_true(&mut self, book: &Book, fact: &Fact) {
        match fact {
            Fact::OrderWanted { order, .. } => {
                assert!(!book.orders.contains_key(order), "{order} is wanted twice");
                assert!(
                    book.live_order(order.intent).is_none(),
                    "two live orders of {}",
                    order.intent
                );
            }
            Fact::OrderClaimed(claim) => {
                let order = &book.orders[&claim.order];
                let intent = &book.intents[&claim.order.intent];
                assert_eq!(
                    order.state,
                    OrderState::Wanted,
                    "{} leaves twice",
                    claim.order
                );
                let state = book.state_of(order.contract.instrument);
                assert!(
                    !intent.opens() || state == TradingState::Active,
                    "{} while {state:?}",
                    claim.order
                );
                if !intent.opens() {
                    assert!(
                        claim.lots <= book.legs[&intent.leg].lots,
                        "{} is more than its leg",
                        claim.order
                    );
                }
            }
            Fact::LegReduced(reduction) => {
                let leg = &book.legs[&reduction.leg];
                assert!(
                    reduction.lots <= leg.lots,
                    "{} gives up more than it holds",
                    leg.id
                );
            }
            Fact::LedgerMoved(movement) => {
                self.ledger += movement.amount;
                assert_eq!(movement.after, self.ledger, "the ledger adds up");
            }
            _ => {}
        }
    }

    /// Looks at the book after a step.
    pub(crate) fn holds(&mut self, book: &Book) {
        for leg in book.legs.values().filter(|leg| leg.is_open()) {
            let before = self.stops.insert(leg.id, leg.stop).unwrap_or(leg.stop);
            assert!(
                leg.direction.gain(before, leg.stop) >= Points::ZERO,
                "the stop of {} loosened",
                leg.id
            );
        }
    }

    /// Counts bytes that leave.
    pub(crate) fn leaves(&mut self, order: OrderId) {
        assert!(self.sent.insert(order), "{order} left twice");
    }

    /// What provably never left may leave again.
    pub(crate) fn never_left(&mut self, order: OrderId) {
        self.sent.remove(&order);
    }
}
