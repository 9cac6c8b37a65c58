//! What commands print: aligned tables for people, JSON for programs, never a panic when the reader
//! has gone.

use std::io::{BufRead as _, ErrorKind, Write as _};

use serde::Serialize;

pub(super) use crate::journal::people::{clock, gain, rupees, time_of_day};

/// What the command line asked for makes no sense: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadArguments(pub String);

/// Which side a column keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A table being filled.
pub(super) struct Table {
    heads: Vec<(&'static str, Side)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Returns a table with these columns; a `>` before a name keeps the column to the right.
    pub(super) fn new(heads: &[&'static str]) -> Self {
        let heads = heads.iter().map(|head| match head.strip_prefix('>') {
            Some(name) => (name, Side::Right),
            None => (*head, Side::Left),
        });
        Self {
            heads: heads.collect(),
            rows: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Returns the table, or `empty` when it has no rows.
    pub(super) fn text(&self, empty: &str) -> String {
        if self.rows.is_empty() {
            return format!("{empty}\n");
        }
        let heads: Vec<String> = self
            .heads
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        let width = |place: usize| {
            let cells = self.rows.iter().chain([&heads]);
            let widths = cells.filter_map(|row| row.get(place).map(|cell| cell.chars().count()));
            widths.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        let lines = [&heads].into_iter().chain(&self.rows);
        lines.map(|row| self.line(row, &widths)).collect()
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells = row.iter().zip(&self.heads).zip(widths);
        let padded = cells.map(|((cell, (_, side)), width)| match side {
            Side::Left => format!("{cell:<width$}"),
            Side::Right => format!("{cell:>width$}"),
        });
        let line: Vec<String> = padded.collect();
        format!("{}\n", line.join("  ").trim_end())
    }
}

/// Prints a text. A reader that has gone has seen enough.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Asks for a word to be typed; returns whether it was.
pub(super) fn confirmed(word: &str) -> anyhow::Result<bool> {
    let mut out = std::io::stderr();
    write!(out, "type \"{word}\" to go on: ")?;
    out.flush()?;
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    Ok(typed.trim() == word)
}

/// Prints a value as JSON.
pub(super) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Prints a list as one JSON object a line.
pub(super) fn print_lines<T: Serialize>(rows: &[T]) -> anyhow::Result<()> {
    let mut text = String::new();
    for row in rows {
        text.push_str(&serde_json::to_string(row)?);
        text.push('\n');
    }
    print(&text)
}

/// Returns what is there, or a dash.
pub(super) fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Returns words with commas, or a dash where nothing limits.
pub(super) fn list(words: &[String]) -> String {
    if words.is_empty() {
        "-".to_owned()
    } else {
        words.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_heads() {
        let mut table = Table::new(&["NAME", ">LOTS"]);
        assert_eq!(table.text("nothing"), "nothing\n");
        table.row(["GOLD_MINI".to_owned(), "3".to_owned()]);
        table.row(["NIFTY".to_owned(), "12".to_owned()]);
        assert_eq!(
            table.text(""),
            "NAME       LOTS\nGOLD_MINI     3\nNIFTY        12\n"
        );
    }
}
