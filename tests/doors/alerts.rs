//! Alerts: let in or not, decided once, answered word for word.

use actix_web::test::TestRequest;
use chrono::TimeDelta;
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use sha2::Sha256;
use torana::http::auth::Signatures;
use torana::store::Signature;

use super::house::{House, SECRET, admit};

/// A base entry made at ten o'clock thirty, which is when the house opens.
const ENTRY: &str = r#"{"type":"BASE_ENTRY","instrument":"GOLD_MINI","position":"Long_1","price":78500,"stop":77500,"atr":500,"er":0.82,"timestamp":"2026-11-18T10:30:00"}"#;

fn other(from: &str, to: &str) -> String {
    assert!(ENTRY.contains(from), "{from}");
    ENTRY.replace(from, to)
}

#[actix_web::test]
async fn an_alert_is_decided_and_the_same_alert_gets_the_same_answer() {
    let house = House::new().await;
    let first = house.alert(ENTRY).await;
    assert_eq!(
        (first.status, first.json()["lots"].as_u64()),
        (202, Some(4)),
        "{first:?}"
    );
    assert!(first.headers.contains_key("x-request-id"));
    assert!(!first.headers.contains_key("torana-duplicate"));
    house.clock.pass(TimeDelta::seconds(5));
    let again = house.alert(ENTRY).await;
    assert_eq!((again.status, &again.text), (202, &first.text));
    assert_eq!(again.headers.get("torana-duplicate").unwrap(), "true");
}

#[actix_web::test]
async fn a_body_without_id_and_time_is_the_same_alert_for_twenty_seconds() {
    let house = House::new().await;
    let body = r#"{"symbol":"GOLDM1!","action":"CLOSE","price":78500}"#;
    let first = house.alert(body).await;
    assert_eq!((first.status, first.code().as_str()), (200, "already_flat"));
    house.clock.pass(TimeDelta::seconds(1));
    let again = house.alert(body).await;
    assert_eq!(again.text, first.text);
    assert!(again.headers.contains_key("torana-duplicate"));
}

#[actix_web::test]
async fn a_refusal_says_what_the_gate_asks_and_where_figures_were_compared_both() {
    let house = House::new().await;
    let early = other("77500", "78499").replace("10:30:00", "10:29:59");
    let near = house.alert(&early).await;
    let told = near.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(near.code(), "stop_distance");
    let figures = told.starts_with("stop_distance: 1 against ");
    assert!(
        figures && told.ends_with(" (the stop must be neither too near nor too far)"),
        "{told}"
    );
    assert_eq!(house.alert(ENTRY).await.status, 202);
    let second = house.alert(&other("10:30:00", "10:30:01")).await;
    assert_eq!(
        second.json()["detail"],
        "position_open (a position or an entry of this instrument is open; adds are PYRAMID)"
    );
}

#[actix_web::test]
async fn whoever_only_looks_at_the_secret_address_is_told_to_post() {
    let house = House::new().await;
    let looked = house.get(&format!("/webhook/{SECRET}")).await;
    assert_eq!(looked.status, 405);
    assert_eq!(looked.headers.get("allow").unwrap(), "POST");
    assert_eq!(looked.json()["error"]["code"], "post_only");
}

#[actix_web::test]
async fn a_dry_run_shows_everything_and_changes_nothing() {
    let house = House::new().await;
    let dry = house
        .post(&format!("/webhook/{SECRET}?dry_run=true"), ENTRY)
        .await;
    let shown = dry.json();
    assert_eq!(dry.status, 200);
    assert_eq!(shown["answer"]["verdict"], "accepted", "{shown}");
    assert!(shown["facts"].as_array().unwrap().len() > 1);
    let real = house.alert(ENTRY).await;
    assert_eq!(real.status, 202);
    assert!(!real.headers.contains_key("torana-duplicate"));
}

#[actix_web::test]
async fn forty_identical_alerts_at_once_are_one_and_thirty_nine_repetitions() {
    let house = House::new().await;
    let answers = join_all((0..40).map(|_| house.alert(ENTRY))).await;
    let first = answers
        .iter()
        .filter(|one| !one.headers.contains_key("torana-duplicate"));
    assert_eq!(first.count(), 1);
    assert!(
        answers
            .iter()
            .all(|one| one.status == 202 && one.text == answers[0].text)
    );
}

#[actix_web::test]
async fn a_form_is_read_as_the_json_it_holds() {
    let house = House::new().await;
    let form = TestRequest::post()
        .uri(&format!("/webhook/{SECRET}"))
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload(format!("\u{feff}{ENTRY}\r\n"));
    assert_eq!(house.send(form).await.status, 202);
}

