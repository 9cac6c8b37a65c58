//! What is now true. A fact is written once and never edited; [`super::book::Book::apply`] is its
//! only meaning.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::close::{Carry, EodJudgement, Roll};
use super::finding::{Drift, FindingEnd, Repair};
use super::gates::Trace;
use super::ids::{Cause, FindingId, IntentId, LegId, OrderId, PositionId, SignalId};
use super::input::{FeedState, Scope, TradingState};
use super::instrument::{ContractId, InstrumentIx};
use super::money::{Lots, Money, Percent, Points, Price, Quantity, Ratio};
use super::order::{BrokerOrderId, Direction, Pricing, Product, Side};
use super::rules::RulesHash;
use super::signal::{Layer, Scout, Signal, SourceId};

/// Who is named when a limit of the day, or one that stays, sets the desk's state.
pub const BY_LIMIT: &str = "torana, for a limit";

/// Something that is now true.
#[expect(
    missing_docs,
    reason = "the fields are the words of the glossary; each variant says what it means"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// We said no to a signal; the trace holds every gate.
    SignalRejected {
        signal: SignalId,
        code: Code,
        trace: Option<Box<Trace>>,
    },
    /// A signal was written down and nothing follows from it.
    SignalRecorded { signal: SignalId, code: Code },
    /// The newest signal that was acted on, by source and instrument.
    SignalAccepted {
        signal: SignalId,
        source: SourceId,
        instrument: InstrumentIx,
        at: DateTime<Utc>,
    },
    /// A fault inside the decision: the input was put aside.
    InputFaulted { signal: Option<SignalId> },
    /// A goal was decided on.
    IntentApproved(Box<Approval>),
    /// An approved entry became smaller before it left.
    IntentLowered {
        intent: IntentId,
        lots: Lots,
        code: Code,
    },
    /// An exit became an exit of more, or a person's own.
    ExitWidened {
        intent: IntentId,
        lots: Option<Lots>,
        reason: ExitReason,
    },
    /// A goal was reached or given up.
    IntentClosed {
        intent: IntentId,
        filled: Lots,
        why: IntentEnd,
    },
    /// The entry half of a reversal waits until the position is flat.
    ReversalWaiting {
        signal: Box<Signal>,
        until: DateTime<Utc>,
    },
    /// The entry half of a reversal was taken up or given up.
    ReversalEnded {
        instrument: InstrumentIx,
        signal: SignalId,
        code: Code,
        trace: Option<Box<Trace>>,
    },
    /// An order is to be placed, not before the time given.
    OrderWanted {
        order: OrderId,
        lots: Lots,
        not_before: Option<DateTime<Utc>>,
    },
    /// The courier may send this, and nothing else, under this lease.
    OrderClaimed(Box<Claim>),
    /// The broker has it.
    OrderSent {
        order: OrderId,
        broker_id: BrokerOrderId,
    },
    /// It provably never left; it is wanted again, not before the time given.
    OrderReleased {
        order: OrderId,
        not_before: DateTime<Utc>,
        text: String,
    },
    /// The broker said no.
    OrderRefused { order: OrderId, text: String },
    /// It waits for a person at OpenAlgo.
    OrderQueued { order: OrderId, pending: String },
    /// It may have arrived and nobody knows.
    OrderUncertain { order: OrderId, text: String },
    /// It was proved never to have arrived.
    OrderNotPlaced { order: OrderId },
    /// Its life at the broker is over.
    OrderClosed {
        order: OrderId,
        why: OrderEnd,
        text: Option<String>,
    },
    /// It is to be cancelled, now.
    CancelWanted { order: OrderId, why: CancelWhy },
    /// The broker took the cancel; the order's own end is reported later.
    CancelTaken { order: OrderId },
    /// The cancel did not go through, or nobody knows; the order is read again.
    CancelFailed {
        order: OrderId,
        not_before: DateTime<Utc>,
        text: String,
    },
    /// More of an order was filled; all figures are cumulative but the last two.
    Filled(Box<Fill>),
    /// A first fill made a leg.
    LegOpened(Box<LegOpening>),
    /// A further fill made a leg larger; cost is the sum of price times lots.
    LegGrown {
        leg: LegId,
        lots: Lots,
        cost: Points,
    },
    /// What was risked at the entry, fixed when the entry order is final.
    RiskFixed { leg: LegId, risk: Money },
    /// An exit's fill made a leg smaller.
    LegReduced(Box<Reduction>),
    /// Nothing of a leg is left; the sums are of its whole life.
    LegClosed {
        leg: LegId,
        gross: Money,
        charges: Money,
        net: Money,
        reason: ExitReason,
    },
    /// A leg was judged on a closed bar of its series, whose close and range are those of its
    /// contract; best is the most favourable close since its entry.
    LegMarked {
        leg: LegId,
        bar_at: DateTime<Utc>,
        close: Price,
        best: Price,
        atr: Option<Points>,
        series: Option<SourceId>,
    },
    /// A leg's stop became tighter.
    StopMoved {
        leg: LegId,
        from: Price,
        to: Price,
        why: StopWhy,
    },
    /// A closed bar was seen.
    BarSeen {
        instrument: InstrumentIx,
        at: DateTime<Utc>,
        close: Price,
        atr: Option<Points>,
    },
    /// An end-of-day look was seen.
    EodViewed(Box<Scout>),
    /// An exchange day began.
    DayStarted {
        day: NaiveDate,
        equity: Money,
        high_water: Money,
    },
    /// A limit of the day was breached.
    LimitBreached {
        code: Code,
        value: Money,
        limit: Money,
    },
    /// What may be traded changed.
    TradingStateSet {
        scope: Scope,
        state: TradingState,
        by: String,
        why: String,
    },
    /// Money moved in our ledger.
    LedgerMoved(Box<Movement>),
    /// A deposit or withdrawal scaled the high water.
    HighWaterSet { high_water: Money },
    /// The broker's free cash was read.
    FundsSeen {
        available: Option<Money>,
        at: DateTime<Utc>,
    },
    /// These rules are in force.
    RulesAdopted { hash: RulesHash },
    /// Our version and the broker's differ.
    FindingMade {
        instrument: Option<InstrumentIx>,
        order: Option<OrderId>,
        code: Code,
        ours: String,
        theirs: String,
    },
    /// A resting order is to have other terms; a newer wish replaces an older one.
    ModifyWanted(Box<Change>),
    /// The broker took the change; its book shows later what became of it.
    ModifyTaken { order: OrderId },
    /// The broker's book shows an order with these terms.
    ModifyDone(Box<Change>),
    /// The change did not go through, or nobody knows; the order is read again.
    ModifyFailed {
        order: OrderId,
        not_before: DateTime<Utc>,
        text: String,
        uncertain: bool,
    },
    /// A resting order was seen waiting for its trigger, or past it.
    TriggerSeen { order: OrderId, fired: bool },
    /// The broker's book differs from ours and goes on differing.
    DriftFound(Box<Drift>),
    /// A change of our book would end a difference, once a person confirms it.
    RepairProposed(Box<Repair>),
    /// A difference ended, or a person said that it is none.
    FindingSettled {
        finding: FindingId,
        how: FindingEnd,
        by: String,
        why: String,
    },
    /// Four fifths of a limit of the day are used.
    LimitWarned {
        code: Code,
        value: Money,
        limit: Money,
    },
    /// A person let trading go on under another limit of the loss, for the rest of the day.
    DayLimitSet {
        loss: Percent,
        by: String,
        why: String,
    },
    /// A person cleared a limit that stays breached until then.
    LimitCleared { code: Code, by: String, why: String },
    /// The broker counts this instrument as our rules say.
    UnitsProved {
        instrument: InstrumentIx,
        on: NaiveDate,
    },
    /// The broker seems to count it otherwise: nothing of it leaves before that is settled.
    UnitsDoubted {
        instrument: InstrumentIx,
        ours: String,
        theirs: String,
    },
    /// Everything is to be taken out, and nothing goes in until it is.
    FlattenStarted { id: Cause, by: String, why: String },
    /// It is not all out yet; what is left, in words.
    FlattenLeft { id: Cause, left: String },
    /// It is over: `flat`, or `called_off` by a person.
    FlattenEnded { id: Cause, code: Code },
    /// Who may send alerts or order changed.
    SourceChanged {
        what: Code,
        name: String,
        change: Code,
        detail: String,
        by: String,
        why: String,
    },
    /// OpenAlgo holds orders back until a person approves them, or no longer does.
    SemiAutoSeen { on: bool },
    /// The end of the day was judged.
    EodJudged(Box<EodJudgement>),
    /// A position of the day was not flat when it had to be.
    SquareOffLate {
        instrument: InstrumentIx,
        day: NaiveDate,
    },
    /// A position should change its contract.
    RollProposed {
        instrument: InstrumentIx,
        roll: Roll,
    },
    /// A position changes its contract.
    RollStarted {
        instrument: InstrumentIx,
        roll: Roll,
        by: String,
        why: String,
    },
    /// A change of contract is over.
    RollEnded {
        instrument: InstrumentIx,
        position: PositionId,
        code: Code,
    },
    /// A leg in a new contract took over from its old one.
    LegCarried(Box<Carry>),
    /// The broker's feed or session changed.
    BrokerStateSeen { feed: FeedState, logged_in: bool },
    /// A person put the stop of a leg nearer.
    StopOrdered {
        leg: LegId,
        from: Price,
        to: Price,
        by: String,
        why: String,
    },
}

