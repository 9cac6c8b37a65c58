//! What a run leaves in a directory: `report.html`, `report.json`, `trades.csv`, `days.csv` and `facts.jsonl`.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;

use crate::domain::fact::Fact;
use crate::history::outcome::Outcome;
use crate::history::report::{self, Report};
use crate::history::run::Ready;
use crate::history::world::Seen;
use crate::journal;

/// Makes the run, and writes every fact as a line: when, which, and what.
pub(super) fn facts(
    dir: &Path,
    ready: &Ready,
    told: &mut dyn FnMut(usize),
) -> anyhow::Result<Outcome> {
    let said = || format!("{} cannot be written", dir.display());
    fs::create_dir_all(dir).with_context(said)?;
    let file = File::create(dir.join("facts.jsonl")).with_context(said)?;
    let mut out = BufWriter::new(file);
    let mut failed = None;
    let listener = Box::new(|fact: &Fact, seen: Seen<'_>| {
        let text = journal::fact_text(fact, &seen.rules.instruments);
        let at = seen
            .now
            .to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let kind = journal::kind(fact);
        let line = writeln!(out, "{{\"at\":\"{at}\",\"kind\":\"{kind}\",\"is\":{text}}}");
        if let (Err(error), None) = (line, &failed) {
            failed = Some(error);
        }
    });
    let outcome = ready.run(&ready.rules, Some(listener), told);
    if let Some(error) = failed {
        return Err(error).with_context(said);
    }
    out.flush().with_context(said)?;
    Ok(outcome)
}

/// Writes the report.
pub(super) fn report(dir: &Path, report: &Report<'_>) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(&report::json(report))?;
    for (name, text) in [
        ("report.json", json),
        ("report.html", report::html(report)),
        ("trades.csv", report::trades_csv(report)),
        ("days.csv", report::days_csv(report)),
    ] {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}
