//! What machines are told of how we are.

use std::sync::Arc;

use chrono::TimeDelta;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use torana::clock::Clock as _;
use torana::domain::input::Input;
use torana::domain::signal::{Bar, BarFrom};
use torana::http::Doors;
use torana::store::views;

use super::admin::{self, ENTRY};
use super::house::{BAR, House};

/// Says what the book itself has to say, as the gateway does.
fn frank(doors: &mut Doors) {
    let desk = Arc::clone(&doors.desk);
    doors.degraded = Arc::new(move || {
        let mut book = (*desk.seen().unwrap_or_default()).clone();
        desk.marks().merge_into(&mut book.marks);
        let (rules, now) = (desk.rules(), desk.clock().now());
        let mut why = views::worries(&book, rules);
        why.extend(views::unwatched(&book, rules, now));
        why
    });
}

async fn why(house: &House) -> String {
    let ready = house.get("/readyz").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    ready.json()["why"].to_string()
}

async fn tells(house: &House, input: Input) {
    house.doors.desk.input(input, None).await.unwrap();
}

#[tokio::test]
async fn semi_automatic_mode_is_said_while_it_is_on() {
    let house = House::with(|_| {}, frank).await;
    assert_eq!(why(&house).await, "[]");
    tells(&house, Input::SemiAuto(true)).await;
    let said = why(&house).await;
    assert!(said.contains("openalgo: semi-automatic mode"), "{said}");
    tells(&house, Input::SemiAuto(false)).await;
    assert_eq!(why(&house).await, "[]");
}

#[tokio::test]
async fn a_leg_that_no_order_guards_is_said_and_so_is_one_without_a_fresh_price() {
    let house = House::with(|_| {}, frank).await;
    house.alert(BAR).await;
    admin::held(&house).await;
    let said = why(&house).await;
    assert!(said.contains("no order at the broker guards"), "{said}");
    assert!(!said.contains("no fresh price"), "{said}");
    house.clock.pass(TimeDelta::minutes(2));
    let said = why(&house).await;
    assert!(said.contains("no fresh price"), "{said}");
}

#[tokio::test]
async fn a_closed_bar_that_nobody_brings_is_said_until_a_leg_is_judged_on_one() {
    let house = House::with(|_| {}, frank).await;
    house.alert(BAR).await;
    admin::held(&house).await;
    let missed = "nobody brings the bar of";
    assert!(!why(&house).await.contains(missed));
    house.clock.pass(TimeDelta::minutes(80));
    let said = why(&house).await;
    assert!(said.contains(missed), "{said}");
    let book = house.doors.desk.seen().unwrap();
    let leg = book.legs.values().next().unwrap();
    tells(
        &house,
        Input::Bar(Box::new(Bar {
            from: BarFrom::History,
            instrument: leg.contract.instrument,
            contract: Some(leg.contract),
            opened_at: Some(house.clock.now() - TimeDelta::minutes(75)),
            at: house.clock.now(),
            close: leg.entry,
            atr: None,
        })),
    )
    .await;
    assert!(!why(&house).await.contains(missed));
}

async fn as_owner(house: &House, sql: &'static str) {
    let owner: PgConnectOptions = house.db.owner_options();
    let mut session = owner.connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut session).await.unwrap();
}

#[tokio::test]
async fn a_disk_that_is_full_makes_it_not_ready_until_a_decision_is_written_again() {
    let house = House::with(|_| {}, frank).await;
    house.alert(BAR).await;
    as_owner(
        &house,
        "CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$;
         CREATE TRIGGER no_space BEFORE INSERT ON facts EXECUTE FUNCTION no_space();",
    )
    .await;
    assert_eq!(house.get("/readyz").await.status, 200);
    assert_eq!(house.alert(ENTRY).await.status, 503);
    let ready = house.get("/readyz").await;
    assert_eq!(ready.status, 503, "{ready:?}");
    assert!(ready.text.contains("no space left"), "{ready:?}");
    as_owner(&house, "DROP TRIGGER no_space ON facts").await;
    assert_eq!(house.get("/readyz").await.status, 503);
    assert_eq!(house.alert(ENTRY).await.status, 202);
    assert_eq!(house.get("/readyz").await.status, 200);
}
