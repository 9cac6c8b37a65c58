//! Prices as this process sees them. They are part of the book as seen, never of the fold.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, Utc};

use crate::domain::broker_book::{Net, NetKey};
use crate::domain::input::{Mark, Marks, PriceSource, Quote, SeenMargin};
use crate::domain::instrument::{ContractId, InstrumentIx};

/// The newest prices, shared by those who read and those who decide.
#[derive(Debug, Default)]
pub struct LiveMarks(RwLock<Marks>);

impl LiveMarks {
    /// Takes a quote of a contract in, unless a newer one is known.
    pub fn quote(&self, contract: ContractId, quote: Quote, source: PriceSource) {
        let mut marks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mark = marks.contracts.entry(contract).or_insert(Mark {
            quote,
            margin: None,
            source,
        });
        if quote.at >= mark.quote.at {
            mark.quote = quote;
            mark.source = source;
        }
    }

    /// Takes a quote of an instrument's chart symbol in.
    pub fn chart(&self, instrument: InstrumentIx, quote: Quote) {
        let mut marks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = marks.charts.entry(instrument).or_insert(quote);
        if quote.at >= known.at {
            *known = quote;
        }
    }

    /// Takes the broker's margin for one lot of a contract in, once it has a price.
    pub fn margin(&self, contract: ContractId, margin: SeenMargin) {
        let mut marks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(mark) = marks.contracts.get_mut(&contract) {
            mark.margin = Some(margin);
        }
    }

    /// Takes what the broker holds in: every row of one reading. A row that is gone is no
    /// knowledge, so what was known of it is forgotten.
    pub fn nets(&self, nets: BTreeMap<NetKey, Net>) {
        let mut marks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        marks.nets = nets;
    }

    /// Forgets what is of a time that has not come.
    pub fn forget_after(&self, limit: DateTime<Utc>) {
        let mut marks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        marks.forget_after(limit);
    }

    /// Returns what is known of a contract.
    pub fn of(&self, contract: ContractId) -> Option<Mark> {
        let marks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        marks.contracts.get(&contract).copied()
    }

    /// Returns all of them.
    pub fn all(&self) -> Marks {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts the newer of these and `theirs` into `theirs`.
    pub fn merge_into(&self, theirs: &mut Marks) {
        let ours = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for (contract, mark) in &ours.contracts {
            let known = theirs.contracts.entry(*contract).or_insert(*mark);
            if mark.quote.at >= known.quote.at {
                let margin = mark.margin.or(known.margin);
                *known = Mark {
                    quote: mark.quote,
                    margin,
                    source: mark.source,
                };
            }
        }
        for (key, net) in &ours.nets {
            let known = theirs.nets.entry(*key).or_insert_with(|| net.clone());
            if net.at >= known.at {
                *known = net.clone();
            }
        }
        theirs.correlations.extend(
            ours.correlations
                .iter()
                .map(|(pair, known)| (*pair, *known)),
        );
        for (instrument, quote) in &ours.charts {
            let known = theirs.charts.entry(*instrument).or_insert(*quote);
            if quote.at >= known.at {
                *known = *quote;
            }
        }
    }
}
