//! Recorded alert bodies of a comparable system, against our reader.
//!
//! A body is accepted, or refused, as recorded, or the difference is one of [`DIFFERENCES`], which
//! name the rule they follow (`tests/fixtures/vectors/README.md`) and how many records they cover.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its fixtures should stop"
)]

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;
use serde_json::value::RawValue;
use torana::domain::instrument::{
    Expiry, Instrument, InstrumentKind, Instruments, Margin, OrderQuantity, QuoteAge, Spec,
};
use torana::domain::market::{Tick, TickTable};
use torana::domain::money::{Lots, Money, Percent, PointValue, Points};
use torana::domain::order::{Exchange, Product};
use torana::domain::signal::{Ask, Layer, Signal, SourceId, Which};
use torana::http::webhook::{
    AgeLimits, Alert, Asked, Reader, Scope, Sender, SignalError, TurnedAway,
};

#[derive(serde::Deserialize)]
struct Record<'a> {
    kind: String,
    mutation: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    body: Option<String>,
    out: Out,
}

#[derive(serde::Deserialize)]
struct Out {
    accepted: bool,
    error_class: Option<String>,
    signal: Option<Value>,
}

impl Record<'_> {
    fn body(&self) -> &[u8] {
        let payload = self.payload.map(RawValue::get);
        // an absent payload is the recorded `null`
        payload
            .or(self.body.as_deref())
            .unwrap_or("null")
            .as_bytes()
    }
}

fn instrument(name: &str, root: &str, exchange: Exchange) -> Instrument {
    Instrument {
        name: name.to_owned(),
        exchange,
        kind: InstrumentKind::Future,
        root: root.to_owned(),
        aliases: vec![format!("{root}1!")],
        signal_symbol: None,
        sector: String::new(),
        order_quantity: OrderQuantity::Units,
        product: Product::Nrml,
        roll_days: 3,
        expiry: Expiry::default(),
        exit_by: None,
        protection: Percent::default(),
        quote_age: QuoteAge {
            front: TimeDelta::seconds(5),
            other: TimeDelta::seconds(15),
        },
        specs: vec![Spec {
            valid_from: NaiveDate::MIN,
            units_per_lot: 30,
            ticks: TickTable::flat(Tick::new(Decimal::new(5, 2)).unwrap()),
            point_value: PointValue::new(Decimal::from(30)).unwrap(),
            margin: Margin::PerLot(Money::rupees(270_000)),
            freeze: None,
            max_order_lots: Lots::new(1000),
            source: String::new(),
            assumed: false,
        }],
    }
}

fn instruments() -> Instruments {
    let all = vec![
        instrument("BANK_NIFTY", "BANKNIFTY", Exchange::Nfo),
        instrument("GOLD_MINI", "GOLDM", Exchange::Mcx),
        instrument("SILVER_MINI", "SILVERM", Exchange::Mcx),
        instrument("COPPER", "COPPER", Exchange::Mcx),
    ];
    let indices = ["BANKNIFTY", "NIFTY"].map(|name| (Exchange::NseIndex, name.to_owned()));
    Instruments::new(all, indices.into()).unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-11-20T04:30:01Z".parse().unwrap()
}

/// Reads a body with no limit on its age.
fn read(body: &[u8]) -> Result<Alert, TurnedAway> {
    let sender = Sender {
        id: SourceId(1),
        product: None,
        scope: Scope::default(),
        profile: None,
    };
    let limits = AgeLimits {
        entry: TimeDelta::MAX,
        eod: TimeDelta::MAX,
        ahead: TimeDelta::MAX,
    };
    Reader {
        desk: 1,
        instruments: &instruments(),
        sender: &sender,
        limits,
        long_only: true,
        now: now(),
    }
    .read(body)
}

fn vectors() -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/vectors/webhooks.jsonl"
    );
    std::fs::read_to_string(path).unwrap()
}

/// A record on which we answer otherwise.
struct Differing {
    /// What was changed in the body, or the record's kind.
    change: String,
    /// Why it was refused there; nothing when it was accepted.
    theirs: Option<String>,
    /// Our code; nothing when we accept it.
    code: Option<&'static str>,
    /// Our words.
    detail: String,
}

impl Differing {
    fn ours(&self, code: &str, words: &str) -> bool {
        self.theirs.is_none() && self.code == Some(code) && self.detail.contains(words)
    }

    fn only_theirs(&self) -> bool {
        self.theirs.is_some() && self.code.is_none()
    }

    fn is_exit(&self) -> bool {
        let kinds = [
            "silver_exit:",
            "type=\"exit\"",
            "type=\"Exit\"",
            "repo_sample",
        ];
        self.only_theirs() && kinds.iter().any(|kind| self.change.contains(kind))
    }
}

/// The rule followed, what it says of these records, which they are, and how many.
type Line = (&'static str, &'static str, fn(&Differing) -> bool, usize);

