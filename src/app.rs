//! Who starts what: the parts of a mode, put together once.
//!
//! This is the only place, with `config`, that knows the mode. Everything it starts ends together:
//! when any task ends, all are told to stop.

use core::time::Duration;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use futures_util::FutureExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::broker::openalgo::{self, Budget, Feed, FeedEvent, FeedSettings, OpenAlgo};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Mode, Settings};
use crate::courier::{Baselines, Calls, Courier, PriceHint};
use crate::desk::{CrashPoint, Desk, Lease, LiveMarks, Parts};
use crate::domain::calendar::exchange_day;
use crate::domain::fact::Goal;
use crate::domain::input::{Input, Quote, TradingState};
use crate::domain::instrument::{ContractId, InstrumentIx};
use crate::domain::money::{Money, Price};
use crate::monitor::{Monitor, Orders, Prices};
use crate::sim::{PriceSource, SimHandle, SimOptions, SimServer, SymbolMaster};
use crate::store::{self, DeskId, NewDesk, Store, cluster::Cluster};

/// How long tasks may take to end once told to.
const DRAIN: Duration = Duration::from_secs(8);

/// What a paper desk starts with when nothing is configured, in rupees.
const PAPER_CAPITAL: i64 = 5_000_000;

/// A database that is ready, and the desk in it.
pub struct Opened {
    /// The configuration it was opened with.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// The desk's number.
    pub desk: DeskId,
    /// Our share in the embedded server, when there is one.
    pub cluster: Option<Cluster>,
}

/// Opens the database: the one configured, or our own in the data directory.
pub async fn open(config: Config) -> anyhow::Result<Opened> {
    let config = Arc::new(config);
    let name = format!("torana_{}", config.settings.mode.word());
    let (owner, service, cluster) = if let Some(url) = &config.secrets.database_url {
        let owner = config.secrets.database_owner_url.as_ref().unwrap_or(url);
        (
            owner.expose_secret().parse()?,
            url.expose_secret().parse()?,
            None,
        )
    } else {
        let cluster = Cluster::open(&config.data_dir.join("pg"))?;
        cluster.create_database(&name)?;
        let dir = cluster.dir().display().to_string();
        info!(dir, "using our own PostgreSQL {} in {dir}", cluster.major());
        (
            cluster.owner_options(&name),
            cluster.service_options(&name),
            Some(cluster),
        )
    };
    store::migrate(owner)
        .await
        .context("the schema could not be brought up to date")?;
    let instruments = Arc::new(config.rules.instruments.clone());
    let store = Store::connect(service, instruments).await?;
    let desk = DeskId(1);
    let new = NewDesk {
        id: desk,
        name: config.settings.desk.name.clone(),
        made_in: config.settings.mode.word(),
        opening: capital(&config.settings)?,
        state: match config.settings.mode {
            Mode::Live => TradingState::Frozen,
            Mode::Paper | Mode::Shadow => TradingState::Active,
        },
    };
    store.ensure_desk(&new, SystemClock.now()).await?;
    Ok(Opened {
        config,
        store,
        desk,
        cluster,
    })
}

/// A desk and the task that decides for it.
pub struct Deciding {
    /// Decides.
    pub desk: Arc<Desk>,
    /// The task; it ends when `stop` is cancelled.
    pub tasks: JoinSet<&'static str>,
    /// Tells it to stop.
    pub stop: CancellationToken,
}

/// Starts a desk on an opened database, gives a new one its capital and adopts the rules.
pub async fn decide(opened: &Opened) -> anyhow::Result<Deciding> {
    let settings = &opened.config.settings;
    let crash = settings
        .crash_after
        .as_ref()
        .map_or_else(CrashPoint::default, |crash| {
            CrashPoint::at(crash.place.clone(), crash.passing)
        });
    let (desk, worker) = Desk::new(Parts {
        store: opened.store.clone(),
        id: opened.desk,
        rules: Arc::new(opened.config.rules.clone()),
        clock: Arc::new(SystemClock),
        crash: Arc::new(crash),
        marks: Arc::new(LiveMarks::default()),
        waiting_max: settings.limits.inputs_waiting,
        batch_max: settings.limits.inputs_per_lock,
    });
    let (mut tasks, stop) = (JoinSet::new(), CancellationToken::new());
    let token = stop.clone();
    tasks.spawn(worker.run(token).map(|()| "desk"));
    desk.input(Input::Rules(opened.config.rules.hash), None)
        .await?;
    desk.refresh().await?;
    Ok(Deciding { desk, tasks, stop })
}

