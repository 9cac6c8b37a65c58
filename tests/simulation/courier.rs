//! What courier and monitor do about orders, and what can go wrong with it.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use torana::domain::book::{ModifyState, Order, OrderState};
use torana::domain::fact::Claim;
use torana::domain::ids::OrderId;
use torana::domain::input::{CallKind, CallResult, Dispatch, Found, Input, Outcome, Proof};
use torana::domain::order::{BrokerOrderId, Pricing, Ticket, TicketKey};
use torana::domain::reconcile;
use torana::domain::work::{self, Call};

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
            .filter(|order| {
                let lately = |at| self.now - at < TimeDelta::minutes(5);
                order.closed_at.is_none_or(lately)
            })
            .filter_map(|order| Some((order.id, order.broker_id.clone()?)))
            .collect();
        for (id, broker_id) in known {
            self.follow(id, &broker_id);
        }
    }

    fn ticket(&self, order: &Order, claim: &Claim) -> Ticket {
        let key = self.key(order);
        Ticket {
            symbol: key.symbol,
            exchange: key.exchange,
            product: order.product,
            side: claim.side,
            quantity: claim.quantity,
            pricing: claim.pricing,
        }
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
        let dispatch = Dispatch {
            order: id,
            quote,
            epoch: 1,
            baseline,
        };
        let facts = self.feed(&Input::Dispatch(Box::new(dispatch)));
        let claim = facts.iter().find_map(|fact| fact.claim().cloned());
        if let Some(claim) = claim {
            let ticket = self.ticket(&order, &claim);
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
                self.taken(ticket, Some(part))
            }
            _ => self.taken(ticket, None),
        };
        let outcome = Outcome {
            order: id,
            call: CallKind::Place,
            result,
        };
        self.comes_back(outcome);
    }

    /// The broker takes an order, of which perhaps only a part trades, or does not list its contract.
    fn taken(&mut self, ticket: &Ticket, part: Option<u64>) -> CallResult {
        let placed = self.broker.place(ticket, part, self.now);
        let refused = || CallResult::Refused("no such contract".to_owned());
        placed.map_or_else(refused, CallResult::Sent)
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
        let pricing = Pricing::StopLimit {
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
}
