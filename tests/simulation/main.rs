//! Trading days from a seed: the core, what courier and monitor want of it, and the simulator's
//! floor, in memory on a virtual clock, with faults at random. A process that dies forgets
//! everything but the facts.
//!
//! Alerts, prices, closed bars, looks at the end of the day, rolls, orders resting at the broker, its
//! books, people at the desk and at the broker's terminal: whatever the core can decide happens.
//! After every step the invariants of `watch` hold; when a day is over our account is the floor's,
//! to the paisa. `TORANA_SEEDS=first..last` looks at other seeds; a seed that fails prints its story.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "what is generated is within its bounds, and a simulation that fails should stop"
)]

mod accounts;
mod books;
mod broker;
mod chance;
mod courier;
mod durable;
mod feed;
mod happens;
mod life;
mod market;
mod people;
mod watch;
mod week;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use life::{DAYS, Life};

/// Seeds that a run looks at unless it is told otherwise, and those that ever failed. What happens
/// with a seed changes with the simulation: what it once showed is kept by the story or test that came
/// with its mending, not by the seed. 147 is the first that sees one of the planted bugs.
const SEEDS: core::ops::Range<u64> = 0..40;
const USUAL: usize = 40;
const FAILED_ONCE: &[u64] = &[53, 88, 119, 147, 182, 206, 419, 968, 1552, 1587, 1919, 1975];

/// Seeds that are lived over PostgreSQL as well, with the one that failed there.
const DURABLE: &[u64] = &[0, 1, 29];

/// Returns the seeds that are asked for under this name.
fn asked(name: &str) -> Option<core::ops::Range<u64>> {
    let text = std::env::var(name).ok()?;
    let (first, last) = text.split_once("..")?;
    Some(first.parse().ok()?..last.parse().ok()?)
}

fn seeds() -> Vec<u64> {
    let range = asked("TORANA_SEEDS");
    FAILED_ONCE
        .iter()
        .copied()
        .chain(range.unwrap_or(SEEDS))
        .collect()
}

/// How many lines of a story are told.
const TOLD: usize = 20_000;

/// What must have become true somewhere for the days to mean anything.
const EVERYTHING: &[&str] = &[
    "signal_accepted",
    "signal_rejected",
    "intent_lowered",
    "exit_widened",
    "reversal_waiting",
    "order_refused",
    "order_released",
    "order_queued",
    "order_uncertain",
    "order_not_placed",
    "cancel_failed",
    "modify_done",
    "trigger_seen",
    "leg_reduced",
    "leg_closed",
    "leg_marked",
    "leg_carried",
    "stop_moved",
    "stop_ordered",
    "eod_judged",
    "day_started",
    "limit_warned",
    "limit_breached",
    "limit_cleared",
    "trading_state_set",
    "drift_found",
    "repair_proposed",
    "finding_settled",
    "flatten_started",
    "flatten_ended",
    "roll_proposed",
    "roll_started",
    "roll_ended",
];

/// How often each kind of fact became true.
type Seen = BTreeMap<&'static str, u32>;

/// Lives a seed; returns what became true, or how its story ends.
fn live(seed: u64) -> Result<Seen, String> {
    let mut life = Life::new(seed, 0);
    match catch_unwind(AssertUnwindSafe(|| life.live())) {
        Ok(()) => Ok(life.seen),
        // the same once more, telling it
        Err(_) => Err(told(seed)),
    }
}

/// Lives a seed that fails; returns how its story ends.
fn told(seed: u64) -> String {
    let mut life = Life::new(seed, TOLD);
    match catch_unwind(AssertUnwindSafe(|| life.live())) {
        Ok(()) => format!("{seed} fails, and told once more it does not"),
        Err(why) => {
            let said = why.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| why.downcast_ref::<&str>().copied());
            let (story, said) = (life.story(), said.unwrap_or("no reason"));
            format!(
                "TORANA_SEEDS={seed}..{} fails; its story ends:\n{story}\n{said}",
                seed + 1
            )
        }
    }
}

#[test]
fn days_of_anything_end_with_the_account_of_the_broker_and_nothing_done_twice() {
    let seeds = seeds();
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        let mut all: Vec<Result<Seen, String>> = Vec::new();
        while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            if failed.load(Ordering::Relaxed) {
                break;
            }
            let lived = live(*seed);
            failed.fetch_or(lived.is_err(), Ordering::Relaxed);
            all.push(lived);
        }
        all
    };
    let lives = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        let lives = threads.into_iter().map(|one| one.join().unwrap());
        lives.flatten().collect::<Vec<_>>()
    });
    let mut seen = Seen::new();
    for life in lives {
        match life {
            Ok(one) => {
                for (kind, times) in one {
                    *seen.entry(kind).or_default() += times;
                }
            }
            Err(story) => panic!("{story}"),
        }
    }
    eprintln!("{} days: {seen:?}", seeds.len() * DAYS);
    if seeds.len() >= USUAL {
        let missing: Vec<_> = EVERYTHING
            .iter()
            .filter(|kind| !seen.contains_key(**kind))
            .collect();
        assert!(missing.is_empty(), "it never happened: {missing:?}");
    }
}

#[test]
fn the_same_days_over_postgresql_with_kills_make_the_same_facts() {
    let seeds: Vec<u64> =
        asked("TORANA_DURABLE").map_or_else(|| DURABLE.to_vec(), Iterator::collect);
    let next = AtomicUsize::new(0);
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut all = durable::Lived::default();
        while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let one = runtime.block_on(durable::live_again(*seed));
            all.facts += one.facts;
            all.deaths += one.deaths;
            all.unanswered.0 += one.unanswered.0;
            all.unanswered.1 += one.unanswered.1;
        }
        all
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        for lived in threads.into_iter().map(|one| one.join().unwrap()) {
            let (unanswered, made) = lived.unanswered;
            eprintln!(
                "{} facts, {} deaths, {unanswered} without an answer, {made} of them committed",
                lived.facts, lived.deaths
            );
        }
    });
}
