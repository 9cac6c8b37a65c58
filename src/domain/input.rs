//! What happened outside: the closed list of things a decision can be about.

use chrono::{DateTime, TimeDelta, Utc};

use super::broker_book::{BrokerBook, Net, NetKey};
use super::close::Compared;
use super::fact::Code;
use super::finding::{Adoption, Broken};
use super::ids::{Cause, FindingId, IntentId, LegId, OrderId, SignalId};
use super::instrument::{ContractId, InstrumentIx};
use super::money::{Lots, Money, Percent, Price, Quantity, Ratio};
use super::order::{BrokerOrderId, Pricing, Product, Side};
use super::rules::RulesHash;
use super::signal::{Bar, BarFrom, Scout, Signal, SourceId};

/// Something that happened outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A request to trade.
    Signal(Box<Signal>),
    /// An end-of-day look.
    Scout(Box<Scout>),
    /// A closed bar.
    Bar(Box<Bar>),
    /// The courier asks: may this order leave now?
    Dispatch(Box<Dispatch>),
    /// What became of a call to the broker.
    Outcome(Outcome),
    /// What the broker says about an order, cumulative.
    Report(Report),
    /// What the broker's books say about an order nobody answered for.
    Proof(Proof),
    /// The broker's free cash.
    Funds(Funds),
    /// A person's order.
    Operator(Box<Operator>),
    /// A good price of a contract in continuous trading.
    Tick(Tick),
    /// Time has passed.
    Time,
    /// The process has these rules.
    Rules(RulesHash),
    /// What the broker's book shows of a resting order.
    Terms(SeenTerms),
    /// What the broker's books show, when it matters.
    BrokerBook(Box<BrokerBook>),
    /// What the broker's unit of quantity was seen to be.
    UnitsSeen(Vec<UnitsSeen>),
    /// Whether OpenAlgo holds orders back until a person approves them.
    SemiAuto(bool),
    /// What OpenAlgo says of a contract or its market, beside what we say.
    Compared(Box<Compared>),
    /// How the broker's feed and session are.
    BrokerState(BrokerState),
    /// Our own journal is broken.
    Broken(Box<Broken>),
    /// Whether orders reach the broker.
    Route(Box<SeenRoute>),
    /// Our own journal was verified, all of it, and the rows are what it says.
    Whole,
    /// The computer's clock went on by so much more, or less, than time has passed.
    ClockJumped(TimeDelta),
}

impl Input {
    /// Returns name, source, instrument and moment of the alert it is, when it is one.
    pub fn alert(&self) -> Option<(SignalId, SourceId, InstrumentIx, DateTime<Utc>)> {
        match self {
            Self::Signal(signal) => {
                Some((signal.id, signal.source, signal.instrument, signal.moment()))
            }
            Self::Scout(scout) => Some((scout.id, scout.source, scout.instrument, scout.at)),
            Self::Bar(bar) => match bar.from {
                BarFrom::Alert { id, source } => Some((id, source, bar.instrument, bar.at)),
                BarFrom::History | BarFrom::Ticks => None,
            },
            Self::Dispatch(_)
            | Self::Outcome(_)
            | Self::Report(_)
            | Self::Proof(_)
            | Self::Funds(_)
            | Self::Operator(_)
            | Self::Time
            | Self::Tick(_)
            | Self::Rules(_)
            | Self::Terms(_)
            | Self::BrokerBook(_)
            | Self::UnitsSeen(_)
            | Self::SemiAuto(_)
            | Self::Compared(_)
            | Self::BrokerState(_)
            | Self::Broken(_)
            | Self::Route(_)
            | Self::Whole
            | Self::ClockJumped(_) => None,
        }
    }
}

/// The question whether an order may leave now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// Which order.
    pub order: OrderId,
    /// The freshest quote of its contract, when there is one.
    pub quote: Option<Quote>,
    /// The lease under which it would be sent.
    pub epoch: i64,
    /// The broker's ids of this contract, product and side seen just before.
    pub baseline: Vec<BrokerOrderId>,
}

/// A price with its book's edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The last traded price.
    pub price: Price,
    /// The best buyer's price.
    pub bid: Option<Price>,
    /// The best seller's price.
    pub ask: Option<Price>,
    /// When it was read.
    pub at: DateTime<Utc>,
}

/// A price of a contract that whoever sends it has judged to be good: fresh, of continuous trading
/// and not suspicious.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Of what.
    pub contract: ContractId,
    /// The price, the edges of its book, and when it was read.
    pub quote: Quote,
    /// Where it came from.
    pub source: PriceSource,
}

/// What became of a call to the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Which order.
    pub order: OrderId,
    /// What was asked.
    pub call: CallKind,
    /// What came of it.
    pub result: CallResult,
}

