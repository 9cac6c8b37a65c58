//! Read-only views: what people, scripts and dashboards ask for.
//!
//! 1. Nothing here writes, takes the desk's lock, or is decided on.
//! 2. Every list has a limit, and a cursor to go on from: the newest come first, but facts.
//! 3. Decimals leave as text without trailing zeros: no reader needs a float.

mod alerts;
mod facts;
mod findings;
mod held;
mod known;
mod marks;
mod money;
mod orders;
mod processes;
mod signals;
mod sources;
mod whole;
mod worries;

pub use alerts::Came;
pub use facts::{Fact, GoalName, SignalName};
pub use findings::{Finding, Repair, findings, sentences};
pub use held::{Leg, Position, positions, unwatched};
pub use known::{Instrument, instruments};
pub use marks::{Mark, marks};
pub use money::{Fill, LedgerRow, Trade};
pub use orders::{Intent, Order};
pub use processes::{Desk, Lease};
pub use signals::Signal;
pub use sources::Source;
pub use whole::{Account, Band, InstrumentState, Portfolio, Status, portfolio, status};
pub use worries::worries;

/// The most rows of one answer.
pub const ROWS_MAX: u32 = 1_000;

/// Which rows of a list: those that come after `before`, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// The last row seen, by its id.
    pub before: Option<String>,
    /// How many rows; at most [`ROWS_MAX`].
    pub limit: u32,
}

impl Page {
    /// Returns the newest rows.
    pub const fn newest(limit: u32) -> Self {
        Self {
            before: None,
            limit,
        }
    }

    fn rows(&self) -> i64 {
        i64::from(self.limit.min(ROWS_MAX))
    }

    /// Returns the number that `before` is, where rows are numbered.
    fn seq(&self) -> Option<i64> {
        self.before.as_ref().and_then(|text| text.parse().ok())
    }
}
