//! The operators' door: who may, what is shown, what is ordered.

use actix_web::test::TestRequest;
use serde_json::{Value, json};
use torana::domain::ids::{IntentId, OrderId};
use torana::domain::input::{
    CallKind, CallResult, Dispatch, Input, Outcome, Quote, Report, ReportStatus,
};
use torana::domain::money::{Money, Price, Quantity};
use torana::domain::order::BrokerOrderId;
use torana::http::admin::{ROUTES, token};
use torana::http::webhook::sha256;
use torana::store::AccessChange;

use super::house::{Answer, DESK, House, admit};

/// A base entry made at ten o'clock thirty, which is when the house opens.
pub(crate) const ENTRY: &str = r#"{"type":"BASE_ENTRY","instrument":"GOLD_MINI","position":"Long_1","price":78500,"stop":77500,"atr":500,"er":0.82,"timestamp":"2026-11-18T10:30:00"}"#;

/// An add before there is anything to add to.
const ADD: &str = r#"{"type":"PYRAMID","instrument":"GOLD_MINI","position":"Long_2","price":78500,"stop":77500,"atr":500,"er":0.82,"timestamp":"2026-11-18T10:30:00"}"#;

const TOKEN: &str = "the-token-of-ops";

async fn house() -> House {
    let house = House::new().await;
    add_token(&house, "ops", TOKEN).await;
    house
}

async fn add_token(house: &House, name: &str, token: &str) {
    let (name, hash) = (name.to_owned(), sha256(token.as_bytes()));
    let added = AccessChange::TokenAdded { name, hash };
    admit(&house.doors.desk, added).await;
}

fn bearing(request: TestRequest, token: &str) -> TestRequest {
    request.insert_header(("Authorization", format!("Bearer {token}")))
}

async fn get(house: &House, path: &str) -> Answer {
    let request = TestRequest::get().uri(&format!("/admin/v1{path}"));
    house.send(bearing(request, TOKEN)).await
}

async fn post(house: &House, path: &str, body: impl ToString) -> Answer {
    let request = TestRequest::post().uri(&format!("/admin/v1{path}"));
    let request = request.set_payload(body.to_string());
    house.send(bearing(request, TOKEN)).await
}

/// The same under a key of the sender.
async fn keyed(house: &House, path: &str, (key, body): (&str, &str)) -> Answer {
    let request = TestRequest::post().uri(&format!("/admin/v1{path}"));
    let request = request.insert_header(("Idempotency-Key", key));
    let request = request.set_payload(body.to_owned());
    house.send(bearing(request, TOKEN)).await
}

