//! What a simulator shows of itself.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::money::Money;

use super::account::Account;
use super::order::{Order, Trade};

/// One call as it came in; the key is not in it.
#[derive(Clone, Debug)]
pub struct Call {
    /// When.
    pub at: DateTime<Utc>,
    /// Route, or the path when there is none.
    pub route: String,
    /// Body without `apikey`.
    pub body: Value,
}

/// Everything there is to know, for tests and for the curious.
#[derive(Clone, Debug)]
pub struct SimState {
    /// Orders, oldest first.
    pub orders: Vec<Order>,
    /// Fills, oldest first.
    pub trades: Vec<Trade>,
    /// Cash, positions and charges.
    pub account: Account,
    /// Cash that nothing blocks.
    pub available: Money,
    /// Margin in use.
    pub blocked: Money,
    /// How often each route was called.
    pub calls: BTreeMap<String, u64>,
    /// The newest calls, oldest first.
    pub log: Vec<Call>,
    /// Words of the faults that are on.
    pub faults: Vec<&'static str>,
}
