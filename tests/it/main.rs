//! The whole gateway as a process of its own, against PostgreSQL and the simulator.
//!
//! Every test has its own database, simulator, data directory and gateway. Nothing sleeps: a test
//! waits until what it asks for is true, with a deadline that fails loudly and shows the log.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "allow-…-in-tests does not reach the helpers of a test program, which fail loudly"
)]

mod agreement;
mod bad_input;
mod bars;
mod crash;
mod crowd;
mod drift;
mod faults;
mod feed;
mod history;
mod lease;
mod live;
mod notices;
mod outage;
mod parity;
mod silence;
mod support;
mod walk;
