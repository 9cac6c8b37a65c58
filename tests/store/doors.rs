//! What the doors ask: seen before, who sends, who orders.

use sqlx::ConnectOptions as _;
use torana::domain::order::Product;
use torana::domain::signal::SourceId;
use torana::store::{AccessChange, Earlier, NewSource, SignalKey, Signature, StoreError};

use super::desk::{DESK, Desk, at, cause, high_water, run, verdict};

pub(crate) fn key(number: u8) -> SignalKey {
    SignalKey {
        id: cause(number),
        alert: None,
        body: None,
    }
}

pub(crate) fn answered(number: u8) -> Earlier {
    let verdict = verdict(cause(number));
    Earlier::Same {
        status: verdict.status,
        body: verdict.answer.to_owned(),
        signal: verdict.id,
    }
}

#[tokio::test]
async fn a_signal_is_known_by_its_key_its_id_and_its_bytes() {
    let mut desk = Desk::new().await;
    let mut one = verdict(cause(1));
    one.alert = Some("alert 1");
    one.body_hash = Some([5; 32]);
    let mut odd = verdict(cause(9));
    odd.alert = Some("zero \0");
    desk.make_with(1, &[high_water(1)], (&[one, odd], None))
        .await
        .unwrap();
    let alert = |number, id: &str, source| SignalKey {
        alert: Some((SourceId(source), id.to_owned())),
        ..key(number)
    };
    let body = |number, hash| SignalKey {
        body: Some(hash),
        ..key(number)
    };
    let asks = [
        key(2),
        alert(1, "alert 1", 1),
        alert(3, "alert 1", 1),
        alert(3, "alert 1", 2),
        body(4, [5; 32]),
        body(4, [6; 32]),
    ];
    let known = desk.store.lock(DESK, &asks).await.unwrap().standing.earlier;
    let (new, same) = (Earlier::None, answered(1));
    let expected = [&new, &same, &Earlier::IdReused, &new, &same, &new].map(Clone::clone);
    assert_eq!(known, expected);
    // the same bytes count for twenty seconds
    let old = "UPDATE signals SET stored_at = stored_at - interval '21 seconds'";
    desk.behind(old).await.unwrap();
    let known = desk
        .store
        .lock(DESK, &asks[4..5])
        .await
        .unwrap()
        .standing
        .earlier;
    assert_eq!(known, [Earlier::None]);
}

#[tokio::test]
async fn what_a_message_alone_shows_to_be_wrong_is_kept_without_a_lock() {
    let desk = Desk::new().await;
    let locked = desk.store.lock(DESK, &[]).await.unwrap();
    desk.store
        .record_invalid(DESK, &verdict(cause(1)))
        .await
        .unwrap();
    desk.store
        .record_invalid(DESK, &verdict(cause(1)))
        .await
        .unwrap();
    drop(locked);
}

#[tokio::test]
async fn a_rotated_secret_counts_beside_the_new_one() {
    let mut desk = Desk::new().await;
    let new = NewSource {
        name: "tv".to_owned(),
        secret: [1; 32],
        instruments: vec!["BANK_NIFTY".to_owned()],
        kinds: vec!["EXIT".to_owned()],
        sides: vec!["long".to_owned()],
        addresses: vec!["10.0.0.0/8".to_owned()],
        signature: Signature::Required,
        product: Some(Product::Mis),
        profile: None,
    };
    let added = AccessChange::SourceAdded(Box::new(new.clone()));
    assert!(desk.admit(&added, at(0)).await.unwrap());
    assert!(!desk.admit(&added, at(0)).await.unwrap());
    let twin = NewSource {
        name: "tv2".to_owned(),
        ..new.clone()
    };
    let twin = AccessChange::SourceAdded(Box::new(twin));
    let refused = desk.admit(&twin, at(0)).await;
    assert!(
        matches!(refused, Err(StoreError::Defect { .. })),
        "{refused:?}"
    );
    let rotated = AccessChange::SourceRotated {
        name: "tv".to_owned(),
        secret: [2; 32],
        older_until: at(60),
    };
    assert!(desk.admit(&rotated, at(1)).await.unwrap());
    let disabled = AccessChange::SourceDisabled("tv".to_owned());
    assert!(desk.admit(&disabled, at(1)).await.unwrap());
    assert!(!desk.admit(&disabled, at(2)).await.unwrap());
    assert!(!desk.admit(&rotated, at(2)).await.unwrap());
    let sources = desk.store.sources(DESK).await.unwrap();
    let [tv] = sources.as_slice() else {
        panic!("{sources:?}");
    };
    assert_eq!(tv.id, SourceId(1));
    assert_eq!((tv.secret, tv.older), ([2; 32], Some(([1; 32], at(60)))));
    assert_eq!((&tv.kinds, &tv.addresses), (&new.kinds, &new.addresses));
    assert_eq!(
        (tv.signature, tv.product),
        (Signature::Required, Some(Product::Mis))
    );
    assert_eq!(tv.disabled_at, Some(at(1)));
}

