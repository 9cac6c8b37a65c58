//! A request to trade, after the door has made sure that it means something.

use chrono::{DateTime, Utc};

use super::ids::SignalId;
use super::instrument::{ContractId, InstrumentIx};
use super::money::{Points, Price, Quantity, Ratio};
use super::order::{Direction, Product, Side};

/// Who sent it: the number of a configured source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub i32);

impl SourceId {
    /// What a person took in from the broker: no source of alerts has this number.
    pub const OPERATOR: Self = Self(0);
}

/// A sender's label of a leg: the number in `Long_2`; unique among open legs, nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer(pub u8);

/// What a signal wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A position where there is none.
    Enter {
        /// Which way.
        direction: Direction,
        /// The sender's label.
        layer: Layer,
    },
    /// A further leg of a position.
    Add {
        /// Which way.
        direction: Direction,
        /// The sender's label.
        layer: Layer,
    },
    /// Out of what is held.
    Exit(Which),
    /// A plain order, whose meaning depends on what is held.
    Trade {
        /// The word of the alert.
        word: TradeWord,
        /// The most it may be, in the instrument's `order_quantity` unit.
        quantity: Option<Quantity>,
        /// The position the sender expects afterwards, when it says so.
        position_size: Option<Expected>,
    },
}

/// Which legs an exit means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of the instrument.
    All,
    /// The one with this label.
    Layer(Direction, Layer),
}

/// The word of a plain order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeWord {
    /// Buy or sell.
    Side(Side),
    /// Out of the instrument.
    Close,
}

/// The sign of the position a sender expects afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Long.
    Long,
    /// None.
    Flat,
    /// Short.
    Short,
}

/// A request to trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Its name: derived from desk, source and key.
    pub id: SignalId,
    /// Who sent it.
    pub source: SourceId,
    /// What it wants.
    pub ask: Ask,
    /// In what.
    pub instrument: InstrumentIx,
    /// In which contract, when it named one.
    pub contract: Option<ContractId>,
    /// How the position is to be carried, when the source or the alert says so.
    pub product: Option<Product>,
    /// The price its sender saw.
    pub price: Option<Price>,
    /// Where it wants out.
    pub stop: Option<Price>,
    /// Where it wants the profit.
    pub target: Option<Price>,
    /// The average true range of the sender's series.
    pub atr: Option<Points>,
    /// Kaufman's efficiency ratio, 0 to 1.
    pub er: Option<Ratio>,
    /// When its sender made it.
    pub at: DateTime<Utc>,
    /// The bar it speaks of.
    pub bar: Option<DateTime<Utc>>,
    /// An exit means only what was opened before this moment.
    pub opened_before: Option<DateTime<Utc>>,
    /// Its `id` was seen before on a signal that was not the same.
    pub id_reused: bool,
    /// The stricter profile of its source.
    pub profile: Option<String>,
}

impl Signal {
    /// Returns the moment that orders signals of one source: the bar, else the time it was made.
    pub fn moment(&self) -> DateTime<Utc> {
        self.bar.unwrap_or(self.at)
    }
}

/// What an end-of-day scout saw.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the alert has these four words"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scout {
    /// Its name.
    pub id: SignalId,
    /// Who sent it.
    pub source: SourceId,
    /// Of what.
    pub instrument: InstrumentIx,
    /// How the position is to be carried, when the source says so.
    pub product: Option<Product>,
    /// The stricter profile of its source.
    pub profile: Option<String>,
    /// When it looked.
    pub at: DateTime<Utc>,
    /// The price it saw.
    pub price: Price,
    /// The average true range.
    pub atr: Option<Points>,
    /// Kaufman's efficiency ratio.
    pub er: Option<Ratio>,
    /// The trend line, when it sent one.
    pub supertrend: Option<Price>,
    /// Whether it would enter long.
    pub long_entry: bool,
    /// Whether it would leave a long position.
    pub long_exit: bool,
    /// Whether it would enter short.
    pub short_entry: bool,
    /// Whether it would leave a short position.
    pub short_exit: bool,
}

/// Who brought a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarFrom {
    /// An alert.
    Alert {
        /// Its name.
        id: SignalId,
        /// Who sent it.
        source: SourceId,
    },
    /// OpenAlgo's history.
    History,
    /// Ticks we saw ourselves.
    Ticks,
}

/// A closed bar of an instrument's own series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Who brought it.
    pub from: BarFrom,
    /// Of what.
    pub instrument: InstrumentIx,
    /// The contract its prices are of; `None` when they are of the symbol the chart shows.
    pub contract: Option<ContractId>,
    /// When it opened, where that is known.
    pub opened_at: Option<DateTime<Utc>>,
    /// When it closed.
    pub at: DateTime<Utc>,
    /// Its closing price.
    pub close: Price,
    /// The average true range at its close, where it is known.
    pub atr: Option<Points>,
}
