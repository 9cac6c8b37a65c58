//! What a sender is told: made once, stored with the decision, repeated word for word.

use serde::{Deserialize, Serialize};

use super::asked::in_words;
use crate::domain::decide::{Answer, answer};
use crate::domain::fact::{Fact, Goal};
use crate::domain::gates::{Judged, Size, Trace};
use crate::domain::ids::SignalId;
use crate::domain::money::Lots;
use crate::store::Verdict;

/// An answer as stored and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The HTTP status.
    pub status: u16,
    /// What the signal came to.
    pub verdict: Verdict,
    /// The stable code; `accepted` when it is acted on.
    pub code: String,
    /// The body, byte for byte.
    pub body: String,
}

#[derive(Serialize)]
struct Body<'a> {
    signal_id: String,
    verdict: &'a str,
    code: &'a str,
    detail: &'a str,
    lots: Option<u32>,
    intent_id: Option<&'a str>,
    intents: &'a [String],
}

impl Told {
    /// Returns an answer as it was stored.
    pub fn stored(status: u16, body: String) -> Self {
        let read: Stored = serde_json::from_str(&body).unwrap_or_default();
        let words = [Verdict::Accepted, Verdict::Rejected, Verdict::Recorded];
        let verdict = words.into_iter().find(|one| one.word() == read.verdict);
        Self {
            status,
            verdict: verdict.unwrap_or(Verdict::Recorded),
            code: read.code,
            body,
        }
    }
}

#[derive(Default, Deserialize)]
struct Stored {
    verdict: String,
    code: String,
}

/// Returns what the sender of a signal is told about the facts of its decision.
pub fn tell(signal: SignalId, facts: &[Fact]) -> Told {
    let (status, verdict, code) = match answer(facts) {
        Some(Answer::Accepted) => (202, Verdict::Accepted, "accepted"),
        Some(Answer::Rejected(code)) => (200, Verdict::Rejected, code.0),
        Some(Answer::Recorded(code)) => (200, Verdict::Recorded, code.0),
        None => (200, Verdict::Recorded, "nothing"),
    };
    let approved: Vec<_> = facts.iter().filter_map(Fact::approval).collect();
    let intents: Vec<String> = approved.iter().map(|one| one.intent.to_string()).collect();
    let lots = approved.iter().find_map(|one| one.lots).map(Lots::get);
    let detail = detail(facts, code);
    let refusal = facts.iter().find_map(Fact::refusal);
    let decided = refusal
        .and_then(|trace| trace.decided)
        .map(|intent| intent.to_string());
    let body = Body {
        signal_id: signal.to_string(),
        verdict: verdict.word(),
        code,
        detail: &detail,
        lots,
        intent_id: intents.first().map(String::as_str).or(decided.as_deref()),
        intents: &intents,
    };
    let body = serde_json::to_string(&body).unwrap_or_else(|_| "{}".to_owned());
    Told {
        status,
        verdict,
        code: code.to_owned(),
        body,
    }
}

/// Returns the reason in words, with its numbers.
fn detail(facts: &[Fact], code: &str) -> String {
    if let Some(approval) = facts.iter().find_map(Fact::approval) {
        return match &approval.goal {
            Goal::Open(goal) => sized(&goal.trace),
            Goal::Close(reason) => format!("exit, reason {}", reason.word()),
        };
    }
    if let Some(trace) = facts.iter().find_map(Fact::refusal) {
        return refused(trace, code);
    }
    match code {
        "already_flat" => "nothing is held".to_owned(),
        "not_held" => "no open leg fits, or none was opened before this alert was made".to_owned(),
        "exit_in_progress" => "an exit of as much is under way".to_owned(),
        "faulted" => "a fault inside the decision; nothing was ordered".to_owned(),
        other => other.replace('_', " "),
    }
}

fn sized(trace: &Trace) -> String {
    match &trace.size {
        Some(Size::Base(size)) => size.to_string(),
        Some(Size::Add(size)) => size.to_string(),
        None => String::new(),
    }
}

/// Returns the first gate that failed, what it compared, what would have passed, and what it asks.
fn refused(trace: &Trace, code: &str) -> String {
    let failed = trace
        .verdicts
        .iter()
        .find_map(|verdict| match verdict.judged {
            Judged::Fail(value, limit, fits) => Some((verdict.gate, (value, limit), fits)),
            Judged::Pass(..) | Judged::NotAsked => None,
        });
    let Some((gate, figures, fits)) = failed else {
        return code.to_owned();
    };
    if let ("eod_already_decided", Some(intent)) = (gate.0, trace.decided) {
        return format!("{code}: intent {intent} is the decision on this bar");
    }
    if gate.0 == "size" {
        return format!("{code}: {}{}", sized(trace), missing(trace));
    }
    let compared = match figures {
        (Some(value), Some(limit)) => {
            format!(": {} against {}", value.normalize(), limit.normalize())
        }
        (Some(value), None) => format!(": {}", value.normalize()),
        (None, Some(limit)) => format!(": unknown against {}", limit.normalize()),
        (None, None) => String::new(),
    };
    let fits = fits.map_or_else(String::new, |fits| {
        format!("; {fits} lots would have passed")
    });
    let asked = in_words(gate.0).map_or_else(String::new, |words| format!(" ({words})"));
    format!("{code}{compared}{fits}{asked}")
}

/// Returns what was missing for one lot.
fn missing(trace: &Trace) -> String {
    match &trace.size {
        Some(Size::Base(size)) => size
            .short_of_one
            .as_ref()
            .map_or_else(String::new, |short| format!("; {short}")),
        Some(Size::Add(size)) => size.missing.map_or_else(String::new, |missing| {
            format!("; {missing} missing for one lot")
        }),
        None => String::new(),
    }
}
