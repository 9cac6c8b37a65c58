//! What can be made to go wrong, one by one.

use serde_json::{Value, json};

use crate::support::{Bench, KEY, bench, send};

fn put(bench: &Bench, faults: &Value) {
    let reply = send(
        bench.sim.rest_addr,
        "PUT",
        "/_sim/faults",
        &faults.to_string(),
    )
    .unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text);
}

fn clear(bench: &Bench) {
    let reply = send(bench.sim.rest_addr, "DELETE", "/_sim/faults", "").unwrap();
    assert_eq!(reply.status, 200);
}

fn orders(bench: &Bench) -> usize {
    bench.sim.state().orders.len()
}

const INTERNAL: &str =
    "{\"message\":\"Failed to place order due to internal error\",\"status\":\"error\"}\n";

/// A fault, the status and body it answers with, and whether the order is taken.
type Case = (Value, u16, &'static str, usize);

const SILENT: &str = "{\"orderid\":null,\"status\":\"success\"}\n";

fn taken() -> Vec<Case> {
    let placeholder = "{\"orderid\":\"ORDER_PLACED\",\"status\":\"success\"}\n";
    let created = "{\"message\":\"Failed to place order\",\"status\":\"error\"}\n";
    vec![
        (
            json!({"place": "null_orderid", "accept": true}),
            200,
            SILENT,
            1,
        ),
        (json!({"place": "placeholder_orderid"}), 200, placeholder, 1),
        (json!({"place": "created_201_error"}), 201, created, 1),
        (json!({"place": "error_500_after_accept"}), 500, INTERNAL, 1),
        (
            json!({"place": "hang_after_accept", "ms": 5}),
            500,
            INTERNAL,
            1,
        ),
        (
            json!({"place": "hang_then_accept", "ms": 5}),
            500,
            INTERNAL,
            1,
        ),
    ]
}

fn left() -> Vec<Case> {
    let closed = "{\"message\":\"Market is closed.\",\"status\":\"error\"}\n";
    let many = "{\"message\":\"Too many requests\",\"status\":\"error\"}\n";
    let key = "{\"message\":\"Invalid openalgo apikey\",\"status\":\"error\"}\n";
    let queued = "{\"message\":\"Order queued for approval in Action Center\",\
                  \"mode\":\"semi_auto\",\"pending_order_id\":1,\"status\":\"success\"}\n";
    vec![
        (json!({"place": "null_orderid"}), 200, SILENT, 0),
        (json!({"place": "error_500_nothing"}), 500, INTERNAL, 0),
        (json!({"place": "hang_nothing", "ms": 5}), 500, INTERNAL, 0),
        (
            json!({"place": "reject", "text": "Market is closed."}),
            400,
            closed,
            0,
        ),
        (
            json!({"place": "limiter_429"}),
            429,
            "{\"message\": \"10 per 1 second\"}\n",
            0,
        ),
        (json!({"place": "broker_429"}), 429, many, 0),
        (json!({"place": "session_expired_403"}), 403, key, 0),
        (json!({"place": "semi_auto"}), 200, queued, 0),
    ]
}

#[test]
fn every_way_to_answer_an_order_takes_it_or_leaves_it_as_it_says() {
    let bench = bench();
    for (mut fault, status, text, more) in taken().into_iter().chain(left()) {
        let before = orders(&bench);
        fault["count"] = 1.into();
        put(&bench, &fault);
        let reply = bench.place("BUY", &json!({}));
        assert_eq!(
            (reply.status, reply.text.as_str()),
            (status, text),
            "{fault}"
        );
        assert_eq!(orders(&bench), before + more, "{fault}");
        assert!(bench.sim.state().faults.is_empty(), "{fault} struck once");
    }
}

#[test]
fn a_reset_connection_has_no_answer_whether_the_order_was_taken_or_not() {
    let bench = bench();
    for (fault, taken) in [("reset_after_accept", 1), ("reset_before", 1)] {
        put(&bench, &json!({"fault": fault, "count": 1}));
        let body = json!({
            "apikey": KEY, "strategy": "s1", "symbol": "SBIN", "exchange": "NSE",
            "action": "BUY", "quantity": 1,
        });
        let path = "/api/v1/placeorder";
        assert!(send(bench.sim.rest_addr, "POST", path, &body.to_string()).is_none());
        assert_eq!(orders(&bench), taken, "{fault}");
    }
}

#[test]
fn an_acknowledged_order_may_turn_out_rejected() {
    let bench = bench();
    put(
        &bench,
        &json!({"fault": "reject_after_ack", "text": "RMS: blocked", "count": 1}),
    );
    let order = bench.place("BUY", &json!({})).order();
    assert_eq!(bench.status(&order)["data"]["order_status"], "rejected");
    assert_eq!(bench.sim.state().orders[0].reason, "RMS: blocked");
    assert_eq!(bench.read("tradebook")["data"], json!([]));
}

#[test]
fn a_partial_fill_rests_until_it_is_cancelled_or_released() {
    let bench = bench();
    put(
        &bench,
        &json!({"fault": "partial_fill", "n": 4, "count": 2}),
    );
    let (first, second) = (
        bench.place("BUY", &json!({})).order(),
        bench.place("BUY", &json!({})).order(),
    );
    bench.sbin("812");
    assert_eq!(bench.status(&first)["data"]["order_status"], "open");
    assert_eq!(bench.cancel(&first).status, 200);
    clear(&bench);
    assert_eq!(bench.status(&first)["data"]["order_status"], "cancelled");
    assert_eq!(bench.status(&second)["data"]["order_status"], "complete");
    assert_eq!(bench.read("positionbook")["data"][0]["quantity"], 14);
}

#[test]
fn a_cancel_may_lie_fail_or_come_too_late() {
    let bench = bench();
    let limit = json!({"pricetype": "LIMIT", "price": 800});
    let filled = |at: usize| bench.sim.state().orders[at].filled;

    put(
        &bench,
        &json!({"cancel": "x", "fault": "fill_after_cancel", "count": 1}),
    );
    let order = bench.place("BUY", &limit).order();
    assert_eq!((bench.cancel(&order).status, filled(0)), (200, 0));
    bench.sbin("812");
    bench.sbin("813");
    assert_eq!(bench.status(&order)["data"]["order_status"], "cancelled");
    assert_eq!(filled(0), 10);

    put(
        &bench,
        &json!({"fault": "cancel_with_fill", "n": 3, "count": 1}),
    );
    let order = bench.place("BUY", &limit).order();
    assert_eq!((bench.cancel(&order).status, filled(1)), (200, 3));

    put(&bench, &json!({"fault": "cancel_fails_500", "count": 1}));
    let order = bench.place("BUY", &limit).order();
    assert_eq!(bench.cancel(&order).status, 500);
    assert_eq!(bench.status(&order)["data"]["order_status"], "open");
}

#[test]
fn books_may_be_late_empty_or_broken_while_the_truth_is_another() {
    let bench = bench();
    put(
        &bench,
        &json!([{"fault": "delayed_orderbook", "ms": 5000}, {"fault": "delayed_tradebook"}]),
    );
    let order = bench.place("BUY", &json!({})).order();
    let shown = |book: &str| bench.read(book)["data"].to_string().contains(&order);
    assert_eq!(
        (bench.status(&order)["status"].as_str(), shown("orderbook")),
        (Some("error"), false)
    );
    bench.clock.forward(5000);
    assert_eq!((shown("orderbook"), shown("tradebook")), (true, false));
    clear(&bench);
    assert!(shown("tradebook"));

    put(&bench, &json!({"fault": "empty_books"}));
    for book in ["tradebook", "positionbook"] {
        assert_eq!(bench.read(book), json!({"data": [], "status": "success"}));
    }
    assert!(!shown("orderbook"));
    clear(&bench);
    for (fault, book) in [
        ("orderbook_500", "orderbook"),
        ("tradebook_500", "tradebook"),
    ] {
        put(&bench, &json!({"fault": fault, "count": 1}));
        let reply = bench.post(book, json!({}));
        assert_eq!(reply.status, 500);
        assert!(shown(book));
    }
    put(&bench, &json!({"fault": "positions_no_ltp", "count": 1}));
    let row = &bench.read("positionbook")["data"][0];
    assert!(row.get("ltp").is_none() && row.get("quantity").is_some());
}

#[test]
fn types_may_be_those_of_another_broker() {
    let bench = bench();
    put(
        &bench,
        &json!([{"fault": "numeric_orderid"}, {"fault": "string_numbers"}]),
    );
    let id = bench.place("BUY", &json!({})).json()["orderid"].to_string();
    assert_eq!(id, "261120100000001");
    let trade = &bench.read("tradebook")["data"][0];
    assert_eq!(
        (&trade["quantity"], &trade["average_price"]),
        (&json!("10"), &json!("812.45"))
    );
    let quote = bench.post("quotes", json!({"symbol": "SBIN", "exchange": "NSE"}));
    assert_eq!(quote.json()["data"]["ltp"], "812.4");
}

#[test]
fn funds_and_quotes_may_say_nothing_while_they_say_success() {
    let bench = bench();
    let quote = || bench.post("quotes", json!({"symbol": "SBIN", "exchange": "NSE"}));
    put(&bench, &json!({"fault": "funds_empty", "count": 1}));
    assert_eq!(
        bench.read("funds"),
        json!({"data": {}, "status": "success"})
    );
    put(&bench, &json!({"fault": "funds_nan", "count": 1}));
    assert!(
        bench
            .post("funds", json!({}))
            .text
            .contains("\"availablecash\":NaN")
    );
    put(&bench, &json!({"fault": "quote_zero", "count": 1}));
    assert_eq!(quote().json()["data"]["ltp"].to_string(), "0.0");
    put(&bench, &json!({"fault": "no_quote", "count": 1}));
    assert_eq!(quote().status, 500);
    put(&bench, &json!({"fault": "quote_stale"}));
    bench.sbin("900");
    assert_eq!(quote().json()["data"]["ltp"].to_string(), "812.4");
    clear(&bench);
    assert_eq!(quote().json()["data"]["ltp"].to_string(), "900.0");
}

#[test]
fn semi_auto_forbids_what_takes_back_and_analyze_shows_in_every_answer() {
    let bench = bench();
    put(&bench, &json!({"fault": "semi_auto"}));
    let cancel = bench.cancel("1");
    let text = "Cancel order operation is not allowed in Semi-Auto mode. Please switch to Auto mode \
                to cancel orders.";
    assert_eq!(
        (cancel.status, cancel.json()["message"].as_str()),
        (403, Some(text))
    );
    clear(&bench);
    put(&bench, &json!({"fault": "analyze"}));
    assert_eq!(bench.read("analyzer")["data"]["mode"], "analyze");
    assert_eq!(bench.place("BUY", &json!({})).json()["mode"], "analyze");
    assert_eq!(bench.read("orderbook")["mode"], "analyze");
    clear(&bench);
    assert_eq!(bench.read("analyzer")["data"]["mode"], "live");
    assert!(bench.read("orderbook").get("mode").is_none());
}

#[test]
fn an_expired_session_leaves_the_search_as_it_was() {
    let bench = bench();
    put(&bench, &json!({"fault": "session_expired_403"}));
    assert_eq!(bench.post("ping", json!({})).status, 403);
    assert_eq!(bench.post("search", json!({"query": "SBIN"})).status, 200);
}

#[test]
fn a_fault_nobody_knows_is_refused_and_the_list_says_what_is_on() {
    let bench = bench();
    let to = bench.sim.rest_addr;
    let reply = send(to, "PUT", "/_sim/faults", "{\"fault\":\"gremlins\"}").unwrap();
    assert_eq!(
        (reply.status, &reply.json()["message"]),
        (400, &json!("unknown fault `gremlins`"))
    );
    put(&bench, &json!({"fault": "slow", "ms": 1}));
    bench.read("ping");
    let state = send(to, "GET", "/_sim/state", "").unwrap().json();
    assert_eq!(state["faults"], json!(["slow"]));
    assert_eq!(state["calls"]["ping"], 1);
    assert!(!state["log"].to_string().contains(KEY));
}
