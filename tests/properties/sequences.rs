//! What must hold however alerts, answers, reports, people and time follow each other.

use chrono::TimeDelta;
use proptest::prelude::*;
use rust_decimal::Decimal;
use torana::domain::book::{ModifyState, Order, OrderState};
use torana::domain::ids::{IntentId, OrderId, Purpose};
use torana::domain::input::{
    CallKind, CallResult, Command, Dispatch, ExitWhat, Found, Funds, Input, Operator, Outcome,
    PriceSource, Proof, Quote, Report, ReportStatus, Scope, SeenTerms, Settlement, Tick,
    TradingState,
};
use torana::domain::money::{Lots, Money, Points, Quantity};
use torana::domain::order::{BrokerOrderId, Pricing, Side};
use torana::domain::rules::StopHitOn;
use torana::domain::signal::{
    Ask, Bar, BarFrom, Expected, Layer, Signal, SourceId, TradeWord, Which,
};
use torana::domain::work::{self, Call};

use crate::day::{Broker, Day, direction, price};

/// Something that happens: its kind, and four numbers it reads as it likes.
type Event = (u8, u8, u8, u8, i8);

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (0_u8..24, any::<u8>(), any::<u8>(), any::<u8>(), -20_i8..=20);
    prop::collection::vec(event, 1..160)
}

/// Lets one thing happen.
fn happen(day: &mut Day, (kind, a, b, c, move_by): Event) {
    match kind {
        0..=4 => signal(day, (a, b, c), move_by.into()),
        5..=10 => courier(day, (a, b), move_by.into()),
        11..=15 => report(day, (a, b, c), move_by.into()),
        16 => late_answer(day, (a, b)),
        17 => proof(day, (a, b)),
        18 => operator(day, (a, b, c)),
        19 if a % 2 == 0 => bar(day, (a, b, c), move_by.into()),
        20 if a % 3 > 0 => tick(day, (a, b), move_by.into()),
        19 => {
            let at = day.now;
            let available = (b % 3 > 0).then(|| Money::rupees(i64::from(c) * 1_000_000));
            day.feed(&Input::Funds(Funds { available, at }));
        }
        22 | 23 => rests(day, (a, b, c)),
        _ => {
            day.pass(i64::from(a % 30));
            day.feed(&Input::Time);
        }
    }
}

fn signal(day: &mut Day, (a, b, c): (u8, u8, u8), move_by: i64) {
    let (instrument, around) = day.instrument(a);
    day.quote(a, 10 * move_by);
    let held = day.book.position_in(instrument).map(|one| one.direction);
    let odd = direction(b);
    let layer = Layer(c % 3 + 1);
    let word = TradeWord::Side(if c % 2 == 0 { Side::Buy } else { Side::Sell });
    let quantity = (c % 5 > 0).then(|| Quantity::new(u64::from(c) * 40));
    let size = [
        None,
        Some(Expected::Flat),
        Some(Expected::Long),
        Some(Expected::Short),
    ];
    let ask = match b % 10 {
        0..=2 => Ask::Enter {
            direction: direction(c),
            layer: Layer(1),
        },
        3 | 4 => Ask::Add {
            direction: held.unwrap_or(direction(c)),
            layer,
        },
        5 => Ask::Exit(Which::All),
        6 => Ask::Exit(Which::Layer(odd, layer)),
        7 => Ask::Trade {
            word: TradeWord::Close,
            quantity: None,
            position_size: None,
        },
        _ => Ask::Trade {
            word,
            quantity,
            position_size: size[usize::from(c) % size.len()],
        },
    };
    let away = 20 + 10 * i64::from(c % 7);
    let signal = Signal {
        id: day.cause(),
        source: SourceId(1 + i32::from(a % 11 == 0)),
        ask,
        instrument,
        contract: None,
        product: None,
        price: (c % 6 > 0).then(|| price(around, 10 * move_by)),
        stop: Some(price(
            around,
            10 * move_by + if c % 2 == 0 { -away } else { away },
        )),
        target: (c % 4 == 0)
            .then(|| price(around, 10 * move_by + if b % 2 == 0 { 60 } else { -60 })),
        atr: (b % 8 > 0).then(|| Points::new(Decimal::from(around) / Decimal::from(300))),
        er: None,
        at: day.now,
        bar: (a % 7 == 0).then_some(day.now),
        opened_before: None,
        id_reused: a % 50 == 0,
        profile: None,
    };
    day.feed(&Input::Signal(Box::new(signal)));
}

