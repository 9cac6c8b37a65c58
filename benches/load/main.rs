//! How fast the whole gateway is, and how much memory it takes: real processes, a real PostgreSQL
//! that syncs, the simulator in a process of its own. Only loopback is used, and everything made
//! is removed again.
//!
//! 1. *alone*: one alert in flight. Each is followed by one durable single-row INSERT through the
//!    same pool, so that disk and machine are the same for both; the gateway runs in this process.
//! 2. *crowd*: senders that keep their connections and send the next alert when the last is
//!    answered, one in ten accepted, against a gateway in a process of its own.
//! 3. *gap*: two hundred legs, and a price that falls through the stops of four of them, then of all:
//!    only with `--gap`.
//!
//! `cargo bench --profile release --bench load`, from a machine that does nothing else; `-- --help`
//! lists what can be changed. docs/PERFORMANCE.md has figures and targets.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::integer_division,
    reason = "a bench prints whole figures and stops when anything is not as it expects"
)]

mod alerts;
mod alone;
mod crowd;
mod figures;
mod gap;
mod line;
mod world;

use clap::Parser;

use crate::world::World;

/// Measures the gateway.
#[derive(Debug, Parser)]
struct Args {
    /// Alerts sent one at a time.
    #[arg(long, default_value_t = 2_000)]
    alone: usize,
    /// Seconds that the crowd sends for.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Senders of the crowd.
    #[arg(long, default_value_t = 32)]
    senders: usize,
    /// What the gateway of the crowd logs.
    #[arg(long, default_value = "warn")]
    log: String,
    /// Measures how long exits take when prices gap.
    #[arg(long)]
    gap: bool,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = World::new();
        figures::disk(world.dir());
        if args.alone > 0 {
            alone::run(&world, args.alone).await;
        }
        if args.seconds > 0 {
            crowd::run(&world, &args).await;
        }
        if args.gap {
            gap::run(&world, &args).await;
        }
        world.end().await;
    });
}
