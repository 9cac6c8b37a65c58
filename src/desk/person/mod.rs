//! What a person orders: found in the book, checked, and submitted as inputs like everything else.
//!
//! 1. Every order has a name behind it and a reason; both become part of the facts.
//! 2. Looking things up here only makes clear answers: what is decided is decided by `decide`.

mod access;
mod truth;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::json;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

pub use access::change_access;

use super::{Desk, DeskError, Keyed, Submitted};
use crate::domain::book::{Book, Leg, Limits, Order, OrderState};
use crate::domain::fact::Fact;
use crate::domain::ids::{Cause, FindingId, IntentId, LegId, OrderId, PositionId};
use crate::domain::input::{
    Command, ExitWhat, Input, Latch, Operator, Scope, Settlement, TradingState,
};
use crate::domain::instrument::{InstrumentIx, Instruments};
use crate::domain::money::{Lots, Money, Percent, Price};
use crate::domain::rules::Rules;
use crate::domain::signal::SourceId;
use crate::domain::stops::tighter;
use crate::journal;

/// The longest reason, in characters: a sentence or two.
const WHY_CHARACTERS_MAX: usize = 500;

/// What a person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Set what may be traded.
    State(Scope, TradingState),
    /// Out of a position: so many lots, the oldest leg first, or all of it.
    ExitPosition(PositionId, Option<Lots>),
    /// Out of a leg.
    ExitLeg(LegId, Option<Lots>),
    /// Out of everything of an instrument, what is coming included.
    ExitInstrument(InstrumentIx),
    /// Out of everything, and nothing in until it is out.
    Flatten,
    /// Let nothing leave; names every leg that loses its guard.
    Freeze(Scope, BTreeSet<LegId>),
    /// Hold the entries of a source back, or no longer.
    Source(SourceId, TradingState),
    /// Give an intent up.
    Cancel(IntentId),
    /// Say what became of an order that nobody answered for, or that the broker's order book does not
    /// show.
    SettleOrder(OrderId, Settlement),
    /// The same, of the order an intent has at work.
    SettleIntent(IntentId, Settlement),
    /// Put money in, or take it out when negative.
    Cash(Money),
    /// Go on under a breached limit of the day, with this one in percent.
    DayLimit(Percent),
    /// Go on after a limit that only a person clears.
    Clear(Latch),
    /// Change our book as a finding proposes, at another price when one is given.
    Confirm(FindingId, Option<Price>),
    /// Say that a finding is none.
    Dismiss(FindingId),
    /// Take in so many lots that the broker holds, at this price and with this stop.
    Adopt(InstrumentIx, Lots, Price, Price),
    /// Change the contract of what is held of an instrument.
    Roll(InstrumentIx),
    /// Put the stop of a leg nearer.
    Stop(LegId, Price),
}

/// Who wants it, and why.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// The name of the token, or of the terminal.
    pub name: &'a str,
    /// The reason.
    pub why: &'a str,
    /// What makes two equal orders two: the name of the request.
    pub request: &'a str,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum WishError {
    /// No reason was given.
    #[error("a reason is needed: say why, in at most {WHY_CHARACTERS_MAX} characters")]
    NoReason,
    /// There is no such thing.
    #[error("there is no {what} {id} that is open or was so lately")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// Under which name.
        id: String,
    },
    /// It is over, or not in a state in which this means anything.
    #[error("{what} {id} {why}")]
    Over {
        /// What it is.
        what: &'static str,
        /// Its name.
        id: String,
        /// Why nothing can be done.
        why: &'static str,
    },
    /// More lots than are held.
    #[error("{asked} lots asked for, {held} are held")]
    TooMany {
        /// What was asked for.
        asked: Lots,
        /// What is there.
        held: Lots,
    },
    /// More money than there is.
    #[error("{asked} asked for, the account has {realised}")]
    TooMuch {
        /// What was asked for.
        asked: Money,
        /// What is there.
        realised: Money,
    },
    /// A limit is breached, and resuming does not say what is to count instead.
    #[error("{0}")]
    Limit(&'static str),
    /// Legs would lose their guard that were not named.
    #[error("name the legs that lose their guard: {}", .0.join(", "))]
    Unguarded(Vec<String>),
    /// The name of a source or token is taken, or nothing of that name counts.
    #[error("{0}")]
    Access(String),
    /// The key was used for another order.
    #[error("the Idempotency-Key was used before for another order")]
    KeyReused,
    /// The desk could not decide.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The stop would be where it is, or farther away.
    #[error("a stop only comes nearer: {asked} asked for, it stands at {stop}")]
    Looser {
        /// What was asked for.
        asked: Price,
        /// Where it is.
        stop: Price,
    },
}

