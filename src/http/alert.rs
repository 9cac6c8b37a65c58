//! `POST /webhook/{secret}`: an alert is let in, read, decided and answered.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::web::{Bytes, Data, Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use tracing::info;

use super::auth::{SIGNATURE_HEADER, Signature, Source, TIMESTAMP_HEADER};
use super::doors::Doors;
use super::error::DoorError;
use super::submit::submit;
use super::webhook::{Alert, SignalError, TurnedAway};
use super::{body, dry_run, invalid};
use crate::desk::Handled;

/// The header of a repeated answer.
const DUPLICATE_HEADER: &str = "Torana-Duplicate";

/// What may stand behind the path.
#[derive(Debug, Deserialize)]
struct Wishes {
    dry_run: Option<String>,
}

/// Takes an alert.
pub(super) async fn take(
    request: HttpRequest,
    secret: Path<String>,
    payload: Payload,
    doors: Data<Doors>,
) -> HttpResponse {
    let answered = answer(&request, &secret, payload, &doors).await;
    answered.unwrap_or_else(|error| refuse(&error))
}

async fn answer(
    request: &HttpRequest,
    secret: &str,
    payload: Payload,
    doors: &Doors,
) -> Result<HttpResponse, DoorError> {
    let (source, body) = let_in(request, secret, payload, doors).await?;
    doors.desk.crash().pass("row1");
    if is_dry_run(request.query_string())? {
        dry_run::show(doors, &source, &body).await
    } else {
        decide(doors, &source, &body).await
    }
}

/// Returns whether an alert is only to be tried. What cannot be read is refused: the sender may
/// have meant yes.
fn is_dry_run(query: &str) -> Result<bool, SignalError> {
    let wishes = Query::<Wishes>::from_query(query).ok();
    let wish = wishes.map(|wishes| wishes.into_inner().dry_run);
    match wish.as_ref().map(Option::as_deref) {
        Some(None | Some("false" | "0")) => Ok(false),
        Some(Some("true" | "1")) => Ok(true),
        Some(Some(_)) | None => Err(SignalError::invalid("dry_run", "neither true nor false")),
    }
}

fn refuse(error: &DoorError) -> HttpResponse {
    metrics::counter!("torana_alerts_refused_total", "code" => error.code()).increment(1);
    info!(code = error.code(), "an alert was turned away: {error}");
    error.answer()
}

/// Returns who sends, and what.
async fn let_in(
    request: &HttpRequest,
    secret: &str,
    payload: Payload,
    doors: &Doors,
) -> Result<(Source, Bytes), DoorError> {
    doors.admit(request)?;
    let body = body::read(request, payload, doors.body_bytes_max).await?;
    let source = authenticate(doors, request, (secret, &body)).await?;
    doors.limits.alert(source.sender.id)?;
    Ok((source, body))
}

/// Returns whose secret it is, when address and signature are right too. A wrong one is counted
/// for its address.
pub(super) async fn authenticate(
    doors: &Doors,
    request: &HttpRequest,
    (secret, body): (&str, &[u8]),
) -> Result<Source, DoorError> {
    let now = doors.now();
    let address = doors.address(request);
    let signature = Signature {
        timestamp: text(request.headers(), TIMESTAMP_HEADER),
        signature: text(request.headers(), SIGNATURE_HEADER),
    };
    let found = doors.people.find(&doors.desk, secret, (address, now)).await;
    let checked = found.and_then(|source| {
        doors.signatures.check(&source, signature, (body, now))?;
        Ok(source)
    });
    match checked {
        Err(DoorError::Signal(SignalError::Unauthentic)) => {
            doors.failed(request)?;
            Err(SignalError::Unauthentic.into())
        }
        other => other,
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

async fn decide(doors: &Doors, source: &Source, body: &[u8]) -> Result<HttpResponse, DoorError> {
    let alert = read(doors, source, body).await?;
    doors.desk.crash().pass("row2");
    let handled = submit(doors, alert).await?;
    doors.desk.crash().pass("row6");
    Ok(told(&handled))
}

/// Reads an alert; one that means nothing is written down before it is refused.
async fn read(doors: &Doors, source: &Source, body: &[u8]) -> Result<Alert, DoorError> {
    let now = doors.now();
    match doors.reader(&source.sender, now).read(body) {
        Ok(alert) => Ok(alert),
        Err(TurnedAway { error, record }) => {
            if let Some(record) = record.filter(|_| error.status() == 422) {
                invalid::store(doors, source, (&error, &record)).await;
            }
            Err(error.into())
        }
    }
}

/// Returns the desk's answer, byte for byte.
fn told(handled: &Handled) -> HttpResponse {
    let Some(told) = &handled.told else {
        return HttpResponse::InternalServerError().finish();
    };
    let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::OK);
    let mut answer = HttpResponse::build(status);
    if handled.duplicate {
        answer.insert_header((DUPLICATE_HEADER, "true"));
    }
    answer
        .content_type("application/json")
        .body(told.body.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_that_cannot_be_understood_is_not_taken_for_a_real_one() {
        assert_eq!(is_dry_run(""), Ok(false));
        assert_eq!(is_dry_run("dry_run=false&x=1"), Ok(false));
        assert_eq!(is_dry_run("dry_run=true"), Ok(true));
        assert!(is_dry_run("dry_run=yes").is_err());
        assert!(is_dry_run("dry_run").is_err());
    }
}
