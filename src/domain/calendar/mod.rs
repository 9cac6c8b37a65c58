//! When markets trade: sessions and holidays by exchange, date-effective.
//!
//! 1. The exchange day runs from 03:00 to 03:00 IST; every window of a day lies inside it, so a
//!    session may pass midnight.
//! 2. A day has the windows of its special session, else none on a holiday or a weekend, else those
//!    of the hours in force.
//! 3. The *open* calendar (paper's default) trades around the clock and closes for an instant at
//!    03:00. What depends on contracts (expiry, roll) still counts the listed working days, so that
//!    paper names the contracts that live would.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc, Weekday};

use super::order::Exchange;

mod days;
mod time;

use days::{Kind, ListedDays, Way};
pub use time::{DayTime, exchange_day, from_ist, ist, passed};

/// How many days ahead an opening is looked for; no exchange closes for longer.
const OPENING_DAYS_MAX: u32 = 30;

/// How many days, the date's own included, a working day is looked for.
const DAYS_LOOKED_AT: usize = 31;

/// What an exchange is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Session {
    /// Nothing trades.
    Closed,
    /// Orders are collected for an opening price.
    PreOpen,
    /// Orders meet as they come: the only session whose prices move or fire a stop.
    Continuous,
    /// Orders are collected for a closing price.
    Auction,
}

/// One stretch of an exchange day, from its first moment to before its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// What happens in it.
    pub session: Session,
    /// Its first moment.
    pub from: DayTime,
    /// The first moment after it.
    pub to: DayTime,
}

/// When positions of the day (MIS) are opened and squared off, on a day with regular hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTrade {
    /// No entry from here on.
    pub entries_until: DayTime,
    /// Squaring off starts.
    pub start: DayTime,
    /// Everything is flat, or a person is paged.
    pub flat_by: DayTime,
}

/// The same as [`DayTrade`], of one date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SquareOff {
    /// No entry from here on.
    pub entries_until: DateTime<Utc>,
    /// Squaring off starts.
    pub start: DateTime<Utc>,
    /// Everything is flat, or a person is paged.
    pub flat_by: DateTime<Utc>,
}

/// The hours of an ordinary day, in force from a date on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The first day they are in force.
    pub valid_from: NaiveDate,
    /// The windows, in order of time.
    pub windows: Vec<Window>,
    /// The day-trade times.
    pub day_trade: DayTrade,
}

/// Everything known of one exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Market {
    /// Ordinary hours, in rising order of their first day.
    pub hours: Vec<Hours>,
    /// Days without any session.
    pub holidays: BTreeSet<NaiveDate>,
    /// Days with windows of their own, weekends included.
    pub special: BTreeMap<NaiveDate, Vec<Window>>,
    /// Special days that do not count as working days where a contract's end is computed.
    pub half_days: BTreeSet<NaiveDate>,
    /// The years whose holidays are known.
    pub years: BTreeSet<i32>,
}

/// When every exchange trades.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    markets: BTreeMap<Exchange, Market>,
    days: BTreeMap<Exchange, ListedDays>,
    always: bool,
}

impl Window {
    /// Returns whether a time of the day lies in it.
    pub fn contains(&self, time: DayTime) -> bool {
        self.from <= time && time < self.to
    }
}

const ALWAYS: [Window; 1] = [Window {
    session: Session::Continuous,
    from: DayTime::START,
    to: DayTime::END,
}];

/// The open calendar squares off as long before its close as the commodity exchange does.
const ALWAYS_DAY_TRADE: DayTrade = DayTrade {
    entries_until: DayTime::END.minutes_before(40),
    start: DayTime::END.minutes_before(35),
    flat_by: DayTime::END.minutes_before(28),
};

impl Calendar {
    /// Returns the calendar of these exchanges; one that is missing never trades.
    pub fn new(markets: BTreeMap<Exchange, Market>) -> Self {
        let days = markets.iter();
        let days = days.map(|(exchange, market)| (*exchange, ListedDays::of(market)));
        Self {
            days: days.collect(),
            markets,
            always: false,
        }
    }