impl WishError {
    /// Returns the stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoReason => "why_missing",
            Self::Unknown { .. } => "not_found",
            Self::Over { .. } => "nothing_to_do",
            Self::TooMany { .. } => "too_many_lots",
            Self::TooMuch { .. } => "too_much_money",
            Self::Limit(_) => "limit_breached",
            Self::Unguarded(_) => "legs_unguarded",
            Self::Access(_) => "no_such_access",
            Self::KeyReused => "key_reused",
            Self::Looser { .. } => "stop_looser",
            Self::Desk(DeskError::Unavailable(_)) => "database_away",
            Self::Desk(DeskError::Busy) => "busy",
            Self::Desk(DeskError::Fenced) => "lease_lost",
            Self::Desk(DeskError::Defect(_)) => "defect",
        }
    }
}

/// Returns what whoever ordered something is answered.
pub fn answer(by: &str, facts: &[Fact], names: &Instruments) -> String {
    let shown: Vec<serde_json::Value> = facts
        .iter()
        .map(|fact| {
            let is = RawValue::from_string(journal::fact_text(fact, names)).ok();
            json!({"fact": journal::kind(fact), "is": is})
        })
        .collect();
    json!({"by": by, "facts": shown}).to_string()
}

/// Does what a person wants under a key of theirs, once; returns the answer, and whether it is the
/// first one again.
///
/// # Errors
///
/// Nothing was done; see [`WishError`].
pub async fn carry_out_once(
    desk: &Desk,
    wish: &Wish,
    by: By<'_>,
    (key, asked): (&str, [u8; 32]),
) -> Result<(String, bool), WishError> {
    let cause = named(desk, &[by.name, "key", key]);
    if let Some(first) = first_answer(desk, cause, asked).await? {
        return Ok((first, true));
    }
    let operator = Operator {
        id: cause,
        ..prepare(desk, wish, by).await?
    };
    let submitted = Submitted {
        input: Input::Operator(Box::new(operator)),
        arrival: None,
        fence: None,
        keyed: Some(Keyed {
            cause,
            asked,
            by: by.name.to_owned(),
        }),
        access: None,
    };
    let handled = desk.handle(submitted).await?;
    if handled.duplicate
        && let Some(first) = first_answer(desk, cause, asked).await?
    {
        return Ok((first, true));
    }
    let answer = answer(by.name, &handled.facts, &desk.rules().instruments);
    Ok((answer, false))
}

async fn first_answer(
    desk: &Desk,
    cause: Cause,
    asked: [u8; 32],
) -> Result<Option<String>, WishError> {
    let known = desk.store().person_order(desk.id(), cause).await;
    match known.map_err(super::classify)? {
        Some(known) if known.asked != asked => Err(WishError::KeyReused),
        known => Ok(known.map(|known| known.answer)),
    }
}

/// Does what a person wants; returns what became true.
pub async fn carry_out(desk: &Desk, wish: &Wish, by: By<'_>) -> Result<Vec<Fact>, WishError> {
    let operator = prepare(desk, wish, by).await?;
    let input = Input::Operator(Box::new(operator));
    let facts = desk.input(input, None).await?;
    if facts.is_empty() && matches!(wish, Wish::DayLimit(_)) {
        return Err(WishError::Limit(
            "more than that is lost already: say a higher limit",
        ));
    }
    if let (true, Wish::Roll(instrument)) = (facts.is_empty(), wish) {
        return Err(not_rolled(desk, *instrument));
    }
    Ok(facts)
}

/// Returns the reason given, when it is one.
fn reason(by: By<'_>) -> Result<&str, WishError> {
    let why = by.why.trim();
    if why.is_empty() || why.chars().count() > WHY_CHARACTERS_MAX {
        return Err(WishError::NoReason);
    }
    Ok(why)
}

/// Finds in the book what a wish comes to.
async fn prepare(desk: &Desk, wish: &Wish, by: By<'_>) -> Result<Operator, WishError> {
    reason(by)?;
    desk.refresh().await?;
    let book = desk.seen().unwrap_or_default();
    let mut book = (*book).clone();
    desk.marks().merge_into(&mut book.marks);
    let order = command((&book, desk.rules()), wish, desk.clock().now())?;
    if let Command::Settle(id, _) = &order {
        refuse_shown(desk, &book, *id)?;
    }
    ordered(desk, order, by)
}

