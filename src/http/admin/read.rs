//! What can be read.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::AdminError;
use super::page::{newer, numbered, older};
use crate::domain::book::Book;
use crate::domain::ids::SignalId;
use crate::http::Doors;
use crate::journal;
use crate::store::views::{self, Fact};

type Answer = Result<HttpResponse, AdminError>;

/// The version and the commit it was built from.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("TORANA_COMMIT"), ")");

pub(super) async fn status(doors: Data<Doors>) -> Answer {
    let (book, store, id) = (book(&doors).await?, doors.desk.store(), doors.desk.id());
    Ok(HttpResponse::Ok().json(json!({
        "version": VERSION,
        "desk": store.view_desk(id).await?,
        "lease": store.view_lease(id).await?,
        "status": views::status(&book, doors.desk.rules(), doors.now()),
        "degraded": (doors.degraded)(),
    })))
}

pub(super) async fn portfolio(doors: Data<Doors>) -> Answer {
    let book = book(&doors).await?;
    let portfolio = views::portfolio(&book, doors.desk.rules(), doors.now());
    Ok(HttpResponse::Ok().json(portfolio))
}

pub(super) async fn positions(doors: Data<Doors>) -> Answer {
    let book = book(&doors).await?;
    let rows = views::positions(&book, doors.desk.rules(), doors.now());
    Ok(list(&rows, None))
}

pub(super) async fn instruments(doors: Data<Doors>) -> Answer {
    let book = book(&doors).await?;
    let rows = views::instruments(&book, doors.desk.rules(), doors.now());
    Ok(list(&rows, None))
}

pub(super) async fn marks(doors: Data<Doors>) -> Answer {
    let book = book(&doors).await?;
    let rows = views::marks(&book, doors.desk.rules(), doors.now());
    Ok(list(&rows, None))
}

pub(super) async fn signals(request: HttpRequest, doors: Data<Doors>) -> Answer {
    let page = older(&request)?;
    let rows = doors
        .desk
        .store()
        .view_signals(doors.desk.id(), &page)
        .await?;
    let last = rows.last().map(|row| row.id.clone());
    Ok(list(&rows, next(last, (rows.len(), page.limit))))
}

pub(super) async fn signal(id: Path<String>, doors: Data<Doors>) -> Answer {
    let (store, desk) = (doors.desk.store(), doors.desk.id());
    let parsed: Option<SignalId> = id.parse().ok();
    let found = match parsed {
        Some(parsed) => store.view_signal(desk, parsed).await?,
        None => None,
    };
    let (Some(signal), Some(parsed)) = (found, parsed) else {
        let (what, id) = ("signal", id.into_inner());
        return Err(AdminError::NotFound { what, id });
    };
    let facts = store.view_facts_of(desk, parsed).await?;
    let decision = facts.iter().find_map(trace);
    let failed = decision.as_ref().map(failed);
    Ok(HttpResponse::Ok().json(json!({
        "signal": signal,
        "decision": decision,
        "failed": failed,
        "facts": facts,
    })))
}

/// Returns the record of the gates inside a fact, when it has one.
fn trace(fact: &Fact) -> Option<Value> {
    let is: Value = serde_json::from_str(fact.is.as_ref()?.get()).ok()?;
    let goal = is.pointer("/goal/open/trace").or_else(|| is.get("trace"));
    goal.cloned()
}

/// Returns the gates that failed; `lots` is what would have passed, where fewer would have.
fn failed(trace: &Value) -> Vec<Value> {
    let all = trace.get("verdicts").and_then(Value::as_array);
    let failed = all.into_iter().flatten();
    failed
        .filter(|verdict| verdict.get("pass") == Some(&Value::Bool(false)))
        .cloned()
        .collect()
}

