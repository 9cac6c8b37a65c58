//! The files of a run, read whole: a row that is not understood stops it.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};

use super::parquet;
use crate::cli::bars::Fetched;
use crate::cli::out::BadArguments;
use crate::config::Config;
use crate::domain::instrument::InstrumentIx;
use crate::domain::rules::Rules;
use crate::history::bars::Bars;
use crate::history::check::count;
use crate::history::export;
use crate::history::measure::Wilder;
use crate::history::name::{apart, instrument_of};
use crate::history::report::Source;
use crate::history::run::Given;
use crate::history::scripted::Scripted;
use crate::history::table::Problem;
use crate::strategy::Signals;

/// The most problems of a file that are listed.
const PROBLEMS_MAX: usize = 10;

/// The sample that is built in: made by a random walk, and worth nothing but to look at.
const SAMPLE: [(&str, &str); 2] = [
    (
        "Bank_Nifty_sample.csv",
        include_str!("../../../config/sample/Bank_Nifty_sample.csv"),
    ),
    (
        "Gold_Mini_sample.csv",
        include_str!("../../../config/sample/Gold_Mini_sample.csv"),
    ),
];

/// What is to be said of the sample.
pub(super) const SAMPLE_SAYS: &str = "ASSUMED: all of it. These trades are the sample that is built in, made from a \
     random walk; they say nothing of any market.";

/// Reads lists of trades and bars.
pub(super) fn given(
    config: &Config,
    lists: &[String],
    ((bars, fetched), atr_length): ((&[String], &[Fetched]), u32),
) -> anyhow::Result<(Vec<Given>, Vec<Source>)> {
    let mut reading = Reading {
        rules: &config.rules,
        scripts: lists.is_empty().then_some(&config.signals),
        atr_length,
        given: BTreeMap::new(),
        sources: Vec::new(),
    };
    if lists.is_empty() && bars.is_empty() && fetched.is_empty() {
        for (name, text) in SAMPLE {
            reading.list(name, text)?;
        }
    }
    for word in lists {
        reading.list(word, &text(word)?)?;
    }
    for word in bars {
        reading.bars(word, &text(word)?)?;
    }
    for one in fetched {
        let word = format!("{}=the database", one.instrument);
        reading.take(&word, one.bars.clone(), &format!(", {}", one.of))?;
    }
    Ok((reading.given.into_values().collect(), reading.sources))
}

struct Reading<'r> {
    rules: &'r Rules,
    /// What our own scripts look at, where they trade the bars.
    scripts: Option<&'r Signals>,
    atr_length: u32,
    given: BTreeMap<InstrumentIx, Given>,
    sources: Vec<Source>,
}

impl Reading<'_> {
    fn of(&mut self, word: &str) -> anyhow::Result<(&mut Given, String)> {
        let instrument = instrument_of(self.rules, word).map_err(BadArguments)?;
        let name = self.rules.instruments.get(instrument);
        let name = name.map_or_else(String::new, |one| one.name.clone());
        let given = self.given.entry(instrument).or_insert(Given {
            instrument,
            exports: Vec::new(),
            bars: None,
            script: None,
        });
        Ok((given, name))
    }

    fn list(&mut self, word: &str, text: &str) -> anyhow::Result<()> {
        let file = apart(word).1.to_owned();
        let export = export::read(text).map_err(|problem| refused(&file, &[problem]))?;
        if !export.problems.is_empty() {
            return Err(refused(&file, &export.problems));
        }
        let counted = count(&export);
        let held = format!(
            "{} rows: {} entries, {} adds, {} exits, {} open",
            counted.rows, counted.entries, counted.adds, counted.exits, counted.open
        );
        let (given, instrument) = self.of(word)?;
        given.exports.push(export);
        self.sources.push(Source {
            file,
            instrument,
            held,
        });
        Ok(())
    }

    fn bars(&mut self, word: &str, text: &str) -> anyhow::Result<()> {
        let file = apart(word).1.to_owned();
        let bars = Bars::read(text).map_err(|problem| refused(&file, &[problem]))?;
        if !bars.problems.is_empty() {
            return Err(refused(&file, &bars.problems));
        }
        self.take(word, bars, "")
    }

    /// Takes bars over, with the average true range where they have none.
    fn take(&mut self, word: &str, mut bars: Bars, of: &str) -> anyhow::Result<()> {
        let file = apart(word).1.to_owned();
        bars.measure(&mut Wilder::new(self.atr_length));
        let minutes = bars.length.num_minutes();
        let mut held = format!("{} bars of {minutes} minutes{of}", bars.all.len());
        let (rules, scripts) = (self.rules, self.scripts);
        let (given, instrument) = self.of(word)?;
        if given.bars.is_some() {
            bail!("{file}: there are bars of {instrument} already");
        }
        if let Some(signals) = scripts {
            let script = Scripted::new((signals, rules), given.instrument, &bars);
            let script = script.ok_or_else(|| no_script(&instrument))?;
            let made_for = script.parameters.settings.interval;
            held = if i64::from(made_for) == minutes {
                format!("{held}, traded by our own script")
            } else {
                format!("{held}, traded by our own script, which was made for {made_for} minutes")
            };
            given.script = Some(script);
        }
        given.bars = Some(bars);
        self.sources.push(Source {
            file,
            instrument,
            held,
        });
        Ok(())
    }
}

fn no_script(instrument: &str) -> BadArguments {
    BadArguments(format!(
        "{instrument} has no script in signals.toml that could trade these bars: name a list of \
         trades with --signals"
    ))
}

fn text(word: &str) -> anyhow::Result<String> {
    let (_, file) = apart(word);
    if parquet::is_meant(file) {
        return parquet::as_csv(file);
    }
    std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))
}

fn refused(file: &str, problems: &[Problem]) -> anyhow::Error {
    let shown = problems.iter().take(PROBLEMS_MAX);
    let shown: Vec<String> = shown
        .map(|problem| format!("  {file}:{}: {}", problem.line, problem.reason))
        .collect();
    let count = problems.len();
    anyhow::anyhow!("{count} rows were not understood:\n{}", shown.join("\n"))
}
