//! What each day of an exchange is, worked out once: every decision asks, most of them often.
//!
//! 1. It says what [`Market`] says, day by day.
//! 2. Nothing is listed before its first day and after its last: there are only weekdays, all of
//!    them alike, and weekends.

use chrono::NaiveDate;

use super::{DAYS_LOOKED_AT, Market, is_weekend};

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

/// Where working days are counted to, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Before the day.
    Back(u32),
    /// After it.
    Ahead(u32),
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
    /// How many of them work before each.
    before: Vec<usize>,
    /// Those that work; empty where so many in a row do not that nobody looks that far back.
    working: Vec<NaiveDate>,
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
        let (before, working) =
            range.map_or_else(Default::default, |(first, _)| counted(*first, &days));
        let works = |day| {
            market
                .hours_on(day)
                .is_some_and(|one| !one.windows.is_empty())
        };
        Self {
            first: range.map_or(0, |(first, _)| first.to_epoch_days()),
            days,
            before,
            working,
            works: (works(NaiveDate::MIN), works(NaiveDate::MAX)),
        }
    }

    /// Returns the last of so many working days before a listed day, or after it; nothing where that
    /// is not on the list.
    pub(super) fn counted(&self, from: NaiveDate, way: Way) -> Option<NaiveDate> {
        let place = self.place(from)?;
        let before = *self.before.get(place)?;
        let place = match way {
            Way::Back(0) => return Some(from),
            Way::Back(count) => before.checked_sub(usize::try_from(count).ok()?)?,
            Way::Ahead(count) => {
                let own = usize::from(self.days.get(place)?.works);
                let ahead = usize::try_from(count).ok()?.checked_sub(1)?;
                before.checked_add(own)?.checked_add(ahead)?
            }
        };
        self.working.get(place).copied()
    }

    fn place(&self, day: NaiveDate) -> Option<usize> {
        let place = i64::from(day.to_epoch_days()) - i64::from(self.first);
        usize::try_from(place).ok()
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

/// Returns how many days work before each, and those that do.
fn counted(first: NaiveDate, days: &[Day]) -> (Vec<usize>, Vec<NaiveDate>) {
    let mut working: Vec<NaiveDate> = Vec::new();
    let mut before = Vec::with_capacity(days.len());
    for (date, day) in first.iter_days().zip(days) {
        before.push(working.len());
        if day.works {
            working.push(date);
        }
    }
    let mut idle = 0;
    for day in days {
        idle = if day.works { 0 } else { idle + 1 };
        if idle >= DAYS_LOOKED_AT && !working.is_empty() {
            working = Vec::new();
        }
    }
    (before, working)
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
    fn working_days_on_the_list_are_counted_as_one_by_one() {
        let calendar = listed();
        let market = calendar.markets().get(&Exchange::Nfo).unwrap();
        let days = ListedDays::of(market);
        for day in day("2024-12-01").iter_days().take(700) {
            for count in 1..6 {
                let works = |one: &NaiveDate| days.at(*one).works;
                let ahead = day.iter_days().skip(1).filter(works).nth(count - 1);
                let back = core::iter::successors(day.pred_opt(), NaiveDate::pred_opt)
                    .filter(works)
                    .nth(count - 1);
                let count = u32::try_from(count).unwrap();
                for (way, slow) in [(Way::Ahead(count), ahead), (Way::Back(count), back)] {
                    let quick = days.counted(day, way);
                    assert!(quick.is_none() || quick == slow, "{day} {way:?}");
                }
            }
        }
        assert_eq!(
            days.counted(day("2026-04-01"), Way::Back(2)),
            Some(day("2026-03-27"))
        );
        assert_eq!(
            days.counted(day("2026-03-27"), Way::Ahead(2)),
            Some(day("2026-04-01"))
        );
    }

    #[test]
    fn an_exchange_of_which_nothing_is_listed_never_works() {
        let days = ListedDays::of(&Market::default());
        assert!(!days.at(day("2026-11-27")).works);
    }
}
