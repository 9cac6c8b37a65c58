//! Closed bars that no alert brought: OpenAlgo's history is asked for them, else ticks make them.
//!
//! 1. Bars of a contract are brought in order of time. One that nobody can make is given up when the
//!    one after it may be brought by everybody: said, and skipped.
//! 2. What is brought is whole: no row of it is missing, wrong or still open, and no tick hole is in it.
//! 3. A bar that ticks made is asked for once more: a broker's own version is compared with it.

mod ask;
mod tapes;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;
use tracing::{info, warn};

pub use tapes::Tapes;

use crate::broker::Broker;
use crate::desk::Desk;
use crate::domain::bars::{BarSource, Due, Ohlc, Seen, Span, Spans, Unfit, Wilder, due};
use crate::domain::input::Input;
use crate::domain::instrument::ContractId;
use crate::domain::signal::{Bar, BarFrom};

/// How long a bar that ticks made is still asked for.
const COMPARED_FOR: TimeDelta = TimeDelta::minutes(10);

/// Brings closed bars.
pub struct Bars<B> {
    desk: Arc<Desk>,
    broker: Arc<B>,
    tapes: Arc<Tapes>,
    known: Mutex<BTreeMap<ContractId, Known>>,
}

/// What was done for a contract.
#[derive(Clone, Debug, Default)]
struct Known {
    /// When history was asked last, and how often in vain since.
    asked: Option<(Instant, u32)>,
    /// The close of the last bar that was brought or given up.
    done: Option<DateTime<Utc>>,
    /// The last bar that ticks made, until history told its own version.
    of_ticks: Option<Due>,
    /// The last bar that ticks do not make: said once.
    holed: Option<Span>,
}

/// What became of the bars of a contract.
type Told = BTreeMap<Span, Result<Seen, Unfit>>;

impl<B: Broker> Bars<B> {
    /// Returns one that has brought nothing yet.
    pub fn new(desk: Arc<Desk>, broker: Arc<B>, tapes: Arc<Tapes>) -> Self {
        Self {
            desk,
            broker,
            tapes,
            known: Mutex::default(),
        }
    }

    /// Brings what is due.
    pub async fn round(&self, epoch: i64) {
        let Some(book) = self.desk.seen() else { return };
        let now = self.desk.clock().now();
        let mut all = due(&book, self.desk.rules(), now);
        for due in &mut all {
            let done = self.of(due.contract, |known| known.done);
            due.spans
                .retain(|span| done.is_none_or(|done| span.to > done));
        }
        all.retain(|due| !due.spans.is_empty());
        for due in &all {
            self.bring(due, epoch).await;
        }
        for due in self.of_ticks(now) {
            self.compare(&due, epoch).await;
        }
    }

