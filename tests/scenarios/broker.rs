//! The lines in which the broker's own books speak.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use rust_decimal::prelude::ToPrimitive as _;
use torana::domain::broker_book::{
    BrokerBook, SeenForeign, SeenNet, SeenTraded, SeenWorking, Steady,
};
use torana::domain::close::Compared;
use torana::domain::finding::{Adoption, CALENDAR, CONTRACT, LOT, TICK};
use torana::domain::ids::FindingId;
use torana::domain::input::{Command, Input, Route, SeenRoute};
use torana::domain::instrument::InstrumentIx;
use torana::domain::money::Money;
use torana::domain::order::{BrokerOrderId, Direction, Product, Side};
use torana::domain::reconcile;

use crate::desk::Desk;
use crate::words::Words;

impl Desk {
    /// `broker GOLD_MINI 2 [units] [MIS] [reads 2] [span 2s] [silent] [half] [traded SELL 1 @ P]
    /// [unseen 1] [working B9 SELL 1] [equity E]`: the position book has this row. `broker GOLD_MINI
    /// none`: it has none. `broker TCS 50`: a symbol that is none of ours.
    pub(crate) fn broker(&mut self, words: &mut Words<'_>) {
        let Some(ix) = self.maybe_instrument(words) else {
            return self.broker_foreign(words);
        };
        let contract = self.contract(ix);
        let row = words.maybe_number();
        let units = row.is_some() && words.takes("units");
        let per_lot = if units { 1 } else { self.per_lot(contract) };
        let net = row.map(|lots| lots.to_i64().unwrap() * i64::from(per_lot));
        assert!(net.is_some() || words.takes("none"));
        let mut product = self.rules.instruments.get(ix).unwrap().product;
        if let Some(named) = words.peek().and_then(|word| word.parse::<Product>().ok()) {
            (product, _) = (named, words.next());
        }
        let mut seen = self.reading();
        let mut row_steady = steady(net.is_some());
        while let Some(word) = words.next() {
            match word {
                "reads" => row_steady.reads = words.lots("reads").get(),
                "span" => row_steady.span = words.seconds("span"),
                "silent" => seen.alive = false,
                "half" => seen.complete = false,
                "equity" => seen.equity = Some(words.money("equity")),
                "traded" => {
                    let trade = self.traded_by_another(words, (ix, product));
                    seen.trades.push(trade);
                }
                "unseen" => self.unseen(&mut seen, words),
                "working" => seen.orders.push(self.working(words, (ix, row_steady))),
                _ => panic!("the broker's books have no {word}"),
            }
        }
        seen.positions.push(SeenNet {
            contract,
            product,
            net,
            steady: row_steady,
        });
        self.read_books(seen);
    }

    fn broker_foreign(&mut self, words: &mut Words<'_>) {
        let mut seen = self.reading();
        if !words.takes("nothing") {
            seen.foreign.push(SeenForeign {
                symbol: words.must("a symbol").to_owned(),
                product: Some(Product::Cnc),
                net: words.number("held").to_i64().unwrap(),
                steady: steady(true),
            });
        }
        if words.takes("equity") {
            seen.equity = Some(words.money("equity"));
        }
        self.read_books(seen);
    }

    /// What is seen bounds exits at once; what differs is for the core to judge.
    fn read_books(&mut self, seen: BrokerBook) {
        let fresh = reconcile::nets(&self.book, &seen);
        self.book.marks.nets = fresh;
        self.feed(&Input::BrokerBook(Box::new(seen)));
    }

    /// Returns a reading in which the trades of our own orders are those we know.
    fn reading(&mut self) -> BrokerBook {
        let orders = self.book.orders.values();
        let trades = orders.filter(|order| !order.filled.is_zero());
        let trades = trades.map(|order| SeenTraded {
            order: order.broker_id.clone().unwrap(),
            contract: order.contract,
            product: order.product,
            side: order.side,
            quantity: order.filled,
            value: order.value,
        });
        let trades = trades.collect();
        BrokerBook {
            id: self.cause(),
            positions: Vec::new(),
            foreign: Vec::new(),
            orders: Vec::new(),
            trades,
            equity: None,
            complete: true,
            alive: true,
            at: self.now,
        }
    }

