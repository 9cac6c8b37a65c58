//! Places where a test lets this process die or stop, to show that starting is recovering.
//!
//! Off unless the hidden setting names a place, or a file that names one; refused in live.

use core::sync::atomic::{AtomicU32, Ordering};
use std::path::{Path, PathBuf};
use std::process::{Command, abort, id};

/// The word after a place at which the process only stops, until somebody wakes it.
const STOP: &str = "stop";

/// The bit of the signal to stop in a mask of signals.
const SIGSTOP: u64 = 1 << 18;

/// Where to die.
#[derive(Debug, Default)]
pub enum CrashPoint {
    /// Nowhere.
    #[default]
    Nowhere,
    /// At a passing of a place, counted from 1.
    At {
        /// The place.
        place: String,
        /// At which passing.
        passing: u32,
        /// How often it was passed.
        passed: AtomicU32,
    },
    /// At the place that a file names, as soon as it does. The file goes with the first process
    /// that is struck: it strikes once.
    Told(PathBuf),
}

impl CrashPoint {
    /// Dies when `place` is passed for the `passing`th time, counted from 1.
    pub const fn at(place: String, passing: u32) -> Self {
        Self::At {
            place,
            passing,
            passed: AtomicU32::new(0),
        }
    }

    /// Passes a place: dies or stops here if it is the one.
    pub fn pass(&self, place: &str) {
        match self {
            Self::Nowhere => {}
            Self::At {
                place: wanted,
                passing,
                passed,
            } => {
                let due = wanted == place
                    && passed.fetch_add(1, Ordering::SeqCst).saturating_add(1) == *passing;
                if due {
                    die(place);
                }
            }
            Self::Told(file) => obey(file, place),
        }
    }
}

/// Does what the file says, when it speaks of this place and no other process was quicker.
fn obey(file: &Path, place: &str) {
    let Ok(text) = std::fs::read_to_string(file) else {
        return;
    };
    let (wanted, how) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    if wanted != place || std::fs::remove_file(file).is_err() {
        return;
    }
    if how != STOP {
        die(place);
    }
    tracing::warn!(place, "stopping here, as the setting asks");
    let stopped = Command::new("kill")
        .args(["-s", "STOP", &id().to_string()])
        .status();
    if stopped.is_err() {
        die(place);
    }
    // Another thread takes the signal, perhaps not at once: this one must not run on until then.
    while is_stop_pending() {
        std::thread::yield_now();
    }
    tracing::warn!(place, "awake again");
}

/// Returns whether the signal to stop has not been taken yet, as Linux tells it.
fn is_stop_pending() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let pending = lines.find_map(|line| line.strip_prefix("ShdPnd:"));
    let pending = pending.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    pending.is_some_and(|mask| mask & SIGSTOP != 0)
}

fn die(place: &str) {
    tracing::warn!(place, "dying here, as the setting asks");
    abort();
}
