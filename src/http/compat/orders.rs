//! The order book as OpenAlgo's users know it, read from our own: one row for each signal that led
//! to something, however many legs or messages that took.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::number::number;
use crate::domain::book::{Book, Intent};
use crate::domain::calendar::ist;
use crate::domain::fact::{Goal, IntentEnd};
use crate::domain::ids::{IntentId, SignalId};
use crate::domain::instrument::{Instruments, OrderQuantity};
use crate::domain::money::{Lots, Money, Quantity};
use crate::domain::order::{Pricing, Side};

/// How far back the order book goes: what a book keeps of what is over.
const SHOWN: TimeDelta = TimeDelta::hours(24);

/// One order of the order book: all that one signal led to on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its number.
    pub(super) number: String,
    /// Where it stands.
    pub(super) status: Status,
    /// The goals behind it that are not over.
    pub(super) open: Vec<IntentId>,
    /// Whether it takes something out.
    pub(super) exits: bool,
    side: Side,
    symbol: String,
    exchange: &'static str,
    product: &'static str,
    quantity: Quantity,
    filled: Quantity,
    value: Money,
    pricing: Option<Pricing>,
    why: &'static str,
    at: DateTime<Utc>,
}

/// Where an order stands, in OpenAlgo's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// It may still fill.
    Open,
    /// All of it was filled.
    Complete,
    /// It ended before it was filled.
    Cancelled,
    /// The broker said no.
    Rejected,
}

impl Status {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
        }
    }
}

/// Returns the rows of a book, newest first.
pub(super) fn rows(book: &Book, instruments: &Instruments, now: DateTime<Utc>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for intent in book.intents.values() {
        let recent = now.signed_duration_since(intent.at) <= SHOWN || intent.end.is_none();
        let Some(signal) = intent.signal.filter(|_| recent) else {
            continue;
        };
        let Some(row) = row(book, instruments, (intent, signal)) else {
            continue;
        };
        match rows.iter_mut().find(|known| known.belongs_with(&row)) {
            Some(known) => known.join(row),
            None => rows.push(row),
        }
    }
    rows.sort_by(|one, other| (other.at, &other.number).cmp(&(one.at, &one.number)));
    rows
}

/// Returns what one goal contributes to the order of its signal.
fn row(
    book: &Book,
    instruments: &Instruments,
    (intent, signal): (&Intent, SignalId),
) -> Option<Row> {
    let instrument = instruments.get(intent.contract.instrument)?;
    let exits = match intent.goal {
        Goal::Open(_) => false,
        Goal::Close(_) => true,
    };
    let side = if exits {
        intent.direction.closing()
    } else {
        intent.direction.opening()
    };
    let held = || {
        book.legs
            .get(&intent.leg)
            .map_or(Lots::ZERO, |leg| leg.lots)
    };
    let lots = intent.lots.unwrap_or_else(|| intent.filled.plus(held()));
    let day = crate::domain::calendar::exchange_day(intent.at);
    let spec = instruments.spec(intent.contract, day)?;
    let in_unit = |lots: Lots| match instrument.order_quantity {
        OrderQuantity::Units => spec.units(lots),
        OrderQuantity::Lots => Quantity::new(u64::from(lots.get())),
    };
    let orders = || {
        book.orders
            .values()
            .filter(|order| order.id.intent == intent.id)
    };
    let (status, why) = standing(intent);
    Some(Row {
        number: number(signal),
        status,
        open: intent
            .end
            .is_none()
            .then_some(intent.id)
            .into_iter()
            .collect(),
        exits,
        side,
        symbol: instruments.symbol(intent.contract),
        exchange: instrument.exchange.word(),
        product: intent.product.word(),
        quantity: in_unit(lots),
        filled: in_unit(intent.filled),
        value: orders().map(|order| order.value).sum(),
        pricing: orders().filter_map(|order| order.pricing).next_back(),
        why,
        at: intent.at,
    })
}

/// Returns where a goal stands, and why it ended if not by being done.
const fn standing(intent: &Intent) -> (Status, &'static str) {
    match &intent.end {
        None => (Status::Open, ""),
        Some((IntentEnd::Done, _)) => (Status::Complete, ""),
        Some((IntentEnd::Expired, _)) => (Status::Cancelled, "expired"),
        Some((IntentEnd::NotPlaced, _)) => (Status::Cancelled, "not_placed"),
        Some((IntentEnd::Superseded, _)) => (Status::Cancelled, "superseded"),
        Some((IntentEnd::Operator, _)) => (Status::Cancelled, "operator"),
        Some((IntentEnd::SecondLook(code), _)) => (Status::Cancelled, code.0),
        Some((IntentEnd::Refused, _)) => (Status::Rejected, "refused"),
        Some((IntentEnd::Broker, _)) => (Status::Rejected, "broker"),
    }
}

impl Row {
    fn belongs_with(&self, other: &Self) -> bool {
        (&self.number, self.side, &self.symbol) == (&other.number, other.side, &other.symbol)
    }

    /// Takes another goal of the same order in; what is not over keeps the whole open.
    fn join(&mut self, other: Self) {
        if other.status != Status::Complete && self.status != Status::Open {
            self.status = other.status;
            self.why = other.why;
        }
        self.open.extend(other.open);
        self.exits = self.exits || other.exits;
        self.quantity = self.quantity.plus(other.quantity);
        self.filled = self.filled.plus(other.filled);
        self.value += other.value;
        self.pricing = self.pricing.or(other.pricing);
    }

    fn average(&self) -> Decimal {
        let average = self.value.get().checked_div(self.filled.decimal());
        average.unwrap_or_default().round_dp(4).normalize()
    }

    /// Returns the row as OpenAlgo writes it.
    pub(super) fn json(&self) -> Value {
        let (word, price, trigger) = match self.pricing {
            None | Some(Pricing::Market) => ("MARKET", Decimal::ZERO, Decimal::ZERO),
            Some(Pricing::Limit(price)) => ("LIMIT", price.get(), Decimal::ZERO),
            Some(Pricing::StopLimit { trigger, limit }) => ("SL", limit.get(), trigger.get()),
        };
        json!({
            "action": self.side.word(),
            "average_price": plain(self.average()),
            "exchange": self.exchange,
            "filled_quantity": self.filled.get(),
            "order_status": self.status.word(),
            "orderid": self.number,
            "pending_quantity": self.quantity.less(self.filled).get(),
            "price": plain(price),
            "pricetype": word,
            "product": self.product,
            "quantity": self.quantity.get(),
            "rejection_reason": self.why,
            "symbol": self.symbol,
            "timestamp": ist(self.at).format("%Y-%m-%d %H:%M:%S").to_string(),
            "trigger_price": plain(trigger),
        })
    }
}

/// Returns the whole order book as OpenAlgo writes it.
pub(super) fn book_json(rows: &[Row]) -> Value {
    let count = |fits: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| fits(row)).count();
    json!({
        "orders": rows.iter().map(Row::json).collect::<Vec<_>>(),
        "statistics": {
            "total_buy_orders": count(&|row| row.side == Side::Buy),
            "total_sell_orders": count(&|row| row.side == Side::Sell),
            "total_completed_orders": count(&|row| row.status == Status::Complete),
            "total_open_orders": count(&|row| row.status == Status::Open),
            "total_rejected_orders": count(&|row| row.status == Status::Rejected),
        },
    })
}

/// Returns a number as JSON writes it, digit for digit.
fn plain(number: Decimal) -> Value {
    serde_json::from_str(&number.to_string()).unwrap_or_default()
}
