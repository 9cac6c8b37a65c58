//! The database: the book it gives back, the facts it keeps, and what it refuses.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "allow-unwrap-in-tests does not reach the helpers of a test program"
)]

// the stories of tests/scenarios, as the pure core is told them
#[path = "scenarios/broker.rs"]
mod broker;
#[path = "scenarios/desk.rs"]
mod desk;
#[path = "scenarios/lines.rs"]
mod lines;
#[path = "scenarios/words.rs"]
mod words;
#[path = "scenarios/world.rs"]
mod world;

mod store {
    mod book;
    mod desk;
    mod doors;
    mod facts;
    mod fence;
    mod outage;
    mod stories;
    mod story;
}