    /// Returns a calendar that is always open, with every weekday a working day.
    pub const fn open() -> Self {
        Self {
            markets: BTreeMap::new(),
            days: BTreeMap::new(),
            always: true,
        }
    }

    /// Returns this calendar with its doors always open; working days of contracts stay.
    #[must_use]
    pub fn opened(self) -> Self {
        Self {
            always: true,
            ..self
        }
    }

    /// Returns what is known of each exchange, for display.
    pub const fn markets(&self) -> &BTreeMap<Exchange, Market> {
        &self.markets
    }

    /// Returns whether it trades around the clock; then there is no end-of-day rule.
    pub const fn is_always_open(&self) -> bool {
        self.always
    }

    /// Returns whether hours of an exchange are listed.
    pub fn lists(&self, exchange: Exchange) -> bool {
        self.market(exchange)
            .is_some_and(|market| !market.hours.is_empty())
    }

    /// Returns whether the holidays of the date's year are known.
    pub fn knows(&self, exchange: Exchange, date: NaiveDate) -> bool {
        self.market(exchange)
            .is_some_and(|market| market.years.contains(&date.year()))
    }

    /// Returns the windows of an exchange day, in order of time.
    pub fn windows(&self, exchange: Exchange, day: NaiveDate) -> &[Window] {
        if self.always {
            return &ALWAYS;
        }
        let exchange = listed(exchange);
        let (Some(market), Some(days)) = (self.markets.get(&exchange), self.days.get(&exchange))
        else {
            return &[];
        };
        match days.at(day).kind {
            Kind::Closed => &[],
            Kind::Ordinary => market.hours_on(day).map_or(&[], |hours| &hours.windows),
            Kind::Special => market.special.get(&day).map_or(&[], Vec::as_slice),
        }
    }

    /// Returns whether anything trades continuously on that exchange day.
    pub fn is_trading_day(&self, exchange: Exchange, day: NaiveDate) -> bool {
        self.windows(exchange, day)
            .iter()
            .any(|window| window.session == Session::Continuous)
    }

    /// Returns whether it is a working day where a contract's end is computed; the open calendar
    /// answers as the exchange would.
    pub fn is_working_day(&self, exchange: Exchange, day: NaiveDate) -> bool {
        let days = self.days.get(&listed(exchange));
        days.map_or_else(|| !is_weekend(day), |days| days.at(day).works)
    }

    /// Returns how many working days lie strictly between two dates.
    pub fn trading_days_between(&self, exchange: Exchange, from: NaiveDate, to: NaiveDate) -> u32 {
        let inside = from
            .iter_days()
            .skip(1)
            .take_while(|day| *day < to)
            .filter(|day| self.is_working_day(exchange, *day));
        u32::try_from(inside.count()).unwrap_or(u32::MAX)
    }

    /// Returns the date so many working days after another, not counting that one.
    pub fn working_days_after(&self, exchange: Exchange, day: NaiveDate, count: u32) -> NaiveDate {
        if let Some(known) = self.counted(exchange, day, Way::Ahead(count)) {
            return known;
        }
        let ahead = usize::try_from(count).unwrap_or(usize::MAX);
        let mut working = day
            .iter_days()
            .skip(1)
            .filter(|day| self.is_working_day(exchange, *day));
        match ahead.checked_sub(1) {
            Some(skipped) => working.nth(skipped).unwrap_or(NaiveDate::MAX),
            None => day,
        }
    }

    /// Returns the date so many working days before another, not counting that one.
    pub fn working_days_before(&self, exchange: Exchange, day: NaiveDate, count: u32) -> NaiveDate {
        if let Some(known) = self.counted(exchange, day, Way::Back(count)) {
            return known;
        }
        (0..count).fold(day, |from, _| {
            from.pred_opt().map_or(from, |before| {
                self.working_day_at_or_before(exchange, before)
            })
        })
    }

