//! Do orders reach the broker? Until that is proved nothing is entered; while they would go
//! elsewhere nothing leaves at all.
//!
//! 1. Each is a finding, told once. It ends by itself when the way is proved; that the desk is
//!    active again is a person's word.
//! 2. A doubt never takes the place of knowing that orders go elsewhere. That they go to the broker
//!    again does: exits leave from then on, and entries wait until all is proved.

use super::Decision;
use crate::domain::fact::{Code, Fact};
use crate::domain::finding::{Drift, ELSEWHERE, FindingEnd, UNPROVED};
use crate::domain::ids::FindingId;
use crate::domain::input::{Route, Scope, SeenRoute};

impl Decision<'_> {
    pub(super) fn route(&mut self, seen: &SeenRoute) {
        let stands = |code| self.view.book.standing(code).is_some();
        match &seen.route {
            Route::Unproved(words) if !stands(UNPROVED) => {
                self.way_found(seen.finding, (UNPROVED, words));
                self.reduce(Scope::Desk, UNPROVED.0);
            }
            Route::Elsewhere(words) if !stands(ELSEWHERE) => {
                self.way_found(seen.finding, (ELSEWHERE, words));
                self.reduce(Scope::Desk, ELSEWHERE.0);
            }
            Route::Proved(words) => {
                for code in [UNPROVED, ELSEWHERE] {
                    if let Some(finding) = self.view.book.standing(code) {
                        self.settle_finding(finding, FindingEnd::Agreed, words);
                    }
                }
            }
            Route::Back(words) => {
                if let Some(finding) = self.view.book.standing(ELSEWHERE) {
                    // no new doubt, but what is left of one: the state stays as it is
                    if !stands(UNPROVED) {
                        self.way_found(seen.finding, (UNPROVED, words));
                    }
                    self.settle_finding(finding, FindingEnd::Agreed, words);
                }
            }
            Route::Unproved(_) | Route::Elsewhere(_) => {}
        }
    }

    fn way_found(&mut self, finding: FindingId, (code, words): (Code, &str)) {
        let drift = Drift::told(finding, code, words.to_owned());
        self.say(Fact::DriftFound(Box::new(drift)));
    }
}
