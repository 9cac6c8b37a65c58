//! The feed: OpenAlgo's WebSocket, one conversation a client.
//!
//! 1. What a client sent is answered in order; frames in between are ticks and order updates.
//! 2. A client that does not authenticate in time is closed with 4401, whatever else it said.

mod frames;

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::{Instant, sleep, sleep_until};

use crate::domain::order::Exchange;

use frames::{
    USER, error, gone, merge, mode_of, mode_word, named, python_kind, tick, unsubscribed, wanted,
};

pub(super) use frames::{Frame, order_update};

use super::faults::FaultName;
use super::routes::BROKER;
use super::server::Shared;

/// How often the server asks whether a client is still there.
const PING_EVERY: Duration = Duration::from_secs(20);

type Subscriptions = BTreeMap<(Exchange, String), BTreeSet<u8>>;

/// One client.
struct Client {
    shared: web::Data<Shared>,
    authenticated: bool,
    orders: bool,
    subscribed: Subscriptions,
}

/// Takes a client in.
pub(super) async fn connect(
    request: HttpRequest,
    body: web::Payload,
    shared: web::Data<Shared>,
) -> actix_web::Result<HttpResponse> {
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    let frames = shared.house().frames();
    let client = Client {
        shared,
        authenticated: false,
        orders: false,
        subscribed: Subscriptions::new(),
    };
    actix_web::rt::spawn(client.talk(session, messages, frames));
    Ok(response)
}

impl Client {
    async fn talk(
        mut self,
        mut session: Session,
        mut messages: MessageStream,
        mut frames: broadcast::Receiver<Arc<Frame>>,
    ) {
        let grace = Instant::now() + self.shared.auth_grace;
        let mut ping = Instant::now() + PING_EVERY;
        loop {
            let sent = tokio::select! {
                // What has happened is told before what is asked after it.
                biased;
                frame = frames.recv() => match frame {
                    Ok(frame) => match self.shown(&frame) {
                        Some(_) if self.drops() => break,
                        Some(text) => {
                            // even the shortest sleep is a millisecond
                            if let Some(lag) = self.lag() {
                                sleep(lag).await;
                            }
                            session.text(text).await
                        }
                        None => Ok(()),
                    },
                    // A client that reads too slowly loses frames and is not told.
                    Err(RecvError::Lagged(_)) => Ok(()),
                    Err(RecvError::Closed) => break,
                },
                message = messages.next() => match message {
                    Some(Ok(Message::Text(text))) => {
                        let answer = self.answer(&text);
                        session.text(answer.to_string()).await
                    }
                    Some(Ok(Message::Ping(bytes))) => session.pong(&bytes).await,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                    Some(Ok(
                        Message::Binary(_)
                        | Message::Continuation(_)
                        | Message::Pong(_)
                        | Message::Nop,
                    )) => Ok(()),
                },
                () = sleep_until(grace), if !self.authenticated => {
                    let reason = CloseReason {
                        code: CloseCode::Other(4401),
                        description: Some("auth timeout".to_owned()),
                    };
                    // The client is gone either way.
                    let _closed = session.close(Some(reason)).await;
                    return;
                }
                () = sleep_until(ping) => {
                    ping += PING_EVERY;
                    session.ping(b"").await
                }
            };
            if sent.is_err() {
                break;
            }
        }
        // The client is gone either way.
        let _closed = session.close(None).await;
    }

    /// Returns whether the connection is to break now.
    fn drops(&self) -> bool {
        let mut house = self.shared.house();
        house.strikes(FaultName::DropFeed).is_some()
    }

    /// Returns how long the next frame is held back, when it is.
    fn lag(&self) -> Option<Duration> {
        let delay = self.shared.house().strikes(FaultName::DelayFeed)?;
        Some(Duration::from_millis(delay.ms.unwrap_or(1_000)))
    }

    /// Returns the text of a frame this client asked for.
    fn shown(&self, frame: &Frame) -> Option<String> {
        match frame {
            Frame::Order(update) => self.orders.then(|| update.to_string()),
            Frame::Tick {
                exchange,
                symbol,
                day,
            } => {
                let modes = self.subscribed.get(&(*exchange, symbol.clone()))?;
                let mode = *modes.last()?;
                Some(tick(*exchange, symbol, mode, day).to_string())
            }
        }
    }

