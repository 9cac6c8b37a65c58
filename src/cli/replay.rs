//! `torana replay`: the alerts that really came, through other rules, side by side.

use std::collections::BTreeMap;

use anyhow::bail;
use chrono::NaiveDate;
use clap::Args;
use serde_json::json;

use super::out::{BadArguments, Table, clock, gain, or_dash, print, print_json, rupees};
use crate::app::{self, Opened};
use crate::config::Config;
use crate::domain::calendar::DayTime;
use crate::domain::input::Input;
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::{Lots, Money, Price};
use crate::domain::rules::Rules;
use crate::domain::signal::{BarFrom, SourceId};
use crate::history::knobs::{set, turned};
use crate::history::replay::{Came, Decided, Replayed, replay};
use crate::http::webhook::{Asked, Reader, Scope, Sender};
use crate::http::{age_limits, sender};
use crate::store;

/// What `torana replay` takes.
#[derive(Args, Clone, Debug)]
pub struct ReplayArgs {
    /// The first exchange day.
    #[arg(long, value_name = "DATE")]
    from: NaiveDate,
    /// The last exchange day.
    #[arg(long, value_name = "DATE")]
    to: NaiveDate,
    /// The profile of the other rules.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// What is set in the other rules: `risk=0.5`, `GOLD_MINI.max_adds=1`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// Runs `torana replay`.
pub async fn run(args: ReplayArgs, config: Config, mut other: Rules) -> anyhow::Result<()> {
    for text in &args.set {
        let one = turned(text).map_err(BadArguments)?;
        let [value] = one.values.as_slice() else {
            return Err(BadArguments(format!("{text}: one value, please")).into());
        };
        set(&mut other, &one.key, *value).map_err(BadArguments)?;
    }
    if args.profile.is_none() && args.set.is_empty() {
        let wrong = "name other rules: --profile NAME or --set KEY=VALUE".to_owned();
        return Err(BadArguments(wrong).into());
    }
    let opened = app::open(config).await?;
    let from = DayTime::START.on(args.from);
    let stored = opened
        .store
        .alerts_between(opened.desk, (from, DayTime::END.on(args.to)))
        .await?;
    let senders = senders(&opened).await?;
    let read = Reading {
        opened: &opened,
        senders: &senders,
    };
    let came: Vec<(Came, String)> = stored.iter().filter_map(|one| read.again(one)).collect();
    if came.is_empty() {
        bail!("no alert came from {} to {}", args.from, args.to);
    }
    let had = opened.store.realised_at(opened.desk, from).await?;
    let opening = opened.config.settings.desk.opening_capital;
    let capital = had.map(Money::new).or(opening).unwrap_or(Money::ZERO);
    let alerts: Vec<Came> = came.iter().map(|(one, _)| one.clone()).collect();
    let ours = replay(&opened.config.rules, &alerts, capital);
    let theirs = replay(&other, &alerts, capital);
    let shown = Shown {
        came: &came,
        rules: [&opened.config.rules, &other],
        replayed: [&ours, &theirs],
        capital,
    };
    if args.json {
        return print_json(&shown.json());
    }
    print(&shown.text())
}

async fn senders(opened: &Opened) -> anyhow::Result<BTreeMap<SourceId, Sender>> {
    let all = opened.store.sources(opened.desk).await?;
    let known = all.iter().filter_map(sender);
    Ok(known.map(|one| (one.id, one)).collect())
}

struct Reading<'a> {
    opened: &'a Opened,
    senders: &'a BTreeMap<SourceId, Sender>,
}

impl Reading<'_> {
    /// Reads a stored alert as it was read when it came, with what was decided then.
    fn again(&self, one: &store::views::Came) -> Option<(Came, String)> {
        let rules = &self.opened.config.rules;
        let anyone = Sender {
            id: one.source,
            product: None,
            scope: Scope::default(),
            profile: None,
        };
        let reader = Reader {
            desk: self.opened.desk.0,
            instruments: &rules.instruments,
            sender: self.senders.get(&one.source).unwrap_or(&anyone),
            limits: age_limits(&self.opened.config.settings.webhook),
            long_only: rules.alerts.long_only,
            now: one.at,
        };
        let asked = reader.read(one.record.as_bytes()).ok()?.asked;
        let (input, instrument, price) = named(asked, one);
        let came = Came {
            at: one.at,
            input,
            id: one.id,
            instrument,
            price,
        };
        Some((came, one.code.clone()))
    }
}

