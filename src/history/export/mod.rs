//! `TradingView`'s "List of trades", read strictly.
//!
//! 1. Every row is understood, or named with its line and the reason; nothing is guessed.
//! 2. Rows come in pairs of one trade number, the exit first or last. An exit called `Open`, or one
//!    without a price, is the mark of a trade that is still open.
//! 3. Times are those of the chart and read as Indian; they stamp the bar in which the order was
//!    made.

mod columns;
mod comment;
mod trades;

pub use columns::Columns;
pub use comment::{Comment, Head};
pub(super) use trades::moment;
pub use trades::{Export, Side, Trade, read};
