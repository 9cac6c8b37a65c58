//! One desk on paper while its week is told: prices, people, courier and monitor.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use torana::cli::story::Story;
use torana::config::{self, Environment, Options};
use torana::domain::book::{Book, Leg};
use torana::domain::calendar::{Session, exchange_day, from_ist};
use torana::domain::decide::decide;
use torana::domain::fact::{Fact, Goal, LedgerKind, Movement};
use torana::domain::ids::{Cause, OrderId, Purpose};
use torana::domain::input::{
    BrokerState, CallKind, CallResult, Command, FeedState, Input, Mark, Operator, Outcome,
    PriceSource, Quote, Tick,
};
use torana::domain::instrument::ContractId;
use torana::domain::money::{Money, Points, Price, Ratio};
use torana::domain::order::{BrokerOrderId, Direction};
use torana::domain::price::{Judge, Look, PriceRules, Verdict};
use torana::domain::reconcile::{self, EndsSeen};
use torana::domain::rules::{ProtectiveStop, Rules, StopHitOn};
use torana::domain::signal::{Ask, Bar, BarFrom, Layer, Signal, SourceId, Which};
use torana::domain::work::{self, Call};
use torana::journal;
use torana::sim::fills;
use torana::store::views::{Fact as Written, GoalName, SignalName};

use crate::broker::{Broker, dispatch, ticket};
use crate::market::{Stock, TRADED};

/// Opening capital, in rupees.
const CAPITAL: i64 = 5_000_000;

/// How long the desk sleeps while nothing is under way.
const IDLE: TimeDelta = TimeDelta::seconds(60);

/// The days on which contracts are looked for that a price is needed of.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 16).unwrap();

/// What the market shows of an instrument.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Nothing yet.
    Nothing,
    /// Buyers and sellers.
    Open,
    /// Sellers only.
    Locked,
}

/// One desk while its week is told.
pub(super) struct Week {
    rules: Rules,
    book: Book,
    now: DateTime<Utc>,
    broker: Broker,
    stocks: Vec<(Stock, Shown)>,
    judges: BTreeMap<ContractId, Judge>,
    ends: EndsSeen,
    away_until: Option<DateTime<Utc>>,
    journal: Vec<(Fact, DateTime<Utc>)>,
    asked: Vec<SignalName>,
    causes: u8,
}

impl Week {
    pub(super) fn new() -> Self {
        let rules = rules();
        let now = from_ist(FIRST.and_hms_opt(9, 0, 0).unwrap());
        let capital = Money::rupees(CAPITAL);
        let stocks = TRADED.map(|one| (Stock::new(&rules, FIRST, one), Shown::Nothing));
        let mut week = Self {
            broker: Broker::new(&rules, now, capital),
            stocks: stocks.into(),
            rules,
            book: Book::default(),
            now,
            judges: BTreeMap::new(),
            ends: EndsSeen::default(),
            away_until: None,
            journal: Vec::new(),
            asked: Vec::new(),
            causes: 0,
        };
        week.fold(vec![Fact::LedgerMoved(Box::new(Movement {
            kind: LedgerKind::Opening,
            amount: capital,
            after: capital,
            order: None,
        }))]);
        week
    }

    /// Lets time pass until a line's moment, and does what it says.
    pub(super) fn does(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let at = moment(words.next().unwrap());
        while self.now < at {
            let busy = self.busy();
            let pause = if busy { TimeDelta::seconds(1) } else { IDLE };
            self.now = (self.now + pause).min(at);
            self.passes();
        }
        let verb = words.next().unwrap();
        let rest: Vec<&str> = words.collect();
        match verb {
            "price" => self.price(&rest, Shown::Open),
            "locked" => self.price(&rest, Shown::Locked),
            "stray" => self.stray(&rest),
            "bar" => self.bar(&rest),
            "signal" => self.signal(&rest),
            "roll" => self.roll(&rest),
            "away" => self.away(&rest),
            "end" => {}
            _ => unreachable!("nobody knows how to {verb}"),
        }
        self.perform();
    }

    /// Returns whether anything is under way besides orders that rest at the broker.
    fn busy(&self) -> bool {
        let due = work::due(&self.book, &self.rules, self.now).into_iter();
        let mut due = due.filter(|call| !matches!(call, Call::Follow(_)));
        let mut goals = self.book.open_intents();
        let mut judges = self.judges.values();
        judges.any(Judge::doubts)
            || due.next().is_some()
            || goals.any(|one| one.id.purpose != Purpose::Protective)
    }

    fn is_away(&self) -> bool {
        self.away_until.is_some_and(|until| self.now < until)
    }

