//! Hears of what other processes commit, a command at the terminal above all, and reads the book
//! again at once. Being told is a convenience: the monitor's rounds find every change by themselves.

use core::time::Duration;
use std::sync::Arc;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::desk::Desk;
use crate::store::{Change, Changes};

/// How long our own commits have to become known here before a change counts as another's.
const OURS: Duration = Duration::from_millis(50);
/// The pause before a database that was away is listened to again.
const PAUSE: Duration = Duration::from_secs(2);

/// Listens until told to stop.
pub(super) async fn hear(desk: Arc<Desk>, stop: CancellationToken) {
    let hearing = async {
        loop {
            match desk.store().listen().await {
                Ok(changes) => follow(&desk, changes).await,
                Err(error) => debug!(%error, "nobody tells of changes"),
            }
            sleep(PAUSE).await;
        }
    };
    stop.run_until_cancelled(hearing).await;
}

/// Reads the book again after each change that is not ours, until the database goes away.
async fn follow(desk: &Desk, mut changes: Changes) {
    while let Ok(change) = changes.next().await {
        let behind = match change {
            Change::Committed { desk: of, seq } => of == desk.id() && desk.is_behind(seq),
            Change::Unknown => true,
            // the doors read their own lists
            Change::Doors(_) => false,
        };
        if !behind {
            continue;
        }
        sleep(OURS).await;
        let still = match change {
            Change::Committed { seq, .. } => desk.is_behind(seq),
            Change::Unknown | Change::Doors(_) => true,
        };
        if still && let Err(error) = desk.refresh().await {
            warn!(%error, "the book could not be read again");
        }
    }
}
