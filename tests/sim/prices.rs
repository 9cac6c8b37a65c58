//! Where prices come from.

use futures_util::{SinkExt as _, StreamExt as _};
use rust_decimal::Decimal;
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use torana::domain::calendar::Calendar;
use torana::domain::order::Exchange;
use torana::sim::{PriceSource, SimServer};

use crate::support::{Bench, FUTURE, KEY, Place, TestClock, bench, options, price, send};

fn ltp(bench: &Bench, symbol: &str) -> String {
    let exchange = if symbol == FUTURE { "NFO" } else { "NSE" };
    let quote = bench.post("quotes", json!({"symbol": symbol, "exchange": exchange}));
    quote.json()["data"]["ltp"].to_string()
}

fn started(source: PriceSource) -> Bench {
    let clock = TestClock::new();
    let mut options = options(&clock);
    options.prices = source;
    let sim = SimServer::start(&options).unwrap();
    Bench { sim, clock }
}

#[test]
fn the_walk_is_pulled_to_the_newest_alert() {
    let bench = bench();
    let body = json!({"exchange": "NSE", "symbol": "HDFCBANK", "price": "1650.00"});
    let reply = send(
        bench.sim.rest_addr,
        "PUT",
        "/_sim/prices",
        &body.to_string(),
    )
    .unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(ltp(&bench, "HDFCBANK"), "1650.0");
    for _ in 0..500 {
        bench.sim.step().unwrap();
    }
    let last: Decimal = ltp(&bench, "HDFCBANK").parse().unwrap();
    assert!(
        (Decimal::from(1645)..=Decimal::from(1655)).contains(&last),
        "{last}"
    );
}

#[test]
fn one_name_prices_every_month_and_the_index() {
    let bench = bench();
    bench
        .sim
        .set_prices_of("BANKNIFTY", price("59000"))
        .unwrap();
    let symbols = [FUTURE, "BANKNIFTY29DEC26FUT"].map(|symbol| (symbol, "NFO"));
    for (symbol, exchange) in symbols.into_iter().chain([("BANKNIFTY", "NSE_INDEX")]) {
        let quote = bench.post("quotes", json!({"symbol": symbol, "exchange": exchange}));
        assert_eq!(quote.json()["data"]["ltp"].to_string(), "59000.0");
    }
}

#[test]
fn a_bar_file_is_played_low_before_high_and_is_the_history() {
    let place = Place::new();
    std::fs::create_dir_all(&place.0).unwrap();
    let file = place.0.join("bars.csv");
    let bars = "time,symbol,open,high,low,close\n\
                2026-11-20 09:15:00,SBIN,800,810,790,805\n\
                2026-11-20T03:50:00Z,SBIN,806,807,795,800\n";
    std::fs::write(&file, bars).unwrap();
    let bench = started(PriceSource::Bars(file.clone()));
    let mut seen = vec![ltp(&bench, "SBIN")];
    for _ in 0..7 {
        bench.sim.step().unwrap();
        seen.push(ltp(&bench, "SBIN"));
    }
    let played = [
        "800.0", "790.0", "810.0", "805.0", "806.0", "795.0", "807.0", "800.0",
    ];
    assert_eq!(seen, played);
    let fields = json!({
        "symbol": "SBIN", "exchange": "NSE", "interval": "5m",
        "start_date": "2026-11-20", "end_date": "2026-11-20",
    });
    let rows = bench.post("history", fields).json();
    assert_eq!(rows["data"][1]["timestamp"], 1_795_146_600);
    std::fs::write(&file, "time,symbol,open\n2026-11-20 09:15:00,SBIN,1\n").unwrap();
    let mut options = options(&TestClock::new());
    options.prices = PriceSource::Bars(file);
    let error = SimServer::start(&options).unwrap_err().to_string();
    assert!(error.contains("line 2"), "{error}");
}

#[tokio::test]
async fn a_real_openalgos_quotes_are_followed() {
    let real = bench();
    let url = format!("http://{}/", real.sim.rest_addr);
    let ours = started(PriceSource::OpenAlgo {
        url,
        key: KEY.to_owned(),
    });
    let (mut feed, _) = connect_async(format!("ws://{}/", ours.sim.feed_addr))
        .await
        .unwrap();
    for message in [
        json!({"action": "authenticate", "api_key": KEY}),
        json!({"action": "subscribe", "symbol": "SBIN", "exchange": "NSE", "mode": 1}),
    ] {
        feed.send(Message::text(message.to_string())).await.unwrap();
    }
    real.sbin("777");
    // Two answers, then ticks; the price arrives with one of the next.
    while let Some(Ok(message)) = feed.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        if text.contains("\"ltp\":777.0") {
            break;
        }
    }
    assert_eq!(ltp(&ours, "SBIN"), "777.0");
    assert_eq!(
        real.sim.state().calls.keys().collect::<Vec<_>>(),
        ["multiquotes"]
    );
}

#[test]
fn the_master_of_our_own_instruments_says_what_they_say() {
    use torana::config::{self, Options};
    let loaded = config::load(&Options::default(), &config::Environment::default()).unwrap();
    let rules = &loaded.rules;
    let day = "2026-11-20".parse().unwrap();
    let master = torana::sim::SymbolMaster::of(&rules.instruments, &Calendar::open(), day);
    let bank = master.get(Exchange::Nfo, "BANKNIFTY24NOV26FUT").unwrap();
    assert_eq!(
        (bank.lot, bank.freeze, bank.expiry.as_str()),
        (30, 600, "24-NOV-26")
    );
    assert_eq!(bank.multiplier, 1.into());
    let gold = master
        .rows()
        .find(|(_, row)| row.name == "GOLDM")
        .unwrap()
        .1;
    assert_eq!(gold.multiplier * Decimal::from(gold.lot), 10.into());
}
