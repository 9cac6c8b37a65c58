//! A change of contract: close, then open; proposed, and confirmed by a person unless configured.
//!
//! 1. Nothing is opened for what was not closed, and never more than was closed.
//! 2. A leg carries entry, stops and best close, shifted by the distance of the two fills; its gain
//!    is booked on the old contract.
//! 3. A roll that is interrupted ends flat, and says so: no entry is chased.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::Decision;
use crate::domain::book::{Intent, Leg, Position};
use crate::domain::calendar::Session;
use crate::domain::close::{Carry, Roll};
use crate::domain::fact::{Approval, Code, ExitReason, Fact, Goal, OpenGoal};
use crate::domain::gates::{EntryKind, Trace};
use crate::domain::ids::{IntentId, LegId, Purpose};
use crate::domain::input::{Operator, Report, TradingState};
use crate::domain::instrument::{ContractId, InstrumentIx};
use crate::domain::market;
use crate::domain::money::{Lots, Money, Points, Price, Ratio};
use crate::domain::rules::RollUse;

impl<'a> Decision<'a> {
    /// Returns the position of an instrument whose contract is about to end, and the next one.
    fn to_roll(&self, instrument: InstrumentIx) -> Option<(&'a Position, ContractId)> {
        let (book, rules) = (self.view.book, self.view.rules);
        let held = book.position_in(instrument)?;
        let known = book.instruments.get(&instrument).and_then(|one| one.roll);
        if known.is_some_and(|roll| roll.started.is_some()) || self.is_over(held.contract) {
            return None;
        }
        let today = self.view.today();
        let (instruments, calendar) = (&rules.instruments, &rules.calendar);
        if instruments.is_far_from_its_end(held.contract, today, calendar) {
            return None; // an entry would take it, or a nearer one
        }
        let next = instruments.contract_for_entry(instrument, today, calendar)?;
        (next.expiry > held.contract.expiry && held.contract.expiry.is_some())
            .then_some((held, next))
    }
}

