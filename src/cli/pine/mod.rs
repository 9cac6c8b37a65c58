//! `torana pine`: the scripts of `TradingView` as these rules make them, and what they say over bars.

mod bars;
mod json;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use chrono::NaiveDate;
use clap::Subcommand;

use super::out::print;
use crate::config::Config;
use crate::domain::market::Tick;
use crate::domain::money::Price;
use crate::strategy::{Candle, Parameters, Script, Trader, on_tick, render, version};

pub use bars::read_bars;
pub use json::{Sender, json};

/// What to do with the scripts.
#[derive(Subcommand, Clone, Debug)]
pub enum Pine {
    /// Write Scout and Strategy of every instrument of signals.toml, from the rules in force.
    Render {
        /// Where they are written.
        #[arg(long, value_name = "DIR", default_value = "pine")]
        out: PathBuf,
    },
    /// Print the alerts that the scripts would send over bars, as JSON lines.
    Alerts {
        /// Whose bars they are: `GOLD_MINI`.
        instrument: String,
        /// CSV with the columns time (seconds, or RFC 3339, of the opening), open, high, low, close.
        #[arg(long, value_name = "FILE")]
        bars: PathBuf,
    },
}

/// Runs it.
pub fn run(what: &Pine, config: &Config) -> anyhow::Result<()> {
    match what {
        Pine::Render { out } => write_scripts(config, out),
        Pine::Alerts { instrument, bars } => say(config, instrument, bars),
    }
}

/// Returns the figures of every instrument that has signals.
pub fn all_parameters(config: &Config) -> anyhow::Result<Vec<Parameters>> {
    let names = config.signals.instruments.keys();
    names.map(|name| parameters(config, name)).collect()
}

fn parameters(config: &Config, name: &str) -> anyhow::Result<Parameters> {
    let known = || {
        let names: Vec<_> = config.signals.instruments.keys().cloned().collect();
        anyhow!(
            "{name} has no signals, or its exchange no close, in signals.toml; known are {}",
            names.join(", ")
        )
    };
    Parameters::new(&config.signals, &config.rules, name).ok_or_else(known)
}

fn write_scripts(config: &Config, out: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    for parameters in all_parameters(config)? {
        for script in Script::ALL {
            let file = out.join(script.file(&parameters));
            std::fs::write(&file, render(script, &parameters))
                .with_context(|| file.display().to_string())?;
            print(&format!("{}\n", file.display()))?;
        }
        let (name, version) = (&parameters.instrument, version(&parameters));
        print(&format!("{name}: {version}\n"))?;
    }
    Ok(())
}

fn say(config: &Config, name: &str, path: &Path) -> anyhow::Result<()> {
    let parameters = parameters(config, name)?;
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let bars = read_bars(BufReader::new(file), parameters.settings.interval)
        .with_context(|| path.display().to_string())?;
    let tick = tick(config, name, bars.last()).context("the tick of the newest price")?;
    let mut trader = Trader::new(&parameters, tick);
    let sender = Sender::new(&parameters);
    for bar in &bars {
        for alert in trader.close(bar) {
            print(&format!("{}\n", json(&sender, &alert)))?;
        }
    }
    Ok(())
}

/// Returns the tick of an instrument at the newest price: a chart has one for all its bars.
fn tick(config: &Config, name: &str, newest: Option<&Candle>) -> Option<Tick> {
    let ix = config.rules.instruments.by_name(name)?;
    let instrument = config.rules.instruments.get(ix)?;
    let ticks = &instrument.spec(NaiveDate::MAX)?.ticks;
    let (_, coarsest) = ticks.rows();
    let price: Option<Price> = newest.and_then(|bar| on_tick(bar.close, coarsest));
    Some(price.map_or(coarsest, |price| ticks.at(price)))
}
