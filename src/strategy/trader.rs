//! Scout and Strategy of one instrument, over closed bars.
#![expect(
    clippy::disallowed_types,
    reason = "carries readings from the indicators to the alerts"
)]

use chrono::{DateTime, Utc};

use super::alert::{Alert, Entry, Exit, Message, Sight, on_tick};
use super::indicators::float;
use super::position::{Held, Ladder, Position};
use super::{Candle, Conditions, Indicators, Parameters, Readings, Thresholds};
use crate::domain::market::Tick;

/// What both scripts know of a chart.
#[derive(Clone, Debug)]
pub struct Trader {
    indicators: Indicators,
    thresholds: Thresholds,
    ladder: Ladder,
    tick: Tick,
    /// Bars still to pass before the first signal.
    warming: u32,
    position: Option<Position>,
}

impl Trader {
    /// Returns what they know of a chart without bars; the tick is the chart's.
    pub fn new(parameters: &Parameters, tick: Tick) -> Self {
        Self {
            indicators: Indicators::new(parameters),
            thresholds: Thresholds::new(parameters),
            ladder: Ladder::new(parameters, float(tick.get())),
            tick,
            warming: parameters.warmup(),
            position: None,
        }
    }

    /// Takes a closed bar and returns the alerts of the Strategy, then that of the Scout.
    pub fn close(&mut self, bar: &Candle) -> Vec<Alert> {
        let mut said = Vec::new();
        if let Some(readings) = self.known(bar) {
            self.trade(bar, &readings, &mut said);
            let sight = Sight::of(&readings, self.tick);
            said.extend(sight.map(Message::Bar));
        }
        let alert = |message| self.alert(bar, bar.closed_at, message);
        said.into_iter().filter_map(alert).collect()
    }

    /// Returns what the Scout says of a bar that is still open.
    pub fn look(&self, bar: &Candle, at: DateTime<Utc>) -> Option<Alert> {
        let readings = self.clone().known(bar)?;
        let sight = Sight::of(&readings, self.tick)?;
        let conditions = Conditions::at(&self.thresholds, bar, &readings);
        self.alert(bar, at, Message::Look(sight, conditions))
    }

    /// Returns the readings at a bar, once enough bars passed.
    fn known(&mut self, bar: &Candle) -> Option<Readings> {
        let readings = self.indicators.push(bar);
        if self.warming > 0 {
            self.warming = self.warming.saturating_sub(1);
            return None;
        }
        readings
    }

    fn trade(&mut self, bar: &Candle, readings: &Readings, said: &mut Vec<Message>) {
        let at = (bar.close, readings.atr);
        let Some(mut position) = self.position.take() else {
            said.extend(self.enter(bar, readings));
            return;
        };
        let met = position.judge(&self.ladder, at);
        said.extend(met.iter().filter_map(|held| self.exit(held)));
        // on a bar that took something out, nothing is added
        let due = met.is_empty()
            && position.add_due(&self.ladder, at)
            && self.thresholds.roc_passes(readings.roc);
        if let Some(stop) = self.ladder.first_stop(bar.close, readings.atr)
            && due
        {
            let layer = position.add(bar.close, stop);
            said.extend(self.entry(layer, stop, readings).map(Message::Add));
        }
        self.position = Some(position).filter(|position| !position.is_flat());
    }

    fn enter(&mut self, bar: &Candle, readings: &Readings) -> Option<Message> {
        let conditions = Conditions::at(&self.thresholds, bar, readings);
        let stop = self.ladder.first_stop(bar.close, readings.atr)?;
        if !conditions.long_entry {
            return None;
        }
        self.position = Some(Position::open(bar.close, stop));
        self.entry(1, stop, readings).map(Message::Base)
    }

    fn entry(&self, layer: u8, stop: f64, readings: &Readings) -> Option<Entry> {
        Some(Entry {
            layer,
            stop: on_tick(stop, self.tick)?,
            sight: Sight::of(readings, self.tick)?,
        })
    }

    fn exit(&self, held: &Held) -> Option<Message> {
        Some(Message::Exit(Exit {
            layer: held.layer,
            stop: on_tick(held.stop, self.tick)?,
            top: on_tick(held.top, self.tick)?,
            trailed: held.stop > held.first,
        }))
    }

    fn alert(&self, bar: &Candle, at: DateTime<Utc>, message: Message) -> Option<Alert> {
        Some(Alert {
            bar: bar.opened_at,
            at,
            price: on_tick(bar.close, self.tick)?,
            message,
        })
    }
}
