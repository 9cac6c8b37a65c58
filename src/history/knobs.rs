//! Rules by the names of their figures: what `--set` changes and a sweep turns.
//!
//! `risk=1.5` is of every instrument, `GOLD_MINI.risk=1.5` of one. The ongoing limits of risk and
//! volatility move with the initial ones, in proportion, so that they stay above them.

use rust_decimal::Decimal;

use crate::domain::money::{Lots, Percent, Ratio};
use crate::domain::rules::{InstrumentRules, Rules};
use crate::journal::rules_hash;

/// What can be set of an instrument.
const OF_INSTRUMENT: [&str; 7] = [
    "risk",
    "volatility",
    "initial_atr",
    "trailing_atr",
    "max_adds",
    "spacing",
    "max_lots",
];

/// What can be set of the book.
const OF_BOOK: [&str; 10] = [
    "portfolio.risk",
    "portfolio.volatility",
    "portfolio.add_risk",
    "portfolio.add_volatility",
    "portfolio.margin_cap",
    "portfolio.max_positions",
    "pyramid.ratio",
    "day.loss",
    "day.trades",
    "day.losing_streak",
];

/// Changes one figure.
///
/// # Errors
///
/// A name that means nothing, or a value that does not fit.
pub fn set(rules: &mut Rules, key: &str, value: Decimal) -> Result<(), String> {
    if value < Decimal::ZERO || value > Decimal::from(1_000_000) {
        return Err(format!("{key} cannot be {value}"));
    }
    let (one, name) = match key.split_once('.') {
        Some((instrument, name)) if OF_INSTRUMENT.contains(&name) => {
            let ix = rules.instruments.by_name(instrument);
            let ix = ix.ok_or_else(|| format!("there is no instrument \"{instrument}\""))?;
            (Some(usize::from(ix.get())), name)
        }
        _ => (None, key),
    };
    if OF_INSTRUMENT.contains(&name) {
        let all = rules.per_instrument.iter_mut().enumerate();
        let meant = all.filter(|(place, _)| one.is_none_or(|one| one == *place));
        for (_, limits) in meant {
            of_instrument(limits, name, value)?;
        }
    } else {
        of_book(rules, name, value)?;
    }
    rules.hash = rules_hash(rules);
    Ok(())
}

fn of_instrument(limits: &mut InstrumentRules, name: &str, value: Decimal) -> Result<(), String> {
    let moved = |ongoing: Percent, initial: Percent| {
        let times = ongoing.get().checked_div(initial.get());
        Percent::new(value * times.unwrap_or(Decimal::ONE))
    };
    match name {
        "risk" => {
            limits.ongoing_risk = moved(limits.ongoing_risk, limits.risk);
            limits.risk = Percent::new(value);
        }
        "volatility" => {
            limits.ongoing_volatility = moved(limits.ongoing_volatility, limits.volatility);
            limits.volatility = Percent::new(value);
        }
        "initial_atr" => limits.initial_atr = Ratio::new(value),
        "trailing_atr" => limits.trailing_atr = Ratio::new(value),
        "spacing" => limits.spacing = Ratio::new(value),
        "max_adds" => limits.max_adds = whole(name, value)?,
        _ => limits.max_lots = Some(Lots::new(whole(name, value)?)),
    }
    Ok(())
}

fn of_book(rules: &mut Rules, name: &str, value: Decimal) -> Result<(), String> {
    let percent = Percent::new(value);
    match name {
        "portfolio.risk" => rules.portfolio.risk = percent,
        "portfolio.volatility" => rules.portfolio.volatility = percent,
        "portfolio.add_risk" => rules.portfolio.add_risk = percent,
        "portfolio.add_volatility" => rules.portfolio.add_volatility = percent,
        "portfolio.margin_cap" => rules.portfolio.margin_cap = percent,
        "portfolio.max_positions" => {
            rules.portfolio.max_positions = Some(whole(name, value)?);
        }
        "pyramid.ratio" => rules.pyramid.ratio = Ratio::new(value),
        "day.loss" => rules.day.loss = Some(percent),
        "day.trades" => rules.day.trades = Some(whole(name, value)?),
        "day.losing_streak" => rules.day.losing_streak = Some(whole(name, value)?),
        _ => {
            let known = OF_INSTRUMENT.iter().chain(&OF_BOOK).copied();
            let known: Vec<&str> = known.collect();
            return Err(format!(
                "\"{name}\" is no figure of the rules; known are {} (of one instrument: \
                 GOLD_MINI.risk)",
                known.join(", ")
            ));
        }
    }
    Ok(())
}

