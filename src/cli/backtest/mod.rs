//! `torana backtest`: history through the same core.

mod check;

use std::path::PathBuf;

use clap::Args;

/// What `torana backtest` takes.
#[derive(Args, Clone, Debug)]
pub struct BacktestArgs {
    /// Reads every list of trades in a directory, and says what is in it.
    #[arg(long, value_name = "DIR")]
    check: PathBuf,
}

/// Runs `torana backtest`.
pub fn run(args: &BacktestArgs) -> anyhow::Result<()> {
    check::run(&args.check)
}
