//! `torana positions`: what is held, leg by leg.

use serde_json::json;

use super::Shown;
use super::desk::look;
use super::out::{Table, clock, gain, or_dash, print, print_json, rupees};
use crate::config::Config;
use crate::store::views::{self, Leg, Page, Position, Trade};

/// How many closed legs are shown.
const CLOSED_SHOWN: u32 = 10;

/// Runs `torana positions`.
pub async fn run(shown: Shown, config: Config) -> anyhow::Result<()> {
    let seen = look(config).await?;
    let rows = views::positions(&seen.book, seen.rules(), seen.now);
    let page = Page::newest(CLOSED_SHOWN);
    let closed = seen
        .opened
        .store
        .view_trades(seen.opened.desk, &page)
        .await?;
    if shown.json {
        return print_json(&json!({"positions": rows, "closed": closed}));
    }
    let mut table = Table::new(&[
        "POSITION",
        "CONTRACT",
        "SIDE",
        ">LOTS",
        ">ENTRY",
        ">STOP",
        ">RESTS AT",
        ">PRICE",
        ">UNREALISED",
        ">RISK",
        "OPENED",
        "ID",
    ]);
    for position in &rows {
        whole(&mut table, position);
        for held in &position.legs {
            leg(&mut table, held);
        }
    }
    let held = table.text("nothing is held");
    if closed.is_empty() {
        return print(&held);
    }
    let mut table = Table::new(&[
        "CLOSED LATELY",
        "CONTRACT",
        "SIDE",
        ">LOTS",
        ">ENTRY",
        ">GROSS",
        ">CHARGES",
        ">NET",
        ">R",
        "REASON",
        "CLOSED",
    ]);
    for trade in closed {
        gone(&mut table, trade);
    }
    print(&format!("{held}\n{}", table.text("")))
}

fn gone(table: &mut Table, trade: Trade) {
    table.row([
        format!("{} {}", trade.instrument, trade.layer),
        trade.contract,
        trade.direction,
        trade.lots.to_string(),
        trade.entry.to_string(),
        gain(trade.gross),
        rupees(trade.charges),
        gain(trade.net),
        or_dash(trade.r),
        or_dash(trade.reason),
        clock(trade.closed_at),
    ]);
}

fn whole(table: &mut Table, position: &Position) {
    table.row([
        position.instrument.clone(),
        position.contract.clone(),
        position.direction.to_owned(),
        position.lots.to_string(),
        or_dash(position.entry),
        String::new(),
        String::new(),
        or_dash(position.price),
        gain(position.unrealised),
        rupees(position.risk),
        clock(position.opened_at),
        position.id.clone(),
    ]);
}

fn leg(table: &mut Table, leg: &Leg) {
    let exit = leg.exit.as_ref().map_or("", |_| " (exit under way)");
    table.row([
        format!("  {}{exit}", leg.layer),
        String::new(),
        String::new(),
        leg.lots.to_string(),
        leg.entry.to_string(),
        leg.stop.to_string(),
        rests(leg),
        String::new(),
        gain(leg.unrealised),
        rupees(leg.risk),
        clock(leg.opened_at),
        leg.id.clone(),
    ]);
}

/// Returns where the order at the broker wakes, and for how much where that is not all of the leg.
fn rests(leg: &Leg) -> String {
    match leg.trigger {
        Some(trigger) if leg.guarded == leg.lots => trigger.to_string(),
        Some(trigger) => format!("{} of {} at {trigger}", leg.guarded, leg.lots),
        None => "unguarded".to_owned(),
    }
}
