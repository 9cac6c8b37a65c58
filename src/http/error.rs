//! The one file that knows both worlds: what went wrong inside, and how HTTP says it.
//!
//! No answer is ever a 504, and a refusal is never a 5xx: a sender repeats what failed with 5xx, so
//! 503 is said only where repeating is right.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use serde_json::json;

use super::webhook::SignalError;
use crate::desk::DeskError;

/// After how many seconds a sender may try again.
const RETRY_SECONDS: &str = "2";

/// Why a request ended without a decision.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The message, or who sent it, or how much of it there is.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// The desk could not decide.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// What the doors themselves need of the database could not be read.
    #[error("the database is not available")]
    Store(#[source] crate::store::StoreError),
    /// The sender did not send its body in time.
    #[error("the body did not come in time")]
    Slow,
}

impl DoorError {
    /// Returns the stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Signal(error) => error.code(),
            Self::Desk(DeskError::Unavailable(_)) | Self::Store(_) => "database_away",
            Self::Desk(DeskError::Busy) => "busy",
            Self::Desk(DeskError::Fenced) => "lease_lost",
            Self::Desk(DeskError::Defect(_)) => "defect",
            Self::Slow => "slow_body",
        }
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Signal(error) => {
                StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
            }
            Self::Desk(DeskError::Unavailable(_) | DeskError::Busy | DeskError::Fenced)
            | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Desk(DeskError::Defect(_)) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// Returns whether the same request may be sent again as it is.
    pub const fn is_worth_repeating(&self) -> bool {
        match self {
            Self::Signal(SignalError::TooMany { .. })
            | Self::Desk(DeskError::Unavailable(_) | DeskError::Busy | DeskError::Fenced)
            | Self::Store(_) => true,
            Self::Signal(_) | Self::Desk(DeskError::Defect(_)) | Self::Slow => false,
        }
    }

    /// Returns the answer of our own doors.
    pub fn answer(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status());
        if self.is_worth_repeating() {
            answer.insert_header((RETRY_AFTER, RETRY_SECONDS));
        }
        answer.json(json!({"error": {"code": self.code(), "detail": self.to_string()}}))
    }
}