/// The courier goes out with one order that is due.
fn courier(day: &mut Day, (a, b): (u8, u8), move_by: i64) {
    let due = places(day);
    let Some(order) = due.get(usize::from(a) % due.len().max(1)).copied() else {
        return;
    };
    let place = (0..3).find(|place| {
        let (ix, _) = day.instrument(*place);
        ix == day.book.orders[&order].contract.instrument
    });
    let place = place.unwrap();
    let level = day.levels[usize::from(place)];
    let quote = (b % 9 > 0).then(|| day.quote(place, level + move_by.div_euclid(2)));
    day.feed(&Input::Dispatch(Box::new(Dispatch {
        order,
        quote,
        epoch: 1,
        baseline: Vec::new(),
    })));
    if let OrderState::Sending { .. } = day.book.orders[&order].state {
        outcome(day, (order, CallKind::Place), b);
    }
}

fn places(day: &Day) -> Vec<OrderId> {
    let calls = work::due(&day.book, &day.rules, day.now);
    calls
        .into_iter()
        .filter_map(|call| match call {
            Call::Place(order) => Some(order),
            _ => None,
        })
        .collect()
}

fn outcome(day: &mut Day, (order, call): (OrderId, CallKind), word: u8) {
    let text = "so it said".to_owned();
    let result = match word % 16 {
        0 => CallResult::NotSent(text),
        1 => CallResult::Refused(text),
        2 => CallResult::Queued(text),
        3 => CallResult::Uncertain(text),
        4 => return, // it hangs
        _ => CallResult::Sent(broker_id(order)),
    };
    day.feed(&Input::Outcome(Outcome {
        order,
        call,
        result,
    }));
}

fn broker_id(order: OrderId) -> BrokerOrderId {
    BrokerOrderId::new(&order.to_string()).unwrap()
}

fn pick(day: &Day, place: u8, fits: impl Fn(&Order) -> bool) -> Option<Order> {
    let orders: Vec<&Order> = day.book.orders.values().filter(|one| fits(one)).collect();
    let found = orders.get(usize::from(place) % orders.len().max(1));
    found.map(|order| (*order).clone())
}

/// An answer that was still missing, or one to a cancel.
fn late_answer(day: &mut Day, (a, b): (u8, u8)) {
    let cancels = day.broker == Broker::Lying || a % 2 == 0;
    let found = if cancels {
        pick(day, a, |one| one.state == OrderState::Sent)
    } else {
        pick(day, a, |one| {
            matches!(one.state, OrderState::Sending { .. })
        })
    };
    let any = (day.broker == Broker::Lying)
        .then(|| pick(day, b, |_| true))
        .flatten();
    if let Some(order) = any.or(found) {
        let call = if cancels {
            CallKind::Cancel
        } else {
            CallKind::Place
        };
        outcome(day, (order.id, call), b);
    }
}

/// The broker answers a change of a resting order, or its book shows the order.
fn rests(day: &mut Day, (a, b, c): (u8, u8, u8)) {
    let found = pick(day, a, |one| {
        one.id.intent.purpose == Purpose::Protective && one.state == OrderState::Sent
    });
    let Some(order) = found else {
        return;
    };
    let mut shown = (order.quantity, order.pricing.unwrap());
    match order.resting.modify {
        ModifyState::Wanted(..) if b % 2 == 0 => {
            return outcome(day, (order.id, CallKind::Modify), c);
        }
        ModifyState::Wanted(change, _) | ModifyState::Taken(change, _) if c % 3 > 0 => {
            let (trigger, limit) = (change.trigger, change.limit);
            shown = (change.quantity, Pricing::StopLimit { trigger, limit });
        }
        ModifyState::Wanted(..) | ModifyState::Taken(..) | ModifyState::None => {}
    }
    day.feed(&Input::Terms(SeenTerms {
        order: order.id,
        quantity: shown.0,
        pricing: shown.1,
        waits: c % 5 > 0,
    }));
}

/// The broker reports. An honest one fills up to what was ordered, of orders that live with it.
fn report(day: &mut Day, (a, b, c): (u8, u8, u8), move_by: i64) {
    let lying = day.broker == Broker::Lying;
    let Some(order) = pick(day, a, |one| {
        one.broker_id.is_some() && (lying || one.state == OrderState::Sent)
    }) else {
        return;
    };
    let per_lot = day.per_lot(order.contract);
    let known = day.filled(&order);
    let left = order.lots.less(known).get();
    let most = if lying { left + 3 } else { left };
    let more = u32::from(b) % (most + 1);
    let mut quantity = order.filled.plus(Lots::new(more).units(per_lot));
    let place = (0..3)
        .find(|place| day.instrument(*place).0 == order.contract.instrument)
        .unwrap();
    let (level, around) = (day.levels[usize::from(place)], day.instrument(place).1);
    let at = price(around, level + move_by).get();
    let mut value = order.value + Money::new(at * Lots::new(more).units(per_lot).decimal());
    if lying && c % 5 == 0 {
        // less than it said before, or no whole lot
        quantity = Quantity::new((quantity.get() * 2).div_euclid(3));
        value = value.times(Decimal::new(6, 1));
    }
    let whole = quantity >= order.quantity;
    let status = match c % 4 {
        0 if !whole || lying => ReportStatus::Cancelled,
        1 if !whole || lying => ReportStatus::Rejected,
        _ if whole => ReportStatus::Complete,
        _ => ReportStatus::Working,
    };
    day.feed(&Input::Report(Report {
        order: order.id,
        quantity,
        value,
        status,
        text: None,
    }));
}

