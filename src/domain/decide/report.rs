//! What the broker says about an order, cumulative: fills, legs, the ledger, and what follows.
//!
//! A fill is accepted in every state of its order. A report that says less than what is known
//! changes nothing; seeing one twice adds nothing.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::Decision;
use super::exit::Out;
use super::finish::End;
use super::resting::CHANGE_WAIT;
use crate::domain::book::{CancelState, Intent, Leg, ModifyState, Order, OrderState, share};
use crate::domain::charges::{ChargeKind, Traded};
use crate::domain::fact::{
    CancelWhy, Code, ExitReason, Fact, Fill, Goal, IntentEnd, LedgerKind, LegOpening, Movement,
    OpenGoal, OrderEnd, Reduction,
};
use crate::domain::ids::{LegId, Purpose};
use crate::domain::input::{Report, ReportStatus, Scope};
use crate::domain::instrument::{Instrument, Spec};
use crate::domain::money::{Lots, Money, PointValue, Points, Quantity};
use crate::domain::order::Direction;

/// An order with all that is needed to read a report on it.
struct Case<'a> {
    order: &'a Order,
    intent: &'a Intent,
    instrument: &'a Instrument,
    spec: &'a Spec,
}

/// What a report adds.
struct Growth {
    /// Whole lots.
    lots: Lots,
    /// The sum of price times lots.
    cost: Points,
    /// All of the order in lots, and as the sum of price times lots.
    total: (Lots, Points),
    /// Charges.
    charges: Money,
    /// The ledger's balance before.
    balance: Money,
}

