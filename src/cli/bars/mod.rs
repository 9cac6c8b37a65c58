//! `torana bars`: OpenAlgo's history into the database, and what is missing there.

mod fetch;
mod kept;

use chrono::{NaiveDate, TimeDelta};
use clap::Args;
use serde_json::{Value, json};

pub use kept::{Fetched, Kept, read};

use self::fetch::{Tally, fetch};
use super::desk::instrument;
use super::out::{BadArguments, Table, print, print_json};
use crate::app::{self, Opened};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::domain::bars::{Ohlc, Spans, base, step_of};
use crate::domain::calendar::DayTime;
use crate::domain::instrument::InstrumentIx;
use crate::domain::rules::Rules;
use crate::history::fetched::{Gap, Stretch, gaps, stretches};
use crate::store::BarKey;

/// Rows asked for where an instrument has no chart of its own.
const INTERVAL: &str = "15m";

/// Days that are listed of each contract that lacks rows.
const GAPS_SHOWN: usize = 10;

/// What `torana bars` takes.
#[derive(Args, Clone, Debug)]
pub struct BarsArgs {
    /// Whose: rows of the contract that an entry would take on each day.
    #[arg(value_name = "INSTRUMENT")]
    instrument: String,
    /// The first day.
    #[arg(long, value_name = "DATE")]
    from: NaiveDate,
    /// The last day.
    #[arg(long, value_name = "DATE")]
    to: NaiveDate,
    /// How long each row is, in OpenAlgo's word (15m, 5m, 3m, 1m …); without it, the longest that
    /// makes up the bars of the instrument's chart.
    #[arg(long, value_name = "WORD")]
    interval: Option<String>,
    /// Asks nobody: says what is there and what is missing.
    #[arg(long)]
    check: bool,
    /// JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// Rows of one length of an instrument.
#[derive(Clone, Debug)]
struct Wanted {
    ix: InstrumentIx,
    /// OpenAlgo's word.
    interval: String,
    step: TimeDelta,
    stretches: Vec<Stretch>,
}

impl Wanted {
    fn new(
        rules: &Rules,
        (name, interval): (&str, Option<&str>),
        (from, to): (NaiveDate, NaiveDate),
    ) -> Result<Self, BadArguments> {
        if from > to {
            return Err(BadArguments("--from must not be after --to".to_owned()));
        }
        let ix = instrument(rules, name)?;
        let interval = interval.map_or_else(|| usual(rules, ix), str::to_owned);
        let step = step_of(&interval).ok_or_else(|| {
            BadArguments(format!(
                "--interval {interval}: 15m, 5m, 3m, 1m, 15s, 5s or 1s, please"
            ))
        })?;
        let stretches = stretches(rules, ix, (from, to));
        if stretches.is_empty() {
            let none = format!("no contract of {name} is known for these days");
            return Err(BadArguments(none));
        }
        Ok(Self {
            ix,
            interval,
            step,
            stretches,
        })
    }

