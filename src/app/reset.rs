//! A fresh paper account: the book, its history and the simulator's account begin anew; sources and
//! tokens stay.

use std::fs;
use std::io::ErrorKind;

use anyhow::{Context as _, bail};

use super::{Database, Opened, database, open, paper};
use crate::config::{Config, Mode};
use crate::store::{Anew, DeskId, begin_anew};

/// Begins a paper account anew, and opens it.
pub async fn reset(config: Config) -> anyhow::Result<Opened> {
    match config.settings.mode {
        Mode::Paper => {}
        Mode::Shadow | Mode::Live => bail!("only a paper account can be made anew"),
    }
    if let Some(address) = &config.settings.paper.external {
        bail!(
            "orders go to the simulator at {address}, which keeps its own account: start it with a \
             fresh --state, without paper.external here"
        );
    }
    let Database {
        owner,
        service,
        cluster,
    } = database(&config)?;
    match begin_anew(owner.unwrap_or(service), DeskId(1)).await? {
        Anew::Begun => {}
        Anew::HeldBy(holder) => bail!("a gateway is running ({holder}): stop it first"),
    }
    let state = paper::sim_state(&config);
    match fs::remove_dir_all(&state) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", state.display()))?;
        }
        Ok(()) | Err(_) => {}
    }
    let opened = open(config).await;
    drop(cluster);
    opened
}
