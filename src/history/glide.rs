//! Bars in which nothing happens but that stops follow: walked through together, the same facts
//! sooner.
//!
//! 1. What is left out are the questions whose answer is known to be nothing (`Calm`). Prices,
//!    marks and facts are shown to the witness as if each had been asked.
//! 2. The first bar in which more may happen ends it; one of which only the close says more is asked
//!    for everything there.

use chrono::{DateTime, Utc};

use super::bars::Bar;
use super::drive::{Steps, closed, path};
use super::world::{Witness, World};
use crate::domain::decide::Calm;
use crate::domain::input::Input;
use crate::domain::instrument::InstrumentIx;

/// How many bars a stretch has at least that is worth looking for.
const BARS_MIN: usize = 2;

impl<W: Witness> World<'_, W> {
    /// Walks, from the moment the first of them opens, through bars of an instrument for as long as
    /// they only move prices and stops and end before something else happens; returns how many. What
    /// the last of them leads to at its close may be more.
    pub fn glide(
        &mut self,
        instrument: InstrumentIx,
        bars: &[Bar],
        before: Option<DateTime<Utc>>,
    ) -> usize {
        let alone = |bar: &&Bar| before.is_none_or(|at| bar.end < at);
        if self.is_busy() || bars.iter().take(BARS_MIN).filter(alone).count() < BARS_MIN {
            return 0;
        }
        let Some(mut calm) = Calm::begin(self.book(), self.rules(), instrument, self.now()) else {
            return 0;
        };
        let (mut facts, mut steps) = (Vec::new(), None);
        let mut walked = 0;
        for bar in bars.iter().take_while(alone) {
            let of_bar = Steps::next(steps, bar);
            if !self.walk(&calm, instrument, (bar, &of_bar)) {
                break;
            }
            steps = Some(of_bar);
            walked += 1;
            let ended = closed(instrument, bar);
            if !calm.bar(self.book(), (&ended, bar.end), &mut facts) {
                self.take(&Input::Bar(Box::new(ended)));
                break;
            }
            self.pulse.beats(bar.end);
            self.fold(&facts);
            self.forget();
        }
        walked
    }

    /// Moves the price through a bar to its end, where that does no more; else moves nothing.
    fn walk(
        &mut self,
        calm: &Calm<'_>,
        instrument: InstrumentIx,
        (bar, steps): (&Bar, &Steps),
    ) -> bool {
        let inside = [bar.open, bar.high, bar.low, bar.close];
        let inside = inside.into_iter().all(|price| calm.holds(price));
        if bar.at < self.now() || !calm.lasts(bar.end) || !inside {
            return false;
        }
        let held = calm.direction();
        if self.forgets_before(bar.end) {
            for step in steps.after {
                self.reach(bar.at + step);
            }
        }
        if let Some(direction) = held {
            self.pulse = self.pulse.through(bar.at, steps.nanoseconds);
            let [open, worse, better, _] = path(bar, direction);
            for price in [open, worse, better] {
                self.witness.price(instrument, price);
            }
        }
        self.mark(instrument, bar.close);
        self.reach(bar.end);
        self.refresh();
        true
    }
}
