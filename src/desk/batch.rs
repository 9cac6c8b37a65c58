//! One batch: prove or load the book, decide each input, one commit. The holder of the lease decides
//! on the book as it left it, and writes on the condition that the desk has not moved; where it has,
//! and for everybody else, the desk's row is locked first.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use super::made::{Decided, Made};
use super::{
    Desk, DeskError, Handled, Known, Submitted, Ticket, Told, classify, person, shared, tell,
};
use crate::clock;
use crate::domain::book::Book;
use crate::domain::decide::decide;
use crate::domain::fact::Fact;
use crate::domain::ids::Cause;
use crate::domain::input::{Input, Scope, TradingState};
use crate::journal;
use crate::store::{
    Earlier, Locked, PersonOrder, SignalKey, Standing, StoreError, Tag, Unreadable, Write, Written,
};

/// What the database said before anything was decided.
#[derive(Default)]
struct Before {
    /// What is known of each alert, in order.
    earlier: Vec<Earlier>,
    /// The orders under a key that were carried out.
    known: BTreeSet<Cause>,
    /// The places of inputs whose change of who may send or order changes nothing.
    idle: BTreeSet<usize>,
}

impl Before {
    async fn of(
        locked: &mut Locked,
        inputs: &[Submitted],
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            known: carried_out(locked, inputs).await?,
            idle: unchanged(locked, inputs, now).await?,
            earlier: core::mem::take(&mut locked.standing.earlier),
        })
    }
}

/// What came of deciding without a look.
enum AtOnce {
    /// It is so.
    Answered(Vec<Handled>),
    /// Nobody can say without one.
    Look(Option<Doubt>),
}

/// A decision that may have been written: where the desk stood, and why nobody knows.
type Doubt = (Tag, StoreError);

impl Desk {
    /// Decides a batch; when it cannot be written as one, each of it alone.
    pub(super) async fn work(&self, batch: Vec<Ticket>) {
        let (inputs, senders): (Vec<Submitted>, Vec<_>) = batch.into_iter().unzip();
        match self.attempted(&inputs).await {
            Ok(answers) => reply(senders, answers.into_iter().map(Ok)),
            Err(error) if inputs.len() > 1 && !matches!(error, StoreError::Unavailable { .. }) => {
                warn!(%error, count = inputs.len(), "a batch could not be written; trying one by one");
                for (input, sender) in inputs.into_iter().zip(senders) {
                    let one = self.attempted(core::slice::from_ref(&input)).await;
                    let one = one
                        .map_err(classify)
                        .and_then(|mut all| all.pop().ok_or(DeskError::Busy));
                    reply(vec![sender], [one]);
                }
            }
            Err(error) => {
                self.forget();
                let error = Arc::new(error);
                warn!(%error, source = ?core::error::Error::source(&*error).map(ToString::to_string), "nothing was decided");
                reply(senders, core::iter::repeat_with(|| Err(shared(&error))));
            }
        }
    }

    /// Attempts it, and notes whether decisions can be written.
    async fn attempted(&self, inputs: &[Submitted]) -> Result<Vec<Handled>, StoreError> {
        let done = self.attempt(inputs).await;
        match &done {
            Ok(answers) if answers.iter().any(|one| !one.facts.is_empty()) => {
                self.note_unwritten(None);
            }
            // whoever comes second, or whose lease is over, says nothing about the database
            Ok(_) | Err(StoreError::Fenced | StoreError::Conflict) => {}
            // a server that is not there answers no ping either
            Err(StoreError::Unavailable { source }) if source.as_database_error().is_none() => {}
            Err(error) => {
                let source = core::error::Error::source(error);
                let source = source.map(|source| format!(": {source}"));
                self.note_unwritten(Some(format!("{error}{}", source.unwrap_or_default())));
            }
        }
        done
    }

    async fn attempt(&self, inputs: &[Submitted]) -> Result<Vec<Handled>, StoreError> {
        let asks: Vec<SignalKey> = inputs
            .iter()
            .filter_map(|one| one.arrival.as_ref().map(|arrival| arrival.key.clone()))
            .collect();
        let doubt = match self.held().filter(|_| inputs.iter().all(is_plain)) {
            Some(known) => match self.at_once(&known, inputs, &asks).await? {
                AtOnce::Answered(answers) => return Ok(answers),
                AtOnce::Look(doubt) => doubt,
            },
            None => None,
        };
        self.under_lock(inputs, &asks, doubt).await
    }

