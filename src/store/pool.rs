//! A few connections that outlive the server: dead ones are found before anything depends on them,
//! and a decision never fails because of one.
//!
//! 1. Nothing is said on a connection without a limit on how long the answer is waited for.
//! 2. Only a connection that has answered all it was asked is kept. One that somebody gave up, for
//!    whatever reason, is closed, and its place is free at once: nobody waits for its last words.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, Error, PgConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use super::StoreError;
use super::in_time::{InTime, Patience, is_silence, within};

/// A connection idle for longer is asked whether it still lives; one in steady use is not, because
/// that costs a quarter of a small statement.
const IDLE_UNPROVED: Duration = Duration::from_secs(1);
/// A connection is not kept for longer: a server process grows with all it has planned. The one for
/// decisions says the same statement all its life.
const KEPT: Duration = Duration::from_mins(30);
/// The first pause before a server that is just starting is asked again; it doubles.
const CONNECT_PAUSE: Duration = Duration::from_millis(10);
/// A transaction that its process forgot gives the desk back.
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "5s";

/// How large the pool is, and how long anything said through it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// A courier, a monitor, and people reading; decisions have one of their own beside it.
    pub connections: u32,
    /// How long a caller waits for a connection before it says that the database is away.
    pub acquire: Duration,
    /// How long a statement may take.
    pub statement: Duration,
    /// How long a lock is waited for; a desk's row is held for milliseconds.
    pub lock: Duration,
    /// How long the same bytes without id and time are the same alert.
    pub same_body: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connections: 8,
            acquire: Duration::from_secs(1),
            statement: Duration::from_secs(2),
            lock: Duration::from_millis(500),
            same_body: Duration::from_secs(20),
        }
    }
}

/// When a connection last turned out to be dead: those that answered last before may be dead too.
#[derive(Clone, Debug, Default)]
pub(super) struct Suspicion(Arc<Mutex<Option<Instant>>>);

impl Suspicion {
    /// A connection was dead.
    pub(super) fn raise(&self) {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *since = Some(Instant::now());
    }

    /// Returns whether a connection that answered last then may have died of it.
    fn falls_on(&self, answered: Instant) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| answered <= since)
    }
}

/// The connections, and how long they are listened to.
#[derive(Clone)]
pub(super) struct Sessions(Arc<Inner>);

struct Inner {
    options: PgConnectOptions,
    deadlines: Deadlines,
    patience: Patience,
    suspicion: Suspicion,
    places: Arc<Semaphore>,
    kept: Mutex<Kept>,
}

/// The connections that nobody uses.
#[derive(Default)]
struct Kept {
    free: Vec<Line>,
    /// The one that decisions are written through, out of the others' turns: each server process
    /// parses and plans the statement for itself, and one that has just run it runs it fastest.
    warm: Option<Line>,
}

/// One connection, when it was made and when it answered last.
#[derive(Debug)]
struct Line {
    session: PgConnection,
    made: Instant,
    used: Instant,
}

/// A connection in use; it is closed when nobody says that it is to be kept.
#[derive(Debug)]
pub(super) struct Session {
    line: Line,
    sessions: Sessions,
    /// Its place; the one for decisions has none.
    place: Option<OwnedSemaphorePermit>,
}

/// A transaction; dropping it undoes it.
#[derive(Debug)]
pub(super) struct Tx(Session);

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the options hold a password
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

impl Session {
    /// Returns where statements are said.
    pub(super) fn in_time(&mut self) -> InTime<&mut PgConnection> {
        self.sessions.0.patience.on(&mut self.line.session)
    }

    /// Keeps it for others, where this answer shows that it lives.
    pub(super) fn keep_after<T>(self, answer: Result<T, Error>) -> Result<T, Error> {
        let lives = match &answer {
            Ok(_) => true,
            Err(Error::Database(error)) => {
                let code = error.code().unwrap_or_default();
                !code.starts_with("57P") && !code.starts_with("08")
            }
            Err(_) => false,
        };
        let Self {
            line,
            sessions,
            place,
        } = self;
        if lives && line.made.elapsed() < KEPT && !sessions.0.places.is_closed() {
            sessions.kept().free.push(line.answered());
        }
        // only now: whoever has waited for it finds the connection
        drop(place);
        answer
    }
}

impl Line {
    fn answered(self) -> Self {
        Self {
            used: Instant::now(),
            ..self
        }
    }
}

impl Tx {
    /// Returns where statements are said.
    pub(super) fn in_time(&mut self) -> InTime<&mut PgConnection> {
        self.0.in_time()
    }

    /// Makes it so. Where no answer comes it may be.
    pub(super) async fn commit(self) -> Result<(), Error> {
        self.end("COMMIT").await
    }

    /// Undoes it at once.
    pub(super) async fn rollback(self) -> Result<(), Error> {
        self.end("ROLLBACK").await
    }

    async fn end(self, how: &'static str) -> Result<(), Error> {
        let Self(mut session) = self;
        let ended = sqlx::raw_sql(how).execute(session.in_time()).await;
        session.keep_after(ended).map(drop)
    }
}

