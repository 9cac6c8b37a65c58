//! How each kind of value is written in a setting.
//!
//! Environment variables arrive as text, so every kind can be read from text too. Numbers with a
//! point go through their shortest text, which is exact to fifteen digits; longer ones are quoted.

use core::net::SocketAddr;
use core::str::FromStr;
use core::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use toml::Value;

use super::section::FromSetting;
use crate::domain::calendar::DayTime;
use crate::domain::market::Tick;
use crate::domain::money::{Lots, MONEY_MAX, Money, Percent, PointValue, Price, Quantity, Ratio};
use crate::domain::order::{Exchange, Product};

/// The most decimals of a percentage or a factor; keeps products inside 28 digits.
const DECIMALS_MAX: u32 = 6;

impl FromSetting for String {
    fn from_value(value: &Value) -> Result<Self, String> {
        let text = value.as_str().map_or("", str::trim);
        if text.is_empty() {
            return Err("must be a text".to_owned());
        }
        Ok(text.to_owned())
    }
}

impl FromSetting for bool {
    fn from_value(value: &Value) -> Result<Self, String> {
        let written = || value.as_str().and_then(|text| text.parse().ok());
        value
            .as_bool()
            .or_else(written)
            .ok_or_else(|| "must be true or false".to_owned())
    }
}

impl FromSetting for Decimal {
    fn from_value(value: &Value) -> Result<Self, String> {
        let text = match value {
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
                String::new()
            }
        };
        let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
        text.parse()
            .ok()
            .filter(|_| text.bytes().all(plain))
            .ok_or_else(|| "must be a number".to_owned())
    }
}

impl<T: FromSetting> FromSetting for Option<T> {
    fn from_value(value: &Value) -> Result<Self, String> {
        if value.as_str() == Some("off") {
            return Ok(None);
        }
        T::from_value(value)
            .map(Some)
            .map_err(|problem| format!("{problem}, or \"off\""))
    }

    fn missing() -> Result<Self, String> {
        Ok(None)
    }
}

impl<T: FromSetting> FromSetting for Vec<T> {
    fn from_value(value: &Value) -> Result<Self, String> {
        if let Some(items) = value.as_array() {
            return items.iter().map(T::from_value).collect();
        }
        let text = value.as_str().ok_or("must be a list")?;
        let items = text.split(',').map(str::trim);
        items
            .filter(|item| !item.is_empty())
            .map(|item| T::from_value(&Value::String(item.to_owned())))
            .collect()
    }
}

macro_rules! whole_numbers {
    ($($name:ty),*) => {$(
        impl FromSetting for $name {
            fn from_value(value: &Value) -> Result<Self, String> {
                let number = value.as_integer().and_then(|number| Self::try_from(number).ok());
                let written = || value.as_str().and_then(|text| text.parse().ok());
                number.or_else(written).ok_or_else(|| format!("must be a whole number from {} to {}", Self::MIN, Self::MAX))
            }
        }
    )*};
}

whole_numbers!(u16, u32, u64, usize);

/// Reads a text that parses, with the words for what it should have been.
fn parsed<T: FromStr>(value: &Value, expected: &str) -> Result<T, String> {
    let date = value.as_datetime().map(ToString::to_string);
    let text = date.or_else(|| value.as_str().map(str::to_owned));
    text.unwrap_or_default()
        .trim()
        .parse()
        .map_err(|_unreadable| format!("must be {expected}"))
}

/// Reads a decimal that a domain type accepts, with the words for what it should have been.
fn decimal<T>(
    value: &Value,
    expected: &str,
    make: impl FnOnce(Decimal) -> Option<T>,
) -> Result<T, String> {
    Decimal::from_value(value)
        .ok()
        .and_then(make)
        .ok_or_else(|| format!("must be {expected}"))
}

impl FromSetting for SocketAddr {
    fn from_value(value: &Value) -> Result<Self, String> {
        parsed(value, "an address and port, like \"127.0.0.1:8080\"")
    }
}

impl FromSetting for ipnet::IpNet {
    fn from_value(value: &Value) -> Result<Self, String> {
        let address = parsed::<core::net::IpAddr>(value, "").map(Self::from);
        address.or_else(|_| parsed(value, "an address or network, like \"10.0.0.0/8\""))
    }
}

