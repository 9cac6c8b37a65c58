//! What the two kinds of plain orders have in common: a word whose meaning depends on what is held.
//!
//! Whether a word opens or closes is only known where the message says so; the rest is for the
//! desk. What comes too late to open, or may not open, may still close: it is then read as an order
//! that leads to nothing held.

use chrono::{DateTime, Utc};

use super::error::SignalError;
use super::fields::Fields;
use super::identity::Identity;
use super::{Asked, Body, Kind, Meant, Reader, not_allowed, refuse_wrong_side};
use crate::domain::money::{Points, Price, Quantity};
use crate::domain::order::{Direction, Product, Side};
use crate::domain::signal::{Ask, Expected, Signal, TradeWord};

/// A plain order, read.
pub(super) struct Plain {
    pub(super) kind: Kind,
    pub(super) meant: Meant,
    pub(super) word: TradeWord,
    pub(super) quantity: Option<Quantity>,
    pub(super) expected: Option<Expected>,
    pub(super) price: Option<Price>,
    pub(super) product: Option<Product>,
}

/// Returns the signal of a plain order.
pub(super) fn signal(
    reader: &Reader<'_>,
    plain: &Plain,
    body: &Body<'_>,
) -> Result<(Asked, Identity), SignalError> {
    let fields = &body.fields;
    let at = fields.time_opt("timestamp")?.unwrap_or(reader.now);
    let bar = fields.time_opt("bar_time")?;
    let opens = opens(plain.word, plain.expected);
    let expected = within_scope(reader, plain, opens)?;
    let expected = in_time(reader, plain.word, (expected, at))?;
    let exits = Exits {
        stop: same(fields, ["stop", "stop_loss"])?,
        target: fields.price_or_zero("target")?,
    }
    .on_the_right_side(plain, opens)?;
    let exits = exits.unless_flat(expected);
    let identity = Identity {
        word: identity_word(plain.word, plain.expected),
        ..reader.identity(plain.kind, &plain.meant, body)?
    };
    let signal = Signal {
        id: identity.cause(reader.desk, reader.now),
        source: reader.sender.id,
        ask: Ask::Trade {
            word: plain.word,
            quantity: plain.quantity,
            position_size: expected,
        },
        instrument: plain.meant.ix,
        contract: plain.meant.contract,
        product: plain.product.or(reader.sender.product),
        price: plain.price,
        stop: exits.stop,
        target: exits.target,
        atr: None,
        er: None,
        at: at.min(reader.now),
        bar: bar.map(|bar| bar.min(reader.now)),
        opened_before: reader.opened_before(fields)?,
        id_reused: false,
        profile: reader.sender.profile.clone(),
    };
    Ok((Asked::Signal(signal), identity))
}

/// Where a sender wants out.
struct Exits {
    stop: Option<Price>,
    target: Option<Price>,
}

impl Exits {
    /// Returns no exits for an order that leads to nothing held.
    const fn unless_flat(self, expected: Option<Expected>) -> Self {
        match expected {
            Some(Expected::Flat) => Self {
                stop: None,
                target: None,
            },
            None | Some(Expected::Long | Expected::Short) => self,
        }
    }

    /// Refuses exits that make no sense for what the order opens.
    ///
    /// A sale that does not say whether it opens keeps only exits that fit a short position:
    /// without a stop it can only reduce what is held.
    fn on_the_right_side(
        self,
        plain: &Plain,
        opens: Option<Direction>,
    ) -> Result<Self, SignalError> {
        let Some(price) = plain.price else {
            return Ok(self);
        };
        let buys = plain.word == TradeWord::Side(Side::Buy) && plain.expected.is_none();
        let Some(direction) = opens.or(buys.then_some(Direction::Long)) else {
            return Ok(Self {
                stop: self.stop.filter(|stop| *stop > price),
                target: self.target.filter(|target| *target < price),
            });
        };
        if let Some(stop) = self.stop {
            refuse_wrong_side(direction, price, stop)?;
        }
        let beyond = |target: &Price| direction.gain(price, *target) <= Points::ZERO;
        if let Some(target) = self.target.filter(beyond) {
            let problem = format!("{target} is on the wrong side of the price {price}");
            return Err(SignalError::invalid("target", problem));
        }
        Ok(self)
    }
}

