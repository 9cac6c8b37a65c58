//! A desk in memory: the book, the rules, the simulator's floor, and the last prices.
//!
//! 1. It performs what `domain::work` wants, as courier and monitor do, and feeds what comes back
//!    to `decide`; it decides nothing.
//! 2. Everything that becomes true is shown to a witness, in order, with the book after it.
//! 3. What works is followed until nothing changes any more, all at one moment: an order takes no
//!    time, and what it costs is in the price it gets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::pulse::Pulse;
use crate::domain::book::{Book, KEPT, ModifyState, Order};
use crate::domain::calendar::exchange_day;
use crate::domain::decide::decide;
use crate::domain::fact::{Fact, LedgerKind, Movement};
use crate::domain::ids::OrderId;
use crate::domain::input::{
    CallKind, CallResult, Dispatch, Input, Mark, Outcome, PriceSource, Quote, ReportStatus, Tick,
};
use crate::domain::instrument::{ContractId, InstrumentIx};
use crate::domain::market::TickTable;
use crate::domain::money::{Money, Price, Ratio};
use crate::domain::order::{BrokerOrderId, Exchange, Pricing, Ticket};
use crate::domain::rules::Rules;
use crate::domain::work::{self, Call};
use crate::sim::fills;
use crate::sim::venue::Venue;

/// The lease under which everything is claimed: there is one process.
const EPOCH: i64 = 1;

/// How often what works is followed at one moment; a chain of slices is the longest there is.
const ROUNDS_MAX: usize = 64;

/// How long what is over is remembered; longer than any chain of orders lasts.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);

/// What a witness is shown beside a fact.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The book, with the fact folded in.
    pub book: &'a Book,
    /// The rules.
    pub rules: &'a Rules,
    /// When.
    pub now: DateTime<Utc>,
}

/// Whoever wants to know what becomes true.
pub trait Witness {
    /// Is shown a fact.
    fn fact(&mut self, fact: &Fact, seen: Seen<'_>);
    /// Is shown the end of an exchange day, before the first thing of the next.
    fn day(&mut self, seen: Seen<'_>);
    /// Is shown a price of an instrument.
    fn price(&mut self, instrument: InstrumentIx, price: Price);
}

/// What a world begins with.
pub struct Start {
    /// The capital.
    pub capital: Money,
    /// When.
    pub at: DateTime<Utc>,
    /// How many ticks worse than the last price an order trades.
    pub slippage: Decimal,
    /// Instruments whose prices come from bars: nothing trades between them.
    pub barred: BTreeSet<InstrumentIx>,
}

/// What is left of a world at its end.
pub struct Left {
    /// The book.
    pub book: Book,
    /// When it ended.
    pub now: DateTime<Utc>,
}

impl Left {
    /// Returns what a witness would be shown.
    pub const fn seen<'a>(&'a self, rules: &'a Rules) -> Seen<'a> {
        Seen {
            book: &self.book,
            rules,
            now: self.now,
        }
    }
}

/// A desk in memory.
pub struct World<'r, W> {
    rules: &'r Rules,
    book: Book,
    now: DateTime<Utc>,
    venue: Venue,
    slippage: Ratio,
    barred: BTreeSet<InstrumentIx>,
    /// The last price of each instrument, and when it was.
    prices: BTreeMap<InstrumentIx, (Price, DateTime<Utc>)>,
    /// The contract an entry takes today.
    fronts: BTreeMap<InstrumentIx, (chrono::NaiveDate, Option<ContractId>)>,
    symbols: BTreeMap<ContractId, (Exchange, Arc<str>)>,
    /// What marks are kept of, until something is opened or closed, or the day turns.
    marked: Option<Vec<(ContractId, Option<&'r TickTable>)>>,
    /// When time is fed, where nothing works.
    pub(super) pulse: Pulse,
    /// When what is over is forgotten next.
    prunes_at: Option<DateTime<Utc>>,
    said: u64,
    /// Who watches.
    pub witness: W,
}

impl<'r, W: Witness> World<'r, W> {
    /// Returns a desk that has just put in its capital.
    pub fn new(rules: &'r Rules, start: Start, witness: W) -> Self {
        let mut world = Self {
            rules,
            book: Book::default(),
            now: start.at,
            venue: Venue::new(rules, start.at, start.capital),
            slippage: Ratio::new(start.slippage),
            barred: start.barred,
            prices: BTreeMap::new(),
            fronts: BTreeMap::new(),
            symbols: BTreeMap::new(),
            marked: None,
            pulse: Pulse::default(),
            prunes_at: None,
            said: 0,
            witness,
        };
        world.fold(&[Fact::LedgerMoved(Box::new(Movement {
            kind: LedgerKind::Opening,
            amount: start.capital,
            after: start.capital,
            order: None,
        }))]);
        world.feed(&Input::Rules(rules.hash));
        world
    }

    /// Returns the book.
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// Returns the rules.
    pub const fn rules(&self) -> &'r Rules {
        self.rules
    }

    /// Returns the time it is.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Returns what a witness would be shown now.
    pub const fn seen(&self) -> Seen<'_> {
        Seen {
            book: &self.book,
            rules: self.rules,
            now: self.now,
        }
    }

