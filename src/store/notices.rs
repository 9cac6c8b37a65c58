//! What people are to be told: made from facts, kept until each channel has taken it.
//!
//! 1. Notices and the cursor that made them move in one transaction: nothing is told twice or lost.
//! 2. A key is written once; whoever says the same again within a while says nothing.

use chrono::{DateTime, Utc};

use super::{DeskId, Store, StoreError};
use crate::domain::fact::Fact;
use crate::journal;

/// How far facts and alerts have been read for notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeCursor {
    /// The last fact.
    pub seq: i64,
    /// When the last alert came.
    pub signals_at: DateTime<Utc>,
}

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotice {
    /// When it became true.
    pub at: DateTime<Utc>,
    /// How urgent it is: `info`, `warning` or `page`.
    pub severity: &'static str,
    /// What makes it the same as another.
    pub key: String,
    /// What is told.
    pub text: String,
    /// The channels it goes to.
    pub channels: Vec<&'static str>,
}

/// A notice that a channel has not taken yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub notice: i64,
    /// When it became true.
    pub at: DateTime<Utc>,
    /// How urgent it is.
    pub severity: String,
    /// What is told.
    pub text: String,
    /// How often it was tried.
    pub attempts: i32,
}

/// What came of offering notices to a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It took them.
    Taken,
    /// It did not; they are offered again at the time given.
    Again(String, DateTime<Utc>),
    /// It never will.
    GivenUp(String),
}

/// An alert's version, as its script named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenVersion {
    /// The source's name.
    pub source: String,
    /// What the script calls itself.
    pub version: String,
    /// When the newest of them came.
    pub at: DateTime<Utc>,
}

