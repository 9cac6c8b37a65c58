//! A dry run: an alert is decided on a copy of the book, and all that would become true is shown.

use actix_web::HttpResponse;
use serde_json::json;
use serde_json::value::RawValue;

use super::auth::Source;
use super::doors::Doors;
use super::error::DoorError;
use super::submit::{input, price};
use crate::desk::tell;
use crate::domain::book::Book;
use crate::domain::calendar::exchange_day;
use crate::domain::decide::decide;
use crate::domain::input::{Mark, Quote};
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::Price;
use crate::journal;

/// Decides without effect.
pub(super) async fn show(
    doors: &Doors,
    source: &Source,
    body: &[u8],
) -> Result<HttpResponse, DoorError> {
    let now = doors.now();
    let read = doors.reader(&source.sender, now).read(body);
    let alert = read.map_err(|turned| DoorError::from(turned.error))?;
    let desk = &doors.desk;
    desk.refresh().await?;
    let mut book = desk.seen().map(|book| (*book).clone()).unwrap_or_default();
    desk.marks().merge_into(&mut book.marks);
    if let Some((instrument, price)) = price(&alert.asked)
        && doors.price_seen.is_some()
    {
        follow(doors, &mut book, (instrument, price));
    }
    let (id, record) = (alert.asked.id(), raw(alert.record));
    let facts = decide(&book, desk.rules(), &input(alert.asked), now);
    let told = tell(id, &facts);
    let instruments = &desk.rules().instruments;
    let shown: Vec<_> = facts
        .iter()
        .map(|fact| {
            let is = raw(journal::fact_text(fact, instruments));
            json!({"fact": journal::kind(fact), "is": is})
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({
        "dry_run": true,
        "status": told.status,
        "answer": raw(told.body),
        "facts": shown,
        "alert": record,
    })))
}

/// Moves the copy's market to the alert's price, as a real alert would move the simulator's.
fn follow(doors: &Doors, book: &mut Book, (instrument, price): (InstrumentIx, Price)) {
    let (rules, at) = (doors.desk.rules(), doors.now());
    let held = book.position_in(instrument).map(|held| held.contract);
    let today = exchange_day(at);
    let next = || {
        rules
            .instruments
            .contract_for_entry(instrument, today, &rules.calendar)
    };
    if let Some(contract) = held.or_else(next) {
        let quote = Quote {
            price,
            bid: None,
            ask: None,
            at,
        };
        let margin = book
            .marks
            .contracts
            .get(&contract)
            .and_then(|mark| mark.margin);
        book.marks
            .contracts
            .insert(contract, Mark { quote, margin });
    }
}

fn raw(text: String) -> Option<Box<RawValue>> {
    RawValue::from_string(text).ok()
}
