//! The signals our own scripts give, computed here as well: bars in, alerts out.
//!
//! 1. Pure, as the core is: the same bars give the same alerts, in any process, on any day.
//! 2. One set of [`Parameters`]: the scripts of `TradingView` are rendered from what is computed with here.
//! 3. What it does depends on bars alone, never on fills, money or lots: the gateway holds the position.
//! 4. Indicators are estimates over many bars and use `f64`; what leaves is a price on the tick, or a
//!    decimal of four places, through [`on_tick`] and [`fine`] alone.

mod alert;
mod average;
mod conditions;
mod dmi;
mod indicators;
mod parameters;
mod position;
mod script;
mod supertrend;
mod trader;

pub use alert::{Alert, Entry, Exit, Message, Sight, fine, on_tick};
pub use average::Average;
pub use conditions::{Conditions, Thresholds};
pub use dmi::Dmi;
pub use indicators::{Candle, Indicators, Readings};
pub use parameters::{Closes, Parameters, SignalSettings, Signals};
pub use script::{Script, render, version};
pub use supertrend::SuperTrend;
pub use trader::Trader;
