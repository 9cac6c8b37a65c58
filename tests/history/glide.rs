//! Bars that are walked through together: whatever they are and whatever is held, the same facts,
//! books and prices as where each is asked for everything.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use torana::domain::book::{Book, Leg};
use torana::domain::fact::Fact;
use torana::domain::ids::Cause;
use torana::domain::instrument::InstrumentIx;
use torana::domain::money::{Money, Percent, Points, Price, Ratio};
use torana::domain::order::{Direction, Product};
use torana::domain::rules::{Breakeven, ProtectiveStop, Rules, SizingEquity, StopHitOn};
use torana::domain::signal::{Ask, Layer, Signal, SourceId, Which};
use torana::history::bars::{Bar, Bars};
use torana::history::drive::{Plan, Series, drive};
use torana::history::prepare::prepare;
use torana::history::signals::Said;
use torana::history::world::{Seen, Start, Witness, World};

use crate::support::rules;

/// Everything that a witness is shown.
#[derive(Default, PartialEq)]
struct Shown {
    facts: Vec<(DateTime<Utc>, Fact, Book)>,
    days: Vec<(DateTime<Utc>, Book)>,
    prices: Vec<(InstrumentIx, Price)>,
}

impl Witness for Shown {
    fn fact(&mut self, fact: &Fact, seen: Seen<'_>) {
        self.facts.push((seen.now, fact.clone(), seen.book.clone()));
    }
    fn day(&mut self, seen: Seen<'_>) {
        self.days.push((seen.now, seen.book.clone()));
    }
    fn price(&mut self, instrument: InstrumentIx, price: Price) {
        self.prices.push((instrument, price));
    }
}

/// One bar of a walk, in tenths of its range.
#[derive(Clone, Copy, Debug)]
struct Step {
    jump: i64,
    move_by: i64,
    wicks: (i64, i64),
    tenth: i64,
    asks: u8,
}

fn step() -> impl Strategy<Value = Step> {
    let calm = (-1_i64..=1, -4_i64..=6, (0_i64..4, 0_i64..4));
    let wild = (-9_i64..=9, -25_i64..=25, (0_i64..20, 0_i64..20));
    let walk = prop_oneof![20 => calm, 1 => wild];
    let tenth = prop_oneof![20 => 54_i64..=66, 2 => 20_i64..200, 1 => Just(0)];
    (walk, tenth, 0_u8..60).prop_map(|((jump, move_by, wicks), tenth, asks)| Step {
        jump,
        move_by,
        wicks,
        tenth,
        asks,
    })
}

/// A way of trading, and the bars it meets.
#[derive(Clone, Debug)]
struct Case {
    profile: &'static str,
    hit_on: StopHitOn,
    breakeven: Breakeven,
    peel_off: bool,
    protects: bool,
    beside: bool,
    equity: SizingEquity,
    /// Bars of another instrument, so many seconds later.
    twin: Option<i64>,
    /// Tenths of a percent of the equity that a day may lose.
    day_loss: Option<i64>,
    product: Option<Product>,
    begins: &'static str,
    /// How far away stops are.
    away: i64,
    direction: Direction,
    minutes: i64,
    capital: i64,
    steps: Vec<Step>,
}

fn case() -> impl Strategy<Value = Case> {
    let rules = (
        prop::sample::select(vec!["basso", "openalgo", "scalper", "tradego"]),
        prop::sample::select(vec![StopHitOn::Close, StopHitOn::Tick]),
        prop::sample::select(vec![Breakeven::Off, Breakeven::Entry, Breakeven::Charges]),
        any::<bool>(),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.1),
        // one near enough for what is held to outgrow its limits before its stop follows
        prop::sample::select(vec![300_i64, 500, 1_100]),
        (
            prop::option::weighted(0.3, 1_i64..3),
            prop::sample::select(vec![
                SizingEquity::Conservative,
                SizingEquity::Blended,
                SizingEquity::Realised,
                SizingEquity::Marked,
                SizingEquity::HighWater,
            ]),
            prop::option::weighted(0.2, prop::sample::select(vec![0_i64, 1, 90, 3_600])),
        ),
        prop::option::weighted(0.3, Just(Product::Mis)),
        // the contract that is entered ends in a while, soon, at once
        prop::sample::select(vec!["2026-04-10", "2026-04-27", "2026-04-30"]),
    );
    let market = (
        prop::sample::select(vec![Direction::Long, Direction::Short]),
        prop::sample::select(vec![1_i64, 5, 60]),
        prop::sample::select(vec![800_000_i64, 5_000_000, 50_000_000]),
        prop::collection::vec(step(), 1..260),
    );
    (rules, market).prop_map(|(rules, (direction, minutes, capital, steps))| Case {
        profile: rules.0,
        hit_on: rules.1,
        breakeven: rules.2,
        peel_off: rules.3,
        protects: rules.4,
        beside: rules.5,
        away: rules.6,
        day_loss: rules.7.0,
        equity: rules.7.1,
        twin: rules.7.2,
        product: rules.8,
        begins: rules.9,
        direction,
        minutes,
        capital,
        steps,
    })
}