/// The first line that fits takes a record. The rules are those of the fixtures' README; §3 is the
/// list of keys an alert may have.
const DIFFERENCES: [Line; 16] = [
    (
        "D4",
        "a stop at or beyond the price",
        |one| one.ours("stop_wrong_side", ""),
        9,
    ),
    (
        "D9",
        "a base entry opens leg 1, an add a later one",
        |one| one.ours("invalid_field", "position: "),
        11,
    ),
    (
        "D3",
        "a time that needs guessing, or of no plausible year",
        |one| one.ours("invalid_field", "no RFC 3339 time"),
        28,
    ),
    (
        "D3",
        "a placeholder instead of a time",
        |one| one.ours("placeholder", "{{timenow}}"),
        1,
    ),
    (
        "D3",
        "NaN, infinity, 5_000, +4, other digits",
        |one| one.ours("invalid_field", "no plain number"),
        36,
    ),
    (
        "D3",
        "a truth instead of a number",
        |one| one.ours("invalid_field", "true or false is no number"),
        11,
    ),
    (
        "D3",
        "NaN without quotes is no JSON",
        |one| one.ours("not_json", ""),
        2,
    ),
    (
        "D3",
        "negative or broken lots",
        |one| one.ours("invalid_field", "no whole number from 0"),
        5,
    ),
    (
        "D3",
        "an efficiency ratio beyond 0 to 1",
        |one| one.ours("invalid_field", "is not 0 to 1"),
        6,
    ),
    (
        "D12",
        "a number of any size",
        |one| one.ours("number_too_long", "") || one.ours("invalid_field", "beyond 10"),
        12,
    ),
    (
        "D8",
        "a bar without a range",
        |one| one.ours("invalid_field", "0 is no range"),
        2,
    ),
    (
        "§2",
        "the same key twice",
        |one| one.ours("duplicate_key", ""),
        1,
    ),
    (
        "§3",
        "an exit names instrument and legs; the rest may be absent",
        Differing::is_exit,
        22,
    ),
    (
        "D9",
        "lots and supertrend may be absent from an entry",
        |one| one.only_theirs() && one.change.contains("drop_"),
        3,
    ),
    (
        "D9",
        "lots are recorded, in any form of a whole number; so is supertrend",
        |one| {
            one.only_theirs()
                && (one.change.contains(":lots=") || one.change.contains(":supertrend="))
        },
        6,
    ),
    (
        "D9",
        "what a scout says of positions and sizes is recorded",
        |one| {
            one.only_theirs()
                && (one.change.contains("position_status") || one.change.contains("sizing"))
        },
        10,
    ),
];

/// Returns the records on which we answer otherwise, and how many there are in all.
fn differing() -> (Vec<Differing>, usize) {
    let text = vectors();
    let mut all = Vec::new();
    for line in text.lines() {
        let record: Record<'_> = serde_json::from_str(line).unwrap();
        let ours = read(record.body());
        if ours.is_ok() == record.out.accepted {
            continue;
        }
        let refused = ours.err();
        all.push(Differing {
            change: record.mutation.unwrap_or(record.kind),
            theirs: record.out.error_class,
            code: refused.as_ref().map(|refused| refused.error.code()),
            detail: refused
                .map(|refused| refused.to_string())
                .unwrap_or_default(),
        });
    }
    (all, text.lines().count())
}

#[test]
fn every_recorded_body_is_accepted_or_refused_as_recorded_or_for_a_stated_reason() {
    let (all, records) = differing();
    assert_eq!(records, 681);
    let mut counts = [0; DIFFERENCES.len()];
    let mut unexplained = Vec::new();
    for one in &all {
        let line = DIFFERENCES.iter().position(|(.., fits, _)| fits(one));
        match line.and_then(|line| counts.get_mut(line)) {
            Some(count) => *count += 1,
            None => unexplained.push(format!("{} {:?} {}", one.change, one.theirs, one.detail)),
        }
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let stated = DIFFERENCES.map(|(rule, why, _, count)| (rule, why, count));
    let found = DIFFERENCES.map(|(rule, why, ..)| (rule, why));
    let found: Vec<_> = found
        .iter()
        .zip(counts)
        .map(|((rule, why), count)| (*rule, *why, count))
        .collect();
    assert_eq!(found, stated);
}

/// Returns a recorded number to the four places that ratios keep.
fn recorded(signal: &Value, path: &str) -> Decimal {
    let text = signal.pointer(path).unwrap().to_string();
    let plain = Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text));
    plain.unwrap().trunc_with_scale(12).normalize()
}

/// Returns a recorded moment; a time without a zone is Indian.
fn recorded_moment(signal: &Value) -> DateTime<Utc> {
    let text = signal["timestamp"].as_str().unwrap();
    let zoned = text.parse().or_else(|_| format!("{text}+05:30").parse());
    zoned.unwrap()
}

