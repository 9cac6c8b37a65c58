//! What the in-house signals look at: `signals.toml`.
//!
//! The figures of an instrument are its `[default]` with `[instrument.NAME]` over it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use toml::{Table, Value};

use super::layers::Layered;
use super::section::{Problems, Section, read};
use crate::domain::instrument::Instruments;
use crate::domain::order::Exchange;
use crate::strategy::{Closes, SignalSettings, Signals};

/// The longest look back, in bars.
const LENGTH_MAX: u32 = 1000;

/// The longest bar, in minutes: a day.
const INTERVAL_MAX: u32 = 1440;

const FILE: &str = "signals.toml: ";

/// Reads the file.
pub(super) fn read_signals(
    file: &Layered,
    instruments: &Instruments,
    problems: &Problems,
) -> Signals {
    let default = table(&file.table, "default");
    let own = table(&file.table, "instrument");
    let mut root = Section::new(FILE.to_owned(), file.table.clone(), problems);
    root.forget(&["default", "instrument"]);
    let closes = root.sections("exchange");
    let closes = closes
        .into_iter()
        .filter_map(|(name, section)| read_closes(&name, section))
        .collect();
    root.finish();
    let mut all = BTreeMap::new();
    for (name, value) in own {
        let path = format!("{FILE}instrument.{name}");
        let mut layered = Layered {
            table: default.clone(),
            ..Layered::default()
        };
        layered.lay(value.as_table().cloned().unwrap_or_default(), "own");
        let section = Section::new(path, layered.table, problems);
        if instruments.by_name(&name).is_none() {
            section.problem("", "is no instrument");
        }
        if let Some(settings) = read_settings(section) {
            all.insert(name, settings);
        }
    }
    Signals {
        instruments: all,
        closes,
    }
}

fn read_settings(mut section: Section<'_>) -> Option<SignalSettings> {
    let settings = read!(section => SignalSettings {
        title, interval, rsi_length, rsi_min, ema_length, dc_length, adx_length, adx_max, er_length,
        er_min, roc_length, roc_min, st_length, st_factor, atr_length, doji, slippage,
    });
    if let Some(settings) = &settings {
        refuse(settings, &section);
    }
    section.finish();
    settings
}

/// Notes figures that no script could work with.
fn refuse(settings: &SignalSettings, section: &Section<'_>) {
    let lengths = [
        ("rsi_length", settings.rsi_length),
        ("ema_length", settings.ema_length),
        ("dc_length", settings.dc_length),
        ("adx_length", settings.adx_length),
        ("er_length", settings.er_length),
        ("roc_length", settings.roc_length),
        ("st_length", settings.st_length),
        ("atr_length", settings.atr_length),
    ];
    for (key, _) in lengths
        .into_iter()
        .filter(|(_, length)| !(1..=LENGTH_MAX).contains(length))
    {
        section.problem(key, format!("must be 1 to {LENGTH_MAX} bars"));
    }
    if !(1..=INTERVAL_MAX).contains(&settings.interval) {
        section.problem("interval", format!("must be 1 to {INTERVAL_MAX} minutes"));
    }
    let parts = [("er_min", settings.er_min), ("doji", settings.doji)];
    for (key, _) in parts
        .into_iter()
        .filter(|(_, part)| !(Decimal::ZERO..=Decimal::ONE).contains(part))
    {
        section.problem(key, "must be 0 to 1");
    }
    // The name stands inside a text of the script.
    let plain = |c: char| c.is_alphanumeric() || c == ' ';
    if !settings.title.chars().all(plain) {
        section.problem("title", "must be letters, digits and spaces");
    }
}

fn read_closes(name: &str, mut section: Section<'_>) -> Option<(Exchange, Closes)> {
    let exchange = name.parse::<Exchange>().ok();
    if exchange.is_none() {
        section.problem("", "is no exchange");
    }
    let closes = read!(section => Closes { close, close_us_summer });
    section.finish();
    Some((exchange?, closes?))
}

fn table(table: &Table, key: &str) -> Table {
    let inner = table.get(key).and_then(Value::as_table);
    inner.cloned().unwrap_or_default()
}
