//! What live has: a real OpenAlgo, asked before anything is begun who it is and where orders go.
//!
//! 1. Each refusal names what is wrong and what ends it; a start that is not sure is no start.
//! 2. The desk of a new live database is frozen: nothing opens until a person resumes it.

use anyhow::{Context as _, bail};
use tracing::info;

use super::openalgo_settings;
use super::paper::Practice;
use crate::broker::openalgo::{FeedSettings, OpenAlgo};
use crate::broker::{Broker as _, ReadError, Routing};
use crate::config::Config;

/// The name by which the simulator answers.
const SIMULATOR: &str = "torana-sim";

/// Finds OpenAlgo ready for real orders.
///
/// # Errors
///
/// It does not answer, is the simulator, is in analyzer mode, or has no session with its broker.
pub(super) async fn connect(config: &Config) -> anyhow::Result<Practice> {
    let rest = openalgo_settings(config).context("live needs OPENALGO_URL and OPENALGO_API_KEY")?;
    let openalgo = OpenAlgo::new(&rest)?;
    let broker = openalgo.ping().await.map_err(|error| {
        let remedy = match error {
            ReadError::Locked { .. } => {
                "look at OPENALGO_API_KEY, and log in to the broker in OpenAlgo: sessions end every morning"
            }
            ReadError::Unavailable { .. } | ReadError::Absent { .. } => {
                "start OpenAlgo, or look at OPENALGO_URL"
            }
        };
        anyhow::Error::new(error).context(format!("live: OpenAlgo lets us not in; {remedy}"))
    })?;
    if broker == SIMULATOR {
        bail!(
            "live: {} is the simulator; live needs a real OpenAlgo",
            rest.url
        );
    }
    match openalgo.routing().await {
        Ok(Routing::Broker) => {}
        Ok(Routing::Sandbox) => {
            bail!(
                "live: OpenAlgo is in analyzer mode, orders would go to its sandbox; switch the analyzer off in OpenAlgo"
            )
        }
        Err(error) => return Err(error).context("live: OpenAlgo does not say where orders go"),
    }
    let funds = openalgo.funds().await.context(
        "live: OpenAlgo has no session with the broker; log in to the broker in OpenAlgo",
    )?;
    if funds.available.is_none() {
        bail!(
            "live: the broker tells no free cash: its session is over; log in to the broker in OpenAlgo"
        );
    }
    info!(
        broker,
        "live: orders go to {broker} by OpenAlgo at {}", rest.url
    );
    let feed = config.settings.openalgo.ws_url.as_deref();
    let feed = feed.map(|url| FeedSettings::new(url, rest.key.clone()));
    Ok(Practice {
        rest,
        feed,
        hint: None,
    })
}
