//! What a run came to, for people and programs: one set of figures, shown four ways.
//!
//! The first thing every form says is what was assumed.

mod assumed;
mod html;
mod json;
mod sweep;
mod table;
mod text;

use std::collections::BTreeMap;

use rust_decimal::Decimal;

pub use html::{html, sweep_html};
pub use json::json;
pub use sweep::Sweep;
pub use table::{days_csv, trades_csv};
pub use text::text;

use super::outcome::{Outcome, Trade};
use super::run::{Ready, Settings};
use crate::analytics::{Curve, Metrics, Point, Result, float, metrics};
use crate::domain::rules::Rules;

/// A file that was read, for the first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub file: String,
    /// What it is of.
    pub instrument: String,
    /// What was in it, in words.
    pub held: String,
}

/// A run, and all that is to be said of it.
pub struct Report<'a> {
    /// What it came to.
    pub outcome: &'a Outcome,
    /// The rules it was made under.
    pub rules: &'a Rules,
    /// The files.
    pub sources: &'a [Source],
    /// What was assumed, a sentence each.
    pub assumed: Vec<String>,
    /// The equity at days' ends.
    pub curve: Curve,
    /// The figures of all trades.
    pub metrics: Metrics,
    /// Trades by instrument, in the order of names.
    pub instruments: BTreeMap<String, Part>,
}

/// What one instrument came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// Its figures; those of the account aside.
    pub metrics: Metrics,
    /// What it gained before charges, in rupees.
    pub gross: Decimal,
    /// Its charges.
    pub charges: Decimal,
    /// What it gained.
    pub net: Decimal,
}

impl<'a> Report<'a> {
    /// Gathers the figures of a run.
    pub fn new(
        outcome: &'a Outcome,
        (ready, rules): (&Ready, &'a Rules),
        settings: &Settings,
        sources: &'a [Source],
    ) -> Self {
        let curve = curve(outcome);
        let results: Vec<Result> = outcome.closed().map(result).collect();
        let mut by_name: BTreeMap<String, Vec<&Trade>> = BTreeMap::new();
        for trade in &outcome.trades {
            let name = rules.instruments.get(trade.instrument);
            let name = name.map_or_else(String::new, |one| one.name.clone());
            by_name.entry(name).or_default().push(trade);
        }
        Self {
            outcome,
            rules,
            sources,
            assumed: assumed::sentences(ready, rules, settings),
            metrics: metrics(&curve, &results),
            instruments: by_name
                .into_iter()
                .map(|(name, trades)| (name, part(&trades)))
                .collect(),
            curve,
        }
    }

    /// Returns the name of a trade's instrument.
    pub fn name(&self, trade: &Trade) -> &'a str {
        let found = self.rules.instruments.get(trade.instrument);
        found.map_or("", |one| one.name.as_str())
    }
}

fn curve(outcome: &Outcome) -> Curve {
    Curve {
        capital: float(outcome.capital.get()),
        points: outcome
            .days
            .iter()
            .map(|day| Point {
                day: day.day,
                equity: float(day.equity.get()),
                held: day.positions > 0,
            })
            .collect(),
    }
}

/// Returns what a trade that is over came to.
fn result(trade: &Trade) -> Result {
    let lasted = trade.closed.map(|closed| closed - trade.opened);
    let minutes = lasted.map_or(0, |lasted| lasted.num_minutes());
    let days = Decimal::from(minutes).checked_div(Decimal::from(24 * 60));
    Result {
        net: float(trade.net().get()),
        r: float(trade.r().unwrap_or_default()),
        days: float(days.unwrap_or_default()),
    }
}

fn part(trades: &[&Trade]) -> Part {
    let over = trades.iter().filter(|trade| trade.closed.is_some());
    let results: Vec<Result> = over.map(|trade| result(trade)).collect();
    let sum = |of: fn(&Trade) -> Decimal| trades.iter().map(|trade| of(trade)).sum();
    Part {
        metrics: metrics(&Curve::default(), &results),
        gross: sum(|trade| trade.gross.get()),
        charges: sum(|trade| trade.charges.get()),
        net: sum(|trade| trade.net().get()),
    }
}
