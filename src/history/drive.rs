//! Signals and bars in order of time, through a world.
//!
//! 1. Of one moment, bars end before bars open, the clock comes next, and signals last.
//! 2. Inside a bar the price goes from its open to the extreme that hurts what is held, to the other
//!    one, and to its close; each level in between is passed, none is jumped but by the open.
//! 3. A bar of what is not held is not walked through: only its last price is kept.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::bars::{Bar, Bars};
use super::pulse::nanoseconds;
use super::signals::Said;
use super::world::{Witness, World};
use crate::domain::book::Book;
use crate::domain::calendar::{Calendar, exchange_day, passed};
use crate::domain::input::Input;
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::Price;
use crate::domain::order::{Direction, Exchange, Pricing};
use crate::domain::rules::{Rules, StopHitOn};
use crate::domain::signal::{self, BarFrom};

/// The last moment of a bar in which its market is surely open.
pub(super) const JUST_BEFORE: TimeDelta = TimeDelta::seconds(1);

/// How long before a close the clock looks once more.
const BEFORE_CLOSE: TimeDelta = TimeDelta::minutes(1);

/// The steps of one bar: open, one extreme, the other, close, and its end.
const STEPS: u8 = 5;

/// The bars of one instrument.
#[derive(Clone, Copy)]
pub struct Series<'a> {
    /// Of what.
    pub instrument: InstrumentIx,
    /// Its bars.
    pub bars: &'a Bars,
}

/// Everything that happens.
pub struct Plan<'a> {
    /// Signals, in order of time and rank.
    pub said: Vec<Said>,
    /// Bars.
    pub series: Vec<Series<'a>>,
    /// Moments at which the clock alone matters, in order.
    pub clock: Vec<DateTime<Utc>>,
    /// Whether bars in which nothing happens are walked through together.
    pub glides: bool,
}

/// What is next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Ends(usize),
    Walks(usize),
    Clock,
    Said,
}

impl Plan<'_> {
    /// Returns how many things happen: bars and signals.
    pub fn len(&self) -> usize {
        let bars = self.series.iter().map(|one| one.bars.all.len());
        bars.sum::<usize>() + self.said.len()
    }

    /// Returns whether nothing happens.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the first moment.
    pub fn begins(&self) -> Option<DateTime<Utc>> {
        let bars = self.series.iter().filter_map(|one| one.bars.all.first());
        let said = self.said.first().map(|said| said.signal.at);
        bars.map(|bar| bar.at).chain(said).min()
    }
}

