//! Killed anywhere, under anything that can go wrong: starting again is recovering.
//!
//! Each pair of a place and a fault is lived through: the gateway dies there while it takes an entry
//! (and, from the claim of an order on, again while it recovers or takes the exit), a new one starts
//! on the same database, and what was asked for is done once, or closed with a reason, with books
//! that agree to the paisa.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use torana::domain::money::Lots;

use crate::support::cases::{self, Case};
use crate::support::{Alert, Answer, Gateway, World, abreast, is_settled, until};

/// The places of an alert's life, in their order.
const PLACES: [&str; 11] = [
    "row1", "row2", "row3", "row4", "row5", "row6", "row7", "row8", "row9", "row10", "row11",
];

/// The signal of a process that ends itself at once.
const ABORT: i32 = 6;

/// How often each place has killed.
type Deaths = Arc<Mutex<BTreeMap<&'static str, u32>>>;

#[tokio::test]
async fn killed_anywhere_under_any_fault_an_alert_is_acted_on_once_or_closed_with_a_reason() {
    let deaths = Deaths::default();
    let pairs = PLACES.iter().flat_map(|place| {
        let deaths = Arc::clone(&deaths);
        cases::all()
            .into_iter()
            .map(move |case| (*place, case, Arc::clone(&deaths)))
    });
    abreast(pairs.collect(), async |(place, case, deaths)| {
        Life::new(place, case, deaths).await.live().await;
    })
    .await;
    let deaths = deaths.lock().unwrap_or_else(PoisonError::into_inner);
    for place in PLACES {
        assert!(
            deaths.get(place).is_some_and(|count| *count > 1),
            "{place} never killed: {deaths:?}"
        );
    }
}

#[tokio::test]
async fn when_the_process_that_sends_dies_anywhere_the_other_does_what_is_left_once() {
    let deaths = Deaths::default();
    let pairs = PLACES[4..].iter().flat_map(|place| {
        let deaths = Arc::clone(&deaths);
        let cases = cases::all().into_iter().filter(|case| case.lasts.is_none());
        cases.map(move |case| (*place, case, Arc::clone(&deaths)))
    });
    abreast(pairs.collect(), async |(place, case, deaths)| {
        Life::new(place, case, deaths)
            .await
            .beside_another()
            .await
            .live()
            .await;
    })
    .await;
    let deaths = deaths.lock().unwrap_or_else(PoisonError::into_inner);
    for place in &PLACES[4..] {
        assert!(
            deaths.contains_key(place),
            "{place} never killed: {deaths:?}"
        );
    }
}

/// How many gateways die at a place: one before an order can have left, else two.
fn deaths_of(place: &str) -> u32 {
    let at = PLACES.iter().position(|one| *one == place);
    if at < Some(6) { 1 } else { 2 }
}

/// One world, and gateways that die in it.
struct Life {
    world: World,
    case: Case,
    place: &'static str,
    deaths: Deaths,
    /// How many gateways are still to die.
    to_die: u32,
    gateway: Option<Gateway>,
    /// Runs beside the other, without the lease, and takes its place.
    standby: Option<Gateway>,
    logs: Vec<String>,
}

impl Life {
    async fn new(place: &'static str, case: Case, deaths: Deaths) -> Self {
        let world = World::new(case.settings).await;
        Self {
            world,
            case,
            place,
            deaths,
            to_die: deaths_of(place),
            gateway: None,
            standby: None,
            logs: Vec::new(),
        }
    }

    /// The same with a second process from the start, which lives on.
    async fn beside_another(mut self) -> Self {
        self.to_die = 1;
        self.revive().await;
        self.wait("priced", async |world| world.knows_prices().await)
            .await;
        self.standby = Some(self.world.spawn(&[]).open().await);
        self
    }

