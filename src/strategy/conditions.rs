//! What must hold for an entry, and for leaving a trend.
#![expect(
    clippy::disallowed_types,
    reason = "compares indicators, which are estimates over many bars"
)]

use super::indicators::float;
use super::{Candle, Parameters, Readings};

/// What readings are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    rsi_min: f64,
    adx_max: f64,
    er_min: f64,
    doji: f64,
    /// None: the rate of change is not asked.
    roc_min: Option<f64>,
}

impl Thresholds {
    /// Returns the thresholds of an instrument.
    pub fn new(parameters: &Parameters) -> Self {
        let all = &parameters.settings;
        Self {
            rsi_min: float(all.rsi_min),
            adx_max: float(all.adx_max),
            er_min: float(all.er_min),
            doji: float(all.doji),
            roc_min: all.roc_min.map(float),
        }
    }

    /// Returns whether the rate of change lets an add pass.
    pub fn roc_passes(&self, roc: f64) -> bool {
        self.roc_min.is_none_or(|min| roc > min)
    }
}

/// What holds at a bar, by the names of the alert.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the alert has these nine words"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// The relative strength is high enough.
    pub rsi: bool,
    /// The close is above the average.
    pub ema: bool,
    /// The close is above the bars before.
    pub dc: bool,
    /// The trend is young: the directional index is low.
    pub adx: bool,
    /// The price went straight.
    pub er: bool,
    /// The close is above the trend line.
    pub st: bool,
    /// The bar has a body.
    pub not_doji: bool,
    /// All of them.
    pub long_entry: bool,
    /// The close is below the trend line.
    pub long_exit: bool,
}

impl Conditions {
    /// Returns what holds.
    pub fn at(thresholds: &Thresholds, bar: &Candle, readings: &Readings) -> Self {
        let rsi = readings.rsi > thresholds.rsi_min;
        let ema = bar.close > readings.ema;
        let dc = bar.close > readings.dc_upper;
        let adx = readings.adx < thresholds.adx_max;
        let er = readings.er > thresholds.er_min;
        let st = bar.close > readings.supertrend;
        let not_doji = !bar.is_doji(thresholds.doji);
        Self {
            rsi,
            ema,
            dc,
            adx,
            er,
            st,
            not_doji,
            long_entry: rsi && ema && dc && adx && er && st && not_doji,
            long_exit: bar.close < readings.supertrend,
        }
    }
}