/// What the courier can ask of the broker about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// Place it.
    Place,
    /// Cancel it.
    Cancel,
    /// Replace its terms.
    Modify,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallResult {
    /// The broker has it, under this id.
    Sent(BrokerOrderId),
    /// It provably never left.
    NotSent(String),
    /// The broker said no.
    Refused(String),
    /// It waits for a person at OpenAlgo.
    Queued(String),
    /// Nobody knows.
    Uncertain(String),
}

/// What the broker says about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which order.
    pub order: OrderId,
    /// All that was filled, in the unit it was ordered in.
    pub quantity: Quantity,
    /// The sum of price times quantity over those fills, in rupees per unit times units.
    pub value: Money,
    /// What state it is in.
    pub status: ReportStatus,
    /// The broker's words, for people.
    pub text: Option<String>,
}

/// The state of an order at the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportStatus {
    /// It may still fill; also every word we do not know.
    Working,
    /// All of it was filled.
    Complete,
    /// It was cancelled.
    Cancelled,
    /// The exchange or the broker's risk system said no afterwards.
    Rejected,
}

/// What the broker's book shows of an order that rests until a trigger is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenTerms {
    /// Which order.
    pub order: OrderId,
    /// How much it is for, in the unit it was ordered in.
    pub quantity: Quantity,
    /// Its prices.
    pub pricing: Pricing,
    /// Whether it still waits for its trigger.
    pub waits: bool,
}

/// What reading the broker's books has shown about an uncertain order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Which order.
    pub order: OrderId,
    /// What was found.
    pub found: Found,
    /// How many complete, agreeing reads there were.
    pub reads: u32,
    /// The time between the first and the last of them.
    pub span: TimeDelta,
    /// Whether the call that sent it has ended.
    pub call_ended: bool,
    /// Whether the broker was proved to answer between the reads.
    pub alive: bool,
}

/// Orders in the broker's books that can only be the one we look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// None.
    None,
    /// Exactly one.
    One(BrokerOrderId),
    /// More than one.
    Many(Vec<BrokerOrderId>),
}

/// An order as the broker's book shows it, in what is needed to recognise it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenOrder {
    /// The broker's id.
    pub id: BrokerOrderId,
    /// The contract's symbol.
    pub symbol: String,
    /// How it is carried.
    pub product: Product,
    /// Which way.
    pub side: Side,
    /// How much.
    pub quantity: Quantity,
    /// At what price, when the book shows it.
    pub pricing: Option<Pricing>,
}

/// The broker's free cash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Funds {
    /// What may still be used; `None` when the broker did not say.
    pub available: Option<Money>,
    /// When it was read.
    pub at: DateTime<Utc>,
}

/// What shows whether the broker counts a contract as our rules say. What it does not say is
/// `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitsSeen {
    /// The contract.
    pub contract: ContractId,
    /// The lot in the broker's list of symbols.
    pub lot: Option<u32>,
    /// The margin it wants for the quantity that is one lot by our rules.
    pub margin: Option<Money>,
    /// The size of its position, in its own count.
    pub held: Option<Quantity>,
}

/// What a person orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name of the order: derived from its text, its time and its maker.
    pub id: Cause,
    /// The name of the token it came with.
    pub by: String,
    /// The reason given.
    pub why: String,
    /// What is ordered.
    pub order: Command,
}

/// The orders a person can give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Set what may be traded.
    State(Scope, TradingState),
    /// Take lots of a leg, or all of an instrument, out.
    Exit(ExitWhat, Option<Lots>),
    /// Give an intent up: cancel what works of it.
    CancelIntent(IntentId),
    /// Say what became of an uncertain or queued order.
    Settle(OrderId, Settlement),
    /// Put money in (or take it out, when negative).
    Cash(Money),
    /// Change our book as a finding proposes, at another price when one is given.
    Confirm(FindingId, Option<Price>),
    /// Say that a finding is none.
    Dismiss(FindingId),
    /// Take in what the broker holds.
    Adopt(Adoption),
    /// Go on under a breached limit of the day: with this loss, in percent, for the rest of it.
    DayLimit(Percent),
    /// Go on after a limit that only a person clears.
    Clear(Latch),
    /// Cancel everything, take everything out, and see to it until all is flat.
    Flatten,
    /// Change who may send alerts or order.
    Access(Access),
    /// Change the contract of what is held of an instrument.
    Roll(InstrumentIx),
    /// Put the stop of a leg nearer.
    Stop(LegId, Price),
}

/// A limit that stays breached until a person clears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latch {
    /// The fall from the high water.
    Drawdown,
    /// Losing positions in a row.
    LosingStreak,
}

impl Latch {
    /// Returns the code of its gate.
    pub const fn code(self) -> Code {
        match self {
            Self::Drawdown => Code("drawdown"),
            Self::LosingStreak => Code("losing_streak"),
        }
    }
}

