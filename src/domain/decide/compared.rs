//! What follows when OpenAlgo says otherwise about a contract or its market than our files do.
//!
//! 1. Both versions become one finding, told once, and the instrument takes no new risk.
//! 2. It ends by itself once both say the same; that the instrument is active again is a person's
//!    word, and so is that a finding is none.

use super::Decision;
use crate::domain::book::Book;
use crate::domain::close::Compared;
use crate::domain::fact::Fact;
use crate::domain::finding::{CALENDAR, Drift, Finding, FindingEnd};
use crate::domain::input::Scope;

impl Decision<'_> {
    pub(super) fn compared(&mut self, compared: &Compared) {
        let known = known(self.view.book, compared);
        let Some((ours, theirs)) = &compared.differs else {
            if let Some(known) = known {
                let why = "our files and OpenAlgo say the same again";
                self.settle_finding(known, FindingEnd::Agreed, why);
            }
            return;
        };
        let symbol = self.view.rules.instruments.symbol(compared.contract);
        let words = format!("{symbol}: ours {ours}; OpenAlgo's {theirs}");
        if let Some(known) = known {
            if known.drift.symbol == words {
                return;
            }
            self.settle_finding(
                known,
                FindingEnd::Changed,
                "OpenAlgo says something else now",
            );
        }
        let mut drift = Drift::told(compared.finding, compared.code, words);
        drift.contract = Some(compared.contract);
        self.say(Fact::DriftFound(Box::new(drift)));
        let scope = Scope::Instrument(compared.contract.instrument);
        self.reduce(scope, compared.code.0);
    }
}

/// Returns the finding about the same: hours are the instrument's, all else is the contract's.
fn known<'a>(book: &'a Book, compared: &Compared) -> Option<&'a Finding> {
    let contract = compared.contract;
    book.findings.values().find(|one| {
        let drift = &one.drift;
        let same = match drift.contract {
            Some(of) if compared.code == CALENDAR => of.instrument == contract.instrument,
            of => of == Some(contract),
        };
        one.end.is_none() && drift.code == compared.code && same
    })
}
