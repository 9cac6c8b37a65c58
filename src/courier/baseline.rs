//! The broker's order ids seen before a send: what makes an order of ours recognisable afterwards.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::broker::{Broker, OrderRow, ReadError, Rows};
use crate::domain::input::CallResult;
use crate::domain::order::{BrokerOrderId, TicketKey};

/// An order of ours that no book has shown for so long is in none of the day's any more.
const OURS_MAX: Duration = Duration::from_hours(24);

/// The newest complete order book, and our own orders that it does not show yet.
#[derive(Debug)]
pub struct Baselines {
    age_max: Duration,
    last: Mutex<Option<(Instant, Vec<OrderRow>)>>,
    ours: Mutex<BTreeMap<TicketKey, BTreeMap<BrokerOrderId, Instant>>>,
    reading: tokio::sync::Mutex<()>,
}

impl Baselines {
    /// Returns baselines that are never older than `age_max` when used.
    pub fn new(age_max: Duration) -> Self {
        Self {
            age_max,
            last: Mutex::default(),
            ours: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the ids of this contract, product and side, from a book young enough.
    pub async fn of<B: Broker>(
        &self,
        broker: &B,
        key: &TicketKey,
    ) -> Result<Vec<BrokerOrderId>, ReadError> {
        // One read serves all who wait for it.
        let _turn = self.reading.lock().await;
        if !self.are_young() {
            let asked = Instant::now();
            let book = broker.order_book().await?;
            self.keep(asked, book)?;
        }
        Ok(self.known(key))
    }

    /// Takes a book in that was read for another reason.
    pub fn keep(&self, asked: Instant, book: Rows<OrderRow>) -> Result<(), ReadError> {
        if !book.complete() {
            return Err(ReadError::Unavailable {
                read: "orderbook",
                why: format!("{} rows make no sense", book.unreadable.len()),
                source: None,
            });
        }
        let shown: BTreeSet<&BrokerOrderId> = book.rows.iter().map(|row| &row.id).collect();
        let mut ours = self.ours.lock().unwrap_or_else(PoisonError::into_inner);
        ours.retain(|_, ids| {
            ids.retain(|id, sent| !shown.contains(id) && sent.elapsed() < OURS_MAX);
            !ids.is_empty()
        });
        drop(ours);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((asked, book.rows));
        Ok(())
    }

    /// Returns the ids known of this contract, product and side, however old.
    pub fn known(&self, key: &TicketKey) -> Vec<BrokerOrderId> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = last.iter().flat_map(|(_, rows)| rows);
        let mut ids: BTreeSet<BrokerOrderId> = rows
            .filter(|row| row.may_be(key))
            .map(|row| row.id.clone())
            .collect();
        let ours = self.ours.lock().unwrap_or_else(PoisonError::into_inner);
        ids.extend(ours.get(key).into_iter().flat_map(BTreeMap::keys).cloned());
        ids.into_iter().collect()
    }

    /// Remembers an order of ours that the book may not show yet.
    pub(super) fn seen(&self, key: &TicketKey, result: &CallResult) {
        if let CallResult::Sent(id) = result {
            let mut ours = self.ours.lock().unwrap_or_else(PoisonError::into_inner);
            let ids = ours.entry(key.clone()).or_default();
            ids.insert(id.clone(), Instant::now());
        }
    }

    /// Returns whether the newest book may be used for another send.
    pub(super) fn are_young(&self) -> bool {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()
            .is_some_and(|(asked, _)| asked.elapsed() <= self.age_max)
    }
}
