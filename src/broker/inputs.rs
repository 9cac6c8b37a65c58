//! From the broker's words to the inputs of a decision.

use chrono::{DateTime, Utc};

use super::{Ack, BrokerError, OrderRow, OrderState, Quote, Rows, TradeRow};
use crate::domain::input::{self, CallResult, ReportStatus, SeenOrder};
use crate::domain::money::{Money, Quantity};
use crate::domain::order::{BrokerOrderId, TicketKey};

impl From<Result<Ack, BrokerError>> for CallResult {
    fn from(outcome: Result<Ack, BrokerError>) -> Self {
        match outcome {
            Ok(Ack::Sent(id)) => Self::Sent(id),
            Ok(Ack::Queued { pending }) => Self::Queued(pending),
            Err(BrokerError::NotSent { why, .. }) => Self::NotSent(why.to_string()),
            Err(BrokerError::Refused { text, kind, id, .. }) => {
                Self::Refused(naming(format!("[{}] {text}", kind.word()), id.as_ref()))
            }
            Err(BrokerError::Uncertain { why, id, .. }) => {
                Self::Uncertain(naming(why, id.as_ref()))
            }
        }
    }
}

/// Returns the words of an answer with the name it bore, so that a person can look it up.
fn naming(words: String, id: Option<&BrokerOrderId>) -> String {
    match id {
        Some(id) => format!("{words}; it names {id}"),
        None => words,
    }
}

impl From<&OrderState> for ReportStatus {
    fn from(state: &OrderState) -> Self {
        match state {
            OrderState::Open | OrderState::TriggerPending | OrderState::Unknown(_) => Self::Working,
            OrderState::Complete => Self::Complete,
            OrderState::Rejected => Self::Rejected,
            OrderState::Cancelled => Self::Cancelled,
        }
    }
}

impl Quote {
    /// Returns the quote as read at this moment.
    pub const fn read_at(self, at: DateTime<Utc>) -> input::Quote {
        input::Quote {
            price: self.ltp,
            bid: self.bid,
            ask: self.ask,
            at,
        }
    }
}

impl Rows<TradeRow> {
    /// Returns all that an order has traded so far, and for how much; nothing when a row of the
    /// book could not be read, since it might be one of the order's.
    pub fn traded(&self, order: &BrokerOrderId) -> Option<(Quantity, Money)> {
        let trades = self.rows.iter().filter(|trade| trade.order == *order);
        let sum = |(quantity, value): (Quantity, Money), trade: &TradeRow| {
            (quantity.plus(trade.quantity), value + trade.value)
        };
        self.complete()
            .then(|| trades.fold((Quantity::ZERO, Money::ZERO), sum))
    }
}

impl Rows<OrderRow> {
    /// Returns the orders that may belong to `key`; nothing when the book proves nothing: a row
    /// could not be read, or one that may belong there does not say all that identifies it.
    pub fn seen(&self, key: &TicketKey) -> Option<Vec<SeenOrder>> {
        let ours = self.rows.iter().filter(|row| row.may_be(key));
        let seen: Option<Vec<SeenOrder>> = ours.map(seen).collect();
        seen.filter(|_| self.complete())
    }

    /// Returns the names of the orders that may belong to `key`: what a new order is told apart by.
    pub fn baseline(&self, key: &TicketKey) -> Option<Vec<BrokerOrderId>> {
        let ours = self.rows.iter().filter(|row| row.may_be(key));
        self.complete()
            .then(|| ours.map(|row| row.id.clone()).collect())
    }
}

