//! A day of whatever may come: alerts, quotes, answers, reports, people and time, in any order, and
//! what must hold after each of them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use torana::domain::book::{Book, Order, OrderState};
use torana::domain::calendar::exchange_day;
use torana::domain::decide::{answer, decide};
use torana::domain::fact::{Fact, LedgerKind, Movement};
use torana::domain::ids::{Cause, LegId, OrderId, Purpose};
use torana::domain::input::{Input, Mark, PriceSource, Quote, Report, TradingState};
use torana::domain::instrument::{ContractId, InstrumentIx};
use torana::domain::money::{Lots, Money, Points, Price, Ratio};
use torana::domain::order::Direction;
use torana::domain::rules::{Breakeven, OnExisting, ProtectiveStop, Rules, StopHitOn};

use crate::world;

/// Whether the broker fills what was ordered and no more, or says whatever it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broker {
    Honest,
    Lying,
}

/// Everything of one day.
pub(crate) struct Day {
    pub(crate) rules: Rules,
    pub(crate) book: Book,
    pub(crate) now: DateTime<Utc>,
    pub(crate) broker: Broker,
    pub(crate) causes: u16,
    /// Where each instrument stands, in ten thousandths away from its price.
    pub(crate) levels: [i64; 3],
    journal: Vec<(Fact, DateTime<Utc>)>,
    stops: BTreeMap<LegId, Price>,
    moved: Money,
    /// Money put in, less what was taken out.
    cash: Money,
}

/// The instruments and the prices they move around.
pub(crate) const TRADED: [(&str, i64); 3] = [
    ("BANK_NIFTY", 52_000),
    ("GOLD_MINI", 78_500),
    ("COPPER", 920),
];

impl Day {
    pub(crate) fn new(broker: Broker) -> Self {
        let mut rules = world::rules();
        rules.alerts.long_only = false;
        rules.alerts.on_existing = OnExisting::Add;
        rules.sizing.stop_atr_min = Ratio::default();
        rules.stops.hit_on = StopHitOn::Tick;
        rules.stops.breakeven = Breakeven::Entry;
        rules.stops.peel_off = true;
        // small enough that entries and exits come in slices
        for limits in &mut rules.per_instrument {
            limits.max_lots = Some(Lots::new(50));
        }
        let mut day = Self {
            rules,
            book: Book::default(),
            now: "2026-11-20T04:30:00Z".parse().unwrap(),
            broker,
            causes: 0,
            levels: [0; 3],
            journal: Vec::new(),
            stops: BTreeMap::new(),
            moved: Money::ZERO,
            cash: Money::ZERO,
        };
        let capital = Money::rupees(100_000_000);
        day.fold(vec![Fact::LedgerMoved(Box::new(Movement {
            kind: LedgerKind::Opening,
            amount: capital,
            after: capital,
            order: None,
        }))]);
        day.feed(&Input::Time);
        day
    }

    /// Lets an order rest at the broker for each leg.
    pub(crate) fn guarded(mut self, hit_on: StopHitOn) -> Self {
        self.rules.stops.protective_stop = ProtectiveStop::Day;
        self.rules.stops.hit_on = hit_on;
        self
    }

    pub(crate) fn cause(&mut self) -> Cause {
        self.causes += 1;
        let [high, low] = self.causes.to_be_bytes();
        Cause::from_bytes([high, low, 1, 1, 1, 1, 1, 1, 1, 1])
    }

    pub(crate) fn instrument(&self, place: u8) -> (InstrumentIx, i64) {
        let (name, around) = TRADED[usize::from(place) % TRADED.len()];
        (self.rules.instruments.by_name(name).unwrap(), around)
    }

    pub(crate) fn contract(&self, ix: InstrumentIx) -> ContractId {
        let today = exchange_day(self.now);
        self.rules
            .instruments
            .contract_for_entry(ix, today, &self.rules.calendar)
            .unwrap()
    }

    /// Moves the market of an instrument, and returns its quote.
    pub(crate) fn quote(&mut self, place: u8, level: i64) -> Quote {
        let (ix, around) = self.instrument(place);
        self.levels[usize::from(place) % TRADED.len()] = level;
        let quote = Quote {
            price: price(around, level),
            bid: None,
            ask: None,
            at: self.now,
        };
        let contract = self.contract(ix);
        let mark = Mark {
            quote,
            margin: None,
            source: PriceSource::Rest,
        };
        self.book.marks.contracts.insert(contract, mark);
        quote
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
    }

