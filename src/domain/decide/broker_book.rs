//! What follows when our book and the broker's differ: a finding with both versions, no new risk in
//! that instrument, and one change of our book that a person confirms.
//!
//! 1. Nothing here sends an order. A repair makes our legs smaller at the price the lots went for.
//! 2. The same difference is found once. It ends by itself when both books agree again.
//! 3. A repair is a person's to confirm, but for one: an intraday position that the trade book
//!    proves to have been closed by somebody else, to the last unit (the broker's own square-off).
//! 4. No repair is made while an exit of that contract is at the broker: both would count the same
//!    lots.
//! 5. Repairs book the gain and no charges: those of a trade we did not make are not known.

use super::Decision;
use crate::domain::book::{Leg, Order, OrderState, share};
use crate::domain::broker_book::{BrokerBook, NetKey};
use crate::domain::fact::{Fact, LedgerKind, Movement, Reduction};
use crate::domain::finding::{Broken, Drift, Finding, FindingEnd, JOURNAL, PriceBasis, Repair};
use crate::domain::ids::{Cause, FindingId, IntentId, Purpose};
use crate::domain::input::{Operator, Scope};
use crate::domain::money::{Lots, Money, Points, Price};
use crate::domain::order::{Direction, Product};
use crate::domain::reconcile::{self, Difference, EQUITY, FOREIGN, Judged, Subject};

/// Who settles what settles itself.
const TORANA: &str = "torana";