    /// Returns the date itself when it is a working day, else the nearest one before.
    pub fn working_day_at_or_before(&self, exchange: Exchange, day: NaiveDate) -> NaiveDate {
        if self.is_working_day(exchange, day) {
            return day;
        }
        if let Some(known) = self.counted(exchange, day, Way::Back(1)) {
            return known;
        }
        core::iter::successors(Some(day), NaiveDate::pred_opt)
            .take(DAYS_LOOKED_AT)
            .find(|one| self.is_working_day(exchange, *one))
            .unwrap_or(day)
    }

    /// Returns the last of so many working days, where the days are listed.
    fn counted(&self, exchange: Exchange, day: NaiveDate, way: Way) -> Option<NaiveDate> {
        self.days.get(&listed(exchange))?.counted(day, way)
    }

    /// Returns what the exchange is doing at a moment.
    pub fn session_at(&self, exchange: Exchange, at: DateTime<Utc>) -> Session {
        if self.always {
            return Session::Continuous; // from 03:00 to 03:00, and every moment lies between
        }
        let (day, time) = (exchange_day(at), DayTime::of(at));
        self.windows(exchange, day)
            .iter()
            .find(|window| window.contains(time))
            .map_or(Session::Closed, |window| window.session)
    }

    /// Returns the first moment after the continuous trading that a moment lies in.
    pub fn trades_until(&self, exchange: Exchange, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (day, time) = (exchange_day(at), DayTime::of(at));
        let mut open = self.continuous(exchange, day);
        let open = open.find(|window| window.contains(time))?;
        Some(open.to.on(day))
    }

    /// Returns when continuous trading of an exchange day starts.
    pub fn open_of(&self, exchange: Exchange, day: NaiveDate) -> Option<DateTime<Utc>> {
        self.continuous(exchange, day)
            .next()
            .map(|window| window.from.on(day))
    }

    /// Returns when continuous trading of an exchange day ends.
    pub fn close_of(&self, exchange: Exchange, day: NaiveDate) -> Option<DateTime<Utc>> {
        self.continuous(exchange, day)
            .last()
            .map(|window| window.to.on(day))
    }

    /// Returns the close that the end-of-day rule looks at; the open calendar has none.
    pub fn eod_close(&self, exchange: Exchange, day: NaiveDate) -> Option<DateTime<Utc>> {
        if self.always {
            return None;
        }
        self.close_of(exchange, day)
    }

    /// Returns the first moment at or after `at` with continuous trading, if one is in sight.
    pub fn next_open(&self, exchange: Exchange, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let first = exchange_day(at);
        (0..=OPENING_DAYS_MAX)
            .filter_map(|days| first.checked_add_days(Days::new(u64::from(days))))
            .flat_map(|day| {
                self.continuous(exchange, day)
                    .map(move |window| (window.from.on(day), window.to.on(day)))
            })
            .find(|(_, to)| at < *to)
            .map(|(from, _)| from.max(at))
    }

    /// Returns the day-trade times of a date, moved by as much as the close differs from that of
    /// an ordinary day; nothing when nothing trades.
    pub fn square_off(&self, exchange: Exchange, day: NaiveDate) -> Option<SquareOff> {
        let (times, usual_close) = if self.always {
            (ALWAYS_DAY_TRADE, DayTime::END)
        } else {
            let hours = self.market(exchange)?.hours_on(day)?;
            let last = hours.windows.iter().rev();
            let close = last
                .filter(|window| window.session == Session::Continuous)
                .map(|window| window.to)
                .next()?;
            (hours.day_trade, close)
        };
        let moved = self
            .close_of(exchange, day)?
            .signed_duration_since(usual_close.on(day));
        Some(SquareOff {
            entries_until: times.entries_until.on(day) + moved,
            start: times.start.on(day) + moved,
            flat_by: times.flat_by.on(day) + moved,
        })
    }

