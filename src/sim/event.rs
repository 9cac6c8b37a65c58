//! What happens on the floor, in the form it is written to the journal.
//!
//! A [`Batch`] is one line: what one call did, whole or not at all.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::order::{Exchange, Product, Side};

use super::fills::{PriceType, Terms};

/// Everything one call did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Batch {
    /// When.
    pub at: DateTime<Utc>,
    /// What, in order.
    pub events: Vec<Event>,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The account was opened.
    Opened {
        /// With so many rupees.
        capital: Decimal,
    },
    /// An order was taken.
    Placed(Box<Placed>),
    /// An order's terms were replaced.
    Modified {
        /// Which.
        id: String,
        /// Its new quantity.
        quantity: u64,
        /// Its new kind and prices.
        terms: WireTerms,
    },
    /// A stop was touched.
    Woken {
        /// Which.
        id: String,
    },
    /// An order traded.
    Filled {
        /// Which.
        id: String,
        /// Units.
        quantity: u64,
        /// Price of one unit.
        price: Decimal,
        /// Charges of this fill.
        charges: Decimal,
    },
    /// An order was taken back.
    Cancelled {
        /// Which.
        id: String,
        /// Units that will trade all the same (fault `fill_after_cancel`).
        late: u64,
    },
    /// An order was refused after it had been acknowledged.
    Rejected {
        /// Which.
        id: String,
        /// The broker's words.
        reason: String,
    },
    /// Orders held at a part of their quantity may fill again.
    Released,
}

/// An order as it was taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Placed {
    /// The broker's number for it.
    pub id: String,
    /// The sender's word for its strategy; live OpenAlgo never shows it.
    pub strategy: String,
    /// Segment.
    #[serde(with = "word")]
    pub exchange: Exchange,
    /// Symbol.
    pub symbol: String,
    /// How it is carried.
    #[serde(with = "word")]
    pub product: Product,
    /// Which way.
    #[serde(with = "word")]
    pub side: Side,
    /// Units.
    pub quantity: u64,
    /// Kind and prices.
    pub terms: WireTerms,
    /// Rupees one point of one unit is worth: kept, for the contract may have left the master.
    pub multiplier: Decimal,
    /// Most units that may fill until it is released (fault `partial_fill`).
    #[serde(default)]
    pub held_at: Option<u64>,
}

/// [`Terms`] as they are written.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct WireTerms {
    /// OpenAlgo's word.
    pub pricetype: WirePriceType,
    /// The limit, or zero.
    pub price: Decimal,
    /// The trigger, or zero.
    pub trigger_price: Decimal,
}

/// [`PriceType`] as it is written.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum WirePriceType {
    /// Market.
    #[serde(rename = "MARKET")]
    Market,
    /// Limit.
    #[serde(rename = "LIMIT")]
    Limit,
    /// Stop with a limit.
    #[serde(rename = "SL")]
    Stop,
    /// Stop without one.
    #[serde(rename = "SL-M")]
    StopMarket,
}

impl From<Terms> for WireTerms {
    fn from(terms: Terms) -> Self {
        Self {
            pricetype: match terms.kind {
                PriceType::Market => WirePriceType::Market,
                PriceType::Limit => WirePriceType::Limit,
                PriceType::Stop => WirePriceType::Stop,
                PriceType::StopMarket => WirePriceType::StopMarket,
            },
            price: terms.price,
            trigger_price: terms.trigger,
        }
    }
}

impl From<WireTerms> for Terms {
    fn from(terms: WireTerms) -> Self {
        Self {
            kind: match terms.pricetype {
                WirePriceType::Market => PriceType::Market,
                WirePriceType::Limit => PriceType::Limit,
                WirePriceType::Stop => PriceType::Stop,
                WirePriceType::StopMarket => PriceType::StopMarket,
            },
            price: terms.price,
            trigger: terms.trigger_price,
        }
    }
}

/// Domain words as text.
mod word {
    use core::fmt::Display;
    use core::str::FromStr;

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<T: Display, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(super) fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}
