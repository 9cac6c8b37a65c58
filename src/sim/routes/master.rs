//! The symbol master, and `ping`.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::super::answer::{Answer, float, object};
use super::super::house::House;
use super::super::master::MasterRow;
use super::super::schema::Form;

/// What `ping` calls the broker: live refuses it by this name.
pub(in super::super) const BROKER: &str = "torana-sim";

/// Most rows one search finds.
const FOUND_MAX: usize = 500;

/// POST ping.
pub(super) fn ping(house: &mut House, _form: &Form) -> Answer {
    Answer::ok(json!({
        "data": {"broker": house.broker, "message": "pong"},
        "status": "success",
    }))
}

/// POST symbol.
pub(super) fn symbol(house: &mut House, form: &Form) -> Answer {
    let (exchange, symbol) = (form.text("exchange"), form.text("symbol"));
    let Some(row) = house.floor.master.find(exchange, symbol) else {
        let text = format!("Symbol {symbol} not found in exchange {exchange}");
        return Answer::error(404, &text);
    };
    let mut data = shown(row);
    if let Some(data) = data.as_object_mut() {
        let id = house.floor.master.number(row.exchange, &row.symbol);
        data.insert("freeze_qty".to_owned(), row.freeze.into());
        data.insert("id".to_owned(), id.into());
    }
    Answer::ok(json!({"data": data, "status": "success"}))
}

fn shown(row: &MasterRow) -> Value {
    object([
        ("brexchange", row.exchange.word().into()),
        ("brsymbol", row.symbol.as_str().into()),
        ("exchange", row.exchange.word().into()),
        ("expiry", row.expiry.as_str().into()),
        ("instrumenttype", row.instrumenttype.as_str().into()),
        ("lotsize", row.lot.into()),
        ("name", row.name.as_str().into()),
        ("strike", float(row.strike)),
        ("symbol", row.symbol.as_str().into()),
        ("tick_size", float(row.tick)),
        ("token", row.token.as_str().into()),
    ])
}

/// POST search: every word must be somewhere in the symbol or the name.
pub(super) fn search(house: &mut House, form: &Form) -> Answer {
    let query = form.text("query").to_ascii_uppercase();
    if query.trim().is_empty() {
        return Answer::error(400, "Query parameter is required and cannot be empty");
    }
    let exchange = form.text("exchange");
    let rows: Vec<_> = house
        .floor
        .master
        .rows()
        .map(|(_, row)| row)
        .filter(|row| exchange.is_empty() || row.exchange.word() == exchange)
        .filter(|row| {
            let text = format!("{} {}", row.symbol, row.name).to_ascii_uppercase();
            query.split_whitespace().all(|word| text.contains(word))
        })
        .take(FOUND_MAX)
        .map(|row| {
            let mut found = shown(row);
            if let Some(found) = found.as_object_mut() {
                found.insert("freeze_qty".to_owned(), row.freeze.into());
            }
            found
        })
        .collect();
    let message = if rows.is_empty() {
        "No matching symbols found".to_owned()
    } else {
        format!("Found {} matching symbols", rows.len())
    };
    Answer::ok(json!({"data": rows, "message": message, "status": "success"}))
}

/// POST expiry.
pub(super) fn expiry(house: &mut House, form: &Form) -> Answer {
    let (symbol, exchange) = (form.text("symbol"), form.text("exchange"));
    let kind = form.text("instrumenttype");
    let mut dates: Vec<_> = house
        .floor
        .master
        .rows()
        .map(|(_, row)| row)
        .filter(|row| row.exchange.word() == exchange && row.name == symbol)
        .filter(|row| row.instrumenttype.starts_with("FUT") == (kind == "futures"))
        .filter_map(|row| {
            let day = chrono::NaiveDate::parse_from_str(&row.expiry, "%d-%b-%y").ok()?;
            Some((day, row.expiry.clone()))
        })
        .collect();
    dates.sort();
    dates.dedup();
    let dates: Vec<_> = dates.into_iter().map(|(_, shown)| shown).collect();
    let message = if dates.is_empty() {
        format!("No expiry dates found for {symbol} {kind} in {exchange}")
    } else {
        let found = dates.len();
        format!("Found {found} expiry dates for {symbol} {kind} in {exchange}")
    };
    Answer::ok(json!({"data": dates, "message": message, "status": "success"}))
}

/// GET instruments: the whole master, as JSON or CSV.
pub(super) fn instruments(house: &mut House, form: &Form) -> Answer {
    let exchange = form.text("exchange");
    let rows: Vec<_> = house
        .floor
        .master
        .rows()
        .map(|(_, row)| row)
        .filter(|row| exchange.is_empty() || row.exchange.word() == exchange)
        .collect();
    if form.text("format") == "csv" {
        return Answer::raw(200, &csv(&rows), "text/csv");
    }
    let data: Vec<_> = rows.iter().map(|row| shown(row)).collect();
    let message = format!("Found {} instruments", data.len());
    Answer::ok(json!({"data": data, "message": message, "status": "success"}))
}

fn csv(rows: &[&MasterRow]) -> String {
    let head = "symbol,brsymbol,name,exchange,brexchange,token,expiry,strike,lotsize,\
                instrumenttype,tick_size\n";
    let number = |value: Decimal| float(value).to_string();
    rows.iter()
        .map(|row| {
            let exchange = row.exchange.word();
            format!(
                "{},{},{},{exchange},{exchange},{},{},{},{},{},{}\n",
                row.symbol,
                row.symbol,
                row.name,
                row.token,
                row.expiry,
                number(row.strike),
                row.lot,
                row.instrumenttype,
                number(row.tick)
            )
        })
        .fold(head.to_owned(), |text, line| text + &line)
}
