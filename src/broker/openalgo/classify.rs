//! What an answer to an order call proves.
//!
//! A pure function over status and body. It says [`BrokerError::Refused`] only where the texts of
//! OpenAlgo leave no other reading, [`BrokerError::NotSent`] only for OpenAlgo's own limiter, and
//! [`BrokerError::Uncertain`] for everything else: a 500 looks the same whether the broker never
//! saw the order or has it already.

use serde_json::{Map, Value};

use super::loose::{self, Row};
use crate::broker::{Ack, BrokerError, NotSent, RefusalKind, TEXT_MAX};
use crate::domain::order::BrokerOrderId;

/// Words some adapters put where the order's name should be.
const PLACEHOLDERS: [&str; 5] = ["ORDER_PLACED", "NONE", "NULL", "NAN", "0"];

/// Statuses of whoever stands in front of OpenAlgo, or that speak of a call under way: it may go on.
const DOES_NOT_END: [u16; 6] = [408, 409, 425, 502, 503, 504];

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub enum Call<'a> {
    /// A new order.
    Place,
    /// The end of this one.
    Cancel(&'a BrokerOrderId),
    /// Other terms for this one.
    Modify(&'a BrokerOrderId),
}

/// Returns what an answer of OpenAlgo proves about the call.
pub fn classify(call: Call<'_>, status: u16, body: &[u8]) -> Result<Ack, BrokerError> {
    let answer = match loose::object(body) {
        Ok(answer) => answer,
        Err(_) if status == 403 && banned(body) => {
            return Err(refused(status, banned_text(), RefusalKind::Banned, None));
        }
        Err(error) => {
            return Err(BrokerError::Uncertain {
                why: format!("status {status} with a body that is no JSON object"),
                id: None,
                answered: false,
                source: Some(error.into()),
            });
        }
    };
    let answer = Answer::read(status, &answer);
    match status {
        200..=299 => answer.yes(call),
        429 => Err(answer.limited()),
        400..=499 => Err(answer.no(call)),
        _ => Err(answer.uncertain("no definite answer")),
    }
}

/// The parts of an answer that carry meaning.
struct Answer<'a> {
    code: u16,
    row: Row<'a>,
    status: Option<&'a str>,
    message: String,
    id: Option<BrokerOrderId>,
}

impl<'a> Answer<'a> {
    fn read(code: u16, answer: &'a Map<String, Value>) -> Self {
        let row = Row(answer);
        let id = row.id("orderid").filter(|id| !placeholder(id));
        Self {
            code,
            row,
            status: row.text("status"),
            message: loose::words(answer.get("message"), TEXT_MAX),
            id,
        }
    }

    /// Judges a 2xx answer: only a name, or the place in the waiting line, is a yes.
    fn yes(self, call: Call<'_>) -> Result<Ack, BrokerError> {
        if self.status != Some("success") {
            return Err(self.uncertain("not a success"));
        }
        let pending = self.row.id("pending_order_id");
        match (call, &self.id, pending) {
            (Call::Place, Some(id), None) => Ok(Ack::Sent(id.clone())),
            (Call::Place, None, Some(pending)) => Ok(Ack::Queued {
                pending: pending.to_string(),
            }),
            (Call::Place, None, None) if nothing_to_do(&self.message) => {
                Err(self.refused(RefusalKind::NothingToDo))
            }
            (Call::Place, None, None) => Err(self.uncertain("a success without an order id")),
            (Call::Place, Some(_), Some(_)) => Err(self.uncertain("both placed and waiting")),
            (Call::Cancel(ours) | Call::Modify(ours), id, None) => {
                Ok(Ack::Sent(id.clone().unwrap_or_else(|| ours.clone())))
            }
            (Call::Cancel(_) | Call::Modify(_), _, Some(_)) => {
                Err(self.uncertain("a change that waits"))
            }
        }
    }

    /// Judges a 429: OpenAlgo's limiter speaks before anything happens, the broker's after.
    fn limited(self) -> BrokerError {
        let ours = self.status.is_none() && limit_text(&self.message);
        if ours || self.row.0.contains_key("retry_after") {
            BrokerError::NotSent {
                why: NotSent::Limited(self.message),
                source: None,
            }
        } else if self.status == Some("error") {
            self.refused(RefusalKind::RateLimit)
        } else {
            self.uncertain("too many requests, it is not said for whom")
        }
    }

    /// Judges any other 4xx: a no, when OpenAlgo itself words it as one.
    fn no(self, call: Call<'_>) -> BrokerError {
        if self.code == 408 || self.code == 409 || self.code == 425 {
            return self.uncertain("a status that does not say whether it was placed");
        }
        let malformed = self.code == 400 && self.message.starts_with("The browser (or proxy) sent");
        let banned = self.row.text("error") == Some("Access Denied");
        match self.status {
            Some("error") => {
                let kind = self.kind(call);
                self.refused(kind)
            }
            Some(_) => self.uncertain("a refusal that calls itself something else"),
            None if malformed => self.refused(RefusalKind::Schema),
            None if banned => self.refused(RefusalKind::Banned),
            None => self.uncertain("a refusal that is not OpenAlgo's"),
        }
    }

