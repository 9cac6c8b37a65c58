//! The second look at a fresh price, and what an add needs.
//!
//! `execution` records ask whether an order may leave at the broker's price, and with how many
//! lots. Ours is asked the same through the decision at dispatch: the equity is the one of which the
//! recorded lots are exactly the risk allowed at the signal's price. `condition` records ask the
//! gates of an add.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::Value;
use torana::domain::book::Equity;
use torana::domain::fact::{Approval, Fact, Goal, OpenGoal};
use torana::domain::gates::{ADD, BASE, EntryKind, Trace, View};
use torana::domain::ids::{IntentId, LegId, OrderId, PositionId, Purpose};
use torana::domain::input::{Command, ExitWhat};
use torana::domain::instrument::InstrumentIx;
use torana::domain::money::{Lots, Money, Price, Ratio};
use torana::domain::order::{Direction, Product};
use torana::domain::rules::Rules;
use torana::domain::signal::{Layer, SourceId};

use super::gates::{entry, lots, passes, price};
use super::play::{Held, Play};
use super::records;
use super::world::{contract, noon, percent, rules};

/// How many records there are, so that none goes missing.
const RECORDED: usize = 256;

/// Records that are answered otherwise than recorded, on purpose: their group, how many of it, what
/// was recorded, what we say, and why. Ordered by group and answers.
const DIFFERENCES: &[(&str, usize, &str, &str, &str)] = &[
    (
        "config:no_adjust BASE_ENTRY",
        1,
        "execution_validated",
        "leaves less",
        AGAIN,
    ),
    (
        "edge:B500 BASE_ENTRY",
        3,
        "execution_validated",
        "too_near_stop",
        NEAR,
    ),
    (
        "edge:B500 EXIT",
        3,
        "exit_price_too_unfavorable",
        "leaves whole",
        EXIT,
    ),
    ("edge:B500 EXIT", 6, "exit_validated", "leaves whole", EXIT),
    (
        "edge:B500 PYRAMID",
        2,
        "execution_validated",
        "leaves whole",
        BUDGET,
    ),
    (
        "edge:B500 PYRAMID",
        1,
        "execution_validated",
        "too_near_stop",
        NEAR,
    ),
    (
        "edge:divergence_limit EXIT",
        3,
        "exit_price_too_unfavorable",
        "leaves whole",
        EXIT,
    ),
    (
        "edge:divergence_limit EXIT",
        1,
        "exit_validated",
        "leaves whole",
        EXIT,
    ),
    (
        "edge:divergence_limit PYRAMID",
        1,
        "execution_validated",
        "leaves whole",
        BUDGET,
    ),
    (
        "edge:lots BASE_ENTRY",
        2,
        "execution_validated",
        "risk",
        NO_LOT,
    ),
    (
        "edge:pnl_exactly_zero_passes",
        3,
        "conditions_met",
        "not_in_profit",
        PROFIT,
    ),
    ("random", 1, "conditions_met", "one_r_not_passed", FLOATS),
    ("random", 4, "conditions_met", "position_open", ONE_BASE),
    (
        "random BASE_ENTRY",
        3,
        "execution_validated",
        "too_near_stop",
        NEAR,
    ),
    (
        "random EXIT",
        3,
        "exit_price_too_unfavorable",
        "leaves whole",
        EXIT,
    ),
    ("random EXIT", 11, "exit_validated", "leaves whole", EXIT),
    (
        "random PYRAMID",
        8,
        "execution_validated",
        "leaves whole",
        BUDGET,
    ),
    (
        "random PYRAMID",
        2,
        "execution_validated",
        "too_near_stop",
        NEAR,
    ),
];

const AGAIN: &str = "D2: the whole sizing is repeated at the quote, there is no switch";
const BUDGET: &str = "D11: an add is shrunk by its own budget, not by the growth of its risk";
const EXIT: &str = "an exit leaves whole whatever the market, it pursues flat";
const FLOATS: &str = "D1: a move of exactly 1 R is not more than 1 R";
const NEAR: &str = "less than half of the way to the stop is left: charges and noise eat it";
const NO_LOT: &str = "D2: fewer than one lot is none, no smallest order is made up";
const ONE_BASE: &str = "D7: a second base entry is refused";
const PROFIT: &str = "open profit must be more than nothing";

