//! Which closed bars the legs of a book wait for.

use chrono::{DateTime, Utc};

use super::spans::{Span, Spans};
use super::{BarSource, Chart, seen_last};
use crate::domain::book::{Book, Leg};
use crate::domain::instrument::ContractId;
use crate::domain::rules::Rules;

/// What a contract's legs wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// In what they are.
    pub contract: ContractId,
    /// The series they follow.
    pub chart: Chart,
    /// The bars that closed and that not every leg was judged on, in order of time.
    pub spans: Vec<Span>,
}

/// Returns the bars that closed and that legs were not judged on, by contract. A bar that an older
/// one came after is not among them: it was seen by whoever saw the later one.
pub fn due(book: &Book, rules: &Rules, now: DateTime<Utc>) -> Vec<Due> {
    let mut contracts: Vec<ContractId> = book
        .legs
        .values()
        .filter(|leg| leg.is_open())
        .map(|leg| leg.contract)
        .collect();
    contracts.sort();
    contracts.dedup();
    contracts
        .into_iter()
        .filter_map(|contract| of_contract(book, rules, (contract, now)))
        .collect()
}

fn of_contract(
    book: &Book,
    rules: &Rules,
    (contract, now): (ContractId, DateTime<Utc>),
) -> Option<Due> {
    let ix = contract.instrument;
    let built = [BarSource::History, BarSource::Ticks];
    let over = rules.instruments.is_over(contract, (&rules.calendar, now));
    if over || !built.iter().any(|source| rules.bars.takes(ix, *source)) {
        return None;
    }
    let chart = rules.bars.chart(ix)?;
    let exchange = rules.instruments.get(ix)?.exchange;
    let spans = Spans::new(&rules.calendar, exchange, chart.length)?;
    let legs = book.legs.values();
    let legs: Vec<&Leg> = legs
        .filter(|leg| leg.is_open() && leg.contract == contract)
        .collect();
    let since = legs
        .iter()
        .map(|leg| seen_last(leg.bar_at, now).unwrap_or(leg.opened_at))
        .min()?;
    let mut spans = spans.closed((since, now));
    spans.retain(|span| legs.iter().any(|leg| waits_for(leg, (*span, now))));
    (!spans.is_empty()).then_some(Due {
        contract,
        chart,
        spans,
    })
}

fn waits_for(leg: &Leg, (span, now): (Span, DateTime<Utc>)) -> bool {
    let last = seen_last(leg.bar_at, now);
    leg.opened_at < span.to && last.is_none_or(|last| !span.was_seen_by(last))
}
