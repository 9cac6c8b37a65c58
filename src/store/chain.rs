//! The chain of facts: each hash covers the one before, so that a changed or missing fact is found.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::lock::hash;
use super::{DeskId, Store, StoreError, Tag};

/// Facts read at once.
const PAGE: i64 = 1_000;

/// The hash before the first fact.
pub(super) const START: [u8; 32] = [0; 32];

/// One fact as the chain sees it.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// Whose.
    pub desk: DeskId,
    /// Its number.
    pub seq: i64,
    /// Its kind.
    pub kind: &'a str,
    /// When it became true.
    pub at: DateTime<Utc>,
    /// Its canonical text.
    pub payload: &'a str,
}

impl Link<'_> {
    /// Returns the hash of this fact after `previous`.
    pub fn hash(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(previous);
        hash.update(self.desk.0.to_be_bytes());
        hash.update(self.seq.to_be_bytes());
        // the length keeps kind and payload apart
        hash.update(
            u64::try_from(self.kind.len())
                .unwrap_or(u64::MAX)
                .to_be_bytes(),
        );
        hash.update(self.kind.as_bytes());
        hash.update(self.at.timestamp_micros().to_be_bytes());
        hash.update(self.payload.as_bytes());
        hash.finalize().into()
    }
}

/// What reading the whole chain has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The last fact up to which everything holds, and its hash.
    pub holds_to: Tag,
    /// The first number at which it does not: a fact changed, missing, or left over.
    pub broken_at: Option<i64>,
}

impl Store {
    /// Reads every fact of a desk and checks number and hash of each, and that the last is the one
    /// the desk's row names.
    ///
    /// # Errors
    ///
    /// The database is away or the desk was never made.
    pub async fn verify_chain(&self, desk: DeskId) -> Result<Chain, StoreError> {
        let first = Tag {
            seq: 0,
            head: START,
        };
        self.verify_after(desk, first).await
    }

    /// The same for the newest `most` facts alone: what is older is taken as it is.
    ///
    /// # Errors
    ///
    /// The database is away or the desk was never made.
    pub async fn verify_newest(&self, desk: DeskId, most: i64) -> Result<Chain, StoreError> {
        let before = self.tag(desk).await?.seq.saturating_sub(most);
        if before <= 0 {
            return self.verify_chain(desk).await;
        }
        let mut from = Tag {
            seq: before,
            head: START,
        };
        let Some(found) = self.fact_hash(desk, before).await? else {
            from.seq = before.saturating_sub(1);
            return Ok(from.broken());
        };
        from.head = hash(found)?;
        self.verify_after(desk, from).await
    }

    /// Verifies every fact after one that is taken as it is.
    async fn verify_after(&self, desk: DeskId, mut so_far: Tag) -> Result<Chain, StoreError> {
        let tag = self.tag(desk).await?;
        loop {
            let page = sqlx::query!(
                "SELECT seq, kind, at, payload, hash FROM facts
                 WHERE desk_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4",
                desk.0,
                so_far.seq,
                tag.seq,
                PAGE,
            )
            .fetch_all(self.in_time())
            .await?;
            if page.is_empty() {
                break;
            }
            for row in page {
                let link = Link {
                    desk,
                    seq: so_far.seq.saturating_add(1),
                    kind: &row.kind,
                    at: row.at,
                    payload: &row.payload,
                };
                let head = link.hash(&so_far.head);
                if row.seq != link.seq || row.hash != head {
                    return Ok(so_far.broken());
                }
                so_far = Tag {
                    seq: link.seq,
                    head,
                };
            }
        }
        if so_far == tag {
            Ok(Chain {
                holds_to: so_far,
                broken_at: None,
            })
        } else {
            Ok(so_far.broken())
        }
    }

    /// Returns the hash of one fact, when there is one of that number.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn fact_hash(&self, desk: DeskId, seq: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let found = sqlx::query_scalar!(
            "SELECT hash FROM facts WHERE desk_id = $1 AND seq = $2",
            desk.0,
            seq
        )
        .fetch_optional(self.in_time())
        .await?;
        Ok(found)
    }

    /// Returns what names the state of a desk now.
    ///
    /// # Errors
    ///
    /// The database is away or the desk was never made.
    pub async fn tag(&self, desk: DeskId) -> Result<Tag, StoreError> {
        let row = sqlx::query!("SELECT seq, head FROM desks WHERE desk_id = $1", desk.0)
            .fetch_optional(self.in_time())
            .await?
            .ok_or_else(|| StoreError::corrupt("desks", format!("no desk {}", desk.0)))?;
        Ok(Tag {
            seq: row.seq,
            head: hash(row.head)?,
        })
    }
}

impl Tag {
    /// Returns a chain that holds to here and no further.
    const fn broken(self) -> Chain {
        Chain {
            holds_to: self,
            broken_at: Some(self.seq.saturating_add(1)),
        }
    }
}
