//! The clock of an exchange day: 03:00 to 03:00 in India.

use core::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _, Utc};

/// India is five and a half hours ahead of UTC, all year.
const IST: TimeDelta = TimeDelta::minutes(330);

/// Seconds from the start of an exchange day to midnight UTC: 03:00 in India is 21:30 of the day
/// before.
const STARTS_BEFORE_UTC: u32 = 330 * 60 - 3 * 3600;

/// Seconds from midnight in India to midnight UTC.
const MIDNIGHT_BEFORE_UTC: u32 = 330 * 60;

/// Seconds of a day.
const DAY: u32 = 86_400;

/// A time of the exchange day, in seconds from its midnight IST: 03:00 to 27:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayTime(u32);

impl DayTime {
    /// 03:00, where the exchange day starts.
    pub const START: Self = Self(3 * 3600);
    /// 27:00, where it ends.
    pub const END: Self = Self(27 * 3600);

    /// Returns the time, or nothing outside 03:00 to 27:00.
    pub fn new(hour: u32, minute: u32) -> Option<Self> {
        let seconds = hour.checked_mul(3600)?.checked_add(minute * 60)?;
        let time = Self(seconds);
        (minute < 60 && time >= Self::START && time <= Self::END).then_some(time)
    }

    /// Returns the time a moment has on its own exchange day.
    pub fn of(at: DateTime<Utc>) -> Self {
        let (_, passed) = since_start(at);
        Self(Self::START.0.saturating_add(passed.rem_euclid(DAY)))
    }

    /// Returns this time so many minutes earlier, not before the day's start.
    #[must_use]
    pub const fn minutes_before(self, minutes: u32) -> Self {
        let earlier = self.0.saturating_sub(minutes * 60);
        if earlier < Self::START.0 {
            Self::START
        } else {
            Self(earlier)
        }
    }

    /// Returns this time so many minutes later, not after the day's end.
    #[must_use]
    pub const fn minutes_after(self, minutes: u32) -> Self {
        let later = self.0.saturating_add(minutes * 60);
        if later > Self::END.0 {
            Self::END
        } else {
            Self(later)
        }
    }

    /// Returns the seconds since the midnight that the exchange day starts after.
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// Returns the moment of this time on an exchange day.
    pub fn on(self, day: NaiveDate) -> DateTime<Utc> {
        moment(day, self.0)
    }
}

impl fmt::Display for DayTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:02}:{:02}",
            self.0.div_euclid(3600),
            self.0.rem_euclid(3600).div_euclid(60)
        )
    }
}

/// Returns the exchange day of a moment: the date on which its 03:00-to-03:00 IST day starts.
pub fn exchange_day(at: DateTime<Utc>) -> NaiveDate {
    let (date, passed) = since_start(at);
    if passed < DAY {
        return date;
    }
    date.succ_opt().unwrap_or(date)
}

/// Returns a moment's date in UTC, and the whole seconds since the exchange day of that date
/// started; those of a whole day and more belong to the next.
fn since_start(at: DateTime<Utc>) -> (NaiveDate, u32) {
    let shown = at.naive_utc();
    let seconds = shown.num_seconds_from_midnight();
    (shown.date(), seconds.saturating_add(STARTS_BEFORE_UTC))
}

/// Returns the time between two moments. Most are of one day, and need no calendar.
pub fn passed(from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
    let (from, to) = (from.naive_utc(), to.naive_utc());
    if from.date() == to.date() {
        to.time().signed_duration_since(from.time())
    } else {
        to.signed_duration_since(from)
    }
}

/// Returns a moment as a clock in India shows it.
pub fn ist(at: DateTime<Utc>) -> NaiveDateTime {
    let naive = at.naive_utc();
    naive.checked_add_signed(IST).unwrap_or(naive)
}

/// Returns the moment at which clocks in India show this.
pub fn from_ist(shown: NaiveDateTime) -> DateTime<Utc> {
    shown.checked_sub_signed(IST).unwrap_or(shown).and_utc()
}

/// Returns the moment so many seconds after a date's midnight IST.
fn moment(day: NaiveDate, after: u32) -> DateTime<Utc> {
    // Midnight in India is 18:30 of the day before; a date that has none before it stays.
    let since = after
        .saturating_add(DAY)
        .saturating_sub(MIDNIGHT_BEFORE_UTC);
    let (ahead, seconds) = (since.div_euclid(DAY), since.rem_euclid(DAY));
    let date = match ahead {
        0 => day.pred_opt(),
        1 => Some(day),
        _ => day.succ_opt(),
    };
    let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).unwrap_or(NaiveTime::MIN);
    date.unwrap_or(day).and_time(time).and_utc()
}
