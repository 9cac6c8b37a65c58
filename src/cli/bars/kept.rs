//! Fetched bars on their way into a back-test.

use anyhow::bail;
use chrono::NaiveDate;
use clap::Args;

use super::Wanted;
use crate::app;
use crate::cli::out::BadArguments;
use crate::config::Config;
use crate::domain::rules::Rules;
use crate::history::bars::Bars;
use crate::history::fetched::made;

/// What a back-test takes of the bars that `torana bars` has fetched.
#[derive(Args, Clone, Debug)]
pub struct Kept {
    /// Instruments whose bars `torana bars` has fetched; needs the database.
    #[arg(long, value_name = "INSTRUMENT", num_args = 1.., requires_all = ["from", "to"])]
    fetched: Vec<String>,
    /// Their first day.
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// Their last day.
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// How long the fetched rows are, in OpenAlgo's word.
    #[arg(long, value_name = "WORD")]
    interval: Option<String>,
    /// What was read of them.
    #[arg(skip)]
    pub ready: Vec<Fetched>,
}

/// The bars of one instrument.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Which.
    pub instrument: String,
    /// Its bars.
    pub bars: Bars,
    /// What they are made of.
    pub of: String,
}

/// Reads what a run takes of the fetched bars; opens no database where it takes none.
pub async fn read(
    kept: &mut Kept,
    config: impl FnOnce() -> anyhow::Result<Config>,
    rules: &Rules,
) -> anyhow::Result<()> {
    let (Some(from), Some(to)) = (kept.from, kept.to) else {
        if kept.from.or(kept.to).is_some() || kept.interval.is_some() {
            let needs = "--from, --to and --interval go with --fetched".to_owned();
            return Err(BadArguments(needs).into());
        }
        return Ok(());
    };
    let opened = app::open(config()?).await?;
    for name in &kept.fetched {
        let wanted = Wanted::new(rules, (name, kept.interval.as_deref()), (from, to))?;
        let mut rows = Vec::new();
        for stretch in &wanted.stretches {
            rows.push((*stretch, wanted.kept(&opened, stretch).await?));
        }
        let Some(made) = made(rules, wanted.ix, (&rows, wanted.step)) else {
            bail!("no bars of {name} from {from} to {to}: fetch them with torana bars");
        };
        let interval = &wanted.interval;
        let of = match made.holed {
            0 => format!("made of fetched rows of {interval}"),
            some => format!("made of fetched rows of {interval}, {some} with a row missing"),
        };
        kept.ready.push(Fetched {
            instrument: name.clone(),
            bars: made.bars,
            of,
        });
    }
    opened.store.close().await;
    Ok(())
}
