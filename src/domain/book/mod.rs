//! Positions, working intents, equity and trading state, as the facts left them.
//!
//! 1. [`Book::apply`] is the only meaning of a fact; it decides nothing and cannot fail.
//! 2. It records what it touched; the store writes exactly those as whole rows.
//! 3. What is over stays until [`Book::prune`], so that a late report still finds its order.

mod apply;
mod cancel;
mod close;
mod exposure;
mod few;
mod fills;
mod held;
mod levels;
mod limits;
mod rows;
mod stakes;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

pub use exposure::{Equity, Exposure};
pub use few::Few;
pub use fills::{average, share};
pub use held::{Asked, signed};
pub use levels::Levels;
pub use rows::{Ends, Rows};
pub use stakes::Stakes;

use super::close::{EodState, Roll};
use super::fact::{CancelWhy, Change, Code, ExitReason, Goal, IntentEnd, OrderEnd, StopWhy};
use super::finding::Finding;
use super::ids::{Cause, FindingId, IntentId, LegId, OrderId, PositionId, Purpose, SignalId};
use super::input::{Funds, Marks, TradingState};
use super::instrument::{ContractId, InstrumentIx, InstrumentKind};
use super::money::{Lots, Money, Percent, PointValue, Points, Price, Quantity};
use super::order::{BrokerOrderId, Direction, Pricing, Product, Side};
use super::rules::{Rules, RulesHash};
use super::signal::{Layer, Scout, Signal, SourceId};

/// How long what is over stays in the book.
pub const KEPT: TimeDelta = TimeDelta::hours(24);

/// All that a decision knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// Money, state and day of the desk.
    pub desk: DeskState,
    /// What is known of instruments beyond their market facts.
    pub instruments: BTreeMap<InstrumentIx, InstrumentState>,
    /// Open positions, and those closed lately.
    pub positions: BTreeMap<PositionId, Position>,
    /// Open legs, and those closed lately.
    pub legs: BTreeMap<LegId, Leg>,
    /// Open goals, and those closed lately.
    pub intents: Rows<IntentId, Intent>,
    /// Working orders, and those closed lately.
    pub orders: Rows<OrderId, Order>,
    /// The newest accepted signal of each source and instrument.
    pub newest: BTreeMap<(SourceId, InstrumentIx), DateTime<Utc>>,
    /// Entry halves of reversals that wait until flat.
    pub reversals: BTreeMap<InstrumentIx, Reversal>,
    /// Differences from the broker's book: open ones, and those that ended lately.
    pub findings: BTreeMap<FindingId, Finding>,
    /// Sources whose entries are held back, and how.
    pub sources: BTreeMap<SourceId, TradingState>,
    /// Prices, and what the broker holds, as seen; not part of the fold.
    pub marks: Marks,
    /// What was touched since [`Book::take_touched`].
    pub touched: Touched,
    /// The nearest prices at which something may have to be done about what is held.
    pub levels: Levels,
    /// What the open legs have at stake, as it was summed last; not part of the fold.
    pub stakes: Stakes,
}

/// Money, state and day of the desk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskState {
    /// What may be traded.
    pub state: TradingState,
    /// The capital it started with.
    pub opening: Money,
    /// Opening capital, deposits less withdrawals, gains after charges.
    pub realised: Money,
    /// The highest marked equity at a day's close, scaled by deposits and withdrawals.
    pub high_water: Money,
    /// The exchange day it is in.
    pub day: Option<NaiveDate>,
    /// Marked equity at the day's start.
    pub day_base: Money,
    /// Money put in less money taken out since the day's start.
    pub day_cash: Money,
    /// Entries with at least one fill today.
    pub day_trades: u32,
    /// Losing positions in a row.
    pub losing_streak: u32,
    /// The broker's free cash as last read.
    pub funds: Option<Funds>,
    /// The rules last adopted.
    pub rules: RulesHash,
    /// What has become of the limits of the day and of those that stay.
    pub limits: Limits,
    /// Everything is being taken out.
    pub flatten: Option<Flatten>,
    /// OpenAlgo holds orders back until a person approves them.
    pub semi_auto: bool,
}

