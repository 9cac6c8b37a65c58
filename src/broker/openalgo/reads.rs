//! Answers to everything that changes nothing: funds, prices, contracts, margin, mode.

use serde_json::{Map, Value};

use super::books;
use super::loose::{self, Row};
use crate::broker::{
    BarRow, Contract, Funds, OrderRow, Quote, Quotes, ReadError, Routing, Rows, Source, TEXT_MAX,
    Timing,
};
use crate::domain::money::{Money, Quantity};
use crate::domain::order::Exchange;

/// Returns the object of a successful answer, or what the answer means instead.
pub fn answer(
    read: &'static str,
    status: u16,
    body: &[u8],
) -> Result<Map<String, Value>, ReadError> {
    let unavailable = |why: String, source: Option<Source>| ReadError::Unavailable {
        read,
        why: format!("status {status}, {why}"),
        source,
    };
    let answer = match loose::object(body) {
        Ok(answer) => answer,
        Err(error) => {
            return Err(unavailable("no JSON object".to_owned(), Some(error.into())));
        }
    };
    let text = loose::words(answer.get("message"), TEXT_MAX);
    let success = answer.get("status").and_then(Value::as_str) == Some("success");
    let no_route = answer.contains_key("path");
    match status {
        200 if success => Ok(answer),
        403 => Err(ReadError::Locked { read, text }),
        400 | 404 if text.contains("not found") && !no_route => {
            Err(ReadError::Absent { read, text })
        }
        _ => Err(unavailable(format!("\"{text}\""), None)),
    }
}

/// Returns whether an answer is of OpenAlgo's analyzer: it names its mode, which the broker's never
/// do.
pub fn is_of_the_analyzer(body: &[u8]) -> bool {
    let answer = loose::object(body).ok();
    let mode = answer.as_ref().and_then(|answer| answer.get("mode"));
    mode.and_then(Value::as_str) == Some("analyze")
}

fn data<'a>(read: &'static str, answer: &'a Map<String, Value>) -> Result<Row<'a>, ReadError> {
    Row(answer)
        .row("data")
        .ok_or_else(|| ReadError::unreadable(read, "an answer without data"))
}

/// Reads `/funds`: `{}` is how OpenAlgo says that the broker did not answer.
pub fn funds(answer: &Map<String, Value>) -> Result<Funds, ReadError> {
    let data = data("funds", answer)?;
    Ok(Funds {
        available: data.money("availablecash"),
        used: data.money("utiliseddebits"),
        collateral: data.money("collateral"),
        realized: data.money("m2mrealized"),
        unrealized: data.money("m2munrealized"),
    })
}

/// Reads `/quotes`: without a positive last price there is no quote.
pub fn quote(answer: &Map<String, Value>) -> Result<Quote, ReadError> {
    quote_of(data("quote", answer)?)
        .ok_or_else(|| ReadError::unreadable("quote", "no last price above zero"))
}

fn quote_of(data: Row<'_>) -> Option<Quote> {
    Some(Quote {
        ltp: data.price("ltp")?,
        bid: data.price("bid"),
        ask: data.price("ask"),
        open: data.price("open"),
        high: data.price("high"),
        low: data.price("low"),
        prev_close: data.price("prev_close"),
        volume: data.quantity("volume"),
    })
}

/// Reads `/multiquotes`; what has no price is left out.
pub fn quotes(answer: &Map<String, Value>) -> Result<Quotes, ReadError> {
    let results = Row(answer)
        .list("results")
        .ok_or_else(|| ReadError::unreadable("quotes", "an answer without results"))?;
    let one = |value| {
        let row = Row::of(value)?;
        let name = (row.word("exchange")?, row.text("symbol")?.to_owned());
        Some((name, quote_of(row.row("data")?)?))
    };
    Ok(results.iter().filter_map(one).collect())
}

/// Reads `/symbol`.
pub fn contract(answer: &Map<String, Value>) -> Result<Contract, ReadError> {
    let data = data("symbol", answer)?;
    let missing = || ReadError::unreadable("symbol", "a row without symbol or exchange");
    let unknown = Quantity::new(1);
    Ok(Contract {
        symbol: data.text("symbol").ok_or_else(missing)?.to_owned(),
        exchange: data.word::<Exchange>("exchange").ok_or_else(missing)?,
        name: data.text("name").unwrap_or_default().to_owned(),
        kind: data.text("instrumenttype").unwrap_or_default().to_owned(),
        lot: data.quantity("lotsize").filter(|lot| !lot.is_zero()),
        tick: data.decimal("tick_size").filter(|tick| !tick.is_zero()),
        freeze: data.quantity("freeze_qty").filter(|most| *most > unknown),
        expiry: data.day("expiry"),
    })
}

