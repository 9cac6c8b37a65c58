//! The second look: may this order leave now, for how many lots, at what price?

use chrono::TimeDelta;
use rust_decimal::Decimal;

use super::Decision;
use crate::domain::book::{Asked, Intent, Leg, Order, OrderState};
use crate::domain::calendar::{Session, passed};
use crate::domain::fact::{Claim, Code, Fact, Goal, IntentEnd, OpenGoal, OrderEnd};
use crate::domain::finding::{ELSEWHERE, UNPROVED};
use crate::domain::gates::{Entry, EntryKind};
use crate::domain::ids::Purpose;
use crate::domain::input::{Dispatch, Quote, TradingState};
use crate::domain::instrument::{Instrument, Spec};
use crate::domain::market::{self, Tick};
use crate::domain::money::{Lots, Percent, Points, Price, Ratio};
use crate::domain::order::{Direction, Pricing, Side};
use crate::domain::work;

/// How old a quote may be that an exit is priced at with the plain protection.
const FRESH: TimeDelta = TimeDelta::milliseconds(500);

/// What an order is about.
pub(super) struct Case<'a> {
    pub(super) intent: &'a Intent,
    pub(super) order: &'a Order,
    pub(super) instrument: &'a Instrument,
    pub(super) spec: &'a Spec,
}

