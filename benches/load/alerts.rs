//! What is sent: of ten alerts nine that a gate refuses, after every gate was asked, and one that is
//! accepted, in turns an entry into a share and the exit that gives it up or takes it out.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::VecDeque;
use std::sync::Mutex;

use chrono::SecondsFormat;
use torana::clock::{Clock as _, SystemClock};
use torana::config::Config;
use torana::domain::calendar::exchange_day;
use torana::domain::instrument::{InstrumentKind, Instruments};

use crate::line::Answer;

/// Futures that are held from the beginning, and where they stand.
pub(crate) const HELD: [(&str, i64); 5] = [
    ("BANK_NIFTY", 58_000),
    ("NIFTY", 25_000),
    ("GOLD_MINI", 78_500),
    ("SILVER_MINI", 95_000),
    ("COPPER", 850),
];
/// Where every share stands.
const SHARE: i64 = 1_000;

/// Makes alerts; shared by all senders.
pub(crate) struct Alerts {
    number: AtomicU64,
    accepted: AtomicU64,
    asked: AtomicU64,
    shares: Mutex<VecDeque<Share>>,
}

/// A share, and whether the next alert about it takes it out.
#[derive(Clone, Debug)]
struct Share {
    name: String,
    entered: bool,
}

/// An alert, and what it is to lead to.
pub(crate) struct Alert {
    /// The bytes that are sent.
    pub(crate) body: String,
    share: Option<Share>,
}

impl Alerts {
    /// Returns alerts about everything the configuration lists.
    pub(crate) fn new(instruments: &Instruments) -> Self {
        let shares = instruments
            .iter()
            .filter(|(_, one)| matches!(one.kind, InstrumentKind::Equity))
            .map(|(_, one)| Share {
                name: one.name.clone(),
                entered: false,
            })
            .collect();
        Self {
            number: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            shares: Mutex::new(shares),
        }
    }

    /// Returns the next alert.
    pub(crate) fn next(&self) -> Alert {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let hoped = self.accepted.load(Ordering::Relaxed) + self.asked.load(Ordering::Relaxed);
        if hoped * 10 <= number
            && let Some(share) = self.shares.lock().unwrap().pop_front()
        {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let body = if share.entered {
                exit(&share.name, number)
            } else {
                entry(&share.name, SHARE, number)
            };
            return Alert {
                body,
                share: Some(share),
            };
        }
        let (name, price) = HELD[usize::try_from(number).unwrap() % HELD.len()];
        let body = match number % 3 {
            0 => entry(name, price, number),
            1 => add(name, price, number),
            _ => entry(name, price * 11 / 10, number),
        };
        Alert { body, share: None }
    }

    /// Takes note of an answer; returns whether it was accepted.
    pub(crate) fn answered(&self, alert: Alert, answer: &Answer) -> bool {
        let accepted = answer.status == 202;
        if accepted {
            self.accepted.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(mut share) = alert.share {
            self.asked.fetch_sub(1, Ordering::Relaxed);
            // an exit that is under way, and an entry into what is still held, come again later
            share.entered = if share.entered {
                answer.code() == "exit_in_progress"
            } else {
                accepted
            };
            self.shares.lock().unwrap().push_back(share);
        }
        accepted
    }
}

/// An entry with a stop three per cent away.
pub(crate) fn entry(name: &str, price: i64, number: u64) -> String {
    layered("BASE_ENTRY", (name, "Long_1"), price, number)
}

fn add(name: &str, price: i64, number: u64) -> String {
    layered("PYRAMID", (name, "Long_2"), price, number)
}

fn layered(kind: &str, (name, position): (&str, &str), price: i64, number: u64) -> String {
    let (stop, atr, now) = (price * 97 / 100, price / 50, now());
    format!(
        r#"{{"type":"{kind}","instrument":"{name}","position":"{position}","price":{price},"stop":{stop},"atr":{atr},"er":0.82,"supertrend":{stop},"roc":2.5,"lots":4,"timestamp":"{now}","id":"load-{number}"}}"#
    )
}

fn exit(name: &str, number: u64) -> String {
    let now = now();
    format!(
        r#"{{"type":"EXIT","instrument":"{name}","position":"ALL","reason":"load","timestamp":"{now}","id":"load-{number}"}}"#
    )
}

fn now() -> String {
    SystemClock
        .now()
        .to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// What the simulator is told that everything costs, as the body of its switch.
pub(crate) fn prices(config: &Config) -> String {
    let (rules, today) = (&config.rules, exchange_day(SystemClock.now()));
    let rows = rules.instruments.iter().filter_map(|(ix, one)| {
        let contract = rules
            .instruments
            .contract_for_entry(ix, today, &rules.calendar)?;
        let held = HELD.iter().find(|(name, _)| *name == one.name);
        let price = held.map_or(SHARE, |(_, price)| *price);
        let symbol = rules.instruments.symbol(contract);
        let exchange = one.exchange;
        Some(format!(
            r#"{{"exchange":"{exchange}","symbol":"{symbol}","price":"{price}"}}"#
        ))
    });
    format!("[{}]", rows.collect::<Vec<_>>().join(","))
}
