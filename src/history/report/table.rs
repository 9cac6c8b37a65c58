//! Trades and days as comma-separated text.

use core::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::Report;
use crate::domain::calendar::ist;

/// Returns the trades, one a line.
pub fn trades_csv(report: &Report<'_>) -> String {
    let mut out =
        "leg,instrument,contract,direction,layer,lots,opened,closed,entry,stop,exit,risk,\
                   gross,charges,net,r,against_r,with_r,reason,rolls\n"
            .to_owned();
    for trade in &report.outcome.trades {
        let (against, with) = trade.excursions().unzip();
        let cells = [
            trade.leg.to_string(),
            report.name(trade).to_owned(),
            trade.contract.clone(),
            trade.direction.word().to_owned(),
            trade.layer.to_string(),
            trade.lots.to_string(),
            clock(trade.opened),
            trade.closed.map(clock).unwrap_or_default(),
            trade.entry.to_string(),
            trade.stop.to_string(),
            shown(trade.exit),
            trade.risk.to_string(),
            trade.gross.get().normalize().to_string(),
            trade.charges.to_string(),
            trade.net().get().normalize().to_string(),
            shown(trade.r()),
            shown(against),
            shown(with),
            trade
                .reason
                .map_or("open", |reason| reason.word())
                .to_owned(),
            trade.rolls.to_string(),
        ];
        // writing to a String cannot fail
        let _written = writeln!(out, "{}", cells.join(","));
    }
    out
}

/// Returns the days, one a line.
pub fn days_csv(report: &Report<'_>) -> String {
    let mut out = "day,equity,realised,risk,volatility,margin,positions\n".to_owned();
    for day in &report.outcome.days {
        let _written = writeln!(
            out,
            "{},{},{},{},{},{},{}",
            day.day,
            day.equity.get().normalize(),
            day.realised.get().normalize(),
            day.risk.get().normalize(),
            day.volatility.get().normalize(),
            day.margin.get().normalize(),
            day.positions
        );
    }
    out
}

fn clock(at: DateTime<Utc>) -> String {
    ist(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
