//! Bars without a list of trades.

use std::collections::BTreeSet;

use torana::history::bars::Bars;
use torana::history::measure::candle;
use torana::history::name::instrument_of;
use torana::history::run::{Given, Ready};
use torana::history::scripted::Scripted;
use torana::strategy::{Message, Trader};

use crate::support::{config, settings, told};

/// Hours of a made market that trends, turns and rests; their columns are those of any chart.
const BARS: &str = include_str!("../fixtures/bars/bars.csv");

#[test]
fn bars_alone_are_traded_by_the_script_and_every_word_of_it_is_judged() {
    let config = config("basso");
    let bars = Bars::read(BARS).unwrap();
    let gold = instrument_of(&config.rules, "GOLD_MINI=x.csv").unwrap();
    let script = Scripted::new((&config.signals, &config.rules), gold, &bars).unwrap();
    let mut trader = Trader::new(&script.parameters, script.tick);
    let said: Vec<Message> = bars
        .all
        .iter()
        .flat_map(|bar| trader.close(&candle(bar)))
        .map(|alert| alert.message)
        .collect();
    let count = |is: fn(&Message) -> bool| said.iter().filter(|one| is(one)).count();
    let bases = count(|one| matches!(one, Message::Base(_)));
    let adds = count(|one| matches!(one, Message::Add(_)));
    let given = || Given {
        instrument: gold,
        exports: Vec::new(),
        bars: Some(bars.clone()),
        script: Some(script.clone()),
    };
    let ready = Ready::new(&config.rules, vec![given()], settings());
    let (outcome, facts) = told(&ready);
    let judged = |one: &torana::history::outcome::Judged| {
        one.accepted + one.rejected.values().sum::<usize>()
    };
    assert!(bases > 5 && adds > 5, "{bases} entries, {adds} adds");
    assert_eq!(judged(&outcome.entries), bases);
    assert_eq!(judged(&outcome.adds), adds);
    assert!(outcome.entries.accepted > 0 && outcome.adds.accepted > 0);
    let reasons: BTreeSet<_> = outcome.trades.iter().map(|one| one.reason).collect();
    assert!(!reasons.contains(&None), "all came out again: {reasons:?}");
    assert_eq!(
        told(&Ready::new(&config.rules, vec![given()], settings())).1,
        facts
    );
}

#[test]
fn an_instrument_without_a_script_has_none() {
    let config = config("basso");
    let bars = Bars::read(BARS).unwrap();
    let share = instrument_of(&config.rules, "SBIN=x.csv").unwrap();
    assert!(Scripted::new((&config.signals, &config.rules), share, &bars).is_none());
}
