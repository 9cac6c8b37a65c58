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
        .fetch_all(&self.pool)
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

    /// Adds a token; a revoked one of the same name is replaced. False when the name is taken.
    ///
    /// # Errors
    ///
    /// The database is away, or the hash belongs to another name (`tokens_hash_once`).
    pub async fn token_add(
        &self,
        desk: DeskId,
        (name, hash): (&str, [u8; 32]),
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let added = sqlx::query!(
            "INSERT INTO tokens (desk_id, name, hash, made_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT ON CONSTRAINT tokens_pkey DO UPDATE SET
                (hash, made_at, revoked_at) = (EXCLUDED.hash, EXCLUDED.made_at, NULL)
             WHERE tokens.revoked_at IS NOT NULL",
            desk.0,
            name,
            hash.as_slice(),
            now,
        )
        .execute(&self.pool)
        .await?;
        Ok(added.rows_affected() == 1)
    }

    /// Revokes a token; false when no such token counted.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn token_revoke(
        &self,
        desk: DeskId,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let revoked = sqlx::query!(
            "UPDATE tokens SET revoked_at = $3
             WHERE desk_id = $1 AND name = $2 AND revoked_at IS NULL",
            desk.0,
            name,
            now,
        )
        .execute(&self.pool)
        .await?;
        Ok(revoked.rows_affected() == 1)
    }
}
