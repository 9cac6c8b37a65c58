//! One writer at a time, and only the holder of the lease where a lease is needed.

use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnection;
use torana::domain::signal::SourceId;
use torana::store::{SignalKey, SignalRow, Standing, Store, StoreError, Tag, Written};

use super::desk::{DESK, Desk, at, cause, high_water, instruments, new_desk, rows, verdict};

const LONG: Duration = Duration::from_mins(1);
const NONE: Duration = Duration::ZERO;

#[tokio::test]
async fn one_process_holds_the_lease_until_it_ends_or_is_given_back() {
    let desk = Desk::new().await;
    let store = &desk.store;
    let one = store
        .lease_acquire(DESK, "one", LONG)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.lease_acquire(DESK, "two", LONG).await.unwrap(), None);
    assert!(store.lease_renew(one, LONG).await.unwrap());
    store.lease_release(one).await.unwrap();
    let two = store
        .lease_acquire(DESK, "two", NONE)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(two.number, one.number + 1);
    assert!(!store.lease_renew(one, LONG).await.unwrap());
    // it ended at once
    let three = store.lease_acquire(DESK, "three", LONG).await.unwrap();
    assert_eq!(three.unwrap().number, two.number + 1);
}

#[tokio::test]
async fn a_lease_that_was_taken_before_the_clock_was_set_back_is_over() {
    let desk = Desk::new().await;
    let store = &desk.store;
    // the server's clock was an hour ahead when it was taken
    let ahead = Duration::from_hours(1);
    let one = store.lease_acquire(DESK, "one", ahead).await.unwrap();
    let two = store.lease_acquire(DESK, "two", LONG).await.unwrap();
    assert_eq!(two.unwrap().number, one.unwrap().number + 1);
}

#[tokio::test]
async fn who_lost_the_lease_writes_nothing() {
    let mut desk = Desk::new().await;
    let one = desk
        .store
        .lease_acquire(DESK, "one", NONE)
        .await
        .unwrap()
        .unwrap();
    let facts = [high_water(1)];
    desk.make_with(1, &facts, (&[], Some(one.number)))
        .await
        .unwrap();
    let two = desk
        .store
        .lease_acquire(DESK, "two", LONG)
        .await
        .unwrap()
        .unwrap();
    let before = desk.store.tag(DESK).await.unwrap();
    let refused = desk.make_with(2, &facts, (&[], Some(one.number))).await;
    assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
    assert_eq!(desk.store.tag(DESK).await.unwrap(), before);
    desk.make_with(3, &facts, (&[], Some(two.number)))
        .await
        .unwrap();
    // the doors need no lease
    desk.make_with(4, &facts, (&[], None)).await.unwrap();
}

