//! What senders get wrong, each with an answer that says what.

use chrono::TimeDelta;
use torana::clock::{Clock as _, SystemClock};

use crate::support::{Alert, Gateway, World, time};

const JSON: &str = "application/json";

async fn code(world: &World, gateway: &Gateway, body: &str) -> (u16, String) {
    let answer = world.send_text(gateway, JSON, body).await;
    let code = &answer.body["error"]["code"];
    (
        answer.status,
        code.as_str().unwrap_or(&answer.text).to_owned(),
    )
}

/// The words of an entry with one of its parts replaced.
fn broken(from: &str, to: &str) -> String {
    let body = Alert::entry().body();
    assert!(body.contains(from), "{from} is not in {body}");
    body.replacen(from, to, 1)
}

#[tokio::test]
async fn what_a_sender_gets_wrong_is_answered_with_what_is_wrong() {
    let world = World::new(&[]).await;
    let gateway = world.gateway().await;
    let now = SystemClock.now();
    let old = time(now - TimeDelta::seconds(91));
    let ahead = time(now + TimeDelta::seconds(60));
    let nested = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let at = |when: &str| Alert::entry().with("timestamp", when).body();
    let cases = [
        ("hello".to_owned(), 400, "not_json"),
        (String::new(), 400, "not_json"),
        (broken("0.82", "NaN"), 400, "not_json"),
        ("[1]".to_owned(), 400, "not_an_object"),
        (
            broken("\"er\":0.82", "\"er\":0.82,\"er\":0.83"),
            400,
            "duplicate_key",
        ),
        (broken("0.82", &nested), 400, "too_deep"),
        (
            broken("0.82", &format!("\"{}\"", "x".repeat(1 << 20))),
            413,
            "too_large",
        ),
        (broken("0.82", "true"), 422, "invalid_field"),
        (broken("0.82", "{}"), 422, "invalid_field"),
        (broken("0.82", "1.3"), 422, "invalid_field"),
        (broken("0.82", "\"NaN\""), 422, "invalid_field"),
        (broken("78500", "\"{{close}}\""), 422, "placeholder"),
        (broken("78500", "{{close}}"), 422, "placeholder"),
        (broken("78500", "1e400"), 422, "number_too_long"),
        (broken("77500", "79000"), 422, "stop_wrong_side"),
        (broken("GOLD_MINI", "INDIAVIX"), 422, "index_symbol"),
        (broken("Long_1", "Long_0"), 422, "invalid_field"),
        (Alert::entry().without("stop").body(), 422, "missing_field"),
        (at(&old), 422, "stale"),
        (at(&ahead), 422, "future"),
        (at("yesterday"), 422, "invalid_field"),
    ];
    for (body, status, expected) in cases {
        let shown = body.get(..200).unwrap_or(&body);
        let answered = code(&world, &gateway, &body).await;
        assert_eq!(answered, (status, expected.to_owned()), "{shown}");
    }
    let unknown = world
        .send_text(&gateway, JSON, &broken("GOLD_MINI", "GOLDEN"))
        .await;
    assert_eq!(unknown.status, 422);
    let detail = unknown.body["error"]["detail"].as_str().unwrap();
    assert!(
        detail.contains("GOLD_MINI") && detail.contains("BANK_NIFTY"),
        "{detail}"
    );

    let book = world.book().await;
    assert!(book.intents.is_empty());
    let kept = world.signals().await;
    assert_eq!(kept.len(), 15, "every 422 leaves a trace: {kept:?}");
    assert!(kept.iter().all(|verdict| verdict == "invalid"), "{kept:?}");
}

#[tokio::test]
async fn a_wrong_secret_and_a_bad_signature_look_the_same_and_nothing_is_kept() {
    let world = World::new(&[]).await;
    let gateway = world.gateway().await;
    let body = Alert::entry().body();
    let unknown = gateway.post("/webhook/guessed", JSON, &body).await.unwrap();
    let unsigned = world.send_signed(&gateway, "v1=00", &body).await;
    assert_eq!(
        (unknown.status, unsigned.status),
        (401, 401),
        "{unknown:?} {unsigned:?}"
    );
    assert_eq!(unknown.body, unsigned.body);
    assert!(world.signals().await.is_empty());
    assert!(!gateway.log().contains("guessed"));
}

#[tokio::test]
async fn the_type_a_body_claims_to_have_does_not_matter() {
    let world = World::new(&[]).await;
    let gateway = world.gateway().await;
    let form = "application/x-www-form-urlencoded";
    let answer = world
        .send_text(&gateway, form, &Alert::entry().body())
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    world.until_settled(&gateway).await;
}

#[tokio::test]
async fn a_dry_run_shows_the_decision_and_commits_nothing() {
    let world = World::new(&[]).await;
    let gateway = world.gateway().await;
    let before = world.book().await.intents.len();
    let alert = Alert::entry();
    let tried = world.dry_run(&gateway, &alert).await;
    assert_eq!(
        (tried.status, &tried.body["dry_run"]),
        (200, &true.into()),
        "{tried:?}"
    );
    assert_eq!(tried.body["answer"]["lots"], 4, "{tried:?}");
    assert_eq!(
        (
            world.book().await.intents.len(),
            world.signals().await.len()
        ),
        (before, 0)
    );
    let real = world.alert(&gateway, &alert).await;
    assert_eq!((real.status, real.duplicate), (202, false), "{real:?}");
    assert_eq!(real.body["lots"], tried.body["answer"]["lots"]);
    world.until_settled(&gateway).await;
}
