//! Quotes, depth, history.

use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::domain::order::Exchange;

use super::super::answer::{Answer, float, int, object};
use super::super::faults::FaultName;
use super::super::floor::ist;
use super::super::house::House;
use super::super::master::MasterRow;
use super::super::prices::{Bar, Day};
use super::super::schema::Form;
use super::hours::{closed, midnight, session};

/// Seconds of each interval a broker has; `D` is apart.
const INTERVALS: &[(&str, i64)] = &[
    ("1m", 60),
    ("3m", 180),
    ("5m", 300),
    ("10m", 600),
    ("15m", 900),
    ("30m", 1800),
    ("1h", 3600),
];

/// Seconds of those that only some brokers have.
const SHORT_INTERVALS: &[(&str, i64)] = &[("5s", 5), ("15s", 15)];

/// The minute of the Indian day that daily bars are stamped with.
const DAILY_MINUTE: i64 = 330;

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// Most bars one answer holds.
const BARS_MAX: usize = 20_000;

/// Units of open interest and volume, for nobody trades here but us.
const VOLUME: u64 = 2_345_678;
const INTEREST: u64 = 1_234_500;

fn not_found(symbol: &str, exchange: &str) -> String {
    format!(
        "Symbol '{symbol}' not found for exchange '{exchange}'. Please verify the symbol name \
         and ensure master contracts are downloaded."
    )
}

/// POST quotes.
pub(super) fn quotes(house: &mut House, form: &Form) -> Answer {
    match contract(house, form).and_then(|row| quote(house, &row)) {
        Ok(data) => Answer::ok(json!({"data": data, "status": "success"})),
        Err(refusal) => refusal,
    }
}

fn contract(house: &House, form: &Form) -> Result<MasterRow, Answer> {
    let (symbol, exchange) = (form.text("symbol"), form.text("exchange"));
    house
        .floor
        .master
        .find(exchange, symbol)
        .cloned()
        .ok_or_else(|| Answer::error(400, &not_found(symbol, exchange)))
}

fn quote(house: &mut House, row: &MasterRow) -> Result<Value, Answer> {
    let day = day(house, row, "quotes")?;
    let zero = house.strikes(FaultName::QuoteZero).is_some();
    let price = |value: Decimal| priced(row, if zero { Decimal::ZERO } else { value });
    let interest = interest(row);
    Ok(object([
        ("ask", price(day.quote.ask.get())),
        ("bid", price(day.quote.bid.get())),
        ("high", price(day.high.get())),
        ("low", price(day.low.get())),
        ("ltp", price(day.quote.last.get())),
        ("oi", if zero { 0.into() } else { interest }),
        ("open", price(day.open.get())),
        ("prev_close", price(day.prev_close.get())),
        ("volume", if zero { 0.into() } else { VOLUME.into() }),
    ]))
}

fn day(house: &mut House, row: &MasterRow, what: &str) -> Result<Day, Answer> {
    let failed = |why: &str| Answer::error(500, &format!("Error fetching {what}: {why}"));
    if house.strikes(FaultName::NoQuote).is_some() {
        let why = "API request failed: Server disconnected without sending a response.";
        return Err(failed(why));
    }
    let stale = house.strikes(FaultName::QuoteStale).is_some();
    let prices = house
        .frozen
        .as_ref()
        .filter(|_| stale)
        .unwrap_or(&house.prices);
    prices
        .day(row.exchange, &row.symbol)
        .cloned()
        .ok_or_else(|| {
            failed(&format!(
                "No quote data for {}:{}",
                row.exchange, row.symbol
            ))
        })
}

/// Returns a price as this exchange's quotes show it: whole on MCX, a float elsewhere.
fn priced(row: &MasterRow, value: Decimal) -> Value {
    if row.exchange == Exchange::Mcx && value.is_integer() {
        int(value)
    } else {
        float(value)
    }
}

fn interest(row: &MasterRow) -> Value {
    if row.expiry.is_empty() {
        0.into()
    } else {
        INTEREST.into()
    }
}

/// POST multiquotes: `results`, not `data`; an error only when none is known.
pub(super) fn multiquotes(house: &mut House, form: &Form) -> Answer {
    let items: Vec<_> = form.items("symbols").iter().map(Form::of).collect();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for item in &items {
        let (symbol, exchange) = (item.text("symbol"), item.text("exchange"));
        let Ok(row) = contract(house, item) else {
            unknown.push(json!({
                "error": not_found(symbol, exchange),
                "exchange": exchange,
                "symbol": symbol,
            }));
            continue;
        };
        known.push(match quote(house, &row) {
            Ok(data) => json!({"data": data, "exchange": exchange, "symbol": symbol}),
            Err(refusal) => {
                json!({"error": refusal.message(), "exchange": exchange, "symbol": symbol})
            }
        });
    }
    if known.is_empty() {
        let first = unknown.first().and_then(|one| one.get("error")).cloned();
        return Answer::json(
            400,
            json!({"invalid_symbols": unknown, "message": first, "status": "error"}),
        );
    }
    unknown.extend(known);
    Answer::ok(json!({"results": unknown, "status": "success"}))
}

