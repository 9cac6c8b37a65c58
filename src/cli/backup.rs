//! `torana backup` and `torana restore`.

use std::path::PathBuf;

use clap::Args;

use super::out::print;
use crate::app;
use crate::config::Config;

/// What `torana backup` takes.
#[derive(Args, Clone, Debug)]
pub struct BackupArgs {
    /// A directory to make and write it into.
    #[arg(value_name = "DIR")]
    to: PathBuf,
}

/// What `torana restore` takes.
#[derive(Args, Clone, Debug)]
pub struct RestoreArgs {
    /// The directory of a backup.
    #[arg(value_name = "DIR")]
    from: PathBuf,
}

/// Runs `torana backup`.
pub fn backup(args: &BackupArgs, config: &Config) -> anyhow::Result<()> {
    app::backup(config, &args.to)?;
    print(&format!("everything is in {}\n", args.to.display()))
}

/// Runs `torana restore`.
pub fn restore(args: &RestoreArgs, config: &Config) -> anyhow::Result<()> {
    app::restore(config, &args.from)?;
    let data = config.data_dir.display();
    print(&format!(
        "restored into {data}; look at it: torana doctor\n"
    ))
}