/// Gives an order the name of whoever gave it, and the reason.
fn ordered(desk: &Desk, order: Command, by: By<'_>) -> Result<Operator, WishError> {
    let why = reason(by)?;
    let words = format!("{order:?}");
    Ok(Operator {
        id: named(desk, &[by.name, by.why, by.request, &words]),
        by: by.name.to_owned(),
        why: why.to_owned(),
        order,
    })
}

/// Returns what a freeze comes to, once every leg that loses its guard was named.
fn freeze(book: &Book, scope: Scope, named: &BTreeSet<LegId>) -> Result<Command, WishError> {
    let meant = |leg: &&Leg| match scope {
        Scope::Desk => true,
        Scope::Instrument(ix) => leg.contract.instrument == ix,
        Scope::Source(_) => false,
    };
    let open = book.legs.values().filter(|leg| leg.is_open()).filter(meant);
    let unnamed = open.filter(|leg| !named.contains(&leg.id));
    let unnamed: Vec<String> = unnamed.map(|leg| leg.id.to_string()).collect();
    if unnamed.is_empty() {
        Ok(Command::State(scope, TradingState::Frozen))
    } else {
        Err(WishError::Unguarded(unnamed))
    }
}

/// Returns the name of an order: of the desk and of what tells it from others.
fn named(desk: &Desk, parts: &[&str]) -> Cause {
    let mut hash = Sha256::new();
    hash.update(b"torana operator 1");
    hash.update(desk.id().0.to_be_bytes());
    for text in parts {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        hash.update(length.to_be_bytes());
        hash.update(text);
    }
    let mut bytes = [0; 10];
    for (to, from) in bytes.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    Cause::from_bytes(bytes)
}

/// Returns the command that a wish comes to on a book.
fn command(
    (book, rules): (&Book, &Rules),
    wish: &Wish,
    now: DateTime<Utc>,
) -> Result<Command, WishError> {
    let desk = &book.desk;
    match wish {
        Wish::State(Scope::Desk, TradingState::Active) if desk.limits.any() => {
            Err(WishError::Limit(resume_asks(desk.limits)))
        }
        Wish::State(scope, state) => Ok(Command::State(*scope, *state)),
        Wish::ExitPosition(id, lots) => {
            let asked = exit_position(book, *id, *lots)?;
            let held = book.positions.get(id).map(|position| position.contract);
            truth::trades((held, rules, now), ("position", id)).map(|()| asked)
        }
        Wish::ExitLeg(id, lots) => {
            let leg = open_leg(book, *id)?;
            truth::trades((Some(leg.contract), rules, now), ("leg", id))?;
            exit_leg(leg, *lots)
        }
        Wish::ExitInstrument(ix) => Ok(Command::Exit(ExitWhat::Instrument(*ix), None)),
        Wish::Flatten => Ok(Command::Flatten),
        Wish::Freeze(scope, named) => freeze(book, *scope, named),
        Wish::Source(id, state) => Ok(Command::State(Scope::Source(*id), *state)),
        Wish::Cancel(id) => {
            let intent = book.intents.get(id).ok_or_else(|| unknown("intent", id))?;
            if !intent.is_open() {
                return Err(over("intent", id, "is over"));
            }
            Ok(Command::CancelIntent(*id))
        }
        Wish::Confirm(id, price) => truth::confirm(book, (*id, *price)),
        Wish::Dismiss(id) => truth::dismiss(book, *id),
        Wish::Adopt(instrument, lots, price, stop) => {
            truth::adopt((book, rules), *instrument, (*lots, *price, *stop), now)
        }
        Wish::SettleOrder(id, settlement) => settle(book, *id, settlement),
        Wish::SettleIntent(id, settlement) => {
            let intent = book.intents.get(id).ok_or_else(|| unknown("intent", id))?;
            let order = book.live_order(intent.id);
            let order = order.ok_or_else(|| over("intent", id, "has no order at work"))?;
            settle(book, order.id, settlement)
        }
        Wish::Cash(amount) => {
            let (asked, realised) = (Money::ZERO - *amount, book.desk.realised);
            if asked > realised {
                return Err(WishError::TooMuch { asked, realised });
            }
            Ok(Command::Cash(*amount))
        }
        Wish::DayLimit(_) if !desk.limits.breached => {
            Err(WishError::Limit("the day's loss is not breached"))
        }
        Wish::DayLimit(loss) => Ok(Command::DayLimit(*loss)),
        Wish::Clear(Latch::Drawdown) if !desk.limits.drawdown => {
            Err(WishError::Limit("the drawdown is not breached"))
        }
        Wish::Clear(Latch::LosingStreak) if !desk.limits.losing_streak => {
            Err(WishError::Limit("the losing streak is not breached"))
        }
        Wish::Clear(latch) => Ok(Command::Clear(*latch)),
        Wish::Roll(instrument) => Ok(Command::Roll(*instrument)),
        Wish::Stop(leg, to) => nearer(open_leg(book, *leg)?, *to),
    }
}