/// Has an alert accepted and returns the order that goes to the broker.
async fn wanted(house: &House) -> OrderId {
    let answer = house.alert(ENTRY).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let intent: IntentId = answer.json()["intent_id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    intent.order(1)
}

/// The courier sends an order, and this comes of it.
async fn sent(house: &House, order: OrderId, result: CallResult) {
    let price = Price::new(78_500.into()).unwrap();
    let (bid, ask, at) = (None, None, house.doors.desk.clock().now());
    let dispatch = Dispatch {
        order,
        quote: Some(Quote {
            price,
            bid,
            ask,
            at,
        }),
        epoch: 1,
        baseline: Vec::new(),
    };
    let call = CallKind::Place;
    let outcome = Outcome {
        order,
        call,
        result,
    };
    for input in [Input::Dispatch(Box::new(dispatch)), Input::Outcome(outcome)] {
        house.doors.desk.input(input, None).await.unwrap();
    }
}

/// The house holds four lots.
pub(crate) async fn held(house: &House) -> String {
    let order = wanted(house).await;
    let id = BrokerOrderId::new("B1").unwrap();
    sent(house, order, CallResult::Sent(id)).await;
    let report = Report {
        order,
        quantity: Quantity::new(4),
        value: Money::rupees(4 * 78_500),
        status: ReportStatus::Complete,
        text: None,
    };
    let report = Input::Report(report);
    house.doors.desk.input(report, None).await.unwrap();
    order.intent.cause.to_string()
}

fn kinds(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let facts = json["facts"].as_array().unwrap().iter();
    facts
        .map(|one| one["fact"].as_str().unwrap().to_owned())
        .collect()
}

#[actix_web::test]
async fn nobody_reads_or_orders_without_a_token_that_counts() {
    let house = house().await;
    let bare = house.get("/admin/v1/status").await;
    assert_eq!(
        (bare.status, bare.code().as_str()),
        (401, "unauthenticated")
    );
    assert_eq!(bare.headers.get("www-authenticate").unwrap(), "Bearer");
    let wrong = TestRequest::get().uri("/admin/v1/status");
    assert_eq!(
        house.send(bearing(wrong, "the-token-of-oops")).await.status,
        401
    );
    let unknown = house.get("/admin/v1/no/such/route").await;
    assert_eq!(unknown.status, 401);
    assert_eq!(get(&house, "/status").await.status, 200);
    let revoked = AccessChange::TokenRevoked("ops".to_owned());
    admit(&house.doors.desk, revoked).await;
    assert_eq!(get(&house, "/status").await.status, 401);
}

#[actix_web::test]
async fn the_token_of_the_environment_has_a_name_too() {
    let ours = Some(sha256(b"from-outside"));
    let house = House::with(|_| {}, |doors| doors.admin_token = ours).await;
    let request = TestRequest::post().uri("/admin/v1/state");
    let body = json!({"scope": "desk", "state": "reducing", "why": "news"});
    let request = request.set_payload(body.to_string());
    let answer = house.send(bearing(request, "from-outside")).await;
    assert_eq!(answer.json()["by"], token::ENVIRONMENT);
    assert_eq!(answer.json()["facts"][0]["is"]["by"], token::ENVIRONMENT);
}

#[actix_web::test]
async fn the_description_names_every_route_and_every_route_answers() {
    let house = house().await;
    let described = get(&house, "/openapi.json").await.json();
    let mut listed = Vec::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            listed.push((method.clone(), path.clone()));
        }
    }
    assert_eq!(listed.len(), ROUTES.len());
    for (method, path) in listed {
        let uri = path.replace("{id}", "aaaaaaaaaaaaaaaa/entry/1");
        let answer = if method == "get" {
            get(&house, &uri).await
        } else {
            post(&house, &uri, "{}").await
        };
        let code = if answer.status == 200 {
            String::new()
        } else {
            answer.text.clone()
        };
        assert!(!code.contains("no route"), "{method} {path}: {code}");
        assert!(answer.status < 500, "{method} {path}: {code}");
    }
    let later = "/legs/aaaaaaaaaaaaaaaa/target";
    assert_eq!(post(&house, later, "{}").await.status, 404);
}

#[actix_web::test]
async fn a_signal_shows_every_gate_and_what_would_have_passed() {
    let house = house().await;
    let refused = house.alert(ADD).await.json();
    let id = refused["signal_id"].as_str().unwrap();
    let shown = get(&house, &format!("/signals/{id}")).await.json();
    assert_eq!(shown["signal"]["code"], "no_position");
    assert_eq!(shown["signal"]["alert"]["type"], "PYRAMID");
    assert_eq!(shown["failed"][0]["gate"], "no_position");
    assert!(shown["decision"]["verdicts"].as_array().unwrap().len() > 20);
    assert!(shown["decision"]["size"]["says"].is_string(), "{shown}");
    let all = get(&house, "/signals?limit=1").await.json();
    assert_eq!(all["items"][0]["id"], id);
    let older = format!("/signals?before={}", all["next"].as_str().unwrap());
    assert_eq!(get(&house, &older).await.json()["items"], json!([]));
    assert_eq!(get(&house, "/signals/nothing").await.status, 404);
}

#[actix_web::test]
async fn what_is_held_is_shown_with_its_legs_and_its_share_of_the_limits() {
    let house = house().await;
    let leg = held(&house).await;
    let position = get(&house, "/positions").await.json()["items"][0].clone();
    assert_eq!(position["lots"], 4);
    assert_eq!(position["legs"][0]["id"], Value::String(leg));
    assert_eq!(position["legs"][0]["stop"], "77500");
    assert_eq!(position["risk"], "40000");
    let portfolio = get(&house, "/portfolio").await.json();
    let risk = &portfolio["bands"][0];
    assert_eq!(
        (&risk["gate"], &risk["value"]),
        (&json!("portfolio_risk"), &json!("40000"))
    );
    let fill = get(&house, "/fills").await.json()["items"][0].clone();
    assert_eq!(
        (&fill["added"], &fill["average"]),
        (&json!("4"), &json!("78500"))
    );
    let order = get(&house, "/orders").await.json()["items"][0].clone();
    assert_eq!(
        (&order["state"], &order["broker_id"]),
        (&json!("closed"), &json!("B1"))
    );
    let status = get(&house, "/status").await.json();
    assert_eq!(status["status"]["positions"], 1);
    assert_eq!(status["desk"]["mode"], "paper");
}

