//! What can be made to go wrong, switchable while the simulator runs.
//!
//! `PUT /_sim/faults` takes one object or a list of them: `{"fault":"hang_after_accept","count":1,
//! "ms":500}`. Without `count` a fault stays until `DELETE /_sim/faults`; with `route` it strikes
//! that route only.

use core::fmt;
use core::str::FromStr;

use serde::Deserialize;

macro_rules! faults {
    ($($variant:ident = $word:literal: $what:literal,)*) => {
        /// One thing that can be made to go wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FaultName { $(
            #[doc = $what]
            $variant,
        )* }

        impl FaultName {
            /// Every fault with its word and what it does.
            pub const TABLE: &'static [(Self, &'static str, &'static str)] =
                &[$((Self::$variant, $word, $what),)*];
        }
    };
}

// One table makes the names, the words and the documentation, so that they cannot drift apart.
faults! {
    // Placing an order.
    NullOrderid = "null_orderid": "200 success with `orderid: null`; no order is taken, with `accept` one is.",
    PlaceholderOrderid = "placeholder_orderid": "200 success with the id `ORDER_PLACED`; the order is taken.",
    NumericOrderid = "numeric_orderid": "Order ids are JSON numbers, in answers and in books.",
    Created201Error = "created_201_error": "201 with `status: error`; the order is taken.",
    Error500AfterAccept = "error_500_after_accept": "500; the order is taken.",
    Error500Nothing = "error_500_nothing": "The same 500; no order is taken.",
    HangAfterAccept = "hang_after_accept": "The order is taken, then silence for `ms` (125 s), then 500.",
    HangThenAccept = "hang_then_accept": "Silence for `ms` (125 s), then the order is taken even when the caller has gone, then 500.",
    HangNothing = "hang_nothing": "Silence for `ms` (125 s), then 500; no order is taken.",
    ResetAfterAccept = "reset_after_accept": "The order is taken and the connection is reset.",
    ResetBefore = "reset_before": "The connection is reset; nothing happens.",
    Reject = "reject": "400 with `text` as the broker's words; no order is taken.",
    RejectAfterAck = "reject_after_ack": "200 with an id, and the book then says rejected for `text`.",
    PartialFill = "partial_fill": "Orders fill `n` units and rest until faults are cleared.",
    // Cancelling one.
    FillAfterCancel = "fill_after_cancel": "Cancel succeeds and the book says cancelled; at the next price all that was pending trades.",
    CancelWithFill = "cancel_with_fill": "`n` units (half) trade, then the order is cancelled.",
    CancelFails500 = "cancel_fails_500": "500; the order stays.",
    // Any call.
    Limiter429 = "limiter_429": "OpenAlgo's own limiter: 429 without `status`.",
    Broker429 = "broker_429": "The broker's limiter: 429 with `status: error`.",
    SessionExpired403 = "session_expired_403": "403 `Invalid openalgo apikey` where a broker session is needed.",
    SemiAuto = "semi_auto": "Orders are queued for a person; cancel, modify and close are 403.",
    Analyze = "analyze": "The server has flipped to analyze mode: answers say so.",
    Slow = "slow": "Every answer comes `ms` later.",
    Error500 = "error_500": "500 `Server disconnected without sending a response.`",
    // Books.
    DelayedOrderbook = "delayed_orderbook": "Orders appear in order book and order status `ms` after they were taken (never without it).",
    DelayedTradebook = "delayed_tradebook": "Trades appear in the trade book `ms` after they happened (never without it).",
    EmptyBooks = "empty_books": "Every book is an empty list with success.",
    Orderbook500 = "orderbook_500": "The order book, and order status with it, is 500.",
    Tradebook500 = "tradebook_500": "The trade book is 500.",
    PositionsNoLtp = "positions_no_ltp": "Position rows without `ltp` and `pnl`.",
    StringNumbers = "string_numbers": "Numbers in books and quotes are strings.",
    FundsEmpty = "funds_empty": "`data: {}` with success.",
    FundsNan = "funds_nan": "A bare `NaN` in the funds.",
    // Prices.
    QuoteZero = "quote_zero": "Quotes are all zeros with success.",
    QuoteStale = "quote_stale": "Quotes stand still as they were when it was switched on.",
    NoQuote = "no_quote": "Quotes are 500.",
    NoHistory = "no_history": "The history is 500.",
    // The feed.
    MuteFeed = "mute_feed": "The feed is silent, and its sockets stay open.",
    DropFeed = "drop_feed": "Connections to the feed are closed at the next frame.",
    DelayFeed = "delay_feed": "The feed waits `ms` (1000) before each frame.",
    GarbageTick = "garbage_tick": "Ticks say `n` rupees (1), whatever the price is.",
    DropUpdates = "drop_updates": "Order updates are lost.",
    DuplicateUpdates = "duplicate_updates": "Order updates come twice.",
    UpdateBeforeAck = "update_before_ack": "Order updates come `ms` (200) before the answer they belong to.",
}

