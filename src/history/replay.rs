//! The alerts that really came, through other rules.
//!
//! 1. Each begins flat, with the money the desk had: what was held then is left out.
//! 2. The prices are those of the alerts; between two of them the last one stands.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::outcome::Outcome;
use super::prepare::{Traded, prepare};
use super::signals::Excursions;
use super::tally::Tally;
use super::world::{Seen, Start, World};
use crate::domain::fact::{Fact, Goal};
use crate::domain::ids::SignalId;
use crate::domain::input::Input;
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::{Lots, Money, Price};
use crate::domain::rules::Rules;

/// An alert that came.
#[derive(Clone, Debug)]
pub struct Came {
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// What it was.
    pub input: Input,
    /// Its name.
    pub id: SignalId,
    /// Of what.
    pub instrument: InstrumentIx,
    /// The price it named.
    pub price: Option<Price>,
}

/// What an alert came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// `accepted`, or the code of a rejection or a record.
    pub code: &'static str,
    /// The lots that were decided on.
    pub lots: Option<Lots>,
}

/// What alerts came to, each and together.
pub struct Replayed {
    /// Each.
    pub decided: BTreeMap<SignalId, Decided>,
    /// Together.
    pub outcome: Outcome,
}

/// Sends alerts through rules, in the order in which they came.
pub fn replay(rules: &Rules, came: &[Came], capital: Money) -> Replayed {
    let exchange = |instrument| rules.instruments.get(instrument).map(|one| one.exchange);
    let traded: Traded = came
        .iter()
        .filter(|one| one.price.is_some())
        .filter_map(|one| Some((exchange(one.instrument)?, one.at)))
        .collect();
    let rules = prepare(rules.clone(), &traded, false).rules;
    let decided = RefCell::new(BTreeMap::new());
    let outcome = came.first().map_or_else(Outcome::default, |first| {
        let start = Start {
            capital,
            at: first.at,
            slippage: Decimal::ONE,
            barred: BTreeSet::new(),
        };
        let listener = |fact: &Fact, _: Seen<'_>| note(&mut decided.borrow_mut(), fact);
        let tally = Tally::told(capital, Some(Box::new(listener)));
        let mut world = World::new(&rules, start, tally);
        for one in came {
            world.pass(one.at);
            if let Some(price) = one.price {
                world.mark(one.instrument, price);
            }
            world.take(&one.input);
        }
        let (tally, left) = world.end();
        tally.finish(left.seen(&rules), &Excursions::new())
    });
    Replayed {
        decided: decided.into_inner(),
        outcome,
    }
}

fn note(decided: &mut BTreeMap<SignalId, Decided>, fact: &Fact) {
    if let Fact::SignalAccepted { signal, .. } = fact {
        decided.entry(*signal).or_default().code = "accepted";
    } else if let Fact::SignalRejected { signal, code, .. }
    | Fact::SignalRecorded { signal, code } = fact
    {
        decided.entry(*signal).or_default().code = code.0;
    } else if let Fact::IntentApproved(approval) = fact
        && let (Some(signal), Goal::Open(_)) = (approval.signal, &approval.goal)
    {
        decided.entry(signal).or_default().lots = approval.lots;
    }
}
