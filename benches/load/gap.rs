//! A gap: shares are held in four legs each, prices tick two thousand times a second, and then one
//! share, or every share, falls through its stops. The simulator writes down when each call came.
//!
//! The legs are written as facts, and the simulator bought them before: an entry through the gates
//! would take an hour for two hundred of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};
use torana::clock::{Clock as _, SystemClock};
use torana::domain::calendar::exchange_day;
use torana::domain::fact::{Fact, LegOpening};
use torana::domain::ids::{Cause, LegId, PositionId};
use torana::domain::instrument::{ContractId, InstrumentKind};
use torana::domain::money::{Lots, Points, Price};
use torana::domain::order::{Direction, Exchange};
use torana::domain::signal::{Layer, SourceId};
use torana::journal;
use torana::store::{FactRow, Write};

use crate::Args;
use crate::figures::{Times, ms};
use crate::line::Line;
use crate::world::{PATIENCE, Stage, World};

/// Shares that are held.
const SHARES: usize = 50;
/// Legs of each.
const LEGS: u8 = 4;
/// Where a share stands before it falls, in paise.
const STANDS: i64 = 100_000;
/// Where its stops are.
const STOP: i64 = 990;
/// Where it falls to: near enough that nobody doubts it.
const FALLS_TO: i64 = 98_600;
/// Between two prices of every share: two thousand prices a second of fifty shares.
const EVERY: Duration = Duration::from_millis(25);
/// Shares that fall alone, one after another.
const ALONE: usize = 10;

/// A share that is held.
struct Share {
    contract: ContractId,
    exchange: Exchange,
    symbol: String,
}

/// Where every share stands, in paise; whoever changes it is heard within one tick.
type Prices = BTreeMap<String, i64>;

/// Measures, and prints what it found.
pub(crate) async fn run(world: &World, args: &Args) {
    println!("\ngap: {SHARES} shares in {LEGS} legs each, 2,000 prices a second");
    let over = [
        ("TORANA__DESK__PROFILE", "scalper"),
        ("TORANA__LOG__FILTER", args.log.as_str()),
    ];
    let stage = world.stage("gap", &over).await;
    let shares = held(&stage);
    buy(&stage, &shares).await;
    open(&stage, &shares).await;
    let gateway = stage.gateway(&world.dir().join("gap.log"));
    let (falls, stands) = watch::channel(Prices::new());
    let mut tasks = JoinSet::new();
    let rows: Vec<_> = shares.iter().map(row).collect();
    tasks.spawn(tick(stage.sim(), rows, stands));
    let _line = stage.line().await;
    sleep(Duration::from_secs(3)).await;
    let mut times = Times::default();
    for share in shares.iter().take(ALONE) {
        alone(&stage, share, &falls)
            .await
            .into_iter()
            .for_each(|time| times.add(time));
        // the budget of a second, so that no exit waits for the last share's
        sleep(Duration::from_millis(1_500)).await;
    }
    times
        .sorted()
        .show("one share falls: its price -> its exits arrive");
    together(&stage, &shares, &falls).await;
    drop((gateway, tasks));
}

/// Returns the shares to hold.
fn held(stage: &Stage) -> Vec<Share> {
    let rules = stage.config().rules;
    let today = exchange_day(SystemClock.now());
    let shares = rules
        .instruments
        .iter()
        .filter(|(_, one)| one.kind == InstrumentKind::Equity);
    let shares = shares.filter_map(|(ix, one)| {
        let contract = rules
            .instruments
            .contract_for_entry(ix, today, &rules.calendar)?;
        Some(Share {
            contract,
            exchange: one.exchange,
            symbol: rules.instruments.symbol(contract),
        })
    });
    shares.take(SHARES).collect()
}

