//! What a profile's limits must be to each other and to the market's facts.

use rust_decimal::Decimal;
use toml::Table;

use super::rules::Notes;
use super::section::Section;
use crate::domain::charges::ChargeKind;
use crate::domain::money::Percent;
use crate::domain::rules::{InstrumentRules, Rules};
use crate::domain::sizing::VolatilityUse;

/// The efficiency ratio that trend entries ask for at least: below it no entry is sized.
const ENTRY_ER: Decimal = Decimal::from_parts(8, 0, 0, false, 1);

/// The most a single entry should risk, in percent; more is legal and said aloud.
const ENTRY_RISK_USUAL: Decimal = Decimal::TWO;

/// Compares the rules with each other and with the market's facts.
pub(super) fn check(rules: &Rules, path: &str, notes: &mut Notes<'_>) {
    let section = Section::new(path.to_owned(), Table::new(), notes.problems);
    for ((_, instrument), limits) in rules.instruments.iter().zip(&rules.per_instrument) {
        if !limits.enabled {
            continue;
        }
        let kind = ChargeKind::of(instrument.exchange, instrument.product);
        let day = instrument.specs.last().map(|spec| spec.valid_from);
        let charged = day.and_then(|day| rules.charges.in_force(instrument.exchange, kind, day));
        if charged.is_none() {
            section.problem(&instrument.name, "has no charges in charges.toml");
        }
        if !rules.calendar.lists(instrument.exchange) {
            section.problem(&instrument.name, "has no hours in calendar.toml");
        }
        let odd = never_binds(rules, limits)
            .into_iter()
            .chain(odd_stop(rules, limits))
            .chain(large_risk(limits.risk));
        notes
            .warnings
            .extend(odd.map(|what| format!("{path}{}: {what}", instrument.name)));
    }
    notes.warnings.sort();
    notes.warnings.dedup();
    notes.warnings.extend(too_wide(rules, path));
}

/// Returns which constraint of a base entry can never be the one that binds, with a stop at
/// `initial_atr` and an efficiency ratio that an entry can have.
fn never_binds(rules: &Rules, limits: &InstrumentRules) -> Option<String> {
    let volatility_binds = rules.sizing.volatility == VolatilityUse::Enforce;
    let per_atr = limits.risk.get().checked_div(limits.initial_atr.get())?;
    let volatility = limits.volatility.get();
    if volatility_binds && volatility >= per_atr {
        return Some(format!(
            "volatility {volatility} % can never bind: risk {} % over {} ATR is {} %",
            limits.risk,
            limits.initial_atr,
            per_atr.round_dp(4)
        ));
    }
    let least = per_atr.checked_mul(ENTRY_ER)?;
    (volatility_binds && volatility < least).then(|| {
        format!(
            "risk can never bind: volatility {volatility} % is below risk {} % over {} ATR at an \
             efficiency ratio of {ENTRY_ER}, {} %",
            limits.risk,
            limits.initial_atr,
            least.round_dp(4)
        )
    })
}

/// Returns limits of the book that the number of positions never lets it reach.
fn too_wide(rules: &Rules, path: &str) -> Option<String> {
    let enabled = || rules.per_instrument.iter().filter(|limits| limits.enabled);
    let largest = enabled().map(|limits| limits.risk).max()?;
    let positions = Decimal::from(rules.portfolio.max_positions?);
    let most = largest.get().checked_mul(positions)?;
    let never = enabled().all(|limits| limits.max_adds == 0) && rules.portfolio.risk.get() > most;
    never.then(|| {
        format!(
            "{path}portfolio.risk: {} % can never bind: {positions} positions of {largest} % are \
             {most} %",
            rules.portfolio.risk
        )
    })
}

/// Returns that a stop made of the ATR is always too near to pass the stop window.
fn odd_stop(rules: &Rules, limits: &InstrumentRules) -> Option<String> {
    let least = rules.sizing.stop_atr_min;
    (limits.initial_atr < least).then(|| {
        format!(
            "a stop at {} ATR is always refused: the nearest allowed is {least} ATR",
            limits.initial_atr
        )
    })
}

fn large_risk(risk: Percent) -> Option<String> {
    (risk.get() > ENTRY_RISK_USUAL)
        .then(|| format!("risks {risk} % with one entry; {ENTRY_RISK_USUAL} % is a usual ceiling"))
}
