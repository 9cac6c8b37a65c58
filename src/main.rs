//! The `torana` program.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use torana::cli::{self, BadArguments, Cli, Command};
use torana::config::{self, Config, ConfigError};
use torana::store::cluster;
use torana::{app, telemetry};

/// Bad arguments or configuration.
const BAD_ARGUMENTS: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            let mut out = std::io::stderr();
            // Nobody is left to tell when this cannot be written.
            let _written = match error.downcast_ref::<ConfigError>() {
                Some(problems) => writeln!(out, "{problems}"),
                None => writeln!(out, "torana: {error:#}"),
            };
            if error.is::<ConfigError>() || error.is::<BadArguments>() {
                ExitCode::from(BAD_ARGUMENTS)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let load = |listen| -> anyhow::Result<Config> {
        Ok(config::load(
            &cli.common.options(listen),
            &config::environment(),
        )?)
    };
    match cli
        .command
        .unwrap_or(Command::Serve(cli::ServeArgs::default()))
    {
        Command::Serve(args) => {
            let config = load(args.listen)?;
            telemetry::start(&config.settings.log);
            wait(async { app::serve(app::open(config).await?).await })
        }
        Command::Sim(args) => {
            let config = load(None)?;
            wait(async { cli::sim::run(args, app::sim_base(&config)).await })
        }
        Command::Replay(args) => {
            let config = load(None)?;
            let other = cli.common.rules_of(args.profile.as_deref())?;
            wait(cli::replay::run(args, config, other))
        }
        Command::Work(work) => {
            let config = load(None)?;
            wait(work.run(config))
        }
        Command::Health(args) => {
            cli::health::run(&load(args.listen)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Bars(args) => {
            let hours = cli.common.history(None)?.rules;
            wait(cli::bars::run(args, load(None)?, hours))
        }
        Command::Backtest(mut args) => {
            let config = past(&cli.common, &mut args.inputs, || load(None))?;
            cli::backtest::run(&args, &config)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Sweep(mut args) => {
            let config = past(&cli.common, &mut args.inputs, || load(None))?;
            cli::backtest::run_sweep(&args, &config)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Size => cli::size_command(&load(None)?),
        Command::Config => {
            cli::print(&load(None)?.effective())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Pine(what) => {
            cli::pine::run(&what, &load(None)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Migrate => {
            let config = load(None)?;
            wait(async {
                app::open(config).await?;
                cli::print("the schema is up to date\n")
            })
        }
        Command::Keeper { dir, bin_dir } => {
            cluster::keep(&dir, &bin_dir).context("the keeper of the embedded database")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Returns the configuration of a run over history, whose fetched bars are read.
fn past(
    common: &cli::Common,
    inputs: &mut cli::backtest::Inputs,
    load: impl FnOnce() -> anyhow::Result<Config>,
) -> anyhow::Result<Config> {
    let config = common.history(inputs.profile.as_deref())?;
    wait(cli::bars::read(&mut inputs.kept, load, &config.rules))?;
    Ok(config)
}

/// Runs a command to its end.
fn wait(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(command)?;
    Ok(ExitCode::SUCCESS)
}