impl Case {
    fn rules(&self) -> Rules {
        let mut rules = rules(self.profile);
        rules.stops.hit_on = self.hit_on;
        rules.stops.breakeven = self.breakeven;
        rules.stops.peel_off = self.peel_off;
        if !self.protects {
            rules.stops.protective_stop = ProtectiveStop::Off;
        }
        rules.sizing.equity = self.equity;
        if let Some(tenths) = self.day_loss {
            rules.day.loss = Some(Percent::new(Decimal::new(tenths, 1)));
        }
        prepare(rules, &BTreeSet::new(), true).rules
    }

    /// Returns the bars of the case, one after the other from a morning on, inside of
    /// the sessions of the commodity exchange.
    fn bars(&self) -> Bars {
        let length = TimeDelta::minutes(self.minutes);
        let mut at: DateTime<Utc> = format!("{}T03:30:00Z", self.begins).parse().unwrap();
        let mut price = 150_000_i64;
        let mut all = Vec::new();
        for step in &self.steps {
            let by = |tenths: i64| step.tenth.clamp(54, 66) * tenths;
            let open = price + by(step.jump);
            let close = (open + by(step.move_by)).clamp(60_000, 400_000);
            let high = open.max(close) + by(step.wicks.0);
            let low = open.min(close) - by(step.wicks.1);
            let priced = |points: i64| Price::new(Decimal::from(points)).unwrap();
            let closes = at.date_naive().and_hms_opt(18, 0, 0).unwrap().and_utc();
            let end = (at + length).min(closes);
            all.push(Bar {
                at,
                end,
                open: priced(open),
                high: priced(high),
                low: priced(low),
                close: priced(close),
                atr: (step.asks < 56).then(|| Points::new(Decimal::from(10 * step.tenth))),
            });
            price = close;
            let days = if at.format("%a").to_string() == "Fri" {
                3
            } else {
                1
            };
            at = if end < closes {
                end
            } else {
                closes + TimeDelta::days(days) - TimeDelta::minutes(870)
            };
        }
        Bars {
            all,
            length,
            problems: Vec::new(),
        }
    }

    /// Returns bars of something else beside these.
    fn twin(&self, bars: &Bars) -> Option<Bars> {
        let later = TimeDelta::seconds(self.twin?);
        let mut twin = bars.clone();
        for (bar, price) in twin.all.iter_mut().zip(9_500_i64..) {
            let price = Price::new(Decimal::new(price, 1)).unwrap();
            (bar.at, bar.end) = (bar.at + later, bar.end + later);
            (bar.open, bar.high, bar.low, bar.close) = (price, price, price, price);
        }
        Some(twin)
    }

