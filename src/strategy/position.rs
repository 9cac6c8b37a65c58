//! The layers a script believes in: opened at closes, trailed and left at closes.
//!
//! 1. A stop is asked first and moved afterwards; it only rises. One that rises to the close is met.
//! 2. The entry, the first risk and the count of adds belong to the position, not to its first layer.
#![expect(
    clippy::disallowed_types,
    clippy::float_arithmetic,
    reason = "follows indicators; what leaves is rounded by `on_tick`"
)]

use super::Parameters;
use super::indicators::float;

/// How much of a tick is no tick: what a division of floats leaves.
const CRUMB: f64 = 0.000_001;

/// A layer that is open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Held {
    /// The number in `Long_2`.
    pub(super) layer: u8,
    /// Its stop when it opened.
    pub(super) first: f64,
    /// Its stop now.
    pub(super) stop: f64,
    /// The highest close since it opened.
    pub(super) top: f64,
}

/// A position.
#[derive(Clone, Debug)]
pub(super) struct Position {
    layers: Vec<Held>,
    base: f64,
    base_stop: f64,
    last: f64,
    adds: u8,
}

/// How layers are opened and trailed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ladder {
    initial: f64,
    trailing: f64,
    spacing: f64,
    adds_max: u8,
    tick: f64,
}

impl Ladder {
    pub(super) fn new(parameters: &Parameters, tick: f64) -> Self {
        let limits = &parameters.limits;
        Self {
            initial: float(limits.initial_atr.get()),
            trailing: float(limits.trailing_atr.get()),
            spacing: float(limits.spacing.get()),
            adds_max: u8::try_from(limits.max_adds).unwrap_or(u8::MAX),
            tick,
        }
    }

    /// Returns the first stop of a layer that opens at a close, if there is room for one.
    pub(super) fn first_stop(&self, close: f64, atr: f64) -> Option<f64> {
        let stop = self.tick_up(close - self.initial * atr);
        (stop < close && stop > 0.0).then_some(stop)
    }

    /// Returns the tick at or above a price: the side that risks less.
    fn tick_up(&self, price: f64) -> f64 {
        (price / self.tick - CRUMB).ceil() * self.tick
    }
}

impl Position {
    /// Returns a position that opens at a close.
    pub(super) fn open(close: f64, stop: f64) -> Self {
        Self {
            layers: vec![Held::new(1, close, stop)],
            base: close,
            base_stop: stop,
            last: close,
            adds: 0,
        }
    }

    /// Judges every layer at a closed bar, and returns those that met their stop.
    pub(super) fn judge(&mut self, ladder: &Ladder, (close, atr): (f64, f64)) -> Vec<Held> {
        let mut met = Vec::new();
        self.layers.retain_mut(|held| {
            let stays = close > held.stop && {
                held.top = held.top.max(close);
                let trailed = ladder.tick_up(held.top - ladder.trailing * atr);
                held.stop = held.stop.max(trailed);
                close > held.stop
            };
            if !stays {
                met.push(*held);
            }
            stays
        });
        met
    }

    /// Returns whether an add is due: more than one R is earned, far enough from the last entry.
    pub(super) fn add_due(&self, ladder: &Ladder, (close, atr): (f64, f64)) -> bool {
        self.base_is_open()
            && self.adds < ladder.adds_max
            && close - self.base > self.base - self.base_stop
            && close - self.last >= ladder.spacing * atr
    }

    /// Opens a further layer at a close and returns its number.
    pub(super) fn add(&mut self, close: f64, stop: f64) -> u8 {
        self.adds = self.adds.saturating_add(1);
        self.last = close;
        let layer = self.adds.saturating_add(1);
        self.layers.push(Held::new(layer, close, stop));
        layer
    }

    pub(super) const fn is_flat(&self) -> bool {
        self.layers.is_empty()
    }

    fn base_is_open(&self) -> bool {
        self.layers.iter().any(|held| held.layer == 1)
    }
}

impl Held {
    const fn new(layer: u8, close: f64, stop: f64) -> Self {
        Self {
            layer,
            first: stop,
            stop,
            top: close,
        }
    }
}
