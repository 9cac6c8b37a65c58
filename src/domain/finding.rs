//! A difference between our book and the broker's: both versions, what is proposed, how it ended.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::fact::{Code, ExitReason};
use super::ids::FindingId;
use super::instrument::ContractId;
use super::money::{Lots, Price};
use super::order::{BrokerOrderId, Direction, Product};

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Its name.
    pub finding: FindingId,
    /// What kind of difference.
    pub code: Code,
    /// In what, where it is an instrument of ours.
    pub contract: Option<ContractId>,
    /// The symbol, for people.
    pub symbol: String,
    /// How it is carried.
    pub product: Option<Product>,
    /// The broker's order, where it is about one.
    pub order: Option<BrokerOrderId>,
    /// What our book says.
    pub ours: Decimal,
    /// What the broker's says; nothing where it has no row.
    pub theirs: Option<Decimal>,
}

/// Our own journal is not what was written, or the rows are not what it says; nothing new is opened.
pub const JOURNAL: Code = Code("journal_broken");

/// Since the start OpenAlgo was not found ready for real orders: nothing is entered until it is.
pub const UNPROVED: Code = Code("openalgo_unproved");

/// Orders would not reach the broker: OpenAlgo's analyzer is on, or it is the simulator. Nothing
/// leaves, as a fill in a sandbox would make our book say what is not so.
pub const ELSEWHERE: Code = Code("openalgo_elsewhere");

/// OpenAlgo says otherwise about whether, or how long, an exchange trades today.
pub const CALENDAR: Code = Code("calendar_differs");

/// OpenAlgo knows no such contract, or another last day of it.
pub const CONTRACT: Code = Code("contract_differs");

/// OpenAlgo says otherwise about the units in a lot.
pub const LOT: Code = Code("lot_differs");

/// OpenAlgo says otherwise about the smallest step of a price.
pub const TICK: Code = Code("tick_differs");

/// What is told in words and is about no position, order or money: no reading of the broker's books
/// ends it.
const TOLD: [Code; 7] = [JOURNAL, UNPROVED, ELSEWHERE, CALENDAR, CONTRACT, LOT, TICK];

/// What is wrong with our own journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The name of the finding it becomes.
    pub finding: FindingId,
    /// The first fact at which it does not hold; 0 where it is the rows that differ.
    pub seq: i64,
    /// What is wrong, for people.
    pub words: String,
}

/// A change of our book that would end a difference; it never sends an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Which difference.
    pub finding: FindingId,
    /// How many lots our book gives up.
    pub lots: Lots,
    /// At what price.
    pub price: Price,
    /// Where the price is from.
    pub basis: PriceBasis,
    /// What the legs are closed for.
    pub reason: ExitReason,
}

/// Where the price of a repair is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceBasis {
    /// From trades that are not ours and make up exactly what is missing.
    Traded,
    /// The last price seen: nobody knows what it went for.
    Mark,
    /// The stop: no price is known either.
    Stop,
    /// A person said it.
    Person,
}

/// How a difference ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingEnd {
    /// Both books agree again.
    Agreed,
    /// Our book was changed as proposed.
    Repaired,
    /// A person said that it is none; it stays quiet until it changes.
    Dismissed,
    /// It became another difference.
    Changed,
}

/// A difference as the book knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What differs.
    pub drift: Drift,
    /// What is proposed.
    pub repair: Option<Repair>,
    /// When it was found.
    pub found_at: DateTime<Utc>,
    /// Whether a person said that it is none.
    pub dismissed: bool,
    /// How it ended.
    pub end: Option<(FindingEnd, DateTime<Utc>)>,
}

/// A position at the broker that a person takes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// In what.
    pub contract: ContractId,
    /// How it is carried.
    pub product: Product,
    /// Which way it gains.
    pub direction: Direction,
    /// How many lots.
    pub lots: Lots,
    /// The price its gain counts from.
    pub price: Price,
    /// Where it gets out.
    pub stop: Price,
}

impl Drift {
    /// Returns a finding that is told in words.
    pub const fn told(finding: FindingId, code: Code, words: String) -> Self {
        Self {
            finding,
            code,
            contract: None,
            symbol: words,
            product: None,
            order: None,
            ours: Decimal::ZERO,
            theirs: None,
        }
    }

    /// Returns whether it is told in words, and ended by something else than the broker's books.
    pub fn is_told(&self) -> bool {
        TOLD.contains(&self.code)
    }

    /// Returns what differs, for people.
    pub fn words(&self) -> String {
        let (code, symbol) = (self.code.0, &self.symbol);
        if self.is_told() {
            return format!("{code}: {symbol}");
        }
        let theirs = self.theirs.map_or_else(
            || "nothing".to_owned(),
            |theirs| theirs.normalize().to_string(),
        );
        let ours = self.ours.normalize();
        format!("{code} {symbol}: ours {ours}, the broker's {theirs}")
    }
}

impl Finding {
    /// Returns whether it still waits for a person.
    pub const fn is_open(&self) -> bool {
        self.end.is_none() && !self.dismissed
    }
}

impl PriceBasis {
    /// Every one.
    pub const ALL: &'static [Self] = &[Self::Traded, Self::Mark, Self::Stop, Self::Person];

    /// Returns the word used in rows and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Traded => "traded",
            Self::Mark => "mark",
            Self::Stop => "stop",
            Self::Person => "person",
        }
    }
}

impl FindingEnd {
    /// Every one.
    pub const ALL: &'static [Self] =
        &[Self::Agreed, Self::Repaired, Self::Dismissed, Self::Changed];

    /// Returns the word used in rows and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::Repaired => "repaired",
            Self::Dismissed => "dismissed",
            Self::Changed => "changed",
        }
    }
}
