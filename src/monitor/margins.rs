//! Asks the broker for the margin of one lot, and sees by it whether the broker counts as we do.
//!
//! A few contracts a round: those that somebody waits for come first, the others when nobody knows
//! their unit today, every hour, and after a refusal. What proves a unit waits for the proofs that
//! come with it, so that a start writes them down together; a doubt, or an order that needs the
//! proof, waits for none.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tracing::{debug, error, warn};

use super::prices::contracts;
use super::{agreement, drift};
use crate::broker::{Broker, Contract, ReadError};
use crate::desk::Desk;
use crate::domain::book::{Book, OrderState};
use crate::domain::calendar::exchange_day;
use crate::domain::close::Compared;
use crate::domain::fact::{Fact, OrderEnd};
use crate::domain::ids::FindingId;
use crate::domain::input::{Input, SeenMargin, UnitsSeen};
use crate::domain::instrument::ContractId;
use crate::domain::money::{Lots, Quantity};
use crate::domain::order::{Pricing, Side, Ticket};

/// How long an answer is not asked for again.
const AGAIN: TimeDelta = TimeDelta::hours(1);

/// The pause after an answer that proved nothing.
const RETRY: TimeDelta = TimeDelta::seconds(30);

/// How many contracts are asked for in a round.
const PER_ROUND: usize = 4;

/// Asks for margins.
pub(super) struct Margins<B> {
    desk: Arc<Desk>,
    broker: Arc<B>,
    asked: Mutex<BTreeMap<ContractId, DateTime<Utc>>>,
    proofs: Mutex<Vec<UnitsSeen>>,
}

impl<B: Broker> Margins<B> {
    /// Returns one that has not asked yet.
    pub(super) fn new(desk: Arc<Desk>, broker: Arc<B>) -> Self {
        Self {
            desk,
            broker,
            asked: Mutex::default(),
            proofs: Mutex::default(),
        }
    }

    /// Asks for what is due.
    pub(super) async fn round(&self, epoch: i64) {
        let Some(book) = self.desk.seen() else { return };
        let due = self.due(&book);
        for contract in &due {
            self.ask((&book, *contract), epoch).await;
        }
        let proofs = self.ripe(due.len() == PER_ROUND);
        if !proofs.is_empty() {
            self.tell(proofs, epoch).await;
        }
    }

    /// Returns the proofs that wait, unless `more` are to come and nobody needs one of these.
    fn ripe(&self, more: bool) -> Vec<UnitsSeen> {
        let book = self.desk.seen().unwrap_or_default();
        let mut proofs = self.proofs();
        let awaited = |seen: &UnitsSeen| is_awaited(&book, seen.contract);
        if more && !proofs.iter().any(awaited) {
            return Vec::new();
        }
        core::mem::take(&mut *proofs)
    }

    fn proofs(&self) -> MutexGuard<'_, Vec<UnitsSeen>> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Submits what was seen, in one input.
    async fn tell(&self, seen: Vec<UnitsSeen>, epoch: i64) {
        let input = Input::UnitsSeen(seen);
        if !self.desk.would_matter(&input) {
            return;
        }
        match self.desk.input(input, Some(epoch)).await {
            Ok(facts) => facts.iter().for_each(page),
            Err(error) => warn!(%error, "what the broker counts in was not written"),
        }
    }

    fn due(&self, book: &Book) -> Vec<ContractId> {
        let now = self.desk.clock().now();
        let mut due: Vec<ContractId> = contracts(&self.desk, book)
            .into_iter()
            .filter(|contract| self.is_due(book, (*contract, now)))
            .collect();
        due.sort_by_key(|contract| !is_awaited(book, *contract));
        due.truncate(PER_ROUND);
        due
    }

