//! The switches: `/_sim/faults`, `/_sim/prices`, `/_sim/step`, `/_sim/state`. Loopback only.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::money::Price;

use super::account::Account;
use super::answer::Answer;
use super::faults::Fault;
use super::house::House;
use super::order::{Order, Trade};
use super::state::SimState;

#[derive(Deserialize)]
struct NewPrice {
    exchange: String,
    symbol: String,
    price: Decimal,
}

/// Performs one switch.
pub(super) fn perform(house: &mut House, verb: &str, path: &str, body: &[u8]) -> Answer {
    let done = match (verb, path) {
        ("GET", "state") => return Answer::ok(shown(&house.state())),
        ("PUT", "faults") => set_faults(house, body),
        ("DELETE", "faults") => house.clear_faults().map_err(|error| error.to_string()),
        ("PUT", "prices") => set_prices(house, body),
        ("POST", "step") => house.step().map_err(|error| error.to_string()),
        _ => return Answer::not_found(&format!("/_sim/{path}")),
    };
    match done {
        Ok(()) => Answer::ok(json!({"status": "success", "faults": house.faults.words()})),
        Err(why) => Answer::error(400, &why),
    }
}

fn set_faults(house: &mut House, body: &[u8]) -> Result<(), String> {
    house.set_faults(parsed::<Fault>(body)?);
    Ok(())
}

fn set_prices(house: &mut House, body: &[u8]) -> Result<(), String> {
    for one in parsed::<NewPrice>(body)? {
        let exchange = one
            .exchange
            .parse()
            .map_err(|_word| format!("unknown exchange {}", one.exchange))?;
        let price = Price::new(one.price).ok_or_else(|| format!("{} is no price", one.price))?;
        house
            .set_price((exchange, &one.symbol), price)
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Reads one object or a list of them.
fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let items = match value {
        Value::Array(items) => items,
        one @ (Value::Object(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)) => vec![one],
    };
    items
        .into_iter()
        .map(|item| serde_json::from_value(item).map_err(|error| error.to_string()))
        .collect()
}

fn shown(state: &SimState) -> Value {
    let log: Vec<_> = state
        .log
        .iter()
        .map(|call| json!({"at": call.at, "route": call.route, "body": call.body}))
        .collect();
    json!({
        "orders": state.orders.iter().map(order).collect::<Vec<_>>(),
        "trades": state.trades.iter().map(trade).collect::<Vec<_>>(),
        "positions": positions(&state.account),
        "account": {
            "opening": state.account.opening.get(),
            "realised": state.account.realised().get(),
            "charges": state.account.charges.get(),
            "cash": state.account.cash().get(),
            "available": state.available.get(),
            "blocked": state.blocked.get(),
        },
        "calls": state.calls,
        "log": log,
        "faults": state.faults,
    })
}

fn order(order: &Order) -> Value {
    json!({
        "orderid": order.placed.id,
        "strategy": order.placed.strategy,
        "symbol": order.placed.symbol,
        "exchange": order.placed.exchange.word(),
        "product": order.placed.product.word(),
        "action": order.placed.side.word(),
        "pricetype": order.terms.kind.word(),
        "price": order.terms.price,
        "trigger_price": order.terms.trigger,
        "quantity": order.quantity,
        "filled": order.filled,
        "average": order.average(),
        "status": order.status.word(),
        "charges": order.charges.get(),
        "reason": order.reason,
        "at": order.at,
    })
}

fn trade(trade: &Trade) -> Value {
    json!({
        "orderid": trade.order,
        "quantity": trade.quantity,
        "price": trade.price.get(),
        "charges": trade.charges.get(),
        "at": trade.at,
    })
}

fn positions(account: &Account) -> Vec<Value> {
    account
        .positions
        .iter()
        .map(|(key, position)| {
            json!({
                "symbol": key.symbol,
                "exchange": key.exchange.word(),
                "product": key.product.word(),
                "quantity": position.net,
                "average": position.average(),
                "realised": position.realised.get(),
            })
        })
        .collect()
}