impl Fact {
    /// Returns the goal it approves.
    pub const fn approval(&self) -> Option<&Approval> {
        if let Self::IntentApproved(approval) = self {
            Some(approval)
        } else {
            None
        }
    }

    /// Returns what it allows the courier to send.
    pub const fn claim(&self) -> Option<&Claim> {
        if let Self::OrderClaimed(claim) = self {
            Some(claim)
        } else {
            None
        }
    }

    /// Returns the record of an entry's rejection.
    pub const fn refusal(&self) -> Option<&Trace> {
        if let Self::SignalRejected {
            trace: Some(trace), ..
        } = self
        {
            Some(trace)
        } else {
            None
        }
    }
}

/// A stable, public word for why something was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

/// What a goal was decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Its name.
    pub intent: IntentId,
    /// The signal behind it, when there is one.
    pub signal: Option<SignalId>,
    /// In what.
    pub contract: ContractId,
    /// Which way the position gains.
    pub direction: Direction,
    /// How it is carried.
    pub product: Product,
    /// The position it belongs to.
    pub position: PositionId,
    /// The leg it makes or takes from.
    pub leg: LegId,
    /// How many lots; `None` is an exit of all that the leg holds.
    pub lots: Option<Lots>,
    /// Until when it may wait unsent; exits never expire.
    pub valid_until: Option<DateTime<Utc>>,
    /// Whether a person ordered it.
    pub by_person: bool,
    /// What it is.
    pub goal: Goal,
}

