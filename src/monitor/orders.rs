//! Follows orders: the order book tells where each stands, the trade book what was filled.
//!
//! Fills are sums over a complete trade book, so that seeing one twice adds nothing. Orders that
//! are over are watched for late fills as long as they are in the book.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tracing::warn;

use super::proofs::Proofs;
use super::{late, missing};
use crate::broker::{Broker, OrderRow, OrderState as BrokerState, ReadError, TradeRow};
use crate::courier::{Baselines, Calls};
use crate::desk::Desk;
use crate::domain::book::{Book, CancelState, ModifyState, Order, OrderState};
use crate::domain::calendar::exchange_day;
use crate::domain::ids::{OrderId, Purpose};
use crate::domain::input::{CallKind, CallResult, Input, Outcome, ReportStatus};
use crate::domain::money::{Money, Quantity};
use crate::domain::order::BrokerOrderId;
use crate::domain::reconcile::{self, EndsSeen, Shown, ShownRow};
use crate::domain::work::{self, Call};

/// Follows orders and looks lost ones up.
pub struct Orders<B> {
    desk: Arc<Desk>,
    broker: Arc<B>,
    baselines: Arc<Baselines>,
    calls: Arc<Calls>,
    proofs: Proofs<B>,
    polls: Vec<Duration>,
    late_look: Duration,
    looked: Mutex<Looked>,
    ends: Mutex<EndsSeen>,
}

/// When the books were read last, and how often since something moved.
#[derive(Default)]
struct Looked {
    at: Option<Instant>,
    still: usize,
    working: Vec<(OrderId, OrderState)>,
}

/// Both books of one moment.
struct Books {
    orders: BTreeMap<BrokerOrderId, OrderRow>,
    filled: BTreeMap<BrokerOrderId, (Quantity, Money)>,
    /// Orders that are not in it and may be at the broker for all that.
    unsure: BTreeSet<OrderId>,
}

impl Books {
    /// Returns what they show of an order that the broker has a name for.
    fn shown(&self, order: &Order) -> Option<Shown> {
        let id = order.broker_id.as_ref()?;
        Some(Shown {
            row: self.orders.get(id).map(shown),
            traded: self.filled.get(id).copied().unwrap_or_default(),
            unsure: self.unsure.contains(&order.id),
        })
    }
}

impl<B: Broker> Orders<B> {
    /// Returns a follower that looks at working orders after each of the pauses, the last repeated,
    /// and for late fills after the other.
    pub fn new(
        desk: Arc<Desk>,
        broker: Arc<B>,
        (polls, late_look): (Vec<Duration>, Duration),
        parts: (Arc<Baselines>, Arc<Calls>, Duration),
    ) -> Self {
        let (baselines, calls, proof_pause) = parts;
        let proofs = Proofs::new(
            Arc::clone(&desk),
            Arc::clone(&broker),
            (Arc::clone(&calls), proof_pause),
        );
        Self {
            desk,
            broker,
            baselines,
            calls,
            proofs,
            polls,
            late_look,
            looked: Mutex::default(),
            ends: Mutex::default(),
        }
    }

    /// Returns whether an order is at the broker or in doubt, beyond those that only wait for their
    /// trigger.
    pub fn are_working(&self) -> bool {
        self.desk.seen().is_some_and(|book| {
            book.orders.values().any(|order| match order.state {
                OrderState::Sent => !is_quiet(order),
                OrderState::Sending { .. } | OrderState::Uncertain => true,
                OrderState::Wanted | OrderState::Queued | OrderState::Closed(_) => false,
            })
        })
    }

    /// Returns whether an order works, or works otherwise, that did not at the last look.
    pub fn has_news(&self) -> bool {
        let now = self.desk.seen().map(|book| working(&book));
        let looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        now.is_some_and(|now| now != looked.working)
    }

    /// Looks the rarer the longer nothing changes, whether orders work or are in doubt; a new one
    /// is looked at soon again.
    fn pace(&self, book: &Book) {
        let now = working(book);
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.working == now {
            looked.still = looked.still.saturating_add(1);
        } else {
            looked.still = 0;
            looked.working = now;
        }
    }

