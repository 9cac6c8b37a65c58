//! Why an alert is turned away at the door, with a code that does not change.

use crate::http::json::JsonError;

/// What the message alone shows to be wrong, or who sent it, or how much of it there is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// Not from a source we know, or not signed by it: one answer for both.
    #[error("not authentic")]
    Unauthentic,
    /// Not an object we read.
    #[error(transparent)]
    Malformed(#[from] JsonError),
    /// Longer than a body may be.
    #[error("the body is longer than {bytes_max} bytes")]
    TooLarge {
        /// The longest a body may be.
        bytes_max: usize,
    },
    /// More than a sender may send.
    #[error("too many: allowed are {allowed}")]
    TooMany {
        /// How many are, in words.
        allowed: String,
    },
    /// A key that must be there is not.
    #[error("{field} is missing")]
    Missing {
        /// Which.
        field: String,
    },
    /// A key holds what it cannot mean.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Nothing of ours is named so.
    #[error("unknown instrument {named:?}; known: {known}")]
    UnknownInstrument {
        /// What it was called.
        named: String,
        /// What there is.
        known: String,
    },
    /// An index is quoted, never traded.
    #[error("{symbol} on {exchange} is an index, which is quoted and never traded")]
    IndexSymbol {
        /// Where it is quoted.
        exchange: String,
        /// Its symbol.
        symbol: String,
    },
    /// The chart behind the alert shows old prices.
    #[error("{named:?} is a delayed feed")]
    DelayedFeed {
        /// What the exchange was called.
        named: String,
    },
    /// The stop would be hit at once.
    #[error("a stop at {stop} is on the wrong side of the price {price}")]
    StopWrongSide {
        /// The stop.
        stop: String,
        /// The price.
        price: String,
    },
    /// Too long ago.
    #[error("{age_ms} ms old, the limit is {age_ms_max} ms")]
    Stale {
        /// How long ago it was made.
        age_ms: i64,
        /// How long ago it may have been made.
        age_ms_max: i64,
    },
    /// From a clock that runs ahead.
    #[error("{ahead_ms} ms in the future, the limit is {ahead_ms_max} ms")]
    Future {
        /// How far ahead it is.
        ahead_ms: i64,
        /// How far ahead it may be.
        ahead_ms_max: i64,
    },
    /// This source may not ask for that.
    #[error("this source may not send {what}")]
    NotAllowed {
        /// What it asked for.
        what: String,
    },
}

impl SignalError {
    /// Returns the refusal of a key that holds what it cannot mean.
    pub fn invalid(field: &str, problem: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.to_owned(),
            problem: problem.into(),
        }
    }

    /// Returns the refusal of a key that is not there.
    pub fn missing(field: &str) -> Self {
        Self::Missing {
            field: field.to_owned(),
        }
    }

    /// Returns the stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthentic => "unauthentic",
            Self::Malformed(error) => match error {
                JsonError::NotJson(_) => "not_json",
                JsonError::NotAnObject => "not_an_object",
                JsonError::DuplicateKey(_) => "duplicate_key",
                JsonError::TooDeep => "too_deep",
                JsonError::NumberTooLong => "number_too_long",
                JsonError::Placeholder(_) => "placeholder",
                JsonError::ZeroCharacter => "zero_character",
            },
            Self::TooLarge { .. } => "too_large",
            Self::TooMany { .. } => "too_many",
            Self::Missing { .. } => "missing_field",
            Self::Invalid { .. } => "invalid_field",
            Self::UnknownInstrument { .. } => "unknown_instrument",
            Self::IndexSymbol { .. } => "index_symbol",
            Self::DelayedFeed { .. } => "delayed_feed",
            Self::StopWrongSide { .. } => "stop_wrong_side",
            Self::Stale { .. } => "stale",
            Self::Future { .. } => "future",
            Self::NotAllowed { .. } => "not_allowed",
        }
    }

    /// Returns the HTTP status it is answered with.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unauthentic => 401,
            Self::Malformed(error) => match error {
                JsonError::NotJson(_)
                | JsonError::NotAnObject
                | JsonError::DuplicateKey(_)
                | JsonError::TooDeep => 400,
                JsonError::NumberTooLong | JsonError::Placeholder(_) | JsonError::ZeroCharacter => {
                    422
                }
            },
            Self::TooLarge { .. } => 413,
            Self::TooMany { .. } => 429,
            Self::Missing { .. }
            | Self::Invalid { .. }
            | Self::UnknownInstrument { .. }
            | Self::IndexSymbol { .. }
            | Self::DelayedFeed { .. }
            | Self::StopWrongSide { .. }
            | Self::Stale { .. }
            | Self::Future { .. }
            | Self::NotAllowed { .. } => 422,
        }
    }
}
