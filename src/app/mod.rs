//! Who starts what: the parts of a mode, put together once.
//!
//! This is the only place, with `config`, that knows the mode. Everything it starts ends together:
//! when any task ends, all are told to stop.

mod backup;
mod live;
mod paper;
mod patience;
mod reset;
mod sending;
mod telling;

use core::net::SocketAddr;
use core::num::NonZeroU32;
use core::time::Duration;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::web::Data;
use anyhow::{Context as _, bail};
use futures_util::FutureExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use backup::{backup, restore};
pub use paper::{follows_alerts, sim_base};
pub use reset::reset;

use self::patience::Patience;
use crate::broker::openalgo::{self, OpenAlgo, ReadOnly};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Config, CrashAfter, Mode, Settings};
use crate::desk::{CrashPoint, Desk, Lease, LiveMarks, Parts};
use crate::domain::input::{Input, TradingState};
use crate::domain::money::Money;
use crate::http::admin::token;
use crate::http::{self, Doors, PriceSeen, Serving};
use crate::notify::Degraded;
use crate::store::cluster::{Cluster, ClusterOptions};
use crate::store::{self, Deadlines, DeskId, NewDesk, Store, StoreError};
use crate::telemetry;

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

/// How a database is reached.
struct Database {
    /// Who may change the schema; nobody, where only the service's role is known.
    owner: Option<PgConnectOptions>,
    service: PgConnectOptions,
    cluster: Option<Cluster>,
}

/// Returns how the configured database is reached, or our own in the data directory.
fn database(config: &Config) -> anyhow::Result<Database> {
    if let Some(url) = &config.secrets.database_url {
        let owner = config.secrets.database_owner_url.as_ref();
        let owner = owner.map(|url| url.expose_secret().parse()).transpose()?;
        return Ok(Database {
            owner,
            service: url.expose_secret().parse()?,
            cluster: None,
        });
    }
    let name = database_name(config);
    let cluster = Cluster::open_with(&ClusterOptions {
        bin_dir: config.pg_bin_dir.clone(),
        ..ClusterOptions::new(config.data_dir.join("pg"))
    })?;
    cluster.create_database(&name)?;
    let dir = cluster.dir().display().to_string();
    info!(dir, "using our own PostgreSQL {} in {dir}", cluster.major());
    Ok(Database {
        owner: Some(cluster.owner_options(&name)),
        service: cluster.service_options(&name),
        cluster: Some(cluster),
    })
}

/// Returns the name of the mode's own database.
fn database_name(config: &Config) -> String {
    format!("torana_{}", config.settings.mode.word())
}

/// Returns whether orders reach a real broker.
pub fn sends_real_orders(config: &Config) -> bool {
    config.settings.mode == Mode::Live
}

/// Returns how the configured OpenAlgo is reached; nothing where none is.
pub fn openalgo_settings(config: &Config) -> Option<openalgo::Settings> {
    let key = config.secrets.openalgo_api_key.clone()?;
    let url = config.settings.openalgo.url.as_ref()?;
    Some(reached(config, (url, key)))
}

/// Returns how an OpenAlgo, or what stands in for one, is talked to.
fn reached(config: &Config, (url, key): (&str, SecretString)) -> openalgo::Settings {
    let settings = &config.settings.openalgo;
    openalgo::Settings {
        connect: settings.connect_timeout,
        order: settings.order_timeout,
        read: settings.read_timeout,
        quote: settings.quote_timeout,
        idle: settings.idle_timeout,
        strategy: settings.strategy.clone(),
        broker_only: sends_real_orders(config),
        book_reads_per_second: settings
            .book_reads_per_second
            .try_into()
            .unwrap_or(NonZeroU32::MIN),
        ..openalgo::Settings::new(url, key)
    }
}

/// Opens the database: the one configured, or our own in the data directory.
pub async fn open(config: Config) -> anyhow::Result<Opened> {
    let config = Arc::new(config);
    let Database {
        owner,
        service,
        cluster,
    } = database(&config)?;
    let patience = Patience::new();
    while let Err(error) = bring_up_to_date(owner.as_ref(), &service).await {
        let lasting = patience.outlast(error).await;
        lasting.context("the schema could not be brought up to date")?;
    }
    let instruments = Arc::new(config.rules.instruments.clone());
    let deadlines = deadlines(&config.settings);
    let store = loop {
        match Store::connect_within(service.clone(), Arc::clone(&instruments), deadlines).await {
            Ok(store) => break store,
            Err(error) => patience.outlast(error).await?,
        }
    };
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
    while let Err(error) = store.ensure_desk(&new, SystemClock.now()).await {
        patience.outlast(error).await?;
    }
    Ok(Opened {
        config,
        store,
        desk,
        cluster,
    })
}

/// Changes the schema where that is needed. Without an owner's role the only one known is tried, and
/// only when something is to be changed: a service's role may not even ask to.
async fn bring_up_to_date(
    owner: Option<&PgConnectOptions>,
    service: &PgConnectOptions,
) -> Result<(), StoreError> {
    match owner {
        Some(owner) => store::migrate(owner.clone()).await,
        None if store::is_up_to_date(service).await? => Ok(()),
        None => store::migrate(service.clone()).await,
    }
}

/// Returns how the database is talked to.
const fn deadlines(settings: &Settings) -> Deadlines {
    let database = &settings.database;
    Deadlines {
        connections: database.pool,
        acquire: database.acquire_timeout,
        statement: database.statement_timeout,
        lock: database.lock_timeout,
        same_body: settings.webhook.same_body,
    }
}

/// A desk and the task that decides for it.
pub struct Deciding {
    /// Decides.
    pub desk: Arc<Desk>,
    /// The task; it ends when `stop` is cancelled.
    pub tasks: JoinSet<&'static str>,
    /// Tells everything but the desk to stop.
    pub stop: CancellationToken,
    /// Tells the desk to stop: last, so that what was under way is still written.
    pub last: CancellationToken,
}

