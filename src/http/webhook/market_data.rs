//! `MARKET_DATA`: a closed bar of an instrument's own series.

use super::error::SignalError;
use super::identity::Identity;
use super::{Asked, Body, Kind, Reader};
use crate::domain::signal::Bar;

/// Returns the bar.
pub(super) fn bar(reader: &Reader<'_>, body: &Body<'_>) -> Result<(Asked, Identity), SignalError> {
    let fields = &body.fields;
    let meant = reader.named(body)?;
    let at = fields.time("timestamp")?;
    let close = fields.price("price")?;
    // a stop trails by multiples of this: an unknown range would put it at the price
    let atr = fields
        .range("atr")?
        .ok_or_else(|| SignalError::invalid("atr", "0 is no range of a bar"))?;
    fields.price("supertrend")?;
    reader.refuse_future(at)?;
    let identity = reader.identity(Kind::MarketData, &meant, body)?;
    let bar = Bar {
        id: identity.cause(reader.desk, reader.now),
        source: reader.sender.id,
        instrument: meant.ix,
        at,
        close,
        atr,
    };
    Ok((Asked::Bar(bar), identity))
}