/// Returns what resuming has to say under breached limits.
const fn resume_asks(limits: Limits) -> &'static str {
    if limits.breached {
        "the day's loss is breached: say a limit for the rest of the day"
    } else if limits.drawdown {
        "the drawdown is breached: clear drawdown to measure it from here on"
    } else {
        "too many positions lost in a row: clear losing-streak to count anew"
    }
}

fn not_rolled(desk: &Desk, instrument: InstrumentIx) -> WishError {
    let name = desk.rules().instruments.get(instrument);
    let name = name.map_or("?", |one| one.name.as_str()).to_owned();
    over(
        "roll of",
        &name,
        "is not possible: it needs a position whose contract is about to end, an active \
         instrument in continuous trading, and no order of it under way",
    )
}

fn exit_position(book: &Book, id: PositionId, lots: Option<Lots>) -> Result<Command, WishError> {
    let position = book.positions.get(&id);
    let position = position.ok_or_else(|| unknown("position", &id))?;
    if !position.is_open() {
        return Err(over("position", &id, "is closed"));
    }
    let legs = book.legs_of(id);
    let held = legs.iter().fold(Lots::ZERO, |sum, leg| sum.plus(leg.lots));
    match lots {
        Some(asked) if asked > held => Err(WishError::TooMany { asked, held }),
        Some(_) | None => {
            let all = ExitWhat::Instrument(position.contract.instrument);
            Ok(Command::Exit(all, lots))
        }
    }
}

fn open_leg(book: &Book, id: LegId) -> Result<&Leg, WishError> {
    let leg = book.legs.get(&id).ok_or_else(|| unknown("leg", &id))?;
    if leg.is_open() {
        Ok(leg)
    } else {
        Err(over("leg", &id, "is closed"))
    }
}

/// Returns the order to put a stop nearer, when it would be.
fn nearer(leg: &Leg, to: Price) -> Result<Command, WishError> {
    if tighter(leg.direction, leg.stop, to) == leg.stop {
        let (asked, stop) = (to, leg.stop);
        return Err(WishError::Looser { asked, stop });
    }
    Ok(Command::Stop(leg.id, to))
}

fn exit_leg(leg: &Leg, lots: Option<Lots>) -> Result<Command, WishError> {
    match lots {
        Some(asked) if asked > leg.lots => Err(WishError::TooMany {
            asked,
            held: leg.lots,
        }),
        Some(_) | None => Ok(Command::Exit(ExitWhat::Leg(leg.id), lots)),
    }
}

fn settle(book: &Book, id: OrderId, settlement: &Settlement) -> Result<Command, WishError> {
    let order = book.orders.get(&id).ok_or_else(|| unknown("order", &id))?;
    match order.state {
        OrderState::Sent if *settlement != Settlement::NotPlaced => Err(over(
            "order",
            &id,
            "is at the broker under its name already",
        )),
        OrderState::Sent if !order.filled.is_zero() => {
            Err(over("order", &id, "has filled, so it was placed"))
        }
        OrderState::Uncertain | OrderState::Queued | OrderState::Sent => {
            Ok(Command::Settle(id, settlement.clone()))
        }
        OrderState::Wanted | OrderState::Sending { .. } | OrderState::Closed(_) => {
            Err(over("order", &id, "is neither uncertain nor queued"))
        }
    }
}

/// Refuses to settle an order that the broker has taken, unless its order book does not show it.
fn refuse_shown(desk: &Desk, book: &Book, id: OrderId) -> Result<(), WishError> {
    let sent = |order: &Order| order.state == OrderState::Sent;
    if book.orders.get(&id).is_some_and(sent) && !desk.unseen().has(id) {
        let why = "is at the broker: the order book shows it, or was not read since it was sent \
                   by the process that sends";
        return Err(over("order", &id, why));
    }
    Ok(())
}

fn unknown(what: &'static str, id: &impl ToString) -> WishError {
    WishError::Unknown {
        what,
        id: id.to_string(),
    }
}

fn over(what: &'static str, id: &impl ToString, why: &'static str) -> WishError {
    WishError::Over {
        what,
        id: id.to_string(),
        why,
    }
}
