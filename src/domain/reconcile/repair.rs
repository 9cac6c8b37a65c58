//! What would end a difference: lots that our book gives up, at the price they went for.
//!
//! A repair changes our book alone, and only ever makes it smaller. What the broker holds beyond
//! our book is taken in by a person who names a stop.

use rust_decimal::Decimal;

use super::compare::{Difference, UNITS, per_lot};
use crate::domain::book::{Book, Leg};
use crate::domain::broker_book::{BrokerBook, NetKey};
use crate::domain::fact::ExitReason;
use crate::domain::finding::{PriceBasis, Repair};
use crate::domain::ids::FindingId;
use crate::domain::money::{Money, Price, Quantity};
use crate::domain::order::{Direction, Product};
use crate::domain::rules::Rules;

/// Returns the change of our book that would make it agree, when there is one.
pub fn propose(
    (book, rules): (&Book, &Rules),
    seen: &BrokerBook,
    (finding, difference, product): (FindingId, &Difference, Product),
) -> Option<Repair> {
    let key = (difference.contract?, product);
    if difference.code == UNITS || difference.ours.is_zero() {
        return None;
    }
    let long = difference.ours > Decimal::ZERO;
    let sign = if long { Decimal::ONE } else { -Decimal::ONE };
    let held = difference.theirs.unwrap_or_default() * sign;
    let missing = difference.ours * sign - held.max(Decimal::ZERO);
    let missing = Quantity::new(u64::try_from(missing).ok()?);
    let (lots, rest) = missing.lots(per_lot(rules, (key.0, seen.at))?);
    if lots.is_zero() || !rest.is_zero() {
        return None;
    }
    let direction = if long {
        Direction::Long
    } else {
        Direction::Short
    };
    let (price, basis) = match traded(book, seen, (key, direction, missing)) {
        Some(price) => (price, PriceBasis::Traded),
        None => unproved(book, key)?,
    };
    let reason = match basis {
        PriceBasis::Traded => ExitReason::Broker,
        PriceBasis::Mark | PriceBasis::Stop | PriceBasis::Person => ExitReason::Drift,
    };
    Some(Repair {
        finding,
        lots,
        price,
        basis,
        reason,
    })
}

/// Returns the average price of the trades that are not ours, when they make up exactly what is
/// missing and nobody else traded the other way.
fn traded(
    book: &Book,
    seen: &BrokerBook,
    (key, direction, missing): (NetKey, Direction, Quantity),
) -> Option<Price> {
    let is_ours = |id| {
        let mut orders = book.orders.values();
        orders.any(|order| order.broker_id.as_ref() == Some(id))
    };
    let foreign = seen
        .trades
        .iter()
        .filter(|trade| (trade.contract, trade.product) == key && !is_ours(&trade.order));
    let (mut quantity, mut value) = (Quantity::ZERO, Money::ZERO);
    for trade in foreign {
        if trade.side != direction.closing() {
            return None;
        }
        quantity = quantity.plus(trade.quantity);
        value += trade.value;
    }
    if quantity != missing {
        return None;
    }
    let price = value.get().checked_div(quantity.decimal())?;
    Price::new(price.round_dp(8))
}

/// Returns a price for want of a better one: the last seen, else the stop of the oldest leg.
fn unproved(book: &Book, key: NetKey) -> Option<(Price, PriceBasis)> {
    if let Some(mark) = book.marks.contracts.get(&key.0) {
        return Some((mark.quote.price, PriceBasis::Mark));
    }
    legs(book, key)
        .first()
        .map(|leg| (leg.stop, PriceBasis::Stop))
}

/// Returns the open legs of a contract, the oldest first.
pub fn legs(book: &Book, key: NetKey) -> Vec<&Leg> {
    let mut legs: Vec<&Leg> = book
        .legs
        .values()
        .filter(|leg| leg.is_open() && (leg.contract, leg.product) == key)
        .collect();
    legs.sort_by_key(|leg| (leg.opened_at, !leg.base, leg.layer));
    legs
}
