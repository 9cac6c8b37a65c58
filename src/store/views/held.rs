//! What is held, with its worth at the last prices seen.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::bars;
use crate::domain::book::{self, Book};
use crate::domain::calendar::{Session, exchange_day};
use crate::domain::ids::Purpose;
use crate::domain::money::{Lots, Money, Points};
use crate::domain::order::Direction;
use crate::domain::rules::{ProtectiveStop, Rules};

/// An open position.
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
#[derive(Clone, Debug, Serialize)]
pub struct Position {
    pub id: String,
    pub instrument: String,
    pub contract: String,
    pub direction: &'static str,
    pub product: &'static str,
    pub source: i32,
    pub opened_at: DateTime<Utc>,
    pub lots: u32,
    /// The average entry of what is held, to 4 places.
    pub entry: Option<Decimal>,
    /// The last price seen, and when.
    pub price: Option<Decimal>,
    pub price_at: Option<DateTime<Utc>>,
    /// Who says so: `feed`, `rest`, `bar` or `alert`.
    pub price_source: Option<&'static str>,
    /// The gain of what is held before charges, at that price.
    pub unrealised: Decimal,
    /// The gain after charges of what was given up, and the charges of what is held.
    pub net: Decimal,
    /// What is lost if every stop is hit, measured from the entries.
    pub risk: Decimal,
    pub adds: u32,
    pub legs: Vec<Leg>,
}

/// One entry of a position.
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
#[derive(Clone, Debug, Serialize)]
pub struct Leg {
    pub id: String,
    /// The sender's label: `Long_1`.
    pub layer: String,
    pub base: bool,
    pub lots: u32,
    pub entry: Decimal,
    pub stop: Decimal,
    pub first_stop: Decimal,
    pub target: Option<Decimal>,
    pub atr: Option<Decimal>,
    pub unrealised: Decimal,
    pub risk: Decimal,
    /// What it risked at its entry.
    pub risk_at_entry: Decimal,
    pub charges: Decimal,
    pub opened_at: DateTime<Utc>,
    /// The lots that an order at the broker guards, and the price it wakes at.
    pub guarded: u32,
    pub trigger: Option<Decimal>,
    /// The exit under way, when there is one.
    pub exit: Option<String>,
}

/// Returns what is open.
pub fn positions(book: &Book, rules: &Rules, now: DateTime<Utc>) -> Vec<Position> {
    let open = book.positions.values().filter(|one| one.is_open());
    open.map(|position| of(position, (book, rules), now))
        .collect()
}

fn of(position: &book::Position, (book, rules): (&Book, &Rules), now: DateTime<Utc>) -> Position {
    let held = book.legs_of(position.id);
    let lots = held.iter().fold(Lots::ZERO, |sum, leg| sum.plus(leg.lots));
    let cost: Points = held.iter().map(|leg| leg.cost).sum();
    let mark = book.marks.contracts.get(&position.contract);
    let legs: Vec<Leg> = held
        .iter()
        .map(|held| leg(held, (book, rules), now))
        .collect();
    let instrument = rules.instruments.get(position.contract.instrument);
    Position {
        id: position.id.to_string(),
        instrument: instrument.map_or_else(String::new, |one| one.name.clone()),
        contract: rules.instruments.symbol(position.contract),
        direction: position.direction.word(),
        product: position.product.word(),
        source: position.source.0,
        opened_at: position.opened_at,
        lots: lots.get(),
        entry: average(cost, lots),
        price: mark.map(|mark| mark.quote.price.get().normalize()),
        price_at: mark.map(|mark| mark.quote.at),
        price_source: mark.map(|mark| mark.source.word()),
        unrealised: legs.iter().map(|leg| leg.unrealised).sum(),
        net: position.net.get().normalize(),
        risk: legs.iter().map(|leg| leg.risk).sum(),
        adds: position.adds,
        legs,
    }
}

