//! May anything be opened now? Direction, identity, contract, session, state, limits of the day.

use chrono::TimeDelta;
use rust_decimal::Decimal;

use super::{Entry, EntryKind, Judged, compared, plain};
use crate::domain::calendar::Session;
use crate::domain::close::{EodMove, EodState};
use crate::domain::finding::{ELSEWHERE, UNPROVED};
use crate::domain::input::TradingState;
use crate::domain::money::Money;
use crate::domain::order::{Direction, Product};

/// Shorts need a profile that allows them.
pub(super) fn direction(entry: &Entry<'_>) -> Judged {
    plain(entry.direction == Direction::Long || !entry.view.rules.alerts.long_only)
}

/// The profile lets entries of this instrument in.
pub(super) fn enabled(entry: &Entry<'_>) -> Judged {
    plain(entry.limits.enabled)
}

/// The sender's id was not used before for something else.
pub(super) fn id_fresh(entry: &Entry<'_>) -> Judged {
    plain(!entry.id_reused)
}

/// It is not older than the newest accepted signal of its source and instrument.
pub(super) fn in_order(entry: &Entry<'_>) -> Judged {
    let Some(contract) = entry.contract else {
        return Judged::NotAsked;
    };
    let newest = entry
        .view
        .book
        .newest
        .get(&(entry.source, contract.instrument));
    newest.map_or(Judged::Pass(None, None), |newest| {
        plain(entry.moment >= *newest)
    })
}

/// How long after an end-of-day decision an alert still speaks of the same bar.
const SAME_BAR: TimeDelta = TimeDelta::minutes(30);

/// The end of the day has not decided on this bar already.
pub(super) fn eod_undecided(entry: &Entry<'_>) -> Judged {
    match eod_state(entry) {
        Some(_) => plain(eod_decision(entry).is_none()),
        None => Judged::NotAsked,
    }
}

/// Returns the end-of-day decision on the bar that an entry speaks of.
pub(super) fn eod_decision(entry: &Entry<'_>) -> Option<EodState> {
    eod_state(entry).filter(|state| {
        let since = entry.view.now - state.at;
        since >= TimeDelta::zero() && since <= SAME_BAR
    })
}

/// Returns the newest end of a day on which something was done.
fn eod_state(entry: &Entry<'_>) -> Option<EodState> {
    let instrument = entry.contract?.instrument;
    let known = entry.view.book.instruments.get(&instrument)?;
    known.eod.filter(|state| state.does != EodMove::Nothing)
}

/// The contract is known, listed and not expired.
pub(super) fn contract(entry: &Entry<'_>) -> Judged {
    let today = entry.view.today();
    plain(entry.spec.is_some() && entry.contract.is_some_and(|one| !one.is_expired(today)))
}

/// The broker counts nothing of its exchange otherwise than our rules say.
pub(super) fn units(entry: &Entry<'_>) -> Judged {
    let view = entry.view;
    let mut doubted = view.book.instruments.iter().filter(|(ix, known)| {
        let other = view.rules.instruments.get(**ix);
        known.units_doubted && other.is_some_and(|one| one.exchange == entry.instrument.exchange)
    });
    plain(doubted.next().is_none())
}

/// Its exchange trades continuously.
pub(super) fn session(entry: &Entry<'_>) -> Judged {
    let session = entry
        .view
        .rules
        .calendar
        .session_at(entry.instrument.exchange, entry.view.now);
    plain(session == Session::Continuous)
}

/// A position of the day still has time, and so has the contract.
pub(super) fn entry_window(entry: &Entry<'_>) -> Judged {
    let calendar = &entry.view.rules.calendar;
    let instruments = &entry.view.rules.instruments;
    let exit_by = entry
        .contract
        .and_then(|contract| instruments.exit_by(contract, calendar));
    if exit_by.is_some_and(|at| at <= entry.view.now) {
        return plain(false);
    }
    if entry.product != Product::Mis {
        return Judged::NotAsked;
    }
    match calendar.square_off(entry.instrument.exchange, entry.view.today()) {
        Some(window) => plain(entry.view.now < window.entries_until),
        None => Judged::NotAsked,
    }
}

