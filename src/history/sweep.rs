//! Many runs over the same files under turned rules, and what may honestly be said of the best.
//!
//! 1. A trial is one run over everything. Its days before the split choose; those after it, which
//!    nothing was chosen by, show what the choice was worth.
//! 2. Trials run on as many threads as asked for; their order, and every figure, is the same on any
//!    number.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::knobs::{Turned, set};
use super::outcome::Outcome;
use super::run::Ready;
use crate::domain::rules::Rules;

/// The most trials of one sweep: more would take longer than anybody waits.
pub const TRIALS_MAX: usize = 10_000;

/// One run, and the rules it was made under.
pub struct Trial {
    /// What was set, in the order of the figures.
    pub values: Vec<Decimal>,
    /// What it came to.
    pub outcome: Outcome,
}

/// Returns every combination of values; of more than `most`, so many at random from a seed.
pub fn combinations(turned: &[Turned], (most, seed): (usize, u64)) -> Vec<Vec<Decimal>> {
    let all: usize = turned
        .iter()
        .fold(1, |product, one| product.saturating_mul(one.values.len()));
    let nth = |mut place: usize| {
        let mut values = Vec::new();
        for one in turned.iter().rev() {
            let count = one.values.len().max(1);
            values.extend(one.values.get(place.rem_euclid(count)));
            place = place.div_euclid(count);
        }
        values.reverse();
        values
    };
    if all <= most {
        return (0..all).map(nth).collect();
    }
    let mut chance = Chance(seed);
    let mut taken = std::collections::BTreeSet::new();
    while taken.len() < most {
        taken.insert(chance.below(all));
    }
    taken.into_iter().map(nth).collect()
}

/// Makes every trial.
///
/// # Errors
///
/// A figure that cannot be set so.
pub fn sweep(
    ready: &Ready,
    (turned, trials): (&[Turned], &[Vec<Decimal>]),
    threads: usize,
    told: &(dyn Fn(usize) + Sync),
) -> Result<Vec<Trial>, String> {
    let rules: Vec<Rules> = trials
        .iter()
        .map(|values| {
            let mut rules = ready.rules.clone();
            for (one, value) in turned.iter().zip(values) {
                set(&mut rules, &one.key, *value)?;
            }
            Ok(rules)
        })
        .collect::<Result<_, String>>()?;
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results: Mutex<Vec<(usize, Outcome)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some((place, rules)) = taken(&next, &rules) {
                    let outcome = ready.run(rules, None, &mut |_| {});
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    results.push((place, outcome));
                    drop(results);
                    told(done.fetch_add(1, Ordering::Relaxed) + 1);
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(place, _)| *place);
    let made = results.into_iter().zip(trials);
    Ok(made
        .map(|((_, outcome), values)| Trial {
            values: values.clone(),
            outcome,
        })
        .collect())
}

fn taken<'r>(next: &AtomicUsize, rules: &'r [Rules]) -> Option<(usize, &'r Rules)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    Some((place, rules.get(place)?))
}

/// Returns the first day that nothing is chosen by.
pub fn split(trials: &[Trial], percent: Decimal) -> Option<NaiveDate> {
    let days = &trials.first()?.outcome.days;
    let (first, last) = (days.first()?.day, days.last()?.day);
    let span = Decimal::from((last - first).num_days()) * percent * Decimal::new(1, 2);
    let ahead = chrono::Days::new(rust_decimal::prelude::ToPrimitive::to_u64(&span)?);
    first.checked_add_days(ahead)
}

/// Chance from a seed (splitmix64): the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(mixed.rem_euclid(end)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::knobs::turned;

    #[test]
    fn every_combination_is_tried_or_some_of_them_once_each() {
        let turns = [
            turned("risk=1,2").unwrap(),
            turned("spacing=1,2,3").unwrap(),
        ];
        let all = combinations(&turns, (10, 1));
        let shown: Vec<String> = all
            .iter()
            .map(|one| format!("{}-{}", one[0], one[1]))
            .collect();
        assert_eq!(shown, ["1-1", "1-2", "1-3", "2-1", "2-2", "2-3"]);
        let some = combinations(&turns, (4, 7));
        assert_eq!(some, combinations(&turns, (4, 7)));
        assert_eq!(some.len(), 4);
        assert!(some.iter().all(|one| all.contains(one)));
    }
}
