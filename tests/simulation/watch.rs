//! What must hold after every step.

use std::collections::{BTreeMap, BTreeSet};

use torana::domain::book::{Book, Intent, Leg, Order, OrderState};
use torana::domain::fact::{Claim, Fact, Fill};
use torana::domain::ids::{IntentId, LegId, OrderId, Purpose, SignalId};
use torana::domain::input::TradingState;
use torana::domain::money::{Lots, Money, Points, Price, Quantity};
use torana::domain::order::BrokerOrderId;
use torana::domain::rules::Rules;

/// Remembers what may not change back.
#[derive(Default)]
pub(crate) struct Watch {
    /// Where the stop of each leg stands, by what was said of it and nothing else.
    stops: BTreeMap<LegId, Price>,
    /// What each alert has opened.
    opened_by: BTreeMap<SignalId, IntentId>,
    /// Orders whose bytes have left.
    sent: BTreeSet<OrderId>,
    ledger: Money,
    /// The most each order was ever changed to: a change that seemed to fail may have been made.
    changed: BTreeMap<OrderId, Quantity>,
    accepted: BTreeSet<SignalId>,
    /// Goals and orders that there ever were: the book forgets them, the database does not.
    goals: BTreeSet<IntentId>,
    wanted: BTreeSet<OrderId>,
    known: BTreeMap<BrokerOrderId, OrderId>,
    /// How many positions a day may open, and those that were opened today.
    opens_max: Option<u32>,
    opened: BTreeSet<IntentId>,
}

impl Watch {
    pub(crate) fn new(rules: &Rules) -> Self {
        Self {
            opens_max: rules.day.trades,
            ..Self::default()
        }
    }

    /// Looks at a fact against the book it is about to change.
    pub(crate) fn may_become_true(&mut self, book: &Book, fact: &Fact) {
        match fact {
            Fact::OrderWanted { order, .. } => {
                assert!(self.wanted.insert(*order), "{order} is wanted twice");
                assert!(
                    book.live_order(order.intent).is_none(),
                    "two live orders of {}",
                    order.intent
                );
            }
            Fact::DayStarted { .. } => self.opened.clear(),
            Fact::IntentApproved(one) => {
                let new = self.goals.insert(one.intent);
                assert!(new, "{} was used before", one.intent);
                if one.intent.purpose == Purpose::Entry {
                    self.may_open(book);
                }
                let by = one.signal.filter(|_| one.intent.purpose.opens());
                let known = by.and_then(|by| self.opened_by.insert(by, one.intent));
                assert!(
                    known.is_none(),
                    "an alert opens {known:?} and {}",
                    one.intent
                );
            }
            Fact::IntentClosed { intent, .. } => {
                let open = book.intents.get(intent).is_some_and(Intent::is_open);
                assert!(open, "{intent} ends twice");
            }
            Fact::OrderClaimed(claim) => may_leave(book, claim),
            Fact::SignalAccepted { signal, .. } => {
                assert!(self.accepted.insert(*signal), "{signal} is acted on twice");
            }
            Fact::OrderSent { order, broker_id } => {
                let known = self.known.insert(broker_id.clone(), *order);
                assert!(
                    known.is_none_or(|known| known == *order),
                    "{broker_id} is two orders"
                );
            }
            Fact::Filled(fill) => self.fills(&book.orders[&fill.order], fill),
            Fact::ModifyWanted(change) => {
                let most = self.changed.entry(change.order).or_insert(change.quantity);
                *most = change.quantity.max(*most);
            }
            Fact::LegOpened(one) => self.stop_is(one.leg, one.stop),
            Fact::LegCarried(one) => self.stop_is(one.leg, one.stop),
            Fact::StopMoved { leg, from, to, .. } | Fact::StopOrdered { leg, from, to, .. } => {
                self.tightens(&book.legs[leg], (*from, *to));
            }
            Fact::LegReduced(reduction) => {
                let leg = &book.legs[&reduction.leg];
                assert!(
                    reduction.lots <= leg.lots,
                    "{} gives up more than it holds",
                    leg.id
                );
            }
            Fact::LedgerMoved(movement) => {
                self.ledger += movement.amount;
                assert_eq!(movement.after, self.ledger, "the ledger adds up");
            }
            _ => {}
        }
    }

