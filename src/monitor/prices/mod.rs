//! Prices: the feed's while it speaks, else those that are asked for; and the broker's free cash.
//!
//! 1. Every price of a contract is judged before anything believes it. Good ones become marks; one
//!    that would make something true goes to the desk, at once, and one of a contract at a time.
//! 2. A symbol of which the feed says nothing is asked for until the feed speaks of it again.
//! 3. Marks are written by the holder of the lease, and no more often than anybody reads them.

mod ears;
mod follow;
mod offered;
mod watch;

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use futures_util::future::join_all;
use tokio::sync::{Notify, watch as channel};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

pub(super) use self::follow::contracts;
use self::offered::Offered;
use self::watch::{Symbol, Wanted, Watch};
use super::bars::Tapes;
use super::margins::Margins;
use crate::broker::openalgo::Wanted as Subscribed;
use crate::broker::{Broker, ReadError};
use crate::desk::{Desk, DeskError, Lease};
use crate::domain::book::Book;
use crate::domain::input::{BrokerState, FeedState, Funds, Input, Marks, PriceSource, Quote, Tick};
use crate::domain::instrument::ContractId;
use crate::domain::money::Points;
use crate::domain::price::{Look, PriceRules, Unfit, Verdict};

/// The pause before a price that could not be written is offered again.
const OFFER_PAUSE: Duration = Duration::from_millis(200);

/// How long a price that could not be written is offered again before the newest takes its place.
const OFFER_AGE_MAX: TimeDelta = TimeDelta::seconds(5);

/// How patient we are with prices.
#[derive(Clone, Debug)]
pub struct Patience {
    /// When a price is suspicious.
    pub rules: PriceRules,
    /// How long the feed may say nothing of a symbol before it is asked for.
    pub silence: Duration,
    /// How long prices may move without a word of the feed before it gets a new session.
    pub mute: Duration,
    /// How old the exchange's own time of a price may be.
    pub snapshot: TimeDelta,
    /// The pause between two questions for the same symbol.
    pub pause: Duration,
    /// The pause between two writings of the marks.
    pub write: Duration,
    /// The pause between readings of funds.
    pub funds: Duration,
}

/// What is shown of the broker to those who ask how we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerHealth {
    /// Whether the last reading of prices brought an answer.
    pub prices: bool,
    /// Whether the last reading of funds brought a figure.
    pub funds: bool,
    /// How feed and session are.
    pub state: BrokerState,
    /// Symbols of which the feed says nothing.
    pub silent: usize,
}

/// Hears, asks for and judges prices; reads money.
pub struct Prices<B> {
    desk: Arc<Desk>,
    lease: Arc<Lease>,
    broker: Arc<B>,
    margins: Margins<B>,
    patience: Patience,
    watch: Mutex<Watch>,
    subscribed: channel::Sender<Subscribed>,
    tapes: Arc<Tapes>,
    /// Told when the feed should begin anew.
    anew: Arc<Notify>,
    /// Told when a price is in doubt.
    doubt: Notify,
    offered: Mutex<Offered>,
    funds_at: Mutex<Option<Instant>>,
    health: Mutex<BrokerHealth>,
    said: Mutex<BrokerState>,
    written: Mutex<Marks>,
}

