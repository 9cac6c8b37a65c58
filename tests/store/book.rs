//! What was folded is what is loaded.

use torana::domain::book::Book;
use torana::domain::fact::{ExitReason, IntentEnd, OrderEnd};
use torana::domain::input::{Mark, Marks, PriceSource, Quote, SeenMargin, TradingState};
use torana::domain::instrument::{ContractId, Instruments};
use torana::domain::money::Money;
use torana::journal;
use torana::store::StoreError;

use super::desk::{DESK, Desk, at, bank, december, share};
use super::story::{Entry, evening, price, rich_day};

#[tokio::test]
async fn the_loaded_book_is_the_folded_book_after_every_commit_of_a_rich_day() {
    let mut desk = Desk::new().await;
    for (facts, second) in rich_day().into_iter().zip(1..) {
        desk.make(second * 10, &facts).await.unwrap();
        assert_same(
            desk.store.instruments(),
            (&desk.book, &desk.loaded().await),
            &format!("commit {second}"),
        );
    }
    let tag = desk.make(600, &evening()).await.unwrap();
    assert_same(
        desk.store.instruments(),
        (&desk.book, &desk.loaded().await),
        "all",
    );
    assert!(desk.book.reversals.is_empty());
    let snapshot = desk.store.snapshot(DESK).await.unwrap();
    assert_eq!((snapshot.tag, snapshot.last_at), (tag, at(600)));
    assert_eq!((&snapshot.book, snapshot.unreadable.len()), (&desk.book, 0));
    let refolded = desk.store.refold(DESK, tag.seq).await.unwrap();
    assert_same(
        desk.store.instruments(),
        (&desk.book, &refolded),
        "the facts",
    );
}

#[tokio::test]
async fn a_book_reads_back_from_its_text() {
    let mut desk = Desk::new().await;
    for (facts, second) in rich_day().into_iter().zip(1..) {
        desk.make(second * 10, &facts).await.unwrap();
    }
    let quote = Quote {
        price: price("52000.2"),
        bid: None,
        ask: Some(price("52000.4")),
        at: at(5),
    };
    let mark = Mark {
        quote,
        margin: Some(theirs()),
        source: PriceSource::Feed,
    };
    desk.book.marks.contracts.insert(december(bank()), mark);
    desk.book.marks.charts.insert(bank(), quote);
    let text = journal::book_text(&desk.book, desk.store.instruments());
    let read = journal::read_book(&text, desk.store.instruments()).unwrap();
    assert_same(desk.store.instruments(), (&desk.book, &read), "the text");
    assert!(!read.reversals.is_empty() && !read.newest.is_empty());
}

#[tokio::test]
async fn a_day_later_both_books_have_forgotten_the_same() {
    let mut desk = Desk::new().await;
    for (facts, second) in rich_day().into_iter().zip(1..) {
        desk.make(second * 10, &facts).await.unwrap();
    }
    desk.make(600, &evening()).await.unwrap();
    let before = desk.book.orders.len();
    for later in [24 * 3600 + 100, 24 * 3600 + 330, 24 * 3600 + 601, 40 * 3600] {
        desk.make(later, &[super::desk::high_water(later)])
            .await
            .unwrap();
        assert_same(
            desk.store.instruments(),
            (&desk.book, &desk.loaded().await),
            &format!("{later} s"),
        );
    }
    assert!(desk.book.orders.len() < before);
}

#[tokio::test]
async fn a_late_fill_is_stored_whatever_has_become_of_its_order() {
    let mut desk = Desk::new().await;
    let entry = Entry::of(1, december(bank()));
    let other = Entry::of(2, december(bank()));
    desk.make(1, &entry.approved(2)).await.unwrap();
    desk.make(2, &entry.sent(2)).await.unwrap();
    let given_up = (OrderEnd::NotPlaced, IntentEnd::NotPlaced);
    desk.make(3, &entry.done(0, given_up)).await.unwrap();
    for facts in [other.approved(1), other.sent(1), other.opened(1)] {
        desk.make(4, &facts).await.unwrap();
    }
    // a second position in the instrument, and more than was asked for
    desk.make(5, &entry.opened(2)).await.unwrap();
    desk.make(6, &entry.grown(2, 9)).await.unwrap();
    assert_same(
        desk.store.instruments(),
        (&desk.book, &desk.loaded().await),
        "all",
    );
}

