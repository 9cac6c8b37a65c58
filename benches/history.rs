//! How fast history runs: a million signals through the whole core (sizing, gates, fills, book,
//! facts), and bars with trailing stops.
//!
//! `cargo bench --bench history`; one thread. With `-- signals`, `-- bars` or `-- each` (bars, each
//! asked for everything) it runs that part alone, with `-- --peers DIR` it runs what other back-testers
//! are compared on instead (`peers/`). The signals are four instruments' over some years:
//! an entry, adds, repeats that are refused after every gate was asked, and exits.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::integer_division,
    reason = "a bench prints, measures with the real clock and stops when its data is wrong"
)]

#[path = "peers/ours.rs"]
mod ours;

use std::collections::BTreeSet;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use torana::config::{Environment, Options, load};
use torana::domain::fact::Fact;
use torana::domain::ids::Cause;
use torana::domain::input::Input;
use torana::domain::instrument::InstrumentIx;
use torana::domain::money::{Lots, Money, Points, Price, Ratio};
use torana::domain::order::Direction;
use torana::domain::rules::{ProtectiveStop, Rules};
use torana::domain::signal::{Ask, Layer, Signal, SourceId, Which};
use torana::history::bars::{Bar as OneBar, Bars};
use torana::history::drive::{Plan, Series, drive};
use torana::history::prepare::prepare;
use torana::history::signals::Said;
use torana::history::world::{Seen, Start, Witness, World};

/// What can be run alone.
const PARTS: [&str; 3] = ["signals", "bars", "each"];

const SIGNALS: u32 = 1_000_000;
const BARS: u32 = 2_000_000;

/// What is traded, where its price starts, and its average true range.
const TRADED: [(&str, i64, i64); 4] = [
    ("BANK_NIFTY", 58_000, 360),
    ("GOLD_MINI", 120_000, 600),
    ("SILVER_MINI", 150_000, 1_500),
    ("COPPER", 950, 8),
];

/// Signals of one instrument from an entry to its exit.
const ROUND: u32 = 20;

/// Bars of a minute from one entry to the next, and how many of them fall through the stop.
const ROUND_BARS: u32 = 28_800;
const FALL_BARS: u32 = 600;

/// Counts facts, and does no more.
#[derive(Default)]
struct Count {
    facts: u64,
    accepted: u64,
    moved: u64,
    closed: u64,
    rejected: std::collections::BTreeMap<&'static str, u64>,
}

impl Witness for Count {
    fn fact(&mut self, fact: &Fact, _seen: Seen<'_>) {
        self.facts += 1;
        self.accepted += u64::from(matches!(fact, Fact::SignalAccepted { .. }));
        self.moved += u64::from(matches!(fact, Fact::StopMoved { .. }));
        self.closed += u64::from(matches!(fact, Fact::LegClosed { .. }));
        if let Fact::SignalRejected { code, .. } = fact {
            *self.rejected.entry(code.0).or_default() += 1;
        }
    }
    fn day(&mut self, _seen: Seen<'_>) {}
    fn price(&mut self, _instrument: InstrumentIx, _price: Price) {}
}

fn main() {
    let rules = rules();
    let mut words = std::env::args().skip_while(|word| word != "--peers");
    if let Some(dir) = words.nth(1) {
        return ours::run(&rules, dir.as_ref());
    }
    let words = std::env::args().skip(1);
    let words: Vec<String> = words.filter(|word| word != "--bench").collect();
    for word in &words {
        assert!(
            PARTS.contains(&word.as_str()),
            "{word}: not one of {PARTS:?}"
        );
    }
    let is_asked = |part: &str| words.is_empty() || words.iter().any(|word| word == part);
    if is_asked("signals") {
        signals(&rules);
    }
    for (part, glides) in [("bars", true), ("each", false)] {
        if is_asked(part) {
            bars(&rules, glides);
        }
    }
}

/// Returns the rules of history without what needs the path between signals, in open hours.
fn rules() -> Rules {
    let rules = load(&Options::default(), &Environment::new())
        .unwrap()
        .rules;
    let mut rules = prepare(rules, &BTreeSet::new(), false).rules;
    rules.stops.protective_stop = ProtectiveStop::Off;
    // A capital that grows for years would outgrow what the exchange takes in one order.
    for limits in &mut rules.per_instrument {
        limits.max_lots = Some(Lots::new(5));
    }
    rules
}

fn world(rules: &Rules, slippage: Decimal) -> World<'_, Count> {
    let start = Start {
        capital: Money::rupees(50_000_000),
        at: "2025-02-03T04:00:00Z".parse().unwrap(),
        slippage,
        barred: BTreeSet::new(),
    };
    World::new(rules, start, Count::default())
}

