//! What is the same alert as one before.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde_json::Value;
use torana::domain::ids::SignalId;
use torana::domain::signal::SourceId;
use torana::http::webhook::{AgeLimits, Kind, Reader, Scope, Sender};

use super::records;
use super::world::{noon, rules};

/// How many records there are, so that none goes missing.
const RECORDED: usize = 21;

/// Answers that are others than recorded, on purpose: their group, how many, what was recorded,
/// and why. Ordered by group and answer.
const DIFFERENCES: &[(&str, usize, &str, &str)] = &[
    ("aware_then_naive", 1, "an error", NAIVE),
    ("earlier_within_window_is_duplicate", 1, "repeated", MOMENT),
    ("exactly_60_is_duplicate", 1, "repeated", MOMENT),
    ("history_eviction", 1, "new", KEPT),
    ("hundred_aware", 1, "an error", NAIVE),
    ("naive_then_aware", 1, "an error", NAIVE),
    ("random", 29, "repeated", MOMENT),
    ("remove_failed_matches_window", 1, "new", KEPT),
    ("within_59", 1, "repeated", MOMENT),
];

const KEPT: &str = "D7: what was answered once stays answered, whatever became of it";

const MOMENT: &str = "D7: another moment is another alert, however near";
const NAIVE: &str = "D7: times without a zone are Indian, and compare with those that have one";

#[test]
fn recorded_repeats_are_repeats_or_differ_on_purpose() {
    let records = records("duplicates.jsonl");
    assert_eq!(records.len(), RECORDED);
    let mut found: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for record in &records {
        let mut known: BTreeSet<SignalId> = BTreeSet::new();
        let given = record["in"].as_array().unwrap();
        for (alert, said) in given.iter().zip(record["out"].as_array().unwrap()) {
            if alert["op"] == "remove" {
                // what was answered once stays answered, whatever became of it
                continue;
            }
            let repeated = !known.insert(name(alert));
            if said["duplicate"].as_bool() != Some(repeated) {
                let recorded = match said["duplicate"].as_bool() {
                    Some(true) => "repeated",
                    Some(false) => "new",
                    None => "an error",
                };
                let tag = record["tag"].as_str().unwrap();
                *found.entry((tag, recorded)).or_default() += 1;
            }
        }
    }
    let found: Vec<_> = found
        .into_iter()
        .map(|((tag, recorded), count)| (tag, count, recorded))
        .collect();
    let listed = DIFFERENCES
        .iter()
        .map(|(tag, count, recorded, _)| (*tag, *count, *recorded));
    assert_eq!(found, listed.collect::<Vec<_>>());
}

/// Returns the name of an alert. Moment, instrument and layer are read from an exit, which may be of
/// any layer; the kind is the recorded one.
fn name(alert: &Value) -> SignalId {
    let body = format!(
        r#"{{"type":"EXIT","instrument":{},"position":{},"timestamp":{}}}"#,
        alert["instrument"], alert["position"], alert["ts"]
    );
    let sender = Sender {
        id: SourceId(1),
        product: None,
        scope: Scope::default(),
        profile: None,
    };
    let reader = Reader {
        desk: 1,
        instruments: &rules().instruments,
        sender: &sender,
        limits: AgeLimits {
            entry: TimeDelta::MAX,
            eod: TimeDelta::MAX,
            ahead: TimeDelta::MAX,
        },
        long_only: true,
        now: noon(),
    };
    let mut identity = reader.read(body.as_bytes()).unwrap().identity;
    identity.kind = match alert["type"].as_str().unwrap() {
        "BASE_ENTRY" => Kind::BaseEntry,
        "PYRAMID" => Kind::Pyramid,
        _ => Kind::Exit,
    };
    identity.cause(1, noon())
}
