//! The doors on a port of their own, with a broker behind them that can only be read.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::task::{JoinSet, spawn_blocking};
use tokio_util::sync::CancellationToken;
use torana::broker::openalgo::{ReadOnly, Settings};
use torana::domain::calendar::exchange_day;
use torana::domain::money::Price;
use torana::http::{Doors, Serving, serve};
use torana::sim::{SimHandle, SimOptions, SimServer, SymbolMaster};

use super::house::{BAR, House, SECRET};
use crate::environment::{python, run};

/// OpenAlgo's own key, which no sender knows.
const KEY: &str = "key-of-the-broker";

/// A simulator of the house's instruments, at the house's time.
fn simulator(doors: &Doors) -> SimHandle {
    let rules = doors.desk.rules();
    let clock = Arc::clone(doors.desk.clock());
    let today = exchange_day(clock.now());
    let master = SymbolMaster::of(&rules.instruments, &rules.calendar, today);
    let options = SimOptions {
        api_key: Some(KEY.to_owned()),
        limits: false,
        ..SimOptions::new(master, Arc::new(move || clock.now()))
    };
    let sim = SimServer::start(&options).unwrap();
    let price = Price::new(58_000.into()).unwrap();
    sim.set_prices_of("BANKNIFTY", price).unwrap();
    sim
}

fn reading(doors: &mut Doors) -> SimHandle {
    let sim = simulator(doors);
    let address = format!("http://{}", sim.rest_addr);
    doors.reads = Some(ReadOnly::new(&Settings::new(&address, KEY.into())).unwrap());
    sim
}

/// Opens the doors; they close when the token is cancelled.
fn open(house: &House) -> (SocketAddr, CancellationToken, JoinSet<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
    let serving = Serving {
        workers: 1,
        drain: Duration::from_secs(1),
    };
    tasks.spawn(serve(house.doors.clone(), listener, serving, stop.clone()));
    (address, stop, tasks)
}

#[tokio::test]
async fn reads_are_passed_on_with_openalgos_own_key() {
    let mut sim = None;
    let house = House::with(|_| {}, |doors| sim = Some(reading(doors))).await;
    let body = json!({"apikey": SECRET}).to_string();
    let ping = house.post("/api/v1/ping", body.clone()).await;
    assert_eq!(
        (ping.status, ping.json()["data"]["broker"].as_str()),
        (200, Some("torana-sim"))
    );
    let stranger = house.post("/api/v1/ping", body.replace(SECRET, KEY)).await;
    assert_eq!(stranger.status, 403);
}

#[tokio::test]
async fn the_doors_open_on_a_port_and_close_when_told() {
    let house = House::new().await;
    let (address, stop, mut tasks) = open(&house);
    let answer = spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(ask).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    assert!(answer.await.unwrap().starts_with("HTTP/1.1 200 OK"));
    stop.cancel();
    tasks.join_next().await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn openalgos_own_python_client_changes_its_host_and_its_key() {
    let mut sim = None;
    let house = House::with(|_| {}, |doors| sim = Some(reading(doors))).await;
    assert_eq!(house.alert(BAR).await.status, 200);
    let (address, _stop, _tasks) = open(&house);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/doors.py");
    let client = spawn_blocking(move || {
        let host = format!("http://{address}");
        run(Command::new(python())
            .arg(script)
            .args([host.as_str(), SECRET]));
    });
    client.await.unwrap();
}