    /// Returns the desk as this process left it, while it holds the lease: then nobody else writes
    /// newer prices, and whatever else was written since keeps it from writing.
    fn held(&self) -> Option<Known> {
        let epoch = self.parts.lease.epoch()?;
        self.cached()
            .filter(|known| known.standing.epoch == Some(epoch))
    }

    /// Decides on the book as it is known, and writes when the desk has not moved. Where it has, or
    /// nobody can say, the answer is to look.
    async fn at_once(
        &self,
        known: &Known,
        inputs: &[Submitted],
        asks: &[SignalKey],
    ) -> Result<AtOnce, StoreError> {
        let standing = &*known.standing;
        let before = Before {
            earlier: vec![Earlier::None; asks.len()],
            ..Before::default()
        };
        let made = self.make(standing, (&known.book, before), inputs)?;
        let store = &self.parts.store;
        if made.is_empty() {
            let proved = asks.is_empty() && store.tag(self.parts.id).await? == standing.tag();
            return Ok(if proved {
                AtOnce::Answered(made.decided.answers)
            } else {
                AtOnce::Look(None)
            });
        }
        let lines = made.rows(inputs, &self.parts.rules.instruments);
        let write = Write {
            epoch: standing.epoch,
            ..made.write(&lines)
        };
        let written = store.commit_if_unmoved(standing, asks, &write).await;
        Ok(match written.inspect_err(|_| self.forget())? {
            Written::Yes(tag) => AtOnce::Answered(self.made((standing, tag), made, inputs)),
            Written::No => AtOnce::Look(None),
            Written::Unknown(error) => AtOnce::Look(Some((standing.tag(), error))),
        })
    }

    /// Decides under the lock. What may have been written before is not decided again, unless the
    /// database says that it was not, or knows it when it sees it.
    async fn under_lock(
        &self,
        inputs: &[Submitted],
        asks: &[SignalKey],
        doubt: Option<Doubt>,
    ) -> Result<Vec<Handled>, StoreError> {
        let mut locked = self.parts.store.lock(self.parts.id, asks).await?;
        let book = self.book(&mut locked).await?;
        if let Some((tag, error)) = doubt
            && tag != locked.standing.tag()
            && asks.len() < inputs.len()
        {
            locked.release().await?;
            return Err(error);
        }
        let now = self.now(&locked.standing);
        let before = Before::of(&mut locked, inputs, now).await?;
        let made = self.make(&locked.standing, (&book, before), inputs)?;
        if made.is_empty() {
            locked.release().await?;
            return Ok(made.decided.answers);
        }
        for (keyed, order) in self.person_orders(&made.decided, inputs) {
            locked.add_person_order(keyed, &order).await?;
        }
        let lines = made.rows(inputs, &self.parts.rules.instruments);
        let standing = locked.standing.clone();
        let written = locked.commit(&made.write(&lines)).await;
        let tag = written.inspect_err(|_| self.forget())?;
        Ok(self.made((&standing, tag), made, inputs))
    }

    /// Decides on a desk as it stands; nothing of it is written yet.
    fn make(
        &self,
        standing: &Standing,
        (book, before): (&Book, Before),
        inputs: &[Submitted],
    ) -> Result<Made, StoreError> {
        self.pass("row3", inputs);
        let stale = |one: &Submitted| one.fence.is_some() && one.fence != standing.epoch;
        if inputs.iter().any(stale) {
            return Err(StoreError::Fenced);
        }
        let now = self.now(standing);
        let mut book = book.clone();
        book.marks.clone_from(&standing.marks);
        // before ours are held against them: what is stamped ahead would pass for newer
        book.marks.forget_after(now + clock::JUMP);
        self.parts.marks.merge_into(&mut book.marks);
        book.take_touched();
        book.marks.forget_after(now + clock::JUMP);
        let decided = self.decide_all(&mut book, inputs, (before, now));
        self.pass("row4", inputs);
        let touched = book.take_touched();
        Ok(Made {
            now,
            decided,
            book,
            touched,
        })
    }

    /// Remembers what was written, and tells of it.
    fn made(
        &self,
        (standing, tag): (&Standing, Tag),
        made: Made,
        inputs: &[Submitted],
    ) -> Vec<Handled> {
        self.pass("row5", inputs);
        let Made {
            now,
            decided,
            mut book,
            ..
        } = made;
        let facts = decided.facts(inputs).map(|(fact, _)| fact);
        super::measure::facts(facts, inputs, (&book, now));
        let standing = standing.moved_to(tag, now);
        book.prune(standing.last_at);
        self.remember(standing, Arc::new(book));
        self.note_faults(&decided, inputs);
        self.log(&decided, inputs);
        decided.answers
    }