/// Locks what is consistent after every step: a panic elsewhere cannot have bent it.
fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<B: Broker> Prices<B> {
    /// Returns a reader of prices that tells the feed what is wanted, and when to begin anew.
    pub fn new(
        (desk, lease, broker): (Arc<Desk>, Arc<Lease>, Arc<B>),
        patience: Patience,
        (subscribed, anew): (channel::Sender<Subscribed>, Arc<Notify>),
    ) -> Self {
        let health = BrokerHealth {
            prices: false,
            funds: false,
            state: BrokerState::default(),
            silent: 0,
        };
        Self {
            margins: Margins::new(Arc::clone(&desk), Arc::clone(&broker)),
            desk,
            lease,
            broker,
            patience,
            watch: Mutex::default(),
            subscribed,
            tapes: Arc::default(),
            anew,
            doubt: Notify::new(),
            offered: Mutex::default(),
            funds_at: Mutex::default(),
            health: Mutex::new(health),
            said: Mutex::default(),
            written: Mutex::default(),
        }
    }

    /// Returns where ticks are gathered into bars.
    pub fn tapes(&self) -> Arc<Tapes> {
        Arc::clone(&self.tapes)
    }

    /// Returns how the broker answered last, and how its feed is.
    pub fn health(&self) -> BrokerHealth {
        let now = Instant::now();
        let mut health = *locked(&self.health);
        let watch = self.watch();
        health.state.feed = watch.feed(now, self.patience.mute);
        health.silent = watch.silent(now, self.patience.silence);
        health
    }

    /// Says that nobody speaks of prices by himself: all are asked for.
    pub fn have_no_feed(&self) {
        self.watch().down();
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        locked(&self.watch)
    }

    /// Follows what is wanted and asks for what the feed does not tell.
    pub async fn round(&self, epoch: i64) {
        self.follow();
        self.ask().await;
        self.tell_state(epoch).await;
    }

    /// Reads funds and margins when they are due.
    pub async fn money(&self, epoch: i64) {
        tokio::join!(self.read_funds(epoch), self.margins.round(epoch));
    }

    /// Waits until there is something to ask for, at most for a pause.
    pub async fn rest(&self) {
        let Patience { silence, pause, .. } = self.patience;
        let latest = Instant::now() + pause;
        let due = self.watch().next_due(silence, pause);
        tokio::select! {
            () = tokio::time::sleep_until(due.map_or(latest, |due| due.min(latest))) => {}
            () = self.doubt.notified() => {}
        }
    }

    fn follow(&self) {
        let Some(book) = self.desk.seen() else { return };
        let wanted = follow::wanted(&self.desk, &book);
        let mut watch = self.watch();
        if watch.follow(wanted) {
            let names: Subscribed = watch.symbols().cloned().collect();
            self.subscribed.send_replace(names);
        }
    }

    async fn ask(&self) {
        let Patience { silence, pause, .. } = self.patience;
        let symbols = self.watch().take_due(Instant::now(), (silence, pause));
        if symbols.is_empty() {
            return;
        }
        // A price is as old as the question, however long the answer took.
        let at = self.desk.clock().now();
        let quotes = match self.broker.quotes(&symbols).await {
            Ok(quotes) => quotes,
            Err(error) => {
                tracing::debug!(%error, "no prices");
                return self.note(|health| {
                    health.prices = false;
                    health.state.logged_in = !is_locked(&error);
                });
            }
        };
        self.note(|health| {
            health.prices = true;
            health.state.logged_in = true;
        });
        let mut good = Vec::new();
        for (symbol, quote) in quotes {
            let now = Instant::now();
            let what = self.watch().answer(&symbol, quote.ltp, now);
            let seen = (quote.read_at(at), PriceSource::Rest, false);
            good.extend(self.judge_all(&symbol, &what, seen));
        }
        join_all(good.into_iter().map(|tick| self.offer(tick))).await;
    }

    /// Judges a price of a symbol for all that it is for; returns the good prices of contracts.
    fn judge_all(
        &self,
        symbol: &Symbol,
        what: &[Wanted],
        (quote, source, snapshot): (Quote, PriceSource, bool),
    ) -> Vec<Tick> {
        let session = self.desk.rules().calendar.session_at(symbol.0, quote.at);
        let look = Look {
            quote,
            source,
            session,
            snapshot,
        };
        let mut good = Vec::new();
        for what in what {
            match what {
                Wanted::Chart(_) if snapshot => {}
                Wanted::Chart(instrument) => self.desk.marks().chart(*instrument, quote),
                Wanted::Contract(contract) => {
                    good.extend(self.judge(symbol, *contract, &look));
                }
            }
        }
        good
    }

    fn judge(&self, symbol: &Symbol, contract: ContractId, look: &Look) -> Option<Tick> {
        let (quote, source) = (look.quote, look.source);
        let book = self.desk.seen();
        let (known, atr) = book
            .as_ref()
            .map_or((None, None), |book| known(book, contract));
        let mut watch = self.watch();
        let verdict = watch.judge((&self.patience.rules, known), contract, (look, atr));
        let word = match verdict {
            Verdict::Good => "good",
            Verdict::Suspicious => "suspicious",
            Verdict::Unfit(why) => why.word(),
        };
        metrics::counter!("torana_prices_total", "source" => source.word(), "verdict" => word)
            .increment(1);
        match verdict {
            Verdict::Good => {
                self.desk.marks().quote(contract, quote, source);
                let tick = Tick {
                    contract,
                    quote,
                    source,
                };
                self.tapes.hear(self.desk.rules(), &tick);
                return Some(tick);
            }
            Verdict::Suspicious => {
                watch.doubt(symbol);
                self.doubt.notify_one();
            }
            // The last price of a closed market still says what a position is worth.
            Verdict::Unfit(Unfit::Session) if source == PriceSource::Rest => {
                self.desk.marks().quote(contract, quote, source);
            }
            Verdict::Unfit(_) => {}
        }
        None
    }

    /// Brings a good price to the desk when it would make something true. While one of a contract
    /// is on its way, the lowest and the highest of those that follow wait for it.
    async fn offer(&self, tick: Tick) {
        if !self.desk.is_moved_by(&tick) || !locked(&self.offered).begin(tick) {
            return;
        }
        let mut next = Some(tick);
        while let Some(tick) = next {
            let Some(epoch) = self.lease.epoch() else {
                return locked(&self.offered).end(tick.contract);
            };
            next = match self.desk.tick(tick, Some(epoch)).await {
                Ok(()) => locked(&self.offered).next(tick.contract),
                Err(DeskError::Fenced) => return locked(&self.offered).end(tick.contract),
                Err(error) => {
                    warn!(%error, "a price that moves or fires a stop was not written");
                    sleep(OFFER_PAUSE).await;
                    Some(self.current(tick))
                }
            };
        }
    }

    /// Returns the newest price in place of one that has waited too long for the desk.
    fn current(&self, tick: Tick) -> Tick {
        if tick.quote.at + OFFER_AGE_MAX >= self.desk.clock().now() {
            return tick;
        }
        let newest = self.desk.marks().of(tick.contract);
        newest.map_or(tick, |mark| Tick {
            quote: mark.quote,
            source: mark.source,
            ..tick
        })
    }

    /// Writes the marks that have changed since they were written last.
    pub async fn write(&self) {
        let marks = self.desk.marks().all();
        let mut fresh = marks.clone();
        {
            let written = locked(&self.written);
            fresh
                .contracts
                .retain(|contract, mark| written.contracts.get(contract) != Some(mark));
            fresh
                .charts
                .retain(|chart, quote| written.charts.get(chart) != Some(quote));
        }
        if fresh.contracts.is_empty() && fresh.charts.is_empty() {
            return;
        }
        match self.desk.store().write_marks(self.desk.id(), &fresh).await {
            Ok(()) => *locked(&self.written) = marks,
            Err(error) => warn!(%error, "prices were not written"),
        }
    }

    /// Returns how long to wait between two writings of the marks.
    pub const fn write_pause(&self) -> Duration {
        self.patience.write
    }

    async fn read_funds(&self, epoch: i64) {
        let due = locked(&self.funds_at).is_none_or(|at| at.elapsed() >= self.patience.funds);
        if !due {
            return;
        }
        let at = self.desk.clock().now();
        let available = match self.broker.funds().await {
            Ok(funds) => funds.available,
            Err(error) => {
                tracing::debug!(%error, "no funds");
                return self.note(|health| {
                    health.funds = false;
                    health.state.logged_in = !is_locked(&error);
                });
            }
        };
        self.note(|health| health.funds = available.is_some());
        *locked(&self.funds_at) = Some(Instant::now());
        let funds = Input::Funds(Funds { available, at });
        if !self.desk.would_matter(&funds) {
            return;
        }
        if let Err(error) = self.desk.input(funds, Some(epoch)).await {
            warn!(%error, "the reading of funds was not written");
        }
    }

    fn note(&self, change: impl FnOnce(&mut BrokerHealth)) {
        change(&mut locked(&self.health));
    }

    /// Writes down how feed and session are when that has changed, and gives a mute feed a new
    /// session.
    async fn tell_state(&self, epoch: i64) {
        let health = self.health();
        metrics::gauge!("torana_feed_silent_symbols")
            .set(u32::try_from(health.silent).unwrap_or(u32::MAX));
        let speaks = u8::from(health.state.feed == FeedState::Speaks);
        metrics::gauge!("torana_feed_speaks").set(speaks);
        if self.watch().wants_anew(Instant::now(), self.patience.mute) {
            info!("prices move and the feed says nothing of them: it gets a new session");
            self.anew.notify_one();
        }
        let state = health.state;
        if *locked(&self.said) == state {
            return;
        }
        match self
            .desk
            .input(Input::BrokerState(state), Some(epoch))
            .await
        {
            Ok(_) => *locked(&self.said) = state,
            Err(error) => warn!(%error, "the broker's state was not written"),
        }
    }
}

/// Returns whether a person has to log in.
const fn is_locked(error: &ReadError) -> bool {
    match error {
        ReadError::Locked { .. } => true,
        ReadError::Unavailable { .. } | ReadError::Absent { .. } => false,
    }
}

/// Returns the last price known of a contract and its average true range.
fn known(
    book: &Book,
    contract: ContractId,
) -> (Option<crate::domain::money::Price>, Option<Points>) {
    let mark = book.marks.contracts.get(&contract);
    let state = book.instruments.get(&contract.instrument);
    (
        mark.map(|mark| mark.quote.price),
        state.and_then(|state| state.atr),
    )
}
