//! What OpenAlgo's WebSocket says, frame by frame, and what we say to it.
//!
//! Errors come without a type, prices of a wider mode come unasked, and the documents describe
//! something else: only what was seen on the wire is relied on. There is no sequence number and no
//! replay, so a frame is news, never the state of anything.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::books;
use super::loose::{self, Row};
use crate::broker::{OrderRow, TEXT_MAX};
use crate::domain::money::Price;
use crate::domain::order::Exchange;

/// A price as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The segment of the contract.
    pub exchange: Exchange,
    /// OpenAlgo's symbol.
    pub symbol: String,
    /// The last price.
    pub ltp: Price,
    /// The best price to sell at, where the frame has depth.
    pub bid: Option<Price>,
    /// The best price to buy at, where the frame has depth.
    pub ask: Option<Price>,
    /// The broker's time of it, where it says one.
    pub at: Option<DateTime<Utc>>,
}

/// One message of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// We are in.
    Authenticated,
    /// Prices will come, except for the contracts listed with the reason.
    Subscribed {
        /// What was refused, in OpenAlgo's words.
        refused: Vec<String>,
    },
    /// Order updates will come.
    OrdersSubscribed,
    /// A price.
    Tick(Tick),
    /// An order as it now stands. Duplicates and gaps are normal.
    Order(OrderRow),
    /// The answer to our ping.
    Pong,
    /// Something we asked for was refused.
    Error {
        /// OpenAlgo's code.
        code: String,
        /// OpenAlgo's words.
        text: String,
    },
    /// A kind we have no use for.
    Other(String),
}

/// A frame that means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame with {0}")]
pub struct BadFrame(&'static str);

impl Frame {
    /// Reads one text frame.
    pub fn read(text: &str) -> Result<Self, BadFrame> {
        let frame = loose::object(text.as_bytes()).map_err(|_error| BadFrame("no JSON object"))?;
        let row = Row(&frame);
        let failed = row.text("status") == Some("error");
        match row.text("type") {
            Some("market_data") => tick(row).map(Self::Tick),
            Some("order_update") => books::order(row).map(Self::Order).map_err(BadFrame),
            Some("pong") => Ok(Self::Pong),
            Some("subscribe") => Ok(Self::Subscribed {
                refused: refused(row),
            }),
            _ if failed => Ok(Self::Error {
                code: row.text("code").unwrap_or("UNKNOWN").to_owned(),
                text: loose::words(frame.get("message"), TEXT_MAX),
            }),
            Some("auth") => Ok(Self::Authenticated),
            Some("subscribe_orders") => Ok(Self::OrdersSubscribed),
            Some(other) => Ok(Self::Other(other.to_owned())),
            None => Err(BadFrame("neither type nor error")),
        }
    }
}

fn tick(row: Row<'_>) -> Result<Tick, BadFrame> {
    let data = row.row("data").ok_or(BadFrame("a price without data"))?;
    let exchange = row.word("exchange");
    Ok(Tick {
        exchange: exchange.ok_or(BadFrame("a price of an unknown segment"))?,
        symbol: row
            .text("symbol")
            .ok_or(BadFrame("a price without a symbol"))?
            .to_owned(),
        ltp: data
            .price("ltp")
            .ok_or(BadFrame("no last price above zero"))?,
        bid: best(data, "buy"),
        ask: best(data, "sell"),
        at: data.moment("timestamp"),
    })
}

/// Returns the best price of a side: brokers that send depth unasked have it in every frame.
fn best(data: Row<'_>, side: &str) -> Option<Price> {
    let level = data.row("depth")?.list(side)?.first()?;
    Row::of(level)?.price("price")
}

/// Returns what was not subscribed to. An entry that OpenAlgo skipped in silence is in neither list.
fn refused(row: Row<'_>) -> Vec<String> {
    let entries = row.list("subscriptions").map_or(&[][..], Vec::as_slice);
    let failed = |entry: &&Value| entry.get("status").and_then(Value::as_str) != Some("success");
    let words = |entry: &Value| loose::words(entry.get("message"), TEXT_MAX);
    entries.iter().filter(failed).map(words).collect()
}

/// Lets us in.
pub(crate) fn authenticate(key: &SecretString) -> String {
    json!({"action": "authenticate", "api_key": key.expose_secret()}).to_string()
}

/// Asks for order updates.
pub(crate) fn subscribe_orders() -> String {
    json!({"action": "subscribe_orders"}).to_string()
}

/// Asks for a life sign.
pub(crate) fn ping() -> String {
    json!({"action": "ping"}).to_string()
}

/// Asks for prices.
pub(crate) fn subscribe<'a>(names: impl Iterator<Item = &'a (Exchange, String)>) -> String {
    let symbols: Vec<Value> = names.map(named).collect();
    json!({"action": "subscribe", "symbols": symbols, "mode": 1}).to_string()
}

