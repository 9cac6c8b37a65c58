//! Does it fit what is already held of the instrument?

use rust_decimal::Decimal;

use super::shown::shown;
use super::{Entry, Judged, compared, plain};
use crate::domain::book::OrderState;
use crate::domain::money::{Money, Points};

/// No order of the instrument is in doubt.
pub(super) fn nothing_uncertain(entry: &Entry<'_>) -> Judged {
    let Some(contract) = entry.contract else {
        return Judged::NotAsked;
    };
    let mut orders = entry.view.book.live_orders();
    plain(!orders.any(|order| {
        order.contract.instrument == contract.instrument && order.state == OrderState::Uncertain
    }))
}

/// Nothing of the instrument is open or working.
pub(super) fn flat(entry: &Entry<'_>) -> Judged {
    let Some(contract) = entry.contract else {
        return Judged::NotAsked;
    };
    let coming = entry
        .view
        .book
        .entries_of(contract.instrument)
        .next()
        .is_some();
    plain(entry.position.is_none() && !coming)
}

/// A position of this direction is open.
pub(super) fn held(entry: &Entry<'_>) -> Judged {
    plain(
        entry
            .position
            .is_some_and(|position| position.direction == entry.direction),
    )
}

/// It was opened by the same source: the broker would net two of them.
pub(super) fn same_source(entry: &Entry<'_>) -> Judged {
    entry.position.map_or(Judged::NotAsked, |position| {
        plain(position.source == entry.source)
    })
}

/// No open leg carries the sender's label already.
pub(super) fn layer_free(entry: &Entry<'_>) -> Judged {
    let Some(position) = entry.position else {
        return Judged::NotAsked;
    };
    let legs = entry.view.book.legs_of(position.id);
    plain(legs.iter().all(|leg| leg.layer != entry.layer))
}

/// The base leg is open.
pub(super) fn base_open(entry: &Entry<'_>) -> Judged {
    match entry.position {
        Some(_) => plain(entry.base_leg.is_some()),
        None => Judged::NotAsked,
    }
}

/// No entry of the instrument is in flight, and it does not change its contract.
pub(super) fn nothing_in_flight(entry: &Entry<'_>) -> Judged {
    let Some(contract) = entry.contract else {
        return Judged::NotAsked;
    };
    let book = entry.view.book;
    let known = book.instruments.get(&contract.instrument);
    let rolls = known
        .and_then(|known| known.roll)
        .is_some_and(|roll| roll.started.is_some());
    plain(!rolls && book.entries_of(contract.instrument).next().is_none())
}

/// There is an add left.
pub(super) fn adds_left(entry: &Entry<'_>) -> Judged {
    let Some(position) = entry.position else {
        return Judged::NotAsked;
    };
    let limit = entry.limits.max_adds;
    let taken = position
        .adds
        .saturating_add(entry.view.book.adds_in_flight(position.id, entry.again));
    compared(taken < limit, Decimal::from(taken), Decimal::from(limit))
}

/// The move from the base's fill is more than its first risk; exactly as much is not more.
pub(super) fn one_r(entry: &Entry<'_>) -> Judged {
    let (Some(position), Some(price)) = (entry.position, entry.price) else {
        return Judged::NotAsked;
    };
    let moved = position.direction.gain(position.base_entry, price);
    let needed = position
        .direction
        .gain(position.base_stop, position.base_entry);
    compared(
        moved > needed && needed > Points::ZERO,
        moved.get(),
        needed.get(),
    )
}

/// The price is far enough from the newest entry, open or closed, in average true ranges.
pub(super) fn spacing(entry: &Entry<'_>) -> Judged {
    let (Some(position), Some(price)) = (entry.position, entry.price) else {
        return Judged::NotAsked;
    };
    let limit = entry.limits.spacing.get();
    let Some(atr) = entry.atr else {
        return Judged::Fail(None, Some(limit), None);
    };
    let moved = position.direction.gain(position.last_entry, price);
    let shown = shown(moved.get(), atr.get());
    compared(moved >= atr.times(entry.limits.spacing), shown, limit)
}

/// What is open of the instrument gains at the signal's price.
pub(super) fn in_profit(entry: &Entry<'_>) -> Judged {
    let (Some(position), Some(price), Some(spec)) = (entry.position, entry.price, entry.spec)
    else {
        return Judged::NotAsked;
    };
    let gain: Money = entry
        .view
        .book
        .legs_of(position.id)
        .iter()
        .map(|leg| {
            leg.direction
                .gain(leg.entry, price)
                .value(leg.lots, spec.point_value)
        })
        .sum();
    compared(gain > Money::ZERO, gain.get(), Decimal::ZERO)
}
