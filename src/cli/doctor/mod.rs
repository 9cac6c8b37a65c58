//! `torana doctor`: whether everything is as it should be, and what to do where it is not.
//!
//! It only looks: at the database, the chain of facts and what they fold to, the clock, and, where
//! one is configured, at OpenAlgo (its mode, its session, its contracts and margins).

mod broker;
mod database;

use core::fmt::Write as _;

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use super::out::{print, print_json};
use crate::app;
use crate::config::Config;

/// What `torana doctor` takes.
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// A fact's number and hash that were noted elsewhere (`123:ab01…`): the chain must contain it.
    #[arg(long, value_name = "SEQ:HASH")]
    head: Option<String>,
    /// JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Good,
    /// Worth a look.
    Warning,
    /// Not to be left so.
    Bad,
    /// It could not be looked at.
    Skipped,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
struct Check {
    what: &'static str,
    verdict: Verdict,
    says: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Check {
    fn good(what: &'static str, says: impl Into<String>) -> Self {
        Self::of((what, Verdict::Good), says, None)
    }

    fn skipped(what: &'static str, why: impl Into<String>) -> Self {
        Self::of((what, Verdict::Skipped), why, None)
    }

    fn warning(what: &'static str, says: impl Into<String>, remedy: &str) -> Self {
        Self::of((what, Verdict::Warning), says, Some(remedy))
    }

    fn bad(what: &'static str, says: impl Into<String>, remedy: &str) -> Self {
        Self::of((what, Verdict::Bad), says, Some(remedy))
    }

    fn of(
        (what, verdict): (&'static str, Verdict),
        says: impl Into<String>,
        remedy: Option<&str>,
    ) -> Self {
        Self {
            what,
            verdict,
            says: says.into(),
            remedy: remedy.map(str::to_owned),
        }
    }
}

/// Runs `torana doctor`; fails when anything is bad.
pub async fn run(args: DoctorArgs, config: Config) -> anyhow::Result<()> {
    let checks = match app::open(config).await {
        Ok(opened) => {
            let mut checks = database::look(&opened, args.head.as_deref()).await?;
            checks.extend(broker::look(&opened.config).await);
            opened.store.close().await;
            checks
        }
        Err(error) => vec![Check::bad(
            "database",
            format!("{error:#}"),
            "start PostgreSQL, or look at DATABASE_URL; without it Torana keeps its own",
        )],
    };
    if args.json {
        print_json(&checks)?;
    } else {
        print(&text(&checks))?;
    }
    let bad = checks.iter().filter(|check| check.verdict == Verdict::Bad);
    match bad.count() {
        0 => Ok(()),
        1 => bail!("one thing is not to be left so"),
        many => bail!("{many} things are not to be left so"),
    }
}

fn text(checks: &[Check]) -> String {
    let width = checks
        .iter()
        .map(|check| check.what.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let mark = match check.verdict {
            Verdict::Good => "ok",
            Verdict::Warning => "LOOK",
            Verdict::Bad => "BAD",
            Verdict::Skipped => "-",
        };
        // writing to a String cannot fail
        let _written = writeln!(text, "{mark:<5}{:<width$}  {}", check.what, check.says);
        if let Some(remedy) = &check.remedy {
            let _written = writeln!(text, "{:<5}{:<width$}  → {remedy}", "", "");
        }
    }
    text
}
