//! `torana sim`: the OpenAlgo-speaking simulator alone.

use core::net::SocketAddr;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use rust_decimal::Decimal;
use tokio::signal::unix::{SignalKind, signal};

use crate::domain::money::Money;
use crate::sim::{Fault, FaultName, PriceSource, ServerStyle, SimOptions, SimServer};

/// Runs the simulator alone: OpenAlgo's REST and WebSocket, on a virtual account.
#[derive(Args, Clone, Debug)]
pub struct SimArgs {
    /// Where REST listens.
    #[arg(long, default_value = "127.0.0.1:5055", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Where the WebSocket listens.
    #[arg(long, default_value = "127.0.0.1:8766", value_name = "ADDR")]
    pub feed: SocketAddr,
    /// Where orders and money are kept; in memory only when not given.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// `alerts`, `walk`, a CSV file of bars, or the URL of a real OpenAlgo (its key in
    /// `OPENALGO_API_KEY`).
    #[arg(long, default_value = "walk", value_name = "SOURCE")]
    pub prices: String,
    /// The key of the OpenAlgo that prices come from.
    #[arg(long, env = "OPENALGO_API_KEY", hide_env_values = true, hide = true)]
    pub prices_key: Option<String>,
    /// Makes the walks.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Milliseconds between prices; 0 for `POST /_sim/step` only.
    #[arg(long, default_value_t = 1000, value_name = "MS")]
    pub step_ms: u64,
    /// A fault that is on from the start; `--fault help` lists them.
    #[arg(long, value_name = "NAME")]
    pub fault: Vec<String>,
    /// The only key taken; any when not given.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// What a new account starts with, in rupees.
    #[arg(long, value_name = "RUPEES")]
    pub capital: Option<Decimal>,
    /// How connections behave.
    #[arg(long, value_enum, default_value = "werkzeug")]
    pub style: Style,
    /// Takes any number of calls a second.
    #[arg(long)]
    pub no_limits: bool,
}

/// How connections behave.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Style {
    /// Every answer closes its connection.
    Werkzeug,
    /// Kept alive, closed after two idle seconds.
    Gunicorn,
}

/// Runs until it is told to stop. `base` brings the contracts, the charges and the clock.
pub async fn run(args: SimArgs, base: SimOptions) -> anyhow::Result<()> {
    if args.fault.iter().any(|name| name == "help") {
        return list_faults();
    }
    let options = args.over(base)?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut sim = SimServer::start(&options).context("the simulator did not start")?;
    writeln!(
        std::io::stdout(),
        "simulator: http://{}  ws://{}  prices: {}  state: {}",
        sim.rest_addr,
        sim.feed_addr,
        args.prices,
        options
            .state
            .as_deref()
            .map_or_else(|| "in memory".into(), |path| path.display().to_string()),
    )?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed?,
        _ = terminated.recv() => {}
        ended = sim.ended() => return ended.context("the simulator ended"),
    }
    Ok(sim.stop().await?)
}

impl SimArgs {
    /// Returns the options with what the command line says over them.
    pub fn over(&self, base: SimOptions) -> anyhow::Result<SimOptions> {
        let faults = self
            .fault
            .iter()
            .map(|name| Ok(Fault::new(name.parse::<FaultName>()?)))
            .collect::<anyhow::Result<_>>()?;
        Ok(SimOptions {
            listen: self.listen,
            feed: self.feed,
            state: self.state.clone(),
            api_key: self.key.clone().or(base.api_key),
            opening_capital: self.capital.map_or(base.opening_capital, Money::new),
            prices: self.source()?,
            seed: self.seed,
            step_ms: self.step_ms,
            style: match self.style {
                Style::Werkzeug => ServerStyle::Werkzeug,
                Style::Gunicorn => ServerStyle::Gunicorn,
            },
            limits: !self.no_limits,
            faults,
            ..base
        })
    }

    fn source(&self) -> anyhow::Result<PriceSource> {
        Ok(match self.prices.as_str() {
            "alerts" => PriceSource::Alerts,
            "walk" => PriceSource::Walk,
            url if url.starts_with("http://") || url.starts_with("https://") => {
                PriceSource::OpenAlgo {
                    url: url.to_owned(),
                    key: self
                        .prices_key
                        .clone()
                        .context("prices from an OpenAlgo need its key in OPENALGO_API_KEY")?,
                }
            }
            path => PriceSource::Bars(path.into()),
        })
    }
}

fn list_faults() -> anyhow::Result<()> {
    for (_, word, what) in FaultName::TABLE {
        writeln!(std::io::stdout(), "{word:24} {what}")?;
    }
    Ok(())
}