/// What a goal is, in detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A new leg.
    Open(Box<OpenGoal>),
    /// Out, for this reason.
    Close(ExitReason),
}

/// What an entry or add was decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenGoal {
    /// The sender's label.
    pub layer: Layer,
    /// The price that was sized, on the contract.
    pub price: Price,
    /// The stop that was sized, on the contract and its tick.
    pub stop: Price,
    /// Where the profit is wanted.
    pub target: Option<Price>,
    /// The average true range it was sized with.
    pub atr: Option<Points>,
    /// The efficiency ratio it was sized with.
    pub er: Ratio,
    /// The most lots its sender asked for.
    pub cap: Option<Lots>,
    /// The source of the signal.
    pub source: SourceId,
    /// The stricter profile of that source.
    pub profile: Option<String>,
    /// Every gate with its numbers, and the arithmetic of the size; shared, as the book is copied.
    pub trace: Arc<Trace>,
}

/// What the courier was allowed to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which order.
    pub order: OrderId,
    /// Its side.
    pub side: Side,
    /// How many lots.
    pub lots: Lots,
    /// The same in the unit OpenAlgo expects.
    pub quantity: Quantity,
    /// At what price.
    pub pricing: Pricing,
    /// Under which lease.
    pub epoch: i64,
    /// The broker's ids of this contract, product and side seen before.
    pub baseline: Vec<BrokerOrderId>,
    /// The lots that the broker was seen to hold for an exit; nothing where nobody knew.
    pub net: Option<Lots>,
}

/// The terms of a resting order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which order.
    pub order: OrderId,
    /// How many lots.
    pub lots: Lots,
    /// The same in the unit OpenAlgo expects.
    pub quantity: Quantity,
    /// Where it wakes.
    pub trigger: Price,
    /// The worst price it then takes.
    pub limit: Price,
}

/// A growth of what was filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Of which order.
    pub order: OrderId,
    /// All that is filled, in the ordered unit.
    pub quantity: Quantity,
    /// The sum of price times quantity of all that is filled.
    pub value: Money,
    /// All charges of the order so far.
    pub charges: Money,
    /// What this growth added in units.
    pub added: Quantity,
    /// What this growth added in charges.
    pub added_charges: Money,
}

/// A new leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegOpening {
    /// Its name.
    pub leg: LegId,
    /// The position it belongs to.
    pub position: PositionId,
    /// Whether it is the base of the position.
    pub base: bool,
    /// The sender's label.
    pub layer: Layer,
    /// In what.
    pub contract: ContractId,
    /// Which way it gains.
    pub direction: Direction,
    /// How it is carried.
    pub product: Product,
    /// The source of its signal.
    pub source: SourceId,
    /// How many lots.
    pub lots: Lots,
    /// The sum of price times lots.
    pub cost: Points,
    /// Where it gets out.
    pub stop: Price,
    /// Where it takes its profit.
    pub target: Option<Price>,
    /// The average true range at its entry.
    pub atr: Option<Points>,
}

