//! Whatever is said to PostgreSQL is answered in time, or given up: a host that vanished ends no
//! connection and sends no answer, and the kernel waits for it for a quarter of an hour, or for ever.
//!
//! 1. Nothing in this room waits for an answer but through [`Patience`].
//! 2. It outlasts every deadline that server and pool keep themselves, so that it ends only when
//!    nobody answers.
//! 3. What was said and not answered may be done, now or when the network delivers it: the error is
//!    that of a lost answer, and nothing more is said on that connection.

use std::fmt;
use std::io;
use std::time::Duration;

use futures_util::stream::{BoxStream, TryStreamExt as _, try_unfold};
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Describe, Either, Error, Execute, Executor, Postgres, SqlStr};
use tokio::time::timeout;

use super::pool::{Deadlines, Suspicion};

/// What a network may take beyond all that server and pool allow themselves.
const ON_THE_WAY: Duration = Duration::from_secs(1);

pub(super) type Answer<'e, T> =
    core::pin::Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'e>>;

/// How long an answer is waited for.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    longest: Duration,
    suspicion: Suspicion,
}

/// Where statements are said, and how long each answer is waited for.
#[derive(Debug)]
pub(super) struct InTime<E> {
    said_to: E,
    patience: Patience,
}

/// Nobody answered.
#[derive(Debug)]
struct Silent(Duration);

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer within {:?}", self.0)
    }
}

impl core::error::Error for Silent {}

/// Returns whether nobody answered; other connections may yet live.
pub(super) fn is_silence(error: &Error) -> bool {
    let Error::Io(error) = error else {
        return false;
    };
    let inner = error.get_ref();
    inner.is_some_and(<dyn core::error::Error + Send + Sync>::is::<Silent>)
}

impl Patience {
    /// Returns the patience that outlasts these deadlines, with what is told when it ends.
    pub(super) const fn of(deadlines: &Deadlines, suspicion: Suspicion) -> Self {
        let allowed = deadlines.acquire.saturating_add(deadlines.statement);
        let allowed = allowed.saturating_add(deadlines.lock);
        Self {
            longest: allowed.saturating_add(ON_THE_WAY),
            suspicion,
        }
    }

    /// Waits for an answer.
    pub(super) async fn hear<T>(
        &self,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        within(self.longest, answer).await.inspect_err(|error| {
            if is_silence(error) {
                self.suspicion.raise();
            }
        })
    }

    /// Returns a place for statements that answers with this patience.
    pub(super) fn on<E>(&self, said_to: E) -> InTime<E> {
        InTime {
            said_to,
            patience: self.clone(),
        }
    }
}

/// Waits so long for an answer and no longer.
pub(super) async fn within<T>(
    longest: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    timeout(longest, answer).await.unwrap_or_else(|_elapsed| {
        let silent = io::Error::new(io::ErrorKind::TimedOut, Silent(longest));
        Err(Error::Io(silent))
    })
}

impl<'c, E> Executor<'c> for InTime<E>
where
    E: Executor<'c, Database = Postgres> + 'c,
{
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, Q>(
        self,
        query: Q,
    ) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        Q: 'q + Execute<'q, Postgres>,
    {
        let Self { said_to, patience } = self;
        let rows = said_to.fetch_many(query);
        Box::pin(try_unfold(
            (rows, patience),
            async |(mut rows, patience)| {
                let next = patience.hear(rows.try_next()).await?;
                Ok(next.map(|row| (row, (rows, patience))))
            },
        ))
    }

    fn fetch_optional<'e, 'q: 'e, Q>(self, query: Q) -> Answer<'e, Option<PgRow>>
    where
        'c: 'e,
        Q: 'q + Execute<'q, Postgres>,
    {
        let Self { said_to, patience } = self;
        let row = said_to.fetch_optional(query);
        Box::pin(async move { patience.hear(row).await })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> Answer<'e, PgStatement>
    where
        'c: 'e,
    {
        let Self { said_to, patience } = self;
        let prepared = said_to.prepare_with(sql, parameters);
        Box::pin(async move { patience.hear(prepared).await })
    }

    fn describe<'e>(self, sql: SqlStr) -> Answer<'e, Describe<Postgres>>
    where
        'c: 'e,
    {
        let Self { said_to, patience } = self;
        let described = said_to.describe(sql);
        Box::pin(async move { patience.hear(described).await })
    }
}
