//! How long each leg of a signal's life takes, and how orders end: counted once a commit is durable.
//!
//! Every label is one of a few words.

use chrono::{DateTime, TimeDelta, Utc};

use super::Submitted;
use crate::domain::book::Book;
use crate::domain::fact::{Fact, OrderEnd};
use crate::domain::ids::OrderId;

/// Counts what became true.
pub(super) fn facts<'a>(
    all: impl Iterator<Item = &'a Fact>,
    inputs: &[Submitted],
    (book, now): (&Book, DateTime<Utc>),
) {
    for arrival in inputs.iter().filter_map(|one| one.arrival.as_ref()) {
        leg("received_decided", now - arrival.received_at);
    }
    let since = |order: &OrderId| book.orders.get(order);
    for fact in all {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "counts a few kinds; what is not listed is not counted"
        )]
        match fact {
            Fact::OrderClaimed(claim) => {
                if let Some(intent) = book.intents.get(&claim.order.intent) {
                    leg("decided_claimed", now - intent.at);
                }
            }
            Fact::OrderSent { order, .. } => {
                answered(since(order).and_then(|one| one.claimed_at), now);
            }
            Fact::OrderQueued { order, .. } => {
                ended("queued");
                answered(since(order).and_then(|one| one.claimed_at), now);
            }
            Fact::OrderUncertain { order, .. } => {
                ended("uncertain");
                answered(since(order).and_then(|one| one.claimed_at), now);
            }
            Fact::OrderRefused { order, .. } => {
                ended(OrderEnd::Refused.word());
                answered(since(order).and_then(|one| one.claimed_at), now);
            }
            Fact::OrderNotPlaced { .. } => ended(OrderEnd::NotPlaced.word()),
            Fact::OrderClosed { order, why, .. } => {
                ended(why.word());
                let sent = since(order).and_then(|one| one.sent_at);
                if let (OrderEnd::Filled, Some(sent)) = (why, sent) {
                    leg("sent_filled", now - sent);
                }
            }
            Fact::FindingMade { code, .. } => {
                metrics::counter!("torana_findings_total", "code" => code.0).increment(1);
            }
            _ => {}
        }
    }
}

fn answered(claimed: Option<DateTime<Utc>>, now: DateTime<Utc>) {
    if let Some(claimed) = claimed {
        leg("claimed_answered", now - claimed);
    }
}

fn leg(leg: &'static str, took: TimeDelta) {
    let took = took.to_std().unwrap_or_default();
    metrics::histogram!("torana_signal_seconds", "leg" => leg).record(took);
}

fn ended(outcome: &'static str) {
    metrics::counter!("torana_orders_ended_total", "outcome" => outcome).increment(1);
}