    fn kind(&self, call: Call<'_>) -> RefusalKind {
        let text = self.message.to_ascii_lowercase();
        let has = |part: &str| text.contains(part);
        let changes = match call {
            Call::Place => false,
            Call::Cancel(_) | Call::Modify(_) => true,
        };
        match self.code {
            400 if self.schema() => RefusalKind::Schema,
            403 if has("invalid openalgo apikey") => RefusalKind::Key,
            403 if has("semi-auto") => RefusalKind::SemiAuto,
            401 | 403 => RefusalKind::Session,
            404 if self.row.0.contains_key("path") || has("module not found") => {
                RefusalKind::Deployment
            }
            404 if changes => RefusalKind::NoSuchOrder,
            400 if changes && has("status") => RefusalKind::Final,
            _ if has("insufficient") || has("margin") => RefusalKind::Margin,
            _ => RefusalKind::Other,
        }
    }

    /// Returns whether the message is a list of fields and faults, as an object or as text.
    fn schema(&self) -> bool {
        let object = self.row.0.get("message").is_some_and(Value::is_object);
        object || self.message.starts_with("{'") || self.row.0.contains_key("errors")
    }

    fn refused(self, kind: RefusalKind) -> BrokerError {
        refused(self.code, self.message, kind, self.id)
    }

    fn uncertain(self, what: &str) -> BrokerError {
        BrokerError::Uncertain {
            why: format!("{what}: status {}, \"{}\"", self.code, self.message),
            id: self.id,
            answered: !DOES_NOT_END.contains(&self.code),
            source: None,
        }
    }
}

fn refused(code: u16, text: String, kind: RefusalKind, id: Option<BrokerOrderId>) -> BrokerError {
    BrokerError::Refused {
        code,
        text,
        kind,
        id,
    }
}

fn placeholder(id: &BrokerOrderId) -> bool {
    PLACEHOLDERS
        .iter()
        .any(|word| id.as_str().eq_ignore_ascii_case(word))
}

fn nothing_to_do(message: &str) -> bool {
    message.contains("No Action needed") || message.contains("No OpenPosition Found")
}

/// Returns whether a text reads like `10 per 1 second`.
fn limit_text(message: &str) -> bool {
    let words: Vec<&str> = message.split_whitespace().collect();
    let number = |word: &str| word.parse::<u32>().is_ok();
    match words.as_slice() {
        [most, "per", span, unit] => {
            number(most) && number(span) && unit.bytes().all(|byte| byte.is_ascii_alphabetic())
        }
        _ => false,
    }
}

fn banned(body: &[u8]) -> bool {
    body.trim_ascii().starts_with(b"Access Denied")
}

