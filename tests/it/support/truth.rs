//! Our book against the broker's.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use torana::clock::{Clock as _, SystemClock};
use torana::domain::book::{Book, CancelState, Order, OrderState};
use torana::domain::ids::{IntentId, Purpose};
use torana::domain::rules::Rules;
use torana::sim::SimState;

/// Whether nothing is under way: every goal is over, and so is every order, but for what rests at
/// the broker to guard a leg.
pub(crate) fn is_settled(book: &Book) -> bool {
    book.open_intents()
        .all(|intent| book.live_order(intent.id).is_some_and(rests))
        && book
            .orders
            .values()
            .all(|order| order.state.is_closed() || rests(order))
}

fn rests(order: &Order) -> bool {
    order.id.intent.purpose == Purpose::Protective
        && order.state == OrderState::Sent
        && order.cancel == CancelState::None
}

/// Fails when an order is on its way or nobody knows where it is.
pub(crate) fn refuse_doubt(book: &Book) {
    let doubt: Vec<&Order> = book
        .orders
        .values()
        .filter(|order| order.state.is_unanswered())
        .collect();
    assert!(doubt.is_empty(), "left in doubt: {doubt:#?}");
}

/// Where every order and goal stands, for people.
pub(crate) fn summary(book: &Book) -> Vec<String> {
    let intents = book.intents.values().map(|intent| {
        format!(
            "intent {} {:?} of {:?}: {:?}",
            intent.id, intent.filled, intent.lots, intent.end
        )
    });
    let orders = book.orders.values().map(|order| {
        format!(
            "order {} {:?} {:?} {:?} cancel {:?} not before {:?}",
            order.id, order.state, order.filled, order.broker_id, order.cancel, order.not_before
        )
    });
    let state = core::iter::once(format!(
        "desk {:?} realised {:?}",
        book.desk.state, book.desk.realised
    ));
    state.chain(intents).chain(orders).collect()
}

/// Returns where the two differ. They agree when every order of the broker's is one of ours, no
/// entry was sent as two, and fills, charges, holdings and money are the same.
pub(crate) fn difference(book: &Book, sim: &SimState, rules: &Rules) -> Option<String> {
    let what = orders_differ(book, sim).or_else(|| {
        let (ours, theirs) = (held_by_us(book, rules), held_by_them(sim));
        (ours != theirs).then(|| format!("we hold {ours:?}, they {theirs:?}"))
    });
    let what = what.or_else(|| {
        let (ours, theirs) = (book.desk.realised, sim.account.cash());
        (ours != theirs).then(|| format!("our cash is {ours:?}, theirs {theirs:?}"))
    });
    what.map(|what| {
        format!(
            "{what}\nours: {:#?}\ntheirs: {:#?}",
            summary(book),
            sim.orders
        )
    })
}

fn orders_differ(book: &Book, sim: &SimState) -> Option<String> {
    let ours: BTreeMap<&str, &Order> = book
        .orders
        .values()
        .filter_map(|order| Some((order.broker_id.as_ref()?.as_str(), order)))
        .collect();
    let mut entries: BTreeMap<IntentId, &str> = BTreeMap::new();
    for theirs in &sim.orders {
        let id = theirs.placed.id.as_str();
        let Some(order) = ours.get(id) else {
            return Some(format!("nobody knows the order {id}"));
        };
        if (order.filled.get(), order.charges) != (theirs.filled, theirs.charges) {
            return Some(format!("the fills of {id} differ"));
        }
        let intent = order.id.intent;
        if intent.purpose.opens()
            && let Some(other) = entries.insert(intent, id)
        {
            return Some(format!("{intent} was sent as {other} and as {id}"));
        }
    }
    None
}

/// Signed units by symbol.
fn held_by_us(book: &Book, rules: &Rules) -> BTreeMap<String, Decimal> {
    let mut held: BTreeMap<String, Decimal> = BTreeMap::new();
    for leg in book.legs.values().filter(|leg| leg.is_open()) {
        let instruments = &rules.instruments;
        let instrument = instruments.get(leg.contract.instrument).unwrap();
        let today = torana::domain::calendar::exchange_day(SystemClock.now());
        let spec = instruments.spec(leg.contract, today).unwrap();
        let units = Decimal::from(leg.lots.units(instrument.per_lot(spec)).get());
        let signed = match leg.direction {
            torana::domain::order::Direction::Long => units,
            torana::domain::order::Direction::Short => -units,
        };
        *held.entry(instruments.symbol(leg.contract)).or_default() += signed;
    }
    held
}

fn held_by_them(sim: &SimState) -> BTreeMap<String, Decimal> {
    sim.account
        .positions
        .iter()
        .filter(|(_, position)| !position.net.is_zero())
        .map(|(key, position)| (key.symbol.clone(), position.net))
        .collect()
}