fn proof(day: &mut Day, (a, b): (u8, u8)) {
    let Some(order) = pick(day, a, |one| one.state == OrderState::Uncertain) else {
        return;
    };
    let id = broker_id(order.id);
    let found = match b % 4 {
        0 => Found::One(id),
        1 => Found::Many(vec![id.clone(), id]),
        _ => Found::None,
    };
    day.feed(&Input::Proof(Proof {
        order: order.id,
        found,
        reads: 3,
        span: day.rules.proof.span_min,
        call_ended: true,
        alive: b % 5 > 0,
    }));
}

fn operator(day: &mut Day, (a, b, c): (u8, u8, u8)) {
    let (instrument, _) = day.instrument(a);
    let scope = if c % 2 == 0 {
        Scope::Desk
    } else {
        Scope::Instrument(instrument)
    };
    let leg = day
        .book
        .legs
        .values()
        .find(|leg| leg.is_open())
        .map(|leg| leg.id);
    let intents: Vec<IntentId> = day.book.open_intents().map(|one| one.id).collect();
    let intent = intents.get(usize::from(b) % intents.len().max(1)).copied();
    let doubt = pick(day, a, |one| {
        matches!(one.state, OrderState::Uncertain | OrderState::Queued)
    });
    let some = (c % 3 == 0).then(|| Lots::new(u32::from(c % 7) + 1));
    let order = match (b % 14, leg, intent, doubt) {
        (0, ..) => Command::State(scope, TradingState::Reducing),
        (1, ..) => Command::State(scope, TradingState::Frozen),
        (2 | 3 | 10 | 11 | 12, ..) => Command::State(scope, TradingState::Active),
        (4, Some(leg), ..) => Command::Exit(ExitWhat::Leg(leg), some),
        (5, ..) => Command::Exit(ExitWhat::Instrument(instrument), some),
        (6, ..) => Command::Exit(ExitWhat::All, None),
        (7, _, Some(intent), _) => Command::CancelIntent(intent),
        (8, _, _, Some(order)) if c % 2 == 0 => {
            Command::Settle(order.id, Settlement::Placed(broker_id(order.id)))
        }
        (8, _, _, Some(order)) => Command::Settle(order.id, Settlement::NotPlaced),
        _ => Command::Cash(Money::rupees(i64::from(c) * 1_000 - 50_000)),
    };
    let id = day.cause();
    day.feed(&Input::Operator(Box::new(Operator {
        id,
        by: "asha".to_owned(),
        why: "so it came".to_owned(),
        order,
    })));
}

/// A closed bar, by an alert or built; twice, and the second time nothing follows.
fn bar(day: &mut Day, (a, b, c): (u8, u8, u8), move_by: i64) {
    let (instrument, around) = day.instrument(a);
    let built = c % 2 == 0;
    let from = if built {
        BarFrom::History
    } else {
        BarFrom::Alert {
            id: day.cause(),
            source: SourceId(1 + i32::from(c % 5 == 0)),
        }
    };
    let atr = Points::new(Decimal::from(around) / Decimal::from(200 + i64::from(b)));
    let bar = Bar {
        from,
        instrument,
        contract: built.then(|| day.contract(instrument)),
        opened_at: (c % 3 == 0).then(|| day.now - TimeDelta::minutes(1)),
        at: day.now - TimeDelta::seconds(i64::from(c % 4)),
        close: price(around, 5 * move_by),
        atr: (c % 7 > 0).then_some(atr),
    };
    day.feed(&Input::Bar(Box::new(bar)));
    if built {
        day.feed_in_vain(&Input::Bar(Box::new(bar)));
    }
}

