//! Faults inside decisions, by what they were about: the same one is written once in a while.
//!
//! A price that a decision cannot take comes again with every tick, and so does the passing of time.
//! The first fault is a fact and stops what enters; the same again within [`PERIOD`] is one only
//! where a person has let trading go on meanwhile. A signal, and a person's order, always has its own.

use core::mem::{Discriminant, discriminant};
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::domain::input::{Input, TradingState};
use crate::domain::instrument::ContractId;

/// How long the same fault is not written again.
const PERIOD: Duration = Duration::from_mins(10);

/// What a fault was about.
type Cause = (Discriminant<Input>, Option<ContractId>);

/// The faults that were written lately.
#[derive(Default)]
pub(super) struct Faults(Mutex<Vec<(Cause, Instant)>>);

impl Faults {
    /// Returns whether a fault was written lately and need not be said again.
    pub(super) fn is_known(&self, input: &Input, state: TradingState) -> bool {
        let Some(cause) = cause(input) else {
            return false;
        };
        let mut written = self.written();
        written.retain(|(_, at)| at.elapsed() < PERIOD);
        state != TradingState::Active && written.iter().any(|(known, _)| *known == cause)
    }

    /// Notes that a fault was written.
    pub(super) fn wrote(&self, input: &Input) {
        if let Some(cause) = cause(input) {
            let mut written = self.written();
            written.retain(|(known, _)| *known != cause);
            written.push((cause, Instant::now()));
        }
    }

    fn written(&self) -> MutexGuard<'_, Vec<(Cause, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what an input that comes by itself is about; nothing for a signal or a person's order.
fn cause(input: &Input) -> Option<Cause> {
    let asked = matches!(input, Input::Operator(_)) || input.alert().is_some();
    let contract = if let Input::Tick(tick) = input {
        Some(tick.contract)
    } else {
        None
    };
    (!asked).then(|| (discriminant(input), contract))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_fault_is_known_while_nothing_enters_and_a_signals_never_is() {
        let faults = Faults::default();
        let (reducing, active) = (TradingState::Reducing, TradingState::Active);
        assert!(!faults.is_known(&Input::Time, reducing));
        faults.wrote(&Input::Time);
        assert!(faults.is_known(&Input::Time, reducing));
        assert!(!faults.is_known(&Input::Time, active));
        assert!(!faults.is_known(&Input::SemiAuto(true), reducing));
        assert!(cause(&Input::Time).is_some());
    }
}
