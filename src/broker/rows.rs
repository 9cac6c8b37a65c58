//! What the broker's books say, as values.
//!
//! Rows of other people are in these books too (a person at the terminal, another program), with
//! products, exchanges and price types we never use: those parts are `None`, and the row stays.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::domain::money::{Money, Price, Quantity};
use crate::domain::order::{BrokerOrderId, Exchange, Pricing, Product, Side, TicketKey};

/// A book as read at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<T> {
    /// What could be read, in the broker's order.
    pub rows: Vec<T>,
    /// Why each other row could not.
    pub unreadable: Vec<String>,
}

impl<T> Rows<T> {
    /// Returns whether every row was read: only then does absence mean anything.
    pub const fn complete(&self) -> bool {
        self.unreadable.is_empty()
    }
}

/// Where an order stands at the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// Waiting in the market.
    Open,
    /// A stop waiting for its trigger.
    TriggerPending,
    /// Filled in full.
    Complete,
    /// Refused by the broker or the exchange.
    Rejected,
    /// Cancelled or run out; part of it may have filled before.
    Cancelled,
    /// A word we do not know: counts as working.
    Unknown(String),
}

impl OrderState {
    /// Returns whether the order may still fill.
    pub const fn working(&self) -> bool {
        match self {
            Self::Open | Self::TriggerPending | Self::Unknown(_) => true,
            Self::Complete | Self::Rejected | Self::Cancelled => false,
        }
    }
}

/// One order of the order book, an order's status, or an update from the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The broker's name for it.
    pub id: BrokerOrderId,
    /// The symbol as the book writes it.
    pub symbol: String,
    /// Its segment, when it is one of ours.
    pub exchange: Option<Exchange>,
    /// How it is carried, when that is a way we know.
    pub product: Option<Product>,
    /// Which way it trades.
    pub side: Option<Side>,
    /// How much was asked for.
    pub quantity: Option<Quantity>,
    /// At what price, when it is priced in a way we use.
    pub pricing: Option<Pricing>,
    /// Where it stands.
    pub state: OrderState,
    /// How much has filled; many brokers do not say.
    pub filled: Option<Quantity>,
    /// At what average price; many brokers do not say.
    pub average: Option<Price>,
    /// Why it was rejected, in the broker's words.
    pub reason: Option<String>,
    /// The strategy it was tagged with; only OpenAlgo's sandbox tells.
    pub strategy: Option<String>,
    /// When it was entered, as far as the book gives a full time.
    pub at: Option<DateTime<Utc>>,
}

impl OrderRow {
    /// Returns whether the row may belong to `key`: a part that could not be read counts as equal.
    pub fn may_be(&self, key: &TicketKey) -> bool {
        may_be((&self.symbol, self.exchange, self.product), self.side, key)
    }
}

/// One fill of the trade book. There is no trade id: sum the rows of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeRow {
    /// The order it belongs to.
    pub order: BrokerOrderId,
    /// The symbol as the book writes it.
    pub symbol: String,
    /// Its segment, when it is one of ours.
    pub exchange: Option<Exchange>,
    /// How it is carried, when that is a way we know.
    pub product: Option<Product>,
    /// Which way it traded.
    pub side: Option<Side>,
    /// How much.
    pub quantity: Quantity,
    /// At what price.
    pub price: Price,
    /// Quantity times price: the broker's own figure where it agrees within the rounding of the
    /// price, else the product.
    pub value: Money,
    /// When, as far as the book gives a full time.
    pub at: Option<DateTime<Utc>>,
}

impl TradeRow {
    /// Returns whether the row may belong to `key`: a part that could not be read counts as equal.
    pub fn may_be(&self, key: &TicketKey) -> bool {
        may_be((&self.symbol, self.exchange, self.product), self.side, key)
    }
}

fn may_be(
    (symbol, exchange, product): (&str, Option<Exchange>, Option<Product>),
    side: Option<Side>,
    key: &TicketKey,
) -> bool {
    symbol == key.symbol
        && exchange.is_none_or(|exchange| exchange == key.exchange)
        && product.is_none_or(|product| product == key.product)
        && side.is_none_or(|side| side == key.side)
}

/// One position, netted by the broker; closed ones stay with zero quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionRow {
    /// The symbol as the book writes it.
    pub symbol: String,
    /// Its segment, when it is one of ours.
    pub exchange: Option<Exchange>,
    /// How it is carried, when that is a way we know.
    pub product: Option<Product>,
    /// Held, negative when short.
    pub quantity: i64,
    /// At what average price.
    pub average: Option<Price>,
    /// The last price the broker saw.
    pub ltp: Option<Price>,
    /// What the broker says it has gained.
    pub pnl: Option<Money>,
}

/// The account's money; what the broker did not say is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Funds {
    /// Free for new orders.
    pub available: Option<Money>,
    /// Blocked by positions and orders.
    pub used: Option<Money>,
    /// Pledged.
    pub collateral: Option<Money>,
    /// Gained today and taken.
    pub realized: Option<Money>,
    /// Gained and not taken.
    pub unrealized: Option<Money>,
}

/// A price and what surrounds it. There is always a last price, or there is no quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The last price.
    pub ltp: Price,
    /// The best price to sell at.
    pub bid: Option<Price>,
    /// The best price to buy at.
    pub ask: Option<Price>,
    /// The day's first price.
    pub open: Option<Price>,
    /// The day's highest price.
    pub high: Option<Price>,
    /// The day's lowest price.
    pub low: Option<Price>,
    /// Yesterday's close.
    pub prev_close: Option<Price>,
    /// Traded today.
    pub volume: Option<Quantity>,
}

/// Quotes by contract.
pub type Quotes = BTreeMap<(Exchange, String), Quote>;

/// What is asked of a contract's history: rows of a length, of some days, the first and the last
/// among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Its segment.
    pub exchange: Exchange,
    /// Its symbol.
    pub symbol: &'a str,
    /// The length, in OpenAlgo's word.
    pub interval: &'a str,
    /// The first day, in India.
    pub from: NaiveDate,
    /// The last day, in India.
    pub to: NaiveDate,
}

/// One row of a contract's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarRow {
    /// When it began; rows of whole days are stamped midnight UTC of their date.
    pub at: DateTime<Utc>,
    /// Its first price.
    pub open: Price,
    /// Its highest price.
    pub high: Price,
    /// Its lowest price.
    pub low: Price,
    /// Its last price.
    pub close: Price,
    /// Traded in it.
    pub volume: Option<Quantity>,
    /// Open at its end.
    pub interest: Option<Quantity>,
}

/// What OpenAlgo's symbol master says of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// OpenAlgo's symbol.
    pub symbol: String,
    /// Its segment.
    pub exchange: Exchange,
    /// What it is a contract on.
    pub name: String,
    /// `EQ`, `FUT`, `CE`, `PE`, or the broker's own word.
    pub kind: String,
    /// The quantity of one lot.
    pub lot: Option<Quantity>,
    /// The smallest step of its price; brokers differ in the unit.
    pub tick: Option<Decimal>,
    /// The most one order may hold; `None` where OpenAlgo does not know (it then says 1).
    pub freeze: Option<Quantity>,
    /// Its last day; none for shares.
    pub expiry: Option<NaiveDate>,
}

/// When an exchange trades on a day, by OpenAlgo's own table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Which exchange.
    pub exchange: Exchange,
    /// When it opens.
    pub from: DateTime<Utc>,
    /// When it closes.
    pub to: DateTime<Utc>,
}

/// Where OpenAlgo sends orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// To the broker.
    Broker,
    /// To its own sandbox (analyzer mode).
    Sandbox,
}
