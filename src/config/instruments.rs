//! Instruments, from their file: tables of single instruments, and classes of shares that have
//! everything in common but their symbols.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Weekday};
use toml::Value;

use super::section::{FromSetting, Section, read};
use super::values::words;
use crate::domain::instrument::{
    ExitBy, Expiry, ExpiryRule, Instrument, InstrumentKind, Instruments, Margin, OrderQuantity,
    QuoteAge, SignalSymbol, Spec,
};
use crate::domain::market::{Tick, TickStep, TickTable};
use crate::domain::money::{Lots, Money, Ratio};
use crate::domain::order::Exchange;

words! {
    InstrumentKind { "future" => Self::Future, "equity" => Self::Equity }
    OrderQuantity { "units" => Self::Units, "lots" => Self::Lots }
    ExpiryRule {
        "last_tuesday" => Self::LastWeekday(Weekday::Tue),
        "last_wednesday" => Self::LastWeekday(Weekday::Wed),
        "last_thursday" => Self::LastWeekday(Weekday::Thu),
        "fifth" => Self::DayOfMonth(5),
        "last_day" => Self::LastDay,
    }
}

/// A figure that nobody we know vouches for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assumed {
    /// What confirms it in `desk.confirmed`: `instrument.COPPER.2025-07-01`.
    pub id: String,
    /// Which figures, and what is known of them.
    pub what: String,
    /// The first day of the row that replaces it.
    pub until: Option<NaiveDate>,
}

/// Reads `instruments.toml`; adds what is assumed to the list.
pub(super) fn read_instruments(mut file: Section<'_>, assumed: &mut Vec<Assumed>) -> Instruments {
    let mut all = Vec::new();
    for (name, mut section) in file.sections("instrument") {
        let root = section.take("root");
        let sector = section.take("sector");
        let id = format!("instrument.{name}");
        let common = read_common(&mut section, &id, assumed);
        section.finish();
        all.extend((|| {
            Some(Instrument {
                name,
                root: root?,
                sector: sector?,
                ..common?
            })
        })());
    }
    for (name, mut class) in file.sections("class") {
        let symbols = class.section("symbols").texts();
        let common = read_common(&mut class, &format!("class.{name}"), assumed);
        class.finish();
        all.extend(symbols.into_iter().filter_map(|(symbol, sector)| {
            Some(Instrument {
                name: symbol.clone(),
                root: symbol,
                sector,
                ..common.clone()?
            })
        }));
    }
    let indices = read_indices(&mut file);
    let list = Instruments::new(all, indices);
    if let Err(twice) = &list {
        let names = twice.join(", ");
        file.problem(
            "instrument",
            format!("names meaning two instruments: {names}"),
        );
    }
    file.finish();
    list.unwrap_or_default()
}

fn read_indices(file: &mut Section<'_>) -> Vec<(Exchange, String)> {
    let mut section = file.section("indices");
    let mut indices = Vec::new();
    for exchange in Exchange::ALL.into_iter().filter(|one| one.is_index()) {
        let names: Option<Option<Vec<String>>> = section.take(exchange.word());
        let names = names.flatten().unwrap_or_default();
        indices.extend(names.into_iter().map(|name| (exchange, name)));
    }
    section.finish();
    indices
}

/// Reads everything but the name, the root and the sector.
fn read_common(
    section: &mut Section<'_>,
    id: &str,
    assumed: &mut Vec<Assumed>,
) -> Option<Instrument> {
    let kind = section.take("kind");
    let aliases: Option<Option<Vec<String>>> = section.take("aliases");
    let signal_symbol = section.take("signal_symbol");
    let expiry = read_expiry(section, kind);
    let exit_by = section.has("exit_by").then(|| {
        section.read(
            "exit_by",
            |rule| read!(rule => ExitBy { working_days_before, at }),
        )
    });
    let quote_age = section.read("quote_age", |age| read!(age => QuoteAge { front, other }));
    let mut specs = Vec::new();
    let mut doubts = Vec::new();
    for row in section.rows("spec") {
        specs.extend(read_spec(row, id, &mut doubts));
    }
    specs.sort_by_key(|spec| spec.valid_from);
    assumed.extend(doubts.into_iter().map(|(from, doubt)| {
        Assumed {
            until: specs
                .iter()
                .map(|spec| spec.valid_from)
                .find(|next| *next > from),
            ..doubt
        }
    }));
    if specs.is_empty() {
        section.problem("spec", "needs at least one row");
    }
    read!(section => Instrument { exchange, order_quantity, product, roll_days, protection } with {
        name: Some(String::new()),
        root: Some(String::new()),
        sector: Some(String::new()),
        kind: kind,
        aliases: aliases.map(Option::unwrap_or_default),
        signal_symbol: signal_symbol,
        expiry: expiry,
        exit_by: exit_by.map_or(Some(None), |rule| rule.map(Some)),
        quote_age: quote_age,
        specs: Some(specs),
    })
}

