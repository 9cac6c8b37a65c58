//! What the doors stand on.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use chrono::{DateTime, TimeDelta, Utc};
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::ExposeSecret as _;

use super::auth::{Signatures, sender_address};
use super::limits::{Allowance, Allowances, Limits, Period};
use super::people::People;
use super::webhook::{AgeLimits, Reader, SignalError, sha256};
use crate::broker::openalgo::ReadOnly;
use crate::config::{Config, WebhookSettings};
use crate::desk::Desk;
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::Price;

/// Told the price of every alert before it is decided: the simulator's market, in paper, follows it.
pub type PriceSeen = Arc<dyn Fn(InstrumentIx, Price) + Send + Sync>;

/// Returns what is out of order without stopping alerts: broker, feed, session, lease.
pub type Degraded = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// What the doors stand on.
pub struct Doors {
    /// Decides.
    pub desk: Arc<Desk>,
    /// Who may send alerts.
    pub people: People,
    /// SHA-256 of the operator's token that the environment gave.
    pub admin_token: Option<[u8; 32]>,
    /// What signatures are checked with.
    pub signatures: Signatures,
    /// How much may be sent.
    pub limits: Limits,
    /// Whose word about a sender's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The longest a body may be.
    pub body_bytes_max: usize,
    /// How old alerts may be.
    pub ages: AgeLimits,
    /// An OpenAlgo that reads are passed on to.
    pub reads: Option<ReadOnly>,
    /// Follows the prices of alerts.
    pub price_seen: Option<PriceSeen>,
    /// Knows what is out of order.
    pub degraded: Degraded,
    /// Renders the counters.
    pub counters: Option<PrometheusHandle>,
}

impl Doors {
    /// Returns the doors of a configuration; what they may further have is set on them.
    pub fn new(desk: Arc<Desk>, config: &Config) -> Self {
        let settings = &config.settings;
        let webhook = &settings.webhook;
        let signing_keys = config.secrets.signing_keys.clone();
        let admin_token = config.secrets.admin_token.as_ref();
        Self {
            desk,
            people: People::default(),
            admin_token: admin_token.map(|token| sha256(token.expose_secret().as_bytes())),
            signatures: Signatures::new(signing_keys, delta(webhook.signature_tolerance)),
            limits: Limits::new(allowances(config)),
            trusted_proxies: settings.server.trusted_proxies.clone(),
            body_bytes_max: settings.limits.body_bytes,
            ages: age_limits(webhook),
            reads: None,
            price_seen: None,
            degraded: Arc::new(Vec::new),
            counters: None,
        }
    }

    /// Returns the time now.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.desk.clock().now()
    }

    /// Returns the address a request comes from, where it is known.
    pub(super) fn address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let forwarded = request
            .headers()
            .get_all("x-forwarded-for")
            .filter_map(|one| one.to_str().ok())
            .collect::<Vec<_>>()
            .join(",");
        let forwarded = Some(forwarded.as_str()).filter(|text| !text.is_empty());
        sender_address(request.peer_addr()?, forwarded, &self.trusted_proxies)
    }

    /// Counts a request of its address.
    pub(super) fn admit(&self, request: &HttpRequest) -> Result<(), SignalError> {
        self.limits.request(self.counted(request))
    }

    /// Counts a failed authentication of its address.
    pub(super) fn failed(&self, request: &HttpRequest) -> Result<(), SignalError> {
        self.limits.failure(self.counted(request))
    }

    /// Returns the address that a request is counted for: the peer's where the sender's is unknown.
    fn counted(&self, request: &HttpRequest) -> IpAddr {
        let peer = || request.peer_addr().map(|peer| peer.ip());
        let nobody = IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED);
        self.address(request).or_else(peer).unwrap_or(nobody)
    }

    /// Returns what reads the alerts of a sender.
    pub(super) fn reader<'a>(
        &'a self,
        sender: &'a super::webhook::Sender,
        now: DateTime<Utc>,
    ) -> Reader<'a> {
        let rules = self.desk.rules();
        Reader {
            desk: self.desk.id().0,
            instruments: &rules.instruments,
            sender,
            limits: self.ages,
            long_only: rules.alerts.long_only,
            now,
        }
    }
}

/// Returns how old alerts may be.
pub fn age_limits(webhook: &WebhookSettings) -> AgeLimits {
    AgeLimits {
        entry: delta(webhook.entry_age),
        eod: delta(webhook.eod_age),
        ahead: delta(webhook.future),
    }
}

/// Seconds' worth of reads by one route that a source may have passed on at once.
const READS_AT_ONCE: u32 = 5;

fn allowances(config: &Config) -> Allowances {
    let (limits, sources) = (&config.settings.limits, &config.settings.sources);
    let allowance = |each: u32, per, burst: u32| Allowance {
        each: each.try_into().unwrap_or(core::num::NonZeroU32::MIN),
        per,
        burst: burst.try_into().unwrap_or(core::num::NonZeroU32::MIN),
    };
    let failures = limits.failures_per_minute;
    let reads = config.settings.openalgo.book_reads_per_second;
    Allowances {
        requests: allowance(
            limits.requests_per_second,
            Period::Second,
            limits.requests_burst,
        ),
        failures: allowance(failures, Period::Minute, failures),
        alerts: allowance(
            sources.alerts_per_second,
            Period::Second,
            sources.alerts_burst,
        ),
        reads: allowance(reads, Period::Second, reads.saturating_mul(READS_AT_ONCE)),
    }
}

fn delta(duration: core::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
