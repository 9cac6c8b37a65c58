//! How long one decision takes, with nothing around it: an alert judged against a book of ten legs.
//!
//! `cargo bench --bench decide`; the target is 3 µs. The fastest of many rounds is shown beside the
//! median, because other work on the machine can only add to it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints, measures with the real clock and stops when its data is wrong"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use torana::config::{Environment, Options, load};
use torana::domain::book::Book;
use torana::domain::calendar::exchange_day;
use torana::domain::decide::{Answer, answer, decide};
use torana::domain::fact::{Fact, LedgerKind, LegOpening, Movement};
use torana::domain::ids::{Cause, LegId, PositionId};
use torana::domain::input::{Input, Mark, PriceSource, Quote, Tick};
use torana::domain::instrument::{ContractId, InstrumentIx};
use torana::domain::money::{Lots, Money, Points, Price, Ratio};
use torana::domain::order::{Direction, Product};
use torana::domain::rules::{Rules, StopHitOn};
use torana::domain::signal::{Ask, Bar, BarFrom, Layer, Signal, SourceId};

/// Instruments held, their legs, and the price all of them stand at. Ten legs together.
const HELD: [(&str, u8, i64); 3] = [
    ("GOLD_MINI", 4, 150_000),
    ("SILVER_MINI", 3, 240_000),
    ("COPPER", 3, 1_250),
];

/// Decisions in one round, so that reading the clock costs nothing.
const BATCH: u32 = 1_000;
const ROUNDS: usize = 400;

fn main() {
    let options = Options::default();
    let mut rules = load(&options, &Environment::new()).unwrap().rules;
    rules.stops.hit_on = StopHitOn::Tick;
    let now: DateTime<Utc> = "2026-11-20T05:00:00Z".parse().unwrap();
    let book = ten_legs(&rules, now);
    let bank = entry(&rules, now, ("BANK_NIFTY", 58_000, 57_460, 360));
    let gold = entry(&rules, now, ("GOLD_MINI", 150_000, 148_500, 750));
    let far = entry(&rules, now, ("BANK_NIFTY", 56_000, 55_460, 360));
    show(
        "base entry, accepted",
        (&book, &rules, now),
        &bank,
        "accepted",
    );
    show(
        "base entry, rejected (position open)",
        (&book, &rules, now),
        &gold,
        "position_open",
    );
    show(
        "base entry, rejected (divergence)",
        (&book, &rules, now),
        &far,
        "divergence",
    );
    show_stops((&book, &rules, now));
}

/// Measures prices and a closed bar on what is held: the price of most ticks is of no moment.
fn show_stops(world: World<'_>) {
    let (_, rules, now) = world;
    let tick = |name: &str, at: i64| {
        let ix = rules.instruments.by_name(name).unwrap();
        Input::Tick(Tick {
            contract: contract(rules, ix, now),
            quote: quote(at, now),
            source: PriceSource::Feed,
        })
    };
    show(
        "tick, nothing held",
        world,
        &tick("BANK_NIFTY", 58_000),
        "nothing",
    );
    show(
        "tick, between the levels",
        world,
        &tick("GOLD_MINI", 150_000),
        "nothing",
    );
    show(
        "tick, four stops hit",
        world,
        &tick("GOLD_MINI", 149_000),
        "nothing",
    );
    let bar = Input::Bar(Box::new(Bar {
        from: BarFrom::Alert {
            id: Cause::from_bytes([8; 10]),
            source: SourceId(1),
        },
        instrument: rules.instruments.by_name("GOLD_MINI").unwrap(),
        contract: None,
        opened_at: None,
        at: now + chrono::TimeDelta::seconds(1),
        close: price(150_500),
        atr: Some(Points::new(Decimal::from(300))),
    }));
    show("bar, four legs follow", world, &bar, "bar_seen");
}

type World<'a> = (&'a Book, &'a Rules, DateTime<Utc>);