impl Sessions {
    /// Returns no connection yet, and a deadline on everything that will be said.
    pub(super) fn new(options: PgConnectOptions, deadlines: Deadlines) -> Self {
        let options = options.options([
            ("statement_timeout", millis(deadlines.statement)),
            ("lock_timeout", millis(deadlines.lock)),
            (
                "idle_in_transaction_session_timeout",
                IDLE_IN_TRANSACTION_TIMEOUT.to_owned(),
            ),
            // every statement looks rows up by key: planning one anew for each use costs more than
            // running it
            ("plan_cache_mode", "force_generic_plan".to_owned()),
        ]);
        let suspicion = Suspicion::default();
        let places = usize::try_from(deadlines.connections).unwrap_or(usize::MAX);
        Self(Arc::new(Inner {
            options,
            deadlines,
            patience: Patience::of(&deadlines, suspicion.clone()),
            suspicion,
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            kept: Mutex::default(),
        }))
    }

    /// Begins a transaction. After the server was restarted dead connections are kept: each attempt
    /// throws one away, and nothing has been said yet that could be said twice.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        let mut dead_max = self.0.deadlines.connections;
        loop {
            let mut session = self.acquire().await?;
            match sqlx::raw_sql("BEGIN").execute(session.in_time()).await {
                Ok(_begun) => return Ok(Tx(session)),
                Err(error) if dead_max == 0 || is_silence(&error) => return Err(error.into()),
                Err(_dead) => self.suspect(),
            }
            dead_max = dead_max.saturating_sub(1);
        }
    }

    /// Takes the connection for decisions, alive as far as anybody knows, or another.
    pub(super) async fn take_warm(&self) -> Result<Session, Error> {
        let warm = self.kept().warm.take();
        if let Some(line) = warm
            && let Some(line) = self.proved(line, self.0.deadlines.acquire).await
        {
            return Ok(self.in_use(line, None));
        }
        let session = self.acquire().await?;
        Ok(Session {
            place: None,
            ..session
        })
    }

    /// Keeps the connection for decisions, which has just answered, unless all are to be closed.
    pub(super) fn keep_warm(&self, session: Session) {
        if !self.0.places.is_closed() {
            self.kept().warm = Some(session.line.answered());
        }
    }

    /// A connection was dead.
    pub(super) fn suspect(&self) {
        self.0.suspicion.raise();
    }

    /// Closes every connection.
    pub(super) async fn close(&self) {
        self.0.places.close();
        let Kept { free, warm } = core::mem::take(&mut *self.kept());
        for line in free.into_iter().chain(warm) {
            // it is as gone when the server does not hear of it
            let _told = within(self.0.deadlines.acquire, line.session.close()).await;
        }
    }

    /// Returns a connection, alive as far as anybody knows.
    pub(super) async fn acquire(&self) -> Result<Session, Error> {
        let acquired = timeout(self.0.deadlines.acquire, async {
            let place = Arc::clone(&self.0.places).acquire_owned().await;
            let place = place.map_err(|_closed| Error::PoolClosed)?;
            let line = match self.free().await {
                Some(line) => line,
                None => self.connect().await?,
            };
            Ok(self.in_use(line, Some(place)))
        });
        acquired.await.unwrap_or(Err(Error::PoolTimedOut))
    }

    /// Returns a connection that was kept and still lives.
    async fn free(&self) -> Option<Line> {
        // half of what its taker waits for: then there is time for a new one
        let proof = self.0.deadlines.acquire / 2;
        loop {
            let line = self.kept().free.pop()?;
            if let Some(line) = self.proved(line, proof).await {
                return Some(line);
            }
        }
    }

    /// Returns a connection unless it has died unused. Where it is silent the others are too.
    async fn proved(&self, mut line: Line, longest: Duration) -> Option<Line> {
        let suspicion = &self.0.suspicion;
        let unproved = line.used.elapsed() > IDLE_UNPROVED || suspicion.falls_on(line.used);
        if unproved && let Err(error) = within(longest, line.session.ping()).await {
            suspicion.raise();
            if is_silence(&error) {
                self.kept().free.clear();
            }
            return None;
        }
        Some(line)
    }

    /// Makes a connection; a server that is just starting is asked again.
    async fn connect(&self) -> Result<Line, Error> {
        let mut pause = CONNECT_PAUSE;
        loop {
            match PgConnection::connect_with(&self.0.options).await {
                Ok(session) => {
                    let made = Instant::now();
                    let used = made;
                    return Ok(Line {
                        session,
                        made,
                        used,
                    });
                }
                Err(error) if is_starting(&error) => sleep(pause).await,
                Err(error) => return Err(error),
            }
            pause += pause;
        }
    }

    fn in_use(&self, line: Line, place: Option<OwnedSemaphorePermit>) -> Session {
        Session {
            line,
            sessions: self.clone(),
            place,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether a server says that it is only starting, or is about to be there.
fn is_starting(error: &Error) -> bool {
    if let Error::Io(error) = error {
        return error.kind() == io::ErrorKind::ConnectionRefused;
    }
    let code = error.as_database_error().and_then(DatabaseError::code);
    matches!(code.as_deref(), Some("57P03" | "53300"))
}

fn millis(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}
