//! What a call to the broker, or the search for a lost one, has shown.

use super::Decision;
use super::finish::End;
use crate::domain::book::{CancelState, Order, OrderState};
use crate::domain::fact::{CancelWhy, Code, Fact, OrderEnd};
use crate::domain::input::{CallKind, CallResult, Found, Outcome, Proof, Scope, TradingState};
use crate::domain::money::Lots;
use crate::domain::order::BrokerOrderId;

/// So many failures before this one make an outage.
const OUTAGE: u16 = 2;

impl Decision<'_> {
    pub(super) fn outcome(&mut self, outcome: &Outcome) {
        let Some(order) = self.view.book.orders.get(&outcome.order) else {
            return;
        };
        match outcome.call {
            CallKind::Place => self.placed(order, &outcome.result),
            CallKind::Cancel => self.cancelled(order, &outcome.result),
            CallKind::Modify => self.modified(order, &outcome.result),
        }
    }

    fn placed(&mut self, order: &Order, result: &CallResult) {
        let id = order.id;
        match (order.state, result) {
            (OrderState::Sending { .. } | OrderState::Uncertain, CallResult::Sent(broker_id)) => {
                self.say(Fact::OrderSent {
                    order: id,
                    broker_id: broker_id.clone(),
                });
            }
            (OrderState::Closed(OrderEnd::NotPlaced), CallResult::Sent(broker_id))
                if !self.may_be_anothers(order, broker_id) =>
            {
                self.arrived_late(order, broker_id);
            }
            (OrderState::Sending { .. }, CallResult::NotSent(text))
                if order.cancel != CancelState::None =>
            {
                self.say(Fact::OrderClosed {
                    order: id,
                    why: OrderEnd::Expired,
                    text: Some(text.clone()),
                });
                self.ended_without_fill(order, OrderEnd::Expired);
            }
            (OrderState::Sending { .. }, CallResult::NotSent(text)) => {
                let not_before = self.view.now + self.release_pause(order);
                self.note_outage(order, text);
                self.say(Fact::OrderReleased {
                    order: id,
                    not_before,
                    text: text.clone(),
                });
            }
            (OrderState::Sending { .. } | OrderState::Uncertain, CallResult::Refused(text)) => {
                self.say(Fact::OrderRefused {
                    order: id,
                    text: text.clone(),
                });
                self.ended_without_fill(order, OrderEnd::Refused);
            }
            (OrderState::Sending { .. } | OrderState::Uncertain, CallResult::Queued(pending)) => {
                self.say(Fact::OrderQueued {
                    order: id,
                    pending: pending.clone(),
                });
                self.reduce(Scope::Desk, "an order waits for a person at OpenAlgo");
            }
            (OrderState::Sending { .. }, CallResult::Uncertain(text)) => {
                self.say(Fact::OrderUncertain {
                    order: id,
                    text: text.clone(),
                });
            }
            (OrderState::Sent, CallResult::Sent(other))
                if order.broker_id.as_ref().is_some_and(|known| known != other) =>
            {
                self.two_ids(order, other);
            }
            // A later word on an order that has moved on says nothing new.
            (
                OrderState::Wanted
                | OrderState::Sent
                | OrderState::Queued
                | OrderState::Uncertain
                | OrderState::Closed(_),
                _,
            ) => {}
        }
    }

    /// Returns how long an order that never left waits: an entry has little time, an exit has all
    /// of it and backs off.
    fn release_pause(&self, order: &Order) -> chrono::TimeDelta {
        let intent = self.view.book.intents.get(&order.id.intent);
        match intent.filter(|intent| !intent.opens()) {
            Some(exit) => self.pause(exit),
            None => self.view.rules.timing.release_pause,
        }
    }

    /// An exit that has not left three times in a row is for a person to know of.
    fn note_outage(&mut self, order: &Order, text: &str) {
        let intent = self.view.book.intents.get(&order.id.intent);
        if intent.is_some_and(|intent| !intent.opens() && intent.failures == OUTAGE) {
            self.stuck(order, order.lots, text);
        }
    }

    /// Returns whether what the broker shows may be of another order of ours: one that bears the name
    /// already, or one of the same kind that nobody has answered for. That one is looked up first.
    fn may_be_anothers(&self, order: &Order, broker_id: &BrokerOrderId) -> bool {
        let kind = |one: &Order| (one.contract, one.product, one.side);
        self.view
            .book
            .orders
            .values()
            .filter(|one| one.id != order.id)
            .any(|one| {
                one.broker_id.as_ref() == Some(broker_id)
                    || (one.state.is_unanswered() && kind(one) == kind(order))
            })
    }

    /// An order that was proved absent has arrived after all.
    fn arrived_late(&mut self, order: &Order, broker_id: &BrokerOrderId) {
        self.say(Fact::FindingMade {
            instrument: Some(order.contract.instrument),
            order: Some(order.id),
            code: Code("arrived_late"),
            ours: "proved not placed".to_owned(),
            theirs: format!("placed as {broker_id}"),
        });
        self.reduce(
            Scope::Desk,
            "an order arrived after it was proved not placed",
        );
        self.say(Fact::OrderSent {
            order: order.id,
            broker_id: broker_id.clone(),
        });
        // Its goal has ended, or has a further order: nobody waits for this one.
        self.say(Fact::CancelWanted {
            order: order.id,
            why: CancelWhy::Wait,
        });
    }

    /// One order of ours has two names at the broker: one of them is not what we take it for.
    fn two_ids(&mut self, order: &Order, other: &BrokerOrderId) {
        let known = order.broker_id.as_ref();
        self.say(Fact::FindingMade {
            instrument: Some(order.contract.instrument),
            order: Some(order.id),
            code: Code("two_broker_ids"),
            ours: known.map_or_else(String::new, ToString::to_string),
            theirs: other.to_string(),
        });
        self.reduce(Scope::Desk, "an order has two names at the broker");
    }

    fn cancelled(&mut self, order: &Order, result: &CallResult) {
        if order.state.is_closed() {
            return;
        }
        match result {
            CallResult::Sent(_) => self.say(Fact::CancelTaken { order: order.id }),
            CallResult::NotSent(text)
            | CallResult::Refused(text)
            | CallResult::Queued(text)
            | CallResult::Uncertain(text) => self.say(Fact::CancelFailed {
                order: order.id,
                not_before: self.view.now + self.backoff(order.cancel_failures),
                text: text.clone(),
            }),
        }
    }

    /// A cancel that has failed is tried at once, and its pauses begin anew.
    pub(super) fn cancel_anew(&mut self, order: &Order) {
        let id = order.id;
        let mut said = self.facts.iter();
        let said =
            said.any(|fact| matches!(fact, Fact::CancelWanted { order, .. } if *order == id));
        if let CancelState::Wanted(why, _) = order.cancel
            && order.cancel_failures > 0
            && !said
        {
            self.say(Fact::CancelWanted { order: id, why });
        }
    }

    /// OpenAlgo waits for a person, or takes orders by itself again: what it would not cancel
    /// meanwhile is tried at once.
    pub(super) fn semi_auto(&mut self, on: bool) {
        self.say(Fact::SemiAutoSeen { on });
        if !on {
            for order in self.view.book.live_orders() {
                self.cancel_anew(order);
            }
        }
    }

    pub(super) fn proof(&mut self, proof: &Proof) {
        let Some(order) = self.view.book.orders.get(&proof.order) else {
            return;
        };
        if order.state != OrderState::Uncertain {
            return;
        }
        match &proof.found {
            Found::One(broker_id) => {
                self.say(Fact::OrderSent {
                    order: order.id,
                    broker_id: broker_id.clone(),
                });
            }
            Found::None if self.is_absent(order, proof) => self.not_placed(order),
            Found::Many(ids) if self.view.book.desk.state == TradingState::Active => {
                let theirs: Vec<&str> = ids.iter().map(BrokerOrderId::as_str).collect();
                self.say(Fact::FindingMade {
                    instrument: Some(order.contract.instrument),
                    order: Some(order.id),
                    code: Code("ambiguous_order"),
                    ours: order.id.to_string(),
                    theirs: theirs.join(", "),
                });
                self.reduce(
                    Scope::Desk,
                    "an uncertain order fits more than one at the broker",
                );
            }
            Found::None | Found::Many(_) => {}
        }
    }

    /// Returns whether enough complete, agreeing reads over enough time have not found it, after
    /// the call that sent it had ended, from a broker that answers.
    fn is_absent(&self, order: &Order, proof: &Proof) -> bool {
        let rules = &self.view.rules.proof;
        let ended = proof.call_ended
            || order
                .claimed_at
                .is_some_and(|at| self.view.now - at >= rules.call_deadline);
        ended && proof.alive && proof.reads >= rules.reads_min && proof.span >= rules.span_min
    }

    pub(super) fn not_placed(&mut self, order: &Order) {
        self.say(Fact::OrderNotPlaced { order: order.id });
        self.ended_without_fill(order, OrderEnd::NotPlaced);
    }

    fn ended_without_fill(&mut self, order: &Order, why: OrderEnd) {
        let Some(intent) = self.view.book.intents.get(&order.id.intent) else {
            return;
        };
        let held = self
            .view
            .book
            .legs
            .get(&intent.leg)
            .map_or(Lots::ZERO, |leg| leg.lots);
        self.after(
            order,
            &End {
                why,
                filled: intent.filled,
                held,
                unwanted: false,
            },
        );
    }

    /// Lets only exits leave from now on; never loosens a stricter state.
    pub(super) fn reduce(&mut self, scope: Scope, why: &str) {
        let current = match scope {
            Scope::Desk => self.view.book.desk.state,
            Scope::Source(source) => self.view.book.state_of_source(source),
            Scope::Instrument(instrument) => self
                .view
                .book
                .instruments
                .get(&instrument)
                .map(|known| known.state)
                .unwrap_or_default(),
        };
        let said = self.facts.iter().any(
            |fact| matches!(fact, Fact::TradingStateSet { scope: known, .. } if *known == scope),
        );
        if current == TradingState::Active && !said {
            self.say(Fact::TradingStateSet {
                scope,
                state: TradingState::Reducing,
                by: "torana".to_owned(),
                why: why.to_owned(),
            });
        }
    }
}