    /// An order fills once, and no more than what was ever asked of it.
    fn fills(&mut self, order: &Order, fill: &Fill) {
        if fill.order.intent.purpose == Purpose::Entry {
            self.opened.insert(fill.order.intent);
        }
        assert!(fill.quantity > order.filled, "{} filled again", order.id);
        let changed = self.changed.get(&order.id).copied();
        assert!(
            fill.quantity <= order.quantity || Some(fill.quantity) <= changed,
            "{} filled beyond what was asked",
            order.id
        );
    }

    /// One more position is within what the day allows: those that were opened, and those on the way.
    fn may_open(&self, book: &Book) {
        let coming = book.open_intents().map(|one| one.id);
        let coming = coming.filter(|id| id.purpose == Purpose::Entry && !self.opened.contains(id));
        let taken = self.opened.len() + coming.count();
        let fits = self
            .opens_max
            .is_none_or(|most| taken < usize::try_from(most).unwrap());
        assert!(fits, "{taken} positions were opened today and one more is");
    }

    fn stop_is(&mut self, leg: LegId, stop: Price) {
        self.stops.insert(leg, stop);
    }

    fn tightens(&mut self, leg: &Leg, (from, to): (Price, Price)) {
        let stood = self.stops.insert(leg.id, to).unwrap();
        assert!(
            from == stood && leg.direction.gain(stood, to) > Points::ZERO,
            "the stop of {} moves from {from} to {to} and stood at {stood}",
            leg.id
        );
    }

    /// Looks at the book after a step: every stop stands where it was said to stand last.
    pub(crate) fn holds(&self, book: &Book) {
        for leg in book.legs.values().filter(|leg| leg.is_open()) {
            let said = self.stops.get(&leg.id);
            assert_eq!(said, Some(&leg.stop), "the stop of {}", leg.id);
        }
    }

    /// Counts bytes that leave.
    pub(crate) fn leaves(&mut self, order: OrderId) {
        assert!(self.sent.insert(order), "{order} left twice");
    }

    /// What provably never left may leave again.
    pub(crate) fn never_left(&mut self, order: OrderId) {
        self.sent.remove(&order);
    }
}

/// Returns the lots of a leg that other orders may still take out, resting ones included.
fn leaving(book: &Book, leg: &Leg, but: OrderId) -> Lots {
    let closes = |order: &&Order| {
        order.id != but
            && book
                .intents
                .get(&order.id.intent)
                .is_some_and(|intent| intent.leg == leg.id && !intent.opens())
    };
    let lots = book
        .orders
        .values()
        .filter(closes)
        .map(|order| match order.state {
            OrderState::Sending { .. }
            | OrderState::Sent
            | OrderState::Queued
            | OrderState::Uncertain => {
                let left = order.quantity.less(order.filled).get();
                let each = order
                    .quantity
                    .get()
                    .checked_div(u64::from(order.lots.get()));
                let lots = each.map_or(0, |each| left.div_ceil(each));
                Lots::new(u32::try_from(lots).unwrap())
            }
            OrderState::Wanted | OrderState::Closed(_) => Lots::ZERO,
        });
    lots.fold(Lots::ZERO, Lots::plus)
}

/// What leaves was wanted, may leave in this state, and is no more than what it is for.
fn may_leave(book: &Book, claim: &Claim) {
    let order = &book.orders[&claim.order];
    let intent = &book.intents[&claim.order.intent];
    assert_eq!(
        order.state,
        OrderState::Wanted,
        "{} leaves twice",
        claim.order
    );
    let state = book.state_of(order.contract.instrument);
    assert!(
        !intent.opens() || state == TradingState::Active,
        "{} while {state:?}",
        claim.order
    );
    if !intent.opens() {
        let leg = &book.legs[&intent.leg];
        let others = leaving(book, leg, claim.order);
        assert!(
            claim.lots.plus(others) <= leg.lots,
            "{} and what else leaves is more than its leg",
            claim.order
        );
    }
}
