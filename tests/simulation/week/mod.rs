//! A scripted week on paper, to the paisa and in words.
//!
//! `script.txt` says what happens when: prices and bars, alerts, what a person orders, a locked
//! market, an outage, a price that was never traded. Courier and monitor do what they do on paper,
//! second by second while an order is under way. At the end our account is the simulator's, and the
//! journal reads as `told.txt`.

mod desk;

use std::path::PathBuf;

use desk::Week;

const SCRIPT: &str = include_str!("script.txt");

#[test]
fn a_scripted_week_ends_with_one_account_on_both_sides_and_reads_as_a_story() {
    let mut week = Week::new();
    let lines = SCRIPT.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        week.does(line);
    }
    week.compare();
    let place = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/simulation/week/told.txt");
    let told = week.story();
    if std::env::var_os("TORANA_TELL_ANEW").is_some() {
        std::fs::write(&place, &told).unwrap();
    }
    let known = std::fs::read_to_string(&place).unwrap_or_default();
    assert!(
        told == known,
        "the week reads otherwise than {} (TORANA_TELL_ANEW=1 writes it down):\n{told}",
        place.display()
    );
}
