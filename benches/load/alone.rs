//! One alert in flight, beside one durable single-row INSERT through the same pool.

use std::fs;
use std::process::Command;
use std::sync::Mutex;

use tokio::task::JoinSet;
use tokio::time::Instant;
use torana::app;
use torana::clock::{Clock as _, SystemClock};
use torana::domain::ids::Cause;
use torana::domain::signal::SourceId;
use torana::store::{DeskId, SignalRow, Store, Verdict};
use tracing_subscriber::EnvFilter;

use crate::alerts::Alerts;
use crate::figures::{Times, times};
use crate::world::World;

/// Alerts before anything is measured: plans are made, memory is touched.
const WARM: usize = 200;

/// Measures, and prints what it found.
pub(crate) async fn run(world: &World, count: usize) {
    println!("\nalone: one alert in flight, the gateway in this process, log level info");
    log_to(&world.dir().join("alone.log"));
    let stage = world.stage("alone", &[]).await;
    let mut tasks = JoinSet::new();
    let opened = app::open(stage.config()).await.unwrap();
    let store = opened.store.clone();
    tasks.spawn(async move { app::serve(opened).await });
    let mut line = stage.line().await;
    stage.hold(&mut line).await;
    let alerts = Alerts::new(store.instruments());
    let [mut all, mut accepted, mut rejected, mut inserts] = [(); 4].map(|()| Times::default());
    for number in 0..WARM + count {
        let began = Instant::now();
        insert(&store, stage.desk(), number).await;
        let inserted = began.elapsed();
        let alert = alerts.next();
        let began = Instant::now();
        let answer = line.post(&alert.body).await;
        let took = began.elapsed();
        assert!(matches!(answer.status, 200 | 202), "{}", answer.body);
        let is_accepted = alerts.answered(alert, &answer);
        if number < WARM {
            continue;
        }
        inserts.add(inserted);
        all.add(took);
        if is_accepted {
            accepted.add(took);
        } else {
            rejected.add(took);
        }
    }
    stop(&mut tasks).await;
    let (all, inserts) = (all.sorted(), inserts.sorted());
    inserts.show("durable single-row INSERT, same pool");
    all.show("alert sent -> answered, decision durable");
    rejected.sorted().show("  of these, rejected");
    accepted.sorted().show("  of these, accepted");
    println!(
        "alert : INSERT   p50 {} (target 4)   p99 : INSERT's p50 {} (target 10)",
        times(all.at(500), inserts.at(500)),
        times(all.at(990), inserts.at(500)),
    );
}

/// Writes a row of the table of alerts, as the gateway does for one that is invalid.
async fn insert(store: &Store, desk: DeskId, number: usize) {
    let mut name = [0x77; 10];
    let digits = u64::try_from(number).unwrap().to_be_bytes();
    name[..8].copy_from_slice(&digits);
    let now = SystemClock.now();
    let row = SignalRow {
        id: Cause::from_bytes(name),
        source: SourceId(1),
        received_at: now,
        moment: None,
        kind: "invalid",
        instrument: None,
        alert: None,
        body_hash: None,
        record: "{}",
        verdict: Verdict::Invalid,
        code: "load",
        status: 422,
        answer: "{}",
    };
    store.record_invalid(desk, &row).await.unwrap();
}

fn log_to(path: &std::path::Path) {
    let file = fs::File::create(path).unwrap();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("info"))
        .with_target(false)
        .with_writer(Mutex::new(file))
        .init();
}

/// Stops the gateway in this process, as a person would.
async fn stop(tasks: &mut JoinSet<anyhow::Result<()>>) {
    let me = std::process::id().to_string();
    let asked = Command::new("kill").args(["-TERM", &me]).status().unwrap();
    assert!(asked.success());
    tasks.join_next().await.unwrap().unwrap().unwrap();
}
