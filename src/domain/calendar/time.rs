//! The clock of an exchange day: 03:00 to 03:00 in India.

use core::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// India is five and a half hours ahead of UTC, all year.
const IST: TimeDelta = TimeDelta::minutes(330);

/// Seconds from the start of an exchange day to midnight UTC: 03:00 in India is 21:30 of the day
/// before.
const STARTS_BEFORE_UTC: i64 = 330 * 60 - 3 * 3600;

/// Seconds of a day.
const DAY: i64 = 86_400;

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
        let passed = since_start(at).rem_euclid(DAY);
        Self(
            Self::START
                .0
                .saturating_add(u32::try_from(passed).unwrap_or(0)),
        )
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
        moment(day, TimeDelta::seconds(i64::from(self.0)))
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
    let days = i32::try_from(since_start(at).div_euclid(DAY)).ok();
    let day = days.and_then(NaiveDate::from_epoch_days);
    day.unwrap_or_else(|| at.date_naive())
}

/// Returns the whole seconds since the exchange day of 1 January 1970 started.
const fn since_start(at: DateTime<Utc>) -> i64 {
    at.timestamp().saturating_add(STARTS_BEFORE_UTC)
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

/// Returns the moment so long after a date's midnight IST.
fn moment(day: NaiveDate, after: TimeDelta) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    from_ist(midnight.checked_add_signed(after).unwrap_or(midnight))
}
