//! OpenAlgo's JSON, read without believing its types.
//!
//! Brokers behind OpenAlgo send numbers as text and text as numbers, leave fields out, write `null`
//! and even a bare `NaN`. Here a field is read as what it means, and `None` when it means nothing.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::{Map, Value};

use crate::domain::money::{MONEY_MAX, Money, Price, Quantity};
use crate::domain::order::BrokerOrderId;

/// India is five and a half hours ahead of UTC all year.
const IST_SECONDS: i32 = 19_800;

/// Epoch numbers below this are no times: as seconds they would lie before the year 2001.
const SECONDS_MIN: i64 = 1_000_000_000;

/// Epoch numbers above this are milliseconds: as seconds they would lie beyond the year 5000.
const SECONDS_MAX: i64 = 100_000_000_000;

/// Reads a body that must be a JSON object; bare `NaN` and infinities count as `null`.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
    serde_json::from_slice(body).or_else(|first| {
        let Cow::Owned(clean) = without_nan(body) else {
            return Err(first);
        };
        serde_json::from_slice(&clean)
    })
}

/// Replaces `NaN`, `Infinity` and `-Infinity` outside of text by `null`.
fn without_nan(body: &[u8]) -> Cow<'_, [u8]> {
    const ODD: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    let mut clean = Vec::new();
    let mut changed = false;
    let (mut quoted, mut escaped) = (false, false);
    let mut rest = body;
    while let Some((&byte, tail)) = rest.split_first() {
        let odd = ODD.into_iter().find_map(|odd| rest.strip_prefix(odd));
        if let (false, Some(after)) = (quoted, odd) {
            clean.extend_from_slice(b"null");
            changed = true;
            rest = after;
            continue;
        }
        quoted ^= byte == b'"' && !escaped;
        escaped = quoted && byte == b'\\' && !escaped;
        clean.push(byte);
        rest = tail;
    }
    if changed {
        Cow::Owned(clean)
    } else {
        Cow::Borrowed(body)
    }
}

/// Returns a message of any shape as one line of at most `max` characters.
pub(crate) fn words(value: Option<&Value>, max: usize) -> String {
    let text = match value {
        None | Some(Value::Null) => return String::new(),
        Some(Value::String(text)) => Cow::Borrowed(text.as_str()),
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
            Cow::Owned(other.to_string())
        }
    };
    let one_line = text
        .trim()
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    one_line.take(max).collect()
}

