//! What can be traded: instruments, their contracts, and the figures of each contract.
//!
//! 1. A figure belongs to a contract, not to a day: [`Instruments::spec`] looks it up by the
//!    contract's expiry (shares: by the day).
//! 2. A contract is named by its instrument and its last trading day; its symbol follows from both.
//! 3. Nothing here is a constant of the code: every figure is a row with a date and a source.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;

use super::calendar::DayTime;
use super::market::TickTable;
use super::money::{Lots, Money, Percent, PointValue, Points, Price, Quantity, Ratio};
use super::order::{Exchange, Product};

mod contracts;
mod find;

pub use contracts::{Expiry, ExpiryRule};
pub use find::Found;

/// A place in [`Instruments`]; holds for the life of one configuration only, so it is never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstrumentIx(u16);

/// One thing that can be bought: a share, or one month of a future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractId {
    /// Of what.
    pub instrument: InstrumentIx,
    /// Its last trading day; shares have none.
    pub expiry: Option<NaiveDate>,
}

/// What kind of thing an instrument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstrumentKind {
    /// A future, with a contract a month.
    Future,
    /// A share.
    Equity,
}

/// What the broker's `quantity` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderQuantity {
    /// Units as the exchange counts them: shares, grams, index units.
    Units,
    /// Lots.
    Lots,
}

/// The symbol on the sender's chart, where that is not the contract we trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalSymbol {
    /// Where it is quoted.
    pub exchange: Exchange,
    /// OpenAlgo's name for it.
    pub symbol: String,
}

/// What one lot ties up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Margin {
    /// This amount per lot, until the broker says more.
    PerLot(Money),
    /// The price, divided by the leverage of the product.
    OfPrice {
        /// Leverage for delivery.
        delivery: Ratio,
        /// Leverage within the day.
        intraday: Ratio,
    },
}

/// When everything is closed, whatever else is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitBy {
    /// This many working days before the last trading day;
    pub working_days_before: u32,
    /// at this time.
    pub at: DayTime,
}

/// How old a quote may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteAge {
    /// Of the nearest contract, or of a share.
    pub front: TimeDelta,
    /// Of any other contract.
    pub other: TimeDelta,
}

/// The figures of an instrument's contracts from one on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The first contract by its expiry; of a share, the first day.
    pub valid_from: NaiveDate,
    /// Units in a lot.
    pub units_per_lot: u32,
    /// The tick by price.
    pub ticks: TickTable,
    /// Rupees per point and lot.
    pub point_value: PointValue,
    /// What a lot ties up.
    pub margin: Margin,
    /// The most units the exchange takes in one order.
    pub freeze: Option<Quantity>,
    /// The most lots we put in one order.
    pub max_order_lots: Lots,
    /// Who says so.
    pub source: String,
    /// Nobody we know says so: blocks live until confirmed.
    pub assumed: bool,
}

/// Something that can be traded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Our name: `BANK_NIFTY`.
    pub name: String,
    /// Where its orders go.
    pub exchange: Exchange,
    /// What it is.
    pub kind: InstrumentKind,
    /// What its symbols start with: `BANKNIFTY`.
    pub root: String,
    /// Further names senders use.
    pub aliases: Vec<String>,
    /// The chart's symbol where it is another one.
    pub signal_symbol: Option<SignalSymbol>,
    /// For limits per sector.
    pub sector: String,
    /// What the broker's `quantity` counts.
    pub order_quantity: OrderQuantity,
    /// How it is carried unless a source says otherwise.
    pub product: Product,
    /// Entries leave a contract with fewer working days than this before its last.
    pub roll_days: u32,
    /// When its contracts end; empty for shares.
    pub expiry: Expiry,
    /// The hard exit before a contract ends.
    pub exit_by: Option<ExitBy>,
    /// How far beyond the quote an order may trade.
    pub protection: Percent,
    /// How old a quote may be.
    pub quote_age: QuoteAge,
    /// Its figures, in rising order of `valid_from`; never empty.
    pub specs: Vec<Spec>,
}

/// Every instrument of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instruments {
    all: Vec<Instrument>,
    /// Every name in capitals to its instrument.
    names: BTreeMap<String, InstrumentIx>,
    /// Index names in capitals to where they are quoted.
    indices: BTreeMap<String, Exchange>,
}

