//! The questions an entry must pass: all are asked, all answers are kept, the first that fails is
//! the reason.
//!
//! 1. A gate compares two figures of the [`Entry`] and says so; it changes nothing and never
//!    shrinks an order. Where fewer lots would have passed, it names how many.
//! 2. The order of [`BASE`] and [`ADD`] is the order of the questions in `rules` §6.
//! 3. Only [`approve`] makes an [`Approved`], and only an [`Approved`] makes an entry.

mod entry;
mod portfolio;
mod position;
mod price;
mod shown;
mod standing;

use rust_decimal::Decimal;

pub use entry::{Basis, Entry, EntryKind, Figures, Size, View};

use super::book::Equity;
use super::fact::Code;
use super::ids::IntentId;
use super::input::Quote;
use super::instrument::ContractId;
use super::money::{Lots, Points, Price, Ratio};

/// What a gate found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It passed, with the figures compared.
    Pass(Option<Decimal>, Option<Decimal>),
    /// It failed, with the figures compared and the most lots that would have passed.
    Fail(Option<Decimal>, Option<Decimal>, Option<Lots>),
    /// It could not be asked, because something before it is missing, or is not switched on.
    NotAsked,
}

/// One question and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The question; also the code of a rejection.
    pub gate: Code,
    /// The answer.
    pub judged: Judged,
}

/// A question about an entry.
#[derive(Clone, Copy)]
pub struct Gate {
    /// Its stable, public word.
    pub code: Code,
    /// What it asks.
    pub ask: fn(&Entry<'_>) -> Judged,
}

/// Everything a decision looked at, for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Whether it was judged as a base entry or as an add.
    pub kind: EntryKind,
    /// The source's stricter profile that counted beside the desk's.
    pub profile: Option<String>,
    /// The contract it was judged for.
    pub contract: Option<ContractId>,
    /// The price that was sized, on the contract.
    pub price: Option<Price>,
    /// The stop that was sized, on the contract and its tick.
    pub stop: Option<Price>,
    /// By how much price and stop were shifted from the chart to the contract.
    pub basis: Option<Points>,
    /// The market it was compared with.
    pub market: Option<Quote>,
    /// The average true range that counted.
    pub atr: Option<Points>,
    /// The efficiency ratio that counted; 1 where the signal gave none.
    pub er: Ratio,
    /// The equity that counted.
    pub equity: Equity,
    /// The arithmetic of the size, where it could be done.
    pub size: Option<Size>,
    /// The end-of-day decision that had been made on the same bar.
    pub decided: Option<IntentId>,
    /// Every question with its answer, in order.
    pub verdicts: Vec<Verdict>,
}

/// The proof that an entry passed every gate, with what it passed with.
#[derive(Clone, Debug)]
pub struct Approved {
    figures: Figures,
    trace: Box<Trace>,
}

impl Approved {
    /// Returns what was approved.
    pub const fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Returns whether it passed as a base entry or as an add.
    pub fn kind(&self) -> EntryKind {
        self.trace.kind
    }

    /// Returns the record of the decision.
    pub fn into_trace(self) -> Box<Trace> {
        self.trace
    }
}

/// A rejection: its code and the whole record.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// The first gate that failed; the constraint, where the size was zero.
    pub code: Code,
    /// Everything that was looked at.
    pub trace: Box<Trace>,
}

