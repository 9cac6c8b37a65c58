//! The simulator's floor without its server, and what the days ask of it beyond a broker's answers.

use core::ops::{Deref, DerefMut};

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use torana::domain::calendar::exchange_day;
use torana::domain::money::{Money, Price, Quantity};
use torana::domain::order::{Exchange, Product, Side};
use torana::domain::rules::Rules;
use torana::sim::account::{Executed, PositionKey};
use torana::sim::order::{Order, Trade};
use torana::sim::venue::Venue;

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
