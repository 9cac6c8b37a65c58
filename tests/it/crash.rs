//! Killed anywhere, under anything that can go wrong: starting again is recovering.
//!
//! Each fault has a world, and in it the gateway dies at every place of an alert's life in turn: while
//! it takes an entry (and, from the claim of an order on, again while it takes the exit). Another goes
//! on with the same database, and what was asked for is done once, or closed with a reason, with books
//! that agree to the paisa.

use std::os::unix::process::ExitStatusExt as _;

use torana::domain::book::{Book, Order};
use torana::domain::ids::IntentId;
use torana::domain::input::TradingState;
use torana::domain::money::Lots;

use crate::support::cases::{self, Case};
use crate::support::{Alert, Answer, Gateway, World, abreast, is_settled, until};

/// The places of an alert's life, in their order.
const PLACES: [&str; 11] = [
    "row1", "row2", "row3", "row4", "row5", "row6", "row7", "row8", "row9", "row10", "row11",
];

/// The first place behind a commit.
const DECIDED: usize = 4;

/// The first place behind the claim of an order.
const CLAIMED: usize = 6;

/// The first place that only a report passes.
const REPORTED: usize = 9;

/// The price when an entry comes, and when its exit does: a little more, so that a world gains.
const BEFORE: &str = "78500";
const AFTER: &str = "78600";

/// The signal of a process that ends itself at once.
const ABORT: i32 = 6;

/// Nobody waits for a lease to run out: that of a dead process is ended as time would end it. So it
/// may be long, and no machine is too busy to renew it.
const LEASE: (&str, &str) = ("TORANA__COURIER__LEASE", "20s");

#[tokio::test]
async fn killed_anywhere_under_any_fault_an_alert_is_acted_on_once_or_closed_with_a_reason() {
    abreast(cases::all(), async |case| {
        let mut street = Street::new(case, 1).await;
        for place in 0..PLACES.len() {
            street.live(place).await;
        }
    })
    .await;
}

#[tokio::test]
async fn when_the_process_that_sends_dies_anywhere_the_other_does_what_is_left_once() {
    let of_orders = cases::all().into_iter().filter(|case| case.lasts.is_none());
    abreast(of_orders.collect(), async |case| {
        let mut street = Street::new(case, 2).await;
        for place in DECIDED..PLACES.len() {
            street.live(place).await;
        }
    })
    .await;
}

/// One world under one fault, and the gateways that die in it.
struct Street {
    /// The first takes entries, the last exits.
    gateways: Vec<Gateway>,
    /// How many run at a time.
    count: usize,
    world: World,
    case: Case,
    place: &'static str,
    price: &'static str,
    logs: Vec<String>,
}

impl Street {
    async fn new(case: Case, count: usize) -> Self {
        let settings: Vec<_> = case.settings.iter().copied().chain([LEASE]).collect();
        Self {
            gateways: Vec::new(),
            count,
            world: World::guarded(&settings).await,
            case,
            place: "",
            price: BEFORE,
            logs: Vec::new(),
        }
    }

    /// Dies at a place, with an entry and then with its exit.
    async fn live(&mut self, at: usize) {
        self.place = PLACES[at];
        self.logs.clear();
        self.ready().await;
        self.price = BEFORE;
        self.world.price(self.price);
        self.strike(true);
        let answer = self.send(&Alert::entry()).await;
        assert_eq!(answer.status, 202, "{}: {answer:?}", self.story());
        let entry: IntentId = answer.body["intent_id"].as_str().unwrap().parse().unwrap();
        let book = self.settle().await;
        self.check(at, &book, entry).await;
        if held(&book) > Lots::ZERO {
            self.leave(at).await;
        }
        self.resume().await;
    }

    /// Takes out what is held, and dies on the way where an exit passes.
    async fn leave(&mut self, at: usize) {
        self.price = AFTER;
        self.world.price(self.price);
        if self.case.word != "fill_after_cancel" {
            self.strike(at >= CLAIMED);
        }
        let answer = self.send(&Alert::exit()).await;
        assert_eq!(answer.status, 202, "{}: {answer:?}", self.story());
        let exit: IntentId = answer.body["intent_id"].as_str().unwrap().parse().unwrap();
        let book = self.settle().await;
        assert_eq!(held(&book), Lots::ZERO, "{}", self.story());
        if at >= CLAIMED {
            self.check(at, &book, exit).await;
        }
    }

