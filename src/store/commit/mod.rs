//! One decision, written: facts, verdicts and every row that was touched, in one transaction.
//!
//! 1. The seal (facts, verdicts, the desk's own row), then the touched rows, when there are any.
//! 2. The seal compares `seq` and the lease's epoch with the desk's row as it takes it: who decided
//!    on a desk that has moved since, or lost the lease, writes nothing. So who holds the lease and
//!    knows where the desk stood may write without looking ([`Store::commit_if_unmoved`]): a
//!    rejection is then the seal alone, one statement, which commits itself.

mod rows;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use sqlx::{Connection as _, PgConnection};

use self::rows::Rows;
use super::chain::Link;
use super::lock::{Asked, Locked, SignalKey, Standing, Tag, interval};
use super::{DeskId, Store, StoreError};
use crate::domain::book::{Book, Touched};
use crate::domain::fact::Fact;
use crate::domain::ids::SignalId;
use crate::domain::instrument::InstrumentIx;
use crate::domain::signal::SourceId;
use crate::journal::{self, Names, Out, Put as _};

/// Everything one commit makes true.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// The moment it was decided at; whole microseconds.
    pub now: DateTime<Utc>,
    /// What became true, in order.
    pub facts: &'a [FactRow<'a>],
    /// What was answered.
    pub signals: &'a [SignalRow<'a>],
    /// The book with those facts folded in, not yet pruned.
    pub book: &'a Book,
    /// What folding them touched.
    pub touched: &'a Touched,
    /// The lease this needs, when it is work of the lease's holder.
    pub epoch: Option<i64>,
}

/// One fact to be written.
#[derive(Clone, Debug)]
pub struct FactRow<'a> {
    /// What became true.
    pub fact: &'a Fact,
    /// When.
    pub at: DateTime<Utc>,
    /// Because of which signal, where the fact itself does not say.
    pub signal: Option<SignalId>,
    /// Its canonical text ([`journal::fact_text`]).
    pub payload: String,
}

/// What became of a decision that was written without a look.
#[derive(Debug)]
pub enum Written {
    /// It is so.
    Yes(Tag),
    /// Nothing was written.
    No,
    /// The answer did not come: who looks under the lock sees whether the desk has moved.
    Unknown(StoreError),
}

/// What a signal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is acted on.
    Accepted,
    /// We said no.
    Rejected,
    /// Nothing follows from it.
    Recorded,
    /// The message alone showed that it means nothing; its key is not consumed.
    Invalid,
}

/// One signal to be written, with its answer.
#[derive(Clone, Debug)]
pub struct SignalRow<'a> {
    /// Its name. An invalid one has a name of its own, not made from its key.
    pub id: SignalId,
    /// Who sent it.
    pub source: SourceId,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// When its sender made it, or the bar it speaks of.
    pub moment: Option<DateTime<Utc>>,
    /// The kind of alert.
    pub kind: &'a str,
    /// In what, where that is known.
    pub instrument: Option<InstrumentIx>,
    /// The alert's own `id`.
    pub alert: Option<&'a str>,
    /// The hash by which the same bytes are known within `webhook.same_body`.
    pub body_hash: Option<[u8; 32]>,
    /// The alert as JSON, secrets blanked.
    pub record: &'a str,
    /// What it came to.
    pub verdict: Verdict,
    /// The public word for why.
    pub code: &'a str,
    /// The HTTP status answered.
    pub status: u16,
    /// The body answered.
    pub answer: &'a str,
}

impl Verdict {
    /// Returns the word used in rows and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Recorded => "recorded",
            Self::Invalid => "invalid",
        }
    }
}

