//! The decision core: pure values and functions.
//!
//! `decide` says what becomes true because of an input; `Book::apply` folds that in. Nothing here
//! waits, logs, reads a clock or meets a socket; the same arguments give the same result in any
//! process on any day.

pub mod bars;
pub mod book;
pub mod broker_book;
pub mod calendar;
pub mod charges;
pub mod close;
pub mod decide;
pub mod fact;
pub mod finding;
pub mod gates;
pub mod ids;
pub mod input;
pub mod instrument;
pub mod market;
pub mod money;
pub mod order;
pub mod price;
pub mod reconcile;
pub mod rules;
mod short;
pub mod signal;
pub mod sizing;
pub mod stops;
mod strict;
pub mod work;
