//! Orders, books, money.

use serde_json::json;

use crate::support::{FUTURE, bench, bench_with, read_reply, send, send_as};

#[test]
fn a_market_order_pays_the_ask_and_is_in_every_book() {
    let bench = bench();
    let order = bench.place("BUY", &json!({})).order();
    assert_eq!(order, "261120100000001");

    let row = &bench.read("orderbook")["data"]["orders"][0];
    assert_eq!(row["order_status"], "complete");
    assert_eq!(row["price"].to_string(), "0.0");
    assert_eq!(row["timestamp"], "2026-11-20 14:50:54");
    assert_eq!(row.as_object().unwrap().len(), 11);
    let trade = &bench.read("tradebook")["data"][0];
    assert_eq!(trade["average_price"].to_string(), "812.45");
    assert_eq!(trade["timestamp"], "14:50:54");
    let position = &bench.read("positionbook")["data"][0];
    assert_eq!(position["average_price"], "812.45");
    assert_eq!(position["pnl"].to_string(), "-0.5");
    assert_eq!(
        bench.status(&order)["data"]["average_price"].to_string(),
        "812.45"
    );
}

#[test]
fn a_resting_limit_fills_at_its_limit_when_the_ask_reaches_it() {
    let bench = bench();
    let order = bench
        .place("BUY", &json!({"pricetype": "LIMIT", "price": 800}))
        .order();
    bench.sbin("800");
    assert_eq!(bench.status(&order)["data"]["order_status"], "open");
    bench.sbin("790");
    let data = &bench.status(&order)["data"];
    assert_eq!(data["order_status"], "complete");
    assert_eq!(data["average_price"].to_string(), "800.0");
}

#[test]
fn a_stop_waits_wakes_and_fills_one_tick_beyond() {
    let bench = bench();
    let order = bench
        .place("SELL", &json!({"pricetype": "SL-M", "trigger_price": 800}))
        .order();
    assert_eq!(
        bench.status(&order)["data"]["order_status"],
        "trigger pending"
    );
    bench.sbin("799");
    let data = &bench.status(&order)["data"];
    assert_eq!(data["order_status"], "complete");
    assert_eq!(data["average_price"].to_string(), "798.95");
}

#[test]
fn a_cancelled_order_stays_cancelled_and_cannot_be_cancelled_again() {
    let bench = bench();
    let order = bench
        .place("BUY", &json!({"pricetype": "LIMIT", "price": 700}))
        .order();
    let gone = bench.cancel(&order);
    assert_eq!((gone.status, gone.order()), (200, order.clone()));
    let again = bench.cancel(&order);
    assert_eq!(again.status, 500);
    assert!(
        again
            .text
            .starts_with("{\"message\":\"Failed to cancel order: Client error '400")
    );
    bench.sbin("600");
    assert_eq!(bench.status(&order)["data"]["order_status"], "cancelled");
}

#[test]
fn a_modified_order_has_new_terms_and_the_same_number() {
    let bench = bench();
    let order = bench
        .place("BUY", &json!({"pricetype": "LIMIT", "price": 700}))
        .order();
    let fields = json!({
        "strategy": "s1", "exchange": "NSE", "symbol": "SBIN", "orderid": order, "action": "BUY",
        "product": "MIS", "pricetype": "LIMIT", "price": "801", "quantity": "12",
        "disclosed_quantity": "0", "trigger_price": "0",
    });
    assert_eq!(bench.post("modifyorder", fields).order(), order);
    let data = &bench.status(&order)["data"];
    assert_eq!(
        (data["price"].to_string(), data["quantity"].to_string()),
        ("801.0".into(), "12".into())
    );
}

#[test]
fn money_moves_by_profit_margin_and_charges() {
    let bench = bench();
    assert_eq!(bench.read("funds")["data"]["availablecash"], "5000000.00");
    bench.place("BUY", &json!({}));
    bench.sbin("820");
    let funds = &bench.read("funds")["data"];
    assert_eq!(funds["utiliseddebits"], "1624.90");
    assert_eq!(funds["m2munrealized"], "75.50");
    bench.place("SELL", &json!({}));
    let funds = &bench.read("funds")["data"];
    assert_eq!(funds["utiliseddebits"], "0.00");
    assert_eq!(funds["m2mrealized"], "75.00");
    assert_eq!(funds["availablecash"], "5000075.00");
}

#[test]
fn an_order_beyond_the_cash_is_refused_in_the_brokers_words_and_one_that_reduces_is_not() {
    let bench = bench();
    let future = |action: &str, quantity: u32| {
        bench.post(
            "placeorder",
            json!({
                "strategy": "s1", "symbol": FUTURE, "exchange": "NFO", "action": action,
                "quantity": quantity, "product": "NRML",
            }),
        )
    };
    assert_eq!(future("BUY", 600).status, 200);
    let refused = future("BUY", 600);
    assert_eq!(refused.status, 400);
    assert!(
        refused
            .text
            .contains("Insufficient funds. Required margin is 45708"),
        "{refused:?}"
    );
    assert_eq!(future("SELL", 600).status, 200);
    assert_eq!(bench.sim.state().orders.len(), 2);
}