    /// Ends it; returns who watched, and what is left.
    pub fn end(self) -> (W, Left) {
        let left = Left {
            book: self.book,
            now: self.now,
        };
        (self.witness, left)
    }

    /// Returns the last price of an instrument.
    pub fn price_of(&self, instrument: InstrumentIx) -> Option<Price> {
        self.prices.get(&instrument).map(|(price, _)| *price)
    }

    /// Lets time pass to a moment: the end of a day is shown, and what is over is forgotten.
    pub fn pass(&mut self, to: DateTime<Utc>) {
        let to = to.max(self.now);
        let (from_day, to_day) = (exchange_day(self.now), exchange_day(to));
        if from_day != to_day {
            let seen = Seen {
                book: &self.book,
                rules: self.rules,
                now: self.now,
            };
            self.witness.day(seen);
        }
        self.reach(to);
        if from_day != to_day {
            self.marked = None;
            self.venue.new_day(to);
        }
    }

    /// Lets time pass to a moment, whatever its day: what is over is forgotten.
    pub(super) fn reach(&mut self, to: DateTime<Utc>) {
        // Nothing arrives late here: what is over is forgotten after an hour, not after a day.
        if self.prunes_at.is_none_or(|due| to >= due) {
            self.book.prune(to + (KEPT - REMEMBERED));
            self.prunes_at = Some(to + REMEMBERED);
        }
        self.now = to;
    }

    /// Feeds an input at this moment, and follows what comes of it.
    pub fn take(&mut self, input: &Input) {
        self.refresh();
        // What the time brings comes first: a contract that ends is left before it is added to.
        self.settle();
        self.feed(input);
        self.settle();
    }

    /// Lets nothing happen but the time.
    pub fn look(&mut self) {
        self.refresh();
        self.pulse = Pulse::default();
        self.settle();
    }

    /// Moves an instrument's price; every level that it passes is looked at on the way.
    pub fn trade(&mut self, instrument: InstrumentIx, price: Price) {
        self.mark(instrument, price);
        self.refresh();
        let held: BTreeSet<ContractId> = self
            .book
            .legs
            .values()
            .filter(|leg| leg.is_open() && leg.contract.instrument == instrument)
            .map(|leg| leg.contract)
            .collect();
        for contract in held {
            if let Some(quote) = self.quote(contract) {
                let source = PriceSource::Bar;
                self.feed(&Input::Tick(Tick {
                    contract,
                    quote,
                    source,
                }));
            }
        }
        self.settle();
    }

    /// Takes a price without letting anything happen on it.
    pub fn mark(&mut self, instrument: InstrumentIx, price: Price) {
        if self.prices.insert(instrument, (price, self.now)).is_none() {
            self.marked = None;
        }
        self.witness.price(instrument, price);
    }

    /// Decides and folds.
    fn feed(&mut self, input: &Input) {
        let facts = decide(&self.book, self.rules, input, self.now);
        self.fold(&facts);
    }

    /// Folds facts in, and shows them.
    pub(super) fn fold(&mut self, facts: &[Fact]) {
        for fact in facts {
            self.book.apply(fact, self.now);
            self.said += 1;
            if moves(fact) {
                self.marked = None;
            }
            let seen = Seen {
                book: &self.book,
                rules: self.rules,
                now: self.now,
            };
            self.witness.fact(fact, seen);
        }
    }

    /// Feeds time where a minute has passed, or something works.
    fn time(&mut self) {
        if self.is_busy() {
            self.pulse = Pulse::default();
        }
        if self.pulse.beats(self.now) {
            self.feed(&Input::Time);
        }
    }

    /// Returns whether what is over is forgotten before a moment.
    pub(super) fn forgets_before(&self, at: DateTime<Utc>) -> bool {
        self.prunes_at.is_none_or(|due| due < at)
    }

    /// Returns whether any order works.
    pub(super) const fn is_busy(&self) -> bool {
        !self.book.orders.are_over()
    }

