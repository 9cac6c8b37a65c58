//! The simulator's floor without its server, and what the days ask of it beyond a broker's answers.

use core::ops::{Deref, DerefMut};

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use torana::domain::book::{ModifyState, Order as Ours};
use torana::domain::calendar::exchange_day;
use torana::domain::fact::Claim;
use torana::domain::ids::OrderId;
use torana::domain::input::{CallKind, CallResult, Dispatch, Input, Quote};
use torana::domain::money::{Money, Price, Quantity};
use torana::domain::order::{BrokerOrderId, Exchange, Pricing, Product, Side, Ticket};
use torana::domain::reconcile::{Shown, ShownRow};
use torana::domain::rules::Rules;
use torana::sim::account::{Executed, PositionKey};
use torana::sim::event::Event;
use torana::sim::order::{Order, Status, Trade};
use torana::sim::venue::Venue;

/// Returns the question whether an order may leave.
pub(crate) fn dispatch(
    order: OrderId,
    quote: Option<Quote>,
    baseline: Vec<BrokerOrderId>,
) -> Input {
    Input::Dispatch(Box::new(Dispatch {
        order,
        quote,
        epoch: 1,
        baseline,
    }))
}

/// Returns an order in the broker's terms, as it may leave.
pub(crate) fn ticket(rules: &Rules, order: &Ours, claim: &Claim) -> Ticket {
    let instruments = &rules.instruments;
    Ticket {
        symbol: instruments.symbol(order.contract),
        exchange: instruments.get(order.contract.instrument).unwrap().exchange,
        product: order.product,
        side: claim.side,
        quantity: claim.quantity,
        pricing: claim.pricing,
    }
}

/// The broker.
pub(crate) struct Broker(Venue);

impl Broker {
    pub(crate) fn new(rules: &Rules, now: DateTime<Utc>, capital: Money) -> Self {
        Self(Venue::new(rules, now, capital))
    }

    /// Settles what is held of a contract that has ended, at this price; returns how many units
    /// that was.
    pub(crate) fn settle(
        &mut self,
        (exchange, symbol): (Exchange, &str),
        (product, price): (Product, Price),
        day: NaiveDate,
    ) -> Decimal {
        let key = PositionKey {
            exchange,
            symbol: symbol.to_owned(),
            product,
        };
        let account = &mut self.0.floor.account;
        let net = account.net(&key);
        let Some(multiplier) = account.positions.get(&key).map(|one| one.multiplier) else {
            return net;
        };
        let side = if net.is_sign_positive() {
            Side::Sell
        } else {
            Side::Buy
        };
        let fill = Executed {
            side,
            quantity: Quantity::new(net.abs().to_u64().unwrap()),
            price,
            day,
            charges: Money::ZERO,
            multiplier,
        };
        account.book(key, &fill);
        net
    }

    /// Returns what the account is worth at these prices.
    pub(crate) fn worth(&self, price: impl Fn(&str) -> Option<Price>) -> Money {
        let account = &self.0.floor.account;
        let open = account.positions.iter().filter_map(|(key, position)| {
            let price = price(&key.symbol)?;
            Some(position.unrealised(price))
        });
        account.cash() + open.sum()
    }

    /// Returns what is held.
    pub(crate) fn net(&self, (exchange, symbol): (Exchange, &str), product: Product) -> Decimal {
        let symbol = symbol.to_owned();
        self.0.floor.account.net(&PositionKey {
            exchange,
            symbol,
            product,
        })
    }

    /// Takes an order, of which perhaps only so much trades; returns its answer.
    pub(crate) fn takes(
        &mut self,
        ticket: &Ticket,
        held_at: Option<u64>,
        now: DateTime<Utc>,
    ) -> CallResult {
        let placed = self.0.place(ticket, held_at, now);
        let refused = || CallResult::Refused("no such contract".to_owned());
        placed.map_or_else(refused, CallResult::Sent)
    }

