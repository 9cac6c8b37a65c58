//! How we get out: every exit is sized from what its leg holds, and none is blocked by a limit.

use super::Decision;
use crate::domain::book::{CancelState, Intent, Leg, OrderState};
use crate::domain::fact::{Approval, CancelWhy, Code, ExitReason, Fact, Goal, IntentEnd, OrderEnd};
use crate::domain::ids::{Cause, IntentId, LegId, Purpose};
use crate::domain::input::TradingState;
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::Lots;
use crate::domain::signal::{Signal, Which};

/// One exit to be decided on.
#[derive(Clone, Copy)]
pub(super) struct Out {
    /// What set it in motion.
    pub(super) cause: Cause,
    /// The signal behind it, when there is one.
    pub(super) signal: Option<Cause>,
    /// Why.
    pub(super) reason: ExitReason,
    /// Whether a person ordered it.
    pub(super) by_person: bool,
    /// How many lots; `None` is all.
    pub(super) lots: Option<Lots>,
}

impl Decision<'_> {
    /// Takes out what an exit signal means.
    pub(super) fn exit_signal(&mut self, signal: &Signal, which: Which) {
        if self.view.book.state_of(signal.instrument) == TradingState::Frozen {
            let code = Code("frozen");
            return self.say(Fact::SignalRejected {
                signal: signal.id,
                code,
                trace: None,
            });
        }
        let (book, now) = (self.view.book, self.view.now);
        let before = |at| signal.opened_before.is_none_or(|end| at < end);
        let legs: Vec<&Leg> = book
            .legs
            .values()
            .filter(|leg| leg.is_open() && leg.contract.instrument == signal.instrument)
            .filter(|leg| matches(which, leg.direction, leg.layer))
            // a leg that is not open yet was opened by a clock that was ahead
            .filter(|leg| before(leg.opened_at) || leg.opened_at > now)
            .collect();
        let coming: Vec<&Intent> = book
            .entries_of(signal.instrument)
            .filter(|intent| match &intent.goal {
                Goal::Open(goal) => matches(which, intent.direction, goal.layer),
                Goal::Close(_) => false,
            })
            .filter(|intent| before(intent.at) || intent.at > now)
            .collect();
        if legs.is_empty() && coming.is_empty() {
            let code = Code("not_held");
            return self.say(Fact::SignalRejected {
                signal: signal.id,
                code,
                trace: None,
            });
        }
        let out = Out {
            cause: signal.id,
            signal: Some(signal.id),
            reason: ExitReason::Signal,
            by_person: false,
            lots: None,
        };
        let before = self.facts.len();
        self.exit_all(&legs, &coming, out);
        self.conclude(signal, before);
    }

    /// Takes at most `lots` out of an instrument, oldest leg first.
    pub(super) fn exit_held(&mut self, signal: &Signal, lots: Lots, reason: ExitReason) {
        if self.view.book.state_of(signal.instrument) == TradingState::Frozen {
            let code = Code("frozen");
            return self.say(Fact::SignalRejected {
                signal: signal.id,
                code,
                trace: None,
            });
        }
        let position = self.view.book.position_in(signal.instrument);
        let legs = position.map_or_else(Vec::new, |one| self.view.book.legs_of(one.id));
        let before = self.facts.len();
        let out = Out {
            cause: signal.id,
            signal: Some(signal.id),
            reason,
            by_person: false,
            lots: Some(lots),
        };
        self.exit_parts(&legs, out);
        if self.facts.len() == before
            && self
                .view
                .book
                .entries_of(signal.instrument)
                .next()
                .is_some()
        {
            return self.exit_signal(signal, Which::All);
        }
        self.conclude(signal, before);
    }

    /// Takes a number of lots out of several legs, in their order, beyond what is leaving already.
    pub(super) fn exit_parts(&mut self, legs: &[&Leg], out: Out) {
        let mut left = out.lots.unwrap_or(Lots::ZERO);
        for (number, leg) in (0_u16..).zip(legs) {
            let exit = self.view.book.exit_of(leg.id);
            let leaving = exit.map_or(Lots::ZERO, |exit| exit.leaving(leg.lots));
            let part = left.min(leg.lots.less(leaving));
            if part.is_zero() {
                continue;
            }
            left = left.less(part);
            let gone = exit.map_or(Lots::ZERO, |exit| exit.filled);
            let all = leaving.plus(part) == leg.lots;
            let lots = (!all).then(|| gone.plus(leaving).plus(part));
            self.exit_leg(leg, Out { lots, ..out }, number);
        }
    }

    /// Says the verdict on an exit before what follows from it.
    fn conclude(&mut self, signal: &Signal, before: usize) {
        if self.facts.len() == before {
            let code = if self.holds_what_is_over(signal.instrument) {
                Code("contract_over")
            } else {
                Code("exit_in_progress")
            };
            return self.say(Fact::SignalRecorded {
                signal: signal.id,
                code,
            });
        }
        let verdict = Fact::SignalAccepted {
            signal: signal.id,
            source: signal.source,
            instrument: signal.instrument,
            at: signal.moment(),
        };
        self.facts.insert(before, verdict);
        if signal.id_reused {
            self.say(Fact::FindingMade {
                instrument: Some(signal.instrument),
                order: None,
                code: Code("id_reused"),
                ours: "an exit was acted on".to_owned(),
                theirs: "its id was used before for something else".to_owned(),
            });
        }
    }

    /// Takes every leg out, and gives up every entry; what fills meanwhile is taken out as well.
    pub(super) fn exit_all(&mut self, legs: &[&Leg], coming: &[&Intent], out: Out) {
        for (number, leg) in (0_u16..).zip(legs) {
            self.exit_leg(leg, out, number);
        }
        let first = u16::try_from(legs.len()).unwrap_or(u16::MAX);
        // The entry of a listed leg was given up with the leg.
        let others = coming
            .iter()
            .filter(|intent| legs.iter().all(|leg| leg.id != intent.leg));
        for (number, intent) in (first..).zip(others) {
            let gone = self.give_up(intent, CancelWhy::Exit);
            let leaves = self.is_out(intent.leg) || self.view.book.exit_of(intent.leg).is_some();
            if !gone && !leaves {
                let wanted = intent.lots.unwrap_or(Lots::ONE);
                self.exit_intent(intent, Out { lots: None, ..out }, (number, wanted));
            }
        }
    }

    /// Takes out what is there and what is coming, as far as it is free to leave. Each exit is named
    /// after its leg: what set it in motion may last for days, longer than the names of its exits
    /// are kept.
    pub(super) fn exit_everything(
        &mut self,
        out: impl Fn(Cause) -> Out,
        is_free: impl Fn(InstrumentIx) -> bool,
    ) {
        let book = self.view.book;
        let legs = book.legs.values().filter(|leg| leg.is_open());
        let legs: Vec<&Leg> = legs
            .filter(|leg| is_free(leg.contract.instrument))
            .collect();
        for leg in &legs {
            self.exit_leg(leg, out(leg.id.0), leg.exits);
        }
        // The entry of an open leg was given up with the leg.
        let coming = book
            .open_intents()
            .filter(|one| one.opens() && is_free(one.contract.instrument))
            .filter(|one| legs.iter().all(|leg| leg.id != one.leg));
        for intent in coming {
            self.exit_all(&[], &[intent], out(intent.leg.0));
        }
    }

    /// Takes a leg out, unless an exit of as much is under way or its contract trades no more. A
    /// person takes an exit over, so that it leaves though everything is frozen.
    pub(super) fn exit_leg(&mut self, leg: &Leg, out: Out, number: u16) {
        if self.is_over(leg.contract) || self.is_out(leg.id) {
            return;
        }
        if let Some(exit) = self.view.book.exit_of(leg.id) {
            let wider = match (exit.lots, out.lots) {
                (Some(under_way), Some(asked)) => asked > under_way,
                (Some(_), None) => true,
                (None, _) => false,
            };
            // One that a person has just given up is wanted again: its order's end is not its own.
            let given_up = self.view.book.live_order(exit.id).filter(|order| {
                matches!(
                    order.cancel,
                    CancelState::Wanted(CancelWhy::Operator, _)
                        | CancelState::Taken(CancelWhy::Operator)
                )
            });
            if let Some(order) = given_up {
                let (order, why) = (order.id, CancelWhy::Reprice);
                self.say(Fact::CancelWanted { order, why });
            }
            // What is taken out for good is not to be bought again in another contract.
            let for_good = exit.goal == Goal::Close(ExitReason::Rollover)
                && out.reason != ExitReason::Rollover;
            if wider || for_good || (out.by_person && !exit.by_person) {
                let lots = if wider { out.lots } else { exit.lots };
                let leaving = lots.map_or(leg.lots, |lots| lots.less(exit.filled).min(leg.lots));
                self.make_way(leg, leaving, out.by_person || exit.by_person);
                self.hurry(leg.id);
                let (intent, reason) = (exit.id, out.reason);
                self.say(Fact::ExitWidened {
                    intent,
                    lots,
                    reason,
                });
            }
            return self.cancel_entry_of(leg.id);
        }
        let intent = self.exit_name(out.cause, number);
        self.say(Fact::IntentApproved(Box::new(Approval {
            intent,
            signal: out.signal,
            contract: leg.contract,
            direction: leg.direction,
            product: leg.product,
            position: leg.position,
            leg: leg.id,
            lots: out.lots,
            valid_until: None,
            by_person: out.by_person,
            goal: Goal::Close(out.reason),
        })));
        let lots = out.lots.unwrap_or(leg.lots).min(leg.lots);
        self.say(Fact::OrderWanted {
            order: intent.order(1),
            lots,
            not_before: None,
        });
        self.make_way(leg, lots, out.by_person);
        self.hurry(leg.id);
        self.cancel_entry_of(leg.id);
    }

    /// Returns whether this very decision takes out all there is of a leg, or comes.
    fn is_out(&self, leg: LegId) -> bool {
        let said = self.facts.iter().filter_map(Fact::approval);
        said.filter(|one| one.leg == leg && one.lots.is_none())
            .any(|one| matches!(one.goal, Goal::Close(_)))
    }

    /// Returns the name of an exit: with this number, or the first after it that no exit of the cause
    /// has. The exit half of a reversal has the name that the exits of the leg it opens begin with.
    fn exit_name(&self, cause: Cause, number: u16) -> IntentId {
        let purpose = Purpose::Exit;
        let of = |number| IntentId {
            cause,
            purpose,
            number,
        };
        let is_taken = |id: &IntentId| {
            let mut said = self.facts.iter().filter_map(Fact::approval);
            self.view.book.intents.contains_key(id) || said.any(|one| one.intent == *id)
        };
        let mut names = (number..u16::MAX).map(of);
        names
            .find(|id| !is_taken(id))
            .unwrap_or_else(|| of(u16::MAX))
    }

    /// An exit needs the leg's own working entry out of the way.
    fn cancel_entry_of(&mut self, leg: LegId) {
        let entry = self
            .view
            .book
            .open_intents()
            .find(|one| one.leg == leg && one.opens());
        if let Some(entry) = entry {
            self.give_up(entry, CancelWhy::Exit);
        }
    }

    /// Takes out what an entry still in flight may yet fill.
    pub(super) fn exit_intent(&mut self, entry: &Intent, out: Out, order: (u16, Lots)) {
        let (number, lots) = order;
        let intent = self.exit_name(out.cause, number);
        self.say(Fact::IntentApproved(Box::new(Approval {
            intent,
            signal: out.signal,
            contract: entry.contract,
            direction: entry.direction,
            product: entry.product,
            position: entry.position,
            leg: entry.leg,
            lots: out.lots,
            valid_until: None,
            by_person: out.by_person,
            goal: Goal::Close(out.reason),
        })));
        self.say(Fact::OrderWanted {
            order: intent.order(1),
            lots,
            not_before: None,
        });
        self.hurry(entry.leg);
    }

    /// An exit begins: what stands in its way and could not be cancelled waits no longer than the
    /// exit itself would.
    fn hurry(&mut self, leg: LegId) {
        let book = self.view.book;
        let mut entries = book.open_intents().filter(|one| one.opens());
        let entry = entries.find(|one| one.leg == leg);
        let entry = entry.and_then(|entry| book.live_order(entry.id));
        for order in [entry, book.resting_of(leg)].into_iter().flatten() {
            self.cancel_anew(order);
        }
    }

    /// Gives an entry up; returns whether nothing of it can fill any more.
    pub(super) fn give_up(&mut self, intent: &Intent, why: CancelWhy) -> bool {
        let end = match why {
            CancelWhy::Operator => IntentEnd::Operator,
            CancelWhy::Wait => IntentEnd::Expired,
            CancelWhy::Exit | CancelWhy::Reprice => IntentEnd::Superseded,
        };
        let (id, filled) = (intent.id, intent.filled);
        let ended =
            |fact: &Fact| matches!(fact, Fact::IntentClosed { intent, .. } if *intent == id);
        if self.facts.iter().any(ended) {
            return true; // by another rule of this very decision: once is enough
        }
        let Some(order) = self.view.book.live_order(id) else {
            self.say(Fact::IntentClosed {
                intent: id,
                filled,
                why: end,
            });
            return true;
        };
        match order.state {
            OrderState::Wanted => {
                let (order, why) = (order.id, OrderEnd::Expired);
                self.say(Fact::OrderClosed {
                    order,
                    why,
                    text: None,
                });
                self.say(Fact::IntentClosed {
                    intent: id,
                    filled,
                    why: end,
                });
                true
            }
            OrderState::Sending { .. }
            | OrderState::Sent
            | OrderState::Queued
            | OrderState::Uncertain => {
                // One that is cancelled to be priced anew would be sent again.
                let goes_on = matches!(
                    order.cancel,
                    CancelState::Wanted(CancelWhy::Reprice, _)
                        | CancelState::Taken(CancelWhy::Reprice)
                );
                if goes_on || order.cancel == CancelState::None {
                    self.say(Fact::CancelWanted {
                        order: order.id,
                        why,
                    });
                }
                false
            }
            OrderState::Closed(_) => true,
        }
    }
}

fn matches(
    which: Which,
    direction: crate::domain::order::Direction,
    layer: crate::domain::signal::Layer,
) -> bool {
    match which {
        Which::All => true,
        Which::Layer(side, label) => side == direction && label == layer,
    }
}
