//! Recorded back-tests, played alert by alert through the whole core: sizing, gates, orders, fills
//! and book.
//!
//! The recorded system books without charges and at the price of the alert, so this desk does too.
//! What it books otherwise than ours (an exit twice, an add of another size) is put on the account
//! or taken from it after each exit, so that every entry is judged on the equity of its record.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use rust_decimal::Decimal;
use serde_json::Value;
use torana::domain::decide::{Answer, answer};
use torana::domain::fact::{Fact, Goal};
use torana::domain::gates::Size;
use torana::domain::ids::Cause;
use torana::domain::input::{Command, Input, Operator};
use torana::domain::instrument::{Instrument, InstrumentIx, InstrumentKind, Instruments};
use torana::domain::market::{Tick, TickTable};
use torana::domain::money::{Lots, Money, Percent, Points, Price, Ratio};
use torana::domain::order::Direction;
use torana::domain::rules::Rules;
use torana::domain::signal::{Ask, Layer, Signal, SourceId, Which};
use torana::history::world::{Seen, Start, Witness, World};

use super::{number, records, world};

/// Alerts whose answer differs: why, and how many.
type Differences = BTreeMap<&'static str, usize>;

const OTHER_SIZE: &str = "D9: an add is sized here, there it has the lots its alert names";
const OTHER_SIZE_OUT: &str = "the exit of such an add";
const NO_MARGIN: &str = "D5: an add for which the margin in use leaves none";
const NO_PROFIT: &str = "D2: an add of which no lot fits the profit that may be risked again";
const NOT_MADE_OUT: &str = "the exit of an add that was not made here";
const OLDER_ENTRY: &str = "an add that is far enough from the entry before one not made here";
const OLDER_ENTRY_OUT: &str = "the exit of such an add, which there closes an old leg again";
const CLOSED_AGAIN: &str = "D7: an exit of what is closed books its gain again there";

/// What differs of Gold's 740 alerts.
const GOLD: [(&str, usize); 2] = [(OTHER_SIZE, 2), (OTHER_SIZE_OUT, 2)];

/// What differs of Bank Nifty's 1,400.
const BANK_NIFTY: [(&str, usize); 8] = [
    (OTHER_SIZE, 202),
    (OTHER_SIZE_OUT, 202),
    (NO_MARGIN, 23),
    (NO_PROFIT, 11),
    (NOT_MADE_OUT, 34),
    (OLDER_ENTRY, 2),
    (OLDER_ENTRY_OUT, 2),
    (CLOSED_AGAIN, 126),
];

/// Keeps the facts since it was asked last.
#[derive(Default)]
struct Facts(Vec<Fact>);

impl Witness for Facts {
    fn fact(&mut self, fact: &Fact, _seen: Seen<'_>) {
        self.0.push(fact.clone());
    }
    fn day(&mut self, _seen: Seen<'_>) {}
    fn price(&mut self, _instrument: InstrumentIx, _price: Price) {}
}

/// Returns rules under which no charge, no tick and no contract's end moves a number.
pub(crate) fn rules() -> Rules {
    let mut rules = world::rules();
    let plain = |one: &Instrument| {
        let mut one = one.clone();
        one.kind = InstrumentKind::Equity;
        for spec in &mut one.specs {
            spec.ticks = TickTable::flat(Tick::new(Decimal::new(1, 4)).unwrap());
        }
        one
    };
    let all = rules.instruments.iter().map(|(_, one)| plain(one));
    rules.instruments = Instruments::new(all.collect(), Vec::new()).unwrap();
    rules.portfolio.margin_cap = Percent::new(Decimal::ONE_HUNDRED);
    for limits in &mut rules.per_instrument {
        limits.max_adds = 5;
    }
    rules
}

fn decimal(record: &Value, key: &str) -> Decimal {
    number(record[key].as_number().unwrap())
}

fn signal(record: &Value, instrument: InstrumentIx, place: usize) -> Signal {
    let direction = Direction::Long;
    let layer = Layer(u8::try_from(record["layer"].as_u64().unwrap()).unwrap());
    let ask = match record["kind"].as_str().unwrap() {
        "base" => Ask::Enter { direction, layer },
        "add" => Ask::Add { direction, layer },
        _ => Ask::Exit(Which::Layer(direction, layer)),
    };
    let given = |key: &str| record[key].as_number().map(number);
    let mut id = [0; 10];
    id[..8].copy_from_slice(&u64::try_from(place).unwrap().to_be_bytes());
    Signal {
        id: Cause::from_bytes(id),
        source: SourceId(1),
        ask,
        instrument,
        contract: None,
        product: None,
        price: Price::new(decimal(record, "price")),
        stop: given("stop").and_then(Price::new),
        target: None,
        atr: given("atr").map(Points::new),
        er: given("er").map(Ratio::new),
        at: world::noon() + TimeDelta::minutes(i64::try_from(place).unwrap()),
        bar: None,
        opened_before: None,
        id_reused: false,
        profile: None,
    }
}

/// A desk over which the alerts of a record go.
struct Run<'r> {
    world: World<'r, Facts>,
    instrument: InstrumentIx,
    differences: Differences,
}

impl<'r> Run<'r> {
    fn new(rules: &'r Rules, name: &str) -> Self {
        let start = Start {
            capital: Money::rupees(5_000_000),
            at: world::noon(),
            slippage: Decimal::ZERO,
            barred: std::collections::BTreeSet::new(),
        };
        Self {
            world: World::new(rules, start, Facts::default()),
            instrument: rules.instruments.by_name(name).unwrap(),
            differences: Differences::new(),
        }
    }

