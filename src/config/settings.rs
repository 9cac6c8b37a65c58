//! The settings of the shell: everything that is not a rule of the domain.
//!
//! `config/base.toml` explains every key; a field here has its key's name.

use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;

use chrono::TimeDelta;
use ipnet::IpNet;

use super::Mode;
use super::notify::{NotifySettings, read_notify};
use super::section::{FromSetting, Section, read};
use super::values::words;
use crate::domain::money::{Money, Percent, Ratio};

/// All settings of the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Paper, shadow or live.
    pub mode: Mode,
    /// Where this process kills itself, for the tests of recovery; never in live.
    pub crash_after: Option<CrashAfter>,
    /// The doors.
    pub server: ServerSettings,
    /// The account.
    pub desk: DeskSettings,
    /// Defaults of sources.
    pub sources: SourceSettings,
    /// What is let in and out, at most.
    pub limits: LimitSettings,
    /// Ages of alerts.
    pub webhook: WebhookSettings,
    /// The broker's API.
    pub openalgo: OpenAlgoSettings,
    /// How orders are brought to the broker.
    pub courier: CourierSettings,
    /// How the broker's books are followed.
    pub monitor: MonitorSettings,
    /// Which prices are believed, and how long the feed may be silent.
    pub prices: PriceSettings,
    /// The simulator inside the process.
    pub paper: PaperSettings,
    /// The database.
    pub database: DatabaseSettings,
    /// What is logged.
    pub log: LogSettings,
    /// Who is told what.
    pub notify: NotifySettings,
}

/// A place in the life of an order at which to die.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CrashAfter {
    /// At a passing of a place, counted from 1: `row7:2`.
    At(String, u32),
    /// At the place this file names, once it does: `@/path`.
    Told(PathBuf),
}

/// The doors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Where they open.
    pub listen: SocketAddr,
    /// Whose word about a sender's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Threads that serve.
    pub workers: usize,
    /// How long calls may go on after a stop was asked for.
    pub drain: Duration,
}

/// The account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskSettings {
    /// Its name; leads every key in the database.
    pub name: String,
    /// The risk profile.
    pub profile: String,
    /// The first row of the ledger.
    pub opening_capital: Option<Money>,
    /// Which sessions count.
    pub calendar: CalendarChoice,
    /// Whether an entry needs the broker's free cash, freshly read.
    pub require_funds: bool,
    /// Whether orders wait until the broker's count of their instrument is proved.
    pub prove_units: bool,
    /// Assumed figures that a person has checked; they no longer block live.
    pub confirmed: Vec<String>,
}

/// Which sessions count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarChoice {
    /// Those of the exchanges.
    Exchange,
    /// Always open.
    Open,
}

/// Defaults of sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// Whether alerts must be signed.
    pub signature: SignatureUse,
    /// Alerts a second of one source, on average.
    pub alerts_per_second: u32,
    /// Alerts of one source at once.
    pub alerts_burst: u32,
}

/// Whether alerts must be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureUse {
    /// A signature is checked where there is one.
    Optional,
    /// An alert without one is refused.
    Required,
}

/// What is let in and out, at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitSettings {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Requests a second of one address, on average.
    pub requests_per_second: u32,
    /// Requests of one address at once.
    pub requests_burst: u32,
    /// Failed authentications a minute of one address.
    pub failures_per_minute: u32,
    /// Orders and cancels a second to the broker.
    pub orders_per_second: u32,
    /// How many of those are kept for exits.
    pub exits_per_second: u32,
    /// Intents that may be open.
    pub open_intents: u32,
    /// Inputs decided under one lock.
    pub inputs_per_lock: usize,
    /// Inputs that may wait for the lock.
    pub inputs_waiting: usize,
}

/// Ages of alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSettings {
    /// How old an entry may be.
    pub entry_age: Duration,
    /// How old an end-of-day message may be.
    pub eod_age: Duration,
    /// How far in the future an alert may be.
    pub future: Duration,
    /// How far a signature's time may be off.
    pub signature_tolerance: Duration,
    /// How long the same bytes without id and time are the same alert.
    pub same_body: Duration,
}

/// The broker's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAlgoSettings {
    /// Its address.
    pub url: Option<String>,
    /// Its WebSocket's address.
    pub ws_url: Option<String>,
    /// The word orders carry as their strategy.
    pub strategy: String,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long an order call may take.
    pub order_timeout: Duration,
    /// How long a read may take.
    pub read_timeout: Duration,
    /// How long a quote may take.
    pub quote_timeout: Duration,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
    /// How often each book may be read in a second.
    pub book_reads_per_second: u32,
}

/// How orders are brought to the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourierSettings {
    /// Keys that are served at the same time.
    pub lanes: usize,
    /// The longest it sleeps without being woken.
    pub pause: Duration,
    /// How old the set of order ids seen before a send may be.
    pub baseline_age: Duration,
    /// How long a lease lasts without renewal.
    pub lease: Duration,
    /// The pause between two reads that look for an uncertain order.
    pub proof_pause: Duration,
}

/// How the broker's books are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorSettings {
    /// The pauses between looks at a working order; the last one repeats.
    pub order_polls: Vec<Duration>,
    /// The pause between readings of funds.
    pub funds_poll: Duration,
    /// The pause between rounds.
    pub pause: Duration,
    /// The pause between looks at the books when nothing works.
    pub late_look: Duration,
    /// Between readings of the broker's books while anything is held.
    pub book_poll: Duration,
}

