//! The way of an alert: decided, sent, filled, held, taken out, accounted for.

use torana::domain::fact::ExitReason;
use torana::domain::money::{Lots, Money};

use crate::support::{Alert, World};

#[tokio::test]
async fn an_alert_becomes_a_position_and_its_exit_a_profit_equal_to_the_brokers_to_the_paisa() {
    let world = World::new(&[]).await;
    let gateway = world.gateway().await;

    let entered = world.alert(&gateway, &Alert::entry()).await;
    assert_eq!(
        (entered.status, &entered.body["verdict"]),
        (202, &"accepted".into())
    );
    assert_eq!(entered.body["lots"], 4);
    let detail = entered.body["detail"].as_str().unwrap();
    assert!(detail.starts_with("4 lots = min(risk 4.1"), "{detail}");
    world.until_settled(&gateway).await;
    let book = world.compare().await;
    let leg = book.legs.values().next().unwrap();
    assert_eq!(
        (leg.lots, leg.stop.to_string().as_str()),
        (Lots::new(4), "77500")
    );

    world.price("79500");
    let left = world.alert(&gateway, &Alert::exit()).await;
    assert_eq!((left.status, &left.body["code"]), (202, &"accepted".into()));
    world.until_settled(&gateway).await;
    let book = world.compare().await;
    let leg = book.legs.values().next().unwrap();
    assert_eq!(
        (leg.lots, leg.reason),
        (Lots::ZERO, Some(ExitReason::Signal))
    );
    assert!(leg.gross > Money::ZERO && leg.charges > Money::ZERO);
    assert_eq!(
        book.desk.realised,
        book.desk.opening + leg.gross - leg.charges
    );
}
