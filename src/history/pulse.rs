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
    /// Returns whether time is due before a moment.
    pub(super) fn is_due_before(self, at: DateTime<Utc>) -> bool {
        self.since(at).is_none_or(|since| since > STEP)
    }

    /// Returns whether time is due so long after a moment, and if so takes it that it is fed.
    pub(super) fn beats(&mut self, at: DateTime<Utc>, after: TimeDelta) -> bool {
        let since = self.since(at).map(|since| since + after);
        let is_due = since.is_none_or(|since| since >= STEP);
        if is_due {
            self.0 = Some((at, after));
        }
        is_due
    }

    fn since(self, at: DateTime<Utc>) -> Option<TimeDelta> {
        self.0.map(|(from, after)| passed(from, at) - after)
    }
}
