//! The gates of adds and of base entries.
//!
//! The records ask three gates of an add and one of a base entry, with five lots whatever is
//! intended, and on an equity they name. So do we: each question of ours that a record has an
//! answer to is asked alone, with those lots and on that equity.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;
use torana::domain::book::{Book, Equity, Leg, Position};
use torana::domain::fact::StopWhy;
use torana::domain::gates::{ADD, BASE, Basis, Entry, EntryKind, Gate, Judged, Size, View};
use torana::domain::ids::{Cause, LegId, PositionId};
use torana::domain::instrument::InstrumentIx;
use torana::domain::money::{Lots, Money, Percent, Points, Price, Ratio};
use torana::domain::order::{Direction, Product};
use torana::domain::rules::Rules;
use torana::domain::signal::{Layer, SourceId};
use torana::domain::sizing::{Limiter, PyramidSize};

use super::world::{contract, noon, rules, spec};
use super::{number, records};

/// How many records there are, so that none goes missing.
const RECORDS: usize = 426;

/// The lots the recorded system assumed.
const LOTS: Lots = Lots::new(5);

/// Records that are answered otherwise than recorded, on purpose: their group, how many of it
/// differ, in which answer, and why. Ordered by group and answer.
const DIFFERENCES: &[(&str, usize, &str, &str)] = &[
    ("boundary:move_exactly_1R_in_decimals", 4, "allowed", FLOATS),
    (
        "boundary:move_exactly_1R_in_decimals",
        7,
        "instrument_gate",
        FLOATS,
    ),
    (
        "boundary:spacing_half_atr_in_decimals",
        7,
        "allowed",
        FLOATS,
    ),
    (
        "boundary:spacing_half_atr_in_decimals",
        8,
        "instrument_gate",
        FLOATS,
    ),
    ("edge:atr_zero_spacing_zero", 3, "allowed", NO_ATR),
    ("edge:atr_zero_spacing_zero", 3, "instrument_gate", NO_ATR),
    (
        "edge:equity_negative_passes_portfolio_gate",
        2,
        "allowed",
        NO_EQUITY,
    ),
    (
        "edge:equity_negative_passes_portfolio_gate",
        2,
        "portfolio_gate",
        NO_EQUITY,
    ),
    ("edge:equity_not_positive", 2, "allowed", NO_EQUITY),
    (
        "edge:equity_zero_passes_portfolio_gate",
        2,
        "allowed",
        NO_EQUITY,
    ),
    (
        "edge:equity_zero_passes_portfolio_gate",
        2,
        "portfolio_gate",
        NO_EQUITY,
    ),
    (
        "edge:signal_stop_above_price_unblocks",
        3,
        "allowed",
        WRONG_SIDE,
    ),
    (
        "edge:signal_stop_above_price_unblocks",
        3,
        "portfolio_gate",
        WRONG_SIDE,
    ),
    (
        "edge:six_layers_already",
        2,
        "allowed",
        "D2: the most adds is a gate",
    ),
    (
        "random",
        1,
        "allowed",
        "D8: a leg without ATR counts its stop's distance, no constant (pg-0576)",
    ),
];

const FLOATS: &str = "D1: floats miss the exact boundary";
const NO_ATR: &str = "D8: an ATR that is not known spaces nothing";
const NO_EQUITY: &str = "D4: no limit in percent passes without equity";
const WRONG_SIDE: &str = "D4: a stop above the price frees no risk";

/// Our answers to one record, by the recorded names; an answer that was not asked for is absent.
type Answers = BTreeMap<&'static str, bool>;

#[test]
fn recorded_gates_agree_or_differ_on_purpose() {
    let records = records("gates.jsonl");
    assert_eq!(records.len(), RECORDS);
    let mut found: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for record in &records {
        let ours = match record["kind"].as_str().unwrap() {
            "pyramid_gate" => of_add(record),
            _ => of_base(record),
        };
        for (name, ours) in ours {
            // a record without an answer ended in an error, which lets nothing through
            if ours == record["out"][name].as_bool().unwrap_or(false) {
                continue;
            }
            *found
                .entry((record["tag"].as_str().unwrap(), name))
                .or_default() += 1;
            if record["exact"]["agrees"] == false {
                assert_eq!(Some(ours), exact(record, name), "{} {name}", record["id"]);
            }
        }
    }
    let found: Vec<_> = found
        .into_iter()
        .map(|((tag, name), count)| (tag, count, name))
        .collect();
    let listed = DIFFERENCES
        .iter()
        .map(|(tag, count, name, _)| (*tag, *count, *name));
    assert_eq!(found, listed.collect::<Vec<_>>());
}

/// Returns the answer in exact numbers that stands in the record.
fn exact(record: &Value, name: &str) -> Option<bool> {
    let exact = &record["exact"];
    let gates = ["instrument_gate", "portfolio_gate", "profit_gate"];
    match name {
        "allowed" => Some(gates.iter().all(|gate| exact[gate] == true)),
        gate => exact[gate].as_bool(),
    }
}

