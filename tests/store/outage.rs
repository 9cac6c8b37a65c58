//! The server goes away and comes back; the store needs no restart.

use torana::store::cluster::testing::PrivateServer;
use torana::store::{Store, StoreError, migrate};

use super::desk::{DESK, at, instruments, new_desk};

#[tokio::test]
async fn a_server_that_was_away_is_used_again_as_soon_as_it_is_back() {
    let mut server = PrivateServer::start_new().unwrap();
    server.create_database("outage").unwrap();
    migrate(server.owner_options("outage")).await.unwrap();
    let store = Store::connect(server.service_options("outage"), instruments())
        .await
        .unwrap();
    store.ensure_desk(&new_desk("paper"), at(0)).await.unwrap();
    // two connections in the pool, so that one dead one is not all there is
    let both = tokio::join!(store.lock(DESK, &[]), store.ping());
    assert!(both.1.is_ok());
    drop(both);
    for orderly in [true, false] {
        if orderly {
            server.stop().unwrap();
        } else {
            server.kill().unwrap();
        }
        let away = store.lock(DESK, &[]).await;
        let Err(error) = away else {
            panic!("a lock without a server");
        };
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        server.start().unwrap();
        assert!(store.lock(DESK, &[]).await.is_ok());
        assert_eq!(store.snapshot(DESK).await.unwrap().tag.seq, 2);
    }
}
