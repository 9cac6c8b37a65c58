//! What the broker holds and our book does not: all that may be adopted.

use chrono::{DateTime, Utc};
use rust_decimal::prelude::ToPrimitive as _;

use super::compare::{about, ours, per_lot};
use crate::domain::book::{Asked, Book};
use crate::domain::broker_book::NetKey;
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::{Lots, Quantity};
use crate::domain::order::Direction;
use crate::domain::rules::Rules;

/// Returns the whole lots that the broker holds beyond our book, and which way: by a row read
/// within the age limit, else by an open finding. Nothing is beyond our book when ours is larger, and
/// nothing that trades no more: nobody could sell it, and the broker settles it by itself.
pub fn unclaimed(
    book: &Book,
    rules: &Rules,
    (key, now): (NetKey, DateTime<Utc>),
) -> Option<(Direction, Lots)> {
    if rules.instruments.is_over(key.0, (&rules.calendar, now)) {
        return None;
    }
    let per_lot = per_lot(rules, (key.0, now))?;
    let asked = Asked {
        now,
        age_max: rules.reconcile.net_age,
        per_lot,
    };
    let found = || about(book, key)?.drift.theirs?.to_i64();
    let theirs = book.net_at_broker(key, asked).or_else(found)?;
    let ours = ours(book, rules, (key, now))?;
    let direction = if theirs >= 0 {
        Direction::Long
    } else {
        Direction::Short
    };
    // what we hold the other way is not given back by taking in more
    let same_way = ours.signum() * theirs.signum() >= 0;
    let beyond = theirs.abs().checked_sub(ours.abs())?;
    let beyond = Quantity::new(u64::try_from(beyond).unwrap_or(0));
    let lots = beyond.lots(per_lot).0;
    (same_way && !lots.is_zero()).then_some((direction, lots))
}

/// Returns every contract of an instrument that the broker may hold beyond our book.
pub fn candidates(book: &Book, instrument: InstrumentIx) -> Vec<NetKey> {
    let rows = book.marks.nets.keys().copied();
    let findings = book.findings.values().filter(|one| one.end.is_none());
    let found = findings.filter_map(|one| Some((one.drift.contract?, one.drift.product?)));
    let mut keys: Vec<NetKey> = rows
        .chain(found)
        .filter(|key| key.0.instrument == instrument)
        .collect();
    keys.sort();
    keys.dedup();
    keys
}
