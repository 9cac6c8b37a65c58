//! The prices that decisions see.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::book::Book;
use crate::domain::money::Price;
use crate::domain::rules::Rules;

/// The last good price of a contract.
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    pub instrument: String,
    pub contract: String,
    pub price: Decimal,
    pub bid: Option<Decimal>,
    pub ask: Option<Decimal>,
    /// Who says it: `feed`, `rest`, `bar` or `alert`.
    pub source: &'static str,
    pub at: DateTime<Utc>,
    pub age_ms: i64,
    /// The broker's margin for one lot, where it was asked.
    pub margin: Option<Decimal>,
}

/// Returns the last good price of every contract that has one.
pub fn marks(book: &Book, rules: &Rules, now: DateTime<Utc>) -> Vec<Mark> {
    let plain = |price: Price| price.get().normalize();
    let all = book.marks.contracts.iter();
    let rows = all.filter_map(|(contract, mark)| {
        let instrument = rules.instruments.get(contract.instrument)?;
        Some(Mark {
            instrument: instrument.name.clone(),
            contract: rules.instruments.symbol(*contract),
            price: plain(mark.quote.price),
            bid: mark.quote.bid.map(plain),
            ask: mark.quote.ask.map(plain),
            source: mark.source.word(),
            at: mark.quote.at,
            age_ms: (now - mark.quote.at).num_milliseconds().max(0),
            margin: mark.margin.map(|margin| margin.amount.get().normalize()),
        })
    });
    rows.collect()
}
