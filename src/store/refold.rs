//! The book as its facts tell it: what `torana doctor` compares the rows with.

use super::{DeskId, Store, StoreError};
use crate::domain::book::Book;
use crate::journal;

/// Facts read at once.
const PAGE: i64 = 1_000;

impl Store {
    /// Folds every fact of a desk, from the first to the one numbered `to`, forgetting on the way
    /// what the desk forgot. Compare it with the book of a [`super::Snapshot`] of that number, but
    /// for the marks.
    ///
    /// # Errors
    ///
    /// The database is away or a fact cannot be read.
    pub async fn refold(&self, desk: DeskId, to: i64) -> Result<Book, StoreError> {
        let mut book = Book::default();
        let mut done = 0;
        let mut latest = None;
        while done < to {
            let page = sqlx::query!(
                "SELECT seq, at, kind, payload FROM facts
                 WHERE desk_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4",
                desk.0,
                done,
                to,
                PAGE,
            )
            .fetch_all(self.in_time())
            .await?;
            if page.is_empty() {
                return Err(StoreError::corrupt("facts", format!("no fact {to}")));
            }
            for row in page {
                let fact = journal::read_fact(&row.kind, &row.payload, &self.instruments)
                    .map_err(|bad| StoreError::corrupt("facts", format!("{}: {bad}", row.seq)))?;
                if let Some(before) = latest.filter(|before| *before < row.at) {
                    book.prune(before);
                }
                book.apply(&fact, row.at);
                latest = latest.max(Some(row.at));
                done = row.seq;
            }
        }
        if let Some(latest) = latest {
            book.prune(latest);
        }
        book.take_touched();
        Ok(book)
    }
}
