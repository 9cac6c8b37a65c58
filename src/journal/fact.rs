//! Facts: their kinds, their fields, and what they are about.

use serde_json::Value;

use super::text::{BadText, Names, Out, Put, Take, record};
use crate::domain::fact::{
    Approval, Change, Claim, Fact, Fill, Goal, LegOpening, Movement, OpenGoal, Reduction,
};
use crate::domain::finding::{Drift, Repair};
use crate::domain::ids::{IntentId, LegId, OrderId, SignalId};
use crate::domain::input::Scope;
use crate::domain::signal::SourceId;

record! {
    OpenGoal { layer, price, stop, target, atr, er, cap, source, profile, trace }
    Approval {
        intent, signal, contract, direction, product, position, leg, lots, valid_until, by_person,
        goal,
    }
    Claim { order, side, lots, quantity, pricing, epoch, baseline, net }
    Change { order, lots, quantity, trigger, limit }
    Fill { order, quantity, value, charges, added, added_charges }
    LegOpening {
        leg, position, base, layer, contract, direction, product, source, lots, cost, stop, target,
        atr,
    }
    Reduction { intent, leg, lots, cost, value, gross, charges, reason }
    Movement { kind, amount, after, order }
    Drift { finding, code, contract, symbol, product, order, ours, theirs }
    Repair { finding, lots, price, basis, reason }
}

impl Put for Goal {
    fn put(&self, out: &mut Out<'_>) {
        out.object(|fields| match self {
            Self::Open(goal) => fields.put("open", goal),
            Self::Close(reason) => fields.put("close", reason),
        });
    }
}

impl Take for Goal {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        match names.field(value, "close")? {
            Some(reason) => Ok(Self::Close(reason)),
            None => names.field(value, "open").map(Self::Open),
        }
    }
}

/// What stands before the name of the instrument whose state was set.
const OF_INSTRUMENT: &str = "instrument:";

/// What stands before the number of the source whose state was set.
const OF_SOURCE: &str = "source:";

impl Put for Scope {
    fn put(&self, out: &mut Out<'_>) {
        match self {
            Self::Desk => out.shown("desk"),
            Self::Instrument(ix) => {
                let name = out.names.instrument(*ix);
                out.string(&format!("{OF_INSTRUMENT}{name}"));
            }
            Self::Source(source) => out.string(&format!("{OF_SOURCE}{}", source.0)),
        }
    }
}

impl Take for Scope {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        let text = String::take(value, names)?;
        let source = text.strip_prefix(OF_SOURCE);
        if let Some(source) = source.and_then(|number| number.parse().ok()) {
            return Ok(Self::Source(SourceId(source)));
        }
        match text.strip_prefix(OF_INSTRUMENT) {
            Some(name) => names.ix(name).map(Self::Instrument),
            None if text == "desk" => Ok(Self::Desk),
            None => Err(BadText::new(format!("{text:?} as a scope"))),
        }
    }
}

// The list of facts: kind, and the fields of each. It names every field, so a new one does not
// compile until it is written and read.
macro_rules! facts {
    (
        plain { $($variant:ident = $kind:literal { $($field:ident),* $(,)? })* }
        boxed { $($boxed:ident = $boxed_kind:literal)* }
    ) => {
        /// Returns the word for a fact's kind.
        pub const fn kind(fact: &Fact) -> &'static str {
            match fact {
                $(Fact::$variant { .. } => $kind,)*
                $(Fact::$boxed(_) => $boxed_kind,)*
            }
        }

        impl Put for Fact {
            fn put(&self, out: &mut Out<'_>) {
                match self {
                    $(Self::$variant { $($field),* } => out.object(|fields| {
                        $(fields.put(stringify!($field), $field);)*
                    }),)*
                    $(Self::$boxed(inner) => inner.put(out),)*
                }
            }
        }

        pub(super) fn take(kind: &str, value: &Value, names: Names<'_>) -> Result<Fact, BadText> {
            match kind {
                $($kind => Ok(Fact::$variant {
                    $($field: names.field(value, stringify!($field))?),*
                }),)*
                $($boxed_kind => Ok(Fact::$boxed(Take::take(value, names)?)),)*
                other => Err(BadText::new(format!("{other:?} as a fact"))),
            }
        }
    };
}

