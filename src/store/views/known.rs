//! What can be traded, with the figures in force.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::book::Book;
use crate::domain::calendar::{Session, exchange_day};
use crate::domain::instrument::{self, InstrumentIx, InstrumentKind, Margin, OrderQuantity};
use crate::domain::money::Quantity;
use crate::domain::rules::Rules;

/// Something that can be traded.
#[expect(missing_docs, reason = "the fields are the words of the configuration")]
#[derive(Clone, Debug, Serialize)]
pub struct Instrument {
    pub name: String,
    pub exchange: &'static str,
    pub kind: &'static str,
    pub root: String,
    pub aliases: Vec<String>,
    pub sector: String,
    pub product: &'static str,
    pub order_quantity: &'static str,
    /// Whether entries are let in at all.
    pub enabled: bool,
    /// What may be traded: the stricter of the desk's state and its own.
    pub state: &'static str,
    pub session: &'static str,
    /// The contract an entry would take today.
    pub contract: Option<String>,
    pub units_per_lot: Option<u32>,
    pub point_value: Option<Decimal>,
    /// Per lot; nothing where it is a part of the price.
    pub margin: Option<Decimal>,
    pub freeze_quantity: Option<u64>,
    pub max_order_lots: Option<u32>,
    /// The last price seen of that contract, and when.
    pub price: Option<Decimal>,
    pub price_at: Option<DateTime<Utc>>,
    /// Who says so, and whether nobody we know does.
    pub figures_from: Option<String>,
    pub assumed: Option<bool>,
}

/// Returns every instrument of a configuration.
pub fn instruments(book: &Book, rules: &Rules, now: DateTime<Utc>) -> Vec<Instrument> {
    let all = rules.instruments.iter();
    all.map(|(ix, instrument)| of((ix, instrument), (book, rules), now))
        .collect()
}

fn of(
    (ix, instrument): (InstrumentIx, &instrument::Instrument),
    (book, rules): (&Book, &Rules),
    now: DateTime<Utc>,
) -> Instrument {
    let today = exchange_day(now);
    let contract = rules
        .instruments
        .contract_for_entry(ix, today, &rules.calendar);
    let spec = contract.and_then(|one| rules.instruments.spec(one, today));
    let quote = contract
        .and_then(|one| book.marks.contracts.get(&one))
        .map(|mark| mark.quote);
    Instrument {
        name: instrument.name.clone(),
        exchange: instrument.exchange.word(),
        kind: match instrument.kind {
            InstrumentKind::Future => "future",
            InstrumentKind::Equity => "equity",
        },
        root: instrument.root.clone(),
        aliases: instrument.aliases.clone(),
        sector: instrument.sector.clone(),
        product: instrument.product.word(),
        order_quantity: match instrument.order_quantity {
            OrderQuantity::Units => "units",
            OrderQuantity::Lots => "lots",
        },
        enabled: rules.of(ix).is_some_and(|limits| limits.enabled),
        state: book.state_of(ix).word(),
        session: match rules.calendar.session_at(instrument.exchange, now) {
            Session::Closed => "closed",
            Session::PreOpen => "pre_open",
            Session::Continuous => "open",
            Session::Auction => "auction",
        },
        contract: contract.map(|one| rules.instruments.symbol(one)),
        units_per_lot: spec.map(|spec| spec.units_per_lot),
        point_value: spec.map(|spec| spec.point_value.get().normalize()),
        margin: spec.and_then(|spec| match spec.margin {
            Margin::PerLot(amount) => Some(amount.get().normalize()),
            Margin::OfPrice { .. } => None,
        }),
        freeze_quantity: spec.and_then(|spec| spec.freeze.map(Quantity::get)),
        max_order_lots: spec.map(|spec| spec.max_order_lots.get()),
        price: quote.map(|quote| quote.price.get().normalize()),
        price_at: quote.map(|quote| quote.at),
        figures_from: spec.map(|spec| spec.source.clone()),
        assumed: spec.map(|spec| spec.assumed),
    }
}
