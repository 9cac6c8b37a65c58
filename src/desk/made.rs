//! A batch that was decided: what became true, what is answered, and how both are written.

use chrono::{DateTime, Utc};

use super::{Handled, Submitted};
use crate::domain::book::{Book, Touched};
use crate::domain::fact::Fact;
use crate::domain::ids::SignalId;
use crate::domain::instrument::Instruments;
use crate::journal;
use crate::store::{FactRow, SignalRow, Write};

/// A batch that was decided and not yet written: an answer for each input, in order.
#[derive(Default)]
pub(super) struct Decided {
    pub(super) answers: Vec<Handled>,
    pub(super) fence: Option<i64>,
}

impl Decided {
    /// Returns every fact with the signal it is about.
    pub(super) fn facts<'a>(
        &'a self,
        inputs: &'a [Submitted],
    ) -> impl Iterator<Item = (&'a Fact, Option<SignalId>)> {
        self.answers
            .iter()
            .zip(inputs)
            .flat_map(|(handled, submitted)| {
                handled.facts.iter().map(|fact| (fact, submitted.signal()))
            })
    }
}

/// What was decided, at which moment, and the book that came of it.
pub(super) struct Made {
    pub(super) now: DateTime<Utc>,
    pub(super) decided: Decided,
    pub(super) book: Book,
    pub(super) touched: Touched,
}

/// Facts and verdicts, as they are written.
pub(super) type Lines<'a> = (Vec<FactRow<'a>>, Vec<SignalRow<'a>>);

impl Made {
    /// Returns whether nothing became true.
    pub(super) fn is_empty(&self) -> bool {
        self.decided.answers.iter().all(|one| one.facts.is_empty())
    }

    pub(super) fn rows<'a>(&'a self, inputs: &'a [Submitted], names: &Instruments) -> Lines<'a> {
        let fact = |(fact, signal)| FactRow {
            fact,
            at: self.now,
            signal,
            payload: journal::fact_text(fact, names),
        };
        let answers = self.decided.answers.iter().zip(inputs);
        (
            self.decided.facts(inputs).map(fact).collect(),
            answers
                .filter_map(|(handled, one)| row(handled, one))
                .collect(),
        )
    }

    pub(super) fn write<'a>(&'a self, (facts, signals): &'a Lines<'_>) -> Write<'a> {
        Write {
            now: self.now,
            facts,
            signals,
            book: &self.book,
            touched: &self.touched,
            epoch: self.decided.fence,
        }
    }
}

/// Returns the row of an alert and its answer.
fn row<'a>(handled: &'a Handled, submitted: &'a Submitted) -> Option<SignalRow<'a>> {
    let (arrival, told) = (submitted.arrival.as_ref()?, handled.told.as_ref()?);
    if handled.duplicate {
        return None;
    }
    let (id, source, instrument, moment) = submitted.input.alert()?;
    Some(SignalRow {
        id,
        source,
        received_at: arrival.received_at,
        moment: Some(moment),
        kind: arrival.kind,
        instrument: Some(instrument),
        alert: arrival.key.alert.as_ref().map(|(_, id)| id.as_str()),
        body_hash: arrival.key.body,
        record: &arrival.record,
        verdict: told.verdict,
        code: &told.code,
        status: told.status,
        answer: &told.body,
    })
}