/// Reads `/market/timings`; rows of exchanges we know nothing of are left out.
pub fn timings(answer: &Map<String, Value>) -> Result<Vec<Timing>, ReadError> {
    let rows = Row(answer)
        .list("data")
        .ok_or_else(|| ReadError::unreadable("market timings", "an answer without rows"))?;
    let one = |value| {
        let row = Row::of(value)?;
        Some(Timing {
            exchange: row.word("exchange")?,
            from: row.moment("start_time")?,
            to: row.moment("end_time")?,
        })
    };
    Ok(rows.iter().filter_map(one).collect())
}

/// Reads `/history`: a row without a time or one of its prices is unreadable.
pub fn bars(answer: &Map<String, Value>) -> Result<Rows<BarRow>, ReadError> {
    let list = Row(answer)
        .list("data")
        .ok_or_else(|| ReadError::unreadable("history", "an answer without rows"))?;
    let mut bars = Rows {
        rows: Vec::with_capacity(list.len()),
        unreadable: Vec::new(),
    };
    for value in list {
        match Row::of(value).and_then(bar) {
            Some(row) => bars.rows.push(row),
            None => bars.unreadable.push(loose::words(Some(value), TEXT_MAX)),
        }
    }
    Ok(bars)
}

fn bar(row: Row<'_>) -> Option<BarRow> {
    Some(BarRow {
        at: row.moment("timestamp")?,
        open: row.price("open")?,
        high: row.price("high")?,
        low: row.price("low")?,
        close: row.price("close")?,
        volume: row.quantity("volume"),
        interest: row.quantity("oi"),
    })
}

/// Reads `/margin`.
pub fn margin(answer: &Map<String, Value>) -> Result<Money, ReadError> {
    data("margin", answer)?
        .money("total_margin_required")
        .filter(|margin| *margin >= Money::ZERO)
        .ok_or_else(|| ReadError::unreadable("margin", "no total"))
}

/// Reads `/orderstatus`.
pub fn order_status(answer: &Map<String, Value>) -> Result<OrderRow, ReadError> {
    books::order(data("order status", answer)?)
        .map_err(|why| ReadError::unreadable("order status", why))
}

/// Reads the broker's name from `/ping`.
pub fn ping(answer: &Map<String, Value>) -> Result<String, ReadError> {
    let broker = data("ping", answer)?.text("broker").map(str::to_owned);
    broker.ok_or_else(|| ReadError::unreadable("ping", "no broker's name"))
}

