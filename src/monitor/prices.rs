//! Reads prices into the marks, and the broker's free cash.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;
use tracing::warn;

use super::margins::Margins;
use crate::broker::{Broker, Quote as BrokerQuote};
use crate::desk::Desk;
use crate::domain::book::Book;
use crate::domain::calendar::exchange_day;
use crate::domain::input::{Funds, Input, PriceSource, Tick};
use crate::domain::instrument::{ContractId, InstrumentIx};
use crate::domain::order::Exchange;

/// What is shown of the broker to those who ask how we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrokerHealth {
    /// Whether the last reading of prices brought an answer.
    pub prices: bool,
    /// Whether the last reading of funds brought a figure.
    pub funds: bool,
}

/// Reads prices and money.
pub struct Prices<B> {
    desk: Arc<Desk>,
    broker: Arc<B>,
    margins: Margins<B>,
    funds_poll: Duration,
    funds_at: Mutex<Option<Instant>>,
    health: Mutex<BrokerHealth>,
}

impl<B: Broker> Prices<B> {
    /// Returns a reader that asks for funds every `funds_poll`.
    pub fn new(desk: Arc<Desk>, broker: Arc<B>, funds_poll: Duration) -> Self {
        Self {
            margins: Margins::new(Arc::clone(&desk), Arc::clone(&broker)),
            desk,
            broker,
            funds_poll,
            funds_at: Mutex::default(),
            health: Mutex::default(),
        }
    }

    /// Returns how the broker answered last.
    pub fn health(&self) -> BrokerHealth {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads all prices that decisions need, and funds and margins when they are due.
    pub async fn round(&self, epoch: i64) {
        tokio::join!(self.read_prices(epoch), self.read_funds(epoch));
        self.margins.round(epoch).await;
    }

    async fn read_prices(&self, epoch: i64) {
        let Some(book) = self.desk.seen() else { return };
        let wanted = self.wanted(&book);
        let symbols: Vec<(Exchange, String)> = wanted.keys().cloned().collect();
        let quotes = match self.broker.quotes(&symbols).await {
            Ok(quotes) => quotes,
            Err(error) => {
                tracing::debug!(%error, "no prices");
                return self.note(|health| health.prices = false);
            }
        };
        self.note(|health| health.prices = true);
        for (symbol, quote) in quotes {
            for what in wanted.get(&symbol).into_iter().flatten() {
                self.mark((*what, &quote), epoch).await;
            }
        }
        let marks = self.desk.marks().all();
        if let Err(error) = self.desk.store().write_marks(self.desk.id(), &marks).await {
            warn!(%error, "prices were not written");
        }
    }

    async fn mark(&self, (what, quote): (Wanted, &BrokerQuote), epoch: i64) {
        let quote = quote.read_at(self.desk.clock().now());
        match what {
            Wanted::Contract(contract) => {
                let source = PriceSource::Rest;
                self.desk.marks().quote(contract, quote, source);
                let tick = Tick {
                    contract,
                    quote,
                    source,
                };
                if let Err(error) = self.desk.tick(tick, Some(epoch)).await {
                    warn!(%error, "a price that reached a stop or a target was not acted on; the next one is");
                }
            }
            Wanted::Chart(instrument) => self.desk.marks().chart(instrument, quote),
        }
    }

    /// Returns the symbols to ask for: what is held or wanted, and what an entry would take.
    fn wanted(&self, book: &Book) -> BTreeMap<(Exchange, String), Vec<Wanted>> {
        let rules = self.desk.rules();
        let mut wanted: BTreeMap<(Exchange, String), Vec<Wanted>> = BTreeMap::new();
        for (ix, instrument) in rules.instruments.iter() {
            if !rules.of(ix).is_some_and(|limits| limits.enabled) {
                continue;
            }
            if let Some(chart) = &instrument.signal_symbol {
                let symbol = (chart.exchange, chart.symbol.clone());
                wanted.entry(symbol).or_default().push(Wanted::Chart(ix));
            }
        }
        for contract in contracts(&self.desk, book) {
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

    async fn read_funds(&self, epoch: i64) {
        let due = {
            let at = self.funds_at.lock().unwrap_or_else(PoisonError::into_inner);
            at.is_none_or(|at| at.elapsed() >= self.funds_poll)
        };
        if !due {
            return;
        }
        let at = self.desk.clock().now();
        let available = match self.broker.funds().await {
            Ok(funds) => funds.available,
            Err(error) => {
                tracing::debug!(%error, "no funds");
                return self.note(|health| health.funds = false);
            }
        };
        self.note(|health| health.funds = available.is_some());
        *self.funds_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        if let Err(error) = self
            .desk
            .input(Input::Funds(Funds { available, at }), Some(epoch))
            .await
        {
            warn!(%error, "the reading of funds was not written");
        }
    }

    fn note(&self, change: impl FnOnce(&mut BrokerHealth)) {
        change(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What a symbol's price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Contract(ContractId),
    Chart(InstrumentIx),
}

/// Returns the contracts that matter: what is held or wanted, and what an entry would take.
pub(super) fn contracts(desk: &Desk, book: &Book) -> Vec<ContractId> {
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
