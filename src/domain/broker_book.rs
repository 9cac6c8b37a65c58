//! What the broker's books show, in what matters to ours.
//!
//! 1. Quantities are in the unit orders are placed in, held ones negative when short.
//! 2. A missing row is no knowledge: [`SeenNet::net`] is then nothing, never nought.
//! 3. Every row says how often, and for how long, the books have said the same.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::ids::{Cause, OrderId};
use super::instrument::ContractId;
use super::money::{Money, Quantity};
use super::order::{BrokerOrderId, Product, Side};

/// The broker's books as read in one round: positions first, then orders, then trades.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerBook {
    /// The name of the reading, from which its findings are named.
    pub id: Cause,
    /// What is held, of every contract that either of us holds.
    pub positions: Vec<SeenNet>,
    /// Held in what is none of our instruments.
    pub foreign: Vec<SeenForeign>,
    /// Orders that work, in contracts of ours.
    pub orders: Vec<SeenWorking>,
    /// What was traded today, by order, in contracts of ours.
    pub trades: Vec<SeenTraded>,
    /// Free and used money together, where the broker says both.
    pub equity: Option<Money>,
    /// Whether every row of every book could be read: only then does absence mean anything.
    pub complete: bool,
    /// Whether the broker was proved to answer.
    pub alive: bool,
    /// When the reading began.
    pub at: DateTime<Utc>,
}

/// How steadily the books have said the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steady {
    /// Readings in a row that agree, this one included.
    pub reads: u32,
    /// The time from the first of them to this one.
    pub span: TimeDelta,
}

/// What the broker holds of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenNet {
    /// In what.
    pub contract: ContractId,
    /// How it is carried.
    pub product: Product,
    /// Held; nothing where the book has no row of it.
    pub net: Option<i64>,
    /// How steadily.
    pub steady: Steady,
}

/// What the broker holds of a symbol that is none of our instruments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenForeign {
    /// The broker's symbol.
    pub symbol: String,
    /// How it is carried, when that is a way we know.
    pub product: Option<Product>,
    /// Held.
    pub net: i64,
    /// How steadily.
    pub steady: Steady,
}

/// An order that works at the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenWorking {
    /// The broker's id.
    pub id: BrokerOrderId,
    /// In what.
    pub contract: ContractId,
    /// Which way, where the book says.
    pub side: Option<Side>,
    /// For how much.
    pub quantity: Quantity,
    /// How steadily.
    pub steady: Steady,
}

/// All that one order has traded today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenTraded {
    /// The broker's id of the order.
    pub order: BrokerOrderId,
    /// In what.
    pub contract: ContractId,
    /// How it is carried.
    pub product: Product,
    /// Which way.
    pub side: Side,
    /// How much.
    pub quantity: Quantity,
    /// The sum of price times quantity.
    pub value: Money,
}

impl BrokerBook {
    /// Returns all that an order has traded in this reading.
    pub fn traded(&self, order: &BrokerOrderId) -> Quantity {
        let rows = self.trades.iter().filter(|row| row.order == *order);
        rows.fold(Quantity::ZERO, |sum, row| sum.plus(row.quantity))
    }
}

/// What a net quantity is of.
pub type NetKey = (ContractId, Product);

/// A row of the broker's position book as last read: part of the book as seen, never of the fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Net {
    /// Held, negative when short.
    pub net: i64,
    /// When it was read.
    pub at: DateTime<Utc>,
    /// What of our orders had been filled by then: a later fill changes what is held.
    pub filled: BTreeMap<OrderId, Quantity>,
}