/// A change of who may send alerts or order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// `source` or `token`.
    pub what: Code,
    /// Its name.
    pub name: String,
    /// What is done to it: `added`, `rotated`, `disabled`, `revoked`.
    pub change: Code,
    /// What it may do from now on, in words; never a secret.
    pub detail: String,
}

/// What a person's exit is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitWhat {
    /// One leg.
    Leg(LegId),
    /// Everything of one instrument.
    Instrument(InstrumentIx),
    /// Everything.
    All,
}

/// What a person says became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is at the broker, under this id.
    Placed(BrokerOrderId),
    /// It never arrived.
    NotPlaced,
}

/// Whose trading state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All of the desk.
    Desk,
    /// One instrument.
    Instrument(InstrumentIx),
    /// The entries of one source.
    Source(SourceId),
}

/// What may be traded; the stricter of desk and instrument counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradingState {
    /// Everything.
    #[default]
    Active,
    /// Exits, stops and protective orders; no entry, no add.
    Reducing,
    /// Nothing on our own initiative; a person's exit and every cancel still go.
    Frozen,
}

impl TradingState {
    /// Returns the word used in rows and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Reducing => "reducing",
            Self::Frozen => "frozen",
        }
    }
}

/// How the broker's feed and session are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerState {
    /// The feed of prices.
    pub feed: FeedState,
    /// Whether OpenAlgo has a session at the broker.
    pub logged_in: bool,
}

impl Default for BrokerState {
    /// All is well, until something else is seen.
    fn default() -> Self {
        Self {
            feed: FeedState::Speaks,
            logged_in: true,
        }
    }
}

/// What was seen of the way that orders take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRoute {
    /// The name of the finding it becomes, where it becomes one.
    pub finding: FindingId,
    /// Where they go.
    pub route: Route,
}

/// Where orders go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// To the broker: everything that a start asks was asked and answered; in words.
    Proved(String),
    /// Nobody knows yet; why, in words.
    Unproved(String),
    /// Not to the broker; where else, in words.
    Elsewhere(String),
    /// To the broker, where they may have gone elsewhere before; what is not answered yet, in words.
    Back(String),
}

/// How the feed of prices is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeedState {
    /// It tells what happens.
    Speaks,
    /// Prices move and it says nothing of them.
    Mute,
    /// There is no connection to it.
    Away,
}

impl FeedState {
    /// Every state.
    pub const ALL: &'static [Self] = &[Self::Speaks, Self::Mute, Self::Away];

    /// Returns the word used in rows and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Speaks => "speaks",
            Self::Mute => "mute",
            Self::Away => "away",
        }
    }
}

/// Who says a price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceSource {
    /// The WebSocket feed.
    Feed,
    /// A quote that was asked for.
    #[default]
    Rest,
    /// The close of a bar.
    Bar,
    /// The newest alert, where the simulator's market follows alerts.
    Alert,
}

impl PriceSource {
    /// Every source.
    pub const ALL: &'static [Self] = &[Self::Feed, Self::Rest, Self::Bar, Self::Alert];

    /// Returns the word used in rows and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Rest => "rest",
            Self::Bar => "bar",
            Self::Alert => "alert",
        }
    }
}

/// A market price as decisions see it: part of the book as seen, never of the fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The price and the edges of its book.
    pub quote: Quote,
    /// The broker's margin for one lot, when it was asked.
    pub margin: Option<SeenMargin>,
    /// Who says the price.
    pub source: PriceSource,
}

/// The broker's margin for one lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenMargin {
    /// How much.
    pub amount: Money,
    /// When it was asked.
    pub at: DateTime<Utc>,
}

/// Where prices are looked up: by contract, and by the chart an instrument's alerts come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The contracts we trade.
    pub contracts: std::collections::BTreeMap<ContractId, Mark>,
    /// The symbols the charts show, where those are others.
    pub charts: std::collections::BTreeMap<InstrumentIx, Quote>,
    /// What the broker holds, where its position book had a row.
    pub nets: std::collections::BTreeMap<NetKey, Net>,
    /// How much two instruments move together: of their returns over 30 days, the lower one first.
    pub correlations: std::collections::BTreeMap<(InstrumentIx, InstrumentIx), Ratio>,
}

impl Marks {
    /// Forgets what is of a time that has not come: a clock that was ahead has stamped it, and it
    /// would pass for fresh.
    pub fn forget_after(&mut self, limit: DateTime<Utc>) {
        self.contracts.retain(|_, mark| mark.quote.at <= limit);
        self.charts.retain(|_, quote| quote.at <= limit);
        self.nets.retain(|_, net| net.at <= limit);
    }
}