pub(super) async fn intents(request: HttpRequest, doors: Data<Doors>) -> Answer {
    let page = older(&request)?;
    let rows = doors
        .desk
        .store()
        .view_intents(doors.desk.id(), &page)
        .await?;
    let last = rows.last().map(|row| row.id.clone());
    Ok(list(&rows, next(last, (rows.len(), page.limit))))
}

pub(super) async fn orders(request: HttpRequest, doors: Data<Doors>) -> Answer {
    let page = older(&request)?;
    let rows = doors
        .desk
        .store()
        .view_orders(doors.desk.id(), &page)
        .await?;
    let last = rows.last().map(|row| row.id.clone());
    Ok(list(&rows, next(last, (rows.len(), page.limit))))
}

pub(super) async fn trades(request: HttpRequest, doors: Data<Doors>) -> Answer {
    let page = older(&request)?;
    let rows = doors
        .desk
        .store()
        .view_trades(doors.desk.id(), &page)
        .await?;
    let last = rows.last().map(|row| row.leg.clone());
    Ok(list(&rows, next(last, (rows.len(), page.limit))))
}

pub(super) async fn fills(request: HttpRequest, doors: Data<Doors>) -> Answer {
    let page = numbered(&request)?;
    let rows = doors
        .desk
        .store()
        .view_fills(doors.desk.id(), &page)
        .await?;
    let last = rows.last().map(|row| row.seq.to_string());
    Ok(list(&rows, next(last, (rows.len(), page.limit))))
}

pub(super) async fn ledger(request: HttpRequest, doors: Data<Doors>) -> Answer {
    let page = numbered(&request)?;
    let rows = doors
        .desk
        .store()
        .view_ledger(doors.desk.id(), &page)
        .await?;
    let last = rows.last().map(|row| row.seq.to_string());
    Ok(list(&rows, next(last, (rows.len(), page.limit))))
}

pub(super) async fn facts(request: HttpRequest, doors: Data<Doors>) -> Answer {
    let (after, limit) = newer(&request)?;
    let rows = doors
        .desk
        .store()
        .view_facts(doors.desk.id(), after, limit)
        .await?;
    // there is always a next fact to ask for, even if it is not there yet
    let next = rows.last().map_or(after, |row| row.seq);
    Ok(list(&rows, Some(next.to_string())))
}

pub(super) async fn findings(doors: Data<Doors>) -> Answer {
    let book = book(&doors).await?;
    let rows = views::findings(&book, doors.desk.rules());
    Ok(list(&rows, None))
}

pub(super) async fn sources(doors: Data<Doors>) -> Answer {
    let rows = doors.desk.store().sources(doors.desk.id()).await?;
    let rows: Vec<views::Source> = rows.into_iter().map(views::Source::from).collect();
    Ok(list(&rows, None))
}

pub(super) async fn rules(doors: Data<Doors>) -> Answer {
    let rules = doors.desk.rules();
    let text = RawValue::from_string(journal::rules_text(rules)).ok();
    Ok(HttpResponse::Ok().json(json!({
        "profile": rules.profile,
        "hash": HEXLOWER.encode(&rules.hash.0),
        "rules": text,
    })))
}

/// Returns the book as it is, with the newer of the prices written and seen here.
async fn book(doors: &Doors) -> Result<Book, AdminError> {
    let snapshot = doors.desk.store().snapshot(doors.desk.id()).await?;
    let mut book = snapshot.book;
    doors.desk.marks().merge_into(&mut book.marks);
    Ok(book)
}

/// Returns where to go on, unless this was the end.
fn next(last: Option<String>, (rows, limit): (usize, u32)) -> Option<String> {
    let full = u32::try_from(rows).is_ok_and(|rows| rows >= limit);
    last.filter(|_| full)
}

fn list<T: Serialize>(items: &[T], next: Option<String>) -> HttpResponse {
    HttpResponse::Ok().json(List { items, next })
}

/// Rows, and where to go on.
#[derive(Serialize)]
struct List<'a, T> {
    items: &'a [T],
    next: Option<String>,
}
