//! Do orders reach the broker? Asked where they are real, again and again.
//!
//! 1. What the start found is written down before anything opens.
//! 2. A doubt ends only when all was asked that a start asks: who the broker is, where orders go,
//!    whether there is a session and whether orders wait for a person; and when the books were read.
//!    Exits wait for none of that: they leave again as soon as orders go to the broker.
//! 3. A question without an answer changes nothing.

use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;
use tracing::{debug, warn};

use super::drift;
use crate::broker::{Broker, Routing};
use crate::desk::{Desk, Lease};
use crate::domain::finding::{ELSEWHERE, UNPROVED};
use crate::domain::ids::FindingId;
use crate::domain::input::{Input, Route, SeenRoute};

/// The name by which the simulator answers.
pub const SIMULATOR: &str = "torana-sim";

/// What orders meet in analyzer mode, in words.
pub const ANALYZER: &str = "OpenAlgo is in analyzer mode, orders would go to its sandbox; switch the analyzer off in OpenAlgo";

/// Asks where orders go.
pub struct Way<B> {
    desk: Arc<Desk>,
    lease: Arc<Lease>,
    broker: Arc<B>,
    poll: Duration,
    first: Mutex<Option<Route>>,
    asked: Mutex<Option<Instant>>,
}

impl<B: Broker> Way<B> {
    /// Returns one that begins with what the start found, and asks every `poll`.
    pub fn new(
        (desk, lease, broker): (Arc<Desk>, Arc<Lease>, Arc<B>),
        first: Route,
        poll: Duration,
    ) -> Self {
        Self {
            desk,
            lease,
            broker,
            poll,
            first: Mutex::new(Some(first)),
            asked: Mutex::default(),
        }
    }

    /// Writes down what the start found, unless that was done; returns whether it is written.
    pub(super) async fn began(&self, epoch: i64) -> bool {
        let first = self.first();
        let Some(route) = first else { return true };
        if !self.tell(route, epoch).await {
            return false;
        }
        *self.first.lock().unwrap_or_else(PoisonError::into_inner) = None;
        true
    }

    fn first(&self) -> Option<Route> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        // A doubt of a start before this one does not end by what was asked in haste.
        first.clone().filter(|route| match route {
            Route::Proved(_) => false,
            Route::Unproved(_) | Route::Elsewhere(_) | Route::Back(_) => true,
        })
    }

    /// Asks where orders go, when that is due; `automatic` is whether their waiting for a person is
    /// known.
    pub(super) async fn round(&self, epoch: i64, automatic: bool) {
        let due = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let due = asked.is_none_or(|at| at.elapsed() >= self.poll);
            if due {
                *asked = Some(Instant::now());
            }
            due
        };
        if due && let Some(route) = self.seen(automatic).await {
            self.tell(route, epoch).await;
        }
    }

    async fn seen(&self, automatic: bool) -> Option<Route> {
        let routing = self.broker.routing().await;
        match routing.inspect_err(|error| debug!(%error, "OpenAlgo does not say where orders go")) {
            Ok(Routing::Sandbox) => return Some(Route::Elsewhere(ANALYZER.to_owned())),
            Ok(Routing::Broker) => {}
            Err(_) => return None,
        }
        let book = self.desk.seen()?;
        let doubted = [UNPROVED, ELSEWHERE].map(|code| book.standing(code).is_some());
        if doubted == [false, false] {
            return None;
        }
        let broker = self.broker.ping().await.ok()?;
        if broker == SIMULATOR {
            let words = "OpenAlgo is the simulator; live needs a real one";
            return Some(Route::Elsewhere(words.to_owned()));
        }
        let funds = self.broker.funds().await;
        let cash = funds.is_ok_and(|funds| funds.available.is_some());
        if cash && automatic && self.lease.may_open().is_some() {
            return Some(Route::Proved(format!(
                "OpenAlgo was found ready: orders go to {broker}, its session is on and its books are read; trading goes on when a person resumes"
            )));
        }
        Some(Route::Back(format!(
            "orders go to {broker} again; whether its session is on and its books are read is not known yet"
        )))
    }

    async fn tell(&self, route: Route, epoch: i64) -> bool {
        let input = Input::Route(Box::new(SeenRoute {
            finding: FindingId(drift::name(&self.desk, self.desk.clock().now())),
            route,
        }));
        if !self.desk.would_matter(&input) {
            return true;
        }
        let told = self.desk.input(input, Some(epoch)).await;
        told.inspect_err(|error| warn!(%error, "where orders go was not written"))
            .is_ok()
    }
}
