//! First stops, trails and hits, through the functions that judge bars.
//!
//! Ours is exact and on the tick; here the tick is so small that only the exactness shows. Where the
//! recorded system computed in binary floats, a billionth is no difference.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;
use torana::domain::market::Tick;
use torana::domain::money::{Points, Price, Ratio};
use torana::domain::order::Direction;
use torana::domain::stops::{Closed, Trail, away, is_hit, tighter};

use super::{number, records};

const RECORDS: usize = 241;

/// Records whose hits differ, by group: D6, for ours counts a touch as well.
const HITS: [(&str, usize); 2] = [
    ("edge:exact_touch_then_below", 3),
    ("edge:rise_then_retrace_touch", 1),
];

/// Records whose stops differ, by group: D8, for ours does not move on a range that is not above
/// zero.
const STOPS: [(&str, usize); 2] = [("edge:atr_negative", 3), ("edge:atr_zero", 2)];

/// Records with a close of zero, which is no price and refused at the door.
const UNPRICED: [(&str, usize); 1] = [("edge:single_close_0", 4)];

/// First stops that are none of ours: an ATR that is not above zero is refused at the door (D3), and
/// a stop that is no price is none (D12).
const FIRST: [(&str, usize); 4] = [
    ("edge:atr_2x_entry", 4),
    ("edge:atr_eq_entry", 2),
    ("edge:atr_negative", 4),
    ("edge:atr_zero", 2),
];

fn of_kind(kind: &str) -> Vec<Value> {
    let all = records("stops.jsonl");
    assert_eq!(all.len(), RECORDS);
    all.into_iter().filter(|one| one["kind"] == kind).collect()
}

fn decimal(value: &Value) -> Decimal {
    number(value.as_number().unwrap())
}

fn price(value: &Value) -> Option<Price> {
    Price::new(decimal(value))
}

fn near(ours: Price, recorded: &Value) -> bool {
    (ours.get() - decimal(recorded)).abs() <= Decimal::new(1, 7)
}

fn closed(close: Price, atr: &Value, multiple: &Value) -> Closed {
    Closed {
        close,
        atr: atr.as_number().map(|atr| Points::new(number(atr))),
        multiple: Ratio::new(decimal(multiple)),
        tick: Tick::new(Decimal::new(1, 12)).unwrap(),
    }
}

fn count<'a>(counted: &mut BTreeMap<&'a str, usize>, record: &'a Value) {
    *counted.entry(record["tag"].as_str().unwrap()).or_default() += 1;
}

#[test]
fn recorded_first_stops_agree_or_are_none() {
    let all = of_kind("initial");
    let mut none = BTreeMap::new();
    for record in &all {
        let given = &record["in"];
        let atr = Points::new(decimal(&given["atr"]));
        let reach = atr.times(Ratio::new(decimal(&record["config"]["initial_atr_mult"])));
        let entry = price(&given["entry"]).unwrap();
        let ours = (atr > Points::ZERO)
            .then(|| away(Direction::Long, entry, reach))
            .flatten();
        match ours {
            Some(stop) => assert!(near(stop, &record["out"]["initial_stop"]), "{record}"),
            None => count(&mut none, record),
        }
    }
    assert_eq!(none, FIRST.into());
}

