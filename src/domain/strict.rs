//! A source's stricter profile beside the desk's: of every limit that has an order, the stricter.
//!
//! 1. The result lets through nothing that the desk's own profile would not.
//! 2. What has no order (which equity counts, where a stop comes from, how it is watched) stays the
//!    desk's: two answers to such a question cannot both hold.

use super::rules::{
    AlertRules, DayRules, InstrumentRules, OnExisting, PortfolioRules, PyramidBudget, PyramidRules,
    QuantityUse, Rules, SizingRules, TimingRules,
};
use super::sizing::VolatilityUse;

/// Returns the desk's rules, tightened by a source's profile.
pub(super) fn strictest(desk: &Rules, source: &Rules) -> Rules {
    let limits = desk.per_instrument.iter().zip(&source.per_instrument);
    Rules {
        profile: source.profile.clone(),
        per_instrument: limits.map(|(one, other)| instrument(one, other)).collect(),
        portfolio: portfolio(&desk.portfolio, &source.portfolio),
        sizing: sizing(&desk.sizing, &source.sizing),
        pyramid: pyramid(&desk.pyramid, &source.pyramid),
        alerts: alerts(&desk.alerts, &source.alerts),
        day: day(&desk.day, &source.day),
        timing: timing(&desk.timing, &source.timing),
        stricter: std::collections::BTreeMap::new(),
        ..desk.clone()
    }
}

/// Returns the smaller of two limits; none is no limit.
fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn instrument(desk: &InstrumentRules, source: &InstrumentRules) -> InstrumentRules {
    InstrumentRules {
        enabled: desk.enabled && source.enabled,
        risk: desk.risk.min(source.risk),
        volatility: desk.volatility.min(source.volatility),
        ongoing_risk: desk.ongoing_risk,
        ongoing_volatility: desk.ongoing_volatility,
        initial_atr: desk.initial_atr,
        trailing_atr: desk.trailing_atr,
        max_adds: desk.max_adds.min(source.max_adds),
        spacing: desk.spacing.max(source.spacing),
        max_lots: least(desk.max_lots, source.max_lots),
        max_value: least(desk.max_value, source.max_value),
        capital_share: least(desk.capital_share, source.capital_share),
    }
}

fn portfolio(desk: &PortfolioRules, source: &PortfolioRules) -> PortfolioRules {
    PortfolioRules {
        risk: desk.risk.min(source.risk),
        volatility: desk.volatility.min(source.volatility),
        add_risk: desk.add_risk.min(source.add_risk),
        add_volatility: desk.add_volatility.min(source.add_volatility),
        margin_cap: desk.margin_cap.min(source.margin_cap),
        max_positions: least(desk.max_positions, source.max_positions),
        max_same_sector: least(desk.max_same_sector, source.max_same_sector),
        deployed: least(desk.deployed, source.deployed),
        planned_heat: least(desk.planned_heat, source.planned_heat),
        max_order_value: least(desk.max_order_value, source.max_order_value),
        max_open_intents: least(desk.max_open_intents, source.max_open_intents),
        max_open_order_value: least(desk.max_open_order_value, source.max_open_order_value),
        min_reward_risk: desk.min_reward_risk.max(source.min_reward_risk),
        max_slices: desk.max_slices.min(source.max_slices),
        require_funds: desk.require_funds || source.require_funds,
        prove_units: desk.prove_units || source.prove_units,
        pool_intraday: least(desk.pool_intraday, source.pool_intraday),
        pool_swing: least(desk.pool_swing, source.pool_swing),
        correlation: least(desk.correlation, source.correlation),
    }
}

fn sizing(desk: &SizingRules, source: &SizingRules) -> SizingRules {
    let volatility = match (desk.volatility, source.volatility) {
        (VolatilityUse::Report, VolatilityUse::Report) => VolatilityUse::Report,
        (VolatilityUse::Enforce, _) | (_, VolatilityUse::Enforce) => VolatilityUse::Enforce,
    };
    SizingRules {
        equity: desk.equity,
        volatility,
        stop_atr_min: desk.stop_atr_min.max(source.stop_atr_min),
        stop_percent_max: desk.stop_percent_max.min(source.stop_percent_max),
        stop_charges_min: desk.stop_charges_min.max(source.stop_charges_min),
    }
}

fn pyramid(desk: &PyramidRules, source: &PyramidRules) -> PyramidRules {
    let budget = match (desk.budget, source.budget) {
        (PyramidBudget::BaseOnly, PyramidBudget::BaseOnly) => PyramidBudget::BaseOnly,
        (PyramidBudget::Full, _) | (_, PyramidBudget::Full) => PyramidBudget::Full,
    };
    PyramidRules {
        ratio: desk.ratio.min(source.ratio),
        budget,
    }
}

fn alerts(desk: &AlertRules, source: &AlertRules) -> AlertRules {
    let on_existing = match (desk.on_existing, source.on_existing) {
        (OnExisting::Add, OnExisting::Add) => OnExisting::Add,
        (OnExisting::Reject, _) | (_, OnExisting::Reject) => OnExisting::Reject,
    };
    let quantity = match (desk.quantity, source.quantity) {
        (QuantityUse::Cap, QuantityUse::Cap) => QuantityUse::Cap,
        (QuantityUse::Strict, _) | (_, QuantityUse::Strict) => QuantityUse::Strict,
    };
    AlertRules {
        long_only: desk.long_only || source.long_only,
        on_existing,
        quantity,
        require_atr: desk.require_atr || source.require_atr,
    }
}

fn day(desk: &DayRules, source: &DayRules) -> DayRules {
    DayRules {
        loss: least(desk.loss, source.loss),
        drawdown: least(desk.drawdown, source.drawdown),
        trades: least(desk.trades, source.trades),
        losing_streak: least(desk.losing_streak, source.losing_streak),
        cool_down: desk.cool_down.max(source.cool_down),
        on_breach: desk.on_breach,
    }
}

fn timing(desk: &TimingRules, source: &TimingRules) -> TimingRules {
    TimingRules {
        divergence_base: desk.divergence_base.min(source.divergence_base),
        divergence_add: desk.divergence_add.min(source.divergence_add),
        growth_base: desk.growth_base.min(source.growth_base),
        growth_add: desk.growth_add.min(source.growth_add),
        ..desk.clone()
    }
}