/// When a source was heard last on an instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The source's name.
    pub source: String,
    /// The instrument's.
    pub instrument: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Store {
    /// Returns how far notices were made; nothing before the first were.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn notice_cursor(&self, desk: DeskId) -> Result<Option<NoticeCursor>, StoreError> {
        let row = sqlx::query_as!(
            NoticeCursor,
            "SELECT seq, signals_at FROM notice_cursors WHERE desk_id = $1",
            desk.0
        )
        .fetch_optional(self.in_time())
        .await?;
        Ok(row)
    }

    /// Returns the facts after a number, in order, at most so many.
    ///
    /// # Errors
    ///
    /// The database is away or a fact cannot be read.
    pub async fn facts_after(
        &self,
        desk: DeskId,
        (seq, limit): (i64, i64),
    ) -> Result<Vec<(i64, DateTime<Utc>, Fact)>, StoreError> {
        let rows = sqlx::query!(
            "SELECT seq, at, kind, payload FROM facts
             WHERE desk_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            desk.0,
            seq,
            limit,
        )
        .fetch_all(self.in_time())
        .await?;
        rows.into_iter()
            .map(|row| {
                let fact = journal::read_fact(&row.kind, &row.payload, &self.instruments)
                    .map_err(|bad| StoreError::corrupt("facts", format!("{}: {bad}", row.seq)))?;
                Ok((row.seq, row.at, fact))
            })
            .collect()
    }

    /// Writes notices and how far they were made; a key that is there already is left as it is.
    /// Returns the keys that are new.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn put_notices(
        &self,
        desk: DeskId,
        notices: &[NewNotice],
        cursor: NoticeCursor,
    ) -> Result<Vec<String>, StoreError> {
        let mut tx = self.begin().await?;
        let mut fresh = Vec::new();
        for notice in notices {
            let channels: Vec<String> = notice.channels.iter().map(|&one| one.to_owned()).collect();
            let is_new = sqlx::query_scalar!(
                r#"WITH n AS (
                    INSERT INTO notices (desk_id, at, severity, text, key)
                    VALUES ($1, $2, $3, $4, $5)
                    ON CONFLICT ON CONSTRAINT notices_key_once DO NOTHING RETURNING notice_id),
                 d AS (
                    INSERT INTO deliveries (desk_id, notice_id, channel, not_before)
                    SELECT $1, n.notice_id, c, $2 FROM n, unnest($6::text[]) c)
                 SELECT EXISTS (SELECT FROM n) AS "is_new!""#,
                desk.0,
                notice.at,
                notice.severity,
                notice.text,
                notice.key,
                &channels,
            )
            .fetch_one(tx.in_time())
            .await?;
            if is_new {
                fresh.push(notice.key.clone());
            }
        }
        sqlx::query!(
            "INSERT INTO notice_cursors (desk_id, seq, signals_at) VALUES ($1, $2, $3)
             ON CONFLICT ON CONSTRAINT notice_cursors_pkey DO UPDATE SET
                (seq, signals_at) = (EXCLUDED.seq, EXCLUDED.signals_at)",
            desk.0,
            cursor.seq,
            cursor.signals_at,
        )
        .execute(tx.in_time())
        .await?;
        tx.commit().await?;
        Ok(fresh)
    }

    /// Returns what a channel is to be offered now, the most urgent first, then the oldest.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn due_notices(
        &self,
        desk: DeskId,
        channel: &str,
        (now, limit): (DateTime<Utc>, i64),
    ) -> Result<Vec<Due>, StoreError> {
        let rows = sqlx::query_as!(
            Due,
            "SELECT n.notice_id AS notice, n.at, n.severity, n.text, d.attempts
             FROM deliveries d JOIN notices n USING (desk_id, notice_id)
             WHERE d.desk_id = $1 AND d.channel = $2 AND d.not_before <= $3
               AND d.sent_at IS NULL AND NOT d.given_up
             ORDER BY array_position(ARRAY['page', 'warning', 'info'], n.severity), n.notice_id
             LIMIT $4",
            desk.0,
            channel,
            now,
            limit,
        )
        .fetch_all(self.in_time())
        .await?;
        Ok(rows)
    }

    /// Writes down what came of offering notices to a channel.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn notices_offered(
        &self,
        desk: DeskId,
        (channel, notices): (&str, &[i64]),
        (delivery, now): (&Delivery, DateTime<Utc>),
    ) -> Result<(), StoreError> {
        let (sent_at, error, not_before, given_up) = match delivery {
            Delivery::Taken => (Some(now), None, now, false),
            Delivery::Again(error, at) => (None, Some(error.as_str()), *at, false),
            Delivery::GivenUp(error) => (None, Some(error.as_str()), now, true),
        };
        sqlx::query!(
            "UPDATE deliveries SET attempts = attempts + 1, sent_at = $4, error = $5,
                not_before = $6, given_up = $7
             WHERE desk_id = $1 AND channel = $2 AND notice_id = ANY($3)",
            desk.0,
            channel,
            notices,
            sent_at,
            error,
            not_before,
            given_up,
        )
        .execute(self.in_time())
        .await?;
        Ok(())
    }

    /// Returns how many notices no channel has taken yet, and what the last one that was offered in
    /// vain met with.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn undelivered(&self, desk: DeskId) -> Result<(i64, Option<String>), StoreError> {
        let row = sqlx::query!(
            r#"SELECT count(*) AS "waiting!",
                (array_agg(error ORDER BY notice_id DESC) FILTER (WHERE error IS NOT NULL))[1]
                    AS error
             FROM deliveries WHERE desk_id = $1 AND sent_at IS NULL AND NOT given_up"#,
            desk.0
        )
        .fetch_one(self.in_time())
        .await?;
        Ok((row.waiting, row.error))
    }

    /// Returns the versions of scripts in alerts that came after a moment, and when the newest alert
    /// came.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn versions_after(
        &self,
        desk: DeskId,
        after: DateTime<Utc>,
    ) -> Result<(Vec<SeenVersion>, DateTime<Utc>), StoreError> {
        let rows = sqlx::query!(
            r#"SELECT coalesce(o.name, s.source::text) AS "source!",
                substring(s.record FROM '"version": ?"([^"]{1,60})"') AS version,
                max(s.received_at) AS "at!"
             FROM signals s LEFT JOIN sources o USING (desk_id, source)
             WHERE s.desk_id = $1 AND s.received_at > $2 AND s.verdict <> 'invalid' GROUP BY 1, 2"#,
            desk.0,
            after,
        )
        .fetch_all(self.in_time())
        .await?;
        let newest = rows.iter().map(|row| row.at).max().unwrap_or(after);
        let seen = rows.into_iter().filter_map(|row| {
            Some(SeenVersion {
                source: row.source,
                version: row.version?,
                at: row.at,
            })
        });
        Ok((seen.collect(), newest))
    }

    /// Returns when each source was heard last on each instrument since a moment.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn heard_since(
        &self,
        desk: DeskId,
        since: DateTime<Utc>,
    ) -> Result<Vec<Heard>, StoreError> {
        let rows = sqlx::query_as!(
            Heard,
            r#"SELECT o.name AS source, s.instrument AS "instrument!", max(s.received_at) AS "at!"
             FROM signals s JOIN sources o USING (desk_id, source)
             WHERE s.desk_id = $1 AND s.received_at > $2 AND s.instrument IS NOT NULL
               AND o.disabled_at IS NULL
             GROUP BY 1, 2"#,
            desk.0,
            since,
        )
        .fetch_all(self.in_time())
        .await?;
        Ok(rows)
    }
}
