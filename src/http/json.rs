//! The one reader of JSON objects at the edge.
//!
//! 1. Any bytes give an [`Object`] or a [`JsonError`]; nothing panics.
//! 2. An object lists its keys once each; at most `DEPTH_MAX` levels stand in one another.
//! 3. A number is the decimal that was written, never a float; one that 28 digits cannot hold is
//!    refused wherever it stands.
//! 4. No text in it still holds a placeholder (`{{close}}`) or a zero character.

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;
use serde::Deserialize as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// How many objects and lists may stand in one another, the outermost included.
const DEPTH_MAX: u32 = 8;

/// The longest text of a number; 28 digits, a sign, a point and an exponent fit.
const NUMBER_LENGTH_MAX: usize = 40;

/// The largest power of ten a number may be written with.
const EXPONENT_MAX: u32 = 28;

/// Keys whose values are never kept, in lower case.
const SECRET_KEYS: [&str; 6] = [
    "apikey",
    "api_key",
    "secret",
    "token",
    "password",
    "passphrase",
];

/// Why some bytes are no object we read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not UTF-8, or not JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// JSON, but a list, a text, a number.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// The same key stands twice in one object.
    #[error("the key {0:?} stands twice")]
    DuplicateKey(String),
    /// Too many levels.
    #[error("more than {DEPTH_MAX} levels stand in one another")]
    TooDeep,
    /// A number that cannot be read exactly.
    #[error("a number has more than 28 digits")]
    NumberTooLong,
    /// A placeholder that the sender did not fill in.
    #[error("the placeholder {0} was not filled in by the sender")]
    Placeholder(String),
    /// A text with a zero character.
    #[error("a text holds a zero character")]
    ZeroCharacter,
}

/// A JSON object: its keys in order, each with its value as it was written.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    entries: Vec<(String, &'a RawValue)>,
}

/// What stands behind a key.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, exactly as it was written.
    Number(Decimal),
    /// A text.
    Text(String),
    /// A list.
    List,
    /// An object.
    Object(Object<'a>),
}

impl<'a> Object<'a> {
    /// Returns the object that some bytes are; a byte order mark and white space around it are
    /// passed over.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, JsonError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| JsonError::NotJson(format!("not UTF-8: {error}")))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| not_json(&error, text))?;
        if raw.get().starts_with('{') {
            Self::read(raw, 1)
        } else {
            Err(JsonError::NotAnObject)
        }
    }

    /// Returns what stands behind a key, or nothing when the key is not there.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        let place = self
            .entries
            .binary_search_by(|(name, _)| name.as_str().cmp(key))
            .ok()?;
        let (_, raw) = self.entries.get(place)?;
        Some(value(raw))
    }

    /// Returns whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name == key)
    }

    /// Returns the keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.as_str())
    }

    /// Returns the object's one text: keys in order, no white space, secrets blanked.
    pub fn record(&self) -> String {
        let mut out = String::new();
        write_object(&mut out, self);
        out
    }

    fn read(raw: &'a RawValue, depth: u32) -> Result<Self, JsonError> {
        if depth > DEPTH_MAX {
            return Err(JsonError::TooDeep);
        }
        let Entries(mut entries) = serde_json::from_str(raw.get()).map_err(unreadable)?;
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        let twice = entries
            .windows(2)
            .find_map(|pair| pair.first().zip(pair.last()).filter(|(a, b)| a.0 == b.0));
        if let Some(((name, _), _)) = twice {
            return Err(JsonError::DuplicateKey(shown(name)));
        }
        for (name, inner) in &entries {
            check_text(name)?;
            check(inner, depth)?;
        }
        Ok(Self { entries })
    }
}

/// Returns the number that a text is, exactly: digits, a point, an exponent; nothing else.
pub fn decimal(text: &str) -> Option<Decimal> {
    if text.len() > NUMBER_LENGTH_MAX {
        return None;
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, power(exponent)?),
        None => (text, 0),
    };
    let digits = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    if !is_digits(whole) || !is_digits(part) {
        return None;
    }
    let number = Decimal::from_str_exact(mantissa).ok()?.normalize();
    shifted(number, exponent)
}

