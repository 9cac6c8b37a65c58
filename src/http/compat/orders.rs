//! The order book as OpenAlgo's users know it, read from our own: one row for each signal that led
//! to something, however many legs or messages that took.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::number::number;
use crate::domain::calendar::{exchange_day, ist};
use crate::domain::ids::{IntentId, SignalId};
use crate::domain::instrument::{Found, Instruments, OrderQuantity};
use crate::domain::order::{Direction, Side};
use crate::store::views::{Intent, Order};

/// How far back the order book goes.
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
    product: String,
    quantity: Decimal,
    filled: Decimal,
    /// The sum of price times quantity of what was filled.
    value: Decimal,
    /// OpenAlgo's word for its pricing, its price and its trigger, once it was sent.
    pricing: Option<(&'static str, Decimal, Decimal)>,
    why: String,
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

/// Returns the rows of what is written down, newest first.
pub(super) fn rows(
    (intents, orders): (&[Intent], &[Order]),
    instruments: &Instruments,
    now: DateTime<Utc>,
) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for intent in intents {
        let recent = now.signed_duration_since(intent.at) <= SHOWN || intent.ended_at.is_none();
        let of_it = orders.iter().filter(|order| order.intent == intent.id);
        let of_it: Vec<_> = of_it.collect();
        let Some(row) = row(intent, &of_it, instruments).filter(|_| recent) else {
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

/// Returns what one goal contributes to the order of its signal; a goal without a signal is no
/// sender's order.
fn row(intent: &Intent, orders: &[&Order], instruments: &Instruments) -> Option<Row> {
    let signal: SignalId = intent.signal.as_ref()?.parse().ok()?;
    let id: IntentId = intent.id.parse().ok()?;
    let direction: Direction = intent.direction.parse().ok()?;
    let Some(Found::Instrument { ix, contract }) = instruments.find(&intent.contract) else {
        return None;
    };
    let instrument = instruments.get(ix)?;
    let expiry = contract.and_then(|contract| contract.expiry);
    let spec = instrument.spec(expiry.unwrap_or_else(|| exchange_day(intent.at)))?;
    let per_lot = match instrument.order_quantity {
        OrderQuantity::Units => Decimal::from(spec.units_per_lot),
        OrderQuantity::Lots => Decimal::ONE,
    };
    let (status, why) = standing(intent);
    let lots = intent.lots.unwrap_or(intent.filled);
    let value = |order: &&Order| order.average.unwrap_or_default() * order.filled;
    Some(Row {
        number: number(signal),
        status,
        open: intent
            .ended_at
            .is_none()
            .then_some(id)
            .into_iter()
            .collect(),
        exits: !id.purpose.opens(),
        side: if id.purpose.opens() {
            direction.opening()
        } else {
            direction.closing()
        },
        symbol: intent.contract.clone(),
        exchange: instrument.exchange.word(),
        product: intent.product.clone(),
        quantity: Decimal::from(lots) * per_lot,
        filled: Decimal::from(intent.filled) * per_lot,
        value: orders.iter().map(value).sum(),
        pricing: orders.iter().find_map(|order| pricing(order)),
        why,
        at: intent.at,
    })
}

/// Returns how an order is priced, in OpenAlgo's words; nothing before it was sent.
fn pricing(order: &Order) -> Option<(&'static str, Decimal, Decimal)> {
    let price = order.price.unwrap_or_default();
    match (order.pricing.as_deref()?, order.trigger_price) {
        ("MARKET", _) => Some(("MARKET", Decimal::ZERO, Decimal::ZERO)),
        (_, Some(trigger)) => Some(("SL", price, trigger)),
        (_, None) => Some(("LIMIT", price, Decimal::ZERO)),
    }
}

/// Returns where a goal stands, and why it ended if not by being done.
fn standing(intent: &Intent) -> (Status, String) {
    let why = intent.ended_why.as_deref();
    match why {
        None => (Status::Open, String::new()),
        Some("done") => (Status::Complete, String::new()),
        Some(why @ ("refused" | "broker")) => (Status::Rejected, why.to_owned()),
        Some(why) => (Status::Cancelled, why.to_owned()),
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
        self.quantity += other.quantity;
        self.filled += other.filled;
        self.value += other.value;
        self.pricing = self.pricing.or(other.pricing);
    }

    fn average(&self) -> Decimal {
        let average = self.value.checked_div(self.filled);
        average.unwrap_or_default().round_dp(4).normalize()
    }

    /// Returns the row as OpenAlgo writes it.
    pub(super) fn json(&self) -> Value {
        let unsent = ("MARKET", Decimal::ZERO, Decimal::ZERO);
        let (word, price, trigger) = self.pricing.unwrap_or(unsent);
        json!({
            "action": self.side.word(),
            "average_price": plain(self.average()),
            "exchange": self.exchange,
            "filled_quantity": plain(self.filled),
            "order_status": self.status.word(),
            "orderid": self.number,
            "pending_quantity": plain((self.quantity - self.filled).max(Decimal::ZERO)),
            "price": plain(price),
            "pricetype": word,
            "product": self.product,
            "quantity": plain(self.quantity),
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
    serde_json::from_str(&number.normalize().to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instrument::Expiry;
    use crate::domain::instrument::tests::future;
    use crate::domain::order::Exchange;

    fn at() -> DateTime<Utc> {
        "2026-11-20T05:00:00Z".parse().unwrap()
    }

    fn intent(id: &str, ended_why: Option<&str>) -> Intent {
        Intent {
            id: id.to_owned(),
            at: at(),
            purpose: String::new(),
            signal: id.split('/').next().map(str::to_owned),
            instrument: "BANK_NIFTY".to_owned(),
            contract: "BANKNIFTY29DEC26FUT".to_owned(),
            direction: "long".to_owned(),
            product: "NRML".to_owned(),
            position: String::new(),
            leg: String::new(),
            lots: Some(2),
            filled: if ended_why == Some("done") { 2 } else { 0 },
            price: None,
            stop: None,
            target: None,
            reason: None,
            by_person: false,
            valid_until: None,
            orders: 1,
            failures: 0,
            ended_at: ended_why.map(|_| at()),
            ended_why: ended_why.map(str::to_owned),
            source: Some(1),
        }
    }

    fn order(intent: &str, average: i64) -> Order {
        Order {
            id: format!("{intent}/1"),
            intent: intent.to_owned(),
            instrument: String::new(),
            contract: String::new(),
            product: String::new(),
            side: String::new(),
            lots: 2,
            quantity: Decimal::from(60),
            pricing: Some("LIMIT".to_owned()),
            price: Some(Decimal::from(58_100)),
            trigger_price: None,
            state: String::new(),
            ended: None,
            broker_id: None,
            filled: Decimal::from(60),
            average: Some(Decimal::from(average)),
            charges: Decimal::ZERO,
            cancel: None,
            cancel_why: None,
            not_before: None,
            claimed_at: None,
            sent_at: None,
            closed_at: None,
        }
    }

    fn seen(intents: &[Intent], orders: &[Order], later: TimeDelta) -> Vec<Row> {
        let bank = future("BANK_NIFTY", "BANKNIFTY", Exchange::Nfo, Expiry::default());
        let list = Instruments::new(vec![bank], vec![]).unwrap();
        rows((intents, orders), &list, at() + later)
    }

    #[test]
    fn an_exit_of_two_legs_is_one_order() {
        let ids = ["aaaaaaaaaaaaaaaa/exit", "aaaaaaaaaaaaaaaa/exit1"];
        let intents = ids.map(|id| intent(id, Some("done")));
        let orders = [order(ids[0], 58_000), order(ids[1], 58_200)];
        let rows = seen(&intents, &orders, TimeDelta::zero());
        assert_eq!(rows.len(), 1);
        let shown = rows[0].json();
        assert_eq!(
            (&shown["action"], &shown["order_status"], &shown["orderid"]),
            (&json!("SELL"), &json!("complete"), &json!("10000000000000"))
        );
        assert_eq!(shown["quantity"].to_string(), "120");
        assert_eq!(shown["average_price"].to_string(), "58100");
        assert_eq!(shown["timestamp"], "2026-11-20 10:30:00");
    }

    #[test]
    fn what_is_not_over_keeps_the_whole_open_however_old() {
        let ids = ["aaaaaaaaaaaaaaaa/exit", "aaaaaaaaaaaaaaaa/exit1"];
        for ends in [[Some("done"), None], [None, Some("done")]] {
            let intents = [intent(ids[0], ends[0]), intent(ids[1], ends[1])];
            let rows = seen(&intents, &[], TimeDelta::zero());
            assert_eq!((rows[0].status, rows[0].open.len()), (Status::Open, 1));
        }
        let old = [
            intent(ids[0], None),
            intent("baaaaaaaaaaaaaaa/entry", Some("expired")),
        ];
        assert_eq!(seen(&old, &[], TimeDelta::days(2)).len(), 1);
    }

    #[test]
    fn an_order_that_ended_unfilled_says_why() {
        for (why, status) in [
            ("expired", "cancelled"),
            ("refused", "rejected"),
            ("too_near_stop", "cancelled"),
        ] {
            let rows = seen(
                &[intent("baaaaaaaaaaaaaaa/entry", Some(why))],
                &[],
                TimeDelta::zero(),
            );
            let shown = rows[0].json();
            assert_eq!(
                (&shown["order_status"], &shown["rejection_reason"]),
                (&json!(status), &json!(why))
            );
            assert_eq!(shown["pending_quantity"].to_string(), "60");
        }
    }
}