    fn continuous(
        &self,
        exchange: Exchange,
        day: NaiveDate,
    ) -> impl DoubleEndedIterator<Item = &Window> {
        self.windows(exchange, day)
            .iter()
            .filter(|window| window.session == Session::Continuous)
    }

    fn market(&self, exchange: Exchange) -> Option<&Market> {
        self.markets.get(&listed(exchange))
    }
}

/// Returns the exchange whose hours an exchange has.
const fn listed(exchange: Exchange) -> Exchange {
    match exchange {
        Exchange::NseIndex => Exchange::Nse,
        Exchange::BseIndex => Exchange::Bse,
        Exchange::Nse | Exchange::Bse | Exchange::Nfo | Exchange::Bfo | Exchange::Mcx => exchange,
    }
}

impl Market {
    /// Returns the windows of an exchange day, in order of time.
    pub fn windows(&self, day: NaiveDate) -> &[Window] {
        if let Some(special) = self.special.get(&day) {
            return special;
        }
        if is_weekend(day) || self.holidays.contains(&day) {
            return &[];
        }
        self.hours_on(day).map_or(&[], |hours| &hours.windows)
    }

    fn is_working_day(&self, day: NaiveDate) -> bool {
        !self.half_days.contains(&day) && !self.windows(day).is_empty()
    }

    /// Returns the hours in force; days before the first row have those of the first row.
    pub fn hours_on(&self, day: NaiveDate) -> Option<&Hours> {
        let in_force = self.hours.iter().rev().find(|row| row.valid_from <= day);
        in_force.or_else(|| self.hours.first())
    }
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Returns the moment that Indian clocks show as this.
    fn at(text: &str) -> DateTime<Utc> {
        from_ist(chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap())
    }

    fn hm(hour: u32, minute: u32) -> DayTime {
        DayTime::new(hour, minute).unwrap()
    }

    fn window(session: Session, from: DayTime, to: DayTime) -> Window {
        Window { session, from, to }
    }

    fn hours(valid_from: &str, close: DayTime) -> Hours {
        Hours {
            valid_from: day(valid_from),
            windows: vec![
                window(Session::PreOpen, hm(9, 0), hm(9, 15)),
                window(Session::Continuous, hm(9, 15), close),
            ],
            day_trade: DayTrade {
                entries_until: hm(15, 0),
                start: hm(15, 5),
                flat_by: hm(15, 12),
            },
        }
    }

    pub(super) fn listed() -> Calendar {
        let muhurat = vec![window(Session::Continuous, hm(13, 45), hm(14, 45))];
        let market = Market {
            hours: vec![
                hours("2025-01-01", hm(15, 30)),
                hours("2026-08-03", hm(15, 40)),
            ],
            holidays: [day("2026-03-31")].into(),
            special: [
                (day("2025-10-21"), muhurat),
                (day("2026-02-01"), hours("2026-02-01", hm(15, 30)).windows),
            ]
            .into(),
            half_days: [day("2025-10-21")].into(),
            years: [2026].into(),
        };
        Calendar::new([(Exchange::Nfo, market)].into())
    }

    #[test]
    fn the_exchange_day_turns_at_three_in_the_morning() {
        assert_eq!(exchange_day(at("2026-11-24 02:59")), day("2026-11-23"));
        assert_eq!(exchange_day(at("2026-11-24 03:00")), day("2026-11-24"));
        assert_eq!(hm(26, 30).on(day("2026-11-23")), at("2026-11-24 02:30"));
        assert_eq!(DayTime::of(at("2026-11-24 02:30")), hm(26, 30));
        assert_eq!(
            ist(at("2026-11-24 02:30")).to_string(),
            "2026-11-24 02:30:00"
        );
    }