/// The questions for a base entry, in order.
pub const BASE: &[Gate] = &[
    Gate {
        code: Code("profile_unknown"),
        ask: standing::profile_known,
    },
    Gate {
        code: Code("direction"),
        ask: standing::direction,
    },
    Gate {
        code: Code("instrument_disabled"),
        ask: standing::enabled,
    },
    Gate {
        code: Code("id_reused"),
        ask: standing::id_fresh,
    },
    Gate {
        code: Code("out_of_order"),
        ask: standing::in_order,
    },
    Gate {
        code: Code("eod_already_decided"),
        ask: standing::eod_undecided,
    },
    Gate {
        code: Code("contract_unknown"),
        ask: standing::contract,
    },
    Gate {
        code: Code("units_unproved"),
        ask: standing::units,
    },
    Gate {
        code: Code("session_closed"),
        ask: standing::session,
    },
    Gate {
        code: Code("entry_window"),
        ask: standing::entry_window,
    },
    Gate {
        code: Code("openalgo_unproved"),
        ask: standing::route,
    },
    Gate {
        code: Code("trading_state"),
        ask: standing::state,
    },
    Gate {
        code: Code("source_paused"),
        ask: standing::source_state,
    },
    Gate {
        code: Code("semi_automatic"),
        ask: standing::automatic,
    },
    Gate {
        code: Code("daily_loss"),
        ask: standing::daily_loss,
    },
    Gate {
        code: Code("drawdown"),
        ask: standing::drawdown,
    },
    Gate {
        code: Code("daily_trades"),
        ask: standing::daily_trades,
    },
    Gate {
        code: Code("losing_streak"),
        ask: standing::losing_streak,
    },
    Gate {
        code: Code("cool_down"),
        ask: standing::cool_down,
    },
    Gate {
        code: Code("basis_unknown"),
        ask: price::basis,
    },
    Gate {
        code: Code("price_unknown"),
        ask: price::fresh,
    },
    Gate {
        code: Code("divergence"),
        ask: price::divergence,
    },
    Gate {
        code: Code("uncertain_outstanding"),
        ask: position::nothing_uncertain,
    },
    Gate {
        code: Code("position_open"),
        ask: position::flat,
    },
    Gate {
        code: Code("atr_missing"),
        ask: price::atr,
    },
    Gate {
        code: Code("stop_missing"),
        ask: price::stop,
    },
    Gate {
        code: Code("stop_distance"),
        ask: price::stop_distance,
    },
    Gate {
        code: Code("no_equity"),
        ask: portfolio::equity,
    },
    Gate {
        code: Code("cash_unknown"),
        ask: portfolio::cash,
    },
    Gate {
        code: Code("lot_multiple"),
        ask: portfolio::lot_multiple,
    },
    Gate {
        code: Code("size"),
        ask: portfolio::size,
    },
    Gate {
        code: Code("portfolio_risk"),
        ask: portfolio::risk,
    },
    Gate {
        code: Code("portfolio_volatility"),
        ask: portfolio::volatility,
    },
    Gate {
        code: Code("margin_cap"),
        ask: portfolio::margin,
    },
    Gate {
        code: Code("max_positions"),
        ask: portfolio::positions,
    },
    Gate {
        code: Code("same_sector"),
        ask: portfolio::sector,
    },
    Gate {
        code: Code("correlation"),
        ask: portfolio::correlation,
    },
    Gate {
        code: Code("deployed_capital"),
        ask: portfolio::deployed,
    },
    Gate {
        code: Code("capital_pool"),
        ask: portfolio::pool,
    },
    Gate {
        code: Code("planned_heat"),
        ask: portfolio::heat,
    },
    Gate {
        code: Code("reward_risk"),
        ask: portfolio::reward,
    },
    Gate {
        code: Code("order_value"),
        ask: portfolio::order_value,
    },
    Gate {
        code: Code("open_intents"),
        ask: portfolio::open_intents,
    },
    Gate {
        code: Code("open_order_value"),
        ask: portfolio::open_order_value,
    },
    Gate {
        code: Code("too_many_slices"),
        ask: portfolio::slices,
    },
];

