//! Named tokens of operators and scripts; only their hash is kept.

use chrono::{DateTime, Utc};

use super::lock::hash;
use super::{DeskId, Store, StoreError};

/// A named token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its name: who is written down as having ordered something.
    pub name: String,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Since when it no longer counts.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Returns every token, the revoked ones too.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn tokens(&self, desk: DeskId) -> Result<Vec<Token>, StoreError> {
        let rows = sqlx::query!(
            "SELECT name, hash, made_at, revoked_at FROM tokens WHERE desk_id = $1 ORDER BY name",
            desk.0
        )
        .fetch_all(self.in_time())
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Token {
                    name: row.name,
                    hash: hash(row.hash)?,
                    made_at: row.made_at,
                    revoked_at: row.revoked_at,
                })
            })
            .collect()
    }
}
