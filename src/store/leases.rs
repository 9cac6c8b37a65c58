//! Who recovers, dispatches and writes marks for a desk: one process at a time.
//!
//! Taking a lease moves the epoch on the desk's own row, under its lock. So an epoch read with
//! [`Store::lock`] stays in force until that transaction ends: a fence, not a flag.

use std::time::Duration;

use super::{DeskId, Store, StoreError};

/// A lease that was taken: what its holder shows with every write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Whose lease.
    pub desk: DeskId,
    /// How often it changed hands.
    pub number: i64,
}

impl Store {
    /// Takes the lease of a desk for `ttl`, when nobody else holds it; the same holder asking again
    /// gets a new epoch. Nothing when another holds it. One that runs for a minute longer than
    /// twice `ttl` was taken before the server's clock was set back, and counts as over: the fence,
    /// not the clock, keeps its holder from writing.
    ///
    /// # Errors
    ///
    /// The database is away or the desk was never made.
    pub async fn lease_acquire(
        &self,
        desk: DeskId,
        holder: &str,
        ttl: Duration,
    ) -> Result<Option<Epoch>, StoreError> {
        let mut tx = self.begin().await?;
        // the desk first, always: whoever writes holds it too
        let desk_row = sqlx::query!(
            "SELECT epoch FROM desks WHERE desk_id = $1 FOR UPDATE",
            desk.0
        )
        .fetch_optional(tx.in_time())
        .await?
        .ok_or_else(|| StoreError::corrupt("desks", format!("no desk {}", desk.0)))?;
        let number = desk_row.epoch.saturating_add(1);
        let taken = sqlx::query!(
            "INSERT INTO leases (desk_id, epoch, holder, expires_at)
             VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4::bigint / 1000.0))
             ON CONFLICT ON CONSTRAINT leases_pkey DO UPDATE SET
                (epoch, holder, expires_at) = (EXCLUDED.epoch, EXCLUDED.holder, EXCLUDED.expires_at)
             WHERE leases.holder = EXCLUDED.holder OR leases.expires_at < clock_timestamp()
                OR leases.expires_at > clock_timestamp() + make_interval(secs => 60 + $4::bigint / 500.0)",
            desk.0,
            number,
            holder,
            millis(ttl),
        )
        .execute(tx.in_time())
        .await?;
        if taken.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(None);
        }
        sqlx::query!(
            "UPDATE desks SET epoch = $2 WHERE desk_id = $1",
            desk.0,
            number
        )
        .execute(tx.in_time())
        .await?;
        tx.commit().await?;
        Ok(Some(Epoch { desk, number }))
    }

    /// Holds a lease for another `ttl`; false when it has become another's.
    ///
    /// # Errors
    ///
    /// The database is away: count on the lease only as long as it was last known to run.
    pub async fn lease_renew(&self, epoch: Epoch, ttl: Duration) -> Result<bool, StoreError> {
        let renewed = sqlx::query!(
            "UPDATE leases
             SET expires_at = clock_timestamp() + make_interval(secs => $3::bigint / 1000.0)
             WHERE desk_id = $1 AND epoch = $2",
            epoch.desk.0,
            epoch.number,
            millis(ttl),
        )
        .execute(self.in_time())
        .await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Gives a lease back, so that another need not wait for its end.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn lease_release(&self, epoch: Epoch) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE leases SET expires_at = '-infinity' WHERE desk_id = $1 AND epoch = $2",
            epoch.desk.0,
            epoch.number,
        )
        .execute(self.in_time())
        .await?;
        Ok(())
    }
}

fn millis(ttl: Duration) -> i64 {
    i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX)
}
