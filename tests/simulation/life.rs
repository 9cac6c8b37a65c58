//! Some days of one desk: what happens, and what courier and monitor do about it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use torana::config::{self, Environment, Options};
use torana::desk::words::sentence;
use torana::domain::book::{Book, ModifyState, Order, OrderState};
use torana::domain::calendar::{Session, exchange_day};
use torana::domain::decide::decide;
use torana::domain::fact::{Claim, Fact, LedgerKind, Movement};
use torana::domain::ids::{Cause, OrderId};
use torana::domain::input::{
    CallKind, CallResult, Command, Dispatch, ExitWhat, Found, Funds, Input, Mark, Operator,
    Outcome, PriceSource, Proof, Quote,
};
use torana::domain::money::{Money, Percent, Ratio};
use torana::domain::order::{BrokerOrderId, Direction, Product, Ticket, TicketKey};
use torana::domain::reconcile;
use torana::domain::rules::{ProtectiveStop, Rules, StopHitOn};
use torana::domain::signal::{Ask, Layer, Signal, SourceId, Which};
use torana::domain::work::{self, Call};
use torana::sim::fills;

use crate::broker::Broker;
use crate::chance::Chance;
use crate::market::Stock;
use crate::watch::Watch;

/// Trading days of one life.
pub(crate) const DAYS: u32 = 5;

/// The capital of a desk, in rupees.
const CAPITAL: i64 = 20_000_000;

/// What is traded, and where its price starts.
const TRADED: [(&str, i64); 4] = [
    ("BANK_NIFTY", 52_000),
    ("GOLD_MINI", 78_500),
    ("SILVER_MINI", 92_000),
    ("COPPER", 920),
];

/// How much of a story is told.
const TOLD: usize = 60;

/// A search for an order that nobody answered for.
struct Search {
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    reads: u32,
}

/// Bytes that reach the broker only later, though nobody waits for their answer any more.
struct Late {
    at: DateTime<Utc>,
    ticket: Ticket,
}

/// Some days of one desk.
pub(crate) struct Life {
    chance: Chance,
    rules: Rules,
    book: Book,
    now: DateTime<Utc>,
    broker: Broker,
    stocks: Vec<Stock>,
    watch: Watch,
    journal: Vec<(Fact, DateTime<Utc>)>,
    /// Answers under way in the process that lives now.
    answers: Vec<(DateTime<Utc>, Outcome)>,
    late: Vec<Late>,
    searches: BTreeMap<OrderId, Search>,
    causes: u32,
    /// Whether things may go wrong.
    faults: bool,
    told: VecDeque<String>,
}

