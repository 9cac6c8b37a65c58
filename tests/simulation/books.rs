//! The broker's books, read as the monitor reads them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::prelude::ToPrimitive as _;
use torana::domain::book::Leg;
use torana::domain::broker_book::{BrokerBook, NetKey, SeenNet, SeenTraded, SeenWorking, Steady};
use torana::domain::input::Input;
use torana::domain::instrument::ContractId;
use torana::domain::money::Quantity;
use torana::domain::order::BrokerOrderId;
use torana::domain::reconcile;

use crate::life::Life;

/// What the readings of one process have said, and since when.
#[derive(Default)]
pub(crate) struct Readings {
    nets: BTreeMap<NetKey, (Option<i64>, Streak)>,
    orders: BTreeMap<BrokerOrderId, ((), Streak)>,
}

/// Readings in a row that say the same.
#[derive(Clone, Copy)]
struct Streak {
    first: DateTime<Utc>,
    reads: u32,
}

impl Streak {
    fn steady(self, at: DateTime<Utc>) -> Steady {
        Steady {
            reads: self.reads,
            span: (at - self.first).max(TimeDelta::zero()),
        }
    }
}

fn follow<K: Ord + Clone, T: PartialEq>(
    known: &BTreeMap<K, (T, Streak)>,
    said: BTreeMap<K, T>,
    at: DateTime<Utc>,
) -> BTreeMap<K, (T, Streak)> {
    said.into_iter()
        .map(|(key, value)| {
            let before = known.get(&key).filter(|(before, _)| *before == value);
            let streak = before.map_or(
                Streak {
                    first: at,
                    reads: 1,
                },
                |(_, streak)| Streak {
                    first: streak.first,
                    reads: streak.reads + 1,
                },
            );
            (key, (value, streak))
        })
        .collect()
}

impl Life {
    /// Reads the books whole while anything is held, wanted or in question.
    pub(crate) fn read_books(&mut self) {
        let busy = self.book.legs.values().any(Leg::is_open)
            || self.book.findings.values().any(|one| one.end.is_none())
            || self.book.open_intents().next().is_some()
            || self.accounts.differ();
        let unread = self.faults && !self.accounts.differ() && self.chance.happens(150);
        if busy && !unread {
            self.reading();
        }
    }

    pub(crate) fn reading(&mut self) {
        let at = self.now;
        let alive = !(self.faults && self.chance.happens(50));
        self.readings.nets = follow(&self.readings.nets, self.positions(), at);
        let working = self.working();
        let ids = working.iter().map(|one| (one.id.clone(), ()));
        self.readings.orders = follow(&self.readings.orders, ids.collect(), at);
        let orders = working.into_iter().map(|mut one| {
            one.steady = self.readings.orders[&one.id].1.steady(at);
            one
        });
        let orders = orders.collect();
        let positions = self.readings.nets.iter();
        let positions = positions.map(|((contract, product), (net, streak))| SeenNet {
            contract: *contract,
            product: *product,
            net: *net,
            steady: streak.steady(at),
        });
        let seen = BrokerBook {
            positions: positions.collect(),
            id: self.cause(),
            foreign: Vec::new(),
            orders,
            trades: self.trades(),
            equity: alive.then(|| self.broker.floor.account.cash()),
            complete: true,
            alive,
            at,
        };
        self.book.marks.nets = reconcile::nets(&self.book, &seen);
        self.feed(&Input::BrokerBook(Box::new(seen)));
    }

    fn contract(&self, symbol: &str) -> ContractId {
        let mut listed = self.stocks.iter().flat_map(|one| &one.listed);
        listed.find(|one| one.symbol == symbol).unwrap().contract
    }

    /// What is held, with a row of nothing for what has none and is ours.
    fn positions(&self) -> BTreeMap<NetKey, Option<i64>> {
        let legs = self.book.legs.values().filter(|leg| leg.is_open());
        let findings = self.book.findings.values().filter(|one| one.end.is_none());
        let found = findings.filter_map(|one| Some((one.drift.contract?, one.drift.product?)));
        let mut held: BTreeMap<NetKey, Option<i64>> = legs
            .map(|leg| (leg.contract, leg.product))
            .chain(found)
            .map(|key| (key, None))
            .collect();
        for (key, position) in &self.broker.floor.account.positions {
            let row = (self.contract(&key.symbol), key.product);
            if self.is_over(row.0) && position.net.is_zero() {
                continue; // it was settled, and its row is gone
            }
            if !position.net.is_zero() || held.contains_key(&row) {
                held.insert(row, position.net.to_i64());
            }
        }
        held
    }

    fn working(&self) -> Vec<SeenWorking> {
        let works = self.broker.floor.live().filter(|one| one.status.works());
        works
            .map(|order| SeenWorking {
                id: BrokerOrderId::new(&order.placed.id).unwrap(),
                contract: self.contract(&order.placed.symbol),
                side: Some(order.placed.side),
                quantity: Quantity::new(order.quantity),
                steady: Steady::default(),
            })
            .collect()
    }

    fn trades(&self) -> Vec<SeenTraded> {
        let traded = self.broker.traded(self.now).into_iter();
        traded
            .map(|(order, quantity, value)| SeenTraded {
                order: BrokerOrderId::new(&order.placed.id).unwrap(),
                contract: self.contract(&order.placed.symbol),
                product: order.placed.product,
                side: order.placed.side,
                quantity,
                value,
            })
            .collect()
    }
}
