//! What a route answers, and OpenAlgo's ways of writing it.

use core::fmt::Write as _;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value, json};

use super::problems::Problems;

/// One answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: u16,
    /// What is in it.
    pub(super) body: Body,
    /// What happens before it is sent, or instead.
    pub(super) first: First,
}

/// What an answer holds.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// JSON, written compact with sorted keys as Flask does.
    Json(Value),
    /// Text as it is, with its content type.
    Raw(String, &'static str),
}

/// What happens before an answer is sent, or instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// Nothing.
    Send,
    /// So many milliseconds pass.
    Wait(u64),
    /// So many milliseconds pass, then the call is performed, caller or no caller.
    WaitThenPerform(u64),
    /// The connection is reset; nothing is sent.
    Reset,
}

/// OpenAlgo's two shapes of a schema error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Text as Python prints a dictionary.
    Repr,
    /// An object.
    Object,
}

impl Answer {
    /// Returns 200 with this JSON.
    pub(super) fn ok(body: Value) -> Self {
        Self::json(200, body)
    }

    /// Returns this JSON with a status.
    pub(super) const fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            body: Body::Json(body),
            first: First::Send,
        }
    }

    /// Returns text that is sent as it is.
    pub(super) fn raw(status: u16, text: &str, kind: &'static str) -> Self {
        Self {
            status,
            body: Body::Raw(text.to_owned(), kind),
            first: First::Send,
        }
    }

    /// Returns `{"message", "status": "error"}`.
    pub(super) fn error(status: u16, message: &str) -> Self {
        Self::json(status, json!({"message": message, "status": "error"}))
    }

    /// Returns the 400 of a schema.
    pub(super) fn schema(style: Style, problems: &Problems) -> Self {
        let message = match style {
            Style::Repr => Value::from(problems.repr()),
            Style::Object => problems.object(),
        };
        Self::json(400, json!({"message": message, "status": "error"}))
    }

    /// Returns the 404 of a path or verb that is not there.
    pub(super) fn not_found(path: &str) -> Self {
        let body = json!({"message": "Not found", "path": path, "status": "error"});
        Self::json(404, body)
    }

    /// Returns the 400 of a body that is no JSON: made by another part of Flask, hence the space.
    pub(super) fn not_json() -> Self {
        let text = "The browser (or proxy) sent a request that this server could not understand.";
        Self::bare(400, text)
    }

    /// Returns `{"message": …}` as flask-restx writes it.
    pub(super) fn bare(status: u16, message: &str) -> Self {
        let shown = Value::from(message);
        Self::raw(
            status,
            &format!("{{\"message\": {shown}}}\n"),
            "application/json",
        )
    }

    /// Returns it with something happening before.
    #[must_use]
    pub(super) const fn after(mut self, first: First) -> Self {
        self.first = first;
        self
    }

    /// Puts a key into the top of a JSON body.
    pub(super) fn put(&mut self, key: &str, value: Value) {
        if let Body::Json(Value::Object(body)) = &mut self.body {
            body.insert(key.to_owned(), value);
        }
    }

    /// Returns the text of `message`, for answers made of several.
    pub(super) fn message(&self) -> Value {
        match &self.body {
            Body::Json(body) => body.get("message").cloned().unwrap_or_default(),
            Body::Raw(..) => Value::Null,
        }
    }

    /// Turns every number of a JSON body into text.
    pub(super) fn stringify(&mut self) {
        if let Body::Json(body) = &mut self.body {
            as_text(body);
        }
    }
}

impl Body {
    /// Returns the bytes on the wire and their content type.
    pub(super) fn written(&self) -> (String, &'static str) {
        match self {
            Self::Json(body) => (ascii(&body.to_string()), "application/json"),
            Self::Raw(text, kind) => (text.clone(), kind),
        }
    }
}

/// Returns JSON with everything beyond ASCII escaped, and the line end Flask adds.
fn ascii(json: &str) -> String {
    let mut to = String::with_capacity(json.len() + 1);
    for letter in json.chars() {
        if letter.is_ascii() {
            to.push(letter);
            continue;
        }
        for half in letter.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _fits = write!(to, "\\u{half:04x}");
        }
    }
    to.push('\n');
    to
}

fn as_text(value: &mut Value) {
    match value {
        Value::Number(number) => *value = Value::from(number.to_string()),
        Value::Array(items) => items.iter_mut().for_each(as_text),
        Value::Object(fields) => fields.values_mut().for_each(as_text),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Returns a number as Python writes a float: with a fraction, be it `.0`.
pub(super) fn float(value: Decimal) -> Value {
    let value = value.normalize();
    let shown = if value.is_integer() {
        format!("{value}.0")
    } else {
        value.to_string()
    };
    number(&shown)
}

/// Returns a float rounded to two places, as OpenAlgo rounds what its books show.
pub(super) fn float2(value: Decimal) -> Value {
    float(two(value))
}

/// Returns text with exactly two places.
pub(super) fn text2(value: Decimal) -> Value {
    Value::from(format!("{:.2}", two(value)))
}

/// Returns a whole number.
pub(super) fn int(value: Decimal) -> Value {
    number(&value.trunc().normalize().to_string())
}

/// Returns digits as a JSON number.
pub(super) fn number(shown: &str) -> Value {
    shown
        .parse::<serde_json::Number>()
        .map_or(Value::Null, Value::Number)
}

fn two(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Reads a JSON body as Python does: bare `NaN` and `Infinity` are numbers that no schema takes.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    let text = core::str::from_utf8(bytes).ok()?;
    serde_json::from_str(&without_nan(text)).ok()
}

fn without_nan(text: &str) -> String {
    let mut to = String::new();
    for (at, part) in text.split('"').enumerate() {
        if at > 0 {
            to.push('"');
        }
        if at.is_multiple_of(2) {
            let part = part.replace("-Infinity", "Infinity");
            to.push_str(
                &part
                    .replace("Infinity", "\"inf\"")
                    .replace("NaN", "\"nan\""),
            );
        } else {
            to.push_str(part);
        }
    }
    to
}

/// Returns an object of these fields.
pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields: Map<_, _> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        assert_eq!(float(Decimal::new(8124, 0)).to_string(), "8124.0");
        assert_eq!(float(Decimal::new(81_240, 2)).to_string(), "812.4");
        assert_eq!(text2(Decimal::new(8124, 1)), Value::from("812.40"));
        assert_eq!(ascii("{\"a\":\"₹\"}"), "{\"a\":\"\\u20b9\"}\n");
    }

    #[test]
    fn a_bare_nan_is_read_as_python_reads_it() {
        assert_eq!(
            read(br#"{"a":NaN,"b":"NaN \" Infinity"}"#),
            None,
            "an escaped quote is beyond this reader, and is refused"
        );
        assert_eq!(
            read(br#"{"a":NaN,"b":"NaN"}"#),
            Some(json!({"a":"nan","b":"NaN"}))
        );
    }
}
