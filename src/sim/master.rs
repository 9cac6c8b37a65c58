//! The symbol master: which contracts exist, and what an exchange says of them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::domain::calendar::Calendar;
use crate::domain::instrument::{
    ContractId, Instrument, InstrumentKind, Instruments, Margin, Spec,
};
use crate::domain::money::{Money, Price, Quantity};
use crate::domain::order::{Exchange, Product};

/// Contracts listed of one instrument: a year of months and one.
const CONTRACTS_MAX: usize = 13;

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
    /// What it ties up; nothing to take a percentage of the value.
    pub margin: Option<Margin>,
    /// Where its price starts when nobody has named one.
    pub reference: Option<Price>,
}

/// Every contract the simulator knows.
#[derive(Clone, Debug, Default)]
pub struct SymbolMaster {
    rows: Vec<MasterRow>,
    index: BTreeMap<Exchange, BTreeMap<String, usize>>,
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

    fn fill(&mut self, instrument: &Instrument, spec: &Spec, contract: ContractId) {
        let per_lot = instrument.per_lot(spec);
        let lot = Decimal::from(per_lot.max(1));
        let point = spec.point_value.get();
        self.name.clone_from(&instrument.root);
        self.lot = per_lot;
        let (steps, above) = spec.ticks.rows();
        self.tick = steps.first().map_or(above, |step| step.tick).get();
        self.multiplier = point.checked_div(lot).unwrap_or(point);
        self.margin = Some(spec.margin);
        if let Some(freeze) = spec.freeze {
            let (lots, _) = freeze.lots(spec.units_per_lot);
            self.freeze = lots.get().saturating_mul(per_lot).max(1);
        }
        if let Some(expiry) = contract.expiry {
            let shown = expiry.format("%d-%b-%y").to_string();
            self.expiry = shown.to_ascii_uppercase();
            "FUT".clone_into(&mut self.instrumenttype);
        }
    }

    /// Returns the margin one order or position of this contract blocks.
    ///
    /// Without a figure of its own: 13 % of the value for futures and options, a fifth for shares
    /// closed the same day, all of it for shares carried.
    pub fn margin_of(&self, product: Product, quantity: Quantity, price: Price) -> Money {
        let value = Money::new(price.get() * quantity.decimal() * self.multiplier);
        let part = |of: Money, over: Decimal| {
            Money::new(of.get().checked_div(over).unwrap_or_else(|| of.get()))
        };
        match self.margin {
            Some(Margin::PerLot(lot)) => {
                return part(
                    lot.times(quantity.decimal()),
                    Decimal::from(self.lot.max(1)),
                );
            }
            Some(Margin::OfPrice { delivery, intraday }) => {
                return match product {
                    Product::Mis => part(value, intraday.get()),
                    Product::Cnc | Product::Nrml => part(value, delivery.get()),
                };
            }
            None => {}
        }
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
        let mut rows = rows;
        for (at, row) in rows.iter_mut().enumerate() {
            if row.token.is_empty() {
                row.token = format!("{}::::{}", (at + 1) * 256, at + 1);
            }
        }
        let mut index: BTreeMap<Exchange, BTreeMap<String, usize>> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate() {
            let symbols = index.entry(row.exchange).or_default();
            symbols.insert(row.symbol.clone(), at);
        }
        Self { rows, index }
    }

    /// Returns the master of our own instruments: shares, and the contracts of the year to come.
    pub fn of(instruments: &Instruments, calendar: &Calendar, day: NaiveDate) -> Self {
        let mut rows = Vec::new();
        for (ix, instrument) in instruments.iter() {
            let contracts: Vec<_> = match instrument.kind {
                InstrumentKind::Equity => vec![ContractId::share(ix)],
                InstrumentKind::Future => instrument
                    .expiries(day, calendar)
                    .take(CONTRACTS_MAX)
                    .map(|expiry| ContractId::future(ix, expiry))
                    .collect(),
            };
            for contract in contracts {
                if let Some(spec) = instruments.spec(contract, day) {
                    let symbol = instruments.symbol(contract);
                    let mut row = MasterRow::new(instrument.exchange, &symbol);
                    row.fill(instrument, spec, contract);
                    rows.push(row);
                }
            }
            if let Some(index) = &instrument.signal_symbol {
                rows.push(MasterRow::new(index.exchange, &index.symbol));
            }
        }
        Self::new(rows)
    }

    /// Returns the row of a symbol on an exchange, both in OpenAlgo's words.
    pub fn find(&self, exchange: &str, symbol: &str) -> Option<&MasterRow> {
        let exchange = exchange.parse().ok()?;
        self.get(exchange, symbol)
    }

    /// Returns the row of a symbol.
    pub fn get(&self, exchange: Exchange, symbol: &str) -> Option<&MasterRow> {
        let at = self.index.get(&exchange)?.get(symbol)?;
        self.rows.get(*at)
    }

    /// Returns every row with its number, counted from 1.
    pub fn rows(&self) -> impl Iterator<Item = (usize, &MasterRow)> {
        self.rows.iter().enumerate().map(|(at, row)| (at + 1, row))
    }

    /// Returns the number of a row, counted from 1.
    pub fn number(&self, exchange: Exchange, symbol: &str) -> usize {
        let symbols = self.index.get(&exchange);
        let at = symbols.and_then(|symbols| symbols.get(symbol));
        at.map_or(0, |at| at + 1)
    }
}
