//! The recorded requests, sent again: what refuses must refuse byte for byte, what answers must
//! answer in the same shape.

use serde::Deserialize;
use serde_json::{Map, Value};
use torana::sim::{Fault, FaultName};

use crate::support::{Bench, Reply, bench, send_as};

const RECORDINGS: [&str; 2] = [
    include_str!("../fixtures/openalgo/orders.jsonl"),
    include_str!("../fixtures/openalgo/reads.jsonl"),
];

/// Refusals that the simulator does not make in these words, and why.
const NOT_OURS: [(u32, u32, &str); 21] = [
    (
        82,
        82,
        "the sandbox's own check; the simulator answers as a live account",
    ),
    (95, 95, "the sandbox's own check"),
    (115, 120, "the sandbox's own checks"),
    (122, 125, "the sandbox's own checks"),
    (130, 130, "the sandbox's own check"),
    (172, 173, "the sandbox's words about its own orders"),
    (185, 187, "the sandbox's words about its own orders"),
    (210, 210, "the sandbox's own check"),
    (261, 279, "a broker in trouble, behind the sandbox"),
    (305, 342, "a broker in trouble"),
    (355, 361, "a story that is told below"),
    (370, 377, "a story that is told below"),
    (386, 390, "the limiter"),
    (397, 398, "the sandbox's words about its own orders"),
    (451, 451, "the sandbox's own check"),
    (459, 459, "the limiter"),
    (464, 464, "options, which the simulator does not have"),
    (471, 471, "the sandbox's own check"),
    (487, 487, "a broker in trouble"),
    (500, 507, "the sandbox's closing time"),
    (511, 511, "the sandbox's own check"),
];

#[derive(Deserialize)]
struct Recording {
    n: u32,
    name: String,
    mode: String,
    request: Request,
    response: Response,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    path: String,
    json: Option<Value>,
    text: Option<String>,
    content_type: Option<String>,
}

#[derive(Deserialize)]
struct Response {
    status: u16,
    raw: Option<String>,
}

impl Recording {
    fn raw(&self) -> &str {
        self.response.raw.as_deref().unwrap_or_default()
    }

    fn again(&self, bench: &Bench) -> Reply {
        let body = match (&self.request.json, &self.request.text) {
            (Some(json), _) => json.to_string(),
            (None, Some(text)) => text.clone(),
            (None, None) => String::new(),
        };
        let kind = self.request.content_type.as_deref();
        let route = (self.request.method.as_str(), self.request.path.as_str());
        let kind = kind.unwrap_or("application/json");
        send_as(bench.sim.rest_addr, route, kind, &body).unwrap()
    }
}

fn recordings() -> Vec<Recording> {
    let lines = RECORDINGS.iter().flat_map(|file| file.lines());
    let mut all: Vec<Recording> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    all.sort_by_key(|one| one.n);
    all
}

#[test]
fn refusals_are_the_recorded_ones_byte_for_byte() {
    let bench = bench();
    let mut compared = 0;
    for one in recordings() {
        let ours = NOT_OURS
            .iter()
            .all(|(from, to, _)| !(*from..=*to).contains(&one.n));
        if !ours || one.response.status < 400 {
            continue;
        }
        bench.sim.clear_faults().unwrap();
        if one.mode == "analyze" {
            bench.sim.set_faults(vec![Fault::new(FaultName::Analyze)]);
        }
        if (411..=423).contains(&one.n) {
            let expired = Fault::new(FaultName::SessionExpired403);
            bench.sim.set_faults(vec![expired]);
        }
        if (406..=409).contains(&one.n) {
            bench.sim.set_faults(vec![Fault::new(FaultName::SemiAuto)]);
        }
        let reply = one.again(&bench);
        let (status, raw) = (one.response.status, one.raw());
        assert_eq!(
            (reply.status, reply.text.as_str()),
            (status, raw),
            "{} {}",
            one.n,
            one.name
        );
        compared += 1;
    }
    assert_eq!(compared, 141);
}

/// Returns what of an answer is the server's and not the day's: keys, types and words.
pub(crate) fn outline(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| (key.clone(), outline(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            let mut kinds: Vec<_> = items.iter().map(|item| outline(item).to_string()).collect();
            kinds.sort();
            kinds.dedup();
            Value::from(kinds)
        }
        Value::Number(number) if number.to_string().contains('.') => "a float".into(),
        Value::Number(_) => "a whole number".into(),
        Value::String(text) => words_of(text).into(),
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

fn words_of(text: &str) -> String {
    let mut shown = String::new();
    for letter in text
        .replace("zerodha", "torana-sim")
        .replace("127.0.0.1:7099", "torana-sim.invalid")
        .replace('-', "")
        .chars()
    {
        let digit = letter.is_ascii_digit();
        if !(digit && shown.ends_with('0')) {
            shown.push(if digit { '0' } else { letter });
        }
    }
    shown
}

/// Reads, and the live story with the faults that make ours the same.
#[test]
fn the_live_story_has_the_recorded_shapes() {
    let bench = bench();
    let fault = |n: u32| match n {
        318 | 330 => Some(FaultName::Error500Nothing),
        342 => Some(FaultName::Error500AfterAccept),
        _ => None,
    };
    let mut compared = 0;
    for one in recordings() {
        // What was recorded while the broker was in trouble, in semi-automatic mode, or needs the
        // shares that the recorded account held.
        let told = matches!(one.n, 1 | 13..=15 | 17 | 24..=25 | 30..=31 | 33..=36 | 40 | 43
            | 54 | 57 | 60 | 281..=285 | 287..=304 | 318 | 330 | 342..=374 | 379..=385);
        if !told {
            continue;
        }
        if let Some(name) = fault(one.n) {
            bench.sim.set_faults(vec![Fault::new(name).once()]);
        }
        let reply = one.again(&bench);
        let raw: Value = serde_json::from_str(one.raw()).unwrap();
        assert_eq!(
            reply.status, one.response.status,
            "{} {}: {}",
            one.n, one.name, reply.text
        );
        assert_eq!(
            outline(&reply.json()),
            outline(&raw),
            "{} {}",
            one.n,
            one.name
        );
        compared += 1;
    }
    assert_eq!(compared, 83);
}
