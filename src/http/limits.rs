//! How much a source, and an address, may send.
//!
//! The number of addresses remembered is bounded: one that has been silent for as long as its
//! allowance takes to refill is forgotten.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use super::webhook::SignalError;
use crate::broker::openalgo::Route;
use crate::domain::signal::SourceId;

/// After so many requests the silent ones are forgotten.
const SWEEP_EVERY: u32 = 1024;

/// How often, on average and at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// In each period, on average.
    pub each: NonZeroU32,
    /// What the average is taken over.
    pub per: Period,
    /// At once.
    pub burst: NonZeroU32,
}

/// What an average is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A second.
    Second,
    /// A minute.
    Minute,
}

/// The allowances of the doors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowances {
    /// Requests of an address.
    pub requests: Allowance,
    /// Failed authentications of an address.
    pub failures: Allowance,
    /// Alerts of a source.
    pub alerts: Allowance,
    /// Reads of a source that are passed on to OpenAlgo, by one route.
    pub reads: Allowance,
}

type Limiter<K, C> =
    RateLimiter<K, DefaultKeyedStateStore<K>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Counts what comes in.
#[derive(Debug)]
pub struct Limits<C: Clock = DefaultClock> {
    allowances: Allowances,
    requests: Limiter<IpAddr, C>,
    failures: Limiter<IpAddr, C>,
    alerts: Limiter<SourceId, C>,
    reads: Limiter<(SourceId, Route), C>,
    taken: AtomicU32,
}

impl Limits {
    /// Returns the count of a process that has just started.
    pub fn new(allowances: Allowances) -> Self {
        Self::with_clock(allowances, &DefaultClock::default())
    }
}

impl<C: Clock + Clone> Limits<C> {
    fn with_clock(allowances: Allowances, clock: &C) -> Self {
        let Allowances {
            requests,
            failures,
            alerts,
            reads,
        } = allowances;
        Self {
            allowances,
            requests: RateLimiter::new(requests.quota(), store(), clock.clone()),
            failures: RateLimiter::new(failures.quota(), store(), clock.clone()),
            alerts: RateLimiter::new(alerts.quota(), store(), clock.clone()),
            reads: RateLimiter::new(reads.quota(), store(), clock.clone()),
            taken: AtomicU32::new(0),
        }
    }

    /// Counts a request of an address.
    pub fn request(&self, address: IpAddr) -> Result<(), SignalError> {
        if self.taken.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.requests.retain_recent();
            self.failures.retain_recent();
            self.alerts.retain_recent();
            self.reads.retain_recent();
        }
        let counted = self.requests.check_key(&network(address));
        counted.map_err(|_too_many| self.allowances.requests.exceeded("requests"))
    }

    /// Counts a failed authentication of an address.
    pub fn failure(&self, address: IpAddr) -> Result<(), SignalError> {
        let counted = self.failures.check_key(&network(address));
        counted.map_err(|_too_many| self.allowances.failures.exceeded("failures"))
    }

    /// Counts an alert of a source.
    pub fn alert(&self, source: SourceId) -> Result<(), SignalError> {
        let counted = self.alerts.check_key(&source);
        counted.map_err(|_too_many| self.allowances.alerts.exceeded("alerts"))
    }

    /// Counts a read of a source: whoever polls must not keep OpenAlgo from taking orders.
    pub fn read(&self, source: SourceId, route: Route) -> Result<(), SignalError> {
        let counted = self.reads.check_key(&(source, route));
        counted.map_err(|_too_many| self.allowances.reads.exceeded("reads"))
    }

    /// Returns how many addresses are remembered.
    pub fn addresses(&self) -> usize {
        self.requests.len().max(self.failures.len())
    }
}

impl Allowance {
    const fn quota(self) -> Quota {
        let average = match self.per {
            Period::Second => Quota::per_second(self.each),
            Period::Minute => Quota::per_minute(self.each),
        };
        average.allow_burst(self.burst)
    }

    /// Returns the refusal of what goes beyond it.
    pub fn exceeded(self, what: &str) -> SignalError {
        let per = match self.per {
            Period::Second => "second",
            Period::Minute => "minute",
        };
        let (each, burst) = (self.each, self.burst);
        SignalError::TooMany {
            allowed: format!("{each} {what} a {per}, {burst} at once"),
        }
    }
}

fn store<K: std::hash::Hash + Eq + Clone>() -> DefaultKeyedStateStore<K> {
    DefaultKeyedStateStore::default()
}

/// Returns what is counted as one sender: an IPv4 address, or the network an IPv6 address is in,
/// whose owner has all of it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limits(clock: &FakeRelativeClock) -> Limits<FakeRelativeClock> {
        let allowance = |each, burst| Allowance {
            each: NonZeroU32::new(each).unwrap(),
            per: Period::Second,
            burst: NonZeroU32::new(burst).unwrap(),
        };
        let allowances = Allowances {
            requests: allowance(10, 3),
            failures: allowance(1, 1),
            alerts: allowance(5, 15),
            reads: allowance(2, 2),
        };
        Limits::with_clock(allowances, clock)
    }

    #[test]
    fn fifteen_alerts_at_once_are_taken_and_the_sixteenth_is_told_to_wait() {
        let clock = FakeRelativeClock::default();
        let limits = limits(&clock);
        for _ in 0..15 {
            assert_eq!(limits.alert(SourceId(1)), Ok(()));
        }
        let refused = limits.alert(SourceId(1)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "too many: allowed are 5 alerts a second, 15 at once"
        );
        assert_eq!(limits.alert(SourceId(2)), Ok(()));
        clock.advance(Duration::from_millis(200));
        assert_eq!(limits.alert(SourceId(1)), Ok(()));
    }

    #[test]
    fn one_owner_of_many_addresses_is_counted_once() {
        let limits = limits(&FakeRelativeClock::default());
        let from = |text: &str| limits.request(text.parse().unwrap()).is_ok();
        assert!(from("2001:db8::1") && from("2001:db8::2") && from("2001:db8::3"));
        assert!(!from("2001:db8::4"));
        assert!(from("2001:db8:0:1::1") && from("1.2.3.4"));
    }

    #[test]
    fn silent_addresses_are_forgotten() {
        let clock = FakeRelativeClock::default();
        let limits = limits(&clock);
        for n in 0..SWEEP_EVERY - 1 {
            drop(limits.request(IpAddr::V4(n.into())));
        }
        assert_eq!(limits.addresses(), 1023);
        clock.advance(Duration::from_secs(1));
        drop(limits.request(IpAddr::V4(u32::MAX.into())));
        assert_eq!(limits.addresses(), 1);
    }

    #[test]
    fn a_source_that_polls_one_route_may_still_read_the_others() {
        let limits = limits(&FakeRelativeClock::default());
        let read = |source, route| limits.read(SourceId(source), route).is_ok();
        assert!(read(1, Route::Quotes) && read(1, Route::Quotes));
        assert!(!read(1, Route::Quotes));
        assert!(read(1, Route::Funds) && read(2, Route::Quotes));
    }
}
