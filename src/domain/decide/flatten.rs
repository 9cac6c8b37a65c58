//! Everything is taken out: pursued as time passes, until all has been flat for a while.
//!
//! 1. It is a fact of the desk, so a restart goes on with it; while it runs nothing enters.
//! 2. What fills meanwhile is taken out too. Nothing here sends twice: exits pursue flat by
//!    themselves, this only sees to it that everything has one.
//! 3. What is not out is said, at once in semi-automatic mode, else again and again, ever rarer.
//!    While all its markets are closed nothing can change: it is said once then, and again when one
//!    of them has opened and it is still not out.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::Decision;
use super::exit::Out;
use crate::domain::book::{Flatten, Intent, Leg, OrderState};
use crate::domain::calendar::Session;
use crate::domain::fact::{Code, ExitReason, Fact};
use crate::domain::input::{ExitWhat, Operator, Scope, TradingState};
use crate::domain::order::Exchange;

/// How often the pause between two reports doubles: 30 s become 16 min.
const REPORTS_DOUBLED_MAX: u32 = 5;

/// What a person has to know about OpenAlgo's semi-automatic mode.
const SEMI_AUTO: &str = "OpenAlgo is in semi-automatic mode: nothing can be cancelled there, so no exit leaves while a stop rests, and each that leaves waits until a person approves it there: switch OpenAlgo to automatic";