    fn traded_by_another(
        &mut self,
        words: &mut Words<'_>,
        (ix, product): (InstrumentIx, Product),
    ) -> SeenTraded {
        let contract = self.contract(ix);
        let side: Side = words.must("a side").parse().unwrap();
        let quantity = words.lots("lots").units(self.per_lot(contract));
        let price = words.number("price");
        SeenTraded {
            order: BrokerOrderId::new("PHONE").unwrap(),
            contract,
            product,
            side,
            quantity,
            value: Money::new(quantity.decimal() * price),
        }
    }

    /// More of our newest order has traded than was reported.
    fn unseen(&self, seen: &mut BrokerBook, words: &mut Words<'_>) {
        let order = &self.book.orders[self.claimed.last().unwrap()];
        let more = words.lots("lots").units(self.per_lot(order.contract));
        let id = order.broker_id.clone().unwrap();
        match seen.trades.iter_mut().find(|trade| trade.order == id) {
            Some(trade) => trade.quantity = trade.quantity.plus(more),
            None => seen.trades.push(SeenTraded {
                order: id,
                contract: order.contract,
                product: order.product,
                side: order.side,
                quantity: more,
                value: Money::ZERO,
            }),
        }
    }

    fn working(&self, words: &mut Words<'_>, (ix, steady): (InstrumentIx, Steady)) -> SeenWorking {
        let contract = self.contract(ix);
        SeenWorking {
            id: BrokerOrderId::new(words.must("an id")).unwrap(),
            contract,
            side: Some(words.must("a side").parse().unwrap()),
            quantity: words.lots("lots").units(self.per_lot(contract)),
            steady,
        }
    }

    /// `compared GOLD_MINI lot_differs 100 10`: what we say of its contract and what OpenAlgo says;
    /// `compared GOLD_MINI lot_differs agrees`.
    pub(crate) fn compared(&mut self, words: &mut Words<'_>) {
        let ix = self.instrument(words);
        let contract = self.contract(ix);
        let said = words.must("a code");
        let codes = [CALENDAR, CONTRACT, LOT, TICK];
        let code = codes.into_iter().find(|code| code.0 == said);
        let differs = (!words.takes("agrees")).then(|| {
            (
                words.must("ours").to_owned(),
                words.must("theirs").to_owned(),
            )
        });
        let finding = FindingId(self.cause());
        self.feed(&Input::Compared(Box::new(Compared {
            finding,
            contract,
            code: code.unwrap_or_else(|| panic!("nothing is called {said}")),
            differs,
        })));
    }

    /// `route unproved`, `route elsewhere`, `route back`, `route proved`: where orders go, as the monitor saw it.
    pub(crate) fn route(&mut self, words: &mut Words<'_>) {
        let said = "as the story says".to_owned();
        let route = match words.must("where they go") {
            "unproved" => Route::Unproved(said),
            "elsewhere" => Route::Elsewhere(said),
            "proved" => Route::Proved(said),
            "back" => Route::Back(said),
            word => panic!("no way is {word}"),
        };
        let finding = FindingId(self.cause());
        self.feed(&Input::Route(Box::new(SeenRoute { finding, route })));
    }

    /// Returns the newest finding that has not ended.
    pub(crate) fn finding(&self) -> FindingId {
        let open: BTreeMap<_, _> = self
            .book
            .findings
            .values()
            .filter(|one| one.end.is_none())
            .map(|one| (one.found_at, one.drift.finding))
            .collect();
        *open.last_key_value().expect("nothing was found").1
    }

    /// `op adopt GOLD_MINI 2 at 78,500 stop 77,500`.
    pub(crate) fn adoption(&self, words: &mut Words<'_>) -> Command {
        let ix = self.instrument(words);
        let (lots, price) = (words.lots("lots"), words.price("price"));
        assert!(words.takes("stop"));
        let stop = words.price("stop");
        let key = reconcile::candidates(&self.book, ix).into_iter().next();
        let product = self.rules.instruments.get(ix).unwrap().product;
        let key = key.unwrap_or((self.contract(ix), product));
        let direction = if stop < price {
            Direction::Long
        } else {
            Direction::Short
        };
        Command::Adopt(Adoption {
            contract: key.0,
            product: key.1,
            direction,
            lots,
            price,
            stop,
        })
    }
}

/// Returns what the rules ask for: two readings for a row, three for the lack of one.
fn steady(row: bool) -> Steady {
    if row {
        Steady {
            reads: 2,
            span: TimeDelta::seconds(2),
        }
    } else {
        Steady {
            reads: 3,
            span: TimeDelta::seconds(15),
        }
    }
}
