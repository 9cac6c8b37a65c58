//! What live has: a real OpenAlgo, asked before anything is begun who it is and where orders go.
//!
//! 1. What is configured wrong is no start: each refusal names what is wrong and what ends it.
//! 2. An OpenAlgo that is away, or without a session at night, keeps no door shut: what is held is
//!    still guarded, exits and orders of a person are taken, and nothing is entered until all of
//!    this was asked again and answered (`monitor::route`).
//! 3. The desk of a new live database is frozen: nothing opens until a person resumes it.

use anyhow::{Context as _, bail};
use tracing::{info, warn};

use super::openalgo_settings;
use super::paper::Practice;
use crate::broker::openalgo::{FeedSettings, OpenAlgo};
use crate::broker::{Broker as _, ReadError, Routing};
use crate::config::Config;
use crate::domain::input::Route;
use crate::monitor::{ANALYZER, SIMULATOR};

/// Looks for an OpenAlgo that is ready for real orders; says what was found of it.
///
/// # Errors
///
/// It is not configured, is the simulator, or is in analyzer mode.
pub(super) async fn connect(config: &Config) -> anyhow::Result<(Practice, Route)> {
    let rest = openalgo_settings(config).context("live needs OPENALGO_URL and OPENALGO_API_KEY")?;
    let openalgo = OpenAlgo::new(&rest)?;
    let route = match look(&openalgo, &rest.url).await? {
        Ok(broker) => {
            info!(
                broker,
                "live: orders go to {broker} by OpenAlgo at {}", rest.url
            );
            Route::Proved(broker)
        }
        Err(why) => {
            warn!("live: {why}; exits and orders of a person are taken, nothing is entered");
            Route::Unproved(why)
        }
    };
    let feed = config.settings.openalgo.ws_url.as_deref();
    let feed = feed.map(|url| FeedSettings::new(url, rest.key.clone()));
    let practice = Practice {
        rest,
        feed,
        hint: None,
    };
    Ok((practice, route))
}

/// Returns the broker's name, or why it is not known that orders reach it.
async fn look(openalgo: &OpenAlgo, url: &str) -> anyhow::Result<Result<String, String>> {
    let routing = openalgo.routing().await;
    if matches!(routing, Ok(Routing::Sandbox)) {
        bail!("live: {ANALYZER}");
    }
    let broker = match openalgo.ping().await {
        Ok(broker) => broker,
        Err(error) => {
            let remedy = match error {
                ReadError::Locked { .. } => {
                    "look at OPENALGO_API_KEY, and log in to the broker in OpenAlgo: sessions end every morning"
                }
                ReadError::Unavailable { .. } | ReadError::Absent { .. } => {
                    "start OpenAlgo, or look at OPENALGO_URL"
                }
            };
            return Ok(Err(format!("OpenAlgo lets us not in ({error}); {remedy}")));
        }
    };
    if broker == SIMULATOR {
        bail!("live: {url} is the simulator; live needs a real OpenAlgo");
    }
    if let Err(error) = routing {
        let why = format!("OpenAlgo does not say where orders go ({error}); it is asked again");
        return Ok(Err(why));
    }
    let free = openalgo.funds().await.map(|funds| funds.available);
    Ok(match free {
        Ok(Some(_)) => Ok(broker),
        Ok(None) => Err(
            "the broker tells no free cash: its session is over; log in to the broker in OpenAlgo"
                .to_owned(),
        ),
        Err(error) => Err(format!(
            "OpenAlgo has no session with the broker ({error}); log in to the broker in OpenAlgo"
        )),
    })
}
