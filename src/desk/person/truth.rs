//! What a person says about differences from the broker's book: looked up before it is ordered.

use chrono::{DateTime, Utc};

use super::{WishError, over, unknown};
use crate::domain::book::Book;
use crate::domain::finding::{Adoption, Finding};
use crate::domain::ids::FindingId;
use crate::domain::input::Command;
use crate::domain::instrument::{ContractId, InstrumentIx};
use crate::domain::money::{Lots, Points, Price};
use crate::domain::reconcile;
use crate::domain::rules::Rules;

/// Returns the order to change our book as a finding proposes.
pub(super) fn confirm(
    book: &Book,
    (id, price): (FindingId, Option<Price>),
) -> Result<Command, WishError> {
    let finding = open(book, id)?;
    if finding.repair.is_none() {
        let why = "proposes no change of our book: adopt what the broker holds, or dismiss it";
        return Err(over("finding", &id, why));
    }
    Ok(Command::Confirm(id, price))
}

/// Returns the order to say that a finding is none.
pub(super) fn dismiss(book: &Book, id: FindingId) -> Result<Command, WishError> {
    let finding = open(book, id)?;
    if finding.dismissed {
        return Err(over("finding", &id, "was dismissed before"));
    }
    Ok(Command::Dismiss(id))
}

fn open(book: &Book, id: FindingId) -> Result<&Finding, WishError> {
    let finding = book.findings.get(&id);
    let finding = finding.ok_or_else(|| unknown("finding", &id))?;
    if finding.end.is_some() {
        return Err(over("finding", &id, "is over"));
    }
    Ok(finding)
}

/// Returns the order to take in what the broker holds of an instrument beyond our book.
pub(super) fn adopt(
    (book, rules): (&Book, &Rules),
    instrument: InstrumentIx,
    (lots, price, stop): (Lots, Price, Price),
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Command, WishError> {
    let name = rules
        .instruments
        .get(instrument)
        .map_or("?", |one| one.name.as_str());
    let free = reconcile::candidates(book, instrument)
        .into_iter()
        .filter_map(|key| {
            let (direction, beyond) = reconcile::unclaimed(book, rules, (key, now))?;
            Some((key, direction, beyond))
        });
    let free: Vec<_> = free.collect();
    let [(key, direction, beyond)] = free.as_slice() else {
        let why = if free.is_empty() {
            "has nothing at the broker that our book does not hold and that still trades, as far as was seen"
        } else {
            "is held in several contracts at the broker: close all but one first"
        };
        return Err(over("instrument", &name, why));
    };
    if lots > *beyond {
        return Err(WishError::TooMany {
            asked: lots,
            held: *beyond,
        });
    }
    if direction.gain(stop, price) <= Points::ZERO {
        return Err(over(
            "stop",
            &stop,
            "is not on the side of the price that loses",
        ));
    }
    Ok(Command::Adopt(Adoption {
        contract: key.0,
        product: key.1,
        direction: *direction,
        lots,
        price,
        stop,
    }))
}

/// Says no to an exit of what trades no more.
pub(super) fn trades(
    (held, rules, now): (Option<ContractId>, &Rules, DateTime<Utc>),
    (what, id): (&'static str, &impl ToString),
) -> Result<(), WishError> {
    let at = (&rules.calendar, now);
    let gone = held.is_some_and(|contract| rules.instruments.is_over(contract, at));
    let why = "is of a contract that trades no more: the broker settles it, and once its books show \
               that, settle what differs";
    if gone {
        Err(over(what, id, why))
    } else {
        Ok(())
    }
}
