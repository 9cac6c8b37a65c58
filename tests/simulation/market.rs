//! What is traded and where its price stands.

use rust_decimal::Decimal;
use torana::domain::instrument::{ContractId, InstrumentIx};
use torana::domain::market::{Tick, round_down};
use torana::domain::money::{Points, Price};
use torana::domain::order::Exchange;

use crate::chance::Chance;

/// One contract.
pub(crate) struct Stock {
    pub(crate) ix: InstrumentIx,
    pub(crate) contract: ContractId,
    pub(crate) exchange: Exchange,
    pub(crate) symbol: String,
    pub(crate) tick: Tick,
    pub(crate) price: Price,
}

impl Stock {
    /// Returns what one bar moves.
    pub(crate) fn atr(&self) -> Points {
        Points::new((self.price.get() / Decimal::from(150)).round_dp(2))
    }

    /// Returns a price so many hundredths of an ATR away, on the tick.
    pub(crate) fn away(&self, hundredths: i64) -> Price {
        let moved = self.price.get() + self.atr().get() * Decimal::new(hundredths, 2);
        round_down(Price::new(moved.max(Decimal::ONE)).unwrap(), self.tick)
    }

    /// Moves a little, seldom far.
    pub(crate) fn walk(&mut self, chance: &mut Chance) {
        let far = chance.happens(15);
        let step = if far {
            chance.between(-350, 350)
        } else {
            chance.between(-25, 25)
        };
        self.price = self.away(step);
    }
}