/// Returns the position to expect: flat, where the order is too late to open one, or from a clock
/// that cannot be right.
fn in_time(
    reader: &Reader<'_>,
    word: TradeWord,
    (expected, at): (Option<Expected>, DateTime<Utc>),
) -> Result<Option<Expected>, SignalError> {
    let opening = match (word, expected) {
        (TradeWord::Side(side), None) => Some(side),
        (TradeWord::Side(side), Some(_)) => opens(word, expected).map(|_direction| side),
        (TradeWord::Close, _) => None,
    };
    let Some(side) = opening else {
        return Ok(expected);
    };
    let in_time = reader
        .refuse_stale(at, reader.limits.entry)
        .and_then(|()| reader.refuse_future(at));
    match in_time {
        Ok(()) => Ok(expected),
        // where nothing is ever short, buying closes nothing
        Err(error) if side == Side::Buy && reader.long_only => Err(error),
        Err(_too_late_or_too_early) => Ok(Some(Expected::Flat)),
    }
}

/// Returns the word of a plain order, in any case.
pub(super) fn word(text: &str) -> Option<TradeWord> {
    match text.trim().to_ascii_uppercase().as_str() {
        "BUY" => Some(TradeWord::Side(Side::Buy)),
        "SELL" => Some(TradeWord::Side(Side::Sell)),
        "CLOSE" | "CLOSE_ALL" => Some(TradeWord::Close),
        _ => None,
    }
}

/// Returns the product that an alert names.
pub(super) fn product(fields: &Fields<'_>) -> Result<Option<Product>, SignalError> {
    let Some(text) = fields.text_opt("product")? else {
        return Ok(None);
    };
    let product = text.trim().to_ascii_uppercase().parse();
    product.map(Some).map_err(|_unknown| {
        SignalError::invalid("product", format!("{text:?} is not one of NRML, CNC, MIS"))
    })
}

/// Returns the way of the position that the message alone shows to be opened or enlarged.
const fn opens(word: TradeWord, expected: Option<Expected>) -> Option<Direction> {
    match (word, expected) {
        (TradeWord::Side(Side::Buy), Some(Expected::Long)) => Some(Direction::Long),
        (TradeWord::Side(Side::Sell), Some(Expected::Short)) => Some(Direction::Short),
        (TradeWord::Close, _)
        | (_, None | Some(Expected::Flat))
        | (TradeWord::Side(Side::Buy), Some(Expected::Short))
        | (TradeWord::Side(Side::Sell), Some(Expected::Long)) => None,
    }
}

/// Returns the position to expect: flat, where the source may only close with this word.
fn within_scope(
    reader: &Reader<'_>,
    plain: &Plain,
    opens: Option<Direction>,
) -> Result<Option<Expected>, SignalError> {
    let (Some(only), TradeWord::Side(side)) = (reader.sender.scope.only, plain.word) else {
        return Ok(plain.expected);
    };
    if opens.is_some_and(|direction| direction != only) {
        return Err(not_allowed(only.opening().opposite().word()));
    }
    if plain.expected.is_none() && Direction::of(side) != only {
        return Ok(Some(Expected::Flat));
    }
    Ok(plain.expected)
}

/// Returns the price that stands behind either of two keys; both must agree.
fn same(fields: &Fields<'_>, keys: [&str; 2]) -> Result<Option<Price>, SignalError> {
    let [one, other] = keys;
    let prices = (fields.price_or_zero(one)?, fields.price_or_zero(other)?);
    match prices {
        (Some(first), Some(second)) if first != second => Err(SignalError::invalid(
            one,
            format!("{first}, but {other} is {second}"),
        )),
        (first, second) => Ok(first.or(second)),
    }
}

/// Returns the word that tells two orders of one moment apart: a reversal may come as two sales.
fn identity_word(word: TradeWord, expected: Option<Expected>) -> String {
    let word = match word {
        TradeWord::Side(side) => side.word(),
        TradeWord::Close => "CLOSE",
    };
    let expected = match expected {
        None => "",
        Some(Expected::Long) => " to long",
        Some(Expected::Flat) => " to flat",
        Some(Expected::Short) => " to short",
    };
    format!("{word}{expected}")
}
