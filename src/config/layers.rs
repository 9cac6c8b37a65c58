//! Laying files and environment over each other.
//!
//! 1. What is compiled in comes first, then the mode's file, then the directory given by
//!    `--config`, then the environment; a later layer replaces single keys, lists whole.
//! 2. A file in the directory that nobody reads is a problem, not a silence.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::error::Problem;
use super::section::Problems;

/// The environment as it was at start.
pub type Environment = BTreeMap<String, String>;

const ENV_PREFIX: &str = "TORANA__";

/// The files that are compiled in, by name.
const BUILT_IN: [(&str, &str); 12] = [
    ("base.toml", include_str!("../../config/base.toml")),
    ("paper.toml", include_str!("../../config/paper.toml")),
    ("shadow.toml", include_str!("../../config/shadow.toml")),
    ("live.toml", include_str!("../../config/live.toml")),
    (
        "instruments.toml",
        include_str!("../../config/instruments.toml"),
    ),
    ("calendar.toml", include_str!("../../config/calendar.toml")),
    ("charges.toml", include_str!("../../config/charges.toml")),
    ("signals.toml", include_str!("../../config/signals.toml")),
    (
        "profiles/basso.toml",
        include_str!("../../config/profiles/basso.toml"),
    ),
    (
        "profiles/openalgo.toml",
        include_str!("../../config/profiles/openalgo.toml"),
    ),
    (
        "profiles/tradego.toml",
        include_str!("../../config/profiles/tradego.toml"),
    ),
    (
        "profiles/scalper.toml",
        include_str!("../../config/profiles/scalper.toml"),
    ),
];

/// Where the layers come from.
pub(super) struct Files<'a> {
    dir: Option<&'a Path>,
    problems: &'a Problems,
}

/// A table and where each of its values was set last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layered {
    pub(super) table: Table,
    /// The layer of each value that is not the compiled-in default, by its path.
    pub(super) origins: BTreeMap<String, String>,
}

impl<'a> Files<'a> {
    /// Returns the files of a directory over the compiled-in ones.
    pub(super) fn new(dir: Option<&'a Path>, problems: &'a Problems) -> Self {
        let files = Self { dir, problems };
        files.note_strangers();
        files
    }

    /// Returns the names of all profiles: those compiled in and those of the directory.
    pub(super) fn profiles(&self) -> BTreeSet<String> {
        let name = |path: &str| {
            let file = path.strip_prefix("profiles/")?;
            file.strip_suffix(".toml").map(str::to_owned)
        };
        let own = self.dir.map(|dir| dir.join("profiles"));
        let own = own.and_then(|dir| std::fs::read_dir(dir).ok());
        let own = own.into_iter().flatten().filter_map(|entry| {
            let file = entry.ok()?.file_name();
            name(&format!("profiles/{}", file.to_str()?))
        });
        let built_in = BUILT_IN.iter().filter_map(|(path, _)| name(path));
        built_in.chain(own).collect()
    }

    /// Returns a compiled-in file with the directory's file of that name over it; nothing when
    /// neither exists.
    pub(super) fn layered(&self, name: &str) -> Option<Layered> {
        let built_in = self.built_in(name);
        let mut layered = Layered {
            table: built_in.clone().unwrap_or_default(),
            origins: BTreeMap::new(),
        };
        let own = self.own(name);
        if built_in.is_none() && own.is_none() {
            return None;
        }
        if let Some((path, table)) = own {
            layered.lay(table, &path.display().to_string());
        }
        Some(layered)
    }

    /// Returns the settings of a mode, without the environment.
    pub(super) fn settings(&self, mode_file: &str) -> Layered {
        let mut settings = Layered {
            table: self.built_in("base.toml").unwrap_or_default(),
            origins: BTreeMap::new(),
        };
        settings.lay(self.built_in(mode_file).unwrap_or_default(), mode_file);
        for name in ["base.toml", mode_file] {
            if let Some((path, table)) = self.own(name) {
                settings.lay(table, &path.display().to_string());
            }
        }
        settings
    }

    fn built_in(&self, name: &str) -> Option<Table> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        self.parsed(text, name)
    }

    fn own(&self, name: &str) -> Option<(PathBuf, Table)> {
        let path = self.dir?.join(name);
        if !path.exists() {
            return None;
        }
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let table = self.parsed(&text, &path.display().to_string())?;
                Some((path, table))
            }
            Err(error) => {
                self.note(
                    &path.display().to_string(),
                    format!("cannot be read: {error}"),
                );
                None
            }
        }
    }

    fn parsed(&self, text: &str, name: &str) -> Option<Table> {
        match text.parse::<Table>() {
            Ok(table) => Some(table),
            Err(error) => {
                let line = error.span().map_or(1, |span| {
                    text.bytes()
                        .take(span.start)
                        .filter(|byte| *byte == b'\n')
                        .count()
                        + 1
                });
                self.note(name, format!("line {line}: {}", error.message()));
                None
            }
        }
    }

    /// Notes a directory that cannot be read, and every TOML file in it that is none of ours.
    fn note_strangers(&self) {
        let Some(dir) = self.dir else { return };
        let entries = match std::fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) => {
                return self.note(
                    &dir.display().to_string(),
                    format!("cannot be read: {error}"),
                );
            }
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let known = BUILT_IN.iter().any(|(known, _)| *known == name);
            if name.ends_with(".toml") && !known {
                self.note(
                    &entry.path().display().to_string(),
                    "is not a file that is read".to_owned(),
                );
            }
        }
    }

    fn note(&self, path: &str, problem: String) {
        self.problems.borrow_mut().push(Problem {
            path: path.to_owned(),
            problem,
        });
    }
}

impl Layered {
    /// Lays a table over this one.
    pub(super) fn lay(&mut self, over: Table, origin: &str) {
        let mut set = Vec::new();
        merge(&mut self.table, over, "", &mut set);
        for path in set {
            self.origins.insert(path, origin.to_owned());
        }
    }

    /// Lays the variables `TORANA__SECTION__KEY` over this table; empty ones are absent ones.
    pub(super) fn lay_environment(&mut self, env: &Environment) {
        for (name, value) in env {
            let Some(rest) = name.strip_prefix(ENV_PREFIX) else {
                continue;
            };
            if value.trim().is_empty() {
                continue;
            }
            let path = rest.to_ascii_lowercase();
            let nested = path
                .rsplit("__")
                .fold(Value::String(value.clone()), |inner, key| {
                    Value::Table([(key.to_owned(), inner)].into_iter().collect())
                });
            if let Value::Table(table) = nested {
                self.lay(table, name);
            }
        }
    }
}

/// Returns every value of a table as a line `path = value`, in the order of the paths.
pub(super) fn lines(table: &Table) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(table, "", &mut found);
    found
}

fn collect(table: &Table, path: &str, found: &mut Vec<(String, String)>) {
    for (key, value) in table {
        let path = joined(path, key);
        match value {
            Value::Table(inner) => collect(inner, &path, found),
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_) => found.push((path, shown(value))),
        }
    }
}

/// Returns a value as TOML writes it, in one line.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Datetime(datetime) => datetime.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) => {
            let items: Vec<String> = table
                .iter()
                .map(|(key, value)| format!("{key} = {}", shown(value)))
                .collect();
            format!("{{ {} }}", items.join(", "))
        }
    }
}

fn merge(base: &mut Table, over: Table, path: &str, set: &mut Vec<String>) {
    for (key, value) in over {
        let path = joined(path, &key);
        match (base.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => merge(inner, value, &path, set),
            (_, value) => {
                set.push(path);
                base.insert(key, value);
            }
        }
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