impl Locked {
    /// Makes it so: all of it, or nothing.
    ///
    /// # Errors
    ///
    /// `Conflict` when a signal was committed before (repeat them one by one); `Fenced` when the
    /// lease is another's; `Defect` when the schema refuses; `Unavailable` when nobody knows.
    pub async fn commit(mut self, write: &Write<'_>) -> Result<Tag, StoreError> {
        if write.epoch.is_some() && write.epoch != self.standing.epoch {
            return Err(StoreError::Fenced);
        }
        let facts = Facts::of(write.facts, &self.standing);
        let rows = Rows::of(write, &self.standing)?;
        let seal = Seal {
            known: &self.standing,
            facts: &facts,
            // the look under the lock has said what was decided before
            asks: (&[], core::time::Duration::ZERO),
        };
        // under the lock nothing but a lost lease can have moved the row
        if !seal.press(&mut self.tx, write).await? {
            return Err(StoreError::Fenced);
        }
        if let Some(rows) = rows {
            rows.write(&mut self.tx).await?;
        }
        self.tx.commit().await?;
        Ok(facts.tag)
    }
}

impl Store {
    /// Makes a decision so that was made on a desk as it is known, without looking at it: all of it,
    /// or nothing when the desk is no longer as known, the lease is another's, or one of `asks` was
    /// decided before.
    ///
    /// # Errors
    ///
    /// `Defect` when the schema refuses; `Unavailable` when nothing was said to the database.
    pub async fn commit_if_unmoved(
        &self,
        known: &Standing,
        asks: &[SignalKey],
        write: &Write<'_>,
    ) -> Result<Written, StoreError> {
        let facts = Facts::of(write.facts, known);
        let rows = Rows::of(write, known)?;
        let mut session = self.pool.acquire().await?;
        let seal = Seal {
            known,
            facts: &facts,
            asks: (asks, self.same_body),
        };
        let written = async {
            let Some(rows) = rows else {
                return seal.press(&mut session, write).await;
            };
            let mut tx = session.begin().await?;
            let sealed = seal.press(&mut tx, write).await?;
            if sealed {
                rows.write(&mut tx).await?;
                tx.commit().await?;
            } else {
                tx.rollback().await?;
            }
            Ok(sealed)
        };
        match written.await {
            Ok(true) => Ok(Written::Yes(facts.tag)),
            Ok(false) => Ok(Written::No),
            Err(error @ StoreError::Unavailable { .. }) => {
                self.suspicion.raise();
                Ok(Written::Unknown(error))
            }
            Err(error) => Err(error),
        }
    }
}

/// The statement that makes a decision so.
struct Seal<'a> {
    known: &'a Standing,
    facts: &'a Facts<'a>,
    /// What must not have been decided before, and how long the same bytes are the same alert.
    asks: (&'a [SignalKey], core::time::Duration),
}