impl Decision<'_> {
    pub(super) fn report(&mut self, report: &Report) {
        let book = self.view.book;
        let Some(order) = book.orders.get(&report.order) else {
            return;
        };
        let Some(intent) = book.intents.get(&order.id.intent) else {
            return;
        };
        let instruments = &self.view.rules.instruments;
        let (Some(instrument), Some(spec)) = (
            instruments.get(order.contract.instrument),
            instruments.spec(order.contract, self.view.today()),
        ) else {
            return;
        };
        let case = Case {
            order,
            intent,
            instrument,
            spec,
        };
        let mut end = End {
            why: OrderEnd::Filled,
            filled: intent.filled,
            held: book
                .legs
                .get(&intent.leg)
                .map_or(Lots::ZERO, |leg| leg.lots),
            unwanted: false,
        };
        if report.quantity > order.filled && report.value >= order.value {
            let growth = self.filled(&case, report);
            if intent.opens() {
                self.grow(&case, &growth, &mut end);
            } else {
                self.shrink(&case, &growth, &mut end);
                let rolls = intent.goal == Goal::Close(ExitReason::Rollover);
                let leg = book.legs.get(&intent.leg).filter(|leg| leg.is_open());
                if let Some(leg) = leg.filter(|_| rolls && end.held.is_zero()) {
                    self.roll_on(leg, intent, (report, end.filled));
                }
            }
            self.check_size(&case, report);
        }
        self.close(&case, report, end);
    }

    /// Says what was filled and what it cost.
    fn filled(&mut self, case: &Case<'_>, report: &Report) -> Growth {
        let per_lot = case.instrument.per_lot(case.spec);
        let (known, lots) = (
            case.order.filled.lots(per_lot).0,
            report.quantity.lots(per_lot).0,
        );
        let before = points(case.order.value, (known, case.order.filled));
        let after = points(report.value, (lots, report.quantity));
        let traded = Traded {
            exchange: case.instrument.exchange,
            kind: ChargeKind::of(case.instrument.exchange, case.order.product),
            side: case.order.side,
            day: self.view.today(),
        };
        let turnover = case.turnover(report);
        let charges = self.view.rules.charges.for_order(traded, turnover);
        let added = charges - case.order.charges;
        self.say(Fact::Filled(Box::new(Fill {
            order: case.order.id,
            quantity: report.quantity,
            value: report.value,
            charges,
            added: report.quantity.less(case.order.filled),
            added_charges: added,
        })));
        let mut growth = Growth {
            lots: lots.less(known),
            cost: after - before,
            total: (lots, after),
            charges: added,
            balance: self.view.book.desk.realised,
        };
        self.book_money(case, &mut growth.balance, (LedgerKind::Charges, -added));
        growth
    }

    fn book_money(&mut self, case: &Case<'_>, balance: &mut Money, moved: (LedgerKind, Money)) {
        let (kind, amount) = moved;
        if amount == Money::ZERO {
            return;
        }
        *balance += amount;
        let order = Some(case.order.id);
        self.say(Fact::LedgerMoved(Box::new(Movement {
            kind,
            amount,
            after: *balance,
            order,
        })));
    }

    /// An entry's fill opens its leg or makes it larger.
    fn grow(&mut self, case: &Case<'_>, growth: &Growth, end: &mut End) {
        let Goal::Open(goal) = &case.intent.goal else {
            return;
        };
        if growth.lots.is_zero() {
            return;
        }
        let leg = self.view.book.legs.get(&case.intent.leg);
        let (held, cost) = leg.map_or((Lots::ZERO, Points::ZERO), |leg| (leg.lots, leg.cost));
        if leg.is_some() {
            let (leg, lots, cost) = (case.intent.leg, growth.lots, growth.cost);
            self.say(Fact::LegGrown { leg, lots, cost });
        } else {
            self.open_leg(case, goal, growth.total);
        }
        let lots = held.plus(growth.lots);
        let cost = if leg.is_some() {
            cost + growth.cost
        } else {
            growth.total.1
        };
        end.held = lots;
        end.filled = case.intent.filled.plus(growth.lots);
        let risk = if case.intent.id.purpose == Purpose::Roll {
            self.carry(case.intent, goal, (cost, lots))
        } else {
            let stake = (cost, lots);
            let risk = risk_of(case.intent.direction, stake, goal, case.spec.point_value);
            let leg = case.intent.leg;
            self.say(Fact::RiskFixed { leg, risk });
            risk
        };
        let reason = unwanted(case.intent, leg, risk);
        end.unwanted = reason.is_some();
        let exits = self.view.book.exit_of(case.intent.leg).is_some();
        if let Some(reason) = reason.filter(|_| !exits) {
            self.exit_at_once(case, reason, lots);
        }
    }

    fn open_leg(&mut self, case: &Case<'_>, goal: &OpenGoal, total: (Lots, Points)) {
        let position = case.intent.position;
        let old = self
            .view
            .book
            .legs
            .get(&LegId(case.intent.leg.0.next(u8::MAX)));
        let base = match case.intent.id.purpose {
            Purpose::Roll => old.is_some_and(|old| old.base),
            Purpose::Entry | Purpose::Add | Purpose::Exit | Purpose::Protective => {
                !self.view.book.positions.contains_key(&position)
            }
        };
        self.say(Fact::LegOpened(Box::new(LegOpening {
            leg: case.intent.leg,
            position,
            base,
            layer: goal.layer,
            contract: case.intent.contract,
            direction: case.intent.direction,
            product: case.intent.product,
            source: goal.source,
            lots: total.0,
            cost: total.1,
            stop: goal.stop,
            target: goal.target,
            atr: goal.atr,
        })));
    }

    /// Takes out what was filled and is not wanted, under a name that its cause has not used yet:
    /// the exit half of a reversal has the same cause.
    fn exit_at_once(&mut self, case: &Case<'_>, reason: ExitReason, held: Lots) {
        let out = Out {
            cause: case.intent.leg.0,
            signal: case.intent.signal,
            reason,
            by_person: false,
            lots: None,
        };
        self.exit_intent(case.intent, out, (0, held));
    }

    /// An exit's fill makes its leg smaller and books the gain.
    fn shrink(&mut self, case: &Case<'_>, growth: &Growth, end: &mut End) {
        let Goal::Close(reason) = case.intent.goal else {
            return;
        };
        let leg = self.view.book.legs.get(&case.intent.leg);
        let Some(leg) = leg.filter(|_| !growth.lots.is_zero()) else {
            return;
        };
        let reason = if case.intent.id.purpose == Purpose::Protective {
            self.fired(leg)
        } else {
            reason
        };
        self.note_late(case, growth.lots);
        let lots = growth.lots.min(leg.lots);
        if lots < growth.lots {
            self.finding(case, "exit_oversold", (leg.lots, growth.lots));
        }
        if lots.is_zero() {
            return;
        }
        let cost = share(leg.cost, lots, leg.lots);
        let value = share(growth.cost, lots, growth.lots);
        let gain = match leg.direction {
            Direction::Long => value - cost,
            Direction::Short => cost - value,
        };
        let gross = gain.value(Lots::ONE, case.spec.point_value);
        let charges = growth.charges;
        self.say(Fact::LegReduced(Box::new(Reduction {
            intent: case.intent.id,
            leg: leg.id,
            lots,
            cost,
            value,
            gross,
            charges,
            reason,
        })));
        let mut balance = growth.balance;
        self.book_money(case, &mut balance, (LedgerKind::Realised, gross));
        end.held = leg.lots.less(lots);
        end.filled = case.intent.filled.plus(lots);
        if end.held.is_zero() {
            self.close_leg(leg, (gross, charges), reason);
        }
        self.keep_within(case, end);
    }

    /// A late fill of an order that was over leaves less for the one that followed it.
    fn keep_within(&mut self, case: &Case<'_>, end: &End) {
        let book = self.view.book;
        let own = book.other_live_order(case.order.id);
        let own = own.map(|other| (other, case.intent.lots, end.filled));
        let exit = book.exit_of(case.intent.leg);
        let exit = exit
            .filter(|exit| exit.id != case.intent.id)
            .and_then(|exit| {
                let order = book.live_order(exit.id)?;
                Some((order, exit.lots, exit.filled))
            });
        let Some((other, lots, filled)) = own.or(exit) else {
            return;
        };
        let per_lot = case.instrument.per_lot(case.spec);
        let working = other.lots.less(other.filled.lots(per_lot).0);
        let leaving = lots.map_or(end.held, |lots| lots.less(filled));
        let idle = other.state == OrderState::Wanted || other.cancel != CancelState::None;
        if !idle && working > leaving.min(end.held) {
            self.say(Fact::CancelWanted {
                order: other.id,
                why: CancelWhy::Reprice,
            });
        }
    }

    /// A fill that comes after its order was cancelled is taken as it is, and written down.
    fn note_late(&mut self, case: &Case<'_>, lots: Lots) {
        if case.order.state == OrderState::Closed(OrderEnd::Cancelled) {
            self.say(Fact::FindingMade {
                instrument: Some(case.order.contract.instrument),
                order: Some(case.order.id),
                code: Code("fill_after_cancel"),
                ours: "cancelled".to_owned(),
                theirs: format!("{lots} lots more were filled"),
            });
        }
    }

    fn close_leg(&mut self, leg: &Leg, last: (Money, Money), reason: ExitReason) {
        let gross = leg.gross + last.0;
        let charges = leg.charges + last.1;
        let net = gross - charges;
        self.say(Fact::LegClosed {
            leg: leg.id,
            gross,
            charges,
            net,
            reason,
        });
    }

    /// More than was asked, or no whole number of lots: both are written down and need a person.
    fn check_size(&mut self, case: &Case<'_>, report: &Report) {
        let per_lot = case.instrument.per_lot(case.spec);
        let (lots, rest) = report.quantity.lots(per_lot);
        if report.quantity > case.order.quantity {
            self.finding(case, "overfilled", (case.order.lots, lots));
        } else if !rest.is_zero() && report.status != ReportStatus::Working {
            self.finding(case, "odd_lot", (case.order.lots, lots));
        }
    }

    fn finding(&mut self, case: &Case<'_>, code: &'static str, lots: (Lots, Lots)) {
        let instrument = case.order.contract.instrument;
        self.say(Fact::FindingMade {
            instrument: Some(instrument),
            order: Some(case.order.id),
            code: Code(code),
            ours: format!("{} lots", lots.0),
            theirs: format!("{} lots", lots.1),
        });
        self.reduce(Scope::Instrument(instrument), code);
    }

    /// What still works of an entry that is taken out again is cancelled.
    fn cancel_unwanted(&mut self, case: &Case<'_>, end: &End) {
        let works = !case.order.state.is_closed() && case.order.cancel == CancelState::None;
        if end.unwanted && works {
            self.say(Fact::CancelWanted {
                order: case.order.id,
                why: CancelWhy::Exit,
            });
        }
    }

    /// Ends the order when the broker says so, or when all of it is filled.
    fn close(&mut self, case: &Case<'_>, report: &Report, mut end: End) {
        let done = case.is_done(report, self.view.now);
        let why = match report.status {
            _ if done => Some(OrderEnd::Filled),
            ReportStatus::Working | ReportStatus::Complete => None,
            ReportStatus::Cancelled => Some(OrderEnd::Cancelled),
            ReportStatus::Rejected => Some(OrderEnd::Rejected),
        };
        let Some(why) = why else {
            return self.cancel_unwanted(case, &end);
        };
        if matches!(case.order.state, OrderState::Closed(known) if known == why) {
            return;
        }
        let text = report.text.clone();
        self.say(Fact::OrderClosed {
            order: case.order.id,
            why,
            text,
        });
        end.why = why;
        if !case.order.state.is_closed() {
            self.after(case.order, &end);
        }
    }
}