/// What has become of the limits of the day, and of those that only a person clears.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that has happened, independent of the others"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Whether the warning of the day's loss was given.
    pub warned: bool,
    /// Whether the day's loss was breached.
    pub breached: bool,
    /// The loss a person allows for the rest of the day, in percent.
    pub loss: Option<Percent>,
    /// Whether the fall from the high water was breached.
    pub drawdown: bool,
    /// Whether too many positions lost in a row.
    pub losing_streak: bool,
    /// Whether it was one of these that made the desk reduce.
    pub reduced: bool,
}

impl DeskState {
    /// Returns what was lost today, at this equity; money put in or taken out is neither.
    pub fn lost_today(&self, marked: Money) -> Money {
        self.day_base + self.day_cash - marked
    }

    /// Returns the most that may be lost today, in percent: a person's word, else the rules'.
    pub fn loss_limit(&self, rules: &Rules) -> Option<Percent> {
        self.limits.loss.or(rules.day.loss)
    }
}

impl Limits {
    /// Returns whether any of them is breached.
    pub const fn any(self) -> bool {
        self.breached || self.drawdown || self.losing_streak
    }
}

/// A person's order to take everything out, until all is flat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flatten {
    /// Its name.
    pub id: Cause,
    /// Who ordered it.
    pub by: String,
    /// When it was ordered, or what is left was said last.
    pub at: DateTime<Utc>,
    /// How often was said what is left.
    pub said: u32,
}

/// What is known of an instrument beyond its market facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstrumentState {
    /// What may be traded of it.
    pub state: TradingState,
    /// The newest bar's time.
    pub bar_at: Option<DateTime<Utc>>,
    /// The newest bar's close.
    pub bar_close: Option<Price>,
    /// The newest bar's average true range.
    pub atr: Option<Points>,
    /// When a stop last took a leg of it out.
    pub stopped_at: Option<DateTime<Utc>>,
    /// The exchange day on which the broker's count of it was proved last.
    pub units_on: Option<NaiveDate>,
    /// Whether the broker seems to count it otherwise than our rules say.
    pub units_doubted: bool,
    /// The freshest end-of-day look.
    pub look: Option<Scout>,
    /// The newest end-of-day judgement.
    pub eod: Option<EodState>,
    /// A change of contract, proposed or under way.
    pub roll: Option<Roll>,
    /// The day on which its square-off was late.
    pub late: Option<NaiveDate>,
}

/// What is held of one instrument, one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its name.
    pub id: PositionId,
    /// In what.
    pub contract: ContractId,
    /// Which way it gains.
    pub direction: Direction,
    /// How it is carried.
    pub product: Product,
    /// The source whose signal opened it.
    pub source: SourceId,
    /// When its first fill came.
    pub opened_at: DateTime<Utc>,
    /// When the last leg closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Adds filled, ever.
    pub adds: u32,
    /// The fill price of its newest leg, open or closed.
    pub last_entry: Price,
    /// The fill price of its base leg.
    pub base_entry: Price,
    /// The first stop of its base leg.
    pub base_stop: Price,
    /// What the base risked at its entry (R0).
    pub base_risk: Money,
    /// What closed adds lost; never negative.
    pub closed_add_loss: Money,
    /// Its gain after charges so far.
    pub net: Money,
}

