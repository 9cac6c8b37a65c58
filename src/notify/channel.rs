//! Where notices go, and how fast.

use chrono::TimeDelta;
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::time::{Duration, Instant};

use super::mail::Mail;
use super::telegram::Telegram;
use crate::config::Severity;

/// The time in which messages are counted.
const MINUTE: Duration = Duration::from_mins(1);

/// Why a channel did not take a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct ChannelError {
    /// What it said, without secrets.
    pub text: String,
    /// Whether it never will.
    pub is_final: bool,
    /// How long it wants to be left alone.
    pub wait: Option<TimeDelta>,
}

/// How a message gets there.
enum Way {
    Telegram(Telegram),
    Mail(Box<Mail>),
}

/// Where notices go.
pub struct Channel {
    way: Way,
    from: Severity,
    per_minute: NonZeroU32,
    sent: AtomicU32,
    since: Mutex<Option<Instant>>,
}

impl Channel {
    /// Returns a channel to a Telegram chat for notices at least so urgent.
    pub const fn telegram(way: Telegram, from: Severity, per_minute: NonZeroU32) -> Self {
        Self::new(Way::Telegram(way), from, per_minute)
    }

    /// Returns a channel by mail for notices at least so urgent.
    pub fn mail(way: Mail, from: Severity, per_minute: NonZeroU32) -> Self {
        Self::new(Way::Mail(Box::new(way)), from, per_minute)
    }

    const fn new(way: Way, from: Severity, per_minute: NonZeroU32) -> Self {
        Self {
            way,
            from,
            per_minute,
            sent: AtomicU32::new(0),
            since: Mutex::new(None),
        }
    }

    /// Returns its name in rows.
    pub const fn name(&self) -> &'static str {
        match self.way {
            Way::Telegram(_) => "telegram",
            Way::Mail(_) => "mail",
        }
    }

    /// Returns the least urgent notice that goes here.
    pub const fn from(&self) -> Severity {
        self.from
    }

    /// Sends one message, once.
    ///
    /// # Errors
    ///
    /// The channel did not take it, or nobody knows.
    pub async fn send(&self, text: &str) -> Result<(), ChannelError> {
        match &self.way {
            Way::Telegram(telegram) => telegram.send(text).await,
            Way::Mail(mail) => mail.send(text).await,
        }
    }

    /// Returns whether another message may leave this minute.
    pub fn has_room(&self) -> bool {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        if since.is_none_or(|since| since.elapsed() >= MINUTE) {
            *since = Some(Instant::now());
            self.sent.store(0, Ordering::Relaxed);
        }
        self.sent.load(Ordering::Relaxed) < self.per_minute.get()
    }

    /// Counts a message, if it may leave.
    pub(super) fn take_room(&self) -> bool {
        let room = self.has_room();
        if room {
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
        room
    }
}
