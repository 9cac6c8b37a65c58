//! Reading tables key by key, without stopping at the first problem.
//!
//! 1. Every key is taken once; what is left over when a section is finished is unknown and a
//!    problem.
//! 2. A value that cannot be read is a problem with its path, and reading goes on.
//! 3. Values are never echoed: a secret in the wrong place must not reach a terminal.

use std::cell::RefCell;

use toml::{Table, Value};

use super::error::Problem;

/// Where problems are collected.
pub(super) type Problems = RefCell<Vec<Problem>>;

/// A table that is being read.
pub(super) struct Section<'p> {
    path: String,
    table: Table,
    problems: &'p Problems,
}

/// A value that can be read from a setting.
pub(super) trait FromSetting: Sized {
    /// Returns the value, or what is wrong with it in a few words.
    fn from_value(value: &Value) -> Result<Self, String>;

    /// Returns what a missing key means.
    fn missing() -> Result<Self, String> {
        Err("is missing".to_owned())
    }
}

impl<'p> Section<'p> {
    /// Returns the section of a whole file or table; `path` is empty for the settings themselves.
    pub(super) const fn new(path: String, table: Table, problems: &'p Problems) -> Self {
        Self {
            path,
            table,
            problems,
        }
    }

    /// Notes a problem at a key of this section.
    pub(super) fn problem(&self, key: &str, problem: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            path: self.path_of(key),
            problem: problem.into(),
        });
    }

    /// Returns the value of a key, or nothing after noting why not.
    pub(super) fn take<T: FromSetting>(&mut self, key: &str) -> Option<T> {
        let read = match self.table.remove(key) {
            Some(value) => T::from_value(&value),
            None => T::missing(),
        };
        match read {
            Ok(value) => Some(value),
            Err(problem) => {
                self.problem(key, problem);
                None
            }
        }
    }

    /// Returns whether a key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Returns the section under a key; an empty one when it is missing or no table.
    pub(super) fn section(&mut self, key: &str) -> Self {
        let path = self.path_of(key);
        let table = match self.table.remove(key) {
            Some(Value::Table(table)) => table,
            None => Table::new(),
            Some(_) => {
                self.problem(key, "must be a table");
                Table::new()
            }
        };
        Self::new(path, table, self.problems)
    }

    /// Reads the section under a key with `reader`, and finishes it.
    pub(super) fn read<T>(
        &mut self,
        key: &str,
        reader: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let mut section = self.section(key);
        let value = reader(&mut section);
        section.finish();
        value
    }

    /// Returns every section under a key with its name.
    pub(super) fn sections(&mut self, key: &str) -> Vec<(String, Self)> {
        let mut parent = self.section(key);
        let mut sections = Vec::new();
        for name in parent.keys() {
            let section = parent.section(&name);
            sections.push((name, section));
        }
        sections
    }

    /// Returns the rows of a list of tables under a key, numbered from 1 in their paths.
    pub(super) fn rows(&mut self, key: &str) -> Vec<Self> {
        let rows = match self.table.remove(key) {
            Some(Value::Array(rows)) => rows,
            None => Vec::new(),
            Some(_) => {
                self.problem(key, "must be a list of tables");
                Vec::new()
            }
        };
        let mut sections = Vec::new();
        for (number, row) in (1..).zip(rows) {
            let numbered = format!("{key}[{number}]");
            if let Value::Table(table) = row {
                sections.push(Self::new(self.path_of(&numbered), table, self.problems));
            } else {
                self.problem(&numbered, "must be a table");
            }
        }
        sections
    }

    /// Returns the keys that nobody took yet.
    pub(super) fn keys(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    /// Drops keys that are read elsewhere.
    pub(super) fn forget(&mut self, keys: &[&str]) {
        for key in keys {
            self.table.remove(*key);
        }
    }

    /// Returns the keys of this section with their texts, and finishes it.
    pub(super) fn texts(mut self) -> Vec<(String, String)> {
        self.keys()
            .into_iter()
            .filter_map(|name| self.take(&name).map(|text| (name, text)))
            .collect()
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(self) {
        for key in self.table.keys() {
            self.problem(key, "is not a setting");
        }
    }

    fn path_of(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path if path.ends_with(' ') => format!("{path}{key}"),
            path => format!("{path}.{key}"),
        }
    }
}

/// Reads a struct whose fields are named like their keys. Every key is read before the first that
/// failed makes the whole nothing, so that all problems are noted; fields after `with` were read before.
macro_rules! read {
    ($section:expr => $name:ident { $($field:ident),* $(,)? }
        $(with { $($given:ident : $value:expr),* $(,)? })?) => {{
        $(let $field = $section.take(stringify!($field));)*
        (|| Some($name { $($field: $field?,)* $($($given: $value?,)*)? }))()
    }};
}

pub(super) use read;