    /// Returns the rows of a stretch that are kept.
    async fn kept(&self, opened: &Opened, stretch: &Stretch) -> anyhow::Result<Vec<Ohlc>> {
        let rules = &opened.config.rules;
        let symbol = rules.instruments.symbol(stretch.contract);
        let Some(instrument) = rules.instruments.get(self.ix) else {
            return Ok(Vec::new());
        };
        let key = BarKey {
            exchange: instrument.exchange,
            symbol: &symbol,
            step: self.step,
        };
        let time = (DayTime::START.on(stretch.from), DayTime::END.on(stretch.to));
        Ok(opened.store.kept_bars(key, time).await?)
    }
}

/// Returns the length of rows that the bars of an instrument are made of.
fn usual(rules: &Rules, ix: InstrumentIx) -> String {
    let of_chart = || {
        let exchange = rules.instruments.get(ix)?.exchange;
        let of = Spans::new(&rules.calendar, exchange, rules.bars.chart(ix)?.length)?;
        base(of, &[]).map(|(word, _)| word)
    };
    of_chart().unwrap_or(INTERVAL).to_owned()
}

/// What is there of one contract.
struct Found {
    symbol: String,
    stretch: Stretch,
    rows: Vec<Ohlc>,
    gaps: Vec<Gap>,
    tally: Tally,
}

/// Runs `torana bars`, by the hours of the exchanges.
pub async fn run(args: BarsArgs, config: Config, rules: Rules) -> anyhow::Result<()> {
    let named = (args.instrument.as_str(), args.interval.as_deref());
    let wanted = Wanted::new(&rules, named, (args.from, args.to))?;
    let opened = app::open(config).await?;
    let mut tallies = vec![Tally::default(); wanted.stretches.len()];
    if !args.check {
        fetch((&opened, &rules), &wanted, &mut tallies).await?;
    }
    let now = SystemClock.now();
    let exchange = rules.instruments.get(wanted.ix).map(|one| one.exchange);
    let of = exchange.and_then(|one| Spans::new(&rules.calendar, one, wanted.step));
    let mut all = Vec::new();
    for (stretch, tally) in wanted.stretches.iter().zip(tallies) {
        let rows = wanted.kept(&opened, stretch).await?;
        let gaps = of.map_or_else(Vec::new, |of| gaps(of, stretch, (&rows, now)));
        all.push(Found {
            symbol: rules.instruments.symbol(stretch.contract),
            stretch: *stretch,
            rows,
            gaps,
            tally,
        });
    }
    opened.store.close().await;
    if args.json {
        let all: Vec<Value> = all.iter().map(Found::json).collect();
        print_json(&json!({"interval": wanted.interval, "contracts": all}))?;
    } else {
        print(&text(&wanted, &all))?;
    }
    let failed = all.iter().find_map(|one| one.tally.failed.as_ref());
    match failed {
        Some(why) => Err(anyhow::anyhow!("not all of it was told: {why}")),
        None => Ok(()),
    }
}

impl Found {
    fn missing(&self) -> usize {
        self.gaps.iter().map(|gap| gap.missing).sum()
    }

    /// Says which days lack rows, the first of them.
    fn lacks(&self) -> Vec<String> {
        let shown = self.gaps.iter().take(GAPS_SHOWN).map(|gap| {
            let Gap {
                day,
                missing,
                expected,
            } = gap;
            if missing == expected {
                let why = "not traded, or a holiday that calendar.toml does not know";
                format!("{} {day}: no row: {why}", self.symbol)
            } else {
                format!(
                    "{} {day}: {missing} of {expected} rows missing",
                    self.symbol
                )
            }
        });
        let more = self.gaps.len().saturating_sub(GAPS_SHOWN);
        let rest = (more > 0).then(|| format!("{} and {more} more days", self.symbol));
        shown.chain(rest).collect()
    }

    fn json(&self) -> Value {
        let gaps = self
            .gaps
            .iter()
            .map(|gap| json!({"day": gap.day, "missing": gap.missing, "expected": gap.expected}));
        json!({
            "symbol": self.symbol,
            "from": self.stretch.from,
            "to": self.stretch.to,
            "rows": self.rows.len(),
            "newest": self.rows.last().map(|row| row.at),
            "changed": self.tally.changed,
            "wrong": self.tally.wrong,
            "missing": self.missing(),
            "gaps": gaps.collect::<Vec<Value>>(),
            "failed": self.tally.failed,
        })
    }
}

fn text(wanted: &Wanted, all: &[Found]) -> String {
    let heads = [
        "contract",
        "from",
        "to",
        ">rows",
        ">new",
        ">wrong",
        ">missing",
        "newest (IST)",
    ];
    let mut table = Table::new(&heads);
    let mut said = Vec::new();
    for one in all {
        let newest = one.rows.last().map(|row| super::out::clock(row.at));
        table.row([
            one.symbol.clone(),
            one.stretch.from.to_string(),
            one.stretch.to.to_string(),
            one.rows.len().to_string(),
            one.tally.changed.to_string(),
            one.tally.wrong.to_string(),
            one.missing().to_string(),
            newest.unwrap_or_else(|| "-".to_owned()),
        ]);
        said.extend(one.lacks());
    }
    said.push(String::new());
    format!(
        "rows of {}\n{}{}",
        wanted.interval,
        table.text("nothing"),
        said.join("\n")
    )
}