/// One entry of a position, with its own stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Its name.
    pub id: LegId,
    /// The position it belongs to.
    pub position: PositionId,
    /// Whether it is the position's base.
    pub base: bool,
    /// The sender's label.
    pub layer: Layer,
    /// In what.
    pub contract: ContractId,
    /// Which way it gains.
    pub direction: Direction,
    /// How it is carried.
    pub product: Product,
    /// What it holds now.
    pub lots: Lots,
    /// What it ever held at most.
    pub opened_lots: Lots,
    /// The sum of price times lots of what it holds.
    pub cost: Points,
    /// Its average entry, to 8 places.
    pub entry: Price,
    /// The stop it began with.
    pub first_stop: Price,
    /// Where it gets out.
    pub stop: Price,
    /// Where it takes its profit.
    pub target: Option<Price>,
    /// The average true range of its series.
    pub atr: Option<Points>,
    /// The most favourable close since its entry.
    pub best: Price,
    /// What it risked at its entry.
    pub risk: Money,
    /// Gain before charges of what it gave up so far.
    pub gross: Money,
    /// Charges so far, of entry and exits.
    pub charges: Money,
    /// How many exits were decided on.
    pub exits: u16,
    /// When its first fill came.
    pub opened_at: DateTime<Utc>,
    /// When nothing was left.
    pub closed_at: Option<DateTime<Utc>>,
    /// Why it was closed.
    pub reason: Option<ExitReason>,
    /// Why its stop stands where it does.
    pub stop_why: StopWhy,
    /// When the bar closed that it was judged on last.
    pub bar_at: Option<DateTime<Utc>>,
    /// Whose bars it is judged on, once an alert brought one.
    pub series: Option<SourceId>,
}

/// A goal we have decided on and written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its name.
    pub id: IntentId,
    /// The signal behind it.
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
    /// How many were filled.
    pub filled: Lots,
    /// Until when it may wait unsent.
    pub valid_until: Option<DateTime<Utc>>,
    /// Whether a person ordered it.
    pub by_person: bool,
    /// What it is.
    pub goal: Goal,
    /// How many orders it has had.
    pub orders: u16,
    /// How often an order of it failed in a row.
    pub failures: u16,
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// How it ended.
    pub end: Option<(IntentEnd, DateTime<Utc>)>,
}

/// One message to the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its name.
    pub id: OrderId,
    /// In what.
    pub contract: ContractId,
    /// How it is carried.
    pub product: Product,
    /// Which way it trades.
    pub side: Side,
    /// How many lots it is for.
    pub lots: Lots,
    /// The same in the unit OpenAlgo expects, once claimed.
    pub quantity: Quantity,
    /// At what price, once claimed.
    pub pricing: Option<Pricing>,
    /// Where it stands.
    pub state: OrderState,
    /// The broker's id, once known.
    pub broker_id: Option<BrokerOrderId>,
    /// All that was filled, in the ordered unit.
    pub filled: Quantity,
    /// The sum of price times quantity of that.
    pub value: Money,
    /// The charges of that.
    pub charges: Money,
    /// Not to be placed before; once its cancel was taken, when that was.
    pub not_before: Option<DateTime<Utc>>,
    /// Where a cancel of it stands.
    pub cancel: CancelState,
    /// How often in a row that did not come through, since it was wanted or taken.
    pub cancel_failures: u16,
    /// The broker's ids of its kind, seen before it was sent.
    pub baseline: Vec<BrokerOrderId>,
    /// When it was claimed last.
    pub claimed_at: Option<DateTime<Utc>>,
    /// When the broker was known to have it.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub closed_at: Option<DateTime<Utc>>,
    /// Where it stands as a resting order.
    pub resting: Resting,
}

/// Where an order that rests until its trigger is touched stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resting {
    /// Where a change of its terms stands.
    pub modify: ModifyState,
    /// How often the broker was asked to change it.
    pub modified: u16,
    /// Whether a change of it may still arrive, for all that is known.
    pub doubted: bool,
    /// Whether the broker's book has shown it waiting for its trigger.
    pub armed: bool,
    /// When its trigger was seen to be touched.
    pub fired_at: Option<DateTime<Utc>>,
}

/// Where a change of an order's terms stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModifyState {
    /// Nobody asked for one.
    #[default]
    None,
    /// To be sent, not before the time given.
    Wanted(Change, Option<DateTime<Utc>>),
    /// The broker took it, then.
    Taken(Change, DateTime<Utc>),
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// To be placed.
    Wanted,
    /// Leaving, under this lease.
    Sending {
        /// The lease's epoch.
        epoch: i64,
    },
    /// At the broker.
    Sent,
    /// At OpenAlgo, waiting for a person.
    Queued,
    /// Nobody knows.
    Uncertain,
    /// Over.
    Closed(OrderEnd),
}

