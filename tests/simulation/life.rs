//! Some days of one desk: time passes, with everything that this brings.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, NaiveDate, SubsecRound as _, TimeDelta, Utc};
use rust_decimal::Decimal;
use torana::config::{self, Environment, Options};
use torana::desk::words::sentence;
use torana::domain::book::{Book, OrderState};
use torana::domain::calendar::{Session, exchange_day};
use torana::domain::decide::decide;
use torana::domain::fact::{Fact, LedgerKind, Movement};
use torana::domain::ids::{Cause, OrderId, Purpose};
use torana::domain::input::{
    Command, ExitWhat, Funds, Input, Mark, Marks, Outcome, Scope, TradingState,
};
use torana::domain::instrument::{ContractId, InstrumentIx};
use torana::domain::money::{Money, Percent, Price, Quantity};
use torana::domain::order::Ticket;
use torana::domain::price::Judge;
use torana::domain::reconcile::EndsSeen;
use torana::domain::rules::{
    Breakeven, EodExit, OnBreach, ProtectiveStop, RollUse, Rules, StopHitOn,
};
use torana::domain::signal::{Bar, Signal};

use crate::accounts::Accounts;
use crate::books::Readings;
use crate::broker::Broker;
use crate::chance::Chance;
use crate::feed::Judges;
use crate::market::{Stock, TRADED};
use crate::watch::Watch;

/// Trading days of one life.
pub(crate) const DAYS: usize = 5;

/// The capital of a desk, in rupees.
pub(crate) const CAPITAL: i64 = 20_000_000;

/// The first days of a life: an ordinary week, one in which metals change their contract, and one
/// that ends with the index contract of the month.
const FIRST_DAYS: [&str; 3] = ["2026-10-12", "2026-10-15", "2026-10-21"];

/// A search for an order that nobody answered for.
pub(crate) struct Search {
    pub(crate) first: DateTime<Utc>,
    pub(crate) last: DateTime<Utc>,
    pub(crate) reads: u32,
}

/// Bytes that reach the broker only later, though nobody waits for their answer any more.
pub(crate) struct Late {
    pub(crate) at: DateTime<Utc>,
    pub(crate) ticket: Ticket,
}

/// What happened in a life, for whoever lives it again.
pub(crate) enum Happened {
    /// The core was told something.
    Told(Box<Telling>),
    /// An alert came word for word as before.
    Again(Box<Signal>),
    /// The process died.
    Died,
}

/// What the core was told, at which prices, and what became true.
pub(crate) struct Telling {
    pub(crate) input: Input,
    pub(crate) marks: Marks,
    pub(crate) facts: Vec<Fact>,
}

/// Some days of one desk.
pub(crate) struct Life {
    pub(crate) chance: Chance,
    pub(crate) rules: Rules,
    pub(crate) book: Book,
    pub(crate) now: DateTime<Utc>,
    pub(crate) broker: Broker,
    pub(crate) stocks: Vec<Stock>,
    pub(crate) watch: Watch,
    /// The book at the day's start, and every fact since.
    morning: Book,
    journal: Vec<(Fact, DateTime<Utc>)>,
    /// Answers under way in the process that lives now.
    pub(crate) answers: Vec<(DateTime<Utc>, Outcome)>,
    pub(crate) late: Vec<Late>,
    pub(crate) queued: Vec<(OrderId, Ticket)>,
    pub(crate) searches: BTreeMap<OrderId, Search>,
    /// Ends that this process has seen once.
    pub(crate) ends: EndsSeen,
    /// What the trade book had of each order when it was looked at last, and whether that was not
    /// all.
    pub(crate) traded: BTreeMap<OrderId, ((Quantity, Money), bool)>,
    /// Whether this broker's order book says what was filled.
    pub(crate) names_fills: bool,
    /// What can go wrong with reading the books of orders: chance of its own.
    pub(crate) readers: Chance,
    pub(crate) readings: Readings,
    pub(crate) judges: Judges,
    /// Alerts of today, as they were sent.
    pub(crate) sent: Vec<Signal>,
    /// Bars of today, as they were told.
    pub(crate) told_bars: Vec<Bar>,
    pub(crate) accounts: Accounts,
    /// What each instrument's end-of-day looks say today.
    pub(crate) looks: BTreeMap<InstrumentIx, u64>,
    /// Instruments that were frozen today: nothing leaves on its own there.
    pub(crate) frozen: BTreeSet<InstrumentIx>,
    causes: u32,
    /// What happened, where somebody wants to know.
    pub(crate) script: Option<Vec<(DateTime<Utc>, Happened)>>,
    /// The first facts.
    pub(crate) first: Vec<(Fact, DateTime<Utc>)>,
    /// Whether things may go wrong.
    pub(crate) faults: bool,
    /// How many of the last lines of its story are kept; a life that goes well has none.
    told_max: usize,
    told: VecDeque<String>,
    /// How often each kind of fact became true.
    pub(crate) seen: BTreeMap<&'static str, u32>,
}

