//! Every problem of a configuration at once, each with its path.

use core::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where: `limits.body_bytes`, `instruments.toml: instrument.GOLD_MINI.tick`.
    pub path: String,
    /// What.
    pub problem: String,
}

/// All that is wrong with a configuration; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The problems, in the order of their paths.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// Returns the error of these problems, or nothing when there are none.
    pub(super) fn of(mut problems: Vec<Problem>) -> Option<Self> {
        problems.sort();
        problems.dedup();
        (!problems.is_empty()).then_some(Self { problems })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.problem)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let word = if count == 1 { "problem" } else { "problems" };
        write!(f, "{count} {word} in the configuration")?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl core::error::Error for ConfigError {}
