//! How much of a position must go because it has outgrown its limits.

use rust_decimal::Decimal;

use super::{Limiter, Quotient};
use crate::domain::money::{Lots, Money, Percent};
use crate::domain::short;

/// Everything a peel-off depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeelAsk {
    /// Equity used for sizing.
    pub equity: Money,
    /// Open risk of the whole position.
    pub position_risk: Money,
    /// Volatility of the whole position.
    pub position_vol: Money,
    /// Lots of the whole position.
    pub lots: Lots,
    /// Open risk a position may have, in percent of the equity.
    pub ongoing_risk: Percent,
    /// Volatility a position may have, in percent of the equity.
    pub ongoing_vol: Percent,
}

/// How many lots must go, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peel {
    /// Lots to take off, at most all.
    pub lots: Lots,
    /// The limit that takes more lots off; nothing when none do.
    pub limiter: Option<Limiter>,
}

/// Returns how many lots must go so that the position is within both limits again.
///
/// Without equity there is nothing to take a percentage of, and nothing is peeled: the day's
/// limits and the drawdown judge such a desk.
pub fn peel_off(ask: &PeelAsk) -> Peel {
    if ask.equity <= Money::ZERO {
        return Peel {
            lots: Lots::ZERO,
            limiter: None,
        };
    }
    let for_risk = ask.beyond(ask.position_risk, ask.ongoing_risk);
    let for_volatility = ask.beyond(ask.position_vol, ask.ongoing_vol);
    let (lots, limiter) = if for_volatility > for_risk {
        (for_volatility, Limiter::Volatility)
    } else {
        (for_risk, Limiter::Risk)
    };
    Peel {
        lots,
        limiter: (!lots.is_zero()).then_some(limiter),
    }
}

impl PeelAsk {
    /// Returns whether all may stay, where that can be said exactly without a division.
    fn is_within(&self, measure: Money, limit: Percent) -> bool {
        let (equity, limit) = (self.equity.get(), limit.get());
        let exact = equity.scale() + limit.scale() <= Decimal::MAX_SCALE;
        let most = short::checked_product(equity, limit).filter(|_| exact);
        let asked = short::checked_product(measure.get(), Decimal::ONE_HUNDRED);
        most.zip(asked)
            .is_some_and(|(most, asked)| short::compared(asked, most).is_le())
    }

    /// Returns the lots beyond the most that may stay: n × measure × 100 ≤ E × limit × lots.
    fn beyond(&self, measure: Money, limit: Percent) -> Lots {
        if measure <= Money::ZERO || self.is_within(measure, limit) {
            return Lots::ZERO;
        }
        let may_stay = Quotient::of(
            [self.equity.get(), limit.get(), self.lots.decimal()],
            [Decimal::ONE_HUNDRED, measure.get(), Decimal::ONE],
        );
        self.lots.less(may_stay.lots())
    }
}
