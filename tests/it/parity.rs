//! The same alerts through the whole gateway and through history: the same facts.
//!
//! The gateway decides in PostgreSQL, sends over HTTP to the simulator and follows its books;
//! history is a loop in memory. What both write down is compared word for word, but for times,
//! the broker's numbers and what only a broker can say.

use std::cell::RefCell;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use torana::clock::{Clock as _, SystemClock};
use torana::domain::fact::Fact;
use torana::domain::input::Input;
use torana::domain::instrument::InstrumentIx;
use torana::domain::money::{Money, Price};
use torana::domain::rules::Rules;
use torana::history::world::{Seen, Start, Witness, World as Desk};
use torana::http::webhook::{Asked, Reader};
use torana::http::{age_limits, sender};
use torana::journal;

use crate::support::{Alert, Gateway, World};

/// What only a gateway with a broker behind it says, and what makes a new paper desk.
const LIVE_ONLY: [&str; 6] = [
    "source_changed",
    "funds_seen",
    "rules_adopted",
    "units_proved",
    "semi_auto_seen",
    "trading_state_set",
];

/// Collects facts as text.
struct Told(RefCell<Vec<(String, Value)>>);

impl Witness for &Told {
    fn fact(&mut self, fact: &Fact, seen: Seen<'_>) {
        let text = journal::fact_text(fact, &seen.rules.instruments);
        let kind = journal::kind(fact).to_owned();
        let value = serde_json::from_str(&text).unwrap();
        self.0.borrow_mut().push((kind, value));
    }
    fn day(&mut self, _seen: Seen<'_>) {}
    fn price(&mut self, _instrument: InstrumentIx, _price: Price) {}
}

/// What is sent: a body, and the price of the market when it is.
struct Sent {
    body: String,
    price: &'static str,
    at: DateTime<Utc>,
}

/// An alert and the market of its moment.
type Line = (&'static str, fn() -> Alert);

/// An entry, an add that is too early, one that is paid for, a second entry, an exit of the add,
/// of everything, and of nothing.
const STORY: [Line; 7] = [
    ("78500", Alert::entry),
    ("78900", || add().with("price", 78900).with("stop", 78400)),
    ("80500", || add().with("price", 80500).with("stop", 79900)),
    ("80500", || {
        Alert::entry().with("price", 80500).with("stop", 79500)
    }),
    ("80900", || Alert::exit().with("position", "Long_2")),
    ("80100", Alert::exit),
    ("80100", Alert::exit),
];

fn add() -> Alert {
    Alert::entry()
        .with("type", "PYRAMID")
        .with("position", "Long_2")
}

#[tokio::test]
async fn the_gateway_and_history_write_the_same_facts() {
    let world = World::new(&[]).await;
    let gateway = world.gateway().await;
    let sent = tell(&world, &gateway).await;
    let live = masked(world.facts().await);
    let ours = masked(history(&world, &sent).await);
    assert!(live.len() > 30, "{live:#?}");
    for (place, (live, ours)) in live.iter().zip(&ours).enumerate() {
        assert_eq!(live, ours, "fact {place}");
    }
    assert_eq!(live.len(), ours.len());
}

/// A quarter of the risk, and no adds.
#[tokio::test]
async fn a_replay_says_what_was_decided_then_and_what_other_limits_would_have() {
    let world = World::new(&[]).await;
    let gateway = world.gateway().await;
    tell(&world, &gateway).await;
    let today = torana::domain::calendar::exchange_day(SystemClock.now());
    let today = today.to_string();
    let mut words = vec!["replay", "--from", &today, "--to", &today, "--json"];
    words.extend(["--set", "risk=0.25", "--set", "max_adds=0"]);
    let shown: Value = serde_json::from_str(&world.command(&words).await).unwrap();
    let alerts = shown["alerts"].as_array().unwrap();
    assert_eq!(alerts.len(), STORY.len());
    for alert in alerts {
        assert_eq!(alert["as_is"]["code"], alert["then"], "{alert}");
    }
    assert_eq!(alerts[0]["as_is"]["lots"], 4);
    assert_eq!(alerts[0]["would_be"]["lots"], 1);
    let refused = alerts
        .iter()
        .filter(|one| one["would_be"]["code"] == "max_pyramids");
    assert_eq!(refused.count(), 2, "{alerts:#?}");
    assert_eq!(
        (&shown["as_is"]["trades"], &shown["would_be"]["trades"]),
        (&2.into(), &1.into())
    );
}

/// Tells the story to a gateway; returns what was sent, and when each was decided.
async fn tell(world: &World, gateway: &Gateway) -> Vec<Sent> {
    let mut sent = Vec::new();
    for (price, alert) in STORY {
        world.price(price);
        assert!(
            world.knows_price(price).await,
            "the gateway never saw {price}"
        );
        let alert = alert();
        world.alert(gateway, &alert).await;
        world.until_settled(gateway).await;
        let at = world.verdicts().await.last().unwrap().1;
        sent.push(Sent {
            body: alert.body(),
            price,
            at,
        });
    }
    sent
}

/// Sends the same through history.
async fn history(world: &World, sent: &[Sent]) -> Vec<(String, Value)> {
    let source = world.source().await;
    let sender = sender(&source).unwrap();
    let mut rules: Rules = world.config.rules.clone();
    rules.portfolio.prove_units = false;
    let told = Told(RefCell::new(Vec::new()));
    let start = Start {
        capital: Money::rupees(5_000_000),
        at: sent[0].at,
        slippage: Decimal::ONE,
        barred: BTreeSet::new(),
    };
    let mut desk = Desk::new(&rules, start, &told);
    for one in sent {
        let reader = Reader {
            desk: world.desk(),
            instruments: &rules.instruments,
            sender: &sender,
            limits: age_limits(&world.config.settings.webhook),
            long_only: rules.alerts.long_only,
            now: one.at,
        };
        let alert = reader.read(one.body.as_bytes()).unwrap();
        let Asked::Signal(signal) = alert.asked else {
            panic!("no signal: {}", one.body);
        };
        desk.pass(one.at);
        desk.mark(
            signal.instrument,
            Price::new(one.price.parse().unwrap()).unwrap(),
        );
        desk.take(&Input::Signal(Box::new(signal)));
    }
    drop(desk);
    told.0.into_inner()
}

/// Leaves out what only one of the two can say, and hides times and the broker's numbers.
fn masked(facts: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let both = facts
        .into_iter()
        .filter(|(kind, _)| !LIVE_ONLY.contains(&kind.as_str()));
    both.map(|(kind, mut value)| {
        hide(&mut value);
        (kind, value)
    })
    .collect()
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // The feed may show a price without the edges of its book; then a worst price is
            // reckoned from the last one. What an order traded at stays in.
            if fields.get("kind").is_some_and(|kind| kind == "LIMIT") {
                fields.remove("limit");
            }
            for key in ["broker_id", "baseline", "epoch", "net", "bid", "ask"] {
                fields.remove(key);
            }
            // How old the cash is that nobody reads here.
            if fields
                .get("gate")
                .is_some_and(|gate| gate == "cash_unknown")
            {
                fields.retain(|key, _| key == "gate");
            }
            fields.values_mut().for_each(hide);
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::String(text) if DateTime::parse_from_rfc3339(text).is_ok() => {
            "a time".clone_into(text);
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