/// POST depth: five prices a side.
pub(super) fn depth(house: &mut House, form: &Form) -> Answer {
    let found = contract(house, form).and_then(|row| Ok((day(house, &row, "depth")?, row)));
    let (day, row) = match found {
        Ok(found) => found,
        Err(refusal) => return refusal,
    };
    let level = |side: Decimal, away: u32| {
        let price = side.max(row.tick);
        json!({"price": priced(&row, price), "quantity": (away + 1) * 10 * row.lot.max(1)})
    };
    let side = |best: Decimal, step: Decimal| -> Vec<Value> {
        (0..5)
            .map(|away| level(best + step * Decimal::from(away), away))
            .collect()
    };
    let all = 150 * row.lot.max(1);
    let data = object([
        ("asks", side(day.quote.ask.get(), row.tick).into()),
        ("bids", side(day.quote.bid.get(), -row.tick).into()),
        ("high", priced(&row, day.high.get())),
        ("low", priced(&row, day.low.get())),
        ("ltp", priced(&row, day.quote.last.get())),
        ("ltq", row.lot.max(1).into()),
        ("oi", interest(&row)),
        ("open", priced(&row, day.open.get())),
        ("prev_close", priced(&row, day.prev_close.get())),
        ("totalbuyqty", all.into()),
        ("totalsellqty", all.into()),
        ("volume", VOLUME.into()),
    ]);
    Answer::ok(json!({"data": data, "status": "success"}))
}

/// POST intervals.
pub(super) fn intervals(house: &mut House, _form: &Form) -> Answer {
    let short = SHORT_INTERVALS.iter().filter(|_| house.seconds);
    let short: Vec<&str> = short.map(|(word, _)| *word).collect();
    Answer::ok(json!({
        "data": {
            "days": ["D"],
            "hours": ["1h"],
            "minutes": ["1m", "3m", "5m", "10m", "15m", "30m", "60m"],
            "months": [],
            "seconds": short,
            "weeks": [],
        },
        "status": "success",
    }))
}

/// POST history: a file's bars, else bars of a past that never was.
pub(super) fn history(house: &mut House, form: &Form) -> Answer {
    let row = match contract(house, form) {
        Ok(row) => row,
        Err(refusal) => return refusal,
    };
    let interval = form.text("interval");
    let short = SHORT_INTERVALS.iter().filter(|_| house.seconds);
    let mut known = INTERVALS.iter().chain(short);
    let seconds = known.find(|(word, _)| *word == interval);
    let seconds = seconds.map(|(_, seconds)| *seconds);
    let failed = |why: &str| Answer::error(500, &format!("Error fetching historical data: {why}"));
    if seconds.is_none() && interval != "D" {
        return failed(&format!("Unsupported timeframe: {interval}"));
    }
    if house.strikes(FaultName::NoHistory).is_some() {
        return failed("API request failed: Server disconnected without sending a response.");
    }
    let (Some(from), Some(to)) = (date(form, "start_date"), date(form, "end_date")) else {
        return Answer::ok(json!({"data": [], "status": "success"}));
    };
    let bars = match house.prices.bars.get(&(row.exchange, row.symbol.clone())) {
        Some(bars) => bars
            .iter()
            .filter(|bar| (from..=to).contains(&ist(bar.at).date_naive()))
            .copied()
            .take(BARS_MAX)
            .collect(),
        None => made(house, &row, seconds, (from, to)),
    };
    let rows: Vec<_> = bars.iter().map(|bar| shown(&row, bar)).collect();
    Answer::ok(json!({"data": rows, "status": "success"}))
}

/// Reads a date that passed the schema.
pub(super) fn date(form: &Form, name: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(form.text(name), "%Y-%m-%d").ok()
}

/// Returns the bars of some days that have begun: those of the sessions, and whatever else really
/// happened here, as where the calendar is open around the clock.
fn made(
    house: &House,
    row: &MasterRow,
    seconds: Option<i64>,
    (from, to): (NaiveDate, NaiveDate),
) -> Vec<Bar> {
    let (opens, closes) = session(row.exchange.word());
    let now = house.now();
    let on = (row.exchange, row.symbol.as_str());
    let day = |day: NaiveDate| {
        let trades = !closed(house, day, row.exchange.word());
        let (first, count, step) = match seconds {
            Some(step) => ((opens * 60).rem_euclid(step), DAY_S.div_euclid(step), step),
            // Daily bars are stamped 00:00 UTC of the Indian date, which is 05:30 there.
            None => (DAILY_MINUTE * 60, 1, DAY_S),
        };
        let begins = midnight(day);
        let is_open = move |second: i64| {
            let minute = second.div_euclid(60);
            trades && ((opens..closes).contains(&minute) || step == DAY_S)
        };
        (0..count)
            .map(move |at| first + at * step)
            .map(move |second| (begins + TimeDelta::seconds(second), step, is_open(second)))
    };
    from.iter_days()
        .take_while(|day| *day <= to)
        .flat_map(day)
        .take_while(|(at, _, _)| *at <= now)
        .filter_map(|(at, step, is_open)| {
            if is_open {
                house.prices.bar(on, at, step)
            } else {
                house.prices.taped(on, at, step)
            }
        })
        .take(BARS_MAX)
        .collect()
}

fn shown(row: &MasterRow, bar: &Bar) -> Value {
    object([
        ("close", priced(row, bar.close)),
        ("high", priced(row, bar.high)),
        ("low", priced(row, bar.low)),
        ("oi", interest(row)),
        ("open", priced(row, bar.open)),
        ("timestamp", bar.at.timestamp().into()),
        ("volume", 1000.into()),
    ])
}