    fn differs(&mut self, why: &'static str) {
        *self.differences.entry(why).or_default() += 1;
    }

    /// Plays one alert and holds the answer against the recorded one.
    fn take(&mut self, record: &Value, place: usize) {
        let signal = signal(record, self.instrument, place);
        self.world.witness.0.clear();
        self.world.pass(signal.at);
        self.world.mark(signal.instrument, signal.price.unwrap());
        self.world.take(&Input::Signal(Box::new(signal)));
        let facts = std::mem::take(&mut self.world.witness.0);
        let said = answer(&facts).unwrap();
        match record["kind"].as_str().unwrap() {
            "base" => base(record, said, &facts),
            "add" => self.add(record, said, &facts),
            _ => {
                self.exit(record, said, &facts);
                self.level(record, place);
            }
        }
    }

    fn add(&mut self, record: &Value, said: Answer, facts: &[Fact]) {
        let recorded = record["verdict"].as_str().unwrap();
        match (recorded, said) {
            ("one_r", Answer::Rejected(code)) if code.0 == "one_r_not_passed" => {}
            ("spacing", Answer::Rejected(code)) if code.0 == "spacing_too_small" => {}
            ("spacing", Answer::Accepted) => {
                self.differs(OLDER_ENTRY);
            }
            ("accepted", Answer::Accepted) => {
                let lots = facts.iter().find_map(Fact::approval).unwrap().lots;
                let given = Lots::new(u32::try_from(record["lots"].as_u64().unwrap()).unwrap());
                if lots != Some(given) {
                    self.differs(OTHER_SIZE);
                }
            }
            ("accepted", Answer::Rejected(code)) => self.differs(match code.0 {
                "margin" => NO_MARGIN,
                "risk_budget" => NO_PROFIT,
                other => panic!("{other}: {record}"),
            }),
            (_, said) => panic!("{said:?}: {record}"),
        }
    }

    fn exit(&mut self, record: &Value, said: Answer, facts: &[Fact]) {
        let again = record["verdict"] == "again";
        if again && said == Answer::Accepted {
            return self.differs(OLDER_ENTRY_OUT);
        }
        if said != Answer::Accepted {
            self.differs(if again { CLOSED_AGAIN } else { NOT_MADE_OUT });
            return;
        }
        let gross: Money = facts.iter().filter_map(gross).sum();
        let price = record["price"].as_number().map(number).unwrap();
        assert_eq!(self.world.price_of(self.instrument).unwrap().get(), price);
        if gross.get() != decimal(record, "pnl") {
            self.differs(OTHER_SIZE_OUT);
        }
    }

    /// Brings the account to what is recorded after an exit.
    fn level(&mut self, record: &Value, place: usize) {
        let after = decimal(record, "equity_after");
        let apart = after - self.world.book().desk.realised.get();
        if apart.is_zero() {
            return;
        }
        let mut id = [1; 10];
        id[..8].copy_from_slice(&u64::try_from(place).unwrap().to_be_bytes());
        self.world.take(&Input::Operator(Box::new(Operator {
            id: Cause::from_bytes(id),
            by: "records".to_owned(),
            why: "it was recorded".to_owned(),
            order: Command::Cash(Money::new(apart)),
        })));
        assert_eq!(self.world.book().desk.realised.get(), after, "{record}");
    }
}

/// A base entry agrees whole: its answer, its lots, what bound them, and the arithmetic.
fn base(record: &Value, said: Answer, facts: &[Fact]) {
    assert_eq!(said, Answer::Accepted, "{record}");
    let approval = facts.iter().find_map(Fact::approval).unwrap();
    let lots = record["lots"].as_u64().unwrap();
    assert_eq!(u64::from(approval.lots.unwrap().get()), lots, "{record}");
    let Goal::Open(goal) = &approval.goal else {
        panic!("{record}");
    };
    let Size::Base(size) = goal.trace.size.unwrap() else {
        panic!("{record}");
    };
    assert_eq!(size.limiter.word(), record["limiter"], "{record}");
    assert_eq!(goal.trace.equity.sizing.get(), decimal(record, "equity"));
    assert_eq!(goal.price.get(), decimal(record, "price"), "{record}");
}

/// Returns what a fact says was gained.
fn gross(fact: &Fact) -> Option<Money> {
    match fact {
        Fact::LegReduced(reduction) => Some(reduction.gross),
        _ => None,
    }
}

fn play(file: &str, name: &str) -> (usize, Differences) {
    let rules = rules();
    let all = records(file);
    let mut run = Run::new(&rules, name);
    for (record, place) in all.iter().zip(1_usize..) {
        run.take(record, place);
    }
    (all.len(), run.differences)
}

#[test]
fn the_recorded_gold_back_test_agrees_entry_by_entry_and_exit_by_exit() {
    let (all, differences) = play("backtest_merged_gold.jsonl", "GOLD_MINI");
    assert_eq!(all, 740);
    assert_eq!(differences, GOLD.into());
}

#[test]
fn the_recorded_bank_nifty_back_test_agrees_but_for_what_is_named() {
    let (all, differences) = play("backtest_merged_bn.jsonl", "BANK_NIFTY");
    assert_eq!(all, 1400);
    assert_eq!(differences, BANK_NIFTY.into());
}