impl InstrumentIx {
    /// Returns the place numbered so; the lists of one configuration are the only ones that know
    /// what is there.
    pub const fn new(place: u16) -> Self {
        Self(place)
    }

    /// Returns the number inside.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl ContractId {
    /// Returns the contract of a share.
    pub const fn share(instrument: InstrumentIx) -> Self {
        Self {
            instrument,
            expiry: None,
        }
    }

    /// Returns the contract of a future that ends on `expiry`.
    pub const fn future(instrument: InstrumentIx, expiry: NaiveDate) -> Self {
        Self {
            instrument,
            expiry: Some(expiry),
        }
    }

    /// Returns whether its last trading day lies before `day`.
    pub fn is_expired(self, day: NaiveDate) -> bool {
        self.expiry.is_some_and(|expiry| expiry < day)
    }
}

impl Spec {
    /// Returns the units of so many lots.
    pub fn units(&self, lots: Lots) -> Quantity {
        lots.units(self.units_per_lot)
    }

    /// Returns what one lot ties up at `price`.
    pub fn margin_per_lot(&self, price: Price, product: Product) -> Money {
        let (delivery, intraday) = match self.margin {
            Margin::PerLot(amount) => return amount,
            Margin::OfPrice { delivery, intraday } => (delivery, intraday),
        };
        let leverage = match product {
            Product::Mis => intraday,
            Product::Cnc | Product::Nrml => delivery,
        };
        let value = price.get() * Decimal::from(self.units_per_lot);
        Money::new(value.checked_div(leverage.get()).unwrap_or(value))
    }

    /// Returns the rupees that units of this contract at `price` are worth: the turnover that
    /// charges are taken of.
    pub fn turnover(&self, price: Price, lots: Lots) -> Money {
        self.value_per_lot(price).times(lots.decimal())
    }

    /// Returns the same of one lot.
    pub fn value_per_lot(&self, price: Price) -> Money {
        Points::new(price.get()).worth(self.point_value)
    }

    /// Returns the most lots one order may have: ours, and the exchange's freeze quantity; never
    /// less than one, for an exit of nothing would be none.
    pub fn order_lots_max(&self) -> Lots {
        let frozen = self.freeze.map(|freeze| freeze.lots(self.units_per_lot).0);
        let most = frozen.map_or(self.max_order_lots, |lots| lots.min(self.max_order_lots));
        most.max(Lots::ONE)
    }
}

impl Instrument {
    /// Returns how much one lot is in the unit OpenAlgo expects for this instrument's orders.
    /// Nothing else multiplies by a lot size.
    pub const fn per_lot(&self, spec: &Spec) -> u32 {
        match self.order_quantity {
            OrderQuantity::Units => spec.units_per_lot,
            OrderQuantity::Lots => 1,
        }
    }

    /// Returns the spec with the latest start not after `on`; earlier dates have the first one.
    pub fn spec(&self, on: NaiveDate) -> Option<&Spec> {
        let in_force = self.specs.iter().rev().find(|spec| spec.valid_from <= on);
        in_force.or_else(|| self.specs.first())
    }
}

impl Instruments {
    /// Returns the list, or the names that mean more than one thing.
    pub fn new(
        all: Vec<Instrument>,
        indices: Vec<(Exchange, String)>,
    ) -> Result<Self, Vec<String>> {
        let mut names = BTreeMap::new();
        let mut twice = Vec::new();
        for (instrument, place) in all.iter().zip(0_u16..=u16::MAX) {
            for name in find::names_of(instrument) {
                let earlier = names.insert(name.clone(), InstrumentIx(place));
                if earlier.is_some_and(|other| other != InstrumentIx(place)) {
                    twice.push(name);
                }
            }
        }
        if twice.is_empty() {
            let indices = indices
                .into_iter()
                .map(|(exchange, name)| (name.to_ascii_uppercase(), exchange))
                .collect();
            Ok(Self {
                all,
                names,
                indices,
            })
        } else {
            Err(twice)
        }
    }

    /// Returns the instrument at a place.
    pub fn get(&self, ix: InstrumentIx) -> Option<&Instrument> {
        self.all.get(usize::from(ix.0))
    }

    /// Returns every instrument with its place.
    pub fn iter(&self) -> impl Iterator<Item = (InstrumentIx, &Instrument)> {
        (0_u16..=u16::MAX).map(InstrumentIx).zip(&self.all)
    }

