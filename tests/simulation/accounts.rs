//! Our account and the broker's, to the paisa.
//!
//! What people trade past us is in the broker's account alone; what a repair or an adoption changes
//! is in ours alone. With both counted, the two are the same at every moment and every price.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use torana::domain::book::{Book, Leg};
use torana::domain::broker_book::NetKey;
use torana::domain::calendar::exchange_day;
use torana::domain::fact::{Fact, LedgerKind};
use torana::domain::ids::{LegId, Purpose};
use torana::domain::instrument::{ContractId, InstrumentIx};
use torana::domain::money::{Money, Price};
use torana::domain::order::{Direction, Product};
use torana::domain::rules::Rules;

use crate::life::Life;

/// Lots and money that only one of the two books knows of.
#[derive(Default)]
struct Aside {
    lots: BTreeMap<NetKey, Decimal>,
    cash: Money,
}

impl Aside {
    fn trade(&mut self, key: NetKey, lots: Decimal, paid: Decimal) {
        *self.lots.entry(key).or_default() += lots;
        self.cash -= Money::new(paid);
    }

    fn of(&self, key: NetKey) -> Decimal {
        self.lots.get(&key).copied().unwrap_or_default()
    }
}

/// Both sides of what differs.
#[derive(Default)]
pub(crate) struct Accounts {
    theirs: Aside,
    ours: Aside,
    put_in: Money,
    /// Legs that a person took in.
    adopted: BTreeSet<LegId>,
    /// Instruments that were said today not to be flat though they should be.
    said: BTreeSet<InstrumentIx>,
}

impl Accounts {
    /// Somebody traded past us.
    pub(crate) fn phone(
        &mut self,
        key: NetKey,
        (lots, price): (i64, Decimal),
        (point, charges): (Decimal, Money),
    ) {
        let lots = Decimal::from(lots);
        self.theirs.trade(key, lots, lots * price * point);
        self.theirs.cash -= charges;
    }

    /// Notes what changes our book without an order.
    pub(crate) fn note(&mut self, book: &Book, rules: &Rules, (fact, at): (&Fact, DateTime<Utc>)) {
        let point = |contract: ContractId| {
            let spec = rules.instruments.spec(contract, exchange_day(at)).unwrap();
            spec.point_value.get()
        };
        match fact {
            Fact::LegReduced(one) if !book.intents.contains_key(&one.intent) => {
                let leg = &book.legs[&one.leg];
                let sign = sign(leg.direction);
                let key = (leg.contract, leg.product);
                let paid = -sign * one.value.get() * point(leg.contract);
                self.ours.trade(key, -sign * one.lots.decimal(), paid);
            }
            Fact::LegOpened(one) if !book.intents.values().any(|intent| intent.leg == one.leg) => {
                self.adopted.insert(one.leg);
                let sign = sign(one.direction);
                let key = (one.contract, one.product);
                let paid = sign * one.cost.get() * point(one.contract);
                self.ours.trade(key, sign * one.lots.decimal(), paid);
            }
            Fact::DayStarted { .. } => self.said.clear(),
            Fact::SquareOffLate { instrument, .. } => {
                assert!(self.said.insert(*instrument), "said twice a day");
            }
            Fact::LedgerMoved(one)
                if one.kind == LedgerKind::Deposit || one.kind == LedgerKind::Withdrawal =>
            {
                self.put_in += one.amount;
            }
            _ => {}
        }
    }

    /// Returns how many lots more the broker holds than our book.
    pub(crate) fn missing(&self, key: NetKey) -> Decimal {
        self.theirs.of(key) - self.ours.of(key)
    }

    /// Returns whether anything is held that only one of the books knows of.
    pub(crate) fn differ(&self) -> bool {
        let keys = self.theirs.lots.keys().chain(self.ours.lots.keys());
        let mut keys = keys.copied();
        keys.any(|key| !self.missing(key).is_zero())
    }
}

