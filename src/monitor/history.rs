//! Looks at its own journal when the lease becomes ours: is it what was written, and are the rows
//! what it says?
//!
//! Nothing opens before it looked; exits wait for nothing. It reads the newest [`FACTS_MAX`] facts,
//! so that a start takes seconds however old a desk is; `torana doctor` reads all of them.

use core::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;

use tracing::{error, info, warn};

use super::drift;
use crate::desk::Desk;
use crate::domain::finding::Broken;
use crate::domain::ids::FindingId;
use crate::domain::input::{Input, Marks};
use crate::store::{StoreError, Tag};

/// How many facts are verified at a start; a longer journal is not folded either.
const FACTS_MAX: i64 = 100_000;

/// Verifies the journal once for each lease.
pub struct History {
    desk: Arc<Desk>,
    verified: AtomicI64,
}

/// What the journal shows.
enum Seen {
    /// It was read to its beginning, and the rows are what it says.
    Whole,
    /// What was read is whole; not all of it was, or it cannot be compared.
    Nothing,
    Broken(Broken),
}

impl History {
    /// Returns one that has verified nothing.
    pub const fn new(desk: Arc<Desk>) -> Self {
        Self {
            desk,
            verified: AtomicI64::new(0),
        }
    }

    /// Verifies, unless that was done under this lease; returns whether what it shows is written.
    pub(super) async fn look(&self, epoch: i64) -> bool {
        if self.verified.load(Ordering::SeqCst) == epoch {
            return true;
        }
        let done = match self.look_through().await {
            Ok(Seen::Nothing) => true,
            Ok(Seen::Whole) => self.tell(Input::Whole, epoch).await,
            Ok(Seen::Broken(broken)) => {
                error!(
                    fact.seq = broken.seq,
                    "{}: nothing new is opened", broken.words
                );
                self.tell(Input::Broken(Box::new(broken)), epoch).await
            }
            Err(error) => {
                warn!(%error, "the journal could not be verified: nothing opens before it is");
                false
            }
        };
        if done {
            self.verified.store(epoch, Ordering::SeqCst);
        }
        done
    }

    async fn tell(&self, input: Input, epoch: i64) -> bool {
        if !self.desk.would_matter(&input) {
            return true;
        }
        let told = self.desk.input(input, Some(epoch)).await;
        told.inspect_err(|error| warn!(%error, "what the journal shows was not written down"))
            .is_ok()
    }

    /// Reads the journal, and compares what it says with the rows.
    async fn look_through(&self) -> Result<Seen, StoreError> {
        let (store, id) = (self.desk.store(), self.desk.id());
        let chain = store.verify_newest(id, FACTS_MAX).await?;
        let Tag { seq, .. } = chain.holds_to;
        let broken = |seq, words| Broken {
            finding: FindingId(drift::name(&self.desk, self.desk.clock().now())),
            seq,
            words,
        };
        if let Some(seq) = chain.broken_at {
            let words = format!("fact {seq} is missing or was changed");
            return Ok(Seen::Broken(broken(seq, words)));
        }
        if seq > FACTS_MAX {
            info!("the newest {FACTS_MAX} facts are whole; `torana doctor` looks at all {seq}");
            return Ok(Seen::Nothing);
        }
        let mut snapshot = store.snapshot(id).await?;
        let folded = match store.refold(id, snapshot.tag.seq).await {
            Ok(folded) => folded,
            // the chain holds: it names what these rules no longer know
            Err(error @ StoreError::Corrupt { .. }) => {
                warn!(%error, "the journal is whole and cannot be compared with the rows");
                return Ok(Seen::Nothing);
            }
            Err(error) => return Err(error),
        };
        snapshot.book.marks = Marks::default();
        if folded == snapshot.book {
            info!("the journal is whole up to fact {seq}, and the rows are what it says");
            return Ok(Seen::Whole);
        }
        let words = "the rows are not what the facts fold to".to_owned();
        Ok(Seen::Broken(broken(0, words)))
    }
}
