//! What our own script says over bars, as signals: for bars without a list of trades.
//!
//! 1. It is the script that `torana pine` renders: the same bars make the same alerts on a chart.
//! 2. What it says depends on bars alone. The core sizes it, judges it and holds the position, as it
//!    does with alerts that really come.
//! 3. A signal is of the last moment of its bar in which the market is surely open.

use chrono::NaiveDate;

use super::assume::From;
use super::bars::Bars;
use super::drive::JUST_BEFORE;
use super::measure::candle;
use super::signals::{SOURCE, Said, Script, cause};
use crate::domain::instrument::InstrumentIx;
use crate::domain::market::Tick;
use crate::domain::money::{Points, Ratio};
use crate::domain::order::Direction;
use crate::domain::rules::Rules;
use crate::domain::signal::{Ask, Layer, Signal, Which};
use crate::strategy::{Alert, Entry, Message, Parameters, Signals, Trader};

/// A script and the chart it stands on.
#[derive(Clone, Debug)]
pub struct Scripted {
    /// Its figures.
    pub parameters: Parameters,
    /// The tick of the chart.
    pub tick: Tick,
}

impl Scripted {
    /// Returns the script of an instrument on a chart of these bars; nothing where it has none.
    pub fn new(
        (signals, rules): (&Signals, &Rules),
        instrument: InstrumentIx,
        bars: &Bars,
    ) -> Option<Self> {
        let known = rules.instruments.get(instrument)?;
        let ticks = &known.spec(NaiveDate::MAX)?.ticks;
        let newest = bars.all.last()?.close;
        Some(Self {
            parameters: Parameters::new(signals, rules, &known.name)?,
            tick: ticks.at(newest),
        })
    }
}

/// Returns what the script says over these bars.
pub fn scripted(script: &Scripted, instrument: InstrumentIx, bars: &Bars) -> Script {
    let mut trader = Trader::new(&script.parameters, script.tick);
    let mut made = Script::default();
    for bar in &bars.all {
        for alert in trader.close(&candle(bar)) {
            let number = u32::try_from(made.said.len()).unwrap_or(u32::MAX);
            let Some((ask, entry, rank)) = asked(&alert) else {
                continue;
            };
            if entry.is_some() {
                made.notes.count((From::Bars, From::Bars, true), 1);
            }
            let signal = Signal {
                id: cause(&script.parameters.instrument, "script", number),
                source: SOURCE,
                ask,
                instrument,
                contract: None,
                product: None,
                price: Some(alert.price),
                stop: entry.map(|entry| entry.stop),
                target: None,
                atr: entry.map(|entry| Points::new(entry.sight.atr)),
                er: entry.map(|entry| Ratio::new(entry.sight.er)),
                at: bar.at.max(bar.end - JUST_BEFORE),
                bar: None,
                opened_before: None,
                id_reused: false,
                profile: None,
            };
            made.said.push(Said {
                signal,
                price: alert.price,
                rank,
            });
        }
    }
    made
}

/// Returns what an alert asks for; nothing where it only tells what it sees.
fn asked(alert: &Alert) -> Option<(Ask, Option<&Entry>, u8)> {
    let direction = Direction::Long;
    match &alert.message {
        Message::Base(entry) => {
            let layer = Layer(entry.layer);
            Some((Ask::Enter { direction, layer }, Some(entry), 1))
        }
        Message::Add(entry) => {
            let layer = Layer(entry.layer);
            Some((Ask::Add { direction, layer }, Some(entry), 2))
        }
        Message::Exit(exit) => {
            let which = Which::Layer(direction, Layer(exit.layer));
            Some((Ask::Exit(which), None, 0))
        }
        Message::Look(..) | Message::Bar(_) => None,
    }
}