fn sign(direction: Direction) -> Decimal {
    match direction {
        Direction::Long => Decimal::ONE,
        Direction::Short => -Decimal::ONE,
    }
}

impl Life {
    /// Returns the lots of our legs, negative when short.
    pub(crate) fn held(&self, key: NetKey) -> Decimal {
        let legs = self.book.legs.values().filter(|leg| leg.is_open());
        legs.filter(|leg| (leg.contract, leg.product) == key)
            .map(|leg| sign(leg.direction) * leg.lots.decimal())
            .sum()
    }

    /// Returns the lots the broker holds, negative when short.
    fn theirs(&self, (contract, product): NetKey) -> Decimal {
        let stock = self.stock_of(contract);
        let symbol = &stock.named(contract).symbol;
        let spec = self
            .rules
            .instruments
            .spec(contract, exchange_day(self.now))
            .unwrap();
        let per_lot = self.rules.instruments.get(stock.ix).unwrap().per_lot(spec);
        self.broker.net((stock.exchange, symbol), product) / Decimal::from(per_lot)
    }

    /// The broker settles what is held of contracts that have ended, at their last price.
    pub(crate) fn settle_ended(&mut self) {
        let today = exchange_day(self.now);
        let keys = self.keys().into_iter();
        for key in keys
            .filter(|key| key.0.is_expired(today))
            .collect::<Vec<_>>()
        {
            let (contract, product) = key;
            let (lots, price) = (self.theirs(key), self.price_of(contract));
            if lots.is_zero() {
                continue;
            }
            let stock = self.stock_of(contract);
            let (exchange, symbol) = (stock.exchange, stock.named(contract).symbol.clone());
            self.broker
                .settle((exchange, &symbol), (product, price), today);
            self.tell(|| format!("the broker settles {lots} lots of {symbol} at {price}"));
            let (lots, point) = (-lots.to_i64().unwrap(), self.point(contract));
            self.accounts
                .phone(key, (lots, price.get()), (point, Money::ZERO));
        }
    }

    fn keys(&self) -> Vec<NetKey> {
        let listed = self.stocks.iter().flat_map(|one| &one.listed);
        listed
            .flat_map(|one| [(one.contract, Product::Nrml), (one.contract, Product::Mis)])
            .collect()
    }

    /// What is held of a contract is never more than our legs say, nor on the other side.
    pub(crate) fn nothing_oversold(&self) {
        for key in self.keys() {
            let net = self.theirs(key);
            if net.is_zero() || !self.accounts.missing(key).is_zero() {
                continue;
            }
            let held = self.book.position_in(key.0.instrument);
            let held = held.map(|one| one.direction);
            let coming = self.book.entries_of(key.0.instrument).next();
            // until the day's reports are in, what fills now is not known yet
            if let Some(direction) = held.or(coming.map(|one| one.direction)) {
                let wrong = (net * sign(direction)).is_sign_negative();
                assert!(
                    !wrong,
                    "{net} held of {} while {direction}",
                    self.named(key)
                );
            }
        }
    }

    fn named(&self, (contract, product): NetKey) -> String {
        let symbol = &self.stock_of(contract).named(contract).symbol;
        format!("{symbol} {product:?}")
    }

    /// When nothing is under way both sides hold the same, and have the same money.
    pub(crate) fn compare(&self, when: &str) {
        for order in self.book.orders.values() {
            let waits = order.state.is_unanswered();
            assert!(!waits, "{when}: {} has no answer", order.id);
            let id = order.broker_id.as_ref();
            if let Some(theirs) = id.and_then(|id| self.broker.floor.order(id.as_str())) {
                let filled = order.filled.get();
                assert_eq!(filled, theirs.filled, "{when}: fills of {}", order.id);
                let over = order.state.is_closed() || theirs.status.works();
                assert!(over, "{when}: {} is over at the broker alone", order.id);
            }
        }
        for key in self.keys() {
            let (ours, theirs) = (self.held(key), self.theirs(key));
            assert_eq!(
                ours + self.accounts.missing(key),
                theirs,
                "{when}: {}",
                self.named(key)
            );
        }
        // leg by leg and at the average they differ in what is realised, never in what all is worth
        let listed = self.stocks.iter().flat_map(|one| {
            one.listed
                .iter()
                .map(|listed| (listed.symbol.as_str(), one.price_of(listed)))
        });
        let prices: BTreeMap<&str, Price> = listed.collect();
        let theirs = self.broker.worth(|symbol| prices.get(symbol).copied());
        let ours = self.worth() + self.aside(&self.accounts.theirs)
            - self.aside(&self.accounts.ours)
            - self.accounts.put_in;
        let apart = (ours - theirs).get().abs();
        assert!(
            apart < Decimal::new(1, 2),
            "{when}: ours {ours}, theirs {theirs}"
        );
    }