fn said(number: u32, rules: &Rules, at: DateTime<Utc>) -> Signal {
    let place = usize::try_from(number % 4).unwrap();
    let (name, base, atr) = TRADED[place];
    let turn = (number >> 2) % ROUND;
    // The price climbs through a round and falls back at its end.
    let price = Decimal::from(base) + Decimal::from(atr * i64::from(turn)) / Decimal::from(4);
    let (direction, layer) = (Direction::Long, Layer(u8::try_from(1 + turn / 6).unwrap()));
    let ask = match turn {
        19 => Ask::Exit(Which::All),
        6 | 12 | 18 => Ask::Add { direction, layer },
        _ => Ask::Enter {
            direction,
            layer: Layer(1),
        },
    };
    let [a, b, c, d] = number.to_be_bytes();
    let stop = price - Decimal::from(atr) * Decimal::new(15, 1);
    Signal {
        id: Cause::from_bytes([a, b, c, d, 1, 1, 1, 1, 1, 1]),
        source: SourceId(1),
        ask,
        instrument: rules.instruments.by_name(name).unwrap(),
        contract: None,
        product: None,
        price: Price::new(price),
        stop: Price::new(stop),
        target: None,
        atr: Some(Points::new(Decimal::from(atr))),
        er: Some(Ratio::new(Decimal::new(9, 1))),
        at,
        bar: None,
        opened_before: None,
        id_reused: false,
        profile: None,
    }
}

fn signals(rules: &Rules) {
    let mut world = world(rules, Decimal::ONE);
    let start: DateTime<Utc> = world.now();
    // The signals are made beforehand: what is measured is what the core does with them.
    let all: Vec<Signal> = (0..SIGNALS)
        .map(|number| {
            let minutes = i64::from(number >> 2) * 5;
            said(number, rules, start + TimeDelta::minutes(minutes))
        })
        .collect();
    let began = Instant::now();
    for signal in all {
        world.pass(signal.at);
        world.mark(signal.instrument, signal.price.unwrap());
        world.take(&Input::Signal(Box::new(signal)));
    }
    let took = began.elapsed().as_secs_f64();
    let (count, _) = world.end();
    println!(
        "{SIGNALS} signals in {took:.2} s: {:.0} a second ({} accepted, rejected: {:?}, {} facts)",
        f64::from(SIGNALS) / took,
        count.accepted,
        count.rejected,
        count.facts
    );
}

/// Bars of a minute in a market that never closes: for twenty days it climbs by a point in 40 bars
/// and swings by less than its stop is away, then it falls through the stop. The range breathes.
fn minutes(start: DateTime<Utc>) -> Vec<OneBar> {
    let price = |points: u32| Price::new(Decimal::from(points)).unwrap();
    let middle = |number: u32| match number % ROUND_BARS {
        bar if bar + FALL_BARS >= ROUND_BARS => 117_000,
        bar => 120_000 + bar / 40,
    };
    let at_end_of = |number: u32| middle(number) + number % 7 * 40;
    let bars = (1..=BARS).map(|number| {
        let at = start + TimeDelta::minutes(i64::from(number));
        let (open, close) = (at_end_of(number - 1), at_end_of(number));
        OneBar {
            at,
            end: at + TimeDelta::minutes(1),
            open: price(open),
            high: price(open.max(close) + 15),
            low: price(open.min(close) - 15),
            close: price(close),
            atr: Some(Points::new(Decimal::from(600 + number % 5))),
        }
    });
    bars.collect()
}

/// Returns the entries: one at the beginning of each climb.
fn entries(bars: &[OneBar], rules: &Rules) -> Vec<Said> {
    let rounds = usize::try_from(ROUND_BARS).unwrap();
    let first = bars.iter().skip(rounds - 1).step_by(rounds);
    let entries = std::iter::once(&bars[0]).chain(first).zip(0_u32..);
    let said = entries.map(|(bar, round)| {
        let mut signal = said(
            1 + round * 4 * ROUND,
            rules,
            bar.end - TimeDelta::seconds(1),
        );
        signal.ask = Ask::Enter {
            direction: Direction::Long,
            layer: Layer(1),
        };
        let price = bar.close;
        signal.price = Some(price);
        signal.stop = Price::new(price.get() - Decimal::from(900));
        Said {
            signal,
            price,
            rank: 0,
        }
    });
    said.collect()
}

fn bars(rules: &Rules, glides: bool) {
    let mut world = world(rules, Decimal::ONE);
    let gold = rules.instruments.by_name("GOLD_MINI").unwrap();
    let bars = Bars {
        all: minutes(world.now()),
        length: TimeDelta::minutes(1),
        problems: Vec::new(),
    };
    let plan = Plan {
        said: entries(&bars.all, rules),
        series: vec![Series {
            instrument: gold,
            bars: &bars,
        }],
        clock: Vec::new(),
        glides,
    };
    let began = Instant::now();
    drive(&mut world, &plan, &mut |_| {});
    let took = began.elapsed().as_secs_f64();
    let (count, _) = world.end();
    let way = if glides {
        ""
    } else {
        ", each asked for everything,"
    };
    println!(
        "{BARS} bars with a trailing stop{way} in {took:.2} s: {:.0} a second ({} facts, {} stops \
         moved, {} exits)",
        f64::from(BARS) / took,
        count.facts,
        count.moved,
        count.closed,
    );
}
