//! Money, positions, margin.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::domain::calendar::exchange_day;
use crate::domain::money::{Money, Price, Quantity};

use super::super::account::{Position, PositionKey};
use super::super::answer::{Answer, float, float2, int, object, text2};
use super::super::faults::FaultName;
use super::super::floor::ist;
use super::super::house::House;
use super::super::order::Order;
use super::super::schema::Form;

/// POST funds: five texts.
pub(super) fn funds(house: &mut House, _form: &Form) -> Answer {
    if house.strikes(FaultName::FundsEmpty).is_some() {
        return Answer::ok(json!({"data": {}, "status": "success"}));
    }
    let available = text2(house.floor.available().get());
    if house.strikes(FaultName::FundsNan).is_some() {
        let text = format!(
            "{{\"data\":{{\"availablecash\":NaN,\"collateral\":\"0.00\",\"m2mrealized\":NaN,\
             \"m2munrealized\":NaN,\"utiliseddebits\":{available}}},\"status\":\"success\"}}\n"
        );
        return Answer::raw(200, &text, "application/json");
    }
    let account = &house.floor.account;
    let open: Money = account
        .positions
        .iter()
        .map(|(key, position)| position.unrealised(last(house, key, position)))
        .sum();
    let today = account.realised_on(exchange_day(house.now()));
    let data = object([
        ("availablecash", available),
        ("collateral", "0.00".into()),
        ("m2mrealized", text2(today.get())),
        ("m2munrealized", text2(open.get())),
        ("utiliseddebits", text2(house.floor.blocked().get())),
    ]);
    Answer::ok(json!({"data": data, "status": "success"}))
}

fn last(house: &House, key: &PositionKey, position: &Position) -> Price {
    house
        .prices
        .quote(key.exchange, &key.symbol)
        .map_or(position.last, |quote| quote.last)
}

/// POST positionbook: closed rows stay, the average price is text.
pub(super) fn positions(house: &mut House, _form: &Form) -> Answer {
    if house.strikes(FaultName::EmptyBooks).is_some() {
        return Answer::ok(json!({"data": [], "status": "success"}));
    }
    let bare = house.strikes(FaultName::PositionsNoLtp).is_some();
    let rows: Vec<_> = house
        .floor
        .account
        .positions
        .iter()
        .map(|(key, position)| row(key, position, last(house, key, position), bare))
        .collect();
    Answer::ok(json!({"data": rows, "status": "success"}))
}

fn row(key: &PositionKey, position: &Position, last: Price, bare: bool) -> Value {
    let profit = position.realised + position.unrealised(last);
    let mut row = object([
        ("average_price", text2(position.average())),
        ("exchange", key.exchange.word().into()),
        ("ltp", float2(last.get())),
        ("pnl", float2(profit.get())),
        ("product", key.product.word().into()),
        ("quantity", int(position.net)),
        ("symbol", key.symbol.as_str().into()),
    ]);
    if let Some(row) = row.as_object_mut().filter(|_| bare) {
        row.remove("ltp");
        row.remove("pnl");
    }
    row
}

/// POST openposition: zero for everything that is not there, be it nonsense.
pub(super) fn open_position(house: &mut House, form: &Form) -> Answer {
    let empty = house.strikes(FaultName::EmptyBooks).is_some();
    let key = form
        .text("exchange")
        .parse()
        .ok()
        .zip(form.text("product").parse().ok())
        .map(|(exchange, product)| PositionKey {
            exchange,
            symbol: form.text("symbol").to_owned(),
            product,
        });
    let net = key
        .filter(|_| !empty)
        .map_or(Decimal::ZERO, |key| house.floor.account.net(&key));
    Answer::ok(json!({"quantity": int(net), "status": "success"}))
}

/// POST holdings: shares carried to another day.
pub(super) fn holdings(house: &mut House, _form: &Form) -> Answer {
    use crate::domain::order::Product;
    let empty = house.strikes(FaultName::EmptyBooks).is_some();
    let today = ist(house.now()).date_naive();
    let carried = |key: &PositionKey| {
        key.product == Product::Cnc
            && house.floor.trades.iter().all(|trade| {
                let of = house.floor.order(&trade.order).map(Order::position);
                of.as_ref() != Some(key) || ist(trade.at).date_naive() != today
            })
    };
    let (mut value, mut cost) = (Decimal::ZERO, Decimal::ZERO);
    let mut rows = Vec::new();
    for (key, position) in &house.floor.account.positions {
        if empty || position.net <= Decimal::ZERO || !carried(key) {
            continue;
        }
        let worth = last(house, key, position).get() * position.net;
        value += worth;
        cost += position.cost;
        rows.push(object([
            ("average_price", float2(position.average())),
            ("exchange", key.exchange.word().into()),
            ("pnl", float2(worth - position.cost)),
            ("pnlpercent", percent(worth - position.cost, position.cost)),
            ("product", "CNC".into()),
            ("quantity", int(position.net)),
            ("symbol", key.symbol.as_str().into()),
        ]));
    }
    let statistics = object([
        ("totalholdingvalue", float2(value)),
        ("totalinvvalue", float2(cost)),
        ("totalpnlpercentage", percent(value - cost, cost)),
        ("totalprofitandloss", float2(value - cost)),
    ]);
    Answer::ok(json!({
        "data": {"holdings": rows, "statistics": statistics},
        "status": "success",
    }))
}

fn percent(part: Decimal, whole: Decimal) -> Value {
    let percent = (part * Decimal::ONE_HUNDRED).checked_div(whole);
    float2(percent.unwrap_or_default())
}

/// POST margin: ten parts span to three parts exposure, as the recorded broker had it.
pub(super) fn margin(house: &mut House, form: &Form) -> Answer {
    let total: Option<Money> = form
        .items("positions")
        .iter()
        .map(Form::of)
        .filter_map(|position| margin_of(house, &position))
        .fold(None, |sum, one| Some(sum.unwrap_or(Money::ZERO) + one));
    let Some(total) = total else {
        let text = "No valid positions to calculate margin. Check if symbols are valid.";
        return Answer::error(400, text);
    };
    let span = (total.get() * Decimal::TEN)
        .checked_div(Decimal::from(13))
        .map_or(Money::ZERO, |span| Money::new(span).to_paisa());
    let total = total.to_paisa();
    let data = object([
        ("exposure_margin", float((total - span).get())),
        ("span_margin", float(span.get())),
        ("total_margin_required", float(total.get())),
    ]);
    Answer::ok(json!({"data": data, "status": "success"}))
}

fn margin_of(house: &House, form: &Form) -> Option<Money> {
    use rust_decimal::prelude::ToPrimitive as _;
    let row = house
        .floor
        .master
        .find(form.text("exchange"), form.text("symbol"))?;
    let quantity = Quantity::new(form.number("quantity").to_u64()?);
    let price = Price::new(form.number("price"))
        .or_else(|| Some(house.prices.quote(row.exchange, &row.symbol)?.last))?;
    let product = form.text("product").parse().ok()?;
    Some(row.margin_of(product, quantity, price))
}
