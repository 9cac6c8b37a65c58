//! What a script tells the gateway.
#![expect(
    clippy::disallowed_types,
    reason = "the way out of the indicators: a float becomes a price on the tick, or a decimal of four places"
)]

use chrono::{DateTime, Utc};
use rust_decimal::prelude::FromPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Conditions, Readings};
use crate::domain::market::Tick;
use crate::domain::money::Price;

/// The places after the point of what is no price.
const PLACES: u32 = 4;

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The bar it speaks of, by its opening.
    pub bar: DateTime<Utc>,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The price it saw.
    pub price: Price,
    /// What it says.
    pub message: Message,
}

/// What an alert says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The first layer of a position: `BASE_ENTRY`.
    Base(Entry),
    /// A further one: `PYRAMID`.
    Add(Entry),
    /// A layer has met its stop: `EXIT`.
    Exit(Exit),
    /// What is seen before the close: `EOD_MONITOR`.
    Look(Sight, Conditions),
    /// A closed bar: `MARKET_DATA`.
    Bar(Sight),
}

/// A layer that opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The number in `Long_2`.
    pub layer: u8,
    /// Its own first stop.
    pub stop: Price,
    /// What was seen.
    pub sight: Sight,
}

/// A layer that closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The number in `Long_2`.
    pub layer: u8,
    /// The stop that was met.
    pub stop: Price,
    /// The highest close since it opened.
    pub top: Price,
    /// Whether the stop had moved since.
    pub trailed: bool,
}

/// The readings of a bar, as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Relative strength index.
    pub rsi: Decimal,
    /// Moving average.
    pub ema: Decimal,
    /// The highest price of the bars before.
    pub dc_upper: Price,
    /// Average directional index.
    pub adx: Decimal,
    /// Efficiency ratio.
    pub er: Decimal,
    /// Rate of change, in percent.
    pub roc: Decimal,
    /// Average true range.
    pub atr: Decimal,
    /// Trend line.
    pub supertrend: Price,
}

impl Sight {
    /// Returns readings as they are written, or nothing when one of them is no number.
    pub fn of(readings: &Readings, tick: Tick) -> Option<Self> {
        Some(Self {
            rsi: fine(readings.rsi)?,
            ema: fine(readings.ema)?,
            dc_upper: on_tick(readings.dc_upper, tick)?,
            adx: fine(readings.adx)?,
            er: fine(readings.er)?,
            roc: fine(readings.roc)?,
            atr: fine(readings.atr)?,
            supertrend: on_tick(readings.supertrend, tick)?,
        })
    }
}

/// Returns the price on the tick nearest to a number: nothing for what is no number and no price.
pub fn on_tick(value: f64, tick: Tick) -> Option<Price> {
    let value = Decimal::from_f64(value)?;
    let ticks = value.checked_div(tick.get())?;
    let ticks = ticks.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    let mut price = ticks.checked_mul(tick.get())?;
    price.rescale(tick.get().scale());
    Price::new(price)
}

/// Returns a number to four places: nothing for what is no number.
pub fn fine(value: f64) -> Option<Decimal> {
    let value = Decimal::from_f64(value)?;
    let mut value = value.round_dp_with_strategy(PLACES, RoundingStrategy::MidpointAwayFromZero);
    value.rescale(PLACES);
    Some(value)
}
