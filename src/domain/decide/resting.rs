//! The resting order: one stop-limit at the broker for each leg, for when nobody watches here.
//!
//! 1. One goal a leg, open as long as the leg; its orders follow each other, never side by side.
//! 2. It never asks for more than the leg holds less what an exit takes; what is too large is made
//!    smaller or cancelled at once, and the exit waits until the broker's book shows it.
//! 3. It rests only in continuous trading and never on the wrong side of the market: where the
//!    market is beyond its trigger the leg is taken out instead.

use chrono::TimeDelta;
use rust_decimal::Decimal;

use super::Decision;
use super::dispatch::Case;
use super::guarded::{Guarded, stopped};
use crate::domain::book::{CancelState, Intent, Leg, ModifyState, Order, OrderState};
use crate::domain::calendar::Session;
use crate::domain::fact::{Approval, CancelWhy, ExitReason, Fact, Goal, IntentEnd, OrderEnd};
use crate::domain::ids::{IntentId, OrderId, Purpose};
use crate::domain::input::{Dispatch, Quote, TradingState};
use crate::domain::money::{Lots, Price};
use crate::domain::order::Pricing;
use crate::domain::rules::ProtectiveStop;

/// How often the broker is asked to change one order; then a new one takes its place.
const CHANGES_MAX: u16 = 20;

/// How long an order whose trigger was touched may wait for its fill.
const FIRED_WAIT: TimeDelta = TimeDelta::seconds(2);

/// How long a change that the broker took may take to show in its book.
pub(super) const CHANGE_WAIT: TimeDelta = TimeDelta::seconds(5);

/// Two looks that differ by more than so many percent are not believed at once.
const SUSPICIOUS: Decimal = Decimal::from_parts(15, 0, 0, false, 1);

impl<'a> Decision<'a> {
    /// Keeps every leg's resting order what it should be.
    pub(super) fn guard(&mut self) {
        let book = self.view.book;
        let unused = self.view.rules.stops.protective_stop == ProtectiveStop::Off;
        let mut known = book.intents.keys().map(|id| id.purpose);
        if unused && known.all(|purpose| purpose != Purpose::Protective) {
            return; // nothing rests, and nothing is to
        }
        for leg in book.legs.values() {
            let id = IntentId::of(leg.id.0, Purpose::Protective);
            let (intent, order) = (book.intents.get(&id), book.live_order(id));
            if !leg.is_open() || self.is_over(leg.contract) {
                self.unguard(intent, order);
            } else if self.is_trading(leg)
                && let Some(guarded) = self.guarded(leg)
            {
                match order {
                    None => self.want_resting(&guarded, intent),
                    Some(order) => self.keep_resting(&guarded, order),
                }
            }
        }
    }

