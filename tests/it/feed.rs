//! Prices: the feed's while it speaks, else those that are asked for.

use torana::domain::book::{Book, Leg};
use torana::domain::input::PriceSource;
use torana::domain::money::Price;
use torana::sim::{Fault, FaultName};

use crate::support::{Alert, Gateway, World, until};

/// So short a patience that a test sees both sides.
const IMPATIENT: &[(&str, &str)] = &[
    ("TORANA__PRICES__SILENCE", "300ms"),
    ("TORANA__PRICES__MUTE", "1s"),
    ("TORANA__MONITOR__PAUSE", "100ms"),
];

impl World {
    /// Moves the price again and again until it is known from this source.
    async fn until_from(&self, gateway: &Gateway, source: PriceSource) {
        let mut steps = 78_501_u32..;
        let heard = until(async || {
            self.price(&steps.next().unwrap().to_string());
            let marks = self.marks().await;
            let known = marks.contracts.values().any(|mark| mark.source == source);
            known.then_some(())
        });
        assert!(heard.await.is_some(), "{source:?}\n{}", gateway.log());
    }
}

#[tokio::test]
async fn a_mute_feed_hands_over_to_quotes_and_takes_back_when_it_speaks() {
    let world = World::new(IMPATIENT).await;
    let gateway = world.gateway().await;
    world.until_from(&gateway, PriceSource::Feed).await;
    world.sim.set_faults(vec![Fault::new(FaultName::MuteFeed)]);
    world.until_from(&gateway, PriceSource::Rest).await;
    let mut steps = 78_000_u32..;
    let told = until(async || {
        world.price(&steps.next().unwrap().to_string());
        let ready = gateway.get("/readyz").await;
        let anew = gateway.log().contains("it gets a new session");
        (anew && ready.text.contains("feed: mute")).then_some(())
    });
    assert!(told.await.is_some(), "{}", gateway.log());
    world.sim.clear_faults().unwrap();
    world.until_from(&gateway, PriceSource::Feed).await;
}

#[tokio::test]
async fn a_feed_that_breaks_comes_back_and_garbage_in_it_is_no_price() {
    let world = World::new(IMPATIENT).await;
    let gateway = world.gateway().await;
    world.until_from(&gateway, PriceSource::Feed).await;
    world
        .sim
        .set_faults(vec![Fault::new(FaultName::DropFeed).once()]);
    world.until_from(&gateway, PriceSource::Rest).await;
    world.until_from(&gateway, PriceSource::Feed).await;
    let garbage = Fault::new(FaultName::GarbageTick).n(5);
    world.sim.set_faults(vec![Fault {
        count: Some(5),
        ..garbage
    }]);
    world.price("78500");
    world.until_from(&gateway, PriceSource::Feed).await;
    let marks = world.marks().await;
    let garbage = Price::new(5.into()).unwrap();
    assert!(
        marks
            .contracts
            .values()
            .all(|mark| mark.quote.price != garbage)
    );
}

#[tokio::test]
async fn a_tick_of_the_feed_at_the_stop_takes_the_position_out() {
    let world = World::watched(&[]).await;
    let gateway = world.gateway().await;
    world.until_from(&gateway, PriceSource::Feed).await;
    world.price("78500");
    let entry = world.alert(&gateway, &Alert::entry()).await;
    assert_eq!(entry.status, 202, "{entry:?}");
    let held = world.until_settled(&gateway).await;
    assert!(held.legs.values().any(Leg::is_open), "{}", gateway.log());
    // from here on only the feed tells prices
    world.sim.set_faults(vec![Fault::new(FaultName::NoQuote)]);
    world.price("77600");
    world.price("77500");
    let flat = |book: &Book| !book.legs.values().any(Leg::is_open);
    let book = world.until(&gateway, "flat", flat).await;
    assert_eq!(book.legs.len(), 1, "{:?}", world.summary().await);
    world.sim.clear_faults().unwrap();
    world.until_settled(&gateway).await;
    world.until_equal(&gateway).await;
    let facts = world.facts().await;
    let closed = facts.iter().filter(|(kind, _)| kind == "leg_closed");
    let closed: Vec<_> = closed.collect();
    assert_eq!(closed.len(), 1, "{closed:?}");
    assert_eq!(closed[0].1["reason"], "stop", "{closed:?}");
    assert_eq!(world.calls("placeorder"), 2, "{}", gateway.log());
}
