//! Changes of who may send alerts or order: the row and the fact that tells of it are one
//! transaction, so that neither is ever without the other.

use chrono::{DateTime, Utc};

use super::{Locked, NewSource, StoreError};
use crate::domain::order::Product;

/// A change of who may send alerts or order.
#[derive(Clone, Debug)]
pub enum AccessChange {
    /// A new source.
    SourceAdded(Box<NewSource>),
    /// A new secret of a source; the one it had counts for a while.
    SourceRotated {
        /// Its name.
        name: String,
        /// SHA-256 of the new secret.
        secret: [u8; 32],
        /// Until when the one before counts.
        older_until: DateTime<Utc>,
    },
    /// A source that may send no more.
    SourceDisabled(String),
    /// A new token, or a revoked one's name given anew.
    TokenAdded {
        /// Its name.
        name: String,
        /// SHA-256 of the token.
        hash: [u8; 32],
    },
    /// A token that counts no more.
    TokenRevoked(String),
}

impl AccessChange {
    /// Returns what is changed, its name, and the word for how.
    pub fn words(&self) -> (&'static str, &str, &'static str) {
        match self {
            Self::SourceAdded(new) => ("source", &new.name, "added"),
            Self::SourceRotated { name, .. } => ("source", name, "rotated"),
            Self::SourceDisabled(name) => ("source", name, "disabled"),
            Self::TokenAdded { name, .. } => ("token", name, "added"),
            Self::TokenRevoked(name) => ("token", name, "revoked"),
        }
    }
}

impl Locked {
    /// Changes who may send or order; it becomes true with the commit that follows. False, and
    /// nothing changes, when a new name is taken, or when nothing of the name counts that could be
    /// changed.
    ///
    /// # Errors
    ///
    /// The database is away, or the secret belongs to another (`sources_secret_once`,
    /// `tokens_hash_once`).
    pub async fn change_access(
        &mut self,
        change: &AccessChange,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        match change {
            AccessChange::SourceAdded(new) => self.add_source(new, now).await,
            AccessChange::SourceRotated {
                name,
                secret,
                older_until,
            } => self.rotate_source(name, secret, *older_until).await,
            AccessChange::SourceDisabled(name) => self.disable_source(name, now).await,
            AccessChange::TokenAdded { name, hash } => self.add_token(name, hash, now).await,
            AccessChange::TokenRevoked(name) => self.revoke_token(name, now).await,
        }
    }

    async fn add_source(
        &mut self,
        new: &NewSource,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let added = sqlx::query!(
            "INSERT INTO sources (desk_id, source, name, secret_hash, instruments, kinds, sides,
                addresses, signature, product, profile, made_at)
             SELECT $1, coalesce(max(s.source), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
             FROM sources s WHERE s.desk_id = $1
             ON CONFLICT ON CONSTRAINT sources_name_once DO NOTHING",
            self.standing.desk.0,
            new.name,
            new.secret.as_slice(),
            &new.instruments,
            &new.kinds,
            &new.sides,
            &new.addresses,
            new.signature.word(),
            new.product.map(Product::word),
            new.profile,
            now,
        )
        .execute(self.tx.in_time())
        .await?;
        Ok(added.rows_affected() == 1)
    }

    async fn rotate_source(
        &mut self,
        name: &str,
        secret: &[u8; 32],
        older_until: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let rotated = sqlx::query!(
            "UPDATE sources
             SET older_hash = secret_hash, older_until = $4, secret_hash = $3
             WHERE desk_id = $1 AND name = $2 AND disabled_at IS NULL",
            self.standing.desk.0,
            name,
            secret.as_slice(),
            older_until,
        )
        .execute(self.tx.in_time())
        .await?;
        Ok(rotated.rows_affected() == 1)
    }

    async fn disable_source(&mut self, name: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let disabled = sqlx::query!(
            "UPDATE sources SET disabled_at = $3
             WHERE desk_id = $1 AND name = $2 AND disabled_at IS NULL",
            self.standing.desk.0,
            name,
            now,
        )
        .execute(self.tx.in_time())
        .await?;
        Ok(disabled.rows_affected() == 1)
    }

    async fn add_token(
        &mut self,
        name: &str,
        hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let added = sqlx::query!(
            "INSERT INTO tokens (desk_id, name, hash, made_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT ON CONSTRAINT tokens_pkey DO UPDATE SET
                (hash, made_at, revoked_at) = (EXCLUDED.hash, EXCLUDED.made_at, NULL)
             WHERE tokens.revoked_at IS NOT NULL",
            self.standing.desk.0,
            name,
            hash.as_slice(),
            now,
        )
        .execute(self.tx.in_time())
        .await?;
        Ok(added.rows_affected() == 1)
    }

    async fn revoke_token(&mut self, name: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let revoked = sqlx::query!(
            "UPDATE tokens SET revoked_at = $3
             WHERE desk_id = $1 AND name = $2 AND revoked_at IS NULL",
            self.standing.desk.0,
            name,
            now,
        )
        .execute(self.tx.in_time())
        .await?;
        Ok(revoked.rows_affected() == 1)
    }
}
