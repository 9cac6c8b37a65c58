//! What a sweep came to: each trial before and after the split, the best, and how much of it is
//! chance.
#![expect(
    clippy::float_arithmetic,
    clippy::disallowed_types,
    reason = "statistics over trials; no figure here goes back into a decision"
)]

use core::fmt::Write as _;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::html::{percent, short};
use crate::analytics::{
    Curve, deflated, drawdown_odds, float, mean, metrics, shuffled_drawdowns, spread,
};
use crate::history::knobs::Turned;
use crate::history::outcome::Outcome;
use crate::history::sweep::{Trial, split};

/// Orders of trades that are tried.
const ORDERS: usize = 1_000;

/// Windows of the walk forward.
const WINDOWS: usize = 4;

/// Trials that a terminal shows.
const SHOWN: usize = 15;

/// One trial, weighed.
struct Row {
    values: Vec<Decimal>,
    net: f64,
    cagr: f64,
    fall: f64,
    trades: usize,
    /// Sharpe ratios of days before and after the split.
    sharpe: (f64, f64),
    days: Vec<(NaiveDate, f64)>,
}

/// A sweep, weighed.
pub struct Sweep<'a> {
    turned: &'a [Turned],
    rows: Vec<Row>,
    split: Option<NaiveDate>,
    best: usize,
    /// The chance that the best is better than nothing, given how many were tried.
    deflated: f64,
    /// Drawdowns that half, one in five and one in twenty orders of the best's trades exceed.
    orders: [f64; 3],
    /// What choosing again and again would have come to: its ratio, and the windows.
    walk: (f64, Vec<(NaiveDate, usize)>),
}

impl<'a> Sweep<'a> {
    /// Weighs trials; `percent` of the time chooses, the rest shows what the choice was worth.
    pub fn new(turned: &'a [Turned], trials: &[Trial], percent: Decimal) -> Self {
        let split = split(trials, percent);
        let rows: Vec<Row> = trials.iter().map(|trial| row(trial, split)).collect();
        let best = (0..rows.len()).max_by(|one, other| {
            let of = |place: &usize| rows.get(*place).map_or(0.0, |row| row.sharpe.0);
            // Of two equal ones the first.
            of(one).total_cmp(&of(other)).then(other.cmp(one))
        });
        let best = best.unwrap_or(0);
        let chosen: Vec<f64> = rows.get(best).map_or_else(Vec::new, |row| {
            returns(row, |day| split.is_none_or(|split| day < split))
        });
        let sharpes: Vec<f64> = rows
            .iter()
            .map(|row| sharpe(&returns(row, |day| split.is_none_or(|split| day < split))))
            .collect();
        let orders = trials.get(best).map_or([0.0; 3], |trial| {
            drawdown_odds(&shuffled_drawdowns(&parts(&trial.outcome), ORDERS, 1))
        });
        Self {
            turned,
            split,
            best,
            deflated: deflated(&chosen, &sharpes),
            orders,
            walk: walk(&rows),
            rows,
        }
    }

    fn heads(&self) -> Vec<&str> {
        self.turned.iter().map(|one| one.key.as_str()).collect()
    }