impl Case<'_> {
    /// Returns whether all of the order is filled. One that was made smaller may be filled whole before
    /// the book has shown its new size: what the broker took counts, and where that is in doubt, a
    /// second look at an order that is complete and says no more.
    fn is_done(&self, report: &Report, now: DateTime<Utc>) -> bool {
        let order = self.order;
        if order.quantity.is_zero() || report.quantity >= order.quantity {
            return !order.quantity.is_zero();
        }
        let complete = report.status == ReportStatus::Complete && !report.quantity.is_zero();
        complete
            && match order.resting.modify {
                // which of two changes that followed each other was taken, the answer does not say
                ModifyState::Taken(change, at) => {
                    report.quantity >= change.quantity
                        || (now - at >= CHANGE_WAIT && report.quantity == order.filled)
                }
                // a change that is wanted may have been made, and its answer lost with the process
                ModifyState::Wanted(change, _) => {
                    (order.resting.doubted || report.quantity >= change.quantity)
                        && report.quantity == order.filled
                }
                ModifyState::None => order.resting.doubted && report.quantity == order.filled,
            }
    }

    /// Returns the rupees that charges are taken of.
    fn turnover(&self, report: &Report) -> Money {
        let per_lot = Decimal::from(self.instrument.per_lot(self.spec).max(1));
        let worth = report.value.times(self.spec.point_value.get());
        Money::new(worth.get().checked_div(per_lot).unwrap_or_default())
    }
}