/// Desk and instrument are active. Where a limit alone made the desk reduce, its own gate says so.
pub(super) fn state(entry: &Entry<'_>) -> Judged {
    let book = entry.view.book;
    let desk = if book.desk.limits.reduced && book.desk.flatten.is_none() {
        TradingState::Active
    } else {
        book.desk_state()
    };
    let own = entry
        .contract
        .and_then(|contract| book.instruments.get(&contract.instrument))
        .map_or(TradingState::Active, |known| known.state);
    plain(own.max(desk) == TradingState::Active)
}

/// The entries of its source are not held back.
pub(super) fn source_state(entry: &Entry<'_>) -> Judged {
    plain(entry.view.book.state_of_source(entry.source) == TradingState::Active)
}

/// The stricter profile of its source is known to this process.
pub(super) fn profile_known(entry: &Entry<'_>) -> Judged {
    match entry.profile {
        Some(name) => plain(entry.view.rules.profile == name),
        None => Judged::NotAsked,
    }
}

/// OpenAlgo takes orders by itself: an entry that waits there for a person cannot be called back.
pub(super) fn automatic(entry: &Entry<'_>) -> Judged {
    plain(!entry.view.book.desk.semi_auto)
}

/// OpenAlgo was found ready for real orders, and they reach the broker.
pub(super) fn route(entry: &Entry<'_>) -> Judged {
    let book = entry.view.book;
    plain(book.standing(UNPROVED).is_none() && book.standing(ELSEWHERE).is_none())
}

/// The day's loss is below its limit; breached at equality, and then for the rest of the day.
pub(super) fn daily_loss(entry: &Entry<'_>) -> Judged {
    let desk = &entry.view.book.desk;
    let Some(limit) = desk.loss_limit(entry.view.rules) else {
        return breached(desk.limits.breached);
    };
    let lost = desk.lost_today(entry.equity.marked);
    let most = desk.day_base.percent(limit);
    let below = lost < most || lost <= Money::ZERO;
    compared(below && !desk.limits.breached, lost.get(), most.get())
}

/// The fall from the high water is below its limit; breached at equality, until a person clears it.
pub(super) fn drawdown(entry: &Entry<'_>) -> Judged {
    let desk = &entry.view.book.desk;
    let Some(limit) = entry.view.rules.day.drawdown else {
        return breached(desk.limits.drawdown);
    };
    let fallen = desk.high_water - entry.equity.marked;
    let most = desk.high_water.percent(limit);
    let below = fallen < most || fallen <= Money::ZERO;
    compared(below && !desk.limits.drawdown, fallen.get(), most.get())
}

/// A breach outlives the rule that it was a breach of.
const fn breached(is: bool) -> Judged {
    if is {
        Judged::Fail(None, None, None)
    } else {
        Judged::NotAsked
    }
}

/// There is an entry left for today.
pub(super) fn daily_trades(entry: &Entry<'_>) -> Judged {
    let Some(limit) = entry.view.rules.day.trades else {
        return Judged::NotAsked;
    };
    let in_flight = entry.view.book.bases_in_flight();
    let taken = entry.view.book.desk.day_trades.saturating_add(in_flight);
    compared(taken < limit, Decimal::from(taken), Decimal::from(limit))
}

/// The losing streak is shorter than its limit.
pub(super) fn losing_streak(entry: &Entry<'_>) -> Judged {
    let desk = &entry.view.book.desk;
    let Some(limit) = entry.view.rules.day.losing_streak else {
        return breached(desk.limits.losing_streak);
    };
    let streak = desk.losing_streak;
    let below = streak < limit && !desk.limits.losing_streak;
    compared(below, Decimal::from(streak), Decimal::from(limit))
}

/// The instrument has rested after its last stop.
pub(super) fn cool_down(entry: &Entry<'_>) -> Judged {
    debug_assert!(entry.kind == EntryKind::Base, "adds have their own gates");
    let rest = entry.view.rules.day.cool_down;
    let known = entry
        .contract
        .and_then(|one| entry.view.book.instruments.get(&one.instrument));
    match known.and_then(|known| known.stopped_at) {
        Some(stopped) if !rest.is_zero() => {
            let since = (entry.view.now - stopped).num_seconds();
            let least = rest.num_seconds();
            compared(since >= least, Decimal::from(since), Decimal::from(least))
        }
        _ => Judged::NotAsked,
    }
}