impl FromSetting for NaiveDate {
    fn from_value(value: &Value) -> Result<Self, String> {
        parsed(value, "a date, like 2026-04-01")
    }
}

impl FromSetting for Exchange {
    fn from_value(value: &Value) -> Result<Self, String> {
        let words = Self::ALL.map(Self::word).join(", ");
        parsed(value, &format!("one of {words}"))
    }
}

impl FromSetting for Product {
    fn from_value(value: &Value) -> Result<Self, String> {
        parsed(value, "one of NRML, CNC, MIS")
    }
}

impl FromSetting for Duration {
    fn from_value(value: &Value) -> Result<Self, String> {
        let expected = || "must be a time, like \"500ms\", \"60s\" or \"5m\"".to_owned();
        let Value::String(text) = value else {
            return Err(expected());
        };
        let text = text.trim();
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = text.strip_prefix(digits).unwrap_or_default();
        let millis = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(expected()),
        };
        let count: u32 = digits.parse().map_err(|_unreadable| expected())?;
        Ok(Self::from_millis(u64::from(count) * millis))
    }
}

impl FromSetting for TimeDelta {
    fn from_value(value: &Value) -> Result<Self, String> {
        let duration = Duration::from_value(value)?;
        Self::from_std(duration).map_err(|_too_long| "is too long".to_owned())
    }
}

impl FromSetting for DayTime {
    fn from_value(value: &Value) -> Result<Self, String> {
        let read = value.as_str().and_then(|text| {
            let (hour, minute) = text.split_once(':')?;
            Self::new(hour.parse().ok()?, minute.parse().ok()?)
        });
        read.ok_or_else(|| "must be a time from \"03:00\" to \"27:00\"".to_owned())
    }
}

impl FromSetting for Money {
    fn from_value(value: &Value) -> Result<Self, String> {
        decimal(value, "an amount from 0 to 10¹²", |number| {
            let fits = number >= Decimal::ZERO && number <= MONEY_MAX && number.scale() <= 2;
            fits.then(|| Self::new(number))
        })
    }
}

impl FromSetting for Price {
    fn from_value(value: &Value) -> Result<Self, String> {
        decimal(value, "a price above 0 and at most 10⁹", Self::new)
    }
}

impl FromSetting for Percent {
    fn from_value(value: &Value) -> Result<Self, String> {
        decimal(value, "a percentage from 0 to 1000", |number| {
            let fits = number >= Decimal::ZERO
                && number <= Decimal::ONE_THOUSAND
                && number.scale() <= DECIMALS_MAX;
            fits.then(|| Self::new(number))
        })
    }
}

impl FromSetting for Ratio {
    fn from_value(value: &Value) -> Result<Self, String> {
        decimal(value, "a factor from 0 to 1000", |number| {
            let fits = number >= Decimal::ZERO
                && number <= Decimal::ONE_THOUSAND
                && number.scale() <= DECIMALS_MAX;
            fits.then(|| Self::new(number))
        })
    }
}

impl FromSetting for PointValue {
    fn from_value(value: &Value) -> Result<Self, String> {
        decimal(value, "rupees above 0", Self::new)
    }
}

impl FromSetting for Tick {
    fn from_value(value: &Value) -> Result<Self, String> {
        decimal(value, "a tick above 0", Self::new)
    }
}

impl FromSetting for Lots {
    fn from_value(value: &Value) -> Result<Self, String> {
        u32::from_value(value).map(Self::new)
    }
}

impl FromSetting for Quantity {
    fn from_value(value: &Value) -> Result<Self, String> {
        u64::from_value(value).map(Self::new)
    }
}

/// Makes an enum readable from the words of its variants.
macro_rules! words {
    ($($name:ty { $($word:literal => $value:expr),* $(,)? })*) => {$(
        impl FromSetting for $name {
            fn from_value(value: &::toml::Value) -> Result<Self, String> {
                match value.as_str() {
                    $(Some($word) => Ok($value),)*
                    _ => Err(format!("must be one of {}", [$($word),*].join(", "))),
                }
            }
        }
    )*};
}

pub(super) use words;
