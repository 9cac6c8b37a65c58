//! Places where a test may let this process die, to show that starting is recovering.
//!
//! Off unless the hidden setting names a place; refused in live.

use core::sync::atomic::{AtomicU32, Ordering};

/// Where to die, and at which passing.
#[derive(Debug, Default)]
pub struct CrashPoint {
    place: Option<String>,
    passing: u32,
    passed: AtomicU32,
}

impl CrashPoint {
    /// Dies when `place` is passed for the `passing`th time, counted from 1.
    pub const fn at(place: String, passing: u32) -> Self {
        Self {
            place: Some(place),
            passing,
            passed: AtomicU32::new(0),
        }
    }

    /// Passes a place: dies here if it is the one.
    pub fn pass(&self, place: &str) {
        if self.place.as_deref() != Some(place) {
            return;
        }
        if self.passed.fetch_add(1, Ordering::SeqCst).saturating_add(1) == self.passing {
            tracing::warn!(place, "dying here, as the setting asks");
            std::process::abort();
        }
    }
}