/// One JSON object whose fields are read by meaning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Row<'a> {
    /// Returns the row, or nothing when the value is no object.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// Returns the object in a field.
    pub(crate) fn row(self, field: &str) -> Option<Self> {
        self.0.get(field).and_then(Self::of)
    }

    /// Returns the list in a field.
    pub(crate) fn list(self, field: &str) -> Option<&'a Vec<Value>> {
        self.0.get(field).and_then(Value::as_array)
    }

    /// Returns the text in a field, trimmed; nothing when it is blank.
    pub(crate) fn text(self, field: &str) -> Option<&'a str> {
        let text = self.0.get(field)?.as_str()?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// Returns the text in a field when it is one of the words of `T`, upper case or not.
    pub(crate) fn word<T: core::str::FromStr>(self, field: &str) -> Option<T> {
        self.text(field)?.to_ascii_uppercase().parse().ok()
    }

    /// Returns the number in a field, from a number or from text.
    pub(crate) fn decimal(self, field: &str) -> Option<Decimal> {
        match self.0.get(field)? {
            Value::Number(number) => decimal(&number.to_string()),
            Value::String(text) => decimal(text),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Returns the positive price in a field; zero is how brokers say that there is none.
    pub(crate) fn price(self, field: &str) -> Option<Price> {
        self.decimal(field).and_then(Price::new)
    }

    /// Returns the amount of money in a field.
    pub(crate) fn money(self, field: &str) -> Option<Money> {
        let amount = self.decimal(field)?;
        (amount.abs() <= MONEY_MAX).then(|| Money::new(amount))
    }

    /// Returns the whole number in a field, `10.0` included.
    pub(crate) fn whole(self, field: &str) -> Option<i64> {
        let number = self.decimal(field)?;
        number.is_integer().then(|| number.to_i64()).flatten()
    }

    /// Returns the size of the whole number in a field: some brokers sign what they sell.
    pub(crate) fn quantity(self, field: &str) -> Option<Quantity> {
        self.whole(field)
            .map(|signed| Quantity::new(signed.unsigned_abs()))
    }

    /// Returns the id in a field, whatever type it arrived in.
    pub(crate) fn id(self, field: &str) -> Option<BrokerOrderId> {
        match self.0.get(field)? {
            Value::String(text) => BrokerOrderId::new(whole_id(text)),
            Value::Number(number) => {
                let number = decimal(&number.to_string())?;
                (number > Decimal::ZERO && number.is_integer())
                    .then(|| BrokerOrderId::new(&number.normalize().to_string()))
                    .flatten()
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Returns the moment in a field; text without a zone is Indian time.
    pub(crate) fn moment(self, field: &str) -> Option<DateTime<Utc>> {
        match self.0.get(field)? {
            Value::Number(_) => self.whole(field).and_then(epoch),
            Value::String(text) => moment(text.trim()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Returns the day in a field, as `24-NOV-26` or `24-NOV-2026`.
    pub(crate) fn day(self, field: &str) -> Option<NaiveDate> {
        let text = self.text(field)?;
        ["%d-%b-%y", "%d-%b-%Y", "%Y-%m-%d"]
            .into_iter()
            .find_map(|form| NaiveDate::parse_from_str(text, form).ok())
    }
}

fn decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    text.parse()
        .ok()
        .or_else(|| Decimal::from_scientific(text).ok())
}

/// Returns `1100012345` for `1100012345.0`: OpenAlgo rounds numeric ids as if they were prices.
fn whole_id(text: &str) -> &str {
    let text = text.trim();
    match text.strip_suffix(".0") {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits,
        Some(_) | None => text,
    }
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    const FORMS: [&str; 5] = [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%d-%b-%Y %H:%M:%S",
        "%d-%m-%Y %H:%M:%S",
        "%d/%m/%Y %H:%M:%S",
    ];
    if let Ok(zoned) = DateTime::parse_from_rfc3339(text) {
        return Some(zoned.to_utc());
    }
    if let Ok(number) = text.parse() {
        return epoch(number);
    }
    let naive = FORMS
        .into_iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    let ist = FixedOffset::east_opt(IST_SECONDS)?;
    ist.from_local_datetime(&naive)
        .single()
        .map(|at| at.to_utc())
}

fn epoch(number: i64) -> Option<DateTime<Utc>> {
    if number < SECONDS_MIN {
        None
    } else if number > SECONDS_MAX {
        DateTime::from_timestamp_millis(number)
    } else {
        DateTime::from_timestamp(number, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Map<String, Value> {
        object(text.as_bytes()).unwrap()
    }

    #[test]
    fn bare_nan_counts_as_null_and_text_is_left_alone() {
        let row = read(r#"{"a":NaN,"b":-Infinity,"c":"a \" NaN","d":[1,Infinity]}"#);
        assert_eq!(
            Value::Object(row).to_string(),
            r#"{"a":null,"b":null,"c":"a \" NaN","d":[1,null]}"#
        );
        assert!(object(b"{\"a\":NaNo}").is_err());
        assert!(object(b"[]").is_err());
    }

    #[test]
    fn numbers_are_read_from_numbers_and_from_text() {
        let row = read(r#"{"a":812.45,"b":" 812.45 ","c":8.1245e2,"d":"1e400","e":true,"f":""}"#);
        let value = |field| Row(&row).decimal(field);
        let expected = Some(Decimal::new(81_245, 2));
        assert_eq!([value("a"), value("b"), value("c")], [expected; 3]);
        assert_eq!([value("d"), value("e"), value("f"), value("g")], [None; 4]);
    }

    #[test]
    fn an_id_is_the_same_text_whatever_type_it_arrived_in() {
        let row = read(
            r#"{"a":1100012345.0,"b":"1100012345","c":1100012345,"d":"1100012345.0","e":null,"f":" ","g":-1}"#,
        );
        let id = |field| Row(&row).id(field);
        let expected = BrokerOrderId::new("1100012345");
        assert_eq!(
            [id("a"), id("b"), id("c"), id("d")],
            [(); 4].map(|()| expected.clone())
        );
        assert_eq!([id("e"), id("f"), id("g"), id("h")], [(); 4].map(|()| None));
    }

    #[test]
    fn times_without_a_zone_are_indian() {
        let row = read(
            r#"{"a":"2026-11-20 14:50:54","b":"20-Nov-2026 14:50:54","c":1795166454,"d":1795166454000,"e":"14:50:54"}"#,
        );
        let at = |field| Row(&row).moment(field).map(|at| at.timestamp());
        assert_eq!(
            [at("a"), at("b"), at("c"), at("d")],
            [Some(1_795_166_454); 4]
        );
        assert_eq!(at("e"), None);
    }

    #[test]
    fn quantities_are_whole_and_prices_positive() {
        let row = read(r#"{"a":"-104","b":10.0,"c":"1.5","d":0,"e":"0.00"}"#);
        let row = Row(&row);
        assert_eq!(row.whole("a"), Some(-104));
        assert_eq!(row.quantity("a"), Some(Quantity::new(104)));
        assert_eq!(row.quantity("b"), Some(Quantity::new(10)));
        assert_eq!(row.quantity("c"), None);
        assert_eq!([row.price("d"), row.price("e")], [None; 2]);
    }
}
