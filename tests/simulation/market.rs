//! What is traded and where its price stands.

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use torana::domain::instrument::{ContractId, InstrumentIx};
use torana::domain::market::{Tick, round_down};
use torana::domain::money::{Points, Price};
use torana::domain::order::Exchange;
use torana::domain::rules::Rules;

use crate::chance::Chance;

/// What is traded, where its price starts, and what one lot of these months is in an order.
pub(crate) const TRADED: [(&str, i64, u64); 4] = [
    ("BANK_NIFTY", 52_000, 30),
    ("GOLD_MINI", 78_500, 1),
    ("SILVER_MINI", 92_000, 1),
    ("COPPER", 920, 1),
];

/// How many days ahead contracts are looked for: more than any story lasts.
const AHEAD: u64 = 14;

/// One instrument, with the contracts an entry can take during a story.
pub(crate) struct Stock {
    pub(crate) ix: InstrumentIx,
    pub(crate) exchange: Exchange,
    pub(crate) tick: Tick,
    pub(crate) price: Price,
    pub(crate) listed: Vec<Listed>,
    pub(crate) per_lot: u64,
    /// For how many looks nothing moves.
    still: u64,
    /// How wide bars are, in hundredths of what is usual.
    width: i64,
}

/// One contract.
#[derive(Clone)]
pub(crate) struct Listed {
    pub(crate) contract: ContractId,
    pub(crate) symbol: String,
    /// How far it trades from the instrument's price.
    apart: Points,
}

impl Stock {
    pub(crate) fn new(
        rules: &Rules,
        first: NaiveDate,
        (name, price, per_lot): (&str, i64, u64),
    ) -> Self {
        let ix = rules.instruments.by_name(name).unwrap();
        let days = (0..AHEAD).filter_map(|days| first.checked_add_days(Days::new(days)));
        let mut contracts: Vec<ContractId> = days
            .filter_map(|day| {
                rules
                    .instruments
                    .contract_for_entry(ix, day, &rules.calendar)
            })
            .collect();
        contracts.dedup();
        let price = Price::new(Decimal::from(price)).unwrap();
        let spec = rules.instruments.spec(contracts[0], first).unwrap();
        let tick = spec.ticks.at(price);
        let listed = (0_u32..).zip(contracts).map(|(number, contract)| {
            let exact = price.get() * Decimal::new(i64::from(number), 2);
            let steps = (exact / tick.get()).trunc();
            Listed {
                contract,
                symbol: rules.instruments.symbol(contract),
                apart: Points::new(steps * tick.get()),
            }
        });
        Self {
            ix,
            exchange: rules.instruments.get(ix).unwrap().exchange,
            tick,
            price,
            listed: listed.collect(),
            per_lot,
            still: 0,
            width: 100,
        }
    }

    /// Returns the contract of this name.
    pub(crate) fn named(&self, contract: ContractId) -> &Listed {
        let mut listed = self.listed.iter();
        listed.find(|one| one.contract == contract).unwrap()
    }

    /// Returns where a contract trades.
    pub(crate) fn price_of(&self, listed: &Listed) -> Price {
        self.price.moved(listed.apart).unwrap()
    }

    /// Returns what one bar moves.
    pub(crate) fn atr(&self) -> Points {
        Points::new((self.price.get() / Decimal::from(150)).round_dp(2))
    }

    /// Returns a price so many hundredths of an ATR away from one, on the tick.
    pub(crate) fn away(&self, from: Price, hundredths: i64) -> Price {
        let moved = from.get() + self.atr().get() * Decimal::new(hundredths, 2);
        round_down(Price::new(moved.max(Decimal::ONE)).unwrap(), self.tick)
    }

    /// Returns what the chart says one bar moves: at times wide, at times narrow.
    pub(crate) fn wide_atr(&self) -> Points {
        Points::new((self.atr().get() * Decimal::new(self.width, 2)).round_dp(2))
    }

    /// Moves a little, seldom far, and at times not at all.
    pub(crate) fn walk(&mut self, chance: &mut Chance) {
        if self.still > 0 {
            self.still -= 1;
            return;
        }
        if chance.happens(30) {
            self.still = chance.below(40);
        }
        let far = chance.happens(15);
        let step = if far {
            chance.between(-450, 450)
        } else {
            chance.between(-25, 25)
        };
        self.price = self.away(self.price, step);
        if chance.happens(20) {
            self.width = chance.between(50, 300);
        }
    }

    /// The next day may open far from where the last one closed.
    pub(crate) fn night(&mut self, chance: &mut Chance) {
        let step = if chance.happens(200) {
            chance.between(-700, 700)
        } else {
            0
        };
        self.price = self.away(self.price, step);
    }
}