    /// Returns the places of the trials, the best before the split first.
    fn ranked(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.rows.len()).collect();
        let of = |place: usize| self.rows.get(place).map_or(0.0, |row| row.sharpe.0);
        places.sort_by(|one, other| of(*other).total_cmp(&of(*one)).then(one.cmp(other)));
        places
    }

    /// Returns what is to be said of it, a sentence each.
    pub fn sentences(&self) -> Vec<String> {
        let split = self
            .split
            .map_or_else(String::new, |split| split.to_string());
        let [half, fifth, twentieth] = self.orders.map(percent);
        let (walked, windows) = &self.walk;
        let chosen: Vec<String> = windows
            .iter()
            .filter_map(|(from, place)| {
                let row = self.rows.get(*place)?;
                Some(format!("{from}: {}", words(self.turned, &row.values)))
            })
            .collect();
        vec![
            format!(
                "{} trials. They were ranked by the Sharpe ratio of the days before {split}; the \
                 days after it chose nothing.",
                self.rows.len()
            ),
            format!(
                "Deflated Sharpe ratio of the best: {:.1} %. That is the chance that it is better \
                 than nothing, given how many were tried and how they spread.",
                self.deflated * 100.0
            ),
            format!(
                "Walk forward: choosing by all days before, {} times, would have had a Sharpe \
                 ratio of {walked:.2} ({}).",
                windows.len(),
                chosen.join("; ")
            ),
            format!(
                "{ORDERS} other orders of the best's trades: half have a drawdown deeper than \
                 {half}, one in five than {fifth}, one in twenty than {twentieth}."
            ),
        ]
    }

    /// Returns it for a terminal.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for sentence in self.sentences() {
            // writing to a String cannot fail
            let _written = writeln!(out, "- {sentence}");
        }
        let heads = self.heads();
        let width = |head: &str| head.len().max(8);
        out.push('\n');
        for head in &heads {
            let _written = write!(out, "{head:>w$}  ", w = width(head));
        }
        out.push_str("before   after        net   growth  drawdown  trades\n");
        for place in self.ranked().into_iter().take(SHOWN) {
            let Some(row) = self.rows.get(place) else {
                continue;
            };
            for (head, value) in heads.iter().zip(&row.values) {
                let value = value.normalize().to_string();
                let _written = write!(out, "{value:>w$}  ", w = width(head));
            }
            let _written = writeln!(
                out,
                "{:>6.2}  {:>6.2}  {:>9}  {:>7}  {:>8}  {:>6}",
                row.sharpe.0,
                row.sharpe.1,
                short(row.net),
                percent(row.cagr),
                percent(row.fall),
                row.trades
            );
        }
        out
    }

    /// Returns it for programs.
    pub fn json(&self) -> Value {
        let round = |value: f64| {
            let text = format!("{value:.6}");
            text.parse::<serde_json::Number>()
                .map_or(Value::Null, Value::Number)
        };
        let rows = self.ranked().into_iter().filter_map(|place| {
            let row = self.rows.get(place)?;
            let set = self.heads().into_iter().zip(&row.values);
            let set: serde_json::Map<String, Value> = set
                .map(|(head, value)| (head.to_owned(), value.normalize().to_string().into()))
                .collect();
            Some(json!({
                "set": set,
                "sharpe_before": round(row.sharpe.0),
                "sharpe_after": round(row.sharpe.1),
                "net": round(row.net),
                "cagr": round(row.cagr),
                "drawdown": round(row.fall),
                "trades": row.trades,
            }))
        });
        json!({
            "trials": self.rows.len(),
            "split": self.split.map(|split| split.to_string()),
            "deflated_sharpe": round(self.deflated),
            "walk_forward_sharpe": round(self.walk.0),
            "shuffled_drawdowns": self.orders.map(round),
            "ranked": rows.collect::<Vec<_>>(),
        })
    }

    /// Returns the parts of a page: sentences, a map of two figures, and the table.
    pub fn page(&self) -> [String; 3] {
        let mut said = "<ul>".to_owned();
        for sentence in self.sentences() {
            let _written = write!(said, "<li>{sentence}</li>");
        }
        said.push_str("</ul>");
        [said, self.map(), self.table()]
    }

    /// Returns the ratios of two figures' values as a map; nothing for more or fewer figures.
    fn map(&self) -> String {
        let [up, across] = self.turned else {
            return String::new();
        };
        let most = self
            .rows
            .iter()
            .map(|row| row.sharpe.0.abs())
            .fold(0.01, f64::max);
        let mut out = format!(
            "<div class=\"scroll\"><table class=\"months\"><tr><th>{} ↓ {} →</th>",
            up.key, across.key
        );
        for value in &across.values {
            let _written = write!(out, "<th>{}</th>", value.normalize());
        }
        out.push_str("</tr>");
        for first in &up.values {
            let _written = write!(out, "<tr><td>{}</td>", first.normalize());
            for second in &across.values {
                let found = self.rows.iter().find(|row| row.values == [*first, *second]);
                out.push_str(&found.map_or_else(|| "<td></td>".to_owned(), |row| cell(row, most)));
            }
            out.push_str("</tr>");
        }
        out.push_str("</table></div>");
        out
    }

    fn table(&self) -> String {
        let mut out = "<div class=\"scroll\"><table><tr>".to_owned();
        for head in self.heads() {
            let _written = write!(out, "<th>{head}</th>");
        }
        out.push_str(
            "<th>Sharpe before</th><th>after</th><th>Net</th><th>Growth a year</th>\
             <th>Drawdown</th><th>Trades</th></tr>",
        );
        for place in self.ranked().into_iter().take(100) {
            let Some(row) = self.rows.get(place) else {
                continue;
            };
            out.push_str("<tr>");
            for value in &row.values {
                let _written = write!(out, "<td>{}</td>", value.normalize());
            }
            let _written = write!(
                out,
                "<td>{:.2}</td><td>{:.2}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                row.sharpe.0,
                row.sharpe.1,
                short(row.net),
                percent(row.cagr),
                percent(row.fall),
                row.trades
            );
        }
        out.push_str("</table></div>");
        out
    }

    /// Returns the place of the best before the split.
    pub const fn best(&self) -> usize {
        self.best
    }
}

