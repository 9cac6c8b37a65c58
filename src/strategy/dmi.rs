//! The average directional index, as `ta.dmi` computes it: how much of the movement goes one way.
#![expect(
    clippy::disallowed_types,
    clippy::float_arithmetic,
    reason = "an indicator: an estimate over many bars"
)]

use super::{Average, Candle};

/// The directional movement of a series.
#[derive(Clone, Copy, Debug)]
pub struct Dmi {
    range: Average,
    up: Average,
    down: Average,
    index: Average,
    /// The newest quotients, which stay where no range divides.
    plus: Option<f64>,
    minus: Option<f64>,
    before: Option<Candle>,
}

impl Dmi {
    /// Returns the movement over a length, smoothed over the same.
    pub fn new(length: u32) -> Self {
        let average = Average::wilder(length);
        Self {
            range: average,
            up: average,
            down: average,
            index: average,
            plus: None,
            minus: None,
            before: None,
        }
    }

    /// Takes a bar and returns the index, once it is known.
    pub fn push(&mut self, bar: &Candle) -> Option<f64> {
        // the first bar moved from nowhere
        let before = self.before.replace(*bar)?;
        let (rise, fall) = (bar.high - before.high, before.low - bar.low);
        let up = if rise > fall && rise > 0.0 { rise } else { 0.0 };
        let down = if fall > rise && fall > 0.0 { fall } else { 0.0 };
        let range = self.range.push(bar.true_range(Some(&before)));
        let (up, down) = (self.up.push(up), self.down.push(down));
        let share = |moved: f64, range: f64| (range > 0.0).then(|| 100.0 * moved / range);
        self.plus = share(up?, range?).or(self.plus);
        self.minus = share(down?, range?).or(self.minus);
        let (plus, minus) = (self.plus?, self.minus?);
        let sum = plus + minus;
        let whole = if sum > 0.0 { sum } else { 1.0 };
        let index = self.index.push((plus - minus).abs() / whole)?;
        Some(100.0 * index)
    }
}