impl Decision<'_> {
    pub(super) fn broker_book(&mut self, seen: &BrokerBook) {
        let view = self.view;
        for (number, (subject, judged)) in
            (0_u8..=u8::MAX).zip(reconcile::compare(view.book, view.rules, seen))
        {
            let known = view.book.findings.values().find(|one| {
                let open = one.end.is_none() && !one.drift.is_told();
                open && Subject::of(&one.drift) == subject
            });
            match (judged, known) {
                (Judged::Open, _) | (Judged::Agrees, None) => {}
                (Judged::Agrees, Some(known)) => {
                    self.settle_finding(known, FindingEnd::Agreed, "both books agree again");
                }
                (Judged::Differs(found), Some(known)) if is_same(&known.drift, &found) => {}
                (Judged::Differs(found), known) => {
                    if let Some(known) = known {
                        self.settle_finding(
                            known,
                            FindingEnd::Changed,
                            "the books differ otherwise",
                        );
                    }
                    let finding = FindingId(seen.id.next(number));
                    self.found(seen, finding, (&subject, &found));
                }
            }
        }
    }

    pub(super) fn settle_finding(&mut self, finding: &Finding, how: FindingEnd, why: &str) {
        self.say(Fact::FindingSettled {
            finding: finding.drift.finding,
            how,
            by: TORANA.to_owned(),
            why: why.to_owned(),
        });
    }

    fn found(
        &mut self,
        seen: &BrokerBook,
        finding: FindingId,
        (subject, found): (&Subject, &Difference),
    ) {
        let (symbol, product, order) = match subject {
            Subject::Position(contract, product) => {
                let symbol = self.view.rules.instruments.symbol(*contract);
                (symbol, Some(*product), None)
            }
            Subject::Foreign(symbol, product) => (symbol.clone(), *product, None),
            Subject::Order(id) => {
                let contract = found.contract;
                let symbol = contract.map(|one| self.view.rules.instruments.symbol(one));
                (symbol.unwrap_or_default(), None, Some(id.clone()))
            }
            Subject::Equity => (String::new(), None, None),
        };
        self.say(Fact::DriftFound(Box::new(Drift {
            finding,
            code: found.code,
            contract: found.contract,
            symbol,
            product,
            order,
            ours: found.ours,
            theirs: found.theirs,
        })));
        let Subject::Position(contract, product) = *subject else {
            return self.reduce_for(found);
        };
        let (books, key) = ((self.view.book, self.view.rules), (contract, product));
        let repair = reconcile::propose(books, seen, (finding, found, product));
        if let Some(repair) = &repair {
            self.say(Fact::RepairProposed(Box::new(repair.clone())));
        }
        let gone = found.theirs.unwrap_or_default().is_zero();
        match repair {
            Some(repair)
                if product == Product::Mis && gone && repair.basis == PriceBasis::Traded =>
            {
                let why = "the trade book shows every unit of it closed by another's orders";
                self.repair(key, &repair, (finding.0, TORANA, why));
            }
            Some(_) | None => self.reduce_for(found),
        }
    }

    /// Our own journal or rows were changed by another hand: the same is found once, and no new risk
    /// is taken until a person has looked.
    pub(super) fn journal_broken(&mut self, broken: &Broken) {
        let mut findings = self.view.book.findings.values();
        let same = |drift: &Drift| drift.code == JOURNAL && drift.symbol == broken.words;
        if findings.any(|one| one.end.is_none() && same(&one.drift)) {
            return;
        }
        let mut drift = Drift::told(broken.finding, JOURNAL, broken.words.clone());
        drift.ours = broken.seq.into();
        self.say(Fact::DriftFound(Box::new(drift)));
        self.reduce(Scope::Desk, JOURNAL.0);
    }

    /// Everything was read again and is what it should be: what was found broken is repaired. That the
    /// desk is active again is a person's word.
    pub(super) fn journal_whole(&mut self) {
        let findings = self.view.book.findings.values();
        let broken = findings.filter(|one| one.end.is_none() && one.drift.code == JOURNAL);
        for finding in broken {
            let why = "the whole journal was read again, and the rows are what it says";
            self.settle_finding(finding, FindingEnd::Agreed, why);
        }
    }

    /// No new risk where the books differ; what is none of our instruments, and money, is said only.
    fn reduce_for(&mut self, found: &Difference) {
        if found.code == EQUITY || found.code == FOREIGN {
            return;
        }
        let scope = found
            .contract
            .map_or(Scope::Desk, |one| Scope::Instrument(one.instrument));
        self.reduce(scope, found.code.0);
    }

    /// A person confirms the proposed change of our book, at another price when one is named.
    pub(super) fn confirm(&mut self, id: FindingId, price: Option<Price>, operator: &Operator) {
        let book = self.view.book;
        let Some(finding) = book.findings.get(&id).filter(|one| one.end.is_none()) else {
            return;
        };
        let (Some(repair), Some(contract), Some(product)) = (
            &finding.repair,
            finding.drift.contract,
            finding.drift.product,
        ) else {
            return;
        };
        let key = (contract, product);
        // What is on its way out was counted on what the finding shows: its fill says more.
        let leaves = |order: &Order| {
            (order.contract, order.product) == key
                && order.id.intent.purpose == Purpose::Exit
                && order.state != OrderState::Wanted
        };
        if book.live_orders().any(leaves) {
            return;
        }
        let ours = reconcile::ours(book, self.view.rules, (key, self.view.now));
        // our book has moved since: the next reading says what differs now
        if ours.map(Into::into) != Some(finding.drift.ours) {
            return;
        }
        let mut repair = repair.clone();
        repair.price = price.unwrap_or(repair.price);
        if price.is_some() {
            repair.basis = PriceBasis::Person;
        }
        self.repair(key, &repair, (operator.id, &operator.by, &operator.why));
    }

    /// Gives up lots of our legs, the oldest first, at the price of the repair.
    fn repair(&mut self, key: NetKey, repair: &Repair, (cause, by, why): (Cause, &str, &str)) {
        let mut left = repair.lots;
        let mut balance = self.view.book.desk.realised;
        let legs = reconcile::legs(self.view.book, key);
        for (number, leg) in (0_u16..).zip(legs) {
            let lots = left.min(leg.lots);
            if lots.is_zero() {
                break;
            }
            left = left.less(lots);
            let intent = IntentId {
                cause,
                purpose: Purpose::Exit,
                number,
            };
            self.give_up_lots(intent, (leg, lots), (repair, &mut balance));
        }
        self.say(Fact::FindingSettled {
            finding: repair.finding,
            how: FindingEnd::Repaired,
            by: by.to_owned(),
            why: why.to_owned(),
        });
    }

    fn give_up_lots(
        &mut self,
        intent: IntentId,
        (leg, lots): (&Leg, Lots),
        (repair, balance): (&Repair, &mut Money),
    ) {
        let instruments = &self.view.rules.instruments;
        let Some(spec) = instruments.spec(leg.contract, self.view.today()) else {
            return;
        };
        let cost = share(leg.cost, lots, leg.lots);
        let value = Points::new(repair.price.get() * lots.decimal());
        let gain = match leg.direction {
            Direction::Long => value - cost,
            Direction::Short => cost - value,
        };
        let gross = gain.value(Lots::ONE, spec.point_value);
        self.say(Fact::LegReduced(Box::new(Reduction {
            intent,
            leg: leg.id,
            lots,
            cost,
            value,
            gross,
            charges: Money::ZERO,
            reason: repair.reason,
        })));
        if gross != Money::ZERO {
            *balance += gross;
            self.say(Fact::LedgerMoved(Box::new(Movement {
                kind: LedgerKind::Realised,
                amount: gross,
                after: *balance,
                order: None,
            })));
        }
        if lots == leg.lots {
            let (gross, charges) = (leg.gross + gross, leg.charges);
            self.say(Fact::LegClosed {
                leg: leg.id,
                gross,
                charges,
                net: gross - charges,
                reason: repair.reason,
            });
        }
    }

    /// A person says that a finding is none.
    pub(super) fn dismiss(&mut self, finding: FindingId, operator: &Operator) {
        let known = self.view.book.findings.get(&finding);
        if known.is_some_and(Finding::is_open) {
            self.say(Fact::FindingSettled {
                finding,
                how: FindingEnd::Dismissed,
                by: operator.by.clone(),
                why: operator.why.clone(),
            });
        }
    }
}

/// Returns whether a finding says this already; money moves all the time and stays one finding.
fn is_same(known: &Drift, found: &Difference) -> bool {
    let figures = (known.ours, known.theirs) == (found.ours, found.theirs);
    known.code == found.code && (figures || found.code == EQUITY)
}
