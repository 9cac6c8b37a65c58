//! Which facts people are told of, and in what words.

use super::Notice;
use super::words::{Names, gain, rupees};
use crate::config::Severity;
use crate::domain::book::average;
use crate::domain::fact::{
    Approval, Code, ExitReason, Fact, Goal, IntentEnd, LedgerKind, LegOpening, OrderEnd,
};
use crate::domain::finding::Drift;
use crate::domain::ids::Purpose;
use crate::domain::input::{Scope, TradingState};
use crate::domain::money::Money;
use crate::domain::order::Side;
use crate::domain::reconcile::{EQUITY, FOREIGN, MANUAL};

/// Returns what a fact is worth telling, if anything; its number makes single events single.
#[expect(clippy::too_many_lines, reason = "one line a fact")]
pub(super) fn of_fact(fact: &Fact, (seq, names): (i64, Names<'_>)) -> Option<Notice> {
    let (severity, key, text) = match fact {
        Fact::LegOpened(opening) => (Severity::Info, once("opened", seq), opened(opening, names)),
        Fact::LegClosed {
            leg, net, reason, ..
        } => {
            let text = format!(
                "{} closed ({}): {} after charges",
                names.leg(*leg),
                reason.word(),
                gain(net.get())
            );
            (Severity::Info, once("closed", seq), text)
        }
        Fact::IntentApproved(approval) => {
            let text = exit(approval, names)?;
            (Severity::Warning, once("exit", seq), text)
        }
        Fact::IntentClosed {
            intent,
            filled,
            why,
        } if *why != IntentEnd::Done && intent.purpose != Purpose::Protective => {
            let text = format!(
                "{} ended with {filled} lots filled: {}",
                names.intent(*intent),
                why.word()
            );
            (Severity::Warning, once("intent", seq), text)
        }
        Fact::OrderUncertain { order, text } => {
            let text = format!(
                "{}: nobody knows whether its order {order} arrived ({text}); the broker's books are searched",
                names.order(*order)
            );
            (Severity::Page, format!("uncertain:{order}"), text)
        }
        Fact::OrderQueued { order, pending } => {
            let text = format!(
                "{}: its order {order} waits for a person at OpenAlgo (number {pending}); new entries stop",
                names.order(*order)
            );
            (Severity::Page, format!("queued:{order}"), text)
        }
        Fact::OrderRefused { order, text } => {
            let severity = if order.intent.purpose.opens() {
                Severity::Warning
            } else {
                Severity::Page
            };
            let key = repeated(&format!("refused:{}", order.intent));
            (
                severity,
                key,
                format!("{}: the broker refused: {text}", names.order(*order)),
            )
        }
        Fact::OrderClosed {
            order,
            why: OrderEnd::Rejected,
            text,
        } => {
            let text = format!(
                "{}: rejected after it was taken: {}",
                names.order(*order),
                text.as_deref().unwrap_or("no reason given")
            );
            (
                Severity::Warning,
                repeated(&format!("rejected:{}", order.intent)),
                text,
            )
        }
        Fact::InputFaulted { .. } => {
            let text = "a fault inside a decision: the input was put aside; look into the log";
            (Severity::Page, repeated("faulted"), text.to_owned())
        }
        Fact::LimitBreached { code, value, limit } => {
            let text = format!(
                "limit {} breached: {} against {}",
                code.0,
                figure(*code, *value),
                figure(*code, *limit)
            );
            (
                Severity::Page,
                repeated(&format!("breached:{}", code.0)),
                text,
            )
        }
        Fact::TradingStateSet {
            scope,
            state,
            by,
            why,
        } => {
            let whose = match scope {
                Scope::Desk => "the desk".to_owned(),
                Scope::Instrument(ix) => names.instrument(*ix).to_owned(),
                Scope::Source(source) => format!("source {}", source.0),
            };
            let severity = match state {
                TradingState::Active => Severity::Info,
                TradingState::Reducing | TradingState::Frozen => Severity::Page,
            };
            let text = format!("{whose} is {} (by {by}): {why}", state.word());
            (severity, once("state", seq), text)
        }
        Fact::FindingMade {
            instrument,
            code,
            ours,
            theirs,
            ..
        } => {
            let whose = instrument.map_or("the desk", |ix| names.instrument(ix));
            let text = format!("{whose}: {}: ours {ours}; theirs {theirs}", code.0);
            (
                Severity::Page,
                repeated(&format!("finding:{}:{whose}", code.0)),
                text,
            )
        }
        Fact::LedgerMoved(movement)
            if matches!(movement.kind, LedgerKind::Deposit | LedgerKind::Withdrawal) =>
        {
            let text = format!(
                "{} of {}; the ledger stands at {}",
                movement.kind.word(),
                rupees(movement.amount.get()),
                rupees(movement.after.get())
            );
            (Severity::Info, once("cash", seq), text)
        }
        Fact::DriftFound(drift) => {
            let text = format!("{}; look at finding {}", drift.words(), drift.finding);
            (urgency(drift), once("drift", seq), text)
        }
        Fact::FindingSettled {
            finding,
            how,
            by,
            why,
        } => {
            let text = format!("finding {finding} is {} by {by}: {why}", how.word());
            (Severity::Info, once("settled", seq), text)
        }
        Fact::LimitWarned { code, value, limit } => {
            let text = format!(
                "limit {} is near: {} against {}",
                code.0,
                figure(*code, *value),
                figure(*code, *limit)
            );
            (Severity::Warning, once("near", seq), text)
        }
        Fact::UnitsDoubted {
            instrument,
            ours,
            theirs,
        } => {
            let text = format!(
                "units_unproved: the broker may count {} otherwise: ours {ours}; theirs {theirs}; its orders wait",
                names.instrument(*instrument)
            );
            (Severity::Page, once("units", seq), text)
        }
        Fact::DayLimitSet { loss, by, why } => {
            let text = format!("a loss of {loss} % is allowed today by {by}: {why}");
            (Severity::Info, once("limit", seq), text)
        }
        Fact::LimitCleared { code, by, why } => {
            let text = format!("limit {} cleared by {by}: {why}", code.0);
            (Severity::Info, once("cleared", seq), text)
        }
        Fact::FlattenStarted { by, why, .. } => {
            let text = format!("everything is taken out (by {by}): {why}");
            (Severity::Page, once("flatten", seq), text)
        }
        Fact::FlattenLeft { left, .. } => {
            let text = format!("NOT FLAT YET: {left}");
            (Severity::Page, once("flatten", seq), text)
        }
        Fact::FlattenEnded { code, .. } => {
            let text = format!("taking everything out ended: {}", code.0);
            (Severity::Warning, once("flatten", seq), text)
        }
        Fact::SourceChanged {
            what,
            name,
            change,
            by,
            why,
            ..
        } => {
            let text = format!("{} {name} {} (by {by}): {why}", what.0, change.0);
            (Severity::Warning, once("access", seq), text)
        }
        Fact::SemiAutoSeen { on } => {
            let (severity, text) = if *on {
                let text = "OpenAlgo is in semi-automatic mode: orders wait there for a person";
                (Severity::Page, text)
            } else {
                (Severity::Info, "OpenAlgo takes orders by itself again")
            };
            (severity, once("semi_auto", seq), text.to_owned())
        }
        Fact::RollProposed { instrument, roll } => {
            let name = names.instrument(*instrument);
            let day = |end: Option<chrono::NaiveDate>| {
                end.map_or_else(|| "?".to_owned(), |day| day.to_string())
            };
            let text = format!(
                "{name}: its contract of {} should give way to that of {}; confirm with `torana roll {name} --why …`",
                day(roll.from.expiry),
                day(roll.to.expiry)
            );
            (Severity::Warning, format!("roll:{}", roll.position), text)
        }
        Fact::UnitsProved { .. }
        | Fact::SignalRejected { .. }
        | Fact::SignalRecorded { .. }
        | Fact::SignalAccepted { .. }
        | Fact::IntentLowered { .. }
        | Fact::ExitWidened { .. }
        | Fact::IntentClosed { .. }
        | Fact::ReversalWaiting { .. }
        | Fact::ReversalEnded { .. }
        | Fact::OrderWanted { .. }
        | Fact::OrderClaimed(_)
        | Fact::OrderSent { .. }
        | Fact::OrderReleased { .. }
        | Fact::OrderNotPlaced { .. }
        | Fact::OrderClosed { .. }
        | Fact::CancelWanted { .. }
        | Fact::CancelTaken { .. }
        | Fact::CancelFailed { .. }
        | Fact::Filled(_)
        | Fact::LegGrown { .. }
        | Fact::LegMarked { .. }
        | Fact::StopMoved { .. }
        | Fact::StopOrdered { .. }
        | Fact::RiskFixed { .. }
        | Fact::LegReduced(_)
        | Fact::BarSeen { .. }
        | Fact::EodViewed { .. }
        | Fact::DayStarted { .. }
        | Fact::LedgerMoved(_)
        | Fact::HighWaterSet { .. }
        | Fact::FundsSeen { .. }
        | Fact::RulesAdopted { .. }
        | Fact::ModifyWanted(_)
        | Fact::ModifyTaken { .. }
        | Fact::ModifyDone(_)
        | Fact::ModifyFailed { .. }
        | Fact::TriggerSeen { .. }
        | Fact::RepairProposed(_)
        | Fact::EodJudged(_)
        | Fact::SquareOffLate { .. }
        | Fact::RollStarted { .. }
        | Fact::RollEnded { .. }
        | Fact::LegCarried(_)
        | Fact::BrokerStateSeen { .. } => return None,
    };
    Some(Notice {
        severity,
        key,
        text,
    })
}

/// Returns how urgent a finding is: what stops nothing wakes nobody.
fn urgency(drift: &Drift) -> Severity {
    match drift.code {
        EQUITY => Severity::Info,
        FOREIGN | MANUAL => Severity::Warning,
        _ => Severity::Page,
    }
}

/// Returns the key of something that is told each time it happens.
fn once(what: &str, seq: i64) -> String {
    format!("{what}:{seq}")
}

/// Returns the key of something that is told once in a while, however often it happens.
fn repeated(what: &str) -> String {
    format!("{what}{}", super::REPEATED)
}

/// Returns the figure of a limit: money, but for what is counted.
fn figure(code: Code, value: Money) -> String {
    match code.0 {
        "losing_streak" => format!("{} losses in a row", value.get().normalize()),
        _ => rupees(value.get()),
    }
}

fn opened(opening: &LegOpening, names: Names<'_>) -> String {
    let what = names.label(
        opening.contract.instrument,
        opening.direction,
        opening.layer,
    );
    let verb = match opening.direction.opening() {
        Side::Buy => "bought",
        Side::Sell => "sold",
    };
    let price = average(opening.cost, opening.lots);
    let price = price.map_or_else(|| "?".to_owned(), |price| price.to_string());
    format!(
        "{what}: {verb} {} lots at {price}, stop {}",
        opening.lots, opening.stop
    )
}

/// Returns the words for an exit that nobody asked for.
fn exit(approval: &Approval, names: Names<'_>) -> Option<String> {
    let Goal::Close(reason) = &approval.goal else {
        return None;
    };
    let asked = matches!(reason, ExitReason::Signal | ExitReason::Operator);
    // an order that is only to rest is no news
    let rests = approval.intent.purpose == Purpose::Protective;
    (!asked && !rests).then(|| format!("{}: out, {}", names.leg(approval.leg), reason.word()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::book::Book;
    use crate::domain::instrument::tests::future;
    use crate::domain::instrument::{Expiry, Instruments};
    use crate::domain::order::Exchange;
    use crate::journal;

    /// Facts as the journal has them, and how urgently people are told of each.
    const TOLD: &str = r#"
info     leg_opened         {"leg":ID,"position":ID,"base":true,"layer":1,"contract":NEW,"direction":"long","product":"NRML","source":1,"lots":1,"cost":"50000","stop":"49000"}
info     leg_closed         {"leg":ID,"gross":"1","charges":"1","net":"0","reason":"stop"}
warning  intent_approved    {"intent":"NAME/exit",GOAL,"goal":{"close":"stop"}}
warning  intent_approved    {"intent":"NAME/exit",GOAL,"goal":{"close":"kill"}}
silent   intent_approved    {"intent":"NAME/exit",GOAL,"goal":{"close":"signal"}}
silent   intent_approved    {"intent":"NAME/exit",GOAL,"goal":{"close":"operator"}}
silent   intent_approved    {"intent":"NAME/stop",GOAL,"goal":{"close":"broker"}}
warning  intent_closed      {"intent":"NAME/entry","filled":0,"why":"expired"}
warning  intent_closed      {"intent":"NAME/exit","filled":0,"why":"refused"}
silent   intent_closed      {"intent":"NAME/exit","filled":1,"why":"done"}
silent   intent_closed      {"intent":"NAME/stop","filled":0,"why":"superseded"}
page     order_uncertain    {"order":"NAME/entry/1","text":"no answer"}
page     order_queued       {"order":"NAME/entry/1","pending":"7"}
warning  order_refused      {"order":"NAME/entry/1","text":"no"}
warning  order_refused      {"order":"NAME/add/1","text":"no"}
page     order_refused      {"order":"NAME/exit/1","text":"no"}
page     order_refused      {"order":"NAME/stop/1","text":"no"}
warning  order_closed       {"order":"NAME/exit/1","why":"rejected"}
silent   order_closed       {"order":"NAME/exit/1","why":"cancelled"}
silent   order_not_placed   {"order":"NAME/exit/1"}
page     input_faulted      {}
page     limit_breached     {"code":"daily_loss","value":"-1","limit":"-1"}
warning  limit_warned       {"code":"daily_loss","value":"-1","limit":"-1"}
info     limit_cleared      {"code":"drawdown",BY}
info     day_limit_set      {"loss":"3",BY}
info     trading_state_set  {"scope":"desk","state":"active",BY}
page     trading_state_set  {"scope":"desk","state":"reducing",BY}
page     trading_state_set  {"scope":"instrument:BANK_NIFTY","state":"frozen",BY}
page     finding_made       {"code":"exit_stuck","ours":"1","theirs":"0"}
page     finding_made       {"instrument":"BANK_NIFTY","code":"square_off_late","ours":"1","theirs":"0"}
silent   square_off_late    {"instrument":"BANK_NIFTY","day":"2026-11-27"}
page     drift_found        {"code":"unknown_position",DRIFT}
page     drift_found        {"code":"other_quantity",DRIFT}
warning  drift_found        {"code":"foreign_position",DRIFT}
warning  drift_found        {"code":"manual_order",DRIFT}
info     drift_found        {"code":"equity_differs",DRIFT}
info     finding_settled    {"finding":ID,"how":"dismissed",BY}
info     ledger_moved       {"kind":"deposit","amount":"1","after":"1"}
info     ledger_moved       {"kind":"withdrawal","amount":"-1","after":"1"}
silent   ledger_moved       {"kind":"charges","amount":"-1","after":"1"}
page     units_doubted      {"instrument":"BANK_NIFTY","ours":"1","theirs":"30"}
page     flatten_started    {"id":ID,BY}
page     flatten_left       {"id":ID,"left":"one leg"}
warning  flatten_ended      {"id":ID,"code":"flat"}
warning  source_changed     {"what":"source","name":"chart","change":"added","detail":"",BY}
page     semi_auto_seen     {"on":true}
info     semi_auto_seen     {"on":false}
warning  roll_proposed      {"instrument":"BANK_NIFTY","roll":{"position":ID,"from":OLD,"to":NEW}}
silent   roll_ended         {"instrument":"BANK_NIFTY","position":ID,"code":"done"}
silent   day_started        {"day":"2026-11-27","equity":"1","high_water":"1"}
"#;

    /// What words of the table stand for.
    const SHORT: [(&str, &str); 7] = [
        (
            "GOAL",
            r#""contract":NEW,"direction":"long","product":"NRML","position":ID,"leg":ID,"by_person":false"#,
        ),
        (
            "DRIFT",
            r#""finding":ID,"symbol":NEW,"ours":"1","theirs":"2""#,
        ),
        ("BY", r#""by":"asha","why":"looked""#),
        ("OLD", r#""BANKNIFTY24NOV26FUT""#),
        ("NEW", r#""BANKNIFTY29DEC26FUT""#),
        ("ID", r#""NAME""#),
        ("NAME", "aaaaaaaaaaaaaaaa"),
    ];

    #[test]
    fn losses_in_a_row_are_counted_and_all_other_limits_are_money() {
        let five = Money::rupees(5);
        assert_eq!(figure(Code("losing_streak"), five), "5 losses in a row");
        assert_eq!(figure(Code("daily_loss"), five), "5.00");
    }

    #[test]
    fn what_people_are_told_wakes_them_where_it_must_and_nowhere_else() {
        let bank = future("BANK_NIFTY", "BANKNIFTY", Exchange::Nfo, Expiry::default());
        let instruments = Instruments::new(vec![bank], Vec::new()).unwrap();
        let (book, instruments) = (&Book::default(), &instruments);
        for line in TOLD.trim().lines() {
            let mut text = line.to_owned();
            for (word, long) in SHORT {
                text = text.replace(word, long);
            }
            let (severity, rest) = text.split_once(' ').unwrap();
            let (kind, payload) = rest.trim().split_once(' ').unwrap();
            let fact = journal::read_fact(kind, payload.trim(), instruments).expect(line);
            let notice = of_fact(&fact, (1, Names { book, instruments }));
            let told = notice.map_or("silent", |notice| notice.severity.word());
            assert_eq!(told, severity, "{line}");
        }
    }
}
