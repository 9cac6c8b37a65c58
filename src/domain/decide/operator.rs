//! What a person orders. Each order is a fact with a name and a reason; none goes around the rules
//! that keep an order from being sent twice or an exit from being too large.

use rust_decimal::Decimal;

use super::Decision;
use super::exit::Out;
use crate::domain::book::{Intent, Leg, OrderState};
use crate::domain::fact::{CancelWhy, Code, ExitReason, Fact, LedgerKind, Movement};
use crate::domain::ids::{IntentId, OrderId};
use crate::domain::input::{Command, ExitWhat, Operator, Scope, Settlement, TradingState};
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::{Lots, Money};
use crate::domain::order::BrokerOrderId;

impl Decision<'_> {
    pub(super) fn operator(&mut self, operator: &Operator) {
        let (by, why) = (operator.by.clone(), operator.why.clone());
        match &operator.order {
            // Under a breached limit a person says which limit is to count instead.
            Command::State(Scope::Desk, TradingState::Active)
                if self.view.book.desk.limits.any() => {}
            Command::State(scope, state) => {
                self.call_flatten_off((*scope, *state));
                self.say(Fact::TradingStateSet {
                    scope: *scope,
                    state: *state,
                    by,
                    why,
                });
            }
            Command::Exit(what, lots) => self.exit_ordered(operator, *what, *lots),
            Command::CancelIntent(intent) => self.cancel_ordered(*intent),
            Command::Settle(order, settlement) => self.settle(*order, settlement),
            Command::Cash(amount) => self.cash(*amount),
            Command::Dismiss(finding) => self.dismiss(*finding, operator),
            Command::DayLimit(loss) => self.day_limit(operator, *loss),
            Command::Clear(latch) => self.clear_limit(operator, *latch),
            Command::Confirm(finding, price) => self.confirm(*finding, *price, operator),
            Command::Adopt(adoption) => self.adopt(adoption, operator),
            Command::Flatten => self.flatten(operator),
            Command::Access(access) => self.say(Fact::SourceChanged {
                what: access.what,
                name: access.name.clone(),
                change: access.change,
                detail: access.detail.clone(),
                by,
                why,
            }),
            Command::Roll(instrument) => self.roll_ordered(operator, *instrument),
            Command::Stop(leg, to) => self.stop_ordered(operator, (*leg, *to)),
        }
    }

    /// Whoever lets everything in again has given up that all goes out.
    fn call_flatten_off(&mut self, set: (Scope, TradingState)) {
        if let Some(flatten) = &self.view.book.desk.flatten
            && set == (Scope::Desk, TradingState::Active)
        {
            let (id, code) = (flatten.id, Code("called_off"));
            self.say(Fact::FlattenEnded { id, code });
        }
    }

    pub(super) fn exit_ordered(&mut self, operator: &Operator, what: ExitWhat, lots: Option<Lots>) {
        let book = self.view.book;
        let meant = |instrument: InstrumentIx| match what {
            ExitWhat::All => true,
            ExitWhat::Instrument(only) => only == instrument,
            ExitWhat::Leg(_) => false,
        };
        let mut legs: Vec<&Leg> = book
            .legs
            .values()
            .filter(|leg| leg.is_open())
            .filter(|leg| what == ExitWhat::Leg(leg.id) || meant(leg.contract.instrument))
            .collect();
        legs.sort_by_key(|leg| (leg.opened_at, !leg.base, leg.layer));
        let coming: Vec<&Intent> = book
            .open_intents()
            .filter(|intent| intent.opens())
            .filter(|one| what == ExitWhat::Leg(one.leg) || meant(one.contract.instrument))
            .collect();
        let reason = if what == ExitWhat::All {
            ExitReason::Kill
        } else {
            ExitReason::Operator
        };
        let out = Out {
            cause: operator.id,
            signal: None,
            reason,
            by_person: true,
            lots,
        };
        if lots.is_some() && !legs.is_empty() {
            return self.exit_parts(&legs, out);
        }
        self.exit_all(&legs, &coming, out);
        for instrument in book.reversals.keys().filter(|one| meant(**one)) {
            self.end_reversal(*instrument);
        }
    }

    fn cancel_ordered(&mut self, id: IntentId) {
        let Some(intent) = self.view.book.intents.get(&id).filter(|one| one.is_open()) else {
            return;
        };
        self.give_up(intent, CancelWhy::Operator);
    }

    fn settle(&mut self, id: OrderId, settlement: &Settlement) {
        let Some(order) = self.view.book.orders.get(&id) else {
            return;
        };
        let open = match order.state {
            OrderState::Uncertain | OrderState::Queued => true,
            // One that the broker does not show can be said never to have been there: not one that
            // has filled.
            OrderState::Sent => *settlement == Settlement::NotPlaced && order.filled.is_zero(),
            OrderState::Wanted | OrderState::Sending { .. } | OrderState::Closed(_) => false,
        };
        match settlement {
            _ if !open => {}
            // Another order of ours has that name already.
            Settlement::Placed(broker_id) if self.is_known(broker_id) => {}
            Settlement::Placed(broker_id) => {
                self.say(Fact::OrderSent {
                    order: id,
                    broker_id: broker_id.clone(),
                });
            }
            Settlement::NotPlaced => self.not_placed(order),
        }
    }

    fn is_known(&self, broker_id: &BrokerOrderId) -> bool {
        let mut orders = self.view.book.orders.values();
        orders.any(|order| order.broker_id.as_ref() == Some(broker_id))
    }

    /// Moves money in or out; the high water moves in proportion, so that a drawdown in percent
    /// stays what it was.
    fn cash(&mut self, amount: Money) {
        let desk = &self.view.book.desk;
        let marked = self.view.book.equity(self.view.rules, self.view.now).marked;
        let kind = if amount < Money::ZERO {
            LedgerKind::Withdrawal
        } else {
            LedgerKind::Deposit
        };
        let after = desk.realised + amount;
        self.say(Fact::LedgerMoved(Box::new(Movement {
            kind,
            amount,
            after,
            order: None,
        })));
        let scaled = desk
            .high_water
            .get()
            .checked_mul((marked + amount).get().max(Decimal::ZERO));
        let high_water = scaled
            .filter(|_| marked > Money::ZERO)
            .and_then(|scaled| scaled.checked_div(marked.get()));
        if let Some(high_water) = high_water {
            let high_water = Money::new(high_water).to_paisa();
            self.say(Fact::HighWaterSet { high_water });
        } else {
            self.reduce(Scope::Desk, "the high water could not be scaled");
            self.say(Fact::LimitBreached {
                code: Code("no_equity"),
                value: marked,
                limit: Money::ZERO,
            });
        }
    }
}
