//! What is known of instruments, with the end of a day and of a contract.

use super::text::record;
use crate::domain::book::InstrumentState;
use crate::domain::close::{Carry, EodJudgement, EodState, Roll};

record! {
    InstrumentState {
        state, bar_at, bar_close, atr, stopped_at, units_on, units_doubted, look, eod, roll, late,
    }
    EodState { close, phase, would, does, intent, at }
    EodJudgement { instrument, close, phase, would, does, why, signal, intent, trace }
    Roll { position, from, to, started }
    Carry { leg, from, entry, first_stop, stop, best, risk, last_entry }
}
