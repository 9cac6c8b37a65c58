//! When the bars of a chart open and close, by the sessions of its exchange.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::domain::calendar::{Calendar, Session, exchange_day};
use crate::domain::order::Exchange;

/// How far back a bar is looked for; no exchange rests for longer.
const DAYS_BACK_MAX: u64 = 120;

/// A bar of this length stands for the whole day, breaks included.
const A_DAY: TimeDelta = TimeDelta::hours(24);

/// When one bar opens and closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
}

impl Span {
    /// Returns whether a moment lies in it.
    pub fn contains(self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }

    /// Returns whether it is the bar of a close, or older: somebody who saw that close has seen it.
    pub fn was_seen_by(self, close: DateTime<Utc>) -> bool {
        close > self.from + super::late(self.to - self.from)
    }
}

/// The bars of one length on one exchange.
#[derive(Clone, Copy, Debug)]
pub struct Spans<'c> {
    calendar: &'c Calendar,
    exchange: Exchange,
    length: TimeDelta,
}

impl<'c> Spans<'c> {
    /// Returns the bars of a length; nothing without one.
    pub fn new(calendar: &'c Calendar, exchange: Exchange, length: TimeDelta) -> Option<Self> {
        (length > TimeDelta::zero()).then_some(Self {
            calendar,
            exchange,
            length,
        })
    }

    /// Returns the bars of an exchange day, in order of time: each session begins anew, and its last
    /// bar ends with it.
    pub fn of_day(self, day: NaiveDate) -> Vec<Span> {
        let sessions = self.sessions(day);
        if self.length >= A_DAY {
            let whole = sessions.first().zip(sessions.last());
            return whole
                .map(|(first, last)| Span {
                    from: first.from,
                    to: last.to,
                })
                .into_iter()
                .collect();
        }
        let cut = |session: Span| {
            let starts = core::iter::successors(Some(session.from), move |from| {
                from.checked_add_signed(self.length)
            });
            starts
                .take_while(move |from| *from < session.to)
                .map(move |from| Span {
                    from,
                    to: session.to.min(from + self.length),
                })
        };
        sessions.into_iter().flat_map(cut).collect()
    }

    /// Returns the stretches of continuous trading of a day; two that touch are one.
    fn sessions(self, day: NaiveDate) -> Vec<Span> {
        let windows = self.calendar.windows(self.exchange, day).iter();
        let mut all: Vec<Span> = Vec::new();
        for window in windows.filter(|window| window.session == Session::Continuous) {
            let (from, to) = (window.from.on(day), window.to.on(day));
            match all.last_mut() {
                Some(last) if last.to == from => last.to = to,
                Some(_) | None => all.push(Span { from, to }),
            }
        }
        all
    }

    /// Returns the bar that a moment lies in.
    pub fn around(self, at: DateTime<Utc>) -> Option<Span> {
        let day = self.of_day(exchange_day(at));
        day.into_iter().find(|span| span.contains(at))
    }

    /// Returns the bars that closed after `since` and not after `now`, in order of time.
    pub fn closed(self, (since, now): (DateTime<Utc>, DateTime<Utc>)) -> Vec<Span> {
        let newest = exchange_day(now);
        let oldest = newest
            .checked_sub_days(Days::new(DAYS_BACK_MAX))
            .unwrap_or(newest);
        let days = exchange_day(since).max(oldest).iter_days();
        days.take_while(|day| *day <= newest)
            .flat_map(|day| self.of_day(day))
            .filter(|span| since < span.to && span.to <= now)
            .collect()
    }

    /// Returns the bar before another, if one is near.
    pub fn before(self, span: Span) -> Option<Span> {
        self.last(1, span.from).pop()
    }

    /// Returns the last bars that closed not after a moment, in order of time.
    pub fn last(self, count: usize, until: DateTime<Utc>) -> Vec<Span> {
        let newest = exchange_day(until);
        let days = (0..=DAYS_BACK_MAX).filter_map(|back| newest.checked_sub_days(Days::new(back)));
        let spans = days.flat_map(|day| self.of_day(day).into_iter().rev());
        let mut last: Vec<Span> = spans.filter(|span| span.to <= until).take(count).collect();
        last.reverse();
        last
    }

    /// Returns whether whole bars are made of whole steps.
    pub fn is_cut_by(self, step: TimeDelta) -> bool {
        self.length.num_seconds().checked_rem(step.num_seconds()) == Some(0)
    }

