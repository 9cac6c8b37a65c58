//! `torana facts`: the journal, as a story or as it was written.

use clap::Args;

use super::out::{print, print_lines};
use super::story::Story;
use crate::app;
use crate::config::Config;

/// What `torana facts` takes.
#[derive(Args, Clone, Debug)]
pub struct FactsArgs {
    /// Those after this number; without it, the newest.
    #[arg(long, value_name = "SEQ")]
    after: Option<i64>,
    /// How many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Whole, as it was written: one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Runs `torana facts`.
pub async fn run(args: FactsArgs, config: Config) -> anyhow::Result<()> {
    let opened = app::open(config).await?;
    let after = match args.after {
        Some(after) => after,
        None => opened.store.tag(opened.desk).await?.seq - i64::from(args.limit),
    };
    let rows = opened
        .store
        .view_facts(opened.desk, after, args.limit)
        .await?;
    if args.json {
        return print_lines(&rows);
    }
    let story = Story::of(&opened, &rows).await?;
    print(&story.text(&rows))
}
