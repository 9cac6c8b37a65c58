//! OpenAlgo's request schemas: what they refuse, in its words.
//!
//! 1. Every schema is strict: an unknown field is an error.
//! 2. Numbers may be JSON numbers or text that reads as one; text may only be text.
//! 3. Errors keep the order of the schema's fields, for they are shown as Python would print them.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::problems::Problems;

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// The API key: 1 to 256 characters.
    Key,
    /// Any text.
    Text,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number above zero.
    Quantity,
    /// A whole number, zero allowed.
    QuantityOrZero,
    /// A number not below zero; the word starts the error text.
    NotNegative(&'static str),
    /// Any number.
    Number,
    /// A whole number; a fraction is cut.
    Integer,
    /// A whole number above zero, with the error of `splitsize`.
    SplitSize,
    /// A truth value.
    Truth,
    /// A date `YYYY-MM-DD`.
    Date,
    /// A list of objects of a schema, with its fewest and most and the error for other lengths.
    List(&'static [Field], usize, usize, &'static str),
    /// A number, or null.
    NumberOrNull,
}

/// One field of a schema.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: &'static str,
    /// What it may hold.
    pub(super) kind: Kind,
    /// Whether it must be there.
    pub(super) required: bool,
}

/// A request that passed its schema.
#[derive(Clone, Debug)]
pub(super) struct Form(Map<String, Value>);

/// Every exchange OpenAlgo names.
pub(super) const EXCHANGES: &[&str] = &[
    "NSE",
    "NFO",
    "CDS",
    "BSE",
    "BFO",
    "BCD",
    "MCX",
    "NCDEX",
    "NCO",
    "NSE_INDEX",
    "BSE_INDEX",
    "MCX_INDEX",
    "GLOBAL_INDEX",
    "CRYPTO",
];

/// Returns a field that must be there.
pub(super) const fn must(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: true,
    }
}

/// Returns a field that may be left out.
pub(super) const fn may(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
    }
}

/// Returns the request when it fits the schema, else all that is wrong with it.
pub(super) fn check(schema: &[Field], body: Map<String, Value>) -> Result<Form, Problems> {
    let problems = problems(schema, &body);
    if problems.is_empty() {
        Ok(Form(body))
    } else {
        Err(Problems::Fields(problems))
    }
}

fn problems(schema: &[Field], body: &Map<String, Value>) -> Vec<(String, Problems)> {
    let known = schema.iter().filter_map(|field| {
        let problem = match body.get(field.name) {
            None if field.required => Some(text("Missing data for required field.")),
            None => None,
            Some(value) => wrong(field.kind, value),
        };
        Some((field.name.to_owned(), problem?))
    });
    let unknown = body
        .keys()
        .filter(|name| schema.iter().all(|field| field.name != name.as_str()))
        .map(|name| (name.clone(), text("Unknown field.")));
    known.chain(unknown).collect()
}

fn text(problem: &str) -> Problems {
    Problems::Texts(vec![problem.to_owned()])
}

fn wrong(kind: Kind, value: &Value) -> Option<Problems> {
    if value.is_null() {
        return match kind {
            Kind::NumberOrNull => None,
            Kind::Key
            | Kind::Text
            | Kind::OneOf(_)
            | Kind::Quantity
            | Kind::QuantityOrZero
            | Kind::NotNegative(_)
            | Kind::Number
            | Kind::Integer
            | Kind::SplitSize
            | Kind::Truth
            | Kind::Date
            | Kind::List(..) => Some(text("Field may not be null.")),
        };
    }
    match kind {
        Kind::Key => key(value),
        Kind::Text => (!value.is_string()).then(not_text),
        Kind::OneOf(words) => one_of(words, value),
        Kind::Quantity | Kind::QuantityOrZero => quantity(kind, value),
        Kind::NotNegative(word) => number(value).map_or_else(Some, |value| {
            (value < Decimal::ZERO).then(|| text(&format!("{word} must be a non-negative number.")))
        }),
        Kind::Number | Kind::NumberOrNull => number(value).err(),
        Kind::Integer => whole(value).err(),
        Kind::SplitSize => whole(value).map_or_else(Some, |size| {
            (size < Decimal::ONE).then(|| text("Split size must be a positive integer."))
        }),
        Kind::Truth => (!value.is_boolean()).then(|| text("Not a valid boolean.")),
        Kind::Date => date(value),
        Kind::List(schema, least, most, length) => list(schema, (least, most, length), value),
    }
}

fn not_text() -> Problems {
    text("Not a valid string.")
}

