//! What is done with a recorded book: prices are marked, stops moved, legs closed, gates asked.
//!
//! Every operation is the decision that stands for it: a mark is a price the book values its leg at,
//! a stop a person's order, a close an exit that leaves and is filled.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value;
use torana::domain::book::Equity;
use torana::domain::fact::Fact;
use torana::domain::gates::{BASE, EntryKind, Size, View};
use torana::domain::ids::LegId;
use torana::domain::input::{Command, ExitWhat, Mark, PriceSource, Quote};
use torana::domain::money::{Lots, Money, Percent, Points, Price};
use torana::domain::sizing::{Limiter, PyramidSize};

use super::gates::{decimal, entry, lots, passes, points, price};
use super::play::{Held, Play};
use super::records;
use super::world::{contract, noon, rules, spec};

/// How many operations there are, so that none goes missing.
const OPERATIONS: usize = 311;

/// Half a paisa: the records are binary floats.
const FLOAT_ERROR: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// Answers that are others than recorded, on purpose: their group, how many of it differ, which
/// answer, and why. Ordered by group and answer.
const DIFFERENCES: &[(&str, usize, &str, &str)] = &[
    ("edge:blown_up", 1, "allowed", NO_EQUITY),
    ("edge:double_close", 4, "closed_equity", CLOSED),
    ("edge:double_close", 4, "equity after", CLOSED),
    ("edge:double_close", 8, "equity_high", PEAK),
    ("edge:double_close", 4, "returned_pnl", CLOSED),
    ("edge:huge", 1, "risk after", LOOSER),
    ("edge:huge", 1, "stop after", LOOSER),
    ("edge:loss_then_gain_high_water", 8, "equity_high", PEAK),
    ("edge:mark_after_close_ignored", 3, "equity_high", PEAK),
    ("edge:mark_after_close_ignored", 3, "unrealized_pnl", CLOSED),
    ("edge:same_id_overwrites", 1, "equity_high", PEAK),
    ("edge:same_id_overwrites", 1, "legs after", TWO_LEGS),
    ("edge:same_id_overwrites", 1, "risk after", TWO_LEGS),
    ("edge:single", 3, "equity_high", PEAK),
    ("edge:unknown_instrument", 1, "closed_equity", UNKNOWN),
    ("edge:unknown_instrument", 1, "equity after", UNKNOWN),
    ("edge:unknown_instrument", 1, "equity_high", UNKNOWN),
    ("edge:unknown_instrument", 1, "returned_pnl", UNKNOWN),
    ("edge:unknown_instrument", 1, "unrealized_pnl", UNKNOWN),
    ("edge:unrealized_wipes_equity", 1, "allowed", NO_EQUITY),
    ("edge:zero_capital", 1, "allowed", NO_EQUITY),
    ("random", 2, "allowed", NO_ATR),
    ("random", 12, "closed_equity", CLOSED),
    ("random", 9, "equity after", CLOSED),
    ("random", 32, "equity_high", PEAK),
    ("random", 12, "moved", CLOSED),
    ("random", 3, "result of the leg", CLOSED),
    ("random", 12, "returned_pnl", CLOSED),
    ("random", 3, "stop after", CLOSED),
    ("random", 27, "unrealized_pnl", CLOSED),
];

const CLOSED: &str = "D7: what is closed gains nothing, moves no stop and is not closed again";
const LOOSER: &str = "a leg's stop is never looser than its first one";
const NO_ATR: &str = "D8: a leg without ATR counts its first stop's distance, no constant";
const NO_EQUITY: &str = "D4: no limit in percent passes without equity";
const PEAK: &str = "D11: the high water is that of a day's close, not of every exit";
const TWO_LEGS: &str = "D7: a second leg never takes the first one's place";
const UNKNOWN: &str = "D3: an instrument nobody knows cannot be held";

/// A recorded book while it is worked on.
struct Table {
    play: Play,
    /// Legs that could be held, by their recorded names.
    legs: BTreeMap<String, LegId>,
    /// What each open leg gains at its last mark.
    gains: BTreeMap<LegId, Money>,
}

