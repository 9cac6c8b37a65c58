//! The files of a run, read whole: a row that is not understood stops it.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};

use crate::cli::out::BadArguments;
use crate::domain::instrument::InstrumentIx;
use crate::domain::rules::Rules;
use crate::history::bars::Bars;
use crate::history::check::count;
use crate::history::export;
use crate::history::measure::Wilder;
use crate::history::name::{apart, instrument_of};
use crate::history::report::Source;
use crate::history::run::Given;
use crate::history::table::Problem;

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
    rules: &Rules,
    lists: &[String],
    (bars, atr_length): (&[String], u32),
) -> anyhow::Result<(Vec<Given>, Vec<Source>)> {
    let mut reading = Reading {
        rules,
        atr_length,
        given: BTreeMap::new(),
        sources: Vec::new(),
    };
    if lists.is_empty() && bars.is_empty() {
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
    Ok((reading.given.into_values().collect(), reading.sources))
}

struct Reading<'r> {
    rules: &'r Rules,
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
        let mut bars = Bars::read(text).map_err(|problem| refused(&file, &[problem]))?;
        if !bars.problems.is_empty() {
            return Err(refused(&file, &bars.problems));
        }
        bars.measure(&mut Wilder::new(self.atr_length));
        let minutes = bars.length.num_minutes();
        let held = format!("{} bars of {minutes} minutes", bars.all.len());
        let (given, instrument) = self.of(word)?;
        if given.bars.is_some() {
            bail!("{file}: there are bars of {instrument} already");
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

fn text(word: &str) -> anyhow::Result<String> {
    let (_, file) = apart(word);
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