    /// Returns how long to rest until the next look at working orders.
    pub fn next_look(&self, since: Instant) -> Duration {
        let still = self
            .looked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .still;
        let pause = self
            .polls
            .get(still)
            .or(self.polls.last())
            .copied()
            .unwrap_or(self.late_look);
        pause.saturating_sub(since.elapsed())
    }

    /// Looks at everything once, at the books in any case when this is the `first` time; returns
    /// whether the books could be read where that was due, and every order in doubt was looked up.
    pub async fn round(&self, epoch: i64, first: bool) -> bool {
        let Some(book) = self.desk.seen() else {
            return false;
        };
        self.pace(&book);
        self.calls.keep(|id| may_be_in_doubt(&book, id));
        let mut looked = true;
        for call in work::due(&book, self.desk.rules(), self.desk.clock().now()) {
            if let Call::Resolve(order) = call {
                looked &= self.resolve(&book, order, epoch).await;
            }
        }
        if first || self.is_time(&book) {
            match self.read().await {
                Ok(mut books) => {
                    self.complete(&book, &mut books).await;
                    self.welcome(&book, &books, epoch).await;
                    self.report(&book, &books, epoch).await;
                }
                Err(error) => {
                    warn!(%error, "the broker's books cannot be read");
                    return false;
                }
            }
        }
        looked
    }

    /// An order that this process is not sending is in doubt; one in doubt is looked up. Returns
    /// whether it was.
    async fn resolve(&self, book: &Book, id: OrderId, epoch: i64) -> bool {
        let Some(order) = book.orders.get(&id) else {
            return true;
        };
        if self.calls.going_on(id) {
            return true;
        }
        if order.state == OrderState::Uncertain {
            return self.proofs.look(book, order, epoch).await;
        }
        let result = CallResult::Uncertain("whoever sent it is gone".to_owned());
        let outcome = Outcome {
            order: id,
            call: CallKind::Place,
            result,
        };
        self.submit(Input::Outcome(outcome), epoch).await;
        false
    }

    fn is_time(&self, book: &Book) -> bool {
        let known = book
            .orders
            .values()
            .any(|order| order.broker_id.is_some() || late::is_looked_for(order));
        let mut sent = book
            .orders
            .values()
            .filter(|order| order.state == OrderState::Sent)
            .map(is_quiet)
            .peekable();
        let rests = sent.peek().is_some();
        let working = sent.any(|quiet| !quiet);
        let slowest = self.polls.last().copied().unwrap_or(self.late_look);
        let looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let old = |most: Duration| looked.at.is_none_or(|at| at.elapsed() >= most);
        working || (rests && old(slowest)) || (known && old(self.late_look))
    }

    async fn read(&self) -> Result<Books, ReadError> {
        let asked = Instant::now();
        // In this order: a fill that the order book knows of is in a trade book read after it.
        let orders = self.broker.order_book().await?;
        let trades = self.broker.trade_book().await?;
        if !trades.complete() {
            return Err(ReadError::Unavailable {
                read: "tradebook",
                why: format!("{} rows make no sense", trades.unreadable.len()),
                source: None,
            });
        }
        let rows = orders
            .rows
            .iter()
            .map(|row| (row.id.clone(), row.clone()))
            .collect();
        self.baselines.keep(asked, orders)?;
        self.looked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .at = Some(asked);
        Ok(Books {
            orders: rows,
            filled: sums(&trades.rows),
            unsure: BTreeSet::new(),
        })
    }

    /// Asks for what the order book does not show, and says what nobody knows.
    async fn complete(&self, book: &Book, books: &mut Books) {
        let today = exchange_day(self.desk.clock().now());
        let missing = missing::ask(&*self.broker, (book, today), &mut books.orders).await;
        self.desk.unseen().set(missing.unseen);
        books.unsure = missing.unsure;
    }

