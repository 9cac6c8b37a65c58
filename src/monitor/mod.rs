//! The rounds: orders followed to their end, lost ones looked up, prices and money read.
//!
//! Each round is one call, so that a test can drive it by hand. What comes back is an input like
//! every other; nothing is decided here.

pub mod agreement;
mod bars;
mod drift;
mod history;
mod hours;
mod late;
mod margins;
mod missing;
mod mode;
mod orders;
mod prices;
mod proofs;
mod route;

use core::time::Duration;
use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub use bars::{Bars, Tapes};
pub use drift::Drift;
pub use history::History;
pub use hours::Hours;
pub use mode::ApprovalMode;
pub use orders::Orders;
pub use prices::{Patience, Prices};
pub use route::{ANALYZER, SIMULATOR, Way};

use crate::broker::Broker;
use crate::clock;
use crate::desk::{Desk, Lease};
use crate::domain::input::Input;

/// The pause between looks whether the lease has become ours.
const LEASE_LOOK: Duration = Duration::from_millis(100);

/// The pause between looks at the clock: phases before a close are 15 seconds long.
const CLOCK_LOOK: Duration = Duration::from_millis(250);

/// Decisions that one moment may lead to, one after the other: an end of the day makes one entry at
/// a time.
const MOMENT_DECISIONS_MAX: u32 = 16;

/// Watches.
pub struct Monitor<B> {
    /// Decides.
    pub desk: Arc<Desk>,
    /// The right to write what is seen.
    pub lease: Arc<Lease>,
    /// Follows orders.
    pub orders: Orders<B>,
    /// Reads the broker's books against ours.
    pub drift: Drift<B>,
    /// Verifies the journal when the lease becomes ours.
    pub history: History,
    /// Asks whether OpenAlgo takes orders by itself.
    pub mode: ApprovalMode<B>,
    /// Compares OpenAlgo's hours with ours.
    pub hours: Hours<B>,
    /// Asks where orders go, where they are real.
    pub way: Option<Way<B>>,
    /// Hears and asks for prices, and reads money.
    pub prices: Arc<Prices<B>>,
    /// Brings the closed bars that no alert brought.
    pub bars: Bars<B>,
    /// Told when the feed saw an order move.
    pub nudge: Arc<Notify>,
    /// The pause between rounds.
    pub pause: Duration,
}

impl<B: Broker> Monitor<B> {
    /// Makes one round of the orders.
    pub async fn round(&self) {
        if let Err(error) = self.desk.refresh().await {
            return warn!(%error, "the book cannot be read");
        }
        let Some(epoch) = self.lease.epoch() else {
            return;
        };
        self.time(epoch).await;
        let first = self.lease.may_open().is_none();
        if let Some(way) = &self.way
            && !way.began(epoch).await
        {
            return;
        }
        let whole = async { !first || self.history.look(epoch).await };
        let (known, whole) = tokio::join!(self.orders.round(epoch, first), whole);
        // starting is recovering: our journal and what the broker holds are read before anything opens
        if known && whole && (!first || self.drift.round(epoch).await) {
            self.lease.recovered(epoch);
        }
    }

