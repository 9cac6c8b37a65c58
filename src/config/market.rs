//! Calendar and charges, from their files.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};

use super::section::{FromSetting, Section, read};
use super::values::words;
use crate::domain::calendar::{Calendar, DayTime, DayTrade, Hours, Market, Session, Window};
use crate::domain::charges::{ChargeKind, ChargeRates, ChargeRounding, Charges};
use crate::domain::money::{Money, Percent};
use crate::domain::order::Exchange;

words! {
    ChargeKind {
        "future" => Self::Future,
        "equity_intraday" => Self::EquityIntraday,
        "equity_delivery" => Self::EquityDelivery,
    }
    ChargeRounding { "total" => Self::Total, "contract_note" => Self::ContractNote }
}

type Markets = BTreeMap<Exchange, Market>;

/// Reads `calendar.toml`.
pub(super) fn read_calendar(mut file: Section<'_>) -> Calendar {
    let mut markets = Markets::new();
    for row in file.rows("hours") {
        read_hours(row, &mut markets);
    }
    for row in file.rows("holidays") {
        read_holidays(row, &mut markets);
    }
    for row in file.rows("special") {
        read_special(row, &mut markets);
    }
    file.finish();
    for market in markets.values_mut() {
        market.hours.sort_by_key(|hours| hours.valid_from);
    }
    Calendar::new(markets)
}

fn read_hours(mut row: Section<'_>, markets: &mut Markets) {
    let exchanges: Option<Vec<Exchange>> = row.take("exchanges");
    let valid_from = row.take("from");
    let windows = read_windows(&mut row);
    let day_trade = row.read(
        "day_trade",
        |times| read!(times => DayTrade { entries_until, start, flat_by }),
    );
    let _source: Option<String> = row.take("source");
    row.finish();
    let hours = (|| {
        Some(Hours {
            valid_from: valid_from?,
            windows,
            day_trade: day_trade?,
        })
    })();
    for exchange in exchanges.unwrap_or_default() {
        let market = markets.entry(exchange).or_default();
        market.hours.extend(hours.clone());
    }
}

fn read_holidays(mut row: Section<'_>, markets: &mut Markets) {
    let exchanges: Option<Vec<Exchange>> = row.take("exchanges");
    let dates: Option<Vec<NaiveDate>> = row.take("dates");
    let _source: Option<String> = row.take("source");
    row.finish();
    let dates = dates.unwrap_or_default();
    let years: BTreeSet<i32> = dates.iter().map(NaiveDate::year).collect();
    for exchange in exchanges.unwrap_or_default() {
        let market = markets.entry(exchange).or_default();
        market.holidays.extend(&dates);
        market.years.extend(&years);
    }
}

fn read_special(mut row: Section<'_>, markets: &mut Markets) {
    let exchanges: Option<Vec<Exchange>> = row.take("exchanges");
    let dates: Option<Vec<NaiveDate>> = row.take("dates");
    let working_day: Option<bool> = row.take("working_day");
    let windows = read_windows(&mut row);
    let _source: Option<String> = row.take("source");
    row.finish();
    let dates = dates.unwrap_or_default();
    for exchange in exchanges.unwrap_or_default() {
        let market = markets.entry(exchange).or_default();
        for date in &dates {
            market.special.insert(*date, windows.clone());
        }
        if working_day == Some(false) {
            market.half_days.extend(&dates);
        }
    }
}

/// Reads the three kinds of windows of a row: each key holds pairs `["09:15", "15:30"]`.
fn read_windows(row: &mut Section<'_>) -> Vec<Window> {
    let mut windows = Vec::new();
    for (key, session) in [
        ("pre_open", Session::PreOpen),
        ("continuous", Session::Continuous),
        ("auction", Session::Auction),
    ] {
        let pairs: Option<Option<Vec<Vec<DayTime>>>> = row.take(key);
        for pair in pairs.flatten().unwrap_or_default() {
            match pair.as_slice() {
                [from, to] if from < to => windows.push(Window {
                    session,
                    from: *from,
                    to: *to,
                }),
                _other => row.problem(key, "must be pairs of times, the first before the second"),
            }
        }
    }
    windows.sort_by_key(|window| window.from);
    let overlap = windows
        .iter()
        .zip(windows.iter().skip(1))
        .any(|(earlier, later)| later.from < earlier.to);
    if overlap {
        row.problem("continuous", "overlaps another window of the day");
    }
    windows
}

/// Reads `charges.toml`; rates are written in percent.
pub(super) fn read_charges(mut file: Section<'_>) -> Charges {
    let rounding = file.take("rounding").unwrap_or_default();
    let mut rates = Vec::new();
    for row in file.rows("rates") {
        rates.extend(read_rates(row));
    }
    file.finish();
    Charges::new(rates, rounding)
}

fn read_rates(mut row: Section<'_>) -> Vec<ChargeRates> {
    let exchanges: Option<Vec<Exchange>> = row.take("exchanges");
    let kind: Option<ChargeKind> = row.take("kind");
    let valid_from: Option<NaiveDate> = row.take("from");
    let brokerage: Option<Percent> = row.take("brokerage");
    let brokerage_max: Option<Money> = row.take("brokerage_max");
    let mut percent = |key| -> Option<Percent> { row.take(key) };
    let stt_buy = percent("stt_buy");
    let stt_sell = percent("stt_sell");
    let exchange_fee = percent("exchange_fee");
    let sebi = percent("sebi");
    let stamp_buy = percent("stamp_buy");
    let gst = percent("gst");
    let source: Option<String> = row.take("source");
    let assumed: Option<bool> = row.take("assumed");
    row.finish();
    let rates = |exchange| {
        Some(ChargeRates {
            exchange,
            kind: kind?,
            valid_from: valid_from?,
            brokerage: brokerage?.ratio(),
            brokerage_max: brokerage_max?,
            stt_buy: stt_buy?.ratio(),
            stt_sell: stt_sell?.ratio(),
            exchange_fee: exchange_fee?.ratio(),
            sebi: sebi?.ratio(),
            stamp_buy: stamp_buy?.ratio(),
            gst: gst?.ratio(),
            source: source.clone()?,
            assumed: assumed?,
        })
    };
    exchanges
        .unwrap_or_default()
        .into_iter()
        .filter_map(rates)
        .collect()
}