/// Returns a number times a power of ten, or nothing when it does not fit exactly.
fn shifted(mut number: Decimal, exponent: i32) -> Option<Decimal> {
    if number.is_zero() {
        return Some(Decimal::ZERO);
    }
    let places = exponent.unsigned_abs();
    if exponent < 0 {
        number.set_scale(number.scale().checked_add(places)?).ok()?;
        return Some(number.normalize());
    }
    let mut product = number;
    for _ in 0..places {
        product = product.checked_mul(Decimal::TEN)?.normalize();
    }
    Some(product)
}

/// Returns the exponent that a text is.
fn power(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let exponent: i32 = is_digits(digits).then(|| text.parse().ok()).flatten()?;
    (exponent.unsigned_abs() <= EXPONENT_MAX).then_some(exponent)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The entries of an object in the order they stand, duplicates included.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Entries<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Entries<'de>, M::Error> {
        let mut entries = Vec::new();
        while let Some((key, raw)) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
            entries.push((key.into_owned(), raw));
        }
        Ok(Entries(entries))
    }
}

/// Refuses what no field may hold, however deep it stands.
fn check(raw: &RawValue, depth: u32) -> Result<(), JsonError> {
    match raw.get().bytes().next() {
        Some(b'{') => Object::read(raw, depth + 1).map(|_object| ()),
        Some(b'[') if depth >= DEPTH_MAX => Err(JsonError::TooDeep),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(unreadable)?;
            items
                .into_iter()
                .try_for_each(|item| check(item, depth + 1))
        }
        Some(b'"') => {
            let text: String = serde_json::from_str(raw.get()).map_err(unreadable)?;
            check_text(&text)
        }
        Some(b'-' | b'0'..=b'9') => decimal(raw.get())
            .map(|_number| ())
            .ok_or(JsonError::NumberTooLong),
        Some(_) | None => Ok(()),
    }
}

fn check_text(text: &str) -> Result<(), JsonError> {
    if text.contains('\0') {
        return Err(JsonError::ZeroCharacter);
    }
    match placeholder(text) {
        Some(placeholder) => Err(JsonError::Placeholder(placeholder)),
        None => Ok(()),
    }
}

/// Returns the first placeholder that a text still holds, cut to a readable length.
fn placeholder(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("{{")?;
    let name = rest.split_once("}}").map_or(rest, |(name, _)| name);
    Some(format!("{{{{{}}}}}", shown(name)))
}

/// Returns a sender's text fit for a log and an answer: short, on one line.
fn shown(text: &str) -> String {
    let plain = text.chars().filter(|letter| !letter.is_control());
    plain.take(60).collect()
}

/// Returns what a checked text means.
fn value(raw: &RawValue) -> Value<'_> {
    let text = raw.get();
    let read = match text.bytes().next() {
        Some(b'{') => Object::read(raw, 1).ok().map(Value::Object),
        Some(b'[') => Some(Value::List),
        Some(b'"') => serde_json::from_str(text).ok().map(Value::Text),
        Some(b't') => Some(Value::Bool(true)),
        Some(b'f') => Some(Value::Bool(false)),
        Some(b'-' | b'0'..=b'9') => decimal(text).map(Value::Number),
        Some(_) | None => None,
    };
    read.unwrap_or(Value::Null)
}

fn write_object(out: &mut String, object: &Object<'_>) {
    out.push('{');
    for (place, (name, raw)) in object.entries.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_text(out, name);
        out.push(':');
        if SECRET_KEYS.contains(&name.to_ascii_lowercase().as_str()) {
            out.push_str("\"***\"");
        } else {
            write_value(out, raw);
        }
    }
    out.push('}');
}

