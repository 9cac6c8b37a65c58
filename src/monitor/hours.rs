//! Asks OpenAlgo each day when exchanges trade, and sees whether our calendar says the same.
//!
//! An answer that does not come, as where OpenAlgo has no such route, is said and changes nothing.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use tokio::time::Instant;
use tracing::{info, warn};

use super::prices::contracts;
use super::{agreement, drift};
use crate::broker::{Broker, Timing};
use crate::desk::Desk;
use crate::domain::calendar::exchange_day;
use crate::domain::close::Compared;
use crate::domain::finding::CALENDAR;
use crate::domain::ids::FindingId;
use crate::domain::input::Input;
use crate::domain::instrument::{ContractId, InstrumentIx};

/// The pause before a question without an answer is asked again.
const AGAIN: Duration = Duration::from_mins(15);

/// Compares hours, once a day.
pub struct Hours<B> {
    desk: Arc<Desk>,
    broker: Arc<B>,
    asked: Mutex<Option<Asked>>,
}

/// The last question.
#[derive(Clone, Copy)]
struct Asked {
    day: NaiveDate,
    answered: bool,
    at: Instant,
}

impl<B: Broker> Hours<B> {
    /// Returns one that has not asked yet.
    pub fn new(desk: Arc<Desk>, broker: Arc<B>) -> Self {
        Self {
            desk,
            broker,
            asked: Mutex::default(),
        }
    }

    /// Asks, when that is due.
    pub(super) async fn round(&self, epoch: i64) {
        let day = exchange_day(self.desk.clock().now());
        if self.desk.rules().calendar.is_always_open() || !self.is_due(day) {
            return;
        }
        let timings = self.broker.timings(day).await;
        let answered = match &timings {
            Ok(_) => true,
            Err(error) => {
                info!(%error, "OpenAlgo does not say when exchanges trade; our calendar holds");
                false
            }
        };
        let at = Instant::now();
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Asked { day, answered, at });
        if let Ok(timings) = timings {
            self.compare(day, &timings, epoch).await;
        }
    }

    fn is_due(&self, day: NaiveDate) -> bool {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.is_none_or(|asked| {
            asked.day != day || (!asked.answered && asked.at.elapsed() >= AGAIN)
        })
    }

    async fn compare(&self, day: NaiveDate, timings: &[Timing], epoch: i64) {
        let Some(book) = self.desk.seen() else { return };
        let rules = self.desk.rules();
        let all = contracts(&self.desk, &book).into_iter();
        let one_each: BTreeMap<InstrumentIx, ContractId> = all
            .map(|contract| (contract.instrument, contract))
            .collect();
        let name = drift::name(&self.desk, self.desk.clock().now());
        for (number, (ix, contract)) in (0_u8..).zip(one_each) {
            let Some(instrument) = rules.instruments.get(ix) else {
                continue;
            };
            let of = (instrument.exchange, day);
            let input = Input::Compared(Box::new(Compared {
                finding: FindingId(name.next(number)),
                contract,
                code: CALENDAR,
                differs: agreement::hours(&rules.calendar, of, timings),
            }));
            if self.desk.would_matter(&input)
                && let Err(error) = self.desk.input(input, Some(epoch)).await
            {
                warn!(%error, "what OpenAlgo says of hours was not written");
            }
        }
    }
}
