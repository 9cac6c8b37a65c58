//! Orders that are more, or less, than one order: a target, a basket, slices.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::domain::order::{Product, Side};

use super::super::account::PositionKey;
use super::super::answer::{Answer, int};
use super::super::faults::FaultName;
use super::super::house::House;
use super::super::schema::Form;
use super::place::{acknowledged, queued, refused_by_fault, take};

/// Most slices of one split order.
const SLICES_MAX: u64 = 100;

/// POST placesmartorder: the order that makes the position so large.
pub(super) fn smart(house: &mut House, form: &Form) -> Answer {
    if house.strikes(FaultName::SemiAuto).is_some() {
        return queued(house);
    }
    if let Some(answer) = refused_by_fault(house, false) {
        return answer;
    }
    let held = held(house, form).unwrap_or_default();
    let target = form.number("position_size").trunc();
    let fresh = target.is_zero() && held.is_zero() && !form.number("quantity").is_zero();
    if !fresh && target == held {
        return Answer::ok(json!({
            "message": "Positions Already Matched. No Action needed.",
            "status": "success",
        }));
    }
    let sized = (!fresh).then(|| {
        let delta = target - held;
        let side = if delta.is_sign_positive() {
            Side::Buy
        } else {
            Side::Sell
        };
        (side, delta.abs())
    });
    match take(house, form, sized) {
        Ok(id) => acknowledged(house, &id),
        Err(refusal) => refusal,
    }
}

fn held(house: &House, form: &Form) -> Option<Decimal> {
    let product: Product = form.word("product", "MIS").parse().ok()?;
    Some(house.floor.account.net(&PositionKey {
        exchange: form.text("exchange").parse().ok()?,
        symbol: form.text("symbol").to_owned(),
        product,
    }))
}

/// POST basketorder: success whatever became of its orders; buys go first.
pub(super) fn basket(house: &mut House, form: &Form) -> Answer {
    if house.strikes(FaultName::SemiAuto).is_some() {
        return queued(house);
    }
    let orders: Vec<_> = form.items("orders").iter().map(Form::of).collect();
    let (buys, sells): (Vec<_>, Vec<_>) = orders
        .into_iter()
        .partition(|order| order.text("action").eq_ignore_ascii_case("BUY"));
    let results: Vec<_> = buys
        .iter()
        .chain(&sells)
        .map(|order| match take(house, order, None) {
            Ok(id) => json!({
                "exchange": order.text("exchange"),
                "orderid": id,
                "product": order.word("product", "MIS"),
                "status": "success",
                "symbol": order.text("symbol"),
            }),
            Err(refusal) => json!({
                "message": refusal.message(),
                "status": "error",
                "symbol": order.text("symbol"),
            }),
        })
        .collect();
    Answer::ok(json!({"results": results, "status": "success"}))
}

/// POST splitorder: success whatever became of its slices.
pub(super) fn split(house: &mut House, form: &Form) -> Answer {
    if house.strikes(FaultName::SemiAuto).is_some() {
        return queued(house);
    }
    let (total, slice) = (form.number("quantity"), form.number("splitsize").trunc());
    let slices = total
        .checked_div(slice)
        .map_or(Decimal::ZERO, |slices| slices.ceil());
    if slices > Decimal::from(SLICES_MAX) {
        let text = "Total number of orders would exceed maximum limit of 100";
        return Answer::error(400, text);
    }
    let side = form.text("action").to_ascii_uppercase().parse();
    let mut results = Vec::new();
    let mut rest = total;
    while let (Ok(side), true) = (side, rest > Decimal::ZERO) {
        let quantity = rest.min(slice);
        rest -= quantity;
        let mut result = match take(house, form, Some((side, quantity))) {
            Ok(id) => json!({"orderid": id, "status": "success"}),
            Err(refusal) => json!({"message": refusal.message(), "status": "error"}),
        };
        if let Some(result) = result.as_object_mut() {
            result.insert("order_num".to_owned(), Value::from(results.len() + 1));
            result.insert("quantity".to_owned(), int(quantity));
        }
        results.push(result);
    }
    Answer::ok(json!({
        "results": results,
        "split_size": int(slice),
        "status": "success",
        "total_quantity": int(total),
    }))
}
