//! Answers in OpenAlgo's shapes.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use serde_json::{Value, json};

use super::schema::Problems;
use crate::http::error::DoorError;
use crate::http::webhook::SignalError;

/// What a body that is no JSON object is answered with.
const UNREADABLE: &str =
    "The browser (or proxy) sent a request that this server could not understand.";

/// An answer: its status and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Reply {
    pub(super) const fn new(status: u16, body: Value) -> Self {
        Self { status, body }
    }

    /// Returns a refusal in words.
    pub(super) fn error(status: u16, message: &str) -> Self {
        Self::new(status, json!({"status": "error", "message": message}))
    }

    /// Returns the refusal of an unknown path, or of a verb that a path does not have.
    pub(super) fn not_found(path: &str) -> Self {
        let body = json!({"status": "error", "message": "Not found", "path": path});
        Self::new(404, body)
    }

    /// Returns the refusal of an order route: its problems as Python prints them.
    pub(super) fn repr(problems: &Problems) -> Self {
        Self::error(400, &problems.repr())
    }

    /// Returns the refusal of any other route: its problems as an object.
    pub(super) fn object(problems: &Problems) -> Self {
        Self::new(
            400,
            json!({"status": "error", "message": problems.object()}),
        )
    }

    /// Returns the answer to a request that ended without a decision.
    pub(super) fn of(error: &DoorError) -> Self {
        match error {
            DoorError::Signal(SignalError::Unauthentic) => {
                Self::error(403, "Invalid openalgo apikey")
            }
            DoorError::Signal(SignalError::TooMany { allowed }) => {
                Self::new(429, json!({"message": allowed}))
            }
            DoorError::Signal(SignalError::TooLarge { .. }) => Self::error(413, &coded(error)),
            DoorError::Signal(SignalError::Malformed(_)) if error.status() == 400 => {
                Self::new(400, json!({"message": UNREADABLE}))
            }
            DoorError::Signal(_) => Self::error(400, &coded(error)),
            DoorError::Desk(_) | DoorError::Store(_) | DoorError::Slow => {
                Self::error(error.status().as_u16(), &coded(error))
            }
        }
    }

    /// Returns it as HTTP, with a line's end as Flask writes one.
    pub(super) fn http(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut answer = HttpResponse::build(status);
        if self.status == 503 {
            answer.insert_header((RETRY_AFTER, "2"));
        }
        answer
            .content_type("application/json")
            .body(format!("{}\n", self.body))
    }
}

fn coded(error: &DoorError) -> String {
    format!("[{}] {error}", error.code())
}
