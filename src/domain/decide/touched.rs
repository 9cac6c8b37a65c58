//! What follows when a resting order is over, or was touched and does not come through: what is left
//! of its leg goes out on our own.

use super::Decision;
use super::exit::Out;
use super::finish::End;
use super::guarded::stopped;
use crate::domain::book::{CancelState, Intent, Leg, Order, OrderState};
use crate::domain::calendar::exchange_day;
use crate::domain::fact::{CancelWhy, Code, ExitReason, Fact, IntentEnd, OrderEnd};
use crate::domain::rules::StopHitOn;

impl Decision<'_> {
    /// Takes the leg out on our own.
    pub(super) fn exit_now(&mut self, leg: &Leg, reason: ExitReason) {
        if self.view.book.exit_of(leg.id).is_some() || self.is_leaving(leg) {
            return;
        }
        let cause = leg.id.0;
        let out = Out {
            cause,
            signal: None,
            reason,
            by_person: false,
            lots: None,
        };
        self.exit_leg(leg, out, 0);
    }

    /// Returns why a leg is out when its resting order was touched: where that lies at the stop,
    /// the stop was hit.
    pub(super) fn fired(&self, leg: &Leg) -> ExitReason {
        match self.view.rules.stops.hit_on {
            StopHitOn::Tick => stopped(leg),
            StopHitOn::Close => ExitReason::Broker,
        }
    }

    /// A resting order is over. One that we did not take back was touched, or somebody at the
    /// broker took it: either way what is left goes out now. One that the broker refused is tried
    /// again; one that ended with its day is made again in the next session.
    pub(super) fn after_resting(&mut self, intent: &Intent, order: &Order, end: &End) {
        let leg = self.view.book.legs.get(&intent.leg);
        let ours = match order.cancel {
            CancelState::Wanted(why, _) | CancelState::Taken(why) => Some(why),
            CancelState::None => None,
        };
        if end.held.is_zero() {
            self.drop_waiting(intent);
        }
        if end.held.is_zero() || ours == Some(CancelWhy::Operator) {
            let why = if end.held.is_zero() {
                IntentEnd::Done
            } else {
                IntentEnd::Operator
            };
            return self.say(Fact::IntentClosed {
                intent: intent.id,
                filled: end.filled,
                why,
            });
        }
        if let Some(leg) = leg.filter(|leg| ours.is_none() && self.is_trading(leg)) {
            self.take_over(leg, (intent, order), end);
        }
    }

    /// An exit that waited for a resting order finds nothing left.
    fn drop_waiting(&mut self, resting: &Intent) {
        let book = self.view.book;
        let Some(exit) = book.exit_of(resting.leg) else {
            return;
        };
        let wanted = |order: &&Order| order.state == OrderState::Wanted;
        if let Some(order) = book.live_order(exit.id).filter(wanted) {
            self.say(Fact::OrderClosed {
                order: order.id,
                why: OrderEnd::Expired,
                text: None,
            });
            self.say(Fact::IntentClosed {
                intent: exit.id,
                filled: exit.filled,
                why: IntentEnd::Done,
            });
        }
    }

    fn take_over(&mut self, leg: &Leg, (intent, order): (&Intent, &Order), end: &End) {
        let today = |at| exchange_day(at) == self.view.today();
        match end.why {
            OrderEnd::Filled => {
                let reason = self.fired(leg);
                self.exit_now(leg, reason);
            }
            OrderEnd::Cancelled if order.sent_at.is_some_and(today) => {
                let fired = order.resting.fired_at.is_some() || !order.filled.is_zero();
                let reason = if fired {
                    self.fired(leg)
                } else {
                    ExitReason::Broker
                };
                self.exit_now(leg, reason);
            }
            OrderEnd::Rejected | OrderEnd::Refused if intent.failures == 0 => {
                self.say(Fact::FindingMade {
                    instrument: Some(leg.contract.instrument),
                    order: Some(order.id),
                    code: Code("resting_refused"),
                    ours: format!("{} lots are not guarded at the broker", end.held),
                    theirs: end.why.word().to_owned(),
                });
            }
            OrderEnd::Cancelled
            | OrderEnd::Rejected
            | OrderEnd::Refused
            | OrderEnd::Expired
            | OrderEnd::NotPlaced => {}
        }
    }
}