#[tokio::test]
async fn one_position_may_end_and_the_next_begin_in_one_commit() {
    let mut desk = Desk::new().await;
    // the older has the larger name, so that only its end makes room
    let (older, newer) = (
        Entry::of(9, december(bank())),
        Entry::of(3, december(bank())),
    );
    for facts in [older.approved(1), older.sent(1), older.opened(1)] {
        desk.make(1, &facts).await.unwrap();
    }
    desk.make(2, &older.exiting(31, ExitReason::Stop, None))
        .await
        .unwrap();
    let mut facts = older.reduced(31, 1, 1);
    facts.extend(older.closed(31, 1));
    facts.extend(newer.approved(1));
    facts.extend(newer.opened(1));
    desk.make(3, &facts).await.unwrap();
    assert_same(
        desk.store.instruments(),
        (&desk.book, &desk.loaded().await),
        "all",
    );
}

#[tokio::test]
async fn a_second_open_position_that_the_book_does_not_know_of_is_a_defect() {
    let mut desk = Desk::new().await;
    let (one, other) = (
        Entry::of(1, december(bank())),
        Entry::of(2, december(bank())),
    );
    for facts in [one.approved(1), one.sent(1), one.opened(1)] {
        desk.make(1, &facts).await.unwrap();
    }
    desk.book = Book::default();
    desk.make(2, &other.approved(1)).await.unwrap();
    let refused = desk.make(3, &other.opened(1)).await;
    let Err(StoreError::Defect { constraint }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(constraint, "positions_one_open");
}

#[tokio::test]
async fn what_we_ask_for_must_be_something() {
    let mut desk = Desk::new().await;
    let mut facts = Entry::of(1, december(bank())).approved(0);
    facts.truncate(2);
    let refused = desk.make(1, &facts).await;
    let Err(StoreError::Defect { constraint }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(constraint, "intents_lots_asked");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_left_out_and_its_instrument_only_reduces() {
    let mut desk = Desk::new().await;
    for entry in [
        Entry::of(1, december(bank())),
        Entry::of(2, ContractId::share(share())),
    ] {
        for facts in [entry.approved(1), entry.sent(1), entry.opened(1)] {
            desk.make(1, &facts).await.unwrap();
        }
    }
    let spoil = "UPDATE legs SET contract = 'BANKNIFTY31ZZZ26FUT' WHERE instrument = 'BANK_NIFTY'";
    desk.behind(spoil).await.unwrap();
    let mut locked = desk.store.lock(DESK, &[]).await.unwrap();
    let book = locked.book().await.unwrap();
    assert_eq!(locked.unreadable.len(), 1);
    assert_eq!(locked.unreadable[0].table, "legs");
    assert_eq!(book.state_of(bank()), TradingState::Reducing);
    assert_eq!(book.state_of(share()), TradingState::Active);
    assert_eq!(book.legs.len(), 1);
}

#[tokio::test]
async fn marks_come_with_the_lock() {
    let desk = Desk::new().await;
    let quote = Quote {
        price: price("52000.2"),
        bid: Some(price("52000")),
        ask: None,
        at: at(5),
    };
    let mut marks = Marks::default();
    let mark = Mark {
        quote,
        margin: Some(theirs()),
        source: PriceSource::Feed,
    };
    marks.contracts.insert(december(bank()), mark);
    marks.charts.insert(share(), quote);
    desk.store.write_marks(DESK, &marks).await.unwrap();
    desk.store.write_marks(DESK, &marks).await.unwrap();
    let mut locked = desk.store.lock(DESK, &[]).await.unwrap();
    assert_eq!(*locked.standing.marks, marks);
    assert_eq!(locked.book().await.unwrap().marks, marks);
    drop(locked);
    // a price without a margin does not forget the margin
    let known = marks.contracts.get_mut(&december(bank())).unwrap();
    known.margin = None;
    desk.store.write_marks(DESK, &marks).await.unwrap();
    known_margin(&desk.store.marks(DESK).await.unwrap());
}

fn known_margin(marks: &Marks) {
    let mark = marks.contracts.get(&december(bank())).unwrap();
    assert_eq!(mark.margin, Some(theirs()));
}

fn theirs() -> SeenMargin {
    SeenMargin {
        amount: Money::rupees(271_000),
        at: at(6),
    }
}

/// Compares a book with the folded one, and shows only where they differ.
pub(crate) fn assert_same(instruments: &Instruments, (folded, read): (&Book, &Book), after: &str) {
    if folded == read {
        return;
    }
    let pieces = |book: &Book| -> Vec<String> {
        let text = journal::book_text(book, instruments);
        text.split("},{").map(str::to_owned).collect()
    };
    let (theirs, ours) = (pieces(read), pieces(folded));
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        let odd = these.iter().filter(|one| !those.contains(one));
        odd.cloned().collect()
    };
    let (more, less) = (only(&theirs, &ours), only(&ours, &theirs));
    panic!("after {after}\n  read: {more:#?}\nfolded: {less:#?}");
}
