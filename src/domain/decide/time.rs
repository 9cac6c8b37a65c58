//! What the passing of time brings: the day's start, expiries, waits that are over, and the second
//! half of a reversal.

use chrono::{DateTime, TimeDelta, Utc};

use super::Decision;
use crate::domain::book::{CancelState, Intent, Order, OrderState, Reversal};
use crate::domain::fact::{CancelWhy, Code, Fact};
use crate::domain::gates::{self, Entry, EntryKind};
use crate::domain::ids::Purpose;
use crate::domain::input::{Scope, TradingState};
use crate::domain::order::Direction;
use crate::domain::signal::{Ask, Layer, TradeWord};

/// How long a cancel that the broker took may take to show in its books.
const CANCEL_WAIT: TimeDelta = TimeDelta::seconds(5);

/// How many new prices reach further than the one before.
const LADDER: u32 = 2;

/// How often the wait before a new price then doubles: 2 s becomes 32 s.
const REPRICES_DOUBLED_MAX: u32 = 4;

/// A clock that is set back by this much leaves moments behind that have not come yet.
const SET_BACK: TimeDelta = TimeDelta::seconds(60);

impl Decision<'_> {
    /// Says that the clock jumped. One that was set back has let facts become true before their
    /// time: nothing new is opened until a person has looked.
    pub(super) fn clock_jumped(&mut self, by: TimeDelta) {
        let way = if by < TimeDelta::zero() { "back" } else { "on" };
        self.say(Fact::FindingMade {
            instrument: None,
            order: None,
            code: Code("clock_jumped"),
            ours: "time has passed as ever".to_owned(),
            theirs: format!(
                "the computer's clock was set {way} by {} s",
                by.abs().num_seconds()
            ),
        });
        if by <= -SET_BACK {
            self.reduce(Scope::Desk, "clock_jumped");
        }
    }

    pub(super) fn time(&mut self) {
        self.day();
        self.pursue_flat();
        let book = self.view.book;
        // While everything is taken out, entries were given up already.
        let flattening = book.desk.flatten.is_some();
        for intent in book
            .open_intents()
            .filter(|one| !(flattening && one.opens()))
        {
            let Some(order) = book.live_order(intent.id) else {
                continue;
            };
            match order.state {
                OrderState::Wanted => self.wait_unsent(intent),
                OrderState::Sent => self.wait_unfilled(intent, order),
                OrderState::Sending { .. }
                | OrderState::Queued
                | OrderState::Uncertain
                | OrderState::Closed(_) => {}
            }
        }
        for reversal in book.reversals.values() {
            self.second_half(reversal);
        }
        self.guard();
        self.ends();
        self.eod();
        self.rolls();
    }

    /// An entry that could not be sent in time is a different trade.
    fn wait_unsent(&mut self, intent: &Intent) {
        let validity = self.view.rules.timing.intent_validity;
        // one that ends later than it can was decided on by a clock that was ahead
        let over = |until| until <= self.view.now || until - self.view.now > validity + SET_BACK;
        if intent.valid_until.is_some_and(over) {
            self.give_up(intent, CancelWhy::Wait);
        }
    }

    /// An entry that rests too long is cancelled; an exit is priced anew.
    fn wait_unfilled(&mut self, intent: &Intent, order: &Order) {
        if intent.id.purpose == Purpose::Protective {
            return self.doubt_cancel(order);
        }
        let timing = &self.view.rules.timing;
        let (wait, why) = if intent.opens() {
            (timing.entry_wait, CancelWhy::Wait)
        } else {
            // The price ladder has an end: what rests there keeps its place ever longer.
            let vain = self.view.book.rested(order.id).saturating_sub(LADDER);
            let patience = 1_i32 << vain.min(REPRICES_DOUBLED_MAX);
            (timing.exit_reprice * patience, CancelWhy::Reprice)
        };
        let frozen = self.view.book.state_of(order.contract.instrument) == TradingState::Frozen;
        if frozen && !intent.opens() && !intent.by_person {
            // Its next order could not leave: better one that rests than none.
            return;
        }
        self.doubt_cancel(order);
        if !intent.opens() && self.waits_in_a_lock(order) {
            return;
        }
        let over = |since: DateTime<Utc>| {
            self.view.now - since >= wait || since - self.view.now >= SET_BACK
        };
        if order.cancel == CancelState::None && order.sent_at.is_some_and(over) {
            self.say(Fact::CancelWanted {
                order: order.id,
                why,
            });
        }
    }

    /// A cancel that the broker took and that does not show is sent again.
    fn doubt_cancel(&mut self, order: &Order) {
        let late = |at: DateTime<Utc>| self.view.now - at >= CANCEL_WAIT;
        if matches!(order.cancel, CancelState::Taken(_)) && order.not_before.is_some_and(late) {
            self.say(Fact::CancelFailed {
                order: order.id,
                not_before: self.view.now,
                text: "taken, and the order still works".to_owned(),
            });
        }
    }

    /// The entry half of a reversal is judged once the instrument is flat.
    fn second_half(&mut self, reversal: &Reversal) {
        let signal = &reversal.signal;
        let (instrument, id) = (signal.instrument, signal.id);
        let book = self.view.book;
        let busy = book.position_in(instrument).is_some()
            || book
                .open_intents()
                .any(|one| one.contract.instrument == instrument);
        if busy && self.view.now < reversal.until {
            return;
        }
        let side = match signal.ask {
            Ask::Trade {
                word: TradeWord::Side(side),
                ..
            } => Direction::of(side),
            Ask::Trade { .. } | Ask::Enter { .. } | Ask::Add { .. } | Ask::Exit(_) => return,
        };
        let quantity = match signal.ask {
            Ask::Trade { quantity, .. } => quantity,
            Ask::Enter { .. } | Ask::Add { .. } | Ask::Exit(_) => None,
        };
        if busy || self.view.now >= reversal.until {
            let code = Code("expired");
            return self.say(Fact::ReversalEnded {
                instrument,
                signal: id,
                code,
                trace: None,
            });
        }
        let side = (side, Layer(1));
        let Some(mut entry) = Entry::of(self.view, signal, EntryKind::Base, side) else {
            return;
        };
        entry.cap_at(quantity);
        // Its own exit was accepted after it was made: that is no disorder.
        entry.moment = entry.moment.max(self.view.now);
        match gates::approve(&entry) {
            Ok(approved) => {
                let code = Code("accepted");
                self.say(Fact::ReversalEnded {
                    instrument,
                    signal: id,
                    code,
                    trace: None,
                });
                self.open(signal, side, approved);
            }
            Err(rejected) => {
                let (code, trace) = (rejected.code, Some(rejected.trace));
                self.say(Fact::ReversalEnded {
                    instrument,
                    signal: id,
                    code,
                    trace,
                });
            }
        }
    }
}