facts! {
    plain {
        SignalRejected = "signal_rejected" { signal, code, trace }
        SignalRecorded = "signal_recorded" { signal, code }
        SignalAccepted = "signal_accepted" { signal, source, instrument, at }
        InputFaulted = "input_faulted" { signal }
        IntentLowered = "intent_lowered" { intent, lots, code }
        ExitWidened = "exit_widened" { intent, lots, reason }
        IntentClosed = "intent_closed" { intent, filled, why }
        ReversalWaiting = "reversal_waiting" { signal, until }
        ReversalEnded = "reversal_ended" { instrument, signal, code, trace }
        OrderWanted = "order_wanted" { order, lots, not_before }
        OrderSent = "order_sent" { order, broker_id }
        OrderReleased = "order_released" { order, not_before, text }
        OrderRefused = "order_refused" { order, text }
        OrderQueued = "order_queued" { order, pending }
        OrderUncertain = "order_uncertain" { order, text }
        OrderNotPlaced = "order_not_placed" { order }
        OrderClosed = "order_closed" { order, why, text }
        CancelWanted = "cancel_wanted" { order, why }
        CancelTaken = "cancel_taken" { order }
        CancelFailed = "cancel_failed" { order, not_before, text }
        LegGrown = "leg_grown" { leg, lots, cost }
        RiskFixed = "risk_fixed" { leg, risk }
        LegClosed = "leg_closed" { leg, gross, charges, net, reason }
        LegMarked = "leg_marked" { leg, bar_at, close, best, atr, series }
        StopMoved = "stop_moved" { leg, from, to, why }
        BarSeen = "bar_seen" { instrument, at, close, atr }
        DayStarted = "day_started" { day, equity, high_water }
        LimitBreached = "limit_breached" { code, value, limit }
        TradingStateSet = "trading_state_set" { scope, state, by, why }
        HighWaterSet = "high_water_set" { high_water }
        FundsSeen = "funds_seen" { available, at }
        RulesAdopted = "rules_adopted" { hash }
        FindingMade = "finding_made" { instrument, order, code, ours, theirs }
        ModifyTaken = "modify_taken" { order }
        ModifyFailed = "modify_failed" { order, not_before, text, uncertain }
        TriggerSeen = "trigger_seen" { order, fired }
        FindingSettled = "finding_settled" { finding, how, by, why }
        LimitWarned = "limit_warned" { code, value, limit }
        DayLimitSet = "day_limit_set" { loss, by, why }
        LimitCleared = "limit_cleared" { code, by, why }
        UnitsProved = "units_proved" { instrument, on }
        UnitsDoubted = "units_doubted" { instrument, ours, theirs }
        FlattenStarted = "flatten_started" { id, by, why }
        FlattenLeft = "flatten_left" { id, left }
        FlattenEnded = "flatten_ended" { id, code }
        SourceChanged = "source_changed" { what, name, change, detail, by, why }
        SemiAutoSeen = "semi_auto_seen" { on }
        SquareOffLate = "square_off_late" { instrument, day }
        RollProposed = "roll_proposed" { instrument, roll }
        RollStarted = "roll_started" { instrument, roll, by, why }
        RollEnded = "roll_ended" { instrument, position, code }
        BrokerStateSeen = "broker_state_seen" { feed, logged_in }
        StopOrdered = "stop_ordered" { leg, from, to, by, why }
    }
    boxed {
        IntentApproved = "intent_approved"
        OrderClaimed = "order_claimed"
        Filled = "filled"
        LegOpened = "leg_opened"
        LegReduced = "leg_reduced"
        LedgerMoved = "ledger_moved"
        ModifyWanted = "modify_wanted"
        ModifyDone = "modify_done"
        DriftFound = "drift_found"
        RepairProposed = "repair_proposed"
        EodViewed = "eod_viewed"
        EodJudged = "eod_judged"
        LegCarried = "leg_carried"
    }
}

/// What a fact is about, where it says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    /// The signal.
    pub signal: Option<SignalId>,
    /// The goal.
    pub intent: Option<IntentId>,
    /// The order.
    pub order: Option<OrderId>,
    /// The leg.
    pub leg: Option<LegId>,
}

