//! Where our book and the broker's differ.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::book::Book;
use crate::domain::finding;
use crate::domain::rules::Rules;

/// A difference between our book and the broker's.
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub id: String,
    pub code: &'static str,
    /// The instrument, where it is one of ours.
    pub instrument: Option<String>,
    pub symbol: String,
    pub product: Option<&'static str>,
    /// The broker's order, where it is about one.
    pub broker_order: Option<String>,
    /// In the broker's unit; rupees where money differs.
    pub ours: Decimal,
    /// Nothing where the broker has no row.
    pub theirs: Option<Decimal>,
    pub repair: Option<Repair>,
    /// `open`, `dismissed`, or how it ended.
    pub state: &'static str,
    pub found_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// The change of our book that would end it.
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
#[derive(Clone, Debug, Serialize)]
pub struct Repair {
    pub lots: u32,
    pub price: Decimal,
    /// Where the price is from.
    pub basis: &'static str,
    pub reason: &'static str,
}

/// Returns every difference that is open, was dismissed, or ended within a day; the newest first.
pub fn findings(book: &Book, rules: &Rules) -> Vec<Finding> {
    let mut rows: Vec<Finding> = book.findings.values().map(|one| of(one, rules)).collect();
    rows.sort_by(|one, other| (other.found_at, &other.id).cmp(&(one.found_at, &one.id)));
    rows
}

fn of(finding: &finding::Finding, rules: &Rules) -> Finding {
    let drift = &finding.drift;
    let instrument = drift
        .contract
        .and_then(|contract| rules.instruments.get(contract.instrument));
    let state = match (finding.end, finding.dismissed) {
        (Some((how, _)), _) => how.word(),
        (None, true) => "dismissed",
        (None, false) => "open",
    };
    Finding {
        id: drift.finding.to_string(),
        code: drift.code.0,
        instrument: instrument.map(|one| one.name.clone()),
        symbol: drift.symbol.clone(),
        product: drift.product.map(crate::domain::order::Product::word),
        broker_order: drift.order.as_ref().map(ToString::to_string),
        ours: drift.ours.normalize(),
        theirs: drift.theirs.map(|theirs| theirs.normalize()),
        repair: finding.repair.as_ref().map(|repair| Repair {
            lots: repair.lots.get(),
            price: repair.price.get().normalize(),
            basis: repair.basis.word(),
            reason: repair.reason.word(),
        }),
        state,
        found_at: finding.found_at,
        ended_at: finding.end.map(|(_, at)| at),
    }
}

/// Returns the open differences, a sentence each.
pub fn sentences(book: &Book) -> Vec<String> {
    let open = book.findings.values().filter(|one| one.is_open());
    open.map(|one| format!("{} ({})", one.drift.words(), one.drift.finding))
        .collect()
}