/// Asks the gates of an add.
fn of_add(record: &Value) -> Answers {
    let given = &record["in"];
    let (signal, config) = (&given["signal"], &record["config"]);
    let mut rules = rules();
    rules.portfolio.add_risk = percent(&config["pyramid_risk_block"]);
    rules.portfolio.add_volatility = percent(&config["pyramid_vol_block"]);
    for limits in &mut rules.per_instrument {
        limits.spacing = Ratio::new(decimal(&config["atr_pyramid_spacing"]));
    }
    let name = given["instrument_arg"].as_str().unwrap();
    let found = rules.instruments.by_name(name);
    let (Some(ix), Some(stop)) = (found, price(&signal["stop"])) else {
        return Answers::from([("allowed", false)]);
    };
    let (book, mut position) = book(given, &rules, name);
    position.contract = contract(ix);
    let mut entry = entry(
        View {
            book: &book,
            rules: &rules,
            now: noon(),
        },
        EntryKind::Add,
        ix,
    );
    entry.price = price(&signal["price"]);
    entry.stop = Some(stop);
    entry.atr = Some(points(&signal["atr"])).filter(|atr| *atr > Points::ZERO);
    entry.position = Some(&position);
    entry.base_leg = book.base_leg(position.id);
    entry.equity = equity(record);
    let in_reach = entry.distance().unwrap() > Points::ZERO;
    entry.size = Some(Size::Add(PyramidSize {
        lots: if in_reach { LOTS } else { Lots::ZERO },
        limiter: if in_reach {
            Limiter::Discipline
        } else {
            Limiter::InvalidRisk
        },
        lot_a: 0,
        lot_b: 0,
        lot_c: 0,
        missing: None,
    }));
    let one_r = config["use_1r_gate"] == false || passes(ADD, "one_r_not_passed", &entry);
    let instrument = one_r && passes(ADD, "spacing_too_small", &entry);
    let portfolio = passes(ADD, "no_equity", &entry)
        && passes(ADD, "portfolio_risk", &entry)
        && passes(ADD, "portfolio_volatility", &entry);
    let profit = passes(ADD, "not_in_profit", &entry);
    let beyond = passes(ADD, "size", &entry) && passes(ADD, "max_pyramids", &entry);
    Answers::from([
        ("instrument_gate", instrument),
        ("portfolio_gate", portfolio),
        ("profit_gate", profit),
        ("allowed", instrument && portfolio && profit && beyond),
    ])
}

/// Asks the gates of a base entry, whose risk and volatility are given in rupees.
fn of_base(record: &Value) -> Answers {
    let given = &record["in"];
    let mut rules = rules();
    rules.portfolio.risk = percent(&record["config"]["max_portfolio_risk_percent"]);
    rules.portfolio.volatility = percent(&record["config"]["max_portfolio_vol_percent"]);
    let ix = rules.instruments.by_name("GOLD_MINI").unwrap();
    let (book, _) = book(given, &rules, "GOLD_MINI");
    let mut entry = entry(
        View {
            book: &book,
            rules: &rules,
            now: noon(),
        },
        EntryKind::Base,
        ix,
    );
    // one lot of a contract worth a thousand rupees a point
    let thousand = spec(1000, 1);
    let in_points = |money: &Value| Points::new(decimal(money) * Decimal::new(1, 3));
    let (risk, volatility) = (
        in_points(&given["new_position_risk"]),
        in_points(&given["new_position_vol"]),
    );
    let stop = Price::new(Decimal::from(10_000)).unwrap();
    entry.spec = Some(&thousand);
    entry.stop = Some(stop);
    entry.price = stop.moved(risk);
    entry.atr = Some(volatility);
    entry.equity = equity(record);
    entry.size = Some(Size::Add(PyramidSize {
        lots: Lots::ONE,
        limiter: Limiter::Discipline,
        lot_a: 0,
        lot_b: 0,
        lot_c: 0,
        missing: None,
    }));
    let asked = ["no_equity", "portfolio_risk", "portfolio_volatility"];
    let allowed = asked.iter().all(|code| passes(BASE, code, &entry));
    Answers::from([("allowed", allowed)])
}

pub(crate) fn passes(gates: &[Gate], code: &str, entry: &Entry<'_>) -> bool {
    let gate = gates.iter().find(|gate| gate.code.0 == code).unwrap();
    match (gate.ask)(entry) {
        Judged::Pass(..) => true,
        Judged::Fail(..) => false,
        Judged::NotAsked => panic!("{code} was not asked"),
    }
}

