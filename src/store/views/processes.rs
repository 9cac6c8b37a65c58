//! Which process sends orders.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::store::{DeskId, Store, StoreError};

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
        .fetch_optional(&self.pool)
        .await?;
        Ok(lease)
    }
}