fn leg(leg: &book::Leg, (book, rules): (&Book, &Rules), now: DateTime<Utc>) -> Leg {
    let spec = rules.instruments.spec(leg.contract, exchange_day(now));
    let distance = leg.direction.gain(leg.stop, leg.entry).max(Points::ZERO);
    let risk = spec.map_or(Money::ZERO, |spec| {
        distance.value(leg.lots, spec.point_value)
    });
    let side = match leg.direction {
        Direction::Long => "Long",
        Direction::Short => "Short",
    };
    let plain = |amount: Money| amount.get().normalize();
    let guard = book.guard_of(leg);
    Leg {
        id: leg.id.to_string(),
        layer: format!("{side}_{}", leg.layer.0),
        base: leg.base,
        lots: leg.lots.get(),
        entry: leg.entry.get().normalize(),
        stop: leg.stop.get().normalize(),
        first_stop: leg.first_stop.get().normalize(),
        target: leg.target.map(|price| price.get().normalize()),
        atr: leg.atr.map(|points| points.get().normalize()),
        unrealised: plain(book.unrealised(leg, rules, now)),
        risk: plain(risk),
        risk_at_entry: plain(leg.risk),
        charges: plain(leg.charges),
        opened_at: leg.opened_at,
        guarded: guard.map_or(0, |(lots, _)| lots.get()),
        trigger: guard.map(|(_, trigger)| trigger.get().normalize()),
        exit: book.exit_of(leg.id).map(|intent| intent.id.to_string()),
    }
}

fn average(cost: Points, lots: Lots) -> Option<Decimal> {
    let average = cost.get().checked_div(lots.decimal())?;
    Some(average.round_dp(4).normalize())
}

/// Returns the open legs, or the parts of them, that no order at the broker guards.
pub(super) fn unguarded(book: &Book, rules: &Rules) -> Vec<String> {
    let open = book.legs.values().filter(|leg| leg.is_open());
    let parts = open.filter_map(|leg| {
        let guarded = book.guard_of(leg).map_or(Lots::ZERO, |(lots, _)| lots);
        let bare = leg.lots.less(guarded);
        (!bare.is_zero()).then(|| {
            let symbol = rules.instruments.symbol(leg.contract);
            format!("{bare} lots of {symbol}, leg {}", leg.id)
        })
    });
    parts.collect()
}

/// Returns whose stop nothing guards now, a sentence each, while its exchange trades: no order at
/// the broker where one should rest, or no fresh price to watch it by.
pub fn unwatched(book: &Book, rules: &Rules, now: DateTime<Utc>) -> Vec<String> {
    let mut all = Vec::new();
    for leg in book.legs.values().filter(|leg| leg.is_open()) {
        let instrument = rules.instruments.get(leg.contract.instrument);
        let trades = instrument
            .is_some_and(|one| rules.calendar.session_at(one.exchange, now) == Session::Continuous);
        if !trades {
            continue;
        }
        let symbol = rules.instruments.symbol(leg.contract);
        let guarded = book.guard_of(leg).map_or(Lots::ZERO, |(lots, _)| lots);
        let bare = leg.lots.less(guarded);
        let rests = rules.stops.protective_stop != ProtectiveStop::Off;
        if rests && !bare.is_zero() {
            let what = format!("{bare} lots of {symbol}, leg {}", leg.id);
            all.push(format!("legs: no order at the broker guards {what}"));
        }
        let mark = book.marks.contracts.get(&leg.contract);
        let fresh = mark.is_some_and(|mark| now - mark.quote.at <= rules.timing.mark_age);
        if !fresh {
            let watched = format!("legs: no fresh price of {symbol}");
            all.push(format!(
                "{watched}: nobody watches the stop of leg {}",
                leg.id
            ));
        }
    }
    all.extend(unbarred(book, rules, now));
    all
}

/// How long after everybody's turn to bring a closed bar nobody is asked after it.
const BAR_PATIENCE: TimeDelta = TimeDelta::seconds(60);

/// Says of which contracts a closed bar was not brought by anybody: stops are not judged at it.
fn unbarred(book: &Book, rules: &Rules, now: DateTime<Utc>) -> Vec<String> {
    let patience = rules.bars.alert_wait + rules.bars.history_wait + BAR_PATIENCE;
    let lacks = |due: &bars::Due| {
        let closed = due.spans.first()?.to;
        let symbol = rules.instruments.symbol(due.contract);
        let text = format!("legs: nobody brings the bar of {symbol} that closed at {closed}");
        (now - closed > patience).then_some(text)
    };
    bars::due(book, rules, now)
        .iter()
        .filter_map(lacks)
        .collect()
}

/// Returns what is traded of each instrument now, by its name: entries and exits under way.
pub(super) fn working(book: &Book, rules: &Rules) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    let pursued = book.open_intents();
    for intent in pursued.filter(|one| one.id.purpose != Purpose::Protective) {
        let instrument = rules.instruments.get(intent.contract.instrument);
        let name = instrument.map_or_else(String::new, |one| one.name.clone());
        *all.entry(name).or_default() += 1;
    }
    all
}
