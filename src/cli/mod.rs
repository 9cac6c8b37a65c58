//! The command line: commands, one file each.

pub mod backtest;
pub mod backup;
pub mod bars;
pub mod check;
mod desk;
pub mod doctor;
mod explain;
pub mod facts;
mod findings;
pub mod health;
pub mod instruments;
pub mod operate;
mod out;
pub mod pine;
pub mod positions;
pub mod replay;
pub mod reset;
pub mod signals;
pub mod sim;
pub mod size;
pub mod source;
pub mod status;
pub mod story;
pub mod token;
mod work;

pub use out::{BadArguments, print};
pub use work::Work;

use core::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};

use crate::clock::{Clock as _, SystemClock};
use crate::config::{self, Config, ConfigError, Mode, Options};
use crate::domain::calendar::exchange_day;
use crate::domain::instrument::{Found, Margin};
use crate::domain::money::{Money, Price};
use crate::domain::rules::Rules;
use crate::domain::sizing::{LotFigures, SizePercents};

/// A risk gateway in front of OpenAlgo: alerts in, sized and gated orders out, once.
#[derive(Parser, Debug)]
#[command(name = "torana", version = VERSION, propagate_version = true)]
pub struct Cli {
    /// What is common to all commands.
    #[command(flatten)]
    pub common: Common,
    /// What to do; without one, `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The version and the commit it was built from.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("TORANA_COMMIT"), ")");

/// What is common to all commands.
#[derive(Args, Clone, Debug, Default)]
pub struct Common {
    /// `paper`, `shadow` or `live`.
    #[arg(long, global = true, value_name = "MODE")]
    pub mode: Option<Mode>,
    /// A directory of configuration files laid over those compiled in.
    #[arg(long, global = true, value_name = "DIR")]
    pub config: Option<PathBuf>,
    /// Where data live.
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Open the doors (the default).
    Serve(ServeArgs),
    /// Run the simulator alone: OpenAlgo's REST and WebSocket on a virtual account.
    Sim(sim::SimArgs),
    /// Position sizes for JSON lines on stdin, JSON lines on stdout.
    Size,
    /// History through the same core: lists of trades as TradingView exports them.
    Backtest(backtest::BacktestArgs),
    /// Fetch OpenAlgo's history for back-tests, and say what is missing.
    Bars(bars::BarsArgs),
    /// The same files under many rules: which were best, and how much of that is chance.
    Sweep(backtest::SweepArgs),
    /// The alerts that really came, through other rules: what would have been.
    Replay(replay::ReplayArgs),
    /// What people order and look at.
    #[command(flatten)]
    Work(Work),
    /// Ask the running gateway whether it is up.
    Health(ServeArgs),
    /// Print the effective configuration, secrets masked.
    Config,
    /// TradingView scripts made from these rules, and what they say over bars.
    #[command(subcommand)]
    Pine(pine::Pine),
    /// Bring the database's schema up to date.
    Migrate,
    /// Keep the embedded database running.
    #[command(hide = true)]
    Keeper {
        /// The cluster's directory.
        #[arg(long)]
        dir: PathBuf,
        /// Where PostgreSQL's programs are.
        #[arg(long)]
        bin_dir: PathBuf,
    },
}

/// How a list is printed.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Shown {
    /// JSON, for programs.
    #[arg(long)]
    pub json: bool,
}

/// What `serve` takes.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// Where the doors open.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
}

/// Runs `torana size` on standard input and output.
pub fn size_command(config: &Config) -> anyhow::Result<ExitCode> {
    let (rules, today) = (&config.rules, exchange_day(SystemClock.now()));
    let find = |name: &str, price: Option<Price>| size_instrument(rules, today, (name, price));
    let bad = size::run(std::io::stdin().lock(), std::io::stdout().lock(), &find)?;
    Ok(if bad == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns the figures of a named instrument, of the contract an entry would take today.
fn size_instrument(
    rules: &Rules,
    today: NaiveDate,
    (name, price): (&str, Option<Price>),
) -> Result<size::SizeInstrument, String> {
    let unknown = || {
        let known: Vec<&str> = rules
            .instruments
            .iter()
            .map(|(_, instrument)| instrument.name.as_str())
            .collect();
        format!(
            "unknown instrument \"{name}\"; known are {}",
            known.join(", ")
        )
    };
    let Some(Found::Instrument { ix, .. }) = rules.instruments.find(name) else {
        return Err(unknown());
    };
    let contract = rules
        .instruments
        .contract_for_entry(ix, today, &rules.calendar);
    let (Some(instrument), Some(limits)) = (rules.instruments.get(ix), rules.of(ix)) else {
        return Err(unknown());
    };
    let spec = contract.and_then(|one| rules.instruments.spec(one, today));
    let spec = spec.ok_or_else(|| format!("no contract of {name} trades today"))?;
    let margin_per_lot = match (spec.margin, price) {
        (Margin::PerLot(margin), _) => margin,
        (Margin::OfPrice { .. }, Some(price)) => spec.margin_per_lot(price, instrument.product),
        (Margin::OfPrice { .. }, None) => Money::ZERO,
    };
    Ok(size::SizeInstrument {
        contract: LotFigures {
            point_value: spec.point_value,
            margin_per_lot,
        },
        initial: SizePercents {
            risk: limits.risk,
            volatility: limits.volatility,
        },
        ongoing: SizePercents {
            risk: limits.ongoing_risk,
            volatility: limits.ongoing_volatility,
        },
        ratio: rules.pyramid.ratio,
    })
}

impl Common {
    /// Returns the rules as they are, or as they would be under another profile.
    pub fn rules_of(&self, profile: Option<&str>) -> Result<Rules, ConfigError> {
        let mut environment = config::environment();
        if let Some(profile) = profile {
            let key = "TORANA__DESK__PROFILE".to_owned();
            environment.insert(key, profile.to_owned());
        }
        Ok(config::load(&self.options(None), &environment)?.rules)
    }

    /// Returns the rules of history: those of paper, in the exchanges' own hours.
    pub fn history(&self, profile: Option<&str>) -> Result<Config, ConfigError> {
        let mut environment = config::environment();
        let mut set = |key: &str, value: &str| environment.insert(key.to_owned(), value.to_owned());
        set("TORANA__DESK__CALENDAR", "exchange");
        if let Some(profile) = profile {
            set("TORANA__DESK__PROFILE", profile);
        }
        let mut options = self.options(None);
        options.mode = Some(Mode::Paper);
        config::load(&options, &environment)
    }

    /// Returns what the command line says about the configuration.
    pub fn options(&self, listen: Option<SocketAddr>) -> Options {
        let today = exchange_day(SystemClock.now());
        let (mode, dir, data) = (self.mode, self.config.clone(), self.data.clone());
        Options {
            mode,
            dir,
            data,
            listen,
            today,
        }
    }
}
