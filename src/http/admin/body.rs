//! The body of an order: a strict JSON object, each field asked for by name.

use actix_web::HttpRequest;
use actix_web::web::{Bytes, Payload};
use rust_decimal::Decimal;

use super::error::AdminError;
use crate::domain::input::Settlement;
use crate::domain::money::{Lots, Money, Percent, Price};
use crate::domain::order::BrokerOrderId;
use crate::http::json::{Object, Value};
use crate::http::{DoorError, Doors};

/// The most rupees moved at once: far more than an account has.
const RUPEES_MAX: Decimal = Decimal::from_parts(1_410_065_408, 2, 0, false, 0);

/// Returns the bytes of a request.
pub(super) async fn bytes(
    request: &HttpRequest,
    payload: Payload,
    doors: &Doors,
) -> Result<Bytes, AdminError> {
    let body = crate::http::body::read(request, payload, doors.body_bytes_max).await;
    body.map_err(|error: DoorError| error.into())
}

/// The fields of an order.
pub(super) struct Body<'a>(Object<'a>);

impl<'a> Body<'a> {
    /// Returns the fields; one that is not listed is refused, so that a misspelt one is noticed.
    pub(super) fn parse(bytes: &'a [u8], known: &[&str]) -> Result<Self, AdminError> {
        let object = Object::parse(bytes)?;
        let stranger = object.keys().find(|key| !known.contains(key));
        if let Some(key) = stranger {
            let problem = format!("is not known here; known are {}", known.join(", "));
            return Err(AdminError::given(key, problem));
        }
        Ok(Self(object))
    }

    /// Returns a text that must be there.
    pub(super) fn text(&self, key: &str) -> Result<String, AdminError> {
        match self.0.get(key) {
            Some(Value::Text(text)) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
            Some(Value::Text(_) | Value::Null) | None => {
                Err(AdminError::given(key, "must be there"))
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::List | Value::Object(_)) => {
                Err(AdminError::given(key, "must be a text"))
            }
        }
    }

    /// Returns a number of lots, when there is one.
    pub(super) fn lots(&self) -> Result<Option<Lots>, AdminError> {
        let Some(number) = self.number("lots")? else {
            return Ok(None);
        };
        let lots = Lots::floor(number).filter(|lots| lots.decimal() == number && !lots.is_zero());
        let wrong = || AdminError::given("lots", "must be a whole number from 1");
        lots.ok_or_else(wrong).map(Some)
    }

    /// Returns rupees, when there are any: more than none, in whole paisa.
    pub(super) fn rupees(&self, key: &str) -> Result<Option<Money>, AdminError> {
        let Some(number) = self.number(key)? else {
            return Ok(None);
        };
        let sound =
            number > Decimal::ZERO && number <= RUPEES_MAX && number.normalize().scale() <= 2;
        let wrong = || AdminError::given(key, "must be rupees above 0, in whole paisa");
        sound
            .then(|| Money::new(number))
            .ok_or_else(wrong)
            .map(Some)
    }

    /// Returns a percentage, when there is one: above 0, at most 100, four decimals.
    pub(super) fn percent(&self, key: &str) -> Result<Option<Percent>, AdminError> {
        let Some(number) = self.number(key)? else {
            return Ok(None);
        };
        let sound = number > Decimal::ZERO
            && number <= Decimal::ONE_HUNDRED
            && number.normalize().scale() <= 4;
        let wrong = || AdminError::given(key, "must be a percentage above 0 and at most 100");
        sound
            .then(|| Percent::new(number))
            .ok_or_else(wrong)
            .map(Some)
    }

    /// Returns a text, when there is one.
    pub(super) fn maybe_text(&self, key: &str) -> Result<Option<String>, AdminError> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.text(key).map(Some),
        }
    }

    /// Returns a price, when there is one.
    pub(super) fn price(&self, key: &str) -> Result<Option<Price>, AdminError> {
        let Some(number) = self.number(key)? else {
            return Ok(None);
        };
        let wrong = || AdminError::given(key, "must be a price above 0");
        Price::new(number).ok_or_else(wrong).map(Some)
    }

    /// Returns what became of an order.
    pub(super) fn settlement(&self) -> Result<Settlement, AdminError> {
        let has_id = !matches!(self.0.get("broker_id"), None | Some(Value::Null));
        match (self.text("outcome")?.as_str(), has_id) {
            ("placed", true) => {
                let id = BrokerOrderId::new(&self.text("broker_id")?);
                let wrong = || AdminError::given("broker_id", "must be the broker's id");
                id.map(Settlement::Placed).ok_or_else(wrong)
            }
            ("placed", false) => Err(AdminError::given("broker_id", "must be there")),
            ("not_placed", false) => Ok(Settlement::NotPlaced),
            ("not_placed", true) => Err(AdminError::given(
                "broker_id",
                "what was not placed has none",
            )),
            (_, _) => Err(AdminError::given("outcome", "must be placed or not_placed")),
        }
    }

    fn number(&self, key: &str) -> Result<Option<Decimal>, AdminError> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(Value::Text(text)) => {
                let number = crate::http::json::decimal(&text);
                let wrong = || AdminError::given(key, "must be a number");
                number.ok_or_else(wrong).map(Some)
            }
            Some(Value::Bool(_) | Value::List | Value::Object(_)) => {
                Err(AdminError::given(key, "must be a number"))
            }
        }
    }
}
