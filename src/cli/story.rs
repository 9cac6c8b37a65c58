//! Facts as a story: when, of what, and what became true, a sentence each.
//!
//! Ids are for programs. A reader follows a leg by its instrument, side and layer, and an order by
//! what it is for; only signals keep their id, by which `torana signals ID` shows the whole decision.

use core::fmt::Write as _;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;

use super::explain;
use super::out::time_of_day;
use crate::app::Opened;
use crate::desk::words::sentence;
use crate::domain::calendar::{exchange_day, ist};
use crate::domain::ids::OrderId;
use crate::domain::instrument::Instruments;
use crate::journal;
use crate::store::StoreError;
use crate::store::views::{Fact, GoalName, SignalName};

/// The width of what a fact is of: wider names push their own line only.
const SUBJECT_WIDTH: usize = 26;

/// Tells facts.
pub struct Story<'a> {
    instruments: &'a Instruments,
    /// What goals, legs and signals are of, by their ids.
    subjects: BTreeMap<String, String>,
    /// What signals are, by their ids.
    kinds: BTreeMap<String, String>,
}

impl<'a> Story<'a> {
    /// Returns who can tell these facts.
    pub(super) async fn of(opened: &'a Opened, facts: &[Fact]) -> Result<Self, StoreError> {
        let ids = |of: fn(&Fact) -> Option<&String>| facts.iter().filter_map(of).cloned().collect();
        let goals: Vec<String> = ids(|fact| fact.intent_id.as_ref());
        let legs: Vec<String> = ids(|fact| fact.leg_id.as_ref());
        let named = opened
            .store
            .view_goal_names(opened.desk, &goals, &legs)
            .await?;
        let signals = ids(|fact| fact.signal_id.as_ref());
        let asked = opened
            .store
            .view_signal_names(opened.desk, &signals)
            .await?;
        Ok(Self::naming(&opened.config.rules.instruments, named, asked))
    }

    /// Returns who tells of these goals and signals by their names.
    pub fn naming(
        instruments: &'a Instruments,
        named: Vec<GoalName>,
        asked: Vec<SignalName>,
    ) -> Self {
        let (mut subjects, mut kinds) = (BTreeMap::new(), BTreeMap::new());
        for signal in asked {
            subjects.extend(signal.instrument.map(|name| (signal.id.clone(), name)));
            kinds.insert(signal.id, signal.kind);
        }
        for GoalName {
            id,
            leg,
            instrument,
            direction,
            layer,
        } in named
        {
            let layer = layer.map_or_else(String::new, |layer| format!(" {layer}"));
            let subject = format!("{instrument} {direction}{layer}");
            subjects.insert(id, subject.clone());
            subjects.insert(leg, subject);
        }
        Self {
            instruments,
            subjects,
            kinds,
        }
    }

    /// Returns the facts in lines, each day under its date; what is said again and again is said
    /// once, and how often.
    pub fn text(&self, facts: &[Fact]) -> String {
        let mut out = String::new();
        let mut day: Option<NaiveDate> = None;
        let mut rest = facts;
        while let Some((fact, after)) = rest.split_first() {
            let today = exchange_day(fact.at);
            if day.replace(today) != Some(today) {
                // writing to a String cannot fail
                let _written = writeln!(out, "{}", ist(fact.at).format("%A, %-d %B %Y"));
            }
            out.push_str(&self.line(fact));
            let said = self.said(fact);
            let again = after.iter().take_while(|next| {
                said.is_some() && exchange_day(next.at) == today && self.said(next) == said
            });
            let again = again.count();
            rest = after.get(again..).unwrap_or_default();
            match after.get(..again) {
                Some([same]) => out.push_str(&self.line(same)),
                Some([.., last]) => {
                    let until = time_of_day(last.at);
                    let _written =
                        writeln!(out, "        the same {again} times more, until {until}");
                }
                Some([]) | None => {}
            }
        }
        out
    }

    fn line(&self, fact: &Fact) -> String {
        let Some((subject, said)) = self.said(fact) else {
            // of a later version, or of an instrument that is gone: as it was written
            let is = fact.is.as_ref().map_or("", |is| is.get());
            return explain::line(&fact.kind, is, (fact.seq, fact.at));
        };
        let clock = time_of_day(fact.at);
        format!(
            "{:>6}  {clock}  {subject:<SUBJECT_WIDTH$}  {said}\n",
            fact.seq
        )
    }

