//! The live driver: know or load the book, decide, commit.
//!
//! 1. Everything that changes the book goes through [`Desk::handle`]; one line gives one order.
//! 2. A batch of waiting inputs is decided at once, each on the book its predecessors left, and one
//!    commit answers all.
//! 3. The cached book counts only when the database proves it fresh: under the lock, or, for the
//!    holder of the lease, by taking what was decided on it.
//! 4. No network call happens here: a decision never waits for a broker.

mod answer;
mod asked;
mod batch;
mod crash;
mod fault;
mod lease;
mod line;
mod made;
mod marks;
mod measure;
pub mod person;
mod unseen;
pub mod words;

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

pub use answer::{Told, tell};
pub use crash::CrashPoint;
pub use lease::Lease;
pub use marks::LiveMarks;
pub use unseen::Unseen;

use self::fault::Faults;
use crate::clock::Clock;
use crate::domain::book::Book;
use crate::domain::fact::Fact;
use crate::domain::ids::{Cause, SignalId};
use crate::domain::input::{Input, Tick};
use crate::domain::rules::Rules;
use crate::store::{AccessChange, DeskId, SignalKey, Standing, Store, StoreError, Tag};

/// Something to decide, with what has to be written beside its facts.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// What happened.
    pub input: Input,
    /// The alert behind it, when there is one.
    pub arrival: Option<Box<Arrival>>,
    /// The lease under which it is submitted; the commit checks it.
    pub fence: Option<i64>,
    /// The key under which a person ordered it, when there was one.
    pub keyed: Option<Keyed>,
    /// The change of who may send or order that it tells of: made true with its facts, or neither.
    pub access: Option<Box<AccessChange>>,
}

/// A person's order under a key of theirs: the same again is not carried out again.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// Its name, made from the key.
    pub cause: Cause,
    /// The hash of what was ordered.
    pub asked: [u8; 32],
    /// Who ordered it.
    pub by: String,
}

