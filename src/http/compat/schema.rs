//! What the doors that stand in for OpenAlgo take, and how they refuse the rest: in its words, so
//! that a client sees no difference.
//!
//! 1. An unknown field is refused; all that is wrong is said at once, in the order of the fields.
//! 2. Numbers may stand in quotes; text may only be text.

use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};

use crate::http::json::{Object, Value, decimal};

/// Exchanges a request may name.
const EXCHANGES: [&str; 14] = [
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

/// The two sides, in the forms a request may write.
const ACTIONS: [&str; 4] = ["BUY", "SELL", "buy", "sell"];

/// The kinds of prices.
const PRICE_TYPES: [&str; 4] = ["MARKET", "LIMIT", "SL", "SL-M"];

/// The ways to carry a position.
const PRODUCTS: [&str; 3] = ["MIS", "NRML", "CNC"];

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// 1 to 256 characters.
    Key,
    /// Any text.
    Text,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number above zero.
    Quantity,
    /// A whole number from zero.
    QuantityOrZero,
    /// A number from zero; the word begins its error.
    NotNegative(&'static str),
    /// A number of any sign.
    Number,
    /// Checked by the reader of alerts.
    Ours,
}

/// One field: its name, what it may hold, whether it must be there.
type Field = (&'static str, Kind, bool);

const APIKEY: Field = ("apikey", Kind::Key, true);

/// The fields of an order; the last four are ours.
const ORDER: [Field; 15] = [
    APIKEY,
    ("strategy", Kind::Text, true),
    ("exchange", Kind::OneOf(&EXCHANGES), true),
    ("symbol", Kind::Text, true),
    ("action", Kind::OneOf(&ACTIONS), true),
    ("quantity", Kind::Quantity, true),
    ("pricetype", Kind::OneOf(&PRICE_TYPES), false),
    ("product", Kind::OneOf(&PRODUCTS), false),
    ("price", Kind::NotNegative("Price"), false),
    ("trigger_price", Kind::NotNegative("Trigger price"), false),
    (
        "disclosed_quantity",
        Kind::NotNegative("Disclosed quantity"),
        false,
    ),
    ("stop", Kind::Ours, false),
    ("target", Kind::Ours, false),
    ("timestamp", Kind::Ours, false),
    ("id", Kind::Ours, false),
];

const POSITION_SIZE: Field = ("position_size", Kind::Number, true);
const STRATEGY: Field = ("strategy", Kind::Text, true);
const ORDER_ID: Field = ("orderid", Kind::Text, true);

/// The requests that are answered here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// An order.
    Place,
    /// An order with the position to reach.
    PlaceSmart,
    /// The state of one order, or the wish to cancel it.
    OneOrder,
    /// Nothing but the key.
    KeyOnly,
}

/// All that is wrong with a request: fields with their errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Problems(Vec<(String, String)>);

impl Request {
    fn fields(self) -> Vec<Field> {
        match self {
            Self::Place => ORDER.to_vec(),
            Self::PlaceSmart => {
                let smart = ORDER.into_iter().map(|field| match field {
                    ("quantity", _, must) => ("quantity", Kind::QuantityOrZero, must),
                    other => other,
                });
                smart.chain([POSITION_SIZE]).collect()
            }
            Self::OneOrder => vec![APIKEY, STRATEGY, ORDER_ID],
            Self::KeyOnly => vec![APIKEY],
        }
    }

    /// Returns what is wrong with a body.
    pub(super) fn check(self, body: &Object<'_>) -> Result<(), Problems> {
        let fields = self.fields();
        let known = fields.iter().filter_map(|(name, kind, must)| {
            let problem = match body.get(name) {
                None if *must => Some("Missing data for required field.".to_owned()),
                None => None,
                Some(value) => kind.problem(&value),
            };
            Some(((*name).to_owned(), problem?))
        });
        let unknown = body
            .keys()
            .filter(|key| fields.iter().all(|(name, ..)| name != key))
            .map(|key| (key.to_owned(), "Unknown field.".to_owned()));
        let problems: Vec<_> = known.chain(unknown).collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Problems(problems))
        }
    }
}

impl Kind {
    fn problem(self, value: &Value<'_>) -> Option<String> {
        if matches!(self, Self::Ours) {
            return None;
        }
        if matches!(value, Value::Null) {
            return Some("Field may not be null.".to_owned());
        }
        match self {
            Self::Ours => None,
            Self::Key => match text(value) {
                Ok(text) if (1..=256).contains(&text.chars().count()) => None,
                Ok(_) => Some("Length must be between 1 and 256.".to_owned()),
                Err(problem) => Some(problem),
            },
            Self::Text => text(value).err(),
            Self::OneOf(words) => match text(value) {
                Ok(word) if words.contains(&word) => None,
                Ok(_) => Some(format!("Must be one of: {}.", words.join(", "))),
                Err(problem) => Some(problem),
            },
            Self::Quantity | Self::QuantityOrZero => match number(value) {
                Ok(number) => self.quantity_problem(number),
                Err(problem) => Some(problem),
            },
            Self::NotNegative(word) => match number(value) {
                Ok(number) if number < Decimal::ZERO => {
                    Some(format!("{word} must be a non-negative number."))
                }
                Ok(_) => None,
                Err(problem) => Some(problem),
            },
            Self::Number => number(value).err(),
        }
    }

