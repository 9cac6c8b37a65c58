//! A simulator to test, and a client that sees every byte.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use torana::domain::money::Price;
use torana::domain::order::Exchange;
use torana::sim::{MasterRow, SimHandle, SimOptions, SimServer, SymbolMaster};

/// The key of the recordings.
pub(crate) const KEY: &str = "test-api-key";

/// The future of the recordings.
pub(crate) const FUTURE: &str = "BANKNIFTY24NOV26FUT";

/// A clock that tests move: 20 November 2026, 14:50:54 in India, when they were recorded.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_795_166_454_000)))
    }

    pub(crate) fn forward(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// What one call came to.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn order(&self) -> String {
        self.json()["orderid"].as_str().unwrap().to_owned()
    }
}

/// A running simulator and the clock it reads.
pub(crate) struct Bench {
    pub(crate) sim: SimHandle,
    pub(crate) clock: TestClock,
}

pub(crate) fn price(text: &str) -> Price {
    Price::new(text.parse().unwrap()).unwrap()
}

fn future(symbol: &str, exchange: Exchange, name: &str, expiry: &str) -> MasterRow {
    MasterRow {
        name: name.to_owned(),
        expiry: expiry.to_owned(),
        instrumenttype: "FUT".to_owned(),
        token: "258050::::1008".to_owned(),
        ..MasterRow::new(exchange, symbol)
    }
}

/// The contracts of the recordings, at their prices.
pub(crate) fn master() -> SymbolMaster {
    let share = |symbol: &str, reference: &str| MasterRow {
        token: "256513::::1002".to_owned(),
        reference: Some(price(reference)),
        ..MasterRow::new(Exchange::Nse, symbol)
    };
    let bank = |symbol: &str, expiry: &str| MasterRow {
        lot: 30,
        tick: Decimal::new(2, 1),
        freeze: 600,
        reference: Some(price("58600")),
        ..future(symbol, Exchange::Nfo, "BANKNIFTY", expiry)
    };
    SymbolMaster::new(vec![
        share("SBIN", "812.4"),
        share("TCS", "3105"),
        share("INFY", "1480"),
        share("RELIANCE", "1402.5"),
        MasterRow::new(Exchange::Nse, "HDFCBANK"),
        bank(FUTURE, "24-NOV-26"),
        bank("BANKNIFTY29DEC26FUT", "29-DEC-26"),
        bank("BANKNIFTY25JAN27FUT", "25-JAN-27"),
        MasterRow {
            tick: Decimal::ONE,
            multiplier: Decimal::TEN,
            reference: Some(price("121000")),
            ..future("GOLDM04DEC26FUT", Exchange::Mcx, "GOLDM", "04-DEC-26")
        },
        MasterRow {
            lot: 0,
            reference: Some(price("58500")),
            ..MasterRow::new(Exchange::NseIndex, "BANKNIFTY")
        },
    ])
}

/// Returns the options of a simulator whose prices stand still until a test moves them.
pub(crate) fn options(clock: &TestClock) -> SimOptions {
    let clock = clock.clone();
    SimOptions {
        api_key: Some(KEY.to_owned()),
        step_ms: 0,
        limits: false,
        ..SimOptions::new(master(), Arc::new(move || clock.now()))
    }
}

/// Starts a simulator in memory.
pub(crate) fn bench() -> Bench {
    bench_with(|_| {})
}

/// Starts a simulator that differs in something, with each price where the recordings had it.
pub(crate) fn bench_with(change: impl FnOnce(&mut SimOptions)) -> Bench {
    let clock = TestClock::new();
    let mut options = options(&clock);
    change(&mut options);
    let sim = SimServer::start(&options).unwrap();
    for (exchange, symbol, at) in [
        (Exchange::Nse, "SBIN", "812.4"),
        (Exchange::Nse, "TCS", "3105"),
        (Exchange::Nse, "INFY", "1480"),
        (Exchange::Nfo, FUTURE, "58600"),
        (Exchange::Mcx, "GOLDM04DEC26FUT", "121000"),
    ] {
        sim.set_price(exchange, symbol, price(at)).unwrap();
    }
    Bench { sim, clock }
}

impl Bench {
    /// Sets the price of SBIN.
    pub(crate) fn sbin(&self, at: &str) {
        self.sim
            .set_price(Exchange::Nse, "SBIN", price(at))
            .unwrap();
    }

    /// Posts fields with the key and the strategy where they belong.
    pub(crate) fn post(&self, route: &str, fields: Value) -> Reply {
        post(self.sim.rest_addr, route, fields)
    }

    /// Reads a book: a POST with nothing but the key.
    pub(crate) fn read(&self, route: &str) -> Value {
        self.post(route, json!({})).json()
    }

    /// Places an order for ten SBIN.
    pub(crate) fn place(&self, action: &str, terms: &Value) -> Reply {
        let mut fields = json!({
            "strategy": "s1", "symbol": "SBIN", "exchange": "NSE", "action": action,
            "quantity": 10, "product": "MIS",
        });
        fields
            .as_object_mut()
            .unwrap()
            .extend(terms.as_object().unwrap().clone());
        self.post("placeorder", fields)
    }

    pub(crate) fn status(&self, order: &str) -> Value {
        let fields = json!({"strategy": "s1", "orderid": order});
        self.post("orderstatus", fields).json()
    }

    pub(crate) fn cancel(&self, order: &str) -> Reply {
        self.post("cancelorder", json!({"strategy": "s1", "orderid": order}))
    }
}

/// Posts fields with the key.
pub(crate) fn post(to: SocketAddr, route: &str, mut fields: Value) -> Reply {
    fields["apikey"] = KEY.into();
    let path = format!("/api/v1/{route}");
    send(to, "POST", &path, &fields.to_string()).unwrap()
}

/// Sends one request on a connection of its own and returns what came back, if anything did.
pub(crate) fn send(to: SocketAddr, verb: &str, path: &str, body: &str) -> Option<Reply> {
    send_as(to, (verb, path), "application/json", body)
}

/// Sends one request with a content type.
pub(crate) fn send_as(
    to: SocketAddr,
    (verb, path): (&str, &str),
    kind: &str,
    body: &str,
) -> Option<Reply> {
    let mut stream = TcpStream::connect(to).unwrap();
    let length = body.len();
    let request = format!(
        "{verb} {path} HTTP/1.1\r\nHost: sim\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    read_reply(&mut stream)
}

/// Reads one answer, or nothing when the connection ended without one.
pub(crate) fn read_reply(stream: &mut TcpStream) -> Option<Reply> {
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(reply) = parse(&bytes) {
            return Some(reply);
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Reply> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length: usize = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    })?;
    (body.len() >= length).then(|| Reply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        text: body.get(..length).unwrap().to_owned(),
    })
}

/// A directory of one test, gone with it.
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "torana-sim-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A test that made nothing leaves nothing.
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}
