//! Statements that stand alone: each has a connection to itself for as long as it takes.

use futures_util::stream::{self, BoxStream, TryStreamExt as _};
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Describe, Either, Error, Execute, Executor, Postgres, SqlStr};

use super::in_time::Answer;
use super::pool::Sessions;

impl<'c> Executor<'c> for &'c Sessions {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, Q>(
        self,
        query: Q,
    ) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        Q: 'q + Execute<'q, Postgres>,
    {
        let rows = async move {
            let mut session = self.acquire().await?;
            let rows = session.in_time().fetch_many(query);
            let rows: Result<Vec<_>, Error> = rows.try_collect().await;
            let rows = session.keep_after(rows)?;
            Ok::<_, Error>(stream::iter(rows.into_iter().map(Ok)))
        };
        Box::pin(stream::once(rows).try_flatten())
    }

    fn fetch_optional<'e, 'q: 'e, Q>(self, query: Q) -> Answer<'e, Option<PgRow>>
    where
        'c: 'e,
        Q: 'q + Execute<'q, Postgres>,
    {
        Box::pin(async move {
            let mut session = self.acquire().await?;
            let row = session.in_time().fetch_optional(query).await;
            session.keep_after(row)
        })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> Answer<'e, PgStatement>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let mut session = self.acquire().await?;
            let prepared = session.in_time().prepare_with(sql, parameters).await;
            session.keep_after(prepared)
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> Answer<'e, Describe<Postgres>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let mut session = self.acquire().await?;
            let described = session.in_time().describe(sql).await;
            session.keep_after(described)
        })
    }
}
