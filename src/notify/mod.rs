//! Tells people: what happened that they would want to know, by Telegram and mail.
//!
//! 1. No decision waits for it: notices are made from facts that are already committed, by a task of
//!    its own, in the process that holds the lease.
//! 2. A notice is written to the outbox before it is offered to a channel, and offered until the
//!    channel takes it; a crash in between repeats a message and never loses one.
//! 3. The same thing is said once in a while (`notify.same_within`), and what waits longer than the
//!    rate allows is put into one message: a storm of notices does not bury a page.
//! 4. Channels are served side by side: one that hangs holds no other up.

mod channel;
mod compose;
mod mail;
mod telegram;
mod times;
mod words;

use core::time::Duration;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use channel::{Channel, ChannelError};
pub use mail::Mail;
pub use telegram::Telegram;

use crate::config::{NotifySettings, Severity};
use crate::desk::{Desk, Lease};
use crate::store::{Delivery, Due, NewNotice, NoticeCursor, StoreError};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Facts read at once.
const FACTS_MAX: i64 = 500;

/// Notices taken up at once.
const DUE_MAX: i64 = 100;

/// The longest message; Telegram takes 4,096 characters.
const TEXT_MAX: usize = 3_500;

/// A channel that does not take a notice for so long is not offered it any more.
const GIVE_UP: TimeDelta = TimeDelta::hours(24);

/// The longest pause between two offers, in doublings of a second.
const DOUBLINGS_MAX: u32 = 8;

/// Ends the key of what is told once in a while; the time it belongs to follows.
const REPEATED: &str = "@";

/// Says, in words, what is out of order now.
pub type Degraded = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How urgent it is.
    pub severity: Severity,
    /// What makes it the same as another.
    pub key: String,
    /// What is told.
    pub text: String,
}

/// Makes notices and takes them to the channels.
pub struct Notifier {
    /// Whose facts.
    pub desk: Arc<Desk>,
    /// The right to tell them.
    pub lease: Arc<Lease>,
    /// Where they go.
    pub channels: Vec<Channel>,
    /// How.
    pub settings: NotifySettings,
    /// What is out of order.
    pub degraded: Degraded,
}

impl Notifier {
    /// Works until it is told to stop: makes what notices there are to make, and offers each channel
    /// what waits for it.
    pub async fn run(&self, stop: CancellationToken) {
        let mut all = vec![self.work(None, &stop)];
        for channel in &self.channels {
            all.push(self.work(Some(channel), &stop));
        }
        futures_util::future::join_all(all).await;
    }

