//! What a contract has cost since the simulator began, for its history.
//!
//! A stretch in which nothing moved costs what the one before it did: the floor trades with us at any
//! moment, so that every bar has a price. What lies before the tape is for others to imagine.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::prices::Bar;

/// Seconds that are kept: a quarter of an hour.
const SECONDS_MAX: usize = 900;

/// Minutes that are kept: a day and a bit.
const MINUTES_MAX: usize = 1500;

/// The prices of one contract, by the second and by the minute.
#[derive(Clone, Debug)]
pub(super) struct Tape {
    seconds: Reel,
    minutes: Reel,
}

#[derive(Clone, Debug)]
struct Reel {
    step: i64,
    most: usize,
    bars: VecDeque<Bar>,
}

impl Default for Tape {
    fn default() -> Self {
        let reel = |step, most| Reel {
            step,
            most,
            bars: VecDeque::new(),
        };
        Self {
            seconds: reel(1, SECONDS_MAX),
            minutes: reel(60, MINUTES_MAX),
        }
    }
}

impl Tape {
    /// Takes a price.
    pub(super) fn push(&mut self, at: DateTime<Utc>, price: Decimal) {
        self.seconds.push(at, price);
        self.minutes.push(at, price);
    }

    /// Returns the bar that began then and is so many seconds long; nothing where the tape began
    /// only after it.
    pub(super) fn bar(&self, from: DateTime<Utc>, length_s: i64) -> Option<Bar> {
        let reel = if length_s < self.minutes.step {
            &self.seconds
        } else {
            &self.minutes
        };
        reel.bar(from, from.checked_add_signed(TimeDelta::seconds(length_s))?)
    }
}

impl Reel {
    fn push(&mut self, at: DateTime<Utc>, price: Decimal) {
        let begun = at.timestamp() - at.timestamp().rem_euclid(self.step);
        let Some(begun) = DateTime::from_timestamp(begun, 0) else {
            return;
        };
        match self.bars.back_mut() {
            Some(bar) if bar.at >= begun => bar.take(price),
            before => {
                // it opens where the one before it closed
                let open = before.map_or(price, |bar| bar.close);
                self.bars.push_back(Bar {
                    at: begun,
                    open,
                    high: open.max(price),
                    low: open.min(price),
                    close: price,
                });
                if self.bars.len() > self.most {
                    self.bars.pop_front();
                }
            }
        }
    }

    fn bar(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Bar> {
        let first = self.bars.partition_point(|bar| bar.at < from);
        let mut inside = self.bars.range(first..).take_while(|bar| bar.at < to);
        let Some(begins) = inside.next() else {
            let before = self.bars.get(first.checked_sub(1)?)?.close;
            return Some(Bar {
                at: from,
                open: before,
                high: before,
                low: before,
                close: before,
            });
        };
        let mut whole = Bar {
            at: from,
            ..*begins
        };
        for bar in inside {
            whole.take(bar.high);
            whole.take(bar.low);
            whole.take(bar.close);
        }
        Some(whole)
    }
}

impl Bar {
    fn take(&mut self, price: Decimal) {
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        self.close = price;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    #[test]
    fn a_tape_is_cut_into_bars_and_stands_still_where_nothing_moved() {
        let mut tape = Tape::default();
        for (second, price) in [(61, 100), (63, 104), (64, 99), (129, 101)] {
            tape.push(at(second), price.into());
        }
        let bar = |from, length| {
            tape.bar(at(from), length)
                .map(|bar| [bar.open, bar.high, bar.low, bar.close])
        };
        let whole = |prices: [i64; 4]| Some(prices.map(Decimal::from));
        assert_eq!(bar(60, 60), whole([100, 104, 99, 99]));
        assert_eq!(bar(120, 60), whole([99, 101, 99, 101]));
        assert_eq!(bar(60, 5), whole([100, 104, 99, 99]));
        assert_eq!(bar(65, 5), whole([99, 99, 99, 99]));
        assert_eq!(bar(180, 900), whole([101, 101, 101, 101]));
        assert_eq!(bar(0, 60), None);
    }
}
