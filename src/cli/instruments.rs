//! `torana instruments`: what can be traded, with the figures in force.

use super::Shown;
use super::desk::look;
use super::out::{Table, or_dash, print, print_lines, rupees};
use crate::config::Config;
use crate::store::views;

/// Runs `torana instruments`.
pub async fn run(shown: Shown, config: Config) -> anyhow::Result<()> {
    let seen = look(config).await?;
    let rows = views::instruments(&seen.book, seen.rules(), seen.now);
    if shown.json {
        return print_lines(&rows);
    }
    let mut table = Table::new(&[
        "NAME",
        "EXCHANGE",
        "CONTRACT",
        "STATE",
        "SESSION",
        ">UNITS",
        ">POINT VALUE",
        ">MARGIN",
        ">PRICE",
        "FIGURES",
    ]);
    for row in rows {
        let state = if row.enabled { row.state } else { "off" };
        let figures = match row.assumed {
            Some(true) => "assumed",
            Some(false) => "sourced",
            None => "none today",
        };
        table.row([
            row.name,
            row.exchange.to_owned(),
            or_dash(row.contract),
            state.to_owned(),
            row.session.to_owned(),
            or_dash(row.units_per_lot),
            or_dash(row.point_value),
            row.margin.map_or_else(|| "of price".to_owned(), rupees),
            or_dash(row.price),
            figures.to_owned(),
        ]);
    }
    print(&table.text("no instrument is configured"))
}
