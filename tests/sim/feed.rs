//! The feed, beside what was recorded of OpenAlgo's.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use torana::sim::{Fault, FaultName};

use crate::recorded::outline;
use crate::support::{Bench, KEY, bench, bench_with};

const RECORDINGS: &str = include_str!("../fixtures/openalgo/websocket.jsonl");

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn new(bench: &Bench) -> Self {
        let address = format!("ws://{}/", bench.sim.feed_addr);
        Self(connect_async(address).await.unwrap().0)
    }

    /// Returns a client that has authenticated and sent these messages, their answers read.
    async fn after(bench: &Bench, messages: &[Value]) -> Self {
        let mut client = Self::new(bench).await;
        let first = json!({"action": "authenticate", "api_key": KEY});
        for message in std::iter::once(&first).chain(messages) {
            client.send(&message.to_string()).await;
            client.next().await;
        }
        client
    }

    async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        loop {
            let message = self.0.next().await.unwrap().unwrap();
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    /// Asks for a pong and returns what came before it.
    async fn before_pong(&mut self) -> Vec<Value> {
        self.send("{\"action\":\"ping\"}").await;
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await;
            if frame["type"] == "pong" {
                return frames;
            }
            frames.push(frame);
        }
    }
}

fn recording(n: u32) -> Vec<(bool, Value)> {
    let line = RECORDINGS
        .lines()
        .find(|line| line.starts_with(&format!("{{\"n\":{n},")))
        .unwrap();
    let whole: Value = serde_json::from_str(line).unwrap();
    let frames = whole["frames"].as_array().unwrap();
    frames
        .iter()
        .map(|frame| {
            let body = frame.get("json").or_else(|| frame.get("text")).unwrap();
            (frame["dir"] == "send", body.clone())
        })
        .collect()
}

#[tokio::test]
async fn what_is_sent_is_answered_as_it_was_recorded() {
    // Every conversation without a relogin, a second client or an order.
    let conversations = (424..=432).chain(434..=442).chain([461]);
    for n in conversations {
        let bench = bench();
        let mut client = Client::new(&bench).await;
        let frames = recording(n);
        for (_, text) in frames.iter().filter(|(sent, _)| *sent) {
            let text = text
                .as_str()
                .map_or_else(|| text.to_string(), str::to_owned);
            client.send(&text).await;
            let answer = client.next().await;
            let mut answers = frames
                .iter()
                .filter(|(sent, frame)| !sent && frame["type"] != "market_data")
                .map(|(_, frame)| outline(frame));
            let ours = outline(&answer);
            assert!(answers.any(|one| one == ours), "{n}: {text} got {answer}");
        }
    }
}

#[tokio::test]
async fn a_tick_has_the_recorded_shape_in_every_mode() {
    for (mode, n) in [(1, 434), (2, 435), (3, 436)] {
        let bench = bench();
        let subscribe = json!({
            "action": "subscribe", "symbols": [{"symbol": "SBIN", "exchange": "NSE"}], "mode": mode,
        });
        let mut client = Client::after(&bench, &[subscribe]).await;
        bench.sbin("813");
        let tick = client.next().await;
        assert_eq!(tick["data"]["ltp"].to_string(), "813.0");
        let (_, theirs) = recording(n)
            .into_iter()
            .find(|(_, frame)| frame["type"] == "market_data" && frame["symbol"] == "SBIN")
            .unwrap();
        assert_eq!(outline(&tick), outline(&theirs));
    }
}

#[tokio::test]
async fn a_mode_at_the_top_of_a_list_takes_nothing_back() {
    let bench = bench();
    let one = json!([{"symbol": "SBIN", "exchange": "NSE"}]);
    let subscribe = json!({"action": "subscribe", "symbols": one, "mode": "LTP"});
    let top = json!({"action": "unsubscribe", "symbols": one, "mode": "LTP"});
    let mut client = Client::after(&bench, &[subscribe, top]).await;
    bench.sbin("813");
    assert_eq!(client.before_pong().await.len(), 1);
    let inside = json!([{"symbol": "SBIN", "exchange": "NSE", "mode": "LTP"}]);
    client
        .send(&json!({"action": "unsubscribe", "symbols": inside}).to_string())
        .await;
    client.next().await;
    bench.sbin("814");
    assert!(client.before_pong().await.is_empty());
}

#[tokio::test]
async fn order_updates_tell_of_orders_in_the_recorded_shape() {
    let bench = bench();
    let mut client = Client::after(&bench, &[json!({"action": "subscribe_orders"})]).await;
    bench.place("BUY", &json!({}));
    let order = bench
        .place("BUY", &json!({"pricetype": "LIMIT", "price": 700}))
        .order();
    bench.cancel(&order);
    let ours = client.before_pong().await;
    let told: Vec<_> = ours
        .iter()
        .map(|frame| {
            (
                frame["order_status"].as_str().unwrap(),
                frame["pending_quantity"].clone(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("complete", json!(0)),
            ("open", json!(10)),
            ("cancelled", json!(0))
        ]
    );
    let theirs: Vec<_> = recording(445)
        .into_iter()
        .filter(|(_, frame)| frame["type"] == "order_update")
        .map(|(_, frame)| outline(&frame))
        .collect();
    assert!(ours.iter().all(|frame| theirs.contains(&outline(frame))));
}

#[tokio::test]
async fn updates_may_be_lost_doubled_or_early_and_the_feed_may_fall_silent() {
    let bench = bench();
    let mut client = Client::after(&bench, &[json!({"action": "subscribe_orders"})]).await;
    for (name, frames) in [
        (FaultName::DropUpdates, 0),
        (FaultName::DuplicateUpdates, 2),
        (FaultName::MuteFeed, 0),
    ] {
        bench.sim.set_faults(vec![Fault::new(name)]);
        bench.place("BUY", &json!({}));
        assert_eq!(client.before_pong().await.len(), frames, "{name}");
        bench.sim.clear_faults().unwrap();
    }
    // The answer waits for as long as a test cares to look, the update does not.
    let early = Fault::new(FaultName::UpdateBeforeAck).once().ms(60_000);
    bench.sim.set_faults(vec![early]);
    let rest = bench.sim.rest_addr;
    let fields = json!({
        "strategy": "s1", "symbol": "TCS", "exchange": "NSE", "action": "BUY", "quantity": 1,
    });
    let waiting = std::thread::spawn(move || {
        let body = json!({"apikey": KEY});
        let mut whole = fields.as_object().unwrap().clone();
        whole.extend(body.as_object().unwrap().clone());
        crate::support::send(
            rest,
            "POST",
            "/api/v1/placeorder",
            &Value::from(whole).to_string(),
        )
    });
    assert_eq!(client.next().await["symbol"], "TCS");
    bench.sim.stop().await.unwrap();
    assert!(waiting.join().unwrap().is_none());
}

#[tokio::test]
async fn who_does_not_authenticate_in_time_is_closed_with_4401() {
    let bench = bench_with(|options| options.auth_grace = std::time::Duration::from_millis(20));
    let mut client = Client::new(&bench).await;
    let Some(Ok(Message::Close(Some(frame)))) = client.0.next().await else {
        unreachable!("the server closes with a reason");
    };
    assert_eq!(
        (u16::from(frame.code), frame.reason.as_str()),
        (4401, "auth timeout")
    );
}
