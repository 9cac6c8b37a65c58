//! Prices on their way to the desk: one of a contract at a time, and none of those that matter lost.
//!
//! While one is on its way, the lowest and the highest of those that follow are kept: a stop that
//! was touched for an instant was touched.

use std::collections::BTreeMap;

use crate::domain::input::Tick;
use crate::domain::instrument::ContractId;

/// The contracts of which a price is on its way, each with those that wait.
#[derive(Debug, Default)]
pub(super) struct Offered(BTreeMap<ContractId, Waiting>);

#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    low: Option<Tick>,
    high: Option<Tick>,
}

impl Offered {
    /// Returns whether a price may go now; else it waits for the one that went before.
    pub(super) fn begin(&mut self, tick: Tick) -> bool {
        let Some(waiting) = self.0.get_mut(&tick.contract) else {
            self.0.insert(tick.contract, Waiting::default());
            return true;
        };
        let price = tick.quote.price;
        if waiting.low.is_none_or(|low| price <= low.quote.price) {
            waiting.low = Some(tick);
        }
        if waiting.high.is_none_or(|high| price > high.quote.price) {
            waiting.high = Some(tick);
        }
        false
    }

    /// Returns the next price of a contract, whose last one has arrived; the way is free after none.
    pub(super) fn next(&mut self, contract: ContractId) -> Option<Tick> {
        let waiting = self.0.get_mut(&contract);
        let next = waiting.and_then(|waiting| waiting.low.take().or_else(|| waiting.high.take()));
        if next.is_none() {
            self.end(contract);
        }
        next
    }

    /// Frees the way of a contract and forgets what waits.
    pub(super) fn end(&mut self, contract: ContractId) {
        self.0.remove(&contract);
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate};

    use super::*;
    use crate::domain::input::{PriceSource, Quote};
    use crate::domain::instrument::InstrumentIx;
    use crate::domain::money::Price;

    fn tick(price: i64) -> Tick {
        Tick {
            contract: ContractId {
                instrument: InstrumentIx::new(0),
                expiry: NaiveDate::from_ymd_opt(2026, 11, 26),
            },
            quote: Quote {
                price: Price::new(price.into()).unwrap(),
                bid: None,
                ask: None,
                at: DateTime::UNIX_EPOCH,
            },
            source: PriceSource::Feed,
        }
    }

    #[test]
    fn what_was_touched_while_another_price_was_on_its_way_is_told_after_it() {
        let (mut offered, contract) = (Offered::default(), tick(100).contract);
        assert!(offered.begin(tick(100)));
        for price in [99, 105, 98, 104, 101] {
            assert!(!offered.begin(tick(price)));
        }
        assert_eq!(offered.next(contract), Some(tick(98)));
        assert_eq!(offered.next(contract), Some(tick(105)));
        assert_eq!(offered.next(contract), None);
        assert!(offered.begin(tick(100)));
    }
}