/// Where a cancel stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CancelState {
    /// Nobody asked for one.
    #[default]
    None,
    /// To be sent, not before the time given.
    Wanted(CancelWhy, Option<DateTime<Utc>>),
    /// The broker took it.
    Taken(CancelWhy),
}

/// The entry half of a reversal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// The signal.
    pub signal: Box<Signal>,
    /// Until when it may wait.
    pub until: DateTime<Utc>,
}

/// The rows that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// The desk's own row.
    pub desk: bool,
    /// Instruments.
    pub instruments: Few<InstrumentIx>,
    /// Sources.
    pub sources: Few<SourceId>,
    /// Positions.
    pub positions: Few<PositionId>,
    /// Legs.
    pub legs: Few<LegId>,
    /// Intents.
    pub intents: Few<IntentId>,
    /// Orders.
    pub orders: Few<OrderId>,
    /// Findings.
    pub findings: Few<FindingId>,
}

impl OrderState {
    /// Returns whether it is over.
    pub const fn is_closed(self) -> bool {
        match self {
            Self::Closed(_) => true,
            Self::Wanted | Self::Sending { .. } | Self::Sent | Self::Queued | Self::Uncertain => {
                false
            }
        }
    }

    /// Returns whether nobody has answered for it yet.
    pub const fn is_unanswered(self) -> bool {
        match self {
            Self::Sending { .. } | Self::Uncertain => true,
            Self::Wanted | Self::Sent | Self::Queued | Self::Closed(_) => false,
        }
    }
}

impl Intent {
    /// Returns whether it is still pursued.
    pub const fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// Returns what an entry still waits for; nothing once it is over.
    pub fn waiting(&self) -> Lots {
        if self.is_open() {
            self.lots.unwrap_or(Lots::ZERO).less(self.filled)
        } else {
            Lots::ZERO
        }
    }

    /// Returns what an exit still takes from a leg that holds so many lots.
    pub fn leaving(&self, held: Lots) -> Lots {
        self.lots
            .map_or(held, |lots| lots.less(self.filled))
            .min(held)
    }

    /// Returns whether it makes a position larger.
    pub const fn opens(&self) -> bool {
        self.id.purpose.opens()
    }
}

impl Leg {
    /// Returns whether anything is held.
    pub const fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }
}

impl Position {
    /// Returns whether any leg is open.
    pub const fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }
}

impl Book {
    /// Returns the position open in an instrument.
    pub fn position_in(&self, instrument: InstrumentIx) -> Option<&Position> {
        self.positions
            .values()
            .find(|position| position.is_open() && position.contract.instrument == instrument)
    }

    /// Returns the open legs of a position, oldest first.
    pub fn legs_of(&self, position: PositionId) -> Vec<&Leg> {
        let mut legs: Vec<&Leg> = self
            .legs
            .values()
            .filter(|leg| leg.position == position && leg.is_open())
            .collect();
        legs.sort_by_key(|leg| (leg.opened_at, !leg.base, leg.layer));
        legs
    }

    /// Returns the base leg of a position while it is open.
    pub fn base_leg(&self, position: PositionId) -> Option<&Leg> {
        self.legs
            .values()
            .find(|leg| leg.position == position && leg.base && leg.is_open())
    }

    /// Returns how many adds of a position are in flight without a fill, leaving one intent out.
    pub fn adds_in_flight(&self, position: PositionId, without: Option<IntentId>) -> u32 {
        let coming = self.open_intents().filter(|intent| {
            intent.position == position
                && Some(intent.id) != without
                && intent.id.purpose == Purpose::Add
                && intent.filled.is_zero()
        });
        u32::try_from(coming.count()).unwrap_or(u32::MAX)
    }