    fn passes(&mut self) {
        let day = exchange_day(self.now);
        self.broker.new_day(self.now);
        self.broker.list(&self.rules, day);
        if self.away_until.is_some_and(|until| self.now >= until) {
            self.away_until = None;
            self.state(true);
        }
        self.show(false);
        self.feed(&Input::Time);
        self.perform();
        if day != exchange_day(self.now - IDLE) {
            self.book.prune(self.now);
        }
    }

    /// OpenAlgo answers nothing for a while.
    fn away(&mut self, words: &[&str]) {
        let minutes = words[0].trim_end_matches('m').parse().unwrap();
        self.away_until = Some(self.now + TimeDelta::minutes(minutes));
        self.state(false);
    }

    fn state(&mut self, on: bool) {
        let feed = if on {
            FeedState::Speaks
        } else {
            FeedState::Away
        };
        self.feed(&Input::BrokerState(BrokerState {
            feed,
            logged_in: true,
        }));
    }

    fn stock(&self, name: &str) -> usize {
        let ix = self.rules.instruments.by_name(name).unwrap();
        self.stocks
            .iter()
            .position(|(one, _)| one.ix == ix)
            .unwrap()
    }

    /// A price is traded.
    fn price(&mut self, words: &[&str], shown: Shown) {
        let at = self.stock(words[0]);
        self.stocks[at].0.price = price(words[1]);
        self.stocks[at].1 = shown;
        self.show(true);
    }

    /// Shows the prices of what trades; those that were told just now are judged and fire stops.
    fn show(&mut self, told: bool) {
        for at in 0..self.stocks.len() {
            let (stock, shown) = &self.stocks[at];
            let open = self.rules.calendar.session_at(stock.exchange, self.now);
            if *shown == Shown::Nothing || open != Session::Continuous {
                continue;
            }
            let listed = stock.listed.clone();
            let (exchange, tick, shown) = (stock.exchange, stock.tick.points(), *shown);
            for one in listed {
                if !self.broker.lists((exchange, &one.symbol)) {
                    continue;
                }
                let last = self.stocks[at].0.price_of(&one);
                let mut seen = fills::Quote::around(last, tick);
                if shown == Shown::Locked {
                    seen.bid = Price::new(Decimal::ONE).unwrap();
                }
                self.broker.quote((exchange, &one.symbol), seen, self.now);
                if !self.is_away() {
                    let quote = Quote {
                        price: last,
                        bid: (shown == Shown::Open).then_some(seen.bid),
                        ask: Some(seen.ask),
                        at: self.now,
                    };
                    self.seen(one.contract, quote, told);
                }
            }
        }
    }

    /// What is seen is judged as the monitor does: what nobody confirms moves nothing.
    fn seen(&mut self, contract: ContractId, quote: Quote, told: bool) {
        let source = if told {
            PriceSource::Feed
        } else {
            PriceSource::Rest
        };
        let look = Look {
            quote,
            source,
            session: Session::Continuous,
            snapshot: false,
        };
        let known = self.book.instruments.get(&contract.instrument);
        let atr = known.and_then(|known| known.atr);
        let rules = PriceRules::default();
        let judge = self.judges.entry(contract).or_default();
        let mut good = judge.look(&rules, &look, atr) == Verdict::Good;
        if !good && judge.time(&rules, self.now).is_some() {
            good = true;
        }
        if !good {
            return;
        }
        let mark = Mark {
            quote,
            margin: None,
            source,
        };
        self.book.marks.contracts.insert(contract, mark);
        let held = |leg: &Leg| leg.is_open() && leg.contract == contract;
        if self.book.legs.values().any(held) {
            self.feed(&Input::Tick(Tick {
                contract,
                quote,
                source,
            }));
        }
    }

    /// A price that was never traded comes by the feed.
    fn stray(&mut self, words: &[&str]) {
        let at = self.stock(words[0]);
        let (ix, price) = (self.stocks[at].0.ix, price(words[1]));
        let contract = self.book.position_in(ix).unwrap().contract;
        let before = self.journal.len();
        let quote = Quote {
            price,
            bid: None,
            ask: None,
            at: self.now,
        };
        self.seen(contract, quote, true);
        assert_eq!(self.journal.len(), before, "nobody traded at {price}");
    }

