//! `torana token`: named tokens of operators and scripts.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::desk::note;
use super::out::{BadArguments, Table, clock, or_dash, print, print_lines};
use crate::app::{self, Opened};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::http::admin::token;

/// The longest name of a token.
const NAME_LENGTH_MAX: usize = 40;

/// What `torana token` takes.
#[derive(Args, Clone, Debug)]
pub struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum TokenCommand {
    /// Add a token; it is printed once.
    Add {
        /// Its name: who is written down as having ordered something.
        name: String,
    },
    /// Print every token's name.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Let a token count no more.
    Revoke {
        /// Its name.
        name: String,
    },
}

#[derive(Serialize)]
struct Shown {
    name: String,
    made_at: chrono::DateTime<chrono::Utc>,
    revoked_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// Runs `torana token`.
pub async fn run(args: TokenArgs, config: Config) -> anyhow::Result<()> {
    let opened = app::open(config).await?;
    let why = "ordered at the terminal";
    match args.command {
        TokenCommand::Add { name } => {
            add(&opened, &name).await?;
            let detail = "it may order everything".to_owned();
            note(opened, ("token", &name, "added"), (detail, why)).await
        }
        TokenCommand::List { json } => show(&opened, json).await,
        TokenCommand::Revoke { name } => {
            let now = SystemClock.now();
            if opened.store.token_revoke(opened.desk, &name, now).await? {
                print(&format!("token {name} counts no more\n"))?;
                let detail = "it counts no more".to_owned();
                note(opened, ("token", &name, "revoked"), (detail, why)).await
            } else {
                Err(BadArguments(format!("there is no token \"{name}\" that counts")).into())
            }
        }
    }
}

async fn add(opened: &Opened, name: &str) -> anyhow::Result<()> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.@".contains(letter);
    let taken = [token::ENVIRONMENT, super::desk::TERMINAL];
    if name.is_empty() || name.len() > NAME_LENGTH_MAX || !name.chars().all(plain) {
        let what = format!("\"{name}\": a name has 1 to {NAME_LENGTH_MAX} plain characters");
        return Err(BadArguments(what).into());
    }
    let secret = token::fresh()?;
    let pair = (name, token::hash(&secret));
    let (store, now) = (&opened.store, SystemClock.now());
    if taken.contains(&name) || !store.token_add(opened.desk, pair, now).await? {
        return Err(BadArguments(format!("the name \"{name}\" is taken")).into());
    }
    print(&format!(
        "token {name}, which is shown only now:\n{secret}\n"
    ))
}

async fn show(opened: &Opened, json: bool) -> anyhow::Result<()> {
    let rows = opened.store.tokens(opened.desk).await?;
    let rows = rows.into_iter().map(|row| Shown {
        name: row.name,
        made_at: row.made_at,
        revoked_at: row.revoked_at,
    });
    if json {
        return print_lines(&rows.collect::<Vec<_>>());
    }
    let mut table = Table::new(&["NAME", "MADE", "REVOKED"]);
    for row in rows {
        table.row([
            row.name,
            clock(row.made_at),
            or_dash(row.revoked_at.map(clock)),
        ]);
    }
    print(&table.text("no token yet: torana token add NAME"))
}
