//! The same files under many rules.

use rust_decimal::Decimal;
use torana::history::knobs::turned;
use torana::history::report::Sweep;
use torana::history::sweep::{combinations, sweep};

use crate::support::{SAMPLE, dec, ready, rules};

#[test]
fn a_sweep_is_the_same_on_one_thread_and_on_two_and_less_risk_falls_less() {
    let rules = rules("basso");
    let ready = ready(&rules, &SAMPLE);
    let turns = [
        turned("risk=0.25,1").unwrap(),
        turned("max_adds=0,3").unwrap(),
    ];
    let trials = combinations(&turns, (10, 1));
    let made = |threads| sweep(&ready, (&turns, &trials), threads, &|_| {}).unwrap();
    let (alone, both) = (made(1), made(2));
    for (one, other) in alone.iter().zip(&both) {
        assert_eq!((&one.values, &one.outcome), (&other.values, &other.outcome));
    }
    let bytes = |trials: &[_]| {
        let told = Sweep::new(&turns, trials, Decimal::from(70)).json();
        serde_json::to_string(&told).unwrap()
    };
    assert_eq!(bytes(&alone), bytes(&both));
    assert_eq!(bytes(&alone), bytes(&made(1)), "and again");
    let adds = |values: [&str; 2]| {
        let wanted = values.map(dec);
        let trial = alone.iter().find(|trial| trial.values == wanted);
        trial.unwrap().outcome.adds.accepted
    };
    assert_eq!(adds(["1", "0"]), 0);
    assert!(adds(["1", "3"]) > 0);
    let weighed = Sweep::new(&turns, &alone, Decimal::from(70)).json();
    assert_eq!(weighed["trials"], 4);
    let fall = |risk: &str| {
        let rows = weighed["ranked"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["set"]["risk"] == risk && row["set"]["max_adds"] == "0");
        row.unwrap()["drawdown"].as_f64().unwrap()
    };
    assert!(fall("0.25") > fall("1"), "a drawdown is negative");
}
