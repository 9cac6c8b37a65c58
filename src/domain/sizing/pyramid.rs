//! The size of an add: margin, the ladder, and half of the profit beyond the base's risk.

use core::fmt;

use rust_decimal::Decimal;

use super::{Counted, Limiter, LotFigures, Quotient};
use crate::domain::money::{Lots, Money, Points, Price, Ratio};
use crate::domain::order::Direction;

/// The part of the profit beyond the base's risk that adds may risk.
const PROFIT_SHARE: Decimal = Decimal::from_parts(5, 0, 0, false, 1);

/// Everything the size of an add depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PyramidAsk {
    /// Which way the position gains.
    pub direction: Direction,
    /// Where the add would be filled.
    pub price: Price,
    /// Where the add would be wrong.
    pub stop: Price,
    /// Margin that may still be used; negative when more is used than allowed.
    pub available_margin: Money,
    /// What the base leg holds now.
    pub base_lots: Lots,
    /// The base leg's open profit beyond its first risk: max(0, U − R0).
    pub profit_after_base_risk: Money,
    /// Open risk of the adds that live; nothing where the budget is the base's alone.
    pub live_add_risk: Money,
    /// Realised loss of the adds that are closed; nothing where the budget is the base's alone.
    pub closed_add_loss: Money,
    /// Adds of this position before this one: filled, open or closed, and in flight.
    pub pyramid_count: u32,
    /// How much of the rung below each rung of the ladder is; more than one counts as one.
    pub ratio: Ratio,
    /// What one lot is.
    pub contract: LotFigures,
}

/// The size of an add and how it came about. The three are floors and may be below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PyramidSize {
    /// Whole lots that fit all three, never negative.
    pub lots: Lots,
    /// What bound; of equal ones the first of margin, discipline, risk budget.
    pub limiter: Limiter,
    /// Lots by margin.
    pub lot_a: i64,
    /// Lots by the ladder.
    pub lot_b: i64,
    /// Lots by risk budget.
    pub lot_c: i64,
    /// When no lot fits for want of money: how much was missing for one.
    pub missing: Option<Money>,
}

/// Returns the largest add that fits margin, discipline and risk budget.
pub fn pyramid(ask: &PyramidAsk) -> PyramidSize {
    let distance = ask.direction.gain(ask.stop, ask.price);
    let budget = ask.budget();
    let one = Decimal::ONE;
    let lot_a = Quotient::of(
        [ask.available_margin.get(), one, one],
        [ask.contract.margin_per_lot.get(), one, one],
    );
    let lot_b = rung(ask.base_lots, ask.ratio, ask.pyramid_count);
    // no distance, no lots: the quotient over nothing is nothing
    let lot_c = Quotient::of(
        [budget.get(), one, one],
        [distance.get(), ask.contract.point_value.get(), one],
    );
    let limits = [
        (lot_a.floor(), Limiter::Margin),
        (lot_b.floor(), Limiter::Discipline),
        (lot_c.floor(), Limiter::RiskBudget),
    ];
    let (least, limiter) = limits
        .into_iter()
        .min_by_key(|(lots, _)| *lots)
        .unwrap_or((0, Limiter::Margin));
    let mut size = PyramidSize {
        lots: Lots::new(u32::try_from(least.max(0)).unwrap_or(u32::MAX)),
        limiter,
        lot_a: lot_a.floor(),
        lot_b: lot_b.floor(),
        lot_c: lot_c.floor(),
        missing: None,
    };
    if distance <= Points::ZERO {
        size.lots = Lots::ZERO;
        size.limiter = Limiter::InvalidRisk;
    } else if size.lots.is_zero() {
        size.missing = ask.missing(distance, limiter);
    }
    size
}

/// Returns `base × ratio^(adds before + 1)`.
///
/// Cut once more at each step, which changes no whole number: where a rung is whole, all rungs
/// below it were.
fn rung(base: Lots, ratio: Ratio, adds_before: u32) -> Quotient {
    let ratio = ratio.get().clamp(Decimal::ZERO, Decimal::ONE).normalize();
    let whole = Quotient::whole(base);
    let above = u32::try_from(ratio.mantissa());
    let below = 10_u32.checked_pow(ratio.scale());
    let Some((above, below)) = above.ok().zip(below) else {
        return Quotient::ZERO;
    };
    if above == below {
        return whole;
    }
    let mut rung = whole;
    for _ in 0..=adds_before {
        if rung == Quotient::ZERO {
            break;
        }
        rung = rung.scaled(above, below);
    }
    rung
}

impl PyramidAsk {
    /// Returns the rupees this add may risk.
    fn budget(&self) -> Money {
        self.profit_after_base_risk.times(PROFIT_SHARE) - self.live_add_risk - self.closed_add_loss
    }

    fn missing(&self, distance: Points, limiter: Limiter) -> Option<Money> {
        match limiter {
            Limiter::Margin => Some(self.contract.margin_per_lot - self.available_margin),
            Limiter::RiskBudget => {
                Some(distance.value(Lots::ONE, self.contract.point_value) - self.budget())
            }
            Limiter::Risk
            | Limiter::Volatility
            | Limiter::Discipline
            | Limiter::InvalidRisk
            | Limiter::MaxLots
            | Limiter::MaxValue
            | Limiter::CapitalShare
            | Limiter::Asked => None,
        }
    }
}

impl fmt::Display for PyramidSize {
    /// Writes "2 lots = min(margin 7, discipline 2, risk budget 2)".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.limiter == Limiter::InvalidRisk {
            return f.write_str("0 lots: the stop is not on the losing side of the price");
        }
        let (lots, a, b, c) = (Counted(self.lots), self.lot_a, self.lot_b, self.lot_c);
        write!(
            f,
            "{lots} = min(margin {a}, discipline {b}, risk budget {c})"
        )
    }
}