/// An alert as it came in.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// What makes it the same alert.
    pub key: SignalKey,
    /// Its kind, as the contract names it.
    pub kind: &'static str,
    /// Its body, secrets blanked.
    pub record: String,
    /// When it came.
    pub received_at: chrono::DateTime<chrono::Utc>,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Handled {
    /// What became true.
    pub facts: Vec<Fact>,
    /// What the sender of an alert is told.
    pub told: Option<Told>,
    /// Whether it had been decided before; then `told` is the first answer.
    pub duplicate: bool,
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The database is away: safe to send again.
    #[error("the database is not available")]
    Unavailable(#[source] Arc<StoreError>),
    /// Too much is waiting: safe to send again.
    #[error("too many inputs are waiting")]
    Busy,
    /// The lease it was submitted under is no longer ours.
    #[error("the lease was lost")]
    Fenced,
    /// A defect: the database refused what was decided.
    #[error("the decision could not be written")]
    Defect(#[source] Arc<StoreError>),
}

/// The parts a desk is made of.
pub struct Parts {
    /// Its database.
    pub store: Store,
    /// Which desk it is.
    pub id: DeskId,
    /// The limits in force.
    pub rules: Arc<Rules>,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Where a test lets it die.
    pub crash: Arc<CrashPoint>,
    /// Prices as this process sees them.
    pub marks: Arc<LiveMarks>,
    /// The right to send its orders; whoever has it also writes its prices.
    pub lease: Arc<Lease>,
    /// Inputs that may wait.
    pub waiting_max: usize,
    /// Inputs decided and committed together.
    pub batch_max: usize,
}

/// A desk as this process last saw it, or left it.
#[derive(Clone)]
struct Known {
    standing: Arc<Standing>,
    book: Arc<Book>,
}

type Ticket = (Submitted, oneshot::Sender<Result<Handled, DeskError>>);

/// Decides, one batch at a time.
pub struct Desk {
    parts: Parts,
    line: mpsc::Sender<Ticket>,
    cache: RwLock<Option<Known>>,
    changes: watch::Sender<u64>,
    faults: Faults,
    unwritten: RwLock<Option<String>>,
    unseen: Unseen,
}

impl Desk {
    /// Returns a desk and the worker that decides for it; `app` runs the worker.
    pub fn new(parts: Parts) -> (Arc<Self>, line::Worker) {
        let (line, waiting) = mpsc::channel(parts.waiting_max);
        let desk = Arc::new(Self {
            parts,
            line,
            cache: RwLock::new(None),
            changes: watch::Sender::new(0),
            faults: Faults::default(),
            unwritten: RwLock::default(),
            unseen: Unseen::default(),
        });
        let worker = line::Worker::new(Arc::clone(&desk), waiting);
        (desk, worker)
    }

    /// Decides on an input and makes it so; answers when it is durable.
    pub async fn handle(&self, submitted: Submitted) -> Result<Handled, DeskError> {
        let (sender, answer) = oneshot::channel();
        let asked = Instant::now();
        self.line
            .try_send((submitted, sender))
            .map_err(|_full| DeskError::Busy)?;
        let handled = answer.await.map_err(|_gone| DeskError::Busy)?;
        metrics::histogram!("torana_decision_seconds").record(asked.elapsed());
        handled
    }

    /// Decides on something that no alert brought.
    pub async fn input(&self, input: Input, fence: Option<i64>) -> Result<Vec<Fact>, DeskError> {
        let submitted = Submitted {
            input,
            arrival: None,
            fence,
            keyed: None,
            access: None,
        };
        self.handle(submitted).await.map(|handled| handled.facts)
    }

    /// Takes a good price in: one between the levels of what is held costs no lock and no decision,
    /// and so does one that would change nothing.
    ///
    /// # Errors
    ///
    /// As of every input: what it would have set in motion is decided on the next price.
    pub async fn tick(&self, tick: Tick, fence: Option<i64>) -> Result<(), DeskError> {
        if !self.is_moved_by(&tick) {
            return Ok(());
        }
        self.input(Input::Tick(tick), fence).await.map(drop)
    }

    /// Returns whether a good price would make anything true now, as far as this process sees.
    pub fn is_moved_by(&self, tick: &Tick) -> bool {
        let touches = |book: &Book| book.levels.are_touched(tick.contract, tick.quote.price);
        self.seen().is_some_and(|book| touches(&book)) && self.would_matter(&Input::Tick(*tick))
    }

    /// Returns the rules in force.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.parts.rules
    }

    /// Returns the clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.parts.clock
    }

    /// Returns the database.
    pub const fn store(&self) -> &Store {
        &self.parts.store
    }

    /// Returns which desk it is.
    pub const fn id(&self) -> DeskId {
        self.parts.id
    }

    /// Returns the prices this process sees.
    pub fn marks(&self) -> &Arc<LiveMarks> {
        &self.parts.marks
    }

    /// Returns the right to send its orders, held or not.
    pub const fn lease(&self) -> &Arc<Lease> {
        &self.parts.lease
    }

    /// Returns which orders the broker's book does not show, as far as this process reads it.
    pub const fn unseen(&self) -> &Unseen {
        &self.unseen
    }

    /// Returns the place where a test lets it die.
    pub fn crash(&self) -> &Arc<CrashPoint> {
        &self.parts.crash
    }

    /// Returns the book as this process last saw it, with this moment's prices; nothing before the
    /// first look. It is a copy to look at, never to decide on.
    pub fn seen(&self) -> Option<Arc<Book>> {
        self.cached().map(|known| known.book)
    }

    /// Returns why the newest decision could not be written, until one is again.
    pub fn unwritten(&self) -> Option<String> {
        let unwritten = self.unwritten.read();
        unwritten.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_unwritten(&self, why: Option<String>) {
        if self.unwritten() != why {
            let unwritten = self.unwritten.write();
            *unwritten.unwrap_or_else(PoisonError::into_inner) = why;
        }
    }

    /// Returns what counts every change of the book this process has seen.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Says what would become true because of `input` now, and makes none of it so.
    pub async fn what_if(&self, input: &Input) -> Result<Vec<Fact>, DeskError> {
        self.refresh().await?;
        let mut book = self.seen().map(|book| (*book).clone()).unwrap_or_default();
        self.parts.marks.merge_into(&mut book.marks);
        Ok(self.consider(&book, input, self.parts.clock.now()))
    }

    /// Returns whether `input` would make anything true now, as far as this process sees.
    pub fn would_matter(&self, input: &Input) -> bool {
        let now = self.parts.clock.now();
        self.seen()
            .is_some_and(|book| !self.consider(&book, input, now).is_empty())
    }

    /// Looks whether another process changed the book, and reads it if so.
    pub async fn refresh(&self) -> Result<(), DeskError> {
        let newest = self
            .parts
            .store
            .tag(self.parts.id)
            .await
            .map_err(classify)?;
        if self.is_cached(newest) {
            return Ok(());
        }
        let mut locked = self
            .parts
            .store
            .lock(self.parts.id, &[])
            .await
            .map_err(classify)?;
        if !self.is_cached(locked.standing.tag()) {
            let book = locked.book().await.map_err(classify)?;
            batch::report(&locked.unreadable);
            self.remember(locked.standing.clone(), Arc::new(book));
        }
        locked.release().await.map_err(classify)
    }

    fn cached(&self) -> Option<Known> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        cache.clone()
    }

    fn is_cached(&self, tag: Tag) -> bool {
        self.cached()
            .is_some_and(|known| known.standing.tag() == tag)
    }

    fn remember(&self, standing: Standing, book: Arc<Book>) {
        let standing = Arc::new(standing);
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        *cache = Some(Known { standing, book });
        drop(cache);
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    fn forget(&self) {
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        *cache = None;
    }
}

impl Submitted {
    /// Returns the name of the signal it is about, when it is one.
    pub fn signal(&self) -> Option<SignalId> {
        self.input.alert().map(|(id, ..)| id)
    }
}

/// Says what an error of the store means for whoever submitted.
fn classify(error: StoreError) -> DeskError {
    shared(&Arc::new(error))
}

/// The same for an error that several submitters share.
fn shared(error: &Arc<StoreError>) -> DeskError {
    match &**error {
        StoreError::Unavailable { .. } => DeskError::Unavailable(Arc::clone(error)),
        StoreError::Fenced => DeskError::Fenced,
        StoreError::Conflict
        | StoreError::Corrupt { .. }
        | StoreError::Defect { .. }
        | StoreError::OtherMode { .. }
        | StoreError::Schema { .. }
        | StoreError::Migrate { .. } => DeskError::Defect(Arc::clone(error)),
    }
}
