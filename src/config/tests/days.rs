//! The days on which a calendar is easily wrong, each by its name.

use chrono::{DateTime, Utc};

use super::*;
use crate::domain::calendar::{Calendar, Session, from_ist, ist};

fn calendar() -> Calendar {
    let live = [("TORANA__DESK__CALENDAR", "exchange")];
    loaded(&live).unwrap().rules.calendar
}

fn at(text: &str) -> DateTime<Utc> {
    from_ist(chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap())
}

/// Returns the time of day at which an exchange closes on a date.
fn close(exchange: Exchange, date: &str) -> Option<String> {
    let close = calendar().eod_close(exchange, day(date))?;
    Some(ist(close).format("%H:%M").to_string())
}

/// Returns no entry from, start and end of a square-off.
fn square_off(exchange: Exchange, date: &str) -> [String; 3] {
    let window = calendar().square_off(exchange, day(date)).unwrap();
    [window.entries_until, window.start, window.flat_by]
        .map(|moment| ist(moment).format("%H:%M").to_string())
}

#[test]
fn the_commodity_close_follows_the_clocks_of_the_united_states() {
    for (date, expected) in [
        ("2025-03-07", "23:55"),
        ("2025-03-10", "23:30"),
        ("2025-10-31", "23:30"),
        ("2025-11-03", "23:55"),
        ("2026-03-06", "23:55"),
        ("2026-03-09", "23:30"),
        ("2026-10-30", "23:30"),
        ("2026-11-02", "23:55"),
    ] {
        assert_eq!(
            close(Exchange::Mcx, date).as_deref(),
            Some(expected),
            "{date}"
        );
    }
    assert_eq!(
        square_off(Exchange::Mcx, "2026-10-30"),
        ["22:50", "22:55", "23:02"]
    );
    assert_eq!(
        square_off(Exchange::Mcx, "2026-11-02"),
        ["23:15", "23:20", "23:27"]
    );
}

#[test]
fn derivatives_close_ten_minutes_later_since_the_closing_auction() {
    assert_eq!(close(Exchange::Nfo, "2026-07-31").as_deref(), Some("15:30"));
    assert_eq!(close(Exchange::Nfo, "2026-08-03").as_deref(), Some("15:40"));
    assert_eq!(close(Exchange::Nse, "2026-08-03").as_deref(), Some("15:15"));
    assert_eq!(
        square_off(Exchange::Nse, "2026-08-03"),
        ["15:00", "15:05", "15:12"]
    );
    assert_eq!(
        square_off(Exchange::Nfo, "2026-08-03"),
        ["15:00", "15:05", "15:12"]
    );
}

#[test]
fn muhurat_is_an_hour_and_counts_for_no_contract() {
    let calendar = calendar();
    assert_eq!(close(Exchange::Nfo, "2025-10-21").as_deref(), Some("14:45"));
    assert_eq!(
        square_off(Exchange::Nse, "2025-10-21"),
        ["14:15", "14:20", "14:27"]
    );
    assert!(!calendar.is_working_day(Exchange::Nfo, day("2025-10-21")));
    let next = calendar.next_open(Exchange::Nfo, at("2025-10-21 14:45"));
    assert_eq!(next, Some(at("2025-10-23 09:15")));
}

#[test]
fn the_budget_sunday_trades_and_the_day_before_does_not() {
    assert_eq!(close(Exchange::Nfo, "2026-02-01").as_deref(), Some("15:30"));
    assert_eq!(close(Exchange::Mcx, "2026-02-01").as_deref(), Some("17:00"));
    assert_eq!(close(Exchange::Nfo, "2026-01-31"), None);
    let next = calendar().next_open(Exchange::Nse, at("2026-01-30 16:00"));
    assert_eq!(next, Some(at("2026-02-01 09:15")));
}

#[test]
fn a_commodity_evening_has_a_close_and_no_morning() {
    let calendar = calendar();
    for (date, expected) in [
        ("2026-03-03", "23:55"),
        ("2026-03-31", "23:30"),
        ("2026-11-24", "23:55"),
    ] {
        assert_eq!(
            close(Exchange::Mcx, date).as_deref(),
            Some(expected),
            "{date}"
        );
        let morning = at(&format!("{date} 10:00"));
        assert_eq!(calendar.session_at(Exchange::Mcx, morning), Session::Closed);
        let opens = calendar.next_open(Exchange::Mcx, morning);
        assert_eq!(opens, Some(at(&format!("{date} 17:00"))));
    }
    assert_eq!(close(Exchange::Mcx, "2026-01-01").as_deref(), Some("17:00"));
    assert_eq!(close(Exchange::Nfo, "2026-01-01").as_deref(), Some("15:30"));
}

#[test]
fn holidays_are_no_days_between() {
    let calendar = calendar();
    let between = |exchange, from, to| calendar.trading_days_between(exchange, day(from), day(to));
    // Tuesday the 10th is a holiday, Monday the 9th and Wednesday the 11th to Friday are not
    assert_eq!(between(Exchange::Nfo, "2026-11-06", "2026-11-14"), 4);
    // Muhurat and the day after it, then Thursday
    assert_eq!(between(Exchange::Nfo, "2025-10-20", "2025-10-24"), 1);
    assert_eq!(between(Exchange::Mcx, "2026-04-02", "2026-04-06"), 0);
}

#[test]
fn contracts_are_left_by_their_hard_exit() {
    let rules = loaded(&[]).unwrap().rules;
    let exit = |name: &str, expiry: &str| {
        let ix = rules.instruments.by_name(name).unwrap();
        let contract = crate::domain::instrument::ContractId::future(ix, day(expiry));
        ist(rules
            .instruments
            .exit_by(contract, &rules.calendar)
            .unwrap())
        .to_string()
    };
    assert_eq!(exit("BANK_NIFTY", "2026-11-23"), "2026-11-23 15:00:00");
    assert_eq!(exit("GOLD_MINI", "2026-12-04"), "2026-12-01 22:00:00");
}

#[test]
fn the_open_calendar_has_no_end_of_day() {
    let open = loaded(&[("TORANA__DESK__CALENDAR", "open")])
        .unwrap()
        .rules
        .calendar;
    assert_eq!(open.eod_close(Exchange::Nfo, day("2026-11-20")), None);
}