/// What an exit's fill took from a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduction {
    /// For which goal.
    pub intent: IntentId,
    /// From which leg.
    pub leg: LegId,
    /// How many lots.
    pub lots: Lots,
    /// The sum of price times lots they were bought (or sold) for.
    pub cost: Points,
    /// The sum of price times lots they went for.
    pub value: Points,
    /// The gain before charges.
    pub gross: Money,
    /// The charges of this fill.
    pub charges: Money,
    /// Why.
    pub reason: ExitReason,
}

/// A movement of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// What moved it.
    pub kind: LedgerKind,
    /// By how much.
    pub amount: Money,
    /// The balance after.
    pub after: Money,
    /// The order, where one moved it.
    pub order: Option<OrderId>,
}

/// What moves the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerKind {
    /// The capital a desk starts with.
    Opening,
    /// Money put in.
    Deposit,
    /// Money taken out.
    Withdrawal,
    /// Gain or loss of an exit, before charges.
    Realised,
    /// Charges of a fill.
    Charges,
}

/// Why we got out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitReason {
    /// The first stop was hit.
    Stop,
    /// A stop that had trailed was hit.
    TrailingStop,
    /// A stop at the entry was hit.
    Breakeven,
    /// The target was reached.
    Target,
    /// A signal said so.
    Signal,
    /// The intraday position had to be closed.
    SquareOff,
    /// The end of the day.
    Eod,
    /// The position had grown too risky.
    PeelOff,
    /// The contract was changed.
    Rollover,
    /// The contract ends.
    Expiry,
    /// A limit of the day.
    DayLimit,
    /// Margin ran short.
    Margin,
    /// A person said so.
    Operator,
    /// Everything was flattened.
    Kill,
    /// Our book and the broker's differed.
    Drift,
    /// The broker did it.
    Broker,
}

/// Why a stop stands where it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopWhy {
    /// It stands where the entry, or a person, put it.
    #[default]
    First,
    /// It followed the price.
    Trailing,
    /// It went to the entry once the leg had gained what it risked.
    Breakeven,
}

impl StopWhy {
    /// Returns the reason of an exit at such a stop.
    pub const fn reason(self) -> ExitReason {
        match self {
            Self::First => ExitReason::Stop,
            Self::Trailing => ExitReason::TrailingStop,
            Self::Breakeven => ExitReason::Breakeven,
        }
    }
}

/// How a goal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentEnd {
    /// All of it was done.
    Done,
    /// It was not sent, or not filled, in time.
    Expired,
    /// It was proved never to have been placed.
    NotPlaced,
    /// The broker refused it.
    Refused,
    /// The broker or the exchange ended it.
    Broker,
    /// Another decision took its place.
    Superseded,
    /// A person gave it up.
    Operator,
    /// The second look said no.
    SecondLook(Code),
}

/// How an order's life at the broker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderEnd {
    /// All of it was filled.
    Filled,
    /// It was cancelled.
    Cancelled,
    /// The exchange or the broker's risk system rejected it.
    Rejected,
    /// It was never sent.
    Expired,
    /// The broker refused it at the door.
    Refused,
    /// It was proved never to have arrived.
    NotPlaced,
}

/// Why an order is to be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CancelWhy {
    /// It waited long enough.
    Wait,
    /// It is to be priced anew.
    Reprice,
    /// An exit needs it out of the way.
    Exit,
    /// A person said so.
    Operator,
}

macro_rules! words {
    ($($name:ident { $($variant:ident = $word:literal),* $(,)? })*) => {$(
        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the word used in rows and answers.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    )*};
}

pub(super) use words;

words! {
    ExitReason {
        Stop = "stop", TrailingStop = "trailing_stop", Breakeven = "breakeven", Target = "target",
        Signal = "signal", SquareOff = "square_off", Eod = "eod", PeelOff = "peel_off",
        Rollover = "rollover", Expiry = "expiry", DayLimit = "day_limit", Margin = "margin",
        Operator = "operator", Kill = "kill", Drift = "drift", Broker = "broker",
    }
    StopWhy { First = "first", Trailing = "trailing", Breakeven = "breakeven" }
    OrderEnd {
        Filled = "filled", Cancelled = "cancelled", Rejected = "rejected", Expired = "expired",
        Refused = "refused", NotPlaced = "not_placed",
    }
    CancelWhy { Wait = "wait", Reprice = "reprice", Exit = "exit", Operator = "operator" }
    LedgerKind {
        Opening = "opening", Deposit = "deposit", Withdrawal = "withdrawal",
        Realised = "realised", Charges = "charges",
    }
}

impl IntentEnd {
    /// Returns the word used in rows and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Expired => "expired",
            Self::NotPlaced => "not_placed",
            Self::Refused => "refused",
            Self::Broker => "broker",
            Self::Superseded => "superseded",
            Self::Operator => "operator",
            Self::SecondLook(code) => code.0,
        }
    }
}