/// A fault and how it strikes.
#[derive(Clone, Debug, Deserialize)]
pub struct Fault {
    /// Which.
    #[serde(alias = "place", alias = "name", deserialize_with = "named")]
    pub fault: FaultName,
    /// How often; until cleared when missing.
    pub count: Option<u32>,
    /// Milliseconds, where it has any.
    pub ms: Option<u64>,
    /// Units, where it has any.
    pub n: Option<u64>,
    /// The broker's words, where it has any.
    pub text: Option<String>,
    /// The only route it strikes.
    pub route: Option<String>,
    /// Whether the order is taken all the same (`null_orderid`).
    #[serde(default)]
    pub accept: bool,
}

/// The faults that are on.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    on: Vec<Fault>,
}

/// A word that names no fault.
#[derive(Debug, thiserror::Error)]
#[error("unknown fault `{0}`")]
pub struct UnknownFault(String);

impl FaultName {
    /// Returns its word.
    pub fn word(self) -> &'static str {
        Self::TABLE
            .iter()
            .find(|(name, _, _)| *name == self)
            .map_or("", |(_, word, _)| word)
    }
}

impl FromStr for FaultName {
    type Err = UnknownFault;
    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        Self::TABLE
            .iter()
            .find(|(_, word, _)| *word == text)
            .map(|(name, _, _)| *name)
            .ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

impl fmt::Display for FaultName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

fn named<'de, D: serde::Deserializer<'de>>(from: D) -> Result<FaultName, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(serde::de::Error::custom)
}

impl Fault {
    /// Returns a fault that stays until cleared.
    pub const fn new(fault: FaultName) -> Self {
        Self {
            fault,
            count: None,
            ms: None,
            n: None,
            text: None,
            route: None,
            accept: false,
        }
    }

    /// Returns it striking the next call only.
    #[must_use]
    pub const fn once(mut self) -> Self {
        self.count = Some(1);
        self
    }

    /// Returns it with so many milliseconds.
    #[must_use]
    pub const fn ms(mut self, ms: u64) -> Self {
        self.ms = Some(ms);
        self
    }

    /// Returns it with so many units.
    #[must_use]
    pub const fn n(mut self, n: u64) -> Self {
        self.n = Some(n);
        self
    }
}

impl Faults {
    /// Switches one on, beside those that are.
    pub fn add(&mut self, fault: Fault) {
        self.on.push(fault);
    }

    /// Switches everything off.
    pub fn clear(&mut self) {
        self.on.clear();
    }

    /// Returns the words of those that are on.
    pub fn words(&self) -> Vec<&'static str> {
        self.on.iter().map(|fault| fault.fault.word()).collect()
    }

    /// Returns the fault when it is on for a route, and counts that it struck.
    pub fn strike(&mut self, name: FaultName, route: &str) -> Option<Fault> {
        let at = self.on.iter().position(|one| one.is(name, route))?;
        let one = self.on.get_mut(at)?;
        let struck = one.clone();
        if let Some(count) = &mut one.count {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.on.remove(at);
            }
        }
        Some(struck)
    }

    /// Returns whether the fault is on, without counting.
    pub fn is_on(&self, name: FaultName) -> bool {
        self.on.iter().any(|one| one.fault == name)
    }
}

impl Fault {
    fn is(&self, name: FaultName, route: &str) -> bool {
        self.fault == name && self.route.as_deref().is_none_or(|only| only == route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_fault_strikes_so_often_and_no_more() {
        let mut faults = Faults::default();
        let two = r#"{"place":"limiter_429","count":2,"route":"placeorder"}"#;
        faults.add(serde_json::from_str(two).unwrap());
        assert!(faults.strike(FaultName::Limiter429, "orderbook").is_none());
        assert!(faults.strike(FaultName::Limiter429, "placeorder").is_some());
        assert!(faults.strike(FaultName::Limiter429, "placeorder").is_some());
        assert!(faults.strike(FaultName::Limiter429, "placeorder").is_none());
        assert!(serde_json::from_str::<Fault>(r#"{"fault":"nonsense"}"#).is_err());
    }
}
