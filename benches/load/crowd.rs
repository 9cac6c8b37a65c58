//! Many senders at once, each sending the next alert when its last is answered.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::Args;
use crate::alerts::Alerts;
use crate::figures::{Times, memory, ms, ticks};
use crate::line::Line;
use crate::world::{Running, Stage, World};

/// The number of alerts after which memory is looked at.
const MANY: usize = 10_000;

/// What all senders share.
struct Crowd {
    alerts: Alerts,
    sent: AtomicUsize,
    over: AtomicBool,
}

/// What one sender has seen.
#[derive(Default)]
struct Seen {
    times: Times,
    codes: BTreeMap<(u16, String), usize>,
}

impl Seen {
    fn take(&mut self, other: Self) {
        self.times.take(other.times);
        for (code, count) in other.codes {
            *self.codes.entry(code).or_default() += count;
        }
    }
}

/// Measures, and prints what it found.
pub(crate) async fn run(world: &World, args: &Args) {
    let (senders, seconds) = (args.senders, args.seconds);
    println!(
        "\ncrowd: {senders} senders for {seconds} s, log level {}",
        args.log
    );
    let log = [("TORANA__LOG__FILTER", args.log.as_str())];
    let stage = world.stage("crowd", &log).await;
    let gateway = stage.gateway(&world.dir().join("crowd.log"));
    let mut line = stage.line().await;
    stage.hold(&mut line).await;
    println!(
        "gateway before: {} kB resident",
        memory(gateway.pid(), "VmRSS:")
    );
    let crowd = Arc::new(Crowd {
        alerts: Alerts::new(stage.store().instruments()),
        sent: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    });
    let used = ticks(gateway.pid());
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..senders {
        let line = Line::to(stage.address, &Stage::path()).await;
        tasks.spawn(send(Arc::clone(&crowd), line));
    }
    watch(&crowd, &gateway, Duration::from_secs(seconds)).await;
    let mut seen = Seen::default();
    while let Some(one) = tasks.join_next().await {
        seen.take(one.unwrap());
    }
    let took = began.elapsed();
    println!(
        "gateway after: {} kB resident, at most {} kB; {} ms of processor",
        memory(gateway.pid(), "VmRSS:"),
        memory(gateway.pid(), "VmHWM:"),
        (ticks(gateway.pid()) - used) * 10,
    );
    show(seen, crowd.sent.load(Ordering::Relaxed), took);
    check(&stage).await;
}

async fn send(crowd: Arc<Crowd>, mut line: Line) -> Seen {
    let mut seen = Seen::default();
    while !crowd.over.load(Ordering::Relaxed) {
        let alert = crowd.alerts.next();
        let began = Instant::now();
        let answer = line.post(&alert.body).await;
        seen.times.add(began.elapsed());
        crowd.sent.fetch_add(1, Ordering::Relaxed);
        let code = (answer.status, answer.code().to_owned());
        *seen.codes.entry(code).or_default() += 1;
        crowd.alerts.answered(alert, &answer);
    }
    seen
}

/// Waits, looks at memory once enough alerts were decided, and ends it.
async fn watch(crowd: &Crowd, gateway: &Running, lasts: Duration) {
    let began = Instant::now();
    let (mut looked, mut second) = (false, 0);
    let mut rates = Vec::new();
    let mut before = 0;
    while began.elapsed() < lasts {
        sleep(Duration::from_millis(10)).await;
        let sent = crowd.sent.load(Ordering::Relaxed);
        if !looked && sent >= MANY {
            looked = true;
            let rss = memory(gateway.pid(), "VmRSS:");
            println!("gateway after {sent} alerts: {rss} kB resident (target 60,000)");
        }
        if began.elapsed().as_secs() > second {
            second += 1;
            rates.push(sent - before);
            before = sent;
        }
    }
    crowd.over.store(true, Ordering::Relaxed);
    rates.sort_unstable();
    let slowest = rates.first().copied().unwrap_or(0);
    println!("slowest second: {slowest} alerts");
}

fn show(seen: Seen, sent: usize, took: Duration) {
    let rate = sent * 1000 / usize::try_from(took.as_millis()).unwrap().max(1);
    let times = seen.times.sorted();
    times.show("alert sent -> answered, decision durable");
    let decided = |status| -> usize {
        let of = seen.codes.iter().filter(|((one, _), _)| *one == status);
        of.map(|(_, count)| count).sum()
    };
    let (accepted, rejected) = (decided(202), decided(200));
    println!(
        "{sent} alerts, {rate} a second (target 1,000), {} in 1,000 accepted, {} not decided, p99 {} (target 250)",
        (accepted * 1000 + sent / 2) / sent.max(1),
        sent - accepted - rejected,
        ms(times.at(990)),
    );
    for ((status, code), count) in seen.codes {
        println!("  {status} {code:<24} {count:>8}");
    }
}

/// What was written must hold together.
async fn check(stage: &Stage) {
    let chain = stage.store().verify_chain(stage.desk()).await.unwrap();
    assert_eq!(chain.broken_at, None, "the chain of facts is broken");
    let book = stage.book().await;
    println!(
        "{} facts, chain whole; the book holds {} intents, {} orders, {} legs",
        chain.holds_to.seq,
        book.intents.len(),
        book.orders.len(),
        book.legs.len(),
    );
}