    /// A bar closes.
    fn bar(&mut self, words: &[&str]) {
        self.price(words, Shown::Open);
        let (id, at) = (self.cause(), self.stock(words[0]));
        self.came(id, ("MARKET_DATA", words[0]));
        self.feed(&Input::Bar(Box::new(Bar {
            from: BarFrom::Alert {
                id,
                source: SourceId(1),
            },
            instrument: self.stocks[at].0.ix,
            contract: None,
            opened_at: Some(self.now - TimeDelta::minutes(60)),
            at: self.now,
            close: price(words[1]),
            atr: Some(points(words[3])),
        })));
    }

    fn signal(&mut self, words: &[&str]) {
        let instrument = self.rules.instruments.by_name(words[1]).unwrap();
        let after = |key: &str| {
            let place = words.iter().position(|word| *word == key)?;
            words.get(place + 1).copied()
        };
        let layer = |label: &str| Layer(label.split_once('_').unwrap().1.parse().unwrap());
        let direction = Direction::Long;
        let ask = match words[0] {
            "BASE_ENTRY" => Ask::Enter {
                direction,
                layer: layer(words[2]),
            },
            "PYRAMID" => Ask::Add {
                direction,
                layer: layer(words[2]),
            },
            _ => Ask::Exit(Which::All),
        };
        let id = self.cause();
        self.came(id, (words[0], words[1]));
        let signal = Signal {
            id,
            source: SourceId(1),
            ask,
            instrument,
            contract: None,
            product: None,
            price: after("price").map(price),
            stop: after("stop").map(price),
            target: None,
            atr: after("atr").map(points),
            er: after("er").map(|word| Ratio::new(word.parse().unwrap())),
            at: self.now,
            bar: None,
            opened_before: None,
            id_reused: false,
            profile: None,
        };
        self.feed(&Input::Signal(Box::new(signal)));
    }

    /// A person confirms that a position goes on in its next contract.
    fn roll(&mut self, words: &[&str]) {
        let id = self.cause();
        let order = Command::Roll(self.rules.instruments.by_name(words[0]).unwrap());
        self.feed(&Input::Operator(Box::new(Operator {
            id,
            by: "asha".to_owned(),
            why: "the month ends".to_owned(),
            order,
        })));
    }

    /// Notes an alert as its row does.
    fn came(&mut self, id: Cause, (kind, instrument): (&str, &str)) {
        self.asked.push(SignalName {
            id: id.to_string(),
            kind: kind.to_owned(),
            instrument: Some(instrument.to_owned()),
        });
    }

    fn feed(&mut self, input: &Input) -> Vec<Fact> {
        let facts = decide(&self.book, &self.rules, input, self.now);
        self.fold(facts.clone());
        facts
    }