impl Decision<'_> {
    pub(super) fn dispatch(&mut self, dispatch: &Dispatch) {
        let view = self.view;
        let book = view.book;
        let (Some(order), Some(intent)) = (
            book.orders.get(&dispatch.order),
            book.intents.get(&dispatch.order.intent),
        ) else {
            return;
        };
        let waits = order
            .not_before
            .is_some_and(|at| !work::has_come(at, view.rules, view.now));
        let over = self.is_over(intent.contract) || book.standing(ELSEWHERE).is_some();
        if order.state != OrderState::Wanted || !intent.is_open() || waits || over {
            return;
        }
        let instruments = &view.rules.instruments;
        let (Some(instrument), Some(spec)) = (
            instruments.get(intent.contract.instrument),
            instruments.spec(intent.contract, view.today()),
        ) else {
            return;
        };
        let entry_on = intent.opens().then(|| view.today());
        let counted = !book.units_wait(view.rules, intent.contract, entry_on);
        let session = view
            .rules
            .calendar
            .session_at(instrument.exchange, view.now);
        let case = Case {
            intent,
            order,
            instrument,
            spec,
        };
        match &intent.goal {
            Goal::Open(goal) => {
                if intent.valid_until.is_some_and(|until| until <= view.now) {
                    self.drop_entry(&case, IntentEnd::Expired);
                } else if counted
                    && session == Session::Continuous
                    && let Some(quote) = dispatch.quote
                {
                    self.dispatch_entry(&case, goal, (dispatch, quote));
                }
            }
            Goal::Close(_) if !counted || session != Session::Continuous => {}
            Goal::Close(_) if intent.id.purpose == Purpose::Protective => {
                self.dispatch_resting(&case, dispatch);
            }
            Goal::Close(_) => self.dispatch_exit(&case, dispatch),
        }
    }

    fn dispatch_entry(&mut self, case: &Case<'_>, goal: &OpenGoal, call: (&Dispatch, Quote)) {
        let (dispatch, quote) = call;
        let state = self.view.book.state_of(case.intent.contract.instrument);
        if state != TradingState::Active {
            return self.drop_entry(case, IntentEnd::SecondLook(Code(state.word())));
        }
        if let Some(code) = self.source_no(goal) {
            return self.drop_entry(case, IntentEnd::SecondLook(code));
        }
        if case.intent.id.purpose == Purpose::Roll {
            return self.dispatch_roll(case, (dispatch, quote));
        }
        if let Some(code) = self.second_look(case, goal, quote) {
            return self.drop_entry(case, IntentEnd::SecondLook(code));
        }
        let waiting = case.intent.waiting();
        let allowed = match self.again(case, quote) {
            Ok(lots) => waiting.min(lots),
            Err(code) => return self.drop_entry(case, IntentEnd::SecondLook(code)),
        };
        if allowed < waiting {
            let lots = case.intent.filled.plus(allowed);
            let code = Code("second_look");
            self.say(Fact::IntentLowered {
                intent: case.intent.id,
                lots,
                code,
            });
        }
        let limit = self.entry_limit(case, goal, quote);
        let lots = allowed.min(case.spec.order_lots_max());
        self.claim(case, dispatch, (lots, Pricing::Limit(limit), None));
    }

    /// Returns what its source, or OpenAlgo's mode, has against an entry since it was approved.
    fn source_no(&self, goal: &OpenGoal) -> Option<Code> {
        let book = self.view.book;
        if book.state_of_source(goal.source) != TradingState::Active {
            return Some(Code("source_paused"));
        }
        if book.standing(UNPROVED).is_some() {
            return Some(UNPROVED);
        }
        if book.desk.semi_auto {
            return Some(Code("semi_automatic"));
        }
        let (_, known) = self.view.under(goal.profile.as_deref());
        (!known).then_some(Code("profile_unknown"))
    }

    /// What a roll opens was sized by what it closed: only its price is new.
    fn dispatch_roll(&mut self, case: &Case<'_>, (dispatch, quote): (&Dispatch, Quote)) {
        let tick = case.spec.ticks.at(quote.price);
        let protection = case.instrument.protection;
        let limit = market::protected(quote.price, case.order.side, protection, tick);
        let lots = case.intent.waiting().min(case.spec.order_lots_max());
        self.claim(case, dispatch, (lots, Pricing::Limit(limit), None));
    }

    /// Returns why the market has moved too far since the decision, if it has.
    fn second_look(&self, case: &Case<'_>, goal: &OpenGoal, quote: Quote) -> Option<Code> {
        let direction = case.intent.direction;
        let sized = direction.gain(goal.stop, goal.price).get();
        let left = direction.gain(goal.stop, quote.price).get();
        if left <= Decimal::ZERO {
            return Some(Code("through_stop"));
        }
        if left + left < sized {
            return Some(Code("too_near_stop"));
        }
        let (growth, divergence) = self.growth_and_divergence(case, goal);
        if left > sized * grown(growth).get() {
            return Some(Code("risk_growth"));
        }
        let apart = quote.price.distance(goal.price).get() * Decimal::ONE_HUNDRED;
        (apart > divergence.get() * goal.price.get()).then_some(Code("divergence"))
    }

    fn growth_and_divergence(&self, case: &Case<'_>, goal: &OpenGoal) -> (Percent, Percent) {
        let (view, _) = self.view.under(goal.profile.as_deref());
        let timing = &view.rules.timing;
        match case.intent.id.purpose {
            Purpose::Add => (timing.growth_add, timing.divergence_add),
            Purpose::Entry | Purpose::Exit | Purpose::Protective | Purpose::Roll => {
                (timing.growth_base, timing.divergence_base)
            }
        }
    }

    /// Returns the lots that sizing allows at the quote, or why it allows none. A later slice of
    /// an intent was sized with its first.
    fn again(&self, case: &Case<'_>, quote: Quote) -> Result<Lots, Code> {
        if !case.intent.filled.is_zero() {
            return Ok(case.intent.waiting());
        }
        let entry = Entry::again(self.view, case.intent.id, quote).ok_or(Code("price_unknown"))?;
        if entry.kind == EntryKind::Add && entry.base_leg.is_none() {
            return Err(Code("base_leg_closed"));
        }
        match entry.size {
            Some(size) if !size.lots().is_zero() => Ok(size.lots()),
            Some(size) => Err(Code(size.limiter().word())),
            None => Err(Code("price_unknown")),
        }
    }

    /// Returns the worst price an entry may take: near the market, and never so far from the stop
    /// that its fill would risk more than was approved.
    fn entry_limit(&self, case: &Case<'_>, goal: &OpenGoal, quote: Quote) -> Price {
        let side = case.order.side;
        let tick = case.spec.ticks.at(quote.price);
        let near = market::protected(quote.price, side, case.instrument.protection, tick);
        let (growth, _) = self.growth_and_divergence(case, goal);
        let reach = goal.price.distance(goal.stop).times(grown(growth));
        let far = match case.intent.direction {
            Direction::Long => goal.stop.moved(reach),
            Direction::Short => goal.stop.moved(-reach),
        };
        let Some(far) = far.map(|price| market::limit_rounded(price, side, tick)) else {
            return near;
        };
        match side {
            Side::Buy => near.min(far),
            Side::Sell => near.max(far),
        }
    }

    fn dispatch_exit(&mut self, case: &Case<'_>, dispatch: &Dispatch) {
        let book = self.view.book;
        let state = book.state_of(case.intent.contract.instrument);
        if state == TradingState::Frozen && !case.intent.by_person {
            return;
        }
        let entry_works = book
            .open_intents()
            .filter(|one| one.leg == case.intent.leg && one.opens())
            .any(|one| book.live_order(one.id).is_some());
        if entry_works || book.rests_in_the_way(case.intent) {
            return;
        }
        let Some(leg) = book.legs.get(&case.intent.leg).filter(|leg| leg.is_open()) else {
            return self.drop_exit(case);
        };
        let wanted = case
            .intent
            .lots
            .map_or(leg.lots, |lots| lots.less(case.intent.filled));
        let lots = wanted.min(leg.lots).min(case.spec.order_lots_max());
        if lots.is_zero() {
            return self.drop_exit(case);
        }
        let net = book.held_for(
            leg,
            Some(case.order.id),
            self.asked(case.instrument.per_lot(case.spec)),
        );
        let lots = net.map_or(lots, |net| lots.min(net));
        if lots.is_zero() {
            return self.wait_for_broker(case);
        }
        let pricing = self.exit_price(case, leg, dispatch.quote);
        self.claim(case, dispatch, (lots, pricing, net));
    }

    pub(super) fn asked(&self, per_lot: u32) -> Asked {
        Asked {
            now: self.view.now,
            age_max: self.view.rules.reconcile.net_age,
            per_lot,
        }
    }

    /// The broker holds nothing more of it than leaves already: an order now would open the other
    /// side. Ever later looks see whether that has changed; a person settles the difference.
    fn wait_for_broker(&mut self, case: &Case<'_>) {
        self.say(Fact::OrderReleased {
            order: case.order.id,
            not_before: self.view.now + self.pause(case.intent),
            text: "the broker holds none of it that is not leaving already".to_owned(),
        });
    }

    /// Returns the price an exit takes: the freshest quote with protection, else the newest mark
    /// with twice the distance, else the stop with four times. Each order that rested in vain makes
    /// the next reach further, to the edge of what the exchange lets trade; a slice does not. Where
    /// nobody stands on the other side the market is locked: the order waits at its last price.
    fn exit_price(&self, case: &Case<'_>, leg: &Leg, quote: Option<Quote>) -> Pricing {
        let mark = self.view.book.marks.contracts.get(&leg.contract);
        let fresh = quote.filter(|quote| passed(quote.at, self.view.now) <= FRESH);
        let newest = quote.into_iter().chain(mark.map(|mark| mark.quote));
        let (from, last, reach) = match (fresh, newest.max_by_key(|quote| quote.at)) {
            (Some(quote), _) if is_locked(quote, case.order.side) => {
                return Pricing::Limit(quote.price);
            }
            (Some(quote), _) => (best(case, quote), quote.price, 1),
            (None, Some(quote)) => (quote.price, quote.price, 2),
            (None, None) => (leg.stop, leg.stop, 4),
        };
        let further = Decimal::from(reach << self.view.book.rested(case.order.id).min(2));
        let percent = Percent::new(case.instrument.protection.get() * further);
        let (side, tick) = (case.order.side, case.spec.ticks.at(from));
        let wanted = reaching(from, side, percent, tick);
        let edge = market::protected(last, side, self.view.rules.stops.range, tick);
        Pricing::Limit(match side {
            Side::Buy => wanted.min(edge),
            Side::Sell => wanted.max(edge),
        })
    }

    /// Returns whether an exit rests where a new price would only cost it its place: nobody stands
    /// on the other side, and it asks no more than the last price.
    pub(super) fn waits_in_a_lock(&self, order: &Order) -> bool {
        let view = self.view;
        let (Some(Pricing::Limit(limit)), Some(mark), Some(instrument)) = (
            order.pricing,
            view.book.marks.contracts.get(&order.contract),
            view.rules.instruments.get(order.contract.instrument),
        ) else {
            return false;
        };
        let quote = mark.quote;
        let fresh = view.now - quote.at <= instrument.quote_age.front;
        let far_enough = match order.side {
            Side::Buy => limit >= quote.price,
            Side::Sell => limit <= quote.price,
        };
        fresh && far_enough && is_locked(quote, order.side)
    }

    pub(super) fn claim(
        &mut self,
        case: &Case<'_>,
        dispatch: &Dispatch,
        terms: (Lots, Pricing, Option<Lots>),
    ) {
        let (lots, pricing, net) = terms;
        self.say(Fact::OrderClaimed(Box::new(Claim {
            order: case.order.id,
            side: case.order.side,
            lots,
            quantity: lots.units(case.instrument.per_lot(case.spec)),
            pricing,
            epoch: dispatch.epoch,
            baseline: dispatch.baseline.clone(),
            net,
        })));
    }

    fn drop_entry(&mut self, case: &Case<'_>, why: IntentEnd) {
        let (order, intent, filled) = (case.order.id, case.intent.id, case.intent.filled);
        self.say(Fact::OrderClosed {
            order,
            why: OrderEnd::Expired,
            text: None,
        });
        self.end_entry(intent, filled, why);
    }

    pub(super) fn drop_exit(&mut self, case: &Case<'_>) {
        let (order, intent, filled) = (case.order.id, case.intent.id, case.intent.filled);
        self.say(Fact::OrderClosed {
            order,
            why: OrderEnd::Expired,
            text: None,
        });
        self.say(Fact::IntentClosed {
            intent,
            filled,
            why: IntentEnd::Done,
        });
    }
}

