//! Every story that the pure core is told ends with the same book in the database.

use std::fs;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use torana::domain::book::Book;
use torana::domain::input::Marks;
use torana::store::{DeskId, NewDesk, Store, Write};

use super::desk::{database, new_desk, rows};
use crate::desk::Desk as Story;

/// The lines of a file, each cut before its comment and its expectations.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let cut = |line| str::split(line, ['#']).next().unwrap_or_default();
    text.lines()
        .map(cut)
        .map(|line| line.split("->").next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
}

/// A story and its desk.
struct Told {
    story: Story,
    store: Store,
    desk: DeskId,
    last_at: DateTime<Utc>,
}

impl Told {
    async fn new(pool: &Store, number: i32) -> Self {
        let new = NewDesk {
            id: DeskId(number),
            name: format!("desk {number}"),
            ..new_desk("paper")
        };
        // before every story: some are of days before the one that stories begin on
        let made_at = DateTime::UNIX_EPOCH;
        pool.ensure_desk(&new, made_at).await.unwrap();
        Self {
            story: Story::new(),
            store: pool.clone(),
            desk: new.id,
            last_at: made_at,
        }
    }

    /// Tells a line, commits what it leads to, and compares.
    async fn tell(&mut self, line: &str) {
        self.story.tell(line);
        let now = self.story.now;
        let story = &mut self.story;
        let touched = story.book.take_touched();
        let locked = self.store.lock(self.desk, &[]).await.unwrap();
        let facts = rows(&self.store, &story.facts, now);
        let write = Write {
            now,
            facts: &facts,
            signals: &[],
            book: &story.book,
            touched: &touched,
            epoch: None,
        };
        locked.commit(&write).await.unwrap();
        let mut loaded = self.store.snapshot(self.desk).await.unwrap().book;
        loaded.marks = Marks::default();
        let mut folded = Book {
            marks: Marks::default(),
            ..story.book.clone()
        };
        self.last_at = self.last_at.max(now);
        folded.prune(self.last_at);
        super::book::assert_same(self.store.instruments(), (&folded, &loaded), line);
    }
}

#[tokio::test]
async fn every_story_ends_with_the_same_book_in_the_database() {
    let db = database().await;
    let instruments = Arc::new(Story::new().rules.instruments);
    let store = Store::connect(db.service_options(), instruments).await;
    let store = store.unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios");
    let mut number = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // the figures are the world's, not a story's
        let is_story = path.extension().is_some_and(|end| end == "txt");
        if !is_story || path.ends_with("figures.txt") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        number += 1;
        let mut told = Told::new(&store, number).await;
        for line in lines(&text) {
            if line.starts_with("story") {
                number += 1;
                told = Told::new(&store, number).await;
            } else {
                told.tell(line).await;
            }
        }
    }
    assert!(number > 40, "only {number} stories");
}
