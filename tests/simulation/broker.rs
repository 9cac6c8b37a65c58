//! The simulator's floor without its server: orders, trades, positions and an account.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::market::Stock;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use torana::domain::ids::OrderId;
use torana::domain::input::{Report, ReportStatus, SeenOrder, SeenTerms};
use torana::domain::money::{Money, Price, Quantity};
use torana::domain::order::{BrokerOrderId, Exchange, Pricing, Product, Ticket, TicketKey};
use torana::domain::rules::Rules;
use torana::sim::account::PositionKey;
use torana::sim::event::{Event, WirePriceType, WireTerms};
use torana::sim::fills::{PriceType, Quote, Terms};
use torana::sim::floor::Floor;
use torana::sim::{Order, Placed, Status, SymbolMaster};

/// The broker.
pub(crate) struct Broker {
    pub(crate) floor: Floor,
    quotes: BTreeMap<(Exchange, String), Quote>,
}

impl Broker {
    pub(crate) fn new(rules: &Rules, now: DateTime<Utc>, capital: Money) -> Self {
        let day = torana::domain::calendar::exchange_day(now);
        let master = SymbolMaster::of(&rules.instruments, &rules.calendar, day);
        let mut floor = Floor::new(Arc::new(master), Arc::new(rules.charges.clone()));
        floor.apply(
            &Event::Opened {
                capital: capital.get(),
            },
            now,
        );
        Self {
            floor,
            quotes: BTreeMap::new(),
        }
    }

    fn commit(&mut self, events: Vec<Event>, now: DateTime<Utc>) {
        for event in events {
            self.floor.apply(&event, now);
        }
    }

    /// Moves the market, and lets trade what that lets trade.
    pub(crate) fn quote(
        &mut self,
        (exchange, symbol): (Exchange, &str),
        quote: Quote,
        now: DateTime<Utc>,
    ) {
        self.quotes.insert((exchange, symbol.to_owned()), quote);
        let events = self.floor.quoted((exchange, symbol), &quote);
        self.commit(events, now);
    }

    /// A new day: what worked is gone.
    pub(crate) fn new_day(&mut self, now: DateTime<Utc>) {
        let events = self.floor.expired(now);
        self.commit(events, now);
    }

    /// Takes an order; perhaps only a part of it trades.
    pub(crate) fn place(
        &mut self,
        ticket: &Ticket,
        held_at: Option<u64>,
        now: DateTime<Utc>,
    ) -> BrokerOrderId {
        let row = self
            .floor
            .master
            .get(ticket.exchange, &ticket.symbol)
            .unwrap();
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
        let quote = self
            .quotes
            .get(&(ticket.exchange, ticket.symbol.clone()))
            .copied();
        let events = self.floor.place(placed, quote.as_ref(), now);
        self.commit(events, now);
        BrokerOrderId::new(&id).unwrap()
    }

    /// Lets what was held back trade from now on.
    pub(crate) fn release(&mut self, now: DateTime<Utc>) {
        self.commit(vec![Event::Released], now);
        let quotes: Vec<_> = self
            .quotes
            .iter()
            .map(|(on, quote)| (on.clone(), *quote))
            .collect();
        for ((exchange, symbol), quote) in quotes {
            self.quote((exchange, &symbol), quote, now);
        }
    }

    /// Takes a cancel; returns whether there was anything to cancel.
    pub(crate) fn cancel(&mut self, id: &BrokerOrderId, now: DateTime<Utc>) -> bool {
        let works = self
            .floor
            .order(id.as_str())
            .is_some_and(|order| order.status.works());
        if works {
            let id = id.as_str().to_owned();
            self.commit(vec![Event::Cancelled { id, late: 0 }], now);
        }
        works
    }

    /// Takes new terms; returns whether there was anything to change.
    pub(crate) fn modify(
        &mut self,
        id: &BrokerOrderId,
        (quantity, pricing): (Quantity, Pricing),
        now: DateTime<Utc>,
    ) -> bool {
        let order = self
            .floor
            .order(id.as_str())
            .filter(|order| order.status.works());
        let Some((exchange, symbol, filled)) = order.map(|order| {
            (
                order.placed.exchange,
                order.placed.symbol.clone(),
                order.filled,
            )
        }) else {
            return false;
        };
        let event = Event::Modified {
            id: id.as_str().to_owned(),
            quantity: quantity.get().max(filled),
            terms: terms(pricing),
        };
        self.commit(vec![event], now);
        if let Some(quote) = self.quotes.get(&(exchange, symbol.clone())).copied() {
            self.quote((exchange, &symbol), quote, now);
        }
        true
    }

    /// Returns what the order book of the day shows of one contract, product and side.
    pub(crate) fn seen(&self, key: &TicketKey, now: DateTime<Utc>) -> Vec<SeenOrder> {
        let ours = self.floor.today(now).into_iter().filter(|order| {
            let placed = &order.placed;
            placed.exchange == key.exchange
                && placed.symbol == key.symbol
                && placed.product == key.product
                && placed.side == key.side
        });
        ours.map(|order| SeenOrder {
            id: BrokerOrderId::new(&order.placed.id).unwrap(),
            symbol: order.placed.symbol.clone(),
            product: order.placed.product,
            side: order.placed.side,
            quantity: Quantity::new(order.quantity),
            pricing: pricing(order.terms),
        })
        .collect()
    }

    /// Returns what the books say of an order.
    pub(crate) fn report(&self, id: OrderId, broker_id: &BrokerOrderId) -> Option<Report> {
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
    pub(crate) fn terms(&self, id: OrderId, broker_id: &BrokerOrderId) -> Option<SeenTerms> {
        let order: &Order = self.floor.order(broker_id.as_str())?;
        order.status.works().then_some(())?;
        Some(SeenTerms {
            order: id,
            quantity: Quantity::new(order.quantity),
            pricing: pricing(order.terms)?,
            waits: order.status == Status::TriggerPending,
        })
    }

    /// Returns what the account is worth at these prices.
    pub(crate) fn worth(&self, stocks: &[Stock]) -> Money {
        let open = self
            .floor
            .account
            .positions
            .iter()
            .filter_map(|(key, position)| {
                let stock = stocks.iter().find(|one| one.symbol == key.symbol)?;
                Some(position.unrealised(stock.price))
            });
        self.floor.account.cash() + open.sum()
    }

    /// Returns what is held.
    pub(crate) fn net(&self, (exchange, symbol): (Exchange, &str), product: Product) -> Decimal {
        let symbol = symbol.to_owned();
        self.floor.account.net(&PositionKey {
            exchange,
            symbol,
            product,
        })
    }
}

fn terms(pricing: Pricing) -> WireTerms {
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