/// Returns whether nobody stands on the side that an order of this side needs, and somebody on its
/// own.
const fn is_locked(quote: Quote, side: Side) -> bool {
    match side {
        Side::Buy => quote.ask.is_none() && quote.bid.is_some(),
        Side::Sell => quote.bid.is_none() && quote.ask.is_some(),
    }
}

/// Returns the best price of the other side where it is quoted, and no further from the last
/// than the protection.
fn best(case: &Case<'_>, quote: Quote) -> Price {
    let tick = case.spec.ticks.at(quote.price);
    let side = case.order.side;
    let worst = market::protected(quote.price, side, case.instrument.protection, tick);
    match side {
        Side::Buy => quote.ask.unwrap_or(quote.price).min(worst),
        Side::Sell => quote.bid.unwrap_or(quote.price).max(worst),
    }
}

/// Returns the price `percent` beyond another, on the tick that is further: an exit wants to be
/// filled.
pub(super) fn reaching(from: Price, side: Side, percent: Percent, tick: Tick) -> Price {
    let room = Points::new(from.get()).times(percent.ratio());
    match side {
        Side::Buy => from.moved(room).map(|price| market::round_up(price, tick)),
        Side::Sell => from
            .moved(-room)
            .map(|price| market::round_down(price, tick)),
    }
    .unwrap_or_else(|| market::protected(from, side, percent, tick))
}

/// Returns the factor of a growth in percent: 1.5 for 50 %.
fn grown(by: Percent) -> Ratio {
    Ratio::new(Decimal::ONE + by.ratio().get())
}
