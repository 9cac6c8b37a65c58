//! Where a cancel of an order stands, and how often in a row it did not come through.

use chrono::{DateTime, Utc};

use super::{CancelState, Order};
use crate::domain::fact::CancelWhy;

impl Order {
    /// It is to be sent now, whatever became of one before.
    pub(super) const fn cancel_wanted(&mut self, why: CancelWhy) {
        self.cancel = CancelState::Wanted(why, None);
        self.cancel_failures = 0;
    }

    /// The broker took it.
    pub(super) const fn cancel_taken(&mut self, at: DateTime<Utc>) {
        if let CancelState::Wanted(why, _) = self.cancel {
            self.cancel = CancelState::Taken(why);
            self.cancel_failures = 0;
            self.not_before = Some(at);
        }
    }

    /// It is to be sent again. One that was taken and does not show has waited already.
    pub(super) const fn cancel_failed(&mut self, not_before: DateTime<Utc>) {
        let (why, failures) = match self.cancel {
            CancelState::None => return,
            CancelState::Taken(why) => (why, 0),
            CancelState::Wanted(why, _) => (why, self.cancel_failures.saturating_add(1)),
        };
        self.cancel = CancelState::Wanted(why, Some(not_before));
        self.cancel_failures = failures;
    }
}