    #[test]
    fn hours_change_on_their_date() {
        let calendar = listed();
        let session = |text| calendar.session_at(Exchange::Nfo, at(text));
        assert_eq!(session("2026-07-31 15:35"), Session::Closed);
        assert_eq!(session("2026-08-03 15:35"), Session::Continuous);
        assert_eq!(session("2026-08-03 15:40"), Session::Closed);
        assert_eq!(session("2026-08-03 09:14"), Session::PreOpen);
        assert_eq!(
            calendar.close_of(Exchange::Nfo, day("2026-08-03")),
            Some(at("2026-08-03 15:40"))
        );
        assert_eq!(
            calendar.session_at(Exchange::Mcx, at("2026-08-03 12:00")),
            Session::Closed
        );
    }

    #[test]
    fn a_sunday_may_trade_and_a_holiday_may_not() {
        let calendar = listed();
        assert!(calendar.is_trading_day(Exchange::Nfo, day("2026-02-01")));
        assert!(!calendar.is_trading_day(Exchange::Nfo, day("2026-02-08")));
        assert!(!calendar.is_trading_day(Exchange::Nfo, day("2026-03-31")));
        assert!(calendar.knows(Exchange::Nfo, day("2026-03-31")));
        assert!(!calendar.knows(Exchange::Nfo, day("2027-03-31")));
    }

    #[test]
    fn the_next_opening_skips_what_is_closed() {
        let next = |text| listed().next_open(Exchange::Nfo, at(text));
        assert_eq!(next("2026-03-30 12:00"), Some(at("2026-03-30 12:00")));
        assert_eq!(next("2026-03-30 15:30"), Some(at("2026-04-01 09:15")));
        assert_eq!(next("2026-04-03 20:00"), Some(at("2026-04-06 09:15")));
    }

    #[test]
    fn day_trades_are_squared_off_before_a_close_that_moved() {
        let on = |text| listed().square_off(Exchange::Nfo, day(text)).unwrap();
        assert_eq!(on("2026-07-31").flat_by, at("2026-07-31 15:12"));
        assert_eq!(on("2025-10-21").flat_by, at("2025-10-21 14:27"));
        assert_eq!(on("2025-10-21").entries_until, at("2025-10-21 14:15"));
        assert_eq!(listed().square_off(Exchange::Nfo, day("2026-03-31")), None);
    }

    #[test]
    fn working_days_leave_out_half_days_and_count_strictly_between() {
        let calendar = listed();
        let between = |from, to| calendar.trading_days_between(Exchange::Nfo, day(from), day(to));
        assert_eq!(between("2026-03-27", "2026-04-02"), 2); // 30-Mar and 1-Apr
        assert_eq!(between("2025-10-20", "2025-10-22"), 0);
        assert_eq!(between("2026-04-02", "2026-03-27"), 0);
        assert_eq!(
            calendar.working_days_before(Exchange::Nfo, day("2026-04-01"), 2),
            day("2026-03-27")
        );
        let after = |count| calendar.working_days_after(Exchange::Nfo, day("2026-03-27"), count);
        assert_eq!(after(2), day("2026-04-01"));
        assert_eq!(after(0), day("2026-03-27"));
    }

    #[test]
    fn the_open_calendar_never_closes_and_still_counts_working_days() {
        let calendar = listed().opened();
        let sunday = at("2026-04-05 02:00");
        assert_eq!(
            calendar.session_at(Exchange::Mcx, sunday),
            Session::Continuous
        );
        assert_eq!(
            calendar.close_of(Exchange::Nfo, day("2026-04-04")),
            Some(at("2026-04-05 03:00"))
        );
        assert_eq!(calendar.eod_close(Exchange::Nfo, day("2026-04-04")), None);
        assert_eq!(calendar.next_open(Exchange::Nfo, sunday), Some(sunday));
        assert!(!calendar.is_working_day(Exchange::Nfo, day("2026-03-31")));
        assert!(!Calendar::open().is_working_day(Exchange::Nfo, day("2026-04-04")));
        let off = calendar.square_off(Exchange::Nfo, day("2026-04-04"));
        assert_eq!(off.unwrap().flat_by, at("2026-04-05 02:32"));
    }
}
