//! The same for programs.
#![expect(clippy::disallowed_types, reason = "statistics are floats")]

use std::collections::BTreeMap;

use serde_json::{Value, json as object};

use super::Report;
use crate::analytics::{Metrics, monthly};
use crate::domain::charges::ChargeLines;
use crate::history::outcome::Judged;

/// Returns the report as JSON; money is text, as exact as it was computed.
pub fn json(report: &Report<'_>) -> Value {
    let outcome = report.outcome;
    let instruments: BTreeMap<&String, Value> = report
        .instruments
        .iter()
        .map(|(name, part)| {
            let figures = object!({
                "trades": part.metrics.trades,
                "wins": round(part.metrics.wins),
                "profit_factor": round(part.metrics.profit_factor),
                "expectancy_r": round(part.metrics.expectancy),
                "gross": part.gross.normalize().to_string(),
                "charges": part.charges.normalize().to_string(),
                "net": part.net.normalize().to_string(),
            });
            (name, figures)
        })
        .collect();
    object!({
        "profile": report.rules.profile,
        "rules": data_encoding::HEXLOWER.encode(&report.rules.hash.0),
        "sources": report.sources.iter().map(|one| object!({
            "file": one.file, "instrument": one.instrument, "held": one.held,
        })).collect::<Vec<_>>(),
        "assumed": report.assumed,
        "from": outcome.days.first().map(|day| day.day.to_string()),
        "to": outcome.days.last().map(|day| day.day.to_string()),
        "capital": outcome.capital.to_string(),
        "equity": outcome.equity().get().normalize().to_string(),
        "metrics": metrics(&report.metrics),
        "monthly": monthly(&report.curve).iter().map(|(year, months, whole)| object!({
            "year": year,
            "months": months.map(|month| month.map(round)),
            "whole": round(*whole),
        })).collect::<Vec<_>>(),
        "entries": judged(&outcome.entries),
        "adds": judged(&outcome.adds),
        "exits": outcome.exits,
        "recorded": outcome.recorded,
        "reasons": outcome.reasons,
        "rolls": outcome.rolls,
        "breaches": outcome.breaches,
        "facts": outcome.facts,
        "costs": object!({
            "turnover": outcome.costs.turnover.to_string(),
            "orders": outcome.costs.orders,
            "lines": lines(&outcome.costs.lines),
            "charges": outcome.costs.booked.to_string(),
            "slippage": outcome.costs.slippage.to_string(),
        }),
        "instruments": instruments,
    })
}

/// Returns a figure to six places, so that it reads as what it is: an estimate.
fn round(value: f64) -> Value {
    let text = format!("{value:.6}");
    text.parse::<serde_json::Number>()
        .map_or(Value::Null, Value::Number)
}

fn metrics(metrics: &Metrics) -> Value {
    object!({
        "cagr": round(metrics.cagr),
        "volatility": round(metrics.volatility),
        "sharpe": round(metrics.sharpe),
        "sortino": round(metrics.sortino),
        "calmar": round(metrics.calmar),
        "drawdown": round(metrics.drawdown.deepest),
        "drawdown_on": metrics.drawdown.at.map(|at| at.to_string()),
        "drawdown_days": metrics.drawdown.longest,
        "trades": metrics.trades,
        "wins": round(metrics.wins),
        "profit_factor": round(metrics.profit_factor),
        "expectancy_r": round(metrics.expectancy),
        "payoff": round(metrics.payoff),
        "exposure": round(metrics.exposure),
        "days_held": round(metrics.days),
    })
}

fn judged(judged: &Judged) -> Value {
    let limiters: BTreeMap<&str, Value> = judged
        .limiters
        .iter()
        .map(|(word, (count, lots))| (*word, object!({ "entries": count, "lots": lots })))
        .collect();
    object!({
        "accepted": judged.accepted,
        "rejected": judged.rejected,
        "given_up": judged.given_up,
        "gates": judged.gates,
        "limiters": limiters,
    })
}

fn lines(lines: &ChargeLines) -> Value {
    object!({
        "brokerage": lines.brokerage.to_string(),
        "transaction_tax": lines.stt.to_string(),
        "exchange": lines.exchange.to_string(),
        "regulator": lines.sebi.to_string(),
        "stamp": lines.stamp.to_string(),
        "gst": lines.gst.to_string(),
    })
}
