//! The feed's frames, word for word.

use serde_json::{Value, json};

use crate::domain::order::Exchange;

use super::super::answer::float;
use super::super::order::Order;
use super::super::prices::Day;
use super::super::routes::BROKER;

/// The one user of an OpenAlgo.
pub(super) const USER: &str = "admin";

/// What the house sends to all clients.
#[derive(Debug)]
pub(in super::super) enum Frame {
    /// A price moved.
    Tick {
        /// Segment.
        exchange: Exchange,
        /// Symbol.
        symbol: String,
        /// The contract's day so far.
        day: Box<Day>,
    },
    /// An order changed.
    Order(Value),
}

/// Returns the frame that tells of an order.
pub(in super::super) fn order_update(order: &Order) -> Value {
    let works = order.status.works();
    json!({
        "type": "order_update",
        "user_id": USER,
        "mode": "live",
        "broker": BROKER,
        "orderid": order.placed.id,
        "symbol": order.placed.symbol,
        "exchange": order.placed.exchange.word(),
        "action": order.placed.side.word(),
        "quantity": order.quantity,
        "price": float(order.terms.price),
        "trigger_price": float(order.terms.trigger),
        "pricetype": order.terms.kind.word(),
        "product": order.placed.product.word(),
        "order_status": order.status.word(),
        "filled_quantity": order.filled,
        "pending_quantity": if works { order.pending() } else { 0 },
        "average_price": float(order.average()),
        "rejection_reason": order.reason,
    })
}

/// Returns an error frame: the only frames without a `type`.
pub(super) fn error(code: &str, message: &str) -> Value {
    json!({"status": "error", "code": code, "message": message})
}

/// Returns what Python calls a value that has no fields.
pub(super) fn python_kind(value: &Value) -> Option<&'static str> {
    match value {
        Value::Object(_) => None,
        Value::Array(_) => Some("list"),
        Value::Null => Some("NoneType"),
        Value::Bool(_) => Some("bool"),
        Value::String(_) => Some("str"),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some("int"),
        Value::Number(_) => Some("float"),
    }
}

/// Returns the contracts a message names, in a list or at its top.
pub(super) fn wanted(message: &Value) -> Vec<Value> {
    match message.get("symbols").and_then(Value::as_array) {
        Some(symbols) => symbols.clone(),
        None if message.get("symbol").is_some() => vec![message.clone()],
        None => Vec::new(),
    }
}

/// Returns exchange and symbol of an entry that has both.
pub(super) fn named(one: &Value) -> Option<(&str, &str)> {
    let text = |name| one.get(name).and_then(Value::as_str);
    Some((text("exchange")?, text("symbol")?))
}

/// Reads a mode, by number or word; without one it is Quote.
pub(super) fn mode_of(mode: Option<&Value>) -> Result<u8, String> {
    let Some(mode) = mode else { return Ok(2) };
    if let Some(word) = mode.as_str() {
        return match word.to_ascii_lowercase().as_str() {
            "ltp" => Ok(1),
            "quote" => Ok(2),
            "depth" => Ok(3),
            _ => Err(format!(
                "Invalid mode '{word}'; expected 'LTP', 'Quote', or 'Depth' (case-insensitive)"
            )),
        };
    }
    match mode.as_u64() {
        Some(1) => Ok(1),
        Some(2) => Ok(2),
        Some(3) => Ok(3),
        _ => Err(format!(
            "Invalid mode {mode}; expected 1 (LTP), 2 (Quote), or 3 (Depth)"
        )),
    }
}

/// Returns the word of a mode.
pub(super) const fn mode_word(mode: u8) -> &'static str {
    match mode {
        1 => "LTP",
        2 => "Quote",
        _ => "Depth",
    }
}

/// Adds fields to an object.
pub(super) fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}

/// Returns what is said of a subscription that was taken back.
pub(super) fn gone(exchange: &str, symbol: &str) -> Value {
    json!({"symbol": symbol, "exchange": exchange, "status": "success", "broker": BROKER})
}

/// Returns the answer to taking subscriptions back.
pub(super) fn unsubscribed(rows: &[Value]) -> Value {
    json!({
        "type": "unsubscribe",
        "status": "success",
        "message": "Unsubscription processing complete",
        "successful": rows,
        "failed": [],
        "broker": BROKER,
    })
}

/// Returns a tick in a mode: each mode adds to the one before.
pub(super) fn tick(exchange: Exchange, symbol: &str, mode: u8, day: &Day) -> Value {
    let at = day.at;
    let full = mode == 3;
    let mut data = json!({
        "symbol": symbol,
        "exchange": exchange.word(),
        "mode": match mode { 1 => "ltp", 2 => "quote", _ => "full" },
        "ltp": float(day.quote.last.get()),
        // Milliseconds, but seconds in the widest mode: Zerodha's parser is like that.
        "ltt": if full { at.timestamp() } else { at.timestamp_millis() },
        "timestamp": at.timestamp_millis(),
    });
    if mode >= 2 {
        merge(
            &mut data,
            json!({
                "volume": 2_345_678,
                "last_quantity": 1,
                "average_price": float(day.quote.last.get()),
                "total_buy_quantity": 50_000,
                "total_sell_quantity": 48_000,
                "open": float(day.open.get()),
                "high": float(day.high.get()),
                "low": float(day.low.get()),
                "close": float(day.prev_close.get()),
            }),
        );
    }
    if full {
        let level = |price| json!([{"price": float(price), "quantity": 10, "orders": 1}]);
        merge(
            &mut data,
            json!({
                "oi": 0,
                "open_interest": 0,
                "depth": {
                    "buy": level(day.quote.bid.get()),
                    "sell": level(day.quote.ask.get()),
                },
            }),
        );
    }
    json!({
        "type": "market_data",
        "symbol": symbol,
        "exchange": exchange.word(),
        "mode": mode,
        "data": data,
        "broker": BROKER,
    })
}