#[test]
fn recorded_validations_agree_or_differ_on_purpose() {
    let records = records("validator.jsonl");
    assert_eq!(records.len(), RECORDED);
    let mut found: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for record in &records {
        let (recorded, ours) = match record["kind"].as_str().unwrap() {
            "execution" => (recorded_execution(record), execution(record)),
            _ => (recorded_condition(record), condition(record)),
        };
        if recorded.0 != ours.0 || recorded.1 != ours.1 {
            let tag = record["tag"].as_str().unwrap();
            let tag = match record["kind"].as_str().unwrap() {
                "execution" => format!("{tag} {}", record["in"]["signal_type"].as_str().unwrap()),
                _ => tag.to_owned(),
            };
            *found.entry((tag, recorded.2, ours.2)).or_default() += 1;
        }
    }
    let found: Vec<_> = found
        .iter()
        .map(|((tag, recorded, ours), count)| (&**tag, *count, &**recorded, &**ours))
        .collect();
    let listed = DIFFERENCES
        .iter()
        .map(|(tag, count, recorded, ours, _)| (*tag, *count, *recorded, *ours));
    assert_eq!(found, listed.collect::<Vec<_>>());
}

/// Whether it passed, with how many lots, and in a word.
type Answer = (bool, Option<Lots>, String);

fn recorded_execution(record: &Value) -> Answer {
    let validation = &record["out"]["validation"];
    let valid = validation["is_valid"] == true;
    let leaves = valid.then(|| lots(&record["out"]["adjusted_lots"]));
    (valid, leaves, word(validation["reason"].as_str()))
}

fn recorded_condition(record: &Value) -> Answer {
    let out = &record["out"];
    let valid = out["is_valid"] == true;
    (valid, None, word(out["reason"].as_str()))
}

/// Returns a recorded reason without its figures.
fn word(reason: Option<&str>) -> String {
    let Some(reason) = reason else {
        return "error".to_owned();
    };
    let named = reason.split('_').take_while(|part| {
        part.trim_start_matches('-')
            .starts_with(char::is_alphabetic)
            || *part == "1r"
    });
    named.collect::<Vec<_>>().join("_")
}

/// Asks whether an order of the recorded lots may leave at the broker's price.
fn execution(record: &Value) -> Answer {
    let given = &record["in"];
    let ix = instrument(&given["instrument"]);
    let (signal, stop) = (price(&given["price"]), price(&given["stop"]));
    let (Some(signal), Some(stop), Some(quote)) = (signal, stop, price(&given["broker_price"]))
    else {
        return (false, None, "invalid".to_owned());
    };
    let asked = lots(&given["original_lots"]);
    let kind = given["signal_type"].as_str().unwrap();
    let facts = match kind {
        "EXIT" => leave(ix, (asked, signal, stop), quote),
        _ => enter(ix, (asked, signal, stop), (quote, kind == "PYRAMID")),
    };
    let claim = facts.iter().find_map(Fact::claim);
    if let Some(claim) = claim {
        let all = claim.lots == asked;
        let said = if all { "leaves whole" } else { "leaves less" };
        return (true, Some(claim.lots), said.to_owned());
    }
    let closed = facts.iter().find_map(|fact| match fact {
        Fact::IntentClosed { why, .. } => Some(why.word().to_owned()),
        _ => None,
    });
    (false, None, closed.unwrap_or_else(|| "stays".to_owned()))
}

/// Sends an exit of what is held.
fn leave(ix: InstrumentIx, held: (Lots, Price, Price), quote: Price) -> Vec<Fact> {
    let (lots, entry, stop) = held;
    let mut play = Play::new(rules(), Money::rupees(10_000_000));
    let leg = play.hold(Held {
        ix,
        base: true,
        lots,
        entry,
        stop,
        atr: None,
    });
    let facts = play.order(Command::Exit(ExitWhat::Leg(leg), None));
    let order = wanted(&facts);
    play.dispatch(order, quote)
}