    /// The places to die are those of a signal's life: other inputs pass them unseen.
    fn pass(&self, place: &str, inputs: &[Submitted]) {
        if inputs.iter().any(|one| one.arrival.is_some()) {
            self.parts.crash.pass(place);
        }
    }

    /// Time never goes back behind what was decided, unless the clock was set back.
    fn now(&self, standing: &Standing) -> DateTime<Utc> {
        clock::decided_at(self.parts.clock.now(), standing.last_at)
    }

    async fn book(&self, locked: &mut Locked) -> Result<Arc<Book>, StoreError> {
        match self.cached() {
            Some(known) if known.standing.tag() == locked.standing.tag() => Ok(known.book),
            _ => {
                let book = locked.book().await?;
                report(&locked.unreadable);
                Ok(Arc::new(book))
            }
        }
    }

    /// Decides each input on the book its predecessors left.
    fn decide_all(
        &self,
        book: &mut Book,
        inputs: &[Submitted],
        (before, now): (Before, DateTime<Utc>),
    ) -> Decided {
        let mut decided = Decided::default();
        let (mut earlier, mut known) = (before.earlier.into_iter(), before.known);
        let mut told: Vec<(SignalKey, Told)> = Vec::new();
        for (place, submitted) in inputs.iter().enumerate() {
            let seen = submitted.arrival.as_ref().and_then(|arrival| {
                earlier
                    .next()
                    .map(|known| in_batch(&arrival.key, known, &told))
            });
            decided.fence = decided.fence.or(submitted.fence);
            if let Some(Earlier::Same { status, body, .. }) = seen {
                let first = Told::stored(status, body);
                decided.answers.push(Handled {
                    facts: Vec::new(),
                    told: Some(first),
                    duplicate: true,
                });
                continue;
            }
            if let Some(keyed) = &submitted.keyed
                && !known.insert(keyed.cause)
            {
                decided.answers.push(Handled {
                    facts: Vec::new(),
                    told: None,
                    duplicate: true,
                });
                continue;
            }
            if before.idle.contains(&place) {
                decided.answers.push(Handled {
                    facts: Vec::new(),
                    told: None,
                    duplicate: false,
                });
                continue;
            }
            let input = with_history(&submitted.input, seen.as_ref());
            let facts = self.consider(book, &input, now);
            for fact in &facts {
                book.apply(fact, now);
            }
            let signal = submitted.signal();
            let answer = signal.map(|id| tell(id, &facts));
            if let (Some(answer), Some(arrival)) = (&answer, &submitted.arrival) {
                told.push((arrival.key.clone(), answer.clone()));
            }
            decided.answers.push(Handled {
                facts,
                told: answer,
                duplicate: false,
            });
        }
        decided
    }

    /// Decides one input. A panic inside it is contained: the input is put aside, entries stop,
    /// and every other position stays guarded.
    pub fn consider(&self, book: &Book, input: &Input, now: DateTime<Utc>) -> Vec<Fact> {
        let rules = &*self.parts.rules;
        catch_unwind(|| decide(book, rules, input, now)).unwrap_or_else(|_panic| {
            if self.faults.is_known(input, book.desk.state) {
                return Vec::new();
            }
            error!("a fault inside the decision; the input is put aside and entries stop");
            let signal = input.alert().map(|(id, ..)| id);
            let mut facts = vec![Fact::InputFaulted { signal }];
            // A stricter state, which a person chose, stands.
            if book.desk.state == TradingState::Active {
                facts.push(Fact::TradingStateSet {
                    scope: Scope::Desk,
                    state: TradingState::Reducing,
                    by: "torana".to_owned(),
                    why: "a fault inside a decision".to_owned(),
                });
            }
            facts
        })
    }

    /// Returns what is kept of orders under a key that changed something.
    fn person_orders(&self, decided: &Decided, inputs: &[Submitted]) -> Vec<(Cause, PersonOrder)> {
        let names = &self.parts.rules.instruments;
        let all = decided.answers.iter().zip(inputs);
        let keyed = all.filter_map(|(handled, one)| Some((handled, one.keyed.as_ref()?)));
        let done = keyed.filter(|(handled, _)| !handled.duplicate && !handled.facts.is_empty());
        done.map(|(handled, keyed)| {
            let order = PersonOrder {
                asked: keyed.asked,
                answer: person::answer(&keyed.by, &handled.facts, names),
            };
            (keyed.cause, order)
        })
        .collect()
    }

