//! Do our files and OpenAlgo agree about contracts and hours? One comparison, for the monitor and
//! for `torana doctor`.
//!
//! What OpenAlgo does not say is no disagreement. Its hours are a table too, and a coarse one: that
//! it thinks an exchange open for longer than we do costs nothing, as we only trade in ours.

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::broker::{Contract, Timing};
use crate::domain::calendar::{Calendar, ist};
use crate::domain::fact::Code;
use crate::domain::finding::{CONTRACT, LOT, TICK};
use crate::domain::instrument::{Instrument, Spec};
use crate::domain::money::Quantity;
use crate::domain::order::Exchange;

/// What we say and what OpenAlgo says, where they differ.
pub type Versions = Option<(String, String)>;

/// How far apart two clocks' ideas of the same opening may be.
const HOURS_APART_MAX: TimeDelta = TimeDelta::minutes(1);

/// Some brokers tell prices' steps in paisa.
const PAISA: Decimal = Decimal::ONE_HUNDRED;

/// Compares what OpenAlgo says of a contract with what we say.
pub fn contract(
    (instrument, spec, expiry): (&Instrument, &Spec, Option<NaiveDate>),
    theirs: &Contract,
) -> [(Code, Versions); 3] {
    let ours = u64::from(instrument.per_lot(spec));
    let lot = theirs.lot.map(Quantity::get).filter(|lot| *lot != ours);
    let day = match (expiry, theirs.expiry) {
        (Some(ours), Some(theirs)) if ours != theirs => Some((ours, theirs)),
        _ => None,
    };
    let tick = theirs.tick.filter(|tick| !knows_tick(spec, *tick));
    [
        (
            CONTRACT,
            day.map(|(ours, theirs)| (format!("ends {ours}"), format!("ends {theirs}"))),
        ),
        (
            LOT,
            lot.map(|lot| (format!("a lot of {ours}"), format!("a lot of {lot}"))),
        ),
        (
            TICK,
            tick.map(|tick| {
                let (_, ours) = spec.ticks.rows();
                let ours = ours.points().get().normalize();
                (
                    format!("a tick of {ours}"),
                    format!("a tick of {}", tick.normalize()),
                )
            }),
        ),
    ]
}

/// Says that OpenAlgo knows no such contract.
pub fn unknown() -> (Code, Versions) {
    let versions = ("listed".to_owned(), "no such symbol".to_owned());
    (CONTRACT, Some(versions))
}

/// Returns whether a step is one of ours, in rupees or in paisa.
fn knows_tick(spec: &Spec, theirs: Decimal) -> bool {
    let (steps, above) = spec.ticks.rows();
    let ours = steps.iter().map(|step| step.tick).chain([above]);
    ours.map(|tick| tick.points().get())
        .any(|ours| theirs == ours || theirs == ours * PAISA)
}

/// Compares OpenAlgo's hours of a day with ours.
pub fn hours(
    calendar: &Calendar,
    (exchange, day): (Exchange, NaiveDate),
    theirs: &[Timing],
) -> Versions {
    let ours = calendar
        .open_of(exchange, day)
        .zip(calendar.close_of(exchange, day));
    let row = theirs.iter().find(|row| row.exchange == exchange);
    let theirs = row.map(|row| on_our_clock(ours.map(|(from, _)| from), (row.from, row.to)));
    let agree = match (ours, theirs) {
        // a session at a weekend is one that we have missed; which weekdays are holidays OpenAlgo
        // knows only as far as its list reaches
        (None, theirs) => theirs.is_none() || day.weekday().number_from_monday() <= 5,
        (Some((from, to)), Some((opens, closes))) => {
            opens <= from + HOURS_APART_MAX && to <= closes + HOURS_APART_MAX
        }
        (Some(_), None) => false,
    };
    (!agree).then(|| (shown(ours, day), shown(theirs, day)))
}

