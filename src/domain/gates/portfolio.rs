//! Does it fit the account? Every limit is asked with the lots intended, and passes at equality.

use rust_decimal::Decimal;

use super::entry::fits;
use super::shown::percent_shown;
use super::{Entry, EntryKind, Judged, compared, plain};
use crate::domain::ids::Purpose;
use crate::domain::money::{Lots, Money, Percent, Points, Ratio};
use crate::domain::order::Product;
use crate::domain::rules::QuantityUse;

/// There is equity to measure on.
pub(super) fn equity(entry: &Entry<'_>) -> Judged {
    let equity = entry.equity.limit();
    compared(equity > Money::ZERO, equity.get(), Decimal::ZERO)
}

/// The broker's free cash is known and fresh, where that is asked for.
pub(super) fn cash(entry: &Entry<'_>) -> Judged {
    let rules = entry.view.rules;
    if !rules.portfolio.require_funds {
        return Judged::NotAsked;
    }
    let limit = Decimal::from(rules.timing.funds_age.num_seconds());
    match entry.view.book.desk.funds {
        Some(funds) if funds.available.is_some() => {
            let age = entry.view.now - funds.at;
            compared(
                age <= rules.timing.funds_age,
                Decimal::from(age.num_seconds()),
                limit,
            )
        }
        _ => Judged::Fail(None, Some(limit), None),
    }
}

/// A given quantity is at least one lot; where the profile insists, it is whole lots and all of them
/// fit.
pub(super) fn lot_multiple(entry: &Entry<'_>) -> Judged {
    match (entry.cap, entry.view.rules.alerts.quantity) {
        (None, _) => Judged::NotAsked,
        (Some(_), QuantityUse::Strict) if entry.odd_quantity => plain(false),
        (Some(asked), QuantityUse::Strict) => entry.lots().map_or(Judged::NotAsked, |lots| {
            compared(lots >= asked, lots.decimal(), asked.decimal())
        }),
        (Some(lots), QuantityUse::Cap) => plain(!lots.is_zero()),
    }
}

/// At least one lot fits every constraint.
pub(super) fn size(entry: &Entry<'_>) -> Judged {
    match entry.lots() {
        Some(lots) => compared(!lots.is_zero(), lots.decimal(), Decimal::ONE),
        None => Judged::NotAsked,
    }
}

/// What a limit in percent of the equity compares.
struct Room {
    taken: Money,
    each: Option<Money>,
    limit: Percent,
}

/// Asks a limit in percent of the equity, and names the lots that would have passed.
fn share(entry: &Entry<'_>, room: &Room) -> Judged {
    let (Some(each), Some(lots)) = (room.each, entry.lots()) else {
        return Judged::NotAsked;
    };
    let whole = entry.equity.limit();
    let most = whole.percent(room.limit);
    let after = room.taken + each.times(lots.decimal());
    let shown = percent_shown(after, whole);
    if after <= most {
        Judged::Pass(Some(shown), Some(room.limit.get()))
    } else {
        Judged::Fail(
            Some(shown),
            Some(room.limit.get()),
            fits(most - room.taken, each),
        )
    }
}

/// The risk of the whole book stays within its limit.
pub(super) fn risk(entry: &Entry<'_>) -> Judged {
    let rules = &entry.view.rules.portfolio;
    let limit = match entry.kind {
        EntryKind::Base => rules.risk,
        EntryKind::Add => rules.add_risk,
    };
    share(
        entry,
        &Room {
            taken: entry.exposure.risk,
            each: entry.risk_per_lot(),
            limit,
        },
    )
}

/// The volatility of the whole book stays within its limit.
pub(super) fn volatility(entry: &Entry<'_>) -> Judged {
    let rules = &entry.view.rules.portfolio;
    let limit = match entry.kind {
        EntryKind::Base => rules.volatility,
        EntryKind::Add => rules.add_volatility,
    };
    share(
        entry,
        &Room {
            taken: entry.exposure.volatility,
            each: entry.volatility_per_lot(),
            limit,
        },
    )
}

/// The margin of the whole book stays within its cap.
pub(super) fn margin(entry: &Entry<'_>) -> Judged {
    let taken = entry.exposure.margin_used + entry.exposure.margin_reserved;
    let limit = entry.view.rules.portfolio.margin_cap;
    share(
        entry,
        &Room {
            taken,
            each: Some(entry.margin_per_lot),
            limit,
        },
    )
}

/// The value of the whole book stays within its limit.
pub(super) fn deployed(entry: &Entry<'_>) -> Judged {
    let Some(limit) = entry.view.rules.portfolio.deployed else {
        return Judged::NotAsked;
    };
    share(
        entry,
        &Room {
            taken: entry.exposure.deployed,
            each: entry.value_per_lot(),
            limit,
        },
    )
}

/// What is kept overnight and what is not each stays within its pool.
pub(super) fn pool(entry: &Entry<'_>) -> Judged {
    let limits = &entry.view.rules.portfolio;
    let intraday = entry.exposure.intraday;
    let (limit, taken) = match entry.product {
        Product::Mis => (limits.pool_intraday, intraday),
        Product::Cnc | Product::Nrml => (limits.pool_swing, entry.exposure.deployed - intraday),
    };
    let Some(limit) = limit else {
        return Judged::NotAsked;
    };
    share(
        entry,
        &Room {
            taken,
            each: entry.value_per_lot(),
            limit,
        },
    )
}