    /// Remembers the faults that are facts now.
    fn note_faults(&self, decided: &Decided, inputs: &[Submitted]) {
        for (handled, one) in decided.answers.iter().zip(inputs) {
            let faulted = |fact: &Fact| matches!(fact, Fact::InputFaulted { .. });
            if handled.facts.iter().any(faulted) {
                self.faults.wrote(&one.input);
            }
        }
    }

    /// One count per committed fact, and one line; units that were proved together share theirs.
    fn log(&self, decided: &Decided, inputs: &[Submitted]) {
        let mut proved = 0_u32;
        for (fact, signal) in decided.facts(inputs) {
            let kind = journal::kind(fact);
            metrics::counter!("torana_facts_total", "kind" => kind).increment(1);
            if let Fact::UnitsProved { .. } = fact {
                proved = proved.saturating_add(1);
                continue;
            }
            let signal = signal.map(|id| id.to_string()).unwrap_or_default();
            info!(fact = kind, signal.id = %signal, "{}", super::words::sentence(fact, &self.parts.rules.instruments));
        }
        if proved > 0 {
            info!(
                fact = "units_proved",
                "the broker counts {proved} instruments as we do"
            );
        }
    }
}

/// Returns whether an input needs nothing of the database but where the desk stands.
const fn is_plain(one: &Submitted) -> bool {
    one.keyed.is_none() && one.access.is_none()
}

/// Returns which of the orders under a key were carried out before.
async fn carried_out(
    locked: &mut Locked,
    inputs: &[Submitted],
) -> Result<BTreeSet<Cause>, StoreError> {
    let mut known = BTreeSet::new();
    for keyed in inputs.iter().filter_map(|one| one.keyed.as_ref()) {
        if locked.has_person_order(keyed.cause).await? {
            known.insert(keyed.cause);
        }
    }
    Ok(known)
}

/// Changes who may send or order, as the inputs say; returns the places of those that change
/// nothing.
async fn unchanged(
    locked: &mut Locked,
    inputs: &[Submitted],
    now: DateTime<Utc>,
) -> Result<BTreeSet<usize>, StoreError> {
    let mut idle = BTreeSet::new();
    for (place, one) in inputs.iter().enumerate() {
        if let Some(change) = &one.access
            && !locked.change_access(change, now).await?
        {
            idle.insert(place);
        }
    }
    Ok(idle)
}

/// Says which rows had to be left out of the book: they need a person; the rest stays guarded.
pub(super) fn report(unreadable: &[Unreadable]) {
    for Unreadable { table, key, why } in unreadable {
        error!(
            table,
            key, "a row of {table} cannot be read and is left out: {key}: {why}"
        );
    }
}

/// Returns what is known of an alert, with what this batch has decided before it.
fn in_batch(key: &SignalKey, known: Earlier, told: &[(SignalKey, Told)]) -> Earlier {
    let same =
        |other: &SignalKey| other.id == key.id || (key.body.is_some() && other.body == key.body);
    let reused = |other: &SignalKey| key.alert.is_some() && other.alert == key.alert;
    match known {
        Earlier::Same { .. } => known,
        Earlier::IdReused | Earlier::None => {
            if let Some((_, first)) = told.iter().find(|(other, _)| same(other)) {
                Earlier::Same {
                    status: first.status,
                    body: first.body.clone(),
                    signal: key.id,
                }
            } else if told.iter().any(|(other, _)| reused(other)) {
                Earlier::IdReused
            } else {
                known
            }
        }
    }
}

/// Returns the input as its history makes it.
fn with_history(input: &Input, before: Option<&Earlier>) -> Input {
    let mut input = input.clone();
    if let (Input::Signal(signal), Some(Earlier::IdReused)) = (&mut input, before) {
        signal.id_reused = true;
    }
    input
}

fn reply(
    senders: Vec<oneshot::Sender<Result<Handled, DeskError>>>,
    answers: impl IntoIterator<Item = Result<Handled, DeskError>>,
) {
    for (sender, answer) in senders.into_iter().zip(answers) {
        // Whoever asked may have gone; what was decided stays decided.
        drop(sender.send(answer));
    }
}