/// Returns OpenAlgo's hours as moments. It counts them in the zone of its server: on one that keeps
/// UTC, as containers do, its 09:15 lies five and a half hours late; the reading nearer to our
/// opening is meant.
fn on_our_clock(
    ours: Option<DateTime<Utc>>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> (DateTime<Utc>, DateTime<Utc>) {
    let late = TimeDelta::minutes(330);
    let apart = |at: DateTime<Utc>| ours.map(|ours| (at - ours).abs());
    if apart(from - late) < apart(from) {
        (from - late, to - late)
    } else {
        (from, to)
    }
}

fn shown(hours: Option<(DateTime<Utc>, DateTime<Utc>)>, day: NaiveDate) -> String {
    match hours {
        Some((from, to)) => {
            let (from, to) = (ist(from).format("%H:%M"), ist(to).format("%H:%M"));
            format!("{day} {from} to {to}")
        }
        None => format!("{day} closed"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::broker::openalgo::reads;
    use crate::config::{Config, Options, load};
    use crate::domain::finding::CALENDAR;
    use crate::domain::instrument::ContractId;

    fn config() -> Config {
        let env = [
            ("TORANA_DATA", "/nonexistent"),
            ("TORANA__DESK__CALENDAR", "exchange"),
        ];
        let env = env.map(|(key, value)| (key.to_owned(), value.to_owned()));
        load(&Options::default(), &env.into()).unwrap()
    }

    /// The body of a recorded answer.
    fn recorded(name: &str) -> Vec<u8> {
        let lines = include_str!("../../tests/fixtures/openalgo/reads.jsonl");
        let all = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let found = all.into_iter().find(|one: &Value| one["name"] == name);
        let found = found.unwrap_or_else(|| panic!("{name}"));
        found["response"]["raw"]
            .as_str()
            .unwrap()
            .as_bytes()
            .to_vec()
    }

    fn listed(name: &str) -> Contract {
        let body = reads::answer("symbol", 200, &recorded(name)).unwrap();
        reads::contract(&body).unwrap()
    }

    fn compared(symbol: &str, theirs: &Contract) -> Vec<&'static str> {
        let config = config();
        let instruments = &config.rules.instruments;
        let (ix, instrument) = instruments
            .iter()
            .find(|(_, one)| one.name == symbol)
            .unwrap();
        let expiry = theirs.expiry;
        let contract = ContractId {
            instrument: ix,
            expiry,
        };
        assert_eq!(instruments.symbol(contract), theirs.symbol);
        let spec = instruments.spec(contract, day("2026-11-20")).unwrap();
        let all = self::contract((instrument, spec, expiry), theirs);
        let differing = all.into_iter().filter(|(_, versions)| versions.is_some());
        differing.map(|(code, _)| code.0).collect()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_recorded_contract_is_as_our_files_say_and_one_that_is_not_is_seen() {
        let listed = listed("symbol-goldm04dec26fut");
        assert_eq!(compared("GOLD_MINI", &listed), Vec::<&str>::new());
        let paisa = listed.tick.map(|tick| tick * PAISA);
        let in_paisa = Contract {
            tick: paisa,
            ..listed.clone()
        };
        assert_eq!(compared("GOLD_MINI", &in_paisa), Vec::<&str>::new());
        let silent = Contract {
            lot: None,
            tick: None,
            ..listed.clone()
        };
        assert_eq!(compared("GOLD_MINI", &silent), Vec::<&str>::new());
        let other = Contract {
            lot: Some(Quantity::new(7)),
            tick: Some(Decimal::new(3, 1)),
            ..listed
        };
        assert_eq!(
            compared("GOLD_MINI", &other),
            ["lot_differs", "tick_differs"]
        );
    }

    fn said(name: &str, of: (Exchange, &str)) -> Versions {
        let body = reads::answer("market/timings", 200, &recorded(name)).unwrap();
        let timings = reads::timings(&body).unwrap();
        hours(&config().rules.calendar, (of.0, day(of.1)), &timings)
    }

    #[test]
    fn recorded_hours_are_as_our_calendar_says_and_those_of_a_closed_day_are_not() {
        assert_eq!(CALENDAR.0, "calendar_differs");
        for exchange in [Exchange::Nse, Exchange::Nfo, Exchange::Mcx] {
            assert_eq!(said("market-timings", (exchange, "2026-11-20")), None);
            assert_eq!(
                said("market-timings-weekend", (exchange, "2026-11-21")),
                None
            );
            // a Friday of ours is none of theirs
            let (ours, theirs) = said("market-timings-weekend", (exchange, "2026-11-20")).unwrap();
            assert!(
                ours.contains("to") && theirs.contains("closed"),
                "{ours} {theirs}"
            );
        }
    }

    #[test]
    fn a_session_at_a_weekend_that_we_do_not_know_is_seen_and_a_holiday_that_they_do_not_know_is_not()
     {
        let calendar = config().rules.calendar;
        let on = |day| {
            let at = |hour| {
                DateTime::from_naive_utc_and_offset(
                    NaiveDate::and_hms_opt(&day, hour, 0, 0).unwrap(),
                    Utc,
                )
            };
            let row = Timing {
                exchange: Exchange::Nse,
                from: at(4),
                to: at(10),
            };
            hours(&calendar, (Exchange::Nse, day), &[row])
        };
        let (ours, _) = on(day("2026-11-21")).unwrap();
        assert!(ours.contains("closed"), "{ours}");
        assert_eq!(on(day("2026-12-25")), None);
    }

    #[test]
    fn a_day_that_ends_earlier_there_than_here_is_seen_and_a_longer_one_is_not() {
        let calendar = config().rules.calendar;
        let of = (Exchange::Mcx, day("2026-11-20"));
        let (from, to) = (calendar.open_of(of.0, of.1), calendar.close_of(of.0, of.1));
        let (from, to) = (from.unwrap(), to.unwrap());
        let row = |from, to| Timing {
            exchange: of.0,
            from,
            to,
        };
        let half_an_hour = TimeDelta::minutes(30);
        assert_eq!(
            hours(
                &calendar,
                of,
                &[row(from - half_an_hour, to + half_an_hour)]
            ),
            None
        );
        assert!(hours(&calendar, of, &[row(from, to - half_an_hour)]).is_some());
        assert!(hours(&calendar, of, &[row(from + half_an_hour, to)]).is_some());
        assert!(hours(&calendar, of, &[]).is_some());
    }
}
