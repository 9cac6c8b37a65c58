//! The book from its rows: what is open, and what was over for less than [`KEPT`].

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgExecutor;
use sqlx::postgres::types::PgInterval;

use super::lock::{Locked, Tag, hash};
use super::{DeskId, Store, StoreError};
use crate::domain::book::{Book, InstrumentState, KEPT, Leg, Position};
use crate::domain::input::TradingState;
use crate::domain::instrument::InstrumentIx;
use crate::journal::{BadText, Names, Take};

/// A row that had to be left out of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it is.
    pub table: String,
    /// Which it is.
    pub key: String,
    /// What is wrong with it.
    pub why: String,
}

/// The desk as it was at one moment, read without its lock.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What names that state.
    pub tag: Tag,
    /// When the last commit was decided.
    pub last_at: DateTime<Utc>,
    /// The book, with the prices as last written.
    pub book: Book,
    /// What had to be left out of it.
    pub unreadable: Vec<Unreadable>,
}

struct Row {
    place: String,
    key: String,
    doc: String,
}

impl Locked {
    /// Returns everything a decision needs to know of the desk.
    ///
    /// A row that cannot be read is left out and named in [`Locked::unreadable`]; its instrument, or
    /// the desk when the row does not even tell that, is `Reducing` in this book. The rest stays
    /// guarded.
    ///
    /// # Errors
    ///
    /// The database is away, or the desk's own row cannot be read.
    pub async fn book(&mut self) -> Result<Book, StoreError> {
        let rows = rows(self.tx.in_time(), self.standing.desk).await?;
        let read = Reading::of(&rows, Names(&self.standing.instruments))?;
        let mut book = read.book;
        self.unreadable = read.unreadable;
        book.marks.clone_from(&self.standing.marks);
        book.prune(self.standing.last_at);
        Ok(book)
    }
}

impl Store {
    /// Reads a desk as it is, for people and for comparing; see [`Locked::book`].
    ///
    /// # Errors
    ///
    /// The database is away, or the desk's own row cannot be read.
    pub async fn snapshot(&self, desk: DeskId) -> Result<Snapshot, StoreError> {
        let names = self.names();
        let rows = rows(self.in_time(), desk).await?;
        let mut read = Reading::of(&rows, names)?;
        let bad = |error| StoreError::corrupt("desks", error);
        let last_at = names.field(&read.desk, "last_at").map_err(bad)?;
        read.book.prune(last_at);
        read.book.marks = self.marks(desk).await?;
        Ok(Snapshot {
            tag: tag(&read.desk, names)?,
            last_at,
            book: read.book,
            unreadable: read.unreadable,
        })
    }
}

fn tag(desk: &Value, names: Names<'_>) -> Result<Tag, StoreError> {
    let bad = |error| StoreError::corrupt("desks", error);
    let head: String = names.field(desk, "head").map_err(bad)?;
    let digits = head.trim_start_matches("\\x");
    let head = data_encoding::HEXLOWER
        .decode(digits.as_bytes())
        .map_err(|error| StoreError::corrupt("desks", error))?;
    Ok(Tag {
        seq: names.field(desk, "seq").map_err(bad)?,
        head: hash(head)?,
    })
}

/// A book being put together from its rows.
#[derive(Default)]
struct Reading {
    book: Book,
    desk: Value,
    unreadable: Vec<Unreadable>,
}

impl Reading {
    fn of(rows: &[Row], names: Names<'_>) -> Result<Self, StoreError> {
        let mut reading = Self::default();
        let mut cautious = Vec::new();
        for row in rows {
            let doc: Value = serde_json::from_str(&row.doc)
                .map_err(|error| StoreError::corrupt("rows", error))?;
            let placed = place(&mut reading.book, &row.place, &doc, names);
            match placed {
                Err(why) if row.place == "desks" => {
                    return Err(StoreError::corrupt("desks", why));
                }
                Ok(()) if row.place == "desks" => reading.desk = doc,
                Ok(()) => {}
                Err(why) => {
                    cautious.push(names.field(&doc, "instrument").ok());
                    reading.unreadable.push(Unreadable {
                        table: row.place.clone(),
                        key: row.key.clone(),
                        why: why.to_string(),
                    });
                }
            }
        }
        for instrument in cautious {
            reading.reduce(instrument);
        }
        reading.book.level_all();
        Ok(reading)
    }

    /// What cannot be read is not known: no new risk beside it.
    fn reduce(&mut self, instrument: Option<InstrumentIx>) {
        let state = match instrument {
            Some(known) => &mut self.book.instruments.entry(known).or_default().state,
            None => &mut self.book.desk.state,
        };
        *state = (*state).max(TradingState::Reducing);
    }
}