    fn is_due(&self, book: &Book, (contract, now): (ContractId, DateTime<Utc>)) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(asked) = asked.get(&contract) else {
            return true;
        };
        let refused = |state| match state {
            OrderState::Closed(OrderEnd::Refused | OrderEnd::Rejected) => true,
            OrderState::Closed(_)
            | OrderState::Wanted
            | OrderState::Sending { .. }
            | OrderState::Sent
            | OrderState::Queued
            | OrderState::Uncertain => false,
        };
        let said_no = book.orders.values().any(|order| {
            order.contract == contract
                && order.id.intent.purpose.opens()
                && refused(order.state)
                && order.closed_at.is_some_and(|at| at > *asked)
        });
        let known = book.instruments.get(&contract.instrument);
        let proved = known
            .is_some_and(|known| !known.units_doubted && known.units_on == Some(exchange_day(now)));
        let priced = book.marks.contracts.get(&contract);
        let enough = proved && priced.is_none_or(|mark| mark.margin.is_some());
        said_no || now - *asked >= if enough { AGAIN } else { RETRY }
    }

    async fn ask(&self, (book, contract): (&Book, ContractId), epoch: i64) {
        let at = self.desk.clock().now();
        {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.insert(contract, at);
        }
        let Some(ticket) = self.one_lot(contract, at) else {
            return;
        };
        let margin = self.broker.margin(&ticket).await;
        let margin = margin
            .inspect_err(|error| tracing::debug!(%error, "no margin"))
            .ok();
        let listed = self.broker.symbol(ticket.exchange, &ticket.symbol).await;
        self.compare(contract, &listed, epoch).await;
        let listed = listed.ok().and_then(|listed| listed.lot);
        let seen = UnitsSeen {
            contract,
            lot: listed.and_then(|lot| u32::try_from(lot.get()).ok()),
            margin,
            held: self.held((book, contract), &ticket).await,
        };
        let Ok(facts) = self.desk.what_if(&Input::UnitsSeen(vec![seen])).await else {
            return;
        };
        let proves = |fact: &Fact| matches!(fact, Fact::UnitsProved { .. });
        if facts.iter().all(proves) {
            self.proofs().extend((!facts.is_empty()).then_some(seen));
        } else {
            // an older proof would end the doubt
            let other = |one: &UnitsSeen| one.contract.instrument != contract.instrument;
            self.proofs().retain(other);
            self.tell(vec![seen], epoch).await;
        }
        let known = self.desk.seen();
        let known = known
            .as_ref()
            .and_then(|book| book.instruments.get(&contract.instrument));
        // In the wrong unit it would be the margin of something else.
        if let Some(amount) = margin.filter(|_| known.is_none_or(|known| !known.units_doubted)) {
            self.desk
                .marks()
                .margin(contract, SeenMargin { amount, at });
        }
    }

    /// Sees whether OpenAlgo's list says of the contract what we say.
    async fn compare(&self, of: ContractId, listed: &Result<Contract, ReadError>, epoch: i64) {
        let (rules, now) = (self.desk.rules(), self.desk.clock().now());
        let instrument = rules.instruments.get(of.instrument);
        let spec = rules.instruments.spec(of, exchange_day(now));
        let Some((instrument, spec)) = instrument.zip(spec) else {
            return;
        };
        let said = match listed {
            Ok(row) => agreement::contract((instrument, spec, of.expiry), row).to_vec(),
            Err(ReadError::Absent { .. }) => vec![agreement::unknown()],
            Err(error) => return debug!(%error, "OpenAlgo says nothing of a contract"),
        };
        let name = drift::name(&self.desk, now);
        for (number, (code, differs)) in (0_u8..).zip(said) {
            let input = Input::Compared(Box::new(Compared {
                finding: FindingId(name.next(number)),
                contract: of,
                code,
                differs,
            }));
            if self.desk.would_matter(&input)
                && let Err(error) = self.desk.input(input, Some(epoch)).await
            {
                warn!(%error, "what OpenAlgo says of a contract was not written");
            }
        }
    }

    /// Returns the order whose margin is that of one lot.
    fn one_lot(&self, contract: ContractId, at: DateTime<Utc>) -> Option<Ticket> {
        let instruments = &self.desk.rules().instruments;
        let instrument = instruments.get(contract.instrument)?;
        let spec = instruments.spec(contract, exchange_day(at))?;
        Some(Ticket {
            symbol: instruments.symbol(contract),
            exchange: instrument.exchange,
            product: instrument.product,
            side: Side::Buy,
            quantity: Lots::ONE.units(instrument.per_lot(spec)),
            pricing: Pricing::Market,
        })
    }

    /// Returns the size of the broker's position, where we hold one ourselves.
    async fn held(&self, (book, contract): (&Book, ContractId), lot: &Ticket) -> Option<Quantity> {
        let mut legs = book.legs.values();
        legs.find(|leg| leg.is_open() && leg.contract == contract)?;
        let rows = self.broker.position_book().await.ok()?.rows;
        let mut ours = rows.iter().filter(|row| {
            row.symbol == lot.symbol && row.exchange == Some(lot.exchange) && row.quantity != 0
        });
        ours.next()
            .map(|row| Quantity::new(row.quantity.unsigned_abs()))
    }
}

/// Returns whether anything under way needs to know how the broker counts a contract.
fn is_awaited(book: &Book, contract: ContractId) -> bool {
    let mut intents = book.open_intents();
    intents.any(|intent| intent.contract == contract)
}

/// Calls a person: nothing of the instrument leaves before this is settled.
fn page(fact: &Fact) {
    if let Fact::UnitsDoubted { ours, theirs, .. } = fact {
        error!(
            code = "units_unproved",
            %ours,
            %theirs,
            "the broker may count in another unit: entries and exits of the instrument wait"
        );
    }
}