fn write_value(out: &mut String, raw: &RawValue) {
    match value(raw) {
        Value::Object(object) => write_object(out, &object),
        Value::List => {
            let items = <Vec<&RawValue>>::deserialize(raw).unwrap_or_default();
            out.push('[');
            for (place, item) in items.into_iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Text(text) => write_text(out, &text),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(raw.get()),
    }
}

/// Writes a text as JSON does; no text is beyond it.
fn write_text(out: &mut String, text: &str) {
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// Names the placeholder where one is why the text is no JSON.
fn not_json(error: &serde_json::Error, text: &str) -> JsonError {
    placeholder(text).map_or_else(
        || JsonError::NotJson(error.to_string()),
        JsonError::Placeholder,
    )
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err asks for")]
fn unreadable(error: serde_json::Error) -> JsonError {
    JsonError::NotJson(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> JsonError {
        Object::parse(text.as_bytes()).map(|_| ()).unwrap_err()
    }

    #[test]
    fn numbers_are_the_decimals_that_were_written() {
        for (text, number) in [
            ("52000.10", "52000.1"),
            ("-0", "0"),
            ("1e3", "1000"),
            ("1.5E-2", "0.015"),
            ("0.1", "0.1"),
            ("9007199254740993", "9007199254740993"),
            ("0e28", "0"),
        ] {
            assert_eq!(decimal(text), Some(number.parse().unwrap()), "{text}");
        }
        for text in [
            "",
            "-",
            "1.",
            ".5",
            "+1",
            "5_000",
            "NaN",
            "inf",
            "0x10",
            "52,000",
            "1e400",
            "1e",
            "१२",
            "1e29",
            "99999999999999999999999999999999",
            "1e-29",
            " 1",
            "--1",
            "1e+-2",
        ] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn byte_order_marks_and_white_space_do_not_matter() {
        let object =
            Object::parse("\u{feff}\r\n {\"b\":1,\r\n\"a\":\"x\"} \r\n".as_bytes()).unwrap();
        assert_eq!(object.record(), "{\"a\":\"x\",\"b\":1}");
    }

    #[test]
    fn what_is_no_plain_object_is_refused() {
        assert_eq!(refused("[]"), JsonError::NotAnObject);
        assert_eq!(refused("null"), JsonError::NotAnObject);
        assert!(matches!(refused("{\"a\":NaN}"), JsonError::NotJson(_)));
        assert!(matches!(refused("{} {}"), JsonError::NotJson(_)));
        assert!(matches!(refused(""), JsonError::NotJson(_)));
        assert!(Object::parse(b"\xff{}").is_err());
        assert_eq!(
            refused("{\"a\":1,\"a\":1}"),
            JsonError::DuplicateKey("a".into())
        );
        assert_eq!(
            refused("{\"a\":{\"b\":1,\"\\u0062\":1}}"),
            JsonError::DuplicateKey("b".into())
        );
        assert_eq!(refused("{\"a\":1e400}"), JsonError::NumberTooLong);
        assert_eq!(refused("{\"a\":[\"x\\u0000\"]}"), JsonError::ZeroCharacter);
    }

    #[test]
    fn eight_levels_are_read_and_nine_are_not() {
        let nested = |levels: usize| {
            format!(
                "{{\"a\":{}1{}}}",
                "[".repeat(levels - 1),
                "]".repeat(levels - 1)
            )
        };
        assert!(Object::parse(nested(8).as_bytes()).is_ok());
        assert_eq!(refused(&nested(9)), JsonError::TooDeep);
        assert_eq!(refused(&nested(8000)), JsonError::TooDeep);
        let objects =
            |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(Object::parse(objects(8).as_bytes()).is_ok());
        assert_eq!(refused(&objects(9)), JsonError::TooDeep);
    }

    #[test]
    fn a_placeholder_is_named_whether_quoted_or_not() {
        let named = JsonError::Placeholder("{{close}}".into());
        assert_eq!(refused("{\"price\":{{close}}}"), named);
        assert_eq!(refused("{\"price\":\"{{close}}\"}"), named);
        assert_eq!(refused("{\"a\":{\"b\":[\"at {{close}} now\"]}}"), named);
    }

    #[test]
    fn secrets_are_blanked_at_every_depth() {
        let body =
            br#"{"token":"t","x":{"APIKey":["a",{"secret":1}]},"l":[{"secret":"s","k":1.50}]}"#;
        assert_eq!(
            Object::parse(body).unwrap().record(),
            r#"{"l":[{"k":1.50,"secret":"***"}],"token":"***","x":{"APIKey":"***"}}"#
        );
    }
}