/// Reads `/analyzer`: both of its fields must agree.
pub fn routing(answer: &Map<String, Value>) -> Result<Routing, ReadError> {
    let data = data("analyzer", answer)?;
    let flag = data.0.get("analyze_mode").and_then(Value::as_bool);
    match (data.text("mode"), flag) {
        (Some("live"), Some(false) | None) => Ok(Routing::Broker),
        (Some("analyze"), Some(true) | None) => Ok(Routing::Sandbox),
        _ => Err(ReadError::unreadable("analyzer", "no mode, or two")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Price;
    use rust_decimal::Decimal;

    fn read(text: &str) -> Map<String, Value> {
        answer("test", 200, text.as_bytes()).unwrap()
    }

    #[test]
    fn empty_funds_are_unknown_and_never_zero() {
        let unknown = funds(&read(r#"{"data":{},"status":"success"}"#)).unwrap();
        assert_eq!(unknown, Funds::default());
        let nan = r#"{"data":{"availablecash":NaN,"utiliseddebits":"NaN"},"status":"success"}"#;
        assert_eq!(funds(&read(nan)).unwrap(), Funds::default());
        let known = r#"{"data":{"availablecash":"3012346.00"},"status":"success"}"#;
        assert_eq!(
            funds(&read(known)).unwrap().available,
            Some(Money::rupees(3_012_346))
        );
    }

    #[test]
    fn a_last_price_of_zero_is_no_price() {
        for ltp in ["0", "0.0", "-1", "NaN", "null", "\"\""] {
            let body = format!(r#"{{"data":{{"ltp":{ltp},"bid":1}},"status":"success"}}"#);
            assert!(quote(&read(&body)).is_err(), "{ltp}");
        }
        let body = r#"{"data":{"ltp":121000,"bid":0,"volume":"12"},"status":"success"}"#;
        let quote = quote(&read(body)).unwrap();
        assert_eq!(quote.ltp, Price::new(Decimal::from(121_000)).unwrap());
        assert_eq!((quote.bid, quote.volume), (None, Some(Quantity::new(12))));
    }

    #[test]
    fn a_contract_of_unknown_freeze_quantity_says_so() {
        let row = |freeze| {
            let body = format!(
                r#"{{"data":{{"symbol":"X","exchange":"NFO","freeze_qty":{freeze},"lotsize":30,"tick_size":0.2,"expiry":"24-NOV-26"}},"status":"success"}}"#
            );
            contract(&read(&body)).unwrap()
        };
        assert_eq!(row(1).freeze, None);
        assert_eq!(row(600).freeze, Some(Quantity::new(600)));
        assert_eq!(row(1).expiry.unwrap().to_string(), "2026-11-24");
    }

    #[test]
    fn bars_are_read_whatever_their_types_and_broken_ones_are_kept_apart() {
        let rows = bars(&read(
            r#"{"data":[
                {"close":"813.55","high":814.35,"low":811.6,"oi":0,"open":812,"timestamp":1795059900,"volume":"1001"},
                {"close":813.55,"high":814.35,"low":811.6,"open":812,"timestamp":"2026-11-19 09:30:00"},
                {"close":NaN,"high":814.35,"low":811.6,"open":812,"timestamp":1795060800}],
                "status":"success"}"#,
        ))
        .unwrap();
        assert!(!rows.complete());
        let [one, two] = rows.rows.as_slice() else {
            panic!("{rows:?}")
        };
        assert_eq!(
            (one.at + chrono::TimeDelta::minutes(15), one.close),
            (two.at, two.close)
        );
        assert_eq!((one.volume, two.volume), (Some(Quantity::new(1001)), None));
        assert!(bars(&read(r#"{"status":"success"}"#)).is_err());
    }

    #[test]
    fn an_answer_is_sorted_by_what_can_be_done_about_it() {
        let sort = |status, body: &str| match answer("test", status, body.as_bytes()) {
            Ok(_) => "value",
            Err(ReadError::Unavailable { .. }) => "unavailable",
            Err(ReadError::Locked { .. }) => "locked",
            Err(ReadError::Absent { .. }) => "absent",
        };
        let error = |text| format!(r#"{{"status":"error","message":"{text}"}}"#);
        assert_eq!(sort(200, r#"{"status":"success"}"#), "value");
        assert_eq!(sort(200, &error("x")), "unavailable");
        assert_eq!(sort(200, ""), "unavailable");
        assert_eq!(sort(403, &error("Invalid openalgo apikey")), "locked");
        assert_eq!(sort(404, &error("Order 9 not found")), "absent");
        assert_eq!(
            sort(404, r#"{"message":"Not found","path":"/x"}"#),
            "unavailable"
        );
        assert_eq!(
            sort(404, r#"{"message":"x not found","path":"/x"}"#),
            "unavailable"
        );
        assert_eq!(sort(500, &error("Symbol not found")), "unavailable");
        assert_eq!(sort(429, r#"{"message":"50 per 1 second"}"#), "unavailable");
    }

    #[test]
    fn a_mode_that_contradicts_itself_is_no_mode() {
        let mode = |data| read(&format!(r#"{{"data":{data},"status":"success"}}"#));
        let live = mode(r#"{"mode":"live","analyze_mode":false}"#);
        assert_eq!(routing(&live).unwrap(), Routing::Broker);
        let sandbox = mode(r#"{"mode":"analyze","analyze_mode":true}"#);
        assert_eq!(routing(&sandbox).unwrap(), Routing::Sandbox);
        assert!(routing(&mode(r#"{"mode":"live","analyze_mode":true}"#)).is_err());
        assert!(routing(&mode("{}")).is_err());
    }
}
