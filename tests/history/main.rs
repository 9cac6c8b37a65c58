//! Runs over history, made from the sample that is built in and from small files of their own.
#![expect(
    clippy::unwrap_used,
    reason = "allow-unwrap-in-tests does not reach helpers"
)]

mod exact;
mod glide;
mod scripted;
mod support;
mod turn;
mod walk;
