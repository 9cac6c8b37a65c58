//! `EOD_MONITOR`: what a scout sees shortly before the close. It knows nothing of positions; what
//! it says of them is recorded and not obeyed.

use super::error::SignalError;
use super::fields::Fields;
use super::identity::Identity;
use super::{Asked, Body, Kind, Reader};
use crate::domain::money::Price;
use crate::domain::order::Direction;
use crate::domain::signal::Scout;

/// Conditions that must be there and only explain the four words that count.
const EXPLAINING: [&str; 7] = [
    "rsi_condition",
    "ema_condition",
    "dc_condition",
    "adx_condition",
    "er_condition",
    "st_condition",
    "not_doji",
];

/// Returns what the scout saw.
pub(super) fn scout(
    reader: &Reader<'_>,
    body: &Body<'_>,
) -> Result<(Asked, Identity), SignalError> {
    let fields = &body.fields;
    let meant = reader.named(body)?;
    let at = fields.time("timestamp")?;
    let price = fields.price("price")?;
    let conditions = fields.object("conditions")?;
    let conditions = Fields::new(&conditions, "conditions.");
    for name in EXPLAINING {
        conditions.truth(name)?;
    }
    let indicators = fields.object("indicators")?;
    let indicators = Fields::new(&indicators, "indicators.");
    for name in ["rsi", "ema", "dc_upper", "adx"] {
        indicators.number(name)?;
    }
    let er = indicators.ratio("er")?;
    let atr = indicators.range("atr")?;
    let supertrend = Price::new(indicators.number("supertrend")?);
    reader.refuse_future(at)?;
    reader.refuse_stale(at, reader.limits.eod)?;
    // a scout looks several times at one bar: its own time tells the looks apart
    let identity = Identity {
        moment: Some(at),
        ..reader.identity(Kind::EodMonitor, &meant, body)?
    };
    // the way that its source may not open is not heard; every exit is
    let only = reader.sender.scope.only;
    let may_open = |direction| only.is_none_or(|only| only == direction);
    let scout = Scout {
        id: identity.cause(reader.desk, reader.now),
        source: reader.sender.id,
        instrument: meant.ix,
        product: reader.sender.product,
        profile: reader.sender.profile.clone(),
        at,
        price,
        atr,
        er: Some(er),
        supertrend,
        long_entry: conditions.truth("long_entry")? && may_open(Direction::Long),
        long_exit: conditions.truth("long_exit")?,
        short_entry: conditions.truth_opt("short_entry")?.unwrap_or(false)
            && may_open(Direction::Short),
        short_exit: conditions.truth_opt("short_exit")?.unwrap_or(false),
    };
    Ok((Asked::Scout(scout), identity))
}
