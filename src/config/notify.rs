//! Settings of what people are told, and by which channel.

use core::time::Duration;

use super::section::{FromSetting, Section, read};
use super::values::words;
use crate::domain::calendar::DayTime;

/// Who is told what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifySettings {
    /// The Telegram chat to write to.
    pub telegram_chat: Option<String>,
    /// Where Telegram's Bot API is.
    pub telegram_url: String,
    /// The least urgent notice that goes to Telegram.
    pub telegram_from: Severity,
    /// The mail server's name.
    pub mail_server: Option<String>,
    /// Its port.
    pub mail_port: u16,
    /// How the connection to it is made secret.
    pub mail_tls: MailTls,
    /// The name to log in with.
    pub mail_user: Option<String>,
    /// Whose name mails carry.
    pub mail_sender: Option<String>,
    /// Whom they go to.
    pub mail_to: Vec<String>,
    /// The least urgent notice that goes by mail.
    pub mail_from: Severity,
    /// Messages a minute to one channel.
    pub messages_per_minute: u32,
    /// How long the same thing is said once.
    pub same_within: Duration,
    /// When the readiness line is sent on trading days.
    pub ready_at: Option<DayTime>,
    /// When the day is summed up.
    pub summary_at: Option<DayTime>,
    /// How long a source may be silent in a session.
    pub source_silent: Option<Duration>,
    /// The versions of scripts that are known; none: any.
    pub script_versions: Vec<String>,
}

/// How urgently a person is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// To be looked at today.
    Warning,
    /// To be looked at now.
    Page,
}

impl Severity {
    /// Returns the word used in rows and settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Page => "page",
        }
    }
}

/// How the connection to a mail server is made secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// From the first byte on.
    Tls,
    /// After a word in clear.
    StartTls,
    /// Not at all: for a server on this machine.
    Off,
}

words! {
    Severity { "info" => Self::Info, "warning" => Self::Warning, "page" => Self::Page }
    MailTls { "tls" => Self::Tls, "starttls" => Self::StartTls, "off" => Self::Off }
}

/// Reads the section.
pub(super) fn read_notify(root: &mut Section<'_>) -> Option<NotifySettings> {
    root.read("notify", |section| {
        read!(section => NotifySettings {
            telegram_chat, telegram_url, telegram_from, mail_server, mail_port, mail_tls, mail_user,
            mail_sender, mail_to, mail_from, messages_per_minute, same_within, ready_at,
            summary_at, source_silent, script_versions,
        })
    })
}
