//! When the markets are open.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc, Weekday};
use rust_decimal::Decimal;
use serde_json::json;

use super::super::answer::{Answer, int};
use super::super::floor::ist;
use super::super::house::House;
use super::super::schema::Form;
use super::market::date;

/// Trading day in minutes after midnight of the Indian clock, in the order OpenAlgo lists them.
const SESSIONS: &[(&str, i64, i64)] = &[
    ("NSE", 555, 930),
    ("BSE", 555, 930),
    ("NFO", 555, 940),
    ("BFO", 555, 940),
    ("MCX", 540, 1435),
    ("BCD", 540, 1020),
    ("CDS", 540, 1020),
    ("NCO", 540, 1435),
];

/// Returns midnight of the Indian clock.
pub(super) fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc() - TimeDelta::minutes(330)
}

/// Returns when an exchange opens and closes, in minutes of the Indian clock.
pub(super) fn session(exchange: &str) -> (i64, i64) {
    SESSIONS
        .iter()
        .find(|(name, _, _)| *name == exchange)
        .map_or((555, 930), |(_, opens, closes)| (*opens, *closes))
}

/// Returns whether an exchange does not trade on a day.
pub(super) fn closed(house: &House, day: NaiveDate, exchange: &str) -> bool {
    let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    weekend
        || house
            .holidays
            .iter()
            .any(|holiday| holiday.date == day && holiday.closed.iter().any(|one| one == exchange))
}

/// POST market/timings: on a day without trading only crypto is left.
pub(super) fn timings(house: &mut House, form: &Form) -> Answer {
    let Some(day) = date(form, "date") else {
        return Answer::ok(json!({"data": [], "status": "success"}));
    };
    let start = midnight(day);
    let at = |minutes: i64| (start + TimeDelta::minutes(minutes)).timestamp_millis();
    let mut rows: Vec<_> = SESSIONS
        .iter()
        .filter(|(exchange, _, _)| !closed(house, day, exchange))
        .map(|(exchange, opens, closes)| {
            json!({"end_time": at(*closes), "exchange": exchange, "start_time": at(*opens)})
        })
        .collect();
    let end = day.checked_add_days(Days::new(1)).map_or(start, midnight) - TimeDelta::seconds(1);
    rows.push(json!({
        "end_time": end.timestamp_millis(),
        "exchange": "CRYPTO",
        "start_time": start.timestamp_millis(),
    }));
    Answer::ok(json!({"data": rows, "status": "success"}))
}

/// POST market/holidays.
pub(super) fn holidays(house: &mut House, form: &Form) -> Answer {
    let asked = form.number("year");
    let year = if asked.is_zero() {
        Decimal::from(ist(house.now()).year())
    } else {
        asked.trunc()
    };
    let rows: Vec<_> = house
        .holidays
        .iter()
        .filter(|holiday| Decimal::from(holiday.date.year()) == year)
        .map(|holiday| {
            json!({
                "closed_exchanges": holiday.closed,
                "date": holiday.date.to_string(),
                "description": holiday.description,
                "holiday_type": "TRADING_HOLIDAY",
                "open_exchanges": [],
            })
        })
        .collect();
    Answer::ok(json!({
        "data": rows,
        "status": "success",
        "timezone": "Asia/Kolkata",
        "year": int(year),
    }))
}
