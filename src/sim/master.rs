//! The symbol master: which contracts exist, and what an exchange says of them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::domain::money::{Money, Price, Quantity};
use crate::domain::order::{Exchange, Product};

/// One contract of the master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterRow {
    /// OpenAlgo's symbol.
    pub symbol: String,
    /// Segment.
    pub exchange: Exchange,
    /// Name of what it is on.
    pub name: String,
    /// Units that trade together, in OpenAlgo's unit (`lotsize`).
    pub lot: u32,
    /// Smallest step of its price.
    pub tick: Decimal,
    /// Most units in one order; 1 when unknown, as OpenAlgo says it.
    pub freeze: u32,
    /// Expiry as OpenAlgo writes it (`24-NOV-26`), empty for shares.
    pub expiry: String,
    /// `EQ`, `FUT`, `CE` or `PE`.
    pub instrumenttype: String,
    /// Strike of an option, else zero.
    pub strike: Decimal,
    /// The broker's number for it.
    pub token: String,
    /// Rupees that one point of one unit is worth: 1, but 10 for a lot of Gold Mini.
    pub multiplier: Decimal,
    /// Margin of one unit in rupees; nothing to take a percentage of the value.
    pub margin: Option<Money>,
    /// Where its price starts when nobody has named one.
    pub reference: Option<Price>,
}

/// Every contract the simulator knows.
#[derive(Clone, Debug, Default)]
pub struct SymbolMaster {
    rows: Vec<MasterRow>,
    index: BTreeMap<(Exchange, String), usize>,
}

impl MasterRow {
    /// Returns a row with one unit a lot, a tick of 0.05 and a point worth a rupee.
    pub fn new(exchange: Exchange, symbol: &str) -> Self {
        Self {
            symbol: symbol.to_owned(),
            exchange,
            name: symbol.to_owned(),
            lot: 1,
            tick: Decimal::new(5, 2),
            freeze: 1,
            expiry: String::new(),
            instrumenttype: "EQ".to_owned(),
            strike: Decimal::ZERO,
            token: String::new(),
            multiplier: Decimal::ONE,
            margin: None,
            reference: None,
        }
    }

    /// Returns the margin one order or position of this contract blocks.
    ///
    /// Without a figure of its own: 13 % of the value for futures and options, a fifth for shares
    /// closed the same day, all of it for shares carried.
    pub fn margin_of(&self, product: Product, quantity: Quantity, price: Price) -> Money {
        if let Some(margin) = self.margin {
            return margin.times(quantity.decimal());
        }
        let value = Money::new(price.get() * quantity.decimal() * self.multiplier);
        let percent = match (self.exchange, product) {
            (Exchange::Nfo | Exchange::Bfo | Exchange::Mcx, _) => 13,
            (_, Product::Mis) => 20,
            (_, Product::Nrml | Product::Cnc) => 100,
        };
        value.times(Decimal::new(percent, 2))
    }
}

impl SymbolMaster {
    /// Returns the master of these rows; of two with one name the later counts.
    pub fn new(rows: Vec<MasterRow>) -> Self {
        let index = rows
            .iter()
            .enumerate()
            .map(|(at, row)| ((row.exchange, row.symbol.clone()), at))
            .collect();
        Self { rows, index }
    }

    /// Returns the row of a symbol on an exchange, both in OpenAlgo's words.
    pub fn find(&self, exchange: &str, symbol: &str) -> Option<&MasterRow> {
        let exchange = exchange.parse().ok()?;
        self.get(exchange, symbol)
    }

    /// Returns the row of a symbol.
    pub fn get(&self, exchange: Exchange, symbol: &str) -> Option<&MasterRow> {
        let at = self.index.get(&(exchange, symbol.to_owned()))?;
        self.rows.get(*at)
    }

    /// Returns every row with its number, counted from 1.
    pub fn rows(&self) -> impl Iterator<Item = (usize, &MasterRow)> {
        self.rows.iter().enumerate().map(|(at, row)| (at + 1, row))
    }

    /// Returns the number of a row, counted from 1.
    pub fn number(&self, exchange: Exchange, symbol: &str) -> usize {
        self.index
            .get(&(exchange, symbol.to_owned()))
            .map_or(0, |at| at + 1)
    }
}
