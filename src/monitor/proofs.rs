//! Looks an order up that nobody answered for: in the order book and the trade book, against what
//! was there before it was sent.
//!
//! One match is the order. None proves its absence only after several complete, agreeing reads over
//! enough time, from a broker that answers, once the call has ended; the core judges that.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use tokio::time::Instant;
use tracing::warn;

use crate::broker::{Broker, OrderRow, ReadError, TradeRow};
use crate::courier::Calls;
use crate::desk::Desk;
use crate::domain::book::{Book, Order, OrderState};
use crate::domain::calendar::exchange_day;
use crate::domain::fact::OrderEnd;
use crate::domain::ids::OrderId;
use crate::domain::input::{Found, Input, Proof};
use crate::domain::order::{BrokerOrderId, TicketKey};
use crate::domain::reconcile;
use crate::domain::rules::Rules;

/// Looks lost orders up.
pub(super) struct Proofs<B> {
    desk: Arc<Desk>,
    broker: Arc<B>,
    calls: Arc<Calls>,
    pause: Duration,
    searches: Mutex<BTreeMap<OrderId, Search>>,
}

/// How far the search for one order is.
#[derive(Clone, Copy)]
struct Search {
    first: Instant,
    last: Instant,
    reads: u32,
    alive: bool,
}

impl<B: Broker> Proofs<B> {
    pub(super) fn new(
        desk: Arc<Desk>,
        broker: Arc<B>,
        (calls, pause): (Arc<Calls>, Duration),
    ) -> Self {
        Self {
            desk,
            broker,
            calls,
            pause,
            searches: Mutex::default(),
        }
    }

    /// Looks once, unless it looked a moment ago; returns whether the books could be read.
    pub(super) async fn look(&self, book: &Book, order: &Order, epoch: i64) -> bool {
        let now = Instant::now();
        let search = self.searches().get(&order.id).copied();
        if search.is_some_and(|search| now - search.last < self.pause) {
            return true;
        }
        match self.read(book, order).await {
            Ok(found) => {
                self.conclude(order.id, (found, search, now), epoch).await;
                true
            }
            Err(error) => {
                warn!(order.id = %order.id, %error, "the search for order {} found an unreadable book", order.id);
                // Reads must agree without a gap: start again.
                self.searches().remove(&order.id);
                false
            }
        }
    }

    async fn conclude(
        &self,
        order: OrderId,
        (found, search, now): (Found, Option<Search>, Instant),
        epoch: i64,
    ) {
        let mut search = search.unwrap_or(Search {
            first: now,
            last: now,
            reads: 0,
            alive: false,
        });
        search.last = now;
        search.reads = if found == Found::None {
            search.reads.saturating_add(1)
        } else {
            0
        };
        search.alive = search.alive
            || self
                .broker
                .funds()
                .await
                .is_ok_and(|funds| funds.available.is_some());
        self.searches().insert(order, search);
        let span = TimeDelta::from_std(now - search.first).unwrap_or(TimeDelta::zero());
        let proof = Proof {
            order,
            found,
            reads: search.reads,
            span,
            // Whether a call of a process that is gone has ended, nobody knows: the core waits.
            call_ended: self.calls.clue(order).ended,
            alive: search.alive,
        };
        match self.desk.input(Input::Proof(proof), Some(epoch)).await {
            Ok(facts) if facts.is_empty() => {}
            Ok(_) => {
                self.searches().remove(&order);
            }
            Err(error) => warn!(order.id = %order, %error, "what the search found was not written"),
        }
    }