/// Returns the moments at which exchanges open and are about to close, between two others.
pub fn clock(
    calendar: &Calendar,
    exchanges: &BTreeSet<Exchange>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Vec<DateTime<Utc>> {
    let (first, last) = (exchange_day(from), exchange_day(to));
    let days = first.iter_days().take_while(|day| *day <= last);
    let moments: BTreeSet<DateTime<Utc>> = days
        .flat_map(|day| exchanges.iter().map(move |exchange| (*exchange, day)))
        .flat_map(|(exchange, day)| {
            let close = calendar.close_of(exchange, day);
            [
                calendar.open_of(exchange, day),
                close.map(|close| close - BEFORE_CLOSE),
            ]
        })
        .flatten()
        .filter(|at| *at >= from && *at <= to)
        .collect();
    moments.into_iter().collect()
}

/// Returns whether the prices of signals are those at which bars close, rather than open: what most
/// of them are nearer to.
pub fn said_at_close(said: &[Said], bars: &Bars) -> bool {
    let mut votes = (0_usize, 0_usize);
    for one in said {
        if let Some(bar) = bars.at(one.signal.at) {
            let to_close = bar.close.distance(one.price);
            let to_open = bar.open.distance(one.price);
            votes.0 += usize::from(to_close <= to_open);
            votes.1 += 1;
        }
    }
    votes.0 * 2 >= votes.1
}

/// Moves signals that are stamped with the opening of their bar to the moment before it closes.
pub fn to_close(said: &mut [Said], bars: &Bars) {
    for one in said {
        if let Some(bar) = bars.at(one.signal.at) {
            one.signal.at = one.signal.at.max(bar.end - JUST_BEFORE);
        }
    }
}

/// Lets everything happen. `told` hears how many things have.
pub fn drive<W: Witness>(world: &mut World<'_, W>, plan: &Plan<'_>, told: &mut dyn FnMut(usize)) {
    let mut cursor = Cursor {
        plan,
        said: 0,
        clock: 0,
        bars: vec![(0, 0); plan.series.len()],
    };
    let mut happened = 0;
    while let Some((at, next)) = cursor.next() {
        world.pass(at);
        match next {
            Next::Clock => {
                cursor.clock += 1;
                world.look();
            }
            Next::Said => {
                if let Some(said) = plan.said.get(cursor.said) {
                    world.mark(said.signal.instrument, said.price);
                    world.take(&Input::Signal(Box::new(said.signal.clone())));
                }
                cursor.said += 1;
                happened += 1;
            }
            Next::Walks(series) | Next::Ends(series) => {
                happened += match cursor.glide(world, series) {
                    0 => usize::from(cursor.bar(world, series)),
                    bars => bars,
                };
            }
        }
        told(happened);
    }
}

struct Cursor<'a, 'p> {
    plan: &'a Plan<'p>,
    said: usize,
    clock: usize,
    /// The bar each series is in, and how many of its steps are done.
    bars: Vec<(usize, u8)>,
}

impl Cursor<'_, '_> {
    fn next(&self) -> Option<(DateTime<Utc>, Next)> {
        self.coming(None).min()
    }

    /// Returns what comes next of everything, or of all but one series.
    fn coming(&self, without: Option<usize>) -> impl Iterator<Item = (DateTime<Utc>, Next)> {
        let bars = self.bars.iter().enumerate();
        let bars = bars.filter(move |(series, _)| Some(*series) != without);
        let bars = bars.filter_map(|(series, done)| {
            let bar = self.plan.series.get(series)?.bars.all.get(done.0)?;
            let next = if done.1 + 1 == STEPS {
                Next::Ends(series)
            } else {
                Next::Walks(series)
            };
            Some((moment(bar, done.1), next))
        });
        let clock = self.plan.clock.get(self.clock).map(|at| (*at, Next::Clock));
        let said = self.plan.said.get(self.said);
        let said = said.map(|said| (said.signal.at, Next::Said));
        bars.chain(clock).chain(said)
    }

    /// Walks through bars in which nothing happens, from the beginning of one; returns how many.
    fn glide<W: Witness>(&mut self, world: &mut World<'_, W>, place: usize) -> usize {
        let (Some(series), Some((bar, 0))) = (self.plan.series.get(place), self.bars.get(place))
        else {
            return 0;
        };
        let bars = series.bars.all.get(*bar..).unwrap_or_default();
        if !self.plan.glides {
            return 0;
        }
        let before = self.coming(Some(place)).map(|(at, _)| at).min();
        let walked = world.glide(series.instrument, bars, before);
        if let Some(done) = self.bars.get_mut(place) {
            done.0 += walked;
        }
        walked
    }

    /// Takes the next step of a bar; returns whether it was the last.
    fn bar<W: Witness>(&mut self, world: &mut World<'_, W>, place: usize) -> bool {
        let (Some(series), Some(done)) = (self.plan.series.get(place), self.bars.get_mut(place))
        else {
            return false;
        };
        let Some(bar) = series.bars.all.get(done.0) else {
            return false;
        };
        let held = direction(world.book(), series.instrument);
        match (done.1, held) {
            (step, _) if step + 1 == STEPS => {
                *done = (done.0 + 1, 0);
                world.take(&Input::Bar(Box::new(closed(series.instrument, bar))));
                return true;
            }
            (3, None) => world.mark(series.instrument, bar.close),
            (_, None) => {}
            (step, Some(direction)) => {
                let walk = Walk {
                    instrument: series.instrument,
                    jumps: step == 0,
                };
                let path = path(bar, direction);
                walk.to(
                    world,
                    path.get(usize::from(step)).copied().unwrap_or(bar.close),
                );
            }
        }
        done.1 += 1;
        false
    }
}

/// Returns when a step of a bar is.
pub(super) fn moment(bar: &Bar, step: u8) -> DateTime<Utc> {
    let steps = || Steps::of(passed(bar.at, bar.end));
    match step {
        0 => bar.at,
        4.. => bar.end,
        step => {
            let after = steps().after.get(usize::from(step)).copied();
            bar.at + after.unwrap_or_default()
        }
    }
}

/// How long after its opening each step of a bar but its end is: the same for all of one length.
#[derive(Clone, Copy)]
pub(super) struct Steps {
    length: TimeDelta,
    /// Of open, both extremes and close.
    pub(super) after: [TimeDelta; 4],
    /// The same.
    pub(super) nanoseconds: [i64; 4],
}

impl Steps {
    fn of(length: TimeDelta) -> Self {
        let third = length.checked_div(3).unwrap_or_default();
        let after = [
            TimeDelta::zero(),
            third,
            third + third,
            length - JUST_BEFORE,
        ];
        Self {
            length,
            after,
            nanoseconds: after.map(nanoseconds),
        }
    }

    /// Returns those of a bar, given those of the one before.
    pub(super) fn next(before: Option<Self>, bar: &Bar) -> Self {
        let length = passed(bar.at, bar.end);
        before
            .filter(|known| known.length == length)
            .unwrap_or_else(|| Self::of(length))
    }
}

/// Returns where the price goes step by step: first where it hurts.
pub(super) const fn path(bar: &Bar, held: Direction) -> [Price; 4] {
    let (worse, better) = match held {
        Direction::Long => (bar.low, bar.high),
        Direction::Short => (bar.high, bar.low),
    };
    [bar.open, worse, better, bar.close]
}

/// Returns which way an instrument is held, or about to be.
fn direction(book: &Book, instrument: InstrumentIx) -> Option<Direction> {
    let held = book.position_in(instrument).map(|one| one.direction);
    held.or_else(|| {
        let mut works = book.open_intents();
        let works = works.find(|intent| intent.contract.instrument == instrument);
        works.map(|intent| intent.direction)
    })
}

/// Returns a bar as it closes.
pub(super) const fn closed(instrument: InstrumentIx, bar: &Bar) -> signal::Bar {
    signal::Bar {
        from: BarFrom::History,
        instrument,
        contract: None,
        opened_at: Some(bar.at),
        at: bar.end,
        close: bar.close,
        atr: bar.atr,
    }
}

/// A way of a price.
struct Walk {
    instrument: InstrumentIx,
    jumps: bool,
}

impl Walk {
    fn to<W: Witness>(&self, world: &mut World<'_, W>, to: Price) {
        let from = world.price_of(self.instrument).filter(|_| !self.jumps);
        let mut from = from.unwrap_or(to);
        while let Some(level) = self.level(world, (from, to)) {
            world.trade(self.instrument, level);
            from = level;
        }
        world.trade(self.instrument, to);
    }

    /// Returns the nearest level strictly between two prices.
    fn level<W: Witness>(&self, world: &World<'_, W>, (from, to): (Price, Price)) -> Option<Price> {
        let seen = world.seen();
        let levels = levels(seen.book, seen.rules, self.instrument);
        let mut between =
            levels.filter(|level| (from < *level && *level < to) || (to < *level && *level < from));
        let first = between.next()?;
        Some(between.fold(first, |nearest, level| {
            if level.distance(from) < nearest.distance(from) {
                level
            } else {
                nearest
            }
        }))
    }
}

/// Returns the prices at which something happens to what is held of an instrument: stops where
/// they are judged by price, targets, and what triggers an order at the broker.
fn levels<'a>(
    book: &'a Book,
    rules: &'a Rules,
    instrument: InstrumentIx,
) -> impl Iterator<Item = Price> + 'a {
    let by_price = rules.stops.hit_on == StopHitOn::Tick;
    let legs = book.legs.values();
    let legs = legs.filter(move |leg| leg.is_open() && leg.contract.instrument == instrument);
    let stops = legs.flat_map(move |leg| {
        let stop = Some(leg.stop).filter(|_| by_price);
        // Where breakeven pulls it to its entry.
        [stop, leg.target, leg.earned().filter(|_| by_price)]
    });
    let orders = book
        .live_orders()
        .filter(move |order| order.contract.instrument == instrument);
    let triggers = orders.filter_map(|order| match order.pricing {
        Some(Pricing::StopLimit { trigger, .. }) => Some(trigger),
        Some(Pricing::Limit(limit)) => Some(limit),
        Some(Pricing::Market) | None => None,
    });
    stops.flatten().chain(triggers)
}
