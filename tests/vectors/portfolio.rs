//! What a book risks, moves by and blocks in margin.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::gates::book;
use super::world::{noon, rules};
use super::{number, records};

/// How many records there are, so that none goes missing.
const RECORDS: usize = 107;

/// Half a paisa: the records are binary floats.
const FLOAT_ERROR: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// Figures that are others than recorded, on purpose: their group, how many of it differ, which
/// figure, and why. Ordered by group and figure.
const DIFFERENCES: &[(&str, usize, &str, &str)] = &[
    ("edge:atr_fallback", 1, "total_vol_amount", NO_ATR),
    ("edge:double_close", 1, "margin_used", ONE_MARGIN),
    (
        "edge:loss_then_gain_high_water",
        1,
        "margin_used",
        ONE_MARGIN,
    ),
    ("edge:margin_exhausted", 1, "margin_used", ONE_MARGIN),
    ("edge:same_id_overwrites", 1, "margin_used", TWO_LEGS),
    (
        "edge:same_id_overwrites",
        1,
        "open_position_count",
        TWO_LEGS,
    ),
    ("edge:same_id_overwrites", 1, "total_risk_amount", TWO_LEGS),
    ("edge:same_id_overwrites", 1, "total_vol_amount", TWO_LEGS),
    ("edge:single", 1, "margin_used", ONE_MARGIN),
    ("edge:unknown_id", 1, "margin_used", ONE_MARGIN),
    ("edge:unknown_instrument", 1, "margin_used", UNKNOWN),
    ("edge:unknown_instrument", 1, "open_position_count", UNKNOWN),
    ("edge:unknown_instrument", 1, "total_vol_amount", UNKNOWN),
    ("random", 55, "margin_used", ONE_MARGIN),
    ("random", 52, "total_vol_amount", NO_ATR),
];

const NO_ATR: &str = "D8: a leg without ATR counts its first stop's distance, no constant";
const ONE_MARGIN: &str = "D5: one figure of margin, not two";
const TWO_LEGS: &str = "D7: a second leg never takes the first one's place";
const UNKNOWN: &str = "D3: an instrument nobody knows cannot be held";

#[test]
fn recorded_books_risk_as_much_or_differ_on_purpose() {
    let records = records("portfolio.jsonl");
    assert_eq!(records.len(), RECORDS);
    let mut found: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for record in &records {
        for (name, ours) in figures(record) {
            let recorded = number(record["state_before_ops"][name].as_number().unwrap());
            if (recorded - ours).abs() > FLOAT_ERROR {
                let tag = record["tag"].as_str().unwrap();
                *found.entry((tag, name)).or_default() += 1;
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

/// Returns our figures, by the recorded names.
fn figures(record: &Value) -> [(&'static str, Decimal); 4] {
    let rules = rules();
    let (book, _) = book(&record["in"], &rules, "GOLD_MINI");
    let exposure = book.exposure(&rules, noon(), None);
    let legs = book.legs.values().filter(|leg| leg.is_open()).count();
    [
        ("total_risk_amount", exposure.risk.get()),
        ("total_vol_amount", exposure.volatility.get()),
        ("margin_used", exposure.margin_used.get()),
        ("open_position_count", Decimal::from(legs)),
    ]
}
