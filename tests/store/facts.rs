//! Facts are kept, chained, and read back as they were.

use sqlx::{ConnectOptions as _, Row as _};
use torana::journal;
use torana::store::StoreError;

use super::desk::{DESK, Desk, cause, high_water, run, verdict};
use super::story::{evening, rich_day};

#[tokio::test]
async fn no_one_edits_a_fact_not_even_their_owner() {
    let mut desk = Desk::new().await;
    desk.make(1, &[high_water(1)]).await.unwrap();
    let owner = desk.db.owner_options().connect().await.unwrap();
    let service = desk.db.service_options().connect().await.unwrap();
    let superuser = desk.db.superuser_options().connect().await.unwrap();
    for mut session in [owner, service, superuser] {
        for edit in [
            "UPDATE facts SET payload = '{}'",
            "DELETE FROM facts",
            "TRUNCATE facts",
            "SET session_replication_role = replica; DELETE FROM facts",
        ] {
            assert!(run(&mut session, edit).await.is_err(), "{edit}");
        }
    }
    assert_eq!(desk.store.verify_chain(DESK).await.unwrap().broken_at, None);
}

#[tokio::test]
async fn the_chain_holds_and_names_the_first_fact_that_was_tampered_with() {
    let mut desk = Desk::new().await;
    let mut tag = desk.store.tag(DESK).await.unwrap();
    for (number, facts) in (1..).zip(rich_day()) {
        let next = desk.make(number, &facts).await.unwrap();
        assert_eq!(next.seq, tag.seq + i64::try_from(facts.len()).unwrap());
        assert_ne!(next, tag);
        tag = next;
    }
    assert_eq!(desk.store.tag(DESK).await.unwrap(), tag);
    let chain = desk.store.verify_chain(DESK).await.unwrap();
    assert_eq!((chain.holds_to, chain.broken_at), (tag, None));
    for (edit, broken_at) in [
        (
            "UPDATE facts SET payload = payload || ' ' WHERE seq = 20",
            20,
        ),
        (
            "UPDATE facts SET at = at + interval '1 microsecond' WHERE seq = 19",
            19,
        ),
        ("DELETE FROM facts WHERE seq = 18", 18),
        ("UPDATE desks SET seq = 17", 18),
    ] {
        let open = "ALTER TABLE facts DISABLE TRIGGER ALL";
        desk.behind(&format!("{open}; {edit}; {}", open.replace("DIS", "EN")))
            .await
            .unwrap();
        let chain = desk.store.verify_chain(DESK).await.unwrap();
        let at = chain.broken_at.unwrap();
        assert_eq!(at, broken_at, "{edit}");
        assert_eq!(chain.holds_to.seq, broken_at - 1);
    }
}

#[tokio::test]
async fn every_fact_reads_back_from_the_table() {
    let mut desk = Desk::new().await;
    let mut made = Vec::new();
    for (number, facts) in (1..).zip(rich_day().into_iter().chain([evening()])) {
        desk.make(number, &facts).await.unwrap();
        made.extend(facts);
    }
    let mut session = desk.db.service_options().connect().await.unwrap();
    let rows = sqlx::query("SELECT kind, payload, doc FROM facts WHERE seq > 2 ORDER BY seq")
        .fetch_all(&mut session)
        .await
        .unwrap();
    assert_eq!(rows.len(), made.len());
    for (row, fact) in rows.iter().zip(made) {
        let (kind, text): (&str, &str) = (row.get("kind"), row.get("payload"));
        let read = journal::read_fact(kind, text, desk.store.instruments()).unwrap();
        let written = journal::fact_text(&fact, desk.store.instruments());
        assert_eq!((kind, text), (journal::kind(&fact), written.as_str()));
        assert_eq!(journal::fact_text(&read, desk.store.instruments()), written);
        if !format!("{fact:?}").contains("\\0") {
            assert_eq!(read, fact);
        }
    }
}

#[tokio::test]
async fn a_commit_is_whole_or_nothing() {
    let mut desk = Desk::new().await;
    let verdict = [verdict(cause(1))];
    desk.make_with(1, &[high_water(1)], (&verdict, None))
        .await
        .unwrap();
    let before = desk.store.tag(DESK).await.unwrap();
    let entry = super::story::Entry::of(1, super::desk::december(super::desk::bank()));
    // the rows are fine, the verdict was given before: nothing of it may stay
    let refused = desk
        .make_with(2, &entry.approved(1), (&verdict, None))
        .await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert_eq!(desk.store.tag(DESK).await.unwrap(), before);
    assert!(desk.loaded().await.intents.is_empty());
    assert_eq!(desk.store.verify_chain(DESK).await.unwrap().broken_at, None);
}

#[tokio::test]
async fn money_rows_say_what_was_before() {
    let mut desk = Desk::new().await;
    for (number, facts) in (1..).zip(rich_day()) {
        desk.make(number, &facts).await.unwrap();
    }
    let mut session = desk.db.service_options().connect().await.unwrap();
    let count = |table: &str| format!("SELECT count(*) FROM {table}");
    let mut counts = Vec::new();
    for table in ["ledger", "fills", "eod", "findings"] {
        let sql = sqlx::AssertSqlSafe(count(table));
        let found: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut session)
            .await
            .unwrap();
        counts.push(found);
    }
    assert_eq!(counts, [5, 5, 2, 1]);
}