#[actix_web::test]
async fn a_right_signature_opens_the_door() {
    let keys = |doors: &mut torana::http::Doors| {
        let key = ("tv_main".to_owned(), SecretString::from("second"));
        doors.signatures = Signatures::new([key].into(), TimeDelta::minutes(5));
    };
    let house = House::with(|source| source.signature = Signature::Required, keys).await;
    let timestamp = "1794978000"; // when the house opens
    let mut mac = <Hmac<Sha256>>::new_from_slice(b"second").unwrap();
    mac.update(format!("{timestamp}.{ENTRY}").as_bytes());
    let hex = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
    let signed = TestRequest::post()
        .uri(&format!("/webhook/{SECRET}"))
        .insert_header(("X-Torana-Timestamp", timestamp))
        .insert_header(("X-Torana-Signature", format!("v1={hex}")))
        .set_payload(ENTRY);
    assert_eq!(house.send(signed).await.status, 202);
}

#[actix_web::test]
async fn more_than_is_allowed_is_told_to_wait() {
    let house = House::new().await;
    let mut last = house.post("/webhook/wrong", "{}").await;
    // The allowance grows again while a slow machine asks: ask until it says no.
    for _ in 0..300 {
        if last.status == 429 {
            break;
        }
        last = house.post("/webhook/wrong", "{}").await;
    }
    assert_eq!((last.status, last.code().as_str()), (429, "too_many"));
    assert_eq!(house.alert(ENTRY).await.status, 202);
}

#[actix_web::test]
async fn what_means_nothing_is_refused_and_written_down_and_its_key_is_not_used_up() {
    let house = House::new().await;
    for (body, status, code) in [
        ("{", 400, "not_json"),
        ("[]", 400, "not_an_object"),
        (r#"{"a":1,"a":2}"#, 400, "duplicate_key"),
        (&other("GOLD_MINI", "GOLD"), 422, "unknown_instrument"),
        (&other("77500", "79500"), 422, "stop_wrong_side"),
        (&other("0.82", "1.3"), 422, "invalid_field"),
        (&other("10:30:00", "10:20:00"), 422, "stale"),
        (&other("10:30:00", "10:30:06"), 422, "future"),
    ] {
        let answer = house.alert(body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{answer:?}"
        );
    }
    let large = house.alert(&" ".repeat(16_385)).await;
    assert_eq!((large.status, large.code().as_str()), (413, "too_large"));
    assert_eq!(house.alert(ENTRY).await.status, 202);
}

#[actix_web::test]
async fn an_unknown_secret_and_a_bad_signature_look_the_same() {
    let house = House::with(|source| source.signature = Signature::Required, |_| {}).await;
    let unknown = house.post("/webhook/another-secret", ENTRY).await;
    let unsigned = house.alert(ENTRY).await;
    let signed = TestRequest::post()
        .uri(&format!("/webhook/{SECRET}"))
        .insert_header(("X-Torana-Timestamp", "1795000000"))
        .insert_header(("X-Torana-Signature", "v1=00"))
        .set_payload(ENTRY);
    let badly = house.send(signed).await;
    for answer in [&unknown, &unsigned, &badly] {
        assert_eq!((answer.status, &answer.text), (401, &unknown.text));
    }
}

#[actix_web::test]
async fn a_source_added_while_the_doors_are_open_works_at_once() {
    let house = House::new().await;
    assert_eq!(house.post("/webhook/new-secret", ENTRY).await.status, 401);
    let new = torana::store::NewSource {
        name: "second".to_owned(),
        secret: torana::http::webhook::sha256(b"new-secret"),
        ..torana::store::NewSource::default()
    };
    let added = torana::store::AccessChange::SourceAdded(Box::new(new));
    admit(&house.doors.desk, added).await;
    assert_eq!(house.post("/webhook/new-secret", ENTRY).await.status, 202);
}

#[actix_web::test]
async fn machines_are_told_that_it_is_up_and_what_is_out_of_order() {
    let lost = |doors: &mut torana::http::Doors| {
        doors.degraded = std::sync::Arc::new(|| vec!["the feed is silent".to_owned()]);
    };
    let house = House::with(|_| {}, lost).await;
    assert_eq!(house.get("/healthz").await.json()["status"], "up");
    let ready = house.get("/readyz").await;
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json()["why"][0], "the feed is silent");
    house.store.close().await;
    assert_eq!(house.get("/readyz").await.status, 503);
    let away = house.alert(ENTRY).await;
    assert_eq!((away.status, away.code().as_str()), (503, "database_away"));
    assert!(away.headers.contains_key("retry-after"));
}
