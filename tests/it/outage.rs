//! The database or the broker goes away while alerts arrive, and comes back.

use torana::domain::book::Book;
use torana::domain::money::Lots;

use crate::support::{Alert, World, until};

#[tokio::test]
async fn while_postgresql_is_away_alerts_are_sent_back_and_the_one_sent_again_counts_once() {
    let mut world = World::on_a_private_server().await;
    let mut gateway = world.gateway().await;
    world.server().stop().unwrap();
    let alert = Alert::entry();
    for _ in 0..3 {
        let answer = world.alert(&gateway, &alert).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.retry_after.is_some(), "{answer:?}");
        assert_eq!(answer.body["error"]["code"], "database_away");
    }
    assert_eq!(gateway.get("/readyz").await.status, 503);
    assert_eq!(gateway.get("/healthz").await.status, 200);
    world.server().start().unwrap();
    let answer = until(async || {
        let answer = world.alert(&gateway, &alert).await;
        (answer.status != 503).then_some(answer)
    });
    let answer = answer
        .await
        .unwrap_or_else(|| panic!("never again\n{}", gateway.log()));
    assert_eq!(
        (answer.status, answer.duplicate),
        (202, false),
        "{answer:?}"
    );
    let again = world.alert(&gateway, &alert).await;
    assert_eq!(
        (again.status, again.duplicate, &again.text),
        (202, true, &answer.text)
    );
    world.until_settled(&gateway).await;
    let book = world.compare().await;
    assert_eq!((book.intents.len(), world.sim.state().orders.len()), (1, 1));
    assert!(gateway.ended().is_none());
}

#[tokio::test]
async fn a_postgresql_that_is_killed_while_an_order_is_under_way_loses_nothing() {
    let mut world = World::on_a_private_server().await;
    let gateway = world.gateway().await;
    world.alert(&gateway, &Alert::entry()).await;
    world.server().kill().unwrap();
    world.server().start().unwrap();
    world.until_settled(&gateway).await;
    world.compare().await;
    world.alert(&gateway, &Alert::exit()).await;
    world.server().kill().unwrap();
    world.server().start().unwrap();
    let book = world.until_settled(&gateway).await;
    world.compare().await;
    assert!(book.legs.values().all(|leg| leg.lots == Lots::ZERO));
}

#[tokio::test]
async fn while_the_broker_is_away_entries_expire_and_exits_wait_for_it() {
    let validity = [("TORANA__TIMING__INTENT_VALIDITY", "3s")];
    let mut world = World::new(&validity).await;
    let gateway = world.gateway().await;
    world.alert(&gateway, &Alert::entry()).await;
    world.until_settled(&gateway).await;
    world.compare().await;
    world.broker_leaves().await;

    let share = Alert::entry()
        .with("instrument", "SBIN")
        .with("price", 1000)
        .with("stop", 990)
        .with("atr", 10);
    let entered = world.alert(&gateway, &share).await;
    assert_eq!(
        (entered.status, &entered.body["code"]),
        (202, &"accepted".into()),
        "{entered:?}"
    );
    let left = world.alert(&gateway, &Alert::exit()).await;
    assert_eq!(left.status, 202, "{left:?}");
    let only_exit = |book: &Book| book.open_intents().all(|intent| !intent.opens());
    let book = world.until(&gateway, "expired", only_exit).await;
    assert_eq!(book.open_intents().count(), 1);
    assert_eq!(world.ends_of_entries().await, ["done", "expired"]);
    let ready = until(async || {
        let ready = gateway.get("/readyz").await;
        ready.text.contains("broker").then_some(ready)
    });
    let ready = ready.await.expect("a word on the broker");
    assert_eq!(
        (ready.status, &ready.body["degraded"]),
        (200, &true.into()),
        "{ready:?}"
    );

    world.broker_returns();
    world.until_settled(&gateway).await;
    let book = world.compare().await;
    assert!(book.legs.values().all(|leg| leg.lots == Lots::ZERO));
}
