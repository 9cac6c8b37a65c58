//! Every recorded answer of OpenAlgo means what it should.
//!
//! The 514 recordings hold what OpenAlgo 2.0.2.1 said to good, odd and hopeless requests, in
//! analyzer and in live mode, with its broker well and ill. `expected.tsv` holds one line for each
//! of them, made without our parsers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail loudly"
)]

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use torana::broker::openalgo::classify::{Call, classify};
use torana::broker::openalgo::frames::Frame;
use torana::broker::openalgo::{books, reads};
use torana::broker::{Ack, BrokerError, OrderState, ReadError, Routing};
use torana::domain::money::Price;
use torana::domain::order::BrokerOrderId;

const EXPECTED: &str = include_str!("fixtures/openalgo/expected.tsv");
const RECORDINGS: [&str; 3] = [
    include_str!("fixtures/openalgo/orders.jsonl"),
    include_str!("fixtures/openalgo/reads.jsonl"),
    include_str!("fixtures/openalgo/websocket.jsonl"),
];

/// Routes whose answers are judged as answers to an order; most of them we never call.
const ORDER_ROUTES: [&str; 9] = [
    "placeorder",
    "modifyorder",
    "cancelorder",
    "placesmartorder",
    "optionsorder",
    "basketorder",
    "splitorder",
    "closeposition",
    "cancelallorder",
];

#[derive(Deserialize)]
struct Recording {
    n: u32,
    name: String,
    request: Request,
    response: Response,
    frames: Option<Vec<Recorded>>,
}

#[derive(Deserialize)]
struct Request {
    path: String,
    json: Option<Value>,
}

#[derive(Deserialize)]
struct Response {
    status: u16,
    raw: Option<String>,
    json: Option<BTreeMap<String, Vec<Value>>>,
}

#[derive(Deserialize)]
struct Recorded {
    dir: String,
    json: Option<Value>,
}

fn recordings() -> Vec<Recording> {
    let lines = RECORDINGS.iter().flat_map(|file| file.lines());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

impl Recording {
    fn route(&self) -> &str {
        let path = self.request.path.split('?').next().unwrap();
        path.trim_end_matches('/').rsplit('/').next().unwrap()
    }

    /// Says in a few words what our parsers make of it.
    fn means(&self) -> String {
        match &self.response.raw {
            None => self.feed(),
            Some(raw) if ORDER_ROUTES.contains(&self.route()) => self.order(raw),
            Some(raw) => self
                .read(raw)
                .unwrap_or_else(|error| unread(&error).to_owned()),
        }
    }

    fn order(&self, raw: &str) -> String {
        let body = self.request.json.as_ref();
        let id = body.and_then(|body| body.get("orderid")?.as_str());
        let id = BrokerOrderId::new(id.unwrap_or("none asked")).unwrap();
        let call = match self.route() {
            "cancelorder" => Call::Cancel(&id),
            "modifyorder" => Call::Modify(&id),
            _ => Call::Place,
        };
        match classify(call, self.response.status, raw.as_bytes()) {
            Ok(Ack::Sent(id)) => format!("sent {id}"),
            Ok(Ack::Queued { pending }) => format!("queued {pending}"),
            Err(BrokerError::NotSent { .. }) => "not_sent".to_owned(),
            Err(BrokerError::Refused { kind, .. }) => format!("refused {}", kind.word()),
            Err(BrokerError::Uncertain { .. }) => "uncertain".to_owned(),
        }
    }

    fn read(&self, raw: &str) -> Result<String, ReadError> {
        let answer = reads::answer("recording", self.response.status, raw.as_bytes())?;
        Ok(match self.route() {
            "orderbook" => orders(&books::orders(&answer)?),
            "tradebook" => trades(&books::trades(&answer)?),
            "positionbook" => positions(&books::positions(&answer)?),
            "orderstatus" => {
                let row = reads::order_status(&answer)?;
                let at = row.average.map_or(String::new(), |at| format!(" at {at}"));
                format!("order {} {}{at}", row.id, state(&row.state))
            }
            "funds" => format!("funds {}", or(reads::funds(&answer)?.available, "unknown")),
            "quotes" => {
                let quote = reads::quote(&answer)?;
                let (bid, ask) = (or(quote.bid, "None"), or(quote.ask, "None"));
                format!("quote {} bid {bid} ask {ask}", quote.ltp)
            }
            "multiquotes" => quotes(&reads::quotes(&answer)?),
            "symbol" => contract(&reads::contract(&answer)?),
            "margin" => format!("margin {}", reads::margin(&answer)?),
            "ping" => format!("broker {}", reads::ping(&answer)?),
            "analyzer" | "toggle" => match reads::routing(&answer)? {
                Routing::Broker => "routing live".to_owned(),
                Routing::Sandbox => "routing analyze".to_owned(),
            },
            _ => "answer".to_owned(),
        })
    }

    fn feed(&self) -> String {
        let frames = self.frames.iter().flatten();
        let received = frames.filter(|frame| frame.dir == "recv");
        let received = received.filter_map(|frame| frame.json.as_ref());
        let others = self
            .response
            .json
            .iter()
            .flat_map(BTreeMap::values)
            .flatten();
        let mut seen = Seen::default();
        for frame in received.chain(others) {
            let frame = Frame::read(&frame.to_string());
            seen.count(frame.unwrap_or_else(|error| panic!("{}: {error}", self.name)));
        }
        seen.words()
    }
}

/// What a feed's recording holds.
#[derive(Default)]
struct Seen {
    counts: BTreeMap<&'static str, usize>,
    states: Vec<String>,
    last: Option<Price>,
}

impl Seen {
    fn count(&mut self, frame: Frame) {
        let kind = match frame {
            Frame::Authenticated => "entries",
            Frame::Subscribed { refused } => {
                *self.counts.entry("refusals").or_default() += refused.len();
                "subscriptions"
            }
            Frame::OrdersSubscribed => "order_subscriptions",
            Frame::Tick(tick) => {
                self.last = Some(tick.ltp);
                "prices"
            }
            Frame::Order(row) => {
                self.states.push(state(&row.state));
                "orders"
            }
            Frame::Pong => "pongs",
            Frame::Error { .. } => "errors",
            Frame::Other(_) => "others",
        };
        *self.counts.entry(kind).or_default() += 1;
    }

    fn words(self) -> String {
        let counts = self.counts.iter().filter(|(_, count)| **count > 0);
        let mut words: Vec<String> = counts
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect();
        words.extend(self.states);
        words.extend(self.last.map(|last| format!("last {last}")));
        if words.is_empty() {
            words.push("nothing".to_owned());
        }
        words.join(" ")
    }
}

fn unread(error: &ReadError) -> &'static str {
    match error {
        ReadError::Unavailable { .. } => "unavailable",
        ReadError::Locked { .. } => "locked",
        ReadError::Absent { .. } => "absent",
    }
}

