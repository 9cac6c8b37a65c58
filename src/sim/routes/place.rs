//! Placing orders: one, a target, a basket, slices.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::{Value, json};

use crate::domain::order::{Exchange, Side};

use super::super::answer::{Answer, First, number};
use super::super::event::{Event, Placed, WirePriceType, WireTerms};
use super::super::faults::{Fault, FaultName};
use super::super::fills::Quote;
use super::super::house::House;
use super::super::schema::Form;

/// What every failure inside OpenAlgo says, whether the order exists or not.
const INTERNAL: &str = "Failed to place order due to internal error";

/// The broker's words for a contract it does not have.
const NO_INSTRUMENT: &str =
    "The instrument you are placing an order for has either expired or does not exist.";

/// How long OpenAlgo waits for a broker, and a little.
const HANG_MS: u64 = 125_000;

/// POST placeorder.
pub(super) fn one(house: &mut House, form: &Form) -> Answer {
    place(house, form, true)
}

/// POST placeorder, when a call that hung is performed at last.
pub(in super::super) fn hung(house: &mut House, form: &Form) -> Answer {
    place(house, form, false)
}

fn place(house: &mut House, form: &Form, may_hang: bool) -> Answer {
    if house.strikes(FaultName::SemiAuto).is_some() {
        return queued(house);
    }
    if let Some(answer) = refused_by_fault(house, may_hang) {
        return answer;
    }
    let silent = house.strikes(FaultName::NullOrderid);
    if silent.as_ref().is_some_and(|fault| !fault.accept) {
        return Answer::ok(json!({"orderid": null, "status": "success"}));
    }
    match take(house, form, None) {
        Err(refusal) => refusal,
        Ok(_) if silent.is_some() => Answer::ok(json!({"orderid": null, "status": "success"})),
        Ok(id) => acknowledged(house, &id),
    }
}

/// Returns the answer of a fault that lets no order through, or not yet.
pub(super) fn refused_by_fault(house: &mut House, may_hang: bool) -> Option<Answer> {
    let wait = |fault: &Fault| fault.ms.unwrap_or(HANG_MS);
    if house.strikes(FaultName::Error500Nothing).is_some() {
        return Some(Answer::error(500, INTERNAL));
    }
    if let Some(fault) = house.strikes(FaultName::HangNothing) {
        return Some(Answer::error(500, INTERNAL).after(First::Wait(wait(&fault))));
    }
    if may_hang && let Some(fault) = house.strikes(FaultName::HangThenAccept) {
        let first = First::WaitThenPerform(wait(&fault));
        return Some(Answer::error(500, INTERNAL).after(first));
    }
    let fault = house.strikes(FaultName::Reject)?;
    Some(Answer::error(400, &words(&fault)))
}

fn words(fault: &Fault) -> String {
    let usual = "Insufficient funds. Required margin is 8124.50 but available margin is 12.00.";
    fault.text.as_deref().unwrap_or(usual).to_owned()
}

/// Returns the answer to an order that was taken.
pub(super) fn acknowledged(house: &mut House, id: &str) -> Answer {
    let failed = Answer::error(500, INTERNAL);
    if house.strikes(FaultName::Error500AfterAccept).is_some() {
        return failed;
    }
    if house.strikes(FaultName::ResetAfterAccept).is_some() {
        return failed.after(First::Reset);
    }
    if let Some(fault) = house.strikes(FaultName::HangAfterAccept) {
        return failed.after(First::Wait(fault.ms.unwrap_or(HANG_MS)));
    }
    if house.strikes(FaultName::Created201Error).is_some() {
        return Answer::error(201, "Failed to place order");
    }
    let shown = if house.strikes(FaultName::PlaceholderOrderid).is_some() {
        Value::from("ORDER_PLACED")
    } else if house.strikes(FaultName::NumericOrderid).is_some() {
        number(id)
    } else {
        Value::from(id)
    };
    let answer = Answer::ok(json!({"orderid": shown, "status": "success"}));
    match house.strikes(FaultName::UpdateBeforeAck) {
        Some(fault) => answer.after(First::Wait(fault.ms.unwrap_or(200))),
        None => answer,
    }
}

/// Returns the answer to an order that waits for a person.
pub(super) fn queued(house: &mut House) -> Answer {
    house.queued += 1;
    Answer::ok(json!({
        "message": "Order queued for approval in Action Center",
        "mode": "semi_auto",
        "pending_order_id": house.queued,
        "status": "success",
    }))
}

