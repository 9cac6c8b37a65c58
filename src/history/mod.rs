//! History: the same core over what `TradingView` exports and over bars.
//!
//! 1. Nothing here decides: signals and prices go through `domain::decide`, orders through the
//!    simulator's floor, and what comes out is facts.
//! 2. The same files and rules give the same facts, bit for bit, on any number of threads.
//! 3. What is assumed is said: [`export`] and the report name every figure that no file gave.

pub mod assume;
pub mod bars;
pub mod check;
pub mod drive;
pub mod export;
pub mod fetched;
mod glide;
pub mod group;
pub mod knobs;
pub mod measure;
pub mod name;
pub mod outcome;
pub mod prepare;
mod pulse;
pub mod replay;
pub mod report;
pub mod run;
pub mod scripted;
pub mod signals;
pub mod sweep;
pub mod table;
pub mod tally;
pub mod world;