impl Life {
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let now: DateTime<Utc> = "2026-10-12T03:40:00Z".parse().unwrap();
        let rules = rules(&mut chance);
        let capital = Money::rupees(CAPITAL);
        let broker = Broker::new(&rules, now, capital);
        let mut life = Self {
            chance,
            rules,
            book: Book::default(),
            now,
            broker,
            stocks: Vec::new(),
            watch: Watch::default(),
            journal: Vec::new(),
            answers: Vec::new(),
            late: Vec::new(),
            searches: BTreeMap::new(),
            causes: 0,
            faults: true,
            told: VecDeque::new(),
        };
        life.fold(vec![Fact::LedgerMoved(Box::new(Movement {
            kind: LedgerKind::Opening,
            amount: capital,
            after: capital,
            order: None,
        }))]);
        life.stocks = TRADED
            .iter()
            .map(|(name, price)| stock(&life.rules, now, (name, *price)))
            .collect();
        life
    }

    /// Returns how the story ends.
    pub(crate) fn story(&self) -> String {
        self.told.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// Returns how often something was filled.
    pub(crate) fn fills(&self) -> usize {
        let filled = |fact: &Fact| matches!(fact, Fact::Filled(_));
        self.journal.iter().filter(|(fact, _)| filled(fact)).count()
    }

    fn tell(&mut self, line: &str) {
        if self.told.len() >= TOLD {
            self.told.pop_front();
        }
        self.told.push_back(format!(
            "{} {line}",
            torana::domain::calendar::ist(self.now).format("%d %b %H:%M:%S")
        ));
    }

    /// Lives all days, then takes everything out and compares.
    pub(crate) fn live(&mut self) {
        for day in 1..=DAYS {
            self.day();
            self.settle();
            self.compare(&format!("day {day}"));
            self.sleep();
        }
        self.flatten();
        self.compare("the end");
        let open = self.book.legs.values().filter(|leg| leg.is_open()).count();
        assert_eq!(open, 0, "everything was taken out");
    }

    fn day(&mut self) {
        self.faults = true;
        let end = self.now + TimeDelta::hours(14);
        while self.now < end {
            let busy = self
                .book
                .orders
                .values()
                .any(|order| !order.state.is_closed());
            let pause = if busy {
                self.chance.between(1, 20)
            } else {
                self.chance.between(60, 1_200)
            };
            self.step(pause);
            if self.chance.happens(60) {
                self.alert();
            }
            if self.chance.happens(8) {
                self.die();
            }
        }
    }

    /// Lets time pass, with everything that this brings.
    fn step(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
        self.broker.new_day(self.now);
        self.market();
        self.arrive();
        self.feed(&Input::Time);
        if self.chance.happens(100) {
            let (available, at) = (Some(self.broker.floor.available()), self.now);
            self.feed(&Input::Funds(Funds { available, at }));
        }
        self.answer();
        self.perform();
        self.watch.holds(&self.book);
        self.nothing_oversold();
    }

    /// Decides and folds.
    fn feed(&mut self, input: &Input) {
        let facts = decide(&self.book, &self.rules, input, self.now);
        self.fold(facts);
    }

    fn fold(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            self.watch.may_become_true(&self.book, &fact);
            self.book.apply(&fact, self.now);
            self.tell(&sentence(&fact, &self.rules.instruments));
            self.journal.push((fact, self.now));
        }
    }

    fn is_open(&self, stock: &Stock) -> bool {
        self.rules.calendar.session_at(stock.exchange, self.now) == Session::Continuous
    }

    /// Moves the prices of what trades now.
    fn market(&mut self) {
        for at in 0..self.stocks.len() {
            if !self.is_open(&self.stocks[at]) {
                continue;
            }
            self.stocks[at].walk(&mut self.chance);
            let stock = &self.stocks[at];
            let seen = fills::Quote::around(stock.price, stock.tick.get());
            let (on, contract, price) = (
                (stock.exchange, stock.symbol.clone()),
                stock.contract,
                stock.price,
            );
            self.broker.quote((on.0, &on.1), seen, self.now);
            let quote = Quote {
                price,
                bid: Some(seen.bid),
                ask: Some(seen.ask),
                at: self.now,
            };
            let mark = Mark {
                quote,
                margin: None,
                source: PriceSource::Rest,
            };
            self.book.marks.contracts.insert(contract, mark);
        }
    }

    fn cause(&mut self) -> Cause {
        self.causes += 1;
        let [a, b, c, d] = self.causes.to_be_bytes();
        Cause::from_bytes([a, b, c, d, 1, 1, 1, 1, 1, 1])
    }

    /// An alert, sensible or not.
    fn alert(&mut self) {
        let at = usize::try_from(self.chance.below(4)).unwrap();
        let held = self
            .book
            .position_in(self.stocks[at].ix)
            .map(|one| one.direction);
        let side = self.chance.one_of(&[Direction::Long, Direction::Short]);
        let direction = held.unwrap_or(side);
        let layer = Layer(u8::try_from(self.chance.between(2, 4)).unwrap());
        let ask = match self.chance.below(10) {
            0..=3 => Ask::Enter {
                direction: side,
                layer: Layer(1),
            },
            4..=6 => Ask::Add { direction, layer },
            7 => Ask::Exit(Which::Layer(direction, layer)),
            _ => Ask::Exit(Which::All),
        };
        let away = self.chance.between(60, 250) * if direction == Direction::Long { -1 } else { 1 };
        let id = self.cause();
        let stock = &self.stocks[at];
        let signal = Signal {
            id,
            source: SourceId(1),
            ask,
            instrument: stock.ix,
            contract: None,
            product: None,
            price: Some(stock.price),
            stop: Some(stock.away(away)),
            target: None,
            atr: Some(stock.atr()),
            er: Ratio::new(Decimal::new(9, 1)).into(),
            at: self.now,
            bar: None,
            id_reused: false,
            profile: None,
        };
        self.feed(&Input::Signal(Box::new(signal)));
    }

    /// Everything but the facts is forgotten.
    fn die(&mut self) {
        self.tell("the process dies and starts again");
        let marks = self.book.marks.clone();
        let mut anew = Book::default();
        for (fact, at) in &self.journal {
            anew.apply(fact, *at);
        }
        anew.marks = marks;
        anew.take_touched();
        self.book.take_touched();
        assert!(anew == self.book, "the facts fold to another book");
        self.answers.clear();
        self.searches.clear();
    }

    /// What was on its way reaches the broker.
    fn arrive(&mut self) {
        let now = self.now;
        let (there, coming): (Vec<Late>, Vec<Late>) = core::mem::take(&mut self.late)
            .into_iter()
            .partition(|one| one.at <= now);
        self.late = coming;
        for one in there {
            let id = self.broker.place(&one.ticket, None, now);
            self.tell(&format!("the broker takes {id}, late"));
        }
        if self.chance.happens(300) {
            self.broker.release(now);
        }
    }

    /// Answers that are there are taken in.
    fn answer(&mut self) {
        let now = self.now;
        let (there, coming): (Vec<_>, Vec<_>) = core::mem::take(&mut self.answers)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.answers = coming;
        for (_, outcome) in there {
            self.feed(&Input::Outcome(outcome));
        }
    }

    /// Does what is due, one after the other.
    fn perform(&mut self) {
        let answering: BTreeSet<OrderId> = self.answers.iter().map(|(_, one)| one.order).collect();
        for call in work::due(&self.book, &self.rules, self.now) {
            let (Call::Place(id)
            | Call::Cancel(id)
            | Call::Resolve(id)
            | Call::Follow(id)
            | Call::Modify(id)) = call;
            if answering.contains(&id) && !matches!(call, Call::Follow(_)) {
                continue;
            }
            match call {
                Call::Place(_) => self.place(id),
                Call::Cancel(_) => self.cancel(id),
                Call::Modify(_) => self.modify(id),
                Call::Resolve(_) => self.resolve(id),
                Call::Follow(_) => {}
            }
        }
        let known: Vec<(OrderId, BrokerOrderId)> = self
            .book
            .orders
            .values()
            .filter_map(|order| Some((order.id, order.broker_id.clone()?)))
            .collect();
        for (id, broker_id) in known {
            self.follow(id, &broker_id);
        }
    }

    fn ticket(&self, order: &Order, claim: &Claim) -> Ticket {
        let stock = self.stock_of(order);
        Ticket {
            symbol: stock.symbol.clone(),
            exchange: stock.exchange,
            product: order.product,
            side: claim.side,
            quantity: claim.quantity,
            pricing: claim.pricing,
        }
    }

    fn stock_of(&self, order: &Order) -> &Stock {
        self.stocks
            .iter()
            .find(|one| one.contract == order.contract)
            .unwrap()
    }

    fn key(&self, order: &Order) -> TicketKey {
        let stock = self.stock_of(order);
        let (symbol, exchange) = (stock.symbol.clone(), stock.exchange);
        TicketKey {
            symbol,
            exchange,
            product: order.product,
            side: order.side,
        }
    }

    fn place(&mut self, id: OrderId) {
        let order = self.book.orders[&id].clone();
        let key = self.key(&order);
        let baseline = self
            .broker
            .seen(&key, self.now)
            .into_iter()
            .map(|one| one.id)
            .collect();
        let quote = self
            .book
            .marks
            .contracts
            .get(&order.contract)
            .map(|mark| mark.quote);
        let quote = quote.filter(|_| !(self.faults && self.chance.happens(50)));
        let dispatch = Dispatch {
            order: id,
            quote,
            epoch: 1,
            baseline,
        };
        let before = self.journal.len();
        self.feed(&Input::Dispatch(Box::new(dispatch)));
        let claim = self.journal[before..]
            .iter()
            .find_map(|(fact, _)| fact.claim().cloned());
        if let Some(claim) = claim {
            let ticket = self.ticket(&order, &claim);
            self.send(id, &ticket);
        }
    }

    /// Bytes leave; what comes back is anybody's guess.
    fn send(&mut self, id: OrderId, ticket: &Ticket) {
        let text = || "so it said".to_owned();
        self.watch.leaves(id);
        let roll = if self.faults {
            self.chance.below(100)
        } else {
            99
        };
        let result = match roll {
            0..=3 => {
                self.watch.never_left(id);
                CallResult::NotSent(text())
            }
            4..=6 => CallResult::Refused(text()),
            // taken, and nobody says so
            7..=11 => {
                self.broker.place(ticket, None, self.now);
                CallResult::Uncertain(text())
            }
            // not taken, and nobody says so
            12..=15 => CallResult::Uncertain(text()),
            // taken when nobody waits any more
            16..=18 => {
                let at = self.now + TimeDelta::seconds(self.chance.between(1, 110));
                self.late.push(Late {
                    at,
                    ticket: ticket.clone(),
                });
                CallResult::Uncertain(text())
            }
            // taken, and a part of it rests
            19..=26 => {
                let lots = u64::from(self.book.orders[&id].lots.get());
                let part = ticket.quantity.get().div_euclid(lots) * lots.div_euclid(2);
                CallResult::Sent(self.broker.place(ticket, Some(part), self.now))
            }
            _ => CallResult::Sent(self.broker.place(ticket, None, self.now)),
        };
        let outcome = Outcome {
            order: id,
            call: CallKind::Place,
            result,
        };
        self.comes_back(outcome);
    }

    /// An answer is on its way, mostly a short one.
    fn comes_back(&mut self, outcome: Outcome) {
        let slow = self.faults && self.chance.happens(100);
        let wait = if slow { self.chance.between(1, 40) } else { 0 };
        self.answers
            .push((self.now + TimeDelta::seconds(wait), outcome));
    }

    fn cancel(&mut self, id: OrderId) {
        let Some(broker_id) = self.book.orders[&id].broker_id.clone() else {
            return;
        };
        let text = "so it said".to_owned();
        let roll = if self.faults {
            self.chance.below(100)
        } else {
            99
        };
        let result = match roll {
            0..=5 => CallResult::Uncertain(text),
            6..=11 => {
                self.broker.cancel(&broker_id, self.now);
                CallResult::Uncertain(text)
            }
            _ if self.broker.cancel(&broker_id, self.now) => CallResult::Sent(broker_id),
            _ => CallResult::Refused("already final".to_owned()),
        };
        let outcome = Outcome {
            order: id,
            call: CallKind::Cancel,
            result,
        };
        self.comes_back(outcome);
    }

    fn modify(&mut self, id: OrderId) {
        let order = &self.book.orders[&id];
        let (Some(broker_id), ModifyState::Wanted(change, _)) =
            (order.broker_id.clone(), &order.resting.modify)
        else {
            return;
        };
        let pricing = torana::domain::order::Pricing::StopLimit {
            trigger: change.trigger,
            limit: change.limit,
        };
        let terms = (change.quantity, pricing);
        let text = "so it said".to_owned();
        let roll = if self.faults {
            self.chance.below(100)
        } else {
            99
        };
        let result = match roll {
            0..=5 => CallResult::Uncertain(text),
            6..=11 => {
                self.broker.modify(&broker_id, terms, self.now);
                CallResult::Uncertain(text)
            }
            _ if self.broker.modify(&broker_id, terms, self.now) => CallResult::Sent(broker_id),
            _ => CallResult::Refused("already final".to_owned()),
        };
        let outcome = Outcome {
            order: id,
            call: CallKind::Modify,
            result,
        };
        self.comes_back(outcome);
    }

    /// An order that no call of this process is under way for is looked up.
    fn resolve(&mut self, id: OrderId) {
        let order = self.book.orders[&id].clone();
        if let OrderState::Sending { .. } = order.state {
            let result = CallResult::Uncertain("whoever sent it is gone".to_owned());
            return self.feed(&Input::Outcome(Outcome {
                order: id,
                call: CallKind::Place,
                result,
            }));
        }
        let (now, pause) = (self.now, TimeDelta::seconds(5));
        if self
            .searches
            .get(&id)
            .is_some_and(|search| now - search.last < pause)
        {
            return;
        }
        let key = self.key(&order);
        let known: Vec<BrokerOrderId> = self
            .book
            .orders
            .values()
            .filter_map(|one| one.broker_id.clone())
            .collect();
        let found = reconcile::find(&order, &key.symbol, &self.broker.seen(&key, now), &known);
        let search = self.searches.entry(id).or_insert(Search {
            first: now,
            last: now,
            reads: 0,
        });
        search.last = now;
        search.reads = if found == Found::None {
            search.reads + 1
        } else {
            0
        };
        let (reads, span) = (search.reads, now - search.first);
        self.feed(&Input::Proof(Proof {
            order: id,
            found,
            reads,
            span,
            call_ended: false,
            alive: true,
        }));
    }

    fn follow(&mut self, id: OrderId, broker_id: &BrokerOrderId) {
        if self.faults && self.chance.happens(200) {
            return; // the books could not be read
        }
        if let Some(report) = self.broker.report(id, broker_id) {
            self.feed(&Input::Report(report));
        }
        if let Some(terms) = self.broker.terms(id, broker_id) {
            self.feed(&Input::Terms(terms));
        }
    }

    /// The market is open for a while, nothing goes wrong any more, and everything finds its end.
    fn settle(&mut self) {
        self.faults = false;
        self.broker.release(self.now);
        for _ in 0..90 {
            self.step(5);
        }
    }

    /// The next day comes.
    fn sleep(&mut self) {
        let morning = |day: chrono::NaiveDate| {
            torana::domain::calendar::from_ist(day.and_hms_opt(9, 10, 0).unwrap())
        };
        let mut day = exchange_day(self.now).succ_opt().unwrap();
        while !self
            .stocks
            .iter()
            .all(|one| self.rules.calendar.is_trading_day(one.exchange, day))
        {
            day = day.succ_opt().unwrap();
        }
        self.now = morning(day);
    }

    /// A person takes everything out.
    fn flatten(&mut self) {
        self.step(1_200);
        for _ in 0..3 {
            let id = self.cause();
            let order = Command::Exit(ExitWhat::All, None);
            let (by, why) = ("asha".to_owned(), "enough".to_owned());
            self.feed(&Input::Operator(Box::new(Operator { id, by, why, order })));
            self.settle();
        }
    }

    /// What is held of a contract is never more than our legs say, nor on the other side.
    fn nothing_oversold(&self) {
        for stock in &self.stocks {
            let net = self
                .broker
                .net((stock.exchange, &stock.symbol), Product::Nrml);
            let held = self.book.position_in(stock.ix).map(|one| one.direction);
            let coming = self
                .book
                .entries_of(stock.ix)
                .next()
                .map(|one| one.direction);
            // until the day's reports are in, what fills now is not known yet
            if let Some(direction) = held.or(coming) {
                let wrong = match direction {
                    Direction::Long => net < Decimal::ZERO,
                    Direction::Short => net > Decimal::ZERO,
                };
                assert!(!wrong, "{} held of {} while {direction}", net, stock.symbol);
            }
        }
    }

    /// When nothing is under way both sides hold the same, and have the same money.
    fn compare(&self, when: &str) {
        for order in self.book.orders.values() {
            assert!(
                !order.state.is_unanswered(),
                "{when}: {} has no answer",
                order.id
            );
        }
        for stock in &self.stocks {
            let ours: Decimal = self
                .book
                .legs
                .values()
                .filter(|leg| leg.is_open() && leg.contract == stock.contract)
                .map(|leg| {
                    let spec = self
                        .rules
                        .instruments
                        .spec(leg.contract, exchange_day(self.now))
                        .unwrap();
                    let per_lot = self.rules.instruments.get(stock.ix).unwrap().per_lot(spec);
                    let units = leg.lots.units(per_lot).decimal();
                    if leg.direction == Direction::Long {
                        units
                    } else {
                        -units
                    }
                })
                .sum();
            let theirs = self
                .broker
                .net((stock.exchange, &stock.symbol), Product::Nrml);
            assert_eq!(ours, theirs, "{when}: {}", stock.symbol);
        }
        // leg by leg and at the average they differ in what is realised, never in what all is worth
        let (ours, theirs) = (self.worth(), self.broker.worth(&self.stocks));
        let apart = (ours - theirs).get().abs();
        assert!(
            apart < Decimal::new(1, 2),
            "{when}: ours {ours}, theirs {theirs}"
        );
    }

    /// Returns what everything is worth at the prices of this moment.
    fn worth(&self) -> Money {
        let open = self.book.legs.values().filter(|leg| leg.is_open());
        let gains = open.map(|leg| {
            let stock = self
                .stocks
                .iter()
                .find(|one| one.contract == leg.contract)
                .unwrap();
            let spec = self
                .rules
                .instruments
                .spec(leg.contract, exchange_day(self.now))
                .unwrap();
            let gain = Decimal::from(leg.lots.get()) * stock.price.get() - leg.cost.get();
            let gain = if leg.direction == Direction::Long {
                gain
            } else {
                -gain
            };
            Money::new(gain * spec.point_value.get())
        });
        self.book.desk.realised + gains.sum()
    }
}

