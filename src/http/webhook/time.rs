//! Times as senders write them.

use chrono::{DateTime, Datelike as _, NaiveDateTime, SubsecRound as _, Timelike as _, Utc};

use crate::domain::calendar::from_ist;

/// The years an alert can speak of.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2099;

/// The forms of a time without a zone, which is read as the clock in India shows it.
const NAIVE: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
];

/// Returns the moment a text names, to the microsecond: RFC 3339, or the same without a zone.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if text.as_bytes().get(4) != Some(&b'-') || text.as_bytes().get(10).is_none() {
        return None;
    }
    let at = match DateTime::parse_from_rfc3339(text) {
        Ok(at) => at.with_timezone(&Utc),
        Err(_no_zone) => from_ist(naive(text)?),
    };
    // a sixty-first second is nothing a chart shows
    let plausible = YEARS.contains(&at.year()) && at.nanosecond() < 1_000_000_000;
    plausible.then(|| at.trunc_subsecs(6))
}

fn naive(text: &str) -> Option<NaiveDateTime> {
    NAIVE
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .filter(|at| YEARS.contains(&at.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_zone_is_indian() {
        let utc: DateTime<Utc> = "2026-11-20T04:30:00Z".parse().unwrap();
        for text in [
            "2026-11-20T10:00:00",
            "2026-11-20 10:00:00",
            "2026-11-20T10:00",
            "2026-11-20T10:00:00.000",
            "2026-11-20T10:00:00+05:30",
            "2026-11-20T04:30:00Z",
            " 2026-11-20T04:30:00-00:00 ",
            "2026-11-20T04:30:00.000000999Z",
        ] {
            assert_eq!(moment(text), Some(utc), "{text}");
        }
    }

    #[test]
    fn a_time_that_needs_guessing_is_none() {
        for text in [
            "",
            "10:30",
            "2025",
            "Friday",
            "now",
            "03/04/2025 10:30",
            "20251128T103000Z",
            "2025-11-28",
            "1764325800",
            "2025-11-28T10:30:60Z",
            "2025-11-28T24:00:00Z",
            "2025-02-30T10:00:00Z",
            "2025-11-28T10:30:00 IST",
            "9999-12-31T23:59:59Z",
            "1970-01-01T00:00:00Z",
            "2025-11-28T10:30:00Zx",
            "+025-11-28T10:30:00",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
