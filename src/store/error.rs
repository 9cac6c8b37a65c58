//! What the database's errors mean, in one place: unavailable, seen before, fenced off, unreadable,
//! or a defect of ours.

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

/// What the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Answer 503, drop the cached book, try again later: the pool recovers by itself. A commit
    /// that ended so may have happened; its signals will tell.
    #[error("the database is not available")]
    Unavailable {
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A signal of this write was committed by another before: look again.
    #[error("a signal was seen before")]
    Conflict,
    /// Another process holds the lease: stop acting for the desk.
    #[error("the lease is another's")]
    Fenced,
    /// A row cannot be read: the rest stays guarded, a person is paged.
    #[error("a row of {table} cannot be read: {key}")]
    Corrupt {
        /// Where.
        table: &'static str,
        /// Which, and what is wrong.
        key: String,
    },
    /// A bug of ours: the schema refused what we decided.
    #[error("the database refused what we wrote: {constraint}")]
    Defect {
        /// The constraint's name, or the database's words.
        constraint: String,
    },
    /// The desk belongs to another mode.
    #[error("this database was made in {made_in} mode and cannot be opened in {asked} mode")]
    OtherMode {
        /// The word it was made with.
        made_in: String,
        /// The word it was opened with.
        asked: String,
    },
    /// The schema is not the one this program was built with.
    #[error("the schema is at {found}, this program needs {wanted}: run torana migrate")]
    Schema {
        /// The newest migration in the database.
        found: i64,
        /// The newest one compiled in.
        wanted: i64,
    },
    /// The schema could not be brought up to date.
    #[error("the schema cannot be migrated")]
    Migrate {
        /// Why.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
}

/// The only constraint that means "seen before".
const SEEN_BEFORE: &str = "signals_pkey";

impl StoreError {
    /// A row or value that is not what it should be.
    pub(super) fn corrupt<T: core::fmt::Display>(table: &'static str, what: T) -> Self {
        Self::Corrupt {
            table,
            key: format!("{what}"),
        }
    }

    /// Returns whether the database says itself that it took the statement back, and that only for
    /// now: a lock that did not come, a deadline, a race, no room.
    pub(super) fn is_undone(&self) -> bool {
        let Self::Unavailable { source } = self else {
            return false;
        };
        let code = source.as_database_error().and_then(DatabaseError::code);
        code.is_some_and(|state| {
            state.starts_with("53") || matches!(&*state, "40001" | "40P01" | "55P03" | "57014")
        })
    }

    pub(super) fn defect(constraint: impl Into<String>) -> Self {
        Self::Defect {
            constraint: constraint.into(),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(source: sqlx::migrate::MigrateError) -> Self {
        Self::Migrate { source }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        let Some(error) = source.as_database_error() else {
            return of_the_connection(source);
        };
        let state = error.code().unwrap_or_default();
        if passes(&state) {
            return Self::Unavailable { source };
        }
        match error.constraint() {
            Some(SEEN_BEFORE) => Self::Conflict,
            Some(constraint) => Self::defect(constraint),
            None => Self::defect(words(error)),
        }
    }
}

/// Returns whether a state says that waiting helps: the server is going, coming, full, or busy.
fn passes(state: &str) -> bool {
    let class = state.get(..2).unwrap_or_default();
    matches!(class, "08" | "53" | "57" | "58")
        || matches!(state, "40001" | "40P01" | "55P03" | "25P03" | "25006")
}

/// Returns what the database said, with the place in the schema when it names one.
fn words(error: &dyn DatabaseError) -> String {
    let table = error
        .try_downcast_ref::<PgDatabaseError>()
        .and_then(PgDatabaseError::table)
        .unwrap_or_default();
    let state = error.code().unwrap_or_default();
    format!("{state} {table} {}", error.message())
}

/// Returns what an error without the database's own words means.
fn of_the_connection(source: sqlx::Error) -> StoreError {
    let unreadable = matches!(
        source,
        sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::TypeNotFound { .. }
    );
    let ours = matches!(
        source,
        sqlx::Error::Encode(_)
            | sqlx::Error::InvalidArgument(_)
            | sqlx::Error::RowNotFound
            | sqlx::Error::Configuration(_)
    );
    if unreadable {
        StoreError::corrupt("rows", source)
    } else if ours {
        StoreError::defect(source.to_string())
    } else {
        StoreError::Unavailable { source }
    }
}