impl Life {
    pub(crate) fn new(seed: u64, told_max: usize) -> Self {
        let (mut chance, mut readers) = (Chance::new(seed), Chance::new(!seed));
        let first: NaiveDate = chance.one_of(&FIRST_DAYS).parse().unwrap();
        let mut rules = rules(&mut chance, first);
        rules.stops.peel_off = Chance::new(seed.rotate_left(32)).one_of(&[false, true]);
        let capital = Money::rupees(CAPITAL);
        let now = morning(first);
        let broker = Broker::new(&rules, now, capital);
        let stocks = TRADED.iter().map(|one| Stock::new(&rules, first, *one));
        let mut life = Self {
            stocks: stocks.collect(),
            chance,
            watch: Watch::new(&rules),
            rules,
            book: Book::default(),
            now,
            broker,
            morning: Book::default(),
            journal: Vec::new(),
            answers: Vec::new(),
            late: Vec::new(),
            queued: Vec::new(),
            searches: BTreeMap::new(),
            ends: EndsSeen::default(),
            traded: BTreeMap::new(),
            names_fills: readers.happens(500),
            readers,
            readings: Readings::default(),
            judges: Judges::new(),
            sent: Vec::new(),
            told_bars: Vec::new(),
            accounts: Accounts::default(),
            looks: BTreeMap::new(),
            frozen: BTreeSet::new(),
            causes: 0,
            script: None,
            first: opening().map(|fact| (fact, now)).to_vec(),
            faults: true,
            told_max,
            told: VecDeque::new(),
            seen: BTreeMap::new(),
        };
        life.fold(&opening());
        life
    }

    /// Returns how the story ends.
    pub(crate) fn story(&self) -> String {
        self.told.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn tell(&mut self, line: impl FnOnce() -> String) {
        if self.told_max == 0 {
            return;
        }
        if self.told.len() >= self.told_max {
            self.told.pop_front();
        }
        let line = line();
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
            self.evening();
            self.compare(&format!("day {day}"));
            self.ended(&format!("day {day}"));
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
            let pause = self.pause();
            self.step(pause);
            if self.chance.happens(60) {
                self.alert();
            }
            if self.chance.happens(25) {
                self.alert_again();
            }
            if self.chance.happens(10) {
                self.bar_again();
            }
            if self.chance.happens(8) {
                self.die();
            }
            self.somebody();
        }
    }

    /// Returns how many seconds nothing happens: no moment of the day is slept through.
    fn pause(&mut self) -> i64 {
        let rests = |id: OrderId| id.intent.purpose == Purpose::Protective;
        let busy = self.book.orders.values().any(|order| {
            !(order.state.is_closed() || rests(order.id) && order.state == OrderState::Sent)
        });
        let pause = if busy {
            self.chance.between(1, 20)
        } else {
            self.chance.between(60, 1_200)
        };
        let next = self.moments().into_iter().filter(|at| *at > self.now).min();
        let left = next.map_or(pause, |at| (at - self.now).num_seconds().max(1));
        pause.min(left)
    }

