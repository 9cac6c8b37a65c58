//! `torana reset`: a fresh paper account.

use anyhow::bail;
use clap::Args;

use super::desk::Working;
use super::out::{BadArguments, confirmed, print};
use crate::app;
use crate::config::Config;
use crate::desk::person::Wish;
use crate::domain::input::{Scope, TradingState};

/// What confirms it.
const CONFIRMATION: &str = "begin anew";

/// What `torana reset` takes.
#[derive(Args, Clone, Debug)]
pub struct ResetArgs {
    /// It is the paper account that begins anew; there is no other way.
    #[arg(long, required = true)]
    paper: bool,
    /// The reason; it is the first thing written down.
    #[arg(long)]
    why: String,
    /// Confirm that positions, orders and history go.
    #[arg(long)]
    yes: bool,
}

/// Runs `torana reset`.
pub async fn run(args: ResetArgs, config: Config) -> anyhow::Result<()> {
    if !args.paper || args.why.trim().is_empty() {
        return Err(BadArguments("reset needs --paper and a reason in --why".to_owned()).into());
    }
    print(
        "positions, orders, ledger and history of the paper account go; sources and tokens stay\n",
    )?;
    if !args.yes && !confirmed(CONFIRMATION)? {
        bail!("not confirmed; nothing was changed");
    }
    let working = Working::on(app::reset(config).await?).await?;
    let state = Wish::State(Scope::Desk, TradingState::Active);
    let done = working.carry_out(&state, &args.why).await;
    working.end().await;
    done?;
    print("the paper account is fresh\n")
}
