//! What became of a change to a resting order, and what the broker's book shows of it.
//!
//! A yes to a change says that the broker took it. Only its book says with which terms an order
//! rests, and those count, whoever asked for them.

use super::Decision;
use crate::domain::book::{ModifyState, Order, OrderState};
use crate::domain::fact::{Change, Fact};
use crate::domain::input::{CallResult, SeenTerms};
use crate::domain::order::{Pricing, Side};

impl Decision<'_> {
    pub(super) fn modified(&mut self, order: &Order, result: &CallResult) {
        let wanted = matches!(order.resting.modify, ModifyState::Wanted(..));
        if order.state.is_closed() || !wanted {
            return;
        }
        let (text, uncertain) = match result {
            CallResult::Sent(_) => return self.say(Fact::ModifyTaken { order: order.id }),
            CallResult::NotSent(text) | CallResult::Refused(text) => (text, false),
            CallResult::Queued(text) | CallResult::Uncertain(text) => (text, true),
        };
        self.say(Fact::ModifyFailed {
            order: order.id,
            not_before: self.view.now + self.view.rules.timing.exit_pause_min,
            text: text.clone(),
            uncertain,
        });
    }

    pub(super) fn terms(&mut self, seen: &SeenTerms) {
        let Some(order) = self.view.book.orders.get(&seen.order) else {
            return;
        };
        if order.state != OrderState::Sent {
            return;
        }
        if let Some(change) = self.shown(order, seen) {
            let wanted = match order.resting.modify {
                ModifyState::Wanted(wanted, _) | ModifyState::Taken(wanted, _) => Some(wanted),
                ModifyState::None => None,
            };
            if order.pricing != Some(seen.pricing)
                || order.quantity != seen.quantity
                || wanted == Some(change)
            {
                self.say(Fact::ModifyDone(Box::new(change)));
            }
        }
        let resting = &order.resting;
        if seen.waits && !resting.armed {
            self.say(Fact::TriggerSeen {
                order: order.id,
                fired: false,
            });
        } else if !seen.waits && resting.fired_at.is_none() && self.is_touched(order) {
            self.say(Fact::TriggerSeen {
                order: order.id,
                fired: true,
            });
        }
    }

    /// Returns whether an order that no longer waits for its trigger has passed it. Some brokers show
    /// one that waits as open, so it must have been seen waiting, or the market be there.
    fn is_touched(&self, order: &Order) -> bool {
        let Some(Pricing::StopLimit { trigger, .. }) = order.pricing else {
            return false;
        };
        let marks = &self.view.book.marks.contracts;
        let there = marks
            .get(&order.contract)
            .is_some_and(|mark| match order.side {
                Side::Buy => mark.quote.price >= trigger,
                Side::Sell => mark.quote.price <= trigger,
            });
        order.resting.armed || there
    }

    /// Returns the terms that the book shows, when they are those of a resting order.
    fn shown(&self, order: &Order, seen: &SeenTerms) -> Option<Change> {
        let Pricing::StopLimit { trigger, limit } = seen.pricing else {
            return None;
        };
        let instruments = &self.view.rules.instruments;
        let instrument = instruments.get(order.contract.instrument)?;
        let spec = instruments.spec(order.contract, self.view.today())?;
        let (lots, rest) = seen.quantity.lots(instrument.per_lot(spec));
        (rest.is_zero() && !lots.is_zero()).then_some(Change {
            order: order.id,
            lots,
            quantity: seen.quantity,
            trigger,
            limit,
        })
    }
}