/// Returns the sum of price times lots of the whole lots in a sum of price times ordered units.
fn points(value: Money, (lots, units): (Lots, Quantity)) -> Points {
    let whole = value.get() * lots.decimal();
    let cost = whole.checked_div(units.decimal()).unwrap_or_default();
    Points::new(cost.round_dp(8))
}

/// Returns why what an entry has filled is taken out at once: it was filled at or through its own
/// stop, or it came after its leg was closed or its entry given up for an exit.
fn unwanted(entry: &Intent, leg: Option<&Leg>, risk: Money) -> Option<ExitReason> {
    let closed = leg.filter(|leg| !leg.is_open());
    let given_up = matches!(entry.end, Some((IntentEnd::Superseded, _)));
    if risk <= Money::ZERO {
        Some(ExitReason::Stop)
    } else if closed.is_some() || given_up {
        Some(
            closed
                .and_then(|leg| leg.reason)
                .unwrap_or(ExitReason::Signal),
        )
    } else {
        None
    }
}

/// Returns the money between what a leg cost and its stop; not positive when filled through it.
fn risk_of(
    direction: Direction,
    held: (Points, Lots),
    goal: &OpenGoal,
    point_value: PointValue,
) -> Money {
    let at_stop = Points::new(goal.stop.get() * held.1.decimal());
    let risked = match direction {
        Direction::Long => held.0 - at_stop,
        Direction::Short => at_stop - held.0,
    };
    risked.value(Lots::ONE, point_value)
}
