//! The limits in force: everything a decision compares with, validated once.
//!
//! Built by `config` from a profile and the market facts; the domain never sees a raw setting.
//! Figures and their defaults are those of the profile files; percentages are [`Percent`], times
//! are [`TimeDelta`].

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::bars::BarRules;
use super::calendar::Calendar;
use super::charges::Charges;
use super::instrument::{InstrumentIx, Instruments};
use super::money::{Lots, Money, Percent, Ratio};
use super::sizing::VolatilityUse;
use super::strict::strictest;

/// Everything a decision compares with.
#[derive(Clone, Debug)]
pub struct Rules {
    /// SHA-256 of the canonical text of these rules; every decision carries it.
    pub hash: RulesHash,
    /// The profile's name, for people.
    pub profile: String,
    /// What can be traded.
    pub instruments: Instruments,
    /// When it can be traded.
    pub calendar: Calendar,
    /// What trading costs.
    pub charges: Charges,
    /// Limits of one instrument, in the order of [`Rules::instruments`].
    pub per_instrument: Vec<InstrumentRules>,
    /// Limits of the whole book.
    pub portfolio: PortfolioRules,
    /// How entries and adds are sized.
    pub sizing: SizingRules,
    /// How adds are judged.
    pub pyramid: PyramidRules,
    /// How stops are chosen and moved.
    pub stops: StopRules,
    /// How alerts are read.
    pub alerts: AlertRules,
    /// What happens at the end of a day and of a contract.
    pub close: CloseRules,
    /// Limits of the day.
    pub day: DayRules,
    /// Ages, waits and deadlines.
    pub timing: TimingRules,
    /// What proves that an order never arrived.
    pub proof: ProofRules,
    /// When our book and the broker's differ.
    pub reconcile: ReconcileRules,
    /// Where closed bars come from.
    pub bars: BarRules,
    /// These rules, tightened by each of the other profiles: what a source of that profile is
    /// judged by.
    pub stricter: BTreeMap<String, Arc<Rules>>,
}

/// A SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RulesHash(pub [u8; 32]);

/// Limits of one instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstrumentRules {
    /// Whether entries are let in at all.
    pub enabled: bool,
    /// Most of the equity that a base entry may risk (r %).
    pub risk: Percent,
    /// Most of the equity that one ATR of a base entry may move (v %).
    pub volatility: Percent,
    /// Above this open risk a position is peeled off.
    pub ongoing_risk: Percent,
    /// Above this volatility a position is peeled off.
    pub ongoing_volatility: Percent,
    /// Distance of a first stop that no alert gave, in ATR.
    pub initial_atr: Ratio,
    /// Distance of a trailing stop, in ATR.
    pub trailing_atr: Ratio,
    /// Most adds of one position, ever.
    pub max_adds: u32,
    /// Least distance from the last entry to the next add, in ATR.
    pub spacing: Ratio,
    /// Most lots of one entry.
    pub max_lots: Option<Lots>,
    /// Most value of one entry.
    pub max_value: Option<Money>,
    /// Largest share of the equity one entry may cost, for shares.
    pub capital_share: Option<Percent>,
}

/// Limits of the whole book, in percent of the equity; they pass at equality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortfolioRules {
    /// Most risk after a base entry (15 %).
    pub risk: Percent,
    /// Most volatility after a base entry (5 %).
    pub volatility: Percent,
    /// Most risk after an add (12 %).
    pub add_risk: Percent,
    /// Most volatility after an add (4 %).
    pub add_volatility: Percent,
    /// Most margin, used and reserved (60 %).
    pub margin_cap: Percent,
    /// Most positions open or in flight.
    pub max_positions: Option<u32>,
    /// Most positions open or in flight in one sector.
    pub max_same_sector: Option<u32>,
    /// Most value of all positions, in percent of the equity.
    pub deployed: Option<Percent>,
    /// Most risk at entry of all legs, in percent of the starting capital.
    pub planned_heat: Option<Percent>,
    /// Most value of one intent.
    pub max_order_value: Option<Money>,
    /// Most goals pursued at the same time.
    pub max_open_intents: Option<u32>,
    /// Most value of all intents in flight.
    pub max_open_order_value: Option<Money>,
    /// Least reward for the risk, where the alert names a target.
    pub min_reward_risk: Option<Ratio>,
    /// Most slices of one intent under the exchange's freeze quantity.
    pub max_slices: u32,
    /// Whether an entry needs the broker's free cash, read within [`TimingRules::funds_age`].
    pub require_funds: bool,
    /// Whether orders wait until the broker's count of their instrument is proved.
    pub prove_units: bool,
    /// Most value of intraday positions, in percent of the equity.
    pub pool_intraday: Option<Percent>,
    /// Most value of positions that are kept overnight, in percent of the equity.
    pub pool_swing: Option<Percent>,
    /// Most correlation with what is held, over 30 days of returns.
    pub correlation: Option<Ratio>,
}