    /// Returns whether every session of the bar's day starts on a multiple of a step, counted from
    /// midnight in India: where brokers cut their own bars.
    pub fn starts_on(self, step: TimeDelta, span: Span) -> bool {
        let day = exchange_day(span.from);
        let windows = self.calendar.windows(self.exchange, day).iter();
        let step = step.num_seconds();
        windows
            .filter(|window| window.session == Session::Continuous)
            .all(|window| i64::from(window.from.seconds()).checked_rem(step) == Some(0))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::calendar::{DayTime, DayTrade, Hours, Market, Window, from_ist};

    fn at(text: &str) -> DateTime<Utc> {
        from_ist(chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap())
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn open(from: (u32, u32), to: (u32, u32)) -> Window {
        let time = |(hour, minute)| DayTime::new(hour, minute).unwrap();
        Window {
            session: Session::Continuous,
            from: time(from),
            to: time(to),
        }
    }

    fn hours(from: &str, windows: Vec<Window>) -> Hours {
        let never = DayTime::END;
        Hours {
            valid_from: day(from),
            windows,
            day_trade: DayTrade {
                entries_until: never,
                start: never,
                flat_by: never,
            },
        }
    }

    /// Derivatives until 15:30, from 3-Aug-2026 until 15:40; a special day of two sessions.
    /// Metals until 23:30, and until 23:55 from 2-Nov-2026; an evening alone on 10-Nov-2026.
    fn calendar() -> Calendar {
        let nfo = Market {
            hours: vec![
                hours("2025-01-01", vec![open((9, 15), (15, 30))]),
                hours("2026-08-03", vec![open((9, 15), (15, 40))]),
            ],
            holidays: [day("2026-11-10")].into(),
            special: [(
                day("2026-11-21"),
                vec![open((9, 15), (10, 0)), open((11, 45), (12, 40))],
            )]
            .into(),
            half_days: BTreeSet::new(),
            years: [2026].into(),
        };
        let mcx = Market {
            hours: vec![
                hours("2026-03-09", vec![open((9, 0), (23, 30))]),
                hours("2026-11-02", vec![open((9, 0), (23, 55))]),
            ],
            holidays: BTreeSet::new(),
            special: [(day("2026-11-10"), vec![open((17, 0), (23, 55))])].into(),
            half_days: BTreeSet::new(),
            years: [2026].into(),
        };
        Calendar::new([(Exchange::Nfo, nfo), (Exchange::Mcx, mcx)].into())
    }

    fn closes(exchange: Exchange, minutes: i64, on: &str) -> Vec<String> {
        let calendar = calendar();
        let spans = Spans::new(&calendar, exchange, TimeDelta::minutes(minutes)).unwrap();
        let of_day = spans.of_day(day(on)).into_iter();
        of_day
            .map(|span| {
                crate::domain::calendar::ist(span.to)
                    .format("%H:%M")
                    .to_string()
            })
            .collect()
    }

    #[test]
    fn the_longer_derivatives_day_ends_with_a_stub_of_ten_minutes() {
        let short = ["10:30", "11:45", "13:00", "14:15", "15:30"];
        assert_eq!(closes(Exchange::Nfo, 75, "2026-07-31"), short);
        let long = ["10:30", "11:45", "13:00", "14:15", "15:30", "15:40"];
        assert_eq!(closes(Exchange::Nfo, 75, "2026-08-03"), long);
    }

    #[test]
    fn a_holiday_has_no_bar_and_an_evening_alone_begins_with_the_evening() {
        assert!(closes(Exchange::Nfo, 75, "2026-11-10").is_empty());
        assert!(closes(Exchange::Nfo, 75, "2026-11-22").is_empty());
        let evening = [
            "18:00", "19:00", "20:00", "21:00", "22:00", "23:00", "23:55",
        ];
        assert_eq!(closes(Exchange::Mcx, 60, "2026-11-10"), evening);
    }

    #[test]
    fn the_last_bar_of_metals_moves_with_the_summer_time_of_the_united_states() {
        let last = |on| closes(Exchange::Mcx, 60, on).pop().unwrap();
        assert_eq!(last("2026-10-30"), "23:30");
        assert_eq!(last("2026-11-02"), "23:55");
    }

    #[test]
    fn each_session_of_a_day_begins_its_bars_anew() {
        let two = ["09:45", "10:00", "12:15", "12:40"];
        assert_eq!(closes(Exchange::Nfo, 30, "2026-11-21"), two);
        assert_eq!(closes(Exchange::Nfo, 1440, "2026-11-21"), ["12:40"]);
    }

    #[test]
    fn bars_are_found_over_a_weekend_and_a_holiday() {
        let calendar = calendar();
        let spans = Spans::new(&calendar, Exchange::Nfo, TimeDelta::minutes(75)).unwrap();
        let stub = Span {
            from: at("2026-11-09 15:30"),
            to: at("2026-11-09 15:40"),
        };
        let first = spans.around(at("2026-11-11 09:15")).unwrap();
        assert_eq!(first.to, at("2026-11-11 10:30"));
        assert_eq!(spans.before(first), Some(stub));
        assert_eq!(spans.around(at("2026-11-09 15:40")), None);
        let closed = spans.closed((at("2026-11-09 15:30"), at("2026-11-11 10:30")));
        assert_eq!(closed, [stub, first]);
        assert!(stub.was_seen_by(at("2026-11-09 15:40")));
        assert!(!stub.was_seen_by(at("2026-11-09 15:31")));
        assert!(spans.starts_on(TimeDelta::minutes(15), first));
        assert!(!spans.starts_on(TimeDelta::minutes(30), first));
    }

    proptest! {
        #[test]
        fn the_bars_of_a_day_cover_its_sessions_and_nothing_else(
            minutes in 1_i64..400, days in 0_u64..365, mcx in any::<bool>(), second in 0_i64..86_400,
        ) {
            let calendar = calendar();
            let exchange = if mcx { Exchange::Mcx } else { Exchange::Nfo };
            let spans = Spans::new(&calendar, exchange, TimeDelta::minutes(minutes)).unwrap();
            let day = day("2026-01-01") + Days::new(days);
            let all = spans.of_day(day);
            let at = DayTime::START.on(day) + TimeDelta::seconds(second);
            let inside = all.iter().filter(|span| span.contains(at)).count();
            let trades = calendar.session_at(exchange, at) == Session::Continuous;
            prop_assert_eq!(inside, usize::from(trades));
            for span in &all {
                prop_assert!(span.to - span.from <= TimeDelta::minutes(minutes));
                prop_assert_eq!(spans.around(span.from), Some(*span));
            }
            for pair in all.windows(2) {
                prop_assert!(pair[0].to <= pair[1].from);
                prop_assert_eq!(spans.before(pair[1]), Some(pair[0]));
            }
        }
    }
}