/// Buys at the simulator what is held.
async fn buy(stage: &Stage, shares: &[Share]) {
    let mut line = Line::to(stage.sim(), "/api/v1/placeorder").await;
    for share in shares {
        let order = json!({
            "apikey": "paper", "strategy": "load", "symbol": share.symbol,
            "exchange": share.exchange.word(), "action": "BUY", "product": "MIS",
            "pricetype": "MARKET", "quantity": "10",
        });
        let answer = line.post(&order.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

/// Writes the legs down: one, two, three and four of each share.
async fn open(stage: &Stage, shares: &[Share]) {
    let facts: Vec<Fact> = shares
        .iter()
        .zip(1_u8..)
        .flat_map(|(share, number)| (1..=LEGS).map(move |leg| opening(share, number, leg)))
        .collect();
    let now = SystemClock.now();
    let mut locked = stage.store().lock(stage.desk(), &[]).await.unwrap();
    let mut book = locked.book().await.unwrap();
    for fact in &facts {
        book.apply(fact, now);
    }
    let touched = book.take_touched();
    let rows: Vec<FactRow<'_>> = facts
        .iter()
        .map(|fact| FactRow {
            fact,
            at: now,
            signal: None,
            payload: journal::fact_text(fact, stage.store().instruments()),
        })
        .collect();
    let write = Write {
        now,
        facts: &rows,
        signals: &[],
        book: &book,
        touched: &touched,
        epoch: None,
    };
    locked.commit(&write).await.unwrap();
}

fn opening(share: &Share, number: u8, leg: u8) -> Fact {
    let name = |leg| Cause::from_bytes([number, leg, 0, 0, 0, 0, 0, 0, 0, 7]);
    let lots = Lots::new(u32::from(leg));
    Fact::LegOpened(Box::new(LegOpening {
        leg: LegId(name(leg)),
        position: PositionId(name(1)),
        base: leg == 1,
        layer: Layer(leg),
        contract: share.contract,
        direction: Direction::Long,
        product: torana::domain::order::Product::Mis,
        source: SourceId(1),
        lots,
        cost: Points::new(Decimal::from(1_000 * u32::from(leg))),
        stop: Price::new(STOP.into()).unwrap(),
        target: None,
        atr: None,
    }))
}

fn row(share: &Share) -> (Exchange, String) {
    (share.exchange, share.symbol.clone())
}

/// Names every price again and again, a tick up or down, or where it has fallen to.
async fn tick(sim: SocketAddr, rows: Vec<(Exchange, String)>, falls: watch::Receiver<Prices>) {
    let mut line = Line::to(sim, "/_sim/prices").await;
    let mut every = interval(EVERY);
    for step in 0_i64.. {
        every.tick().await;
        let fallen = falls.borrow().clone();
        let all = rows.iter().map(|(exchange, symbol)| {
            let paise = fallen.get(symbol).copied().unwrap_or(STANDS) + 5 * (step % 2);
            priced((*exchange, symbol), paise)
        });
        let answer = line
            .say("PUT", &json!(all.collect::<Vec<_>>()).to_string())
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

fn priced((exchange, symbol): (Exchange, &str), paise: i64) -> Value {
    let price = Decimal::new(paise, 2).to_string();
    json!({"exchange": exchange.word(), "symbol": symbol, "price": price})
}

/// Lets one share fall; returns how long each of its exits took to arrive.
async fn alone(stage: &Stage, share: &Share, falls: &watch::Sender<Prices>) -> Vec<Duration> {
    let mut line = Line::to(stage.sim(), "/_sim/prices").await;
    let body = priced((share.exchange, &share.symbol), FALLS_TO).to_string();
    let at = SystemClock.now();
    let answer = line.say("PUT", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    falls.send_modify(|falls| {
        falls.insert(share.symbol.clone(), FALLS_TO);
    });
    let calls = arrived(stage, at, usize::from(LEGS)).await;
    let took = |call: &(DateTime<Utc>, u64)| (call.0 - at).to_std().unwrap_or_default();
    calls.iter().map(took).collect()
}

/// Lets all that are left fall at once.
async fn together(stage: &Stage, shares: &[Share], falls: &watch::Sender<Prices>) {
    let left: Vec<&Share> = shares.iter().skip(ALONE).collect();
    let mut line = Line::to(stage.sim(), "/_sim/prices").await;
    let body: Vec<_> = left
        .iter()
        .map(|share| priced((share.exchange, &share.symbol), FALLS_TO))
        .collect();
    let at = SystemClock.now();
    let answer = line.say("PUT", &json!(body).to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    falls.send_modify(|falls| {
        falls.extend(left.iter().map(|share| (share.symbol.clone(), FALLS_TO)));
    });
    let wanted = left.len() * usize::from(LEGS);
    let began = Instant::now();
    let open = loop {
        let book = stage.book().await;
        let decided: Vec<_> = book
            .intents
            .values()
            .filter(|intent| !intent.opens() && intent.at >= at)
            .map(|intent| intent.at)
            .collect();
        if decided.len() >= wanted {
            break decided;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "{} of {wanted} exits",
            decided.len()
        );
        sleep(Duration::from_millis(100)).await;
    };
    let last = open.into_iter().max().unwrap_or(at) - at;
    println!(
        "all fall: {wanted} exits decided within {}",
        ms(last.to_std().unwrap_or_default())
    );
    let calls = arrived(stage, at, wanted).await;
    let span = calls
        .last()
        .map_or(TimeDelta::zero(), |(last, _)| *last - at);
    let rising = calls.windows(2).filter(|two| two[0].1 < two[1].1).count();
    println!(
        "all fall: the last of {wanted} exits arrives after {}; a smaller loss before a larger {rising} times",
        ms(span.to_std().unwrap_or_default())
    );
}

/// Waits until so many sells have come since; returns when each came, and of how much.
async fn arrived(stage: &Stage, since: DateTime<Utc>, wanted: usize) -> Vec<(DateTime<Utc>, u64)> {
    let began = Instant::now();
    loop {
        // a new connection each time: the simulator closes idle ones, as OpenAlgo's server does
        let mut line = Line::to(stage.sim(), "/_sim/state").await;
        let answer = line.say("GET", "").await;
        let shown: Value = serde_json::from_str(&answer.body).unwrap();
        let log = shown["log"].as_array().unwrap();
        let sells = log.iter().filter(|call| call["body"]["action"] == "SELL");
        let mut calls: Vec<(DateTime<Utc>, u64)> = sells
            .map(|call| {
                let at: DateTime<Utc> = call["at"].as_str().unwrap().parse().unwrap();
                let quantity = &call["body"]["quantity"];
                let quantity = quantity
                    .as_str()
                    .map_or_else(|| quantity.as_u64(), |text| text.parse().ok());
                (at, quantity.unwrap())
            })
            .filter(|(at, _)| *at >= since)
            .collect();
        if calls.len() >= wanted {
            calls.sort();
            return calls;
        }
        assert!(
            began.elapsed() < 2 * PATIENCE,
            "{} of {wanted} exits came",
            calls.len()
        );
        sleep(Duration::from_millis(250)).await;
    }
}
