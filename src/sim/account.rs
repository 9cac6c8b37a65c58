//! The virtual account: cash, positions, realised profit, charges: pure.
//!
//! 1. A position is a signed quantity and what its open part cost; a round trip realises exactly
//!    what was received less what was paid, whatever averages lie between.
//! 2. Charges are booked apart from the profit and lower the cash at once.
//! 3. A closed position stays as a row of quantity zero.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::domain::money::{Money, Price, Quantity};
use crate::domain::order::{Exchange, Product, Side};

/// What names a position.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PositionKey {
    /// Segment.
    pub exchange: Exchange,
    /// OpenAlgo's symbol.
    pub symbol: String,
    /// How it is carried.
    pub product: Product,
}

/// One position: a signed quantity and what it cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Units held; negative when short.
    pub net: Decimal,
    /// Price times signed units of what is open.
    pub cost: Decimal,
    /// Rupees one point of one unit is worth.
    pub multiplier: Decimal,
    /// What closing has earned so far, before charges.
    pub realised: Money,
    /// Price of the newest fill.
    pub last: Price,
}

/// One fill as the account sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Executed {
    /// Which way.
    pub side: Side,
    /// How many units.
    pub quantity: Quantity,
    /// At what price.
    pub price: Price,
    /// On which exchange day.
    pub day: NaiveDate,
    /// What it cost in charges.
    pub charges: Money,
    /// Rupees one point of one unit is worth.
    pub multiplier: Decimal,
}

/// The account of one paper trader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What it started with.
    pub opening: Money,
    /// All charges so far.
    pub charges: Money,
    /// What had been realised before the day of the newest fill, and that day.
    before: (NaiveDate, Money),
    /// Positions, closed ones included.
    pub positions: BTreeMap<PositionKey, Position>,
}

impl Account {
    /// Returns an account with nothing but its opening capital.
    pub fn new(opening: Money) -> Self {
        Self {
            opening,
            ..Self::default()
        }
    }

    /// Books one fill.
    pub fn book(&mut self, key: PositionKey, fill: &Executed) {
        if fill.day > self.before.0 {
            self.before = (fill.day, self.realised());
        }
        self.charges += fill.charges;
        let position = self
            .positions
            .entry(key)
            .or_insert_with(|| Position::flat(fill));
        position.take(fill);
    }

    /// Returns what closing positions has earned, before charges.
    pub fn realised(&self) -> Money {
        self.positions.values().map(|one| one.realised).sum()
    }

    /// Returns what closing positions has earned on a day, the newest with a fill or later.
    pub fn realised_on(&self, day: NaiveDate) -> Money {
        if day > self.before.0 {
            return Money::ZERO;
        }
        self.realised() - self.before.1
    }

    /// Returns opening capital plus what was realised less charges.
    pub fn cash(&self) -> Money {
        self.opening + self.realised() - self.charges
    }

    /// Returns the signed units held of a contract.
    pub fn net(&self, key: &PositionKey) -> Decimal {
        self.positions
            .get(key)
            .map_or(Decimal::ZERO, |position| position.net)
    }
}

impl Position {
    fn flat(fill: &Executed) -> Self {
        Self {
            net: Decimal::ZERO,
            cost: Decimal::ZERO,
            multiplier: fill.multiplier,
            realised: Money::ZERO,
            last: fill.price,
        }
    }

    /// Returns the average price of what is open, or zero when flat.
    pub fn average(&self) -> Decimal {
        self.cost.checked_div(self.net).unwrap_or(Decimal::ZERO)
    }

    /// Returns what the open part gains at a price.
    pub fn unrealised(&self, price: Price) -> Money {
        Money::new((self.net * price.get() - self.cost) * self.multiplier)
    }

    fn take(&mut self, fill: &Executed) {
        let signed = match fill.side {
            Side::Buy => fill.quantity.decimal(),
            Side::Sell => -fill.quantity.decimal(),
        };
        self.last = fill.price;
        let against = self.net.is_sign_positive() != signed.is_sign_positive();
        if self.net.is_zero() || !against {
            self.open(signed, fill.price);
            return;
        }
        let closed = if signed.abs() < self.net.abs() {
            signed
        } else {
            -self.net
        };
        self.close(closed, fill.price);
        let rest = signed - closed;
        if !rest.is_zero() {
            self.open(rest, fill.price);
        }
    }

    fn open(&mut self, signed: Decimal, price: Price) {
        self.net += signed;
        self.cost += signed * price.get();
    }

    fn close(&mut self, signed: Decimal, price: Price) {
        let whole = signed + self.net == Decimal::ZERO;
        let cost = if whole {
            self.cost
        } else {
            -(self.cost * signed)
                .checked_div(self.net)
                .unwrap_or_default()
        };
        let received = -signed * price.get();
        self.realised += Money::new((received - cost) * self.multiplier);
        self.net += signed;
        self.cost -= cost;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PositionKey {
        PositionKey {
            exchange: Exchange::Nse,
            symbol: "SBIN".to_owned(),
            product: Product::Mis,
        }
    }

    fn fill(side: Side, quantity: u64, price: &str) -> Executed {
        Executed {
            side,
            quantity: Quantity::new(quantity),
            price: Price::new(price.parse().unwrap()).unwrap(),
            day: NaiveDate::MIN,
            charges: Money::rupees(1),
            multiplier: Decimal::from(10),
        }
    }

    #[test]
    fn a_round_trip_realises_exactly_what_was_received_less_what_was_paid() {
        let mut account = Account::new(Money::rupees(1000));
        for (side, quantity, price) in [
            (Side::Buy, 3, "100.10"),
            (Side::Buy, 4, "100.35"),
            (Side::Sell, 2, "101.15"),
            (Side::Sell, 5, "99.05"),
        ] {
            account.book(key(), &fill(side, quantity, price));
        }
        let paid: Decimal = "701.70".parse().unwrap();
        let received: Decimal = "697.55".parse().unwrap();
        assert_eq!(account.net(&key()), Decimal::ZERO);
        assert_eq!(
            account.realised().to_paisa(),
            Money::new((received - paid) * Decimal::from(10))
        );
        assert_eq!(
            account.cash(),
            Money::rupees(1000) + account.realised() - Money::rupees(4)
        );
    }

    #[test]
    fn a_fill_that_crosses_zero_opens_the_other_way_at_its_own_price() {
        let mut account = Account::new(Money::ZERO);
        account.book(key(), &fill(Side::Sell, 2, "50"));
        account.book(key(), &fill(Side::Buy, 5, "40"));
        let position = account.positions.get(&key()).unwrap();
        assert_eq!(position.net, Decimal::from(3));
        assert_eq!(position.average(), Decimal::from(40));
        assert_eq!(position.realised, Money::rupees(200));
        let at_41 = Price::new(Decimal::from(41)).unwrap();
        assert_eq!(position.unrealised(at_41), Money::rupees(30));
    }
}
