//! Starting is recovering: a gateway reads its own journal before anything opens.

use torana::domain::input::TradingState;
use torana::domain::money::Lots;

use crate::support::{Alert, World, until};

/// The facts of a kind in the journal.
async fn told(world: &World, kind: &str) -> usize {
    let facts = world.facts().await;
    facts.iter().filter(|(known, _)| known == kind).count()
}

#[tokio::test]
async fn a_fact_that_was_changed_is_found_at_the_start_and_nothing_new_is_opened() {
    let world = World::new(&[]).await;
    let mut first = world.gateway().await;
    world.alert(&first, &Alert::entry()).await;
    world.until_settled(&first).await;
    assert!(first.stop().await.success(), "{}", first.log());
    assert_eq!(told(&world, "drift_found").await, 0);
    let edit = "UPDATE facts SET at = at + interval '1 microsecond' WHERE seq = 2";
    world.behind(edit).await;
    for _start in 0..2 {
        let mut gateway = world.gateway().await;
        let said = until(async || {
            let ready = gateway.get("/readyz").await;
            ready
                .text
                .contains("fact 2 is missing or was changed")
                .then_some(ready)
        });
        let ready = said.await.expect("the journal is said to be broken");
        assert_eq!(ready.status, 200, "{ready:?}");
        let status = world.command(&["status"]).await;
        assert!(status.contains("journal_broken: fact 2"), "{status}");
        assert_eq!(world.book().await.desk.state, TradingState::Reducing);
        let refused = world.alert(&gateway, &Alert::entry()).await;
        assert_eq!(refused.body["code"], "reducing", "{refused:?}");
        assert!(gateway.stop().await.success(), "{}", gateway.log());
    }
    assert_eq!(told(&world, "drift_found").await, 1);
    let gateway = world.gateway().await;
    let out = world.alert(&gateway, &Alert::exit()).await;
    assert_eq!(out.status, 202, "{out:?}");
    let book = world.until_settled(&gateway).await;
    assert!(book.legs.values().all(|leg| leg.lots == Lots::ZERO));
    drop(gateway);
    world.behind(&edit.replace('+', "-")).await;
    // whole again: what was found ends by itself, and a person lets trading go on
    let gateway = world.gateway().await;
    let settled = until(async || {
        let ready = gateway.get("/readyz").await;
        (!ready.text.contains("fact 2")).then_some(())
    });
    assert!(settled.await.is_some(), "{}", gateway.log());
    assert_eq!(told(&world, "finding_settled").await, 1);
    assert_eq!(world.book().await.desk.state, TradingState::Reducing);
}

#[tokio::test]
async fn a_row_that_is_not_what_the_facts_say_is_found_at_the_start() {
    let world = World::new(&[]).await;
    let mut first = world.gateway().await;
    assert!(first.stop().await.success(), "{}", first.log());
    world
        .behind("UPDATE desks SET day_trades = day_trades + 1")
        .await;
    let gateway = world.gateway().await;
    let said = until(async || {
        let ready = gateway.get("/readyz").await;
        ready
            .text
            .contains("not what the facts fold to")
            .then_some(())
    });
    assert!(said.await.is_some(), "{}", gateway.log());
    let answer = world.alert(&gateway, &Alert::entry()).await;
    assert_eq!(answer.body["code"], "reducing", "{answer:?}");
    world
        .behind("UPDATE desks SET day_trades = day_trades - 1")
        .await;
}
