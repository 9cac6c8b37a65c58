//! Takes wanted orders to the broker, once each.
//!
//! 1. Nothing leaves that is not claimed: the claim is committed under the lease before a byte is
//!    sent, and the lease is looked at once more, on a monotonic clock, just before.
//! 2. What may have arrived is never sent again. Its fate is looked up (`monitor::orders`).
//! 3. What is compared before a send is young when it leaves: whoever stood long in the line for the
//!    right to send looks again.
//! 4. An outcome is kept and offered to the desk until it is durable; if this process dies first,
//!    the order stays *sending* and the next holder of the lease treats it as uncertain.

mod baseline;
mod calls;

use core::time::Duration;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

pub use baseline::Baselines;
pub use calls::{Calls, Clue};

use crate::broker::Broker;
use crate::broker::openalgo::{Budget, Class, Right};
use crate::desk::{Desk, DeskError, Lease};
use crate::domain::book::{Book, ModifyState, Order};
use crate::domain::fact::{Claim, Fact};
use crate::domain::ids::{OrderId, Purpose};
use crate::domain::input::{CallKind, CallResult, Dispatch, Input, Outcome, Quote};
use crate::domain::order::{BrokerOrderId, Pricing, Ticket};
use crate::domain::work::{self, Call};

/// The longest that one look for work may wait for a quote.
const QUOTE_WAIT: Duration = Duration::from_secs(2);

/// The longest stay in the line for the right to send after which nobody looks again.
const LINE_SHORT: Duration = Duration::from_millis(250);

/// The longest second look: whoever looks holds a right to send that others wait for.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// The pause before an outcome that could not be written is offered again.
const OFFER_PAUSE: Duration = Duration::from_millis(200);

/// Told of the price an order was decided at, before its market is asked: the simulator that
/// follows alerts learns from it where its market is.
pub type PriceHint = Arc<dyn Fn(&Order, &Book) + Send + Sync>;

/// Brings orders to the broker.
pub struct Courier<B> {
    /// Decides.
    pub desk: Arc<Desk>,
    /// Takes the orders.
    pub broker: Arc<B>,
    /// How fast they may leave.
    pub budget: Arc<Budget>,
    /// The right to send them.
    pub lease: Arc<Lease>,
    /// The broker's ids seen before.
    pub baselines: Arc<Baselines>,
    /// Orders whose call has not ended, and what ended ones have shown.
    pub calls: Arc<Calls>,
    /// Orders served at the same time.
    pub lanes: usize,
    /// How young a known price must be for an exit to leave without asking for another.
    pub fresh: TimeDelta,
    /// Told of the price of an order before its market is asked.
    pub hint: Option<PriceHint>,
}

/// What an order leaves on: the price, and the broker's order ids before it.
type Ready = (Option<Quote>, Vec<BrokerOrderId>);

impl<B: Broker> Courier<B> {
    /// Places and cancels everything that is due; returns how many calls were made. New work that
    /// comes up meanwhile is taken up as lanes become free, so that a broker who hangs on one order
    /// holds up no other.
    pub async fn step(&self) -> usize {
        self.step_until(&tokio_util::sync::CancellationToken::new())
            .await
    }

    /// The same, but takes nothing new up once it is told to stop; calls under way are finished.
    async fn step_until(&self, stop: &tokio_util::sync::CancellationToken) -> usize {
        let mut going = FuturesUnordered::new();
        let mut changes = self.desk.changes();
        let mut made = 0;
        // Exits have lanes of their own: entries that hang hold none of them up.
        let (mut exits, mut others) = (0_usize, 0_usize);
        loop {
            changes.mark_unchanged();
            let wanted = if stop.is_cancelled() {
                Vec::new()
            } else {
                self.wanted()
            };
            for call in wanted {
                let (Call::Place(order) | Call::Cancel(order) | Call::Modify(order)) = call else {
                    continue;
                };
                let exit = takes_out(call);
                let busy = if exit { &mut exits } else { &mut others };
                if *busy < self.lanes && self.calls.begin(order) {
                    *busy += 1;
                    made += 1;
                    going.push(async move {
                        self.perform(call).await;
                        self.calls.end(order);
                        exit
                    });
                }
            }
            tokio::select! {
                ended = going.next() => match ended {
                    Some(true) => exits -= 1,
                    Some(false) => others -= 1,
                    None => return made,
                },
                _ = changes.changed() => {}
                () = stop.cancelled(), if !stop.is_cancelled() => {}
            }
        }
    }

    fn wanted(&self) -> Vec<Call> {
        let (Some(book), Some(_)) = (self.desk.seen(), self.lease.epoch()) else {
            return Vec::new();
        };
        // Entries wait until what happened before is known; exits wait for nothing.
        let recovered = self.lease.may_open().is_some();
        let due = work::due(&book, self.desk.rules(), self.desk.clock().now());
        due.into_iter()
            .filter(|call| {
                recovered || !matches!(call, Call::Place(id) if id.intent.purpose.opens())
            })
            .collect()
    }

