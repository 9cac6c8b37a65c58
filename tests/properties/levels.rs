//! A price that touches none of a leg's levels does nothing to it, whatever the rules: shown by a
//! second leg of the same contract, whose own stop has the decision look at that price all the same.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use torana::domain::book::Book;
use torana::domain::decide::decide;
use torana::domain::fact::{Fact, LegOpening, StopWhy};
use torana::domain::ids::{Cause, LegId, PositionId};
use torana::domain::input::{Input, PriceSource, Quote, Tick};
use torana::domain::instrument::ContractId;
use torana::domain::money::{Lots, Points, Price};
use torana::domain::order::{Direction, Product};
use torana::domain::rules::{Breakeven, Rules, StopHitOn};
use torana::domain::signal::{Layer, SourceId};

use crate::words::Words;
use crate::world;

const ENTRY: i64 = 78_500;

/// What a leg risks at first.
const RISK: i64 = 100;

fn price(number: i64) -> Price {
    Price::new(number.into()).unwrap()
}

/// A price so far on the winning side of the entry.
fn beyond(direction: Direction, distance: i64) -> Price {
    price(match direction {
        Direction::Long => ENTRY + distance,
        Direction::Short => ENTRY - distance,
    })
}

fn rules(breakeven: Breakeven, by_tick: bool) -> Rules {
    let mut rules = world::rules();
    world::change(&mut rules, Words::of("charges on"));
    rules.stops.breakeven = breakeven;
    rules.stops.hit_on = if by_tick {
        StopHitOn::Tick
    } else {
        StopHitOn::Close
    };
    rules
}

fn leg(contract: ContractId, (number, direction, stop): (u8, Direction, Price)) -> Fact {
    Fact::LegOpened(Box::new(LegOpening {
        leg: LegId(Cause::from_bytes([number; 10])),
        position: PositionId(Cause::from_bytes([1; 10])),
        base: number == 1,
        layer: Layer(number),
        contract,
        direction,
        product: Product::Nrml,
        source: SourceId(1),
        lots: Lots::new(1),
        cost: Points::new(Decimal::from(ENTRY)),
        stop,
        target: (number == 1).then(|| beyond(direction, 4 * RISK)),
        atr: None,
    }))
}

/// Returns a book that holds one leg whose best close and stop went so far beyond its entry.
fn held(
    contract: ContractId,
    direction: Direction,
    (best, stop, why): (i64, i64, StopWhy),
) -> Book {
    let now = now();
    let opened = now - TimeDelta::hours(1);
    let mut book = Book::default();
    let first = beyond(direction, -RISK);
    book.apply(&leg(contract, (1, direction, first)), opened);
    let id = LegId(Cause::from_bytes([1; 10]));
    let moved = Fact::StopMoved {
        leg: id,
        from: first,
        to: beyond(direction, stop),
        why,
    };
    book.apply(&moved, now);
    let marked = Fact::LegMarked {
        leg: id,
        bar_at: now - TimeDelta::minutes(30),
        close: beyond(direction, best),
        best: beyond(direction, best),
        atr: None,
        series: None,
    };
    book.apply(&marked, now);
    book
}

fn now() -> DateTime<Utc> {
    "2026-11-20T05:00:00Z".parse().unwrap()
}

fn ways() -> impl Strategy<Value = (Breakeven, bool, Direction)> {
    let breakeven = prop_oneof![
        Just(Breakeven::Off),
        Just(Breakeven::Entry),
        Just(Breakeven::Charges)
    ];
    let direction = prop_oneof![Just(Direction::Long), Just(Direction::Short)];
    (breakeven, any::<bool>(), direction)
}

fn reasons() -> impl Strategy<Value = StopWhy> {
    prop_oneof![
        Just(StopWhy::First),
        Just(StopWhy::Trailing),
        Just(StopWhy::Breakeven)
    ]
}

proptest! {
    #[test]
    fn a_price_between_the_levels_of_a_leg_does_nothing_to_it(
        (breakeven, by_tick, direction) in ways(),
        (best, stop, why) in (0..2 * RISK, -RISK..2 * RISK, reasons()),
        at in -RISK..3 * RISK,
    ) {
        let rules = rules(breakeven, by_tick);
        let now = now();
        let ix = rules.instruments.by_name("GOLD_MINI").unwrap();
        let contract = rules
            .instruments
            .contract_for_entry(ix, now.date_naive(), &rules.calendar)
            .unwrap();
        let mut book = held(contract, direction, (best, stop, why));
        let seen = beyond(direction, at);
        if book.levels.are_touched(contract, seen) {
            return Ok(());
        }
        book.apply(&leg(contract, (2, direction, seen)), now - TimeDelta::hours(1));
        prop_assert!(book.levels.are_touched(contract, seen));
        let tick = Tick {
            contract,
            quote: Quote { price: seen, bid: None, ask: None, at: now },
            source: PriceSource::Feed,
        };
        let facts = decide(&book, &rules, &Input::Tick(tick), now);
        let first = LegId(Cause::from_bytes([1; 10]));
        for fact in &facts {
            let moved = matches!(fact, Fact::StopMoved { leg, .. } if *leg == first);
            let out = fact.approval().is_some_and(|approval| approval.leg == first);
            prop_assert!(!moved && !out, "{fact:?}");
        }
    }
}
