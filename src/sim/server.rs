//! The two servers around a house, and the handle to them.
//!
//! They run on a thread and an actix system of their own, so that any program can hold one, and a
//! test several.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::KeepAlive;
use actix_web::{App, HttpServer, web};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

use crate::domain::money::Price;
use crate::domain::order::Exchange;

use super::door;
use super::faults::Fault;
use super::feed;
use super::house::House;
use super::limits::Limits;
use super::options::{ServerStyle, SimOptions};
use super::prices::PriceSource;
use super::real;
use super::state::SimState;

/// How long an idle connection lives under gunicorn.
const IDLE: Duration = Duration::from_secs(2);

/// Largest body taken.
const BODY_BYTES_MAX: usize = 1 << 20;

/// What every worker shares.
pub(super) struct Shared {
    house: Mutex<House>,
    /// The calls of the last second, when limits hold.
    pub(super) limits: Option<Mutex<Limits>>,
    /// How connections behave.
    pub(super) style: ServerStyle,
    /// How long a feed client may stay without authenticating.
    pub(super) auth_grace: Duration,
}

/// Starts simulators.
#[derive(Clone, Copy, Debug)]
pub struct SimServer;

/// A running simulator; dropping it stops it.
pub struct SimHandle {
    /// Where REST listens.
    pub rest_addr: SocketAddr,
    /// Where the feed listens.
    pub feed_addr: SocketAddr,
    shared: Arc<Shared>,
    rest: ServerHandle,
    feed: ServerHandle,
    ended: Option<oneshot::Receiver<io::Result<()>>>,
}

impl Shared {
    /// Returns the house to oneself.
    pub(super) fn house(&self) -> MutexGuard<'_, House> {
        self.house.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SimServer {
    /// Opens the state, binds both ports and starts to serve.
    pub fn start(options: &SimOptions) -> io::Result<SimHandle> {
        let (rest, feed) = (
            TcpListener::bind(options.listen)?,
            TcpListener::bind(options.feed)?,
        );
        let (rest_addr, feed_addr) = (rest.local_addr()?, feed.local_addr()?);
        let shared = Arc::new(Shared {
            house: Mutex::new(House::open(options)?),
            limits: options.limits.then(Mutex::default),
            style: options.style,
            auth_grace: options.auth_grace,
        });
        let (started, running) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let (inside, step) = (Arc::clone(&shared), options.step_ms);
        std::thread::Builder::new()
            .name("torana-sim".to_owned())
            .spawn(move || {
                let result = actix_web::rt::System::new().block_on(async {
                    let rest = serve_rest(&inside, rest)?;
                    let feed = serve_feed(&inside, feed)?;
                    // Whoever started it may be gone; the servers then run until the process ends.
                    let _receiver = started.send((rest.handle(), feed.handle()));
                    tokio::select! {
                        both = futures_util::future::try_join(rest, feed) => both.map(|_| ()),
                        never = walk(&inside, step) => never,
                    }
                });
                let _nobody_waits = end.send(result);
            })?;
        match running.recv() {
            Ok((rest, feed)) => Ok(SimHandle {
                rest_addr,
                feed_addr,
                shared,
                rest,
                feed,
                ended: Some(ended),
            }),
            Err(_) => Err(io::Error::other("the simulator ended while it started")),
        }
    }
}

fn serve_rest(shared: &Arc<Shared>, listener: TcpListener) -> io::Result<Server> {
    let keep_alive = match shared.style {
        ServerStyle::Werkzeug => KeepAlive::Disabled,
        ServerStyle::Gunicorn => KeepAlive::Timeout(IDLE),
    };
    let data = web::Data::from(Arc::clone(shared));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
            .default_service(web::to(door::enter))
    })
    .workers(2)
    .keep_alive(keep_alive)
    .on_connect(door::keep_hold)
    .disable_signals()
    .shutdown_timeout(0)
    .listen(listener)?;
    Ok(server.run())
}

fn serve_feed(shared: &Arc<Shared>, listener: TcpListener) -> io::Result<Server> {
    let data = web::Data::from(Arc::clone(shared));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .default_service(web::to(feed::connect))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(0)
    .listen(listener)?;
    Ok(server.run())
}

/// Moves every price one step, again and again, or follows a real OpenAlgo.
async fn walk(shared: &Shared, step_ms: u64) -> io::Result<()> {
    let source = shared.house().prices.source().clone();
    match source {
        PriceSource::OpenAlgo { url, key } => real::follow(shared, &url, &key, step_ms).await,
        PriceSource::Alerts | PriceSource::Walk | PriceSource::Bars(_) if step_ms == 0 => {
            core::future::pending().await
        }
        PriceSource::Alerts | PriceSource::Walk | PriceSource::Bars(_) => {
            let mut every = interval(Duration::from_millis(step_ms));
            every.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                every.tick().await;
                shared.house().step()?;
            }
        }
    }
}

impl SimHandle {
    /// Names a price; orders that waited for it trade before this returns.
    pub fn set_price(&self, exchange: Exchange, symbol: &str, price: Price) -> io::Result<()> {
        self.shared.house().set_price((exchange, symbol), price)
    }

    /// Names a price for every contract on something (`BANKNIFTY`): all months, and its index.
    pub fn set_prices_of(&self, name: &str, price: Price) -> io::Result<()> {
        let mut house = self.shared.house();
        let rows: Vec<_> = house
            .floor
            .master
            .rows()
            .filter(|(_, row)| row.name == name)
            .map(|(_, row)| (row.exchange, row.symbol.clone()))
            .collect();
        rows.iter()
            .try_for_each(|(exchange, symbol)| house.set_price((*exchange, symbol), price))
    }

    /// Moves every price one step.
    pub fn step(&self) -> io::Result<()> {
        self.shared.house().step()
    }

    /// Switches these faults on, beside those that are.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.house().set_faults(faults);
    }

    /// Switches all faults off; orders held at a part of their quantity may fill.
    pub fn clear_faults(&self) -> io::Result<()> {
        self.shared.house().clear_faults()
    }

    /// Returns everything there is to know.
    pub fn state(&self) -> SimState {
        self.shared.house().state()
    }

    /// Stops serving and closes the journal; whoever waits for an answer gets none.
    pub async fn stop(mut self) -> io::Result<()> {
        self.shared.house().close();
        self.rest.stop(false).await;
        self.feed.stop(false).await;
        self.ended().await
    }

    /// Waits until the simulator ends by itself, which it does only in trouble.
    pub async fn ended(&mut self) -> io::Result<()> {
        match self.ended.take() {
            Some(ended) => ended.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }
}

impl Drop for SimHandle {
    fn drop(&mut self) {
        self.shared.house().close();
        // Calling is enough; the futures only tell when it is done.
        drop(self.rest.stop(false));
        drop(self.feed.stop(false));
    }
}

impl core::fmt::Debug for SimHandle {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SimHandle")
            .field("rest_addr", &self.rest_addr)
            .field("feed_addr", &self.feed_addr)
            .finish_non_exhaustive()
    }
}
