//! One decision, written: facts, verdicts and every row that was touched, in one transaction.
//!
//! 1. One statement, the seal: facts, verdicts, the desk's own row, and every touched row.
//! 2. It compares `seq`, `head` and the lease's epoch with the desk's row as it takes it: who decided on a
//!    desk that has moved since, or lost the lease, writes nothing. So who holds the lease and knows
//!    where the desk stood may write without looking ([`Store::commit_if_unmoved`]): the seal then
//!    commits itself.

mod rows;
mod seal;

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use self::rows::Rows;
use self::seal::Seal;
use super::chain::Link;
use super::lock::{Locked, SignalKey, Standing, Tag};
use super::{DeskId, Store, StoreError};
use crate::domain::book::{Book, Touched};
use crate::domain::fact::Fact;
use crate::domain::ids::SignalId;
use crate::domain::instrument::InstrumentIx;
use crate::domain::signal::SourceId;
use crate::journal::{self, Names};

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
        let seal = Seal {
            known: &self.standing,
            facts: &facts,
            rows: Rows::of(write, &self.standing)?,
            // the look under the lock has said what was decided before
            asks: (&[], core::time::Duration::ZERO),
        };
        // under the lock nothing but a lost lease can have moved the row
        if !seal.press(self.tx.in_time(), write).await? {
            return Err(StoreError::Fenced);
        }
        self.tx.commit().await?;
        Ok(facts.tag)
    }
}

impl Store {
    /// Makes a decision so that was made on a desk as it is known, without looking at it: all of it,
    /// or nothing when the desk is no longer as known, the lease is another's, one of `asks` was
    /// decided before, or the database took the statement back for now.
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
        let seal = Seal {
            known,
            facts: &facts,
            rows: Rows::of(write, known)?,
            asks: (asks, self.same_body),
        };
        let mut session = self.sessions.take_warm().await?;
        match seal.press(session.in_time(), write).await {
            Ok(moved) => {
                self.sessions.keep_warm(session);
                Ok(if moved {
                    Written::Yes(facts.tag)
                } else {
                    Written::No
                })
            }
            Err(error) if error.is_undone() => {
                self.sessions.keep_warm(session);
                Ok(Written::No)
            }
            Err(error @ StoreError::Unavailable { .. }) => {
                self.sessions.suspect();
                Ok(Written::Unknown(error))
            }
            Err(error) => Err(error),
        }
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
