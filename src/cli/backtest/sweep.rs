//! `torana sweep`: the same files under many rules.

use std::fs;
use std::sync::Mutex;

use anyhow::Context as _;
use clap::Args;
use rust_decimal::Decimal;

use super::Inputs;
use super::progress::Progress;
use crate::cli::out::{BadArguments, print, print_json};
use crate::config::Config;
use crate::history::knobs::{Turned, turned};
use crate::history::report::{Sweep, sweep_html};
use crate::history::sweep::{TRIALS_MAX, combinations, sweep};

/// What `torana sweep` takes.
#[derive(Args, Clone, Debug)]
pub struct SweepArgs {
    /// What each run is made of.
    #[command(flatten)]
    pub inputs: Inputs,
    /// What is turned: `risk=0.5..2.0/0.25`, `GOLD_MINI.trailing_atr=2,3`; of several, every
    /// combination.
    #[arg(long = "set", value_name = "KEY=VALUES", required = true)]
    set: Vec<String>,
    /// So many combinations at random, where there are more.
    #[arg(long, value_name = "TRIALS")]
    random: Option<usize>,
    /// What chance starts from.
    #[arg(long, default_value = "1")]
    seed: u64,
    /// The part of the time that chooses, in percent; the rest shows what the choice was worth.
    #[arg(long, value_name = "PERCENT", default_value = "70")]
    split: Decimal,
    /// Threads; without it, as many as the machine runs at once.
    #[arg(long)]
    threads: Option<usize>,
}

/// Runs `torana sweep`.
pub fn run(args: &SweepArgs, config: &Config) -> anyhow::Result<()> {
    let turns = args.set.iter().map(|text| turned(text));
    let turns: Vec<Turned> = turns.collect::<Result<_, String>>().map_err(BadArguments)?;
    if args.split <= Decimal::ZERO || args.split >= Decimal::ONE_HUNDRED {
        return Err(BadArguments("--split must lie between 0 and 100".to_owned()).into());
    }
    let most = args.random.unwrap_or(TRIALS_MAX).min(TRIALS_MAX);
    let trials = combinations(&turns, (most, args.seed));
    let loaded = args.inputs.load(config)?;
    let threads = args
        .threads
        .or_else(|| Some(std::thread::available_parallelism().ok()?.get()));
    let progress = Mutex::new(Progress::new(trials.len()));
    let told = |done| {
        // A line that is shown late, or not, harms nobody.
        if let Ok(mut progress) = progress.try_lock() {
            progress.at(done);
        }
    };
    let made = sweep(
        &loaded.ready,
        (&turns, &trials),
        threads.unwrap_or(1),
        &told,
    );
    let made = made.map_err(BadArguments)?;
    if let Ok(progress) = progress.lock() {
        progress.end();
    }
    let weighed = Sweep::new(&turns, &made, args.split);
    if let (Some(dir), Some(best)) = (&args.inputs.out, made.get(weighed.best())) {
        let page = sweep_html(&loaded.report(&best.outcome), &weighed);
        let said = || format!("{} cannot be written", dir.display());
        fs::create_dir_all(dir).with_context(said)?;
        fs::write(dir.join("sweep.html"), page).with_context(said)?;
        let text = serde_json::to_string_pretty(&weighed.json())?;
        fs::write(dir.join("sweep.json"), text).with_context(said)?;
    }
    if args.inputs.json {
        return print_json(&weighed.json());
    }
    print(&weighed.text())?;
    args.inputs.say_where()
}
