//! What a series of equity and a list of gains are worth: estimates over many days.
//!
//! Pure, and in floats: nothing here reaches an order, a ledger or a limit. Every figure's
//! definition stands at its field.
#![expect(
    clippy::float_arithmetic,
    clippy::disallowed_types,
    reason = "statistics are estimates; money stays in decimals outside of this module"
)]

mod chance;
mod metrics;
mod ratio;

pub use chance::{drawdown_odds, shuffled_drawdowns};
pub use metrics::{Curve, Drawdown, Metrics, Point, Result, metrics, monthly};
pub use ratio::{deflated, mean, normal, quantile, spread};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

/// Returns a decimal as a float; for statistics and pictures only.
pub fn float(value: Decimal) -> f64 {
    value.to_f64().unwrap_or(0.0)
}

/// Returns a count as a float.
pub fn count(value: usize) -> f64 {
    u32::try_from(value).map_or(f64::from(u32::MAX), f64::from)
}