#[tokio::test]
async fn a_lease_cannot_change_hands_in_the_middle_of_a_commit() {
    let desk = Desk::new().await;
    let one = desk
        .store
        .lease_acquire(DESK, "one", NONE)
        .await
        .unwrap()
        .unwrap();
    let locked = desk.store.lock(DESK, &[]).await.unwrap();
    assert_eq!(locked.standing.epoch, Some(one.number));
    let waited = desk.store.lease_acquire(DESK, "two", LONG).await;
    assert!(
        matches!(waited, Err(StoreError::Unavailable { .. })),
        "{waited:?}"
    );
    drop(locked);
    assert!(
        desk.store
            .lease_acquire(DESK, "two", LONG)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn two_writers_take_turns_and_the_second_sees_what_the_first_answered() {
    let desk = Desk::new().await;
    let other = Store::connect(desk.db.service_options(), instruments())
        .await
        .unwrap();
    let locked = desk.store.lock(DESK, &[]).await.unwrap();
    let first = locked.standing.tag();
    let asks = [super::doors::key(1)];
    let second = async { other.lock(DESK, &asks).await };
    let facts = [high_water(7)];
    let written = rows(&desk.store, &facts, at(1));
    let mut book = desk.book.clone();
    book.apply(&facts[0], at(1));
    let touched = book.take_touched();
    let mut watcher = desk.db.superuser_options().connect().await.unwrap();
    let commit = async {
        wait_for_a_waiter(&mut watcher).await;
        let write = torana::store::Write {
            now: at(1),
            facts: &written,
            signals: &[verdict(cause(1))],
            book: &book,
            touched: &touched,
            epoch: None,
        };
        locked.commit(&write).await
    };
    let (mine, theirs) = tokio::join!(commit, second);
    let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
    assert_ne!(mine, first);
    assert_eq!(theirs.standing.tag(), mine);
    assert_eq!(theirs.standing.last_at, at(1));
    assert_eq!(theirs.standing.earlier, [super::doors::answered(1)]);
}

/// Returns where the desk stands.
async fn standing(desk: &Desk) -> Standing {
    let locked = desk.store.lock(DESK, &[]).await.unwrap();
    locked.standing.clone()
}

/// Writes the first fact and the verdict on the first alert without a look.
async fn write_at_once(
    desk: &Desk,
    known: &Standing,
    (asks, epoch): (&[SignalKey], Option<i64>),
) -> Option<Tag> {
    let facts = [high_water(7)];
    let mut book = desk.book.clone();
    book.apply(&facts[0], at(1));
    let touched = book.take_touched();
    let signal = SignalRow {
        alert: Some("alert 1"),
        body_hash: Some([5; 32]),
        ..verdict(cause(1))
    };
    let write = torana::store::Write {
        now: at(1),
        facts: &rows(&desk.store, &facts, at(1)),
        signals: &[signal],
        book: &book,
        touched: &touched,
        epoch,
    };
    match desk.store.commit_if_unmoved(known, asks, &write).await {
        Ok(Written::Yes(tag)) => Some(tag),
        Ok(Written::No) => None,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_writes_without_a_look_writes_once_and_only_on_the_desk_it_knew() {
    let mut desk = Desk::new().await;
    let known = standing(&desk).await;
    let asks = [super::doors::key(1)];
    let first = write_at_once(&desk, &known, (&asks, None)).await;
    assert_eq!(first, Some(desk.store.tag(DESK).await.unwrap()));
    assert_eq!(write_at_once(&desk, &known, (&asks, None)).await, None);
    assert_eq!(first, Some(desk.store.tag(DESK).await.unwrap()));
    desk.book = desk.loaded().await;
    desk.make(2, &[high_water(8)]).await.unwrap();
}

#[tokio::test]
async fn who_writes_without_a_look_writes_nothing_about_an_alert_that_was_decided_before() {
    let desk = Desk::new().await;
    let asks = [super::doors::key(1)];
    let known = standing(&desk).await;
    let tag = write_at_once(&desk, &known, (&asks, None)).await.unwrap();
    let known = known.moved_to(tag, at(1));
    let by_name = super::doors::key(1);
    let by_alert = SignalKey {
        alert: Some((SourceId(1), "alert 1".to_owned())),
        ..super::doors::key(2)
    };
    let by_body = SignalKey {
        body: Some([5; 32]),
        ..super::doors::key(2)
    };
    for ask in [by_name, by_alert, by_body] {
        let written = write_at_once(&desk, &known, (std::slice::from_ref(&ask), None)).await;
        assert_eq!(written, None, "{ask:?}");
    }
    assert_eq!(desk.store.tag(DESK).await.unwrap(), tag);
}

#[tokio::test]
async fn who_writes_without_a_look_writes_nothing_under_a_lease_that_was_lost() {
    let desk = Desk::new().await;
    let one = desk.store.lease_acquire(DESK, "one", NONE);
    let one = one.await.unwrap().unwrap();
    let known = standing(&desk).await;
    let two = desk.store.lease_acquire(DESK, "two", LONG);
    assert!(two.await.unwrap().is_some());
    let before = desk.store.tag(DESK).await.unwrap();
    let written = write_at_once(&desk, &known, (&[], Some(one.number))).await;
    assert_eq!(written, None);
    assert_eq!(desk.store.tag(DESK).await.unwrap(), before);
    let locked = desk
        .store
        .lock(DESK, &[super::doors::key(1)])
        .await
        .unwrap();
    assert_eq!(locked.standing.earlier, [torana::store::Earlier::None]);
}

#[tokio::test]
async fn who_writes_without_a_look_writes_nothing_on_a_history_it_does_not_know() {
    let desk = Desk::new().await;
    let known = standing(&desk).await;
    let other = Tag {
        head: [9; 32],
        ..known.tag()
    };
    let other = known.moved_to(other, at(1));
    assert_eq!(write_at_once(&desk, &other, (&[], None)).await, None);
    assert_eq!(desk.store.tag(DESK).await.unwrap(), known.tag());
}

#[tokio::test]
async fn who_writes_without_a_look_and_waits_too_long_for_the_desk_has_written_nothing() {
    let desk = Desk::new().await;
    let held = desk.store.lock(DESK, &[]).await.unwrap();
    let known = held.standing.clone();
    assert_eq!(write_at_once(&desk, &known, (&[], None)).await, None);
    held.release().await.unwrap();
    assert!(write_at_once(&desk, &known, (&[], None)).await.is_some());
}

#[tokio::test]
async fn a_connection_that_died_between_two_decisions_leaves_the_second_in_doubt_and_no_third() {
    let desk = Desk::new().await;
    let asks = [super::doors::key(1)];
    let known = standing(&desk).await;
    let tag = write_at_once(&desk, &known, (&asks, None)).await.unwrap();
    let mut other = desk.db.superuser_options().connect().await.unwrap();
    let sessions = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended: i64 = sqlx::query_scalar(sessions)
        .fetch_one(&mut other)
        .await
        .unwrap();
    assert!(ended > 0);
    let known = known.moved_to(tag, at(1));
    let facts = [high_water(8)];
    let mut book = desk.book.clone();
    book.apply(&facts[0], at(2));
    let touched = book.take_touched();
    let write = torana::store::Write {
        now: at(2),
        facts: &rows(&desk.store, &facts, at(2)),
        signals: &[],
        book: &book,
        touched: &touched,
        epoch: None,
    };
    let second = desk.store.commit_if_unmoved(&known, &[], &write).await;
    assert!(matches!(second, Ok(Written::Unknown(_))), "{second:?}");
    let third = desk.store.commit_if_unmoved(&known, &[], &write).await;
    assert!(matches!(third, Ok(Written::Yes(_))), "{third:?}");
}

/// Returns once another session waits for the desk's row.
async fn wait_for_a_waiter(watcher: &mut PgConnection) {
    let waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock')";
    while !sqlx::query_scalar::<_, bool>(waiting)
        .fetch_one(&mut *watcher)
        .await
        .unwrap()
    {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_desk_belongs_to_the_mode_that_made_it_and_is_made_once() {
    let desk = Desk::new().await;
    let again = desk
        .store
        .ensure_desk(&new_desk("paper"), at(9))
        .await
        .unwrap();
    assert!(!again);
    let refused = desk.store.ensure_desk(&new_desk("live"), at(9)).await;
    let Err(StoreError::OtherMode { made_in, asked }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((made_in.as_str(), asked.as_str()), ("paper", "live"));
    assert_eq!(desk.book.desk.realised, new_desk("paper").opening);
    assert_eq!(desk.book.desk.opening, new_desk("paper").opening);
}

#[tokio::test]
async fn dead_connections_are_thrown_away_without_anybody_noticing() {
    let mut desk = Desk::new().await;
    // several connections, all alive and all in the pool
    let held = tokio::join!(desk.store.ping(), desk.store.ping(), desk.store.ping());
    assert!(held.0.is_ok() && held.1.is_ok() && held.2.is_ok());
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    desk.behind(kill).await.unwrap();
    desk.make(1, &[high_water(1)]).await.unwrap();
    assert_eq!(desk.loaded().await, desk.book);
}
