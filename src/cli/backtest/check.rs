//! `torana backtest --check DIR`: every list of trades in a directory, and what was read of it.

use core::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};

use crate::cli::out::{Table, print};
use crate::domain::calendar::ist;
use crate::history::check::{Counted, count};
use crate::history::export;
use crate::history::table::Problem;

/// The most problems of one file that are listed.
const PROBLEMS_MAX: usize = 20;

/// Prints the table; fails when a row was not understood.
pub(super) fn run(dir: &Path) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        "FILE",
        ">ROWS",
        ">TRADES",
        ">ENTRIES",
        ">ADDS",
        ">EXITS",
        ">OPEN",
        ">SPLIT",
        ">UNEXPLAINED",
        "FIRST",
        "LAST",
        ">RS/POINT",
        ">% A SIDE",
        ">GAINS AGAIN",
        ">WORST RS",
    ]);
    let mut problems = String::new();
    for (name, text) in files(dir)? {
        match export::read(&text) {
            Ok(read) => {
                table.row(cells(&name, &count(&read)));
                list(&mut problems, &name, &read.problems);
            }
            Err(problem) => list(&mut problems, &name, &[problem]),
        }
    }
    print(&table.text("no file ends in .csv"))?;
    if !problems.is_empty() {
        bail!("not understood:\n{problems}");
    }
    Ok(())
}

fn files(dir: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let said = || format!("{} cannot be read", dir.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(said)? {
        let path = entry.with_context(said)?.path();
        if path.extension().is_some_and(|ending| ending == "csv") {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            files.push((name.into_owned(), text));
        }
    }
    files.sort();
    Ok(files)
}

fn cells(name: &str, counted: &Counted) -> Vec<String> {
    let day = |at: DateTime<Utc>| ist(at).format("%Y-%m-%d").to_string();
    let figures = [
        counted.rows,
        counted.trades,
        counted.entries,
        counted.adds,
        counted.exits,
        counted.open,
        counted.split,
        counted.unexplained,
    ];
    let mut cells = vec![name.to_owned()];
    cells.extend(figures.map(|figure| figure.to_string()));
    cells.extend(match counted.span {
        Some((first, last)) => [day(first), day(last)],
        None => ["-", "-"].map(str::to_owned),
    });
    cells.extend(match &counted.model {
        Some(model) => [
            model.point_value.to_string(),
            model.percent.to_string(),
            format!("{} of {}", model.fit, model.trades),
            model.worst.round_dp(2).to_string(),
        ],
        None => ["-", "-", "-", "-"].map(str::to_owned),
    });
    cells
}

fn list(out: &mut String, name: &str, problems: &[Problem]) {
    for problem in problems.iter().take(PROBLEMS_MAX) {
        // writing to a String cannot fail
        let _written = writeln!(out, "  {name}:{}: {}", problem.line, problem.reason);
    }
    if let Some(more) = problems
        .len()
        .checked_sub(PROBLEMS_MAX)
        .filter(|more| *more > 0)
    {
        let _written = writeln!(out, "  {name}: and {more} more");
    }
}
