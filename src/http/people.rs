//! Who may send alerts, as the database has it: read again every two seconds, and at once when a
//! secret is unknown, so that a new source works right away.

use core::time::Duration;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::auth::{SecretHash, Signed, Source, Sources};
use super::error::DoorError;
use super::webhook::{Kind, Scope, Sender};
use crate::desk::Desk;
use crate::domain::order::Direction;
use crate::store;

/// How long a list counts without being read again: the time a disabled source may still send.
const FRESH: Duration = Duration::from_secs(2);

/// The list, and when its reading began.
#[derive(Clone, Default)]
struct Held {
    sources: Arc<Sources>,
    read_at: Option<Instant>,
}

/// Who may send alerts.
#[derive(Default)]
pub struct People {
    held: RwLock<Held>,
    reading: Mutex<()>,
}

impl People {
    /// Returns the source a secret belongs to, when it may send from this address.
    pub async fn find(
        &self,
        desk: &Desk,
        secret: &str,
        (address, now): (Option<IpAddr>, DateTime<Utc>),
    ) -> Result<Source, DoorError> {
        let asked = Instant::now();
        let sources = self.read_since(desk, asked.checked_sub(FRESH)).await?;
        if let Ok(source) = sources.find(secret, address, now) {
            return Ok(source.clone());
        }
        let sources = self.read_since(desk, Some(asked)).await?;
        Ok(sources.find(secret, address, now)?.clone())
    }

    /// Returns the list as it was read at this moment or later; whoever waits for a reading shares
    /// the next. A database that is away leaves the list as it was: whoever is known is told so by
    /// the desk.
    async fn read_since(
        &self,
        desk: &Desk,
        moment: Option<Instant>,
    ) -> Result<Arc<Sources>, DoorError> {
        if let Some(sources) = self.held_since(moment) {
            return Ok(sources);
        }
        let _one_reads = self.reading.lock().await;
        if let Some(sources) = self.held_since(moment) {
            return Ok(sources);
        }
        let began = Instant::now();
        let rows = match desk.store().sources(desk.id()).await {
            Ok(rows) => rows,
            Err(error) => {
                let held = self.held();
                let known = held.read_at.map(|_| held.sources);
                return known.ok_or(DoorError::Store(error));
            }
        };
        let sources = Arc::new(Sources::new(rows.iter().filter_map(source).collect()));
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        *held = Held {
            sources: Arc::clone(&sources),
            read_at: Some(began),
        };
        Ok(sources)
    }

    fn held_since(&self, moment: Option<Instant>) -> Option<Arc<Sources>> {
        let held = self.held();
        let read_at = held.read_at?;
        let is_new = moment.is_none_or(|moment| read_at >= moment);
        is_new.then_some(held.sources)
    }

    fn held(&self) -> Held {
        self.held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Returns a row as the doors use it; nothing when it is disabled, or limited by something we do
/// not understand: then it may send nothing.
fn source(row: &store::Source) -> Option<Source> {
    if row.disabled_at.is_some() {
        return None;
    }
    let current = SecretHash {
        hash: row.secret,
        until: None,
    };
    let older = row.older.map(|(hash, until)| SecretHash {
        hash,
        until: Some(until),
    });
    let addresses = row.addresses.iter().map(|text| network(text));
    Some(Source {
        name: row.name.clone(),
        secrets: [current].into_iter().chain(older).collect(),
        addresses: addresses.collect::<Option<_>>()?,
        signed: match row.signature {
            store::Signature::Off => Signed::Off,
            store::Signature::Optional => Signed::Optional,
            store::Signature::Required => Signed::Required,
        },
        sender: sender(row)?,
    })
}

/// Returns what the meaning of a source's alerts depends on; nothing when it is limited by
/// something we do not understand.
pub fn sender(row: &store::Source) -> Option<Sender> {
    Some(Sender {
        id: row.id,
        product: row.product,
        scope: scope(row)?,
        profile: row.profile.clone(),
    })
}

fn scope(row: &store::Source) -> Option<Scope> {
    let kinds = row.kinds.iter().map(|word| kind(word));
    let kinds: std::collections::BTreeSet<Kind> = kinds.collect::<Option<_>>()?;
    let sides = row.sides.iter().map(|word| word.parse().ok());
    let sides: Vec<Direction> = sides.collect::<Option<_>>()?;
    Some(Scope {
        instruments: (!row.instruments.is_empty())
            .then(|| row.instruments.iter().cloned().collect()),
        kinds: (!kinds.is_empty()).then_some(kinds),
        only: match sides.as_slice() {
            [only] => Some(*only),
            _ => None,
        },
    })
}

fn kind(word: &str) -> Option<Kind> {
    Kind::ALL
        .into_iter()
        .find(|kind| kind.word().eq_ignore_ascii_case(word))
}

/// Returns a network, or the one address that a text is.
fn network(text: &str) -> Option<ipnet::IpNet> {
    let net = text.parse().ok();
    net.or_else(|| text.parse::<IpAddr>().ok().map(ipnet::IpNet::from))
}