    fn guarded<'l>(&self, leg: &'l Leg) -> Option<Guarded<'l>>
    where
        'a: 'l,
    {
        let instruments = &self.view.rules.instruments;
        Some(Guarded {
            leg,
            instrument: instruments.get(leg.contract.instrument)?,
            spec: instruments.spec(leg.contract, self.view.today())?,
        })
    }

    /// Returns whether orders of the leg may leave or change now. What rests stays while all is
    /// frozen, unless a person takes the leg out.
    pub(super) fn is_trading(&self, leg: &Leg) -> bool {
        let (book, rules) = (self.view.book, self.view.rules);
        let by_person = || book.exit_of(leg.id).is_some_and(|exit| exit.by_person);
        let frozen = book.state_of(leg.contract.instrument) == TradingState::Frozen;
        let open = rules
            .instruments
            .get(leg.contract.instrument)
            .map(|one| rules.calendar.session_at(one.exchange, self.view.now));
        open == Some(Session::Continuous) && (!frozen || by_person())
    }

    /// Nothing is held any more that trades: what rests is taken back, and its goal ends with it.
    fn unguard(&mut self, intent: Option<&Intent>, order: Option<&Order>) {
        if let Some(order) = order {
            self.cancel_resting(order, CancelWhy::Exit);
        } else if let Some(intent) = intent.filter(|intent| intent.is_open()) {
            self.say(Fact::IntentClosed {
                intent: intent.id,
                filled: intent.filled,
                why: IntentEnd::Done,
            });
        }
    }

    /// Returns how many lots may rest beside the exit under way: never more than the leg holds, nor
    /// than the broker was seen to hold. `order` is the resting order, when there is one.
    fn may_rest(&self, guarded: &Guarded<'_>, order: Option<OrderId>) -> Lots {
        if self.view.rules.stops.protective_stop == ProtectiveStop::Off {
            return Lots::ZERO;
        }
        let (book, leg) = (self.view.book, guarded.leg);
        let leaving = book.exit_of(leg.id).map(|exit| exit.leaving(leg.lots));
        let rest = leg.lots.less(leaving.unwrap_or(Lots::ZERO));
        let net = book.held_for(leg, order, self.asked(guarded.per_lot()));
        // Where nobody knows what the broker holds by now and a finding says that it is not what we
        // hold, what rests does not grow.
        let known = order.and_then(|order| book.orders.get(&order));
        let rests = known.map(|order| order.lots).filter(|_| self.differs(leg));
        net.or(rests).map_or(rest, |most| rest.min(most))
    }

    /// Returns whether a finding stands about what is held of the leg's contract.
    fn differs(&self, leg: &Leg) -> bool {
        let key = (Some(leg.contract), Some(leg.product));
        let findings = self.view.book.findings.values();
        let mut open = findings.filter(|one| one.end.is_none());
        open.any(|one| (one.drift.contract, one.drift.product) == key)
    }

    fn want_resting(&mut self, guarded: &Guarded<'_>, intent: Option<&Intent>) {
        let leg = guarded.leg;
        let given_up = intent.is_some_and(|intent| !intent.is_open());
        let exits = self.view.book.exit_of(leg.id).is_some() || self.is_leaving(leg);
        let lots = self
            .may_rest(guarded, None)
            .min(guarded.spec.order_lots_max());
        if given_up || exits || lots.is_zero() {
            return;
        }
        let id = IntentId::of(leg.id.0, Purpose::Protective);
        if intent.is_none() {
            self.say(Fact::IntentApproved(Box::new(Approval {
                intent: id,
                signal: None,
                contract: leg.contract,
                direction: leg.direction,
                product: leg.product,
                position: leg.position,
                leg: leg.id,
                lots: None,
                valid_until: None,
                by_person: false,
                goal: Goal::Close(ExitReason::Broker),
            })));
        }
        let refused = intent.filter(|_| self.was_refused(id));
        let not_before = refused.map(|intent| self.view.now + self.pause(intent));
        let number = intent.map_or(0, |intent| intent.orders).saturating_add(1);
        self.say(Fact::OrderWanted {
            order: id.order(number),
            lots,
            not_before,
        });
    }

    /// Returns whether the broker said no to the newest order of a goal that left. What never left is
    /// no answer, and is forgotten at once by some books and later by others.
    fn was_refused(&self, id: IntentId) -> bool {
        let orders = &self.view.book.orders;
        let mut left = orders.range(id.order(0)..=id.order(u16::MAX)).rev();
        let newest = left.find(|(_, order)| order.claimed_at.is_some());
        newest.is_some_and(|(_, order)| {
            matches!(
                order.state,
                OrderState::Closed(OrderEnd::Refused | OrderEnd::Rejected)
            )
        })
    }

    /// Returns whether this very decision takes the leg out.
    pub(super) fn is_leaving(&self, leg: &Leg) -> bool {
        let approvals = self.facts.iter().filter_map(Fact::approval);
        approvals
            .filter(|approval| approval.intent.purpose == Purpose::Exit)
            .any(|approval| approval.leg == leg.id)
    }

    fn keep_resting(&mut self, guarded: &Guarded<'_>, order: &Order) {
        let leg = guarded.leg;
        let keep = self.may_rest(guarded, Some(order.id));
        self.make_room(guarded, order, keep);
        let exits = self.view.book.exit_of(leg.id).is_some();
        if order.state != OrderState::Sent || order.cancel != CancelState::None || exits {
            return;
        }
        let late = |at, wait| self.view.now - at >= wait;
        match (order.resting.fired_at, order.resting.modify) {
            (Some(at), _) if late(at, FIRED_WAIT) => {
                let reason = self.fired(leg);
                self.exit_now(leg, reason);
            }
            (None, ModifyState::Taken(_, at)) if late(at, CHANGE_WAIT) => {
                self.say(Fact::ModifyFailed {
                    order: order.id,
                    not_before: self.view.now,
                    text: "taken, and the book does not show it".to_owned(),
                    uncertain: true,
                });
            }
            (None, ModifyState::Wanted(..) | ModifyState::None) if keep >= order.lots => {
                self.follow_stop(guarded, order, keep.min(guarded.spec.order_lots_max()));
            }
            (Some(_), _)
            | (None, ModifyState::Wanted(..) | ModifyState::Taken(..) | ModifyState::None) => {}
        }
    }

    /// An exit needs so many lots of a leg: what rests for them goes first.
    pub(super) fn make_way(&mut self, leg: &Leg, leaving: Lots, by_person: bool) {
        let (Some(order), Some(guarded)) = (self.view.book.resting_of(leg.id), self.guarded(leg))
        else {
            return;
        };
        let frozen = self.view.book.state_of(leg.contract.instrument) == TradingState::Frozen;
        if !frozen || by_person {
            self.make_room(&guarded, order, leg.lots.less(leaving));
        }
    }

    /// Leaves at most so many lots at rest. A change in doubt could make an order larger again, so
    /// such an order is cancelled: that is final.
    fn make_room(&mut self, guarded: &Guarded<'_>, order: &Order, keep: Lots) {
        let resting = &order.resting;
        let plain = !resting.doubted && order.filled.is_zero() && resting.fired_at.is_none();
        if order.state == OrderState::Wanted {
            if keep < order.lots {
                self.cancel_resting(order, CancelWhy::Exit);
            }
            return;
        }
        let left = order.lots.less(order.filled.lots(guarded.per_lot()).0);
        if keep >= left || order.cancel != CancelState::None {
            return;
        }
        match (resting.modify, guarded.current(order)) {
            (ModifyState::Wanted(change, _) | ModifyState::Taken(change, _), _)
                if change.lots <= keep && plain => {}
            (ModifyState::None, Some(current))
                if plain && !keep.is_zero() && order.state == OrderState::Sent =>
            {
                let prices = (current.trigger, current.limit);
                let change = guarded.change(order, keep, prices);
                self.say(Fact::ModifyWanted(Box::new(change)));
            }
            (ModifyState::None | ModifyState::Wanted(..) | ModifyState::Taken(..), _) => {
                self.cancel_resting(order, CancelWhy::Exit);
            }
        }
    }

    /// Takes a resting order back, however far it is.
    fn cancel_resting(&mut self, order: &Order, why: CancelWhy) {
        let id = order.id;
        let said = self.facts.iter().any(|fact| {
            matches!(
                fact,
                Fact::CancelWanted { order, .. } | Fact::OrderClosed { order, .. } if *order == id
            )
        });
        if said || order.cancel != CancelState::None {
            return;
        }
        if order.state == OrderState::Wanted {
            self.say(Fact::OrderClosed {
                order: id,
                why: OrderEnd::Expired,
                text: None,
            });
        } else {
            self.say(Fact::CancelWanted { order: id, why });
        }
    }

    /// Moves the order when its stop has moved a quarter of R, or the leg has grown. The newest wish
    /// takes the place of one that has not left yet.
    fn follow_stop(&mut self, guarded: &Guarded<'_>, order: &Order, lots: Lots) {
        let Some(current) = guarded.current(order) else {
            return;
        };
        let wished = match order.resting.modify {
            ModifyState::Wanted(change, _) | ModifyState::Taken(change, _) => change,
            ModifyState::None => current,
        };
        let prices = guarded.prices(self.view);
        let moved = guarded.has_moved(wished.trigger, prices.0);
        if !moved && wished.lots == lots {
            return;
        }
        let price = self.market(guarded.leg, None);
        if moved && price.is_none_or(|price| guarded.is_beyond(price, prices.0)) {
            return; // on the wrong side of the market it would not rest: that is an exit's affair
        }
        if order.resting.modified >= CHANGES_MAX {
            return self.cancel_resting(order, CancelWhy::Reprice);
        }
        let prices = if moved {
            prices
        } else {
            (wished.trigger, wished.limit)
        };
        let change = guarded.change(order, lots, prices);
        self.say(Fact::ModifyWanted(Box::new(change)));
    }

    /// Says with which terms a wanted resting order leaves, or why it does not.
    pub(super) fn dispatch_resting(&mut self, case: &Case<'_>, dispatch: &Dispatch) {
        let book = self.view.book;
        let leg = book.legs.get(&case.intent.leg).filter(|leg| leg.is_open());
        let (Some(leg), Some(guarded)) = (leg, leg.and_then(|leg| self.guarded(leg))) else {
            return self.drop_exit(case);
        };
        let lots = self
            .may_rest(&guarded, Some(case.order.id))
            .min(case.spec.order_lots_max());
        if lots.is_zero() || book.exit_of(leg.id).is_some() {
            return self.cancel_resting(case.order, CancelWhy::Exit);
        }
        let net = book.held_for(leg, Some(case.order.id), self.asked(guarded.per_lot()));
        let frozen = book.state_of(leg.contract.instrument) == TradingState::Frozen;
        let Some(price) = self.market(leg, dispatch.quote).filter(|_| !frozen) else {
            return;
        };
        let (trigger, limit) = guarded.prices(self.view);
        if !guarded.is_beyond(price, trigger) {
            return self.claim(
                case,
                dispatch,
                (lots, Pricing::StopLimit { trigger, limit }, net),
            );
        }
        let seen = self.market(leg, None);
        if seen.is_none_or(|seen| guarded.is_beyond(seen, trigger) || !is_apart(seen, price)) {
            self.cancel_resting(case.order, CancelWhy::Exit);
            self.exit_now(leg, stopped(leg));
        }
    }

    /// Returns the market's last price: of this quote, else of the newest mark that is still good.
    fn market(&self, leg: &Leg, quote: Option<Quote>) -> Option<Price> {
        let mark = self.view.book.marks.contracts.get(&leg.contract);
        let young = |quote: &Quote| self.view.now - quote.at <= self.view.rules.timing.mark_age;
        let newest = quote.or(mark.map(|mark| mark.quote));
        newest.filter(young).map(|quote| quote.price)
    }
}

/// Returns whether two prices are further apart than a market moves between two looks.
fn is_apart(one: Price, other: Price) -> bool {
    one.distance(other).get() * Decimal::ONE_HUNDRED > other.get() * SUSPICIOUS
}
