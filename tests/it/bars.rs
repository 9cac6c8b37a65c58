//! Closed bars that no alert brings: of OpenAlgo's history, and of ticks where that is mute.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use torana::domain::book::{Book, Leg};
use torana::domain::fact::StopWhy;
use torana::sim::{Fault, FaultName, PriceSource, SimOptions, SimServer, SymbolMaster};

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

#[tokio::test]
async fn history_is_fetched_once_said_where_it_lacks_and_read_by_a_backtest() {
    let world = World::new(&[]).await;
    // a broker of those days: it still lists the contract that has ended since
    let rules = &world.config.rules;
    let (then, first) = ("2026-11-21T05:00:00Z", "2026-11-12");
    let then: DateTime<Utc> = then.parse().unwrap();
    let listed = SymbolMaster::of(&rules.instruments, &rules.calendar, first.parse().unwrap());
    let sim = SimServer::start(&SimOptions {
        prices: PriceSource::Walk,
        step_ms: 0,
        limits: false,
        ..SimOptions::new(listed, Arc::new(move || then))
    })
    .unwrap();
    let asked = || sim.state().calls.get("history").copied().unwrap_or(0);
    let url = format!("http://{}", sim.rest_addr);
    let openalgo = [("OPENALGO_URL", url.as_str()), ("OPENALGO_API_KEY", "key")];
    let days = ["--from", "2026-11-12", "--to", "2026-11-20"];
    let bars = async |more: &[&str]| -> serde_json::Value {
        let args = [&["bars", "BANK_NIFTY", "--json"], &days[..], more].concat();
        let told = world.command_with(&openalgo, &args).await;
        serde_json::from_str(&told).unwrap()
    };
    let sum = |told: &serde_json::Value, key: &str| -> u64 {
        let all = told["contracts"].as_array().unwrap();
        all.iter().map(|one| one[key].as_u64().unwrap()).sum()
    };
    // seven days of 26 rows, of the contract that an entry would have taken on each
    let first = bars(&[]).await;
    assert_eq!(first["interval"], "15m", "{first}");
    let symbols = first["contracts"].as_array().unwrap().iter();
    let symbols: Vec<&str> = symbols.map(|one| one["symbol"].as_str().unwrap()).collect();
    assert_eq!(
        symbols,
        ["BANKNIFTY23NOV26FUT", "BANKNIFTY29DEC26FUT"],
        "{first}"
    );
    let seen = ["changed", "rows", "missing", "wrong"].map(|key| sum(&first, key));
    assert_eq!(seen, [182, 182, 0, 0], "{first}");
    // the same again says nothing new
    let again = bars(&[]).await;
    assert_eq!(
        ["changed", "rows"].map(|key| sum(&again, key)),
        [0, 182],
        "{again}"
    );
    // what is gone is missed, and fetched again
    let before = asked();
    world
        .behind("DELETE FROM bars WHERE at < '2026-11-12T04:45:00Z'")
        .await;
    let holed = bars(&["--check"]).await;
    assert_eq!(sum(&holed, "missing"), 4, "{holed}");
    assert_eq!(
        holed["contracts"][0]["gaps"][0]["day"], "2026-11-12",
        "{holed}"
    );
    assert_eq!(asked(), before);
    let fetched = [&["backtest", "--fetched", "BANK_NIFTY"], &days[..]].concat();
    let report = world.command(&fetched).await;
    let of = "42 bars of 75 minutes, made of fetched rows of 15m, 1 with a row missing";
    assert!(report.contains(of), "{report}");
    assert_eq!(sum(&bars(&[]).await, "changed"), 4);
    let report = world.command(&fetched).await;
    assert!(
        report.contains("fetched rows of 15m, traded by our own script"),
        "{report}"
    );
}