    /// Returns the indices in capitals and where they are quoted, for display.
    pub const fn indices(&self) -> &BTreeMap<String, Exchange> {
        &self.indices
    }

    /// Returns the place of an instrument by our own name.
    pub fn by_name(&self, name: &str) -> Option<InstrumentIx> {
        self.iter()
            .find(|(_, instrument)| instrument.name == name)
            .map(|(ix, _)| ix)
    }

    /// Returns the figures of a contract: by its expiry, or for a share by the day.
    pub fn spec(&self, contract: ContractId, on: NaiveDate) -> Option<&Spec> {
        self.get(contract.instrument)?
            .spec(contract.expiry.unwrap_or(on))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::market::Tick;

    pub(crate) fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    pub(crate) fn spec(from: &str, units_per_lot: u32) -> Spec {
        Spec {
            valid_from: day(from),
            units_per_lot,
            ticks: TickTable::flat(Tick::new(Decimal::new(5, 2)).unwrap()),
            point_value: PointValue::new(Decimal::from(units_per_lot)).unwrap(),
            margin: Margin::PerLot(Money::rupees(270_000)),
            freeze: Some(Quantity::new(600)),
            max_order_lots: Lots::new(100),
            source: String::new(),
            assumed: false,
        }
    }

    pub(crate) fn future(name: &str, root: &str, exchange: Exchange, expiry: Expiry) -> Instrument {
        Instrument {
            name: name.to_owned(),
            exchange,
            kind: InstrumentKind::Future,
            root: root.to_owned(),
            aliases: vec![format!("{root}1!")],
            signal_symbol: None,
            sector: String::new(),
            order_quantity: OrderQuantity::Units,
            product: Product::Nrml,
            roll_days: 3,
            expiry,
            exit_by: None,
            protection: Percent::new(Decimal::new(25, 2)),
            quote_age: QuoteAge {
                front: TimeDelta::seconds(5),
                other: TimeDelta::seconds(15),
            },
            specs: vec![spec("2025-07-01", 35), spec("2026-01-01", 30)],
        }
    }

    pub(crate) fn share(symbol: &str) -> Instrument {
        let mut share = future(symbol, symbol, Exchange::Nse, Expiry::default());
        share.kind = InstrumentKind::Equity;
        share.aliases = Vec::new();
        share.specs = vec![Spec {
            margin: Margin::OfPrice {
                delivery: Ratio::ONE,
                intraday: Ratio::new(Decimal::from(5)),
            },
            ..spec("2025-01-01", 1)
        }];
        share
    }

    #[test]
    fn a_lot_has_the_size_of_its_contract_not_of_the_day() {
        let bank = future("BANK_NIFTY", "BANKNIFTY", Exchange::Nfo, Expiry::default());
        let list = Instruments::new(vec![bank], vec![]).unwrap();
        let ix = list.by_name("BANK_NIFTY").unwrap();
        let today = day("2025-12-29");
        let lot = |expiry| {
            let contract = ContractId::future(ix, day(expiry));
            list.spec(contract, today).unwrap().units_per_lot
        };
        assert_eq!(lot("2025-12-30"), 35);
        assert_eq!(lot("2026-01-27"), 30);
        assert_eq!(lot("2010-01-28"), 35);
    }

    #[test]
    fn the_smaller_of_freeze_and_our_own_limit_splits_an_order() {
        assert_eq!(spec("2026-01-01", 30).order_lots_max(), Lots::new(20));
        let own = Spec {
            max_order_lots: Lots::new(7),
            ..spec("2026-01-01", 30)
        };
        assert_eq!(own.order_lots_max(), Lots::new(7));
    }

    #[test]
    fn shares_tie_up_their_price_over_the_leverage() {
        let spec = share("SBIN").specs.remove(0);
        let price = Price::new(Decimal::from(800)).unwrap();
        assert_eq!(spec.margin_per_lot(price, Product::Cnc), Money::rupees(800));
        assert_eq!(spec.margin_per_lot(price, Product::Mis), Money::rupees(160));
        assert_eq!(spec.turnover(price, Lots::new(3)), Money::rupees(2400));
    }

    #[test]
    fn a_name_means_one_thing() {
        let twice = Instruments::new(vec![share("SBIN"), share("SBIN")], vec![]);
        assert_eq!(twice.unwrap_err(), ["SBIN"]);
    }
}