/// Returns an entry of which nothing is known but its instrument.
pub(crate) fn entry(view: View<'_>, kind: EntryKind, ix: InstrumentIx) -> Entry<'_> {
    let instrument = view.rules.instruments.get(ix).unwrap();
    Entry {
        view,
        kind,
        again: None,
        source: SourceId(1),
        moment: view.now,
        id_reused: false,
        profile: None,
        direction: Direction::Long,
        layer: Layer(9),
        instrument,
        limits: view.rules.of(ix).unwrap(),
        contract: Some(contract(ix)),
        spec: instrument.specs.first(),
        product: Product::Nrml,
        market: None,
        basis: Basis::Same,
        price: None,
        stop: None,
        target: None,
        atr: None,
        layered: true,
        er: Ratio::ONE,
        position: None,
        base_leg: None,
        equity: Equity::default(),
        exposure: view.book.exposure(view.rules, view.now, None),
        margin_per_lot: Money::ZERO,
        cap: None,
        odd_quantity: false,
        size: None,
    }
}

/// Returns a book of the open legs in the record, and the position of those of `asked`.
pub(crate) fn book(given: &Value, rules: &Rules, asked: &str) -> (Book, Position) {
    let mut book = Book::default();
    let base = &given["base_position"];
    let mut adds = 0;
    let held = given["positions"].as_array().unwrap();
    for (place, leg) in (1_u8..).zip(held.iter().filter(|leg| leg["status"] == "open")) {
        let (id, name) = (
            leg["id"].as_str().unwrap(),
            leg["instrument"].as_str().unwrap(),
        );
        // an instrument nobody knows cannot be held
        let Some(ix) = rules.instruments.by_name(name) else {
            continue;
        };
        let is_base = id == base["id"];
        if name == asked && id.contains("_Long_") && !is_base {
            adds += 1;
        }
        let leg = Leg {
            id: LegId(cause(place)),
            position: position_of(name),
            base: is_base,
            layer: Layer(place),
            contract: contract(ix),
            direction: Direction::Long,
            product: Product::Nrml,
            lots: lots(&leg["lots"]),
            opened_lots: lots(&leg["lots"]),
            cost: Points::ZERO,
            entry: price(&leg["entry"]).unwrap(),
            first_stop: price(&leg["initial_stop"]).unwrap(),
            stop: price(&leg["current_stop"]).unwrap(),
            target: None,
            atr: Some(points(&leg["atr"])).filter(|atr| *atr > Points::ZERO),
            best: price(&leg["entry"]).unwrap(),
            risk: Money::ZERO,
            gross: Money::ZERO,
            charges: Money::ZERO,
            exits: 0,
            opened_at: noon(),
            closed_at: None,
            reason: None,
            stop_why: StopWhy::First,
            bar_at: None,
            series: None,
        };
        book.legs.insert(leg.id, leg);
    }
    let somewhere = Price::new(Decimal::ONE).unwrap();
    let position = Position {
        id: position_of(asked),
        contract: contract(rules.instruments.by_name(asked).unwrap()),
        direction: Direction::Long,
        product: Product::Nrml,
        source: SourceId(1),
        opened_at: noon(),
        closed_at: None,
        adds,
        last_entry: price(&given["last_pyramid_price"]).unwrap_or(somewhere),
        base_entry: price(&base["entry"]).unwrap_or(somewhere),
        base_stop: price(&base["initial_stop"]).unwrap_or(somewhere),
        base_risk: Money::ZERO,
        closed_add_loss: Money::ZERO,
        net: Money::ZERO,
    };
    (book, position)
}

/// Returns the equity the record was measured on.
fn equity(record: &Value) -> Equity {
    let given = &record["in"];
    let held = given["positions"].as_array().unwrap();
    let open = held.iter().filter(|leg| leg["status"] == "open");
    let unrealised: Decimal = open.map(|leg| decimal(&leg["unrealized_pnl"])).sum();
    let share = match record["config"]["equity_mode"].as_str().unwrap() {
        "closed" => Decimal::ZERO,
        "open" => Decimal::ONE,
        _ => decimal(&record["config"]["blended_unrealized_weight"]),
    };
    let measured = Money::new(decimal(&given["closed_equity"]) + unrealised * share);
    Equity {
        realised: measured,
        unrealised: Money::ZERO,
        marked: measured,
        sizing: measured,
    }
}

fn position_of(name: &str) -> PositionId {
    PositionId(Cause::from_bytes([name.bytes().next().unwrap(); 10]))
}

fn cause(place: u8) -> Cause {
    Cause::from_bytes([place; 10])
}

pub(crate) fn decimal(value: &Value) -> Decimal {
    number(value.as_number().unwrap())
}

pub(crate) fn price(value: &Value) -> Option<Price> {
    value.as_number().map(number).and_then(Price::new)
}

pub(crate) fn points(value: &Value) -> Points {
    Points::new(decimal(value))
}

fn percent(value: &Value) -> Percent {
    Percent::new(decimal(value))
}

pub(crate) fn lots(value: &Value) -> Lots {
    Lots::new(
        value
            .as_u64()
            .and_then(|lots| lots.try_into().ok())
            .unwrap(),
    )
}
