//! What an operator is told when nothing was done: a status, a code, and what to do instead.

use actix_web::http::StatusCode;
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use crate::desk::person::WishError;
use crate::http::DoorError;
use crate::http::json::JsonError;
use crate::store::StoreError;

/// Why a request ended without an answer to it.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdminError {
    /// No token, or none that counts.
    #[error("a token is needed: Authorization: Bearer <token>")]
    Unauthenticated,
    /// There is no such thing.
    #[error("there is no {what} {id}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Under which name.
        id: String,
    },
    /// The body is no plain JSON object.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// What stands in the body or behind the path makes no sense.
    #[error("{name}: {problem}")]
    Given {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What was ordered cannot be done.
    #[error(transparent)]
    Wish(WishError),
    /// As at the other doors.
    #[error(transparent)]
    Door(#[from] DoorError),
}

impl AdminError {
    /// Returns the error of something given.
    pub(super) fn given(name: &str, problem: impl Into<String>) -> Self {
        Self::Given {
            name: name.to_owned(),
            problem: problem.into(),
        }
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::NotFound { .. } => "not_found",
            Self::Json(_) => "not_json",
            Self::Given { .. } => "bad_field",
            Self::Wish(error) => error.code(),
            Self::Door(error) => error.code(),
        }
    }
}

impl From<WishError> for AdminError {
    fn from(error: WishError) -> Self {
        match error {
            WishError::Desk(error) => Self::Door(error.into()),
            WishError::NoReason
            | WishError::Unknown { .. }
            | WishError::Over { .. }
            | WishError::TooMany { .. }
            | WishError::TooMuch { .. }
            | WishError::Limit(_)
            | WishError::Unguarded(_)
            | WishError::Access(_)
            | WishError::KeyReused
            | WishError::Looser { .. } => Self::Wish(error),
        }
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self::Door(DoorError::Store(error))
    }
}

impl ResponseError for AdminError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::NotFound { .. } | Self::Wish(WishError::Unknown { .. }) => StatusCode::NOT_FOUND,
            Self::Json(_) => StatusCode::BAD_REQUEST,
            Self::Wish(WishError::Over { .. } | WishError::Unguarded(_)) => StatusCode::CONFLICT,
            Self::Given { .. } | Self::Wish(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Door(error) => error.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Door(error) = self {
            return error.answer();
        }
        let mut answer = HttpResponse::build(self.status_code());
        if matches!(self, Self::Unauthenticated) {
            answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        answer.json(json!({"error": {"code": self.code(), "detail": self.to_string()}}))
    }
}