/// Puts one row where it belongs.
fn place(book: &mut Book, table: &str, doc: &Value, names: Names<'_>) -> Result<(), BadText> {
    match table {
        "desks" => book.desk = Take::take(doc, names)?,
        "instrument_states" => place_instrument(book, doc, names)?,
        "newest_signals" => {
            let key = (names.field(doc, "source")?, names.field(doc, "instrument")?);
            book.newest.insert(key, names.field(doc, "at")?);
        }
        "source_states" => {
            let source = names.field(doc, "source")?;
            book.sources.insert(source, names.field(doc, "state")?);
        }
        "positions" => {
            let position = Position::take(doc, names)?;
            book.positions.insert(position.id, position);
        }
        "legs" => {
            let leg = Leg::take(doc, names)?;
            book.legs.insert(leg.id, leg);
        }
        "intents" => {
            let intent = crate::domain::book::Intent::take(doc, names)?;
            book.intents.insert(intent.id, intent);
        }
        "drifts" => {
            let finding = crate::domain::finding::Finding::take(doc, names)?;
            book.findings.insert(finding.drift.finding, finding);
        }
        "orders" => {
            let order = crate::domain::book::Order::take(doc, names)?;
            book.orders.insert(order.id, order);
        }
        other => return Err(BadText::new(format!("rows of {other}"))),
    }
    Ok(())
}

fn place_instrument(book: &mut Book, doc: &Value, names: Names<'_>) -> Result<(), BadText> {
    let instrument = names.field(doc, "instrument")?;
    // without a state the row holds a waiting reversal alone
    if doc.get("state").is_some_and(|state| !state.is_null()) {
        let known = InstrumentState::take(doc, names)?;
        book.instruments.insert(instrument, known);
    }
    if let Some(reversal) = names.field(doc, "reversal")? {
        book.reversals.insert(instrument, reversal);
    }
    Ok(())
}

/// Reads all rows of the book in one statement, each with the keys of the journal.
async fn rows(executor: impl PgExecutor<'_>, desk: DeskId) -> Result<Vec<Row>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        WITH d AS (
            SELECT * FROM desks WHERE desk_id = $1),
        o AS (
            SELECT o.* FROM orders o, d WHERE o.desk_id = $1
                AND (o.closed_at IS NULL OR o.closed_at >= d.last_at - $2::interval)),
        p AS (
            SELECT p.* FROM positions p, d WHERE p.desk_id = $1
                AND (p.closed_at IS NULL OR p.closed_at >= d.last_at - $2::interval))
        SELECT 'desks' AS "place!", d.name AS "key!", row_to_json(d)::text AS "doc!" FROM d
        UNION ALL
        SELECT 'instrument_states', i.instrument, row_to_json(i)::text
        FROM instrument_states i WHERE i.desk_id = $1
        UNION ALL
        SELECT 'newest_signals', n.instrument, row_to_json(n)::text
        FROM newest_signals n WHERE n.desk_id = $1
        UNION ALL
        SELECT 'source_states', s.source::text, row_to_json(s)::text
        FROM source_states s WHERE s.desk_id = $1
        UNION ALL
        SELECT 'positions', p.id, row_to_json(p)::text FROM p
        UNION ALL
        SELECT 'legs', l.id, row_to_json(l)::text
        FROM legs l, d WHERE l.desk_id = $1
            AND (l.closed_at IS NULL OR l.closed_at >= d.last_at - $2::interval
                 OR EXISTS (SELECT FROM p WHERE p.id = l.position AND p.closed_at IS NULL))
        UNION ALL
        SELECT 'intents', i.id, row_to_json(i)::text
        FROM intents i, d WHERE i.desk_id = $1
            AND (i.ended_at IS NULL OR i.ended_at >= d.last_at - $2::interval
                 OR EXISTS (SELECT FROM o WHERE o.intent = i.id)
                 OR EXISTS (SELECT FROM legs l WHERE l.desk_id = $1
                     AND l.id IN (i.leg, split_part(i.id, '/', 1)) AND l.closed_at IS NULL))
        UNION ALL
        SELECT 'orders', o.id, row_to_json(o)::text FROM o
        UNION ALL
        SELECT 'drifts', f.id, row_to_json(f)::text
        FROM drifts f, d WHERE f.desk_id = $1
            AND (f.ended_at IS NULL OR f.ended_at >= d.last_at - $2::interval)
        "#,
        desk.0,
        PgInterval {
            months: 0,
            days: 0,
            microseconds: KEPT.num_microseconds().unwrap_or(i64::MAX),
        },
    )
    .fetch_all(executor)
    .await?;
    if rows.is_empty() {
        return Err(StoreError::corrupt("desks", format!("no desk {}", desk.0)));
    }
    Ok(rows)
}
