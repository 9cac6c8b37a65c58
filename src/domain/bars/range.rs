//! The average true range as charts measure it: Wilder's, from the mean of the first ranges on.

use rust_decimal::Decimal;

use super::gather::Ohlc;
use crate::domain::money::{Points, Price};

/// Places that an average keeps.
const PLACES: u32 = 8;

/// Wilder's average of true ranges.
#[derive(Clone, Debug)]
pub struct Wilder {
    length: u32,
    seen: u32,
    /// The sum of the first ranges, then their average.
    figure: Decimal,
    close: Option<Price>,
}

impl Wilder {
    /// Returns the measure over so many bars, at least one.
    pub fn new(length: u32) -> Self {
        Self {
            length: length.max(1),
            seen: 0,
            figure: Decimal::ZERO,
            close: None,
        }
    }

    /// Returns the measure after a bar whose close and average are known.
    pub fn knowing(length: u32, (close, atr): (Price, Points)) -> Self {
        let length = length.max(1);
        Self {
            length,
            seen: length,
            figure: atr.get(),
            close: Some(close),
        }
    }

    /// Takes a bar and returns the average after it, once there are enough.
    pub fn push(&mut self, bar: &Ohlc) -> Option<Points> {
        let range = true_range(bar, self.close);
        self.close = Some(bar.close);
        let length = Decimal::from(self.length);
        if self.seen >= self.length {
            let sum = self.figure * (length - Decimal::ONE) + range;
            self.figure = mean(sum, length)?;
            return Some(Points::new(self.figure));
        }
        self.seen += 1;
        self.figure += range;
        if self.seen < self.length {
            return None;
        }
        self.figure = mean(self.figure, length)?;
        Some(Points::new(self.figure))
    }
}

fn mean(sum: Decimal, count: Decimal) -> Option<Decimal> {
    sum.checked_div(count).map(|mean| mean.round_dp(PLACES))
}

/// Returns the range of a bar, the gap from the close before included.
fn true_range(bar: &Ohlc, before: Option<Price>) -> Decimal {
    let high = before.map_or(bar.high, |close| bar.high.max(close));
    let low = before.map_or(bar.low, |close| bar.low.min(close));
    high.distance(low).get()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn bar(open: i64, high: i64, low: i64, close: i64) -> Ohlc {
        let price = |price: i64| Price::new(price.into()).unwrap();
        Ohlc {
            at: DateTime::UNIX_EPOCH,
            open: price(open),
            high: price(high),
            low: price(low),
            close: price(close),
        }
    }

    #[test]
    fn the_first_average_is_a_mean_and_a_gap_counts() {
        let mut range = Wilder::new(2);
        let bars = [
            bar(100, 104, 98, 102),
            bar(102, 105, 101, 104),
            bar(110, 112, 108, 109),
        ];
        let ranges: Vec<Option<Decimal>> = bars
            .iter()
            .map(|bar| range.push(bar).map(Points::get))
            .collect();
        // 6 and 4 make 5; the gap to 112 makes a range of 8
        assert_eq!(ranges, [None, Some(5.into()), Some(Decimal::new(65, 1))]);
        let known = (bars[1].close, Points::new(5.into()));
        let after = Wilder::knowing(2, known).push(&bars[2]);
        assert_eq!(after, Some(Points::new(Decimal::new(65, 1))));
    }
}