#[tokio::test]
async fn a_token_is_revoked_and_its_name_given_anew() {
    let mut desk = Desk::new().await;
    let asha = |hash| AccessChange::TokenAdded {
        name: "asha".to_owned(),
        hash: [hash; 32],
    };
    let revoked = AccessChange::TokenRevoked("asha".to_owned());
    assert!(desk.admit(&asha(1), at(0)).await.unwrap());
    assert!(!desk.admit(&asha(2), at(0)).await.unwrap());
    assert!(desk.admit(&revoked, at(1)).await.unwrap());
    assert!(!desk.admit(&revoked, at(2)).await.unwrap());
    let known = desk.store.tokens(DESK).await.unwrap();
    assert_eq!(known[0].revoked_at, Some(at(1)));
    assert!(desk.admit(&asha(3), at(3)).await.unwrap());
    let known = desk.store.tokens(DESK).await.unwrap();
    assert_eq!(known[0].hash, [3; 32]);
}

#[tokio::test]
async fn who_may_send_changes_with_its_fact_or_not_at_all() {
    let desk = Desk::new().await;
    let asha = AccessChange::TokenAdded {
        name: "asha".to_owned(),
        hash: [1; 32],
    };
    let mut locked = desk.store.lock(DESK, &[]).await.unwrap();
    assert!(locked.change_access(&asha, at(1)).await.unwrap());
    // the process dies before the fact is written
    drop(locked);
    assert_eq!(desk.store.tokens(DESK).await.unwrap(), []);
}

#[tokio::test]
async fn the_service_role_may_not_touch_schema_or_history() {
    let desk = Desk::new().await;
    let mut session = desk.db.service_options().connect().await.unwrap();
    for forbidden in [
        "CREATE TABLE mine (a INTEGER)",
        "ALTER TABLE facts DISABLE TRIGGER ALL",
        "DROP TABLE facts",
        "DELETE FROM signals",
        "UPDATE ledger SET amount = 0",
    ] {
        assert!(run(&mut session, forbidden).await.is_err(), "{forbidden}");
    }
}

#[tokio::test]
async fn a_signal_is_looked_up_by_its_key_even_where_the_plan_was_made_on_an_empty_table() {
    let db = super::desk::database().await;
    let mut session = db.service_options().connect().await.unwrap();
    let lock = include_str!("../../src/store/look.sql");
    let types = "int, text[], int[], text[], bytea[], interval";
    let prepare =
        format!("SET plan_cache_mode = force_generic_plan; PREPARE ask ({types}) AS {lock}");
    run(&mut session, &prepare).await.unwrap();
    let explain = "EXPLAIN EXECUTE ask (1, '{a}', '{1}', '{a}', '{a}', '20 s')";
    let plan: Vec<String> = sqlx::query_scalar(explain)
        .persistent(false)
        .fetch_all(&mut session)
        .await
        .unwrap();
    let plan = plan.join("\n");
    for index in ["signals_pkey", "signals_by_body", "signals_by_alert"] {
        assert!(plan.contains(&format!("using {index}")), "{plan}");
    }
    assert!(!plan.contains("signals_by_time"), "{plan}");
}
