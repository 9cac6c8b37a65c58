//! Reads the broker's books whole, round after round: what is held bounds every exit, and what
//! differs from ours becomes a finding.
//!
//! Positions are read first and trades last, so that a fill inside a position is inside the trades
//! as well. Nothing is decided here: how steadily the books say the same is counted, the core judges.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::broker::{Broker, Funds, OrderRow, PositionRow, ReadError, Rows, TradeRow};
use crate::desk::Desk;
use crate::domain::book::{Book, Leg};
use crate::domain::broker_book::{
    BrokerBook, NetKey, SeenForeign, SeenNet, SeenTraded, SeenWorking, Steady,
};
use crate::domain::ids::Cause;
use crate::domain::input::Input;
use crate::domain::instrument::{ContractId, Found};
use crate::domain::money::Money;
use crate::domain::order::{BrokerOrderId, Exchange, Product};
use crate::domain::reconcile;
use crate::domain::rules::Rules;

/// When nothing is held and nothing differs the books are read so many times less often.
const IDLE: u32 = 5;

/// Reads the broker's books and submits what matters.
pub struct Drift<B> {
    desk: Arc<Desk>,
    broker: Arc<B>,
    poll: Duration,
    seen: Mutex<Seen>,
}

/// What the readings have said, and since when.
#[derive(Default)]
struct Seen {
    last: Option<Instant>,
    nets: BTreeMap<NetKey, (Option<i64>, Streak)>,
    foreign: BTreeMap<(String, Option<Product>), (i64, Streak)>,
    orders: BTreeMap<BrokerOrderId, ((), Streak)>,
}

/// Readings in a row that say the same.
#[derive(Clone, Copy)]
struct Streak {
    first: DateTime<Utc>,
    reads: u32,
}

/// One reading.
struct Books {
    at: DateTime<Utc>,
    positions: Rows<PositionRow>,
    orders: Rows<OrderRow>,
    trades: Rows<TradeRow>,
    funds: Option<Funds>,
}

impl<B: Broker> Drift<B> {
    /// Returns a reader that looks every `poll` while anything is held.
    pub fn new(desk: Arc<Desk>, broker: Arc<B>, poll: Duration) -> Self {
        Self {
            desk,
            broker,
            poll,
            seen: Mutex::default(),
        }
    }

    /// Reads the books when that is due; returns whether they could be read.
    pub async fn round(&self, epoch: i64) -> bool {
        let Some(book) = self.desk.seen() else {
            return false;
        };
        if !self.is_time(&book) {
            return true;
        }
        let books = match self.read().await {
            Ok(books) => books,
            Err(error) => {
                warn!(%error, "the broker's books cannot be read");
                return false;
            }
        };
        let reading = self.reading(&book, &books);
        self.desk.marks().nets(reconcile::nets(&book, &reading));
        let input = Input::BrokerBook(Box::new(reading));
        if self.desk.would_matter(&input)
            && let Err(error) = self.desk.input(input, Some(epoch)).await
        {
            warn!(%error, "what the books show was not written; the next round says it again");
        }
        true
    }

    fn is_time(&self, book: &Book) -> bool {
        let busy = book.legs.values().any(Leg::is_open)
            || book.findings.values().any(|one| one.end.is_none())
            || book.open_intents().next().is_some();
        let pause = if busy { self.poll } else { self.poll * IDLE };
        let last = self.seen().last;
        last.is_none_or(|last| last.elapsed() >= pause)
    }

    async fn read(&self) -> Result<Books, ReadError> {
        let at = self.desk.clock().now();
        let positions = self.broker.position_book().await?;
        let orders = self.broker.order_book().await?;
        let trades = self.broker.trade_book().await?;
        let funds = self.broker.funds().await;
        self.seen().last = Some(Instant::now());
        Ok(Books {
            at,
            positions,
            orders,
            trades,
            funds: funds
                .inspect_err(|error| debug!(%error, "no funds beside the books"))
                .ok(),
        })
    }

