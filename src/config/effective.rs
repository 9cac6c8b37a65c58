//! The configuration in force as text: what `torana config` prints.

use core::fmt::Write as _;

use super::Config;
use super::layers::{Layered, lines};

/// One setting: its path, its value as TOML, and the layer it came from unless compiled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    path: String,
    value: String,
    origin: Option<String>,
}

/// Returns the lines of a layered table, their paths behind a prefix.
pub(super) fn lines_of(layered: &Layered, prefix: &str) -> Vec<Line> {
    lines(&layered.table)
        .into_iter()
        .map(|(path, value)| Line {
            origin: origin(layered, &path),
            path: format!("{prefix}{path}"),
            value,
        })
        .collect()
}

/// Returns the layer that set a path or a table above it.
pub(super) fn origin(layered: &Layered, path: &str) -> Option<String> {
    let above = path.match_indices('.').map(|(at, _)| at);
    core::iter::once(path.len())
        .chain(above.rev())
        .find_map(|end| layered.origins.get(path.get(..end)?).cloned())
}

impl Config {
    /// Returns the whole configuration in force for people: settings with the layer they came from,
    /// secrets masked, assumed figures, warnings.
    pub fn effective(&self) -> String {
        let mut text = String::new();
        // writing to a String cannot fail
        let _infallible = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> core::fmt::Result {
        writeln!(text, "# mode {}", self.settings.mode)?;
        writeln!(text, "# data {}", self.data_dir.display())?;
        let hash = data_encoding::HEXLOWER.encode(&self.rules.hash.0);
        writeln!(text, "# rules {hash}")?;
        for line in &self.lines {
            write!(text, "{} = {}", line.path, line.value)?;
            match &line.origin {
                Some(origin) => writeln!(text, "    # {origin}")?,
                None => writeln!(text)?,
            }
        }
        writeln!(text, "\n# secrets")?;
        for (name, present) in self.secrets.present() {
            let shown = if present { "***" } else { "not set" };
            writeln!(text, "# {name}: {shown}")?;
        }
        if !self.assumed.is_empty() {
            writeln!(
                text,
                "\n# assumed figures; live asks for each in desk.confirmed"
            )?;
        }
        for (assumed, confirmed) in &self.assumed {
            let mark = if *confirmed { " [confirmed]" } else { "" };
            writeln!(text, "# {}: {}{mark}", assumed.id, assumed.what)?;
        }
        if !self.warnings.is_empty() {
            writeln!(text, "\n# warnings")?;
        }
        for warning in &self.warnings {
            writeln!(text, "# {warning}")?;
        }
        Ok(())
    }
}
