//! What a run came to: its trades, its days, its verdicts and its costs.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::domain::charges::ChargeLines;
use crate::domain::fact::ExitReason;
use crate::domain::gates::EntryKind;
use crate::domain::ids::LegId;
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::{Lots, Money, Points, Price};
use crate::domain::order::Direction;

/// One leg from its entry to its end, through every change of contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// The leg it began as.
    pub leg: LegId,
    /// Of what.
    pub instrument: InstrumentIx,
    /// Its contract at the entry.
    pub contract: String,
    /// Which way.
    pub direction: Direction,
    /// Whether it was the base of its position.
    pub base: bool,
    /// The sender's label.
    pub layer: u8,
    /// How many lots.
    pub lots: Lots,
    /// When it was opened.
    pub opened: DateTime<Utc>,
    /// When nothing was left; nothing while it is open.
    pub closed: Option<DateTime<Utc>>,
    /// Its entry.
    pub entry: Price,
    /// Its stop at the entry.
    pub stop: Price,
    /// What it went for, or its last price.
    pub exit: Option<Price>,
    /// What it risked.
    pub risk: Money,
    /// What it gained before charges; what is open at its last price.
    pub gross: Money,
    /// Its charges.
    pub charges: Money,
    /// Why it was closed.
    pub reason: Option<ExitReason>,
    /// How often its contract was changed.
    pub rolls: u32,
    /// The furthest against it, in points of its price; negative.
    pub against: Points,
    /// The furthest for it.
    pub with: Points,
}

/// The end of an exchange day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Which.
    pub day: NaiveDate,
    /// What the account was worth.
    pub equity: Money,
    /// Of that, realised.
    pub realised: Money,
    /// What was at risk.
    pub risk: Money,
    /// What one average true range moves.
    pub volatility: Money,
    /// Margin used.
    pub margin: Money,
    /// Positions open.
    pub positions: u32,
}

/// How the entries of one kind fared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Those that were acted on.
    pub accepted: usize,
    /// Those that were rejected, by the code that was answered.
    pub rejected: BTreeMap<&'static str, usize>,
    /// How often each gate said no, first or not.
    pub gates: BTreeMap<&'static str, usize>,
    /// Those that were accepted and came to nothing, by the reason.
    pub given_up: BTreeMap<&'static str, usize>,
    /// What bound the lots of those that were acted on: how often, and how many lots.
    pub limiters: BTreeMap<&'static str, (usize, u64)>,
}

/// What trading cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// Charges line by line, exact.
    pub lines: ChargeLines,
    /// The same as booked, rounded order by order.
    pub booked: Money,
    /// What fills were worse than the last price.
    pub slippage: Money,
    /// The value of all that was bought and sold.
    pub turnover: Money,
    /// Orders that filled.
    pub orders: usize,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The capital it began with.
    pub capital: Money,
    /// Trades, in the order of their opening.
    pub trades: Vec<Trade>,
    /// Days, in order.
    pub days: Vec<Day>,
    /// Base entries.
    pub entries: Judged,
    /// Adds.
    pub adds: Judged,
    /// Exits that were acted on.
    pub exits: usize,
    /// Exits of what was not held, and other signals that were only written down, by code.
    pub recorded: BTreeMap<&'static str, usize>,
    /// Closed legs by the reason of their last exit, changes of contract aside.
    pub reasons: BTreeMap<&'static str, usize>,
    /// Changes of contract.
    pub rolls: usize,
    /// Limits that were breached, by code.
    pub breaches: BTreeMap<&'static str, usize>,
    /// What it cost.
    pub costs: Costs,
    /// Facts.
    pub facts: u64,
}

impl Trade {
    /// Returns its gain after charges.
    pub fn net(&self) -> Money {
        self.gross - self.charges
    }

    /// Returns its gain in multiples of what it risked.
    pub fn r(&self) -> Option<Decimal> {
        let r = self.net().get().checked_div(self.risk.get());
        r.map(|r| r.round_dp(4))
    }

    /// Returns how far it went against and for it, in multiples of what it risked.
    pub fn excursions(&self) -> Option<(Decimal, Decimal)> {
        let distance = self.direction.gain(self.stop, self.entry).get();
        let of = |points: Points| points.get().checked_div(distance);
        let (against, with) = of(self.against).zip(of(self.with))?;
        Some((against.round_dp(4), with.round_dp(4)))
    }
}

impl Outcome {
    /// Returns how the entries of a kind fared.
    pub const fn judged(&mut self, kind: EntryKind) -> &mut Judged {
        match kind {
            EntryKind::Base => &mut self.entries,
            EntryKind::Add => &mut self.adds,
        }
    }

    /// Returns what the account was worth at its last day's end.
    pub fn equity(&self) -> Money {
        self.days.last().map_or(self.capital, |day| day.equity)
    }

    /// Returns the trades that are over.
    pub fn closed(&self) -> impl Iterator<Item = &Trade> {
        self.trades.iter().filter(|trade| trade.closed.is_some())
    }
}
