//! What paper and shadow have in place of a broker: the simulator, and a source to begin with.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use tracing::{info, warn};

use super::{Opened, capital};
use crate::broker::openalgo::{FeedSettings, Settings};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Config, Mode};
use crate::desk::Desk;
use crate::desk::person::{By, change_access};
use crate::domain::calendar::exchange_day;
use crate::domain::input::{self, Quote};
use crate::domain::instrument::{ContractId, InstrumentIx};
use crate::domain::money::Price;
use crate::http::admin::token;
use crate::sim::{PriceSource, SimHandle, SimOptions, SimServer, SymbolMaster};
use crate::store::{AccessChange, NewSource};

/// The name of the source that a new paper desk begins with.
const FIRST_SOURCE: &str = "tradingview";

/// The file, in the data directory, that holds the path alerts are sent to.
const PATH_FILE: &str = "webhook-path";

/// How the broker, or what stands in for it, is reached.
pub(super) struct Practice {
    /// How its REST is reached.
    pub(super) rest: Settings,
    /// How its feed is reached; nothing where orders and prices are polled.
    pub(super) feed: Option<FeedSettings>,
    /// Follows the prices of alerts, when that is where prices come from.
    pub(super) hint: Option<Hint>,
}

/// Starts the simulator inside the process.
pub(super) fn start(opened: &Opened, desk: &Arc<Desk>) -> anyhow::Result<Practice> {
    let config = &opened.config;
    let paper = &config.settings.paper;
    if let (Some(rest), Some(feed)) = (&paper.external, &paper.external_feed) {
        info!("orders go to the simulator at {rest}");
        return Ok(practice(config, (rest, feed), None));
    }
    let sim = Arc::new(start_sim(config)?);
    let (rest, feed) = (
        format!("http://{}", sim.rest_addr),
        format!("ws://{}", sim.feed_addr),
    );
    let hint = follows_alerts(config).then(|| Hint {
        sim,
        desk: Arc::clone(desk),
    });
    Ok(practice(config, (&rest, &feed), hint))
}

/// Returns whether the market is wherever the newest alert says.
pub fn follows_alerts(config: &Config) -> bool {
    let paper = &config.settings.paper;
    let ours = config.settings.mode != Mode::Live && paper.external.is_none();
    ours && paper.prices == "alerts"
}

/// Returns how a simulator is reached.
fn practice(config: &Config, (rest, feed): (&str, &str), hint: Option<Hint>) -> Practice {
    let key = SecretString::from("paper".to_owned());
    let rest = super::reached(config, (rest, key.clone()));
    let feed = Some(FeedSettings::new(feed, key));
    Practice { rest, feed, hint }
}

/// Gives a desk without any source one, and keeps its path where only its owner reads it.
pub(super) async fn first_source(opened: &Opened, desk: &Desk) -> anyhow::Result<()> {
    let file = opened.config.data_dir.join(PATH_FILE);
    if opened.store.sources(opened.desk).await?.is_empty() {
        let mut secret = [0_u8; 24];
        getrandom::fill(&mut secret).context("no randomness for a secret")?;
        let secret = data_encoding::BASE64URL_NOPAD.encode(&secret);
        let path = format!("/webhook/{secret}");
        keep(&file, &path)?;
        let new = NewSource {
            name: FIRST_SOURCE.to_owned(),
            secret: Sha256::digest(secret.as_bytes()).into(),
            ..NewSource::default()
        };
        let by = By {
            name: token::HOUSE,
            why: "a desk without any source is of no use",
            request: &path,
        };
        let may = "it may send everything".to_owned();
        let added = AccessChange::SourceAdded(Box::new(new));
        change_access(desk, added, (may, by)).await?;
    }
    info!("the path alerts go to is in {}", file.display());
    Ok(())
}

/// Writes a secret where only its owner reads it.
fn keep(file: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut out = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("{} cannot be written", file.display()))?;
    writeln!(out, "{text}")?;
    Ok(())
}

/// Returns a simulator of our own instruments, calendar and charges.
pub fn sim_base(config: &Config) -> SimOptions {
    let rules = &config.rules;
    let today = exchange_day(SystemClock.now());
    let master = SymbolMaster::of(&rules.instruments, &rules.calendar, today);
    let mut options = SimOptions::new(master, Arc::new(|| SystemClock.now()));
    options.charges = Arc::new(rules.charges.clone());
    options
}

/// Starts the simulator that paper orders go to.
fn start_sim(config: &Config) -> anyhow::Result<SimHandle> {
    let mut options = sim_base(config);
    let paper = &config.settings.paper;
    options.listen = paper.listen;
    options.feed = paper.feed;
    options.state = Some(sim_state(config));
    options.opening_capital = capital(&config.settings)?;
    options.prices = prices(config)?;
    options.seed = paper.seed;
    SimServer::start(&options).context("the simulator did not start")
}

fn prices(config: &Config) -> anyhow::Result<PriceSource> {
    let real = config
        .settings
        .openalgo
        .url
        .clone()
        .zip(config.secrets.openalgo_api_key.clone());
    Ok(match (config.settings.paper.prices.as_str(), real) {
        ("alerts", _) => PriceSource::Alerts,
        ("walk", _) => PriceSource::Walk,
        ("openalgo", Some((url, key))) => PriceSource::OpenAlgo {
            url,
            key: key.expose_secret().to_owned(),
        },
        ("openalgo", None) => {
            bail!("paper.prices: \"openalgo\" needs OPENALGO_URL and OPENALGO_API_KEY")
        }
        (file, _) => PriceSource::Bars(file.into()),
    })
}

/// Tells the simulator that follows alerts where its market is, and the desk with it.
#[derive(Clone)]
pub(super) struct Hint {
    sim: Arc<SimHandle>,
    desk: Arc<Desk>,
}

impl Hint {
    /// Takes the price of a signal as the market's: of what is held, else of what an entry takes.
    pub(super) fn signal(&self, instrument: InstrumentIx, price: Price) {
        let rules = self.desk.rules();
        let held = self.desk.seen().and_then(|book| {
            book.position_in(instrument)
                .map(|position| position.contract)
        });
        let contract = held.or_else(|| {
            let today = exchange_day(self.desk.clock().now());
            rules
                .instruments
                .contract_for_entry(instrument, today, &rules.calendar)
        });
        if let Some(contract) = contract {
            self.price(contract, price);
        }
    }

    /// Takes a price as the market's. No judge is asked: this market is wherever its alerts say, and
    /// no other could say otherwise. It becomes a mark, which values and compares; what fires a stop
    /// is what the simulator's feed then tells of it, and that is judged like every price.
    pub(super) fn price(&self, contract: ContractId, price: Price) {
        let instruments = &self.desk.rules().instruments;
        let Some(instrument) = instruments.get(contract.instrument) else {
            return;
        };
        let symbol = instruments.symbol(contract);
        if let Err(error) = self.sim.set_price(instrument.exchange, &symbol, price) {
            warn!(%error, "the simulator did not take a price");
        }
        let at = self.desk.clock().now();
        self.desk.marks().quote(
            contract,
            Quote {
                price,
                bid: None,
                ask: None,
                at,
            },
            input::PriceSource::Alert,
        );
    }
}

/// Returns where the simulator keeps its account.
pub(super) fn sim_state(config: &Config) -> PathBuf {
    config.data_dir.join("sim")
}
