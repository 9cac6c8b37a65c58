//! OpenAlgo's rate limits: a moving window of a second for each route and sender.

use core::net::IpAddr;
use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

const WINDOW: TimeDelta = TimeDelta::seconds(1);

/// The calls of the last second.
#[derive(Debug, Default)]
pub(super) struct Limits {
    calls: BTreeMap<(&'static str, IpAddr), VecDeque<DateTime<Utc>>>,
}

impl Limits {
    /// Counts a call and returns whether it is within the limit; one that is not counts for nothing.
    pub(super) fn admit(
        &mut self,
        on: (&'static str, IpAddr),
        most: usize,
        now: DateTime<Utc>,
    ) -> bool {
        let calls = self.calls.entry(on).or_default();
        while calls.front().is_some_and(|first| now - *first >= WINDOW) {
            calls.pop_front();
        }
        let fits = calls.len() < most;
        if fits {
            calls.push_back(now);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_call_of_a_second_is_one_too_many_and_the_window_moves() {
        let mut limits = Limits::default();
        let on = ("placeorder", IpAddr::from([127, 0, 0, 1]));
        let start = DateTime::UNIX_EPOCH;
        assert!((0..10).all(|_| limits.admit(on, 10, start)));
        assert!(!limits.admit(on, 10, start));
        assert!(limits.admit(("cancelorder", on.1), 10, start));
        assert!(limits.admit(on, 10, start + WINDOW));
    }
}
