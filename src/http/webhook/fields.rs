//! Reads single keys of an alert into the types that prove what they hold.
//!
//! `null` is the same as an absent key. Every refusal names its field.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::error::SignalError;
use super::time::moment;
use crate::domain::money::{MONEY_MAX, PRICE_MAX, Points, Price, Quantity, Ratio};
use crate::http::json::{Object, Value, decimal};

/// The most places after the point a price or distance may have.
const PLACES_MAX: u32 = 12;

/// The places after the point an efficiency ratio keeps; more are cut, which sizes no larger.
const RATIO_PLACES: u32 = 4;

/// The longest name or id.
const TEXT_LENGTH_MAX: usize = 128;

/// The keys of one object of an alert.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    object: &'a Object<'a>,
    /// What stands before a key where it is named: `indicators.`.
    within: &'static str,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(object: &'a Object<'a>, within: &'static str) -> Self {
        Self { object, within }
    }

    /// Returns a key's full name.
    fn name(&self, key: &str) -> String {
        format!("{}{key}", self.within)
    }

    fn invalid(&self, key: &str, problem: impl Into<String>) -> SignalError {
        SignalError::invalid(&self.name(key), problem)
    }

    fn required<T>(&self, key: &str, value: Option<T>) -> Result<T, SignalError> {
        value.ok_or_else(|| SignalError::missing(&self.name(key)))
    }

    fn value(&self, key: &str) -> Option<Value<'a>> {
        self.object.get(key).filter(|value| match value {
            Value::Null => false,
            Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List | Value::Object(_) => {
                true
            }
        })
    }

    /// Returns whether a key is there and not `null`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Returns a text that must be there.
    pub(super) fn text(&self, key: &str) -> Result<String, SignalError> {
        self.required(key, self.text_opt(key)?)
    }

    /// Returns a text; a blank one counts as absent.
    pub(super) fn text_opt(&self, key: &str) -> Result<Option<String>, SignalError> {
        let text = match self.value(key) {
            None => return Ok(None),
            Some(Value::Text(text)) => text,
            Some(other) => return Err(self.invalid(key, format!("{} is no text", kind(&other)))),
        };
        if text.len() > TEXT_LENGTH_MAX {
            return Err(self.invalid(key, format!("longer than {TEXT_LENGTH_MAX} bytes")));
        }
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    /// Returns a name that may be written as a text or as a number.
    pub(super) fn id_opt(&self, key: &str) -> Result<Option<String>, SignalError> {
        match self.value(key) {
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) | None => self.text_opt(key),
        }
    }

    /// Returns a truth that must be there; the words `true` and `false` may stand in quotes.
    pub(super) fn truth(&self, key: &str) -> Result<bool, SignalError> {
        self.required(key, self.truth_opt(key)?)
    }

    /// Returns a truth.
    pub(super) fn truth_opt(&self, key: &str) -> Result<Option<bool>, SignalError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(truth)),
            Some(Value::Text(text)) => match text.trim().to_ascii_lowercase().parse() {
                Ok(truth) => Ok(Some(truth)),
                Err(_neither) => Err(self.invalid(key, "neither true nor false")),
            },
            Some(other) => {
                let problem = format!("{} is neither true nor false", kind(&other));
                Err(self.invalid(key, problem))
            }
        }
    }

    /// Returns a number: a JSON number, or a plain one in quotes.
    pub(super) fn number_opt(&self, key: &str) -> Result<Option<Decimal>, SignalError> {
        let number = match self.value(key) {
            None => return Ok(None),
            Some(Value::Number(number)) => number,
            Some(Value::Text(text)) => decimal(text.trim())
                .ok_or_else(|| self.invalid(key, format!("{:?} is no plain number", cut(&text))))?,
            Some(other) => return Err(self.invalid(key, format!("{} is no number", kind(&other)))),
        };
        if number.abs() > MONEY_MAX {
            return Err(self.invalid(key, format!("beyond {MONEY_MAX}")));
        }
        if number.scale() > PLACES_MAX {
            return Err(self.invalid(
                key,
                format!("more than {PLACES_MAX} places after the point"),
            ));
        }
        Ok(Some(number))
    }

    /// Returns a number that must be there.
    pub(super) fn number(&self, key: &str) -> Result<Decimal, SignalError> {
        self.required(key, self.number_opt(key)?)
    }

    /// Returns a price that must be there.
    pub(super) fn price(&self, key: &str) -> Result<Price, SignalError> {
        self.required(key, self.price_opt(key)?)
    }

    /// Returns a price: above zero.
    pub(super) fn price_opt(&self, key: &str) -> Result<Option<Price>, SignalError> {
        let Some(number) = self.number_opt(key)? else {
            return Ok(None);
        };
        let price = Price::new(number);
        let problem = || {
            self.invalid(
                key,
                format!("{number} is not above 0 and up to {PRICE_MAX}"),
            )
        };
        price.map(Some).ok_or_else(problem)
    }

    /// Returns a price; zero, which senders write for "none", counts as absent.
    pub(super) fn price_or_zero(&self, key: &str) -> Result<Option<Price>, SignalError> {
        match self.number_opt(key)? {
            Some(number) if number.is_zero() => Ok(None),
            Some(_) | None => self.price_opt(key),
        }
    }

    /// Returns a range that must be there, and is nothing when it is zero: an unknown one.
    pub(super) fn range(&self, key: &str) -> Result<Option<Points>, SignalError> {
        let number = self.number(key)?;
        if number < Decimal::ZERO || number > PRICE_MAX {
            return Err(self.invalid(key, format!("{number} is not 0 to {PRICE_MAX}")));
        }
        Ok((!number.is_zero()).then(|| Points::new(number)))
    }

    /// Returns a ratio of 0 to 1 that must be there, cut to four places.
    pub(super) fn ratio(&self, key: &str) -> Result<Ratio, SignalError> {
        let number = self.number(key)?;
        if number < Decimal::ZERO || number > Decimal::ONE {
            return Err(self.invalid(key, format!("{number} is not 0 to 1")));
        }
        Ok(Ratio::new(number.trunc_with_scale(RATIO_PLACES)))
    }

    /// Returns a count: whole and not negative; an exponent or `.0` may stand.
    pub(super) fn count_opt(&self, key: &str) -> Result<Option<Quantity>, SignalError> {
        use rust_decimal::prelude::ToPrimitive as _;
        let Some(number) = self.number_opt(key)? else {
            return Ok(None);
        };
        let whole = number.fract().is_zero().then(|| number.to_u64()).flatten();
        let problem = || self.invalid(key, format!("{number} is no whole number from 0"));
        whole.map(Quantity::new).map(Some).ok_or_else(problem)
    }

    /// Returns a time that must be there.
    pub(super) fn time(&self, key: &str) -> Result<DateTime<Utc>, SignalError> {
        self.required(key, self.time_opt(key)?)
    }

    /// Returns a time.
    pub(super) fn time_opt(&self, key: &str) -> Result<Option<DateTime<Utc>>, SignalError> {
        let text = match self.value(key) {
            None => return Ok(None),
            Some(Value::Text(text)) => text,
            Some(other) => return Err(self.invalid(key, format!("{} is no time", kind(&other)))),
        };
        let problem = || self.invalid(key, format!("{:?} is no RFC 3339 time", cut(&text)));
        moment(&text).map(Some).ok_or_else(problem)
    }

    /// Returns the keys of an object that must stand behind a key.
    pub(super) fn object(&self, key: &str) -> Result<Object<'a>, SignalError> {
        match self.required(key, self.value(key))? {
            Value::Object(object) => Ok(object),
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::List) => Err(self.invalid(key, format!("{} is no object", kind(&other)))),
        }
    }
}

/// Returns a text short enough for an answer.
fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Returns the word for what stands behind a key.
const fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::Text(_) => "a text",
        Value::List => "a list",
        Value::Object(_) => "an object",
    }
}
