//! Settings, read once: from what is compiled in, a directory, and the environment.
//!
//! 1. Every problem is reported, with its path, before anything starts.
//! 2. Only this module reads the environment; only this module and `app` know the mode.
//! 3. What comes out is typed: the rest of the program never sees a raw setting.

use core::fmt;
use core::net::SocketAddr;
use std::path::PathBuf;

use chrono::NaiveDate;

use crate::domain::rules::Rules;
use crate::strategy::Signals;

mod bars;
mod bounds;
mod effective;
mod error;
mod instruments;
mod judge;
mod layers;
mod load;
mod market;
mod notify;
mod rules;
mod secrets;
mod section;
mod settings;
mod signals;
mod values;

pub use error::{ConfigError, Problem};
pub use instruments::Assumed;
pub use layers::Environment;
pub use load::load;
pub use notify::{MailTls, NotifySettings, Severity};
pub use secrets::Secrets;
pub use settings::{
    CalendarChoice, CourierSettings, CrashAfter, DatabaseSettings, DeskSettings, LimitSettings,
    LogFormat, LogSettings, MonitorSettings, OpenAlgoSettings, PaperSettings, ServerSettings,
    Settings, SignatureUse, SourceSettings, WebhookSettings,
};

/// How far orders go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// To the simulator inside the process.
    Paper,
    /// To the simulator, at real quotes.
    Shadow,
    /// To the broker.
    Live,
}

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--mode`.
    pub mode: Option<Mode>,
    /// `--config`: a directory of files laid over those compiled in.
    pub dir: Option<PathBuf>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<SocketAddr>,
    /// The exchange day: figures that later rows replaced by then no longer matter. The default lies
    /// before every row, so that all of them do.
    pub today: NaiveDate,
}

/// Everything configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// The shell's settings.
    pub settings: Settings,
    /// What must not be shown.
    pub secrets: Secrets,
    /// What decisions compare with.
    pub rules: Rules,
    /// What the in-house signals look at.
    pub signals: Signals,
    /// Where data live.
    pub data_dir: PathBuf,
    /// Where the programs of our own PostgreSQL are (`PG_BIN_DIR`); looked for when nobody says.
    pub pg_bin_dir: Option<PathBuf>,
    /// What is legal and risky.
    pub warnings: Vec<String>,
    /// Figures nobody we know vouches for, of what is enabled, and whether a person confirmed them.
    pub assumed: Vec<(Assumed, bool)>,
    /// The settings and the profile as they came out of their layers, for display.
    lines: Vec<effective::Line>,
}

impl Mode {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Shadow => "shadow",
            Self::Live => "live",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl core::str::FromStr for Mode {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Paper, Self::Shadow, Self::Live]
            .into_iter()
            .find(|mode| mode.word() == text)
            .ok_or_else(|| "must be one of paper, shadow, live".to_owned())
    }
}

/// Returns the environment of this process; what is not text is left out.
pub fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests;