    /// Asks for prices, again and again: orders do not wait for them, nor they for orders.
    async fn watch_prices(&self, stop: &CancellationToken) {
        loop {
            let resting = async {
                match self.lease.epoch() {
                    Some(epoch) => {
                        self.prices.round(epoch).await;
                        self.prices.rest().await;
                    }
                    None => sleep(self.pause.min(LEASE_LOOK)).await,
                }
            };
            tokio::select! {
                () = resting => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Reads funds and margins, again and again: prices do not wait for them.
    async fn watch_money(&self, stop: &CancellationToken) {
        loop {
            let round = async {
                match self.lease.epoch() {
                    Some(epoch) => {
                        tokio::join!(
                            self.prices.money(epoch),
                            self.ask_the_way(epoch),
                            self.hours.round(epoch)
                        );
                        sleep(self.pause).await;
                    }
                    None => sleep(self.pause.min(LEASE_LOOK)).await,
                }
            };
            tokio::select! {
                () = round => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn ask_the_way(&self, epoch: i64) {
        if let Some(way) = &self.way {
            way.round(epoch, self.mode.is_known()).await;
        }
    }

    /// Writes the marks, a few times a second, for whoever holds no lease.
    async fn write_marks(&self, stop: &CancellationToken) {
        loop {
            if self.lease.epoch().is_some() {
                self.prices.write().await;
            }
            tokio::select! {
                () = sleep(self.prices.write_pause()) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Lets time pass, when that would make something true.
    async fn time(&self, epoch: i64) {
        for _ in 0..MOMENT_DECISIONS_MAX {
            if !self.desk.would_matter(&Input::Time) {
                return;
            }
            if let Err(error) = self.desk.input(Input::Time, Some(epoch)).await {
                return warn!(%error, "the passing of time was not written");
            }
        }
    }

    /// Looks at the clock, again and again: what is due at a second waits for no broker.
    async fn watch_clock(&self, stop: &CancellationToken) {
        let mut before = (self.desk.clock().now(), Instant::now());
        loop {
            let after = (self.desk.clock().now(), Instant::now());
            let jump = clock::jumped((before.0, after.0), after.1 - before.1);
            before = after;
            if let Some(epoch) = self.lease.epoch() {
                if let Some(by) = jump {
                    self.jumped(by, epoch).await;
                }
                self.time(epoch).await;
            }
            tokio::select! {
                () = sleep(CLOCK_LOOK) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Says that the clock jumped; what was stamped with a time that has not come is no price, and
    /// no part of a bar.
    async fn jumped(&self, by: TimeDelta, epoch: i64) {
        self.desk
            .marks()
            .forget_after(self.desk.clock().now() + clock::JUMP);
        self.bars.forget();
        if let Err(error) = self.desk.input(Input::ClockJumped(by), Some(epoch)).await {
            warn!(%error, seconds = by.num_seconds(), "the clock jumped, and that was not written");
        }
    }

    /// Watches until it is told to stop.
    pub async fn run(&self, stop: CancellationToken) {
        tokio::join!(
            self.watch_orders(&stop),
            self.watch_prices(&stop),
            self.watch_money(&stop),
            self.write_marks(&stop),
            self.watch_books(&stop),
            self.watch_mode(&stop),
            self.watch_clock(&stop),
            self.watch_bars(&stop)
        );
    }

    /// Asks for OpenAlgo's mode whenever that is due; nothing else waits for the answer.
    async fn watch_mode(&self, stop: &CancellationToken) {
        let mut changes = self.desk.changes();
        loop {
            changes.mark_unchanged();
            if let Some(epoch) = self.lease.epoch() {
                tokio::select! {
                    () = self.mode.round(epoch) => {}
                    () = stop.cancelled() => return,
                }
            }
            tokio::select! {
                () = sleep(self.pause) => {}
                _ = changes.changed() => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Compares the broker's books with ours, again and again, once what happened before is known.
    async fn watch_books(&self, stop: &CancellationToken) {
        loop {
            if let Some(epoch) = self.lease.may_open() {
                self.drift.round(epoch).await;
            }
            tokio::select! {
                () = sleep(self.pause) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Brings closed bars, again and again, once what happened before is known.
    async fn watch_bars(&self, stop: &CancellationToken) {
        loop {
            let round = async {
                if let Some(epoch) = self.lease.may_open() {
                    self.bars.round(epoch).await;
                }
                sleep(self.pause).await;
            };
            tokio::select! {
                () = round => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Waits until there is something to look at that was not there at the last look: while orders
    /// work, most changes of the book are answers to what was seen.
    async fn news(&self, changes: &mut watch::Receiver<u64>, busy: bool) {
        while changes.changed().await.is_ok() {
            if !busy || self.orders.has_news() {
                return;
            }
        }
        core::future::pending::<()>().await;
    }

    /// Makes rounds: one whenever the book or an order moved, else one every pause.
    async fn watch_orders(&self, stop: &CancellationToken) {
        let mut changes = self.desk.changes();
        loop {
            changes.mark_unchanged();
            let began = Instant::now();
            tokio::select! {
                () = self.round() => {}
                () = stop.cancelled() => return,
            }
            let busy = self.orders.are_working();
            let rest = if busy {
                self.orders.next_look(began)
            } else {
                self.pause
            };
            tokio::select! {
                () = sleep(rest) => {}
                () = self.nudge.notified() => {}
                () = self.news(&mut changes, busy) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}