/// Which equity entries are sized on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizingEquity {
    /// Realised, the whole of an open loss, half of an open profit.
    Conservative,
    /// Realised and half of what is open.
    Blended,
    /// Realised only.
    Realised,
    /// Realised and all that is open.
    Marked,
    /// The highest marked equity at a day's close.
    HighWater,
}

/// How entries are sized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizingRules {
    /// Which equity counts.
    pub equity: SizingEquity,
    /// Whether volatility limits.
    pub volatility: VolatilityUse,
    /// Least distance of a stop, in ATR (0.5).
    pub stop_atr_min: Ratio,
    /// Most distance of a stop, in percent of the price (10 %).
    pub stop_percent_max: Percent,
    /// Least distance of a stop, in round-trip charges (2).
    pub stop_charges_min: Ratio,
}

/// What pays for an add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PyramidBudget {
    /// Half of the base's profit beyond its risk, less what adds risk and lost.
    Full,
    /// Half of the base's profit beyond its risk.
    BaseOnly,
}

/// How adds are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PyramidRules {
    /// Each add is at most this part of the one before (0.5).
    pub ratio: Ratio,
    /// What pays for it.
    pub budget: PyramidBudget,
}

/// Where the managed stop comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSource {
    /// The alert's stop, else the ATR's.
    Alert,
    /// The ATR's, whatever the alert says.
    Atr,
}

/// When a stop counts as hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopHitOn {
    /// When a bar closes at or beyond it.
    Close,
    /// When a price trades at or beyond it.
    Tick,
}

/// Where a stop goes once its leg has gained what it risked (1R).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breakeven {
    /// It stays.
    Off,
    /// To the entry.
    Entry,
    /// To the entry and the charges of the round trip beyond it.
    Charges,
}

/// How stops are chosen and moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopRules {
    /// Where the first stop comes from.
    pub source: StopSource,
    /// The distance of a stop that neither alert nor ATR gives.
    pub percent: Option<Percent>,
    /// When a stop counts as hit.
    pub hit_on: StopHitOn,
    /// What rests at the broker for each leg.
    pub protective_stop: ProtectiveStop,
    /// How far beyond the stop it wakes where stops are judged at the close, in ATR (1).
    pub disaster_offset: Ratio,
    /// How far from the last price an exchange lets an order trade (3 %).
    pub range: Percent,
    /// Where a stop goes once its leg has gained what it risked.
    pub breakeven: Breakeven,
    /// Whether a position that has outgrown its ongoing limits is reduced at a bar's close.
    pub peel_off: bool,
}

/// What rests at the broker for each leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtectiveStop {
    /// A stop-limit order for the day.
    Day,
    /// Nothing: stops are watched here alone.
    Off,
}

/// What a further order on the side already held does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExisting {
    /// Is rejected.
    Reject,
    /// Is judged as an add.
    Add,
}

/// What a quantity in an alert means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityUse {
    /// The most it may be, floored to whole lots.
    Cap,
    /// The most it may be, and a whole number of lots.
    Strict,
}

/// How alerts are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRules {
    /// Whether only long positions may be opened.
    pub long_only: bool,
    /// What a further order on the side already held does.
    pub on_existing: OnExisting,
    /// What a quantity means.
    pub quantity: QuantityUse,
    /// Whether a layered entry without ATR is refused.
    pub require_atr: bool,
}

/// What an end-of-day look takes a position out by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EodExit {
    /// Our stop against the look's price.
    Stop,
    /// The sender's trend line.
    Supertrend,
    /// Nothing.
    Off,
}

