//! The host of PostgreSQL vanishes without a word: no connection ends, and no answer comes.

use torana::domain::money::Lots;

use crate::support::{Alert, Answer, Gateway, Old, Proxy, Silence, World, until};

/// What the alert is known by at which silence falls.
const LAST_WORD: &str = "before-the-silence";

/// How long is waited for PostgreSQL, short of the defaults; and few connections, so that none may
/// be lost for good.
const SHORT: &[(&str, &str)] = &[
    ("TORANA__DATABASE__STATEMENT_TIMEOUT", "500ms"),
    ("TORANA__DATABASE__LOCK_TIMEOUT", "200ms"),
    ("TORANA__DATABASE__ACQUIRE_TIMEOUT", "500ms"),
    ("TORANA__DATABASE__POOL", "2"),
];

/// A world whose gateway holds a share, decides without looking first, and has one way to
/// PostgreSQL.
async fn by_one_way() -> (World, Gateway, Proxy) {
    let world = World::new(SHORT).await;
    let (proxy, urls) = world.proxy().await;
    let urls = urls.each_ref().map(|(key, url)| (*key, url.as_str()));
    let gateway = world.gateway_with(&urls).await;
    let share = Alert::entry()
        .with("instrument", "SBIN")
        .with("price", 1000)
        .with("stop", 990)
        .with("atr", 10);
    let answer = world.alert(&gateway, &share).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    world.until_settled(&gateway).await;
    (world, gateway, proxy)
}

/// Sends an alert at which PostgreSQL falls silent, and again once it speaks; returns the first
/// answer that is more than "come again".
async fn through_silence(
    (world, gateway, proxy): (&World, &Gateway, &Proxy),
    (how, old): (Silence, Old),
) -> Answer {
    proxy.falls_silent(LAST_WORD, how);
    let alert = Alert::entry().with("id", LAST_WORD);
    for _ in 0..3 {
        let answer = world.alert(gateway, &alert).await;
        assert!(proxy.is_silent());
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.retry_after.is_some(), "{answer:?}");
        assert_eq!(answer.body["error"]["code"], "database_away");
        // whoever asks gives up before the database does
        assert_eq!(gateway.get("/readyz").await.status, 503);
    }
    proxy.speaks_again(old);
    let answer = until(async || {
        let answer = world.alert(gateway, &alert).await;
        (answer.status != 503).then_some(answer)
    });
    let answer = answer
        .await
        .unwrap_or_else(|| panic!("never again\n{}", gateway.log()));
    assert_eq!(answer.status, 202, "{answer:?}");
    answer
}

/// Fails unless both alerts were decided once, and both positions can be left.
async fn is_as_if_nothing_had_been(world: &World, gateway: &Gateway) {
    world.until_settled(gateway).await;
    world.compare().await;
    let (verdicts, orders) = (world.verdicts().await, world.sim.state().orders.len());
    assert_eq!((verdicts.len(), orders), (2, 2));
    let exits = [Alert::exit(), Alert::exit().with("instrument", "SBIN")];
    for exit in exits {
        let answer = world.alert(gateway, &exit).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    world.until_settled(gateway).await;
    let book = world.compare().await;
    assert!(book.legs.values().all(|leg| leg.lots == Lots::ZERO));
}

#[tokio::test]
async fn an_alert_that_never_reached_a_silent_postgresql_is_sent_back_and_decided_later() {
    let (world, gateway, proxy) = by_one_way().await;
    let all = (&world, &gateway, &proxy);
    let answer = through_silence(all, (Silence::From, Old::Dead)).await;
    assert!(!answer.duplicate, "{answer:?}");
    is_as_if_nothing_had_been(&world, &gateway).await;
}

#[tokio::test]
async fn an_alert_that_was_decided_while_postgresql_fell_silent_is_not_decided_again() {
    let (world, gateway, proxy) = by_one_way().await;
    let all = (&world, &gateway, &proxy);
    let answer = through_silence(all, (Silence::After, Old::Dead)).await;
    assert!(answer.duplicate, "{answer:?}");
    is_as_if_nothing_had_been(&world, &gateway).await;
}

#[tokio::test]
async fn a_decision_that_reaches_postgresql_late_counts_once() {
    let (world, gateway, proxy) = by_one_way().await;
    let all = (&world, &gateway, &proxy);
    through_silence(all, (Silence::From, Old::Late)).await;
    is_as_if_nothing_had_been(&world, &gateway).await;
}
