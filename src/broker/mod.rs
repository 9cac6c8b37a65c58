//! The port to the broker: what may be asked of it, and what its answers mean for the caller.
//!
//! 1. A call that may have arrived is never repeated here. Its outcome is one of
//!    [`BrokerError::NotSent`] (provably nothing arrived), [`BrokerError::Refused`] (a decoded,
//!    definite no) or [`BrokerError::Uncertain`] (everything else).
//! 2. A failed read is merely a [`ReadError`]: the next round reads again.
//! 3. What the broker does not say is `None`: never zero, never a guess.

use core::future::Future;

use chrono::NaiveDate;

use crate::domain::money::Money;
use crate::domain::order::{BrokerOrderId, Exchange, Ticket};

mod inputs;
pub mod openalgo;
mod rows;

pub use rows::{
    Asked, BarRow, Contract, Funds, OrderRow, OrderState, PositionRow, Quote, Quotes, Routing,
    Rows, Timing, TradeRow,
};

/// Where an error came from, kept for the log.
pub type Source = Box<dyn core::error::Error + Send + Sync>;

/// What a broker said yes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ack {
    /// It has the order, under this name. Nothing is said about a fill.
    Sent(BrokerOrderId),
    /// It waits for a person to approve it (OpenAlgo's semi-automatic mode): nothing is placed yet.
    Queued {
        /// OpenAlgo's number of the waiting order, as text.
        pending: String,
    },
}

/// What a call that changes something at the broker came to, when it was not a yes.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// Nothing arrived: it may be sent again.
    #[error("not sent: {why}")]
    NotSent {
        /// What stopped it.
        why: NotSent,
        /// The error underneath.
        #[source]
        source: Option<Source>,
    },
    /// A definite no: there is no working order.
    #[error("refused with {code}: {text}")]
    Refused {
        /// The HTTP status.
        code: u16,
        /// The broker's words, cut to [`TEXT_MAX`] characters.
        text: String,
        /// Which no.
        kind: RefusalKind,
        /// The name under which the refused order is recorded, when one was given.
        id: Option<BrokerOrderId>,
    },
    /// Nobody knows whether it arrived: only the broker's books can tell.
    #[error("uncertain: {why}")]
    Uncertain {
        /// What was seen instead of an answer.
        why: String,
        /// A name that appeared in an answer which is no acknowledgement: worth looking up.
        id: Option<BrokerOrderId>,
        /// Whether OpenAlgo itself answered: then its call is over, whatever came of it.
        answered: bool,
        /// The error underneath.
        #[source]
        source: Option<Source>,
    },
}

/// The longest text of a refusal that is kept, in characters: the database stores it.
pub const TEXT_MAX: usize = 300;

/// Why nothing left.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// No connection came about: refused, no such host, no TLS.
    #[error("no connection to OpenAlgo")]
    Unreachable,
    /// OpenAlgo's own limiter turned it away before looking at it.
    #[error("over OpenAlgo's limit: {0}")]
    Limited(String),
    /// The request could not be made.
    #[error("no request could be made")]
    Unmakeable,
    /// OpenAlgo's analyzer took it: the broker never saw it.
    #[error("OpenAlgo's analyzer took it, and the broker never saw it")]
    Analyzer,
}

/// Which definite no it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalKind {
    /// OpenAlgo found our request itself wrong.
    Schema,
    /// The key is wrong, or the broker's session is over: OpenAlgo says the same for both.
    Key,
    /// The broker turned OpenAlgo's session away.
    Session,
    /// OpenAlgo is in semi-automatic mode, which allows no cancel and no change.
    SemiAuto,
    /// Our address is banned.
    Banned,
    /// There is no such route or no such broker: the wrong address, or a broken installation.
    Deployment,
    /// The broker's own rate limit. Nothing should have been placed; the books should be read.
    RateLimit,
    /// Not enough money.
    Margin,
    /// There is no order of that name.
    NoSuchOrder,
    /// The order is already final.
    Final,
    /// OpenAlgo found nothing to do.
    NothingToDo,
    /// Any other no of the broker.
    Other,
}

impl RefusalKind {
    /// Returns the stable word for rows and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Key => "key",
            Self::Session => "session",
            Self::SemiAuto => "semi_auto",
            Self::Banned => "banned",
            Self::Deployment => "deployment",
            Self::RateLimit => "rate_limit",
            Self::Margin => "margin",
            Self::NoSuchOrder => "no_such_order",
            Self::Final => "final",
            Self::NothingToDo => "nothing_to_do",
            Self::Other => "other",
        }
    }
}

