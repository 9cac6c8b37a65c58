//! The end of the day: two looks before the close, what both agree on, and the end of what is left.
//!
//! 1. Each phase of a close is judged once, whatever restarts; the book remembers the newest.
//! 2. One look leads to at most one entry of an instrument, and one input to at most one entry at
//!    all: the next is judged on the book that the first has left.
//! 3. An entry passes the gates like any other; an exit takes its size from its legs.

use chrono::{DateTime, TimeDelta, Utc};

use super::Decision;
use crate::domain::book::{CancelState, InstrumentState, Leg, OrderState};
use crate::domain::calendar::exchange_day;
use crate::domain::close::{EodJudgement, EodMove, EodPhase, EodState};
use crate::domain::fact::{CancelWhy, Code, ExitReason, Fact};
use crate::domain::gates::{self, Entry, EntryKind};
use crate::domain::ids::IntentId;
use crate::domain::input::TradingState;
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::{Points, Price};
use crate::domain::order::Direction;
use crate::domain::rules::EodExit;
use crate::domain::signal::{Ask, Layer, Scout, Signal};

/// How old the freshest look may be.
const LOOK_AGE: TimeDelta = TimeDelta::seconds(20);

/// How long before the close each phase begins.
const PHASES: [(EodPhase, TimeDelta); 3] = [
    (EodPhase::Marketable, TimeDelta::seconds(15)),
    (EodPhase::Execute, TimeDelta::seconds(30)),
    (EodPhase::Look, TimeDelta::seconds(45)),
];

/// One instrument shortly before a close.
#[derive(Clone, Copy)]
struct Case<'a> {
    instrument: InstrumentIx,
    known: &'a InstrumentState,
    look: &'a Scout,
    close: DateTime<Utc>,
}

