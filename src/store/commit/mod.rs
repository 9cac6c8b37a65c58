//! One decision, written: facts, verdicts and every row that was touched, in one transaction.
//!
//! 1. The seal (facts, verdicts, the desk's own row), then the touched rows, when there are any. A
//!    rejection is the seal alone, one statement, which commits itself.
//! 2. The seal compares `seq` and the lease's epoch with the desk's row as it takes it: who decided
//!    on a desk that has moved since, or lost the lease, writes nothing.

mod rows;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use sqlx::{Connection as _, PgConnection};

use self::rows::Rows;
use super::chain::Link;
use super::lock::{Glance, Locked, Standing, Tag};
use super::{DeskId, StoreError};
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
        // under the lock nothing but a lost lease can have moved the row
        if !self.standing.seal(&mut self.tx, (write, &facts)).await? {
            return Err(StoreError::Fenced);
        }
        if let Some(rows) = rows {
            rows.write(&mut self.tx).await?;
        }
        self.tx.commit().await?;
        Ok(facts.tag)
    }
}

impl Glance {
    /// Makes it so, all of it or nothing; and nothing when the desk is no longer as it was seen, or
    /// the lease is another's: then whoever wrote must look again.
    ///
    /// # Errors
    ///
    /// `Defect` when the schema refuses; `Unavailable` when nobody knows.
    pub async fn commit(mut self, write: &Write<'_>) -> Result<Option<Tag>, StoreError> {
        let facts = Facts::of(write.facts, &self.standing);
        let written = match Rows::of(write, &self.standing)? {
            None => {
                self.standing
                    .seal(&mut self.session, (write, &facts))
                    .await?
            }
            Some(rows) => {
                let mut tx = self.session.begin().await?;
                let sealed = self.standing.seal(&mut tx, (write, &facts)).await?;
                if sealed {
                    rows.write(&mut tx).await?;
                    tx.commit().await?;
                } else {
                    tx.rollback().await?;
                }
                sealed
            }
        };
        Ok(written.then_some(facts.tag))
    }
}

impl Standing {
    /// Writes facts and verdicts and moves the desk on; returns whether it was still as seen.
    #[expect(
        clippy::as_conversions,
        reason = "sqlx's sign for a parameter whose type it cannot see"
    )]
    async fn seal(
        &self,
        session: &mut PgConnection,
        (write, facts): (&Write<'_>, &Facts<'_>),
    ) -> Result<bool, StoreError> {
        let names = Names(&self.instruments);
        let signals = Signals::of(write.signals, names);
        let mut desk = Out::new(names);
        write.book.desk.put(&mut desk);
        let sealed = sqlx::query!(
            r#"
            WITH d AS (
                UPDATE desks d SET seq = $3, head = $4, last_at = greatest(d.last_at, $5),
                    (state, rules, opening, realised, high_water, day, day_base, day_cash,
                     day_trades, losing_streak, funds_available, funds_at, day_warned,
                     day_breached, day_limit, drawdown_hit, streak_hit, limited, flatten,
                     semi_auto) =
                    (SELECT r.state, r.rules, r.opening, r.realised, r.high_water, r.day,
                        r.day_base, r.day_cash, r.day_trades, r.losing_streak, r.funds_available,
                        r.funds_at, r.day_warned, r.day_breached, r.day_limit, r.drawdown_hit,
                        r.streak_hit, r.limited, r.flatten, r.semi_auto
                     FROM json_populate_record(NULL::desks, $6::text::json) r)
                WHERE d.desk_id = $1 AND d.seq = $2 AND ($7::bigint IS NULL OR d.epoch = $7)
                RETURNING d.seq),
            s AS (
                INSERT INTO signals (desk_id, signal_id, source, received_at, moment, kind,
                    instrument, alert_id, body_hash, record, verdict, code, status, answer)
                SELECT $1, u.* FROM d, unnest($8::text[], $9::int[], $10::timestamptz[],
                    $11::timestamptz[], $12::text[], $13::text[], $14::text[], $15::bytea[],
                    $16::text[], $17::text[], $18::text[], $19::int[], $20::text[]) u),
            f AS (
                INSERT INTO facts (desk_id, seq, at, kind, signal_id, intent_id, order_id, leg_id,
                    payload, hash)
                SELECT $1, u.* FROM d, unnest($21::bigint[], $22::timestamptz[], $23::text[],
                    $24::text[], $25::text[], $26::text[], $27::text[], $28::text[],
                    $29::bytea[]) u)
            SELECT pg_notify('torana_desk', $1::int::text || ':' || d.seq)::text AS told FROM d
            "#,
            self.desk.0,
            self.seq,
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
