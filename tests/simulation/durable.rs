//! The same days over PostgreSQL: what a life in memory was told is told to a desk, which commits
//! it, and the same facts must become true, one by one.
//!
//! Where the process of the life dies, here the next commit is under way when the server ends every
//! session of the desk, at a moment that differs from death to death; desk, pool and caches are thrown
//! away, and a new desk reads its book from the rows. An input that nobody answered for is told
//! again unless its facts are there. An alert that is sent again has its first answer and no
//! fact. At the end the rows of `facts` are those of the life, and the book they load is its book.

use core::time::Duration;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions as _, Row as _};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use torana::clock::Clock;
use torana::desk::{
    Arrival, CrashPoint, Desk, DeskError, Handled, Lease, LiveMarks, Parts, Submitted,
};
use torana::domain::book::Book;
use torana::domain::fact::Fact;
use torana::domain::input::{Input, Marks, TradingState};
use torana::domain::money::Money;
use torana::domain::rules::Rules;
use torana::journal;
use torana::store::cluster::testing::{Setup, TestDb, fresh, key_of};
use torana::store::{Deadlines, DeskId, MIGRATIONS, NewDesk, SignalKey, Store, migrate};

use crate::life::{CAPITAL, Happened, Life};

const DESK: DeskId = DeskId(1);

/// How long a busy machine may take for anything: what is not killed is not to fail.
const PATIENCE: Duration = Duration::from_mins(2);

/// How many different moments of a commit sessions end at.
const MOMENTS: usize = 32;

/// The clock of a life.
struct Told(Mutex<DateTime<Utc>>);

impl Clock for Told {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// What outlives a process.
struct World {
    db: TestDb,
    rules: Arc<Rules>,
    clock: Arc<Told>,
    superuser: PgConnection,
    deaths: usize,
    /// Commits that a death left without an answer, and those of them that had been made.
    unanswered: (usize, usize),
}

/// A process.
struct Home {
    desk: Arc<Desk>,
    worker: JoinHandle<()>,
}

/// What was seen.
#[derive(Default)]
pub(crate) struct Lived {
    pub(crate) facts: usize,
    pub(crate) deaths: usize,
    pub(crate) unanswered: (usize, usize),
}

/// Lives a seed in memory and again over PostgreSQL; panics where they differ.
pub(crate) async fn live_again(seed: u64) -> Lived {
    let mut life = Life::new(seed, 0);
    life.script = Some(Vec::new());
    life.live();
    let script = life.script.take().unwrap();
    let mut world = World::new(&life).await;
    let mut home = Some(world.begin().await);
    let mut written: Vec<(Fact, DateTime<Utc>)> = life.first.clone();
    let mut dying = false;
    for (at, happened) in script {
        *world.clock.0.lock().unwrap() = at;
        let (input, facts, marks) = match happened {
            Happened::Died => {
                dying = true;
                continue;
            }
            Happened::Told(told) => (told.input, Some(told.facts), Some(told.marks)),
            Happened::Again(signal) => (Input::Signal(signal), None, None),
        };
        let mut process = home.take().unwrap();
        let known = written.len();
        let mut answer = None;
        if core::mem::take(&mut dying) {
            process.see(marks.as_ref());
            answer = world.kill(&process, (&input, at)).await;
            // it was written, nobody heard of it, and the alert was known when it was looked at again
            answer = answer.filter(|one| !one.duplicate || facts.is_none());
            process.worker.abort();
            process = world.begin().await;
            let made = facts.as_ref().map_or(0, Vec::len);
            let new = world.facts().await - known;
            assert!(
                new == 0 || new == made,
                "seed {seed}: {new} of {made} facts"
            );
            if answer.is_none() {
                world.unanswered.0 += 1;
                world.unanswered.1 += usize::from(new > 0);
            }
            if answer.is_none() && new > 0 {
                written.extend(facts.unwrap().into_iter().map(|fact| (fact, at)));
                home = Some(process);
                continue;
            }
        }
        if answer.is_none() {
            process.see(marks.as_ref());
            answer = Some(process.tell(&input, at).await.unwrap());
        }
        let answer = answer.unwrap();
        assert_eq!(answer.duplicate, facts.is_none(), "seed {seed}: {input:?}");
        let facts = facts.unwrap_or_default();
        assert_eq!(answer.facts, facts, "seed {seed} at {at}: {input:?}");
        written.extend(facts.into_iter().map(|fact| (fact, at)));
        home = Some(process);
    }
    world.compare(&life, &written, seed).await;
    Lived {
        facts: written.len(),
        deaths: world.deaths,
        unanswered: world.unanswered,
    }
}

impl World {
    async fn new(life: &Life) -> Self {
        let setup = Setup {
            keeper: env!("CARGO_BIN_EXE_torana").into(),
            url: None,
            key: key_of(&MIGRATIONS),
        };
        let db = fresh(&setup, migrate).await.unwrap();
        let first = life.first[0].1;
        let world = Self {
            superuser: db.superuser_options().connect().await.unwrap(),
            db,
            rules: Arc::new(life.rules.clone()),
            clock: Arc::new(Told(Mutex::new(first))),
            deaths: 0,
            unanswered: (0, 0),
        };
        let new = NewDesk {
            id: DESK,
            name: "main".to_owned(),
            made_in: "paper",
            opening: Money::rupees(CAPITAL),
            state: TradingState::Active,
        };
        let store = world.store().await;
        assert!(store.ensure_desk(&new, first).await.unwrap());
        store.close().await;
        world
    }