/// Starts a desk on an opened database.
pub async fn decide(opened: &Opened) -> anyhow::Result<Deciding> {
    let settings = &opened.config.settings;
    let crash = match settings.crash_after.clone() {
        None => CrashPoint::Nowhere,
        Some(CrashAfter::At(place, passing)) => CrashPoint::at(place, passing),
        Some(CrashAfter::Told(file)) => CrashPoint::Told(file),
    };
    let (desk, worker) = Desk::new(Parts {
        store: opened.store.clone(),
        id: opened.desk,
        rules: Arc::new(opened.config.rules.clone()),
        clock: Arc::new(SystemClock),
        crash: Arc::new(crash),
        marks: Arc::new(LiveMarks::default()),
        lease: Arc::new(Lease::new(
            opened.store.clone(),
            opened.desk,
            holder(),
            settings.courier.lease,
        )),
        waiting_max: settings.limits.inputs_waiting,
        batch_max: settings.limits.inputs_per_lock,
    });
    let (mut tasks, stop) = (JoinSet::new(), CancellationToken::new());
    let last = CancellationToken::new();
    let token = last.clone();
    tasks.spawn(worker.run(token).map(|()| "desk"));
    let patience = Patience::new();
    while let Err(error) = desk.refresh().await {
        patience.outlast(error).await?;
    }
    Ok(Deciding {
        desk,
        tasks,
        stop,
        last,
    })
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
    let listener = listen(&opened.config)?;
    let real = match opened.config.settings.mode {
        Mode::Live => Some(live::connect(&opened.config).await?),
        Mode::Paper | Mode::Shadow => None,
    };
    let counters = telemetry::counters();
    let mut deciding = decide(&opened).await?;
    let desk = Arc::clone(&deciding.desk);
    adopt(&desk).await?;
    let is_practice = real.is_none();
    let (practice, route) = match real {
        Some((real, route)) => (real, Some(route)),
        None => (paper::start(&opened, &desk)?, None),
    };
    let lease = Arc::clone(desk.lease());
    let stop = deciding.stop.clone();
    let parts = sending::Parts {
        broker: Arc::new(OpenAlgo::new(&practice.rest)?),
        lease: Arc::clone(&lease),
        hint: practice.hint.clone(),
        route,
    };
    let health = sending::start(&mut deciding, &opened, (parts, practice.feed.clone()));
    let degraded: Degraded = Arc::new(move || health.degraded());
    telling::start(
        &mut deciding,
        &opened.config,
        (Arc::clone(&lease), Arc::clone(&degraded)),
    )?;
    let mut doors = Doors::new(Arc::clone(&desk), &opened.config);
    doors.reads = Some(ReadOnly::new(&practice.rest)?);
    doors.price_seen = practice.hint.clone().map(|hint| -> PriceSeen {
        Arc::new(move |instrument, price| hint.signal(instrument, price))
    });
    doors.degraded = degraded;
    doors.counters = Some(counters);
    let serving = Serving {
        workers: opened.config.settings.server.workers,
        drain: opened.config.settings.server.drain,
    };
    let address = listener.local_addr()?;
    let served = http::serve(Data::new(doors), listener, serving, stop);
    deciding.tasks.spawn(async move {
        if let Err(error) = served.await {
            tracing::error!(%error, "the doors failed");
        }
        "the doors"
    });
    if is_practice {
        paper::first_source(&opened, &desk).await?;
        token::ensure_local(&desk, &opened.config.data_dir).await?;
    }
    announce(&opened.config, address);
    until_stopped(deciding, &opened).await
}

/// Makes this process's rules those of the desk: what was proved under others is to be proved anew.
/// A command beside a running gateway does not: one shell's settings must not stop its exits.
async fn adopt(desk: &Desk) -> anyhow::Result<()> {
    let patience = Patience::new();
    while let Err(error) = desk.input(Input::Rules(desk.rules().hash), None).await {
        patience.outlast(error).await?;
    }
    Ok(())
}

fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.settings.server.listen;
    TcpListener::bind(address).with_context(|| {
        format!("server.listen: nothing can listen on {address}; is another gateway running?")
    })
}

fn holder() -> String {
    // Containers share process numbers and sometimes names: chance tells them apart.
    let chance = getrandom::u64().unwrap_or_default();
    format!("{}@{} {chance:016x}", std::process::id(), hostname())
}

fn hostname() -> String {
    std::fs::read_to_string("/etc/hostname")
        .map_or_else(|_| "here".to_owned(), |name| name.trim().to_owned())
}

fn announce(config: &Config, address: SocketAddr) {
    for warning in &config.warnings {
        warn!("{warning}");
    }
    if config.settings.mode != Mode::Live {
        info!("paper: stops are watched here; nothing rests at a broker while this does not run");
        info!("paper: prices come from {}", config.settings.paper.prices);
    }
    info!("the doors are open at http://{address}");
}

/// Waits for a signal or for any task to end, then ends all.
async fn until_stopped(mut deciding: Deciding, opened: &Opened) -> anyhow::Result<()> {
    let ended = tokio::select! {
        ended = deciding.tasks.join_next() => ended,
        () = asked_to_stop() => None,
    };
    deciding.stop.cancel();
    let drained =
        async { while deciding.tasks.len() > 2 && deciding.tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        warn!("some calls did not end in time; what was being sent is looked up at the next start");
    }
    // The desk and the lease: what was under way is written, and the lease given up, only now.
    deciding.last.cancel();
    let last = async { while deciding.tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, last).await.is_err() {
        warn!("the desk did not end in time");
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
