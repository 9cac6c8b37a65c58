//! `torana check FILE`: explains one alert without effect.

use core::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::Value;

use super::explain;
use super::out::{BadArguments, print, print_json};
use crate::app::{self, Opened};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::desk::words::sentence;
use crate::desk::{CrashPoint, Desk, Lease, LiveMarks, Parts};
use crate::domain::signal::SourceId;
use crate::http::webhook::{Reader, Scope, Sender};
use crate::http::{DryRun, age_limits, sender};
use crate::journal;

/// The file that is standard input.
const STDIN: &str = "-";

/// What `torana check` takes.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// A file with one alert; `-` is standard input.
    file: PathBuf,
    /// The source it would come from; without it, the only one there is, or one without limits.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// As if it came then (RFC 3339); now without it. The book is the present one either way.
    #[arg(long, value_name = "TIME")]
    at: Option<DateTime<Utc>>,
    /// JSON, as a dry run at the door answers it.
    #[arg(long)]
    json: bool,
}

/// Runs `torana check`.
pub async fn run(args: CheckArgs, config: Config) -> anyhow::Result<()> {
    let longest = config.settings.limits.body_bytes;
    let body = read(&args.file, longest)?;
    let opened = app::open(config).await?;
    let desk = looking(&opened);
    let (rules, settings) = (desk.rules(), &opened.config.settings);
    let sender = from(&opened, args.source.as_deref()).await?;
    let reader = Reader {
        desk: opened.desk.0,
        instruments: &rules.instruments,
        sender: &sender,
        limits: age_limits(&settings.webhook),
        long_only: rules.alerts.long_only,
        now: args.at.unwrap_or_else(|| SystemClock.now()),
    };
    let follows = app::follows_alerts(&opened.config);
    let dry_run = match DryRun::of(&desk, &reader, (&body, follows)).await {
        Ok(dry_run) => dry_run,
        Err(error) => bail!("{} {}: {error}", error.status().as_u16(), error.code()),
    };
    if args.json {
        return print_json(&dry_run.json(&rules.instruments));
    }
    print(&text(&dry_run, &desk))
}

fn text(dry_run: &DryRun, desk: &Desk) -> String {
    let names = &desk.rules().instruments;
    let told = &dry_run.told;
    let answer: Value = serde_json::from_str(&told.body).unwrap_or_default();
    let detail = answer
        .get("detail")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mut text = format!(
        "{} {}: {}: {detail}\n",
        told.status,
        told.verdict.word(),
        told.code
    );
    for fact in &dry_run.facts {
        let is: Value = serde_json::from_str(&journal::fact_text(fact, names)).unwrap_or_default();
        if let Some(trace) = explain::trace_of(&is) {
            text.push_str(&explain::trace(trace));
        }
    }
    text.push_str("what would become true:\n");
    for fact in &dry_run.facts {
        let _written = writeln!(text, "  {}", sentence(fact, names));
    }
    text
}

fn read(file: &Path, longest: usize) -> anyhow::Result<Vec<u8>> {
    let most = u64::try_from(longest).unwrap_or(u64::MAX).saturating_add(1);
    let mut body = Vec::new();
    if file == Path::new(STDIN) {
        std::io::stdin().lock().take(most).read_to_end(&mut body)?;
    } else {
        let opened = std::fs::File::open(file);
        let opened = opened.with_context(|| format!("{} cannot be read", file.display()))?;
        opened.take(most).read_to_end(&mut body)?;
    }
    if body.len() > longest {
        bail!("413 too_large: more than {longest} bytes");
    }
    Ok(body)
}

/// Returns a desk that only looks: nothing takes what is put in its line.
fn looking(opened: &Opened) -> Arc<Desk> {
    let settings = &opened.config.settings;
    let (desk, _worker) = Desk::new(Parts {
        store: opened.store.clone(),
        id: opened.desk,
        rules: Arc::new(opened.config.rules.clone()),
        clock: Arc::new(SystemClock),
        crash: Arc::new(CrashPoint::default()),
        marks: Arc::new(LiveMarks::default()),
        lease: Arc::new(Lease::new(
            opened.store.clone(),
            opened.desk,
            "nobody".to_owned(),
            settings.courier.lease,
        )),
        waiting_max: settings.limits.inputs_waiting,
        batch_max: settings.limits.inputs_per_lock,
    });
    desk
}

/// Returns whose alert it would be.
async fn from(opened: &Opened, name: Option<&str>) -> anyhow::Result<Sender> {
    let known = opened.store.sources(opened.desk).await?;
    let mut able = known.iter().filter(|one| one.disabled_at.is_none());
    let found = match name {
        Some(name) => {
            let named = able.find(|one| one.name == name);
            let wrong = || BadArguments(format!("there is no source \"{name}\" that may send"));
            Some(named.ok_or_else(wrong)?)
        }
        None => able.next().filter(|_| able.next().is_none()),
    };
    let anyone = || Sender {
        id: SourceId(0),
        product: None,
        scope: Scope::default(),
        profile: None,
    };
    Ok(found.and_then(sender).unwrap_or_else(anyone))
}
