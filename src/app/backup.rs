//! Everything a desk is, as files in a directory, and back: the database, and in paper the
//! simulator's account, without which the book would disagree with its broker.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::{database_name, paper};
use crate::config::{Config, Mode};
use crate::store::cluster::{Cluster, ClusterOptions};

/// The database's file.
const DATABASE: &str = "database.dump";

/// The simulator's directory.
const SIMULATOR: &str = "simulator";

/// Writes a backup into a new directory; the gateway may go on meanwhile.
pub fn backup(config: &Config, to: &Path) -> anyhow::Result<()> {
    let cluster = own(config)?;
    fs::create_dir(to).with_context(|| format!("{} cannot be made", to.display()))?;
    cluster.create_database(&database_name(config))?;
    cluster.dump(&database_name(config), &to.join(DATABASE))?;
    let state = paper::sim_state(config);
    if config.settings.mode != Mode::Live && state.is_dir() {
        copy(&state, &to.join(SIMULATOR))?;
    }
    Ok(())
}

/// Fills an empty data directory from a backup.
pub fn restore(config: &Config, from: &Path) -> anyhow::Result<()> {
    let data = &config.data_dir;
    let dump = from.join(DATABASE);
    if !dump.is_file() {
        bail!("{} is no backup: it holds no {DATABASE}", from.display());
    }
    if data.join("pg").exists() || paper::sim_state(config).exists() {
        bail!(
            "{} is in use; restore into another directory: --data DIR, or TORANA_DATA",
            data.display()
        );
    }
    let cluster = own(config)?;
    let name = database_name(config);
    cluster.create_database(&name)?;
    cluster.restore(&name, &dump)?;
    let state = from.join(SIMULATOR);
    if state.is_dir() {
        copy(&state, &paper::sim_state(config))?;
    }
    Ok(())
}

fn own(config: &Config) -> anyhow::Result<Cluster> {
    if config.secrets.database_url.is_some() {
        bail!("DATABASE_URL names a server of your own: use its pg_dump and pg_restore");
    }
    Ok(Cluster::open_with(&ClusterOptions {
        bin_dir: config.pg_bin_dir.clone(),
        ..ClusterOptions::new(config.data_dir.join("pg"))
    })?)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let unreadable = || format!("{} cannot be copied to {}", from.display(), to.display());
    fs::create_dir_all(to).with_context(unreadable)?;
    for entry in fs::read_dir(from).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type().with_context(unreadable)?.is_file() {
            fs::copy(entry.path(), target).with_context(unreadable)?;
        }
    }
    Ok(())
}