/// Which prices are believed, and how long the feed may be silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceSettings {
    /// How long the feed may say nothing of a symbol before it is asked for.
    pub silence: Duration,
    /// How long prices may move without a word of the feed before it gets a new session.
    pub mute: Duration,
    /// Further than this from the last good price is suspicious.
    pub suspicious: Percent,
    /// And further than so many average true ranges.
    pub suspicious_atr: Ratio,
    /// From when on a second look confirms the first.
    pub confirm: TimeDelta,
    /// After how long a suspicious price counts in any case.
    pub patience: TimeDelta,
    /// How old the exchange's own time of a price may be.
    pub snapshot: TimeDelta,
    /// How young a known price must be for an exit to leave at it.
    pub fresh: TimeDelta,
    /// The pause between two writings of the marks.
    pub write: Duration,
}

/// The simulator inside the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperSettings {
    /// Where prices come from: `alerts`, `walk`, `openalgo`, or the path of a bar file.
    pub prices: String,
    /// What chance starts from.
    pub seed: u64,
    /// Where its REST server listens.
    pub listen: SocketAddr,
    /// Where its feed listens.
    pub feed: SocketAddr,
    /// The address of a simulator that runs elsewhere.
    pub external: Option<String>,
    /// The address of its WebSocket.
    pub external_feed: Option<String>,
}

/// The database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// Connections.
    pub pool: u32,
    /// How long a statement may take.
    pub statement_timeout: Duration,
    /// How long a lock is waited for.
    pub lock_timeout: Duration,
    /// How long a connection is waited for.
    pub acquire_timeout: Duration,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// From which level on, in the words of `RUST_LOG`.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

words! {
    Mode { "paper" => Self::Paper, "shadow" => Self::Shadow, "live" => Self::Live }
    CalendarChoice { "exchange" => Self::Exchange, "open" => Self::Open }
    SignatureUse { "optional" => Self::Optional, "required" => Self::Required }
    LogFormat { "text" => Self::Text, "json" => Self::Json }
}

/// Reads the settings out of all sections but those that belong to the rules.
pub(super) fn read_settings(root: &mut Section<'_>, given: Given) -> Option<Settings> {
    let desk = root.read("desk", |section| {
        read!(section => DeskSettings {
            name, profile, opening_capital, calendar, require_funds, prove_units, confirmed,
        })
    });
    let sources = root.read(
        "sources",
        |section| read!(section => SourceSettings { signature, alerts_per_second, alerts_burst }),
    );
    let limits = root.read("limits", |section| {
        read!(section => LimitSettings {
            body_bytes, requests_per_second, requests_burst, failures_per_minute,
            orders_per_second, exits_per_second, open_intents, inputs_per_lock, inputs_waiting,
        })
    });
    let webhook = root.read("webhook", |section| {
        read!(section => WebhookSettings {
            entry_age, eod_age, future, signature_tolerance, same_body,
        })
    });
    let server = read_server(root);
    let openalgo = read_openalgo(root);
    let (courier, monitor) = read_drivers(root);
    let prices = read_prices(root);
    let (paper, database, log) = read_parts(root);
    let notify = read_notify(root);
    Some(Settings {
        mode: given.mode,
        crash_after: given.crash_after,
        server: server?,
        desk: desk?,
        sources: sources?,
        limits: limits?,
        webhook: webhook?,
        openalgo: openalgo?,
        courier: courier?,
        monitor: monitor?,
        prices: prices?,
        paper: paper?,
        database: database?,
        log: log?,
        notify: notify?,
    })
}

/// What is settled before the sections are read.
pub(super) struct Given {
    pub(super) mode: Mode,
    pub(super) crash_after: Option<CrashAfter>,
}

fn read_server(root: &mut Section<'_>) -> Option<ServerSettings> {
    root.read(
        "server",
        |section| read!(section => ServerSettings { listen, trusted_proxies, workers, drain }),
    )
}

fn read_openalgo(root: &mut Section<'_>) -> Option<OpenAlgoSettings> {
    root.read("openalgo", |section| {
        read!(section => OpenAlgoSettings {
            url, ws_url, strategy, connect_timeout, order_timeout, read_timeout, quote_timeout,
            idle_timeout, book_reads_per_second,
        })
    })
}

fn read_drivers(root: &mut Section<'_>) -> (Option<CourierSettings>, Option<MonitorSettings>) {
    let courier = root.read("courier", |section| {
        read!(section => CourierSettings { lanes, pause, baseline_age, lease, proof_pause })
    });
    let monitor = root.read(
        "monitor",
        |section| read!(section => MonitorSettings { order_polls, funds_poll, pause, late_look, book_poll }),
    );
    (courier, monitor)
}

fn read_prices(root: &mut Section<'_>) -> Option<PriceSettings> {
    root.read("prices", |section| {
        read!(section => PriceSettings {
            silence, mute, suspicious, suspicious_atr, confirm, patience, snapshot, fresh, write,
        })
    })
}

type Parts = (
    Option<PaperSettings>,
    Option<DatabaseSettings>,
    Option<LogSettings>,
);

fn read_parts(root: &mut Section<'_>) -> Parts {
    let paper = root.read(
        "paper",
        |section| read!(section => PaperSettings { prices, seed, listen, feed, external, external_feed }),
    );
    let database = root.read("database", |section| {
        read!(section => DatabaseSettings {
            pool, statement_timeout, lock_timeout, acquire_timeout,
        })
    });
    let log = root.read(
        "log",
        |section| read!(section => LogSettings { filter, format }),
    );
    (paper, database, log)
}
