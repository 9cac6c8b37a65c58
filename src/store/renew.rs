//! A paper desk begun anew. The schema it had goes as a whole, because nothing in it may be edited.

use sqlx::Connection as _;
use sqlx::postgres::PgConnectOptions;

use super::{DeskId, MIGRATIONS, StoreError};

/// Keeps everyone from taking the lease.
const ALONE: &str = "
    SET LOCAL lock_timeout = '5s';
    LOCK TABLE leases IN ACCESS EXCLUSIVE MODE;";

/// Moves the schema aside and makes an empty one.
const ASIDE: &str = "
    ALTER SCHEMA public RENAME TO torana_before;
    CREATE SCHEMA public;
    DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'torana_service') THEN
            GRANT USAGE ON SCHEMA public TO torana_service;
        END IF;
    END $$;";

/// Takes over who may send and who may order, and lets the rest go.
const OVER: &str = "
    INSERT INTO public.sources SELECT * FROM torana_before.sources;
    INSERT INTO public.tokens SELECT * FROM torana_before.tokens;
    DROP SCHEMA torana_before CASCADE;";

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anew {
    /// The desk is to be made again.
    Begun,
    /// Nothing was changed: this process sends orders for the desk.
    HeldBy(String),
}

/// Begins a database anew, as the role that owns it: all of it, or nothing.
///
/// # Errors
///
/// The database is away or refuses.
pub async fn begin_anew(owner: PgConnectOptions, desk: DeskId) -> Result<Anew, StoreError> {
    let mut session = super::session(&owner).await?;
    MIGRATIONS.run(&mut session).await?;
    let mut tx = session.begin().await?;
    sqlx::raw_sql(ALONE).execute(&mut *tx).await?;
    let holder = sqlx::query_scalar!(
        "SELECT holder FROM leases WHERE desk_id = $1 AND expires_at > clock_timestamp()",
        desk.0
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(holder) = holder {
        return Ok(Anew::HeldBy(holder));
    }
    sqlx::raw_sql(ASIDE).execute(&mut *tx).await?;
    MIGRATIONS.run(&mut *tx).await?;
    sqlx::raw_sql(OVER).execute(&mut *tx).await?;
    tx.commit().await?;
    session.close().await?;
    Ok(Anew::Begun)
}
