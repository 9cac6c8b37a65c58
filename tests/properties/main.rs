//! Invariants over generated inputs.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "generated values are within their bounds, and a property that fails should stop"
)]

mod day;
mod held;
mod levels;
mod sequences;
mod sizing;
#[path = "../scenarios/words.rs"]
#[expect(dead_code, reason = "the stories read more than the figures")]
mod words;
#[path = "../scenarios/world.rs"]
mod world;