#[test]
fn what_the_broker_does_not_have_it_does_not_take() {
    let bench = bench();
    let unknown =
        "The instrument you are placing an order for has either expired or does not exist.";
    for (symbol, exchange) in [
        ("NOSUCH", "NSE"),
        ("SBIN", "CDS"),
        ("BANKNIFTY", "NSE_INDEX"),
    ] {
        let refused = bench.place("BUY", &json!({"symbol": symbol, "exchange": exchange}));
        assert_eq!(
            (refused.status, refused.json()["message"].as_str()),
            (400, Some(unknown))
        );
    }
    let odd = bench.place(
        "BUY",
        &json!({"symbol": FUTURE, "exchange": "NFO", "product": "NRML"}),
    );
    assert_eq!(
        odd.json()["message"],
        "Quantity should be in multiples of lot size 30."
    );
    // Nobody has named a price for it yet.
    assert_eq!(
        bench.place("BUY", &json!({"symbol": "HDFCBANK"})).status,
        400
    );
    assert_eq!(bench.sim.state().orders.len(), 0);
}

#[test]
fn a_smart_order_moves_the_position_to_its_target() {
    let bench = bench();
    let to = |target: &str, quantity: u32| {
        let fields = json!({
            "strategy": "s1", "symbol": "SBIN", "exchange": "NSE", "action": "BUY",
            "product": "MIS", "quantity": quantity, "position_size": target,
        });
        bench.post("placesmartorder", fields)
    };
    let net = || {
        let fields =
            json!({"strategy": "s1", "symbol": "SBIN", "exchange": "NSE", "product": "MIS"});
        bench.post("openposition", fields).json()["quantity"].to_string()
    };
    for target in ["5", "-3", "0"] {
        assert_eq!(to(target, 9).status, 200);
        assert_eq!(net(), target);
    }
    let nothing = to("0", 0).json();
    assert_eq!(
        nothing["message"],
        "Positions Already Matched. No Action needed."
    );
    assert!(nothing.get("orderid").is_none());
    // The trap of OpenAlgo: an exit that comes twice opens a new position.
    assert_eq!(to("0", 5).status, 200);
    assert_eq!(net(), "5");
}

#[test]
fn baskets_and_slices_succeed_whatever_became_of_their_orders() {
    let bench = bench();
    let order = |symbol: &str, action: &str| json!({"symbol": symbol, "exchange": "NSE", "action": action, "quantity": 1});
    let orders = [
        order("SBIN", "SELL"),
        order("NOSUCH", "BUY"),
        order("TCS", "BUY"),
    ];
    let basket = bench.post("basketorder", json!({"strategy": "s1", "orders": orders}));
    let results = &basket.json()["results"];
    assert_eq!(results[0]["status"], "error");
    assert_eq!(
        (&results[1]["symbol"], &results[2]["symbol"]),
        (&json!("TCS"), &json!("SBIN"))
    );
    let fields = json!({
        "strategy": "s1", "symbol": "SBIN", "exchange": "NSE", "action": "BUY", "quantity": 25,
        "splitsize": 10,
    });
    let split = bench.post("splitorder", fields).json();
    assert_eq!(split["results"][2]["quantity"], 5);
    assert_eq!(split["total_quantity"], 25);
}