fn whole(name: &str, value: Decimal) -> Result<u32, String> {
    use rust_decimal::prelude::ToPrimitive as _;
    let whole = value.is_integer().then(|| value.to_u32()).flatten();
    whole.ok_or_else(|| format!("{name} must be a whole number"))
}

/// The values that a figure takes in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// Its name.
    pub key: String,
    /// Its values, in the order given.
    pub values: Vec<Decimal>,
}

/// Reads `risk=1.5`, `risk=0.5,1,2` or `risk=0.5..2.0/0.25`.
///
/// # Errors
///
/// A text that is none of these, or more values than anybody looks at.
pub fn turned(text: &str) -> Result<Turned, String> {
    /// The most values of one figure.
    const VALUES_MAX: usize = 1_000;
    let wrong = || format!("\"{text}\" is not like risk=1.5, risk=0.5,1 or risk=0.5..2.0/0.25");
    let (key, values) = text.split_once('=').ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse::<Decimal>().map_err(|_no_number| wrong());
    let values = if let Some((from, rest)) = values.split_once("..") {
        let (to, step) = rest.split_once('/').ok_or_else(wrong)?;
        let (from, to, step) = (number(from)?, number(to)?, number(step)?);
        if step <= Decimal::ZERO || to < from {
            return Err(wrong());
        }
        let all = core::iter::successors(Some(from), |value| Some(*value + step));
        all.take_while(|value| *value <= to)
            .take(VALUES_MAX + 1)
            .collect()
    } else {
        values
            .split(',')
            .map(number)
            .collect::<Result<Vec<Decimal>, String>>()?
    };
    if values.len() > VALUES_MAX {
        return Err(format!("{key} takes more than {VALUES_MAX} values"));
    }
    Ok(Turned {
        key: key.trim().to_owned(),
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Options, load};

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_figure_is_set_for_all_or_for_one_and_takes_its_ongoing_limit_along() {
        let mut rules = load(&Options::default(), &Environment::new())
            .unwrap()
            .rules;
        let before = rules.hash;
        set(&mut rules, "risk", dec("2")).unwrap();
        set(&mut rules, "GOLD_MINI.risk", dec("0.5")).unwrap();
        let of = |name: &str| {
            let limits = rules.of(rules.instruments.by_name(name).unwrap()).unwrap();
            (limits.risk.get(), limits.ongoing_risk.get())
        };
        assert_eq!(of("BANK_NIFTY"), (dec("2"), dec("3")));
        assert_eq!(of("GOLD_MINI"), (dec("0.5"), dec("0.75")));
        assert_ne!(rules.hash, before);
        assert!(set(&mut rules, "max_adds", dec("1.5")).is_err());
        assert!(set(&mut rules, "NOBODY.risk", dec("1")).is_err());
        assert!(set(&mut rules, "rsk", dec("1")).is_err());
    }

    #[test]
    fn values_are_one_several_or_a_range() {
        let values = |text| turned(text).map(|one| one.values);
        assert_eq!(values("risk=1.5").unwrap(), [dec("1.5")]);
        assert_eq!(values("risk=1,2").unwrap(), [dec("1"), dec("2")]);
        let range = values("risk=0.5..1.25/0.25").unwrap();
        assert_eq!(range, ["0.5", "0.75", "1.00", "1.25"].map(dec));
        for wrong in [
            "risk",
            "risk=a",
            "risk=2..1/0.5",
            "risk=1..2",
            "risk=1..2/0",
            "risk=0..9/0.001",
        ] {
            assert!(turned(wrong).is_err(), "{wrong}");
        }
    }
}