/// Measures one decision and prints it.
fn show(name: &str, (book, rules, now): World<'_>, input: &Input, verdict: &str) {
    let facts = decide(book, rules, input, now);
    let said = match answer(&facts) {
        Some(Answer::Accepted) => "accepted",
        Some(Answer::Rejected(code) | Answer::Recorded(code)) => code.0,
        None => "nothing",
    };
    assert_eq!(said, verdict, "{name}: {facts:#?}");
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..BATCH {
                black_box(decide(black_box(book), rules, black_box(input), now));
            }
            start.elapsed()
        })
        .collect();
    rounds.sort();
    let each = |round: Duration| round.as_nanos().div_euclid(u128::from(BATCH));
    let median = each(*rounds.get(ROUNDS.div_euclid(2)).unwrap());
    let fastest = each(*rounds.first().unwrap());
    println!("{name:<40} {fastest:>6} ns fastest {median:>6} ns median");
}

fn price(value: i64) -> Price {
    Price::new(Decimal::from(value)).unwrap()
}

/// Returns a book of ten legs, each with a stop one per mille away.
fn ten_legs(rules: &Rules, now: DateTime<Utc>) -> Book {
    let mut book = Book::default();
    let capital = Money::rupees(50_000_000);
    book.apply(
        &Fact::LedgerMoved(Box::new(Movement {
            kind: LedgerKind::Opening,
            amount: capital,
            after: capital,
            order: None,
        })),
        now,
    );
    for (place, (name, legs, at)) in (1_u8..).zip(HELD) {
        let ix = rules.instruments.by_name(name).unwrap();
        for layer in 1..=legs {
            let opening = leg(contract(rules, ix, now), (place, layer), price(at));
            book.apply(&Fact::LegOpened(Box::new(opening)), now);
        }
        mark(&mut book, contract(rules, ix, now), quote(at, now));
    }
    let bank = rules.instruments.by_name("BANK_NIFTY").unwrap();
    mark(&mut book, contract(rules, bank, now), quote(58_000, now));
    book.marks.charts.insert(bank, quote(58_000, now));
    book
}

fn contract(rules: &Rules, ix: InstrumentIx, now: DateTime<Utc>) -> ContractId {
    rules
        .instruments
        .contract_for_entry(ix, exchange_day(now), &rules.calendar)
        .unwrap()
}

fn mark(book: &mut Book, contract: ContractId, quote: Quote) {
    let mark = Mark {
        quote,
        margin: None,
        source: PriceSource::Rest,
    };
    book.marks.contracts.insert(contract, mark);
}

fn quote(at: i64, now: DateTime<Utc>) -> Quote {
    Quote {
        price: price(at),
        bid: None,
        ask: None,
        at: now,
    }
}

fn leg(contract: ContractId, (place, layer): (u8, u8), entry: Price) -> LegOpening {
    let cause = Cause::from_bytes([place, layer, 7, 7, 7, 7, 7, 7, 7, 7]);
    let lots = Lots::new(2);
    let thousandth = Points::new(entry.get()).times(Ratio::new(Decimal::new(1, 3)));
    LegOpening {
        leg: LegId(cause),
        position: PositionId(Cause::from_bytes([place; 10])),
        base: layer == 1,
        layer: Layer(layer),
        contract,
        direction: Direction::Long,
        product: Product::Nrml,
        source: SourceId(1),
        lots,
        cost: Points::new(entry.get() * lots.decimal()),
        stop: entry.moved(-thousandth).unwrap(),
        target: None,
        atr: Some(thousandth),
    }
}

fn entry(rules: &Rules, now: DateTime<Utc>, figures: (&str, i64, i64, i64)) -> Input {
    let (name, at, stop, atr) = figures;
    Input::Signal(Box::new(Signal {
        id: Cause::from_bytes([9; 10]),
        source: SourceId(1),
        ask: Ask::Enter {
            direction: Direction::Long,
            layer: Layer(1),
        },
        instrument: rules.instruments.by_name(name).unwrap(),
        contract: None,
        product: None,
        price: Some(price(at)),
        stop: Some(price(stop)),
        target: None,
        atr: Some(Points::new(Decimal::from(atr))),
        er: Some(Ratio::new(Decimal::new(82, 2))),
        at: now,
        bar: None,
        opened_before: None,
        id_reused: false,
        profile: None,
    }))
}