impl Decision<'_> {
    /// Judges every close that has come near.
    pub(super) fn eod(&mut self) {
        for (instrument, known) in &self.view.book.instruments {
            if let Some(state) = known.eod {
                self.eod_rest(*instrument, state);
            }
            let Some(look) = &known.look else {
                continue;
            };
            let Some(close) = self.eod_close(*instrument, look) else {
                continue;
            };
            let case = Case {
                instrument: *instrument,
                known,
                look,
                close,
            };
            match phase_at(self.view.now, close) {
                Some(phase) if case.judged() >= Some(phase) => {}
                Some(EodPhase::Look) => self.eod_look(case),
                Some(EodPhase::Execute) => self.eod_execute(case),
                Some(EodPhase::Marketable | EodPhase::Close) | None => {}
            }
        }
    }

    /// Returns the close that a look of today belongs to; none where the chart's last bar ends
    /// before the contract's close, as the alert of that bar is the decision then.
    fn eod_close(&self, ix: InstrumentIx, look: &Scout) -> Option<DateTime<Utc>> {
        let today = self.view.today();
        let calendar = &self.view.rules.calendar;
        let instrument = self.view.rules.instruments.get(ix)?;
        if exchange_day(look.at) != today {
            return None;
        }
        let close = calendar.eod_close(instrument.exchange, today)?;
        let chart = instrument.signal_symbol.as_ref();
        let charted = chart.and_then(|chart| calendar.eod_close(chart.exchange, today));
        charted
            .is_none_or(|charted| charted >= close)
            .then_some(close)
    }

    /// The first look.
    fn eod_look(&mut self, case: Case<'_>) {
        let would = self.eod_would(case);
        let why = Code(if would.is_some() {
            "eod_looked"
        } else {
            "eod_silent"
        });
        self.say(Fact::EodJudged(Box::new(EodJudgement {
            phase: EodPhase::Look,
            would: would.unwrap_or(EodMove::Nothing),
            ..case.nothing(why)
        })));
    }

    /// The second look: what both agree on is done.
    fn eod_execute(&mut self, case: Case<'_>) {
        let first = case
            .known
            .eod
            .filter(|state| state.close == case.close)
            .map(|state| state.would);
        let second = self.eod_would(case);
        let (does, why) = match (first, second) {
            (None, _) | (_, None) => (EodMove::Nothing, "eod_silent"),
            (Some(EodMove::Nothing), Some(EodMove::Nothing)) => (EodMove::Nothing, "eod_nothing"),
            (Some(one), Some(other)) if one == other => (one, "eod_agreed"),
            (Some(EodMove::Nothing), Some(_)) => (EodMove::Nothing, "eod_condition_new"),
            (Some(_), Some(_)) => (EodMove::Nothing, "eod_condition_gone"),
        };
        let judged = EodJudgement {
            would: second.unwrap_or(EodMove::Nothing),
            ..case.nothing(Code(why))
        };
        match does {
            EodMove::Nothing => self.say(Fact::EodJudged(Box::new(judged))),
            EodMove::Exit => self.eod_exit(case, judged),
            EodMove::Long => self.eod_enter(case, judged, (EntryKind::Base, Direction::Long)),
            EodMove::Short => self.eod_enter(case, judged, (EntryKind::Base, Direction::Short)),
            EodMove::Add => {
                let held = self.view.book.position_in(case.instrument);
                let direction = held.map_or(Direction::Long, |one| one.direction);
                self.eod_enter(case, judged, (EntryKind::Add, direction));
            }
        }
    }

    /// Returns what the freshest look asks for; nothing when it is too old.
    fn eod_would(&self, case: Case<'_>) -> Option<EodMove> {
        let look = case.look;
        if self.view.now - look.at > LOOK_AGE {
            return None;
        }
        let Some(held) = self.view.book.position_in(case.instrument) else {
            return Some(match (look.long_entry, look.short_entry) {
                (true, false) => EodMove::Long,
                (false, true) => EodMove::Short,
                (true, true) | (false, false) => EodMove::Nothing,
            });
        };
        let more = match held.direction {
            Direction::Long => look.long_entry,
            Direction::Short => look.short_entry,
        };
        Some(if !self.eod_leaving(look).is_empty() {
            EodMove::Exit
        } else if more {
            EodMove::Add
        } else {
            EodMove::Nothing
        })
    }

    /// Returns the legs that a look takes out.
    fn eod_leaving(&self, look: &Scout) -> Vec<&Leg> {
        let (book, rules) = (self.view.book, self.view.rules);
        let Some(held) = book.position_in(look.instrument) else {
            return Vec::new();
        };
        let leaves = |leg: &Leg| match rules.close.eod_exit {
            EodExit::Off => false,
            EodExit::Stop => self
                .eod_price(look)
                .is_some_and(|price| leg.direction.gain(leg.stop, price) <= Points::ZERO),
            EodExit::Supertrend => match look.supertrend {
                Some(line) => leg.direction.gain(line, look.price) < Points::ZERO,
                None => match leg.direction {
                    Direction::Long => look.long_exit,
                    Direction::Short => look.short_exit,
                },
            },
        };
        let legs = book.legs_of(held.id).into_iter();
        legs.filter(|leg| leaves(leg)).collect()
    }

    /// Returns a look's price on the contract that is held.
    fn eod_price(&self, look: &Scout) -> Option<Price> {
        let instrument = self.view.rules.instruments.get(look.instrument)?;
        if instrument.signal_symbol.is_none() {
            return Some(look.price);
        }
        let (book, age) = (self.view.book, self.view.rules.timing.basis_age);
        let held = book.position_in(look.instrument)?;
        let contract = book.marks.contracts.get(&held.contract)?.quote;
        let chart = book.marks.charts.get(&look.instrument)?;
        let fresh = self.view.now - contract.at <= age && self.view.now - chart.at <= age;
        let shift = fresh.then(|| contract.price - chart.price)?;
        look.price.moved(shift)
    }

    /// An entry or add through the gates; its stop comes from the average true range.
    fn eod_enter(
        &mut self,
        case: Case<'_>,
        mut judged: EodJudgement,
        (kind, direction): (EntryKind, Direction),
    ) {
        let entered = |fact: &Fact| {
            fact.approval()
                .is_some_and(|one| one.intent.purpose.opens())
        };
        if self.facts.iter().any(entered) {
            return; // it is judged on the book that the other entry leaves
        }
        let layer = self.eod_layer(case.instrument);
        let signal = signal_of(case.look, (kind, direction, layer));
        let Some(entry) = Entry::of(self.view, &signal, kind, (direction, layer)) else {
            judged.why = Code("unknown_instrument");
            return self.say(Fact::EodJudged(Box::new(judged)));
        };
        match gates::approve(&entry) {
            Ok(approved) => {
                let before = self.facts.len();
                self.open_until(&signal, (direction, layer), (approved, case.close));
                let made = self.facts.iter().skip(before).find_map(Fact::approval);
                judged.intent = made.map(|one| one.intent);
                judged.does = judged.would;
                self.facts.insert(before, Fact::EodJudged(Box::new(judged)));
            }
            Err(rejected) => {
                judged.why = rejected.code;
                judged.trace = Some(rejected.trace);
                self.say(Fact::EodJudged(Box::new(judged)));
            }
        }
    }

    fn eod_layer(&self, instrument: InstrumentIx) -> Layer {
        let held = self.view.book.position_in(instrument);
        let legs = held.map_or_else(Vec::new, |one| self.view.book.legs_of(one.id));
        let highest = legs.iter().map(|leg| leg.layer.0).max();
        Layer(highest.unwrap_or(0).saturating_add(1))
    }

    fn eod_exit(&mut self, case: Case<'_>, mut judged: EodJudgement) {
        if self.view.book.state_of(case.instrument) == TradingState::Frozen {
            judged.why = Code("frozen");
            return self.say(Fact::EodJudged(Box::new(judged)));
        }
        judged.does = EodMove::Exit;
        self.say(Fact::EodJudged(Box::new(judged)));
        let legs: Vec<Leg> = self.eod_leaving(case.look).into_iter().cloned().collect();
        for leg in &legs {
            self.take_leg_out(leg, ExitReason::Eod);
        }
    }

    /// What the second look sent and is not filled: priced anew, then given up at the close.
    fn eod_rest(&mut self, instrument: InstrumentIx, state: EodState) {
        let Some(phase) = phase_at(self.view.now, state.close) else {
            return;
        };
        let open = state.intent.and_then(|id| self.view.book.intents.get(&id));
        let Some(intent) = open.filter(|intent| intent.is_open() && intent.opens()) else {
            return;
        };
        if state.phase >= phase || phase < EodPhase::Marketable {
            return;
        }
        self.say(Fact::EodJudged(Box::new(EodJudgement {
            instrument,
            close: state.close,
            phase,
            would: state.does,
            does: EodMove::Nothing,
            why: Code("eod_unfilled"),
            signal: intent.signal,
            intent: state.intent,
            trace: None,
        })));
        match phase {
            EodPhase::Close => {
                self.give_up(intent, CancelWhy::Wait);
            }
            EodPhase::Marketable => self.eod_reprice(intent.id),
            EodPhase::Look | EodPhase::Execute => {}
        }
    }

    fn eod_reprice(&mut self, intent: IntentId) {
        let works =
            self.view.book.live_order(intent).filter(|order| {
                order.state == OrderState::Sent && order.cancel == CancelState::None
            });
        if let Some(order) = works {
            let (order, why) = (order.id, CancelWhy::Reprice);
            self.say(Fact::CancelWanted { order, why });
        }
    }
}