    async fn read(&self, book: &Book, order: &Order) -> Result<Found, ReadError> {
        let (orders, trades, positions) = tokio::try_join!(
            self.broker.order_book(),
            self.broker.trade_book(),
            self.broker.position_book()
        )?;
        if !orders.complete() || !trades.complete() || !positions.complete() {
            return Err(ReadError::Unavailable {
                read: "books",
                why: "rows make no sense".to_owned(),
                source: None,
            });
        }
        let Some(key) = key_of(order, self.desk.rules()) else {
            return Ok(Found::None);
        };
        let known: Vec<BrokerOrderId> = book
            .orders
            .values()
            .filter_map(|one| one.broker_id.clone())
            .collect();
        if let Some(missing) = self.missing(book, &orders.rows) {
            return Err(ReadError::Unavailable {
                read: "orderbook",
                why: format!("it does not show our order {missing} of today"),
                source: None,
            });
        }
        // A row that may be ours and does not say all that identifies it proves nothing.
        let seen = orders.seen(&key).ok_or_else(|| ReadError::Unavailable {
            read: "orderbook",
            why: "a row that may be ours cannot be told apart".to_owned(),
            source: None,
        })?;
        let found = match reconcile::find(order, &key.symbol, &seen, &known) {
            Found::None => traded(order, &key, (&trades.rows, &known)),
            found @ (Found::One(_) | Found::Many(_)) => found,
        };
        Ok(self.with_clue(order, (&key, &known), found).await)
    }

    /// Returns what was found, in the light of the name that the answer to the call bore: it tells
    /// which of many is ours, and what no book shows yet may be asked for by it.
    async fn with_clue(
        &self,
        order: &Order,
        (key, known): (&TicketKey, &[BrokerOrderId]),
        found: Found,
    ) -> Found {
        let named = self.calls.clue(order.id).named;
        let is_new = |id: &BrokerOrderId| !order.baseline.contains(id) && !known.contains(id);
        let Some(id) = named.filter(is_new) else {
            return found;
        };
        match found {
            Found::Many(ids) if ids.contains(&id) => Found::One(id),
            found @ (Found::One(_) | Found::Many(_)) => found,
            // An answer that cannot be had leaves what the books say.
            Found::None => match self.broker.order_status(&id).await {
                Ok(Some(row)) if row.id == id && row.may_be(key) => Found::One(id),
                Ok(_) => Found::None,
                Err(error) => {
                    warn!(order.id = %order.id, %error, "the name that order {} was given cannot be asked for", order.id);
                    Found::None
                }
            },
        }
    }

    /// Returns an order of ours of today that a book does not show: such a book proves nothing.
    fn missing(&self, book: &Book, rows: &[OrderRow]) -> Option<BrokerOrderId> {
        let today = exchange_day(self.desk.clock().now());
        book.orders
            .values()
            .filter(|one| one.sent_at.is_some_and(|at| exchange_day(at) == today))
            // a person said so of one that no book showed
            .filter(|one| one.state != OrderState::Closed(OrderEnd::NotPlaced))
            .filter_map(|one| one.broker_id.as_ref())
            .find(|id| !rows.iter().any(|row| row.id == **id))
            .cloned()
    }

    fn searches(&self) -> std::sync::MutexGuard<'_, BTreeMap<OrderId, Search>> {
        self.searches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what the order shares with others of its kind at the broker.
pub(super) fn key_of(order: &Order, rules: &Rules) -> Option<TicketKey> {
    Some(TicketKey {
        symbol: rules.instruments.symbol(order.contract),
        exchange: rules.instruments.get(order.contract.instrument)?.exchange,
        product: order.product,
        side: order.side,
    })
}

/// A trade of an order that the order book does not show proves it as well.
fn traded(
    order: &Order,
    key: &TicketKey,
    (trades, known): (&[TradeRow], &[BrokerOrderId]),
) -> Found {
    let mut ids: Vec<BrokerOrderId> = trades
        .iter()
        .filter(|trade| trade.may_be(key))
        .map(|trade| trade.order.clone())
        .filter(|id| !order.baseline.contains(id) && !known.contains(id))
        .collect();
    ids.sort();
    ids.dedup();
    match <[BrokerOrderId; 1]>::try_from(ids) {
        Ok([one]) => Found::One(one),
        Err(none) if none.is_empty() => Found::None,
        Err(many) => Found::Many(many),
    }
}
