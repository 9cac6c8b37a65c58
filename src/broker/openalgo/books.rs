//! The order, trade and position books, row by row.
//!
//! A row is strict about what identifies it (an id, a symbol, a quantity that moved) and leaves the
//! rest open. A row that cannot be read is counted, so that nobody takes its absence for a proof.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::loose::Row;
use crate::broker::{OrderRow, OrderState, PositionRow, ReadError, Rows, TradeRow};
use crate::domain::money::{MONEY_MAX, Money, Price, Quantity};
use crate::domain::order::Pricing;

/// OpenAlgo rounds live prices to the paisa: half of it is what one unit's value may be off.
const ROUNDING: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// Returns the orders in an answer of `/orderbook`.
pub fn orders(answer: &Map<String, Value>) -> Result<Rows<OrderRow>, ReadError> {
    let data = Row(answer).row("data").and_then(|data| data.list("orders"));
    rows("order book", data, order)
}

/// Returns the trades in an answer of `/tradebook`.
pub fn trades(answer: &Map<String, Value>) -> Result<Rows<TradeRow>, ReadError> {
    rows("trade book", Row(answer).list("data"), trade)
}

/// Returns the positions in an answer of `/positionbook`.
pub fn positions(answer: &Map<String, Value>) -> Result<Rows<PositionRow>, ReadError> {
    rows("position book", Row(answer).list("data"), position)
}

