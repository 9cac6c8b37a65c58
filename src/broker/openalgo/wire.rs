//! The bodies we send, word for word.
//!
//! Unknown fields are refused, so nothing of ours travels along: no client id, no tag. Numbers go
//! as text, like OpenAlgo's own client sends them: no float is involved on either side.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::broker::Asked;
use crate::domain::money::Price;
use crate::domain::order::{BrokerOrderId, Exchange, Pricing, Ticket};

/// A route of OpenAlgo that takes a body with our key.
pub(crate) trait Request: Serialize + Send + Sync {
    /// Its name under `/api/v1/`.
    const ROUTE: &'static str;
    /// Whether it asks for a price, which is worth nothing when it comes late.
    const IS_QUOTE: bool = false;
}

/// What every request carries.
#[derive(Serialize)]
pub(crate) struct Keyed<'a, T> {
    apikey: &'a str,
    #[serde(flatten)]
    request: &'a T,
}

impl<'a, T: Request> Keyed<'a, T> {
    /// Returns the request with the key; this is the only place where the key is uncovered.
    pub(crate) fn new(key: &'a SecretString, request: &'a T) -> Self {
        Self {
            apikey: key.expose_secret(),
            request,
        }
    }
}

/// A new order.
#[derive(Serialize)]
pub(crate) struct PlaceOrder<'a>(Terms<'a>);

/// Other terms for an order: all of them, the old ones included.
#[derive(Serialize)]
pub(crate) struct ModifyOrder<'a> {
    orderid: &'a str,
    #[serde(flatten)]
    terms: Terms<'a>,
}

/// The end of an order.
#[derive(Serialize)]
pub(crate) struct CancelOrder<'a> {
    strategy: &'a str,
    orderid: &'a str,
}

/// What became of an order.
#[derive(Serialize)]
pub(crate) struct OrderStatus<'a> {
    strategy: &'a str,
    orderid: &'a str,
}

#[derive(Serialize)]
struct Terms<'a> {
    strategy: &'a str,
    symbol: &'a str,
    exchange: &'static str,
    action: &'static str,
    product: &'static str,
    pricetype: &'static str,
    quantity: String,
    price: String,
    trigger_price: String,
    disclosed_quantity: &'static str,
}

impl<'a> Terms<'a> {
    fn of(ticket: &'a Ticket, strategy: &'a str) -> Self {
        let (price, trigger) = prices(ticket.pricing);
        Self {
            strategy,
            symbol: &ticket.symbol,
            exchange: ticket.exchange.word(),
            action: ticket.side.word(),
            product: ticket.product.word(),
            pricetype: ticket.pricing.word(),
            quantity: ticket.quantity.to_string(),
            price,
            trigger_price: trigger,
            disclosed_quantity: "0",
        }
    }
}

/// Returns price and trigger as OpenAlgo wants them: `0` where there is none.
fn prices(pricing: Pricing) -> (String, String) {
    let none = || "0".to_owned();
    match pricing {
        Pricing::Market => (none(), none()),
        Pricing::Limit(limit) => (plain(limit), none()),
        Pricing::StopLimit { trigger, limit } => (plain(limit), plain(trigger)),
    }
}

fn plain(price: Price) -> String {
    price.get().to_string()
}

impl<'a> PlaceOrder<'a> {
    pub(crate) fn of(ticket: &'a Ticket, strategy: &'a str) -> Self {
        Self(Terms::of(ticket, strategy))
    }
}

impl<'a> ModifyOrder<'a> {
    pub(crate) fn of(id: &'a BrokerOrderId, ticket: &'a Ticket, strategy: &'a str) -> Self {
        Self {
            orderid: id.as_str(),
            terms: Terms::of(ticket, strategy),
        }
    }
}

impl<'a> CancelOrder<'a> {
    pub(crate) fn of(id: &'a BrokerOrderId, strategy: &'a str) -> Self {
        Self {
            strategy,
            orderid: id.as_str(),
        }
    }
}

impl<'a> OrderStatus<'a> {
    pub(crate) fn of(id: &'a BrokerOrderId, strategy: &'a str) -> Self {
        Self {
            strategy,
            orderid: id.as_str(),
        }
    }
}

impl Request for PlaceOrder<'_> {
    const ROUTE: &'static str = "placeorder";
}

impl Request for ModifyOrder<'_> {
    const ROUTE: &'static str = "modifyorder";
}

impl Request for CancelOrder<'_> {
    const ROUTE: &'static str = "cancelorder";
}

impl Request for OrderStatus<'_> {
    const ROUTE: &'static str = "orderstatus";
}

/// A contract, as quotes and the symbol master ask for it.
#[derive(Serialize)]
pub(crate) struct Named<'a> {
    symbol: &'a str,
    exchange: &'static str,
}

impl<'a> Named<'a> {
    pub(crate) fn of(exchange: Exchange, symbol: &'a str) -> Self {
        Self {
            symbol,
            exchange: exchange.word(),
        }
    }
}

/// The price of one contract.
#[derive(Serialize)]
pub(crate) struct QuoteOf<'a>(pub(crate) Named<'a>);

/// The prices of several.
#[derive(Serialize)]
pub(crate) struct QuotesOf<'a> {
    pub(crate) symbols: Vec<Named<'a>>,
}

/// The master's row of one contract.
#[derive(Serialize)]
pub(crate) struct SymbolOf<'a>(pub(crate) Named<'a>);

impl Request for QuoteOf<'_> {
    const ROUTE: &'static str = "quotes";
    const IS_QUOTE: bool = true;
}

impl Request for QuotesOf<'_> {
    const ROUTE: &'static str = "multiquotes";
    const IS_QUOTE: bool = true;
}

impl Request for SymbolOf<'_> {
    const ROUTE: &'static str = "symbol";
}