#[actix_web::test]
async fn facts_are_read_in_order_from_where_one_stopped() {
    let house = house().await;
    wanted(&house).await;
    let first = get(&house, "/facts?limit=2").await.json();
    let seqs = |page: &Value| -> Vec<i64> {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|one| one["seq"].as_i64().unwrap()).collect()
    };
    assert_eq!(seqs(&first), [1, 2]);
    let after = first["next"].as_str().unwrap();
    let rest = get(&house, &format!("/facts?after={after}")).await.json();
    assert_eq!(seqs(&rest)[0], 3);
    let end = rest["next"].as_str().unwrap();
    let none = get(&house, &format!("/facts?after={end}")).await.json();
    assert_eq!((&none["items"], &none["next"]), (&json!([]), &json!(end)));
}

#[actix_web::test]
async fn pages_have_limits() {
    let house = house().await;
    for query in ["limit=0", "limit=1001", "limit=x", "offset=3"] {
        let answer = get(&house, &format!("/signals?{query}")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "bad_field"),
            "{query}"
        );
    }
    assert_eq!(get(&house, "/fills?before=x").await.status, 422);
    assert_eq!(get(&house, "/signals?limit=1000").await.status, 200);
}

#[actix_web::test]
async fn a_state_is_set_with_name_and_reason_and_the_next_alert_feels_it() {
    let house = house().await;
    let body = json!({"scope": "GOLD_MINI", "state": "reducing", "why": " news "});
    let answer = post(&house, "/state", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let is = answer.json()["facts"][0]["is"].clone();
    assert_eq!((&is["by"], &is["why"]), (&json!("ops"), &json!("news")));
    assert_eq!(is["scope"], "instrument:GOLD_MINI");
    let refused = house.alert(ENTRY).await;
    assert_eq!(refused.code(), "reducing");
}

#[actix_web::test]
async fn a_bad_order_says_what_is_wrong_and_does_nothing() {
    let house = house().await;
    let seq = house.store.tag(DESK).await.unwrap().seq;
    let bad: [(&str, &str, u16, &str); 9] = [
        ("/state", "{", 400, "not_json"),
        ("/state", "[]", 400, "not_json"),
        ("/state", r#"{"state":"active","why":"x"}"#, 422, "scope"),
        (
            "/state",
            r#"{"scope":"desk","state":"on","why":"x"}"#,
            422,
            "state",
        ),
        ("/state", r#"{"scope":"desk","state":"active"}"#, 422, "why"),
        (
            "/state",
            r#"{"scope":"desk","state":"active","why":"  "}"#,
            422,
            "why",
        ),
        (
            "/state",
            r#"{"scope":"GOLD","state":"active","why":"x","wy":1}"#,
            422,
            "wy",
        ),
        (
            "/state",
            r#"{"scope":"GOLD","state":"active","why":"x"}"#,
            422,
            "BANK_NIFTY",
        ),
        (
            "/legs/aaaaaaaaaaaaaaaa/exit",
            r#"{"why":"x"}"#,
            404,
            "no leg",
        ),
    ];
    for (path, body, status, word) in bad {
        let answer = post(&house, path, body).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        assert!(answer.text.contains(word), "{body}: {answer:?}");
    }
    let long = json!({"scope": "desk", "state": "active", "why": "x".repeat(501)});
    assert_eq!(post(&house, "/state", long).await.code(), "why_missing");
    assert_eq!(house.store.tag(DESK).await.unwrap().seq, seq);
}

#[actix_web::test]
async fn a_stop_is_put_nearer_under_a_name_and_never_farther_away() {
    let house = house().await;
    let id = held(&house).await;
    let path = format!("/legs/{id}/stop");
    let seq = house.store.tag(DESK).await.unwrap().seq;
    let looser = post(&house, &path, r#"{"stop":77400,"why":"x"}"#).await;
    assert_eq!(
        (looser.status, looser.code().as_str()),
        (422, "stop_looser")
    );
    assert!(looser.text.contains("77400") && looser.text.contains("77500"));
    assert_eq!(post(&house, &path, r#"{"stop":77600}"#).await.status, 422);
    assert_eq!(post(&house, &path, r#"{"why":"x"}"#).await.status, 422);
    assert_eq!(house.store.tag(DESK).await.unwrap().seq, seq);
    let nearer = post(&house, &path, r#"{"stop":77600,"why":"news at noon"}"#).await;
    assert_eq!(kinds(&nearer), ["stop_ordered"]);
    let is = nearer.json()["facts"][0]["is"].clone();
    assert_eq!((&is["from"], &is["to"]), (&"77500".into(), &"77600".into()));
    assert_eq!(is["why"], "news at noon");
    let shown = get(&house, "/positions").await.json();
    assert_eq!(shown["items"][0]["legs"][0]["stop"], "77600");
}

#[actix_web::test]
async fn lots_of_a_position_are_taken_out_and_never_more_than_are_held() {
    let house = house().await;
    let id = held(&house).await;
    let path = format!("/positions/{id}/exit");
    let more = post(&house, &path, r#"{"lots":5,"why":"x"}"#).await;
    assert_eq!((more.status, more.code().as_str()), (422, "too_many_lots"));
    for lots in ["0", "1.5", "-1", "true", "\"x\""] {
        let body = format!(r#"{{"lots":{lots},"why":"x"}}"#);
        assert_eq!(post(&house, &path, body).await.status, 422, "{lots}");
    }
    let some = post(&house, &path, r#"{"lots":3,"why":"enough"}"#).await;
    assert_eq!(kinds(&some), ["intent_approved", "order_wanted"]);
    assert_eq!(some.json()["facts"][0]["is"]["lots"], 3);
    let all = post(&house, &format!("/legs/{id}/exit"), r#"{"why":"all"}"#).await;
    assert_eq!(kinds(&all), ["exit_widened"]);
    let again = post(&house, &path, r#"{"why":"all"}"#).await;
    assert_eq!((again.status, kinds(&again).len()), (200, 0), "{again:?}");
}

#[actix_web::test]
async fn a_waiting_intent_is_cancelled_once() {
    let house = house().await;
    let order = wanted(&house).await;
    let path = format!("/intents/{}/cancel", order.intent);
    let done = post(&house, &path, r#"{"why":"changed my mind"}"#).await;
    assert_eq!(kinds(&done), ["order_closed", "intent_closed"]);
    let again = post(&house, &path, r#"{"why":"changed my mind"}"#).await;
    assert_eq!((again.status, again.code().as_str()), (404, "not_found"));
    let intents = get(&house, "/intents").await.json();
    assert_eq!(intents["items"][0]["ended_why"], "operator");
}

#[actix_web::test]
async fn an_order_that_nobody_answered_for_is_settled_by_a_person() {
    let house = house().await;
    let order = wanted(&house).await;
    let encoded = order.to_string().replace('/', "%2F");
    let path = format!("/orders/{encoded}/settle");
    let early = post(&house, &path, r#"{"outcome":"not_placed","why":"looked"}"#).await;
    assert_eq!(
        (early.status, early.code().as_str()),
        (409, "nothing_to_do")
    );
    sent(&house, order, CallResult::Uncertain("timed out".to_owned())).await;
    let status = get(&house, "/status").await.json();
    assert_eq!(status["status"]["uncertain_orders"][0], order.to_string());
    let nameless = post(&house, &path, r#"{"outcome":"placed","why":"looked"}"#).await;
    assert!(nameless.text.contains("broker_id"), "{nameless:?}");
    let by_intent = format!("/intents/{}/settle", order.intent);
    let body = r#"{"outcome":"placed","broker_id":"B7","why":"seen in the terminal"}"#;
    let settled = post(&house, &by_intent, body).await;
    assert_eq!(kinds(&settled), ["order_sent"]);
    assert_eq!(settled.json()["facts"][0]["is"]["broker_id"], "B7");
}

#[actix_web::test]
async fn an_order_that_the_broker_does_not_show_is_settled_by_a_person_as_never_placed() {
    let house = house().await;
    let order = wanted(&house).await;
    let path = format!("/orders/{}/settle", order.to_string().replace('/', "%2F"));
    let taken = CallResult::Sent(BrokerOrderId::new("B7").unwrap());
    sent(&house, order, taken).await;
    let body = r#"{"outcome":"not_placed","why":"the terminal shows none"}"#;
    let shown = post(&house, &path, body).await;
    assert_eq!(
        (shown.status, shown.code().as_str()),
        (409, "nothing_to_do")
    );
    assert!(shown.text.contains("the order book shows it"), "{shown:?}");
    house.doors.desk.unseen().set([order].into());
    let placed = r#"{"outcome":"placed","broker_id":"B8","why":"guessed"}"#;
    assert_eq!(post(&house, &path, placed).await.status, 409);
    let settled = post(&house, &path, body).await;
    assert_eq!(kinds(&settled), ["order_not_placed", "intent_closed"]);
    let again = post(&house, &path, body).await;
    assert!(
        again.text.contains("neither uncertain nor queued"),
        "{again:?}"
    );
}

#[actix_web::test]
async fn money_goes_in_and_out_of_the_ledger_in_whole_paisa() {
    let house = house().await;
    let body = r#"{"deposit":"100000.50","why":"savings"}"#;
    let put = keyed(&house, "/ledger", ("one", body)).await;
    assert_eq!(put.status, 200, "{put:?}");
    let row = get(&house, "/ledger?limit=1").await.json()["items"][0].clone();
    assert_eq!(
        (&row["kind"], &row["after"]),
        (&json!("deposit"), &json!("5100000.5"))
    );
    let most = keyed(
        &house,
        "/ledger",
        ("two", r#"{"withdraw":5100001,"why":"all"}"#),
    )
    .await;
    assert_eq!((most.status, most.code().as_str()), (422, "too_much_money"));
    for body in [
        r#"{"why":"x"}"#,
        r#"{"deposit":1,"withdraw":1,"why":"x"}"#,
        r#"{"deposit":0.001,"why":"x"}"#,
        r#"{"deposit":-5,"why":"x"}"#,
    ] {
        assert_eq!(
            keyed(&house, "/ledger", ("three", body)).await.status,
            422,
            "{body}"
        );
    }
    let out = keyed(
        &house,
        "/ledger",
        ("four", r#"{"withdraw":100000.5,"why":"back"}"#),
    )
    .await;
    assert_eq!(out.json()["facts"][0]["is"]["after"], "5000000");
}

#[actix_web::test]
async fn money_moves_once_however_often_it_is_ordered_under_one_key() {
    let house = house().await;
    let body = r#"{"deposit":1000,"why":"savings"}"#;
    let bare = post(&house, "/ledger", body).await;
    assert_eq!((bare.status, bare.code().as_str()), (422, "bad_field"));
    let first = keyed(&house, "/ledger", ("k1", body)).await;
    let again = keyed(&house, "/ledger", ("k1", body)).await;
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(first.text, again.text);
    assert_eq!(again.headers.get("Torana-Duplicate").unwrap(), "true");
    let other = keyed(&house, "/ledger", ("k1", r#"{"deposit":2,"why":"x"}"#)).await;
    assert_eq!((other.status, other.code().as_str()), (422, "key_reused"));
    let second = keyed(&house, "/ledger", ("k2", body)).await;
    assert_eq!(second.json()["facts"][0]["is"]["after"], "5002000");
}

#[actix_web::test]
async fn two_at_once_under_one_key_are_one() {
    let house = house().await;
    let body = r#"{"deposit":1000,"why":"savings"}"#;
    let ask = || keyed(&house, "/ledger", ("k", body));
    let (one, two) = tokio::join!(ask(), ask());
    assert_eq!(one.text, two.text);
    let rows = get(&house, "/ledger?limit=3").await.json();
    let deposits = rows["items"].as_array().unwrap().iter();
    assert_eq!(deposits.filter(|row| row["kind"] == "deposit").count(), 1);
}

#[actix_web::test]
async fn a_paused_source_opens_nothing_until_it_is_resumed() {
    let house = house().await;
    let path = "/sources/tv/state";
    let unknown = post(
        &house,
        "/sources/nobody/state",
        r#"{"state":"reducing","why":"x"}"#,
    )
    .await;
    assert_eq!(unknown.status, 404);
    let name = get(&house, "/sources").await.json()["items"][0]["name"].clone();
    let path = path.replace("tv", name.as_str().unwrap());
    let held = post(
        &house,
        &path,
        r#"{"state":"reducing","why":"it repeats itself"}"#,
    )
    .await;
    assert_eq!(kinds(&held), ["trading_state_set"]);
    let answer = house.alert(ENTRY).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (200, &json!("source_paused"))
    );
    let free = post(&house, &path, r#"{"state":"active","why":"mended"}"#).await;
    assert_eq!(free.status, 200);
}

#[actix_web::test]
async fn a_freeze_names_every_leg_that_loses_its_guard() {
    let house = house().await;
    held(&house).await;
    let body = r#"{"scope":"desk","state":"frozen","why":"x"}"#;
    let asked = post(&house, "/state", body).await;
    assert_eq!(
        (asked.status, asked.code().as_str()),
        (409, "legs_unguarded")
    );
    let leg = get(&house, "/positions").await.json()["items"][0]["legs"][0]["id"].clone();
    let leg = leg.as_str().unwrap();
    assert!(asked.text.contains(leg), "{asked:?}");
    let body = format!(r#"{{"scope":"desk","state":"frozen","legs":"{leg}","why":"x"}}"#);
    assert_eq!(
        kinds(&post(&house, "/state", body).await),
        ["trading_state_set"]
    );
}

#[actix_web::test]
async fn flattening_takes_everything_out() {
    let house = house().await;
    held(&house).await;
    let out = post(&house, "/flatten", r#"{"why":"enough"}"#).await;
    assert_eq!(
        kinds(&out),
        [
            "flatten_started",
            "trading_state_set",
            "intent_approved",
            "order_wanted"
        ]
    );
    assert_eq!(out.json()["facts"][2]["is"]["goal"]["close"], "kill");
}

#[actix_web::test]
async fn the_first_token_is_made_once_and_a_revoked_one_stays_revoked() {
    let house = House::new().await;
    let dir = std::env::temp_dir().join(format!("torana-token-{}", std::process::id()));
    let desk = &house.doors.desk;
    let path = token::ensure_local(desk, &dir).await.unwrap();
    let made = token::of_file(&dir).unwrap().unwrap();
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    token::ensure_local(desk, &dir).await.unwrap();
    assert_eq!(token::of_file(&dir).unwrap().unwrap(), made);
    let request = TestRequest::get().uri("/admin/v1/status");
    assert_eq!(house.send(bearing(request, &made)).await.status, 200);
    admit(desk, AccessChange::TokenRevoked(token::LOCAL.to_owned())).await;
    token::ensure_local(desk, &dir).await.unwrap();
    let request = TestRequest::get().uri("/admin/v1/status");
    assert_eq!(house.send(bearing(request, &made)).await.status, 401);
    std::fs::remove_file(&path).unwrap();
    token::ensure_local(desk, &dir).await.unwrap();
    let told = house.told("source_changed").await;
    let told: Vec<_> = told.iter().map(|is| [&is["name"], &is["change"]]).collect();
    let local = |change| ["local", change];
    assert_eq!(
        told,
        [
            ["tv-main", "added"],
            local("added"),
            local("revoked"),
            local("added")
        ]
    );
    let fresh = token::of_file(&dir).unwrap().unwrap();
    let request = TestRequest::get().uri("/admin/v1/status");
    assert_eq!(house.send(bearing(request, &fresh)).await.status, 200);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[tokio::test]
async fn the_last_prices_are_shown_with_who_said_them_and_how_old_they_are() {
    let house = house().await;
    assert_eq!(get(&house, "/marks").await.json()["items"], json!([]));
    house.alert(ENTRY).await;
    house.clock.pass(chrono::TimeDelta::seconds(3));
    let marks = get(&house, "/marks").await.json();
    let mark = &marks["items"][0];
    let shown = (&mark["instrument"], &mark["contract"], &mark["price"]);
    assert_eq!(
        shown,
        (
            &json!("GOLD_MINI"),
            &json!("GOLDM04DEC26FUT"),
            &json!("78500")
        ),
        "{marks}"
    );
    let age = (&mark["source"], &mark["age_ms"], &mark["at"]);
    assert_eq!(
        age,
        (
            &json!("rest"),
            &json!(3_000),
            &json!("2026-11-18T05:00:00Z")
        ),
        "{marks}"
    );
}
