//! How a simulator is set up.

use core::fmt;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::charges::Charges;
use crate::domain::money::Money;

use super::faults::Fault;
use super::master::SymbolMaster;
use super::prices::PriceSource;

/// Returns what time it is.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How connections behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerStyle {
    /// As OpenAlgo started by hand: every answer closes its connection.
    #[default]
    Werkzeug,
    /// As OpenAlgo in production: kept alive, closed after two idle seconds.
    Gunicorn,
}

/// A day without trading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// Which day.
    pub date: NaiveDate,
    /// Its name.
    pub description: String,
    /// The exchanges that stay closed, in OpenAlgo's words.
    pub closed: Vec<String>,
}

/// How a simulator is set up.
#[derive(Clone)]
pub struct SimOptions {
    /// Where REST listens; port 0 for any.
    pub listen: SocketAddr,
    /// Where the feed listens; port 0 for any.
    pub feed: SocketAddr,
    /// Directory of the journal; memory only without one.
    pub state: Option<PathBuf>,
    /// The key callers must show; any key does without one.
    pub api_key: Option<String>,
    /// What a new account starts with; one that exists keeps its own.
    pub opening_capital: Money,
    /// The contracts.
    pub master: SymbolMaster,
    /// Where prices come from.
    pub prices: PriceSource,
    /// Makes the walks and the histories.
    pub seed: u64,
    /// Milliseconds between steps of the prices; 0 for steps by hand only.
    pub step_ms: u64,
    /// How connections behave.
    pub style: ServerStyle,
    /// Whether OpenAlgo's rate limits hold.
    pub limits: bool,
    /// Faults that are on from the start.
    pub faults: Vec<Fault>,
    /// What trading costs.
    pub charges: Arc<Charges>,
    /// What time it is.
    pub now: Clock,
    /// Days without trading.
    pub holidays: Vec<Holiday>,
    /// Whether the broker has bars of seconds, as some do.
    pub seconds: bool,
    /// What `ping` calls the broker; only a test of a live start calls it otherwise.
    pub broker: String,
    /// How long a feed client may stay without authenticating.
    pub auth_grace: Duration,
}

impl SimOptions {
    /// Returns a simulator on any two ports of this machine, in memory, without charges.
    pub fn new(master: SymbolMaster, now: Clock) -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: any,
            feed: any,
            state: None,
            api_key: None,
            opening_capital: Money::rupees(5_000_000),
            master,
            prices: PriceSource::default(),
            seed: 1,
            step_ms: 1000,
            style: ServerStyle::default(),
            limits: true,
            faults: Vec::new(),
            charges: Arc::default(),
            now,
            holidays: Vec::new(),
            seconds: false,
            broker: super::routes::BROKER.to_owned(),
            auth_grace: Duration::from_secs(15),
        }
    }
}

impl fmt::Debug for SimOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimOptions")
            .field("listen", &self.listen)
            .field("feed", &self.feed)
            .field("state", &self.state)
            .field("prices", &self.prices)
            .field("seed", &self.seed)
            .field("style", &self.style)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