    /// Serves a channel, or makes notices where none is given, again and again while the lease is
    /// ours.
    async fn work(&self, channel: Option<&Channel>, stop: &CancellationToken) {
        loop {
            if self.lease.epoch().is_some()
                && let Err(error) = self.step(channel).await
            {
                warn!(%error, "notices wait for the database");
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn step(&self, channel: Option<&Channel>) -> Result<(), StoreError> {
        match channel {
            Some(channel) => self.deliver(channel).await,
            None => self.collect().await,
        }
    }

    /// Reads new facts, new alerts and the clock, and writes the notices they make.
    async fn collect(&self) -> Result<(), StoreError> {
        let (store, desk, now) = (self.desk.store(), self.desk.id(), self.desk.clock().now());
        let Some(cursor) = store.notice_cursor(desk).await? else {
            // What happened before anybody listened is not told.
            let seq = store.tag(desk).await?.seq;
            let cursor = NoticeCursor {
                seq,
                signals_at: now,
            };
            return store.put_notices(desk, &[], cursor).await.map(drop);
        };
        let facts = store.facts_after(desk, (cursor.seq, FACTS_MAX)).await?;
        let (versions, signals_at) = store.versions_after(desk, cursor.signals_at).await?;
        let Some(book) = self.desk.seen() else {
            return Ok(());
        };
        let names = words::Names {
            book: &book,
            instruments: &self.desk.rules().instruments,
        };
        let mut notices = Vec::new();
        for (seq, at, fact) in &facts {
            if let Some(notice) = compose::of_fact(fact, (*seq, names)) {
                notices.push(self.written(notice, *at));
            }
        }
        for version in versions {
            if let Some(notice) = times::unknown_version(&version, &self.settings) {
                notices.push(self.written(notice, version.at));
            }
        }
        for notice in self.by_the_clock(&book, now).await? {
            notices.push(self.written(notice, now));
        }
        let seq = facts.last().map_or(cursor.seq, |(seq, ..)| *seq);
        let next = NoticeCursor { seq, signals_at };
        if notices.is_empty() && next == cursor {
            return Ok(());
        }
        let fresh = store.put_notices(desk, &notices, next).await?;
        for notice in notices.iter().filter(|one| fresh.contains(&one.key)) {
            info!(severity = notice.severity, "notice: {}", notice.text);
        }
        Ok(())
    }

    /// Returns the notice as it is kept: with the key of its time, and where it goes.
    fn written(&self, notice: Notice, at: DateTime<Utc>) -> NewNotice {
        let channels = self
            .channels
            .iter()
            .filter(|one| one.from() <= notice.severity);
        let mut key = notice.key;
        if key.ends_with(REPEATED) {
            let within = i64::try_from(self.settings.same_within.as_secs()).unwrap_or(i64::MAX);
            key.push_str(&at.timestamp().div_euclid(within.max(1)).to_string());
        }
        NewNotice {
            at,
            severity: notice.severity.word(),
            key,
            text: notice.text,
            channels: channels.map(Channel::name).collect(),
        }
    }

    /// Offers a channel what waits for it, within its rate.
    async fn deliver(&self, channel: &Channel) -> Result<(), StoreError> {
        let (store, desk, now) = (self.desk.store(), self.desk.id(), self.desk.clock().now());
        if !channel.has_room() {
            return Ok(());
        }
        let due = store
            .due_notices(desk, channel.name(), (now, DUE_MAX))
            .await?;
        for message in messages(&due) {
            if !channel.take_room() {
                break;
            }
            let outcome = outcome(channel.send(&message.text).await, &message, now);
            if let Delivery::Again(error, _) | Delivery::GivenUp(error) = &outcome {
                warn!(channel = channel.name(), error, "a notice was not taken");
            }
            let taken = outcome == Delivery::Taken;
            store
                .notices_offered(desk, (channel.name(), &message.notices), (&outcome, now))
                .await?;
            if !taken {
                // the others would fare no better
                break;
            }
        }
        Ok(())
    }
}

/// What goes out at once.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    notices: Vec<i64>,
    text: String,
    oldest: DateTime<Utc>,
    attempts: i32,
    /// Whether others may be put into it.
    open: bool,
}

/// Returns the messages for what waits: each page by itself, the rest together.
fn messages(due: &[Due]) -> Vec<Message> {
    let mut all: Vec<Message> = Vec::new();
    for one in due {
        let line = format!("{} {}", words::clock(one.at), one.text);
        let joins = one.severity != Severity::Page.word();
        let last = all.last_mut();
        let last =
            last.filter(|last| joins && last.open && last.text.len() + line.len() < TEXT_MAX);
        match last {
            Some(last) => {
                last.notices.push(one.notice);
                last.text.push('\n');
                last.text.push_str(&line);
                last.oldest = last.oldest.min(one.at);
                last.attempts = last.attempts.max(one.attempts);
            }
            None => all.push(Message {
                notices: vec![one.notice],
                text: line,
                oldest: one.at,
                attempts: one.attempts,
                open: joins,
            }),
        }
    }
    all
}

/// Returns what came of offering a message.
fn outcome(sent: Result<(), ChannelError>, message: &Message, now: DateTime<Utc>) -> Delivery {
    let error = match sent {
        Ok(()) => return Delivery::Taken,
        Err(error) => error,
    };
    if error.is_final || now - message.oldest > GIVE_UP {
        return Delivery::GivenUp(error.text);
    }
    let doublings = u32::try_from(message.attempts)
        .unwrap_or(0)
        .min(DOUBLINGS_MAX);
    let pause = error.wait.unwrap_or(TimeDelta::seconds(1 << doublings));
    Delivery::Again(error.text, now + pause)
}
