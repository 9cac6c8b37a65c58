//! The simple kind: symbol, action, price.

use super::error::SignalError;
use super::identity::Identity;
use super::plain::{self, Plain};
use super::{Asked, Body, Kind, Reader};
use crate::domain::signal::TradeWord;

/// Returns the order.
pub(super) fn order(
    reader: &Reader<'_>,
    body: &Body<'_>,
) -> Result<(Asked, Identity), SignalError> {
    let fields = &body.fields;
    let meant = reader.symbol(body)?;
    let action = fields.text("action")?;
    let word = plain::word(&action)
        .ok_or_else(|| SignalError::invalid("action", "not one of BUY, SELL, CLOSE, CLOSE_ALL"))?;
    let price = match word {
        TradeWord::Side(_) => Some(fields.price("price")?),
        TradeWord::Close => fields.price_or_zero("price")?,
    };
    let order = Plain {
        kind: Kind::Simple,
        meant,
        word,
        quantity: fields.count_opt("quantity")?,
        expected: None,
        price,
        product: plain::product(fields)?,
    };
    plain::signal(reader, &order, body)
}