/// Why a read gave no value.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing usable came back: read again in the next round.
    #[error("{read} unavailable: {why}")]
    Unavailable {
        /// What was read.
        read: &'static str,
        /// What was seen instead.
        why: String,
        /// The error underneath.
        #[source]
        source: Option<Source>,
    },
    /// The key is wrong, or the broker's session is over: a person has to log in.
    #[error("{read} locked: {text}")]
    Locked {
        /// What was read.
        read: &'static str,
        /// OpenAlgo's words.
        text: String,
    },
    /// There is no such symbol.
    #[error("{read} knows nothing of it: {text}")]
    Absent {
        /// What was read.
        read: &'static str,
        /// OpenAlgo's words.
        text: String,
    },
}

impl ReadError {
    /// Returns the error of a read whose answer made no sense.
    pub(crate) fn unreadable(read: &'static str, why: impl Into<String>) -> Self {
        Self::Unavailable {
            read,
            why: why.into(),
            source: None,
        }
    }
}

/// What may be asked of a broker.
///
/// `submit`, `cancel` and `modify` send once and never again. A yes to a cancel or a change says
/// that the broker took the request; what became of the order is in its books.
pub trait Broker: Send + Sync {
    /// Sends an order.
    fn submit(&self, ticket: &Ticket) -> impl Future<Output = Result<Ack, BrokerError>> + Send;

    /// Asks for an order to be cancelled.
    fn cancel(&self, id: &BrokerOrderId) -> impl Future<Output = Result<Ack, BrokerError>> + Send;

    /// Asks for all terms of an order to be replaced.
    fn modify(
        &self,
        id: &BrokerOrderId,
        ticket: &Ticket,
    ) -> impl Future<Output = Result<Ack, BrokerError>> + Send;

    /// Reads the day's orders. An empty book is no proof that there are none.
    fn order_book(&self) -> impl Future<Output = Result<Rows<OrderRow>, ReadError>> + Send;

    /// Reads the day's trades. An empty book is no proof that there are none.
    fn trade_book(&self) -> impl Future<Output = Result<Rows<TradeRow>, ReadError>> + Send;

    /// Reads the positions, closed ones with zero quantity among them. An empty book is no proof
    /// of being flat.
    fn position_book(&self) -> impl Future<Output = Result<Rows<PositionRow>, ReadError>> + Send;

    /// Reads the account's money.
    fn funds(&self) -> impl Future<Output = Result<Funds, ReadError>> + Send;

    /// Reads one order, or nothing when the broker knows none of that name.
    fn order_status(
        &self,
        id: &BrokerOrderId,
    ) -> impl Future<Output = Result<Option<OrderRow>, ReadError>> + Send;

    /// Reads one price.
    fn quote(
        &self,
        exchange: Exchange,
        symbol: &str,
    ) -> impl Future<Output = Result<Quote, ReadError>> + Send;

    /// Reads many prices; what has none is left out.
    fn quotes(
        &self,
        symbols: &[(Exchange, String)],
    ) -> impl Future<Output = Result<Quotes, ReadError>> + Send;

    /// Reads what the symbol master says of a contract.
    fn symbol(
        &self,
        exchange: Exchange,
        symbol: &str,
    ) -> impl Future<Output = Result<Contract, ReadError>> + Send;

    /// Reads when exchanges trade on a day; one that is not named does not.
    fn timings(
        &self,
        day: NaiveDate,
    ) -> impl Future<Output = Result<Vec<Timing>, ReadError>> + Send;

    /// Reads the bars of a contract. The last row may not be over yet.
    fn history(
        &self,
        asked: &Asked<'_>,
    ) -> impl Future<Output = Result<Rows<BarRow>, ReadError>> + Send;

    /// Reads the margin an order would need.
    fn margin(&self, ticket: &Ticket) -> impl Future<Output = Result<Money, ReadError>> + Send;

    /// Reads the broker's name. It proves the key and a stored login, not that the broker answers.
    fn ping(&self) -> impl Future<Output = Result<String, ReadError>> + Send;

    /// Reads where orders go: to the broker, or to OpenAlgo's own sandbox.
    fn routing(&self) -> impl Future<Output = Result<Routing, ReadError>> + Send;
}
