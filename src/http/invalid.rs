//! What the message alone showed to be wrong is kept for people: without a key, secrets blanked.

use sha2::{Digest as _, Sha256};
use tracing::warn;

use super::auth::Source;
use super::doors::Doors;
use super::webhook::SignalError;
use crate::domain::ids::{Cause, SignalId};
use crate::store::{SignalRow, Verdict};

/// The longest record that is kept of an alert that means nothing.
const RECORD_BYTES_MAX: usize = 4096;

/// Writes such an alert down. That it could not be is no reason to answer anything else.
pub(super) async fn store(doors: &Doors, source: &Source, (error, record): (&SignalError, &str)) {
    let now = doors.now();
    let row = SignalRow {
        id: name(source, record, now.timestamp_micros()),
        source: source.sender.id,
        received_at: now,
        moment: None,
        kind: "invalid",
        instrument: None,
        alert: None,
        body_hash: None,
        record: if record.len() <= RECORD_BYTES_MAX {
            record
        } else {
            "{}"
        },
        verdict: Verdict::Invalid,
        code: error.code(),
        status: error.status(),
        answer: &error.to_string(),
    };
    let written = doors
        .desk
        .store()
        .record_invalid(doors.desk.id(), &row)
        .await;
    if let Err(error) = written {
        warn!(%error, "an invalid alert was not written down");
    }
}

/// Returns a name that no key leads to.
fn name(source: &Source, record: &str, micros: i64) -> SignalId {
    let mut hash = Sha256::new();
    hash.update(b"torana invalid 1");
    hash.update(source.sender.id.0.to_be_bytes());
    hash.update(micros.to_be_bytes());
    hash.update(record);
    let mut bytes = [0; 10];
    for (to, from) in bytes.iter_mut().zip(hash.finalize().iter()) {
        *to = *from;
    }
    Cause::from_bytes(bytes)
}
