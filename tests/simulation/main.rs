//! Trading days from a seed: the core, what courier and monitor want of it, and the simulator's
//! floor, in memory on a virtual clock, with faults at random. A process that dies forgets
//! everything but the facts.
//!
//! After every step the invariants of `watch` hold; when a day is over our account is the floor's,
//! to the paisa. `TORANA_SEEDS=first..last` looks at other seeds; a seed that fails prints its story.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "what is generated is within its bounds, and a simulation that fails should stop"
)]

mod broker;
mod chance;
mod life;
mod market;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use life::{DAYS, Life};

/// Seeds that a run looks at unless it is told otherwise, and those that ever failed.
const SEEDS: core::ops::Range<u64> = 0..40;
const FAILED_ONCE: &[u64] = &[];

fn seeds() -> Vec<u64> {
    let asked = std::env::var("TORANA_SEEDS").ok();
    let range = asked.and_then(|text| {
        let (first, last) = text.split_once("..")?;
        Some(first.parse().ok()?..last.parse().ok()?)
    });
    FAILED_ONCE
        .iter()
        .copied()
        .chain(range.unwrap_or(SEEDS))
        .collect()
}

#[test]
fn days_of_anything_end_with_the_account_of_the_broker_and_nothing_done_twice() {
    let seeds = seeds();
    let (next, fills) = (AtomicU64::new(0), AtomicUsize::new(0));
    let failed = std::thread::scope(|scope| {
        let work = || {
            let mut failed = Vec::new();
            while let Some(seed) =
                seeds.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap())
            {
                let mut life = Life::new(*seed);
                if let Err(why) = catch_unwind(AssertUnwindSafe(|| life.live())) {
                    let why = why.downcast_ref::<String>().cloned().unwrap_or_default();
                    failed.push((*seed, format!("{}\n{why}", life.story())));
                    break;
                }
                fills.fetch_add(life.fills(), Ordering::Relaxed);
            }
            failed
        };
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .flat_map(|one| one.join().unwrap())
            .collect::<Vec<_>>()
    });
    if let Some((seed, story)) = failed.first() {
        panic!(
            "TORANA_SEEDS={seed}..{} fails; its story ends:\n{story}",
            seed + 1
        );
    }
    let fills = fills.into_inner();
    assert!(
        fills > seeds.len() * usize::try_from(DAYS).unwrap(),
        "only {fills} fills: these days were too quiet to mean anything"
    );
}