/// Sends an entry, or an add to a base leg twice its size that pays for it.
fn enter(
    ix: InstrumentIx,
    (lots, price, stop): (Lots, Price, Price),
    (quote, add): (Price, bool),
) -> Vec<Fact> {
    let mut rules = rules();
    rules.portfolio.margin_cap = percent(1_000_000);
    let point_value = rules.instruments.get(ix).unwrap().specs[0].point_value;
    let risked = price.distance(stop).value(lots, point_value);
    let mut play = Play::new(rules, risked.times(Decimal::ONE_HUNDRED));
    if add {
        play.hold(Held {
            ix,
            base: true,
            lots: lots.plus(lots),
            entry: Price::new(Decimal::ONE).unwrap(),
            stop: Price::new(Decimal::ONE).unwrap(),
            atr: None,
        });
    }
    let purpose = if add { Purpose::Add } else { Purpose::Entry };
    let cause = play.cause();
    let intent = IntentId::of(cause, purpose);
    let position = play.book.position_in(ix).map(|one| one.id);
    let order = OrderId { intent, number: 1 };
    play.fold(&[
        Fact::IntentApproved(Box::new(Approval {
            intent,
            signal: None,
            contract: contract(ix),
            direction: Direction::Long,
            product: Product::Nrml,
            position: position.unwrap_or(PositionId(cause)),
            leg: LegId(cause),
            lots: Some(lots),
            valid_until: None,
            by_person: false,
            goal: Goal::Open(Box::new(OpenGoal {
                layer: Layer(if add { 2 } else { 1 }),
                price,
                stop,
                target: None,
                atr: None,
                er: Ratio::ONE,
                cap: None,
                source: SourceId(1),
                profile: None,
                trace: Arc::new(no_trace()),
            })),
        })),
        Fact::OrderWanted {
            order,
            lots,
            not_before: None,
        },
    ]);
    play.dispatch(order, quote)
}

fn no_trace() -> Trace {
    Trace {
        kind: EntryKind::Base,
        profile: None,
        contract: None,
        price: None,
        stop: None,
        basis: None,
        market: None,
        atr: None,
        er: Ratio::ONE,
        equity: Equity::default(),
        size: None,
        decided: None,
        verdicts: Vec::new(),
    }
}

fn wanted(facts: &[Fact]) -> OrderId {
    let order = facts.iter().find_map(|fact| match fact {
        Fact::OrderWanted { order, .. } => Some(*order),
        _ => None,
    });
    order.unwrap()
}

/// Asks what an add needs, in our order; of a base entry whether it is the first. Nothing is asked of
/// an exit.
fn condition(record: &Value) -> Answer {
    let given = &record["in"];
    let signal = &given["signal"];
    let ix = instrument(&signal["instrument"]);
    let mut play = Play::new(rules(), Money::rupees(10_000_000));
    let none = Vec::new();
    for leg in given["positions"].as_array().unwrap_or(&none) {
        hold(&mut play, ix, leg);
    }
    let kind = signal["signal_type"].as_str().unwrap();
    let (gates, asked): (_, &[&str]) = match kind {
        "PYRAMID" => (
            ADD,
            &[
                "no_position",
                "base_leg_closed",
                "one_r_not_passed",
                "not_in_profit",
            ],
        ),
        "BASE_ENTRY" => (BASE, &["position_open"]),
        _ => (ADD, &[]),
    };
    let (view, kind) = (
        View {
            book: &play.book,
            rules: &play.rules,
            now: noon(),
        },
        if kind == "PYRAMID" {
            EntryKind::Add
        } else {
            EntryKind::Base
        },
    );
    let mut entry = entry(view, kind, ix);
    entry.price = price(&signal["price"]);
    entry.stop = price(&signal["stop"]);
    entry.position = play.book.position_in(ix);
    entry.base_leg = entry
        .position
        .and_then(|position| play.book.base_leg(position.id));
    let failed = asked.iter().find(|code| !passes(gates, code, &entry));
    let said = failed.map_or("passes", |code| *code);
    (failed.is_none(), None, said.to_owned())
}

/// Holds a recorded leg; a closed one is opened and taken out at its entry.
fn hold(play: &mut Play, ix: InstrumentIx, leg: &Value) {
    let held = Held {
        ix,
        base: leg["is_base"] == true,
        lots: lots(&leg["lots"]),
        entry: price(&leg["entry"]).unwrap(),
        stop: price(&leg["initial_stop"]).unwrap(),
        atr: None,
    };
    let id = play.hold(held);
    if leg["status"] != "open" {
        let facts = play.order(Command::Exit(ExitWhat::Leg(id), None));
        play.fill(wanted(&facts), held.entry);
    }
}

fn instrument(name: &Value) -> InstrumentIx {
    let rules: Rules = rules();
    rules.instruments.by_name(name.as_str().unwrap()).unwrap()
}
