//! When time is fed: once a minute, where nothing works.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::calendar::passed;

/// How far apart time is fed.
const STEP: TimeDelta = TimeDelta::minutes(1);

/// When time was fed last: so long after a moment, as sums of moments are dear; nothing where it is
/// to be fed anew.
#[derive(Clone, Copy, Default)]
pub(super) struct Pulse(Option<(DateTime<Utc>, TimeDelta)>);

impl Pulse {
    /// Returns whether time is due at a moment, and if so takes it that it is fed.
    pub(super) fn beats(&mut self, at: DateTime<Utc>) -> bool {
        let since = self.0.map(|(from, after)| passed(from, at) - after);
        let is_due = since.is_none_or(|since| since >= STEP);
        if is_due {
            self.0 = Some((at, TimeDelta::zero()));
        }
        is_due
    }

    /// Returns what it is once each of these times after a moment has passed, where time is fed at
    /// each at which it is due.
    #[must_use]
    pub(super) fn through(self, at: DateTime<Utc>, steps: &[TimeDelta]) -> Self {
        let since = self.0.map(|(from, after)| passed(from, at) - after);
        let mut due = since.map_or(TimeDelta::MIN, |since| STEP - since);
        let mut fed = None;
        for step in steps {
            if *step >= due {
                due = *step + STEP;
                fed = Some((at, *step));
            }
        }
        Self(fed.or(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_steps_feed_time_when_one_by_one_would() {
        let begins: DateTime<Utc> = "2026-11-27T04:00:00Z".parse().unwrap();
        for (apart, ahead) in [(10, 0), (20, 5), (59, 0), (60, 0), (61, 7), (200, 1)] {
            let steps: Vec<TimeDelta> = (0..7).map(|n| TimeDelta::seconds(n * apart)).collect();
            let mut alone = Pulse::default();
            alone.beats(begins - TimeDelta::seconds(ahead));
            let together = alone.through(begins, &steps);
            for step in steps {
                alone.beats(begins + step);
            }
            let at = |pulse: Pulse| pulse.0.map(|(from, after)| from + after);
            assert_eq!(at(together), at(alone), "{apart} {ahead}");
        }
    }
}
