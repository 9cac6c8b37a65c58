//! How many lots: the base entry, the add, the peel-off.
//!
//! 1. Pure arithmetic on exact decimals. Lots are the largest whole number that fits every
//!    constraint; products are compared, and the one division of each is exact ([`Quotient`]).
//! 2. Lots are never negative and never more than any constraint allows.
//! 3. A short is the mirror of a long: only the distance to the stop knows the direction.

mod peel;
mod pyramid;
mod quotient;
mod shortfall;
mod wide;

pub use peel::{Peel, PeelAsk, peel_off};
pub use pyramid::{PyramidAsk, PyramidSize, pyramid};
pub use quotient::{BadQuotient, Quotient};
pub use shortfall::Shortfall;

use core::fmt;
use core::str::FromStr;

use rust_decimal::Decimal;

use super::ids::BadId;
use super::money::{Lots, Money, Percent, PointValue, Points, Price, Ratio};
use super::order::Direction;

/// What kept a size from being larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limiter {
    /// The money at risk at the stop.
    Risk,
    /// The money one ATR moves.
    Volatility,
    /// The margin available.
    Margin,
    /// The ladder of adds: each a fraction of the one before.
    Discipline,
    /// The part of the profit that may be risked again.
    RiskBudget,
    /// The stop is not on the losing side of the price.
    InvalidRisk,
    /// The profile's largest number of lots.
    MaxLots,
    /// The profile's largest value of one position.
    MaxValue,
    /// The profile's largest share of the capital.
    CapitalShare,
    /// The quantity the sender asked for.
    Asked,
}

/// Whether the volatility constraint limits the size or is only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum VolatilityUse {
    /// It limits.
    #[default]
    Enforce,
    /// It is computed and shown.
    Report,
}

/// What one lot of a contract is worth and costs, on its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotFigures {
    /// Rupees that one lot gains by one point.
    pub point_value: PointValue,
    /// Margin of one lot; nothing can be sized where it is not above zero.
    pub margin_per_lot: Money,
}

/// The parts of the equity a new position may put at stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizePercents {
    /// At risk at the stop.
    pub risk: Percent,
    /// Moved by one ATR.
    pub volatility: Percent,
}

/// Upper bounds beside the three constraints; what is absent does not bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Caps {
    /// Lots at most.
    pub max_lots: Option<Lots>,
    /// Value at most.
    pub max_value: Option<Money>,
    /// Value at most, in percent of the equity.
    pub capital_share: Option<Percent>,
    /// What one lot counts against the two bounds on value: price times point value.
    pub value_per_lot: Money,
    /// Lots the sender asked for.
    pub asked: Option<Lots>,
}

/// Everything the size of a base entry depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseAsk {
    /// Equity used for sizing.
    pub equity: Money,
    /// Margin that may still be used; negative when more is used than allowed.
    pub available_margin: Money,
    /// Where the entry would be filled.
    pub price: Price,
    /// Where it would be wrong, on the same contract.
    pub stop: Price,
    /// Which way it gains.
    pub direction: Direction,
    /// Average true range; nothing when it is unknown, and then volatility does not limit.
    pub atr: Option<Points>,
    /// Efficiency ratio; outside 0 to 1 it counts as the nearer of the two.
    pub er: Ratio,
    /// What one lot is.
    pub contract: LotFigures,
    /// What may be put at stake.
    pub percents: SizePercents,
    /// Whether volatility limits.
    pub volatility: VolatilityUse,
    /// Further bounds.
    pub caps: Caps,
}

/// The size of a base entry and how it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseSize {
    /// Whole lots that fit all constraints.
    pub lots: Lots,
    /// The constraint that bound; of equal ones the first of risk, volatility, margin, caps.
    pub limiter: Limiter,
    /// Lots by risk.
    pub lot_r: Quotient,
    /// Lots by volatility, where the ATR is known.
    pub lot_v: Option<Quotient>,
    /// Lots by margin.
    pub lot_m: Quotient,
    /// Whether `lot_v` limited.
    pub volatility: VolatilityUse,
    /// When no lot fits: what was missing for one.
    pub short_of_one: Option<Shortfall>,
}

/// Returns the largest number of lots that fits risk, volatility, margin and caps.
pub fn base(ask: &BaseAsk) -> BaseSize {
    let distance = ask.direction.gain(ask.stop, ask.price);
    if distance <= Points::ZERO {
        return BaseSize {
            lots: Lots::ZERO,
            limiter: Limiter::InvalidRisk,
            lot_r: Quotient::ZERO,
            lot_v: ask.atr.map(|_| Quotient::ZERO),
            lot_m: Quotient::ZERO,
            volatility: ask.volatility,
            short_of_one: None,
        };
    }
    let mut size = constrained(ask, distance);
    (size.lots, size.limiter) = ask.caps.bind(size.lots, size.limiter, ask.equity);
    if size.lots.is_zero() {
        size.short_of_one = Some(shortfall::of(ask, distance, &size));
    }
    size
}