    /// Returns how many base entries are in flight without a fill.
    pub fn bases_in_flight(&self) -> u32 {
        let coming = self
            .open_intents()
            .filter(|intent| intent.id.purpose == Purpose::Entry && intent.filled.is_zero());
        u32::try_from(coming.count()).unwrap_or(u32::MAX)
    }

    /// Returns the open risk of a position's live adds at `price`.
    pub fn open_risk_of_adds(
        &self,
        position: PositionId,
        price: Price,
        point_value: PointValue,
    ) -> Money {
        self.legs
            .values()
            .filter(|leg| leg.position == position && !leg.base && leg.is_open())
            .map(|leg| {
                leg.direction
                    .gain(leg.stop, price)
                    .max(Points::ZERO)
                    .value(leg.lots, point_value)
            })
            .sum()
    }

    /// Returns the entries and adds of an instrument still pursued.
    pub fn entries_of(&self, instrument: InstrumentIx) -> impl Iterator<Item = &Intent> {
        self.open_intents()
            .filter(move |intent| intent.opens() && intent.contract.instrument == instrument)
    }

    /// Returns the exit of a leg still pursued.
    pub fn exit_of(&self, leg: LegId) -> Option<&Intent> {
        self.open_intents()
            .find(|intent| intent.leg == leg && intent.id.purpose == Purpose::Exit)
    }

    /// Returns the order of an intent that is not over.
    pub fn live_order(&self, intent: IntentId) -> Option<&Order> {
        let (first, last) = (intent.order(0), intent.order(u16::MAX));
        self.orders.going_between(&first, &last).next()
    }

    /// Returns the order that rests, or is to rest, for a leg at the broker.
    pub fn resting_of(&self, leg: LegId) -> Option<&Order> {
        self.live_order(IntentId::of(leg.0, Purpose::Protective))
    }

    /// Returns the lots of a leg that an order at the broker guards, and where it wakes.
    pub fn guard_of(&self, leg: &Leg) -> Option<(Lots, Price)> {
        let order = self.resting_of(leg.id)?;
        let rests = order.state == OrderState::Sent && order.cancel == CancelState::None;
        match order.pricing {
            Some(Pricing::StopLimit { trigger, .. }) if rests => {
                Some((order.lots.min(leg.lots), trigger))
            }
            Some(_) | None => None,
        }
    }

    /// Returns whether more could be sold than is held if this exit left now: what rests for its
    /// leg must be smaller or gone before, for certain.
    pub fn rests_in_the_way(&self, exit: &Intent) -> bool {
        if exit.id.purpose != Purpose::Exit {
            return false;
        }
        let (Some(order), Some(leg)) = (self.resting_of(exit.leg), self.legs.get(&exit.leg)) else {
            return false;
        };
        match order.state {
            OrderState::Wanted | OrderState::Closed(_) => false,
            OrderState::Sending { .. } | OrderState::Uncertain | OrderState::Queued => true,
            OrderState::Sent => {
                let still = order.cancel == CancelState::None
                    && order.resting.modify == ModifyState::None
                    && order.resting.fired_at.is_none()
                    && order.filled.is_zero();
                !still || order.lots.plus(exit.leaving(leg.lots)) > leg.lots
            }
        }
    }

    /// Returns how many orders of an intent were cancelled in vain before this one, since one of
    /// them was filled.
    pub fn rested(&self, order: OrderId) -> u32 {
        let before = self.orders.range(order.intent.order(0)..order);
        let cancelled = before
            .rev()
            .take_while(|(_, one)| one.state != OrderState::Closed(OrderEnd::Filled))
            .filter(|(_, one)| one.state == OrderState::Closed(OrderEnd::Cancelled));
        u32::try_from(cancelled.count()).unwrap_or(u32::MAX)
    }

    /// Returns an order of an intent that is not over, other than this one.
    pub fn other_live_order(&self, order: OrderId) -> Option<&Order> {
        let (first, last) = (order.intent.order(0), order.intent.order(u16::MAX));
        let mut live = self.orders.going_between(&first, &last);
        live.find(|other| other.id != order)
    }

