//! Looking at orders, changing them, taking them back.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::{Value, json};

use crate::domain::calendar::exchange_day;
use crate::domain::money::Price;
use crate::domain::order::Side;

use super::super::answer::{Answer, float, float2, number, object};
use super::super::event::{Event, Placed, WirePriceType, WireTerms};
use super::super::faults::FaultName;
use super::super::floor::ist;
use super::super::house::House;
use super::super::order::{Order, Status, Trade};
use super::super::schema::Form;

/// What a broker that does not answer makes of every read.
pub(in super::super) const DISCONNECTED: &str = "Server disconnected without sending a response.";

/// POST orderbook: eleven keys a row, and nothing about fills.
pub(super) fn book(house: &mut House, _form: &Form) -> Answer {
    if house.strikes(FaultName::Orderbook500).is_some() {
        return Answer::error(500, DISCONNECTED);
    }
    let orders = if house.strikes(FaultName::EmptyBooks).is_some() {
        Vec::new()
    } else {
        visible(house)
    };
    let numeric = house.faults.is_on(FaultName::NumericOrderid);
    let count = |wanted: &dyn Fn(&Order) -> bool| -> usize {
        orders.iter().filter(|order| wanted(order)).count()
    };
    let statistics = json!({
        "total_buy_orders": count(&|order| order.placed.side == Side::Buy),
        "total_sell_orders": count(&|order| order.placed.side == Side::Sell),
        "total_completed_orders": count(&|order| order.status == Status::Complete),
        "total_open_orders": count(&|order| order.status == Status::Open),
        "total_rejected_orders": count(&|order| order.status == Status::Rejected),
    });
    let rows: Vec<_> = orders.iter().map(|order| row(order, numeric)).collect();
    Answer::ok(json!({
        "data": {"orders": rows, "statistics": statistics},
        "status": "success",
    }))
}

/// Returns the orders that the book shows by now.
fn visible(house: &mut House) -> Vec<Order> {
    let now = house.now();
    let delayed = house.strikes(FaultName::DelayedOrderbook);
    house
        .floor
        .today(now)
        .into_iter()
        .filter(|order| {
            delayed
                .as_ref()
                .is_none_or(|fault| has_passed(fault.ms, order.at, now))
        })
        .cloned()
        .collect()
}

fn has_passed(ms: Option<u64>, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    ms.and_then(|ms| i64::try_from(ms).ok())
        .and_then(TimeDelta::try_milliseconds)
        .is_some_and(|delay| now - since >= delay)
}

fn shown_id(id: &str, numeric: bool) -> Value {
    if numeric { number(id) } else { Value::from(id) }
}

fn row(order: &Order, numeric: bool) -> Value {
    object([
        ("action", order.placed.side.word().into()),
        ("exchange", order.placed.exchange.word().into()),
        ("order_status", order.status.word().into()),
        ("orderid", shown_id(&order.placed.id, numeric)),
        ("price", float2(order.terms.price)),
        ("pricetype", order.terms.kind.word().into()),
        ("product", order.placed.product.word().into()),
        ("quantity", order.quantity.into()),
        ("symbol", order.placed.symbol.as_str().into()),
        ("timestamp", day_and_time(order.at).into()),
        ("trigger_price", float2(order.terms.trigger)),
    ])
}