impl Decision<'_> {
    /// Stops what comes in and takes out what is there; the passing of time sees to the rest.
    pub(super) fn flatten(&mut self, operator: &Operator) {
        let running = self.view.book.desk.flatten.is_some();
        if !running {
            self.say(Fact::FlattenStarted {
                id: operator.id,
                by: operator.by.clone(),
                why: operator.why.clone(),
            });
        }
        // In a person's name, so that no limit that ends lets anything in again.
        if self.view.book.desk.state != TradingState::Frozen && !running {
            self.say(Fact::TradingStateSet {
                scope: Scope::Desk,
                state: TradingState::Reducing,
                by: operator.by.clone(),
                why: operator.why.clone(),
            });
        }
        self.exit_ordered(operator, ExitWhat::All, None);
        if self.view.book.desk.semi_auto && !running {
            let (id, left) = (operator.id, SEMI_AUTO.to_owned());
            self.say(Fact::FlattenLeft { id, left });
        }
    }

    /// Sees to it that everything has an exit, and says where all stands.
    pub(super) fn pursue_flat(&mut self) {
        let book = self.view.book;
        let Some(flatten) = &book.desk.flatten else {
            return;
        };
        let before = self.facts.len();
        let out = |cause| Out {
            cause,
            signal: None,
            reason: ExitReason::Kill,
            by_person: true,
            lots: None,
        };
        self.exit_everything(out, |_| true);
        if self.facts.len() > before {
            return;
        }
        let left = self.left();
        if left.is_empty() {
            if self.view.now - self.flat_since(flatten) >= self.view.rules.timing.flat_for {
                let id = flatten.id;
                let code = self.code_of_the_end();
                self.say(Fact::FlattenEnded { id, code });
            }
            return;
        }
        let waits = book
            .live_orders()
            .any(|order| order.state == OrderState::Queued);
        let at_once = flatten.said == 0 && (waits || book.desk.semi_auto);
        if at_once || self.is_to_be_said(flatten) {
            let (id, left) = (flatten.id, left.join("; "));
            self.say(Fact::FlattenLeft { id, left });
        }
    }

    /// Returns whether what is left is to be said again.
    fn is_to_be_said(&self, flatten: &Flatten) -> bool {
        let (view, report) = (self.view, self.view.rules.timing.flat_report);
        let exchanges = self.exchanges_left();
        let calendar = &view.rules.calendar;
        let trades = |at| {
            let open = |one: &Exchange| calendar.session_at(*one, at) == Session::Continuous;
            exchanges.iter().any(open)
        };
        let opened = exchanges
            .iter()
            .filter_map(|one| calendar.next_open(*one, flatten.at))
            .any(|at| at + report <= view.now);
        let pause = flatten.said.saturating_sub(1).min(REPORTS_DOUBLED_MAX);
        let over = view.now >= flatten.at + report * (1_i32 << pause);
        match (flatten.said, trades(view.now)) {
            (0, _) => over,
            (_, true) => over || (opened && !trades(flatten.at)),
            (_, false) => over && trades(flatten.at),
        }
    }

    /// Returns the exchanges on which anything is left.
    fn exchanges_left(&self) -> BTreeSet<Exchange> {
        let (book, instruments) = (self.view.book, &self.view.rules.instruments);
        let legs = book.legs.values().filter(|leg| leg.is_open());
        let held = legs.map(|leg| leg.contract);
        let all = held.chain(book.open_intents().map(|one| one.contract));
        all.filter_map(|one| Some(instruments.get(one.instrument)?.exchange))
            .collect()
    }

    /// Returns since when nothing has been held, wanted or at work.
    fn flat_since(&self, flatten: &Flatten) -> DateTime<Utc> {
        let book = self.view.book;
        let legs = book.legs.values().filter_map(|leg| leg.closed_at);
        let orders = book.orders.values().filter_map(|order| order.closed_at);
        let intents = book.intents.values().filter_map(|one| Some(one.end?.1));
        let newest = legs.chain(orders).chain(intents).max();
        newest.map_or(flatten.at, |at| at.max(flatten.at))
    }

    /// Returns whether all is flat, or all but what nobody can take out any more.
    fn code_of_the_end(&self) -> Code {
        let mut legs = self.view.book.legs.values();
        let over = legs.any(|leg| leg.is_open() && self.is_over(leg.contract));
        Code(if over { "contract_over" } else { "flat" })
    }

    /// Returns what is not out and can be taken out, a sentence each.
    fn left(&self) -> Vec<String> {
        let book = self.view.book;
        let legs = book.legs.values();
        let legs = legs.filter(|leg| leg.is_open() && !self.is_over(leg.contract));
        let mut left: Vec<String> = legs.map(|leg| self.leg_left(leg)).collect();
        let coming = book.open_intents().filter(|one| one.opens());
        left.extend(coming.map(|one| format!("entry {}: {}", one.id, self.standing(one))));
        let unheld = |one: &&Intent| {
            let held = book.legs.get(&one.leg).is_some_and(Leg::is_open);
            !one.opens() && !held
        };
        let exits = book.open_intents().filter(unheld);
        left.extend(exits.map(|one| format!("exit {}: {}", one.id, self.standing(one))));
        if book.desk.semi_auto && !left.is_empty() {
            left.insert(0, SEMI_AUTO.to_owned());
        }
        left
    }

    fn leg_left(&self, leg: &Leg) -> String {
        let symbol = self.view.rules.instruments.symbol(leg.contract);
        let exit = self.view.book.exit_of(leg.id);
        let stands = exit.map_or_else(|| "it has no exit".to_owned(), |exit| self.standing(exit));
        format!("{symbol} {} {} lots: {stands}", leg.direction, leg.lots)
    }

    /// Says where the order of a goal stands.
    fn standing(&self, intent: &Intent) -> String {
        let rules = self.view.rules;
        let Some(order) = self.view.book.live_order(intent.id) else {
            return "its next order is not out yet".to_owned();
        };
        let id = order.id;
        match order.state {
            OrderState::Wanted => {
                let instrument = rules.instruments.get(order.contract.instrument);
                let open = instrument.is_some_and(|one| {
                    let session = rules.calendar.session_at(one.exchange, self.view.now);
                    session == Session::Continuous
                });
                if !open {
                    format!("order {id} waits until its market opens")
                } else if self.view.book.rests_in_the_way(intent) {
                    format!(
                        "order {id} waits until the order that rests at the broker is cancelled, which is not confirmed"
                    )
                } else {
                    format!("order {id} has not left yet")
                }
            }
            OrderState::Sending { .. } => format!("order {id} is being sent"),
            OrderState::Sent => format!("order {id} is at the broker and not filled"),
            OrderState::Queued => {
                format!("order {id} WAITS FOR A PERSON AT OPENALGO: approve it there")
            }
            OrderState::Uncertain => format!("nobody knows whether order {id} arrived"),
            OrderState::Closed(_) => format!("order {id} is over"),
        }
    }
}