    async fn perform(&self, call: Call) {
        match call {
            Call::Place(order) => self.place(order).await,
            Call::Cancel(order) => self.cancel(order).await,
            Call::Modify(order) => self.modify(order).await,
            Call::Resolve(_) | Call::Follow(_) => {}
        }
    }

    async fn place(&self, id: OrderId) {
        let Some(book) = self.desk.seen() else { return };
        let (Some(order), Some(epoch)) = (book.orders.get(&id), self.lease.epoch()) else {
            return;
        };
        let Some(probe) = self.ticket(order, None) else {
            return;
        };
        if let Some(hint) = &self.hint {
            hint(order, &book);
        }
        // The right to send comes before the claim: nothing waits between the claim and its bytes.
        let Some((right, (quote, baseline))) = self.in_turn(order, &probe).await else {
            return sleep(OFFER_PAUSE).await;
        };
        let dispatch = Dispatch {
            order: id,
            quote,
            epoch,
            baseline,
        };
        let facts = match self
            .desk
            .input(Input::Dispatch(Box::new(dispatch)), Some(epoch))
            .await
        {
            Ok(facts) => facts,
            Err(error) => {
                warn!(order.id = %id, %error, "order {id} was not claimed");
                return sleep(OFFER_PAUSE).await;
            }
        };
        let claim = facts.iter().find_map(Fact::claim);
        if let Some(claim) = claim {
            return self.send(order, claim, right).await;
        }
        drop(right);
        if facts.is_empty() {
            sleep(OFFER_PAUSE).await;
        }
    }

    /// Waits until an order may leave, with what it leaves on; nothing when that cannot be read.
    async fn in_turn(&self, order: &Order, probe: &Ticket) -> Option<(Right<'_>, Ready)> {
        let (quote, baseline) = self.look(order, probe).await?;
        let exit = takes_out(Call::Place(order.id));
        let class = if exit { Class::Exit } else { Class::Entry };
        let joined = Instant::now();
        let right = self.budget.take(class).await;
        let ready = if joined.elapsed() <= LINE_SHORT && self.baselines.are_young() {
            Some((quote, self.baselines.known(&probe.key())))
        } else {
            match timeout(LOOK_AGAIN, self.look(order, probe)).await {
                Ok(ready) => ready,
                // An exit does not wait for a broker that does not answer.
                Err(_) => (!order.id.intent.purpose.opens()).then_some((quote, baseline)),
            }
        };
        Some((right, ready?))
    }

    /// Reads what an order leaves on, what must be youngest last.
    async fn look(&self, order: &Order, probe: &Ticket) -> Option<Ready> {
        let quote = match self.known(order) {
            Some(quote) => Some(quote),
            None => self.quote(probe).await,
        };
        let id = order.id;
        match self.baselines.of(&*self.broker, &probe.key()).await {
            Ok(baseline) => Some((quote, baseline)),
            // An exit does not wait for a book that cannot be read: what is known must do.
            Err(_) if !id.intent.purpose.opens() => {
                Some((quote, self.baselines.known(&probe.key())))
            }
            Err(error) => {
                warn!(order.id = %id, %error, "order {id} waits: the broker's order book cannot be read");
                None
            }
        }
    }

    /// Sends a claimed order, once.
    async fn send(&self, order: &Order, claim: &Claim, right: Right<'_>) {
        let Some(ticket) = self.ticket(order, Some(claim)) else {
            return;
        };
        self.calls.leaves(order.id);
        self.desk.crash().pass("row7");
        if self.lease.epoch() != Some(claim.epoch) {
            // Whoever holds it next finds it *sending* and looks it up; nothing left from here.
            self.calls.left(order.id, Clue::of_nothing());
            warn!(order.id = %order.id, "the lease ended before order {} left", order.id);
            return;
        }
        right.leaves();
        let asked = Instant::now();
        let answer = self.broker.submit(&ticket).await;
        self.calls.left(order.id, Clue::of(&answer));
        let result = CallResult::from(answer);
        metrics::histogram!("torana_order_call_seconds").record(asked.elapsed());
        self.desk.crash().pass("row8");
        self.baselines.seen(&ticket.key(), &result);
        count(CallKind::Place, &result);
        let fence = Some(claim.epoch);
        self.offer(
            fence,
            Outcome {
                order: order.id,
                call: CallKind::Place,
                result,
            },
        )
        .await;
        self.desk.crash().pass("row9");
    }