    /// Decides, folds, and looks whether everything still holds.
    pub(crate) fn feed(&mut self, input: &Input) {
        self.what_is_remembered_is_as_anew();
        let facts = decide(&self.book, &self.rules, input, self.now);
        assert_eq!(
            facts,
            decide(&self.book, &self.rules, input, self.now),
            "the same input gives the same facts"
        );
        if input.alert().is_some() {
            let verdicts = facts
                .iter()
                .filter(|fact| answer(core::slice::from_ref(*fact)).is_some());
            assert_eq!(verdicts.count(), 1, "one verdict a signal: {facts:#?}");
        }
        self.fold(facts);
        if let Input::Report(report) = input {
            self.nothing_new(report);
        }
        self.nothing_is_forgotten();
        self.stops_never_loosen();
        if self.broker == Broker::Honest {
            self.nothing_beyond_what_was_meant();
            self.money_adds_up();
        }
    }

    /// Whatever has happened since a sum was remembered: it is what it would be anew, to the last
    /// zero. Every so often the sum is remembered again.
    fn what_is_remembered_is_as_anew(&mut self) {
        let one = self.book.open_intents().next().map(|intent| intent.id);
        let sums = |day: &Self| {
            let sum = |without| day.book.exposure(&day.rules, day.now, without);
            format!("{:?} {:?}", sum(None), sum(one))
        };
        let known = sums(self);
        let stakes = core::mem::take(&mut self.book.stakes);
        assert_eq!(known, sums(self));
        self.book.stakes = stakes;
        if self.journal.len().is_multiple_of(3) {
            self.book.weigh(&self.rules, self.now);
        }
    }

    /// What was seen before, seen again, changes nothing.
    pub(crate) fn feed_in_vain(&self, input: &Input) {
        let again = decide(&self.book, &self.rules, input, self.now);
        assert_eq!(again, [], "seen twice: {input:?}");
    }

