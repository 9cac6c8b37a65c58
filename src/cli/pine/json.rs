//! An alert as a script writes it, but for the lots of the chart's tester.

use chrono::{DateTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};

use crate::strategy::{Alert, Conditions, Entry, Exit, Message, Parameters, Sight, version};

/// What every alert of an instrument's scripts carries.
#[derive(Clone, Debug)]
pub struct Sender {
    instrument: String,
    interval: String,
    version: String,
}

impl Sender {
    /// Returns what the scripts of an instrument carry.
    pub fn new(parameters: &Parameters) -> Self {
        Self {
            instrument: parameters.instrument.clone(),
            interval: parameters.settings.interval.to_string(),
            version: version(parameters),
        }
    }

    /// Returns the keys that every kind has.
    fn common(&self, kind: &str, (word, stamp): (&str, DateTime<Utc>), alert: &Alert) -> Keys {
        let (instrument, interval) = (&self.instrument, &self.interval);
        let stamp = stamp.timestamp_millis();
        let mut keys = Keys(Map::new());
        keys.text("type", kind);
        keys.text("instrument", instrument);
        keys.text(
            "id",
            &format!("{instrument}-{interval}-{kind}-{word}-{stamp}"),
        );
        keys.text("version", &self.version);
        keys.text("interval", interval);
        keys.text("bar_time", &utc(alert.bar));
        keys.number("price", alert.price.get());
        keys.text("timestamp", &utc(alert.at));
        keys
    }

    fn entry(&self, kind: &str, entry: &Entry, alert: &Alert) -> Keys {
        let position = format!("Long_{}", entry.layer);
        let mut keys = self.common(kind, (&position, alert.bar), alert);
        keys.text("position", &position);
        keys.number("stop", entry.stop.get());
        keys.number("atr", entry.sight.atr);
        keys.number("er", entry.sight.er);
        keys.number("supertrend", entry.sight.supertrend.get());
        keys.number("roc", entry.sight.roc);
        keys
    }

    fn exit(&self, exit: &Exit, alert: &Alert) -> Keys {
        let position = format!("Long_{}", exit.layer);
        let reason = if exit.trailed {
            "trailing_stop"
        } else {
            "stop"
        };
        let mut keys = self.common("EXIT", (&position, alert.bar), alert);
        keys.text("position", &position);
        keys.number("stop", exit.stop.get());
        keys.text("reason", reason);
        keys
    }
}

/// Returns the JSON of an alert.
pub fn json(sender: &Sender, alert: &Alert) -> Value {
    let keys = match &alert.message {
        Message::Base(entry) => sender.entry("BASE_ENTRY", entry, alert),
        Message::Add(entry) => sender.entry("PYRAMID", entry, alert),
        Message::Exit(exit) => sender.exit(exit, alert),
        Message::Look(sight, conditions) => {
            let mut keys = sender.common("EOD_MONITOR", ("LOOK", alert.at), alert);
            keys.0
                .insert("conditions".to_owned(), conditions_of(conditions));
            keys.0.insert("indicators".to_owned(), indicators_of(sight));
            keys
        }
        Message::Bar(sight) => {
            let mut keys = sender.common("MARKET_DATA", ("BAR", alert.bar), alert);
            keys.number("atr", sight.atr);
            keys.number("supertrend", sight.supertrend.get());
            keys
        }
    };
    Value::Object(keys.0)
}

fn conditions_of(held: &Conditions) -> Value {
    let words = [
        ("rsi_condition", held.rsi),
        ("ema_condition", held.ema),
        ("dc_condition", held.dc),
        ("adx_condition", held.adx),
        ("er_condition", held.er),
        ("st_condition", held.st),
        ("not_doji", held.not_doji),
        ("long_entry", held.long_entry),
        ("long_exit", held.long_exit),
    ];
    let words = words
        .into_iter()
        .map(|(word, holds)| (word.to_owned(), Value::Bool(holds)));
    Value::Object(words.collect())
}

fn indicators_of(sight: &Sight) -> Value {
    let mut keys = Keys(Map::new());
    keys.number("rsi", sight.rsi);
    keys.number("ema", sight.ema);
    keys.number("dc_upper", sight.dc_upper.get());
    keys.number("adx", sight.adx);
    keys.number("er", sight.er);
    keys.number("supertrend", sight.supertrend.get());
    keys.number("atr", sight.atr);
    Value::Object(keys.0)
}

/// The keys of an object.
struct Keys(Map<String, Value>);

impl Keys {
    fn text(&mut self, key: &str, value: &str) {
        self.0
            .insert(key.to_owned(), Value::String(value.to_owned()));
    }

    /// Sets a number as it is written: a decimal's own text is a JSON number.
    fn number(&mut self, key: &str, value: Decimal) {
        let number: Option<Number> = value.to_string().parse().ok();
        self.0
            .insert(key.to_owned(), number.map_or(Value::Null, Value::Number));
    }
}

fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
