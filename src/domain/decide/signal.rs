//! What a signal leads to: an entry through the gates, an exit of what is held, or a record.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Decision;
use crate::domain::book::Position;
use crate::domain::fact::{Approval, Code, ExitReason, Fact, Goal, OpenGoal};
use crate::domain::gates::{self, Approved, Entry, EntryKind};
use crate::domain::ids::{IntentId, LegId, PositionId, Purpose};
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::{Lots, Quantity};
use crate::domain::order::{Direction, Side};
use crate::domain::rules::OnExisting;
use crate::domain::signal::{Ask, Expected, Layer, Scout, Signal, TradeWord, Which};

/// The label of a leg that its sender did not label.
const FIRST_LAYER: Layer = Layer(1);

/// A plain order, as its alert put it.
#[derive(Clone, Copy)]
struct Trade {
    word: TradeWord,
    quantity: Option<Quantity>,
    expected: Option<Expected>,
}

impl Decision<'_> {
    pub(super) fn signal(&mut self, signal: &Signal) {
        match signal.ask {
            Ask::Enter { direction, layer } => {
                self.enter(signal, EntryKind::Base, (direction, layer));
            }
            Ask::Add { direction, layer } => {
                self.enter(signal, EntryKind::Add, (direction, layer));
            }
            Ask::Exit(which) => {
                self.exit_signal(signal, which);
                if which == Which::All {
                    self.end_reversal(signal.instrument);
                }
            }
            Ask::Trade {
                word,
                quantity,
                position_size,
            } => {
                let trade = Trade {
                    word,
                    quantity,
                    expected: position_size,
                };
                self.trade(signal, trade);
                self.end_reversal(signal.instrument);
            }
        }
    }

    /// A newer word on the instrument takes the place of a reversal that still waits.
    pub(super) fn end_reversal(&mut self, instrument: InstrumentIx) {
        let Some(waiting) = self.view.book.reversals.get(&instrument) else {
            return;
        };
        let signal = waiting.signal.id;
        let renewed = self
            .facts
            .iter()
            .any(|fact| matches!(fact, Fact::ReversalWaiting { .. }));
        let ended = Fact::ReversalEnded {
            instrument,
            signal,
            code: Code("superseded"),
            trace: None,
        };
        // A new reversal of the same instrument is said last, so that it stands.
        let place = self.facts.len().saturating_sub(usize::from(renewed));
        self.facts.insert(place, ended);
    }

    /// Writes an end-of-day look down.
    pub(super) fn scout(&mut self, scout: &Scout) {
        self.say(Fact::SignalRecorded {
            signal: scout.id,
            code: Code("eod_viewed"),
        });
        self.say(Fact::EodViewed(Box::new(scout.clone())));
    }

    fn enter(&mut self, signal: &Signal, kind: EntryKind, side: (Direction, Layer)) {
        let quantity = match signal.ask {
            Ask::Trade { quantity, .. } => quantity,
            Ask::Enter { .. } | Ask::Add { .. } | Ask::Exit(_) => None,
        };
        let Some(mut entry) = Entry::of(self.view, signal, kind, side) else {
            let code = Code("unknown_instrument");
            return self.say(Fact::SignalRejected {
                signal: signal.id,
                code,
                trace: None,
            });
        };
        entry.cap_at(quantity);
        match gates::approve(&entry) {
            Ok(approved) => {
                self.accept(signal);
                self.open(signal, side, approved);
            }
            Err(rejected) => self.say(Fact::SignalRejected {
                signal: signal.id,
                code: rejected.code,
                trace: Some(rejected.trace),
            }),
        }
    }

    pub(super) fn accept(&mut self, signal: &Signal) {
        self.say(Fact::SignalAccepted {
            signal: signal.id,
            source: signal.source,
            instrument: signal.instrument,
            at: signal.moment(),
        });
    }

    /// Writes an approved entry down, with its first order.
    pub(super) fn open(&mut self, signal: &Signal, side: (Direction, Layer), approved: Approved) {
        let until = self.view.now + self.view.rules.timing.intent_validity;
        self.open_until(signal, side, (approved, until));
    }

    /// The same for one that may wait until a moment of its own.
    pub(super) fn open_until(
        &mut self,
        signal: &Signal,
        side: (Direction, Layer),
        (approved, until): (Approved, DateTime<Utc>),
    ) {
        let kind = approved.kind();
        let figures = approved.figures().clone();
        let (purpose, position) = match (kind, self.view.book.position_in(signal.instrument)) {
            (EntryKind::Add, Some(position)) => (Purpose::Add, position.id),
            (EntryKind::Add, None) | (EntryKind::Base, _) => {
                (Purpose::Entry, PositionId(signal.id))
            }
        };
        let intent = IntentId::of(signal.id, purpose);
        self.say(Fact::IntentApproved(Box::new(Approval {
            intent,
            signal: Some(signal.id),
            contract: figures.contract,
            direction: side.0,
            product: figures.product,
            position,
            leg: LegId(signal.id),
            lots: Some(figures.lots),
            valid_until: Some(until),
            by_person: false,
            goal: Goal::Open(Box::new(OpenGoal {
                layer: side.1,
                price: figures.price,
                stop: figures.stop,
                target: signal.target,
                atr: figures.atr,
                er: figures.er,
                cap: figures.cap,
                source: signal.source,
                profile: signal.profile.clone(),
                trace: Arc::from(approved.into_trace()),
            })),
        })));
        self.say(Fact::OrderWanted {
            order: intent.order(1),
            lots: figures.lots,
            not_before: None,
        });
    }

    /// Reads a plain order against what is held.
    fn trade(&mut self, signal: &Signal, trade: Trade) {
        let held = self.view.book.position_in(signal.instrument);
        let coming = self.view.book.entries_of(signal.instrument).next();
        let direction = held
            .map(|one| one.direction)
            .or(coming.map(|one| one.direction));
        match (direction, trade.word) {
            (None, TradeWord::Close) => self.already_flat(signal),
            (None, TradeWord::Side(side)) => self.trade_flat(signal, side, trade.expected),
            (Some(_), TradeWord::Close) => self.exit_signal(signal, Which::All),
            // It expects to be flat after opening more of what we hold: it speaks of another position.
            (Some(direction), TradeWord::Side(side))
                if side == direction.opening() && trade.expected == Some(Expected::Flat) =>
            {
                let code = Code("contradicts_position");
                self.say(Fact::SignalRecorded {
                    signal: signal.id,
                    code,
                });
            }
            (Some(direction), TradeWord::Side(side)) if side == direction.opening() => {
                self.trade_more(signal, direction, held);
            }
            (Some(direction), TradeWord::Side(_)) => self.trade_less(signal, direction, trade),
        }
    }

    fn already_flat(&mut self, signal: &Signal) {
        self.say(Fact::SignalRecorded {
            signal: signal.id,
            code: Code("already_flat"),
        });
    }

    /// Nothing is held: an opening word opens, an opposite word is an exit that came too late.
    fn trade_flat(&mut self, signal: &Signal, side: Side, expected: Option<Expected>) {
        let opens = match (side, expected) {
            (_, Some(Expected::Flat))
            | (Side::Buy, Some(Expected::Short))
            | (Side::Sell, Some(Expected::Long)) => false,
            (Side::Buy, Some(Expected::Long) | None) | (Side::Sell, Some(Expected::Short)) => true,
            (Side::Sell, None) => signal.stop.is_some(),
        };
        if opens {
            self.enter(signal, EntryKind::Base, (Direction::of(side), FIRST_LAYER));
        } else {
            self.already_flat(signal);
        }
    }

    /// More of what is held.
    fn trade_more(&mut self, signal: &Signal, direction: Direction, held: Option<&Position>) {
        let (view, _) = self.view.under(signal.profile.as_deref());
        let kind = match (view.rules.alerts.on_existing, held) {
            (OnExisting::Add, Some(_)) => EntryKind::Add,
            (OnExisting::Add, None) | (OnExisting::Reject, _) => EntryKind::Base,
        };
        let labels = held.map(|position| self.view.book.legs_of(position.id));
        let highest = labels
            .iter()
            .flatten()
            .map(|leg| leg.layer.0)
            .max()
            .unwrap_or(0);
        self.enter(signal, kind, (direction, Layer(highest.saturating_add(1))));
    }

    /// Less of what is held; one order never crosses zero.
    fn trade_less(&mut self, signal: &Signal, direction: Direction, trade: Trade) {
        let other = match direction {
            Direction::Long => Expected::Short,
            Direction::Short => Expected::Long,
        };
        match (trade.expected, trade.quantity) {
            (Some(expected), _) if expected == other => self.reverse(signal),
            (Some(Expected::Flat), _) | (_, None) => self.exit_signal(signal, Which::All),
            (_, Some(quantity)) => self.reduce_signal(signal, quantity),
        }
    }

    /// Out now, and the other way once flat, judged then on its own.
    fn reverse(&mut self, signal: &Signal) {
        self.exit_signal(signal, Which::All);
        match super::answer(&self.facts) {
            Some(super::Answer::Accepted) => {}
            // The way out is under way: the other half still waits for its end.
            Some(super::Answer::Recorded(_)) => {
                self.facts.clear();
                self.accept(signal);
            }
            Some(super::Answer::Rejected(_)) | None => return,
        }
        self.say(Fact::ReversalWaiting {
            signal: Box::new(self.remaining(signal)),
            until: self.view.now + self.view.rules.timing.intent_validity,
        });
    }

    /// Returns the signal with what its quantity has left after closing what is held: a sender's
    /// order for a reversal counts both halves.
    fn remaining(&self, signal: &Signal) -> Signal {
        let mut rest = signal.clone();
        let book = self.view.book;
        let held: Lots = book
            .position_in(signal.instrument)
            .map_or_else(Vec::new, |one| book.legs_of(one.id))
            .iter()
            .fold(Lots::ZERO, |sum, leg| sum.plus(leg.lots));
        if let Ask::Trade {
            quantity: Some(quantity),
            ..
        } = &mut rest.ask
            && let Some(per_lot) = self.per_lot(signal)
        {
            let left = quantity.less(held.units(per_lot));
            if !left.is_zero() {
                *quantity = left;
            }
        }
        rest
    }

    /// Takes at most `asked` out, oldest leg first.
    fn reduce_signal(&mut self, signal: &Signal, asked: Quantity) {
        let per_lot = self.per_lot(signal);
        let lots = per_lot.map_or(Lots::ZERO, |per_lot| asked.lots(per_lot).0);
        if lots.is_zero() {
            let code = Code("lot_multiple");
            return self.say(Fact::SignalRejected {
                signal: signal.id,
                code,
                trace: None,
            });
        }
        self.exit_held(signal, lots, ExitReason::Signal);
    }

    fn per_lot(&self, signal: &Signal) -> Option<u32> {
        let instrument = self.view.rules.instruments.get(signal.instrument)?;
        let book = self.view.book;
        let held = book.position_in(signal.instrument).map(|one| one.contract);
        let contract = held.or_else(|| {
            let coming = book.entries_of(signal.instrument).next();
            coming.map(|one| one.contract)
        })?;
        let spec = self
            .view
            .rules
            .instruments
            .spec(contract, self.view.today())?;
        Some(instrument.per_lot(spec))
    }
}
