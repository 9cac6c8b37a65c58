//! `torana findings`: where our book and the broker's differ. `torana adopt`: what is taken in.

use clap::Args;

use super::Shown;
use super::desk::{Working, instrument, look};
use super::operate::finish;
use super::out::{BadArguments, Table, clock, or_dash, print, print_json};
use crate::config::Config;
use crate::desk::person::Wish;
use crate::domain::money::{Lots, Price};
use crate::store::views::{self, Finding};

/// What `torana adopt` takes.
#[derive(Args, Clone, Debug)]
pub struct AdoptArgs {
    /// The instrument whose position at the broker is taken in.
    instrument: String,
    /// How many lots of it.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    lots: u32,
    /// The price its gain counts from; nothing is booked.
    #[arg(long)]
    price: String,
    /// Where it gets out.
    #[arg(long)]
    stop: String,
    /// The reason; it is written down.
    #[arg(long)]
    why: String,
}

/// Lists what differs.
pub(super) async fn run(shown: Shown, config: Config) -> anyhow::Result<()> {
    let seen = look(config).await?;
    let rows = views::findings(&seen.book, seen.rules());
    if shown.json {
        return print_json(&rows);
    }
    let mut table = Table::new(&[
        "FINDING", "WHAT", "SYMBOL", "PRODUCT", ">OURS", ">THEIRS", "REPAIR", "STATE", "FOUND",
    ]);
    for finding in rows {
        row(&mut table, finding);
    }
    print(&table.text("our book and the broker's agree, as far as both are known"))
}

fn row(table: &mut Table, finding: Finding) {
    let repair = finding.repair.map_or_else(
        || "-".to_owned(),
        |repair| {
            format!(
                "our book gives up {} lots at {} ({})",
                repair.lots, repair.price, repair.basis
            )
        },
    );
    table.row([
        finding.id,
        finding.code.to_owned(),
        finding.symbol,
        or_dash(finding.product),
        finding.ours.to_string(),
        or_dash(finding.theirs),
        repair,
        finding.state.to_owned(),
        clock(finding.found_at),
    ]);
}

/// Takes a position at the broker in.
pub(super) async fn adopt(args: AdoptArgs, config: Config) -> anyhow::Result<()> {
    let wish = Wish::Adopt(
        instrument(&config.rules, &args.instrument)?,
        Lots::new(args.lots),
        price("--price", &args.price)?,
        price("--stop", &args.stop)?,
    );
    finish(Working::start(config).await?, &wish, &args.why).await
}

/// Reads a price.
pub(super) fn price(name: &str, text: &str) -> Result<Price, BadArguments> {
    let number = text.replace(',', "").parse().ok();
    let found = number.and_then(Price::new);
    found.ok_or_else(|| BadArguments(format!("{name}: \"{text}\" is no price")))
}