    async fn cancel(&self, id: OrderId) {
        let Some(book) = self.desk.seen() else { return };
        let Some(order) = book.orders.get(&id) else {
            return;
        };
        let Some(broker_id) = order.broker_id.clone() else {
            return;
        };
        // A resting order stands in the way of an exit.
        let class = match id.intent.purpose {
            Purpose::Protective => Class::Exit,
            Purpose::Entry | Purpose::Add | Purpose::Exit | Purpose::Roll => Class::Cancel,
        };
        let right = self.budget.take(class).await;
        let fence = self.lease.epoch();
        if fence.is_none() {
            return;
        }
        right.leaves();
        let result = CallResult::from(self.broker.cancel(&broker_id).await);
        count(CallKind::Cancel, &result);
        self.offer(
            fence,
            Outcome {
                order: id,
                call: CallKind::Cancel,
                result,
            },
        )
        .await;
    }

    /// Replaces the terms of a resting order, all of them. Sending the same change twice changes
    /// nothing, so one that nobody answered for is simply sent again.
    async fn modify(&self, id: OrderId) {
        let Some(book) = self.desk.seen() else { return };
        let Some(order) = book.orders.get(&id) else {
            return;
        };
        let ModifyState::Wanted(change, _) = order.resting.modify else {
            return;
        };
        let (Some(broker_id), Some(outline)) = (&order.broker_id, self.ticket(order, None)) else {
            return;
        };
        let class = if change.lots < order.lots {
            Class::Exit
        } else {
            Class::StopMove
        };
        let right = self.budget.take(class).await;
        let fence = self.lease.epoch();
        if fence.is_none() {
            return;
        }
        let ticket = Ticket {
            quantity: change.quantity,
            pricing: Pricing::StopLimit {
                trigger: change.trigger,
                limit: change.limit,
            },
            ..outline
        };
        right.leaves();
        let result = CallResult::from(self.broker.modify(broker_id, &ticket).await);
        count(CallKind::Modify, &result);
        let call = CallKind::Modify;
        self.offer(
            fence,
            Outcome {
                order: id,
                call,
                result,
            },
        )
        .await;
    }

    /// Offers an outcome until it is durable or the lease is another's.
    async fn offer(&self, fence: Option<i64>, outcome: Outcome) {
        loop {
            match self
                .desk
                .input(Input::Outcome(outcome.clone()), fence)
                .await
            {
                Ok(_) => return,
                Err(DeskError::Fenced | DeskError::Defect(_)) => {
                    warn!(order.id = %outcome.order, "the outcome of order {} was not written; it is looked up", outcome.order);
                    return;
                }
                Err(DeskError::Unavailable(_) | DeskError::Busy) => sleep(OFFER_PAUSE).await,
            }
        }
    }

    /// Returns the price that an exit may leave at without a question: one that is known already,
    /// and young. An entry always asks.
    fn known(&self, order: &Order) -> Option<Quote> {
        if order.id.intent.purpose.opens() {
            return None;
        }
        let oldest = self.desk.clock().now() - self.fresh;
        let mark = self.desk.marks().of(order.contract)?;
        Some(mark.quote).filter(|quote| quote.at >= oldest)
    }

    async fn quote(&self, ticket: &Ticket) -> Option<Quote> {
        // A price is as old as the question, however long the answer took.
        let at = self.desk.clock().now();
        let asked = self.broker.quote(ticket.exchange, &ticket.symbol);
        let quote = timeout(QUOTE_WAIT, asked).await.ok()?.ok()?;
        Some(quote.read_at(at))
    }

    /// Returns the order in the broker's terms: as claimed, or its outline before.
    fn ticket(&self, order: &Order, claim: Option<&Claim>) -> Option<Ticket> {
        let instruments = &self.desk.rules().instruments;
        let instrument = instruments.get(order.contract.instrument)?;
        Some(Ticket {
            symbol: instruments.symbol(order.contract),
            exchange: instrument.exchange,
            product: order.product,
            side: order.side,
            quantity: claim.map_or(order.quantity, |claim| claim.quantity),
            pricing: claim.map_or(Pricing::Market, |claim| claim.pricing),
        })
    }

    /// Works until the lease or the process ends: a step whenever something changed.
    pub async fn run(&self, pause: Duration, stop: tokio_util::sync::CancellationToken) {
        let mut changes = self.desk.changes();
        loop {
            changes.mark_unchanged();
            let made = self.step_until(&stop).await;
            if made > 0 {
                info!(calls = made, "the courier made {made} calls");
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

/// Returns whether a call takes a position out: what rests for later does not, nor does it use up
/// what is kept for exits.
fn takes_out(call: Call) -> bool {
    matches!(call, Call::Place(id) if id.intent.purpose == Purpose::Exit)
}

fn count(call: CallKind, result: &CallResult) {
    let call = match call {
        CallKind::Place => "place",
        CallKind::Cancel => "cancel",
        CallKind::Modify => "modify",
    };
    let result = match result {
        CallResult::Sent(_) => "sent",
        CallResult::NotSent(_) => "not_sent",
        CallResult::Refused(_) => "refused",
        CallResult::Queued(_) => "queued",
        CallResult::Uncertain(_) => "uncertain",
    };
    metrics::counter!("torana_orders_total", "call" => call, "outcome" => result).increment(1);
}
