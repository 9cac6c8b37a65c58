//! Which rows are asked for.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use actix_web::HttpRequest;
use actix_web::web::Query;

use super::error::AdminError;
use crate::store::views::{Page, ROWS_MAX};

/// Rows of an answer when nothing else is asked for.
const ROWS: u32 = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Older {
    limit: Option<u32>,
    before: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Newer {
    limit: Option<u32>,
    after: Option<i64>,
}

/// Returns which rows of a list that begins with the newest.
pub(super) fn older(request: &HttpRequest) -> Result<Page, AdminError> {
    let asked: Older = query(request)?;
    Ok(Page {
        before: asked.before,
        limit: limit(asked.limit)?,
    })
}

/// The same of a list whose rows are numbered.
pub(super) fn numbered(request: &HttpRequest) -> Result<Page, AdminError> {
    let page = older(request)?;
    let number = page.before.as_ref().map(|text| text.parse::<i64>());
    match number {
        Some(Err(_)) => Err(AdminError::given("before", "must be a number")),
        Some(Ok(_)) | None => Ok(page),
    }
}

/// Returns after which fact, and how many.
pub(super) fn newer(request: &HttpRequest) -> Result<(i64, u32), AdminError> {
    let asked: Newer = query(request)?;
    Ok((asked.after.unwrap_or(0), limit(asked.limit)?))
}

fn limit(asked: Option<u32>) -> Result<u32, AdminError> {
    match asked.unwrap_or(ROWS) {
        limit @ 1..=ROWS_MAX => Ok(limit),
        _ => Err(AdminError::given(
            "limit",
            format!("must be 1 to {ROWS_MAX}"),
        )),
    }
}

fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, AdminError> {
    let read = Query::<T>::from_query(request.query_string());
    read.map(Query::into_inner)
        .map_err(|error| AdminError::given("the query", error.to_string()))
}
