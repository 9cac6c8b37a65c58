//! A run from files to what it came to.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::assume::{Assume, Notes};
use super::bars::Bars;
use super::drive::{Plan, Series, clock, drive, said_at_close, to_close};
use super::export::Export;
use super::outcome::Outcome;
use super::prepare::{Traded, prepare};
use super::scripted::{Scripted, scripted};
use super::signals::{Excursions, Listed, Script, script};
use super::tally::{Listener, Tally};
use super::world::{Start, World};
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::{Money, Points};
use crate::domain::order::Exchange;
use crate::domain::rules::Rules;

/// What was read of one instrument.
#[derive(Clone, Debug)]
pub struct Given {
    /// Of what.
    pub instrument: InstrumentIx,
    /// Lists of trades.
    pub exports: Vec<Export>,
    /// Bars.
    pub bars: Option<Bars>,
    /// Our own script, where it is what trades these bars.
    pub script: Option<Scripted>,
}

/// How a run is made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The capital.
    pub capital: Money,
    /// What stands in for what no file says.
    pub assume: Assume,
    /// How many ticks worse than the last price an order trades.
    pub slippage: Decimal,
}

/// A run that is ready to be made: everything that happens, and the rules.
pub struct Ready {
    /// The rules of the run.
    pub rules: Rules,
    /// What was taken from where.
    pub notes: Notes,
    /// Days on which an exchange traded outside of the hours that the calendar knows.
    pub added_days: BTreeMap<Exchange, usize>,
    /// Instruments whose prices come from bars.
    pub barred: BTreeSet<InstrumentIx>,
    /// Lists whose signals are stamped with the opening of the bar at whose close they were made.
    pub at_close: usize,
    given: Vec<Given>,
    said: Vec<super::signals::Said>,
    excursions: Excursions,
    settings: Settings,
}

impl Ready {
    /// Makes a run ready: lists become signals, bars are kept inside of their sessions.
    pub fn new(rules: &Rules, given: Vec<Given>, settings: Settings) -> Self {
        let mut given = given;
        let exchange = |instrument| {
            let found = rules.instruments.get(instrument);
            found.map_or(Exchange::Nse, |one| one.exchange)
        };
        let traded: Traded = given
            .iter()
            .flat_map(|one| stamps(one).map(|at| (exchange(one.instrument), at)))
            .collect();
        let with_bars = given.iter().any(|one| one.bars.is_some());
        let prepared = prepare(rules.clone(), &traded, with_bars);
        for one in &mut given {
            if let Some(bars) = &mut one.bars {
                bars.within(&prepared.rules.calendar, exchange(one.instrument));
            }
        }
        let mut ready = Self {
            rules: prepared.rules,
            notes: Notes::default(),
            added_days: prepared.added_days,
            barred: BTreeSet::new(),
            at_close: 0,
            said: Vec::new(),
            excursions: Excursions::new(),
            given: Vec::new(),
            settings,
        };
        for one in &given {
            ready.read(one);
        }
        ready.said.sort_by_key(|said| (said.signal.at, said.rank));
        ready.given = given;
        ready
    }

    fn read(&mut self, given: &Given) {
        let name = self.rules.instruments.get(given.instrument);
        let name = name.map_or_else(String::new, |one| one.name.clone());
        if given.bars.is_some() {
            self.barred.insert(given.instrument);
        }
        for export in &given.exports {
            let listed = Listed {
                export,
                instrument: given.instrument,
                name: &name,
            };
            let atr = |at: DateTime<Utc>| -> Option<Points> { given.bars.as_ref()?.at(at)?.atr };
            let mut read = script(listed, &self.settings.assume, &atr);
            if let Some(bars) = &given.bars
                && said_at_close(&read.said, bars)
            {
                to_close(&mut read.said, bars);
                self.at_close += 1;
            }
            self.hear(read);
        }
        if let (Some(script), Some(bars)) = (&given.script, &given.bars) {
            self.hear(scripted(script, given.instrument, bars));
        }
    }

    fn hear(&mut self, read: Script) {
        self.notes.add(&read.notes);
        self.said.extend(read.said);
        self.excursions.extend(read.excursions);
    }

    /// Returns what it is of.
    pub fn instruments(&self) -> impl Iterator<Item = InstrumentIx> {
        self.given.iter().map(|one| one.instrument)
    }

    /// Returns the first and the last moment.
    pub fn span(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let said = self.said.iter().map(|said| said.signal.at);
        let bars = self.given.iter().filter_map(|one| one.bars.as_ref());
        let bars = bars.flat_map(|bars| {
            let (first, last) = (bars.all.first(), bars.all.last());
            [first.map(|bar| bar.at), last.map(|bar| bar.end)]
        });
        let all = said.chain(bars.flatten());
        all.clone().min().zip(all.max())
    }

    /// Returns how many things happen.
    pub fn len(&self) -> usize {
        self.plan(None).len()
    }

    /// Returns whether nothing happens.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn plan(&self, span: Option<(DateTime<Utc>, DateTime<Utc>)>) -> Plan<'_> {
        let series = self.given.iter().filter_map(|one| {
            Some(Series {
                instrument: one.instrument,
                bars: one.bars.as_ref()?,
            })
        });
        let unbarred = self.given.iter().filter(|one| one.bars.is_none());
        let exchanges: BTreeSet<Exchange> = unbarred
            .filter_map(|one| self.rules.instruments.get(one.instrument))
            .map(|one| one.exchange)
            .collect();
        Plan {
            said: self.said.clone(),
            series: series.collect(),
            clock: span.map_or_else(Vec::new, |span| {
                clock(&self.rules.calendar, &exchanges, span)
            }),
            glides: true,
        }
    }

    /// Makes the run under these rules. `told` hears how many things have happened.
    pub fn run(
        &self,
        rules: &Rules,
        listener: Option<Listener<'_>>,
        told: &mut dyn FnMut(usize),
    ) -> Outcome {
        let Some(span) = self.span() else {
            return Outcome::default();
        };
        let start = Start {
            capital: self.settings.capital,
            at: span.0,
            slippage: self.settings.slippage,
            barred: self.barred.clone(),
        };
        let tally = Tally::told(self.settings.capital, listener);
        let mut world = World::new(rules, start, tally);
        drive(&mut world, &self.plan(Some(span)), told);
        let (tally, desk) = world.end();
        tally.finish(desk.seen(rules), &self.excursions)
    }
}

/// Returns the moments at which something traded.
fn stamps(given: &Given) -> impl Iterator<Item = DateTime<Utc>> {
    let trades = given.exports.iter().flat_map(|export| &export.trades);
    let sides = trades.flat_map(|trade| [Some(&trade.entry), trade.exit.as_ref()]);
    let sides = sides.flatten().map(|side| side.at);
    let bars = given.bars.iter().flat_map(|bars| &bars.all);
    // A bar of a whole day is stamped with its date, not with when it traded.
    let whole = chrono::TimeDelta::hours(24);
    let is_whole = given.bars.as_ref().is_some_and(|bars| bars.length >= whole);
    let bars = bars.filter(move |_| !is_whole).map(|bar| bar.at);
    sides.filter(move |_| !is_whole).chain(bars)
}
