//! Bars of a chart, from a CSV as `TradingView` exports one.
#![expect(
    clippy::disallowed_types,
    reason = "bars are what indicators are computed from"
)]

use std::io::BufRead;

use anyhow::{Context as _, anyhow, ensure};
use chrono::{DateTime, TimeDelta, Utc};

use crate::strategy::Candle;

/// The most bars read: a century of minutes in a session.
const BARS_MAX: usize = 20_000_000;

/// Reads bars of an interval in minutes; further columns are passed over.
pub fn read_bars(input: impl BufRead, interval: u32) -> anyhow::Result<Vec<Candle>> {
    let mut lines = input.lines();
    let header = lines.next().context("the file is empty")??;
    let columns = Columns::of(&header)?;
    let mut bars: Vec<Candle> = Vec::new();
    for (number, line) in (2_u32..).zip(lines) {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let bar = columns
            .bar(&line, interval)
            .with_context(|| format!("line {number}"))?;
        let rises = bars
            .last()
            .is_none_or(|last| last.opened_at < bar.opened_at);
        ensure!(
            rises,
            "line {number}: opens no later than the bar before it"
        );
        ensure!(bars.len() < BARS_MAX, "more than {BARS_MAX} bars");
        bars.push(bar);
    }
    Ok(bars)
}

/// Where each column stands.
struct Columns {
    time: usize,
    open: usize,
    high: usize,
    low: usize,
    close: usize,
}

impl Columns {
    fn of(header: &str) -> anyhow::Result<Self> {
        let header = header.trim_start_matches('\u{feff}').to_ascii_lowercase();
        let names: Vec<&str> = header.split(',').map(str::trim).collect();
        let place = |name: &str| {
            let place = names.iter().position(|column| *column == name);
            place.ok_or_else(|| anyhow!("no column {name}"))
        };
        Ok(Self {
            time: place("time")?,
            open: place("open")?,
            high: place("high")?,
            low: place("low")?,
            close: place("close")?,
        })
    }

    fn bar(&self, line: &str, interval: u32) -> anyhow::Result<Candle> {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let cell = |place: usize| cells.get(place).copied().context("too few columns");
        let price = |place: usize| -> anyhow::Result<f64> {
            let text = cell(place)?;
            let price = text.parse::<f64>().ok();
            let price = price.filter(|price| price.is_finite() && *price > 0.0);
            price.ok_or_else(|| anyhow!("{text:?} is no price"))
        };
        let opened_at = moment(cell(self.time)?)?;
        let bar = Candle {
            opened_at,
            closed_at: opened_at + TimeDelta::minutes(i64::from(interval)),
            open: price(self.open)?,
            high: price(self.high)?,
            low: price(self.low)?,
            close: price(self.close)?,
        };
        let within = |price: f64| (bar.low..=bar.high).contains(&price);
        ensure!(
            within(bar.open) && within(bar.close),
            "opens or closes outside its range"
        );
        Ok(bar)
    }
}

fn moment(text: &str) -> anyhow::Result<DateTime<Utc>> {
    let seconds = text.parse::<i64>().ok();
    let seconds = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let written = || DateTime::parse_from_rfc3339(text).ok();
    seconds
        .or_else(|| written().map(|at| at.with_timezone(&Utc)))
        .ok_or_else(|| anyhow!("{text:?} is neither seconds nor an RFC 3339 time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Candle>, String> {
        read_bars(text.as_bytes(), 60).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_chart_export_is_read_in_either_form_of_time() {
        let text = "\u{feff}time,open,high,low,close,Volume\n1764216000,10,12,9,11,5\n2025-11-27T10:30:00+05:30,11,13,10,12,7\n";
        let bars = read(text).unwrap();
        assert_eq!(bars.len(), 2);
        assert_eq!(
            bars[0].closed_at,
            "2025-11-27T05:00:00Z".parse::<DateTime<Utc>>().unwrap()
        );
        assert_eq!(
            bars[1].opened_at,
            "2025-11-27T05:00:00Z".parse::<DateTime<Utc>>().unwrap()
        );
    }

    #[test]
    fn what_is_no_bar_is_named_with_its_line() {
        let head = "time,open,high,low,close\n";
        let refused = |row: &str| read(&format!("{head}{row}")).unwrap_err();
        assert!(refused("1764216000,10,12,9,NaN").contains("line 2: \"NaN\" is no price"));
        assert!(refused("yesterday,10,12,9,11").contains("neither seconds"));
        assert!(refused("1764216000,10,12,9,13").contains("outside its range"));
        assert!(
            refused("1764216000,10,12,9,11\n1764216000,10,12,9,11")
                .contains("line 3: opens no later")
        );
        assert!(
            read("time,open,high,low\n")
                .unwrap_err()
                .contains("no column close")
        );
    }
}