fn cell(row: &Row, most: f64) -> String {
    let colour = if row.sharpe.0 < 0.0 {
        "--loss"
    } else {
        "--gain"
    };
    let depth = (row.sharpe.0.abs() / most * 55.0).clamp(2.0, 55.0);
    format!(
        "<td style=\"background:color-mix(in srgb,var({colour}) {depth:.0}%,transparent)\">{:.2}\
         <small> / {:.2}</small></td>",
        row.sharpe.0, row.sharpe.1
    )
}

fn words(turned: &[Turned], values: &[Decimal]) -> String {
    let all = turned.iter().zip(values);
    let all = all.map(|(one, value)| format!("{} {}", one.key, value.normalize()));
    all.collect::<Vec<_>>().join(", ")
}

fn row(trial: &Trial, split: Option<NaiveDate>) -> Row {
    let outcome = &trial.outcome;
    let curve = super::curve(outcome);
    let figures = metrics(&curve, &[]);
    let days = outcome.days.iter().map(|day| day.day);
    let mut row = Row {
        values: trial.values.clone(),
        net: float((outcome.equity() - outcome.capital).get()),
        cagr: figures.cagr,
        fall: figures.drawdown.deepest,
        trades: outcome.closed().count(),
        sharpe: (0.0, 0.0),
        days: days.zip(Curve::returns(&curve)).collect(),
    };
    let before = |day| split.is_none_or(|split| day < split);
    row.sharpe = (
        yearly(&returns(&row, before)),
        yearly(&returns(&row, |day| !before(day))),
    );
    row
}

fn returns(row: &Row, wanted: impl Fn(NaiveDate) -> bool) -> Vec<f64> {
    let days = row.days.iter().filter(|(day, _)| wanted(*day));
    days.map(|(_, change)| *change).collect()
}

/// Returns the Sharpe ratio of a period.
fn sharpe(returns: &[f64]) -> f64 {
    let deviation = spread(returns);
    if deviation > 0.0 {
        mean(returns) / deviation
    } else {
        0.0
    }
}

fn yearly(returns: &[f64]) -> f64 {
    sharpe(returns) * 252.0_f64.sqrt()
}

/// Returns what each trade gained, as a part of the equity at the end of the day before it.
fn parts(outcome: &Outcome) -> Vec<f64> {
    outcome
        .closed()
        .map(|trade| {
            let opened = crate::domain::calendar::exchange_day(trade.opened);
            let before = outcome.days.partition_point(|day| day.day < opened);
            let equity = before
                .checked_sub(1)
                .and_then(|place| outcome.days.get(place));
            let equity = equity.map_or(outcome.capital, |day| day.equity);
            float(trade.net().get()) / float(equity.get()).max(1.0)
        })
        .collect()
}

/// Chooses again and again by all days before a window, and takes the window of the choice.
fn walk(rows: &[Row]) -> (f64, Vec<(NaiveDate, usize)>) {
    let Some(days) = rows.first().map(|row| &row.days) else {
        return (0.0, Vec::new());
    };
    let each = days.len().div_euclid(WINDOWS + 1).max(1);
    let starts: Vec<NaiveDate> = (1..=WINDOWS)
        .filter_map(|window| days.get(window * each).map(|day| day.0))
        .collect();
    let mut all = Vec::new();
    let mut chosen = Vec::new();
    for (window, from) in starts.iter().enumerate() {
        let to = starts.get(window + 1);
        let best = (0..rows.len()).max_by(|one, other| {
            let of = |place: &usize| {
                let row = rows.get(*place);
                row.map_or(0.0, |row| sharpe(&returns(row, |day| day < *from)))
            };
            of(one).total_cmp(&of(other)).then(other.cmp(one))
        });
        let Some((place, row)) = best.and_then(|place| Some((place, rows.get(place)?))) else {
            continue;
        };
        all.extend(returns(row, |day| {
            day >= *from && to.is_none_or(|to| day < *to)
        }));
        chosen.push((*from, place));
    }
    (yearly(&all), chosen)
}
