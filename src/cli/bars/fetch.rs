//! Asks OpenAlgo for history, a part at a time, and keeps what is sound.

use anyhow::bail;
use chrono::{DateTime, Days, NaiveDate, Utc};

use super::Wanted;
use crate::app::{self, Opened};
use crate::broker::openalgo::ReadOnly;
use crate::broker::{Asked, BarRow, ReadError};
use crate::cli::out::BadArguments;
use crate::clock::{Clock as _, SystemClock};
use crate::domain::bars::{Ohlc, Spans, sift};
use crate::domain::order::Exchange;
use crate::domain::rules::Rules;
use crate::history::fetched::Stretch;
use crate::store::{BarKey, KeptBar};

/// Rows asked for at once: two months of quarters of an hour. Brokers limit the days of one question,
/// the shortest rows to the fewest, and every answer is held in memory whole.
const ROWS_AT_ONCE: usize = 2000;

/// Most days asked for at once, which every broker gives of rows of a quarter of an hour.
const DAYS_AT_ONCE: usize = 60;

/// What came of the questions for one contract.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Rows that said something new.
    pub(super) changed: u64,
    /// Rows that were unreadable, torn, twice there, out of order, of the future or of no session.
    pub(super) wrong: usize,
    /// Why an answer did not come.
    pub(super) failed: Option<String>,
}

/// Fetches all that is wanted.
pub(super) async fn fetch(
    (opened, rules): (&Opened, &Rules),
    wanted: &Wanted,
    tallies: &mut [Tally],
) -> anyhow::Result<()> {
    let Some(settings) = app::openalgo_settings(&opened.config) else {
        let needs = "OPENALGO_URL and OPENALGO_API_KEY say whose history it is".to_owned();
        return Err(BadArguments(needs).into());
    };
    let reads = ReadOnly::new(&settings)?;
    let Some(instrument) = rules.instruments.get(wanted.ix) else {
        return Ok(());
    };
    let Some(of) = Spans::new(&rules.calendar, instrument.exchange, wanted.step) else {
        return Ok(());
    };
    for (stretch, tally) in wanted.stretches.iter().zip(tallies) {
        let symbol = rules.instruments.symbol(stretch.contract);
        for (from, to) in parts(of, stretch) {
            let asked = Asked {
                exchange: instrument.exchange,
                symbol: &symbol,
                interval: &wanted.interval,
                from,
                to,
            };
            let now = SystemClock.now();
            match reads.history(&asked).await {
                Ok(rows) => {
                    tally.wrong += rows.unreadable.len();
                    let (kept, wrong) = sound(of, &rows.rows, now);
                    tally.wrong += wrong;
                    tally.changed +=
                        keep(opened, (wanted, instrument.exchange, &symbol), (&kept, now)).await?;
                }
                Err(ReadError::Locked { text, .. }) => bail!("OpenAlgo is locked: {text}"),
                Err(ReadError::Absent { text, .. }) => {
                    tally.failed = Some(text);
                    break;
                }
                Err(error @ ReadError::Unavailable { .. }) => {
                    tally.failed = Some(error.to_string());
                    break;
                }
            }
        }
    }
    Ok(())
}

async fn keep(
    opened: &Opened,
    (wanted, exchange, symbol): (&Wanted, Exchange, &str),
    (kept, now): (&[KeptBar], DateTime<Utc>),
) -> anyhow::Result<u64> {
    let key = BarKey {
        exchange,
        symbol,
        step: wanted.step,
    };
    Ok(opened.store.keep_bars(key, kept, now).await?)
}

