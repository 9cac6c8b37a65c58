//! What of the book itself a person should know when asking how we are.

use crate::domain::book::Book;
use crate::domain::finding::{ELSEWHERE, JOURNAL};
use crate::domain::reconcile::{EQUITY, FOREIGN};
use crate::domain::rules::Rules;

/// What OpenAlgo's semi-automatic mode means, in words.
const SEMI_AUTO: &str = "openalgo: semi-automatic mode: orders wait there for a person, nothing can be cancelled, a flatten cannot work";

/// Returns what is out of order in the book, a sentence each.
pub fn worries(book: &Book, rules: &Rules) -> Vec<String> {
    let mut why = Vec::new();
    if book.desk.semi_auto {
        why.push(SEMI_AUTO.to_owned());
    }
    why.extend(told(book, rules));
    if book.desk.flatten.is_some() {
        why.push("desk: everything is being taken out; nothing enters".to_owned());
    }
    let harmless = [EQUITY, FOREIGN];
    let grave = book
        .findings
        .values()
        .filter(|one| one.is_open() && !one.drift.is_told() && !harmless.contains(&one.drift.code));
    let grave = grave.count();
    if grave > 0 {
        why.push(format!(
            "book: {grave} differences from the broker's wait for a person"
        ));
    }
    why
}

/// Returns what is wrong with our own journal, with the way of orders and with what we know of the
/// market, in words.
fn told(book: &Book, rules: &Rules) -> Vec<String> {
    let all = book.findings.values();
    let open = all.filter(|one| one.drift.is_told() && one.end.is_none());
    let words = open.filter_map(|one| {
        let words = &one.drift.symbol;
        let of = one.drift.contract.map(|one| one.instrument);
        let instrument = of.and_then(|ix| rules.instruments.get(ix));
        match (one.drift.code, instrument) {
            (JOURNAL, _) if one.dismissed => None,
            (JOURNAL, _) => Some(format!("journal: {words}; nothing new is opened")),
            (ELSEWHERE, _) => Some(format!("openalgo: {words}; nothing leaves")),
            (_, None) => Some(format!("openalgo: {words}; nothing is entered")),
            (_, Some(_)) if one.dismissed => None,
            (code, Some(instrument)) => Some(format!("{}: {}: {words}", instrument.name, code.0)),
        }
    });
    words.collect()
}
