//! What an order says to the broker, in types that only hold what makes sense.

use core::fmt;
use core::str::FromStr;

use super::ids::BadId;
use super::money::{Points, Price, Quantity};

/// Which way an order trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Buys.
    Buy,
    /// Sells.
    Sell,
}

/// Which way a position gains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Gains when the price rises.
    Long,
    /// Gains when the price falls.
    Short,
}

/// How a position is carried at the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// Futures and options carried overnight.
    Nrml,
    /// Shares for delivery.
    Cnc,
    /// Closed the same day.
    Mis,
}

/// A market segment, in OpenAlgo's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exchange {
    /// National Stock Exchange, shares.
    Nse,
    /// Bombay Stock Exchange, shares.
    Bse,
    /// National Stock Exchange, futures and options.
    Nfo,
    /// Bombay Stock Exchange, futures and options.
    Bfo,
    /// Multi Commodity Exchange.
    Mcx,
    /// Indices of the National Stock Exchange; quotes only.
    NseIndex,
    /// Indices of the Bombay Stock Exchange; quotes only.
    BseIndex,
}

/// At what price an order may trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pricing {
    /// At any price: only when nothing at all is known of the price.
    Market,
    /// At this price or better.
    Limit(Price),
    /// At `limit` or better once the market has touched `trigger`.
    StopLimit {
        /// Where it wakes.
        trigger: Price,
        /// The worst price it then takes.
        limit: Price,
    },
}

/// One order in the broker's terms: what leaves this process, word for word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// OpenAlgo's symbol of the contract.
    pub symbol: String,
    /// Its segment.
    pub exchange: Exchange,
    /// How the position is carried.
    pub product: Product,
    /// Which way it trades.
    pub side: Side,
    /// In the unit OpenAlgo expects for this instrument (`order_quantity`).
    pub quantity: Quantity,
    /// At what price.
    pub pricing: Pricing,
}

/// What one contract, product and side share: at most one order without an answer at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketKey {
    /// OpenAlgo's symbol.
    pub symbol: String,
    /// Its segment.
    pub exchange: Exchange,
    /// How the position is carried.
    pub product: Product,
    /// Which way it trades.
    pub side: Side,
}

/// The broker's own name for an order, as text whatever type it arrived in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerOrderId(String);

impl BrokerOrderId {
    /// Returns the id, or nothing when the text is blank or over 64 characters.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty() && text.len() <= 64).then(|| Self(text.to_owned()))
    }

    /// Returns the text inside.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BrokerOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ticket {
    /// Returns what this order shares with others of its kind.
    pub fn key(&self) -> TicketKey {
        TicketKey {
            symbol: self.symbol.clone(),
            exchange: self.exchange,
            product: self.product,
            side: self.side,
        }
    }
}

impl Side {
    /// Returns the other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// Returns OpenAlgo's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
        }
    }
}

impl Direction {
    /// Returns the side that opens a position this way.
    pub const fn opening(self) -> Side {
        match self {
            Self::Long => Side::Buy,
            Self::Short => Side::Sell,
        }
    }

    /// Returns the side that closes a position this way.
    pub const fn closing(self) -> Side {
        self.opening().opposite()
    }

    /// Returns the way a position opened by `side` gains.
    pub const fn of(side: Side) -> Self {
        match side {
            Side::Buy => Self::Long,
            Side::Sell => Self::Short,
        }
    }

    /// Returns how far `to` is from `from` in the direction that gains.
    pub fn gain(self, from: Price, to: Price) -> Points {
        match self {
            Self::Long => to - from,
            Self::Short => from - to,
        }
    }

    /// Returns the word used in rows and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Short => "short",
        }
    }
}

impl Product {
    /// Returns OpenAlgo's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nrml => "NRML",
            Self::Cnc => "CNC",
            Self::Mis => "MIS",
        }
    }
}

impl Exchange {
    /// Every segment we know.
    pub const ALL: [Self; 7] = [
        Self::Nse,
        Self::Bse,
        Self::Nfo,
        Self::Bfo,
        Self::Mcx,
        Self::NseIndex,
        Self::BseIndex,
    ];

    /// Returns OpenAlgo's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nse => "NSE",
            Self::Bse => "BSE",
            Self::Nfo => "NFO",
            Self::Bfo => "BFO",
            Self::Mcx => "MCX",
            Self::NseIndex => "NSE_INDEX",
            Self::BseIndex => "BSE_INDEX",
        }
    }

    /// Returns whether it only quotes and never trades.
    pub const fn is_index(self) -> bool {
        match self {
            Self::NseIndex | Self::BseIndex => true,
            Self::Nse | Self::Bse | Self::Nfo | Self::Bfo | Self::Mcx => false,
        }
    }
}

impl Pricing {
    /// Returns OpenAlgo's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Market => "MARKET",
            Self::Limit(_) => "LIMIT",
            Self::StopLimit { .. } => "SL",
        }
    }
}

macro_rules! read_from_word {
    ($($name:ident: $($variant:ident),*;)*) => {$(
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                [$(Self::$variant),*].into_iter().find(|one| one.word() == text).ok_or(BadId)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.word()) }
        }
    )*};
}

read_from_word! {
    Side: Buy, Sell;
    Direction: Long, Short;
    Product: Nrml, Cnc, Mis;
    Exchange: Nse, Bse, Nfo, Bfo, Mcx, NseIndex, BseIndex;
}
