//! What courier and monitor do about orders, and what can go wrong with it.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use torana::domain::book::{Order, OrderState};
use torana::domain::calendar::exchange_day;
use torana::domain::ids::OrderId;
use torana::domain::input::{CallKind, CallResult, Found, Input, Outcome, Proof};
use torana::domain::order::{BrokerOrderId, Ticket, TicketKey};
use torana::domain::reconcile::{self, Shown};
use torana::domain::work::{self, Call};

use crate::broker::{dispatch, ticket};
use crate::life::{Late, Life, Search};

impl Life {
    /// What was on its way reaches the broker.
    pub(crate) fn arrive(&mut self) {
        let now = self.now;
        let (there, coming): (Vec<Late>, Vec<Late>) = core::mem::take(&mut self.late)
            .into_iter()
            .partition(|one| one.at <= now);
        self.late = coming;
        for one in there {
            if let Some(id) = self.broker.place(&one.ticket, None, now) {
                self.tell(|| format!("the broker takes {id}, late"));
            }
        }
        if self.chance.happens(300) {
            self.broker.release(now);
        }
    }

    /// Answers that are there are taken in.
    pub(crate) fn answer(&mut self) {
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
    pub(crate) fn perform(&mut self) {
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
                Call::Cancel(_) => self.change(id, CallKind::Cancel),
                Call::Modify(_) => self.change(id, CallKind::Modify),
                Call::Resolve(_) => self.resolve(id),
                Call::Follow(_) => {}
            }
        }
        self.follow();
    }

    fn key(&self, order: &Order) -> TicketKey {
        let stock = self.stock_of(order.contract);
        TicketKey {
            symbol: stock.named(order.contract).symbol.clone(),
            exchange: stock.exchange,
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
        let facts = self.feed(&dispatch(id, quote, baseline));
        let claim = facts.iter().find_map(|fact| fact.claim().cloned());
        if let Some(claim) = claim {
            let ticket = ticket(&self.rules, &order, &claim);
            let per_lot = self.stock_of(order.contract).per_lot;
            let lots = u64::from(claim.lots.get());
            assert_eq!(ticket.quantity.get(), lots * per_lot, "{id}: its lots");
            self.send(id, &ticket);
        }
    }

    /// Bytes leave; what comes back is anybody's guess.
    fn send(&mut self, id: OrderId, ticket: &Ticket) {
        let text = || "so it said".to_owned();
        self.watch.leaves(id);
        let listed = self.broker.lists((ticket.exchange, &ticket.symbol));
        assert!(
            listed,
            "{id} leaves in {}, which trades no more",
            ticket.symbol
        );
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
            // held back at OpenAlgo until a person approves it
            27 => {
                self.queued.push((id, ticket.clone()));
                CallResult::Queued(text())
            }
            // taken, and a part of it rests
            19..=26 => {
                let lots = u64::from(self.book.orders[&id].lots.get());
                let part = ticket.quantity.get().div_euclid(lots) * lots.div_euclid(2);
                self.broker.takes(ticket, Some(part), self.now)
            }
            _ => self.broker.takes(ticket, None, self.now),
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

    /// Cancels an order or changes its terms; nobody may hear of it, or nobody get it.
    fn change(&mut self, id: OrderId, call: CallKind) {
        let order = self.book.orders[&id].clone();
        let (text, now) = ("so it said".to_owned(), self.now);
        let roll = if self.faults {
            self.chance.below(100)
        } else {
            99
        };
        // some of it trades while the cancel is on its way
        if call == CallKind::Cancel && self.faults && self.readers.happens(300) {
            self.broker.reaches(&order, 1, now);
        }
        let result = match roll {
            0..=5 => CallResult::Uncertain(text),
            6..=11 => {
                self.broker.changes(&order, call, now);
                // a stop is touched before anybody knows what became of its change
                if call == CallKind::Modify && self.readers.happens(300) {
                    self.broker.reaches(&order, u64::MAX, now);
                }
                CallResult::Uncertain(text)
            }
            _ => self.broker.changes(&order, call, now),
        };
        let outcome = Outcome {
            order: id,
            call,
            result,
        };
        self.comes_back(outcome);
    }

    /// An order that no call of this process is under way for is looked up.
    fn resolve(&mut self, id: OrderId) {
        let order = self.book.orders[&id].clone();
        if let OrderState::Sending { .. } = order.state {
            let result = CallResult::Uncertain("whoever sent it is gone".to_owned());
            self.feed(&Input::Outcome(Outcome {
                order: id,
                call: CallKind::Place,
                result,
            }));
            return;
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

    /// Reads both books, and tells what is news in them, by the orders as they were before.
    fn follow(&mut self) {
        let orders: Vec<Order> = self.book.orders.values().cloned().collect();
        for order in orders {
            let Some(shown) = self.books_show(&order) else {
                continue;
            };
            let today = exchange_day(self.now);
            if let Some(report) = self.ends.news(&order, &shown, today) {
                self.feed(&Input::Report(report));
            }
            if let Some(terms) = reconcile::terms(&order, &shown) {
                self.feed(&Input::Terms(terms));
            }
        }
    }

    /// Returns what the books show of an order, if they can be read: the order book may leave it out
    /// or not say how much was filled, the trade book be behind. Where nobody says how much was
    /// filled, it is behind for one look only: two that say the same are all that there is to go by.
    fn books_show(&mut self, order: &Order) -> Option<Shown> {
        let mut shown = self.broker.shown(order, self.now)?;
        if let Some(row) = &mut shown.row {
            row.filled = row.filled.filter(|_| self.names_fills);
        }
        let roll = if self.faults {
            self.readers.below(1_000)
        } else {
            999
        };
        if roll < 200 {
            return None;
        }
        let (traded, behind) = self.traded.entry(order.id).or_default();
        *behind = roll < 500 && (self.names_fills || !*behind);
        if *behind {
            shown.traded = *traded;
        }
        *traded = shown.traded;
        if roll < 210 {
            shown.row = None;
            shown.unsure = order.state == OrderState::Sent;
        }
        Some(shown)
    }
}
