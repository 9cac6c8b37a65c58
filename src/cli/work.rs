//! The commands that work on the database of a desk.

use clap::Subcommand;

use super::{
    Shown, backup, check, doctor, facts, findings, instruments, operate, positions, reset, signals,
    source, status, token,
};
use crate::config::Config;
use crate::domain::input::TradingState;

/// What people order and look at.
#[derive(Subcommand, Debug)]
pub enum Work {
    /// Who may send alerts.
    Source(source::SourceArgs),
    /// Named tokens of operators and scripts.
    Token(token::TokenArgs),
    /// Where the desk stands.
    Status(Shown),
    /// What came and what it was answered; of one signal, the whole decision.
    Signals(signals::SignalsArgs),
    /// What is held, leg by leg.
    Positions(Shown),
    /// The journal.
    Facts(facts::FactsArgs),
    /// What can be traded, with the figures in force.
    Instruments(Shown),
    /// Explain one alert without effect.
    Check(check::CheckArgs),
    /// No entries any more; exits and stops go on (the same as `reduce`).
    Halt(operate::StateArgs),
    /// No entries any more; exits and stops go on.
    Reduce(operate::StateArgs),
    /// Trade again.
    Resume(operate::ResumeArgs),
    /// Nothing leaves on our own initiative, stops included.
    Freeze(operate::FreezeArgs),
    /// Take an instrument, a position or a leg out.
    Exit(operate::ExitArgs),
    /// Put the stop of a leg nearer.
    Stop(operate::StopArgs),
    /// Take everything out.
    Flatten(operate::FlattenArgs),
    /// Close what is held of an instrument and open it in the next contract.
    Roll(operate::RollArgs),
    /// Give an intent up.
    Cancel(operate::CancelArgs),
    /// Where our book and the broker's differ.
    Findings(Shown),
    /// Take in a position that the broker holds, with a stop.
    Adopt(findings::AdoptArgs),
    /// Say what became of an order that nobody answered for, or of a finding.
    Settle(operate::SettleArgs),
    /// Begin the paper account anew.
    Reset(reset::ResetArgs),
    /// Look whether everything is as it should be, and say what to do where it is not.
    Doctor(doctor::DoctorArgs),
    /// Write everything in the embedded database to a new directory.
    Backup(backup::BackupArgs),
    /// Fill a new embedded database from such a directory.
    Restore(backup::RestoreArgs),
}

impl Work {
    /// Runs it.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        match self {
            Self::Source(args) => source::run(args, config).await,
            Self::Token(args) => token::run(args, config).await,
            Self::Status(shown) => status::run(shown, config).await,
            Self::Signals(args) => signals::run(args, config).await,
            Self::Positions(shown) => positions::run(shown, config).await,
            Self::Facts(args) => facts::run(args, config).await,
            Self::Instruments(shown) => instruments::run(shown, config).await,
            Self::Check(args) => check::run(args, config).await,
            Self::Halt(args) | Self::Reduce(args) => {
                Box::pin(operate::state(args, TradingState::Reducing, config)).await
            }
            Self::Resume(args) => Box::pin(operate::resume(args, config)).await,
            Self::Freeze(args) => Box::pin(operate::freeze(args, config)).await,
            Self::Exit(args) => operate::exit(args, config).await,
            Self::Stop(args) => operate::stop(args, config).await,
            Self::Flatten(args) => operate::flatten(args, config).await,
            Self::Roll(args) => operate::roll(args, config).await,
            Self::Cancel(args) => operate::cancel(args, config).await,
            Self::Findings(shown) => findings::run(shown, config).await,
            Self::Adopt(args) => findings::adopt(args, config).await,
            Self::Settle(args) => operate::settle(args, config).await,
            Self::Reset(args) => reset::run(args, config).await,
            Self::Doctor(args) => doctor::run(args, config).await,
            Self::Backup(args) => backup::backup(&args, &config),
            Self::Restore(args) => backup::restore(&args, &config),
        }
    }
}
