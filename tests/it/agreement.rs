//! OpenAlgo's own word on contracts, beside our files.

use torana::domain::input::TradingState;

use crate::support::{Alert, World, until};

#[tokio::test]
async fn another_lot_in_openalgos_list_reduces_that_instrument_and_is_said_once() {
    let mut world = World::new(&[]).await;
    let mut before = world.gateway().await;
    let entry = world.alert(&before, &Alert::entry()).await;
    assert_eq!(entry.status, 202, "{entry:?}");
    world.until_settled(&before).await;
    assert!(before.stop().await.success(), "{}", before.log());
    let found = async |world: &World| {
        let facts = world.facts().await;
        let all = facts.into_iter().filter(|(kind, _)| kind == "drift_found");
        all.map(|(_, fact)| fact["code"].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&world).await, Vec::<String>::new());
    world.relist("COPPER", 99);
    world.broker_leaves().await;
    world.broker_returns();
    for _start in 0..2 {
        let mut gateway = world.gateway().await;
        let said = until(async || {
            let ready = gateway.get("/readyz").await;
            let words = "COPPER: lot_differs: ";
            ready.text.contains(words).then_some(ready)
        });
        let ready = said.await;
        let ready = ready.unwrap_or_else(|| panic!("never said\n{}", gateway.log()));
        assert!(ready.text.contains("OpenAlgo's a lot of 99"), "{ready:?}");
        world.until_called("symbol", 10).await;
        assert!(gateway.stop().await.success(), "{}", gateway.log());
    }
    let all = found(&world).await;
    let copper = world.book().await;
    let lots = all.iter().filter(|code| code.contains("lot_differs"));
    assert_eq!(lots.count(), all.len(), "{all:?}");
    let rules = &world.config.rules;
    let ix = rules.instruments.by_name("COPPER").unwrap();
    assert_eq!(copper.instruments[&ix].state, TradingState::Reducing);
    assert_eq!(copper.desk.state, TradingState::Active);
}