impl Case<'_> {
    /// Returns the newest phase of this close that was judged.
    fn judged(&self) -> Option<EodPhase> {
        let state = self.known.eod.filter(|state| state.close == self.close);
        state.map(|state| state.phase)
    }

    /// Returns a second look that does nothing.
    fn nothing(&self, why: Code) -> EodJudgement {
        EodJudgement {
            instrument: self.instrument,
            close: self.close,
            phase: EodPhase::Execute,
            would: EodMove::Nothing,
            does: EodMove::Nothing,
            why,
            signal: Some(self.look.id),
            intent: None,
            trace: None,
        }
    }
}

/// Returns the phase of a close that a moment lies in.
fn phase_at(now: DateTime<Utc>, close: DateTime<Utc>) -> Option<EodPhase> {
    let left = close - now;
    if left <= TimeDelta::zero() {
        return Some(EodPhase::Close);
    }
    let begun = PHASES.into_iter().find(|(_, before)| left <= *before);
    begun.map(|(phase, _)| phase)
}

/// Returns the request to trade that a look comes to.
fn signal_of(look: &Scout, (kind, direction, layer): (EntryKind, Direction, Layer)) -> Signal {
    Signal {
        id: look.id,
        source: look.source,
        ask: match kind {
            EntryKind::Base => Ask::Enter { direction, layer },
            EntryKind::Add => Ask::Add { direction, layer },
        },
        instrument: look.instrument,
        contract: None,
        product: look.product,
        price: Some(look.price),
        stop: None,
        target: None,
        atr: look.atr,
        er: look.er,
        at: look.at,
        bar: None,
        opened_before: None,
        id_reused: false,
        profile: look.profile.clone(),
    }
}
