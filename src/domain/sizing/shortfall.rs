//! What was missing when not even one lot fits.

use core::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

use super::{BaseAsk, BaseSize, Limiter, Quotient, VolatilityUse};
use crate::domain::money::{Lots, Money, Points, Price};
use crate::domain::order::Direction;

/// Decimal places of the distances named to a person.
const POINTS_PLACES: u32 = 4;

/// Why not even one lot fits, and what alone would let one fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// The constraint that bound.
    pub limiter: Limiter,
    /// Rupees missing under it for one lot; nothing where the bound is a number of lots.
    pub missing: Option<Money>,
    /// The furthest stop at which one lot fits, when the stop alone is in the way.
    pub stop: Option<Price>,
    /// The highest ATR at which one lot fits, when the ATR alone is in the way.
    pub atr: Option<Points>,
    /// The smallest equity at which one lot fits with the margin as it is.
    pub equity: Option<Money>,
}

/// Returns what was missing for one lot of `ask`, whose stop is `distance` away.
pub(super) fn of(ask: &BaseAsk, distance: Points, size: &BaseSize) -> Shortfall {
    let enforced = match ask.volatility {
        VolatilityUse::Enforce => size.lot_v,
        VolatilityUse::Report => None,
    };
    let risk_fits = size.lot_r.lots() >= Lots::ONE;
    let volatility_fits = enforced.is_none_or(|lot_v| lot_v.lots() >= Lots::ONE);
    let margin_fits = size.lot_m.lots() >= Lots::ONE;
    let caps_fit = caps_allow_one(ask);
    let stop_alone = !risk_fits && volatility_fits && margin_fits && caps_fit;
    let atr_alone = risk_fits && !volatility_fits && margin_fits && caps_fit;
    Shortfall {
        limiter: size.limiter,
        missing: missing(ask, distance, size.limiter),
        stop: stop_alone.then(|| furthest_stop(ask)).flatten(),
        atr: atr_alone.then(|| highest_atr(ask)).flatten(),
        equity: (margin_fits && caps_fit && !(risk_fits && volatility_fits))
            .then(|| smallest_equity(ask, distance))
            .flatten(),
    }
}

fn caps_allow_one(ask: &BaseAsk) -> bool {
    let (lots, _) = ask.caps.bind(Lots::ONE, Limiter::Risk, ask.equity);
    lots == Lots::ONE
}

/// Returns the rupees that one lot needs under the binding constraint beyond what there is.
fn missing(ask: &BaseAsk, distance: Points, limiter: Limiter) -> Option<Money> {
    let one_lot = |points: Points| points.value(Lots::ONE, ask.contract.point_value);
    let missing = match limiter {
        Limiter::Risk => {
            let budget = ask.equity.percent(ask.percents.risk);
            one_lot(distance) - budget.times(ask.efficiency())
        }
        Limiter::Volatility => ask.atr.map(one_lot)? - ask.equity.percent(ask.percents.volatility),
        Limiter::Margin => ask.contract.margin_per_lot - ask.available_margin,
        Limiter::MaxValue => ask.caps.value_per_lot - ask.caps.max_value?,
        Limiter::CapitalShare => {
            ask.caps.value_per_lot - ask.equity.percent(ask.caps.capital_share?)
        }
        Limiter::MaxLots
        | Limiter::Asked
        | Limiter::Discipline
        | Limiter::RiskBudget
        | Limiter::InvalidRisk => return None,
    };
    Some(missing).filter(|missing| *missing > Money::ZERO)
}

/// Returns the stop at which the risk of one lot is the whole budget, cut toward the price.
fn furthest_stop(ask: &BaseAsk) -> Option<Price> {
    let most = Quotient::of(
        [ask.equity.get(), ask.percents.risk.get(), ask.efficiency()],
        [
            Decimal::ONE_HUNDRED,
            ask.contract.point_value.get(),
            Decimal::ONE,
        ],
    )
    .points(POINTS_PLACES)
    .filter(|most| *most > Points::ZERO)?;
    let away = match ask.direction {
        Direction::Long => -most,
        Direction::Short => most,
    };
    ask.price.moved(away)
}

/// Returns the ATR at which the volatility of one lot is the whole budget, cut.
fn highest_atr(ask: &BaseAsk) -> Option<Points> {
    Quotient::of(
        [
            ask.equity.get(),
            ask.percents.volatility.get(),
            Decimal::ONE,
        ],
        [
            Decimal::ONE_HUNDRED,
            ask.contract.point_value.get(),
            Decimal::ONE,
        ],
    )
    .points(POINTS_PLACES)
    .filter(|most| *most > Points::ZERO)
}

/// Returns the equity whose budgets for risk and volatility hold one lot each, up to the paisa.
fn smallest_equity(ask: &BaseAsk, distance: Points) -> Option<Money> {
    let by_risk = needed(ask, distance, ask.percents.risk.get() * ask.efficiency())?;
    let by_volatility = match (ask.volatility, ask.atr) {
        (VolatilityUse::Enforce, Some(atr)) => needed(ask, atr, ask.percents.volatility.get())?,
        (VolatilityUse::Enforce | VolatilityUse::Report, _) => Money::ZERO,
    };
    Some(by_risk.max(by_volatility))
}

/// Returns the equity of which `percent` is what one lot makes of `points`.
fn needed(ask: &BaseAsk, points: Points, percent: Decimal) -> Option<Money> {
    if points <= Points::ZERO {
        return None;
    }
    let exact = points
        .value(Lots::ONE, ask.contract.point_value)
        .get()
        .checked_mul(Decimal::ONE_HUNDRED)?
        .checked_div(percent)?;
    let up = exact.round_dp_with_strategy(2, RoundingStrategy::AwayFromZero);
    Some(Money::new(up))
}

impl fmt::Display for Shortfall {
    /// Writes "risk: 3250 missing for one lot; one fits at stop 51750 or equity 6190476.2".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.limiter.word())?;
        match self.missing {
            Some(missing) => write!(f, ": {missing} missing for one lot")?,
            None => f.write_str(": not one lot allowed")?,
        }
        let offers = [
            self.stop.map(|stop| format!("stop {stop}")),
            self.atr.map(|atr| format!("atr {atr}")),
            self.equity.map(|equity| format!("equity {equity}")),
        ];
        let offers: Vec<String> = offers.into_iter().flatten().collect();
        if offers.is_empty() {
            return Ok(());
        }
        write!(f, "; one fits at {}", offers.join(" or "))
    }
}