    /// Returns the trading state of an instrument: the stricter of its own and the desk's.
    pub fn state_of(&self, instrument: InstrumentIx) -> TradingState {
        let own = self
            .instruments
            .get(&instrument)
            .map(|known| known.state)
            .unwrap_or_default();
        own.max(self.desk_state())
    }

    /// Returns the trading state of the desk: while everything is taken out, nothing enters.
    pub fn desk_state(&self) -> TradingState {
        if self.desk.flatten.is_some() {
            self.desk.state.max(TradingState::Reducing)
        } else {
            self.desk.state
        }
    }

    /// Returns the trading state of a source's entries.
    pub fn state_of_source(&self, source: SourceId) -> TradingState {
        self.sources.get(&source).copied().unwrap_or_default()
    }

    /// Returns whether an order of a contract has to wait until the broker's count of it is proved:
    /// for an entry today, for an exit ever; while it is in doubt, in any case.
    pub fn units_wait(
        &self,
        rules: &Rules,
        contract: ContractId,
        entry_on: Option<NaiveDate>,
    ) -> bool {
        let known = self.instruments.get(&contract.instrument);
        if known.is_some_and(|known| known.units_doubted) {
            return true;
        }
        let instrument = rules.instruments.get(contract.instrument);
        if instrument.is_some_and(|one| one.kind == InstrumentKind::Equity) {
            return false; // a share is a share
        }
        let proved = known.and_then(|known| known.units_on);
        rules.portfolio.prove_units
            && match entry_on {
                Some(today) => proved != Some(today),
                None => proved.is_none(),
            }
    }

    /// Returns what was touched since the last call, and forgets it.
    pub fn take_touched(&mut self) -> Touched {
        core::mem::take(&mut self.touched)
    }

    /// Returns the finding of a kind that has not ended; that a person said it is none changes
    /// nothing about it.
    pub fn standing(&self, code: Code) -> Option<&Finding> {
        let mut all = self.findings.values();
        all.find(|one| one.end.is_none() && one.drift.code == code)
    }

    /// Forgets what was touched, where nobody writes rows.
    pub fn forget_touched(&mut self) {
        let touched = &mut self.touched;
        touched.desk = false;
        touched.instruments.clear();
        touched.sources.clear();
        touched.positions.clear();
        touched.legs.clear();
        touched.intents.clear();
        touched.orders.clear();
        touched.findings.clear();
    }

    /// Forgets what has been over for longer than [`KEPT`], and at once what never left: no report
    /// can come on that.
    pub fn prune(&mut self, now: DateTime<Utc>) {
        let oldest = now - KEPT;
        let old = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at < oldest);
        self.orders.retain(|_, order| {
            !old(order.closed_at) && (order.closed_at.is_none() || order.claimed_at.is_some())
        });
        let (orders, legs) = (&self.orders, &self.legs);
        let held = |leg: &LegId| legs.get(leg).is_some_and(Leg::is_open);
        self.intents.retain(|id, intent| {
            let ended = intent.end.map(|(_, at)| at);
            // What takes a leg out keeps its name as long as that is there: a later one must not
            // take it, nor a stop that a person gave up come back. The exit half of a reversal has
            // the name that the exits of the leg it opened would have.
            let named_alike = held(&intent.leg) || held(&LegId(id.cause));
            ended.is_none()
                || (!intent.opens() && (!old(ended) || named_alike))
                || orders
                    .range(id.order(0)..=id.order(u16::MAX))
                    .next()
                    .is_some()
        });
        let open: BTreeSet<PositionId> = self
            .positions
            .values()
            .filter(|one| one.is_open())
            .map(|one| one.id)
            .collect();
        self.legs
            .retain(|_, leg| open.contains(&leg.position) || !old(leg.closed_at));
        self.positions
            .retain(|_, position| !old(position.closed_at));
        self.findings
            .retain(|_, finding| !old(finding.end.map(|(_, at)| at)));
    }
}