/// It does not move too much together with what is held or coming; what is not known does.
pub(super) fn correlation(entry: &Entry<'_>) -> Judged {
    let (Some(limit), Some(contract)) = (entry.view.rules.portfolio.correlation, entry.contract)
    else {
        return Judged::NotAsked;
    };
    let (book, own) = (entry.view.book, contract.instrument);
    let held = book.positions.values().filter(|one| one.is_open());
    let coming = book.open_intents().filter(|one| one.opens());
    let others = held
        .map(|one| one.contract.instrument)
        .chain(coming.map(|one| one.contract.instrument));
    let mut most = Ratio::default();
    for other in others.filter(|other| *other != own) {
        let pair = (own.min(other), own.max(other));
        match book.marks.correlations.get(&pair) {
            Some(known) => most = most.max(*known),
            None => return Judged::Fail(None, Some(limit.get()), None),
        }
    }
    compared(most <= limit, most.get(), limit.get())
}

/// The risk at entry of all legs stays within its share of the starting capital.
pub(super) fn heat(entry: &Entry<'_>) -> Judged {
    let (Some(limit), Some(each), Some(lots)) = (
        entry.view.rules.portfolio.planned_heat,
        entry.risk_per_lot(),
        entry.lots(),
    ) else {
        return Judged::NotAsked;
    };
    let most = entry.view.book.desk.opening.percent(limit);
    let planned = entry.exposure.planned;
    let after = planned + each.times(lots.decimal());
    if after <= most {
        Judged::Pass(Some(after.get()), Some(most.get()))
    } else {
        let fits = fits(most - planned, each);
        Judged::Fail(Some(after.get()), Some(most.get()), fits)
    }
}

/// There is room for one more position.
pub(super) fn positions(entry: &Entry<'_>) -> Judged {
    let Some(limit) = entry.view.rules.portfolio.max_positions else {
        return Judged::NotAsked;
    };
    let held = entry.exposure.positions;
    compared(held < limit, Decimal::from(held), Decimal::from(limit))
}

/// There is room for one more position of the sector.
pub(super) fn sector(entry: &Entry<'_>) -> Judged {
    let Some(limit) = entry.view.rules.portfolio.max_same_sector else {
        return Judged::NotAsked;
    };
    let instruments = &entry.view.rules.instruments;
    let held = entry.view.book.positions_where(|ix| {
        instruments
            .get(ix)
            .is_some_and(|other| other.sector == entry.instrument.sector)
    });
    compared(held < limit, Decimal::from(held), Decimal::from(limit))
}

/// The target pays for the risk.
pub(super) fn reward(entry: &Entry<'_>) -> Judged {
    let (Some(least), Some(target), Some(price), Some(distance)) = (
        entry.view.rules.portfolio.min_reward_risk,
        entry.target,
        entry.price,
        entry.distance(),
    ) else {
        return Judged::NotAsked;
    };
    let reward: Points = entry.direction.gain(price, target);
    let shown = reward
        .get()
        .checked_div(distance.get())
        .unwrap_or_default()
        .round_dp(4);
    compared(reward >= distance.times(least), shown, least.get())
}

/// The value of the entry stays within its limit.
pub(super) fn order_value(entry: &Entry<'_>) -> Judged {
    value_limit(
        entry,
        entry.view.rules.portfolio.max_order_value,
        Money::ZERO,
    )
}

/// There is room for one more goal.
pub(super) fn open_intents(entry: &Entry<'_>) -> Judged {
    let Some(limit) = entry.view.rules.portfolio.max_open_intents else {
        return Judged::NotAsked;
    };
    let pursued = entry.view.book.open_intents();
    let open = pursued
        .filter(|one| one.id.purpose != Purpose::Protective)
        .count();
    let open = u32::try_from(open).unwrap_or(u32::MAX);
    compared(open < limit, Decimal::from(open), Decimal::from(limit))
}

/// The value of everything in flight stays within its limit.
pub(super) fn open_order_value(entry: &Entry<'_>) -> Judged {
    let limit = entry.view.rules.portfolio.max_open_order_value;
    value_limit(entry, limit, entry.exposure.in_flight)
}

fn value_limit(entry: &Entry<'_>, limit: Option<Money>, taken: Money) -> Judged {
    let (Some(most), Some(each), Some(lots)) = (limit, entry.value_per_lot(), entry.lots()) else {
        return Judged::NotAsked;
    };
    let after = taken + each.times(lots.decimal());
    if after <= most {
        Judged::Pass(Some(after.get()), Some(most.get()))
    } else {
        Judged::Fail(
            Some(after.get()),
            Some(most.get()),
            fits(most - taken, each),
        )
    }
}

/// The exchange's freeze quantity does not cut it into too many slices.
pub(super) fn slices(entry: &Entry<'_>) -> Judged {
    let (Some(spec), Some(lots)) = (entry.spec, entry.lots()) else {
        return Judged::NotAsked;
    };
    let each = spec.order_lots_max().get().max(1);
    let count = lots.get().div_ceil(each);
    let limit = entry.view.rules.portfolio.max_slices;
    if count <= limit {
        Judged::Pass(Some(Decimal::from(count)), Some(Decimal::from(limit)))
    } else {
        let most = Lots::new(each.saturating_mul(limit));
        Judged::Fail(
            Some(Decimal::from(count)),
            Some(Decimal::from(limit)),
            Some(most),
        )
    }
}