    /// Fails unless a gateway died, where what it did led past the place, and the goal has its end.
    async fn check(&mut self, at: usize, book: &Book, intent: IntentId) {
        let orders = |is: fn(&Order) -> bool| {
            let all = book.orders.range(intent.order(0)..=intent.order(u16::MAX));
            all.into_iter().any(|(_, order)| is(order))
        };
        let passed = if at < CLAIMED {
            true
        } else if at < REPORTED {
            orders(|order| order.claimed_at.is_some())
        } else {
            orders(|order| order.filled.get() > 0)
        };
        let mut after = None;
        if passed && self.world.is_armed() {
            // what was committed shows a moment before its process passes the place behind it
            self.wait("struck", async |world| !world.is_armed()).await;
            after = Some(self.settle().await);
        }
        self.world.disarm();
        let book = after.as_ref().unwrap_or(book);
        let end = book.intents.get(&intent).and_then(|intent| intent.end);
        assert!(end.is_some(), "{intent} has no end: {}", self.story());
    }

    /// Waits until all gateways run, and one of them sends.
    async fn ready(&mut self) {
        self.wait("priced", async |world| world.knows_prices().await)
            .await;
        while !self.open_all().await {
            self.revive().await;
        }
    }

    async fn open_all(&mut self) -> bool {
        for gateway in &mut self.gateways {
            if !gateway.opens().await {
                return false;
            }
        }
        true
    }

    /// Lets the fault strike from now on, and the gateway that comes by die.
    fn strike(&self, armed: bool) {
        self.world.sim.set_faults(self.case.faults.clone());
        if armed {
            self.world.arm(self.place);
        }
    }

    /// Sends an alert until it is answered, as its sender would.
    async fn send(&mut self, alert: &Alert) -> Answer {
        loop {
            self.revive().await;
            let door = match self.price {
                BEFORE => self.gateways.first_mut(),
                _ => self.gateways.last_mut(),
            };
            let Some(gateway) = door else { continue };
            if !gateway.opens().await {
                continue;
            }
            if let Some(answer) = self.world.send(gateway, alert).await {
                return answer;
            }
            gateway.died().await;
        }
    }

    /// Buries the dead and starts new gateways in their place.
    async fn revive(&mut self) {
        let mut at = 0;
        while let Some(gateway) = self.gateways.get_mut(at) {
            let Some(status) = gateway.ended() else {
                at += 1;
                continue;
            };
            let gateway = self.gateways.remove(at);
            self.logs.push(gateway.log());
            let aborted = status.signal() == Some(ABORT) && !gateway.log().contains("panicked");
            assert!(aborted, "it ended by itself, {status}\n{}", self.story());
            self.world.end_lease_of(&gateway).await;
        }
        while self.gateways.len() < self.count {
            self.gateways.push(self.world.spawn(&[]));
        }
    }

    /// Waits until everything is over and the books agree; returns our book.
    async fn settle(&mut self) -> Book {
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
        self.world.sim.clear_faults().unwrap();
        self.world.price(self.price);
        self.wait("equal", async |world| world.difference().await.is_none())
            .await;
        self.world.book().await
    }

    /// Lets entries in again, where something odd has stopped them.
    async fn resume(&mut self) {
        self.ready().await;
        let book = self.world.book().await;
        if book.desk.state != TradingState::Active {
            self.world.set_active("desk", &self.gateways[0]).await;
        }
        if book
            .instruments
            .values()
            .any(|one| one.state != TradingState::Active)
        {
            self.world.set_active("GOLD_MINI", &self.gateways[0]).await;
        }
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

    fn story(&self) -> String {
        let now = self.gateways.iter().map(Gateway::log);
        let all: Vec<String> = self.logs.iter().cloned().chain(now).collect();
        let name = format!("{} under {}", self.place, self.case.word);
        format!("{name}\n{}", all.join("\n--- and another ---\n"))
    }
}

fn held(book: &Book) -> Lots {
    book.legs
        .values()
        .fold(Lots::ZERO, |sum, leg| sum.plus(leg.lots))
}
