//! `torana token`: named tokens of operators and scripts.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::desk::change;
use super::out::{BadArguments, Table, clock, or_dash, print, print_lines};
use crate::app::{self, Opened};
use crate::config::Config;
use crate::http::admin::token;
use crate::store::AccessChange;

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
        TokenCommand::Add { name } => add(opened, name, why).await,
        TokenCommand::List { json } => show(&opened, json).await,
        TokenCommand::Revoke { name } => {
            let revoked = AccessChange::TokenRevoked(name.clone());
            change(opened, revoked, ("it counts no more".to_owned(), why)).await?;
            print(&format!("token {name} counts no more\n"))
        }
    }
}

async fn add(opened: Opened, name: String, why: &str) -> anyhow::Result<()> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.@".contains(letter);
    let taken = [token::ENVIRONMENT, super::desk::TERMINAL];
    if name.is_empty() || name.len() > NAME_LENGTH_MAX || !name.chars().all(plain) {
        let what = format!("\"{name}\": a name has 1 to {NAME_LENGTH_MAX} plain characters");
        return Err(BadArguments(what).into());
    }
    if taken.contains(&name.as_str()) {
        return Err(BadArguments(format!("the name \"{name}\" is taken")).into());
    }
    let secret = token::fresh()?;
    let added = AccessChange::TokenAdded {
        name: name.clone(),
        hash: token::hash(&secret),
    };
    let detail = "it may order everything".to_owned();
    change(opened, added, (detail, why)).await?;
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
