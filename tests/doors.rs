//! The doors over HTTP, with a desk and a database behind them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "allow-unwrap-in-tests does not reach the helpers of a test program"
)]

#[path = "python/environment.rs"]
mod environment;

mod doors {
    mod admin;
    mod alerts;
    mod health;
    mod house;
    mod openalgo;
    mod served;
    mod terminal;
}
