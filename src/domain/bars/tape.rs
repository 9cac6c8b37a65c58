//! Bars out of ticks: what the feed said of one contract, cut at the closes of its chart.
//!
//! The longest silence in a bar is kept beside its prices, the time to its first tick and from its
//! last one included: a bar in which nobody heard anything for long may have closed anywhere.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::gather::Ohlc;
use super::spans::Span;
use crate::domain::money::Price;

/// Closed bars that are kept: one is asked for soon after its close.
const KEPT: usize = 4;

/// The ticks of one contract.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    making: Option<Making>,
    made: VecDeque<(Span, Made)>,
}

/// A bar that ticks made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its prices.
    pub bar: Ohlc,
    /// How long the feed said nothing at most.
    pub silence: TimeDelta,
}

#[derive(Clone, Copy, Debug)]
struct Making {
    span: Span,
    bar: Ohlc,
    last: DateTime<Utc>,
    silence: TimeDelta,
}

impl Making {
    fn done(&self) -> Made {
        Made {
            bar: self.bar,
            silence: self.silence.max(self.span.to - self.last),
        }
    }
}

impl Tape {
    /// Returns the bar that ticks are gathered in now.
    pub fn span(&self) -> Option<Span> {
        self.making.map(|making| making.span)
    }

    /// Takes a tick of a bar; one of a bar that is over says nothing.
    pub fn push(&mut self, span: Span, (at, price): (DateTime<Utc>, Price)) {
        if !span.contains(at) {
            return;
        }
        match &mut self.making {
            Some(making) if making.span == span => {
                if at < making.last {
                    return;
                }
                making.silence = making.silence.max(at - making.last);
                making.last = at;
                making.bar.high = making.bar.high.max(price);
                making.bar.low = making.bar.low.min(price);
                making.bar.close = price;
            }
            Some(making) if making.span > span => {}
            Some(_) | None => self.begin(span, (at, price)),
        }
    }

    fn begin(&mut self, span: Span, (at, price): (DateTime<Utc>, Price)) {
        if let Some(before) = self.making.take() {
            self.made.push_back((before.span, before.done()));
            if self.made.len() > KEPT {
                self.made.pop_front();
            }
        }
        self.making = Some(Making {
            span,
            bar: Ohlc {
                at: span.from,
                open: price,
                high: price,
                low: price,
                close: price,
            },
            last: at,
            silence: at - span.from,
        });
    }

    /// Returns what ticks made of a bar that has closed; nothing when none was heard in it.
    pub fn made(&self, span: Span) -> Option<Made> {
        let making = self.making.filter(|making| making.span == span);
        let before = || self.made.iter().find(|(one, _)| *one == span);
        making
            .map(|making| making.done())
            .or_else(|| before().map(|(_, made)| *made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    fn span(from: i64) -> Span {
        Span {
            from: at(from),
            to: at(from + 60),
        }
    }

    fn price(price: i64) -> Price {
        Price::new(price.into()).unwrap()
    }

    fn told(ticks: &[(i64, i64)]) -> Tape {
        let mut tape = Tape::default();
        for (second, paid) in ticks {
            let begun = second.div_euclid(60) * 60;
            tape.push(span(begun), (at(*second), price(*paid)));
        }
        tape
    }

    #[test]
    fn ticks_make_a_bar_that_the_next_one_closes() {
        let tape = told(&[(0, 100), (20, 105), (40, 98), (59, 101), (60, 103)]);
        let made = tape.made(span(0)).unwrap();
        let prices = [made.bar.open, made.bar.high, made.bar.low, made.bar.close];
        assert_eq!(prices, [100, 105, 98, 101].map(price));
        assert_eq!(made.silence, TimeDelta::seconds(20));
        // the bar that is not over is told as it would close now
        assert_eq!(tape.made(span(60)).unwrap().silence, TimeDelta::seconds(60));
        assert_eq!(tape.made(span(120)), None);
    }

    #[test]
    fn silence_counts_from_the_open_and_to_the_close() {
        let silence =
            |ticks: &[(i64, i64)]| told(ticks).made(span(0)).unwrap().silence.num_seconds();
        assert_eq!(silence(&[(50, 100)]), 50);
        assert_eq!(silence(&[(5, 100), (10, 100)]), 50);
        assert_eq!(silence(&[(5, 100), (45, 100)]), 40);
    }

    #[test]
    fn a_tick_of_a_bar_that_is_over_changes_nothing() {
        let mut tape = told(&[(0, 100), (59, 101), (60, 103)]);
        tape.push(span(0), (at(59), price(200)));
        tape.push(span(60), (at(0), price(200)));
        assert_eq!(tape.made(span(0)).unwrap().bar.high, price(101));
        assert_eq!(tape.made(span(60)).unwrap().bar.high, price(103));
    }
}
