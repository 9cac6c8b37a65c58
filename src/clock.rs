//! The only place that reads a clock.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Returns the time now.
    fn now(&self) -> DateTime<Utc>;
}

/// The computer's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one clock; time is an argument elsewhere"
    )]
    fn now(&self) -> DateTime<Utc> {
        let now = Utc::now();
        // The database keeps microseconds; a book in memory must not know more than its rows.
        now.duration_trunc(TimeDelta::microseconds(1))
            .unwrap_or(now)
    }
}
