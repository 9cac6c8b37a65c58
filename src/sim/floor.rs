//! The trading floor: orders, trades and the account, pure.
//!
//! 1. Every change is an [`Event`]; [`Floor::apply`] is the only thing that changes a floor, so the
//!    journal's events make the same floor again.
//! 2. Order numbers count up and are never used twice, restarts included.
//! 3. A fill's charges are what the order owes in total after it less what it owed before, so that
//!    the sum over an order is the one rounded figure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Datelike as _, FixedOffset, Utc};
use rust_decimal::Decimal;

use crate::domain::calendar::exchange_day;
use crate::domain::charges::{ChargeKind, Charges, Traded};
use crate::domain::money::{Money, Price, Quantity};
use crate::domain::order::{Exchange, Side};

use super::account::{Account, Executed};
use super::event::{Event, Placed};
use super::fills::{self, Quote, Standing};
use super::master::{MasterRow, SymbolMaster};
use super::order::{Order, Status, Trade};

/// Where the counter of a number begins: behind its date and a 1.
const COUNTED_FROM: usize = 7;

/// Orders, trades and the account.
#[derive(Clone)]
pub struct Floor {
    /// The contracts.
    pub master: Arc<SymbolMaster>,
    charges: Arc<Charges>,
    /// The account.
    pub account: Account,
    /// Orders in the order of their coming.
    orders: Vec<Order>,
    /// The places of those whose number does not tell it.
    places: BTreeMap<String, usize>,
    /// Places of the orders that may still trade.
    live: BTreeSet<usize>,
    /// Fills in the order of their coming.
    pub trades: Vec<Trade>,
}

impl Floor {
    /// Returns an empty floor.
    pub fn new(master: Arc<SymbolMaster>, charges: Arc<Charges>) -> Self {
        Self {
            master,
            charges,
            account: Account::default(),
            orders: Vec::new(),
            places: BTreeMap::new(),
            live: BTreeSet::new(),
            trades: Vec::new(),
        }
    }

    /// Returns the orders, oldest first.
    pub fn orders(&self) -> impl DoubleEndedIterator<Item = &Order> {
        self.orders.iter()
    }

    /// Returns the orders of the exchange day, oldest first: what the broker's books show.
    pub fn today(&self, now: DateTime<Utc>) -> Vec<&Order> {
        let day = exchange_day(now);
        let newest = self.orders.iter().rev();
        let mut orders: Vec<_> = newest
            .take_while(|order| exchange_day(order.at) >= day)
            .collect();
        orders.reverse();
        orders
    }

    /// Returns the events of a new day: an order lives for one.
    pub fn expired(&self, now: DateTime<Utc>) -> Vec<Event> {
        let day = exchange_day(now);
        self.live()
            .filter(|order| order.status.works() && exchange_day(order.at) < day)
            .map(|order| Event::Cancelled {
                id: order.placed.id.clone(),
                late: 0,
            })
            .collect()
    }

