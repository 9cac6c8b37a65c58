//! The broker's house: floor, prices, journal and faults behind one lock.
//!
//! 1. [`House::commit`] writes to the journal, then changes the floor, then tells the feed; nothing
//!    changes the floor in another way.
//! 2. When the journal cannot be written the house stops taking orders: what it can no longer
//!    remember it must not promise.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::domain::calendar::exchange_day;
use crate::domain::money::Price;
use crate::domain::order::Exchange;

use super::event::{Batch, Event};
use super::faults::{Fault, FaultName, Faults};
use super::feed::{Frame, order_update};
use super::fills::Quote;
use super::floor::Floor;
use super::journal::Journal;
use super::options::{Clock, Holiday, SimOptions};
use super::prices::Prices;
use super::state::{Call, SimState};

/// Calls remembered word for word, for tests to look at.
const CALLS_KEPT: usize = 10_000;

/// Frames a slow feed client may be behind before it loses some.
const FRAMES_BEHIND_MAX: usize = 4096;

/// Everything the simulator is.
pub(super) struct House {
    /// Orders, trades, account.
    pub(super) floor: Floor,
    /// Prices.
    pub(super) prices: Prices,
    /// Prices as they were when `quote_stale` was switched on.
    pub(super) frozen: Option<Prices>,
    /// What goes wrong.
    pub(super) faults: Faults,
    /// Whether a call has flipped it to analyze mode.
    pub(super) analyze: bool,
    /// Orders queued for a person so far.
    pub(super) queued: u64,
    /// The key callers must show; nothing to take any.
    pub(super) api_key: Option<String>,
    /// Days without trading.
    pub(super) holidays: Vec<Holiday>,
    /// What `ping` calls the broker.
    pub(super) broker: String,
    /// Whether the broker has bars of seconds.
    pub(super) seconds: bool,
    /// The route of the call being performed.
    pub(super) route: &'static str,
    journal: Option<Journal>,
    closed: bool,
    day: NaiveDate,
    calls: BTreeMap<String, u64>,
    log: VecDeque<Call>,
    now: Clock,
    frames: broadcast::Sender<Arc<Frame>>,
}

impl House {
    /// Opens the house: the journal's state, or a new account.
    pub(super) fn open(options: &SimOptions) -> io::Result<Self> {
        let now = (options.now)();
        let master = Arc::new(options.master.clone());
        let mut floor = Floor::new(Arc::clone(&master), Arc::clone(&options.charges));
        let (journal, batches) = match &options.state {
            None => (None, Vec::new()),
            Some(directory) => {
                let (journal, batches) = Journal::open(directory)?;
                (Some(journal), batches)
            }
        };
        for batch in &batches {
            for event in &batch.events {
                floor.apply(event, batch.at);
            }
        }
        let mut prices = Prices::new(options.prices.clone(), options.seed, &master, now)?;
        for (key, position) in &floor.account.positions {
            prices.set((key.exchange, &key.symbol), position.last, now);
        }
        let mut faults = Faults::default();
        options
            .faults
            .iter()
            .for_each(|fault| faults.add(fault.clone()));
        let mut house = Self {
            floor,
            prices,
            frozen: None,
            faults,
            analyze: false,
            queued: 0,
            api_key: options.api_key.clone(),
            holidays: options.holidays.clone(),
            broker: options.broker.clone(),
            seconds: options.seconds,
            route: "",
            journal,
            closed: false,
            day: NaiveDate::MIN,
            calls: BTreeMap::new(),
            log: VecDeque::new(),
            now: Arc::clone(&options.now),
            frames: broadcast::Sender::new(FRAMES_BEHIND_MAX),
        };
        if batches.is_empty() {
            let capital = options.opening_capital.get();
            house.commit(vec![Event::Opened { capital }])?;
        }
        house.turn()?;
        Ok(house)
    }