fn capital(settings: &Settings) -> anyhow::Result<Money> {
    match (settings.desk.opening_capital, settings.mode) {
        (Some(capital), _) => Ok(capital),
        (None, Mode::Paper | Mode::Shadow) => Ok(Money::rupees(PAPER_CAPITAL)),
        (None, Mode::Live) => bail!("desk.opening_capital: live needs the capital it starts with"),
    }
}

/// Runs the gateway until it is told to stop, or until a part of it ends.
pub async fn serve(opened: Opened) -> anyhow::Result<()> {
    if opened.config.settings.mode == Mode::Live {
        bail!(
            "live mode opens with the monitor that watches stops; this version runs paper and shadow"
        );
    }
    let mut deciding = decide(&opened).await?;
    let desk = Arc::clone(&deciding.desk);
    let sim = start_sim(&opened.config)?;
    let (rest, feed) = (
        format!("http://{}", sim.rest_addr),
        format!("ws://{}", sim.feed_addr),
    );
    let key = SecretString::from("paper".to_owned());
    let broker = Arc::new(OpenAlgo::new(&openalgo::Settings::new(&rest, key.clone()))?);
    let lease = Arc::new(Lease::new(
        opened.store.clone(),
        opened.desk,
        holder(),
        opened.config.settings.courier.lease,
    ));
    let hint = hint(Arc::new(sim), &desk, &opened.config);
    let stop = deciding.stop.clone();
    let nudge = Arc::new(Notify::new());
    let parts = Sending {
        broker,
        lease,
        nudge: Arc::clone(&nudge),
        hint: hint.clone(),
    };
    let health = start_sending(&mut deciding.tasks, (&opened, &desk), parts, &stop);
    start_feed(
        &mut deciding.tasks,
        FeedSettings::new(&feed, key),
        nudge,
        &stop,
    );
    let _ = (health, hint);
    announce(&opened.config);
    until_stopped(deciding, &opened).await
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
    options.state = Some(config.data_dir.join("sim"));
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

/// Returns what tells the simulator where its market is, when it follows alerts.
fn hint(sim: Arc<SimHandle>, desk: &Arc<Desk>, config: &Arc<Config>) -> Option<Hint> {
    let follows = config.settings.paper.prices == "alerts";
    let desk = Arc::clone(desk);
    follows.then(|| Hint { sim, desk })
}

/// Tells the simulator that follows alerts where its market is, and the desk with it.
#[derive(Clone)]
pub struct Hint {
    sim: Arc<SimHandle>,
    desk: Arc<Desk>,
}

impl Hint {
    /// Takes the price of a signal as the market's: of what is held, else of what an entry takes.
    pub fn signal(&self, instrument: InstrumentIx, price: Price) {
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

    /// Takes a price as the market's.
    pub fn price(&self, contract: ContractId, price: Price) {
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
        );
    }
}

/// What sends orders.
struct Sending {
    broker: Arc<OpenAlgo>,
    lease: Arc<Lease>,
    nudge: Arc<Notify>,
    hint: Option<Hint>,
}

/// Starts courier and monitor under the lease.
fn start_sending(
    tasks: &mut JoinSet<&'static str>,
    (opened, desk): (&Opened, &Arc<Desk>),
    parts: Sending,
    stop: &CancellationToken,
) -> Arc<Prices<OpenAlgo>> {
    let settings = &opened.config.settings;
    let baselines = Arc::new(Baselines::new(settings.courier.baseline_age));
    let calls = Arc::new(Calls::default());
    let hint = parts.hint.map(|hint| -> PriceHint {
        Arc::new(move |order, book| {
            let goal = book
                .intents
                .get(&order.id.intent)
                .map(|intent| &intent.goal);
            if let Some(Goal::Open(goal)) = goal
                && !book.marks.contracts.contains_key(&order.contract)
            {
                hint.price(order.contract, goal.price);
            }
        })
    });
    let courier = Courier {
        desk: Arc::clone(desk),
        broker: Arc::clone(&parts.broker),
        budget: Arc::new(Budget::default()),
        lease: Arc::clone(&parts.lease),
        baselines: Arc::clone(&baselines),
        calls: Arc::clone(&calls),
        lanes: settings.courier.lanes,
        hint,
    };
    let prices = Arc::new(Prices::new(
        Arc::clone(desk),
        Arc::clone(&parts.broker),
        settings.monitor.funds_poll,
    ));
    let monitor = Monitor {
        desk: Arc::clone(desk),
        lease: Arc::clone(&parts.lease),
        orders: Orders::new(
            Arc::clone(desk),
            Arc::clone(&parts.broker),
            settings.monitor.order_polls.clone(),
            (baselines, calls, settings.courier.proof_pause),
        ),
        prices: Arc::clone(&prices),
        nudge: parts.nudge,
        pause: settings.monitor.pause,
    };
    let (pause, token) = (settings.courier.pause, stop.clone());
    tasks.spawn(async move {
        courier.run(pause, token).await;
        "courier"
    });
    let token = stop.clone();
    tasks.spawn(async move {
        monitor.run(token).await;
        "monitor"
    });
    let (lease, token) = (parts.lease, stop.clone());
    tasks.spawn(async move {
        keep(&lease, token).await;
        "lease"
    });
    prices
}

/// Takes and renews the lease for as long as the process lives.
async fn keep(lease: &Lease, stop: CancellationToken) {
    let every = lease.lasts() / 4;
    loop {
        if let Err(error) = lease.keep().await {
            warn!(%error, "the lease could not be renewed");
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stop.cancelled() => break,
        }
    }
    if let Err(error) = lease.release().await {
        warn!(%error, "the lease was not given up; it runs out by itself");
    }
}

/// Listens to the feed for orders that move.
fn start_feed(
    tasks: &mut JoinSet<&'static str>,
    settings: FeedSettings,
    nudge: Arc<Notify>,
    stop: &CancellationToken,
) {
    let (events, mut heard) = mpsc::channel(256);
    let (wanted, watched) = watch::channel(openalgo::Wanted::default());
    let feed = Feed::new(settings, watched);
    let token = stop.clone();
    tasks.spawn(async move {
        feed.run(events, token).await;
        drop(wanted);
        "feed"
    });
    let token = stop.clone();
    tasks.spawn(async move {
        loop {
            tokio::select! {
                event = heard.recv() => match event {
                    Some(FeedEvent::Order(_)) => nudge.notify_one(),
                    Some(_) => {}
                    None => break,
                },
                () = token.cancelled() => break,
            }
        }
        "feed events"
    });
}

fn holder() -> String {
    format!("{}@{}", std::process::id(), hostname())
}

fn hostname() -> String {
    std::fs::read_to_string("/etc/hostname")
        .map_or_else(|_| "here".to_owned(), |name| name.trim().to_owned())
}

fn announce(config: &Config) {
    for warning in &config.warnings {
        warn!("{warning}");
    }
    if config.settings.mode != Mode::Live {
        info!("paper: stops are recorded and not yet watched");
        info!("paper: prices come from {}", config.settings.paper.prices);
    }
}

/// Waits for a signal or for any task to end, then ends all.
async fn until_stopped(mut deciding: Deciding, opened: &Opened) -> anyhow::Result<()> {
    let ended = tokio::select! {
        ended = deciding.tasks.join_next() => ended,
        () = asked_to_stop() => None,
    };
    deciding.stop.cancel();
    let drained = async { while deciding.tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        warn!("some calls did not end in time; what was being sent is looked up at the next start");
    }
    if let Ok(tag) = opened.store.tag(opened.desk).await {
        let head = data_encoding::HEXLOWER.encode(&tag.head);
        info!(seq = tag.seq, head = %head, "stopped at fact {} with head {head}", tag.seq);
    }
    match ended {
        Some(Ok(task)) => bail!("{task} ended by itself"),
        Some(Err(error)) => bail!("a task failed: {error}"),
        None => Ok(()),
    }
}

async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return core::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
