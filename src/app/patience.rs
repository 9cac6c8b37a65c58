//! A start that outlasts a database which does not answer in time: another process may hold the
//! desk, or the server may be starting too.

use core::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::warn;

use crate::desk::DeskError;
use crate::store::StoreError;

/// How long a start waits in all.
const PATIENCE: Duration = Duration::from_secs(15);

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// How long one start has waited.
pub(super) struct Patience(Instant);

/// An error that may pass.
pub(super) trait Passing: core::error::Error {
    /// Whether it means that the database is away.
    fn is_away(&self) -> bool;
}

impl Passing for StoreError {
    fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

impl Passing for DeskError {
    fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Busy)
    }
}

impl Patience {
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }

    /// Waits a little, when the error may pass and patience has not ended; else gives it back.
    pub(super) async fn outlast<E: Passing>(&self, error: E) -> Result<(), E> {
        if !error.is_away() || self.0.elapsed() >= PATIENCE {
            return Err(error);
        }
        warn!(%error, "the start waits for the database");
        sleep(PAUSE).await;
        Ok(())
    }
}
