//! Is the price sane, and is there a stop worth having?

use super::shown::shown;
use super::{Basis, Entry, EntryKind, Judged, compared, plain};
use crate::domain::charges::{ChargeKind, Charges, Traded};
use crate::domain::money::{Money, Points, Ratio};

/// Chart and contract both have fresh prices, where they are different symbols.
pub(super) fn basis(entry: &Entry<'_>) -> Judged {
    match entry.basis {
        Basis::Same => Judged::NotAsked,
        Basis::Shift(by) => Judged::Pass(Some(by.get()), None),
        Basis::Unknown => Judged::Fail(None, None, None),
    }
}

/// The contract has a fresh price.
pub(super) fn fresh(entry: &Entry<'_>) -> Judged {
    match entry.market {
        Some(quote) => Judged::Pass(Some(quote.price.get()), None),
        None => Judged::Fail(None, None, None),
    }
}

/// The market is near the price the sender saw, in percent of that price.
pub(super) fn divergence(entry: &Entry<'_>) -> Judged {
    let (Some(market), Some(price)) = (entry.market, entry.price) else {
        return Judged::NotAsked;
    };
    let limit = match entry.kind {
        EntryKind::Base => entry.view.rules.timing.divergence_base,
        EntryKind::Add => entry.view.rules.timing.divergence_add,
    };
    let apart = market.price.distance(price).times(Ratio::HUNDRED);
    let shown = shown(apart.get(), price.get());
    let most = Points::new(price.get()).times(Ratio::new(limit.get()));
    compared(apart <= most, shown, limit.get())
}

/// A layered entry brings its average true range, where the profile insists.
pub(super) fn atr(entry: &Entry<'_>) -> Judged {
    if entry.layered && entry.view.rules.alerts.require_atr {
        plain(entry.atr.is_some())
    } else {
        Judged::NotAsked
    }
}

/// There is a stop, and it is on the losing side.
pub(super) fn stop(entry: &Entry<'_>) -> Judged {
    match entry.distance() {
        Some(distance) => plain(distance > Points::ZERO),
        None if entry.price.is_none() || entry.spec.is_none() => Judged::NotAsked,
        None => Judged::Fail(None, None, None),
    }
}

/// The stop is neither so near that noise or charges reach it, nor absurdly far.
pub(super) fn stop_distance(entry: &Entry<'_>) -> Judged {
    let (Some(distance), Some(price)) = (entry.distance(), entry.price) else {
        return Judged::NotAsked;
    };
    let rules = &entry.view.rules.sizing;
    let by_atr = entry
        .atr
        .map_or(Points::ZERO, |atr| atr.times(rules.stop_atr_min));
    let least = |charges: Points| by_atr.max(charges.times(rules.stop_charges_min));
    // Most stops are farther away than charges could ever ask: then nobody counts them.
    let charges_max = round_trip(entry, Charges::round_trip_max);
    if charges_max.is_none_or(|charges| distance < least(charges)) {
        let charges = round_trip(entry, Charges::round_trip);
        let least = least(charges.unwrap_or(Points::ZERO));
        if distance < least {
            return compared(false, distance.get(), least.get());
        }
    }
    let most = Points::new(price.get()).times(rules.stop_percent_max.ratio());
    compared(distance <= most, distance.get(), most.get())
}

/// Returns what buying and selling one lot costs, in points.
fn round_trip(entry: &Entry<'_>, cost: fn(&Charges, Traded, Money) -> Money) -> Option<Points> {
    let (price, spec) = entry.price.zip(entry.spec)?;
    let traded = Traded {
        exchange: entry.instrument.exchange,
        kind: ChargeKind::of(entry.instrument.exchange, entry.product),
        side: entry.direction.opening(),
        day: entry.view.today(),
    };
    let value = spec.value_per_lot(price);
    let cost = cost(&entry.view.rules.charges, traded, value);
    cost.in_points(spec.point_value)
}
