//! Stories a trader can read, told through the pure core. `README.md` says how to read and write
//! them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a story that cannot be told, or ends otherwise, should stop"
)]

mod broker;
mod coverage;
mod desk;
mod expect;
mod lines;
mod words;
mod world;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use desk::Desk;
use expect::Expected;

/// Gates that were asked: of an add or not, which, and whether it passed.
type Asked = BTreeSet<(bool, &'static str, bool)>;

/// One line of a story with all that is expected of it.
struct Step<'a> {
    /// Where it stands in its file.
    place: usize,
    /// The line, up to its arrow.
    told: &'a str,
    /// What stands behind its arrow and behind those of the lines that follow.
    expected: Vec<&'a str>,
}

fn steps(text: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for (place, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let (told, expected) = match line.split_once("->") {
            Some((told, expected)) => (told.trim(), vec![expected.trim()]),
            None => (line, Vec::new()),
        };
        match steps.last_mut().filter(|_| told.is_empty()) {
            Some(step) => step.expected.extend(expected),
            None => steps.push(Step {
                place,
                told,
                expected,
            }),
        }
    }
    steps
}

/// Tells every story of a file; each that ends otherwise is listed, with its line and its facts.
/// Returns the gates that were asked.
fn tell(file: &str, text: &str) -> Asked {
    let mut asked = Asked::new();
    let mut desk = Desk::new();
    let mut ended: Vec<String> = Vec::new();
    let mut skipping = false;
    for step in steps(text) {
        if step.told.starts_with("story") {
            asked.append(&mut desk.asked);
            (desk, skipping) = (Desk::new(), false);
        } else if !skipping
            && let Err(error) = catch_unwind(AssertUnwindSafe(|| one(&mut desk, &step)))
        {
            let said = error.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| error.downcast_ref::<&str>().copied());
            let (place, facts) = (step.place, &desk.facts);
            ended.push(format!(
                "{file}:{place}: {}\n{facts:#?}",
                said.unwrap_or_default()
            ));
            skipping = true;
        }
    }
    assert!(ended.is_empty(), "{}", ended.join("\n\n"));
    asked.append(&mut desk.asked);
    asked
}

/// Tells one line and checks what is expected of it.
fn one(desk: &mut Desk, step: &Step<'_>) {
    desk.tell(step.told);
    if step.expected.is_empty() {
        return;
    }
    let mut expectation = Expected::of(desk);
    for line in &step.expected {
        expectation.check(line);
    }
    expectation.end();
}

macro_rules! stories {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            tell(
                concat!(stringify!($name), ".txt"),
                include_str!(concat!(stringify!($name), ".txt")),
            );
        })*

        /// Every file of stories.
        const FILES: &[(&str, &str)] = &[$((
            concat!(stringify!($name), ".txt"),
            include_str!(concat!(stringify!($name), ".txt")),
        )),*];
    };
}

stories! {
    sizing
    day_end
    adds
    decision_to_fill
    portfolio
    alerts
    races
    exits
    answers
    second_look
    states
    stops
    gates
    resting
    limits
    units
    broker
    flatten
    sources
    defects
    silver
    clock
    cancels
}
