//! Ends that the clock brings: positions of the day are squared off, contracts are left.
//!
//! Both are exits on our own initiative: none is started while frozen, and each is sized from its
//! leg.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::Decision;
use super::exit::Out;
use crate::domain::book::{Intent, Leg};
use crate::domain::calendar::{SquareOff, exchange_day};
use crate::domain::fact::{CancelWhy, Code, ExitReason, Fact};
use crate::domain::ids::Purpose;
use crate::domain::input::TradingState;
use crate::domain::instrument::{ContractId, InstrumentIx};
use crate::domain::order::Product;

impl Decision<'_> {
    /// Takes out what its day or its contract no longer allows.
    pub(super) fn ends(&mut self) {
        let book = self.view.book;
        for leg in book.legs.values().filter(|leg| leg.is_open()) {
            let end = self.end_of((leg.contract, leg.product), leg.opened_at);
            let frozen = || book.state_of(leg.contract.instrument) == TradingState::Frozen;
            if let Some(reason) = end.filter(|_| !frozen()) {
                self.take_leg_out(leg, reason);
            }
        }
        for intent in book.open_intents() {
            if self.is_ending(intent) {
                continue;
            }
            let end = self.end_of((intent.contract, intent.product), intent.at);
            if end.is_some() && intent.opens() {
                self.give_up(intent, CancelWhy::Wait);
            } else if end.is_some() && self.is_over(intent.contract) {
                self.end_exit_of_over(intent);
            }
        }
        self.late();
    }

    /// Returns why something taken at `since` must be out by now.
    fn end_of(
        &self,
        (contract, product): (ContractId, Product),
        since: DateTime<Utc>,
    ) -> Option<ExitReason> {
        let rules = self.view.rules;
        let exit_by = rules.instruments.exit_by(contract, &rules.calendar);
        if exit_by.is_some_and(|at| at <= self.view.now) || self.is_over(contract) {
            return Some(ExitReason::Expiry);
        }
        let window = self.day_trade((contract, product), since)?;
        (window.start <= self.view.now).then_some(ExitReason::SquareOff)
    }

    /// Returns the square-off of the day something was taken on, for positions of the day.
    pub(super) fn day_trade(
        &self,
        (contract, product): (ContractId, Product),
        since: DateTime<Utc>,
    ) -> Option<SquareOff> {
        if product != Product::Mis {
            return None;
        }
        let rules = self.view.rules;
        let exchange = rules.instruments.get(contract.instrument)?.exchange;
        rules.calendar.square_off(exchange, exchange_day(since))
    }

    /// Says once a day that an instrument is not flat and should be.
    fn late(&mut self) {
        let book = self.view.book;
        let mut said: BTreeSet<InstrumentIx> = BTreeSet::new();
        for leg in book.legs.values().filter(|leg| leg.is_open()) {
            let Some((code, theirs)) = self.lateness(leg) else {
                continue;
            };
            let (instrument, day) = (leg.contract.instrument, self.view.today());
            let known = book.instruments.get(&instrument).and_then(|one| one.late);
            if known == Some(day) || !said.insert(instrument) {
                continue;
            }
            self.say(Fact::FindingMade {
                instrument: Some(instrument),
                order: None,
                code,
                ours: format!("leg {} holds {} lots", leg.id, leg.lots),
                theirs,
            });
            self.say(Fact::SquareOffLate { instrument, day });
        }
    }

    /// Returns what a leg that should not be held any more is called, and until when it should have
    /// been.
    fn lateness(&self, leg: &Leg) -> Option<(Code, String)> {
        if self.is_over(leg.contract) {
            return Some((Code("contract_over"), self.waits_for_the_broker(leg)));
        }
        let window = self.day_trade((leg.contract, leg.product), leg.opened_at)?;
        let by = || format!("flat by {}", crate::domain::calendar::ist(window.flat_by));
        (window.flat_by <= self.view.now).then(|| (Code("square_off_late"), by()))
    }

    /// Takes all of a leg out on our own initiative, unless that is under way; the exit is named
    /// after the leg.
    pub(super) fn take_leg_out(&mut self, leg: &Leg, reason: ExitReason) {
        let exit = self.view.book.exit_of(leg.id);
        let leaving = exit.is_some_and(|exit| exit.leaving(leg.lots) == leg.lots);
        let said = |fact: &Fact| {
            let new = fact.approval();
            new.is_some_and(|one| one.leg == leg.id && one.intent.purpose == Purpose::Exit)
                || matches!(fact, Fact::ExitWidened { intent, .. }
                    if exit.is_some_and(|exit| exit.id == *intent))
        };
        if leaving || self.facts.iter().any(said) {
            return;
        }
        let out = Out {
            cause: leg.id.0,
            signal: None,
            reason,
            by_person: false,
            lots: None,
        };
        self.exit_leg(leg, out, leg.exits);
    }

    /// Returns whether this decision has already ended an entry, or ordered its cancel.
    fn is_ending(&self, entry: &Intent) -> bool {
        self.facts.iter().any(|fact| {
            matches!(fact, Fact::IntentClosed { intent, .. } if *intent == entry.id)
                || matches!(fact, Fact::CancelWanted { order, .. } if order.intent == entry.id)
        })
    }
}