fn key(value: &Value) -> Option<Problems> {
    let Some(key) = value.as_str() else {
        return Some(not_text());
    };
    (!(1..=256).contains(&key.chars().count())).then(|| text("Length must be between 1 and 256."))
}

fn one_of(words: &[&str], value: &Value) -> Option<Problems> {
    let Some(word) = value.as_str() else {
        return Some(not_text());
    };
    (!words.contains(&word)).then(|| text(&format!("Must be one of: {}.", words.join(", "))))
}

fn quantity(kind: Kind, value: &Value) -> Option<Problems> {
    let value = match number(value) {
        Ok(value) => value,
        Err(problem) => return Some(problem),
    };
    let zero_fits = matches!(kind, Kind::QuantityOrZero);
    if value < Decimal::ZERO || (value.is_zero() && !zero_fits) {
        let word = if zero_fits {
            "non-negative"
        } else {
            "positive"
        };
        return Some(text(&format!("Quantity must be a {word} number.")));
    }
    (!value.is_integer()).then(|| {
        text(&format!(
            "Fractional quantity ({}) is not allowed for non-crypto exchanges.",
            value.normalize()
        ))
    })
}

fn number(value: &Value) -> Result<Decimal, Problems> {
    let shown = match value {
        Value::Number(number) => number.to_string(),
        Value::String(shown) => shown.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err(text("Not a valid number."));
        }
    };
    decimal(&shown).ok_or_else(|| {
        let bare = shown.trim_start_matches(['+', '-']).to_ascii_lowercase();
        let special = ["nan", "inf", "infinity"].contains(&bare.as_str());
        let digits = bare.starts_with(|first: char| first.is_ascii_digit());
        text(if special || digits {
            "Special numeric values (nan or infinity) are not permitted."
        } else {
            "Not a valid number."
        })
    })
}

fn decimal(shown: &str) -> Option<Decimal> {
    shown
        .parse()
        .ok()
        .or_else(|| Decimal::from_scientific(shown).ok())
}

fn whole(value: &Value) -> Result<Decimal, Problems> {
    number(value)
        .map(|value| value.trunc())
        .map_err(|_other_words| text("Not a valid integer."))
}

fn date(value: &Value) -> Option<Problems> {
    let fits = value
        .as_str()
        .is_some_and(|day| chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok());
    (!fits).then(|| text("Not a valid date."))
}

fn list(schema: &[Field], length: (usize, usize, &str), value: &Value) -> Option<Problems> {
    let (least, most, words) = length;
    let Some(items) = value.as_array() else {
        return Some(text("Invalid type."));
    };
    if !(least..=most).contains(&items.len()) {
        return Some(text(words));
    }
    let wrong: Vec<_> = items
        .iter()
        .enumerate()
        .filter_map(|(at, item)| {
            let problem = match item.as_object() {
                None => Problems::Fields(vec![("_schema".to_owned(), text("Invalid input type."))]),
                Some(item) => Problems::Fields(problems(schema, item)),
            };
            let none = matches!(&problem, Problems::Fields(fields) if fields.is_empty());
            (!none).then_some((at, problem))
        })
        .collect();
    (!wrong.is_empty()).then_some(Problems::Items(wrong))
}

impl Form {
    /// Returns a form made of an item of a list that passed.
    pub(super) fn of(item: &Value) -> Self {
        Self(item.as_object().cloned().unwrap_or_default())
    }

    /// Returns a text field, or nothing's text.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or("")
    }

    /// Returns a text field, or this word when it was left out.
    pub(super) fn word<'a>(&'a self, name: &str, otherwise: &'a str) -> &'a str {
        self.0
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or(otherwise)
    }

    /// Returns a number, or zero when it was left out.
    pub(super) fn number(&self, name: &str) -> Decimal {
        self.0
            .get(name)
            .and_then(|value| number(value).ok())
            .unwrap_or_default()
    }

    /// Returns a truth value.
    pub(super) fn truth(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Returns the items of a list.
    pub(super) fn items(&self, name: &str) -> &[Value] {
        self.0
            .get(name)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_be_text_and_infinity_may_not() {
        let of = |value: Value| wrong(Kind::Quantity, &value);
        assert_eq!(of(Value::from("10")), None);
        assert_eq!(of(Value::from("10.0")), None);
        assert_eq!(of(Value::from("abc")), Some(text("Not a valid number.")));
        let special = "Special numeric values (nan or infinity) are not permitted.";
        assert_eq!(of(Value::from("-Inf")), Some(text(special)));
        assert_eq!(
            of(serde_json::from_str("1e400").unwrap()),
            Some(text(special))
        );
    }
}
