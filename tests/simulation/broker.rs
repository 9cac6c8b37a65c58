//! The simulator's floor without its server, and what the days ask of it beyond a broker's answers.

use core::ops::{Deref, DerefMut};

use crate::market::Stock;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use torana::domain::money::Money;
use torana::domain::order::{BrokerOrderId, Exchange, Product, Ticket};
use torana::domain::rules::Rules;
use torana::sim::account::PositionKey;
use torana::sim::venue::Venue;

/// The broker.
pub(crate) struct Broker(Venue);

impl Broker {
    pub(crate) fn new(rules: &Rules, now: DateTime<Utc>, capital: Money) -> Self {
        Self(Venue::new(rules, now, capital))
    }

    /// Takes an order; perhaps only a part of it trades.
    pub(crate) fn place(
        &mut self,
        ticket: &Ticket,
        held_at: Option<u64>,
        now: DateTime<Utc>,
    ) -> BrokerOrderId {
        self.0.place(ticket, held_at, now).unwrap()
    }

    /// Returns what the account is worth at these prices.
    pub(crate) fn worth(&self, stocks: &[Stock]) -> Money {
        let account = &self.0.floor.account;
        let open = account.positions.iter().filter_map(|(key, position)| {
            let stock = stocks.iter().find(|one| one.symbol == key.symbol)?;
            Some(position.unrealised(stock.price))
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
