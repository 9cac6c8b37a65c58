//! An order's whole life under each thing that can go wrong at the broker: nothing is ever placed
//! twice, nothing is lost without a reason, and the books agree to the paisa.

use torana::domain::book::{Book, OrderState};
use torana::domain::fact::OrderEnd;
use torana::domain::input::TradingState;
use torana::domain::money::Lots;
use torana::sim::{Fault, FaultName};

use crate::support::cases::{self, Case, Entry};
use crate::support::{Alert, Gateway, World, abreast};

#[tokio::test]
async fn under_every_fault_an_order_is_placed_once_or_closed_with_a_reason() {
    abreast(cases::all(), async |case| live_through(&case).await).await;
}

async fn live_through(case: &Case) {
    let world = World::new(case.settings).await;
    let gateway = world.gateway().await;
    world.price("78500");
    strike(&world, case);
    let answer = world.alert(&gateway, &Alert::entry()).await;
    assert_eq!(answer.status, 202, "{}: {answer:?}", case.word);
    settle(&world, &gateway, case).await;
    let book = world.compare().await;
    let lots = held(&book);
    match case.entry {
        Entry::Held(wanted) => {
            assert_eq!(lots, Lots::new(wanted), "{}\n{}", case.word, gateway.log());
        }
        Entry::Nothing(why) => {
            let (end, _) = book.intents.values().next().unwrap().end.unwrap();
            assert_eq!((lots, end.word()), (Lots::ZERO, why), "{}", case.word);
            return;
        }
    }
    if case.word != "fill_after_cancel" {
        strike(&world, case);
    }
    let answer = world.alert(&gateway, &Alert::exit()).await;
    assert_eq!(answer.status, 202, "{}: {answer:?}", case.word);
    settle(&world, &gateway, case).await;
    let book = world.compare().await;
    assert_eq!(held(&book), Lots::ZERO, "{}\n{}", case.word, gateway.log());
}

fn held(book: &Book) -> Lots {
    book.legs
        .values()
        .fold(Lots::ZERO, |sum, leg| sum.plus(leg.lots))
}

fn strike(world: &World, case: &Case) {
    world.sim.set_faults(case.faults.clone());
}

/// Waits until a lasting fault has struck long enough, ends it, and waits for calm.
async fn settle(world: &World, gateway: &Gateway, case: &Case) {
    if let Some((route, times)) = case.lasts {
        world.until_called(route, times).await;
        world.sim.clear_faults().unwrap();
    }
    world.until_settled(gateway).await;
    if case.lasts.is_none() {
        world.sim.clear_faults().unwrap();
        world.price("78500");
        // what fills late is seen by the looks that never end
        world.until_equal(gateway).await;
    }
}

#[tokio::test]
async fn an_order_that_waits_for_a_person_stops_entries_and_is_not_sent_again() {
    let mut world = World::new(&[]).await;
    let gateway = world.gateway().await;
    world.sim.set_faults(vec![Fault::new(FaultName::SemiAuto)]);
    world.alert(&gateway, &Alert::entry()).await;
    let queued = world
        .until(&gateway, "queued", |book| {
            book.orders
                .values()
                .any(|order| order.state == OrderState::Queued)
        })
        .await;
    assert_eq!(queued.desk.state, TradingState::Reducing);
    assert!(world.sim.state().orders.is_empty());
    let answer = world
        .alert(&gateway, &Alert::entry().with("id", "another"))
        .await;
    assert_eq!(answer.body["verdict"], "rejected", "{answer:?}");
    world.leaves_doubt();
}

#[tokio::test]
async fn an_exit_that_fills_after_its_cancel_is_written_down_and_stops_entries() {
    let world = World::new(&[]).await;
    let gateway = world.gateway().await;
    world.alert(&gateway, &Alert::entry()).await;
    world.until_settled(&gateway).await;
    let partly = Fault::new(FaultName::PartialFill).once().n(1);
    let late = Fault::new(FaultName::FillAfterCancel).once();
    world.sim.set_faults(vec![partly, late]);
    world.alert(&gateway, &Alert::exit()).await;
    world.until_settled(&gateway).await;
    world.price("78500");
    let book = world
        .until(&gateway, "oversold", |book| {
            book.orders
                .values()
                .map(|order| order.filled.get())
                .sum::<u64>()
                == 4 + 4 + 3
        })
        .await;
    assert_eq!(book.desk.realised, world.sim.state().account.cash());
    let entry = world.alert(&gateway, &Alert::entry()).await;
    assert_eq!(entry.body["code"], "reducing", "{entry:?}");
}