    /// Takes in orders that were declared absent and are in the book.
    async fn welcome(&self, book: &Book, books: &Books, epoch: i64) {
        let rows: Vec<OrderRow> = books.orders.values().cloned().collect();
        for (order, id) in late::arrivals(book, self.desk.rules(), &rows) {
            warn!(order.id = %order, "order {order} was declared absent and is at the broker as {id}");
            let outcome = Outcome {
                order,
                call: CallKind::Place,
                result: CallResult::Sent(id),
            };
            self.submit(Input::Outcome(outcome), epoch).await;
        }
    }

    /// Reports every order that moved.
    async fn report(&self, book: &Book, books: &Books, epoch: i64) {
        let mut moved = false;
        let today = exchange_day(self.desk.clock().now());
        for order in book.orders.values() {
            let Some(shown) = books.shown(order) else {
                continue;
            };
            let report = self.ends().news(order, &shown, today);
            if let Some(report) = report.map(Input::Report)
                && self.desk.would_matter(&report)
            {
                moved = true;
                self.desk.crash().pass("row10");
                self.submit(report, epoch).await;
                self.desk.crash().pass("row11");
            }
            moved |= is_changing(order);
            if let Some(seen) = reconcile::terms(order, &shown).map(Input::Terms)
                && self.desk.would_matter(&seen)
            {
                self.submit(seen, epoch).await;
            }
        }
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if moved {
            looked.still = 0;
        }
    }

    fn ends(&self) -> MutexGuard<'_, EndsSeen> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn submit(&self, input: Input, epoch: i64) {
        if let Err(error) = self.desk.input(input, Some(epoch)).await {
            warn!(%error, "what the broker says was not written; the next round says it again");
        }
    }
}

/// Returns whether an order rests at the broker as it should and only waits for its trigger.
fn is_quiet(order: &Order) -> bool {
    let rests = order.id.intent.purpose == Purpose::Protective && order.resting.armed;
    rests && order.resting.fired_at.is_none() && !is_changing(order)
}

/// Returns whether a cancel or a change of an order is under way: an exit may wait for it.
fn is_changing(order: &Order) -> bool {
    let settled = order.cancel == CancelState::None && order.resting.modify == ModifyState::None;
    order.state == OrderState::Sent && !settled
}

/// Returns whether an order may be in doubt, or come to be: its call may be asked after.
fn may_be_in_doubt(book: &Book, id: OrderId) -> bool {
    book.orders.get(&id).is_some_and(|order| match order.state {
        OrderState::Wanted | OrderState::Sending { .. } | OrderState::Uncertain => true,
        OrderState::Sent | OrderState::Queued | OrderState::Closed(_) => false,
    })
}

/// Returns the orders that are at the broker or in doubt, and which it is.
fn working(book: &Book) -> Vec<(OrderId, OrderState)> {
    let all = book.orders.values().map(|order| (order.id, order.state));
    all.filter(|(_, state)| match state {
        OrderState::Sent | OrderState::Sending { .. } | OrderState::Uncertain => true,
        OrderState::Wanted | OrderState::Queued | OrderState::Closed(_) => false,
    })
    .collect()
}

/// Sums what was filled of each order.
fn sums(trades: &[TradeRow]) -> BTreeMap<BrokerOrderId, (Quantity, Money)> {
    let mut sums: BTreeMap<BrokerOrderId, (Quantity, Money)> = BTreeMap::new();
    for trade in trades {
        let sum = sums.entry(trade.order.clone()).or_default();
        sum.0 = sum.0.plus(trade.quantity);
        sum.1 += trade.value;
    }
    sums
}

/// Returns a row of the order book as the core reads it.
fn shown(row: &OrderRow) -> ShownRow {
    let (status, waits) = match &row.state {
        BrokerState::Complete => (ReportStatus::Complete, None),
        BrokerState::Cancelled => (ReportStatus::Cancelled, None),
        BrokerState::Rejected => (ReportStatus::Rejected, None),
        BrokerState::Open => (ReportStatus::Working, Some(false)),
        BrokerState::TriggerPending => (ReportStatus::Working, Some(true)),
        BrokerState::Unknown(_) => (ReportStatus::Working, None),
    };
    ShownRow {
        status,
        filled: row.filled,
        text: row.reason.clone(),
        quantity: row.quantity,
        pricing: row.pricing,
        waits,
    }
}