    /// Forgets what was brought and heard: the clock jumped, and it is of another time.
    pub fn forget(&self) {
        self.tapes.forget();
        self.known().clear();
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<ContractId, Known>> {
        // Each entry is consistent after every step: a panic elsewhere cannot have bent it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of<T>(&self, contract: ContractId, look: impl FnOnce(&mut Known) -> T) -> T {
        look(self.known().entry(contract).or_default())
    }

    /// Brings the bars of a contract, the oldest first.
    async fn bring(&self, due: &Due, epoch: i64) {
        let Some(oldest) = due.spans.first() else {
            return;
        };
        let told = if self.is_turn(due, BarSource::History, *oldest) {
            self.ask(due).await
        } else {
            Told::new()
        };
        let mut newer = due.spans.iter().skip(1);
        for span in &due.spans {
            let next = newer.next();
            let brought = match told.get(span) {
                Some(Ok(seen)) => Some((BarFrom::History, *seen)),
                Some(Err(_)) | None => self.of_tape(due, *span),
            };
            let Some(brought) = brought else {
                if next.is_some_and(|next| self.is_last_turn(due, *next)) {
                    self.give_up(due, (*span, told.get(span)));
                    continue;
                }
                return;
            };
            if !self.tell(due, (*span, brought), epoch).await {
                return;
            }
            if brought.0 == BarFrom::Ticks {
                let spans = vec![*span];
                let due = Due {
                    spans,
                    ..due.clone()
                };
                self.of(due.contract, |known| known.of_ticks = Some(due.clone()));
            } else if let Some(made) = self.of_tape(due, *span) {
                self.submit(due, (*span, made), epoch).await;
            }
        }
    }

    fn is_turn(&self, due: &Due, source: BarSource, span: Span) -> bool {
        let since = self.desk.clock().now() - span.to;
        let rules = &self.desk.rules().bars;
        rules.is_turn(due.contract.instrument, source, since)
    }

    /// Returns whether everybody who may bring a bar has had his turn.
    fn is_last_turn(&self, due: &Due, span: Span) -> bool {
        let of = self
            .desk
            .rules()
            .bars
            .instruments
            .get(&due.contract.instrument);
        let last = of.and_then(|of| of.sources.last());
        last.is_none_or(|last| self.is_turn(due, *last, span))
    }

    /// Returns what ticks made of a bar, where it is their turn and they made it whole.
    fn of_tape(&self, due: &Due, span: Span) -> Option<(BarFrom, Seen)> {
        if !self.is_turn(due, BarSource::Ticks, span) {
            return None;
        }
        let hole = self.desk.rules().bars.hole;
        let made = self.tapes.made(due.contract, span);
        let Some(made) = made.filter(|made| made.silence <= hole) else {
            let first = self.of(due.contract, |known| {
                known.holed.replace(span) != Some(span)
            });
            if first {
                let silent = made.map_or_else(
                    || "heard nothing".to_owned(),
                    |made| format!("were silent for {} s", made.silence.num_seconds()),
                );
                count(BarSource::Ticks, "incomplete");
                warn!(
                    "the bar of {} that closed at {} is incomplete and not used: ticks {silent}",
                    self.symbol(due.contract),
                    span.to
                );
            }
            return None;
        };
        let atr = self.range_after(due, (span, &made.bar));
        Some((BarFrom::Ticks, Seen { bar: made.bar, atr }))
    }

    /// Returns the average true range after a bar of ticks: carried on from the bar before it, or
    /// unknown where that was not seen.
    fn range_after(
        &self,
        due: &Due,
        (span, bar): (Span, &Ohlc),
    ) -> Option<crate::domain::money::Points> {
        let rules = self.desk.rules();
        let ix = due.contract.instrument;
        let spans = Spans::new(
            &rules.calendar,
            rules.instruments.get(ix)?.exchange,
            due.chart.length,
        )?;
        let book = self.desk.seen()?;
        let known = book.instruments.get(&ix)?;
        let (at, close, atr) = (known.bar_at?, known.bar_close?, known.atr?);
        let before = spans.before(span)?;
        (before.was_seen_by(at) && !span.was_seen_by(at))
            .then(|| Wilder::knowing(due.chart.atr_length, (close, atr)).push(bar))?
    }

    /// Brings a bar to the desk; returns whether it arrived.
    async fn tell(&self, due: &Due, (span, brought): (Span, (BarFrom, Seen)), epoch: i64) -> bool {
        let arrived = self.submit(due, (span, brought), epoch).await;
        if arrived {
            let source = word(brought.0);
            count(source, "brought");
            let symbol = self.symbol(due.contract);
            info!(
                "the bar of {symbol} that closed at {} comes from {source}",
                span.to
            );
            self.of(due.contract, |known| known.done = Some(span.to));
        }
        arrived
    }

    async fn submit(
        &self,
        due: &Due,
        (span, (from, seen)): (Span, (BarFrom, Seen)),
        epoch: i64,
    ) -> bool {
        let input = Input::Bar(Box::new(Bar {
            from,
            instrument: due.contract.instrument,
            contract: Some(due.contract),
            opened_at: Some(span.from),
            at: span.to,
            close: seen.bar.close,
            atr: seen.atr,
        }));
        if !self.desk.would_matter(&input) {
            return true;
        }
        let written = self.desk.input(input, Some(epoch)).await;
        if let Err(error) = &written {
            warn!(%error, "a closed bar was not written");
        }
        written.is_ok()
    }

    fn give_up(&self, due: &Due, (span, why): (Span, Option<&Result<Seen, Unfit>>)) {
        let symbol = self.symbol(due.contract);
        let why = match why {
            Some(Err(unfit)) => format!("history: {unfit}"),
            Some(Ok(_)) | None => "history does not answer".to_owned(),
        };
        count(BarSource::History, "given_up");
        warn!(
            "nobody brings the bar of {symbol} that closed at {}: {why}",
            span.to
        );
        self.of(due.contract, |known| known.done = Some(span.to));
    }

    /// Returns the bars that ticks made and history has told nothing of yet.
    fn of_ticks(&self, now: DateTime<Utc>) -> Vec<Due> {
        let mut all = self.known();
        for known in all.values_mut() {
            let closed = |due: &Due| due.spans.last().map(|span| span.to);
            let is_old = |due: &Due| closed(due).is_none_or(|at| at + COMPARED_FOR < now);
            known.of_ticks.take_if(|due| is_old(due));
        }
        all.values()
            .filter_map(|known| known.of_ticks.clone())
            .collect()
    }

    /// Asks for the broker's version of a bar that ticks made: the desk compares the two.
    async fn compare(&self, due: &Due, epoch: i64) {
        let rules = &self.desk.rules().bars;
        if !rules.takes(due.contract.instrument, BarSource::History) {
            return;
        }
        for (span, seen) in self.ask(due).await {
            let Ok(seen) = seen else { continue };
            self.of(due.contract, |known| known.of_ticks = None);
            self.submit(due, (span, (BarFrom::History, seen)), epoch)
                .await;
        }
    }

    fn symbol(&self, contract: ContractId) -> String {
        self.desk.rules().instruments.symbol(contract)
    }
}

const fn word(from: BarFrom) -> BarSource {
    match from {
        BarFrom::Alert { .. } => BarSource::Alerts,
        BarFrom::History => BarSource::History,
        BarFrom::Ticks => BarSource::Ticks,
    }
}

fn count(source: BarSource, outcome: &'static str) {
    metrics::counter!("torana_bars_total", "source" => source.word(), "outcome" => outcome)
        .increment(1);
}