/// The questions for an add, in order.
pub const ADD: &[Gate] = &[
    Gate {
        code: Code("profile_unknown"),
        ask: standing::profile_known,
    },
    Gate {
        code: Code("direction"),
        ask: standing::direction,
    },
    Gate {
        code: Code("instrument_disabled"),
        ask: standing::enabled,
    },
    Gate {
        code: Code("id_reused"),
        ask: standing::id_fresh,
    },
    Gate {
        code: Code("out_of_order"),
        ask: standing::in_order,
    },
    Gate {
        code: Code("eod_already_decided"),
        ask: standing::eod_undecided,
    },
    Gate {
        code: Code("contract_unknown"),
        ask: standing::contract,
    },
    Gate {
        code: Code("units_unproved"),
        ask: standing::units,
    },
    Gate {
        code: Code("session_closed"),
        ask: standing::session,
    },
    Gate {
        code: Code("entry_window"),
        ask: standing::entry_window,
    },
    Gate {
        code: Code("openalgo_unproved"),
        ask: standing::route,
    },
    Gate {
        code: Code("trading_state"),
        ask: standing::state,
    },
    Gate {
        code: Code("source_paused"),
        ask: standing::source_state,
    },
    Gate {
        code: Code("semi_automatic"),
        ask: standing::automatic,
    },
    Gate {
        code: Code("daily_loss"),
        ask: standing::daily_loss,
    },
    Gate {
        code: Code("drawdown"),
        ask: standing::drawdown,
    },
    Gate {
        code: Code("losing_streak"),
        ask: standing::losing_streak,
    },
    Gate {
        code: Code("basis_unknown"),
        ask: price::basis,
    },
    Gate {
        code: Code("price_unknown"),
        ask: price::fresh,
    },
    Gate {
        code: Code("divergence"),
        ask: price::divergence,
    },
    Gate {
        code: Code("uncertain_outstanding"),
        ask: position::nothing_uncertain,
    },
    Gate {
        code: Code("no_position"),
        ask: position::held,
    },
    Gate {
        code: Code("other_source"),
        ask: position::same_source,
    },
    Gate {
        code: Code("layer_taken"),
        ask: position::layer_free,
    },
    Gate {
        code: Code("base_leg_closed"),
        ask: position::base_open,
    },
    Gate {
        code: Code("entry_in_flight"),
        ask: position::nothing_in_flight,
    },
    Gate {
        code: Code("max_pyramids"),
        ask: position::adds_left,
    },
    Gate {
        code: Code("one_r_not_passed"),
        ask: position::one_r,
    },
    Gate {
        code: Code("spacing_too_small"),
        ask: position::spacing,
    },
    Gate {
        code: Code("not_in_profit"),
        ask: position::in_profit,
    },
    Gate {
        code: Code("atr_missing"),
        ask: price::atr,
    },
    Gate {
        code: Code("stop_missing"),
        ask: price::stop,
    },
    Gate {
        code: Code("stop_distance"),
        ask: price::stop_distance,
    },
    Gate {
        code: Code("no_equity"),
        ask: portfolio::equity,
    },
    Gate {
        code: Code("cash_unknown"),
        ask: portfolio::cash,
    },
    Gate {
        code: Code("lot_multiple"),
        ask: portfolio::lot_multiple,
    },
    Gate {
        code: Code("size"),
        ask: portfolio::size,
    },
    Gate {
        code: Code("portfolio_risk"),
        ask: portfolio::risk,
    },
    Gate {
        code: Code("portfolio_volatility"),
        ask: portfolio::volatility,
    },
    Gate {
        code: Code("margin_cap"),
        ask: portfolio::margin,
    },
    Gate {
        code: Code("deployed_capital"),
        ask: portfolio::deployed,
    },
    Gate {
        code: Code("capital_pool"),
        ask: portfolio::pool,
    },
    Gate {
        code: Code("planned_heat"),
        ask: portfolio::heat,
    },
    Gate {
        code: Code("reward_risk"),
        ask: portfolio::reward,
    },
    Gate {
        code: Code("order_value"),
        ask: portfolio::order_value,
    },
    Gate {
        code: Code("open_intents"),
        ask: portfolio::open_intents,
    },
    Gate {
        code: Code("open_order_value"),
        ask: portfolio::open_order_value,
    },
    Gate {
        code: Code("too_many_slices"),
        ask: portfolio::slices,
    },
];

/// Asks every question; returns the proof that all passed, or the first that did not.
///
/// # Errors
///
/// The first gate that failed, with the record of all of them.
pub fn approve(entry: &Entry<'_>) -> Result<Approved, Rejected> {
    let gates = match entry.kind {
        EntryKind::Base => BASE,
        EntryKind::Add => ADD,
    };
    let verdicts: Vec<Verdict> = gates
        .iter()
        .map(|gate| Verdict {
            gate: gate.code,
            judged: (gate.ask)(entry),
        })
        .collect();
    let failed = verdicts
        .iter()
        .find(|verdict| matches!(verdict.judged, Judged::Fail(..)));
    let code = failed.map(|verdict| entry.code_of(verdict.gate));
    let trace = Box::new(Trace {
        kind: entry.kind,
        profile: entry.profile.map(str::to_owned),
        contract: entry.contract,
        price: entry.price,
        stop: entry.stop,
        basis: entry.basis.shift(),
        market: entry.market,
        atr: entry.atr,
        er: entry.er,
        equity: entry.equity,
        size: entry.size,
        decided: standing::eod_decision(entry).and_then(|state| state.intent),
        verdicts,
    });
    match (code, entry.figures()) {
        (None, Some(figures)) => Ok(Approved { figures, trace }),
        (Some(code), _) => Err(Rejected { code, trace }),
        (None, None) => Err(Rejected {
            code: Code("price_unknown"),
            trace,
        }),
    }
}

/// Passes when `condition` holds; there are no figures to show.
const fn plain(condition: bool) -> Judged {
    if condition {
        Judged::Pass(None, None)
    } else {
        Judged::Fail(None, None, None)
    }
}

/// Compares two figures for the record.
const fn compared(passes: bool, value: Decimal, limit: Decimal) -> Judged {
    if passes {
        Judged::Pass(Some(value), Some(limit))
    } else {
        Judged::Fail(Some(value), Some(limit), None)
    }
}
