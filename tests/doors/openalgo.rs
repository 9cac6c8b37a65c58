//! The doors that stand in for OpenAlgo.

use serde_json::{Value, json};

use super::house::{Answer, BAR, House, SECRET, admit};

fn order(changes: &Value) -> String {
    let mut body = json!({
        "apikey": SECRET, "strategy": "s", "exchange": "MCX", "symbol": "GOLDM1!",
        "action": "BUY", "quantity": "2", "price": "78500", "stop": "77500",
    });
    for (key, value) in changes.as_object().unwrap() {
        body[key] = value.clone();
    }
    body.to_string()
}

async fn call(house: &House, route: &str, body: &Value) -> Answer {
    house
        .post(&format!("/api/v1/{route}"), body.to_string())
        .await
}

#[actix_web::test]
async fn an_order_is_gated_and_known_by_a_number_of_ours() {
    let house = House::new().await;
    house.alert(BAR).await;
    let placed = house.post("/api/v1/placeorder", order(&json!({}))).await;
    assert_eq!(placed.status, 200, "{placed:?}");
    let number = placed.json()["orderid"].as_str().unwrap().to_owned();
    assert!(number.len() == 14 && number.bytes().all(|digit| digit.is_ascii_digit()));
    let again = house.post("/api/v1/placeorder", order(&json!({}))).await;
    assert_eq!(again.text, placed.text);

    let one = json!({"apikey": SECRET, "strategy": "s", "orderid": number});
    let status = call(&house, "orderstatus", &one).await.json();
    assert_eq!(status["data"]["order_status"], "open", "{status}");
    assert_eq!(status["data"]["action"], "BUY");
    let book = call(&house, "orderbook", &json!({"apikey": SECRET}))
        .await
        .json();
    assert_eq!(book["data"]["orders"][0]["orderid"], number.as_str());
    assert_eq!(book["data"]["statistics"]["total_open_orders"], 1);

    assert_eq!(
        call(&house, "cancelorder", &one).await.json()["orderid"],
        number.as_str()
    );
    let status = call(&house, "orderstatus", &one).await.json();
    assert_eq!(status["data"]["order_status"], "cancelled", "{status}");
    let twice = call(&house, "cancelorder", &one).await;
    assert_eq!(
        twice.json()["message"],
        "Cannot cancel order in cancelled status"
    );
}

#[actix_web::test]
async fn refusals_have_openalgos_shapes() {
    let house = House::new().await;
    let place = |changes: Value| {
        let body = order(&changes);
        let house = &house;
        async move { house.post("/api/v1/placeorder", body).await }
    };
    let schema = place(json!({"quantity": 0})).await;
    assert_eq!(schema.status, 400);
    assert_eq!(
        schema.text,
        "{\"message\":\"{'quantity': ['Quantity must be a positive number.']}\",\"status\":\"error\"}\n"
    );
    let key = place(json!({"apikey": "wrong"})).await;
    assert_eq!(key.status, 403);
    assert_eq!(
        key.text,
        "{\"message\":\"Invalid openalgo apikey\",\"status\":\"error\"}\n"
    );
    let rejected = place(json!({"strategy": "t", "stop": "78499"})).await;
    assert_eq!(rejected.status, 400);
    assert!(
        rejected.json()["message"]
            .as_str()
            .unwrap()
            .starts_with('['),
        "{rejected:?}"
    );
    let unknown = place(json!({"symbol": "NOTHING"})).await;
    assert!(
        unknown.json()["message"]
            .as_str()
            .unwrap()
            .starts_with("[unknown_instrument]")
    );
    let broken = house.post("/api/v1/placeorder", "{").await;
    assert_eq!((broken.status, broken.json().get("status")), (400, None));
}

#[actix_web::test]
async fn what_is_not_gated_is_not_sent() {
    let house = House::new().await;
    for route in [
        "basketorder",
        "splitorder",
        "modifyorder",
        "cancelallorder",
        "closeposition/",
    ] {
        let answer = call(&house, route, &json!({"apikey": SECRET})).await;
        assert_eq!(
            (answer.status, answer.json()["message"].as_str()),
            (400, Some("not gated, not sent"))
        );
    }
    assert_eq!(call(&house, "nothing", &json!({})).await.status, 404);
    assert_eq!(house.get("/api/v1/placeorder").await.status, 404);
    let quotes = json!({"apikey": SECRET, "symbol": "GOLDM", "exchange": "MCX"});
    assert_eq!(call(&house, "quotes", &quotes).await.status, 503);
    assert_eq!(
        call(&house, "funds", &json!({})).await.json()["message"]["apikey"][0],
        "Missing data for required field."
    );
    assert_eq!(
        call(&house, "funds", &json!({"apikey": "x"})).await.status,
        403
    );
}

#[actix_web::test]
async fn a_sender_sees_and_cancels_its_own_orders_alone() {
    let house = House::new().await;
    let other = torana::store::NewSource {
        name: "other".to_owned(),
        secret: torana::http::webhook::sha256(b"the-others-key"),
        ..torana::store::NewSource::default()
    };
    let other = torana::store::AccessChange::SourceAdded(Box::new(other));
    admit(&house.doors.desk, other).await;
    house.alert(BAR).await;
    let placed = house.post("/api/v1/placeorder", order(&json!({}))).await;
    let number = placed.json()["orderid"].as_str().unwrap().to_owned();
    let one = |key| json!({"apikey": key, "strategy": "s", "orderid": number});
    for route in ["orderstatus", "cancelorder"] {
        let answer = call(&house, route, &one("the-others-key")).await;
        assert_eq!(answer.status, 404, "{route}: {answer:?}");
    }
    let book = call(&house, "orderbook", &json!({"apikey": "the-others-key"})).await;
    assert_eq!(book.json()["data"]["orders"], json!([]));
    let status = call(&house, "orderstatus", &one(SECRET)).await.json();
    assert_eq!(status["data"]["order_status"], "open", "{status}");
}
