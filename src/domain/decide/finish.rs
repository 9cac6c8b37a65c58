//! What follows when an order is over: the next slice, the next try, or the end of its intent.

use super::Decision;
use crate::domain::book::{CancelState, Intent, Order};
use crate::domain::fact::{CancelWhy, Code, Fact, IntentEnd, OrderEnd};
use crate::domain::ids::{IntentId, OrderId, Purpose};
use crate::domain::money::Lots;

/// How an order ended, with what its intent has filled and its leg holds after all of it.
pub(super) struct End {
    /// How.
    pub(super) why: OrderEnd,
    /// What the intent has filled.
    pub(super) filled: Lots,
    /// What the leg holds.
    pub(super) held: Lots,
    /// Whether what it filled is taken out again, so that no more of it is wanted.
    pub(super) unwanted: bool,
}

impl Decision<'_> {
    /// Says what follows after the order of an intent is over.
    pub(super) fn after(&mut self, order: &Order, end: &End) {
        let Some(intent) = self.view.book.intents.get(&order.id.intent) else {
            return;
        };
        if !intent.is_open() {
            return;
        }
        match intent.id.purpose {
            Purpose::Entry | Purpose::Add | Purpose::Roll => self.after_entry(intent, order, end),
            Purpose::Exit => self.after_exit(intent, order, end),
            Purpose::Protective => self.after_resting(intent, order, end),
        }
    }

    fn after_entry(&mut self, intent: &Intent, order: &Order, end: &End) {
        if self.view.book.other_live_order(order.id).is_some() {
            return; // an order that arrived late; the one that followed it decides
        }
        let waiting = intent.lots.unwrap_or(Lots::ZERO).less(end.filled);
        let cancelled = match order.cancel {
            CancelState::Wanted(why, _) | CancelState::Taken(why) => Some(why),
            CancelState::None => end.unwanted.then_some(CancelWhy::Exit),
        };
        if end.why == OrderEnd::Filled && !waiting.is_zero() && cancelled.is_none() {
            let order = next(intent, order.id);
            return self.say(Fact::OrderWanted {
                order,
                lots: waiting,
                not_before: None,
            });
        }
        let anew = (end.why, cancelled) == (OrderEnd::Cancelled, Some(CancelWhy::Reprice));
        if anew && !waiting.is_zero() {
            return self.say(Fact::OrderWanted {
                order: next(intent, order.id),
                lots: waiting,
                not_before: None,
            });
        }
        let why = match (end.why, cancelled) {
            _ if waiting.is_zero() => IntentEnd::Done,
            // However it ended: should more of it fill, that is not wanted either.
            (_, Some(CancelWhy::Exit)) => IntentEnd::Superseded,
            (OrderEnd::Refused, _) => IntentEnd::Refused,
            (OrderEnd::NotPlaced, _) => IntentEnd::NotPlaced,
            (_, Some(CancelWhy::Wait)) | (OrderEnd::Expired, None) => IntentEnd::Expired,
            (_, Some(CancelWhy::Operator)) => IntentEnd::Operator,
            (_, Some(CancelWhy::Reprice)) => IntentEnd::Superseded,
            (OrderEnd::Filled | OrderEnd::Cancelled | OrderEnd::Rejected, None) => {
                IntentEnd::Broker
            }
        };
        self.end_entry(intent.id, end.filled, why);
    }

    /// Ends an entry; an exit that waited for what it might fill ends with it when nothing did.
    pub(super) fn end_entry(&mut self, id: IntentId, filled: Lots, why: IntentEnd) {
        self.say(Fact::IntentClosed {
            intent: id,
            filled,
            why,
        });
        if !filled.is_zero() {
            return;
        }
        let Some(leg) = self.view.book.intents.get(&id).map(|intent| intent.leg) else {
            return;
        };
        if let Some(exit) = self.view.book.exit_of(leg) {
            if let Some(order) = self.view.book.live_order(exit.id) {
                let (order, why) = (order.id, OrderEnd::Expired);
                self.say(Fact::OrderClosed {
                    order,
                    why,
                    text: None,
                });
            }
            let (intent, filled, why) = (exit.id, exit.filled, IntentEnd::Done);
            self.say(Fact::IntentClosed {
                intent,
                filled,
                why,
            });
        }
    }

    fn after_exit(&mut self, intent: &Intent, order: &Order, end: &End) {
        if self.view.book.other_live_order(order.id).is_some() {
            return; // an order that arrived late; the one that followed it goes on
        }
        let left = intent
            .lots
            .map_or(end.held, |lots| lots.less(end.filled))
            .min(end.held);
        let progressed = !order.filled.is_zero() || end.filled > intent.filled;
        let unasked = order.cancel == CancelState::None && !progressed;
        let given_up = matches!(
            order.cancel,
            CancelState::Wanted(CancelWhy::Operator, _) | CancelState::Taken(CancelWhy::Operator)
        );
        let over = self.is_over(intent.contract);
        if left.is_zero() || given_up || over {
            let why = match (left.is_zero(), over) {
                (true, _) => IntentEnd::Done,
                (false, true) => IntentEnd::Expired,
                (false, false) => IntentEnd::Operator,
            };
            return self.say(Fact::IntentClosed {
                intent: intent.id,
                filled: end.filled,
                why,
            });
        }
        let pause = match end.why {
            OrderEnd::Refused | OrderEnd::Rejected => Some(self.view.now + self.pause(intent)),
            OrderEnd::Cancelled if unasked => Some(self.view.now + self.pause(intent)),
            OrderEnd::Filled | OrderEnd::Cancelled | OrderEnd::Expired | OrderEnd::NotPlaced => {
                None
            }
        };
        if pause.is_some() && intent.failures == 0 {
            self.stuck(order, left, end.why.word());
        }
        self.say(Fact::OrderWanted {
            order: next(intent, order.id),
            lots: left,
            not_before: pause,
        });
    }

    /// An exit that does not come through goes on; a person should know what is not out.
    pub(super) fn stuck(&mut self, order: &Order, left: Lots, why: &str) {
        self.say(Fact::FindingMade {
            instrument: Some(order.contract.instrument),
            order: Some(order.id),
            code: Code("exit_stuck"),
            ours: format!("{left} lots are to go out and are still held"),
            theirs: why.to_owned(),
        });
    }

    /// Returns how long an exit pauses after its failures so far.
    pub(super) fn pause(&self, intent: &Intent) -> chrono::TimeDelta {
        self.backoff(intent.failures)
    }

    /// Returns how long what takes risk away pauses after so many failures in a row and one more:
    /// 1 s, doubling, at most 30 s.
    pub(super) fn backoff(&self, failures: u16) -> chrono::TimeDelta {
        let timing = &self.view.rules.timing;
        let doubled = 1_i32 << failures.min(6);
        (timing.exit_pause_min * doubled).min(timing.exit_pause_max)
    }
}

/// Returns the name of the order after the newest of an intent.
fn next(intent: &Intent, order: OrderId) -> OrderId {
    let newest = intent.orders.max(order.number);
    order.intent.order(newest.saturating_add(1))
}
