//! The only place that reads a clock.

use core::time::Duration;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

/// How far a clock may be from the passing of time before that is worth a word. What a clock is set
/// right by is less.
pub const JUMP: TimeDelta = TimeDelta::seconds(2);

/// Returns by how much a clock jumped that showed one time and then, after so long, another.
pub fn jumped(
    (before, after): (DateTime<Utc>, DateTime<Utc>),
    passed: Duration,
) -> Option<TimeDelta> {
    let passed = TimeDelta::from_std(passed).ok()?;
    let jump = after - before - passed;
    (jump.abs() > JUMP).then_some(jump)
}

/// Returns the time a decision is made at, when the newest fact is of another. A clock that is set
/// right by a little never takes time back; one that was set back further counts as it is, as waits,
/// sessions and the ages of prices are of the world's time.
pub fn decided_at(read: DateTime<Utc>, newest: DateTime<Utc>) -> DateTime<Utc> {
    if newest - read > JUMP {
        read
    } else {
        read.max(newest)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_clock_jumps_when_it_shows_more_or_less_than_has_passed() {
        let second = Duration::from_secs(1);
        assert_eq!(jumped((at(0), at(1)), second), None);
        assert_eq!(jumped((at(0), at(3)), second), None);
        assert_eq!(jumped((at(0), at(4)), second), Some(TimeDelta::seconds(3)));
        let hour = Some(TimeDelta::seconds(-3_600));
        assert_eq!(jumped((at(3_600), at(1)), second), hour);
    }

    #[test]
    fn a_small_step_back_takes_no_time_back_and_a_large_one_counts() {
        assert_eq!(decided_at(at(5), at(3)), at(5));
        assert_eq!(decided_at(at(3), at(5)), at(5));
        assert_eq!(decided_at(at(2), at(5)), at(2));
    }
}
