//! When time is fed: once a minute, where nothing works.

use chrono::{DateTime, TimeDelta, Utc};

/// How far apart time is fed, in nanoseconds.
const STEP: i64 = 60_000_000_000;

/// When time was fed last, in nanoseconds since 1970, which are sooner compared than moments are;
/// nothing where it is to be fed anew.
#[derive(Clone, Copy, Default)]
pub(super) struct Pulse(Option<i64>);

impl Pulse {
    /// Returns whether time is due at a moment, and if so takes it that it is fed.
    pub(super) fn beats(&mut self, at: DateTime<Utc>) -> bool {
        let before = *self;
        *self = self.through(at, [0]);
        self.0 != before.0
    }

    /// Returns what it is once each of these times after a moment has passed, where time is fed at
    /// each at which it is due.
    #[must_use]
    pub(super) fn through<const N: usize>(self, at: DateTime<Utc>, steps: [i64; N]) -> Self {
        let from = at.timestamp_nanos_opt().unwrap_or(i64::MAX);
        let mut fed = self.0;
        for step in steps {
            let now = from.saturating_add(step);
            if fed.is_none_or(|last| now.saturating_sub(last) >= STEP) {
                fed = Some(now);
            }
        }
        Self(fed)
    }
}

/// Returns a time in nanoseconds.
pub(super) fn nanoseconds(time: TimeDelta) -> i64 {
    time.num_nanoseconds().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_steps_feed_time_when_one_by_one_would() {
        let begins: DateTime<Utc> = "2026-11-27T04:00:00Z".parse().unwrap();
        let mut fed = 0;
        for (apart, ahead) in [(10, 0), (20, 5), (59, 0), (60, 0), (61, 7), (200, 1)] {
            let steps = [0, 1, 2, 3, 4, 5].map(|step| TimeDelta::seconds(step * apart));
            let mut alone = Pulse::default();
            assert!(alone.beats(begins - TimeDelta::seconds(ahead)));
            let together = alone.through(begins, steps.map(nanoseconds));
            for step in steps {
                fed += u32::from(alone.beats(begins + step));
            }
            assert_eq!(together.0, alone.0, "{apart} {ahead}");
        }
        assert_eq!(fed, 1 + 2 + 5 + 5 + 5);
    }
}