/// Takes one order, of this size when one is given, and returns its number.
pub(super) fn take(
    house: &mut House,
    form: &Form,
    sized: Option<(Side, Decimal)>,
) -> Result<String, Answer> {
    let (mut placed, quote) = admit(house, form, sized)?;
    let at = house.now();
    placed.id = house.floor.next_id(at);
    let id = placed.id.clone();
    placed.held_at = house.strikes(FaultName::PartialFill).map(|fault| {
        let half = placed.quantity.div_euclid(2);
        fault.n.unwrap_or(half)
    });
    let events = match house.strikes(FaultName::RejectAfterAck) {
        Some(fault) => vec![
            Event::Placed(Box::new(placed)),
            Event::Rejected {
                id: id.clone(),
                reason: words(&fault),
            },
        ],
        None => house.floor.place(placed, quote.as_ref(), at),
    };
    match house.commit(events) {
        Ok(()) => Ok(id),
        Err(error) => {
            tracing::error!(%error, "the simulator's journal cannot be written");
            Err(Answer::error(500, INTERNAL))
        }
    }
}

/// Returns the order when the broker would take it.
fn admit(
    house: &House,
    form: &Form,
    sized: Option<(Side, Decimal)>,
) -> Result<(Placed, Option<Quote>), Answer> {
    let mut placed = read(form, sized).ok_or_else(|| Answer::error(400, NO_INSTRUMENT))?;
    let row = house
        .floor
        .master
        .get(placed.exchange, &placed.symbol)
        .filter(|row| !row.exchange.is_index())
        .ok_or_else(|| Answer::error(400, NO_INSTRUMENT))?;
    placed.multiplier = row.multiplier;
    let lot = u64::from(row.lot.max(1));
    if !placed.quantity.is_multiple_of(lot) {
        let text = format!("Quantity should be in multiples of lot size {lot}.");
        return Err(Answer::error(400, &text));
    }
    if row.freeze > 1 && placed.quantity > u64::from(row.freeze) {
        let text = format!(
            "Quantity should not exceed the freeze quantity of {}.",
            row.freeze
        );
        return Err(Answer::error(400, &text));
    }
    let off = |price: Decimal| !price.checked_rem(row.tick).unwrap_or_default().is_zero();
    if off(placed.terms.price) || off(placed.terms.trigger_price) {
        let text = format!(
            "Tick size for this script is {}. Kindly enter price in the multiple of tick size for \
             this script",
            row.tick
        );
        return Err(Answer::error(400, &text));
    }
    let quote = house.prices.quote(placed.exchange, &placed.symbol);
    let market = match placed.terms.pricetype {
        WirePriceType::Market => true,
        WirePriceType::Limit | WirePriceType::Stop | WirePriceType::StopMarket => false,
    };
    if market && quote.is_none() {
        return Err(Answer::error(
            400,
            &format!(
                "Cannot place MARKET order for {} - unable to fetch current price. Please try \
                 again later or use LIMIT order with a specific price.",
                placed.symbol
            ),
        ));
    }
    affordable(house, &placed, quote.as_ref())?;
    Ok((placed, quote))
}

fn affordable(house: &House, placed: &Placed, quote: Option<&Quote>) -> Result<(), Answer> {
    use crate::domain::money::Price;
    let price = Price::new(placed.terms.price)
        .or_else(|| Price::new(placed.terms.trigger_price))
        .or_else(|| quote.map(|quote| quote.taker(placed.side)));
    let Some(price) = price else { return Ok(()) };
    let needed = house.floor.margin_of(placed, price);
    let available = house.floor.available();
    if needed.get().is_zero() || needed <= available {
        return Ok(());
    }
    let text = format!(
        "Insufficient funds. Required margin is {:.2} but available margin is {:.2}.",
        needed.to_paisa().get(),
        available.to_paisa().get()
    );
    Err(Answer::error(400, &text))
}

fn read(form: &Form, sized: Option<(Side, Decimal)>) -> Option<Placed> {
    let exchange: Exchange = form.text("exchange").parse().ok()?;
    let asked: Side = form.text("action").to_ascii_uppercase().parse().ok()?;
    let (side, quantity) = sized.unwrap_or_else(|| (asked, form.number("quantity")));
    let (pricetype, price) = match form.word("pricetype", "MARKET") {
        "LIMIT" => (WirePriceType::Limit, form.number("price")),
        "SL" => (WirePriceType::Stop, form.number("price")),
        "SL-M" => (WirePriceType::StopMarket, Decimal::ZERO),
        _ => (WirePriceType::Market, Decimal::ZERO),
    };
    Some(Placed {
        id: String::new(),
        strategy: form.text("strategy").chars().take(100).collect(),
        exchange,
        symbol: form.text("symbol").to_owned(),
        product: form.word("product", "MIS").parse().ok()?,
        side,
        quantity: quantity.to_u64()?,
        terms: WireTerms {
            pricetype,
            price,
            trigger_price: form.number("trigger_price"),
        },
        multiplier: Decimal::ONE,
        held_at: None,
    })
}