/// Asks for no more prices. The mode stands in each entry: one beside the list is ignored, the
/// answer says success, and the prices go on.
pub(crate) fn unsubscribe<'a>(names: impl Iterator<Item = &'a (Exchange, String)>) -> String {
    let entry = |name| {
        let mut entry = named(name);
        if let Some(fields) = entry.as_object_mut() {
            fields.insert("mode".to_owned(), 1.into());
        }
        entry
    };
    let symbols: Vec<Value> = names.map(entry).collect();
    json!({"action": "unsubscribe", "symbols": symbols}).to_string()
}

fn named((exchange, symbol): &(Exchange, String)) -> Value {
    json!({"symbol": symbol, "exchange": exchange.word()})
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_error_is_known_without_a_type() {
        let frame =
            r#"{"status":"error","code":"BROKER_ERROR","message":"Broker adapter not found"}"#;
        let Ok(Frame::Error { code, .. }) = Frame::read(frame) else {
            panic!();
        };
        assert_eq!(code, "BROKER_ERROR");
        let refused =
            Frame::read(r#"{"type":"auth","status":"error","code":"AUTHENTICATION_ERROR"}"#);
        assert!(matches!(refused, Ok(Frame::Error { .. })));
    }

    #[test]
    fn a_price_needs_a_name_and_a_number_above_zero() {
        let read = |fields: &str| Frame::read(&format!(r#"{{"type":"market_data",{fields}}}"#));
        let good = read(
            r#""symbol":"SBIN","exchange":"NSE","data":{"ltp":"812.45","timestamp":1795166613835}"#,
        );
        let Ok(Frame::Tick(tick)) = good else {
            panic!("{good:?}");
        };
        assert_eq!(tick.ltp.to_string(), "812.45");
        assert_eq!(tick.at.unwrap().timestamp_millis(), 1_795_166_613_835);
        for fields in [
            r#""symbol":"SBIN","exchange":"NSE","data":{"ltp":0}"#,
            r#""symbol":"SBIN","exchange":"NSE","data":{"ltp":NaN}"#,
            r#""symbol":"SBIN","exchange":"NSE""#,
            r#""symbol":"SBIN","exchange":"CRYPTO","data":{"ltp":1}"#,
            r#""exchange":"NSE","data":{"ltp":1}"#,
        ] {
            assert!(read(fields).is_err(), "{fields}");
        }
    }

    #[test]
    fn a_partial_subscription_names_what_was_refused() {
        let frame = r#"{"type":"subscribe","status":"partial","subscriptions":[{"symbol":"A","status":"success"},{"symbol":"B","status":"error","message":"Token not found for B on NSE"}]}"#;
        let Ok(Frame::Subscribed { refused }) = Frame::read(frame) else {
            panic!();
        };
        assert_eq!(refused, ["Token not found for B on NSE"]);
    }

    #[test]
    fn an_unsubscription_carries_the_mode_in_each_entry() {
        let names = [(Exchange::Nse, "M&M".to_owned())];
        assert_eq!(
            unsubscribe(names.iter()),
            r#"{"action":"unsubscribe","symbols":[{"exchange":"NSE","mode":1,"symbol":"M&M"}]}"#
        );
        assert_eq!(
            subscribe(names.iter()),
            r#"{"action":"subscribe","mode":1,"symbols":[{"exchange":"NSE","symbol":"M&M"}]}"#
        );
    }

    proptest! {
        #[test]
        fn rubbish_never_panics(text in "\\PC*", field in "[a-z_]{1,12}", value in "\\PC*") {
            let _frame = Frame::read(&text);
            let typed = json!({"type": "order_update", "orderid": "1", "symbol": "X", &field: value});
            let _frame = Frame::read(&typed.to_string());
        }
    }
}