    async fn store(&self) -> Store {
        let instruments = Arc::new(self.rules.instruments.clone());
        let options = self.db.service_options();
        let deadlines = Deadlines {
            connections: 2,
            acquire: PATIENCE,
            statement: PATIENCE,
            lock: PATIENCE,
            ..Deadlines::default()
        };
        let store = Store::connect_within(options, instruments, deadlines);
        store.await.unwrap()
    }

    /// A process begins, with nothing but what the database has.
    async fn begin(&self) -> Home {
        let store = self.store().await;
        let hour = Duration::from_hours(1);
        let lease = Lease::new(store.clone(), DESK, "the process".to_owned(), hour);
        lease.keep().await.unwrap().unwrap();
        let parts = Parts {
            store,
            id: DESK,
            rules: Arc::clone(&self.rules),
            clock: self.clock.clone(),
            crash: Arc::new(CrashPoint::default()),
            marks: Arc::new(LiveMarks::default()),
            lease: Arc::new(lease),
            waiting_max: 8,
            batch_max: 8,
        };
        let (desk, worker) = Desk::new(parts);
        let worker = tokio::spawn(worker.run(CancellationToken::new()));
        Home { desk, worker }
    }

    /// The server ends every session of the desk while it commits; returns its answer, if it still
    /// gave one.
    async fn kill(&mut self, home: &Home, told: (&Input, DateTime<Utc>)) -> Option<Handled> {
        let later = self.deaths % MOMENTS;
        self.deaths += 1;
        let superuser = &mut self.superuser;
        let end = async {
            for _ in 0..later {
                sqlx::query("SELECT 1")
                    .execute(&mut *superuser)
                    .await
                    .unwrap();
            }
            sqlx::query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .execute(&mut *superuser)
            .await
            .unwrap();
        };
        let (answer, ()) = tokio::join!(home.tell(told.0, told.1), end);
        answer.ok()
    }

    /// Returns how many facts are written.
    async fn facts(&mut self) -> usize {
        let sql = "SELECT count(*) FROM facts";
        let count: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut self.superuser)
            .await
            .unwrap();
        usize::try_from(count).unwrap()
    }

    /// The rows are what became true in memory, and the book they load is the one of memory.
    async fn compare(&mut self, life: &Life, written: &[(Fact, DateTime<Utc>)], seed: u64) {
        let rows = sqlx::query("SELECT kind, payload, at FROM facts ORDER BY seq")
            .fetch_all(&mut self.superuser)
            .await
            .unwrap();
        assert_eq!(rows.len(), written.len(), "seed {seed}");
        for (row, (fact, at)) in rows.iter().zip(written) {
            let (kind, payload): (&str, &str) = (row.get("kind"), row.get("payload"));
            let text = journal::fact_text(fact, &self.rules.instruments);
            let read = (kind, payload, row.get::<DateTime<Utc>, _>("at"));
            assert_eq!(
                read,
                (journal::kind(fact), text.as_str(), *at),
                "seed {seed}"
            );
        }
        let store = self.store().await;
        let loaded = store.snapshot(DESK).await.unwrap();
        assert!(loaded.unreadable.is_empty(), "seed {seed}");
        let mut folded = life.book.clone();
        folded.prune(loaded.last_at);
        folded.take_touched();
        let (mut book, nothing) = (loaded.book, Marks::default());
        book.take_touched();
        let bare = |book: &Book| Book {
            marks: nothing.clone(),
            ..book.clone()
        };
        assert!(
            bare(&book) == bare(&folded),
            "seed {seed}: the rows are another book"
        );
        store.close().await;
    }
}

impl Home {
    /// Sees the prices that the life saw.
    fn see(&self, marks: Option<&Marks>) {
        let Some(marks) = marks else { return };
        for (contract, mark) in &marks.contracts {
            self.desk.marks().quote(*contract, mark.quote, mark.source);
        }
        self.desk.marks().nets(marks.nets.clone());
    }

    async fn tell(&self, input: &Input, at: DateTime<Utc>) -> Result<Handled, DeskError> {
        let arrival = match input {
            Input::Signal(signal) => Some(Box::new(Arrival {
                key: SignalKey {
                    id: signal.id,
                    alert: None,
                    body: None,
                },
                kind: "BASE_ENTRY",
                record: r#"{"type":"BASE_ENTRY"}"#.to_owned(),
                received_at: at,
            })),
            _ => None,
        };
        let submitted = Submitted {
            input: input.clone(),
            arrival,
            fence: None,
            keyed: None,
            access: None,
        };
        self.desk.handle(submitted).await
    }
}
