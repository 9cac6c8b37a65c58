//! What the broker's books show, against ours.

use super::Decision;
use crate::domain::broker_book::BrokerBook;
use crate::domain::fact::Fact;
use crate::domain::finding::FindingEnd;
use crate::domain::ids::FindingId;
use crate::domain::input::Operator;

impl Decision<'_> {
    pub(super) fn broker_book(&mut self, seen: &BrokerBook) {
        debug_assert!(seen.at <= self.view.now, "a reading is of the past");
    }

    /// A person says that a finding is none.
    pub(super) fn dismiss(&mut self, finding: FindingId, operator: &Operator) {
        let known = self.view.book.findings.get(&finding);
        if known.is_some_and(crate::domain::finding::Finding::is_open) {
            self.say(Fact::FindingSettled {
                finding,
                how: FindingEnd::Dismissed,
                by: operator.by.clone(),
                why: operator.why.clone(),
            });
        }
    }
}
