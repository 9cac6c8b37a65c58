//! Our side of the comparison with other back-testers: the same bars, the same strategy, through the
//! whole core. `compare.py` beside this file runs theirs and holds the trades against each other.
//!
//! The strategy: on every 40th bar after the first, when nothing was held before it, buy at its
//! close with a stop 600 points below. On each later bar: out at its close when that is at the stop or below it; else
//! the stop follows the highest close at a distance of 1,200 points.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use chrono::TimeDelta;
use rust_decimal::Decimal;
use torana::domain::charges::Charges;
use torana::domain::input::Input;
use torana::domain::money::{Lots, Points, Price, Ratio};
use torana::domain::rules::Rules;
use torana::domain::signal::{Ask, Bar, BarFrom, Layer};

const BARS: u32 = 100_000;

/// Bars from one chance to enter to the next.
const EVERY: u32 = 40;

const RANGE: i64 = 600;

/// A walk that anybody can make again: steps of up to 250 points, from a plain generator.
fn closes() -> Vec<i64> {
    let (mut state, mut price) = (20_250_203_u64, 120_000_i64);
    let steps = (0..BARS).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let step = i64::try_from((state >> 33) % 501).unwrap() - 250;
        // Pulled back to where it began, so that it stays a price.
        price += step + (120_000 - price) / 500;
        price
    });
    steps.collect()
}

/// Rules under which nothing but the strategy moves a number.
fn plain(rules: &Rules) -> Rules {
    let mut rules = rules.clone();
    rules.charges = Charges::default();
    rules.stops.peel_off = false;
    rules.day.loss = None;
    rules.day.drawdown = None;
    rules.day.trades = None;
    rules.day.losing_streak = None;
    rules.day.cool_down = TimeDelta::zero();
    for limits in &mut rules.per_instrument {
        limits.max_lots = Some(Lots::new(1));
        limits.trailing_atr = Ratio::new(Decimal::from(2));
    }
    rules
}

/// How often the same is run: the fastest counts, as everything else on a machine only adds to it.
const RUNS: usize = 3;

/// What a run comes to.
struct Run {
    trades: String,
    realised: Decimal,
    facts: u64,
    seconds: f64,
}

/// Runs it, and writes bars, trades and the time a bar takes into a directory.
pub(crate) fn run(rules: &Rules, dir: &Path) {
    let rules = plain(rules);
    let closes = closes();
    let runs = (0..RUNS).map(|_| trade(&rules, &closes));
    let best = runs.min_by(|one, other| one.seconds.total_cmp(&other.seconds));
    let run = best.unwrap();
    let each = run.seconds * 1e9 / f64::from(BARS);
    println!(
        "{BARS} bars: {each:.0} ns a bar; {} trades, {} facts, realised {}",
        run.trades.lines().count() - 1,
        run.facts,
        run.realised
    );
    std::fs::create_dir_all(dir).unwrap();
    let bars: Vec<String> = closes.iter().map(i64::to_string).collect();
    std::fs::write(dir.join("closes.csv"), bars.join("\n")).unwrap();
    std::fs::write(dir.join("trades.csv"), run.trades).unwrap();
    std::fs::write(dir.join("realised.txt"), run.realised.to_string()).unwrap();
    std::fs::write(dir.join("nanoseconds.txt"), each.to_string()).unwrap();
}

fn trade(rules: &Rules, closes: &[i64]) -> Run {
    let mut world = super::world(rules, Decimal::ZERO);
    let start = world.now();
    let gold = rules.instruments.by_name("GOLD_MINI").unwrap();
    let range = Some(Points::new(Decimal::from(RANGE)));
    let (mut trades, mut entered) = (String::from("entry_bar,entry,exit_bar,exit\n"), None);
    let began = Instant::now();
    for (number, close) in (0_u32..).zip(closes) {
        let at = start + TimeDelta::seconds(i64::from(number + 1) * 10);
        let price = Price::new(Decimal::from(*close)).unwrap();
        let was_flat = entered.is_none();
        world.pass(at);
        world.mark(gold, price);
        world.take(&Input::Bar(Box::new(Bar {
            from: BarFrom::History,
            instrument: gold,
            contract: None,
            opened_at: Some(at - TimeDelta::seconds(10)),
            at,
            close: price,
            atr: range,
        })));
        if let Some((bar, entry)) = entered.filter(|_| world.book().position_in(gold).is_none()) {
            writeln!(trades, "{bar},{entry},{number},{close}").unwrap();
            entered = None;
        }
        if was_flat && number > 0 && number % EVERY == 0 {
            let mut signal = super::said(number, rules, at);
            signal.instrument = gold;
            signal.ask = Ask::Enter {
                direction: torana::domain::order::Direction::Long,
                layer: Layer(1),
            };
            signal.price = Some(price);
            signal.stop = Price::new(Decimal::from(close - RANGE));
            signal.atr = range;
            world.take(&Input::Signal(Box::new(signal)));
            let held = world.book().position_in(gold).unwrap();
            entered = Some((number, held.base_entry));
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let realised = world.book().desk.realised.get();
    let (count, _) = world.end();
    Run {
        trades,
        realised,
        facts: count.facts,
        seconds,
    }
}