fn seen(row: &OrderRow) -> Option<SeenOrder> {
    row.exchange?;
    Some(SeenOrder {
        id: row.id.clone(),
        symbol: row.symbol.clone(),
        product: row.product?,
        side: row.side?,
        quantity: row.quantity?,
        pricing: row.pricing,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::broker::openalgo::books;
    use crate::domain::order::{Exchange, Product, Side};

    fn key() -> TicketKey {
        TicketKey {
            symbol: "SBIN".to_owned(),
            exchange: Exchange::Nse,
            product: Product::Mis,
            side: Side::Buy,
        }
    }

    fn orders(rows: &serde_json::Value) -> Rows<OrderRow> {
        let answer = json!({"data": {"orders": rows}});
        books::orders(answer.as_object().unwrap()).unwrap()
    }

    #[test]
    fn a_book_proves_nothing_while_a_row_that_may_be_ours_is_half_read() {
        let whole = json!({"orderid": "1", "symbol": "SBIN", "exchange": "NSE", "product": "MIS", "action": "BUY", "quantity": 10});
        let half = json!({"orderid": "2", "symbol": "SBIN", "exchange": "NSE", "product": "INTRADAY", "action": "BUY", "quantity": 10});
        let foreign = json!({"orderid": "3", "symbol": "TCS", "product": "INTRADAY"});
        let nameless = json!({"symbol": "TCS"});
        let book = |rows| orders(&serde_json::Value::Array(rows));
        let count = |book: Rows<OrderRow>| book.seen(&key()).map(|seen| seen.len());
        assert_eq!(count(book(vec![whole.clone(), foreign.clone()])), Some(1));
        assert_eq!(count(book(vec![whole.clone(), half.clone()])), None);
        assert_eq!(count(book(vec![whole.clone(), nameless.clone()])), None);
        let names = book(vec![whole, half, foreign]).baseline(&key());
        assert_eq!(names.unwrap().len(), 2);
        assert_eq!(book(vec![nameless]).baseline(&key()), None);
    }

    #[test]
    fn trades_are_summed_over_a_book_that_was_read_in_full() {
        let trade = |id: &str, quantity: u32, price: &str| json!({"orderid": id, "symbol": "SBIN", "quantity": quantity, "average_price": price});
        let rows = [
            trade("1", 10, "100.5"),
            trade("2", 7, "1"),
            trade("1", 5, "101"),
        ];
        let answer = json!({"data": rows});
        let mut book = books::trades(answer.as_object().unwrap()).unwrap();
        let one = BrokerOrderId::new("1").unwrap();
        let sum = (Quantity::new(15), Money::rupees(1_510));
        assert_eq!(book.traded(&one), Some(sum));
        book.unreadable.push("row 3".to_owned());
        assert_eq!(book.traded(&one), None);
    }

    #[test]
    fn a_refusal_keeps_its_kind() {
        let refused = crate::broker::openalgo::classify::classify(
            crate::broker::openalgo::classify::Call::Place,
            403,
            br#"{"status":"error","message":"Invalid openalgo apikey"}"#,
        );
        let expected = CallResult::Refused("[key] Invalid openalgo apikey".to_owned());
        assert_eq!(CallResult::from(refused), expected);
    }

    #[test]
    fn an_answer_keeps_the_name_it_bore() {
        let place = |status, body: &str| {
            let call = crate::broker::openalgo::classify::Call::Place;
            let answer = crate::broker::openalgo::classify::classify(call, status, body.as_bytes());
            CallResult::from(answer)
        };
        let uncertain = place(201, r#"{"status":"error","orderid":"B7","message":"odd"}"#);
        let why = "not a success: status 201, \"odd\"; it names B7".to_owned();
        assert_eq!(uncertain, CallResult::Uncertain(why));
        let refused = place(400, r#"{"status":"error","orderid":"B8","message":"no"}"#);
        let why = "[other] no; it names B8".to_owned();
        assert_eq!(refused, CallResult::Refused(why));
    }

    #[test]
    fn an_unknown_word_is_reported_as_working() {
        let unknown = OrderState::Unknown("AMO REQ RECEIVED".to_owned());
        assert_eq!(ReportStatus::from(&unknown), ReportStatus::Working);
        assert_eq!(
            ReportStatus::from(&OrderState::Complete),
            ReportStatus::Complete
        );
    }
}
