//! Base entries, adds and peel-offs, through `torana size` as it is used.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use torana::cli::size;

use super::{number, records};

/// How many records there are, so that none goes missing.
const BASE_RECORDS: usize = 485;
const PYRAMID_RECORDS: usize = 383;
const PEEL_RECORDS: usize = 224;

/// Records that are answered otherwise than recorded, on purpose.
struct Difference {
    /// The group of records.
    tag: &'static str,
    /// How many of the group differ.
    records: usize,
    /// Which of the differences on purpose, and why it applies.
    why: &'static str,
    /// What is answered instead.
    ours: Ours,
}

#[derive(Clone, Copy)]
enum Ours {
    /// The same rule in exact numbers, as the record holds it beside the recorded answer.
    Exact,
    /// An error that says so.
    Refused(&'static str),
    /// No lots, for this reason.
    NoLots(&'static str),
}

const BOUNDS: &str = "D12: numbers beyond the bounds are refused";
const FLOATS: &str = "D1: the recorded answer is off by one lot at a whole number";

const BASE: &[Difference] = &[
    differs("boundary:lot_r_integral", 63, FLOATS, Ours::Exact),
    differs(
        "edge:er_above_one",
        4,
        "D3: an ER above 1 is invalid",
        Ours::Refused("er must be"),
    ),
    differs(
        "edge:er_negative",
        3,
        "D3: a negative ER is invalid",
        Ours::Refused("er must be"),
    ),
    differs("huge:atr_1e300", 3, BOUNDS, Ours::Refused("atr must be")),
    differs(
        "huge:equity_1e18",
        2,
        BOUNDS,
        Ours::Refused("equity must be"),
    ),
    differs(
        "huge:equity_1e300",
        3,
        BOUNDS,
        Ours::Refused("equity must be"),
    ),
    differs(
        "huge:lots_overflow",
        4,
        BOUNDS,
        Ours::Refused("price must be"),
    ),
    differs("huge:price_1e12", 3, BOUNDS, Ours::Refused("price must be")),
    differs(
        "huge:risk_overflow",
        4,
        BOUNDS,
        Ours::Refused("price must be"),
    ),
];

const PYRAMID: &[Difference] = &[
    differs("boundary:lot_c_integral", 41, FLOATS, Ours::Exact),
    differs(
        "edge:base_negative",
        4,
        "D3: lots below 0 are invalid",
        Ours::Refused("base_lots must be"),
    ),
    differs(
        "edge:count_minus_1",
        3,
        "D3: fewer adds than none are invalid",
        Ours::Refused("pyramid_count must be"),
    ),
    differs(
        "edge:count_minus_2",
        3,
        "D3: fewer adds than none are invalid",
        Ours::Refused("pyramid_count must be"),
    ),
    differs(
        "edge:point_value_zero",
        3,
        BOUNDS,
        Ours::Refused("instrument.point_value must be"),
    ),
    differs(
        "huge:profit_1e300",
        2,
        BOUNDS,
        Ours::Refused("available_margin must be"),
    ),
    differs(
        "test_mode:zero_by_budget",
        4,
        "D12: there is no test mode",
        Ours::NoLots("risk_budget"),
    ),
    differs(
        "test_mode:zero_by_geometry",
        3,
        "D12: there is no test mode",
        Ours::NoLots("discipline"),
    ),
];

const PEEL: &[Difference] = &[
    differs("boundary:peel_integral", 20, FLOATS, Ours::Exact),
    differs(
        "edge:lots_negative_over_limit",
        1,
        "D3: lots below 0 are invalid",
        Ours::Refused("lots must be"),
    ),
];

const fn differs(tag: &'static str, records: usize, why: &'static str, ours: Ours) -> Difference {
    Difference {
        tag,
        records,
        why,
        ours,
    }
}

#[test]
fn recorded_base_sizes_agree_or_differ_on_purpose() {
    let records = records("sizing_base.jsonl");
    assert_eq!(records.len(), BASE_RECORDS);
    check(&records, BASE, base_line, &["lots", "limiter"]);
}

#[test]
fn recorded_adds_agree_or_differ_on_purpose() {
    let records = records("sizing_pyramid.jsonl");
    assert_eq!(records.len(), PYRAMID_RECORDS);
    check(
        &records,
        PYRAMID,
        pyramid_line,
        &["lots", "limiter", "lot_a", "lot_b", "lot_c"],
    );
}

#[test]
fn recorded_peel_offs_agree_or_differ_on_purpose() {
    let records = records("peel_off.jsonl");
    assert_eq!(records.len(), PEEL_RECORDS);
    check(&records, PEEL, peel_line, &["lots"]);
}

#[test]
fn the_quotients_of_base_sizes_are_those_recorded() {
    let mut compared = 0;
    for record in records("sizing_base.jsonl") {
        let ours = answer(&base_line(&record));
        for key in ["lot_r", "lot_v", "lot_m"] {
            let Some(theirs) = record["out"][key]
                .as_number()
                .filter(|_| ours["error"].is_null())
            else {
                continue;
            };
            let theirs = number(theirs);
            let ours: Decimal = ours[key].as_str().unwrap().parse().unwrap();
            let close = Decimal::new(1, 9) * ours.abs().max(Decimal::ONE);
            assert!(
                (ours - theirs).abs() <= close,
                "{} {key}: {ours} {theirs}",
                record["id"]
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 1335);
}

/// Compares each record with our answer, and the differences with those listed.
fn check(records: &[Value], listed: &[Difference], line: fn(&Value) -> Value, keys: &[&str]) {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unlisted = Vec::new();
    for record in records {
        let ours = answer(&line(record));
        if agrees(record, &ours, keys) {
            continue;
        }
        let difference = listed
            .iter()
            .find(|difference| record["tag"] == difference.tag);
        match difference {
            Some(difference) if is_ours(difference.ours, record, &ours) => {
                *found.entry(difference.tag).or_default() += 1;
            }
            Some(difference) => panic!("{}: {} but {ours}", record["id"], difference.why),
            None => unlisted.push(format!("{} {}: {ours}", record["id"], record["tag"])),
        }
    }
    assert!(
        unlisted.is_empty(),
        "differ without a reason:\n{}",
        unlisted.join("\n")
    );
    let listed = listed
        .iter()
        .map(|difference| (difference.tag, difference.records));
    assert_eq!(found, listed.collect());
}

/// Returns whether `ours` is what was recorded: an error for an error, the same numbers else.
fn agrees(record: &Value, ours: &Value, keys: &[&str]) -> bool {
    if !record["error"].is_null() {
        return !ours["error"].is_null();
    }
    keys.iter().all(|key| match *key {
        "lots" => same_number(&ours["lots"], &recorded_lots(&record["out"])),
        "limiter" => ours["limiter"] == limiter(&record["out"]["limiter"]),
        other => same_number(&ours[other], &record["out"][other]),
    })
}

fn is_ours(expected: Ours, record: &Value, ours: &Value) -> bool {
    match expected {
        Ours::Exact => {
            record["exact"]["agrees"] == false
                && same_number(&ours["lots"], &recorded_lots(&record["exact"]))
        }
        Ours::Refused(reason) => {
            let error = ours["error"].as_str().unwrap_or_default();
            error.starts_with(reason)
        }
        Ours::NoLots(limiter) => ours["lots"] == 0 && ours["limiter"] == limiter,
    }
}

fn recorded_lots(answer: &Value) -> Value {
    let lots = [&answer["final_lots"], &answer["lots_to_peel"]];
    lots.into_iter()
        .find(|lots| !lots.is_null())
        .cloned()
        .unwrap_or_default()
}

fn same_number(ours: &Value, theirs: &Value) -> bool {
    ours.is_number() && ours == theirs
}

/// Returns our word for the recorded one.
fn limiter(recorded: &Value) -> &str {
    let word = recorded.as_str().unwrap_or_default();
    if word.starts_with("geometric") {
        "discipline"
    } else {
        word
    }
}

fn base_line(record: &Value) -> Value {
    let given = &record["in"];
    json!({
        "id": record["id"], "kind": kind(given), "instrument": record["config"],
        "equity": given["equity"], "available_margin": given["available_margin"],
        "price": given["entry"], "stop": given["stop"], "atr": given["atr"], "er": given["er"],
        // the recorded system computed volatility and never enforced it (D2)
        "volatility": "report",
    })
}

fn pyramid_line(record: &Value) -> Value {
    let given = &record["in"];
    json!({
        "id": record["id"], "kind": kind(given), "instrument": record["config"],
        "available_margin": given["available_margin"],
        "price": given["entry"], "stop": given["stop"],
        "base_lots": given["base_position_size"],
        "profit_after_base_risk": given["profit_after_base_risk"],
        "pyramid_count": given["pyramid_count"],
    })
}

fn peel_line(record: &Value) -> Value {
    let given = &record["in"];
    json!({
        "id": record["id"], "kind": "peel_off", "instrument": record["config"],
        "equity": given["equity"], "position_risk": given["position_risk"],
        "position_vol": given["position_vol"], "lots": given["current_lots"],
    })
}

fn kind(given: &Value) -> &'static str {
    if given["signal_type"] == "PYRAMID" {
        "pyramid"
    } else {
        "base"
    }
}

fn answer(line: &Value) -> Value {
    let mut output = Vec::new();
    let unknown = |name: &str, _| Err(format!("no instrument {name}"));
    size::run(line.to_string().as_bytes(), &mut output, &unknown).unwrap();
    serde_json::from_slice(&output).unwrap()
}