/// A good price; the same again changes nothing.
fn tick(day: &mut Day, (a, b): (u8, u8), move_by: i64) {
    let (instrument, _) = day.instrument(a);
    let quote = day.quote(a, 5 * move_by);
    let bid = quote.price.moved(Points::new(Decimal::from(b % 3)));
    let tick = Tick {
        contract: day.contract(instrument),
        quote: Quote { bid, ..quote },
        source: PriceSource::Feed,
    };
    day.feed(&Input::Tick(tick));
    day.feed_in_vain(&Input::Tick(tick));
}

/// A person takes everything out, and a broker that answers does what it is told.
fn flatten(day: &mut Day) {
    let id = day.cause();
    let order = Command::Exit(ExitWhat::All, None);
    let (by, why) = ("asha".to_owned(), "enough".to_owned());
    day.feed(&Input::Operator(Box::new(Operator { id, by, why, order })));
    for _ in 0..60 {
        day.pass(31);
        day.feed(&Input::Time);
        let doubtful: Vec<Order> = day.book.orders.values().cloned().collect();
        for order in doubtful {
            settle(day, &order);
        }
        for order in places(day) {
            courier_of(day, order);
        }
    }
}

fn settle(day: &mut Day, order: &Order) {
    let sent = order.broker_id.is_some() && order.state == OrderState::Sent;
    match order.state {
        OrderState::Sending { .. } => {
            outcome(day, (order.id, CallKind::Place), 11);
        }
        OrderState::Uncertain | OrderState::Queued => {
            let id = day.cause();
            let (by, why) = ("asha".to_owned(), "looked it up".to_owned());
            let order = Command::Settle(order.id, Settlement::NotPlaced);
            day.feed(&Input::Operator(Box::new(Operator { id, by, why, order })));
        }
        OrderState::Sent if sent => {
            let all = order.lots.units(day.per_lot(order.contract));
            let opens = order.id.intent.purpose.opens();
            let rests = order.id.intent.purpose == Purpose::Protective;
            let (quantity, status) = if opens || rests {
                (order.filled, ReportStatus::Cancelled)
            } else {
                (all, ReportStatus::Complete)
            };
            let more = quantity.less(order.filled).decimal();
            day.feed(&Input::Report(Report {
                order: order.id,
                quantity,
                value: order.value + Money::new(Decimal::from(900) * more),
                status,
                text: None,
            }));
        }
        _ => {}
    }
}

fn courier_of(day: &mut Day, order: OrderId) {
    let ix = day.book.orders[&order].contract.instrument;
    let place = (0..3).find(|place| day.instrument(*place).0 == ix).unwrap();
    let quote = Some(day.quote(place, 0));
    day.feed(&Input::Dispatch(Box::new(Dispatch {
        order,
        quote,
        epoch: 1,
        baseline: Vec::new(),
    })));
    if let OrderState::Sending { .. } = day.book.orders[&order].state {
        outcome(day, (order, CallKind::Place), 11);
    }
}

proptest! {
    // A case is a whole day; CI sees other days each time.
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn with_a_broker_that_fills_what_was_ordered_everything_adds_up(events in events()) {
        let mut day = Day::new(Broker::Honest);
        for event in events {
            happen(&mut day, event);
        }
        day.folds_to_the_same();
    }

    #[test]
    fn what_rests_at_the_broker_and_what_leaves_is_never_more_than_is_held(
        events in events(), tick in any::<bool>(),
    ) {
        let hit_on = if tick { StopHitOn::Tick } else { StopHitOn::Close };
        let mut day = Day::new(Broker::Honest).guarded(hit_on);
        for event in events {
            happen(&mut day, event);
        }
        day.folds_to_the_same();
        flatten(&mut day);
        let held: Vec<_> = day.book.legs.values().filter(|leg| leg.is_open()).collect();
        prop_assert!(held.is_empty(), "{held:#?}");
        let open: Vec<_> = day.book.open_intents().collect();
        prop_assert!(open.is_empty(), "{open:#?}");
    }

    #[test]
    fn whatever_a_broker_says_nothing_is_lost_and_nothing_leaves_twice(events in events()) {
        let mut day = Day::new(Broker::Lying).guarded(StopHitOn::Tick);
        for event in events {
            happen(&mut day, event);
        }
        day.folds_to_the_same();
    }

    #[test]
    fn a_person_can_always_get_out(events in events()) {
        let mut day = Day::new(Broker::Honest);
        for event in events {
            happen(&mut day, event);
        }
        flatten(&mut day);
        let held: Vec<_> = day.book.legs.values().filter(|leg| leg.is_open()).collect();
        prop_assert!(held.is_empty(), "{held:#?}");
        let open: Vec<_> = day.book.open_intents().collect();
        prop_assert!(open.is_empty(), "{open:#?}");
    }
}