    async fn live(mut self) {
        self.revive().await;
        self.wait("priced", async |world| world.knows_prices().await)
            .await;
        self.world.sim.set_faults(self.case.faults.clone());
        let entered = self.send(&Alert::entry()).await;
        if entered.body["code"] == "price_unknown" && self.case.hides_prices() {
            return;
        }
        assert_eq!(entered.status, 202, "{}: {entered:?}", self.story());
        let held = self.settle().await;
        if deaths_of(self.place) == 1 && !self.case.faults.is_empty() {
            // no fault of an exit can have struck where this gateway dies
            return;
        }
        if held > Lots::ZERO && self.case.word != "fill_after_cancel" {
            self.world.sim.set_faults(self.case.faults.clone());
        }
        if held > Lots::ZERO {
            let left = self.send(&Alert::exit()).await;
            assert_eq!(left.status, 202, "{}: {left:?}", self.name());
            assert_eq!(self.settle().await, Lots::ZERO, "{}", self.story());
        }
        let verdicts = self.world.signals().await;
        assert!(verdicts.len() <= 2, "{}: {verdicts:?}", self.name());
    }

    fn name(&self) -> String {
        format!("{} under {}", self.place, self.case.word)
    }

    fn story(&self) -> String {
        let now = self.gateway.iter().map(Gateway::log);
        let all: Vec<String> = self.logs.iter().cloned().chain(now).collect();
        format!("{}\n{}", self.name(), all.join("\n--- and again ---\n"))
    }

    /// Sends an alert until it is answered, as its sender would.
    async fn send(&mut self, alert: &Alert) -> Answer {
        loop {
            self.revive().await;
            let Some(gateway) = &mut self.gateway else {
                continue;
            };
            if !gateway.opens().await {
                continue;
            }
            if let Some(answer) = self.world.send(gateway, alert).await {
                return answer;
            }
            gateway.died().await;
        }
    }

    /// Starts a new gateway where the last one has died.
    async fn revive(&mut self) {
        if let Some(gateway) = &mut self.gateway {
            let Some(status) = gateway.ended() else {
                return;
            };
            let log = gateway.log();
            let aborted = status.signal() == Some(ABORT) && !log.contains("panicked");
            assert!(aborted, "it ended by itself, {status}\n{}", self.story());
            self.logs.push(log);
            let mut deaths = self.deaths.lock().unwrap_or_else(PoisonError::into_inner);
            *deaths.entry(self.place).or_default() += 1;
        }
        self.world.end_lease().await;
        if let Some(standby) = self.standby.take() {
            self.gateway = Some(standby);
            return;
        }
        let crash = format!("{}:1", self.place);
        let over = [("TORANA_CRASH_AFTER", crash.as_str())];
        let over = if self.to_die > 0 { &over[..] } else { &[] };
        self.to_die = self.to_die.saturating_sub(1);
        self.gateway = Some(self.world.spawn(over));
    }

    /// Waits until everything is over and the books agree; returns what is held.
    async fn settle(&mut self) -> Lots {
        if let Some((route, times)) = self.case.lasts {
            let goal = self.world.calls(route) + times;
            self.wait("called or settled", async |world| {
                world.calls(route) >= goal || is_settled(&world.book().await)
            })
            .await;
            self.world.sim.clear_faults().unwrap();
        }
        self.wait("settled", async |world| is_settled(&world.book().await))
            .await;
        if self.case.lasts.is_none() {
            self.world.sim.clear_faults().unwrap();
            self.world.price("78500");
        }
        self.wait("equal", async |world| world.difference().await.is_none())
            .await;
        let book = self.world.book().await;
        for intent in book.intents.values() {
            assert!(intent.end.is_some(), "{}", self.story());
        }
        book.legs
            .values()
            .fold(Lots::ZERO, |sum, leg| sum.plus(leg.lots))
    }

    /// Waits for something while gateways die and start.
    async fn wait(&mut self, what: &str, is: impl AsyncFn(&World) -> bool) {
        let found = until(async || {
            self.revive().await;
            is(&self.world).await.then_some(())
        });
        if found.await.is_none() {
            let difference = self.world.difference().await;
            let book = self.world.summary().await;
            panic!("not {what}: {difference:?}\n{book:#?}\n{}", self.story());
        }
    }
}
