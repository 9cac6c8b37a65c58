//! Orders and trades as the broker's books know them.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::domain::money::{Money, Price};

use super::account::PositionKey;
use super::event::Placed;
use super::fills::Terms;

/// OpenAlgo's words for where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Waits for its price.
    Open,
    /// Waits for its trigger.
    TriggerPending,
    /// All of it traded.
    Complete,
    /// Taken back; what had traded stays.
    Cancelled,
    /// Refused.
    Rejected,
}

/// One order of the book.
#[derive(Clone, Debug)]
pub struct Order {
    /// As it was taken, with the terms now in force.
    pub placed: Placed,
    /// Units asked for now.
    pub quantity: u64,
    /// Terms now in force.
    pub terms: Terms,
    /// Where it stands.
    pub status: Status,
    /// Units traded.
    pub filled: u64,
    /// Price times units traded.
    pub value: Decimal,
    /// Charges so far.
    pub charges: Money,
    /// Units that trade although it was cancelled.
    pub late: u64,
    /// Why it was refused.
    pub reason: String,
    /// When it was taken.
    pub at: DateTime<Utc>,
}

/// One fill of the trade book.
#[derive(Clone, Debug)]
pub struct Trade {
    /// Whose.
    pub order: String,
    /// Units.
    pub quantity: u64,
    /// Price of one unit.
    pub price: Price,
    /// Charges of this fill.
    pub charges: Money,
    /// When.
    pub at: DateTime<Utc>,
}

impl Status {
    /// Returns OpenAlgo's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::TriggerPending => "trigger pending",
            Self::Complete => "complete",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
        }
    }

    /// Returns whether it can still trade in the ordinary way.
    pub const fn works(self) -> bool {
        match self {
            Self::Open | Self::TriggerPending => true,
            Self::Complete | Self::Cancelled | Self::Rejected => false,
        }
    }
}

impl Order {
    /// Returns the average price of what traded, or zero.
    pub fn average(&self) -> Decimal {
        self.value
            .checked_div(Decimal::from(self.filled))
            .unwrap_or_default()
    }

    /// Returns the units still asked for.
    pub const fn pending(&self) -> u64 {
        self.quantity.saturating_sub(self.filled)
    }

    /// Returns what names its position.
    pub fn position(&self) -> PositionKey {
        PositionKey {
            exchange: self.placed.exchange,
            symbol: self.placed.symbol.clone(),
            product: self.placed.product,
        }
    }

    /// Returns the units that may trade now.
    pub(super) fn fillable(&self) -> u64 {
        if self.late > 0 {
            return self.late;
        }
        let most = self.placed.held_at.unwrap_or(u64::MAX).min(self.quantity);
        most.saturating_sub(self.filled)
    }

    /// Returns the order as it is when it comes in.
    pub(super) fn taken(placed: Placed, at: DateTime<Utc>) -> Self {
        let terms = Terms::from(placed.terms);
        Self {
            quantity: placed.quantity,
            terms,
            status: if terms.kind.waits() {
                Status::TriggerPending
            } else {
                Status::Open
            },
            filled: 0,
            value: Decimal::ZERO,
            charges: Money::ZERO,
            late: 0,
            reason: String::new(),
            at,
            placed,
        }
    }
}
