//! Many alerts at once: decided one after the other, whoever sends them.

use futures_util::future::join_all;

use crate::support::{Alert, World};

#[tokio::test]
async fn forty_identical_alerts_at_once_are_one_decision_and_thirty_nine_echoes() {
    let world = World::new(&[]).await;
    let gateway = world.gateway().await;
    let alert = Alert::entry();
    let sent = (0..40).map(|_| world.alert(&gateway, &alert));
    let answers = join_all(sent).await;
    let first: Vec<_> = answers.iter().filter(|answer| !answer.duplicate).collect();
    assert_eq!(first.len(), 1, "{answers:?}");
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (202, &first[0].text));
    }
    world.until_settled(&gateway).await;
    let book = world.compare().await;
    assert_eq!((book.intents.len(), world.sim.state().orders.len()), (1, 1));
}