fn banned_text() -> String {
    "access denied: the address is banned".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One word for an outcome, with its kind.
    fn word(call: Call<'_>, status: u16, body: &str) -> String {
        match classify(call, status, body.as_bytes()) {
            Ok(Ack::Sent(id)) => format!("sent {id}"),
            Ok(Ack::Queued { pending }) => format!("queued {pending}"),
            Err(BrokerError::NotSent { .. }) => "not sent".to_owned(),
            Err(BrokerError::Refused { kind, .. }) => format!("refused {}", kind.word()),
            Err(BrokerError::Uncertain { .. }) => "uncertain".to_owned(),
        }
    }

    #[test]
    fn only_a_real_name_acknowledges_an_order() {
        for (body, expected) in [
            (
                r#"{"status":"success","orderid":"26112006802959"}"#,
                "sent 26112006802959",
            ),
            (
                r#"{"status":"success","orderid":1100012345.0}"#,
                "sent 1100012345",
            ),
            (r#"{"status":"success","orderid":null}"#, "uncertain"),
            (r#"{"status":"success","orderid":""}"#, "uncertain"),
            (
                r#"{"status":"success","orderid":"ORDER_PLACED"}"#,
                "uncertain",
            ),
            (r#"{"status":"success","orderid":"None"}"#, "uncertain"),
            (r#"{"status":"success","orderid":0}"#, "uncertain"),
            (r#"{"status":"success","orderid":{"id":"1"}}"#, "uncertain"),
            (r#"{"status":"success"}"#, "uncertain"),
            (r#"{"orderid":"1"}"#, "uncertain"),
            (r#"{"status":"error","orderid":"1"}"#, "uncertain"),
            (
                r#"{"status":"success","mode":"semi_auto","pending_order_id":17}"#,
                "queued 17",
            ),
            (r#"{"status":"success","mode":"semi_auto"}"#, "uncertain"),
            (
                r#"{"status":"success","orderid":"1","pending_order_id":17}"#,
                "uncertain",
            ),
            (
                r#"{"status":"success","message":"Positions Already Matched. No Action needed."}"#,
                "refused nothing_to_do",
            ),
            ("", "uncertain"),
            ("null", "uncertain"),
            ("[]", "uncertain"),
            ("<html>ok</html>", "uncertain"),
            (r#"{"status":"success","orderid":"1""#, "uncertain"),
        ] {
            assert_eq!(word(Call::Place, 200, body), expected, "{body}");
        }
    }

    #[test]
    fn what_may_have_arrived_is_uncertain() {
        let error = r#"{"status":"error","message":"Failed to place order due to internal error"}"#;
        for status in [100, 201, 204, 302, 408, 409, 500, 502, 503, 504, 999] {
            assert_eq!(word(Call::Place, status, error), "uncertain", "{status}");
        }
        for status in [400, 401, 403, 404, 413, 429] {
            assert_eq!(
                word(Call::Place, status, "<html>nginx</html>"),
                "uncertain",
                "{status}"
            );
            assert_eq!(word(Call::Place, status, "{}"), "uncertain", "{status}");
        }
    }

    #[test]
    fn the_two_limits_are_told_apart() {
        for (body, expected) in [
            (r#"{"message": "10 per 1 second"}"#, "not sent"),
            (r#"{"message": "40 per 1 minute"}"#, "not sent"),
            (
                r#"{"status":"error","message":"Rate limit exceeded","retry_after":60}"#,
                "not sent",
            ),
            (
                r#"{"status":"error","message":"Too many requests"}"#,
                "refused rate_limit",
            ),
            (r#"{"message":"Too many requests"}"#, "uncertain"),
        ] {
            assert_eq!(word(Call::Place, 429, body), expected, "{body}");
        }
    }

    #[test]
    fn a_no_is_sorted_by_what_can_be_done_about_it() {
        for (status, message, expected) in [
            (
                400,
                r#""{'quantity': ['Not a valid number.']}""#,
                "refused schema",
            ),
            (
                400,
                r#"{"symbol":["Missing data for required field."]}"#,
                "refused schema",
            ),
            (
                400,
                r#""Insufficient funds. Required: 1""#,
                "refused margin",
            ),
            (400, r#""Market is closed.""#, "refused other"),
            (400, "null", "refused other"),
            (403, r#""Invalid openalgo apikey""#, "refused key"),
            (
                403,
                r#""Incorrect `api_key` or `access_token`.""#,
                "refused session",
            ),
            (
                403,
                r#""Cancel order operation is not allowed in Semi-Auto mode.""#,
                "refused semi_auto",
            ),
            (
                404,
                r#""Broker-specific module not found""#,
                "refused deployment",
            ),
            (404, r#""Symbol NOSUCH not found on NSE""#, "refused other"),
        ] {
            let body = format!(r#"{{"status":"error","message":{message}}}"#);
            assert_eq!(word(Call::Place, status, &body), expected, "{body}");
        }
        assert_eq!(
            word(Call::Place, 403, "Access Denied: Your IP has been banned"),
            "refused banned"
        );
    }

    #[test]
    fn a_cancel_needs_no_name_and_may_be_too_late() {
        let id = BrokerOrderId::new("42").unwrap();
        let cancel = Call::Cancel(&id);
        let error = |text| format!(r#"{{"status":"error","message":"{text}"}}"#);
        assert_eq!(word(cancel, 200, r#"{"status":"success"}"#), "sent 42");
        assert_eq!(
            word(cancel, 404, &error("Order 42 not found")),
            "refused no_such_order"
        );
        assert_eq!(
            word(
                cancel,
                400,
                &error("Cannot cancel order in complete status")
            ),
            "refused final"
        );
        assert_eq!(
            word(cancel, 500, &error("Failed to cancel order: x")),
            "uncertain"
        );
    }

    #[test]
    fn a_refused_order_keeps_the_name_it_was_recorded_under() {
        let body = br#"{"message":"Cannot sell","orderid":"26112046163895","status":"error"}"#;
        let outcome = classify(Call::Place, 400, body);
        let Err(BrokerError::Refused { id, .. }) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(id, BrokerOrderId::new("26112046163895"));
    }

    #[test]
    fn a_refusal_keeps_a_short_text() {
        let body = format!(r#"{{"status":"error","message":"{}"}}"#, "ä".repeat(5000));
        let outcome = classify(Call::Place, 400, body.as_bytes());
        let Err(BrokerError::Refused { text, .. }) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(text.chars().count(), TEXT_MAX);
    }
}