    /// Says what the books show, in the core's terms.
    fn reading(&self, book: &Book, books: &Books) -> BrokerBook {
        let (rules, at) = (self.desk.rules(), books.at);
        let (held, foreign) = held(book, rules, &books.positions.rows);
        let mut seen = self.seen();
        seen.nets = follow(&seen.nets, held, at);
        seen.foreign = follow(&seen.foreign, foreign, at);
        let working = working(rules, &books.orders.rows);
        let ids = working.keys().map(|id| ((*id).clone(), ()));
        seen.orders = follow(&seen.orders, ids.collect(), at);
        let steady = |id| {
            let streak = seen.orders.get(id);
            streak.map_or_else(Steady::default, |((), streak)| streak.until(at))
        };
        let orders = working
            .into_iter()
            .map(|(id, (row, contract))| SeenWorking {
                id: id.clone(),
                contract,
                side: row.side,
                quantity: row.quantity.unwrap_or_default(),
                steady: steady(id),
            });
        BrokerBook {
            id: name(&self.desk, at),
            orders: orders.collect(),
            positions: seen.positions(at),
            foreign: seen.foreign(at),
            trades: traded(rules, &books.trades.rows),
            equity: books.funds.and_then(|funds| equity(&funds)),
            complete: books.positions.complete()
                && books.orders.complete()
                && books.trades.complete(),
            alive: books.funds.is_some_and(|funds| funds.available.is_some()),
            at,
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn positions(&self, at: DateTime<Utc>) -> Vec<SeenNet> {
        let rows = self.nets.iter();
        rows.map(|((contract, product), (net, streak))| SeenNet {
            contract: *contract,
            product: *product,
            net: *net,
            steady: streak.until(at),
        })
        .collect()
    }

    fn foreign(&self, at: DateTime<Utc>) -> Vec<SeenForeign> {
        let rows = self.foreign.iter();
        rows.map(|((symbol, product), (net, streak))| SeenForeign {
            symbol: symbol.clone(),
            product: *product,
            net: *net,
            steady: streak.until(at),
        })
        .collect()
    }
}

impl Streak {
    /// Returns the streak with one more reading that says the same, or a new one.
    fn after(known: Option<Self>, at: DateTime<Utc>) -> Self {
        known.map_or(
            Self {
                first: at,
                reads: 1,
            },
            |known| Self {
                first: known.first,
                reads: known.reads.saturating_add(1),
            },
        )
    }

    fn until(self, at: DateTime<Utc>) -> Steady {
        Steady {
            reads: self.reads,
            span: (at - self.first).max(TimeDelta::zero()),
        }
    }
}

/// Counts on what is said again, and begins anew with what is not.
fn follow<K: Ord, T: PartialEq>(
    known: &BTreeMap<K, (T, Streak)>,
    said: BTreeMap<K, T>,
    at: DateTime<Utc>,
) -> BTreeMap<K, (T, Streak)> {
    said.into_iter()
        .map(|(key, value)| {
            let same = known.get(&key).filter(|(before, _)| *before == value);
            let streak = Streak::after(same.map(|(_, streak)| *streak), at);
            (key, (value, streak))
        })
        .collect()
}

/// Held by contract and product: in contracts of ours, where a missing row is nothing, and in what
/// is none of ours.
type HeldRows = (
    BTreeMap<NetKey, Option<i64>>,
    BTreeMap<(String, Option<Product>), i64>,
);

fn held(book: &Book, rules: &Rules, rows: &[PositionRow]) -> HeldRows {
    let mut held: BTreeMap<NetKey, Option<i64>> = ours(book).map(|key| (key, None)).collect();
    let mut foreign: BTreeMap<(String, Option<Product>), i64> = BTreeMap::new();
    for row in rows {
        match (contract(rules, row.exchange, &row.symbol), row.product) {
            (Some(contract), Some(product)) => {
                let net = held.entry((contract, product)).or_default();
                *net = Some(net.unwrap_or(0).saturating_add(row.quantity));
            }
            (None, product) | (Some(_), product @ None) => {
                let net = foreign.entry((row.symbol.clone(), product)).or_default();
                *net = net.saturating_add(row.quantity);
            }
        }
    }
    (held, foreign)
}

/// Returns the orders that work in contracts of ours.
fn working<'a>(
    rules: &Rules,
    rows: &'a [OrderRow],
) -> BTreeMap<&'a BrokerOrderId, (&'a OrderRow, ContractId)> {
    rows.iter()
        .filter(|row| row.state.working())
        .filter_map(|row| Some((&row.id, (row, contract(rules, row.exchange, &row.symbol)?))))
        .collect()
}

/// Returns every contract that a leg or a finding of ours is about: its missing row says something.
fn ours(book: &Book) -> impl Iterator<Item = NetKey> {
    let legs = book.legs.values().filter(|leg| leg.is_open());
    let held = legs.map(|leg| (leg.contract, leg.product));
    let findings = book.findings.values().filter(|one| one.end.is_none());
    let found = findings.filter_map(|one| Some((one.drift.contract?, one.drift.product?)));
    let all: BTreeSet<NetKey> = held.chain(found).collect();
    all.into_iter()
}

/// Returns the contract of ours that a symbol of the broker names.
fn contract(rules: &Rules, exchange: Option<Exchange>, symbol: &str) -> Option<ContractId> {
    match rules.instruments.find_on(exchange?, symbol)? {
        Found::Instrument {
            contract: Some(contract),
            ..
        } => Some(contract),
        Found::Instrument { ix, contract: None } => {
            let share = ContractId::share(ix);
            (rules.instruments.symbol(share) == symbol).then_some(share)
        }
        Found::Index { .. } => None,
    }
}

/// Sums what each order has traded.
fn traded(rules: &Rules, rows: &[TradeRow]) -> Vec<SeenTraded> {
    let mut sums: BTreeMap<&BrokerOrderId, SeenTraded> = BTreeMap::new();
    for row in rows {
        let (Some(contract), Some(product), Some(side)) = (
            contract(rules, row.exchange, &row.symbol),
            row.product,
            row.side,
        ) else {
            continue;
        };
        sums.entry(&row.order)
            .and_modify(|sum| {
                sum.quantity = sum.quantity.plus(row.quantity);
                sum.value += row.value;
            })
            .or_insert_with(|| SeenTraded {
                order: row.order.clone(),
                contract,
                product,
                side,
                quantity: row.quantity,
                value: row.value,
            });
    }
    sums.into_values().collect()
}

fn equity(funds: &Funds) -> Option<Money> {
    Some(funds.available? + funds.used?)
}

/// Returns the name of a reading.
pub(super) fn name(desk: &Desk, at: DateTime<Utc>) -> Cause {
    let mut hash = Sha256::new();
    hash.update(b"torana reading 1");
    hash.update(desk.id().0.to_be_bytes());
    hash.update(at.timestamp_micros().to_be_bytes());
    let mut bytes = [0; 10];
    for (to, from) in bytes.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    Cause::from_bytes(bytes)
}
