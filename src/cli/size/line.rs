//! One line of input, read strictly: exact decimals within bounds, each key once.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::money::{
    MONEY_MAX, Money, PRICE_MAX, Percent, PointValue, Points, Price, Ratio,
};

/// Most digits an exact decimal holds.
const DIGITS_MAX: usize = 28;

/// Why a line cannot be sized.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LineError {
    #[error("the line is longer than {0} bytes")]
    TooLong(usize),
    #[error("not one JSON object: {0}")]
    Json(String),
    #[error("{0} is missing")]
    Missing(String),
    #[error("{key} must be {wanted}, not {found}")]
    Wrong {
        key: String,
        wanted: String,
        found: String,
    },
    #[error("{0}")]
    Senseless(&'static str),
    #[error("{0}")]
    Instrument(String),
}

/// A JSON object: its keys and the text of their values.
pub(super) struct Object<'a> {
    /// What goes before a key in messages: "instrument." or nothing.
    within: &'static str,
    values: BTreeMap<String, &'a RawValue>,
}

/// Returns the id of a line that has none.
pub(super) fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

impl<'a> Object<'a> {
    /// Reads a line; a broken one leaves what was read before the break, so that its id is known.
    pub(super) fn read(bytes: &'a [u8]) -> (Self, Result<(), LineError>) {
        let mut values = BTreeMap::new();
        let read = read_pairs(bytes, &mut values);
        let read = read.map_err(|bad| LineError::Json(bad.to_string()));
        (Self { within: "", values }, read)
    }

    /// Returns the line's own name for itself, as it was written.
    pub(super) fn id(&self) -> Box<RawValue> {
        self.raw("id").map_or_else(null, ToOwned::to_owned)
    }