fn or<T: ToString>(value: Option<T>, without: &str) -> String {
    value.map_or_else(|| without.to_owned(), |value| value.to_string())
}

fn state(state: &OrderState) -> String {
    match state {
        OrderState::Open => "open",
        OrderState::TriggerPending => "trigger_pending",
        OrderState::Complete => "complete",
        OrderState::Rejected => "rejected",
        OrderState::Cancelled => "cancelled",
        OrderState::Unknown(word) => word,
    }
    .to_owned()
}

fn orders(book: &torana::broker::Rows<torana::broker::OrderRow>) -> String {
    assert!(book.complete(), "{:?}", book.unreadable);
    let working = book.rows.iter().filter(|row| row.state.working()).count();
    let filled: u64 = book
        .rows
        .iter()
        .filter_map(|row| row.filled)
        .map(torana::domain::money::Quantity::get)
        .sum();
    for row in &book.rows {
        assert!(row.exchange.is_some() && row.product.is_some() && row.side.is_some());
        assert!(row.quantity.is_some() && row.at.is_some());
    }
    format!(
        "orders {} working {working} filled {filled}",
        book.rows.len()
    )
}

fn trades(book: &torana::broker::Rows<torana::broker::TradeRow>) -> String {
    assert!(book.complete(), "{:?}", book.unreadable);
    let worth: Decimal = book.rows.iter().map(|row| row.value.get()).sum();
    format!("trades {} worth {}", book.rows.len(), worth.normalize())
}

fn positions(book: &torana::broker::Rows<torana::broker::PositionRow>) -> String {
    assert!(book.complete(), "{:?}", book.unreadable);
    let open = book.rows.iter().filter(|row| row.quantity != 0).count();
    let net: i64 = book.rows.iter().map(|row| row.quantity).sum();
    format!("positions {} open {open} net {net}", book.rows.len())
}

fn quotes(quotes: &torana::broker::Quotes) -> String {
    let mut all: Vec<String> = quotes
        .iter()
        .map(|((_, symbol), quote)| format!("{symbol}:{}", quote.ltp))
        .collect();
    all.sort();
    format!("quotes {}", all.join(" "))
}

