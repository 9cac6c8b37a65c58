//! The only decision maker: what becomes true because of an input.
//!
//! 1. It borrows the book, touches nothing else, and cannot wait; a panic in it leaves nothing half
//!    done.
//! 2. Every signal gets exactly one verdict: accepted, rejected or recorded.
//! 3. An entry needs an `Approved`; an exit takes side and quantity from its leg. Nothing but exits
//!    leaves while reducing.

mod adopt;
mod broker_book;
mod calm;
mod closing;
mod compared;
mod dispatch;
mod ends;
mod eod;
mod exit;
mod finish;
mod flatten;
mod guarded;
mod limits;
mod modify;
mod operator;
mod outcome;
mod over;
mod peel;
mod reach;
mod report;
mod resting;
mod roll;
mod route;
mod signal;
mod stops;
mod time;
mod touched;
mod units;

use chrono::{DateTime, Utc};

pub use calm::Calm;

use super::book::Book;
use super::fact::{Code, Fact};
use super::gates::View;
use super::input::{Funds, Input};
use super::rules::Rules;

/// How often an unchanged reading of free cash is written down within the age at which it is
/// unknown: a reading that comes late finds the one before it still good.
const FUNDS_RENEWALS: i32 = 3;

/// Room for as many facts as nearly every decision says.
const FACTS: usize = 8;

/// Says what becomes true because of `input`.
pub fn decide(book: &Book, rules: &Rules, input: &Input, now: DateTime<Utc>) -> Vec<Fact> {
    let mut decision = Decision::on(View { book, rules, now });
    match input {
        Input::Signal(signal) => decision.signal(signal),
        Input::Scout(scout) => decision.scout(scout),
        Input::Bar(bar) => decision.bar(bar),
        Input::Dispatch(dispatch) => decision.dispatch(dispatch),
        Input::Outcome(outcome) => decision.outcome(outcome),
        Input::Report(report) => decision.report(report),
        Input::Proof(proof) => decision.proof(proof),
        Input::Funds(funds) => decision.funds(*funds),
        Input::Operator(operator) => decision.operator(operator),
        Input::Time => decision.time(),
        Input::Tick(tick) => decision.tick(tick),
        Input::Rules(hash) if book.desk.rules == *hash => {}
        Input::Terms(seen) => decision.terms(seen),
        Input::Rules(hash) => decision.say(Fact::RulesAdopted { hash: *hash }),
        Input::BrokerBook(seen) => decision.broker_book(seen),
        Input::UnitsSeen(seen) => seen.iter().for_each(|one| decision.units(one)),
        Input::SemiAuto(on) if book.desk.semi_auto == *on => {}
        Input::SemiAuto(on) => decision.semi_auto(*on),
        Input::Compared(compared) => decision.compared(compared),
        Input::BrokerState(state) => decision.say(Fact::BrokerStateSeen {
            feed: state.feed,
            logged_in: state.logged_in,
        }),
        Input::Broken(broken) => decision.journal_broken(broken),
        Input::Route(seen) => decision.route(seen),
        Input::Whole => decision.journal_whole(),
        Input::ClockJumped(by) => decision.clock_jumped(*by),
    }
    decision.facts
}

/// What a decision looks at, and what it has said so far.
struct Decision<'a> {
    view: View<'a>,
    facts: Vec<Fact>,
}

impl<'a> Decision<'a> {
    const fn on(view: View<'a>) -> Self {
        Self {
            view,
            facts: Vec::new(),
        }
    }
}

impl Decision<'_> {
    fn say(&mut self, fact: Fact) {
        if self.facts.is_empty() {
            self.facts.reserve(FACTS);
        }
        self.facts.push(fact);
    }

    /// Writes a reading of the broker's free cash down: when the figure changed, and before the one
    /// known is too old for the gate that asks its age. An older reading says nothing new.
    fn funds(&mut self, funds: Funds) {
        let known = self.view.book.desk.funds;
        let renewed = self.view.rules.timing.funds_age / FUNDS_RENEWALS;
        let says_more = |known: Funds| {
            let aged = funds.at - known.at >= renewed && known.at != funds.at;
            known.at <= funds.at && (known.available != funds.available || aged)
        };
        if known.is_none_or(says_more) {
            let Funds { available, at } = funds;
            self.say(Fact::FundsSeen { available, at });
        }
    }
}

/// The verdict on a signal, as its facts tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is acted on.
    Accepted,
    /// We said no.
    Rejected(Code),
    /// It was written down and nothing follows.
    Recorded(Code),
}

/// Returns the verdict in the facts of a signal's decision.
pub fn answer(facts: &[Fact]) -> Option<Answer> {
    facts.iter().find_map(|fact| match fact {
        Fact::SignalAccepted { .. } => Some(Answer::Accepted),
        Fact::SignalRejected { code, .. } => Some(Answer::Rejected(*code)),
        Fact::SignalRecorded { code, .. } => Some(Answer::Recorded(*code)),
        Fact::InputFaulted { .. } => Some(Answer::Rejected(Code("faulted"))),
        Fact::IntentApproved(_)
        | Fact::IntentLowered { .. }
        | Fact::ExitWidened { .. }
        | Fact::IntentClosed { .. }
        | Fact::ReversalWaiting { .. }
        | Fact::ReversalEnded { .. }
        | Fact::OrderWanted { .. }
        | Fact::OrderClaimed(_)
        | Fact::OrderSent { .. }
        | Fact::OrderReleased { .. }
        | Fact::OrderRefused { .. }
        | Fact::OrderQueued { .. }
        | Fact::OrderUncertain { .. }
        | Fact::OrderNotPlaced { .. }
        | Fact::OrderClosed { .. }
        | Fact::CancelWanted { .. }
        | Fact::CancelTaken { .. }
        | Fact::CancelFailed { .. }
        | Fact::Filled(_)
        | Fact::LegOpened(_)
        | Fact::LegGrown { .. }
        | Fact::RiskFixed { .. }
        | Fact::LegReduced(_)
        | Fact::LegClosed { .. }
        | Fact::LegMarked { .. }
        | Fact::StopMoved { .. }
        | Fact::BarSeen { .. }
        | Fact::EodViewed(_)
        | Fact::DayStarted { .. }
        | Fact::LimitBreached { .. }
        | Fact::TradingStateSet { .. }
        | Fact::LedgerMoved(_)
        | Fact::HighWaterSet { .. }
        | Fact::FundsSeen { .. }
        | Fact::RulesAdopted { .. }
        | Fact::FindingMade { .. }
        | Fact::ModifyWanted(_)
        | Fact::ModifyTaken { .. }
        | Fact::ModifyDone(_)
        | Fact::ModifyFailed { .. }
        | Fact::TriggerSeen { .. }
        | Fact::DriftFound(_)
        | Fact::RepairProposed(_)
        | Fact::FindingSettled { .. }
        | Fact::LimitWarned { .. }
        | Fact::DayLimitSet { .. }
        | Fact::LimitCleared { .. }
        | Fact::UnitsProved { .. }
        | Fact::UnitsDoubted { .. }
        | Fact::FlattenStarted { .. }
        | Fact::FlattenLeft { .. }
        | Fact::FlattenEnded { .. }
        | Fact::SourceChanged { .. }
        | Fact::SemiAutoSeen { .. }
        | Fact::EodJudged(_)
        | Fact::SquareOffLate { .. }
        | Fact::RollProposed { .. }
        | Fact::RollStarted { .. }
        | Fact::RollEnded { .. }
        | Fact::LegCarried(_)
        | Fact::BrokerStateSeen { .. }
        | Fact::StopOrdered { .. } => None,
    })
}
