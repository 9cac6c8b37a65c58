//! The book from its rows: what is open, and what was over for less than [`KEPT`].

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{Postgres, Transaction};

use super::lock::Locked;
use super::{DeskId, StoreError};
use crate::domain::book::{Book, InstrumentState, KEPT, Leg, Position};
use crate::domain::input::TradingState;
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
        let rows = rows(&mut self.tx, self.desk, self.last_at).await?;
        let names = Names(&self.instruments);
        let mut book = Book::default();
        let mut cautious = Vec::new();
        for row in rows {
            let doc: Value = serde_json::from_str(&row.doc)
                .map_err(|error| StoreError::corrupt("rows", error))?;
            let Err(why) = place(&mut book, &row.place, &doc, names) else {
                continue;
            };
            if row.place == "desks" {
                return Err(StoreError::corrupt("desks", why));
            }
            cautious.push(names.field(&doc, "instrument").ok());
            self.unreadable.push(Unreadable {
                table: row.place,
                key: row.key,
                why: why.to_string(),
            });
        }
        for instrument in cautious {
            let state = match instrument {
                Some(known) => &mut book.instruments.entry(known).or_default().state,
                None => &mut book.desk.state,
            };
            *state = (*state).max(TradingState::Reducing);
        }
        book.marks = self.marks.clone();
        book.prune(self.last_at);
        Ok(book)
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
async fn rows(
    tx: &mut Transaction<'static, Postgres>,
    desk: DeskId,
    last_at: DateTime<Utc>,
) -> Result<Vec<Row>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        WITH o AS (
            SELECT * FROM orders WHERE desk_id = $1 AND (closed_at IS NULL OR closed_at >= $2)),
        p AS (
            SELECT * FROM positions WHERE desk_id = $1 AND (closed_at IS NULL OR closed_at >= $2))
        SELECT 'desks' AS "place!", d.name AS "key!", row_to_json(d)::text AS "doc!"
        FROM desks d WHERE d.desk_id = $1
        UNION ALL
        SELECT 'instrument_states', i.instrument, row_to_json(i)::text
        FROM instrument_states i WHERE i.desk_id = $1
        UNION ALL
        SELECT 'newest_signals', n.instrument, row_to_json(n)::text
        FROM newest_signals n WHERE n.desk_id = $1
        UNION ALL
        SELECT 'positions', p.id, row_to_json(p)::text FROM p
        UNION ALL
        SELECT 'legs', l.id, row_to_json(l)::text
        FROM legs l WHERE l.desk_id = $1
            AND (l.closed_at IS NULL OR l.closed_at >= $2
                 OR EXISTS (SELECT FROM p WHERE p.id = l.position AND p.closed_at IS NULL))
        UNION ALL
        SELECT 'intents', i.id, row_to_json(i)::text
        FROM intents i WHERE i.desk_id = $1
            AND (i.ended_at IS NULL OR i.ended_at >= $2
                 OR EXISTS (SELECT FROM o WHERE o.intent = i.id))
        UNION ALL
        SELECT 'orders', o.id, row_to_json(o)::text FROM o
        "#,
        desk.0,
        last_at - KEPT,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}
