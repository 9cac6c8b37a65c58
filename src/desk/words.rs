//! One sentence for each fact, for the log of people.

use crate::domain::fact::{Change, Fact, Fill, Goal};
use crate::domain::ids::Purpose;
use crate::domain::input::{FeedState, Scope};
use crate::domain::instrument::{ContractId, InstrumentIx, Instruments};
use crate::domain::money::{Lots, Money};
use crate::domain::order::Pricing;

/// Returns what a fact says, in words.
#[expect(clippy::too_many_lines, reason = "one sentence a fact")]
pub fn sentence(fact: &Fact, names: &Instruments) -> String {
    let symbol = |contract: ContractId| names.symbol(contract);
    let name = |ix: InstrumentIx| {
        names
            .get(ix)
            .map_or("?", |one| one.name.as_str())
            .to_owned()
    };
    match fact {
        Fact::SignalRejected { signal, code, .. } => {
            format!("signal {signal} rejected: {}", code.0)
        }
        Fact::SignalRecorded { signal, code } => format!("signal {signal} recorded: {}", code.0),
        Fact::SignalAccepted { signal, .. } => format!("signal {signal} accepted"),
        Fact::InputFaulted { .. } => "an input was put aside after a fault".to_owned(),
        Fact::IntentApproved(approval) => {
            let lots = approval
                .lots
                .map_or_else(|| "all lots".to_owned(), counted);
            let what = match &approval.goal {
                Goal::Open(goal) => format!("open {lots}, stop {}", goal.stop),
                Goal::Close(_) if approval.intent.purpose == Purpose::Protective => {
                    format!("an order for {lots} is to rest at the broker")
                }
                Goal::Close(reason) => format!("close {lots}, reason {}", reason.word()),
            };
            format!(
                "intent {} approved: {} {what}",
                approval.intent,
                symbol(approval.contract)
            )
        }
        Fact::IntentLowered { intent, lots, code } => {
            format!("intent {intent} lowered to {}: {}", counted(*lots), code.0)
        }
        Fact::ExitWidened { intent, .. } => format!("exit {intent} widened"),
        Fact::IntentClosed {
            intent,
            filled,
            why,
        } => format!(
            "intent {intent} closed with {} filled: {}",
            counted(*filled),
            why.word()
        ),
        Fact::ReversalWaiting { signal, .. } => format!("signal {} waits until flat", signal.id),
        Fact::ReversalEnded { signal, code, .. } => {
            format!("the second half of signal {signal}: {}", code.0)
        }
        Fact::OrderWanted { order, lots, .. } => {
            format!("order {order} wanted for {}", counted(*lots))
        },
        Fact::OrderClaimed(claim) => format!(
            "order {} may leave: {} {} {}",
            claim.order,
            claim.side,
            claim.quantity,
            priced(claim.pricing)
        ),
        Fact::OrderSent { order, broker_id } => {
            format!("order {order} is at the broker as {broker_id}")
        }
        Fact::OrderReleased { order, text, .. } => format!("order {order} never left: {text}"),
        Fact::OrderRefused { order, text } => format!("order {order} refused: {text}"),
        Fact::OrderQueued { order, pending } => {
            format!("order {order} waits for a person at OpenAlgo as {pending}")
        }
        Fact::OrderUncertain { order, text } => format!("order {order} uncertain: {text}"),
        Fact::OrderNotPlaced { order } => format!("order {order} was proved not placed"),
        Fact::OrderClosed { order, why, .. } => format!("order {order} over: {}", why.word()),
        Fact::CancelWanted { order, why } => {
            format!("order {order} is to be cancelled: {}", why.word())
        }
        Fact::CancelTaken { order } => format!("the cancel of order {order} was taken"),
        Fact::CancelFailed { order, text, .. } => {
            format!("the cancel of order {order} failed: {text}")
        }
        Fact::Filled(fill) => format!(
            "order {} filled {} so far{}, charges {}",
            fill.order,
            fill.quantity,
            average(fill),
            rupees(fill.charges)
        ),
        Fact::LegOpened(leg) => format!(
            "leg {} opened: {} {} {}, stop {}",
            leg.leg,
            symbol(leg.contract),
            leg.direction,
            counted(leg.lots),
            leg.stop
        ),
        Fact::LegGrown { leg, lots, .. } => format!("leg {leg} grew by {}", counted(*lots)),
        Fact::RiskFixed { leg, risk } => format!("leg {leg} risks {}", rupees(*risk)),
        Fact::LegReduced(reduction) => format!(
            "leg {} gave up {}, gross {}",
            reduction.leg,
            counted(reduction.lots),
            rupees(reduction.gross)
        ),
        Fact::LegClosed {
            leg, net, reason, ..
        } => format!(
            "leg {leg} closed, net {}, reason {}",
            rupees(*net),
            reason.word()
        ),
        Fact::BarSeen {
            instrument, close, ..
        } => format!("bar of {} closed at {close}", name(*instrument)),
        Fact::EodViewed(scout) => format!("end-of-day look at {}", name(scout.instrument)),
        Fact::DayStarted { day, equity, .. } => {
            format!("day {day} began with equity {}", rupees(*equity))
        },
        Fact::LimitBreached { code, value, limit } => {
            format!(
                "limit {} breached: {} against {}",
                code.0,
                rupees(*value),
                rupees(*limit)
            )
        }
        Fact::TradingStateSet {
            scope,
            state,
            by,
            why,
        } => {
            let whose = match scope {
                Scope::Desk => "desk".to_owned(),
                Scope::Instrument(ix) => name(*ix),
                Scope::Source(source) => format!("source {}", source.0),
            };
            format!("{whose} is {} by {by}: {why}", state.word())
        }
        Fact::LedgerMoved(movement) => format!(
            "ledger: {} {}, now {}",
            movement.kind.word(),
            rupees(movement.amount),
            rupees(movement.after)
        ),
        Fact::HighWaterSet { high_water } => format!("high water {}", rupees(*high_water)),
        Fact::FundsSeen { available, .. } => available.map_or_else(
            || "free cash unknown".to_owned(),
            |cash| format!("free cash {}", rupees(cash)),
        ),
        Fact::RulesAdopted { .. } => "rules adopted".to_owned(),
        Fact::LegMarked {
            leg, close, best, ..
        } => format!("leg {leg} judged on a bar that closed at {close}, best {best}"),
        Fact::StopMoved { leg, from, to, why } => {
            format!(
                "stop of leg {leg} moved from {from} to {to}: {}",
                why.word()
            )
        }
        Fact::FindingMade {
            code, ours, theirs, ..
        } => format!("finding {}: ours {ours}, theirs {theirs}", code.0),
        Fact::ModifyWanted(change) => {
            format!("order {} is to rest {}", change.order, terms(change))
        }
        Fact::ModifyTaken { order } => format!("the change of order {order} was taken"),
        Fact::ModifyDone(change) => format!("order {} rests {}", change.order, terms(change)),
        Fact::ModifyFailed { order, text, .. } => {
            format!("the change of order {order} failed: {text}")
        }
        Fact::TriggerSeen { order, fired: true } => {
            format!("the trigger of order {order} was touched")
        }
        Fact::TriggerSeen { order, .. } => format!("order {order} waits for its trigger"),
        Fact::DriftFound(drift) => {
            format!("finding {}: {}", drift.finding, drift.words())
        }
        Fact::RepairProposed(repair) => format!(
            "finding {}: our book could give up {} at {} ({}), reason {}",
            repair.finding,
            counted(repair.lots),
            repair.price,
            repair.basis.word(),
            repair.reason.word()
        ),
        Fact::FindingSettled {
            finding,
            how,
            by,
            why,
        } => format!("finding {finding} is {} by {by}: {why}", how.word()),
        Fact::LimitWarned { code, value, limit } => {
            format!(
                "limit {} is near: {} against {}",
                code.0,
                rupees(*value),
                rupees(*limit)
            )
        }
        Fact::DayLimitSet { loss, by, why } => {
            format!("a loss of {loss} % is allowed today by {by}: {why}")
        }
        Fact::LimitCleared { code, by, why } => format!("limit {} cleared by {by}: {why}", code.0),
        Fact::UnitsProved { instrument, .. } => {
            format!("the broker counts {} as we do", name(*instrument))
        }
        Fact::UnitsDoubted {
            instrument,
            ours,
            theirs,
        } => format!(
            "the broker may count {} otherwise: ours {ours}, theirs {theirs}",
            name(*instrument)
        ),
        Fact::FlattenStarted { by, why, .. } => {
            format!("everything is taken out, ordered by {by}: {why}")
        }
        Fact::FlattenLeft { left, .. } => format!("NOT FLAT YET: {left}"),
        Fact::FlattenEnded { code, .. } => format!("taking everything out ended: {}", code.0),
        Fact::SourceChanged {
            what,
            name,
            change,
            detail,
            by,
            why,
        } => format!("{} {name} {} by {by}: {why} ({detail})", what.0, change.0),
        Fact::SemiAutoSeen { on: true } => {
            "OpenAlgo is in semi-automatic mode: orders wait there for a person, and nothing can be cancelled".to_owned()
        }
        Fact::SemiAutoSeen { on: false } => "OpenAlgo takes orders by itself again".to_owned(),
        Fact::EodJudged(judged) => format!(
            "end of day of {}: {} would {}, does {}: {}",
            name(judged.instrument),
            judged.phase.word(),
            judged.would.word(),
            judged.does.word(),
            judged.why.0
        ),
        Fact::SquareOffLate { instrument, .. } => {
            format!("{} is not flat and should be", name(*instrument))
        }
        Fact::RollProposed { roll, .. } => {
            format!("{} should roll into {}", symbol(roll.from), symbol(roll.to))
        }
        Fact::RollStarted { roll, by, why, .. } => format!(
            "{} rolls into {} by {by}: {why}",
            symbol(roll.from),
            symbol(roll.to)
        ),
        Fact::RollEnded {
            instrument, code, ..
        } => format!("the roll of {} ended: {}", name(*instrument), code.0),
        Fact::LegCarried(carry) => format!(
            "leg {} took over from {}: entry {}, stop {}",
            carry.leg, carry.from, carry.entry, carry.stop
        ),
        Fact::StopOrdered {
            leg,
            from,
            to,
            by,
            why,
        } => format!("stop of leg {leg} moved from {from} to {to} by {by}: {why}"),
        Fact::BrokerStateSeen { feed, logged_in } => {
            let session = if *logged_in { "open" } else { "over" };
            let feed = match feed {
                FeedState::Speaks => "speaks",
                FeedState::Mute => "is mute",
                FeedState::Away => "is away",
            };
            format!("the feed {feed}, the session at the broker is {session}")
        }
    }
}

