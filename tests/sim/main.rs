//! The simulator, seen from outside: what it answers, keeps and breaks.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail loudly"
)]

mod behaviour;
mod durable;
#[path = "../python/environment.rs"]
mod environment;
mod faults;
mod feed;
mod prices;
mod python;
mod recorded;
mod support;
