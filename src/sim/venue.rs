//! The floor without its server: what courier and monitor ask of a broker, answered in memory.
//!
//! History and the simulated days of the tests trade on the same floor as paper does; only the
//! wires between are missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::event::{Event, Placed, WirePriceType, WireTerms};
use super::fills::{PriceType, Quote, Terms};
use super::floor::Floor;
use super::master::SymbolMaster;
use super::order::Status;
use crate::domain::calendar::exchange_day;
use crate::domain::ids::OrderId;
use crate::domain::input::{Report, ReportStatus, SeenOrder, SeenTerms};
use crate::domain::money::{Money, Price, Quantity};
use crate::domain::order::{BrokerOrderId, Exchange, Pricing, Ticket, TicketKey};
use crate::domain::rules::Rules;

/// A floor, and the quotes its orders are looked at with.
pub struct Venue {
    /// Orders, trades, positions and an account.
    pub floor: Floor,
    quotes: BTreeMap<Exchange, BTreeMap<String, Quote>>,
    listed: NaiveDate,
}

impl Venue {
    /// Opens an account on an empty floor.
    pub fn new(rules: &Rules, now: DateTime<Utc>, capital: Money) -> Self {
        let listed = exchange_day(now);
        let master = SymbolMaster::of(&rules.instruments, &rules.calendar, listed);
        let mut floor = Floor::new(Arc::new(master), Arc::new(rules.charges.clone()));
        let capital = capital.get();
        floor.apply(&Event::Opened { capital }, now);
        Self {
            floor,
            quotes: BTreeMap::new(),
            listed,
        }
    }

    fn commit(&mut self, events: Vec<Event>, now: DateTime<Utc>) {
        for event in events {
            self.floor.apply(&event, now);
        }
    }

    /// Moves the market, and lets trade what that lets trade.
    pub fn quote(&mut self, on: (Exchange, &str), quote: Quote, now: DateTime<Utc>) {
        let known = self.quotes.entry(on.0).or_default();
        match known.get_mut(on.1) {
            Some(known) => *known = quote,
            None => {
                known.insert(on.1.to_owned(), quote);
            }
        }
        let events = self.floor.quoted(on, &quote);
        self.commit(events, now);
    }

    /// A new day: what worked is gone.
    pub fn new_day(&mut self, now: DateTime<Utc>) {
        let events = self.floor.expired(now);
        self.commit(events, now);
    }

    /// Lists the contracts of a day, where it is another than the one listed last.
    pub fn list(&mut self, rules: &Rules, day: NaiveDate) {
        if day != self.listed {
            let master = SymbolMaster::of(&rules.instruments, &rules.calendar, day);
            self.floor.master = Arc::new(master);
            self.listed = day;
        }
    }

    /// Returns whether a contract is listed.
    pub fn lists(&self, on: (Exchange, &str)) -> bool {
        self.floor.master.get(on.0, on.1).is_some()
    }

    /// Takes an order, of which perhaps only so much trades; nothing when its contract is not
    /// listed.
    pub fn place(
        &mut self,
        ticket: &Ticket,
        held_at: Option<u64>,
        now: DateTime<Utc>,
    ) -> Option<BrokerOrderId> {
        let row = self.floor.master.get(ticket.exchange, &ticket.symbol)?;
        let multiplier = row.multiplier;
        let id = self.floor.next_id(now);
        let placed = Placed {
            id: id.clone(),
            strategy: "torana".to_owned(),
            exchange: ticket.exchange,
            symbol: ticket.symbol.clone(),
            product: ticket.product,
            side: ticket.side,
            quantity: ticket.quantity.get(),
            terms: terms(ticket.pricing),
            multiplier,
            held_at,
        };
        let quote = self.quoted((ticket.exchange, &ticket.symbol));
        let events = self.floor.place(placed, quote.as_ref(), now);
        self.commit(events, now);
        BrokerOrderId::new(&id)
    }

    fn quoted(&self, on: (Exchange, &str)) -> Option<Quote> {
        self.quotes.get(&on.0)?.get(on.1).copied()
    }

