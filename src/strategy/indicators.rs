//! What a script reads from its bars, bar by bar.
#![expect(
    clippy::disallowed_types,
    clippy::float_arithmetic,
    reason = "an indicator: an estimate over many bars"
)]

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::{Average, Dmi, Parameters, SuperTrend};

/// A bar of the chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candle {
    /// When it opened.
    pub opened_at: DateTime<Utc>,
    /// When it closes.
    pub closed_at: DateTime<Utc>,
    /// Its first price.
    pub open: f64,
    /// Its highest price.
    pub high: f64,
    /// Its lowest price.
    pub low: f64,
    /// Its last price.
    pub close: f64,
}

impl Candle {
    /// Returns the range the price went through since the close before.
    pub fn true_range(&self, before: Option<&Self>) -> f64 {
        let range = self.high - self.low;
        before.map_or(range, |before| {
            let (up, down) = (self.high - before.close, self.low - before.close);
            range.max(up.abs()).max(down.abs())
        })
    }

    /// Returns whether its body is next to nothing of its range.
    pub fn is_doji(&self, part: f64) -> bool {
        let range = self.high - self.low;
        range > 0.0 && (self.close - self.open).abs() <= part * range
    }
}

/// What the indicators show at a bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Readings {
    /// Relative strength index.
    pub rsi: f64,
    /// Moving average.
    pub ema: f64,
    /// The highest price of the bars before.
    pub dc_upper: f64,
    /// Average directional index.
    pub adx: f64,
    /// Efficiency ratio.
    pub er: f64,
    /// Rate of change, in percent.
    pub roc: f64,
    /// Average true range.
    pub atr: f64,
    /// Trend line.
    pub supertrend: f64,
}

/// All indicators of a series.
#[derive(Clone, Debug)]
pub struct Indicators {
    gain: Average,
    loss: Average,
    ema: Average,
    dmi: Dmi,
    range: Average,
    supertrend: SuperTrend,
    highs: Recent,
    /// Closes for the efficiency ratio, and for the rate of change.
    way: Recent,
    closes: Recent,
    before: Option<Candle>,
}

impl Indicators {
    /// Returns the indicators of a series that has no bar yet.
    pub fn new(parameters: &Parameters) -> Self {
        let all = &parameters.settings;
        let strength = Average::wilder(all.rsi_length);
        Self {
            gain: strength,
            loss: strength,
            ema: Average::exponential(all.ema_length),
            dmi: Dmi::new(all.adx_length),
            range: Average::wilder(all.atr_length),
            supertrend: SuperTrend::new(all.st_length, float(all.st_factor)),
            highs: Recent::new(all.dc_length),
            way: Recent::new(all.er_length.saturating_add(1)),
            closes: Recent::new(all.roc_length.saturating_add(1)),
            before: None,
        }
    }

    /// Takes a bar and returns what they show, once all of them are known.
    pub fn push(&mut self, bar: &Candle) -> Option<Readings> {
        let before = self.before.replace(*bar);
        let dc_upper = self.highs.full().then(|| self.highs.highest());
        self.highs.push(bar.high);
        self.way.push(bar.close);
        self.closes.push(bar.close);
        let rsi = before.and_then(|before| self.strength(bar.close - before.close));
        let ema = self.ema.push(bar.close);
        let adx = self.dmi.push(bar);
        let atr = self.range.push(bar.true_range(before.as_ref()));
        let supertrend = self.supertrend.push(bar);
        Some(Readings {
            rsi: rsi?,
            ema: ema?,
            dc_upper: dc_upper?,
            adx: adx?,
            er: self.way.full().then(|| self.way.efficiency())?,
            roc: self.closes.full().then(|| self.closes.change())?,
            atr: atr?,
            supertrend: supertrend?,
        })
    }

    fn strength(&mut self, change: f64) -> Option<f64> {
        let gain = self.gain.push(change.max(0.0));
        let loss = self.loss.push((-change).max(0.0));
        let (gain, loss) = (gain?, loss?);
        Some(if loss <= 0.0 {
            100.0
        } else {
            100.0 - 100.0 / (1.0 + gain / loss)
        })
    }
}

/// The newest values of a series.
#[derive(Clone, Debug)]
struct Recent {
    length: usize,
    values: VecDeque<f64>,
}

impl Recent {
    fn new(length: u32) -> Self {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Self {
            length,
            values: VecDeque::new(),
        }
    }

    fn push(&mut self, value: f64) {
        if self.full() {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    fn full(&self) -> bool {
        self.values.len() >= self.length
    }

    fn highest(&self) -> f64 {
        self.values.iter().copied().fold(f64::MIN, f64::max)
    }

    /// Returns the way from the first to the last value as a part of the path between them.
    fn efficiency(&self) -> f64 {
        let steps = self.values.iter().zip(self.values.iter().skip(1));
        let path: f64 = steps.map(|(from, to)| (to - from).abs()).sum();
        if path > 0.0 {
            self.ends().map_or(0.0, |(from, to)| (to - from).abs()) / path
        } else {
            0.0
        }
    }

    /// Returns the change from the first to the last value, in percent.
    fn change(&self) -> f64 {
        self.ends()
            .map_or(0.0, |(from, to)| 100.0 * (to - from) / from)
    }

    fn ends(&self) -> Option<(f64, f64)> {
        Some((*self.values.front()?, *self.values.back()?))
    }
}

/// Returns a setting as an indicator computes with it.
pub(super) fn float(value: Decimal) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}
