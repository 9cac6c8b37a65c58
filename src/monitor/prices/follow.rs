//! Which symbols are followed: what is held or wanted, what an entry would take, and charts.

use std::collections::BTreeMap;

use super::watch::{Symbol, Wanted};
use crate::desk::Desk;
use crate::domain::book::Book;
use crate::domain::calendar::exchange_day;
use crate::domain::instrument::ContractId;

/// Returns the symbols to follow, each with what its price is for.
pub(super) fn wanted(desk: &Desk, book: &Book) -> BTreeMap<Symbol, Vec<Wanted>> {
    let rules = desk.rules();
    let mut wanted: BTreeMap<Symbol, Vec<Wanted>> = BTreeMap::new();
    for (ix, instrument) in rules.instruments.iter() {
        if !rules.of(ix).is_some_and(|limits| limits.enabled) {
            continue;
        }
        if let Some(chart) = &instrument.signal_symbol {
            let symbol = (chart.exchange, chart.symbol.clone());
            wanted.entry(symbol).or_default().push(Wanted::Chart(ix));
        }
    }
    for contract in contracts(desk, book) {
        if let Some(instrument) = rules.instruments.get(contract.instrument) {
            let symbol = (instrument.exchange, rules.instruments.symbol(contract));
            wanted
                .entry(symbol)
                .or_default()
                .push(Wanted::Contract(contract));
        }
    }
    wanted
}

/// Returns the contracts that matter: what is held or wanted, and what an entry would take.
pub(in crate::monitor) fn contracts(desk: &Desk, book: &Book) -> Vec<ContractId> {
    let rules = desk.rules();
    let today = exchange_day(desk.clock().now());
    let held = book.legs.values().filter(|leg| leg.is_open());
    let mut contracts: Vec<ContractId> = held.map(|leg| leg.contract).collect();
    contracts.extend(book.open_intents().map(|intent| intent.contract));
    let enabled = rules.instruments.iter().map(|(ix, _)| ix);
    let enabled = enabled.filter(|ix| rules.of(*ix).is_some_and(|limits| limits.enabled));
    contracts.extend(enabled.filter_map(|ix| {
        rules
            .instruments
            .contract_for_entry(ix, today, &rules.calendar)
    }));
    contracts.sort();
    contracts.dedup();
    contracts
}