    /// Lets what was held back trade from now on.
    pub fn release(&mut self, now: DateTime<Utc>) {
        self.commit(vec![Event::Released], now);
        for (exchange, quotes) in self.quotes.clone() {
            for (symbol, quote) in quotes {
                self.quote((exchange, &symbol), quote, now);
            }
        }
    }

    /// Takes a cancel; returns whether there was anything to cancel.
    pub fn cancel(&mut self, id: &BrokerOrderId, now: DateTime<Utc>) -> bool {
        let order = self.floor.order(id.as_str());
        let works = order.is_some_and(|order| order.status.works());
        if works {
            let id = id.as_str().to_owned();
            self.commit(vec![Event::Cancelled { id, late: 0 }], now);
        }
        works
    }

    /// Takes new terms; returns whether there was anything to change.
    pub fn modify(
        &mut self,
        id: &BrokerOrderId,
        (quantity, pricing): (Quantity, Pricing),
        now: DateTime<Utc>,
    ) -> bool {
        let order = self.floor.order(id.as_str());
        let Some(order) = order.filter(|order| order.status.works()) else {
            return false;
        };
        let on = (order.placed.exchange, order.placed.symbol.clone());
        let event = Event::Modified {
            id: id.as_str().to_owned(),
            quantity: quantity.get().max(order.filled),
            terms: terms(pricing),
        };
        self.commit(vec![event], now);
        if let Some(quote) = self.quoted((on.0, &on.1)) {
            self.quote((on.0, &on.1), quote, now);
        }
        true
    }

    /// Returns what the order book of the day shows of one contract, product and side.
    pub fn seen(&self, key: &TicketKey, now: DateTime<Utc>) -> Vec<SeenOrder> {
        let ours = self.floor.today(now).into_iter().filter(|order| {
            let placed = &order.placed;
            placed.exchange == key.exchange
                && placed.symbol == key.symbol
                && placed.product == key.product
                && placed.side == key.side
        });
        ours.filter_map(|order| {
            Some(SeenOrder {
                id: BrokerOrderId::new(&order.placed.id)?,
                symbol: order.placed.symbol.clone(),
                product: order.placed.product,
                side: order.placed.side,
                quantity: Quantity::new(order.quantity),
                pricing: pricing(order.terms),
            })
        })
        .collect()
    }

    /// Returns what the books say of an order.
    pub fn report(&self, id: OrderId, broker_id: &BrokerOrderId) -> Option<Report> {
        let order = self.floor.order(broker_id.as_str())?;
        Some(Report {
            order: id,
            quantity: Quantity::new(order.filled),
            value: Money::new(order.value),
            status: match order.status {
                Status::Open | Status::TriggerPending => ReportStatus::Working,
                Status::Complete => ReportStatus::Complete,
                Status::Cancelled => ReportStatus::Cancelled,
                Status::Rejected => ReportStatus::Rejected,
            },
            text: None,
        })
    }

    /// Returns the terms the book shows of a resting order.
    pub fn terms(&self, id: OrderId, broker_id: &BrokerOrderId) -> Option<SeenTerms> {
        let order = self.floor.order(broker_id.as_str())?;
        order.status.works().then_some(())?;
        Some(SeenTerms {
            order: id,
            quantity: Quantity::new(order.quantity),
            pricing: pricing(order.terms)?,
            waits: order.status == Status::TriggerPending,
        })
    }
}

fn terms(pricing: Pricing) -> WireTerms {
    use rust_decimal::Decimal;
    let (pricetype, price, trigger_price) = match pricing {
        Pricing::Market => (WirePriceType::Market, Decimal::ZERO, Decimal::ZERO),
        Pricing::Limit(limit) => (WirePriceType::Limit, limit.get(), Decimal::ZERO),
        Pricing::StopLimit { trigger, limit } => (WirePriceType::Stop, limit.get(), trigger.get()),
    };
    WireTerms {
        pricetype,
        price,
        trigger_price,
    }
}

fn pricing(terms: Terms) -> Option<Pricing> {
    let price = Price::new(terms.price);
    match terms.kind {
        PriceType::Market => Some(Pricing::Market),
        PriceType::Limit => price.map(Pricing::Limit),
        PriceType::Stop => Some(Pricing::StopLimit {
            trigger: Price::new(terms.trigger)?,
            limit: price?,
        }),
        PriceType::StopMarket => None,
    }
}
