//! The database: the book it gives back, the facts it keeps, and what it refuses.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "allow-unwrap-in-tests does not reach the helpers of a test program"
)]

mod store {
    mod book;
    mod desk;
    mod doors;
    mod facts;
    mod fence;
    mod outage;
    mod story;
}
