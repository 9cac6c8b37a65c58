//! Averages that forget slowly, each from the mean of its first values, as `ta.rma` and `ta.ema` do.
#![expect(
    clippy::disallowed_types,
    clippy::float_arithmetic,
    reason = "an indicator: an estimate over many bars"
)]

/// An average in which the newest value counts `weight`, and all before it the rest.
#[derive(Clone, Copy, Debug)]
pub struct Average {
    length: f64,
    weight: f64,
    /// How many values came, up to the length.
    count: f64,
    /// The sum of the first values, then the average.
    value: f64,
}

impl Average {
    /// Returns Wilder's average, in which the newest value counts one part of the length.
    pub fn wilder(length: u32) -> Self {
        let length = f64::from(length.max(1));
        Self::new(length, 1.0 / length)
    }

    /// Returns the exponential average of a length.
    pub fn exponential(length: u32) -> Self {
        let length = f64::from(length.max(1));
        Self::new(length, 2.0 / (length + 1.0))
    }

    const fn new(length: f64, weight: f64) -> Self {
        Self {
            length,
            weight,
            count: 0.0,
            value: 0.0,
        }
    }

    /// Takes a value and returns the average, once as many came as it is long.
    pub fn push(&mut self, value: f64) -> Option<f64> {
        if self.count < self.length {
            self.count += 1.0;
            self.value += value;
            if self.count < self.length {
                return None;
            }
            self.value /= self.length;
        } else {
            self.value += self.weight * (value - self.value);
        }
        Some(self.value)
    }
}