    /// Returns the moments of today at which something is due.
    fn moments(&self) -> Vec<DateTime<Utc>> {
        let today = exchange_day(self.now);
        let mut all = Vec::new();
        for stock in &self.stocks {
            let calendar = &self.rules.calendar;
            if let Some(close) = calendar.eod_close(stock.exchange, today) {
                all.extend(
                    [50, 44, 36, 29, 20, 14, 8, 0, -5].map(|s| close - TimeDelta::seconds(s)),
                );
            }
            if let Some(window) = calendar.square_off(stock.exchange, today) {
                all.extend([window.start, window.flat_by]);
            }
        }
        let hour = self.now.timestamp().div_euclid(3_600) + 1;
        all.extend(DateTime::from_timestamp(hour * 3_600, 0));
        all
    }

    /// Lets time pass, with everything that this brings.
    pub(crate) fn step(&mut self, seconds: i64) {
        let before = self.now;
        self.now = (self.now + TimeDelta::seconds(seconds)).trunc_subsecs(0);
        self.broker.new_day(self.now);
        self.market();
        self.arrive();
        self.feed(&Input::Time);
        self.ticks();
        self.bars(before);
        self.looks();
        if self.chance.happens(100) {
            let (available, at) = (Some(self.broker.floor.available()), self.now);
            self.feed(&Input::Funds(Funds { available, at }));
        }
        self.read_books();
        self.answer();
        self.perform();
        self.watch.holds(&self.book);
        self.nothing_oversold();
    }

    /// Decides and folds; returns what became true.
    pub(crate) fn feed(&mut self, input: &Input) -> Vec<Fact> {
        let facts = decide(&self.book, &self.rules, input, self.now);
        // most of what changes nothing is not worth a transaction
        if let Some(script) = self.script.as_mut().filter(|_| !facts.is_empty()) {
            let told = Telling {
                input: input.clone(),
                marks: self.book.marks.clone(),
                facts: facts.clone(),
            };
            script.push((self.now, Happened::Told(Box::new(told))));
        }
        self.fold(&facts);
        facts
    }

    fn fold(&mut self, facts: &[Fact]) {
        for fact in facts {
            self.watch.may_become_true(&self.book, fact);
            self.accounts
                .note(&self.book, &self.rules, (fact, self.now));
            self.book.apply(fact, self.now);
            if self.told_max > 0 {
                let told = sentence(fact, &self.rules.instruments);
                self.tell(|| told);
            }
            *self.seen.entry(torana::journal::kind(fact)).or_default() += 1;
            self.journal.push((fact.clone(), self.now));
        }
    }

    pub(crate) fn is_open(&self, stock: &Stock) -> bool {
        self.rules.calendar.session_at(stock.exchange, self.now) == Session::Continuous
    }

    /// Returns whether a contract has traded for the last time.
    pub(crate) fn is_over(&self, contract: ContractId) -> bool {
        let at = (&self.rules.calendar, self.now);
        self.rules.instruments.is_over(contract, at)
    }

    pub(crate) fn stock_of(&self, contract: ContractId) -> &Stock {
        let mut stocks = self.stocks.iter();
        stocks.find(|one| one.ix == contract.instrument).unwrap()
    }

    /// Returns where a contract trades.
    pub(crate) fn price_of(&self, contract: ContractId) -> Price {
        let stock = self.stock_of(contract);
        stock.price_of(stock.named(contract))
    }

    pub(crate) fn cause(&mut self) -> Cause {
        self.causes += 1;
        let [a, b, c, d] = self.causes.to_be_bytes();
        Cause::from_bytes([a, b, c, d, 1, 1, 1, 1, 1, 1])
    }

    /// Everything but the facts is forgotten.
    pub(crate) fn die(&mut self) {
        if let Some(script) = &mut self.script {
            script.push((self.now, Happened::Died));
        }
        self.tell(|| "the process dies and starts again".to_owned());
        let marks = self.book.marks.clone();
        let mut anew = self.morning.clone();
        for (fact, at) in &self.journal {
            anew.apply(fact, *at);
        }
        anew.marks = marks;
        anew.take_touched();
        self.book.take_touched();
        assert!(anew == self.book, "the facts fold to another book");
        self.answers.clear();
        self.searches.clear();
        self.ends = EndsSeen::default();
        self.readings = Readings::default();
        let good = |mark: &Mark| Judge::knowing(Some(mark.quote.price));
        let marks = self.book.marks.contracts.iter();
        self.judges = marks
            .map(|(contract, mark)| (*contract, good(mark)))
            .collect();
    }