/// Gives what was read the name it had.
fn named(asked: Asked, one: &store::views::Came) -> (Input, InstrumentIx, Option<Price>) {
    match asked {
        Asked::Signal(mut signal) => {
            signal.id = one.id;
            let (instrument, price) = (signal.instrument, signal.price);
            (Input::Signal(Box::new(signal)), instrument, price)
        }
        Asked::Scout(mut scout) => {
            scout.id = one.id;
            let (instrument, price) = (scout.instrument, scout.price);
            (Input::Scout(Box::new(scout)), instrument, Some(price))
        }
        Asked::Bar(_, mut bar) => {
            let (id, source) = (one.id, one.source);
            bar.from = BarFrom::Alert { id, source };
            let (instrument, price) = (bar.instrument, bar.close);
            (Input::Bar(Box::new(bar)), instrument, Some(price))
        }
    }
}

/// What is shown: as the rules are, and as they would be.
struct Shown<'a> {
    came: &'a [(Came, String)],
    rules: [&'a Rules; 2],
    replayed: [&'a Replayed; 2],
    capital: Money,
}

impl Shown<'_> {
    fn decided(&self, place: usize, came: &Came) -> Decided {
        let replayed = self.replayed.get(place);
        let found = replayed.and_then(|one| one.decided.get(&came.id));
        found.cloned().unwrap_or_default()
    }

    fn name(&self, came: &Came) -> String {
        let [ours, _] = self.rules;
        let found = ours.instruments.get(came.instrument);
        found.map_or_else(String::new, |one| one.name.clone())
    }

    fn text(&self) -> String {
        let mut table = Table::new(&[
            "WHEN",
            "INSTRUMENT",
            "DECIDED THEN",
            "AS THE RULES ARE",
            ">LOTS",
            "AS THEY WOULD BE",
            ">LOTS",
            "",
        ]);
        let mut same = 0;
        for (came, then) in self.came {
            let (ours, theirs) = (self.decided(0, came), self.decided(1, came));
            if ours == theirs && ours.code != "accepted" {
                same += 1;
                continue;
            }
            let mark = if ours == theirs { "" } else { "<" };
            table.row([
                clock(came.at),
                self.name(came),
                then.clone(),
                ours.code.to_owned(),
                or_dash(ours.lots),
                theirs.code.to_owned(),
                or_dash(theirs.lots),
                mark.to_owned(),
            ]);
        }
        let [ours, theirs] = self.replayed.map(|one| self.outcome(one));
        format!(
            "{} alerts; begins flat with {}, at the prices of the alerts; {same} refused or written \
             down alike are left out\n\n{}\nas the rules are    {ours}\nas they would be    {theirs}\n",
            self.came.len(),
            rupees(self.capital.get()),
            table.text("nothing differs"),
        )
    }

    fn outcome(&self, replayed: &Replayed) -> String {
        let outcome = &replayed.outcome;
        let made = outcome.equity() - self.capital;
        format!(
            "{} entries, {} adds, {} trades over, {} after charges of {}",
            outcome.entries.accepted,
            outcome.adds.accepted,
            outcome.closed().count(),
            gain(made.get()),
            rupees(outcome.costs.booked.get())
        )
    }

    fn json(&self) -> serde_json::Value {
        let one = |decided: Decided| {
            json!({
                "code": decided.code,
                "lots": decided.lots.map(Lots::get),
            })
        };
        let alerts: Vec<serde_json::Value> = self
            .came
            .iter()
            .map(|(came, then)| {
                json!({
                    "signal_id": came.id.to_string(),
                    "at": came.at.to_rfc3339(),
                    "instrument": self.name(came),
                    "then": then,
                    "as_is": one(self.decided(0, came)),
                    "would_be": one(self.decided(1, came)),
                })
            })
            .collect();
        let [ours, theirs] = self.replayed.map(|replayed| {
            let outcome = &replayed.outcome;
            json!({
                "entries": outcome.entries.accepted,
                "adds": outcome.adds.accepted,
                "trades": outcome.closed().count(),
                "equity": outcome.equity().get().normalize().to_string(),
                "charges": outcome.costs.booked.to_string(),
            })
        });
        json!({
            "capital": self.capital.to_string(),
            "alerts": alerts,
            "as_is": ours,
            "would_be": theirs,
        })
    }
}