    pub(crate) fn fold(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            self.may_become_true(&fact);
            self.book.apply(&fact, self.now);
            self.journal.push((fact, self.now));
        }
    }

    /// Looks at a fact against the book it is about to change.
    fn may_become_true(&mut self, fact: &Fact) {
        match fact {
            Fact::IntentApproved(approval) => {
                assert!(
                    !self.book.intents.contains_key(&approval.intent),
                    "a new name"
                );
            }
            Fact::OrderWanted { order, .. } => {
                assert!(!self.book.orders.contains_key(order), "a new name");
                assert!(
                    self.book.live_order(order.intent).is_none(),
                    "one order at a time"
                );
            }
            Fact::OrderClaimed(claim) => self.may_leave(claim.order, claim.lots),
            Fact::LegReduced(reduction) => {
                let leg = &self.book.legs[&reduction.leg];
                assert!(
                    reduction.lots <= leg.lots,
                    "an exit takes no more than is held"
                );
            }
            Fact::LedgerMoved(movement) => {
                self.moved += movement.amount;
                match movement.kind {
                    LedgerKind::Opening | LedgerKind::Deposit | LedgerKind::Withdrawal => {
                        self.cash += movement.amount;
                    }
                    LedgerKind::Realised | LedgerKind::Charges => {}
                }
                assert_eq!(movement.after, self.moved, "the ledger adds up");
            }
            _ => {}
        }
    }

    /// Nothing but exits leaves while reducing, and only a person's while frozen.
    fn may_leave(&self, id: OrderId, lots: Lots) {
        let order = &self.book.orders[&id];
        let intent = &self.book.intents[&id.intent];
        assert!(!lots.is_zero(), "an order of nothing");
        assert_eq!(order.state, OrderState::Wanted, "an order leaves once");
        match self.book.state_of(order.contract.instrument) {
            TradingState::Active => {}
            TradingState::Reducing => assert!(!intent.opens(), "{id} while reducing"),
            TradingState::Frozen => {
                assert!(!intent.opens() && intent.by_person, "{id} while frozen");
            }
        }
        if !intent.opens() {
            assert!(
                lots <= self.book.legs[&intent.leg].lots,
                "{id} is more than its leg"
            );
        }
    }

    /// The same report again adds nothing.
    fn nothing_new(&self, report: &Report) {
        let again = decide(
            &self.book,
            &self.rules,
            &Input::Report(report.clone()),
            self.now,
        );
        assert_eq!(again, [], "a report seen twice");
    }

    /// Every goal that is pursued has an order, and no goal that ended has one to be placed.
    fn nothing_is_forgotten(&self) {
        for intent in self.book.intents.values() {
            let live = self.book.live_order(intent.id);
            if intent.is_open() && intent.id.purpose != Purpose::Protective {
                assert!(live.is_some(), "{} has no order", intent.id);
            } else if !intent.is_open() {
                let wanted = live.is_some_and(|order| order.state == OrderState::Wanted);
                assert!(!wanted, "{} has ended and would leave", intent.id);
            }
        }
    }

    fn stops_never_loosen(&mut self) {
        for leg in self.book.legs.values() {
            let before = self.stops.insert(leg.id, leg.stop).unwrap_or(leg.stop);
            assert!(
                leg.direction.gain(before, leg.stop) >= Points::ZERO,
                "{}",
                leg.id
            );
        }
    }

    /// What was asked for an entry is never more than was intended; the exits of a leg that work at
    /// the broker are never more than it holds, nor is any leg negative.
    fn nothing_beyond_what_was_meant(&self) {
        for intent in self.book.intents.values().filter(|intent| intent.opens()) {
            let orders = self
                .book
                .orders
                .values()
                .filter(|one| one.id.intent == intent.id);
            let asked = orders
                .map(|order| match order.state {
                    OrderState::Closed(_) => self.filled(order),
                    OrderState::Wanted => Lots::ZERO,
                    _ => order.lots,
                })
                .fold(Lots::ZERO, Lots::plus);
            assert!(
                asked <= intent.lots.unwrap(),
                "{} asked for {asked}",
                intent.id
            );
            assert!(intent.filled <= intent.lots.unwrap(), "{intent:#?}");
        }
        for leg in self.book.legs.values() {
            let exits = self.book.orders.values().filter(|order| {
                !order.id.intent.purpose.opens()
                    && !order.state.is_closed()
                    && order.state != OrderState::Wanted
                    && self.book.intents[&order.id.intent].leg == leg.id
            });
            let working = exits
                .map(|order| order.lots.less(self.filled(order)))
                .fold(Lots::ZERO, Lots::plus);
            assert!(
                working <= leg.lots,
                "{working} of {} leave {}",
                leg.lots,
                leg.id
            );
        }
    }

    pub(crate) fn filled(&self, order: &Order) -> Lots {
        order.filled.lots(self.per_lot(order.contract)).0
    }

    pub(crate) fn per_lot(&self, contract: ContractId) -> u32 {
        let instruments = &self.rules.instruments;
        let spec = instruments.spec(contract, exchange_day(self.now)).unwrap();
        instruments.get(contract.instrument).unwrap().per_lot(spec)
    }

    /// What was realised is what the ledger says and what the positions gained.
    fn money_adds_up(&self) {
        let desk = &self.book.desk;
        assert_eq!(desk.realised, self.moved);
        let gained: Money = self.book.positions.values().map(|one| one.net).sum();
        assert_eq!(desk.realised - self.cash, gained);
        for leg in self.book.legs.values() {
            assert_eq!(leg.lots.is_zero(), !leg.is_open(), "{leg:#?}");
        }
    }

    /// Folding all facts anew gives the same book.
    pub(crate) fn folds_to_the_same(&self) {
        let mut anew = Book::default();
        for (fact, at) in &self.journal {
            anew.apply(fact, *at);
        }
        anew.marks = self.book.marks.clone();
        assert_eq!(anew, self.book);
        anew.level_all();
        assert_eq!(anew.levels, self.book.levels, "a book that was read");
    }
}

/// Returns a price so many ten thousandths away from another, on every tick there is.
pub(crate) fn price(around: i64, level: i64) -> Price {
    let exact = Decimal::from(around) + Decimal::from(around * level) / Decimal::from(10_000);
    Price::new(exact.round()).unwrap()
}

/// Returns the direction of an even or odd number.
pub(crate) fn direction(odd: u8) -> Direction {
    if odd.is_multiple_of(2) {
        Direction::Long
    } else {
        Direction::Short
    }
}
