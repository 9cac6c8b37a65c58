//! A decision in words for people: each question with its figures, the size with its arithmetic.

use core::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::out::{Table, clock};

/// The longest fact in a line.
const FACT_CHARACTERS_MAX: usize = 140;

/// Returns the record of the gates inside a fact, when it has one.
pub(super) fn trace_of(fact: &Value) -> Option<&Value> {
    let opened = fact.get("goal").and_then(|goal| goal.get("open"));
    opened
        .and_then(|open| open.get("trace"))
        .or_else(|| fact.get("trace"))
        .filter(|trace| trace.is_object())
}

/// Returns the record in lines.
pub(super) fn trace(trace: &Value) -> String {
    let mut out = String::new();
    let said = [
        ("judged as", "kind"),
        ("contract", "contract"),
        ("price", "price"),
        ("stop", "stop"),
        ("basis", "basis"),
        ("atr", "atr"),
        ("er", "er"),
    ];
    for (name, key) in said {
        if let Some(value) = trace.get(key) {
            // writing to a String cannot fail
            let _written = writeln!(out, "  {name:<12}{}", plain(value));
        }
    }
    for (name, outer, inner) in [
        ("market", "market", "price"),
        ("sized on", "equity", "sizing"),
        ("size", "size", "says"),
    ] {
        if let Some(value) = trace.get(outer).and_then(|outer| outer.get(inner)) {
            let _written = writeln!(out, "  {name:<12}{}", plain(value));
        }
    }
    let short = trace.get("size").and_then(|size| size.get("short_of_one"));
    if let Some(short) = short {
        let _written = writeln!(out, "  {:<12}{}", "short", pairs(short));
    }
    let missing = trace.get("size").and_then(|size| size.get("missing"));
    if let Some(missing) = missing {
        let _written = writeln!(out, "  {:<12}{}", "missing", plain(missing));
    }
    out.push_str(&gates(trace));
    out
}

/// Returns the questions that were asked, in order.
fn gates(trace: &Value) -> String {
    let none = Vec::new();
    let all = trace
        .get("verdicts")
        .and_then(Value::as_array)
        .unwrap_or(&none);
    let mut table = Table::new(&["  GATE", "PASSED", ">VALUE", ">LIMIT", ">LOTS THAT FIT"]);
    for gate in all {
        let Some(passed) = gate.get("pass").and_then(Value::as_bool) else {
            continue;
        };
        let shown = |key: &str| gate.get(key).map_or_else(String::new, plain);
        table.row([
            format!("  {}", shown("gate")),
            if passed { "yes" } else { "NO" }.to_owned(),
            shown("value"),
            shown("limit"),
            shown("lots"),
        ]);
    }
    table.text("  no gate was asked")
}

/// Returns a fact in one line.
pub(super) fn line(kind: &str, is: &str, (seq, at): (i64, DateTime<Utc>)) -> String {
    let short: String = is.chars().take(FACT_CHARACTERS_MAX).collect();
    let more = if short.len() < is.len() { "…" } else { "" };
    format!("{seq:>6}  {}  {kind:<20}  {short}{more}\n", clock(at))
}

/// Returns a value without the quotes of a text.
pub(super) fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn pairs(value: &Value) -> String {
    let Some(object) = value.as_object() else {
        return plain(value);
    };
    let all = object
        .iter()
        .map(|(key, value)| format!("{key} {}", plain(value)));
    all.collect::<Vec<_>>().join(", ")
}