/// Answers of ours that a record has beside its own.
type Compared = Vec<(&'static str, Option<Decimal>, Option<Decimal>)>;

#[test]
fn recorded_operations_end_as_recorded_or_differ_on_purpose() {
    let records = records("portfolio.jsonl");
    let mut found: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut operations = 0;
    for record in &records {
        let tag = record["tag"].as_str().unwrap();
        let mut table = Table::of(record);
        let mut compared = Compared::new();
        for operation in record["ops"].as_array().unwrap() {
            operations += 1;
            compared.extend(table.does(operation, record));
        }
        compared.extend(table.after(record));
        for (name, recorded, ours) in compared {
            let agrees = match (recorded, ours) {
                (Some(recorded), Some(ours)) => (recorded - ours).abs() <= FLOAT_ERROR,
                (recorded, ours) => recorded == ours,
            };
            if !agrees {
                *found.entry((tag, name)).or_default() += 1;
            }
        }
    }
    assert_eq!(operations, OPERATIONS);
    let found: Vec<_> = found
        .into_iter()
        .map(|((tag, name), count)| (tag, count, name))
        .collect();
    let listed = DIFFERENCES
        .iter()
        .map(|(tag, count, name, _)| (*tag, *count, *name));
    assert_eq!(found, listed.collect::<Vec<_>>());
}

impl Table {
    fn of(record: &Value) -> Self {
        let given = &record["in"];
        let capital = Money::new(decimal(&given["initial_capital"]));
        let mut play = Play::new(rules(), capital);
        let (mut legs, mut gains) = (BTreeMap::new(), BTreeMap::new());
        let mut based = BTreeSet::new();
        for leg in given["positions"].as_array().unwrap() {
            let name = leg["instrument"].as_str().unwrap();
            let known = play.rules.instruments.by_name(name);
            // an instrument nobody knows cannot be held, and what is closed holds nothing
            let (Some(ix), true) = (known, leg["status"] == "open") else {
                continue;
            };
            let id = play.hold(Held {
                ix,
                base: based.insert(ix),
                lots: lots(&leg["lots"]),
                entry: price(&leg["entry"]).unwrap(),
                stop: price(&leg["initial_stop"]).unwrap(),
                atr: Some(points(&leg["atr"])).filter(|atr| *atr > Points::ZERO),
            });
            let stop = price(&leg["current_stop"]).unwrap();
            play.order(Command::Stop(id, stop));
            gains.insert(id, Money::new(decimal(&leg["unrealized_pnl"])));
            legs.insert(leg["id"].as_str().unwrap().to_owned(), id);
        }
        Self { play, legs, gains }
    }

    fn does(&mut self, operation: &Value, record: &Value) -> Compared {
        let id = operation["id"].as_str();
        let leg = id.and_then(|id| self.legs.get(id)).copied();
        let leg = leg.filter(|leg| self.play.book.legs[leg].is_open());
        match operation["op"].as_str().unwrap() {
            "mark" => self.marked(leg, operation),
            "stop" => self.stopped(leg, operation),
            "close" => self.closed(leg, operation),
            _ => self.asked(operation, &record["config"]),
        }
    }

    /// Values a leg at a price.
    fn marked(&mut self, leg: Option<LegId>, operation: &Value) -> Compared {
        let gain = leg.map(|id| {
            let quote = quote(price(&operation["price"]).unwrap());
            let leg = &self.play.book.legs[&id];
            let mark = Mark {
                quote,
                margin: None,
                source: PriceSource::Rest,
            };
            let mut book = self.play.book.clone();
            book.marks.contracts.insert(leg.contract, mark);
            let gain = book.unrealised(leg, &self.play.rules, noon());
            self.gains.insert(id, gain);
            gain.get()
        });
        let recorded = optional(&operation["unrealized_pnl_after"]);
        vec![("unrealized_pnl", recorded, gain)]
    }

    /// Puts a stop nearer, never farther.
    fn stopped(&mut self, leg: Option<LegId>, operation: &Value) -> Compared {
        let stop = price(&operation["stop"]).unwrap();
        let facts = leg.map(|leg| self.play.order(Command::Stop(leg, stop)));
        let moved = facts.is_some_and(|facts| !facts.is_empty());
        let recorded = operation["moved"] == true;
        vec![("moved", Some(truth(recorded)), Some(truth(moved)))]
    }

    /// Takes a leg out at a price.
    fn closed(&mut self, leg: Option<LegId>, operation: &Value) -> Compared {
        let before = self.play.book.desk.realised;
        if let Some(leg) = leg {
            let facts = self.play.order(Command::Exit(ExitWhat::Leg(leg), None));
            let wanted = facts.iter().find_map(|fact| match fact {
                Fact::OrderWanted { order, .. } => Some(*order),
                _ => None,
            });
            self.play
                .fill(wanted.unwrap(), price(&operation["price"]).unwrap());
            self.gains.remove(&leg);
        }
        let desk = &self.play.book.desk;
        let returned = (desk.realised - before).get();
        let compared = |name, key: &str, ours| (name, optional(&operation[key]), Some(ours));
        vec![
            compared("returned_pnl", "returned_pnl", returned),
            compared("closed_equity", "closed_equity_after", desk.realised.get()),
            compared("equity_high", "equity_high_after", desk.high_water.get()),
        ]
    }

    /// Asks the gate of a base entry of so much risk and volatility.
    fn asked(&mut self, operation: &Value, config: &Value) -> Compared {
        let equity = self.equity(config);
        let percent = |key: &str| Percent::new(decimal(&config[key]));
        self.play.rules.portfolio.risk = percent("max_portfolio_risk_percent");
        self.play.rules.portfolio.volatility = percent("max_portfolio_vol_percent");
        let ix = self.play.rules.instruments.by_name("GOLD_MINI").unwrap();
        let view = View {
            book: &self.play.book,
            rules: &self.play.rules,
            now: noon(),
        };
        // one lot of a contract worth a thousand rupees a point
        let thousand = spec(1000, 1);
        let in_points = |key: &str| Points::new(decimal(&operation[key]) * Decimal::new(1, 3));
        let stop = Price::new(Decimal::from(10_000)).unwrap();
        let mut entry = entry(view, EntryKind::Base, ix);
        entry.spec = Some(&thousand);
        entry.contract = Some(contract(ix));
        entry.stop = Some(stop);
        entry.price = stop.moved(in_points("risk"));
        entry.atr = Some(in_points("vol"));
        entry.equity = equity;
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
        let recorded = operation["allowed"] == true;
        vec![("allowed", Some(truth(recorded)), Some(truth(allowed)))]
    }

    /// Returns the equity as the record counts open gains.
    fn equity(&self, config: &Value) -> Equity {
        let share = match config["equity_mode"].as_str().unwrap() {
            "closed" => Decimal::ZERO,
            "open" => Decimal::ONE,
            _ => decimal(&config["blended_unrealized_weight"]),
        };
        let open: Money = self.gains.values().copied().sum();
        let measured = self.play.book.desk.realised + open.times(share);
        Equity {
            realised: measured,
            unrealised: Money::ZERO,
            marked: measured,
            sizing: measured,
        }
    }

    /// Compares what the book holds at the end.
    fn after(&self, record: &Value) -> Compared {
        let book = &self.play.book;
        let state = &record["state_after_ops"];
        let exposure = book.exposure(&self.play.rules, noon(), None);
        let open = book.legs.values().filter(|leg| leg.is_open()).count();
        let recorded = |key: &str| optional(&state[key]);
        let mut compared = vec![
            (
                "risk after",
                recorded("total_risk_amount"),
                Some(exposure.risk.get()),
            ),
            (
                "legs after",
                recorded("open_position_count"),
                Some(Decimal::from(open)),
            ),
            (
                "equity after",
                recorded("equity"),
                Some(self.equity(&record["config"]).marked.get()),
            ),
        ];
        for leg in record["positions_after"].as_array().unwrap() {
            let Some(id) = self.legs.get(leg["id"].as_str().unwrap()) else {
                continue;
            };
            let ours = &book.legs[id];
            compared.push((
                "stop after",
                optional(&leg["current_stop"]),
                Some(ours.stop.get()),
            ));
            compared.push((
                "result of the leg",
                optional(&leg["realized_pnl"]),
                Some(ours.gross.get()),
            ));
        }
        compared
    }
}

fn quote(price: Price) -> Quote {
    Quote {
        price,
        bid: None,
        ask: None,
        at: noon(),
    }
}

fn optional(value: &Value) -> Option<Decimal> {
    value.as_number().map(super::number)
}

/// Returns a yes or no as a figure.
fn truth(is: bool) -> Decimal {
    Decimal::from(u8::from(is))
}
