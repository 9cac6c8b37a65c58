//! What this process knows of the calls that place its orders: which are under way, and what those
//! left behind whose outcome is not in the book.
//!
//! It is memory alone. Whoever starts anew knows nothing of it, and waits as long as a call may take.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::broker::{Ack, BrokerError};
use crate::domain::ids::OrderId;
use crate::domain::order::BrokerOrderId;

/// The orders whose call to the broker has not ended, and what ended ones have shown.
#[derive(Debug, Default)]
pub struct Calls(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    going_on: BTreeSet<OrderId>,
    clues: BTreeMap<OrderId, Clue>,
}

/// What the call that placed an order left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clue {
    /// Whether it is over, at OpenAlgo too: it was answered, or it never left.
    pub ended: bool,
    /// The name that its answer bore.
    pub named: Option<BrokerOrderId>,
}

impl Clue {
    /// Returns the clue of a call that never left.
    pub(super) const fn of_nothing() -> Self {
        Self {
            ended: true,
            named: None,
        }
    }

    /// Returns what an outcome says of its call. One that nobody answered may still go on there.
    pub(super) fn of(outcome: &Result<Ack, BrokerError>) -> Self {
        let (ended, named) = match outcome {
            Ok(Ack::Sent(id)) => (true, Some(id)),
            Ok(Ack::Queued { .. }) | Err(BrokerError::NotSent { .. }) => (true, None),
            Err(BrokerError::Refused { id, .. }) => (true, id.as_ref()),
            Err(BrokerError::Uncertain { id, answered, .. }) => (*answered, id.as_ref()),
        };
        Self {
            ended,
            named: named.cloned(),
        }
    }
}

impl Calls {
    /// Returns whether the call of this order is still going on in this process.
    pub fn going_on(&self, order: OrderId) -> bool {
        self.known().going_on.contains(&order)
    }

    /// Returns what is known of the call that placed an order; of another process's, nothing.
    pub fn clue(&self, order: OrderId) -> Clue {
        self.known().clues.get(&order).cloned().unwrap_or_default()
    }

    /// Forgets the clues that nobody asks for any more.
    pub fn keep(&self, is_open: impl Fn(OrderId) -> bool) {
        self.known().clues.retain(|order, _| is_open(*order));
    }

    pub(super) fn begin(&self, order: OrderId) -> bool {
        self.known().going_on.insert(order)
    }

    pub(super) fn end(&self, order: OrderId) {
        self.known().going_on.remove(&order);
    }

    /// An order is about to leave: what an earlier call of it left behind says nothing now.
    pub(super) fn leaves(&self, order: OrderId) {
        self.known().clues.remove(&order);
    }

    pub(super) fn left(&self, order: OrderId, clue: Clue) {
        self.known().clues.insert(order, clue);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::openalgo::classify::{Call, classify};
    use crate::broker::{NotSent, RefusalKind};

    fn clue(status: u16, body: &str) -> (bool, Option<String>) {
        let clue = Clue::of(&classify(Call::Place, status, body.as_bytes()));
        (clue.ended, clue.named.map(|id| id.to_string()))
    }

    #[test]
    fn only_an_answer_of_openalgo_ends_a_call_whose_outcome_nobody_knows() {
        let named = Some("B7".to_owned());
        for (status, body, expected) in [
            (500, r#"{"status":"error","message":"x"}"#, (true, None)),
            (201, r#"{"status":"error","orderid":"B7"}"#, (true, named)),
            (200, r#"{"status":"success","orderid":null}"#, (true, None)),
            // whoever stands in front may have given up on a call that goes on behind
            (500, "<html>", (false, None)),
            (502, r#"{"status":"error","message":"x"}"#, (false, None)),
            (504, r#"{"message":"x"}"#, (false, None)),
            // a word for one that is under way
            (409, r#"{"status":"error","message":"x"}"#, (false, None)),
        ] {
            assert_eq!(clue(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn what_never_left_and_what_was_refused_is_over() {
        let not_sent = BrokerError::NotSent {
            why: NotSent::Unreachable,
            source: None,
        };
        let refused = BrokerError::Refused {
            code: 400,
            text: String::new(),
            kind: RefusalKind::Other,
            id: BrokerOrderId::new("B7"),
        };
        assert_eq!(Clue::of(&Err(not_sent)), Clue::of_nothing());
        assert!(Clue::of(&Err(refused)).ended);
    }
}
