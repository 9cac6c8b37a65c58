//! `torana backtest` and `torana sweep`: history through the same core.

mod check;
mod files;
mod parquet;
mod progress;
mod sweep;
mod write;

use std::path::PathBuf;

use clap::Args;
use rust_decimal::Decimal;

pub use sweep::{SweepArgs, run as run_sweep};

use super::bars::Kept;
use super::out::{BadArguments, print, print_json};
use crate::config::Config;
use crate::domain::money::{Money, Percent, Ratio};
use crate::history::assume::{Assume, From};
use crate::history::outcome::Outcome;
use crate::history::report::{self, Report, Source};
use crate::history::run::{Ready, Settings};

use progress::Progress;

/// What a run is made of.
#[derive(Args, Clone, Debug)]
pub struct Inputs {
    /// Lists of trades as `TradingView` exports them; without any, the sample that is built in.
    /// `INSTRUMENT=FILE` where the name of a file does not tell its instrument.
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// The same, by name.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    signals: Vec<String>,
    /// Bars, in CSV or Parquet: time, open, high, low, close and perhaps atr. With them stops are watched; without a
    /// list of trades beside them our own script of signals.toml trades them.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    bars: Vec<String>,
    /// Bars that were fetched.
    #[command(flatten)]
    pub kept: Kept,
    /// The capital, in rupees.
    #[arg(long, value_name = "RUPEES", default_value = "5000000")]
    capital: Decimal,
    /// The risk profile; without it, the desk's.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// The average true range of entries that no file gives, in percent of their price.
    #[arg(long, value_name = "PERCENT")]
    assume_atr_percent: Option<Decimal>,
    /// The efficiency ratio of entries that no file gives.
    #[arg(long, value_name = "RATIO")]
    assume_er: Option<Decimal>,
    /// Bars that the average true range is measured over, where their file gives none (Wilder).
    #[arg(long, value_name = "BARS", default_value = "10")]
    atr_length: u32,
    /// How many ticks worse than the price of its moment an order fills.
    #[arg(long, value_name = "TICKS", default_value = "1")]
    slippage_ticks: Decimal,
    /// Where the report and what belongs to it are written.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// What `torana backtest` takes.
#[derive(Args, Clone, Debug)]
pub struct BacktestArgs {
    /// What the run is made of.
    #[command(flatten)]
    pub inputs: Inputs,
    /// Reads every list of trades in a directory, says what is in it, and does no more.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["files", "signals", "bars", "out"])]
    check: Option<PathBuf>,
}

/// A run that was read.
struct Loaded {
    ready: Ready,
    settings: Settings,
    sources: Vec<Source>,
    sample: bool,
}

/// Runs `torana backtest`.
pub fn run(args: &BacktestArgs, config: &Config) -> anyhow::Result<()> {
    if let Some(dir) = &args.check {
        return check::run(dir);
    }
    let inputs = &args.inputs;
    let loaded = inputs.load(config)?;
    let ready = &loaded.ready;
    let mut progress = Progress::new(ready.len());
    let mut told = |done| progress.at(done);
    let outcome = match &inputs.out {
        Some(dir) => write::facts(dir, ready, &mut told)?,
        None => ready.run(&ready.rules, None, &mut told),
    };
    progress.end();
    let report = loaded.report(&outcome);
    if let Some(dir) = &inputs.out {
        write::report(dir, &report)?;
    }
    if inputs.json {
        return print_json(&report::json(&report));
    }
    print(&report::text(&report))?;
    inputs.say_where()
}

impl Loaded {
    fn report<'a>(&'a self, outcome: &'a Outcome) -> Report<'a> {
        let rules = (&self.ready, &self.ready.rules);
        let mut report = Report::new(outcome, rules, &self.settings, &self.sources);
        if self.sample {
            report.assumed.insert(0, files::SAMPLE_SAYS.to_owned());
        }
        report
    }
}

impl Inputs {
    fn load(&self, config: &Config) -> anyhow::Result<Loaded> {
        let settings = self.settings()?;
        let listed: Vec<String> = self.files.iter().chain(&self.signals).cloned().collect();
        let (given, sources) = files::given(
            config,
            &listed,
            ((&self.bars, &self.kept.ready), self.atr_length),
        )?;
        let ready = Ready::new(&config.rules, given, settings.clone());
        if ready.is_empty() {
            return Err(BadArguments("nothing happens in these files".to_owned()).into());
        }
        stands(&ready)?;
        Ok(Loaded {
            ready,
            settings,
            sources,
            sample: listed.is_empty() && self.bars.is_empty() && self.kept.ready.is_empty(),
        })
    }

    fn say_where(&self) -> anyhow::Result<()> {
        match &self.out {
            Some(dir) => print(&format!("\nwritten to {}\n", dir.display())),
            None => Ok(()),
        }
    }

    fn settings(&self) -> anyhow::Result<Settings> {
        let wrong = |what: &str| BadArguments(what.to_owned());
        if self.capital <= Decimal::ZERO {
            return Err(wrong("--capital must be more than nothing").into());
        }
        if self.slippage_ticks < Decimal::ZERO {
            return Err(wrong("--slippage-ticks must not be negative").into());
        }
        let atr = self.assume_atr_percent;
        if atr.is_some_and(|percent| percent <= Decimal::ZERO || percent >= Decimal::ONE_HUNDRED) {
            return Err(wrong("--assume-atr-percent must lie between 0 and 100").into());
        }
        if self
            .assume_er
            .is_some_and(|er| er < Decimal::ZERO || er > Decimal::ONE)
        {
            return Err(wrong("--assume-er must lie between 0 and 1").into());
        }
        Ok(Settings {
            capital: Money::new(self.capital),
            assume: Assume {
                atr_percent: atr.map(Percent::new),
                er: self.assume_er.map(Ratio::new),
            },
            slippage: self.slippage_ticks,
        })
    }
}

/// Refuses a run of which entries would have no average true range.
fn stands(ready: &Ready) -> anyhow::Result<()> {
    let missing = ready.notes.atr.get(&From::Missing).copied().unwrap_or(0);
    if missing == 0 {
        return Ok(());
    }
    let all = ready.notes.entries;
    let line = ready.notes.first_missing.unwrap_or(0);
    Err(BadArguments(format!(
        "{missing} of {all} entries have no average true range (the first on line {line}): their \
         comments carry none. Give bars with --bars FILE, or assume it: --assume-atr-percent 0.6"
    ))
    .into())
}