impl Decision<'_> {
    /// A person confirms that an instrument changes its contract.
    pub(super) fn roll_ordered(&mut self, operator: &Operator, instrument: InstrumentIx) {
        let Some((held, to)) = self.to_roll(instrument) else {
            return;
        };
        self.start_roll(held, to, (operator.by.clone(), operator.why.clone()));
    }

    /// Proposes and, where configured, begins changes of contract; ends those that are over.
    pub(super) fn rolls(&mut self) {
        let book = self.view.book;
        for (instrument, known) in &book.instruments {
            if let Some(roll) = known.roll.filter(|roll| roll.started.is_some()) {
                self.end_roll(*instrument, roll);
            }
        }
        let used = self.view.rules.close.roll;
        if used == RollUse::Off {
            return;
        }
        for held in book.positions.values().filter(|one| one.is_open()) {
            let instrument = held.contract.instrument;
            let Some((held, to)) = self.to_roll(instrument) else {
                continue;
            };
            let known = book.instruments.get(&instrument).and_then(|one| one.roll);
            let proposed = known.is_some_and(|one| (one.position, one.to) == (held.id, to));
            if used == RollUse::Auto {
                let why = "configured".to_owned();
                self.start_roll(held, to, ("torana".to_owned(), why));
            } else if !proposed {
                self.say(Fact::RollProposed {
                    instrument,
                    roll: Roll {
                        position: held.id,
                        from: held.contract,
                        to,
                        started: None,
                    },
                });
            }
        }
    }

    /// Takes every leg out of its contract, when nothing else is under way.
    fn start_roll(&mut self, held: &Position, to: ContractId, (by, why): (String, String)) {
        let (book, rules) = (self.view.book, self.view.rules);
        let (instrument, legs) = (held.contract.instrument, book.legs_of(held.id));
        let busy = book.entries_of(instrument).next().is_some()
            || legs.iter().any(|leg| book.exit_of(leg.id).is_some());
        let exchange = rules.instruments.get(instrument).map(|one| one.exchange);
        let trades = exchange.is_some_and(|exchange| {
            rules.calendar.session_at(exchange, self.view.now) == Session::Continuous
        });
        if busy || !trades || book.state_of(instrument) != TradingState::Active {
            return;
        }
        self.say(Fact::RollStarted {
            instrument,
            roll: Roll {
                position: held.id,
                from: held.contract,
                to,
                started: Some(self.view.now),
            },
            by,
            why,
        });
        let legs: Vec<Leg> = legs.into_iter().cloned().collect();
        for leg in &legs {
            self.take_leg_out(leg, ExitReason::Rollover);
        }
    }

    /// Opens in the new contract what an exit has just closed in the old one.
    pub(super) fn roll_on(&mut self, leg: &Leg, exit: &Intent, (report, sold): (&Report, Lots)) {
        let book = self.view.book;
        let instrument = leg.contract.instrument;
        let known = book.instruments.get(&instrument).and_then(|one| one.roll);
        let Some(roll) = known.filter(|one| one.started.is_some() && one.position == leg.position)
        else {
            return;
        };
        let new = LegId(leg.id.0.next(1));
        let (Some(price), Some(held)) = (
            self.average_of(exit, report),
            book.positions.get(&leg.position),
        ) else {
            return;
        };
        let stopped = leg.direction.gain(leg.stop, price) <= Points::ZERO;
        let active = book.state_of(instrument) == TradingState::Active;
        if stopped || !active || book.legs.contains_key(&new) {
            return;
        }
        let intent = IntentId::of(new.0, Purpose::Roll);
        self.say(Fact::IntentApproved(Box::new(Approval {
            intent,
            signal: None,
            contract: roll.to,
            direction: leg.direction,
            product: leg.product,
            position: leg.position,
            leg: new,
            lots: Some(sold),
            valid_until: Some(self.view.now + self.view.rules.timing.intent_validity),
            by_person: false,
            goal: Goal::Open(Box::new(OpenGoal {
                layer: leg.layer,
                price,
                stop: leg.stop,
                target: leg.target,
                atr: leg.atr,
                er: Ratio::ONE,
                cap: Some(sold),
                source: held.source,
                profile: None,
                trace: Arc::new(self.roll_trace(leg, (roll.to, price))),
            })),
        })));
        self.say(Fact::OrderWanted {
            order: intent.order(1),
            lots: sold,
            not_before: None,
        });
    }

    /// Returns the average price of all that an exit has sold, with what a report adds.
    fn average_of(&self, exit: &Intent, report: &Report) -> Option<Price> {
        let orders = self
            .view
            .book
            .orders
            .range(exit.id.order(0)..=exit.id.order(u16::MAX));
        let mut sum = (report.value.get(), report.quantity.decimal());
        for (id, order) in orders {
            if *id != report.order {
                sum = (sum.0 + order.value.get(), sum.1 + order.filled.decimal());
            }
        }
        let price = sum.0.checked_div(sum.1)?;
        Price::new(price.round_dp(8))
    }

    fn roll_trace(&self, leg: &Leg, (to, price): (ContractId, Price)) -> Trace {
        Trace {
            profile: None,
            kind: if leg.base {
                EntryKind::Base
            } else {
                EntryKind::Add
            },
            contract: Some(to),
            price: Some(price),
            stop: Some(leg.stop),
            basis: None,
            market: None,
            atr: leg.atr,
            er: Ratio::ONE,
            equity: self.view.book.equity(self.view.rules, self.view.now),
            size: None,
            decided: None,
            verdicts: Vec::new(),
        }
    }

    /// Puts on a new leg what its old one had; returns what it has at risk.
    pub(super) fn carry(
        &mut self,
        entry: &Intent,
        goal: &OpenGoal,
        (cost, lots): (Points, Lots),
    ) -> Money {
        let book = self.view.book;
        let old = LegId(entry.leg.0.next(u8::MAX));
        let instruments = &self.view.rules.instruments;
        let spec = instruments.spec(entry.contract, self.view.today());
        let (Some(old), Some(spec), Some(fill)) = (
            book.legs.get(&old),
            spec,
            crate::domain::book::average(cost, lots),
        ) else {
            return Money::ZERO;
        };
        let shift = fill - goal.price;
        let newest = book
            .legs
            .values()
            .filter(|leg| leg.position == entry.position && leg.contract != entry.contract)
            .max_by_key(|leg| leg.opened_at)
            .unwrap_or(old);
        let on = |price: Price| price.moved(shift).unwrap_or(price);
        let stop = market::stop_rounded(on(old.stop), old.direction, spec.ticks.at(on(old.stop)));
        let risk = share_of(old.risk, lots, goal.cap.unwrap_or(lots));
        self.say(Fact::LegCarried(Box::new(Carry {
            leg: entry.leg,
            from: old.id,
            entry: on(old.entry),
            first_stop: on(old.first_stop),
            stop,
            best: on(old.best),
            risk,
            last_entry: on(newest.entry),
        })));
        old.direction.gain(stop, fill).value(lots, spec.point_value)
    }

    /// Ends a roll once nothing of it works; what was sold and not bought is said aloud.
    fn end_roll(&mut self, instrument: InstrumentIx, roll: Roll) {
        let book = self.view.book;
        let mine = |intent: &&Intent| {
            intent.position == roll.position
                && (intent.id.purpose == Purpose::Roll
                    || intent.goal == Goal::Close(ExitReason::Rollover))
                && roll.started.is_some_and(|started| intent.at >= started)
        };
        if book.open_intents().any(|intent| mine(&intent)) {
            return;
        }
        let all: Vec<&Intent> = book.intents.values().filter(mine).collect();
        let count = |purpose: Purpose| {
            let some = all.iter().filter(|intent| intent.id.purpose == purpose);
            some.fold(Lots::ZERO, |sum, intent| sum.plus(intent.filled))
        };
        let (closed, opened) = (count(Purpose::Exit), count(Purpose::Roll));
        let old = book.legs_of(roll.position);
        let code = if opened < closed {
            "roll_not_bought"
        } else if old.iter().any(|leg| leg.contract == roll.from) {
            "roll_unfinished"
        } else {
            "rolled"
        };
        if opened < closed {
            self.say(Fact::FindingMade {
                instrument: Some(instrument),
                order: None,
                code: Code(code),
                ours: format!("{closed} lots closed"),
                theirs: format!("{opened} lots opened in the new contract"),
            });
        }
        self.say(Fact::RollEnded {
            instrument,
            position: roll.position,
            code: Code(code),
        });
    }
}

/// Returns the part of money that belongs to `part` of `whole` lots.
fn share_of(money: Money, part: Lots, whole: Lots) -> Money {
    if part >= whole {
        return money;
    }
    let exact = money.get() * part.decimal();
    Money::new(exact.checked_div(whole.decimal()).unwrap_or(Decimal::ZERO)).to_paisa()
}