fn day_and_time(at: DateTime<Utc>) -> String {
    ist(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// POST tradebook: a row a fill, and only the time of day.
pub(super) fn trades(house: &mut House, _form: &Form) -> Answer {
    if house.strikes(FaultName::Tradebook500).is_some() {
        return Answer::error(500, DISCONNECTED);
    }
    if house.strikes(FaultName::EmptyBooks).is_some() {
        return Answer::ok(json!({"data": [], "status": "success"}));
    }
    let now = house.now();
    let numeric = house.faults.is_on(FaultName::NumericOrderid);
    let delayed = house.strikes(FaultName::DelayedTradebook);
    let newest = house.floor.trades.iter().rev();
    let mut rows: Vec<_> = newest
        .take_while(|trade| exchange_day(trade.at) >= exchange_day(now))
        .filter(|trade| {
            delayed
                .as_ref()
                .is_none_or(|fault| has_passed(fault.ms, trade.at, now))
        })
        .filter_map(|trade| Some(trade_row(house.floor.order(&trade.order)?, trade, numeric)))
        .collect();
    rows.reverse();
    Answer::ok(json!({"data": rows, "status": "success"}))
}

fn trade_row(order: &Order, trade: &Trade, numeric: bool) -> Value {
    let value = trade.price.get() * Decimal::from(trade.quantity);
    object([
        ("action", order.placed.side.word().into()),
        ("average_price", float2(trade.price.get())),
        ("exchange", order.placed.exchange.word().into()),
        ("orderid", shown_id(&trade.order, numeric)),
        ("product", order.placed.product.word().into()),
        ("quantity", trade.quantity.into()),
        ("symbol", order.placed.symbol.as_str().into()),
        (
            "timestamp",
            ist(trade.at).format("%H:%M:%S").to_string().into(),
        ),
        ("trade_value", float2(value)),
    ])
}

/// POST orderstatus: an average price only once complete, and then that of the first fill.
pub(super) fn status(house: &mut House, form: &Form) -> Answer {
    if house.strikes(FaultName::Orderbook500).is_some() {
        return Answer::error(500, DISCONNECTED);
    }
    let id = form.text("orderid");
    let hidden = house.strikes(FaultName::EmptyBooks).is_some();
    let orders = if hidden { Vec::new() } else { visible(house) };
    let Some(order) = orders.iter().find(|order| order.placed.id == id) else {
        return Answer::error(404, &format!("Order {id} not found"));
    };
    let first = house
        .floor
        .trades
        .iter()
        .find(|trade| trade.order == id && order.status == Status::Complete);
    let average = first.map_or(Decimal::ZERO, |trade| trade.price.get());
    let mut data = row(order, house.faults.is_on(FaultName::NumericOrderid));
    if let Some(data) = data.as_object_mut() {
        data.insert("average_price".to_owned(), float(average));
    }
    Answer::ok(json!({"data": data, "status": "success"}))
}

/// POST modifyorder: the terms are replaced as a whole.
pub(super) fn modify(house: &mut House, form: &Form) -> Answer {
    if house.strikes(FaultName::SemiAuto).is_some() {
        return forbidden("Modify order", "modify orders");
    }
    let id = form.text("orderid");
    let Some(order) = house.floor.order(id).cloned() else {
        return Answer::error(404, "Couldn't find that `order_id`.");
    };
    if !order.status.works() {
        let text = "Order cannot be modified/cancelled as it is being processed. Try later.";
        return Answer::error(400, text);
    }
    let terms = WireTerms {
        price: if order.terms.kind.limited() {
            form.number("price")
        } else {
            Decimal::ZERO
        },
        trigger_price: form.number("trigger_price"),
        ..order.terms.into()
    };
    let quantity = form.number("quantity").to_u64().unwrap_or(u64::MAX);
    let modified = Event::Modified {
        id: id.to_owned(),
        quantity: quantity.max(order.filled),
        terms,
    };
    let done = house
        .commit(vec![modified])
        .and_then(|()| house.look((order.placed.exchange, &order.placed.symbol)));
    match done {
        Ok(()) => {
            let numeric = house.faults.is_on(FaultName::NumericOrderid);
            Answer::ok(json!({"orderid": shown_id(id, numeric), "status": "success"}))
        }
        Err(_) => Answer::error(500, "Failed to modify order due to internal error"),
    }
}

fn forbidden(what: &str, to: &str) -> Answer {
    Answer::error(
        403,
        &format!(
            "{what} operation is not allowed in Semi-Auto mode. Please switch to Auto mode to {to}."
        ),
    )
}

/// POST cancelorder: an order that cannot be cancelled is a 500, as is a broker that is away.
pub(super) fn cancel(house: &mut House, form: &Form) -> Answer {
    if house.strikes(FaultName::SemiAuto).is_some() {
        return forbidden("Cancel order", "cancel orders");
    }
    if house.strikes(FaultName::CancelFails500).is_some() {
        return Answer::error(500, &format!("Failed to cancel order: {DISCONNECTED}"));
    }
    let id = form.text("orderid");
    let order = match house.floor.order(id) {
        None => return Answer::error(500, &broker_said(id, "404 Not Found")),
        Some(order) if !order.status.works() => {
            return Answer::error(500, &broker_said(id, "400 Bad Request"));
        }
        Some(order) => order.clone(),
    };
    let events = cancellation(house, &order);
    match house.commit(events) {
        Ok(()) => {
            let numeric = house.faults.is_on(FaultName::NumericOrderid);
            Answer::ok(json!({"orderid": shown_id(id, numeric), "status": "success"}))
        }
        Err(_) => Answer::error(500, "Failed to cancel order due to internal error"),
    }
}

fn broker_said(id: &str, what: &str) -> String {
    let code = what.get(..3).unwrap_or_default();
    format!(
        "Failed to cancel order: Client error '{what}' for url \
         'http://torana-sim.invalid/orders/regular/{id}'\nFor more information check: \
         https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/{code}"
    )
}

fn cancellation(house: &mut House, order: &Order) -> Vec<Event> {
    let id = order.placed.id.clone();
    if house.strikes(FaultName::FillAfterCancel).is_some() {
        let late = order.pending();
        return vec![Event::Cancelled { id, late }];
    }
    let mut events = Vec::new();
    if let Some(fault) = house.strikes(FaultName::CancelWithFill) {
        let units = fault.n.unwrap_or_else(|| order.pending().div_euclid(2));
        let quote = house
            .prices
            .quote(order.placed.exchange, &order.placed.symbol);
        let far_side = quote.map(|quote| quote.taker(order.placed.side));
        // a stop that sleeps trades where the market is, not at its own far limit
        let price = match order.status {
            Status::TriggerPending => far_side,
            Status::Open | Status::Complete | Status::Cancelled | Status::Rejected => {
                Price::new(order.terms.price).or(far_side)
            }
        };
        if let Some(price) = price.filter(|_| units > 0) {
            let units = units.min(order.pending());
            events.push(house.floor.fill(order, units, price));
        }
    }
    events.push(Event::Cancelled { id, late: 0 });
    events
}

/// POST cancelallorder: every working order of the account, whoever placed it.
pub(super) fn cancel_all(house: &mut House, _form: &Form) -> Answer {
    if house.strikes(FaultName::SemiAuto).is_some() {
        return forbidden("Cancel all orders", "cancel orders");
    }
    let ids: Vec<_> = house
        .floor
        .live()
        .filter(|order| order.status.works())
        .map(|order| order.placed.id.clone())
        .collect();
    let events = ids
        .iter()
        .map(|id| Event::Cancelled {
            id: id.clone(),
            late: 0,
        })
        .collect();
    if house.commit(events).is_err() {
        return Answer::error(500, "Failed to cancel all orders due to internal error");
    }
    let numeric = house.faults.is_on(FaultName::NumericOrderid);
    let shown: Vec<_> = ids.iter().map(|id| shown_id(id, numeric)).collect();
    Answer::ok(json!({
        "canceled_orders": shown,
        "failed_cancellations": [],
        "message": format!("Canceled {} orders. Failed to cancel 0 orders.", ids.len()),
        "status": "success",
    }))
}

/// POST closeposition: everything, at market, and success whatever became of it.
pub(super) fn close(house: &mut House, _form: &Form) -> Answer {
    if house.strikes(FaultName::SemiAuto).is_some() {
        return forbidden("Close position", "close positions");
    }
    let open: Vec<_> = house
        .floor
        .account
        .positions
        .iter()
        .filter(|(_, position)| !position.net.is_zero())
        .map(|(key, position)| (key.clone(), position.net, position.multiplier))
        .collect();
    for (key, net, multiplier) in open {
        let at = house.now();
        let placed = Placed {
            id: house.floor.next_id(at),
            strategy: String::new(),
            exchange: key.exchange,
            product: key.product,
            side: if net.is_sign_positive() {
                Side::Sell
            } else {
                Side::Buy
            },
            quantity: net.abs().to_u64().unwrap_or(0),
            terms: WireTerms {
                pricetype: WirePriceType::Market,
                price: Decimal::ZERO,
                trigger_price: Decimal::ZERO,
            },
            multiplier,
            held_at: None,
            symbol: key.symbol,
        };
        let quote = house.prices.quote(placed.exchange, &placed.symbol);
        let events = house.floor.place(placed, quote.as_ref(), at);
        if house.commit(events).is_err() {
            return Answer::error(500, "Failed to close positions due to internal error");
        }
    }
    Answer::ok(json!({"message": "All Open Positions Squared Off", "status": "success"}))
}