    /// Returns what is asked for while the bars go by: entries, adds and exits.
    fn said(&self, rules: &Rules, bars: &Bars) -> Vec<Said> {
        let [gold, copper] = ["GOLD_MINI", "COPPER"].map(|name| rules.instruments.by_name(name));
        let gold = gold.unwrap();
        let said = bars.all.iter().zip(&self.steps).enumerate();
        let said = said.filter_map(|(number, (bar, step))| {
            let direction = self.direction;
            let ask = match (number, step.asks) {
                (1, _) | (_, 0) => Ask::Enter {
                    direction,
                    layer: Layer(1),
                },
                (_, 1) => Ask::Add {
                    direction,
                    layer: Layer(2),
                },
                (_, 2) => Ask::Exit(Which::All),
                _ => return None,
            };
            let away = if direction == Direction::Long {
                -self.away
            } else {
                self.away
            };
            let away = Decimal::from(away);
            let [a, b] = u16::try_from(number).unwrap().to_be_bytes();
            let signal = Signal {
                id: Cause::from_bytes([a, b, 1, 1, 1, 1, 1, 1, 1, 1]),
                source: SourceId(1),
                ask,
                instrument: gold,
                contract: None,
                product: self.product,
                price: Some(bar.close),
                stop: Price::new(bar.close.get() + away),
                target: (number % 3 == 0)
                    .then(|| Price::new(bar.close.get() - away * Decimal::TWO))
                    .flatten(),
                atr: Some(Points::new(Decimal::from(600))),
                er: Some(Ratio::new(Decimal::new(9, 1))),
                at: bar.end - TimeDelta::seconds(1),
                bar: None,
                opened_before: None,
                id_reused: false,
                profile: None,
            };
            Some(Said {
                price: bar.close,
                signal,
                rank: 0,
            })
        });
        let mut said: Vec<Said> = said.collect();
        if let (true, Some(first)) = (self.beside, said.first().cloned()) {
            let mut beside = first;
            let price = |price: i64| Price::new(Decimal::from(price)).unwrap();
            beside.signal.id = Cause::from_bytes([7; 10]);
            beside.signal.instrument = copper.unwrap();
            (beside.signal.price, beside.price) = (Some(price(950)), price(950));
            let stop = if self.direction == Direction::Long {
                940
            } else {
                960
            };
            beside.signal.stop = Some(price(stop));
            (beside.signal.target, beside.signal.atr) = (None, Some(Points::new(Decimal::from(8))));
            said.insert(1, beside);
        }
        said
    }

    /// Returns what is shown, and how often the driver went on.
    fn shown(&self, glides: bool) -> (Shown, Book, usize) {
        let rules = self.rules();
        let gold = rules.instruments.by_name("GOLD_MINI").unwrap();
        let bars = self.bars();
        let (twin, copper) = (
            self.twin(&bars),
            rules.instruments.by_name("COPPER").unwrap(),
        );
        let mut series = vec![Series {
            instrument: gold,
            bars: &bars,
        }];
        series.extend(twin.as_ref().map(|bars| Series {
            instrument: copper,
            bars,
        }));
        let opens = bars.all.iter().map(|bar| bar.at);
        let plan = Plan {
            said: self.said(&rules, &bars),
            series,
            clock: opens.step_by(97).collect(),
            glides,
        };
        let start = Start {
            capital: Money::rupees(self.capital),
            at: bars.all.first().unwrap().at,
            slippage: Decimal::ONE,
            barred: [gold].into(),
        };
        let mut world = World::new(&rules, start, Shown::default());
        let mut went_on = 0;
        drive(&mut world, &plan, &mut |_| went_on += 1);
        let (shown, left) = world.end();
        (shown, left.book, went_on)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn bars_walked_through_together_show_what_each_alone_would(case in case()) {
        let (together, book, _) = case.shown(true);
        let (alone, asked, _) = case.shown(false);
        for (one, other) in together.facts.iter().zip(&alone.facts) {
            prop_assert_eq!((one.0, &one.1), (other.0, &other.1));
            prop_assert_eq!(&one.2, &other.2, "the book after {:?}", one.1);
        }
        prop_assert_eq!(together.facts.len(), alone.facts.len());
        prop_assert_eq!(&together.prices, &alone.prices);
        prop_assert!(together.days == alone.days);
        prop_assert_eq!(book, asked);
    }
}

#[test]
fn a_quiet_day_with_a_trailing_stop_is_one_walk() {
    let quiet = Step {
        jump: 0,
        move_by: 1,
        wicks: (1, 1),
        tenth: 60,
        asks: 9,
    };
    let case = Case {
        profile: "basso",
        hit_on: StopHitOn::Close,
        breakeven: Breakeven::Off,
        peel_off: true,
        protects: false,
        beside: false,
        away: 1_100,
        day_loss: None,
        equity: SizingEquity::Conservative,
        twin: None,
        product: None,
        begins: "2026-04-10",
        direction: Direction::Long,
        minutes: 1,
        capital: 50_000_000,
        steps: vec![quiet; 250],
    };
    let (shown, book, went_on) = case.shown(true);
    let is_moved = |fact: &Fact| matches!(fact, Fact::StopMoved { .. });
    let moves = shown
        .facts
        .iter()
        .filter(|(_, fact, _)| is_moved(fact))
        .count();
    assert!(moves > 100, "{moves}");
    assert!(book.legs.values().any(Leg::is_open));
    assert!(went_on < 100, "{went_on} of 1,250 steps");
}
