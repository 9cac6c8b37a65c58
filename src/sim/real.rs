//! Prices of a real OpenAlgo: its quotes, asked for again and again. Reads only.

use core::time::Duration;
use std::io;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use crate::domain::money::Price;
use crate::domain::order::Exchange;

use super::fills::Quote;
use super::server::Shared;

/// How long one answer may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// Symbols asked for at once.
const SYMBOLS_MAX: usize = 50;

/// Follows the quotes of an OpenAlgo for as long as the simulator runs.
pub(super) async fn follow(shared: &Shared, url: &str, key: &str, every_ms: u64) -> io::Result<()> {
    // A process has one provider; that of the gateway is the same.
    let _already_there = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(DEADLINE)
        .build()
        .map_err(io::Error::other)?;
    let address = format!("{}/api/v1/multiquotes", url.trim_end_matches('/'));
    let mut every = interval(Duration::from_millis(every_ms.max(250)));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let all = shared.house().symbols();
        for symbols in all.chunks(SYMBOLS_MAX) {
            let body = json!({"apikey": key, "symbols": symbols});
            let answer = async { client.post(&address).json(&body).send().await?.json().await };
            match answer.await {
                Ok(answer) => take(shared, &answer)?,
                Err(error) => {
                    tracing::warn!(%error, "no quotes from the OpenAlgo that prices come from");
                }
            }
        }
    }
}

fn take(shared: &Shared, answer: &Value) -> io::Result<()> {
    let rows = answer.get("results").and_then(Value::as_array);
    for (exchange, symbol, quote) in rows.into_iter().flatten().filter_map(read) {
        shared.house().set_quote((exchange, &symbol), quote)?;
    }
    Ok(())
}

fn read(row: &Value) -> Option<(Exchange, String, Quote)> {
    let data = row.get("data")?;
    let price = |name: &str| {
        let number: Decimal = match data.get(name)? {
            Value::String(text) => text.parse().ok()?,
            Value::Number(number) => number.to_string().parse().ok()?,
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        Price::new(number)
    };
    let last = price("ltp")?;
    let quote = Quote {
        bid: price("bid").unwrap_or(last),
        ask: price("ask").unwrap_or(last),
        last,
    };
    let exchange = row.get("exchange")?.as_str()?.parse().ok()?;
    Some((exchange, row.get("symbol")?.as_str()?.to_owned(), quote))
}
