//! Ticks of the feed on their way into bars.
//!
//! Prices that were asked for make no bar: they are a look now and then, and what lies between two
//! looks nobody saw.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::bars::{BarSource, Made, Span, Spans, Tape};
use crate::domain::input::{PriceSource, Tick};
use crate::domain::instrument::ContractId;
use crate::domain::rules::Rules;

/// The ticks of every contract whose bars may be made of them.
#[derive(Debug, Default)]
pub struct Tapes(Mutex<BTreeMap<ContractId, Tape>>);

impl Tapes {
    /// Takes a good price.
    pub(in crate::monitor) fn hear(&self, rules: &Rules, tick: &Tick) {
        let (contract, at) = (tick.contract, tick.quote.at);
        let ix = contract.instrument;
        if tick.source != PriceSource::Feed || !rules.bars.takes(ix, BarSource::Ticks) {
            return;
        }
        let mut all = self.all();
        let making = all.get(&contract).and_then(Tape::span);
        let span = making.filter(|span| span.contains(at)).or_else(|| {
            let chart = rules.bars.chart(ix)?;
            let exchange = rules.instruments.get(ix)?.exchange;
            Spans::new(&rules.calendar, exchange, chart.length)?.around(at)
        });
        if let Some(span) = span {
            let tape = all.entry(contract).or_default();
            tape.push(span, (at, tick.quote.price));
        }
    }

    /// Returns what ticks made of a bar.
    pub(super) fn made(&self, contract: ContractId, span: Span) -> Option<Made> {
        self.all().get(&contract)?.made(span)
    }

    /// Forgets every tick.
    pub(super) fn forget(&self) {
        self.all().clear();
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<ContractId, Tape>> {
        // A tape is consistent after every step: a panic elsewhere cannot have bent it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
