//! Whether OpenAlgo takes orders by itself. That cannot be read, so the end of an order that cannot
//! exist is asked for: in semi-automatic mode OpenAlgo refuses that before it looks for the order.
//!
//! Asked when everything is to be taken out, at the start where real orders go, and again and again
//! while the answer is yes: else never, as each question is an order call, and counted as one.

use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;
use tracing::warn;

use crate::broker::openalgo::{Budget, Class};
use crate::broker::{Broker, BrokerError, RefusalKind};
use crate::desk::Desk;
use crate::domain::ids::Cause;
use crate::domain::input::Input;
use crate::domain::order::BrokerOrderId;

/// No broker names an order so.
const NO_ORDER: &str = "torana-no-such-order";

/// The pause before a question without an answer is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// The pause between questions while a person must approve every order.
const WHILE_ON: Duration = Duration::from_mins(1);

/// Asks for OpenAlgo's mode.
pub struct ApprovalMode<B> {
    desk: Arc<Desk>,
    broker: Arc<B>,
    budget: Arc<Budget>,
    at_start: bool,
    asked: Mutex<Option<Asked>>,
}

/// The last question.
#[derive(Clone, Copy)]
struct Asked {
    flatten: Option<Cause>,
    answered: bool,
    at: Instant,
}

impl<B: Broker> ApprovalMode<B> {
    /// Returns who asks; at the start too, where `at_start` says so.
    pub fn new(desk: Arc<Desk>, broker: Arc<B>, (budget, at_start): (Arc<Budget>, bool)) -> Self {
        Self {
            desk,
            broker,
            budget,
            at_start,
            asked: Mutex::default(),
        }
    }

    /// Asks, when that is due.
    pub async fn round(&self, epoch: i64) {
        let Some(book) = self.desk.seen() else {
            return;
        };
        let flatten = book.desk.flatten.as_ref().map(|flatten| flatten.id);
        if !self.is_due(flatten, book.desk.semi_auto) {
            return;
        }
        let Some(nobody) = BrokerOrderId::new(NO_ORDER) else {
            return;
        };
        self.budget.take(Class::Cancel).await.leaves();
        let on = self
            .broker
            .cancel(&nobody)
            .await
            .map_or_else(|error| meaning(&error), |_| Some(false));
        let at = Instant::now();
        let answered = on.is_some();
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Asked {
            flatten,
            answered,
            at,
        });
        if let Some(on) = on
            && let Err(error) = self.desk.input(Input::SemiAuto(on), Some(epoch)).await
        {
            warn!(%error, "OpenAlgo's mode was not written; it is asked for again");
        }
    }

    /// Returns whether a question of this process was answered.
    pub(super) fn is_known(&self) -> bool {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.is_some_and(|asked| asked.answered)
    }

    fn is_due(&self, flatten: Option<Cause>, on: bool) -> bool {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(asked) = asked else {
            return self.at_start || on || flatten.is_some();
        };
        let new = flatten.is_some() && flatten != asked.flatten;
        let waited = asked.at.elapsed();
        new || (!asked.answered && waited >= AGAIN) || (on && waited >= WHILE_ON)
    }
}

/// How OpenAlgo begins when it passed a cancel on: it had looked at its mode before, whatever the
/// broker then said of the order. Some brokers' adapters say it of an order that does not exist.
const PASSED_ON: &str = "Failed to cancel order";

/// Says what a no means for the mode; nothing where it may have come from elsewhere.
fn meaning(error: &BrokerError) -> Option<bool> {
    let kind = match error {
        BrokerError::Refused { kind, .. } => kind,
        BrokerError::Uncertain { why, .. } => return why.contains(PASSED_ON).then_some(false),
        BrokerError::NotSent { .. } => return None,
    };
    match kind {
        RefusalKind::SemiAuto => Some(true),
        RefusalKind::NoSuchOrder
        | RefusalKind::Final
        | RefusalKind::NothingToDo
        | RefusalKind::Other => Some(false),
        RefusalKind::Schema
        | RefusalKind::Key
        | RefusalKind::Session
        | RefusalKind::Banned
        | RefusalKind::Deployment
        | RefusalKind::RateLimit
        | RefusalKind::Margin => None,
    }
}
