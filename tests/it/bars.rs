//! Closed bars that no alert brings: of OpenAlgo's history, and of ticks where that is mute.

use torana::domain::book::{Book, Leg};
use torana::domain::fact::StopWhy;
use torana::sim::{Fault, FaultName};

use crate::support::{Alert, Gateway, World, until};

/// A chart of bars so short that a test lives through several.
const SHORT: &[(&str, &str)] = &[
    ("TORANA__BARS__INSTRUMENT__GOLD_MINI__LENGTH", "5s"),
    ("TORANA__BARS__INSTRUMENT__GOLD_MINI__ATR_LENGTH", "2"),
    ("TORANA__BARS__SETTLE", "200ms"),
    ("TORANA__BARS__HISTORY_WAIT", "300ms"),
    ("TORANA__BARS__HOLE", "2s"),
];

impl World {
    /// Holds four lots of Gold Mini from 78,500 with the stop at 77,500.
    async fn held(&self, gateway: &Gateway) {
        let entry = self.alert(gateway, &Alert::entry()).await;
        assert_eq!(entry.status, 202, "{entry:?}");
        let held = self.until_settled(gateway).await;
        assert!(held.legs.values().any(Leg::is_open), "{}", gateway.log());
    }

    /// Moves the price a little above a level, again and again, until the book is as wanted.
    async fn moving(&self, level: u32, wanted: impl Fn(&Book) -> bool) -> Option<Book> {
        let mut steps = (0_u32..20).cycle();
        until(async || {
            self.price(&(level + steps.next().unwrap()).to_string());
            let book = self.book().await;
            wanted(&book).then_some(book)
        })
        .await
    }
}

fn is_flat(book: &Book) -> bool {
    !book.legs.values().any(Leg::is_open)
}

#[tokio::test]
async fn a_leg_trails_and_leaves_on_bars_of_history_without_any_alert_about_them() {
    let world = World::new(SHORT).await;
    let history = [("TORANA__BARS__SOURCES", "history")];
    let gateway = world.gateway_with(&history).await;
    world.held(&gateway).await;
    let trailing = |leg: &Leg| leg.is_open() && leg.stop_why == StopWhy::Trailing;
    let book = world
        .moving(78_700, |book| book.legs.values().any(trailing))
        .await;
    let book = book.unwrap_or_else(|| panic!("no stop moved\n{}", gateway.log()));
    let leg = book.legs.values().find(|leg| trailing(leg)).unwrap();
    assert!(leg.stop > leg.first_stop && leg.series.is_none(), "{leg:?}");
    let out = world.moving(77_300, is_flat).await;
    assert!(out.is_some(), "{}", gateway.log());
    world.until_settled(&gateway).await;
    world.until_equal(&gateway).await;
    let facts = world.facts().await;
    let of = |kind: &'static str| facts.iter().filter(move |(one, _)| one == kind);
    let closed: Vec<_> = of("leg_closed").collect();
    assert_eq!(closed.len(), 1, "{closed:?}");
    assert_eq!(closed[0].1["reason"], "trailing_stop", "{closed:?}");
    // each bar counted once, and none came from an alert
    let mut bars: Vec<_> = of("bar_seen")
        .map(|(_, fact)| fact["at"].to_string())
        .collect();
    let count = bars.len();
    bars.dedup();
    assert!(count >= 2 && bars.len() == count, "{bars:?}");
    assert_eq!(of("signal_recorded").count(), 0);
    assert_eq!(of("finding_made").count(), 0, "{facts:?}");
    assert_eq!(world.calls("placeorder"), 2, "{}", gateway.log());
}

#[tokio::test]
async fn ticks_make_the_bar_where_history_is_mute_and_a_hole_in_them_makes_none() {
    let world = World::new(SHORT).await;
    let built = [("TORANA__BARS__SOURCES", "history,ticks")];
    let gateway = world.gateway_with(&built).await;
    world.sim.set_faults(vec![Fault::new(FaultName::NoHistory)]);
    world.held(&gateway).await;
    // nothing moves, so the feed is silent
    let holed = until(async || {
        let said = gateway.log().contains("is incomplete and not used: ticks");
        said.then_some(())
    });
    assert!(holed.await.is_some(), "{}", gateway.log());
    let book = world.book().await;
    assert!(
        book.legs
            .values()
            .all(|leg| leg.is_open() && leg.bar_at.is_none())
    );
    let out = world.moving(77_300, is_flat).await;
    assert!(out.is_some(), "{}", gateway.log());
    world.until_settled(&gateway).await;
    world.until_equal(&gateway).await;
    let facts = world.facts().await;
    let closed = facts.iter().find(|(kind, _)| kind == "leg_closed").unwrap();
    assert_eq!(closed.1["reason"], "stop", "{closed:?}");
    assert!(world.calls("history") > 0);
    assert!(
        gateway.log().contains("comes from ticks"),
        "{}",
        gateway.log()
    );
    assert!(
        !gateway.log().contains("comes from history"),
        "{}",
        gateway.log()
    );
}
