//! The rules of a run over history: those of the profile, without what only a broker can answer.
//!
//! 1. Nobody proves the broker's count and nobody reads its cash: both are switched off.
//! 2. There is no person who confirms a roll: it is done.
//! 3. Without bars nobody knows the path between two signals: no order rests at the broker.
//! 4. What traded shows that a market was open. Days and hours that the calendar does not know are
//!    added, and counted.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, NaiveDate, Utc, Weekday};

use crate::domain::calendar::{Calendar, DayTime, Market, Session, Window, exchange_day};
use crate::domain::order::Exchange;
use crate::domain::rules::{ProtectiveStop, RollUse, Rules};
use crate::journal::rules_hash;

/// What the data shows of when markets were open.
pub type Traded = BTreeSet<(Exchange, DateTime<Utc>)>;

/// Rules, and what was changed of them beyond the profile.
pub struct Prepared {
    /// The rules.
    pub rules: Rules,
    /// Days on which an exchange traded outside of the hours that the calendar knows.
    pub added_days: BTreeMap<Exchange, usize>,
}

/// Returns the rules of a run in which all of this traded.
pub fn prepare(mut rules: Rules, traded: &Traded, with_bars: bool) -> Prepared {
    rules.portfolio.prove_units = false;
    rules.portfolio.require_funds = false;
    if rules.close.roll == RollUse::Propose {
        rules.close.roll = RollUse::Auto;
    }
    if !with_bars {
        rules.stops.protective_stop = ProtectiveStop::Off;
    }
    let added_days = if rules.calendar.is_always_open() {
        BTreeMap::new()
    } else {
        let (calendar, added) = opened(&rules.calendar, traded);
        rules.calendar = calendar;
        added
    };
    rules.hash = rules_hash(&rules);
    Prepared { rules, added_days }
}

fn opened(calendar: &Calendar, traded: &Traded) -> (Calendar, BTreeMap<Exchange, usize>) {
    let mut markets = calendar.markets().clone();
    let mut added: BTreeMap<Exchange, BTreeSet<NaiveDate>> = BTreeMap::new();
    for (exchange, at) in traded {
        let (day, time) = (exchange_day(*at), DayTime::of(*at));
        let Some(market) = markets.get_mut(exchange) else {
            continue;
        };
        let known = market.windows(day).to_vec();
        let is_open = |window: &&Window| window.session == Session::Continuous;
        if known
            .iter()
            .filter(is_open)
            .any(|window| window.contains(time))
        {
            continue;
        }
        added.entry(*exchange).or_default().insert(day);
        market.holidays.remove(&day);
        if matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            market.half_days.insert(day);
        }
        market
            .special
            .insert(day, stretched(&known, market, (day, time)));
    }
    let counted = added
        .into_iter()
        .map(|(exchange, days)| (exchange, days.len()));
    (Calendar::new(markets), counted.collect())
}

/// Returns continuous trading from the earlier of the usual opening and a moment to the later of
/// the usual close and a minute after it.
fn stretched(known: &[Window], market: &Market, (day, time): (NaiveDate, DayTime)) -> Vec<Window> {
    let usual = market.hours_on(day).map_or(&[][..], |hours| &hours.windows);
    let of = if known.is_empty() { usual } else { known };
    let open = of
        .iter()
        .filter(|window| window.session == Session::Continuous);
    let after = time.minutes_after(1);
    let from = open.clone().map(|window| window.from).min().unwrap_or(time);
    let to = open.map(|window| window.to).max().unwrap_or(after);
    vec![Window {
        session: Session::Continuous,
        from: from.min(time),
        to: to.max(after),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Options, load};
    use crate::domain::calendar::from_ist;

    fn at(text: &str) -> DateTime<Utc> {
        from_ist(chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap())
    }

    #[test]
    fn what_traded_was_open_and_nothing_else_is() {
        let set = ("TORANA__DESK__CALENDAR".to_owned(), "exchange".to_owned());
        let rules = load(&Options::default(), &Environment::from([set]));
        let rules = rules.unwrap().rules;
        // A Saturday session, the last bar of an ordinary day that is known to be longer, a holiday.
        let traded = [
            "2024-05-18 10:15",
            "2024-05-20 15:45",
            "2026-12-25 11:00",
            "2024-05-21 09:15",
        ];
        let traded: Traded = traded.map(|text| (Exchange::Nfo, at(text))).into();
        let prepared = prepare(rules, &traded, false);
        assert_eq!(prepared.added_days.get(&Exchange::Nfo), Some(&3));
        let session = |text| prepared.rules.calendar.session_at(Exchange::Nfo, at(text));
        for (text, session_then) in [
            ("2024-05-18 09:15", Session::Continuous),
            ("2024-05-18 15:30", Session::Closed),
            ("2024-05-25 10:15", Session::Closed),
            ("2024-05-20 15:45", Session::Continuous),
            ("2024-05-20 15:46", Session::Closed),
            ("2026-12-25 15:00", Session::Continuous),
            ("2024-05-21 15:45", Session::Closed),
        ] {
            assert_eq!(session(text), session_then, "{text}");
        }
        let working = |day: &str| {
            let calendar = &prepared.rules.calendar;
            calendar.is_working_day(Exchange::Nfo, day.parse().unwrap())
        };
        assert!(
            !working("2024-05-18"),
            "a Saturday counts for no contract's end"
        );
        assert!(working("2026-12-25"));
    }
}
