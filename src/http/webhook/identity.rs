//! What makes two alerts the same alert.
//!
//! 1. The key is source, kind, instrument, layer, moment (bar time, else timestamp), order id and
//!    the alert's own id.
//! 2. A body without id and moment has no key: it is named by its bytes and the time it came, and
//!    the same bytes within [`REPEAT_WINDOW`] are the same alert.
//! 3. A sender's text is hashed, never part of a name.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use super::Kind;
use crate::domain::ids::{Cause, SignalId};
use crate::domain::signal::{SourceId, Which};

/// How long the same bytes without id and time are the same alert.
pub const REPEAT_WINDOW: TimeDelta = TimeDelta::seconds(20);

/// Hashed first, so that names of another version of the key can never meet these.
const VERSION: &[u8] = b"torana signal 1";

/// What an alert is recognised by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who sent it.
    pub source: SourceId,
    /// Which kind of alert.
    pub kind: Kind,
    /// What it asks for, in one word: orders of one moment differ by it.
    pub word: String,
    /// The instrument, by our name.
    pub instrument: String,
    /// The legs it means.
    pub layer: Option<Which>,
    /// Its bar's time, else its own.
    pub moment: Option<DateTime<Utc>>,
    /// The name of the order in the sender's strategy.
    pub order_id: Option<String>,
    /// The sender's name of this very alert.
    pub alert_id: Option<String>,
    /// SHA-256 of the body as it came.
    pub body_hash: [u8; 32],
}

impl Identity {
    /// Returns whether only its bytes tell it from another: it names neither itself nor a moment.
    pub const fn by_bytes(&self) -> bool {
        self.moment.is_none() && self.alert_id.is_none()
    }

    /// Returns the alert's name at a desk.
    pub fn cause(&self, desk: i32, received: DateTime<Utc>) -> SignalId {
        let mut hash = Sha256::new();
        part(&mut hash, VERSION);
        part(&mut hash, &desk.to_be_bytes());
        part(&mut hash, &self.source.0.to_be_bytes());
        if self.by_bytes() {
            part(&mut hash, &self.body_hash);
            part(&mut hash, &received.timestamp_micros().to_be_bytes());
        } else {
            let moment = self.moment.map(|at| at.timestamp_micros().to_be_bytes());
            part(&mut hash, self.kind.word().as_bytes());
            part(&mut hash, self.word.as_bytes());
            part(&mut hash, self.instrument.as_bytes());
            part(&mut hash, layer_text(self.layer).as_bytes());
            part(
                &mut hash,
                moment.as_ref().map_or(&[], |bytes| bytes.as_slice()),
            );
            part(
                &mut hash,
                self.order_id.as_deref().unwrap_or_default().as_bytes(),
            );
            part(
                &mut hash,
                self.alert_id.as_deref().unwrap_or_default().as_bytes(),
            );
        }
        let digest = hash.finalize();
        let mut bytes = [0; 10];
        for (to, from) in bytes.iter_mut().zip(digest.iter()) {
            *to = *from;
        }
        Cause::from_bytes(bytes)
    }
}

/// Returns the SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Hashes a part with its length before it, so that no two lists of parts hash alike.
fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(bytes);
}

fn layer_text(layer: Option<Which>) -> String {
    match layer {
        None => String::new(),
        Some(Which::All) => "all".to_owned(),
        Some(Which::Layer(direction, layer)) => format!("{direction} {}", layer.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            source: SourceId(1),
            kind: Kind::BaseEntry,
            word: String::new(),
            instrument: "BANK_NIFTY".to_owned(),
            layer: None,
            moment: "2026-11-20T04:30:00Z".parse().ok(),
            order_id: None,
            alert_id: None,
            body_hash: [7; 32],
        }
    }

    #[test]
    fn the_key_names_an_alert_whenever_and_however_often_it_comes() {
        let now: DateTime<Utc> = "2026-11-20T04:30:01Z".parse().unwrap();
        let name = identity().cause(1, now);
        let later = Identity {
            body_hash: [8; 32],
            ..identity()
        };
        assert_eq!(later.cause(1, now + TimeDelta::days(9)), name);
        let others = [
            Identity {
                source: SourceId(2),
                ..identity()
            },
            Identity {
                kind: Kind::Pyramid,
                ..identity()
            },
            Identity {
                word: "BUY".to_owned(),
                ..identity()
            },
            Identity {
                instrument: "COPPER".to_owned(),
                ..identity()
            },
            Identity {
                layer: Some(Which::All),
                ..identity()
            },
            Identity {
                moment: Some(now),
                ..identity()
            },
            Identity {
                order_id: Some("x".to_owned()),
                ..identity()
            },
            Identity {
                alert_id: Some("x".to_owned()),
                ..identity()
            },
        ];
        let mut names: Vec<_> = others.iter().map(|other| other.cause(1, now)).collect();
        names.extend([name, identity().cause(2, now)]);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), others.len() + 2);
    }

    #[test]
    fn without_id_and_time_the_bytes_and_the_moment_of_arrival_name_it() {
        let now: DateTime<Utc> = "2026-11-20T04:30:01Z".parse().unwrap();
        let bare = Identity {
            moment: None,
            order_id: Some("Long".to_owned()),
            ..identity()
        };
        assert!(bare.by_bytes());
        assert_eq!(bare.cause(1, now), bare.cause(1, now));
        assert_ne!(
            bare.cause(1, now),
            bare.cause(1, now + TimeDelta::microseconds(1))
        );
        let named = Identity {
            moment: None,
            alert_id: Some("7".to_owned()),
            ..identity()
        };
        assert!(!named.by_bytes());
    }
}
