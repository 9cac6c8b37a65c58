//! What each day of an exchange is, worked out once: every decision asks, most of them often.
//!
//! 1. It says what [`Market`] says, day by day.
//! 2. Nothing is listed before its first day and after its last: there are only weekdays, all of
//!    them alike, and weekends.

use chrono::NaiveDate;

use super::{Market, is_weekend};

/// Which windows a day has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// None.
    Closed,
    /// Those of the hours in force.
    Ordinary,
    /// Its own.
    Special,
}

/// What a day is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day {
    /// Which windows it has.
    pub(super) kind: Kind,
    /// Whether it counts where a contract's end is computed.
    pub(super) works: bool,
}

/// The days of an exchange, from the first that anything is listed of to the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedDays {
    /// The first, counted from 1970.
    first: i32,
    days: Vec<Day>,
    /// Whether weekdays work, before the first and after the last.
    works: (bool, bool),
}

impl ListedDays {
    /// Works the days of an exchange out.
    pub(super) fn of(market: &Market) -> Self {
        let hours = || market.hours.iter().map(|hours| hours.valid_from);
        let special = market.special.keys().copied();
        let named = market.holidays.iter().chain(&market.half_days).copied();
        let listed: Vec<NaiveDate> = special.chain(named).chain(hours()).collect();
        let range = listed.iter().min().zip(listed.iter().max());
        let days = range.map_or_else(Vec::new, |(first, last)| {
            let days = first.iter_days().take_while(|day| day <= last);
            days.map(|day| judged(market, day)).collect()
        });
        let works = |day| {
            market
                .hours_on(day)
                .is_some_and(|one| !one.windows.is_empty())
        };
        Self {
            first: range.map_or(0, |(first, _)| first.to_epoch_days()),
            days,
            works: (works(NaiveDate::MIN), works(NaiveDate::MAX)),
        }
    }

    /// Returns what a day is.
    pub(super) fn at(&self, day: NaiveDate) -> Day {
        let place = i64::from(day.to_epoch_days()) - i64::from(self.first);
        let inside = usize::try_from(place).ok();
        match inside.and_then(|place| self.days.get(place)) {
            Some(day) => *day,
            None if is_weekend(day) => Day {
                kind: Kind::Closed,
                works: false,
            },
            None => Day {
                kind: Kind::Ordinary,
                works: if place < 0 {
                    self.works.0
                } else {
                    self.works.1
                },
            },
        }
    }
}

fn judged(market: &Market, day: NaiveDate) -> Day {
    let kind = if market.special.contains_key(&day) {
        Kind::Special
    } else if is_weekend(day) || market.holidays.contains(&day) {
        Kind::Closed
    } else {
        Kind::Ordinary
    };
    Day {
        kind,
        works: market.is_working_day(day),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{day, listed};
    use super::*;
    use crate::domain::order::Exchange;

    #[test]
    fn every_day_is_what_the_market_says_inside_the_list_and_out_of_it() {
        let calendar = listed();
        let market = calendar.markets().get(&Exchange::Nfo).unwrap();
        let days = ListedDays::of(market);
        for day in day("2024-06-01").iter_days().take(1200) {
            assert_eq!(days.at(day), judged(market, day), "{day}");
            assert_eq!(calendar.windows(Exchange::Nfo, day), market.windows(day));
        }
    }

    #[test]
    fn an_exchange_of_which_nothing_is_listed_never_works() {
        let days = ListedDays::of(&Market::default());
        assert!(!days.at(day("2026-11-27")).works);
    }
}
