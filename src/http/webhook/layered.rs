//! `BASE_ENTRY`, `PYRAMID` and `EXIT`: alerts that name the leg they mean.

use super::error::SignalError;
use super::fields::Fields;
use super::identity::Identity;
use super::{Asked, Body, Kind, Reader, not_allowed, refuse_wrong_side};
use crate::domain::order::Direction;
use crate::domain::signal::{Ask, Layer, Signal, Which};

/// The highest number a leg's label may have.
const LAYER_MAX: u8 = 6;

/// Returns the entry or the add that an alert asks for.
pub(super) fn entry(
    reader: &Reader<'_>,
    kind: Kind,
    body: &Body<'_>,
) -> Result<(Asked, Identity), SignalError> {
    let fields = &body.fields;
    let meant = reader.named(body)?;
    let (direction, layer) = opening_leg(&fields.text("position")?, kind)?;
    if reader
        .sender
        .scope
        .only
        .is_some_and(|only| only != direction)
    {
        return Err(not_allowed(direction.word()));
    }
    let price = fields.price("price")?;
    let stop = fields.price("stop")?;
    refuse_wrong_side(direction, price, stop)?;
    let atr = fields.range("atr")?;
    let er = fields.ratio("er")?;
    check_recorded(fields)?;
    let at = fields.time("timestamp")?;
    reader.refuse_future(at)?;
    reader.refuse_stale(at, reader.limits.entry)?;
    let identity = Identity {
        layer: Some(Which::Layer(direction, layer)),
        ..reader.identity(kind, &meant, body)?
    };
    let ask = if kind == Kind::BaseEntry {
        Ask::Enter { direction, layer }
    } else {
        Ask::Add { direction, layer }
    };
    let signal = Signal {
        id: identity.cause(reader.desk, reader.now),
        source: reader.sender.id,
        ask,
        instrument: meant.ix,
        contract: meant.contract,
        product: reader.sender.product,
        price: Some(price),
        stop: Some(stop),
        target: None,
        atr,
        er: Some(er),
        at,
        bar: reader.bar_of_entry(fields)?,
        opened_before: None,
        id_reused: false,
        profile: reader.sender.profile.clone(),
    };
    Ok((Asked::Signal(signal), identity))
}

/// Returns the exit that an alert asks for.
pub(super) fn exit(reader: &Reader<'_>, body: &Body<'_>) -> Result<(Asked, Identity), SignalError> {
    let fields = &body.fields;
    let meant = reader.named(body)?;
    let which = which(&fields.text("position")?)?;
    let price = fields.price_opt("price")?;
    for recorded in ["stop", "atr", "er"] {
        fields.number_opt(recorded)?;
    }
    check_recorded(fields)?;
    let at = fields.time_opt("timestamp")?;
    let identity = Identity {
        layer: Some(which),
        ..reader.identity(Kind::Exit, &meant, body)?
    };
    let signal = Signal {
        id: identity.cause(reader.desk, reader.now),
        source: reader.sender.id,
        ask: Ask::Exit(which),
        instrument: meant.ix,
        contract: meant.contract,
        product: None,
        price,
        stop: None,
        target: None,
        atr: None,
        er: None,
        at: at.map_or(reader.now, |at| at.min(reader.now)),
        bar: reader.bar_of_exit(fields)?,
        opened_before: reader.opened_before(fields)?,
        id_reused: false,
        profile: reader.sender.profile.clone(),
    };
    Ok((Asked::Signal(signal), identity))
}

/// Refuses recorded figures that are no figures: a sender that is wrong there may be wrong
/// elsewhere.
fn check_recorded(fields: &Fields<'_>) -> Result<(), SignalError> {
    fields.count_opt("lots")?;
    fields.number_opt("supertrend")?;
    fields.number_opt("roc")?;
    Ok(())
}

/// Returns the leg that an entry (`Long_1`) or an add (`Long_2` and up) opens.
fn opening_leg(label: &str, kind: Kind) -> Result<(Direction, Layer), SignalError> {
    let leg = match which(label)? {
        Which::Layer(direction, layer) => Some((direction, layer)),
        Which::All => None,
    };
    let base = kind == Kind::BaseEntry;
    leg.filter(|(_, layer)| (layer.0 == 1) == base)
        .ok_or_else(|| {
            let labels = if base {
                "Long_1 or Short_1"
            } else {
                "Long_2 or higher, Short_2 or higher"
            };
            SignalError::invalid("position", format!("{} takes {labels}", kind.word()))
        })
}

/// Returns the legs a label means.
fn which(label: &str) -> Result<Which, SignalError> {
    if label == "ALL" {
        return Ok(Which::All);
    }
    let leg = label.split_once('_').and_then(|(side, number)| {
        let direction = match side {
            "Long" => Direction::Long,
            "Short" => Direction::Short,
            _ => return None,
        };
        let layer = (1..=LAYER_MAX).find(|layer| layer.to_string() == number)?;
        Some(Which::Layer(direction, Layer(layer)))
    });
    leg.ok_or_else(|| {
        let labels = format!("Long_1 to Long_{LAYER_MAX}, Short_1 to Short_{LAYER_MAX} or ALL");
        SignalError::invalid("position", format!("not one of {labels}"))
    })
}
