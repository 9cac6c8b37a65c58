//! The `OpenAlgo` style: an order as its users send it today, numbers in quotes or not.

use rust_decimal::Decimal;

use super::error::SignalError;
use super::fields::Fields;
use super::identity::Identity;
use super::plain::{self, Plain};
use super::{Asked, Body, Kind, Meant, Reader};
use crate::domain::calendar::exchange_day;
use crate::domain::money::{Price, Quantity};
use crate::domain::signal::{Expected, TradeWord};

/// Returns the order.
pub(super) fn order(
    reader: &Reader<'_>,
    body: &Body<'_>,
) -> Result<(Asked, Identity), SignalError> {
    let fields = &body.fields;
    let meant = reader.symbol(body)?;
    let action = fields.text("action")?;
    let word = match plain::word(&action) {
        Some(word @ TradeWord::Side(_)) => word,
        Some(TradeWord::Close) | None => {
            return Err(SignalError::invalid("action", "not one of BUY, SELL"));
        }
    };
    let price = price(reader, fields, &meant)?;
    let expected = expected(fields)?;
    let order = Plain {
        kind: Kind::OpenAlgo,
        quantity: quantity(fields, expected)?,
        meant,
        word,
        expected,
        price,
        product: plain::product(fields)?,
    };
    plain::signal(reader, &order, body)
}

/// Returns the price of an order; a limit must be on the tick.
///
/// A stop order is refused: its trigger is ours to place, and without it it is another order.
fn price(
    reader: &Reader<'_>,
    fields: &Fields<'_>,
    meant: &Meant,
) -> Result<Option<Price>, SignalError> {
    let pricetype = fields
        .text_opt("pricetype")?
        .unwrap_or_else(|| "MARKET".to_owned());
    match pricetype.trim().to_ascii_uppercase().as_str() {
        "MARKET" => fields.price_or_zero("price"),
        "LIMIT" => {
            let limit = fields.price("price")?;
            let day = exchange_day(reader.now);
            let spec = match meant.contract {
                Some(contract) => reader.instruments.spec(contract, day),
                None => reader
                    .instruments
                    .get(meant.ix)
                    .and_then(|one| one.spec(day)),
            };
            let tick = spec.map(|spec| spec.ticks.at(limit));
            match tick.filter(|tick| limit.get().checked_rem(tick.get()) != Some(Decimal::ZERO)) {
                None => Ok(Some(limit)),
                Some(tick) => {
                    let problem = format!("the limit {limit} is not a multiple of {}", tick.get());
                    Err(SignalError::invalid("price", problem))
                }
            }
        }
        "SL" | "SL-M" => Err(SignalError::invalid(
            "pricetype",
            "stop orders are placed by the gateway; send the stop as \"stop\"",
        )),
        _ => Err(SignalError::invalid(
            "pricetype",
            "not one of MARKET, LIMIT",
        )),
    }
}

/// Returns the most the order may be. Zero is no order, except beside the position to reach.
fn quantity(
    fields: &Fields<'_>,
    expected: Option<Expected>,
) -> Result<Option<Quantity>, SignalError> {
    match fields.count_opt("quantity")? {
        Some(none) if none.is_zero() && expected.is_some() => Ok(None),
        Some(none) if none.is_zero() => Err(SignalError::invalid("quantity", "0 is no order")),
        quantity => Ok(quantity),
    }
}

/// Returns the sign of the position the sender expects afterwards.
fn expected(fields: &Fields<'_>) -> Result<Option<Expected>, SignalError> {
    let size = fields.number_opt("position_size")?;
    Ok(size.map(|size| match size.cmp(&Decimal::ZERO) {
        std::cmp::Ordering::Less => Expected::Short,
        std::cmp::Ordering::Equal => Expected::Flat,
        std::cmp::Ordering::Greater => Expected::Long,
    }))
}