/// Who changes the contract of a position that nears its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollUse {
    /// It is proposed; a person confirms.
    Propose,
    /// It is done.
    Auto,
    /// Neither.
    Off,
}

/// What happens at the end of a day and of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseRules {
    /// What an end-of-day look takes a position out by.
    pub eod_exit: EodExit,
    /// Who changes contracts.
    pub roll: RollUse,
}

/// Limits of the exchange day (03:00 to 03:00 IST).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayRules {
    /// Most loss of the day, in percent of the equity at its start; breached at equality.
    pub loss: Option<Percent>,
    /// Most fall from the high water, in percent; latched until a person clears it.
    pub drawdown: Option<Percent>,
    /// Most entries of a day.
    pub trades: Option<u32>,
    /// Most losing positions in a row.
    pub losing_streak: Option<u32>,
    /// How long an instrument rests after a stop.
    pub cool_down: TimeDelta,
    /// What a breach of the day's loss does.
    pub on_breach: OnBreach,
}

/// What a breach of the day's loss does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBreach {
    /// Nothing new is opened.
    Reduce,
    /// Everything is taken out as well.
    Flatten,
}

/// Ages, waits and deadlines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimingRules {
    /// How long an intent may wait unsent (60 s).
    pub intent_validity: TimeDelta,
    /// How long a sent entry may wait unfilled (60 s).
    pub entry_wait: TimeDelta,
    /// How old the broker's funds may be (60 s).
    pub funds_age: TimeDelta,
    /// How old a price may be that equity is marked at (60 s).
    pub mark_age: TimeDelta,
    /// How old quotes of contract and chart symbol may be for a basis (5 s).
    pub basis_age: TimeDelta,
    /// How far from the alert's price the market may be at a base entry (2 %).
    pub divergence_base: Percent,
    /// The same for an add (1 %).
    pub divergence_add: Percent,
    /// How much the risk of a lot may have grown at dispatch of a base entry (50 %).
    pub growth_base: Percent,
    /// The same for an add (20 %).
    pub growth_add: Percent,
    /// The pause after a first refusal of an exit; it doubles (1 s).
    pub exit_pause_min: TimeDelta,
    /// The longest pause of an exit (30 s).
    pub exit_pause_max: TimeDelta,
    /// The pause before an order that never left is tried again (500 ms).
    pub release_pause: TimeDelta,
    /// How long an exit may rest unfilled before it is priced anew (2 s).
    pub exit_reprice: TimeDelta,
    /// How long all must have been flat before taking everything out is over (10 s).
    pub flat_for: TimeDelta,
    /// When what is not out yet is first said; the pause doubles (30 s).
    pub flat_report: TimeDelta,
}

/// What proves that an order never arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofRules {
    /// Agreeing reads of order, trade and position book (3).
    pub reads_min: u32,
    /// The time they span (15 s).
    pub span_min: TimeDelta,
    /// The time after which a call that has not ended counts as ended (125 s).
    pub call_deadline: TimeDelta,
}

/// When our book and the broker's differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconcileRules {
    /// How old a row of the position book may be that an exit's quantity is held against (10 s).
    pub net_age: TimeDelta,
    /// Readings in a row that must show a difference (2).
    pub reads_min: u32,
    /// The time they span (2 s).
    pub span_min: TimeDelta,
    /// Readings in a row that must lack a row before it counts as missing (3).
    pub absent_reads_min: u32,
    /// The time they span (15 s).
    pub absent_span_min: TimeDelta,
    /// How far our equity may be from the broker's, in percent, before it is worth a word (1 %).
    pub equity_apart: Percent,
}

impl Rules {
    /// Returns the rules for whoever has this stricter profile; nothing when it is not known.
    pub fn under(&self, profile: Option<&str>) -> Option<&Self> {
        match profile {
            None => Some(self),
            Some(name) if name == self.profile => Some(self),
            Some(name) => self.stricter.get(name).map(AsRef::as_ref),
        }
    }

    /// Returns these rules, tightened by a profile.
    #[must_use]
    pub fn tightened(&self, by: &Self) -> Self {
        strictest(self, by)
    }

    /// Returns the limits of an instrument.
    pub fn of(&self, instrument: InstrumentIx) -> Option<&InstrumentRules> {
        self.per_instrument.get(usize::from(instrument.get()))
    }
}