#[test]
fn recorded_trails_agree_or_differ_on_purpose() {
    let all = of_kind("path");
    let (mut hits, mut stops) = (BTreeMap::new(), BTreeMap::new());
    let mut unpriced = BTreeMap::new();
    for record in &all {
        let closes = record["in"]["closes"].as_array().unwrap();
        if closes.iter().any(|close| price(close).is_none()) {
            count(&mut unpriced, record);
            continue;
        }
        let Path {
            same_stops,
            ours,
            theirs,
        } = walk(record);
        if !same_stops {
            count(&mut stops, record);
            continue;
        }
        let recorded: Vec<u64> = record["out"]["hit_indices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one.as_u64().unwrap())
            .collect();
        assert_eq!(theirs, recorded, "with their test of a hit: {record}");
        if ours != recorded {
            count(&mut hits, record);
        }
    }
    assert_eq!(unpriced, UNPRICED.into());
    assert_eq!(stops, STOPS.into());
    assert_eq!(hits, HITS.into());
}

/// What a path came to.
struct Path {
    same_stops: bool,
    /// Bars that hit, by our test.
    ours: Vec<u64>,
    /// Bars that hit, by the recorded test on our stops.
    theirs: Vec<u64>,
}

fn walk(record: &Value) -> Path {
    let (given, out) = (&record["in"], &record["out"]);
    let mut trail = Trail {
        stop: price(&out["initial_stop"]).unwrap(),
        best: price(&given["entry"]).unwrap(),
    };
    let mut path = Path {
        same_stops: true,
        ours: Vec::new(),
        theirs: Vec::new(),
    };
    let closes = given["closes"].as_array().unwrap();
    for (place, close) in (0_u64..).zip(closes) {
        let at = usize::try_from(place).unwrap();
        let close = price(close).unwrap();
        let before = trail;
        let multiple = &record["config"]["trailing_atr_mult"];
        trail = trail.after(
            Direction::Long,
            &closed(close, &given["atrs"][at], multiple),
        );
        path.same_stops &=
            near(trail.stop, &out["stops"][at]) && near(trail.best, &out["highest_close"][at]);
        // before it moved, or because it moved to the market or beyond
        if [before, trail]
            .iter()
            .any(|one| is_hit(Direction::Long, one.stop, close))
        {
            path.ours.push(place);
        }
        if close < trail.stop {
            path.theirs.push(place);
        }
    }
    path
}

#[test]
fn recorded_stops_of_several_positions_agree_or_differ_on_purpose() {
    let multiples = BTreeMap::from([
        ("BANK_NIFTY", "2.5"),
        ("GOLD_MINI", "2"),
        ("COPPER", "5"),
        ("SILVER_MINI", "3"),
    ]);
    let (mut compared, mut hits) = (0, 0);
    for record in of_kind("multi") {
        let (given, out) = (&record["in"], &record["out"]);
        for (place, held) in given["positions"].as_array().unwrap().iter().enumerate() {
            let name = held["instrument"].as_str().unwrap();
            let (close, atr) = (&given["prices"][name], &given["atrs"][name]);
            // what has no price, no range, no contract or is not held is not judged
            let known = multiples.get(name).filter(|_| held["status"] == "open");
            let (Some(multiple), false, false) = (known, close.is_null(), atr.is_null()) else {
                continue;
            };
            let before = Trail {
                stop: price(&held["current_stop"]).unwrap(),
                best: price(&held["highest_close"]).unwrap(),
            };
            let multiple: Value = serde_json::from_str(multiple).unwrap();
            let close = price(close).unwrap();
            let after = before.after(Direction::Long, &closed(close, atr, &multiple));
            let theirs = &out["positions"][place];
            assert!(near(after.stop, &theirs["current_stop"]), "{record}");
            assert!(near(after.best, &theirs["highest_close"]), "{record}");
            compared += 1;
            let hit = out["hits"].as_array().unwrap().contains(&held["id"]);
            hits += usize::from(hit != is_hit(Direction::Long, after.stop, close));
        }
    }
    assert_eq!((compared, hits), (56, 0));
}

#[test]
fn recorded_proposals_of_a_stop_only_tighten_it() {
    for record in of_kind("update_stop") {
        let mut stop = price(&record["in"]["current_stop"]).unwrap();
        let proposed = record["in"]["proposed"].as_array().unwrap().iter();
        for (proposed, out) in proposed.zip(record["out"].as_array().unwrap()) {
            let after = tighter(Direction::Long, stop, price(proposed).unwrap());
            assert_eq!(after != stop, out["moved"].as_bool().unwrap());
            assert_eq!(after, price(&out["stop"]).unwrap());
            stop = after;
        }
    }
}
