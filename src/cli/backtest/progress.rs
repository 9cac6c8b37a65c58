//! How far a long run is: a line that is written over, where somebody looks.

use std::io::{IsTerminal as _, Write as _};

/// The width of the bar.
const WIDTH: usize = 40;

/// How far a run is.
pub(super) struct Progress {
    all: usize,
    shown: usize,
    looks: bool,
}

impl Progress {
    pub(super) fn new(all: usize) -> Self {
        Self {
            all: all.max(1),
            shown: 0,
            looks: std::io::stderr().is_terminal(),
        }
    }

    /// Shows that so many things have happened.
    pub(super) fn at(&mut self, done: usize) {
        let part = done.saturating_mul(WIDTH).div_euclid(self.all).min(WIDTH);
        if !self.looks || part == self.shown {
            return;
        }
        self.shown = part;
        let (full, left) = ("#".repeat(part), " ".repeat(WIDTH - part));
        // Nobody is left to tell when this cannot be written.
        let _written = write!(std::io::stderr(), "\r[{full}{left}] {done} of {}", self.all);
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if self.looks && self.shown > 0 {
            let _written = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
