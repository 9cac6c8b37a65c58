//! Which desk this is, and which process sends its orders.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::store::{DeskId, Store, StoreError};

/// A desk as it was made.
#[derive(Clone, Debug, Serialize)]
pub struct Desk {
    /// Its name.
    pub name: String,
    /// The mode it belongs to for ever.
    pub mode: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// The number of its newest fact.
    pub seq: i64,
    /// The hash of that fact, in hexadecimal.
    pub head: String,
}

/// The lease of a desk.
#[derive(Clone, Debug, Serialize)]
pub struct Lease {
    /// Who holds it, or held it last.
    pub holder: String,
    /// Whether it is in force.
    pub held: bool,
    /// How often it changed hands.
    pub epoch: i64,
    /// Until when it is in force unless renewed.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Returns a desk as it was made.
    pub async fn view_desk(&self, desk: DeskId) -> Result<Desk, StoreError> {
        let found = sqlx::query_as!(
            Desk,
            r#"
            SELECT name, mode, made_at, seq, encode(head, 'hex') AS "head!"
            FROM desks WHERE desk_id = $1
            "#,
            desk.0
        )
        .fetch_one(self.in_time())
        .await?;
        Ok(found)
    }

    /// Returns the lease, when there ever was one.
    pub async fn view_lease(&self, desk: DeskId) -> Result<Option<Lease>, StoreError> {
        let lease = sqlx::query_as!(
            Lease,
            r#"
            SELECT holder, expires_at > clock_timestamp() AS "held!", epoch,
                CASE WHEN isfinite(expires_at) THEN expires_at END AS expires_at
            FROM leases WHERE desk_id = $1
            "#,
            desk.0
        )
        .fetch_optional(self.in_time())
        .await?;
        Ok(lease)
    }
}