/// Cuts the days of a stretch into parts of so many rows; a part of days without a session is none.
fn parts(of: Spans<'_>, stretch: &Stretch) -> Vec<(NaiveDate, NaiveDate)> {
    let mut parts: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    let (mut rows, mut days) = (0, 0);
    for day in stretch
        .from
        .iter_days()
        .take_while(|day| *day <= stretch.to)
    {
        let of_day = of.of_day(day).len();
        if of_day == 0 {
            continue;
        }
        match parts.last_mut() {
            Some(part) if rows + of_day <= ROWS_AT_ONCE && days < DAYS_AT_ONCE => {
                part.1 = day;
                (rows, days) = (rows + of_day, days + 1);
            }
            Some(_) | None => {
                parts.push((day, day));
                (rows, days) = (of_day, 1);
            }
        }
    }
    // a session may pass midnight: its last rows are of the next date
    for part in &mut parts {
        let late = of
            .of_day(part.1)
            .last()
            .map(|span| crate::domain::calendar::ist(span.from).date());
        part.1 = late.unwrap_or(part.1).min(part.1 + Days::new(1));
    }
    parts
}

/// Returns the rows that are closed, sound and of a session, and how many of the others are wrong.
fn sound(of: Spans<'_>, rows: &[BarRow], now: DateTime<Utc>) -> (Vec<KeptBar>, usize) {
    let bars: Vec<Ohlc> = rows
        .iter()
        .map(|row| Ohlc {
            at: row.at,
            open: row.open,
            high: row.high,
            low: row.low,
            close: row.close,
        })
        .collect();
    let (good, flaws) = sift(&bars, now);
    let mut wrong = flaws.len();
    let mut kept = Vec::new();
    for bar in good {
        match of.around(bar.at) {
            // it is not over: another day
            Some(span) if span.from == bar.at && span.to > now => {}
            Some(span) if span.from == bar.at => {
                let row = rows.iter().find(|row| row.at == bar.at);
                kept.push(KeptBar {
                    bar,
                    volume: row.and_then(|row| row.volume),
                    interest: row.and_then(|row| row.interest),
                });
            }
            Some(_) | None => wrong += 1,
        }
    }
    (kept, wrong)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::calendar::Calendar;
    use crate::domain::instrument::{ContractId, InstrumentIx};
    use crate::domain::money::Price;

    #[test]
    fn questions_are_cut_where_an_answer_would_be_too_long() {
        let calendar = Calendar::open();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let stretch = Stretch {
            contract: ContractId::share(InstrumentIx::new(0)),
            from: day("2026-11-01"),
            to: day("2026-11-03"),
        };
        let of =
            |minutes| Spans::new(&calendar, Exchange::Nfo, TimeDelta::minutes(minutes)).unwrap();
        // the day of the open calendar ends at 03:00 of the next date
        let all = (day("2026-11-01"), day("2026-11-04"));
        assert_eq!(parts(of(15), &stretch), [all]);
        let each = ["01", "02", "03", "04"].map(|date| day(&format!("2026-11-{date}")));
        let days = [(each[0], each[1]), (each[1], each[2]), (each[2], each[3])];
        assert_eq!(parts(of(1), &stretch), days);
    }

    #[test]
    fn what_is_open_or_of_no_session_is_not_kept() {
        let calendar = Calendar::open();
        let of = Spans::new(&calendar, Exchange::Nfo, TimeDelta::minutes(15)).unwrap();
        let now: DateTime<Utc> = "2026-11-20T05:00:00Z".parse().unwrap();
        let row = |minutes: i64| BarRow {
            at: now - TimeDelta::minutes(minutes),
            open: Price::new(100.into()).unwrap(),
            high: Price::new(101.into()).unwrap(),
            low: Price::new(99.into()).unwrap(),
            close: Price::new(100.into()).unwrap(),
            volume: None,
            interest: None,
        };
        let rows = [
            row(45),
            row(30),
            row(30),
            row(20),
            row(15),
            row(0),
            row(-15),
        ];
        let (kept, wrong) = sound(of, &rows, now);
        let at: Vec<_> = kept.iter().map(|kept| kept.bar.at).collect();
        assert_eq!(at, [rows[0].at, rows[1].at, rows[4].at]);
        assert_eq!(wrong, 3, "twice there, off the clock, of the future");
    }
}
