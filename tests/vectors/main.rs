//! Recorded vectors of a comparable system, against ours.
//!
//! Each record either agrees with what was recorded, or is one of the differences listed beside
//! the test, which name the rule they follow (`tests/fixtures/vectors/README.md`) and how many
//! records they cover. A record that differs without a line fails, and so does a line whose
//! records no longer differ.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot read its fixtures should stop"
)]

mod alerts;
mod backtest;
mod duplicates;
mod gates;
mod operations;
mod play;
mod portfolio;
mod sizing;
mod stops;
mod validator;
mod world;

use rust_decimal::Decimal;
use serde_json::{Number, Value};

/// Returns the records of a file.
fn records(file: &str) -> Vec<Value> {
    let path = format!(
        "{}/tests/fixtures/vectors/{file}",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Returns a number as it was written.
fn number(written: &Number) -> Decimal {
    let text = written.to_string();
    let plain = Decimal::from_str_exact(&text);
    plain.unwrap_or_else(|_| Decimal::from_scientific(&text).unwrap())
}
