//! What the clock and the absence of alerts make worth telling.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::words::{gain, rupees};
use super::{Notice, Notifier};
use crate::config::{NotifySettings, Severity};
use crate::domain::book::Book;
use crate::domain::calendar::{DayTime, Session, exchange_day};
use crate::domain::order::Exchange;
use crate::store::{SeenVersion, StoreError};

/// How long after its time a line of the day is still worth sending.
const LATE_MAX: TimeDelta = TimeDelta::minutes(30);

/// A source that was not heard for so many days has been taken out of use.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(4);

/// Returns the notice of an alert from a script whose version nobody knows.
pub(super) fn unknown_version(seen: &SeenVersion, settings: &NotifySettings) -> Option<Notice> {
    let known = &settings.script_versions;
    if known.is_empty() || known.contains(&seen.version) {
        return None;
    }
    Some(Notice {
        severity: Severity::Warning,
        key: format!("version:{}:{}", seen.source, seen.version),
        text: format!(
            "{} sends alerts of script version {:?}, which is not among those known: {}",
            seen.source,
            seen.version,
            known.join(", ")
        ),
    })
}

impl Notifier {
    /// Returns what this moment brings.
    pub(super) async fn by_the_clock(
        &self,
        book: &Book,
        now: DateTime<Utc>,
    ) -> Result<Vec<Notice>, StoreError> {
        let mut notices = Vec::new();
        let today = exchange_day(now);
        if self.trades_today(today) {
            if is_time(self.settings.ready_at, today, now) {
                notices.push(self.readiness(today));
            }
            if is_time(self.settings.summary_at, today, now) {
                notices.push(self.summary(book, (today, now)).await?);
            }
            notices.extend(self.silent(now).await?);
        }
        Ok(notices)
    }

    fn trades_today(&self, today: NaiveDate) -> bool {
        let rules = self.desk.rules();
        let exchanges: BTreeSet<Exchange> = rules
            .instruments
            .iter()
            .filter(|(ix, _)| rules.of(*ix).is_some_and(|limits| limits.enabled))
            .map(|(_, instrument)| instrument.exchange)
            .collect();
        exchanges
            .iter()
            .any(|exchange| rules.calendar.is_trading_day(*exchange, today))
    }

    fn readiness(&self, today: NaiveDate) -> Notice {
        let why = (self.degraded)();
        let (severity, text) = if why.is_empty() {
            (Severity::Info, "ready for the day".to_owned())
        } else {
            (
                Severity::Page,
                format!("NOT ready for the day: {}", why.join("; ")),
            )
        };
        Notice {
            severity,
            key: format!("ready:{today}"),
            text,
        }
    }

    async fn summary(
        &self,
        book: &Book,
        (today, now): (NaiveDate, DateTime<Utc>),
    ) -> Result<Notice, StoreError> {
        let equity = book.equity(self.desk.rules(), now);
        let desk = &book.desk;
        let day = equity.marked - desk.day_base - desk.day_cash;
        let open = book.positions.values().filter(|one| one.is_open()).count();
        let tag = self.desk.store().tag(self.desk.id()).await?;
        let head = data_encoding::HEXLOWER.encode(&tag.head);
        Ok(Notice {
            severity: Severity::Info,
            key: format!("summary:{today}"),
            text: format!(
                "{today}: {} on the day, {} entries, {open} positions held, equity {}, {}; fact {} {head}",
                gain(day.get()),
                desk.day_trades,
                rupees(equity.marked.get()),
                desk.state.word(),
                tag.seq,
            ),
        })
    }

    /// Returns the sources that should have been heard in this session and were not.
    async fn silent(&self, now: DateTime<Utc>) -> Result<Vec<Notice>, StoreError> {
        let limit = self
            .settings
            .source_silent
            .and_then(|limit| TimeDelta::from_std(limit).ok());
        let Some(limit) = limit else {
            return Ok(Vec::new());
        };
        let (store, desk) = (self.desk.store(), self.desk.id());
        let heard = store.heard_since(desk, now - FORGOTTEN_AFTER).await?;
        let rules = self.desk.rules();
        let today = exchange_day(now);
        let silent = heard.into_iter().filter_map(|heard| {
            let (_, instrument) = rules
                .instruments
                .iter()
                .find(|(_, one)| one.name == heard.instrument)?;
            let opened = rules.calendar.open_of(instrument.exchange, today)?;
            let open = rules.calendar.session_at(instrument.exchange, now) == Session::Continuous;
            let since = heard.at.max(opened);
            (open && now - since >= limit).then(|| Notice {
                severity: Severity::Warning,
                key: format!("silent:{}:{}:{today}", heard.source, heard.instrument),
                text: format!(
                    "{} has sent nothing on {} for {} minutes of an open market",
                    heard.source,
                    heard.instrument,
                    (now - since).num_minutes()
                ),
            })
        });
        Ok(silent.collect())
    }
}

/// Returns whether a time of the day has come, and not long ago.
fn is_time(time: Option<DayTime>, today: NaiveDate, now: DateTime<Utc>) -> bool {
    time.is_some_and(|time| {
        let at = time.on(today);
        at <= now && now - at < LATE_MAX
    })
}