    fn answer(&mut self, text: &str) -> Value {
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            return error("INVALID_JSON", "Invalid JSON message");
        };
        if let Some(kind) = python_kind(&message) {
            let text = format!("'{kind}' object has no attribute 'get'");
            return error("SERVER_ERROR", &text);
        }
        let action = message.get("action").or_else(|| message.get("type"));
        let action = action.and_then(Value::as_str);
        let open = matches!(action, Some("authenticate" | "auth" | "ping"));
        if !open && !self.authenticated {
            return error("NOT_AUTHENTICATED", "You must authenticate first");
        }
        let mut answer = match action.unwrap_or("None") {
            "authenticate" | "auth" => self.authenticate(&message),
            "ping" => self.pong(&message),
            "subscribe" => self.subscribe(&message),
            "unsubscribe" => self.unsubscribe(&message),
            "unsubscribe_all" => self.unsubscribe_all(),
            "subscribe_orders" => self.listen(true),
            "unsubscribe_orders" => self.listen(false),
            "get_broker_info" => json!({
                "type": "broker_info", "status": "success", "broker": BROKER,
                "adapter_status": "connected", "user_id": USER,
            }),
            "get_supported_brokers" => json!({
                "type": "supported_brokers", "status": "success", "brokers": [BROKER], "count": 1,
            }),
            other => error("INVALID_ACTION", &format!("Invalid action: {other}")),
        };
        let echo = message
            .get("request_id")
            .filter(|_| answer.get("code").is_none());
        if let (Some(answer), Some(id)) = (answer.as_object_mut(), echo) {
            answer.insert("request_id".to_owned(), id.clone());
        }
        answer
    }

    fn authenticate(&mut self, message: &Value) -> Value {
        let key = message.get("api_key").or_else(|| message.get("apikey"));
        let Some(key) = key.and_then(Value::as_str).filter(|key| !key.is_empty()) else {
            return error("AUTHENTICATION_ERROR", "API key is required");
        };
        if !self.shared.house().knows(key) {
            return error("AUTHENTICATION_ERROR", "Invalid API key");
        }
        self.authenticated = true;
        json!({
            "type": "auth",
            "status": "success",
            "message": "Authentication successful",
            "broker": BROKER,
            "user_id": USER,
            "supported_features": {"ltp": true, "quote": true, "depth": true},
        })
    }

    fn pong(&self, message: &Value) -> Value {
        let mut pong = json!({
            "type": "pong",
            "status": "success",
            "server_timestamp": self.shared.house().now().timestamp_millis(),
        });
        for (from, to) in [("timestamp", "client_timestamp"), ("_pingId", "_pingId")] {
            if let (Some(value), Some(pong)) = (message.get(from), pong.as_object_mut()) {
                pong.insert(to.to_owned(), value.clone());
            }
        }
        pong
    }

    fn subscribe(&mut self, message: &Value) -> Value {
        let mode = match mode_of(message.get("mode")) {
            Ok(mode) => mode,
            Err(problem) => return error("INVALID_MODE", &problem),
        };
        let wanted = wanted(message);
        if wanted.is_empty() {
            let text = "At least one symbol must be specified";
            return error("INVALID_PARAMETERS", text);
        }
        if let Some(kind) = wanted.iter().find_map(|one| python_kind(one)) {
            let text = format!("'{kind}' object has no attribute 'get'");
            return error("SERVER_ERROR", &text);
        }
        let depth = message.get("depth").cloned().unwrap_or(5.into());
        let mut rows = Vec::new();
        let mut partial = false;
        for (exchange, symbol) in wanted.iter().filter_map(named) {
            let mut row = json!({"symbol": symbol, "exchange": exchange, "broker": BROKER});
            let known = self.shared.house().contract(exchange, symbol);
            let outcome = if let Some(key) = known {
                self.subscribed.entry(key).or_default().insert(mode);
                json!({"status": "success", "mode": mode_word(mode), "depth": depth})
            } else {
                partial = true;
                let text = format!("Token not found for {symbol} on {exchange}");
                json!({"status": "error", "message": text})
            };
            merge(&mut row, outcome);
            rows.push(row);
        }
        json!({
            "type": "subscribe",
            "status": if partial { "partial" } else { "success" },
            "subscriptions": rows,
            "message": "Subscription processing complete",
            "broker": BROKER,
        })
    }

    /// Takes subscriptions back. In a list the mode is read inside each entry and nowhere else, so
    /// that one at the top is answered with success and does nothing.
    fn unsubscribe(&mut self, message: &Value) -> Value {
        let wanted = wanted(message);
        if wanted.is_empty() {
            let text = "Either symbols or unsubscribe_all is required";
            return error("INVALID_PARAMETERS", text);
        }
        let mut rows = Vec::new();
        for one in &wanted {
            let Some((exchange, symbol)) = named(one) else {
                continue;
            };
            let mode = mode_of(one.get("mode")).unwrap_or(2);
            if let Ok(exchange) = exchange.parse() {
                let key = (exchange, symbol.to_owned());
                if let Some(modes) = self.subscribed.get_mut(&key) {
                    modes.remove(&mode);
                    if modes.is_empty() {
                        self.subscribed.remove(&key);
                    }
                }
            }
            rows.push(gone(exchange, symbol));
        }
        unsubscribed(&rows)
    }

    fn unsubscribe_all(&mut self) -> Value {
        let rows: Vec<_> = core::mem::take(&mut self.subscribed)
            .keys()
            .map(|(exchange, symbol)| gone(exchange.word(), symbol))
            .collect();
        unsubscribed(&rows)
    }

    fn listen(&mut self, to_orders: bool) -> Value {
        self.orders = to_orders;
        let (kind, text) = if to_orders {
            ("subscribe_orders", "Subscribed to order updates")
        } else {
            ("unsubscribe_orders", "Unsubscribed from order updates")
        };
        json!({"type": kind, "status": "success", "message": text})
    }
}
