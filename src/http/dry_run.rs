//! A dry run: an alert is decided on a copy of the book, and all that would become true is shown.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::auth::Source;
use super::doors::Doors;
use super::error::DoorError;
use super::submit::{input, price};
use super::webhook::Reader;
use crate::desk::{Desk, Told, tell};
use crate::domain::book::Book;
use crate::domain::calendar::exchange_day;
use crate::domain::fact::Fact;
use crate::domain::input::{Mark, PriceSource, Quote};
use crate::domain::instrument::{InstrumentIx, Instruments};
use crate::domain::money::Price;
use crate::journal;

/// What an alert would come to.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// The alert, secrets blanked.
    pub record: String,
    /// What its sender would be told.
    pub told: Told,
    /// What would become true.
    pub facts: Vec<Fact>,
}

impl DryRun {
    /// Decides without effect. With `follows`, the market of the copy moves to the alert's price, as
    /// a real alert would move the simulator's.
    pub async fn of(
        desk: &Desk,
        reader: &Reader<'_>,
        (body, follows): (&[u8], bool),
    ) -> Result<Self, DoorError> {
        let read = reader.read(body);
        let alert = read.map_err(|turned| DoorError::from(turned.error))?;
        desk.refresh().await?;
        let mut book = desk.seen().map(|book| (*book).clone()).unwrap_or_default();
        desk.marks().merge_into(&mut book.marks);
        if let Some((instrument, price)) = price(&alert.asked)
            && follows
        {
            follow((desk, reader.now), &mut book, (instrument, price));
        }
        let id = alert.asked.id();
        let facts = desk.consider(&book, &input(alert.asked), reader.now);
        Ok(Self {
            record: alert.record,
            told: tell(id, &facts),
            facts,
        })
    }

    /// Returns all of it as JSON.
    pub fn json(&self, instruments: &Instruments) -> Value {
        let facts = self.facts.iter().map(|fact| {
            let is = raw(journal::fact_text(fact, instruments));
            json!({"fact": journal::kind(fact), "is": is})
        });
        json!({
            "dry_run": true,
            "status": self.told.status,
            "answer": raw(self.told.body.clone()),
            "facts": facts.collect::<Vec<_>>(),
            "alert": raw(self.record.clone()),
        })
    }
}

/// Answers with what an alert would come to.
pub(super) async fn show(
    doors: &Doors,
    source: &Source,
    body: &[u8],
) -> Result<HttpResponse, DoorError> {
    let reader = doors.reader(&source.sender, doors.now());
    let dry_run = DryRun::of(&doors.desk, &reader, (body, doors.price_seen.is_some())).await?;
    let instruments = &doors.desk.rules().instruments;
    Ok(HttpResponse::Ok().json(dry_run.json(instruments)))
}

fn follow(
    (desk, at): (&Desk, DateTime<Utc>),
    book: &mut Book,
    (instrument, price): (InstrumentIx, Price),
) {
    let rules = desk.rules();
    let held = book.position_in(instrument).map(|held| held.contract);
    let today = exchange_day(at);
    let next = || {
        rules
            .instruments
            .contract_for_entry(instrument, today, &rules.calendar)
    };
    let Some(contract) = held.or_else(next) else {
        return;
    };
    let quote = Quote {
        price,
        bid: None,
        ask: None,
        at,
    };
    let known = book.marks.contracts.get(&contract);
    let margin = known.and_then(|mark| mark.margin);
    let mark = Mark {
        quote,
        margin,
        source: PriceSource::Alert,
    };
    book.marks.contracts.insert(contract, mark);
}

fn raw(text: String) -> Option<Box<RawValue>> {
    RawValue::from_string(text).ok()
}