    /// Follows what works until nothing changes any more.
    fn settle(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let before = self.said;
            self.time();
            self.perform();
            if self.said == before {
                break;
            }
            // What was said may want more of what only time brings.
            self.pulse = Pulse::default();
        }
        self.forget();
    }

    fn perform(&mut self) {
        if !self.is_busy() {
            return;
        }
        self.requote();
        for call in work::due(&self.book, self.rules, self.now) {
            match call {
                Call::Place(id) => self.place(id),
                Call::Cancel(id) => self.ask(id, CallKind::Cancel),
                Call::Modify(id) => self.ask(id, CallKind::Modify),
                Call::Follow(id) => self.follow(id),
                // Every call here is answered at once: nothing is ever in doubt.
                Call::Resolve(_) => {}
            }
        }
    }

    /// Shows the floor the prices of what waits on it.
    fn requote(&mut self) {
        let waited: BTreeSet<ContractId> = self
            .book
            .live_orders()
            .filter(|order| order.broker_id.is_some())
            .map(|order| order.contract)
            .collect();
        for contract in waited {
            self.show(contract);
        }
    }

    /// Shows the floor the price of a contract; nothing where it has none of this moment.
    fn show(&mut self, contract: ContractId) -> Option<Quote> {
        let quote = self.quote(contract)?;
        let seen = self.around(contract, quote.price)?;
        let (exchange, symbol) = self.name(contract);
        if !self.venue.lists((exchange, &symbol)) {
            self.venue.list(self.rules, exchange_day(self.now));
        }
        self.venue.quote((exchange, &symbol), seen, self.now);
        Some(quote)
    }

    fn name(&mut self, contract: ContractId) -> (Exchange, Arc<str>) {
        let instruments = &self.rules.instruments;
        let exchange = instruments.get(contract.instrument);
        let exchange = exchange.map_or(Exchange::Nse, |one| one.exchange);
        let name = || (exchange, instruments.symbol(contract).into());
        self.symbols.entry(contract).or_insert_with(name).clone()
    }

    /// Returns what a contract trades at now. Between two bars nothing is known, and nothing trades.
    fn quote(&self, contract: ContractId) -> Option<Quote> {
        let (price, at) = *self.prices.get(&contract.instrument)?;
        let known = at == self.now || !self.barred.contains(&contract.instrument);
        let seen = self.around(contract, price).filter(|_| known)?;
        Some(Quote {
            price,
            bid: Some(seen.bid),
            ask: Some(seen.ask),
            at: self.now,
        })
    }

    fn around(&self, contract: ContractId, price: Price) -> Option<fills::Quote> {
        Some(spread(price, self.ticks(contract)?, self.slippage))
    }

    fn ticks(&self, contract: ContractId) -> Option<&'r TickTable> {
        let day = exchange_day(self.now);
        let spec = self.rules.instruments.spec(contract, day)?;
        Some(&spec.ticks)
    }

    /// Forgets which rows changed: nobody writes them.
    pub(super) fn forget(&mut self) {
        self.book.forget_touched();
    }

    /// Brings the marks of everything held, coming or about to be entered to the last prices.
    pub(super) fn refresh(&mut self) {
        let known = self.marked.take();
        // what is found anew may have other ticks
        let is_known = known.is_some();
        let wanted = known.unwrap_or_else(|| {
            self.book.weigh(self.rules, self.now);
            self.wanted()
        });
        let (at, slippage) = (self.now, self.slippage);
        for (contract, ticks) in &wanted {
            let Some((price, _)) = self.prices.get(&contract.instrument).copied() else {
                continue;
            };
            let marks = &mut self.book.marks.contracts;
            match marks.get_mut(contract) {
                Some(mark) if is_known && mark.quote.price == price => mark.quote.at = at,
                Some(mark) => *mark = marked((price, at), *ticks, slippage),
                None => {
                    marks.insert(*contract, marked((price, at), *ticks, slippage));
                }
            }
        }
        self.marked = Some(wanted);
    }

    /// Returns the contracts whose prices matter, with their ticks of today, and forgets the marks of
    /// all others.
    fn wanted(&mut self) -> Vec<(ContractId, Option<&'r TickTable>)> {
        let today = exchange_day(self.now);
        let (instruments, calendar) = (&self.rules.instruments, &self.rules.calendar);
        let mut wanted: BTreeSet<ContractId> = BTreeSet::new();
        for instrument in self.prices.keys() {
            let known = self.fronts.get(instrument).copied();
            let front = if let Some((_, front)) = known.filter(|(day, _)| *day == today) {
                front
            } else {
                let front = instruments.contract_for_entry(*instrument, today, calendar);
                self.fronts.insert(*instrument, (today, front));
                front
            };
            wanted.extend(front);
        }
        let legs = self.book.legs.values().filter(|leg| leg.is_open());
        wanted.extend(legs.map(|leg| leg.contract));
        wanted.extend(self.book.open_intents().map(|intent| intent.contract));
        let marks = &mut self.book.marks.contracts;
        marks.retain(|contract, _| wanted.contains(contract));
        let ticks = |contract| (contract, self.ticks(contract));
        wanted.into_iter().map(ticks).collect()
    }

    fn place(&mut self, id: OrderId) {
        let Some(contract) = self.book.orders.get(&id).map(|order| order.contract) else {
            return;
        };
        let Some(quote) = self.show(contract) else {
            return;
        };
        self.feed(&Input::Dispatch(Box::new(Dispatch {
            order: id,
            quote: Some(quote),
            epoch: EPOCH,
            baseline: Vec::new(),
        })));
        let sending = self.book.orders.get(&id);
        let sending = sending.filter(|order| order.state.is_unanswered());
        if let Some(ticket) = sending.and_then(|order| self.ticket(order)) {
            let placed = self.venue.place(&ticket, None, self.now);
            let result = placed.map_or_else(
                || CallResult::Refused("no such contract".to_owned()),
                CallResult::Sent,
            );
            self.answer(id, CallKind::Place, result);
            self.follow(id);
        }
    }

    fn ticket(&self, order: &Order) -> Option<Ticket> {
        let (exchange, symbol) = self.symbols.get(&order.contract)?.clone();
        Some(Ticket {
            symbol: symbol.as_ref().to_owned(),
            exchange,
            product: order.product,
            side: order.side,
            quantity: order.quantity,
            pricing: order.pricing?,
        })
    }

    /// Cancels or changes an order.
    fn ask(&mut self, id: OrderId, call: CallKind) {
        let Some(order) = self.book.orders.get(&id) else {
            return;
        };
        let Some(broker_id) = order.broker_id.clone() else {
            return;
        };
        let done = match (call, order.resting.modify) {
            (CallKind::Modify, ModifyState::Wanted(change, _)) => {
                let (trigger, limit) = (change.trigger, change.limit);
                let terms = (change.quantity, Pricing::StopLimit { trigger, limit });
                self.venue.modify(&broker_id, terms, self.now)
            }
            (CallKind::Cancel, _) => self.venue.cancel(&broker_id, self.now),
            (CallKind::Modify, ModifyState::None | ModifyState::Taken(..))
            | (CallKind::Place, _) => return,
        };
        let result = if done {
            CallResult::Sent(broker_id)
        } else {
            CallResult::Refused("already final".to_owned())
        };
        self.answer(id, call, result);
        self.follow(id);
    }

    fn answer(&mut self, order: OrderId, call: CallKind, result: CallResult) {
        self.feed(&Input::Outcome(Outcome {
            order,
            call,
            result,
        }));
    }

    /// Tells what the floor's books say of an order, where that is more than is known.
    fn follow(&mut self, id: OrderId) {
        let Some((broker_id, filled)) = self.book.orders.get(&id).and_then(followed) else {
            return;
        };
        if let Some(report) = self.venue.report(id, &broker_id)
            && (report.status != ReportStatus::Working || report.quantity != filled)
        {
            self.feed(&Input::Report(report));
        }
        if let Some(terms) = self.venue.terms(id, &broker_id) {
            self.feed(&Input::Terms(terms));
        }
    }
}