fn rows<T>(
    read: &'static str,
    list: Option<&Vec<Value>>,
    row: fn(Row<'_>) -> Result<T, &'static str>,
) -> Result<Rows<T>, ReadError> {
    let list = list.ok_or_else(|| ReadError::unreadable(read, "an answer without its list"))?;
    let mut rows = Rows {
        rows: Vec::with_capacity(list.len()),
        unreadable: Vec::new(),
    };
    for (number, value) in list.iter().enumerate() {
        match Row::of(value).ok_or("no object").and_then(row) {
            Ok(row) => rows.rows.push(row),
            Err(why) => rows.unreadable.push(format!("row {number}: {why}")),
        }
    }
    Ok(rows)
}

/// Reads an order, as the book, an order's status and the feed write it.
pub(crate) fn order(row: Row<'_>) -> Result<OrderRow, &'static str> {
    let id = row.id("orderid").ok_or("an order without an id")?;
    let symbol = row.text("symbol").ok_or("an order without a symbol")?;
    let reason = row.text("rejection_reason").or_else(|| row.text("reason"));
    Ok(OrderRow {
        id,
        symbol: symbol.to_owned(),
        exchange: row.word("exchange"),
        product: row.word("product"),
        side: row.word("action"),
        quantity: row.quantity("quantity"),
        pricing: pricing(row),
        state: state(row.text("order_status").unwrap_or_default()),
        filled: row.quantity("filled_quantity"),
        average: row.price("average_price"),
        reason: reason.map(str::to_owned),
        strategy: row.text("strategy").map(str::to_owned),
        at: row.moment("timestamp"),
    })
}

/// Reads how an order is priced. A market order's price is no price of ours, whatever it says.
fn pricing(row: Row<'_>) -> Option<Pricing> {
    let word = row.text("pricetype").or_else(|| row.text("price_type"))?;
    match word.to_ascii_uppercase().as_str() {
        "MARKET" => Some(Pricing::Market),
        "LIMIT" => row.price("price").map(Pricing::Limit),
        "SL" => Some(Pricing::StopLimit {
            trigger: row.price("trigger_price")?,
            limit: row.price("price")?,
        }),
        _ => None,
    }
}

fn state(word: &str) -> OrderState {
    let plain = word.to_ascii_lowercase().replace('_', " ");
    match plain.as_str() {
        "open" => OrderState::Open,
        "trigger pending" => OrderState::TriggerPending,
        "complete" => OrderState::Complete,
        "rejected" => OrderState::Rejected,
        "cancelled" | "canceled" | "expired" => OrderState::Cancelled,
        _ => OrderState::Unknown(word.to_owned()),
    }
}

fn trade(row: Row<'_>) -> Result<TradeRow, &'static str> {
    let order = row.id("orderid").ok_or("a trade without an order id")?;
    let symbol = row.text("symbol").ok_or("a trade without a symbol")?;
    let price = row
        .price("average_price")
        .or_else(|| row.price("price"))
        .ok_or("a trade without a price")?;
    let reported = row.money("trade_value");
    let quantity = row
        .quantity("quantity")
        .filter(|quantity| !quantity.is_zero())
        .or_else(|| derived(reported?, price))
        .ok_or("a trade without a quantity")?;
    Ok(TradeRow {
        order,
        symbol: symbol.to_owned(),
        exchange: row.word("exchange"),
        product: row.word("product"),
        side: row.word("action"),
        quantity,
        price,
        value: value(quantity, price, reported).ok_or("a trade beyond all bounds")?,
        at: row.moment("timestamp"),
    })
}

/// Returns the quantity behind a value, for brokers whose trades say zero; only a whole one.
fn derived(value: Money, price: Price) -> Option<Quantity> {
    let units = value.get().checked_div(price.get())?;
    let whole = units.is_integer() && units > Decimal::ZERO;
    whole
        .then(|| u64::try_from(units).ok().map(Quantity::new))
        .flatten()
}

/// Returns the reported value when it agrees with the product within the price's rounding: it is
/// then the more exact of the two. Some brokers report something else under that name.
fn value(quantity: Quantity, price: Price, reported: Option<Money>) -> Option<Money> {
    let product = price.get().checked_mul(quantity.decimal())?;
    let slack = ROUNDING.checked_mul(quantity.decimal())?;
    if product > MONEY_MAX {
        return None;
    }
    let near = |money: &Money| (money.get() - product).abs() <= slack;
    Some(reported.filter(near).unwrap_or(Money::new(product)))
}

fn position(row: Row<'_>) -> Result<PositionRow, &'static str> {
    let symbol = row.text("symbol").ok_or("a position without a symbol")?;
    Ok(PositionRow {
        symbol: symbol.to_owned(),
        exchange: row.word("exchange"),
        product: row.word("product"),
        quantity: row
            .whole("quantity")
            .ok_or("a position without a whole quantity")?,
        average: row.price("average_price"),
        ltp: row.price("ltp").or_else(|| row.price("last_price")),
        pnl: row.money("pnl"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::openalgo::loose;
    use crate::domain::order::{BrokerOrderId, Exchange, Product, Side, TicketKey};

    fn read(text: &str) -> Map<String, Value> {
        loose::object(text.as_bytes()).unwrap()
    }

    fn key() -> TicketKey {
        TicketKey {
            symbol: "SBIN".to_owned(),
            exchange: Exchange::Nse,
            product: Product::Mis,
            side: Side::Buy,
        }
    }

    #[test]
    fn a_row_in_text_reads_like_a_row_in_numbers() {
        let numbers = r#"{"orderid":1100012345.0,"symbol":"SBIN","exchange":"NSE","action":"BUY","product":"MIS","quantity":10,"pricetype":"SL","price":825.0,"trigger_price":820,"order_status":"trigger pending"}"#;
        let text = r#"{"orderid":"1100012345","symbol":"SBIN","exchange":"NSE","action":"buy","product":"MIS","quantity":"10","price_type":"SL","price":"825.00","trigger_price":"820","order_status":"TRIGGER_PENDING"}"#;
        let book = format!(r#"{{"data":{{"orders":[{numbers},{text}]}}}}"#);
        let book = orders(&read(&book)).unwrap();
        assert!(book.complete());
        assert_eq!(book.rows[0], book.rows[1]);
        assert_eq!(book.rows[0].state, OrderState::TriggerPending);
        assert!(book.rows[0].may_be(&key()));
    }

    #[test]
    fn a_row_without_an_id_makes_the_book_incomplete() {
        let book =
            r#"{"data":{"orders":[{"symbol":"SBIN"},null,{"orderid":"1","symbol":"SBIN"}]}}"#;
        let book = orders(&read(book)).unwrap();
        assert!(!book.complete());
        assert_eq!(book.unreadable.len(), 2);
        assert_eq!(book.rows[0].id, BrokerOrderId::new("1").unwrap());
    }

    #[test]
    fn what_a_row_does_not_say_may_be_ours() {
        let book = r#"{"data":{"orders":[
            {"orderid":"1","symbol":"SBIN","product":"INTRADAY","exchange":"CRYPTO"},
            {"orderid":"2","symbol":"SBIN","product":"CNC"},
            {"orderid":"3","symbol":"TCS"}]}}"#;
        let book = orders(&read(book)).unwrap();
        let ours: Vec<bool> = book.rows.iter().map(|row| row.may_be(&key())).collect();
        assert_eq!(ours, [true, false, false]);
    }

    #[test]
    fn an_unknown_status_counts_as_working() {
        for (word, working) in [
            ("open", true),
            ("AMO REQ RECEIVED", true),
            ("", true),
            ("traded", true),
            ("Complete", false),
            ("CANCELED", false),
            ("expired", false),
            ("rejected", false),
        ] {
            assert_eq!(state(word).working(), working, "{word}");
        }
    }

    #[test]
    fn a_book_without_its_list_is_no_empty_book() {
        for answer in [
            "{}",
            r#"{"data":null}"#,
            r#"{"data":{}}"#,
            r#"{"data":{"orders":{}}}"#,
        ] {
            assert!(orders(&read(answer)).is_err(), "{answer}");
            assert!(trades(&read(answer)).is_err(), "{answer}");
            assert!(positions(&read(answer)).is_err(), "{answer}");
        }
    }

    #[test]
    fn a_trade_is_worth_what_the_broker_says_within_the_rounding_of_its_price() {
        for (quantity, price, reported, expected) in [
            ("3", "812.33", "2437.00", "2437"),
            ("3", "812.33", "2438.00", "2436.99"),
            ("3", "812.33", "0", "2436.99"),
            ("30", "58600.2", "null", "1758006"),
            ("0", "16.83", "16.83", "16.83"),
        ] {
            let book = format!(
                r#"{{"data":[{{"orderid":"1","symbol":"X","quantity":{quantity},"average_price":{price},"trade_value":{reported}}}]}}"#
            );
            let book = trades(&read(&book)).unwrap();
            assert_eq!(book.rows[0].value.to_string(), expected);
        }
    }

    #[test]
    fn a_trade_without_quantity_or_price_is_not_read() {
        for row in [
            r#"{"orderid":"1","symbol":"X","quantity":0,"average_price":5}"#,
            r#"{"orderid":"1","symbol":"X","quantity":1,"average_price":0}"#,
            r#"{"orderid":"1","symbol":"X","quantity":1.5,"average_price":5}"#,
            r#"{"orderid":"1","symbol":"X","quantity":9000000000000000000,"average_price":999999999}"#,
        ] {
            let book = trades(&read(&format!(r#"{{"data":[{row}]}}"#))).unwrap();
            assert_eq!(book.unreadable.len(), 1, "{row}");
        }
    }

    #[test]
    fn positions_are_signed_and_closed_ones_stay() {
        let book = r#"{"data":[
            {"symbol":"A","quantity":"-104","average_price":"17.2","last_price":17.31,"pnl":"-104.0"},
            {"symbol":"B","quantity":0,"average_price":0.0},
            {"symbol":"C"}]}"#;
        let book = positions(&read(book)).unwrap();
        let held: Vec<i64> = book.rows.iter().map(|row| row.quantity).collect();
        assert_eq!(held, [-104, 0]);
        assert_eq!(book.rows[0].ltp, Price::new(Decimal::new(1731, 2)));
        assert_eq!(book.rows[1].average, None);
        assert_eq!(
            book.unreadable,
            ["row 2: a position without a whole quantity"]
        );
    }
}