/// Reads rules `{ from, rule }`, months, and the days that circulars fixed by month `"2026-03"`.
fn read_expiry(section: &mut Section<'_>, kind: Option<InstrumentKind>) -> Option<Expiry> {
    if kind != Some(InstrumentKind::Future) {
        return Some(Expiry::default());
    }
    let months: Option<Option<Vec<u32>>> = section.take("months");
    let mut rules = Vec::new();
    for mut row in section.rows("expiry") {
        let from: Option<NaiveDate> = row.take("from");
        let rule: Option<ExpiryRule> = row.take("rule");
        row.finish();
        rules.extend(from.zip(rule));
    }
    rules.sort_by_key(|(from, _)| *from);
    if rules.is_empty() {
        section.problem("expiry", "needs at least one row");
    }
    let fixed = section.read("expiry_fixed", |days| Some(read_fixed(days)));
    Some(Expiry {
        rules,
        months: months?.unwrap_or_default(),
        fixed: fixed?,
    })
}

fn read_fixed(days: &mut Section<'_>) -> BTreeMap<NaiveDate, NaiveDate> {
    let mut fixed = BTreeMap::new();
    for month in days.keys() {
        let day: Option<NaiveDate> = days.take(&month);
        match format!("{month}-01").parse() {
            Ok(first) => fixed.extend(day.map(|day| (first, day))),
            Err(_) => days.problem(&month, "must be a month, like \"2026-03\""),
        }
    }
    fixed
}

type Doubts = Vec<(NaiveDate, Assumed)>;

fn read_spec(mut row: Section<'_>, id: &str, assumed: &mut Doubts) -> Option<Spec> {
    let valid_from: Option<NaiveDate> = row.take("from");
    let ticks = row.take("tick");
    let margin = row.take("margin");
    let source: Option<String> = row.take("source");
    let doubts: Option<Option<Vec<String>>> = row.take("assumed");
    let doubts = doubts?.unwrap_or_default();
    if let (false, Some(from), Some(source)) = (doubts.is_empty(), valid_from, &source) {
        let doubt = Assumed {
            id: format!("{id}.{from}"),
            what: format!("{} ({source})", doubts.join(", ")),
            until: None,
        };
        assumed.push((from, doubt));
    }
    let max_order_lots: Option<Lots> = row.take("max_order_lots");
    if max_order_lots.is_some_and(Lots::is_zero) {
        row.problem("max_order_lots", "must be at least 1");
    }
    let units_per_lot: Option<u32> = row.take("units_per_lot");
    if units_per_lot == Some(0) {
        row.problem("units_per_lot", "must be at least 1");
    }
    let spec = read!(row => Spec { point_value, freeze } with {
        valid_from: valid_from,
        units_per_lot: units_per_lot,
        ticks: ticks,
        margin: margin,
        max_order_lots: max_order_lots,
        source: source,
        assumed: Some(!doubts.is_empty()),
    });
    row.finish();
    spec
}

impl FromSetting for TickTable {
    fn from_value(value: &Value) -> Result<Self, String> {
        let expected =
            "must be a tick, or rows { to, tick } with rising `to` and a last one { tick }";
        let Value::Array(rows) = value else {
            return Tick::from_value(value).map(Self::flat);
        };
        let (last, rows) = rows.split_last().ok_or(expected)?;
        let field = |row: &Value, key: &str| row.get(key).cloned().ok_or(expected);
        if last.get("to").is_some() {
            return Err(expected.to_owned());
        }
        let above = Tick::from_value(&field(last, "tick")?)?;
        let steps = rows
            .iter()
            .map(|row| {
                Ok(TickStep {
                    to: FromSetting::from_value(&field(row, "to")?)?,
                    tick: Tick::from_value(&field(row, "tick")?)?,
                })
            })
            .collect::<Result<Vec<_>, String>>()?;
        Self::new(steps, above).ok_or_else(|| expected.to_owned())
    }
}

impl FromSetting for Margin {
    fn from_value(value: &Value) -> Result<Self, String> {
        let Value::Table(table) = value else {
            return Money::from_value(value).map(Self::PerLot);
        };
        let leverage = |key: &str| {
            table
                .get(key)
                .and_then(|value| Ratio::from_value(value).ok())
                .filter(|leverage| *leverage >= Ratio::ONE)
                .ok_or_else(|| {
                    "must be an amount, or leverages { delivery, intraday } from 1".to_owned()
                })
        };
        Ok(Self::OfPrice {
            delivery: leverage("delivery")?,
            intraday: leverage("intraday")?,
        })
    }
}

impl FromSetting for SignalSymbol {
    fn from_value(value: &Value) -> Result<Self, String> {
        let text = String::from_value(value)?;
        let read = text.split_once(':').and_then(|(exchange, symbol)| {
            let exchange = exchange.parse().ok()?;
            (!symbol.is_empty()).then(|| Self {
                exchange,
                symbol: symbol.to_owned(),
            })
        });
        read.ok_or_else(|| {
            "must be an exchange and a symbol, like \"NSE_INDEX:BANKNIFTY\"".to_owned()
        })
    }
}