impl Seal<'_> {
    /// Writes facts and verdicts and moves the desk on; returns whether it was still as known.
    #[expect(
        clippy::as_conversions,
        reason = "sqlx's sign for a parameter whose type it cannot see"
    )]
    async fn press(
        &self,
        session: &mut PgConnection,
        write: &Write<'_>,
    ) -> Result<bool, StoreError> {
        let (known, facts) = (self.known, self.facts);
        let (asked, same_body) = (Asked::of(self.asks.0), interval(self.asks.1));
        let names = Names(&known.instruments);
        let signals = Signals::of(write.signals, names);
        let mut desk = Out::new(names);
        write.book.desk.put(&mut desk);
        let sealed = sqlx::query_file!(
            "src/store/commit/seal.sql",
            known.desk.0,
            known.seq,
            facts.tag.seq,
            &facts.tag.head,
            write.now,
            desk.finish(),
            write.epoch,
            &signals.ids,
            &signals.sources,
            &signals.received_at,
            &signals.moments as &[Option<DateTime<Utc>>],
            &signals.kinds as &[&str],
            &signals.instruments as &[Option<&str>],
            &signals.alerts as &[Option<Cow<'_, str>>],
            &signals.body_hashes as &[Option<&[u8]>],
            &signals.records as &[Cow<'_, str>],
            &signals.verdicts as &[&str],
            &signals.codes as &[&str],
            &signals.statuses,
            &signals.answers as &[Cow<'_, str>],
            &facts.seqs,
            &facts.ats,
            &facts.kinds as &[&str],
            &facts.signals as &[Option<String>],
            &facts.intents as &[Option<String>],
            &facts.orders as &[Option<String>],
            &facts.legs as &[Option<String>],
            &facts.payloads as &[&str],
            &facts.hashes,
            &asked.ids,
            &asked.sources as &[Option<i32>],
            &asked.alerts as &[Option<String>],
            &asked.bodies as &[Option<Vec<u8>>],
            same_body,
        )
        .fetch_optional(session)
        .await?;
        Ok(sealed.is_some())
    }
}

/// Facts as columns, chained.
struct Facts<'a> {
    tag: Tag,
    seqs: Vec<i64>,
    ats: Vec<DateTime<Utc>>,
    kinds: Vec<&'static str>,
    signals: Vec<Option<String>>,
    intents: Vec<Option<String>>,
    orders: Vec<Option<String>>,
    legs: Vec<Option<String>>,
    payloads: Vec<&'a str>,
    hashes: Vec<Vec<u8>>,
}

impl<'a> Facts<'a> {
    fn of(rows: &'a [FactRow<'a>], standing: &Standing) -> Self {
        let room = rows.len();
        let mut all = Self {
            tag: standing.tag(),
            seqs: Vec::with_capacity(room),
            ats: Vec::with_capacity(room),
            kinds: Vec::with_capacity(room),
            signals: Vec::with_capacity(room),
            intents: Vec::with_capacity(room),
            orders: Vec::with_capacity(room),
            legs: Vec::with_capacity(room),
            payloads: Vec::with_capacity(room),
            hashes: Vec::with_capacity(room),
        };
        for row in rows {
            all.push(row, standing.desk);
        }
        all
    }

    fn push(&mut self, row: &'a FactRow<'a>, desk: DeskId) {
        let refs = journal::refs(row.fact);
        let link = Link {
            desk,
            seq: self.tag.seq.saturating_add(1),
            kind: journal::kind(row.fact),
            at: row.at,
            payload: &row.payload,
        };
        self.tag = Tag {
            seq: link.seq,
            head: link.hash(&self.tag.head),
        };
        let signal = refs.signal.or(row.signal);
        self.seqs.push(link.seq);
        self.ats.push(row.at);
        self.kinds.push(journal::kind(row.fact));
        self.signals.push(signal.map(|id| id.to_string()));
        self.intents.push(refs.intent.map(|id| id.to_string()));
        self.orders.push(refs.order.map(|id| id.to_string()));
        self.legs.push(refs.leg.map(|id| id.to_string()));
        self.payloads.push(&row.payload);
        self.hashes.push(self.tag.head.to_vec());
    }
}

/// Verdicts as columns.
#[derive(Default)]
pub(super) struct Signals<'a> {
    pub(super) ids: Vec<String>,
    pub(super) sources: Vec<i32>,
    pub(super) received_at: Vec<DateTime<Utc>>,
    pub(super) moments: Vec<Option<DateTime<Utc>>>,
    pub(super) kinds: Vec<&'a str>,
    pub(super) instruments: Vec<Option<&'a str>>,
    pub(super) alerts: Vec<Option<Cow<'a, str>>>,
    pub(super) body_hashes: Vec<Option<&'a [u8]>>,
    pub(super) records: Vec<Cow<'a, str>>,
    pub(super) verdicts: Vec<&'static str>,
    pub(super) codes: Vec<&'a str>,
    pub(super) statuses: Vec<i32>,
    pub(super) answers: Vec<Cow<'a, str>>,
}

impl<'a> Signals<'a> {
    pub(super) fn of(rows: &'a [SignalRow<'a>], names: Names<'a>) -> Self {
        let mut all = Self::default();
        for row in rows {
            all.ids.push(row.id.to_string());
            all.sources.push(row.source.0);
            all.received_at.push(row.received_at);
            all.moments.push(row.moment);
            all.kinds.push(row.kind);
            let instrument = row.instrument.map(|ix| names.instrument(ix));
            all.instruments.push(instrument);
            all.alerts.push(row.alert.map(storable));
            all.body_hashes
                .push(row.body_hash.as_ref().map(<[u8; 32]>::as_slice));
            all.records.push(storable(row.record));
            all.verdicts.push(row.verdict.word());
            all.codes.push(row.code);
            all.statuses.push(i32::from(row.status));
            all.answers.push(storable(row.answer));
        }
        all
    }
}

/// Returns a sender's text without the one character that PostgreSQL does not hold.
fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}