/// Returns the quote around a price, so many ticks to either side.
fn spread(price: Price, ticks: &TickTable, slippage: Ratio) -> fills::Quote {
    let tick = ticks.at(price).points();
    fills::Quote::around(price, tick.times(slippage))
}

/// Returns the mark of a last price.
fn marked((price, at): (Price, DateTime<Utc>), ticks: Option<&TickTable>, slippage: Ratio) -> Mark {
    let seen = ticks.map(|ticks| spread(price, ticks, slippage));
    let quote = Quote {
        price,
        bid: seen.map(|seen| seen.bid),
        ask: seen.map(|seen| seen.ask),
        at,
    };
    Mark {
        quote,
        margin: None,
        source: PriceSource::Bar,
    }
}

/// Returns what a working order is known to the broker as, and what is known to be filled of it.
fn followed(order: &Order) -> Option<(BrokerOrderId, crate::domain::money::Quantity)> {
    let works = !order.state.is_closed();
    let broker_id = order.broker_id.clone().filter(|_| works)?;
    Some((broker_id, order.filled))
}

/// Returns whether a fact may change which orders work or what is held: all but those that only
/// write down what was seen or refused.
const fn moves(fact: &Fact) -> bool {
    !matches!(
        fact,
        Fact::SignalRejected { .. }
            | Fact::SignalRecorded { .. }
            | Fact::BarSeen { .. }
            | Fact::LegMarked { .. }
            | Fact::StopMoved { .. }
    )
}
