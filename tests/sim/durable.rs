//! What was answered is still true after a kill.

use std::io::Write as _;
use std::sync::Arc;

use serde_json::json;
use torana::domain::charges::{ChargeKind, ChargeRates, ChargeRounding, Charges};
use torana::domain::money::{Money, Ratio};
use torana::domain::order::Exchange;
use torana::sim::{Fault, FaultName, SimServer};

use crate::support::{Bench, KEY, Place, TestClock, bench_with, options, send};

fn open(place: &Place) -> Bench {
    bench_with(|options| options.state = Some(place.0.clone()))
}

#[tokio::test]
async fn orders_trades_and_money_survive_a_restart() {
    let place = Place::new();
    let first = open(&place);
    first.place("BUY", &json!({}));
    let resting = first
        .place("SELL", &json!({"pricetype": "LIMIT", "price": 900}))
        .order();
    let books = ["orderbook", "tradebook", "positionbook", "funds"];
    let before = books.map(|book| first.read(book));
    first.sim.stop().await.unwrap();

    let second = open(&place);
    assert_eq!(books.map(|book| second.read(book)), before);
    assert_eq!(second.place("BUY", &json!({})).order(), "261120100000003");
    second.sbin("901");
    assert_eq!(second.status(&resting)["data"]["order_status"], "complete");
}

#[test]
fn an_order_is_on_the_disk_before_it_is_answered() {
    let place = Place::new();
    let bench = open(&place);
    bench
        .sim
        .set_faults(vec![Fault::new(FaultName::ResetAfterAccept)]);
    let body = json!({
        "apikey": KEY, "strategy": "s1", "symbol": "SBIN", "exchange": "NSE", "action": "BUY",
        "quantity": 1,
    });
    let path = "/api/v1/placeorder";
    assert!(send(bench.sim.rest_addr, "POST", path, &body.to_string()).is_none());
    let written = std::fs::read_to_string(place.0.join("journal.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(written.lines().last().unwrap()).unwrap();
    assert_eq!(last["events"][0]["placed"]["id"], "261120100000001");
    assert_eq!(last["events"][1]["filled"]["price"], "812.45");
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off_and_a_broken_one_before_it_is_not_forgiven() {
    let place = Place::new();
    let first = open(&place);
    first.place("BUY", &json!({}));
    first.sim.stop().await.unwrap();
    let path = place.0.join("journal.jsonl");
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap();
    file.write_all(b"{\"at\":\"2026-11-20T09:20").unwrap();

    let second = open(&place);
    assert_eq!(second.sim.state().orders.len(), 1);
    second.place("BUY", &json!({}));
    second.sim.stop().await.unwrap();
    let third = open(&place);
    assert_eq!(third.sim.state().orders.len(), 2);
    third.sim.stop().await.unwrap();

    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap();
    file.write_all(b"nonsense\n").unwrap();
    let mut options = options(&TestClock::new());
    options.state = Some(place.0.clone());
    assert!(SimServer::start(&options).is_err());
}

#[test]
fn two_simulators_do_not_share_a_directory() {
    let place = Place::new();
    let _first = open(&place);
    let mut options = options(&TestClock::new());
    options.state = Some(place.0.clone());
    assert!(SimServer::start(&options).is_err());
}

#[test]
fn the_charges_of_an_order_in_parts_are_those_of_the_whole() {
    let rates = ChargeRates {
        exchange: Exchange::Nse,
        kind: ChargeKind::EquityIntraday,
        valid_from: "2026-01-01".parse().unwrap(),
        brokerage: Ratio::new("0.0003".parse().unwrap()),
        brokerage_max: Money::rupees(20),
        stt_buy: Ratio::default(),
        stt_sell: Ratio::new("0.00025".parse().unwrap()),
        exchange_fee: Ratio::new("0.0000307".parse().unwrap()),
        sebi: Ratio::new("0.000001".parse().unwrap()),
        stamp_buy: Ratio::new("0.00003".parse().unwrap()),
        gst: Ratio::new("0.18".parse().unwrap()),
        source: "a test".to_owned(),
        assumed: true,
    };
    let table = Charges::new(vec![rates], ChargeRounding::Total);
    let bench = bench_with(|options| options.charges = Arc::new(table));
    let faults = r#"{"fault":"partial_fill","n":3,"count":1}"#;
    send(bench.sim.rest_addr, "PUT", "/_sim/faults", faults).unwrap();
    bench.place("BUY", &json!({}));
    bench.sim.clear_faults().unwrap();
    let whole = bench_charges(&bench, 0);
    bench.place("BUY", &json!({}));
    let state = bench.sim.state();
    assert_eq!(state.trades.len(), 3);
    assert_eq!(whole, bench_charges(&bench, 1));
    assert_eq!(whole, Money::new("3.42".parse().unwrap()));
    assert_eq!(state.account.charges, whole + whole);
}

fn bench_charges(bench: &Bench, order: usize) -> Money {
    bench.sim.state().orders[order].charges
}
