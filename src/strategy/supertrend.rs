//! The trend line, as `ta.supertrend` computes it: a band of ranges around the middle of each bar that
//! only tightens, until the close breaks through it.
#![expect(
    clippy::disallowed_types,
    clippy::float_arithmetic,
    reason = "an indicator: an estimate over many bars"
)]

use super::{Average, Candle};

/// The line of a series.
#[derive(Clone, Copy, Debug)]
pub struct SuperTrend {
    factor: f64,
    range: Average,
    before: Option<Candle>,
    bands: Option<Bands>,
}

#[derive(Clone, Copy, Debug)]
struct Bands {
    lower: f64,
    upper: f64,
    /// Whether the line is the lower one.
    rising: bool,
}

impl SuperTrend {
    /// Returns the line so many ranges of a length away.
    pub fn new(length: u32, factor: f64) -> Self {
        Self {
            factor,
            range: Average::wilder(length),
            before: None,
            bands: None,
        }
    }

    /// Takes a bar and returns the line, once it is known.
    pub fn push(&mut self, bar: &Candle) -> Option<f64> {
        let before = self.before.replace(*bar);
        let range = self.range.push(bar.true_range(before.as_ref()))?;
        let middle = f64::midpoint(bar.high, bar.low);
        let mut new = Bands {
            lower: middle - self.factor * range,
            upper: middle + self.factor * range,
            rising: false,
        };
        if let (Some(old), Some(before)) = (self.bands, before) {
            if new.lower <= old.lower && before.close >= old.lower {
                new.lower = old.lower;
            }
            if new.upper >= old.upper && before.close <= old.upper {
                new.upper = old.upper;
            }
            new.rising = if old.rising {
                bar.close >= new.lower
            } else {
                bar.close > new.upper
            };
        }
        self.bands = Some(new);
        Some(if new.rising { new.lower } else { new.upper })
    }
}