    /// Returns what time it is.
    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// Lets go of the journal; whatever comes now is refused.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.journal = None;
    }

    /// Returns whether a key is the right one.
    pub(super) fn knows(&self, key: &str) -> bool {
        self.api_key.as_deref().is_none_or(|right| right == key)
    }

    /// Returns every contract as `multiquotes` wants it.
    pub(super) fn symbols(&self) -> Vec<Value> {
        self.floor
            .master
            .rows()
            .map(|(_, row)| json!({"symbol": row.symbol, "exchange": row.exchange.word()}))
            .collect()
    }

    /// Returns what names a contract of the master.
    pub(super) fn contract(&self, exchange: &str, symbol: &str) -> Option<(Exchange, String)> {
        let row = self.floor.master.find(exchange, symbol)?;
        Some((row.exchange, row.symbol.clone()))
    }

    /// Returns whether answers say analyze.
    pub(super) fn analyzes(&self) -> bool {
        self.analyze || self.faults.is_on(FaultName::Analyze)
    }

    /// Returns the frames from here on.
    pub(super) fn frames(&self) -> broadcast::Receiver<Arc<Frame>> {
        self.frames.subscribe()
    }

    /// Writes down what happens, makes it so, and tells the feed.
    pub(super) fn commit(&mut self, events: Vec<Event>) -> io::Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        if self.closed {
            return Err(io::Error::other("the simulator has stopped"));
        }
        let at = self.now();
        let batch = Batch { at, events };
        if let Some(journal) = &mut self.journal {
            journal.append(&batch)?;
        }
        for event in &batch.events {
            self.floor.apply(event, at);
        }
        let mut told: Vec<&str> = Vec::new();
        for id in batch.events.iter().filter_map(Event::order) {
            if !told.contains(&id) {
                told.push(id);
                self.tell(id);
            }
        }
        Ok(())
    }

    fn tell(&mut self, id: &str) {
        let Some(frame) = self.floor.order(id).map(order_update) else {
            return;
        };
        if self.strikes(FaultName::DropUpdates).is_some() {
            return;
        }
        let frame = Arc::new(Frame::Order(frame));
        if self.strikes(FaultName::DuplicateUpdates).is_some() {
            self.send(Arc::clone(&frame));
        }
        self.send(frame);
    }

    fn send(&self, frame: Arc<Frame>) {
        if !self.faults.is_on(FaultName::MuteFeed) {
            // No listener is no error.
            let _listeners = self.frames.send(frame);
        }
    }

    /// Returns the fault when it is on for the call being performed.
    pub(super) fn strikes(&mut self, name: FaultName) -> Option<Fault> {
        let route = self.route;
        self.faults.strike(name, route)
    }

    /// Switches faults on.
    pub(super) fn set_faults(&mut self, faults: Vec<Fault>) {
        for fault in faults {
            if fault.fault == FaultName::QuoteStale {
                self.frozen = Some(self.prices.clone());
            }
            self.faults.add(fault);
        }
    }

    /// Switches all faults off; orders that were held at a part may fill.
    pub(super) fn clear_faults(&mut self) -> io::Result<()> {
        self.faults.clear();
        self.frozen = None;
        let held = self
            .floor
            .live()
            .any(|order| order.placed.held_at.is_some());
        if held {
            self.commit(vec![Event::Released])?;
        }
        self.look_everywhere()
    }

    /// Names a price, and lets the orders that waited for it trade.
    pub(super) fn set_price(&mut self, on: (Exchange, &str), price: Price) -> io::Result<()> {
        let now = self.now();
        self.prices.set(on, price, now);
        self.moved(on)
    }

    /// Names a quote, and lets the orders that waited for it trade.
    pub(super) fn set_quote(&mut self, on: (Exchange, &str), quote: Quote) -> io::Result<()> {
        let now = self.now();
        self.prices.set_quote(on, quote, now);
        self.moved(on)
    }

    /// Ends what a new exchange day ends.
    pub(super) fn turn(&mut self) -> io::Result<()> {
        let now = self.now();
        let day = exchange_day(now);
        if self.day == day {
            return Ok(());
        }
        self.day = day;
        let events = self.floor.expired(now);
        self.commit(events)
    }

    /// Moves every price one step.
    pub(super) fn step(&mut self) -> io::Result<()> {
        self.turn()?;
        let now = self.now();
        for (exchange, symbol) in self.prices.advance(now) {
            self.moved((exchange, &symbol))?;
        }
        Ok(())
    }

    fn moved(&mut self, on: (Exchange, &str)) -> io::Result<()> {
        let Some(day) = self.prices.day(on.0, on.1) else {
            return Ok(());
        };
        if self.frames.receiver_count() > 0 {
            let mut day = Box::new(day.clone());
            if let Some(garbage) = self.strikes(FaultName::GarbageTick)
                && let Some(price) = Price::new(garbage.n.unwrap_or(1).into())
            {
                day.quote.last = price;
            }
            self.send(Arc::new(Frame::Tick {
                exchange: on.0,
                symbol: on.1.to_owned(),
                day,
            }));
        }
        self.look(on)
    }

    /// Lets the orders that wait for a contract trade at its quote.
    pub(super) fn look(&mut self, on: (Exchange, &str)) -> io::Result<()> {
        let Some(quote) = self.prices.quote(on.0, on.1) else {
            return Ok(());
        };
        let events = self.floor.quoted(on, &quote);
        self.commit(events)
    }

    fn look_everywhere(&mut self) -> io::Result<()> {
        for (exchange, symbol) in self.floor.waited_for() {
            self.look((exchange, &symbol))?;
        }
        Ok(())
    }

    /// Notes a call.
    pub(super) fn note(&mut self, route: &str, mut body: Value) {
        if let Some(body) = body.as_object_mut() {
            body.remove("apikey");
        }
        *self.calls.entry(route.to_owned()).or_default() += 1;
        if self.log.len() == CALLS_KEPT {
            self.log.pop_front();
        }
        let at = self.now();
        self.log.push_back(Call {
            at,
            route: route.to_owned(),
            body,
        });
    }

    /// Returns everything there is to know.
    pub(super) fn state(&self) -> SimState {
        SimState {
            orders: self.floor.orders().cloned().collect(),
            trades: self.floor.trades.clone(),
            account: self.floor.account.clone(),
            available: self.floor.available(),
            blocked: self.floor.blocked(),
            calls: self.calls.clone(),
            log: self.log.iter().cloned().collect(),
            faults: self.faults.words(),
        }
    }
}

impl Event {
    /// Returns the order it is about.
    fn order(&self) -> Option<&str> {
        match self {
            Self::Opened { .. } | Self::Released => None,
            Self::Placed(placed) => Some(&placed.id),
            Self::Modified { id, .. }
            | Self::Woken { id }
            | Self::Filled { id, .. }
            | Self::Cancelled { id, .. }
            | Self::Rejected { id, .. } => Some(id),
        }
    }
}
