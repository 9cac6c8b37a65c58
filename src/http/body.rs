//! Bodies, bounded in length and in time.

use core::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt as _;

use super::error::DoorError;
use super::webhook::SignalError;

/// How long a body may take; senders wait three seconds for an answer.
const TIME_MAX: Duration = Duration::from_secs(5);

/// Returns the body of a request.
pub(super) async fn read(
    request: &HttpRequest,
    payload: Payload,
    bytes_max: usize,
) -> Result<Bytes, DoorError> {
    let declared = request.headers().get(CONTENT_LENGTH);
    let declared: Option<usize> = declared.and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length| length > bytes_max) {
        return Err(SignalError::TooLarge { bytes_max }.into());
    }
    let all = collect(payload, bytes_max);
    tokio::time::timeout(TIME_MAX, all)
        .await
        .map_err(|_elapsed| DoorError::Slow)?
}

async fn collect(mut payload: Payload, bytes_max: usize) -> Result<Bytes, DoorError> {
    let mut body = BytesMut::new();
    while let Some(part) = payload.next().await {
        // a connection that breaks off has nobody left to answer
        let part = part.map_err(|_broken| DoorError::Slow)?;
        if body.len() + part.len() > bytes_max {
            return Err(SignalError::TooLarge { bytes_max }.into());
        }
        body.extend_from_slice(&part);
    }
    Ok(body.freeze())
}