    /// The market is open for a while, nothing goes wrong any more, and everything finds its end.
    fn settle(&mut self) {
        self.faults = false;
        self.broker.release(self.now);
        for _ in 0..90 {
            self.step(5);
            self.set_right();
        }
    }

    /// What still trades comes to its close.
    fn evening(&mut self) {
        let today = exchange_day(self.now);
        let closes = self.stocks.iter().filter_map(|stock| {
            let calendar = &self.rules.calendar;
            calendar.eod_close(stock.exchange, today)
        });
        let last = closes.max().unwrap();
        while self.now < last + TimeDelta::seconds(30) {
            let left = (last - self.now).num_seconds();
            self.step(if left > 60 { left - 55 } else { 5 });
            self.set_right();
        }
    }

    /// The next day comes, and what is long over is forgotten.
    fn sleep(&mut self) {
        let mut day = exchange_day(self.now).succ_opt().unwrap();
        while !self
            .stocks
            .iter()
            .all(|one| self.rules.calendar.is_trading_day(one.exchange, day))
        {
            day = day.succ_opt().unwrap();
        }
        self.now = morning(day);
        self.book.prune(self.now);
        self.book.take_touched();
        self.morning = self.book.clone();
        self.journal.clear();
        self.broker.list(&self.rules, day);
        self.settle_ended();
        self.looks.clear();
        self.frozen.clear();
        self.sent.clear();
        self.told_bars.clear();
        self.judges.clear();
        for stock in &mut self.stocks {
            stock.night(&mut self.chance);
        }
    }

    /// A person takes everything out.
    fn flatten(&mut self) {
        self.step(1_200);
        for _ in 0..3 {
            self.order(Command::Exit(ExitWhat::All, None));
            self.settle();
        }
    }
}

fn morning(day: NaiveDate) -> DateTime<Utc> {
    torana::domain::calendar::from_ist(day.and_hms_opt(9, 10, 0).unwrap())
}

/// The first facts of every life: those of a new desk.
fn opening() -> [Fact; 2] {
    let capital = Money::rupees(CAPITAL);
    let ledger = Fact::LedgerMoved(Box::new(Movement {
        kind: LedgerKind::Opening,
        amount: capital,
        after: capital,
        order: None,
    }));
    let state = Fact::TradingStateSet {
        scope: Scope::Desk,
        state: TradingState::Active,
        by: "torana".to_owned(),
        why: "a new paper desk".to_owned(),
    };
    [ledger, state]
}

fn rules(chance: &mut Chance, today: NaiveDate) -> Rules {
    let options = Options {
        today,
        ..Options::default()
    };
    let env: Environment = [("HOME", "/nowhere"), ("TORANA__DESK__CALENDAR", "exchange")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let mut rules = config::load(&options, &env).unwrap().rules;
    rules.alerts.long_only = false;
    rules.stops.hit_on = chance.one_of(&[StopHitOn::Close, StopHitOn::Tick]);
    rules.stops.protective_stop = chance.one_of(&[ProtectiveStop::Off, ProtectiveStop::Day]);
    rules.stops.breakeven = chance.one_of(&[Breakeven::Off, Breakeven::Entry, Breakeven::Charges]);
    rules.close.eod_exit = chance.one_of(&[EodExit::Stop, EodExit::Supertrend, EodExit::Off]);
    rules.close.roll = chance.one_of(&[RollUse::Propose, RollUse::Auto, RollUse::Off]);
    rules.portfolio.prove_units = false;
    let percent = |number| Some(Percent::new(Decimal::new(number, 1)));
    rules.day.loss = chance.one_of(&[None, percent(5), percent(20)]);
    rules.day.on_breach = chance.one_of(&[OnBreach::Reduce, OnBreach::Flatten]);
    rules.day.drawdown = chance.one_of(&[None, percent(30)]);
    rules.day.losing_streak = chance.one_of(&[None, Some(4)]);
    rules.day.trades = chance.one_of(&[None, Some(6)]);
    rules.day.cool_down = TimeDelta::minutes(chance.one_of(&[0, 30]));
    rules.timing.divergence_base = Percent::new(Decimal::TEN);
    rules.timing.divergence_add = Percent::new(Decimal::TEN);
    rules
}
