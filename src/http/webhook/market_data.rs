//! `MARKET_DATA`: a closed bar of an instrument's own series.

use chrono::{DateTime, TimeDelta, Utc};

use super::error::SignalError;
use super::fields::Fields;
use super::identity::Identity;
use super::{Asked, Body, Kind, Reader};
use crate::domain::signal::{Bar, BarFrom};

/// The longest interval read, in minutes: a month of days.
const INTERVAL_MINUTES_MAX: i64 = 31 * 24 * 60;

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
    let (id, source) = (identity.cause(reader.desk, reader.now), reader.sender.id);
    let bar = Bar {
        from: BarFrom::Alert { id, source },
        instrument: meant.ix,
        contract: None,
        opened_at: opened_at(fields, at)?,
        at,
        close,
        atr: Some(atr),
    };
    Ok((Asked::Bar(id, bar), identity))
}

/// Returns when the bar opened: the chart says so, or says how many minutes its bars last.
fn opened_at(
    fields: &Fields<'_>,
    closed_at: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, SignalError> {
    if let Some(bar) = fields.time_opt("bar_time")? {
        return Ok(Some(bar).filter(|bar| *bar < closed_at));
    }
    // A word we do not know, as "D", is only information.
    let interval = fields.id_opt("interval").ok().flatten();
    let minutes = interval.and_then(|text| text.parse::<i64>().ok());
    let known = minutes.filter(|minutes| (1..=INTERVAL_MINUTES_MAX).contains(minutes));
    Ok(known.map(|minutes| closed_at - TimeDelta::minutes(minutes)))
}
