//! Two processes on one database: one sends, the other waits for its end.

use torana::domain::money::Lots;

use crate::support::{Alert, World, until};

/// What the log of the process that sends an order says, and no other's.
const CLAIMED: &str = "claimed";

#[tokio::test]
async fn a_second_process_takes_alerts_and_sends_nothing_while_the_first_holds_the_lease() {
    let world = World::new(&[]).await;
    let first = world.gateway().await;
    let second = world.gateway().await;
    let answer = world.alert(&second, &Alert::entry()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    world.until_settled(&first).await;
    world.compare().await;
    assert!(first.log().contains(CLAIMED), "{}", first.log());
    assert!(!second.log().contains(CLAIMED), "{}", second.log());
    let ready = second.get("/readyz").await;
    assert_eq!((ready.status, &ready.body["degraded"]), (200, &true.into()));
    assert!(ready.text.contains("lease"), "{ready:?}");
}

#[tokio::test]
async fn when_the_process_that_sends_is_killed_the_other_takes_over() {
    let world = World::new(&[]).await;
    let mut first = world.gateway().await;
    let second = world.gateway().await;
    world.alert(&first, &Alert::entry()).await;
    world.until_settled(&first).await;
    first.kill().await;
    let answer = world.alert(&second, &Alert::exit()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    world.until_settled(&second).await;
    let book = world.compare().await;
    assert!(book.legs.values().all(|leg| leg.lots == Lots::ZERO));
    assert!(second.log().contains(CLAIMED), "{}", second.log());
}

#[tokio::test]
async fn a_process_that_is_asked_to_stop_gives_the_lease_up_at_once() {
    let world = World::new(&[("TORANA__COURIER__LEASE", "10m")]).await;
    let mut first = world.gateway().await;
    let second = world.gateway().await;
    assert!(first.stop().await.success(), "{}", first.log());
    world.alert(&second, &Alert::entry()).await;
    world.until_settled(&second).await;
    world.compare().await;
}

#[tokio::test]
async fn a_process_that_slept_through_the_end_of_its_lease_sends_nothing_when_it_wakes() {
    let world = World::new(&[]).await;
    let first = world.gateway().await;
    let second = world.gateway().await;
    first.signal("STOP").await;
    // The first may sleep with the desk in its hands: the second says 503 until PostgreSQL takes it
    // away, and an alert is sent again, as its sender would.
    let taken = until(async || {
        let answer = world.alert(&second, &Alert::entry()).await;
        (answer.status != 503).then_some(answer)
    });
    let answer = taken.await.expect("an answer");
    assert_eq!(answer.status, 202, "{answer:?}");
    world.until_settled(&second).await;
    first.signal("CONT").await;
    let answer = world.alert(&first, &Alert::exit()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let book = world.until_settled(&second).await;
    world.compare().await;
    assert!(book.legs.values().all(|leg| leg.lots == Lots::ZERO));
    assert!(!first.log().contains(CLAIMED), "{}", first.log());
    assert_eq!(world.sim.state().orders.len(), 2);
}

#[tokio::test]
async fn a_process_that_is_frozen_between_claim_and_send_sends_nothing_when_it_wakes() {
    let world = World::new(&[]).await;
    let first = world.gateway().await;
    let second = world.gateway().await;
    world.arm("row7 stop");
    let answer = world.alert(&second, &Alert::entry()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let stopped = until(async || first.is_stopped().then_some(())).await;
    assert!(stopped.is_some(), "{}", first.log());
    world.until_settled(&second).await;
    assert_eq!(world.ends_of_entries().await, ["not_placed"]);
    first.signal("CONT").await;
    let woken = until(async || first.log().contains("the lease ended before").then_some(()));
    assert!(woken.await.is_some(), "{}", first.log());
    assert_eq!(world.calls("placeorder"), 0);
    let again = world.alert(&first, &Alert::entry()).await;
    assert_eq!(again.status, 202, "{again:?}");
    world.until_settled(&second).await;
    world.compare().await;
    assert_eq!(world.calls("placeorder"), 1);
    assert!(second.log().contains(CLAIMED), "{}", second.log());
}