    /// Returns what one of the sides is worth at the prices of this moment.
    fn aside(&self, side: &Aside) -> Money {
        let open = side.lots.iter().map(|((contract, _), lots)| {
            Money::new(*lots * self.price_of(*contract).get() * self.point(*contract))
        });
        side.cash + open.sum()
    }

    fn point(&self, contract: ContractId) -> Decimal {
        let spec = self
            .rules
            .instruments
            .spec(contract, exchange_day(self.now));
        spec.unwrap().point_value.get()
    }

    /// Returns what everything is worth at the prices of this moment.
    fn worth(&self) -> Money {
        let open = self.book.legs.values().filter(|leg| leg.is_open());
        let gains = open.map(|leg| {
            let now = leg.lots.decimal() * self.price_of(leg.contract).get();
            let gain = sign(leg.direction) * (now - leg.cost.get());
            Money::new(gain * self.point(leg.contract))
        });
        self.book.desk.realised + gains.sum()
    }

    /// What must be over at the end of a day is over, and what rests guards a leg that is there.
    pub(crate) fn ended(&self, when: &str) {
        let (rules, today) = (&self.rules, exchange_day(self.now));
        for leg in self.book.legs.values().filter(|leg| leg.is_open()) {
            let frozen = self.frozen.contains(&leg.contract.instrument);
            if self.is_over(leg.contract) {
                self.waits_for_the_broker(leg, frozen, when);
                continue;
            }
            if frozen {
                continue;
            }
            // A day trade that a person took in after the square-off began may find no market.
            let adopted = self.accounts.adopted.contains(&leg.id);
            let exchange = self.stock_of(leg.contract).exchange;
            let window = rules
                .calendar
                .square_off(exchange, exchange_day(leg.opened_at));
            let late = adopted && window.is_some_and(|window| leg.opened_at >= window.start);
            let intraday = leg.product == Product::Mis && !late;
            assert!(
                !intraday,
                "{when}: {} is a day trade and still held",
                leg.id
            );
            let by = rules.instruments.exit_by(leg.contract, &rules.calendar);
            let over = by.is_some_and(|by| by <= self.now);
            assert!(!over, "{when}: {} is of a contract that is over", leg.id);
        }
        assert_eq!(self.book.desk.day, Some(today), "{when}: the day has begun");
    }

    /// What is held of a contract that trades no more was said, could not be taken out in time or was
    /// taken in late by a person, and is gone the day after, when the broker has settled it.
    fn waits_for_the_broker(&self, leg: &Leg, frozen: bool, when: &str) {
        let id = leg.id;
        let settled = leg.contract.is_expired(exchange_day(self.now));
        assert!(!settled, "{when}: {id} was settled and is still held");
        let said = self.accounts.said.contains(&leg.contract.instrument);
        assert!(
            said,
            "{when}: nobody was told that {id} can no longer be sold"
        );
        let mut intents = self.book.intents.values();
        let tried = intents.any(|one| one.leg == id && one.id.purpose == Purpose::Exit);
        let adopted = self.accounts.adopted.contains(&id);
        assert!(
            frozen || tried || adopted,
            "{when}: {id} was left in what has ended"
        );
    }
}
