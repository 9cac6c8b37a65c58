//! The summary for a terminal.
#![expect(
    clippy::float_arithmetic,
    clippy::disallowed_types,
    reason = "statistics are shown in percent"
)]

use core::fmt::Write as _;
use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Report;
use crate::history::outcome::Judged;
use crate::journal::people::{gain, rupees};

/// The longest line of a sentence.
const WIDTH: usize = 100;

/// Returns the summary.
pub fn text(report: &Report<'_>) -> String {
    let mut out = String::new();
    head(&mut out, report);
    figures(&mut out, report);
    verdicts(&mut out, report);
    costs(&mut out, report);
    parts(&mut out, report);
    out
}

fn line(out: &mut String, name: &str, value: impl core::fmt::Display) {
    // writing to a String cannot fail
    let _written = writeln!(out, "  {name:<25}{value}");
}

fn head(out: &mut String, report: &Report<'_>) {
    for source in report.sources {
        let name = format!("{} ({})", source.instrument, source.file);
        let _written = writeln!(out, "{name}: {}", source.held);
    }
    out.push_str("\nassumed\n");
    for sentence in &report.assumed {
        let mut column = 0;
        for (place, word) in sentence.split_whitespace().enumerate() {
            let start = if place == 0 { "  - " } else { "" };
            if column + word.chars().count() > WIDTH {
                out.push_str("\n    ");
                column = 4;
            } else if place > 0 {
                out.push(' ');
                column += 1;
            }
            let _written = write!(out, "{start}{word}");
            column += start.len() + word.chars().count();
        }
        out.push('\n');
    }
}

fn percent(value: f64) -> String {
    format!("{:.2} %", value * 100.0)
}

fn figures(out: &mut String, report: &Report<'_>) {
    let (outcome, metrics) = (report.outcome, &report.metrics);
    let first = outcome.days.first().map(|day| day.day);
    let last = outcome.days.last().map(|day| day.day);
    out.push_str("\nresult\n");
    if let Some((first, last)) = first.zip(last) {
        line(out, "from, to", format!("{first}, {last}"));
    }
    line(out, "capital", rupees(outcome.capital.get()));
    let made = outcome.equity() - outcome.capital;
    let equity = format!("{}  ({})", rupees(outcome.equity().get()), gain(made.get()));
    line(out, "equity at the end", equity);
    line(out, "growth a year", percent(metrics.cagr));
    let fall = metrics.drawdown;
    let on = fall.at.map(|at| format!("  on {at}")).unwrap_or_default();
    line(
        out,
        "deepest drawdown",
        format!("{}{on}", percent(fall.deepest)),
    );
    line(out, "longest drawdown", format!("{} days", fall.longest));
    let ratios = format!(
        "{:.2}, {:.2}, {:.2}",
        metrics.sharpe, metrics.sortino, metrics.calmar
    );
    line(out, "Sharpe, Sortino, Calmar", ratios);
    line(out, "trades", metrics.trades);
    let wins = format!("{}, {:.2}", percent(metrics.wins), metrics.profit_factor);
    line(out, "wins, profit factor", wins);
    line(out, "expectancy", format!("{:.3} R", metrics.expectancy));
    line(
        out,
        "days held, exposure",
        format!("{:.1}, {}", metrics.days, percent(metrics.exposure)),
    );
}

fn counts(map: &BTreeMap<&'static str, usize>) -> String {
    let mut all: Vec<(&&str, &usize)> = map.iter().collect();
    all.sort_by_key(|(_, count)| core::cmp::Reverse(**count));
    let all = all.iter().map(|(word, count)| format!("{word} {count}"));
    all.collect::<Vec<_>>().join(", ")
}

fn judged(out: &mut String, name: &str, judged: &Judged) {
    let rejected: usize = judged.rejected.values().sum();
    line(
        out,
        name,
        format!("{} accepted, {rejected} rejected", judged.accepted),
    );
    if rejected > 0 {
        line(out, "  rejected by", counts(&judged.rejected));
    }
    if !judged.given_up.is_empty() {
        line(out, "  came to nothing", counts(&judged.given_up));
    }
    let bound = judged
        .limiters
        .iter()
        .map(|(word, (count, _))| (*word, *count));
    line(out, "  lots bound by", counts(&bound.collect()));
}

fn verdicts(out: &mut String, report: &Report<'_>) {
    let outcome = report.outcome;
    out.push_str("\ndecisions\n");
    judged(out, "entries", &outcome.entries);
    judged(out, "adds", &outcome.adds);
    line(out, "exits", format!("{} accepted", outcome.exits));
    if !outcome.recorded.is_empty() {
        line(out, "only written down", counts(&outcome.recorded));
    }
    line(out, "legs left by", counts(&outcome.reasons));
    line(out, "contracts changed", outcome.rolls);
    if !outcome.breaches.is_empty() {
        line(out, "limits breached", counts(&outcome.breaches));
    }
    line(out, "facts", outcome.facts);
}

fn costs(out: &mut String, report: &Report<'_>) {
    let costs = &report.outcome.costs;
    out.push_str("\ncosts\n");
    line(
        out,
        "turnover",
        format!(
            "{} in {} orders",
            rupees(costs.turnover.get()),
            costs.orders
        ),
    );
    let names = [
        "brokerage",
        "transaction tax",
        "exchange",
        "regulator",
        "stamp",
        "GST",
    ];
    for (name, amount) in names.iter().zip(costs.lines.all()) {
        line(out, name, rupees(amount.get()));
    }
    line(out, "slippage", rupees(costs.slippage.get()));
    line(out, "all", rupees(costs.all().get()));
}

fn parts(out: &mut String, report: &Report<'_>) {
    out.push_str("\ninstruments\n");
    for (name, part) in &report.instruments {
        let gained = gain(part.net.round_dp(0));
        let gained = gained.strip_suffix(".00").unwrap_or(&gained);
        let text = format!(
            "{gained} in {} trades, wins {}, profit factor {:.2}, expectancy {:.3} R, charges {}",
            part.metrics.trades,
            percent(part.metrics.wins),
            part.metrics.profit_factor,
            part.metrics.expectancy,
            rupees(part.charges.max(Decimal::ZERO)),
        );
        line(out, name, text);
    }
}