/// Returns the size by the three constraints alone.
fn constrained(ask: &BaseAsk, distance: Points) -> BaseSize {
    let equity = ask.equity.get();
    let point_value = ask.contract.point_value.get();
    let (one, hundred) = (Decimal::ONE, Decimal::ONE_HUNDRED);
    let lot_r = Quotient::of(
        [equity, ask.percents.risk.get(), ask.efficiency()],
        [hundred, distance.get(), point_value],
    );
    let lot_v = ask.atr.map(|atr| {
        Quotient::of(
            [equity, ask.percents.volatility.get(), one],
            [hundred, atr.get(), point_value],
        )
    });
    let lot_m = Quotient::of(
        [ask.available_margin.get(), one, one],
        [ask.contract.margin_per_lot.get(), one, one],
    );
    let enforced = match ask.volatility {
        VolatilityUse::Enforce => lot_v,
        VolatilityUse::Report => None,
    };
    let mut tightest = (lot_r, Limiter::Risk);
    let others = [
        (enforced, Limiter::Volatility),
        (Some(lot_m), Limiter::Margin),
    ];
    for (quotient, limiter) in others {
        if let Some(quotient) = quotient.filter(|quotient| *quotient < tightest.0) {
            tightest = (quotient, limiter);
        }
    }
    BaseSize {
        lots: tightest.0.lots(),
        limiter: tightest.1,
        lot_r,
        lot_v,
        lot_m,
        volatility: ask.volatility,
        short_of_one: None,
    }
}

impl BaseAsk {
    /// Returns the efficiency ratio within its bounds.
    fn efficiency(&self) -> Decimal {
        self.er.get().clamp(Decimal::ZERO, Decimal::ONE)
    }
}

impl Caps {
    /// Returns `lots` and what bound them, or the tightest of these caps where one is below.
    pub fn bind(&self, lots: Lots, limiter: Limiter, equity: Money) -> (Lots, Limiter) {
        let one = Decimal::ONE;
        let value = self.value_per_lot.get();
        let by_value = self
            .max_value
            .map(|most| Quotient::of([most.get(), one, one], [value, one, one]).lots());
        let by_share = self.capital_share.map(|share| {
            Quotient::of(
                [equity.get(), share.get(), one],
                [Decimal::ONE_HUNDRED, value, one],
            )
            .lots()
        });
        let caps = [
            (self.max_lots, Limiter::MaxLots),
            (by_value, Limiter::MaxValue),
            (by_share, Limiter::CapitalShare),
            (self.asked, Limiter::Asked),
        ];
        caps.into_iter()
            .filter_map(|(most, limiter)| most.map(|most| (most, limiter)))
            .fold(
                (lots, limiter),
                |so_far, cap| {
                    if cap.0 < so_far.0 { cap } else { so_far }
                },
            )
    }
}

impl Limiter {
    /// Every limiter.
    pub const ALL: [Self; 10] = [
        Self::Risk,
        Self::Volatility,
        Self::Margin,
        Self::Discipline,
        Self::RiskBudget,
        Self::InvalidRisk,
        Self::MaxLots,
        Self::MaxValue,
        Self::CapitalShare,
        Self::Asked,
    ];

    /// Returns the word used in answers and rows.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Risk => "risk",
            Self::Volatility => "volatility",
            Self::Margin => "margin",
            Self::Discipline => "discipline",
            Self::RiskBudget => "risk_budget",
            Self::InvalidRisk => "invalid_risk",
            Self::MaxLots => "max_lots",
            Self::MaxValue => "max_value",
            Self::CapitalShare => "capital_share",
            Self::Asked => "asked",
        }
    }

    /// Returns whether it is one of the caps.
    const fn is_cap(self) -> bool {
        match self {
            Self::MaxLots | Self::MaxValue | Self::CapitalShare | Self::Asked => true,
            Self::Risk
            | Self::Volatility
            | Self::Margin
            | Self::Discipline
            | Self::RiskBudget
            | Self::InvalidRisk => false,
        }
    }
}

impl fmt::Display for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Limiter {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let found = Self::ALL.into_iter().find(|limiter| limiter.word() == text);
        found.ok_or(BadId)
    }
}

impl fmt::Display for BaseSize {
    /// Writes "4 lots = min(risk 4.10, volatility 9.00, margin 28.57)", cut at two places.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.limiter == Limiter::InvalidRisk {
            return f.write_str("0 lots: the stop is not on the losing side of the price");
        }
        write!(f, "{} = min(risk {:.2}", Counted(self.lots), self.lot_r)?;
        let mut reported = None;
        match (self.lot_v, self.volatility) {
            (Some(lot_v), VolatilityUse::Enforce) => write!(f, ", volatility {lot_v:.2}")?,
            (lot_v, VolatilityUse::Report) => reported = lot_v,
            (None, VolatilityUse::Enforce) => {}
        }
        write!(f, ", margin {:.2}", self.lot_m)?;
        if self.limiter.is_cap() {
            write!(f, ", {} {}", self.limiter, self.lots)?;
        }
        f.write_str(")")?;
        match reported {
            Some(lot_v) => write!(f, "; volatility {lot_v:.2} reported"),
            None => Ok(()),
        }
    }
}

/// Lots with the right word behind them.
struct Counted(Lots);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.0 == Lots::ONE { "lot" } else { "lots" };
        write!(f, "{} {word}", self.0)
    }
}

#[cfg(test)]
mod tests;
