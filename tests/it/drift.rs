//! The broker's book changes behind our back: it is noticed, nothing is sold twice, and a person has
//! the last word.

use serde_json::{Value, json};
use torana::domain::book::Book;
use torana::domain::fact::ExitReason;
use torana::domain::input::TradingState;
use torana::domain::money::Lots;
use torana::sim::{Fault, FaultName};

use crate::support::{Alert, Gateway, World};

/// Quick readings, and what differs counts after two of them.
const QUICK: &[(&str, &str)] = &[
    ("TORANA__MONITOR__BOOK_POLL", "50ms"),
    ("TORANA__RECONCILE__SPAN_MIN", "50ms"),
];

/// What the trader's phone orders, with its own key, straight at the broker.
async fn phone(world: &World, side: &str, lots: u32) {
    let book = world.book().await;
    let contract = book.legs.values().next().map(|leg| leg.contract);
    let symbol = world.config.rules.instruments.symbol(contract.unwrap());
    let order = json!({
        "apikey": "paper", "strategy": "phone", "symbol": symbol, "exchange": "MCX",
        "action": side, "pricetype": "MARKET", "product": "NRML",
        "quantity": lots.to_string(),
    });
    let url = format!("http://{}/api/v1/placeorder", world.sim.rest_addr);
    let answer = reqwest::Client::builder()
        .build()
        .unwrap()
        .post(url)
        .body(order.to_string())
        .header("content-type", "application/json")
        .send()
        .await
        .unwrap();
    let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(told["status"], "success", "{told}");
}

/// A gateway that holds four lots.
async fn holding() -> (World, Gateway) {
    let world = World::new(QUICK).await;
    let gateway = world.gateway().await;
    let entered = world.alert(&gateway, &Alert::entry()).await;
    assert_eq!(entered.body["lots"], 4, "{}", entered.text);
    world.until_settled(&gateway).await;
    (world, gateway)
}

fn found(book: &Book) -> Option<&torana::domain::finding::Finding> {
    book.findings.values().find(|one| one.is_open())
}

fn sold(world: &World) -> u64 {
    let orders = world.sim.state().orders;
    let sells = orders
        .iter()
        .filter(|order| order.placed.side == torana::domain::order::Side::Sell);
    sells.map(|order| order.filled).sum()
}

#[tokio::test]
async fn what_the_phone_sold_is_found_and_given_up_once_a_person_confirms_it() {
    let (world, gateway) = holding().await;
    phone(&world, "SELL", 1).await;
    let book = world
        .until(&gateway, "found", |book| found(book).is_some())
        .await;
    let finding = found(&book).unwrap();
    assert_eq!(finding.drift.code.0, "other_quantity");
    let repair = finding.repair.as_ref().unwrap();
    assert_eq!(
        (repair.lots, repair.reason),
        (Lots::ONE, ExitReason::Broker)
    );
    let leg = book.legs.values().next().unwrap();
    assert_eq!(
        leg.lots,
        Lots::new(4),
        "nothing changes before a person says so"
    );
    let state = book.state_of(leg.contract.instrument);
    assert_eq!(state, TradingState::Reducing);
    let ready = gateway.get("/readyz").await;
    assert!(ready.text.contains("wait for a person"), "{}", ready.text);

    let name = finding.drift.finding.to_string();
    let listed = world.command(&["findings", "--json"]).await;
    assert!(listed.contains(&name), "{listed}");
    let told = world
        .command(&["settle", &name, "--confirm", "--why", "sold one by phone"])
        .await;
    assert!(told.contains("is repaired by"), "{told}");
    let book = world.book().await;
    let leg = book.legs.values().next().unwrap();
    assert_eq!(leg.lots, Lots::new(3));
    let price = repair.price;
    let gross = leg.direction.gain(leg.entry, price);
    assert_eq!(leg.gross.get(), gross.get() * rust_decimal::Decimal::TEN);
    assert_eq!(world.sim.state().orders.len(), 2, "a repair sends nothing");
}

#[tokio::test]
async fn an_exit_after_the_phone_sold_sells_no_lot_twice() {
    let (world, gateway) = holding().await;
    phone(&world, "SELL", 3).await;
    world
        .until(&gateway, "found", |book| found(book).is_some())
        .await;
    let left = world.alert(&gateway, &Alert::exit()).await;
    assert_eq!(left.status, 202, "{}", left.text);
    let book = world
        .until(&gateway, "the one lot sold", |book| {
            book.legs.values().any(|leg| leg.lots == Lots::new(3))
        })
        .await;
    assert!(book.legs.values().all(torana::domain::book::Leg::is_open));
    // the rest of the exit asks again and again, and finds nothing that is there
    world.until_called("positionbook", 10).await;
    assert_eq!(sold(&world), 4, "bought four, and no lot more is sold");
    let book = world
        .until(&gateway, "three missing", |book| {
            found(book).is_some_and(|one| one.drift.ours == 3.into())
        })
        .await;
    let name = found(&book).unwrap().drift.finding.to_string();
    let why = ["--confirm", "--why", "sold three by phone"];
    let told = world
        .command(&[&["settle", name.as_str()][..], &why].concat())
        .await;
    assert!(told.contains("closed"), "{told}");
    world.until_settled(&gateway).await;
    assert_eq!(sold(&world), 4);
}

#[tokio::test]
async fn an_empty_book_with_success_is_not_flat() {
    let (world, gateway) = holding().await;
    world
        .sim
        .set_faults(vec![Fault::new(FaultName::EmptyBooks)]);
    world.until_called("positionbook", 12).await;
    let book = world.book().await;
    assert!(found(&book).is_none(), "{:?}", book.findings);
    world.sim.clear_faults().unwrap();
    let left = world.alert(&gateway, &Alert::exit()).await;
    assert_eq!(left.status, 202, "{}", left.text);
    world.until_settled(&gateway).await;
    assert_eq!(sold(&world), 4);
}
