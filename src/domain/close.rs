//! What is known of a day's end and of a contract's: end-of-day judgements and rolls.
//!
//! 1. A judgement names its close and its phase, so that no restart makes the same one twice.
//! 2. A roll is a close, then an opening: nothing is opened for what was not closed.

use chrono::{DateTime, Utc};

use super::fact::{Code, words};
use super::gates::Trace;
use super::ids::{FindingId, IntentId, LegId, PositionId, SignalId};
use super::instrument::{ContractId, InstrumentIx};
use super::money::{Money, Price};

/// When a contract's last day is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EodPhase {
    /// The first look, 45 seconds before the close.
    Look,
    /// The second look, 30 seconds before: what both agree on is done.
    Execute,
    /// 15 seconds before: what is not filled is priced anew.
    Marketable,
    /// The close: what is not filled then is given up.
    Close,
}

/// What an end-of-day look leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EodMove {
    /// Nothing.
    Nothing,
    /// A long position where there is none.
    Long,
    /// A short position where there is none.
    Short,
    /// A further leg of what is held.
    Add,
    /// Out of what is held.
    Exit,
}

/// One end-of-day judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EodJudgement {
    /// Of what.
    pub instrument: InstrumentIx,
    /// The close it belongs to.
    pub close: DateTime<Utc>,
    /// Which look.
    pub phase: EodPhase,
    /// What the freshest alert asks for.
    pub would: EodMove,
    /// What is done.
    pub does: EodMove,
    /// Why.
    pub why: Code,
    /// The alert it was made of.
    pub signal: Option<SignalId>,
    /// The goal it led to.
    pub intent: Option<IntentId>,
    /// Every gate, where one said no.
    pub trace: Option<Box<Trace>>,
}

/// The newest end-of-day judgement of an instrument, as the book keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EodState {
    /// The close it belongs to.
    pub close: DateTime<Utc>,
    /// Which look.
    pub phase: EodPhase,
    /// What the first look asked for.
    pub would: EodMove,
    /// What the second look did.
    pub does: EodMove,
    /// The goal that led to.
    pub intent: Option<IntentId>,
    /// When it was made.
    pub at: DateTime<Utc>,
}

/// A change of contract, proposed or under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roll {
    /// Of which position.
    pub position: PositionId,
    /// Out of which contract.
    pub from: ContractId,
    /// Into which.
    pub to: ContractId,
    /// Since when it is under way; nothing while it is only proposed.
    pub started: Option<DateTime<Utc>>,
}

/// What a leg in a new contract takes over from its leg in the old one, shifted by the distance of
/// the two fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carry {
    /// The new leg.
    pub leg: LegId,
    /// The old one.
    pub from: LegId,
    /// Its entry.
    pub entry: Price,
    /// The stop it began with.
    pub first_stop: Price,
    /// Where it gets out.
    pub stop: Price,
    /// The most favourable close since its entry.
    pub best: Price,
    /// What it risked at its entry.
    pub risk: Money,
    /// The fill of the position's newest leg, on the new contract.
    pub last_entry: Price,
}

/// What we say of a contract or its market beside what OpenAlgo says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The name of the finding it becomes, where they differ.
    pub finding: FindingId,
    /// Of what.
    pub contract: ContractId,
    /// About what: `calendar_differs`, `contract_differs`, `lot_differs`, `tick_differs`.
    pub code: Code,
    /// What we say and what OpenAlgo says, where that is not the same.
    pub differs: Option<(String, String)>,
}

words! {
    EodPhase {
        Look = "look", Execute = "execute", Marketable = "marketable", Close = "close",
    }
    EodMove {
        Nothing = "nothing", Long = "long", Short = "short", Add = "add", Exit = "exit",
    }
}

impl EodState {
    /// Returns the state after a further judgement: the first look and what was done stay until the
    /// next close.
    pub fn after(known: Option<Self>, judged: &EodJudgement, at: DateTime<Utc>) -> Self {
        let mut state = known
            .filter(|one| one.close == judged.close)
            .unwrap_or(Self {
                close: judged.close,
                phase: judged.phase,
                would: EodMove::Nothing,
                does: EodMove::Nothing,
                intent: None,
                at,
            });
        state.phase = judged.phase;
        match judged.phase {
            EodPhase::Look => state.would = judged.would,
            EodPhase::Execute => {
                (state.does, state.intent, state.at) = (judged.does, judged.intent, at);
            }
            EodPhase::Marketable | EodPhase::Close => {}
        }
        state
    }
}