fn priced(pricing: Pricing) -> String {
    match pricing {
        Pricing::Market => "at any price".to_owned(),
        Pricing::Limit(limit) => format!("at {limit} or better"),
        Pricing::StopLimit { trigger, limit } => {
            format!("at {limit} or better once {trigger} is touched")
        }
    }
}

/// The average price of what is filled, to the paisa.
fn average(fill: &Fill) -> String {
    let average = fill.value.get().checked_div(fill.quantity.get().into());
    average.map_or_else(String::new, |price| {
        format!(" at {}", price.round_dp(2).normalize())
    })
}

fn terms(change: &Change) -> String {
    format!(
        "for {} with trigger {} and limit {}",
        counted(change.lots),
        change.trigger,
        change.limit
    )
}

/// Returns lots as they are spoken of: one lot, two lots.
fn counted(lots: Lots) -> String {
    let s = if lots == Lots::ONE { "" } else { "s" };
    format!("{lots} lot{s}")
}

/// Returns an amount in Indian groups: 50,00,000 and not 5000000.
fn rupees(amount: Money) -> String {
    let plain = amount.to_paisa().get().normalize().to_string();
    let (sign, digits) = plain
        .strip_prefix('-')
        .map_or(("", &*plain), |rest| ("-", rest));
    let (whole, part) = digits
        .split_once('.')
        .map_or((digits, None), |(whole, part)| (whole, Some(part)));
    let mut grouped = String::new();
    let length = whole.chars().count();
    for (at, digit) in whole.chars().enumerate() {
        let left = length.saturating_sub(at);
        // after the last three digits they go by twos
        if at > 0 && left >= 3 && left % 2 == 1 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let part = part.map_or_else(String::new, |part| format!(".{part}"));
    format!("{sign}{grouped}{part}")
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    #[test]
    fn amounts_are_grouped_as_they_are_read_in_india() {
        for (amount, said) in [
            ("0", "0"),
            ("999.50", "999.5"),
            ("1000", "1,000"),
            ("-99999.05", "-99,999.05"),
            ("100000", "1,00,000"),
            ("5000000", "50,00,000"),
            ("-123456789", "-12,34,56,789"),
        ] {
            let amount = Money::new(amount.parse::<Decimal>().unwrap());
            assert_eq!(rupees(amount), said);
        }
    }
}
