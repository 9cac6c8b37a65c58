//! Alerts, as TradingView would send them.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use torana::clock::{Clock as _, SystemClock};

/// The body of an alert, to be changed key by key.
#[derive(Clone, Debug)]
pub(crate) struct Alert(pub(crate) Map<String, Value>);

impl Alert {
    fn of(value: Value) -> Self {
        let Value::Object(fields) = value else {
            panic!("an alert is an object");
        };
        Self(fields)
    }

    /// A base entry of Gold Mini at 78,500 with its stop at 77,500: four lots of five million.
    pub(crate) fn entry() -> Self {
        Self::of(json!({
            "type": "BASE_ENTRY", "instrument": "GOLD_MINI", "position": "Long_1",
            "price": 78500, "stop": 77500, "atr": 500, "er": 0.82, "timestamp": time(SystemClock.now()),
        }))
    }

    /// The exit of everything held in Gold Mini.
    pub(crate) fn exit() -> Self {
        Self::of(json!({
            "type": "EXIT", "instrument": "GOLD_MINI", "position": "ALL", "reason": "test",
            "timestamp": time(SystemClock.now()),
        }))
    }

    /// The same with a key set.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// The same without a key.
    pub(crate) fn without(mut self, key: &str) -> Self {
        self.0.remove(key);
        self
    }

    /// The bytes that are sent.
    pub(crate) fn body(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

/// A time as an alert writes it.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