    /// The market reaches a working order: so many lots more of it trade at its limit, whatever
    /// holds the rest back.
    pub(crate) fn reaches(&mut self, order: &Ours, lots: u64, now: DateTime<Utc>) {
        let (id, floor) = (order.broker_id.as_ref().unwrap(), &mut self.0.floor);
        let lot = order.quantity.get().div_euclid(u64::from(order.lots.get()));
        let theirs = floor.order(id.as_str()).filter(|one| one.status.works());
        let Some(theirs) = theirs.filter(|one| one.pending() >= lot) else {
            return;
        };
        let Some(price) = Price::new(theirs.terms.price) else {
            return;
        };
        let lots = lots.min(theirs.pending().div_euclid(lot));
        let fill = floor.fill(theirs, lots * lot, price);
        if theirs.status == Status::TriggerPending {
            let id = id.as_str().to_owned();
            floor.apply(&Event::Woken { id }, now);
        }
        floor.apply(&fill, now);
    }

    /// Cancels an order or changes its terms; returns the answer.
    pub(crate) fn changes(
        &mut self,
        order: &Ours,
        call: CallKind,
        now: DateTime<Utc>,
    ) -> CallResult {
        let id = order.broker_id.clone().unwrap();
        let done = match (call, order.resting.modify) {
            (CallKind::Modify, ModifyState::Wanted(change, _)) => {
                let (trigger, limit) = (change.trigger, change.limit);
                let terms = (change.quantity, Pricing::StopLimit { trigger, limit });
                self.0.modify(&id, terms, now)
            }
            (CallKind::Cancel, _) => self.0.cancel(&id, now),
            _ => unreachable!("nobody wants that of {}", order.id),
        };
        if done {
            CallResult::Sent(id)
        } else {
            CallResult::Refused("already final".to_owned())
        }
    }

    /// Returns what both books show of an order of ours: they are of the day.
    pub(crate) fn shown(&self, order: &Ours, now: DateTime<Utc>) -> Option<Shown> {
        let (id, today) = (order.broker_id.as_ref()?, exchange_day(now));
        let theirs = self.0.floor.order(id.as_str());
        if theirs.is_none_or(|theirs| exchange_day(theirs.at) < today) {
            return Some(Shown::default());
        }
        let said = self.0.report(order.id, id)?;
        let terms = self.0.terms(order.id, id);
        let row = ShownRow {
            status: said.status,
            filled: Some(said.quantity),
            text: None,
            quantity: terms.map(|terms| terms.quantity),
            pricing: terms.map(|terms| terms.pricing),
            waits: terms.map(|terms| terms.waits),
        };
        Some(Shown {
            row: Some(row),
            traded: (said.quantity, said.value),
            unsure: false,
        })
    }

    /// Returns every order that has traded today, with how much and for how much.
    pub(crate) fn traded(&self, now: DateTime<Utc>) -> Vec<(&Order, Quantity, Money)> {
        let day = exchange_day(now);
        let today = |trade: &&Trade| exchange_day(trade.at) == day;
        let mut sums: Vec<(&Order, Quantity, Money)> = Vec::new();
        let newest = self.0.floor.trades.iter().rev();
        for trade in newest.take_while(today) {
            let quantity = Quantity::new(trade.quantity);
            let value = Money::new(trade.price.get() * Decimal::from(trade.quantity));
            let known = sums
                .iter_mut()
                .find(|(order, ..)| order.placed.id == trade.order);
            if let Some((_, all, worth)) = known {
                *all = all.plus(quantity);
                *worth += value;
            } else {
                sums.push((self.0.floor.order(&trade.order).unwrap(), quantity, value));
            }
        }
        sums
    }
}

impl Deref for Broker {
    type Target = Venue;
    fn deref(&self) -> &Venue {
        &self.0
    }
}

impl DerefMut for Broker {
    fn deref_mut(&mut self) -> &mut Venue {
        &mut self.0
    }
}