/// When exchanges trade on a day, written as `2026-11-20`.
#[derive(Serialize)]
pub(crate) struct TimingsOf {
    pub(crate) date: String,
}

impl Request for TimingsOf {
    const ROUTE: &'static str = "market/timings";
}

/// The bars of some days, written as `2026-11-20`.
#[derive(Serialize)]
pub(crate) struct HistoryOf<'a> {
    symbol: &'a str,
    exchange: &'static str,
    interval: &'a str,
    start_date: String,
    end_date: String,
}

impl<'a> HistoryOf<'a> {
    pub(crate) fn of(asked: &Asked<'a>) -> Self {
        Self {
            symbol: asked.symbol,
            exchange: asked.exchange.word(),
            interval: asked.interval,
            start_date: asked.from.to_string(),
            end_date: asked.to.to_string(),
        }
    }
}

impl Request for HistoryOf<'_> {
    const ROUTE: &'static str = "history";
}

/// The margin of one order. This route alone refuses a quantity that is a number.
#[derive(Serialize)]
pub(crate) struct MarginOf<'a> {
    positions: [MarginPosition<'a>; 1],
}

#[derive(Serialize)]
struct MarginPosition<'a> {
    symbol: &'a str,
    exchange: &'static str,
    action: &'static str,
    quantity: String,
    product: &'static str,
    pricetype: &'static str,
    price: String,
    trigger_price: String,
}

impl<'a> MarginOf<'a> {
    pub(crate) fn of(ticket: &'a Ticket) -> Self {
        let (price, trigger_price) = prices(ticket.pricing);
        Self {
            positions: [MarginPosition {
                symbol: &ticket.symbol,
                exchange: ticket.exchange.word(),
                action: ticket.side.word(),
                quantity: ticket.quantity.to_string(),
                product: ticket.product.word(),
                pricetype: ticket.pricing.word(),
                price,
                trigger_price,
            }],
        }
    }
}

impl Request for MarginOf<'_> {
    const ROUTE: &'static str = "margin";
}

macro_rules! bare {
    ($($(#[$doc:meta])* $name:ident = $route:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Serialize)]
        pub(crate) struct $name {}

        impl Request for $name {
            const ROUTE: &'static str = $route;
        }
    )*};
}

// Six routes that take nothing but the key.
bare! {
    /// The day's orders.
    OrderBook = "orderbook";
    /// The day's trades.
    TradeBook = "tradebook";
    /// The positions.
    PositionBook = "positionbook";
    /// The account's money.
    FundsOf = "funds";
    /// The broker's name.
    Ping = "ping";
    /// Whether orders go to the sandbox.
    Analyzer = "analyzer";
}

/// Returns a passed-on body with our key in place of whatever key it came with.
pub(crate) fn rekeyed(key: &SecretString, body: &Map<String, Value>) -> Map<String, Value> {
    let mut body = body.clone();
    body.insert("apikey".to_owned(), key.expose_secret().into());
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Quantity;
    use crate::domain::order::{Product, Side};
    use rust_decimal::Decimal;

    /// One line of the fixture: a ticket in words, the route, and the body that must leave.
    #[derive(serde::Deserialize)]
    struct Line {
        ticket: [String; 6],
        route: String,
        id: Option<String>,
        body: Value,
    }

    fn ticket(words: &[String; 6]) -> Ticket {
        let price = |text: &str| Price::new(text.parse::<Decimal>().unwrap()).unwrap();
        let [symbol, exchange, product, side, quantity, pricing] = words;
        let parts: Vec<&str> = pricing.split(' ').collect();
        Ticket {
            symbol: symbol.clone(),
            exchange: exchange.parse().unwrap(),
            product: product.parse::<Product>().unwrap(),
            side: side.parse::<Side>().unwrap(),
            quantity: Quantity::new(quantity.parse().unwrap()),
            pricing: match parts.as_slice() {
                ["MARKET"] => Pricing::Market,
                ["LIMIT", limit] => Pricing::Limit(price(limit)),
                ["SL", trigger, limit] => Pricing::StopLimit {
                    trigger: price(trigger),
                    limit: price(limit),
                },
                _ => panic!("{pricing}"),
            },
        }
    }

    fn body<T: Request>(request: &T) -> (String, Value) {
        let key = SecretString::from("test-api-key");
        let body = serde_json::to_value(Keyed::new(&key, request)).unwrap();
        (T::ROUTE.to_owned(), body)
    }

    #[test]
    fn every_order_call_leaves_exactly_as_recorded() {
        let lines = include_str!("../../../tests/fixtures/openalgo/calls.jsonl");
        for line in lines.lines() {
            let line: Line = serde_json::from_str(line).unwrap();
            let ticket = ticket(&line.ticket);
            let id = line.id.as_deref().and_then(BrokerOrderId::new);
            let made = match (line.route.as_str(), &id) {
                ("placeorder", None) => body(&PlaceOrder::of(&ticket, "torana")),
                ("modifyorder", Some(id)) => body(&ModifyOrder::of(id, &ticket, "torana")),
                ("cancelorder", Some(id)) => body(&CancelOrder::of(id, "torana")),
                ("margin", None) => body(&MarginOf::of(&ticket)),
                other => panic!("{other:?}"),
            };
            assert_eq!(made, (line.route, line.body));
        }
    }

    #[test]
    fn a_passed_on_body_never_keeps_the_key_it_came_with() {
        let came: Map<String, Value> =
            serde_json::from_str(r#"{"apikey":"theirs","symbol":"SBIN"}"#).unwrap();
        let key = SecretString::from("ours");
        let goes = Value::Object(rekeyed(&key, &came)).to_string();
        assert_eq!(goes, r#"{"apikey":"ours","symbol":"SBIN"}"#);
    }
}
