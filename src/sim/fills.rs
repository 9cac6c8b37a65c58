//! When an order trades, and at what price: pure.
//!
//! 1. A market order takes the far side of the quote: a buyer pays the ask, a seller gets the bid.
//! 2. A limit that is marketable when it arrives trades at the quote; one that rested trades at its
//!    own limit, never better, even when the price has jumped past it.
//! 3. A stop wakes when the last price touches its trigger, and then takes what is there, like an
//!    order that arrives; one whose limit is not reached then rests at it.
//! 4. A limit or trigger of zero, which OpenAlgo lets through, never trades.

use rust_decimal::Decimal;

use crate::domain::money::{Points, Price};
use crate::domain::order::Side;

/// What the market shows of one contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// What a seller gets.
    pub bid: Price,
    /// What a buyer pays.
    pub ask: Price,
    /// The last trade.
    pub last: Price,
}

/// OpenAlgo's four kinds of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceType {
    /// At any price.
    Market,
    /// At a price or better.
    Limit,
    /// A limit once a trigger is touched.
    Stop,
    /// A market order once a trigger is touched.
    StopMarket,
}

/// The terms of an order as they were sent: numbers that OpenAlgo does not check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Which kind.
    pub kind: PriceType,
    /// The limit, or zero.
    pub price: Decimal,
    /// The trigger, or zero.
    pub trigger: Decimal,
}

/// Where an order stands when the market is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which way it trades.
    pub side: Side,
    /// Its terms.
    pub terms: Terms,
    /// Whether a stop has been touched before.
    pub awake: bool,
    /// Whether it was already in the book before this look.
    pub rested: bool,
}

/// What one look at the market does to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether it is awake now: always so for orders without a trigger.
    pub awake: bool,
    /// At what price it trades, when it trades.
    pub fill: Option<Price>,
}

impl Quote {
    /// Returns the quote around a last price, one tick to either side.
    pub fn around(last: Price, tick: Points) -> Self {
        Self {
            bid: last.moved(-tick).unwrap_or(last),
            ask: last.moved(tick).unwrap_or(last),
            last,
        }
    }

    /// Returns what an order of this side trades at when it takes what is there.
    pub const fn taker(&self, side: Side) -> Price {
        match side {
            Side::Buy => self.ask,
            Side::Sell => self.bid,
        }
    }
}

impl PriceType {
    /// Returns OpenAlgo's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Market => "MARKET",
            Self::Limit => "LIMIT",
            Self::Stop => "SL",
            Self::StopMarket => "SL-M",
        }
    }

    /// Returns whether it waits for a trigger.
    pub const fn waits(self) -> bool {
        match self {
            Self::Stop | Self::StopMarket => true,
            Self::Market | Self::Limit => false,
        }
    }

    /// Returns whether it has a worst price.
    pub const fn limited(self) -> bool {
        match self {
            Self::Limit | Self::Stop => true,
            Self::Market | Self::StopMarket => false,
        }
    }
}

/// Returns what the market does to an order that stands like this.
pub fn look(order: &Standing, quote: &Quote) -> Look {
    let awake = order.awake || !order.terms.kind.waits() || touched(order, quote);
    if !awake {
        return Look { awake, fill: None };
    }
    // A stop that wakes now takes what is there, like a limit that arrives.
    let arrives = !order.rested || (order.terms.kind.waits() && !order.awake);
    let fill = if order.terms.kind.limited() {
        at_limit(order, quote, arrives)
    } else {
        Some(quote.taker(order.side))
    };
    Look { awake, fill }
}

fn touched(order: &Standing, quote: &Quote) -> bool {
    let Some(trigger) = Price::new(order.terms.trigger) else {
        return false;
    };
    match order.side {
        Side::Buy => quote.last >= trigger,
        Side::Sell => quote.last <= trigger,
    }
}

fn at_limit(order: &Standing, quote: &Quote, arrives: bool) -> Option<Price> {
    let limit = Price::new(order.terms.price)?;
    let market = quote.taker(order.side);
    let reached = match order.side {
        Side::Buy => market <= limit,
        Side::Sell => market >= limit,
    };
    reached.then_some(if arrives { market } else { limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        Price::new(text.parse().unwrap()).unwrap()
    }

    fn quote(last: &str) -> Quote {
        Quote::around(price(last), Points::new("0.05".parse().unwrap()))
    }

    fn order(side: Side, kind: PriceType, limit: &str, trigger: &str) -> Standing {
        Standing {
            side,
            terms: Terms {
                kind,
                price: limit.parse().unwrap(),
                trigger: trigger.parse().unwrap(),
            },
            awake: false,
            rested: false,
        }
    }

    #[test]
    fn a_market_order_pays_the_spread() {
        let buy = look(
            &order(Side::Buy, PriceType::Market, "0", "0"),
            &quote("100"),
        );
        let sell = look(
            &order(Side::Sell, PriceType::Market, "0", "0"),
            &quote("100"),
        );
        assert_eq!(buy.fill, Some(price("100.05")));
        assert_eq!(sell.fill, Some(price("99.95")));
    }

    #[test]
    fn an_arriving_limit_trades_at_the_quote_and_a_resting_one_at_its_limit() {
        let mut buy = order(Side::Buy, PriceType::Limit, "101", "0");
        assert_eq!(look(&buy, &quote("100")).fill, Some(price("100.05")));
        assert_eq!(look(&buy, &quote("101")).fill, None);
        buy.rested = true;
        assert_eq!(look(&buy, &quote("95")).fill, Some(price("101")));
    }

    #[test]
    fn a_stop_sleeps_until_its_trigger_is_touched() {
        let mut sell = order(Side::Sell, PriceType::Stop, "98", "99");
        assert_eq!(
            look(&sell, &quote("99.05")),
            Look {
                awake: false,
                fill: None
            }
        );
        assert_eq!(look(&sell, &quote("99")).fill, Some(price("98.95")));
        // The price jumped past both: the stop wakes, and rests at its limit.
        assert_eq!(
            look(&sell, &quote("97")),
            Look {
                awake: true,
                fill: None
            }
        );
        sell.rested = true;
        assert_eq!(look(&sell, &quote("99")).fill, Some(price("98.95")));
        let market = order(Side::Sell, PriceType::StopMarket, "0", "99");
        assert_eq!(look(&market, &quote("97")).fill, Some(price("96.95")));
    }

    #[test]
    fn a_woken_stop_stays_awake_when_the_price_returns() {
        let mut sell = order(Side::Sell, PriceType::Stop, "98", "99");
        sell.awake = true;
        sell.rested = true;
        assert_eq!(look(&sell, &quote("100")).fill, Some(price("98")));
    }

    #[test]
    fn a_limit_of_zero_never_trades() {
        let sell = order(Side::Sell, PriceType::Limit, "0", "0");
        assert_eq!(
            look(&sell, &quote("100")),
            Look {
                awake: true,
                fill: None
            }
        );
    }
}
