//! `torana status`: where the desk stands.

use core::fmt::Write as _;

use serde::Serialize;

use super::Shown;
use super::desk::{Seen, look};
use super::out::{clock, gain, print, print_json, rupees};
use crate::config::Config;
use crate::store::views::{self, Lease, Portfolio, Status};

#[derive(Serialize)]
struct Whole {
    mode: &'static str,
    desk: String,
    version: &'static str,
    seq: i64,
    head: String,
    lease: Option<Lease>,
    #[serde(flatten)]
    status: Status,
    portfolio: Portfolio,
}

/// Runs `torana status`.
pub async fn run(shown: Shown, config: Config) -> anyhow::Result<()> {
    let seen = look(config).await?;
    let whole = whole(&seen).await?;
    if shown.json {
        print_json(&whole)
    } else {
        print(&text(&whole))
    }
}

async fn whole(seen: &Seen) -> anyhow::Result<Whole> {
    let settings = &seen.opened.config.settings;
    Ok(Whole {
        mode: settings.mode.word(),
        desk: settings.desk.name.clone(),
        version: super::VERSION,
        seq: seen.seq,
        head: data_encoding::HEXLOWER.encode(&seen.head),
        lease: seen.opened.store.view_lease(seen.opened.desk).await?,
        status: views::status(&seen.book, seen.rules(), seen.now),
        portfolio: views::portfolio(&seen.book, seen.rules(), seen.now),
    })
}

fn text(whole: &Whole) -> String {
    let (status, account) = (&whole.status, &whole.status.account);
    let mut lines = vec![
        ("desk", format!("{} ({})", whole.desk, whole.mode)),
        ("state", status.state.to_owned()),
    ];
    for own in &status.instruments {
        lines.push(("", format!("{} is {}", own.instrument, own.state)));
    }
    let running = match &whole.lease {
        Some(lease) if lease.held => format!("yes, {}", lease.holder),
        Some(_) | None => "no process sends orders".to_owned(),
    };
    lines.push(("gateway", running));
    lines.push(("profile", status.profile.clone()));
    lines.push(("equity", rupees(account.marked)));
    lines.push(("  realised", rupees(account.realised)));
    lines.push(("  unrealised", gain(account.unrealised)));
    lines.push(("  sized on", rupees(account.sizing)));
    let funds = account.funds.map_or_else(|| "unknown".to_owned(), rupees);
    let read = account
        .funds_at
        .map_or_else(String::new, |at| format!(", read {} IST", clock(at)));
    lines.push(("free cash", format!("{funds}{read}")));
    if let Some(day) = status.day {
        let trades = status.day_trades;
        let pnl = gain(status.day_pnl);
        lines.push(("day", format!("{day}: {pnl}, {trades} entries")));
    }
    lines.push((
        "positions",
        format!("{} with {} legs", status.positions, status.legs),
    ));
    for (instrument, count) in &status.working {
        lines.push(("working", format!("{count} in {instrument}")));
    }
    for what in &status.unguarded {
        lines.push((
            "not guarded",
            format!("{what}: no order rests at the broker"),
        ));
    }
    for order in &status.uncertain_orders {
        lines.push(("uncertain", format!("order {order}")));
    }
    for order in &status.queued_orders {
        lines.push((
            "queued",
            format!("order {order} waits for a person at OpenAlgo"),
        ));
    }
    for finding in &status.findings {
        lines.push(("finding", finding.clone()));
    }
    for band in &whole.portfolio.bands {
        let used = band
            .used
            .map_or_else(String::new, |used| format!("  {used} % used"));
        let figures = (band.value.round_dp(2), band.limit.round_dp(2));
        lines.push((band.gate, format!("{} of {}{used}", figures.0, figures.1)));
    }
    lines.push((
        "journal",
        format!("fact {}, head {}", whole.seq, whole.head),
    ));
    lines.push(("version", whole.version.to_owned()));
    let mut out = String::new();
    for (name, value) in lines {
        // writing to a String cannot fail
        let _written = writeln!(out, "{name:<22}{value}");
    }
    out
}