fn rules(chance: &mut Chance) -> Rules {
    let options = Options {
        today: "2026-10-12".parse().unwrap(),
        ..Options::default()
    };
    let env: Environment = [("HOME".to_owned(), "/nowhere".to_owned())]
        .into_iter()
        .collect();
    let mut rules = config::load(&options, &env).unwrap().rules;
    rules.alerts.long_only = false;
    rules.stops.hit_on = chance.one_of(&[StopHitOn::Close, StopHitOn::Tick]);
    rules.stops.protective_stop = chance.one_of(&[ProtectiveStop::Off, ProtectiveStop::Day]);
    rules.portfolio.prove_units = false;
    rules.day.loss = None;
    rules.day.cool_down = TimeDelta::zero();
    rules.timing.divergence_base = Percent::new(Decimal::TEN);
    rules.timing.divergence_add = Percent::new(Decimal::TEN);
    rules
}

fn stock(rules: &Rules, now: DateTime<Utc>, (name, price): (&str, i64)) -> Stock {
    let ix = rules.instruments.by_name(name).unwrap();
    let day = exchange_day(now);
    // one that lives longer than the story
    let contract = rules
        .instruments
        .contract_for_entry(ix, day, &rules.calendar)
        .unwrap();
    let price = torana::domain::money::Price::new(Decimal::from(price)).unwrap();
    let tick = rules
        .instruments
        .spec(contract, day)
        .unwrap()
        .ticks
        .at(price);
    let exchange = rules.instruments.get(ix).unwrap().exchange;
    let symbol = rules.instruments.symbol(contract);
    Stock {
        ix,
        contract,
        exchange,
        symbol,
        tick,
        price,
    }
}