#[test]
fn closing_everything_closes_everything_and_cancelling_all_cancels_stops_too() {
    let bench = bench();
    bench.place("BUY", &json!({}));
    bench.place("SELL", &json!({"symbol": "TCS"}));
    bench.place("SELL", &json!({"pricetype": "SL-M", "trigger_price": 700}));
    let gone = bench
        .post("cancelallorder", json!({"strategy": "x"}))
        .json();
    assert_eq!(
        gone["message"],
        "Canceled 1 orders. Failed to cancel 0 orders."
    );
    let closed = bench.post("closeposition", json!({"strategy": "x"})).json();
    assert_eq!(closed["message"], "All Open Positions Squared Off");
    let rows = bench.read("positionbook");
    let flat: Vec<_> = rows["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["quantity"])
        .collect();
    assert_eq!(flat, [0, 0]);
}

#[test]
fn the_limiter_counts_each_route_and_has_its_own_words() {
    let bench = bench_with(|options| options.limits = true);
    let statuses: Vec<_> = (0..11).map(|_| bench.cancel("1").status).collect();
    assert_eq!(statuses[..10], [500; 10]);
    assert_eq!(statuses[10], 429);
    assert_eq!(
        bench.cancel("1").text,
        "{\"message\": \"10 per 1 second\"}\n"
    );
    assert_eq!(bench.place("BUY", &json!({})).status, 200);
    bench.clock.forward(1000);
    assert_eq!(bench.cancel("1").status, 500);
}

#[test]
fn connections_close_as_werkzeug_does_or_live_on_as_under_gunicorn() {
    use std::io::Write as _;
    use torana::sim::ServerStyle;
    let request = "POST /api/v1/ping HTTP/1.1\r\nHost: sim\r\nContent-Type: application/json\r\n\
                   Content-Length: 25\r\n\r\n{\"apikey\":\"test-api-key\"}";
    for (style, calls) in [(ServerStyle::Werkzeug, 1), (ServerStyle::Gunicorn, 2)] {
        let bench = bench_with(|options| options.style = style);
        let mut stream = std::net::TcpStream::connect(bench.sim.rest_addr).unwrap();
        for _ in 0..calls {
            stream.write_all(request.as_bytes()).unwrap();
            let reply = read_reply(&mut stream).unwrap();
            assert_eq!(reply.status, 200);
            assert_eq!(reply.head.contains("connection: close"), calls == 1);
        }
        // Both end it in the end: at once, or after two idle seconds.
        assert!(read_reply(&mut stream).is_none());
    }
}

#[test]
fn bodies_that_are_no_json_object_get_flasks_answers() {
    let bench = bench();
    let to = bench.sim.rest_addr;
    let place = ("POST", "/api/v1/placeorder");
    let not_read = "{\"message\": \"The browser (or proxy) sent a request that this server could not understand.\"}\n";
    for (body, status, text) in [
        ("{not json", 400, not_read),
        ("", 400, not_read),
        ("[]", 500, "{\"message\": \"Internal Server Error\"}\n"),
        ("null", 500, "{\"message\": \"Internal Server Error\"}\n"),
    ] {
        let reply = send(to, place.0, place.1, body).unwrap();
        assert_eq!((reply.status, reply.text.as_str()), (status, text));
    }
    let form = send_as(to, place, "application/x-www-form-urlencoded", "a=b").unwrap();
    assert_eq!(form.status, 500);
    assert!(
        form.text
            .contains("An unexpected error occurred in the API endpoint")
    );
    for (verb, path) in [
        ("GET", "/api/v1/placeorder"),
        ("POST", "/api/v1/nosuch"),
        ("GET", "/"),
    ] {
        let reply = send(to, verb, path, "").unwrap();
        let text =
            format!("{{\"message\":\"Not found\",\"path\":\"{path}\",\"status\":\"error\"}}\n");
        assert_eq!((reply.status, reply.text), (404, text));
    }
}

#[test]
fn the_same_seed_walks_the_same_way() {
    let walk = |seed: u64| {
        let bench = bench_with(|options| options.seed = seed);
        let quote = |_: u32| {
            bench.sim.step().unwrap();
            let fields = json!({"symbol": "SBIN", "exchange": "NSE"});
            bench.post("quotes", fields).json()["data"]["ltp"].to_string()
        };
        (0..20).map(quote).collect::<Vec<_>>()
    };
    assert_eq!(walk(7), walk(7));
    assert_ne!(walk(7), walk(8));
}

#[test]
fn an_order_lives_for_one_exchange_day_and_the_books_begin_anew() {
    let bench = bench();
    bench.place("BUY", &json!({}));
    bench.place("SELL", &json!({}));
    let resting = bench
        .place("BUY", &json!({"pricetype": "LIMIT", "price": 700}))
        .order();
    // 03:00 in India is twelve hours and nine minutes away.
    bench.clock.forward(12 * 3_600_000);
    assert_eq!(bench.status(&resting)["data"]["order_status"], "open");
    bench.clock.forward(10 * 60_000);
    assert_eq!(bench.read("orderbook")["data"]["orders"], json!([]));
    assert_eq!(bench.read("tradebook")["data"], json!([]));
    assert_eq!(bench.status(&resting)["status"], "error");
    assert_eq!(bench.sim.state().orders[2].status.word(), "cancelled");
    let funds = &bench.read("funds")["data"];
    assert_eq!(
        (&funds["availablecash"], &funds["m2mrealized"]),
        (&json!("4999999.00"), &json!("0.00"))
    );
    let id = bench.place("BUY", &json!({})).order();
    assert_eq!(id, "261121100000004");
}

#[test]
fn quantities_beyond_the_freeze_and_prices_off_the_tick_are_refused() {
    let bench = bench();
    let frozen = json!({"symbol": FUTURE, "exchange": "NFO", "product": "NRML", "quantity": 630});
    let refused = bench.place("BUY", &frozen);
    assert_eq!(
        refused.json()["message"],
        "Quantity should not exceed the freeze quantity of 600."
    );
    let odd = bench.place("BUY", &json!({"pricetype": "LIMIT", "price": "800.03"}));
    assert!(
        odd.text.contains("Tick size for this script is 0.05."),
        "{}",
        odd.text
    );
    assert_eq!(bench.sim.state().orders.len(), 0);
}