fn contract(contract: &torana::broker::Contract) -> String {
    let expiry = contract
        .expiry
        .map(|day| day.format("%d-%b-%y").to_string());
    format!(
        "contract {} lot {} freeze {} expiry {}",
        contract.symbol,
        or(contract.lot, "None"),
        or(contract.freeze, "None"),
        or(expiry.map(|day| day.to_uppercase()), "None"),
    )
}

#[test]
fn every_recorded_answer_means_what_it_should() {
    let recordings = recordings();
    let expected: BTreeMap<u32, (&str, &str)> = EXPECTED
        .lines()
        .map(|line| {
            let mut parts = line.splitn(3, '\t');
            let mut next = || parts.next().unwrap();
            (next().parse().unwrap(), (next(), next()))
        })
        .collect();
    assert_eq!((recordings.len(), expected.len()), (514, 514));
    let wrong: Vec<String> = recordings
        .iter()
        .filter_map(|recording| {
            let (name, words) = expected[&recording.n];
            let means = recording.means();
            (recording.name != name || means != words)
                .then(|| format!("{:03} {name}: {means}, not {words}", recording.n))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_recorded_answer_read_as_any_call_becomes_an_order_by_mistake() {
    for recording in recordings() {
        let Some(raw) = &recording.response.raw else {
            continue;
        };
        let real = raw.contains("\"orderid\":\"") && raw.contains("\"status\":\"success\"");
        for status in [400, 403, 429, 500, 502] {
            let outcome = classify(Call::Place, status, raw.as_bytes());
            assert!(outcome.is_err(), "{:03} with {status}", recording.n);
        }
        if let Ok(Ack::Sent(_)) = classify(Call::Place, 200, raw.as_bytes()) {
            assert!(real, "{:03}", recording.n);
        }
    }
}

#[test]
fn half_an_answer_is_never_a_yes() {
    for recording in recordings() {
        let Some(raw) = recording.response.raw.filter(|raw| raw.len() < 2_000) else {
            continue;
        };
        let whole = raw.trim_end().len();
        for cut in (0..whole).filter(|cut| raw.is_char_boundary(*cut)) {
            let half = raw.as_bytes().get(..cut).unwrap();
            let outcome = classify(Call::Place, recording.response.status, half);
            assert!(
                matches!(outcome, Err(BrokerError::Uncertain { .. })),
                "{:03} cut at {cut}",
                recording.n
            );
        }
    }
}

/// Values that no field should hold.
const ODD: [&str; 11] = [
    "null",
    "true",
    "-1",
    "1e28",
    "1e400",
    "79228162514264337593543950335",
    "\"-79228162514264337593543950335\"",
    "\"0.0000000000000000000000000001\"",
    "\"\u{fffd}NaN\"",
    "[]",
    "{\"a\":1}",
];

/// Returns how many leaves a value has.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Array(all) => all.iter().map(leaves).sum(),
        Value::Object(all) => all.values().map(leaves).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

/// Puts `odd` in place of the leaf numbered `left`.
fn bend(value: &mut Value, left: &mut usize, odd: &Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| bend(one, left, odd)),
        Value::Object(all) => all.values_mut().for_each(|one| bend(one, left, odd)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            if *left == 0 {
                *value = odd.clone();
            }
            *left = left.wrapping_sub(1);
        }
    }
}

#[test]
fn no_odd_value_in_any_field_brings_a_parser_down() {
    let odd = ODD.map(|odd| serde_json::from_str::<Value>(odd).unwrap());
    let small = recordings().into_iter();
    let small = small.filter_map(|one| one.response.raw.filter(|raw| raw.len() < 1_500));
    let small: std::collections::BTreeSet<String> = small.collect();
    for body in small
        .iter()
        .filter_map(|raw| serde_json::from_str::<Value>(raw).ok())
    {
        for (leaf, odd) in
            (0..leaves(&body)).flat_map(|leaf| odd.iter().map(move |odd| (leaf, odd)))
        {
            let mut bent = body.clone();
            bend(&mut bent, &mut leaf.clone(), odd);
            let text = bent.to_string();
            let _outcome = classify(Call::Place, 200, text.as_bytes());
            let _frame = Frame::read(&text);
            let Ok(answer) = reads::answer("bent", 200, text.as_bytes()) else {
                continue;
            };
            let _orders = books::orders(&answer);
            let _trades = books::trades(&answer);
            let _positions = books::positions(&answer);
            let _status = reads::order_status(&answer);
            let _funds = reads::funds(&answer);
            let _quote = reads::quote(&answer);
            let _quotes = reads::quotes(&answer);
            let _contract = reads::contract(&answer);
            let _margin = reads::margin(&answer);
            let _routing = reads::routing(&answer);
        }
    }
}