impl Refs {
    fn signal(signal: SignalId) -> Self {
        Self {
            signal: Some(signal),
            ..Self::default()
        }
    }

    fn intent(intent: IntentId) -> Self {
        Self {
            intent: Some(intent),
            ..Self::default()
        }
    }

    fn order(order: OrderId) -> Self {
        Self {
            intent: Some(order.intent),
            order: Some(order),
            ..Self::default()
        }
    }

    fn leg(leg: LegId) -> Self {
        Self {
            leg: Some(leg),
            ..Self::default()
        }
    }
}

/// Returns what a fact is about.
#[expect(clippy::too_many_lines, reason = "one line a fact")]
pub fn refs(fact: &Fact) -> Refs {
    match fact {
        Fact::SignalRejected { signal, .. }
        | Fact::SignalRecorded { signal, .. }
        | Fact::SignalAccepted { signal, .. }
        | Fact::ReversalEnded { signal, .. } => Refs::signal(*signal),
        Fact::EodViewed(scout) => Refs::signal(scout.id),
        Fact::EodJudged(judged) => Refs {
            signal: judged.signal,
            intent: judged.intent,
            ..Refs::default()
        },
        Fact::LegCarried(carry) => Refs::leg(carry.leg),
        Fact::ReversalWaiting { signal, .. } => Refs::signal(signal.id),
        Fact::InputFaulted { signal } => Refs {
            signal: *signal,
            ..Refs::default()
        },
        Fact::IntentApproved(approval) => Refs {
            signal: approval.signal,
            intent: Some(approval.intent),
            order: None,
            leg: Some(approval.leg),
        },
        Fact::IntentLowered { intent, .. }
        | Fact::ExitWidened { intent, .. }
        | Fact::IntentClosed { intent, .. } => Refs::intent(*intent),
        Fact::OrderWanted { order, .. }
        | Fact::OrderSent { order, .. }
        | Fact::OrderReleased { order, .. }
        | Fact::OrderRefused { order, .. }
        | Fact::OrderQueued { order, .. }
        | Fact::OrderUncertain { order, .. }
        | Fact::OrderNotPlaced { order }
        | Fact::OrderClosed { order, .. }
        | Fact::CancelWanted { order, .. }
        | Fact::CancelTaken { order }
        | Fact::ModifyTaken { order }
        | Fact::ModifyFailed { order, .. }
        | Fact::TriggerSeen { order, .. }
        | Fact::CancelFailed { order, .. } => Refs::order(*order),
        Fact::OrderClaimed(claim) => Refs::order(claim.order),
        Fact::ModifyWanted(change) | Fact::ModifyDone(change) => Refs::order(change.order),
        Fact::Filled(fill) => Refs::order(fill.order),
        Fact::LegOpened(opening) => Refs::leg(opening.leg),
        Fact::LegGrown { leg, .. }
        | Fact::RiskFixed { leg, .. }
        | Fact::LegClosed { leg, .. }
        | Fact::LegMarked { leg, .. }
        | Fact::StopMoved { leg, .. }
        | Fact::StopOrdered { leg, .. } => Refs::leg(*leg),
        Fact::LegReduced(reduction) => Refs {
            intent: Some(reduction.intent),
            leg: Some(reduction.leg),
            ..Refs::default()
        },
        Fact::LedgerMoved(movement) => movement.order.map(Refs::order).unwrap_or_default(),
        Fact::FindingMade { order, .. } => order.map(Refs::order).unwrap_or_default(),
        Fact::BarSeen { .. }
        | Fact::DayStarted { .. }
        | Fact::LimitBreached { .. }
        | Fact::TradingStateSet { .. }
        | Fact::HighWaterSet { .. }
        | Fact::FundsSeen { .. }
        | Fact::RulesAdopted { .. }
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
        | Fact::SquareOffLate { .. }
        | Fact::RollProposed { .. }
        | Fact::RollStarted { .. }
        | Fact::RollEnded { .. }
        | Fact::BrokerStateSeen { .. } => Refs::default(),
    }
}
