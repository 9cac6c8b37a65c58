//! Who sends alerts, and within which bounds.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::Kind;
use crate::domain::order::{Direction, Product};
use crate::domain::signal::SourceId;

/// How old, and how early, an alert may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgeLimits {
    /// Of an entry.
    pub entry: TimeDelta,
    /// Of an end-of-day scout.
    pub eod: TimeDelta,
    /// How far ahead a sender's clock may run.
    pub ahead: TimeDelta,
}

impl Default for AgeLimits {
    fn default() -> Self {
        Self {
            entry: TimeDelta::seconds(90),
            eod: TimeDelta::seconds(20),
            ahead: TimeDelta::seconds(5),
        }
    }
}

/// What a source may ask for; nothing named means anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The instruments, by our names.
    pub instruments: Option<BTreeSet<String>>,
    /// The kinds of alerts.
    pub kinds: Option<BTreeSet<Kind>>,
    /// The only way its positions may gain.
    pub only: Option<Direction>,
}

/// The source an alert came from, as far as its meaning depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Which.
    pub id: SourceId,
    /// How its positions are carried unless an alert says otherwise.
    pub product: Option<Product>,
    /// What it may ask for.
    pub scope: Scope,
    /// The stricter profile its entries are judged by as well.
    pub profile: Option<String>,
}
