//! What courier and monitor want next: pure, so that a simulated day wants the same.
//!
//! At most one order of a contract, product and side is without an answer at a time. Exits come
//! before entries, and before the resting orders that guard what is held; among exits those
//! of the position that loses most come first.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::book::{Book, CancelState, ModifyState, Order, OrderState};
use super::calendar::{Session, exchange_day};
use super::finding::ELSEWHERE;
use super::ids::{OrderId, PositionId, Purpose};
use super::input::TradingState;
use super::instrument::ContractId;
use super::money::Money;
use super::order::{Product, Side};
use super::rules::Rules;

/// Something to do outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// Cancel this order.
    Cancel(OrderId),
    /// Place this order.
    Place(OrderId),
    /// Find out what became of this order, which nobody answered for.
    Resolve(OrderId),
    /// Read how far this order is.
    Follow(OrderId),
    /// Replace the terms of this order.
    Modify(OrderId),
}

/// What orders without an answer block.
type Key = (ContractId, Product, Side);

/// Returns everything there is to do, the most urgent first.
pub fn due(book: &Book, rules: &Rules, now: DateTime<Utc>) -> Vec<Call> {
    // While orders would not reach the broker nothing leaves, and no book that is read is its.
    if book.standing(ELSEWHERE).is_some() {
        return Vec::new();
    }
    let mut calls = Vec::new();
    let mut open: Vec<&Order> = book.live_orders().collect();
    let unanswered = open.iter().filter(|order| order.state.is_unanswered());
    let mut taken: BTreeSet<Key> = unanswered.map(|order| key(order)).collect();
    // One alone has no order to be put in.
    let gains = if open.len() > 1 {
        gains(book, rules, now)
    } else {
        BTreeMap::new()
    };
    open.sort_by_cached_key(|order| {
        let class = match order.id.intent.purpose {
            Purpose::Exit => 0,
            Purpose::Protective => 1,
            Purpose::Entry | Purpose::Add | Purpose::Roll => 2,
        };
        let leaving = (class == 0).then_some(order.id.intent);
        let leg = leaving
            .and_then(|intent| book.intents.get(&intent))
            .and_then(|intent| book.legs.get(&intent.leg));
        let gained = leg.and_then(|leg| gains.get(&leg.position));
        (class, gained.copied().unwrap_or_default())
    });
    for order in open {
        match order.state {
            OrderState::Wanted => {
                if may_leave(book, rules, (order, now)) && taken.insert(key(order)) {
                    calls.push(Call::Place(order.id));
                }
            }
            OrderState::Sent => {
                if let CancelState::Wanted(_, not_before) = order.cancel
                    && not_before.is_none_or(|at| has_come(at, rules, now))
                {
                    calls.push(Call::Cancel(order.id));
                }
                if is_to_change(order, rules, now) {
                    calls.push(Call::Modify(order.id));
                }
                calls.push(Call::Follow(order.id));
            }
            OrderState::Sending { .. } | OrderState::Uncertain => {
                calls.push(Call::Resolve(order.id));
            }
            OrderState::Queued | OrderState::Closed(_) => {}
        }
    }
    calls.sort_by_key(|call| match call {
        Call::Cancel(_) => 0,
        Call::Place(order) if !order.intent.purpose.opens() => 1,
        Call::Resolve(_) => 2,
        Call::Place(_) => 3,
        Call::Modify(_) => 4,
        Call::Follow(_) => 5,
    });
    calls
}

/// Returns what each position has gained at the last prices seen, else at its stops: when many want
/// out at once, the one that loses most goes first, and of its legs the oldest.
fn gains(book: &Book, rules: &Rules, now: DateTime<Utc>) -> BTreeMap<PositionId, Money> {
    let today = exchange_day(now);
    let mut gains = BTreeMap::new();
    for leg in book.legs.values().filter(|leg| leg.is_open()) {
        let Some(spec) = rules.instruments.spec(leg.contract, today) else {
            continue;
        };
        let mark = book.marks.contracts.get(&leg.contract);
        let price = mark.map_or(leg.stop, |mark| mark.quote.price);
        let gained = leg.direction.gain(leg.entry, price);
        let all = gains.entry(leg.position).or_insert(Money::ZERO);
        *all += gained.value(leg.lots, spec.point_value);
    }
    gains
}

/// Returns whether a pause is over. One longer than pauses are was made by a clock that was ahead:
/// it keeps nothing from leaving.
pub fn has_come(at: DateTime<Utc>, rules: &Rules, now: DateTime<Utc>) -> bool {
    let longest = rules.timing.exit_pause_max.max(rules.timing.release_pause);
    at <= now || at - now > longest + longest
}

/// Returns whether a change of the order's terms is due; a cancel makes every change idle.
fn is_to_change(order: &Order, rules: &Rules, now: DateTime<Utc>) -> bool {
    match order.resting.modify {
        ModifyState::Wanted(_, not_before) => {
            order.cancel == CancelState::None
                && not_before.is_none_or(|at| has_come(at, rules, now))
        }
        ModifyState::None | ModifyState::Taken(..) => false,
    }
}

const fn key(order: &Order) -> Key {
    (order.contract, order.product, order.side)
}

/// Returns whether it makes sense to ask for this order's dispatch now.
fn may_leave(book: &Book, rules: &Rules, (order, now): (&Order, DateTime<Utc>)) -> bool {
    let Some(intent) = book
        .intents
        .get(&order.id.intent)
        .filter(|intent| intent.is_open())
    else {
        return false;
    };
    if order.not_before.is_some_and(|at| !has_come(at, rules, now)) {
        return false;
    }
    let over = (&rules.calendar, now);
    if rules.instruments.is_over(order.contract, over) {
        return false;
    }
    let open = rules
        .instruments
        .get(order.contract.instrument)
        .is_some_and(|instrument| {
            rules.calendar.session_at(instrument.exchange, now) == Session::Continuous
        });
    let frozen = book.state_of(order.contract.instrument) == TradingState::Frozen;
    let entry_works = intent.id.purpose == Purpose::Exit
        && book
            .open_intents()
            .filter(|one| one.leg == intent.leg && one.opens())
            .any(|one| book.live_order(one.id).is_some());
    let guarded = book.rests_in_the_way(intent);
    let entry_on = intent.opens().then(|| exchange_day(now));
    let counted = !book.units_wait(rules, order.contract, entry_on);
    let allowed = !frozen || intent.by_person || intent.opens();
    open && counted && allowed && !entry_works && !guarded
}
