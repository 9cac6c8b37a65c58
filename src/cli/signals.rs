//! `torana signals`: what came, and what it was answered; of one, the whole decision.

use clap::Args;
use serde_json::{Value, json};

use super::explain;
use super::out::{BadArguments, Table, clock, or_dash, print, print_json, print_lines};
use super::story::Story;
use crate::app::{self, Opened};
use crate::config::Config;
use crate::domain::ids::SignalId;
use crate::store::views::Page;

/// How many letters of an answer a row has room for.
const DETAIL_SHOWN_MAX: usize = 90;

/// What `torana signals` takes.
#[derive(Args, Clone, Debug)]
pub struct SignalsArgs {
    /// One signal, by its id: the whole decision.
    id: Option<String>,
    /// How many, the newest first.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// JSON: one object a line, or one object for one signal.
    #[arg(long)]
    json: bool,
}

/// Runs `torana signals`.
pub async fn run(args: SignalsArgs, config: Config) -> anyhow::Result<()> {
    let opened = app::open(config).await?;
    if let Some(id) = &args.id {
        return one(&opened, id, args.json).await;
    }
    let page = Page::newest(args.limit);
    let rows = opened.store.view_signals(opened.desk, &page).await?;
    if args.json {
        return print_lines(&rows);
    }
    let mut table = Table::new(&[
        "RECEIVED",
        "SOURCE",
        "KIND",
        "INSTRUMENT",
        "VERDICT",
        "CODE",
        "DETAIL",
        "ID",
    ]);
    for row in rows {
        table.row([
            clock(row.received_at),
            or_dash(row.source),
            row.kind,
            or_dash(row.instrument),
            row.verdict,
            row.code,
            or_dash(row.detail.as_deref().map(glance)),
            row.id,
        ]);
    }
    print(&table.text("no signal yet"))
}

/// Returns as much of a text as a row has room for; the signal itself has all of it.
fn glance(text: &str) -> String {
    let mut letters = text.chars();
    let mut shown: String = letters.by_ref().take(DETAIL_SHOWN_MAX).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

async fn one(opened: &Opened, id: &str, json: bool) -> anyhow::Result<()> {
    let parsed: Option<SignalId> = id.parse().ok();
    let found = match parsed {
        Some(parsed) => opened.store.view_signal(opened.desk, parsed).await?,
        None => None,
    };
    let (Some(signal), Some(parsed)) = (found, parsed) else {
        return Err(BadArguments(format!("there is no signal \"{id}\"")).into());
    };
    let facts = opened.store.view_facts_of(opened.desk, parsed).await?;
    if json {
        return print_json(&json!({"signal": signal, "facts": facts}));
    }
    let mut text = format!(
        "signal {}: {} {} from {}, received {} IST\n{}: {}: {}\n",
        signal.id,
        signal.kind,
        or_dash(signal.instrument),
        or_dash(signal.source),
        clock(signal.received_at),
        signal.verdict,
        signal.code,
        or_dash(signal.detail),
    );
    for fact in &facts {
        let is: Value = fact
            .is
            .as_ref()
            .and_then(|is| serde_json::from_str(is.get()).ok())
            .unwrap_or_default();
        if let Some(trace) = explain::trace_of(&is) {
            text.push_str(&explain::trace(trace));
        }
    }
    text.push_str("what became true:\n");
    let story = Story::of(opened, &facts).await?;
    text.push_str(&story.text(&facts));
    print(&text)
}