/// Asserts that a request to trade has the figures it was read with there.
fn same_signal(ours: &Signal, theirs: &Value) {
    let word = theirs["signal_type"].as_str().unwrap();
    let position = theirs["position"].as_str().unwrap();
    let leg = |direction, Layer(layer)| format!("{direction:?}_{layer}");
    let (our_word, our_position) = match ours.ask {
        Ask::Enter { direction, layer } => ("BASE_ENTRY", leg(direction, layer)),
        Ask::Add { direction, layer } => ("PYRAMID", leg(direction, layer)),
        Ask::Exit(Which::All) => ("EXIT", "ALL".to_owned()),
        Ask::Exit(Which::Layer(direction, layer)) => ("EXIT", leg(direction, layer)),
        Ask::Trade { .. } => ("order", String::new()),
    };
    assert_eq!((our_word, our_position.as_str()), (word, position));
    assert_eq!(ours.price.unwrap().get(), recorded(theirs, "/price"));
    if word != "EXIT" {
        assert_eq!(ours.stop.unwrap().get(), recorded(theirs, "/stop"));
        let atr = ours.atr.map(Points::get).unwrap_or_default();
        assert_eq!(atr, recorded(theirs, "/atr"));
        let er = recorded(theirs, "/er").trunc_with_scale(4);
        assert_eq!(ours.er.unwrap().get(), er.normalize());
    }
}

#[test]
fn a_body_that_both_accept_means_the_same_to_both() {
    let list = instruments();
    let mut compared = 0;
    for line in vectors().lines() {
        let record: Record<'_> = serde_json::from_str(line).unwrap();
        let (Ok(ours), Some(theirs)) = (read(record.body()), record.out.signal) else {
            continue;
        };
        let (ix, at) = match &ours.asked {
            Asked::Signal(signal) => {
                same_signal(signal, &theirs);
                (signal.instrument, signal.at)
            }
            Asked::Scout(scout) => {
                assert_eq!(scout.price.get(), recorded(&theirs, "/price"));
                assert_eq!(scout.er.unwrap().get(), recorded(&theirs, "/indicators/er"));
                (scout.instrument, scout.at)
            }
            Asked::Bar(_, bar) => {
                assert_eq!(bar.close.get(), recorded(&theirs, "/price"));
                assert_eq!(bar.atr.unwrap().get(), recorded(&theirs, "/atr"));
                (bar.instrument, bar.at)
            }
        };
        assert_eq!(
            list.get(ix).unwrap().name,
            theirs["instrument"].as_str().unwrap()
        );
        if theirs.get("timestamp_depends_on_clock").is_none() {
            let moment = recorded_moment(&theirs);
            assert_eq!(at, moment, "{line}");
        }
        compared += 1;
    }
    assert_eq!(compared, 176);
}

/// Returns the recorded bodies that we accept.
fn accepted() -> Vec<Vec<u8>> {
    let text = vectors();
    let records = text
        .lines()
        .map(|line| serde_json::from_str::<Record<'_>>(line).unwrap());
    records
        .filter(|record| read(record.body()).is_ok())
        .map(|record| record.body().to_vec())
        .collect()
}

/// What may happen to a body on its way: from a place on, so many bytes are lost, and others come.
type Damage = (prop::sample::Index, usize, Vec<u8>);

fn damage() -> impl Strategy<Value = Damage> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "-",
        "0",
        "9",
        "e",
        ".",
        "NaN",
        "null",
        "true",
        "{{close}}",
        "1e400",
        "\\u0000",
        "\\ud800",
        "\u{feff}",
        "999999999999",
        "\"price\":1,",
        "\"type\":",
    ]);
    let comes = prop_oneof![
        3 => piece.prop_map(|piece| piece.as_bytes().to_vec()),
        2 => prop::collection::vec(any::<u8>(), 0..6),
        1 => Just(Vec::new()),
    ];
    (any::<prop::sample::Index>(), 0_usize..24, comes)
}

/// Asserts that an answer can be acted on by whoever sent the body.
fn clear(body: &[u8]) {
    let first = read(body);
    assert_eq!(first, read(body), "the same body means the same twice");
    let Err(TurnedAway { error, record }) = first else {
        return;
    };
    let (code, detail) = (error.code(), error.to_string());
    let plain = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    assert!(!code.is_empty() && code.chars().all(plain), "{code}");
    assert!(matches!(error.status(), 400 | 422), "{code}");
    assert!(!detail.is_empty() && detail.len() < 2_000, "{detail}");
    assert!(!detail.contains(char::is_control), "{detail:?}");
    let read = !matches!(error, SignalError::Malformed(_));
    assert_eq!(record.is_some(), read || error.status() == 422, "{code}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_recorded_alert_damaged_anywhere_is_read_or_refused_with_a_clear_code(
        alert in prop::sample::select(accepted()),
        damages in prop::collection::vec(damage(), 1..5),
    ) {
        let mut body = alert;
        for (place, lost, comes) in damages {
            let from = place.index(body.len() + 1);
            let to = body.len().min(from + lost);
            body.splice(from..to, comes);
        }
        clear(&body);
    }

    #[test]
    fn any_bytes_are_refused_with_a_clear_code(body in prop::collection::vec(any::<u8>(), 0..400)) {
        clear(&body);
    }
}