    /// Returns of what a fact is and what it says, where it can be read.
    fn said(&self, fact: &Fact) -> Option<(&str, String)> {
        let is = fact.is.as_ref().map_or("", |is| is.get());
        let read = journal::read_fact(&fact.kind, is, self.instruments).ok()?;
        let mut said = without_ids(&sentence(&read, self.instruments), fact);
        for (id, subject) in &self.subjects {
            // a goal and its orders are named after a leg, and keep the name they are asked for by
            let is_leg = !id.contains('/') && !said.contains(&format!("{id}/"));
            if is_leg && fact.signal_id.as_ref() != Some(id) && said.contains(id.as_str()) {
                said = said.replace(id.as_str(), subject);
            }
        }
        let kind = fact.signal_id.as_ref().and_then(|id| self.kinds.get(id));
        if let Some(kind) = kind.filter(|_| said.starts_with("signal ")) {
            said = format!("{kind} {said}");
        }
        if let Some(figures) = arithmetic(is) {
            said = format!("{said}; {figures}");
        }
        let subject = [&fact.intent_id, &fact.leg_id, &fact.signal_id];
        let mut subjects = subject.into_iter().flatten();
        let subject = subjects.find_map(|id| self.subjects.get(id));
        Some((subject.map_or("", String::as_str), said))
    }
}

/// Returns the sentence with words in the place of ids: its line says of what it is.
fn without_ids(sentence: &str, fact: &Fact) -> String {
    let mut said = sentence.to_owned();
    if let Some(order) = &fact.order_id {
        let parsed: Option<OrderId> = order.parse().ok();
        if let Some(parsed) = parsed {
            let words = format!("{} order {}", parsed.intent.purpose.word(), parsed.number);
            said = said.replace(&format!("order {order}"), &words);
        }
    }
    if let Some(intent) = &fact.intent_id {
        let purpose = intent.split('/').nth(1).unwrap_or("intent");
        said = said.replace(&format!("intent {intent}"), purpose);
        said = said.replace(intent, purpose);
    }
    if let Some(leg) = &fact.leg_id {
        said = said.replace(&format!("leg {leg}"), "leg");
    }
    said
}

/// Returns the figures of a decision: how the size came about, or the gate that said no.
fn arithmetic(is: &str) -> Option<String> {
    let read: Value = serde_json::from_str(is).ok()?;
    let trace = explain::trace_of(&read)?;
    let verdicts = trace.get("verdicts").and_then(Value::as_array);
    let failed = verdicts
        .into_iter()
        .flatten()
        .find(|gate| gate.get("pass") == Some(&Value::Bool(false)));
    if let Some(failed) = failed {
        let shown = |key: &str| failed.get(key).map(explain::plain);
        let (value, limit) = (shown("value")?, shown("limit")?);
        return Some(format!("{value} against {limit}"));
    }
    let says = trace.get("size").and_then(|size| size.get("says"))?;
    Some(explain::plain(says))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn fact(order: &str) -> Fact {
        let intent = order.rsplit_once('/').map(|(intent, _)| intent.to_owned());
        Fact {
            seq: 1,
            at: DateTime::UNIX_EPOCH,
            kind: "filled".to_owned(),
            signal_id: None,
            intent_id: intent,
            order_id: Some(order.to_owned()),
            leg_id: Some("niezop4wdhtkcanp".to_owned()),
            is: None,
            hash: String::new(),
        }
    }

    #[test]
    fn a_sentence_is_told_without_ids() {
        let fact = fact("niezop4wdhtkcanp/entry/1");
        for (said, told) in [
            (
                "order niezop4wdhtkcanp/entry/1 filled 4",
                "entry order 1 filled 4",
            ),
            ("intent niezop4wdhtkcanp/entry closed", "entry closed"),
            ("leg niezop4wdhtkcanp opened", "leg opened"),
        ] {
            assert_eq!(without_ids(said, &fact), told);
        }
    }

    #[test]
    fn a_decision_tells_its_size_or_the_gate_that_said_no() {
        let sized = r#"{"goal":{"open":{"trace":{"size":{"says":"4 lots = min(4, 9, 28)"},"verdicts":[{"gate":"age","pass":true}]}}}}"#;
        assert_eq!(arithmetic(sized).as_deref(), Some("4 lots = min(4, 9, 28)"));
        let refused = r#"{"trace":{"verdicts":[{"gate":"portfolio_risk","pass":false,"value":"15.2","limit":"15"}]}}"#;
        let why = arithmetic(refused);
        assert_eq!(why.as_deref(), Some("15.2 against 15"));
        let plain = r#"{"trace":{"verdicts":[{"gate":"no_position","pass":false}]}}"#;
        assert_eq!(arithmetic(plain), None);
        assert_eq!(arithmetic("{}"), None);
    }
}