    /// Returns the orders that may still trade, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Order> {
        self.live.iter().filter_map(|place| self.orders.get(*place))
    }

    /// Returns one order by the broker's number.
    pub fn order(&self, id: &str) -> Option<&Order> {
        self.orders.get(self.place_of(id)?)
    }

    /// Returns the place of an order: the counter at the end of its number, where that was given
    /// here.
    fn place_of(&self, id: &str) -> Option<usize> {
        let counted = id.get(COUNTED_FROM..).and_then(|count| count.parse().ok());
        let place = counted.and_then(|count: usize| count.checked_sub(1));
        let named = |place: &usize| {
            let order = self.orders.get(*place);
            order.is_some_and(|order| order.placed.id == id)
        };
        place.filter(named).or_else(|| self.places.get(id).copied())
    }

    /// Returns the number the next order gets: the Indian date and a counter, as Zerodha does.
    pub fn next_id(&self, at: DateTime<Utc>) -> String {
        let (count, day) = (self.orders.len().saturating_add(1), ist(at));
        let (year, month) = (day.year().rem_euclid(100), day.month());
        format!("{year:02}{month:02}{:02}1{count:08}", day.day())
    }

    /// Returns what happens when an order comes in, at this quote if there is one.
    pub fn place(&self, placed: Placed, quote: Option<&Quote>, at: DateTime<Utc>) -> Vec<Event> {
        let order = Order::taken(placed.clone(), at);
        let mut events = vec![Event::Placed(Box::new(placed))];
        if let Some(quote) = quote {
            events.extend(self.looked_at(&order, quote));
        }
        events
    }

    /// Returns what a new quote of a contract does to the orders waiting for it.
    pub fn quoted(&self, on: (Exchange, &str), quote: &Quote) -> Vec<Event> {
        self.live()
            .filter(|order| (order.placed.exchange, order.placed.symbol.as_str()) == on)
            .flat_map(|order| self.looked_at(order, quote))
            .collect()
    }

    /// Returns the contracts somebody waits for.
    pub fn waited_for(&self) -> Vec<(Exchange, String)> {
        let mut keys: Vec<_> = self
            .live()
            .map(|order| (order.placed.exchange, order.placed.symbol.clone()))
            .collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// Returns the event of a fill at a price, whatever the market says.
    pub fn fill(&self, order: &Order, quantity: u64, price: Price) -> Event {
        let value = order.value + price.get() * Decimal::from(quantity);
        let owed = self.charges.for_order(
            Traded {
                exchange: order.placed.exchange,
                kind: ChargeKind::of(order.placed.exchange, order.placed.product),
                side: order.placed.side,
                day: exchange_day(order.at),
            },
            Money::new(value * order.placed.multiplier),
        );
        Event::Filled {
            id: order.placed.id.clone(),
            quantity,
            price: price.get(),
            charges: (owed - order.charges).get(),
        }
    }

    /// Returns the margin that positions and working orders block.
    pub fn blocked(&self) -> Money {
        let positions = self.account.positions.iter().filter_map(|(key, position)| {
            let row = self.master.get(key.exchange, &key.symbol)?;
            let price = Price::new(position.average())?;
            let units = Quantity::new(units(position.net.abs()));
            Some(row.margin_of(key.product, units, price))
        });
        let orders = self
            .live()
            .filter(|order| order.status.works())
            .filter_map(|order| {
                let row = self
                    .master
                    .get(order.placed.exchange, &order.placed.symbol)?;
                let price =
                    Price::new(order.terms.price).or_else(|| Price::new(order.terms.trigger))?;
                Some(self.margin(row, order, price))
            });
        positions.chain(orders).sum()
    }

    /// Returns the cash that nothing blocks.
    pub fn available(&self) -> Money {
        self.account.cash() - self.blocked()
    }

    /// Returns the margin of what an order would add to its position.
    pub fn margin_of(&self, placed: &Placed, price: Price) -> Money {
        let order = Order::taken(placed.clone(), DateTime::UNIX_EPOCH);
        self.master
            .get(placed.exchange, &placed.symbol)
            .map_or(Money::ZERO, |row| self.margin(row, &order, price))
    }

    fn margin(&self, row: &MasterRow, order: &Order, price: Price) -> Money {
        let net = self.account.net(&order.position());
        let held = match order.placed.side {
            Side::Buy => -net,
            Side::Sell => net,
        };
        let reduces = units(held.max(Decimal::ZERO));
        let adds = Quantity::new(order.pending().saturating_sub(reduces));
        row.margin_of(order.placed.product, adds, price)
    }

    fn looked_at(&self, order: &Order, quote: &Quote) -> Vec<Event> {
        let id = order.placed.id.clone();
        if order.late > 0 {
            let price = quote.taker(order.placed.side);
            return vec![self.fill(order, order.late, price)];
        }
        let seen = fills::look(
            &Standing {
                side: order.placed.side,
                terms: order.terms,
                awake: order.status == Status::Open,
                rested: self.place_of(&id).is_some(),
            },
            quote,
        );
        let mut events = Vec::new();
        if seen.awake && order.status == Status::TriggerPending {
            events.push(Event::Woken { id });
        }
        let units = order.fillable();
        if let Some(price) = seen.fill.filter(|_| units > 0) {
            events.push(self.fill(order, units, price));
        }
        events
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: &Event, at: DateTime<Utc>) {
        match event {
            Event::Opened { capital } => self.account.opening = Money::new(*capital),
            Event::Placed(placed) => {
                let place = self.orders.len();
                self.orders.push(Order::taken((**placed).clone(), at));
                if self.place_of(&placed.id) != Some(place) {
                    self.places.insert(placed.id.clone(), place);
                }
                self.live.insert(place);
            }
            Event::Modified {
                id,
                quantity,
                terms,
            } => self.with(id, |order| {
                order.quantity = *quantity;
                order.terms = (*terms).into();
                if order.pending() == 0 {
                    order.status = Status::Complete;
                }
            }),
            Event::Woken { id } => self.with(id, |order| order.status = Status::Open),
            Event::Filled {
                id,
                quantity,
                price,
                charges,
            } => {
                if let Some(price) = Price::new(*price) {
                    self.filled(id, at, (*quantity, price, Money::new(*charges)));
                }
            }
            Event::Cancelled { id, late } => self.with(id, |order| {
                order.status = Status::Cancelled;
                order.late = *late;
            }),
            Event::Rejected { id, reason } => self.with(id, |order| {
                order.status = Status::Rejected;
                order.reason.clone_from(reason);
            }),
            Event::Released => {
                for order in &mut self.orders {
                    order.placed.held_at = None;
                }
            }
        }
    }

    fn filled(&mut self, id: &str, at: DateTime<Utc>, fill: (u64, Price, Money)) {
        let (quantity, price, charges) = fill;
        self.with(id, |order| {
            order.filled = order.filled.saturating_add(quantity);
            order.value += price.get() * Decimal::from(quantity);
            order.charges += charges;
            order.late = 0;
            if order.status.works() && order.pending() == 0 {
                order.status = Status::Complete;
            }
        });
        let Some(order) = self.order(id) else {
            return;
        };
        let (key, side) = (order.position(), order.placed.side);
        let multiplier = order.placed.multiplier;
        self.account.book(
            key,
            &Executed {
                side,
                quantity: Quantity::new(quantity),
                price,
                day: exchange_day(at),
                charges,
                multiplier,
            },
        );
        self.trades.push(Trade {
            order: id.to_owned(),
            quantity,
            price,
            charges,
            at,
        });
    }

    fn with(&mut self, id: &str, change: impl FnOnce(&mut Order)) {
        let Some(place) = self.place_of(id) else {
            return;
        };
        if let Some(order) = self.orders.get_mut(place) {
            change(order);
            if !order.status.works() && order.late == 0 {
                self.live.remove(&place);
            }
        }
    }
}

/// Returns a moment on the Indian clock.
pub fn ist(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    /// Seconds that the Indian clock is ahead of UTC.
    const AHEAD: i32 = 19_800;
    at.with_timezone(&FixedOffset::east_opt(AHEAD).unwrap_or_else(|| chrono::Offset::fix(&Utc)))
}

fn units(value: Decimal) -> u64 {
    use rust_decimal::prelude::ToPrimitive as _;
    value.to_u64().unwrap_or(0)
}