    /// Returns the object under `key`, or nothing when something else is there.
    pub(super) fn object(&self, key: &'static str) -> Result<Option<Self>, LineError> {
        let Some(raw) = self.raw(key).filter(|raw| raw.get().starts_with('{')) else {
            return Ok(None);
        };
        let mut values = BTreeMap::new();
        let read = read_pairs(raw.get().as_bytes(), &mut values);
        read.map_err(|bad| LineError::Json(bad.to_string()))?;
        Ok(Some(Self {
            within: "instrument.",
            values,
        }))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<String>, LineError> {
        let Some(raw) = self.raw(key) else {
            return Ok(None);
        };
        let text = serde_json::from_str(raw.get());
        text.map(Some)
            .map_err(|_not_text| self.wrong(key, "text", raw))
    }

    /// Returns what the word under `key` stands for, or nothing when the key is absent.
    pub(super) fn one_of<T: Copy>(
        &self,
        key: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, LineError> {
        let Some(raw) = self.raw(key) else {
            return Ok(None);
        };
        let text: Option<String> = serde_json::from_str(raw.get()).ok();
        let found = words
            .iter()
            .find(|(word, _)| text.as_deref() == Some(*word))
            .map(|(_, meaning)| *meaning);
        let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>();
        found
            .map(Some)
            .ok_or_else(|| self.wrong(key, &known().join(" or "), raw))
    }

    pub(super) fn price(&self, key: &str) -> Result<Price, LineError> {
        let wanted = format!("a price above 0 and at most {PRICE_MAX}");
        self.needed(key, &wanted, Price::new)
    }

    pub(super) fn point_value(&self) -> Result<PointValue, LineError> {
        let wanted = format!("above 0 and at most {PRICE_MAX}");
        self.needed("point_value", &wanted, PointValue::new)
    }

    /// Returns an amount of any sign.
    pub(super) fn money(&self, key: &str) -> Result<Money, LineError> {
        let wanted = format!("an amount between -{MONEY_MAX} and {MONEY_MAX}");
        self.needed(key, &wanted, |value| within(value, -MONEY_MAX, MONEY_MAX))
            .map(Money::new)
    }

    pub(super) fn money_or_none(&self, key: &str) -> Result<Money, LineError> {
        match self.raw(key) {
            Some(_) => self.money(key),
            None => Ok(Money::ZERO),
        }
    }

    /// Returns an amount that is not negative.
    pub(super) fn amount(&self, key: &str) -> Result<Money, LineError> {
        let wanted = format!("an amount between 0 and {MONEY_MAX}");
        self.needed(key, &wanted, |value| {
            within(value, Decimal::ZERO, MONEY_MAX)
        })
        .map(Money::new)
    }

    pub(super) fn atr(&self) -> Result<Option<Points>, LineError> {
        let wanted = format!("between 0 and {PRICE_MAX}");
        let atr = self.number("atr", &wanted, |value| {
            within(value, Decimal::ZERO, PRICE_MAX)
        });
        Ok(atr?.map(Points::new))
    }

    pub(super) fn ratio(&self, key: &str) -> Result<Ratio, LineError> {
        self.needed(key, "between 0 and 1", |value| {
            within(value, Decimal::ZERO, Decimal::ONE)
        })
        .map(Ratio::new)
    }

    pub(super) fn percent(&self, key: &str) -> Result<Percent, LineError> {
        let percent = self.percent_if_there(key)?;
        percent.ok_or_else(|| self.missing(key))
    }

    pub(super) fn percent_if_there(&self, key: &str) -> Result<Option<Percent>, LineError> {
        let percent = self.number(key, "a percentage between 0 and 100", |value| {
            within(value, Decimal::ZERO, Decimal::ONE_HUNDRED)
        });
        Ok(percent?.map(Percent::new))
    }

    pub(super) fn whole(&self, key: &str) -> Result<u32, LineError> {
        self.needed(key, "a whole number from 0", |value| {
            u32::try_from(value).ok().filter(|_| value.is_integer())
        })
    }

    pub(super) fn missing(&self, key: &str) -> LineError {
        LineError::Missing(format!("{}{key}", self.within))
    }

    fn needed<T>(
        &self,
        key: &str,
        wanted: &str,
        accept: impl FnOnce(Decimal) -> Option<T>,
    ) -> Result<T, LineError> {
        let number = self.number(key, wanted, accept)?;
        number.ok_or_else(|| self.missing(key))
    }

    /// Returns the number under `key` as `accept` makes it, or nothing when the key is absent.
    fn number<T>(
        &self,
        key: &str,
        wanted: &str,
        accept: impl FnOnce(Decimal) -> Option<T>,
    ) -> Result<Option<T>, LineError> {
        let Some(raw) = self.raw(key) else {
            return Ok(None);
        };
        let Some(value) = exact(raw) else {
            let wanted = format!("a decimal number of at most {DIGITS_MAX} digits");
            return Err(self.wrong(key, &wanted, raw));
        };
        let accepted = accept(value).ok_or_else(|| self.wrong(key, wanted, raw));
        accepted.map(Some)
    }

    /// Returns the text of the value, or nothing when the key is absent or null.
    fn raw(&self, key: &str) -> Option<&'a RawValue> {
        let raw = self.values.get(key).copied();
        raw.filter(|raw| raw.get() != "null")
    }

    fn wrong(&self, key: &str, wanted: &str, found: &RawValue) -> LineError {
        LineError::Wrong {
            key: format!("{}{key}", self.within),
            wanted: wanted.to_owned(),
            found: found.get().chars().take(80).collect(),
        }
    }
}

fn within(value: Decimal, least: Decimal, most: Decimal) -> Option<Decimal> {
    (least..=most).contains(&value).then_some(value)
}

/// Returns the number that is written there, when it is one and all its digits can be kept.
fn exact(raw: &RawValue) -> Option<Decimal> {
    if raw.get().starts_with('"') {
        let text: String = serde_json::from_str(raw.get()).ok()?;
        return plain(&text);
    }
    let lower = raw.get().to_ascii_lowercase();
    let (digits, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    raised(plain(digits)?, exponent)
}

/// Returns the decimal of digits with an optional sign and point, and nothing else.
fn plain(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(part) || whole.len() + part.len() > DIGITS_MAX + 1 {
        return None;
    }
    Decimal::from_str_exact(text).ok()
}

/// Returns `value` × 10^`exponent`, when that is exact.
fn raised(value: Decimal, exponent: i32) -> Option<Decimal> {
    let mut value = value.normalize();
    if value.is_zero() {
        return Some(value);
    }
    let power = exponent.unsigned_abs();
    if power > 28 {
        return None;
    }
    if exponent < 0 {
        value.set_scale(value.scale().checked_add(power)?).ok()?;
        return Some(value);
    }
    let lowered = power.min(value.scale());
    value.set_scale(value.scale() - lowered).ok()?;
    let ten = Decimal::from(10_u32.checked_pow((power - lowered).min(9))?);
    let rest = (power - lowered).saturating_sub(9);
    (0..rest).try_fold(value.checked_mul(ten)?, |value, _| {
        value.checked_mul(Decimal::TEN)
    })
}

/// Reads the pairs of an object, each key once; what was read before an error stays in `pairs`.
fn read_pairs<'a>(
    bytes: &'a [u8],
    pairs: &mut BTreeMap<String, &'a RawValue>,
) -> serde_json::Result<()> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    reader.deserialize_map(PairsVisitor(pairs))?;
    reader.end()
}

struct PairsVisitor<'p, 'a>(&'p mut BTreeMap<String, &'a RawValue>);

impl<'a> Visitor<'a> for PairsVisitor<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry::<String, &'a RawValue>()? {
            if self.0.contains_key(&key) {
                return Err(A::Error::custom(format_args!("{key:?} stands twice")));
            }
            self.0.insert(key, value);
        }
        Ok(())
    }
}
