//! The lease: one process at a time sends orders for a desk.
//!
//! Every write made under it is checked against its epoch in the same transaction; whether it is
//! still ours just before bytes leave is asked of a monotonic clock, which a stopped process or a
//! changed wall clock cannot fool.

use core::sync::atomic::{AtomicI64, Ordering};
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::store::{DeskId, Epoch, Store, StoreError};

/// How much of a lease is left unused at its end: the time a write may take to leave.
const MARGIN: Duration = Duration::from_secs(2);

/// The right to send orders for a desk, while it lasts.
pub struct Lease {
    store: Store,
    desk: DeskId,
    holder: String,
    lasts: Duration,
    held: Mutex<Option<(Epoch, Instant)>>,
    recovered: AtomicI64,
}

impl Lease {
    /// Returns a lease that nobody holds yet.
    pub const fn new(store: Store, desk: DeskId, holder: String, lasts: Duration) -> Self {
        Self {
            store,
            desk,
            holder,
            lasts,
            held: Mutex::new(None),
            recovered: AtomicI64::new(0),
        }
    }

    /// Returns the epoch, while the lease is surely ours.
    pub fn epoch(&self) -> Option<i64> {
        let held = *self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.filter(|(_, until)| Instant::now() + MARGIN.min(self.lasts / 4) < *until)
            .map(|(epoch, _)| epoch.number)
    }

    /// Notes that what happened before this epoch was read from the broker's books.
    pub fn recovered(&self, epoch: i64) {
        self.recovered.store(epoch, Ordering::SeqCst);
    }

    /// Returns the epoch, while the lease is surely ours and what happened before it is known:
    /// starting is recovering, and only then does anything open.
    pub fn may_open(&self) -> Option<i64> {
        let recovered = self.recovered.load(Ordering::SeqCst);
        self.epoch().filter(|epoch| *epoch == recovered)
    }

    /// Takes the lease, or renews it; returns the epoch while it is ours.
    pub async fn keep(&self) -> Result<Option<i64>, StoreError> {
        let asked = Instant::now();
        let known = self
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .map(|(epoch, _)| epoch);
        let renewed = match known {
            Some(epoch) if self.store.lease_renew(epoch, self.lasts).await? => Some(epoch),
            _ => {
                self.store
                    .lease_acquire(self.desk, &self.holder, self.lasts)
                    .await?
            }
        };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = renewed.map(|epoch| (epoch, asked + self.lasts));
        Ok(renewed.map(|epoch| epoch.number))
    }

    /// Gives the lease up, so that another process need not wait for it to run out.
    pub async fn release(&self) -> Result<(), StoreError> {
        let held = self
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match held {
            Some((epoch, _)) => self.store.lease_release(epoch).await,
            None => Ok(()),
        }
    }

    /// Returns how long a lease lasts without renewal.
    pub const fn lasts(&self) -> Duration {
        self.lasts
    }
}