    fn quantity_problem(self, number: Decimal) -> Option<String> {
        let zero_fits = matches!(self, Self::QuantityOrZero);
        if number < Decimal::ZERO || (number.is_zero() && !zero_fits) {
            let word = if zero_fits {
                "non-negative"
            } else {
                "positive"
            };
            return Some(format!("Quantity must be a {word} number."));
        }
        let fraction = "is not allowed for non-crypto exchanges.";
        (!number.fract().is_zero()).then(|| format!("Fractional quantity ({number}) {fraction}"))
    }
}

fn text<'v>(value: &'v Value<'_>) -> Result<&'v str, String> {
    match value {
        Value::Text(text) => Ok(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List | Value::Object(_) => {
            Err("Not a valid string.".to_owned())
        }
    }
}

fn number(value: &Value<'_>) -> Result<Decimal, String> {
    let text = match value {
        Value::Number(number) => return Ok(*number),
        Value::Text(text) => text.trim(),
        Value::Null | Value::Bool(_) | Value::List | Value::Object(_) => {
            return Err("Not a valid number.".to_owned());
        }
    };
    let special = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    if ["nan", "inf", "infinity"].contains(&special.as_str()) {
        return Err("Special numeric values (nan or infinity) are not permitted.".to_owned());
    }
    decimal(text).ok_or_else(|| "Not a valid number.".to_owned())
}

impl Problems {
    /// Returns the one problem of a request without a key.
    pub(super) fn no_key() -> Self {
        let missing = "Missing data for required field.";
        Self(vec![("apikey".to_owned(), missing.to_owned())])
    }

    /// Returns the problems of order routes: as Python prints a dictionary.
    pub(super) fn repr(&self) -> String {
        let shown: Vec<_> = self
            .0
            .iter()
            .map(|(name, problem)| format!("{}: [{}]", quoted(name), quoted(problem)))
            .collect();
        format!("{{{}}}", shown.join(", "))
    }

    /// Returns the problems of the other routes: an object.
    pub(super) fn object(&self) -> Json {
        let named = self.0.iter().map(|(name, problem)| {
            let list = Json::from(vec![problem.clone()]);
            (name.clone(), list)
        });
        Json::Object(named.collect::<Map<_, _>>())
    }
}

/// Returns a text in the quotes that Python would choose.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let escaped: String = text
        .chars()
        .flat_map(|letter| {
            let escape = (letter == quote || letter == '\\').then_some('\\');
            escape.into_iter().chain([letter])
        })
        .filter(|letter| !letter.is_control())
        .collect();
    format!("{quote}{escaped}{quote}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repr(request: Request, body: &str) -> String {
        let object = Object::parse(body.as_bytes()).unwrap();
        request
            .check(&object)
            .map_or_else(|problems| problems.repr(), |()| String::new())
    }

    fn order(from: &str, to: &str) -> String {
        let body = r#"{"apikey":"k","strategy":"s","exchange":"NFO","symbol":"X","action":"BUY","quantity":"30"}"#;
        assert!(body.contains(from), "{from}");
        body.replace(from, to)
    }

    #[test]
    fn an_order_is_refused_in_openalgos_words() {
        let check = |from, to| repr(Request::Place, &order(from, to));
        assert_eq!(check("", ""), "");
        assert_eq!(
            check("\"30\"", "0"),
            "{'quantity': ['Quantity must be a positive number.']}"
        );
        assert_eq!(
            check("BUY", "Buy"),
            "{'action': ['Must be one of: BUY, SELL, buy, sell.']}"
        );
        assert_eq!(check("\"X\"", "7"), "{'symbol': ['Not a valid string.']}");
        assert_eq!(
            check("\"X\"", "null"),
            "{'symbol': ['Field may not be null.']}"
        );
        assert_eq!(
            check("30", "1.5"),
            "{'quantity': ['Fractional quantity (1.5) is not allowed for non-crypto exchanges.']}"
        );
        assert_eq!(
            check("30", "NaN"),
            "{'quantity': ['Special numeric values (nan or infinity) are not permitted.']}"
        );
        assert_eq!(
            check("\"k\"", "\"\""),
            "{'apikey': ['Length must be between 1 and 256.']}"
        );
        let two = check("\"strategy\":\"s\",", "\"it's\":1,");
        assert_eq!(
            two,
            "{'strategy': ['Missing data for required field.'], \"it's\": ['Unknown field.']}"
        );
        assert_eq!(check("\"30\"", "\"30\",\"stop\":\"51000\""), "");
    }

    #[test]
    fn a_smart_order_may_be_for_nothing_and_names_its_position() {
        let zero = order("\"30\"", "0");
        let missing = "{'position_size': ['Missing data for required field.']}";
        assert_eq!(repr(Request::PlaceSmart, &zero), missing);
        assert_eq!(
            repr(
                Request::PlaceSmart,
                &order("\"30\"", "0,\"position_size\":\"-30\"")
            ),
            ""
        );
    }

    #[test]
    fn the_other_routes_say_the_same_as_an_object() {
        let body = Object::parse(b"{}").unwrap();
        let problems = Request::KeyOnly.check(&body).unwrap_err();
        assert_eq!(
            problems.object().to_string(),
            r#"{"apikey":["Missing data for required field."]}"#
        );
    }
}
