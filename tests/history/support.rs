//! Small files, and what comes of them.

use std::cell::RefCell;

use rust_decimal::Decimal;
use torana::config::{Config, Environment, Options, load};
use torana::domain::money::Money;
use torana::domain::rules::Rules;
use torana::history::assume::Assume;
use torana::history::bars::Bars;
use torana::history::export;
use torana::history::name::instrument_of;
use torana::history::outcome::Outcome;
use torana::history::report::{Report, Source, html};
use torana::history::run::{Given, Ready, Settings};
use torana::journal;

/// The sample that is built in.
pub(crate) const SAMPLE: [(&str, &str); 2] = [
    (
        "BANK_NIFTY",
        include_str!("../../config/sample/Bank_Nifty_sample.csv"),
    ),
    (
        "GOLD_MINI",
        include_str!("../../config/sample/Gold_Mini_sample.csv"),
    ),
];

/// Returns the rules of history, under a profile.
pub(crate) fn rules(profile: &str) -> Rules {
    config(profile).rules
}

/// Returns all that is configured, under a profile.
pub(crate) fn config(profile: &str) -> Config {
    let set = [
        ("TORANA__DESK__CALENDAR", "exchange"),
        ("TORANA__DESK__PROFILE", profile),
    ];
    let set = set.map(|(key, value)| (key.to_owned(), value.to_owned()));
    load(&Options::default(), &Environment::from(set)).unwrap()
}

pub(crate) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn settings() -> Settings {
    Settings {
        capital: Money::rupees(5_000_000),
        assume: Assume::default(),
        slippage: Decimal::ONE,
    }
}

/// Returns lists of trades by instrument, ready to run.
pub(crate) fn ready(rules: &Rules, lists: &[(&str, &str)]) -> Ready {
    let given = lists.iter().map(|(name, text)| Given {
        instrument: instrument_of(rules, &format!("{name}=x.csv")).unwrap(),
        exports: vec![export::read(text).unwrap()],
        bars: None,
        script: None,
    });
    Ready::new(rules, given.collect(), settings())
}

/// Returns a list of trades and bars of one instrument, ready to run.
pub(crate) fn with_bars(rules: &Rules, name: &str, (list, bars): (&str, &str)) -> Ready {
    let given = Given {
        instrument: instrument_of(rules, &format!("{name}=x.csv")).unwrap(),
        exports: vec![export::read(list).unwrap()],
        bars: Some(Bars::read(bars).unwrap()),
        script: None,
    };
    Ready::new(rules, vec![given], settings())
}

/// Returns the page of a run.
pub(crate) fn page(ready: &Ready, outcome: &Outcome) -> String {
    let sources = [Source {
        file: "a/<b>.csv".to_owned(),
        instrument: "BANK_NIFTY".to_owned(),
        held: "rows".to_owned(),
    }];
    let report = Report::new(outcome, (ready, &ready.rules), &settings(), &sources);
    html(&report)
}

/// Makes a run; returns what it came to and every fact as text.
pub(crate) fn told(ready: &Ready) -> (Outcome, Vec<String>) {
    let lines = RefCell::new(Vec::new());
    let listener = |fact: &torana::domain::fact::Fact, seen: torana::history::world::Seen<'_>| {
        let text = journal::fact_text(fact, &seen.rules.instruments);
        let kind = journal::kind(fact);
        lines
            .borrow_mut()
            .push(format!("{} {kind} {text}", seen.now));
    };
    let outcome = ready.run(&ready.rules, Some(Box::new(listener)), &mut |_| {});
    (outcome, lines.into_inner())
}