#[tokio::test]
async fn an_order_that_arrives_after_it_was_proved_absent_is_taken_in_and_stops_entries() {
    let world = World::new(&[]).await;
    let gateway = world.gateway().await;
    // longer than anybody waits, and than the search that follows
    let late = Fault::new(FaultName::HangThenAccept).once().ms(2500);
    world.sim.set_faults(vec![late]);
    world.alert(&gateway, &Alert::entry()).await;
    let absent = OrderState::Closed(OrderEnd::NotPlaced);
    world
        .until(&gateway, "declared absent", |book| {
            book.orders.values().any(|order| order.state == absent)
        })
        .await;
    let book = world
        .until(&gateway, "held", |book| held(book) == Lots::new(4))
        .await;
    world.until_equal(&gateway).await;
    assert_eq!(book.desk.state, TradingState::Reducing);
    let exit = world.alert(&gateway, &Alert::exit()).await;
    assert_eq!(exit.status, 202, "{exit:?}");
    world.until_settled(&gateway).await;
    world.compare().await;
}

/// Returns a fault that strikes the next order.
fn placing(name: FaultName) -> Fault {
    Fault {
        route: Some("placeorder".to_owned()),
        ..Fault::new(name).once()
    }
}

#[tokio::test]
async fn an_exit_that_was_answered_with_an_error_and_is_nowhere_waits_for_no_deadline() {
    // as long as nobody waits for: the answer alone ends the call
    let world = World::new(&[("TORANA__PROOF__CALL_DEADLINE", "1h")]).await;
    let gateway = world.gateway().await;
    world.alert(&gateway, &Alert::entry()).await;
    world.until_settled(&gateway).await;
    world
        .sim
        .set_faults(vec![placing(FaultName::Error500Nothing)]);
    world.alert(&gateway, &Alert::exit()).await;
    let book = world.until_settled(&gateway).await;
    let absent = OrderState::Closed(OrderEnd::NotPlaced);
    let ends = book.orders.values().filter(|order| order.state == absent);
    assert_eq!((ends.count(), held(&book)), (1, Lots::ZERO));
    assert_eq!(world.sim.state().orders.len(), 2);
    world.compare().await;
}

#[tokio::test]
async fn an_exit_that_nobody_answered_is_not_sent_again_while_its_call_may_go_on() {
    let mut world = World::new(&[("TORANA__PROOF__CALL_DEADLINE", "1h")]).await;
    let gateway = world.gateway().await;
    world.alert(&gateway, &Alert::entry()).await;
    world.until_settled(&gateway).await;
    world.sim.set_faults(vec![placing(FaultName::ResetBefore)]);
    let placed = world.calls("placeorder");
    world.alert(&gateway, &Alert::exit()).await;
    let in_doubt = |book: &Book| {
        let mut orders = book.orders.values();
        orders.any(|order| order.state == OrderState::Uncertain)
    };
    world.until(&gateway, "in doubt", in_doubt).await;
    // many more looks than three, over more than the least span
    let looked = world.calls("orderbook");
    world.until_called("orderbook", looked + 50).await;
    assert!(in_doubt(&world.book().await));
    assert_eq!(world.calls("placeorder"), placed + 1);
    world.leaves_doubt();
}

#[tokio::test]
async fn a_stop_that_was_made_smaller_and_fills_before_the_answer_lets_the_rest_of_the_exit_leave()
{
    let world = World::guarded(&[]).await;
    let gateway = world.gateway().await;
    world.alert(&gateway, &Alert::entry()).await;
    let rests = |book: &Book| {
        let mut orders = book.orders.values();
        orders.any(|order| order.resting.armed && order.state == OrderState::Sent)
    };
    world.until(&gateway, "guarded", rests).await;
    // the change is made at once and answered later than anybody waits
    world.sim.set_faults(vec![Fault {
        route: Some("modifyorder".to_owned()),
        ..Fault::new(FaultName::Slow).once().ms(60_000)
    }]);
    world
        .command(&["exit", "GOLD_MINI", "--lots", "1", "--why", "a test"])
        .await;
    world.until_called("modifyorder", 1).await;
    world.price("76900");
    let flat = |book: &Book| held(book) == Lots::ZERO;
    world.until(&gateway, "flat", flat).await;
    world.until_equal(&gateway).await;
}