    fn fold(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            self.book.apply(&fact, self.now);
            self.journal.push((fact, self.now));
        }
    }

    fn cause(&mut self) -> Cause {
        self.causes += 1;
        Cause::from_bytes([self.causes; 10])
    }

    /// Does what is due; while OpenAlgo is away nothing leaves and nothing is read.
    fn perform(&mut self) {
        let mut tried = BTreeSet::new();
        loop {
            let due = work::due(&self.book, &self.rules, self.now).into_iter();
            let next = due.map(|call| match call {
                Call::Place(id) => (0_u8, id),
                Call::Cancel(id) => (1, id),
                Call::Modify(id) => (2, id),
                Call::Follow(id) => (3, id),
                Call::Resolve(id) => unreachable!("{id} is in doubt"),
            });
            let next = next.collect::<Vec<_>>().into_iter();
            let Some(call) = next.filter(|call| !tried.contains(call)).min() else {
                break;
            };
            tried.insert(call);
            match call {
                (0, id) => self.place(id),
                (1, id) => self.call(id, CallKind::Cancel),
                (2, id) => self.call(id, CallKind::Modify),
                (_, id) => self.follow(id),
            }
        }
    }

    fn place(&mut self, id: OrderId) {
        let order = self.book.orders[&id].clone();
        let mark = self.book.marks.contracts.get(&order.contract);
        let fresh = mark.map(|mark| mark.quote).filter(|_| !self.is_away());
        let facts = self.feed(&dispatch(id, fresh, Vec::new()));
        let Some(claim) = facts.iter().find_map(|fact| fact.claim().cloned()) else {
            return;
        };
        let result = if self.is_away() {
            CallResult::NotSent("connection refused".to_owned())
        } else {
            let ticket = ticket(&self.rules, &order, &claim);
            self.broker.takes(&ticket, None, self.now)
        };
        self.outcome(id, CallKind::Place, result);
        self.follow(id);
    }

    fn outcome(&mut self, order: OrderId, call: CallKind, result: CallResult) {
        self.feed(&Input::Outcome(Outcome {
            order,
            call,
            result,
        }));
    }

    fn call(&mut self, id: OrderId, call: CallKind) {
        let order = self.book.orders[&id].clone();
        let result = if self.is_away() {
            CallResult::NotSent("connection refused".to_owned())
        } else {
            self.broker.changes(&order, call, self.now)
        };
        self.outcome(id, call, result);
        self.follow(id);
    }

    /// Reads what the broker says of an order.
    fn follow(&mut self, id: OrderId) {
        let Some(order) = self.book.orders.get(&id).filter(|_| !self.is_away()) else {
            return;
        };
        let order = order.clone();
        let Some(shown) = self.broker.shown(&order, self.now) else {
            return;
        };
        let news = self.ends.news(&order, &shown, exchange_day(self.now));
        if let Some(report) = news {
            self.feed(&Input::Report(report));
        }
        if let Some(terms) = reconcile::terms(&order, &shown) {
            self.feed(&Input::Terms(terms));
        }
    }

    /// Both sides hold nothing, filled the same and have the same money.
    pub(super) fn compare(&self) {
        let open = self.book.legs.values().filter(|leg| leg.is_open()).count();
        assert_eq!(open, 0, "all is out");
        for order in self.book.orders.values() {
            let broker_id = order.broker_id.as_ref().map(BrokerOrderId::as_str);
            if let Some(theirs) = broker_id.and_then(|id| self.broker.floor.order(id)) {
                assert_eq!(order.filled.get(), theirs.filled, "{}", order.id);
            }
        }
        for (stock, _) in &self.stocks {
            for listed in &stock.listed {
                for product in [
                    torana::domain::order::Product::Nrml,
                    torana::domain::order::Product::Mis,
                ] {
                    let net = self.broker.net((stock.exchange, &listed.symbol), product);
                    assert!(net.is_zero(), "{net} of {}", listed.symbol);
                }
            }
        }
        let (ours, theirs) = (self.book.desk.realised, self.broker.floor.account.cash());
        assert_eq!(ours, theirs, "to the paisa");
    }

    /// Tells the week as `torana facts` does.
    pub(super) fn story(&self) -> String {
        let instruments = &self.rules.instruments;
        let mut named = BTreeMap::new();
        let mut written = Vec::new();
        let mut layers = BTreeMap::new();
        for (seq, (fact, at)) in (1..).zip(&self.journal) {
            if let Fact::IntentApproved(approval) = fact {
                if let Goal::Open(goal) = &approval.goal {
                    layers.insert(approval.leg, goal.layer);
                }
                let name = instruments.get(approval.contract.instrument).unwrap();
                let layer = layers.get(&approval.leg).map(|layer| i16::from(layer.0));
                let goal = GoalName {
                    id: approval.intent.to_string(),
                    leg: approval.leg.to_string(),
                    instrument: name.name.clone(),
                    direction: approval.direction.to_string(),
                    layer,
                };
                named.insert(approval.intent, goal);
            }
            let refs = journal::refs(fact);
            let text = journal::fact_text(fact, instruments);
            written.push(Written {
                seq,
                at: *at,
                kind: journal::kind(fact).to_owned(),
                signal_id: refs.signal.map(|id| id.to_string()),
                intent_id: refs.intent.map(|id| id.to_string()),
                order_id: refs.order.map(|id| id.to_string()),
                leg_id: refs.leg.map(|id| id.to_string()),
                is: Some(serde_json::value::RawValue::from_string(text).unwrap()),
                hash: String::new(),
            });
        }
        let named = named.into_values().collect();
        Story::naming(instruments, named, self.asked.clone()).text(&written)
    }
}

fn rules() -> Rules {
    let options = Options {
        today: FIRST,
        ..Options::default()
    };
    let env: Environment = [("HOME", "/nowhere"), ("TORANA__DESK__CALENDAR", "exchange")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let mut rules = config::load(&options, &env).unwrap().rules;
    rules.stops.hit_on = StopHitOn::Tick;
    rules.portfolio.prove_units = false;
    rules.stops.protective_stop = ProtectiveStop::Day;
    rules
}

fn moment(word: &str) -> DateTime<Utc> {
    let read = |format| NaiveDateTime::parse_from_str(word, format);
    from_ist(
        read("%Y-%m-%dT%H:%M:%S")
            .or_else(|_| read("%Y-%m-%dT%H:%M"))
            .unwrap(),
    )
}

fn decimal(word: &str) -> Decimal {
    word.replace(',', "").parse().unwrap()
}

fn price(word: &str) -> Price {
    Price::new(decimal(word)).unwrap()
}

fn points(word: &str) -> Points {
    Points::new(decimal(word))
}
