//! Courier, monitor, lease and feed: what runs in the one process that holds the lease.

use core::time::Duration;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::paper::Hint;
use super::{Deciding, Opened};
use crate::broker::openalgo::{Budget, Feed, FeedSettings, OpenAlgo, Wanted};
use crate::config::{Mode, Settings};
use crate::courier::{Baselines, Calls, Courier, PriceHint};
use crate::desk::{Desk, Lease};
use crate::domain::fact::Goal;
use crate::domain::input::{FeedState, Route};
use crate::domain::price::PriceRules;
use crate::monitor::{
    ApprovalMode, Bars, Drift, History, Hours, Monitor, Orders, Patience, Prices, Way,
};
use crate::store::views;

/// Frames of the feed that may wait to be judged: half a second of two thousand prices a second.
const EVENTS_WAITING_MAX: usize = 1024;

/// What sends orders.
pub(super) struct Parts {
    /// Takes them.
    pub(super) broker: Arc<OpenAlgo>,
    /// The right to send them.
    pub(super) lease: Arc<Lease>,
    /// Follows the prices of alerts.
    pub(super) hint: Option<Hint>,
    /// What was found of the way that orders take, where they are real.
    pub(super) route: Option<Route>,
}

/// Knows what is out of order without stopping alerts.
pub(super) struct Health {
    lease: Arc<Lease>,
    prices: Arc<Prices<OpenAlgo>>,
    desk: Arc<Desk>,
}

impl Health {
    /// Returns what is out of order, in words.
    pub(super) fn degraded(&self) -> Vec<String> {
        let broker = self.prices.health();
        let mut why = Vec::new();
        if self.lease.epoch().is_none() {
            why.push("lease: another process sends orders, or none does yet".to_owned());
        } else {
            if !broker.prices {
                why.push("broker: prices cannot be read".to_owned());
            }
            if !broker.state.logged_in {
                why.push("broker: the session is over, a person has to log in".to_owned());
            }
            match broker.state.feed {
                FeedState::Speaks => {}
                FeedState::Mute => why.push("feed: mute, prices are asked for".to_owned()),
                FeedState::Away => why.push("feed: away, prices are asked for".to_owned()),
            }
            if !broker.funds {
                why.push("broker: free cash is unknown".to_owned());
            }
        }
        let mut book = (*self.desk.seen().unwrap_or_default()).clone();
        self.desk.marks().merge_into(&mut book.marks);
        let rules = self.desk.rules();
        why.extend(views::worries(&book, rules));
        if self.lease.epoch().is_some() {
            why.extend(views::unwatched(&book, rules, self.desk.clock().now()));
        }
        why
    }
}

/// Starts courier and monitor under the lease.
pub(super) fn start(
    deciding: &mut Deciding,
    opened: &Opened,
    (parts, feed): (Parts, Option<FeedSettings>),
) -> Health {
    let (desk, stop) = (Arc::clone(&deciding.desk), deciding.stop.clone());
    let (desk, stop, tasks) = (&desk, &stop, &mut deciding.tasks);
    let nudge = Arc::new(Notify::new());
    let settings = &opened.config.settings;
    let baselines = Arc::new(Baselines::new(settings.courier.baseline_age));
    let calls = Arc::new(Calls::default());
    let budget = budget(settings);
    let (prices, feed) = prices(desk, opened, (&parts, feed));
    let way = way(desk, &parts, settings);
    let courier = Courier {
        desk: Arc::clone(desk),
        broker: Arc::clone(&parts.broker),
        budget: Arc::clone(&budget),
        lease: Arc::clone(&parts.lease),
        baselines: Arc::clone(&baselines),
        calls: Arc::clone(&calls),
        lanes: settings.courier.lanes,
        fresh: settings.prices.fresh,
        hint: parts.hint.map(price_hint),
    };
    let monitor = Monitor {
        desk: Arc::clone(desk),
        lease: Arc::clone(&parts.lease),
        orders: Orders::new(
            Arc::clone(desk),
            Arc::clone(&parts.broker),
            (
                settings.monitor.order_polls.clone(),
                settings.monitor.late_look,
            ),
            (baselines, calls, settings.courier.proof_pause),
        ),
        drift: Drift::new(
            Arc::clone(desk),
            Arc::clone(&parts.broker),
            settings.monitor.book_poll,
        ),
        history: History::new(Arc::clone(desk)),
        mode: approval_mode(opened, (desk, &parts.broker, budget)),
        hours: Hours::new(Arc::clone(desk), Arc::clone(&parts.broker)),
        way,
        prices: Arc::clone(&prices),
        bars: Bars::new(Arc::clone(desk), Arc::clone(&parts.broker), prices.tapes()),
        nudge: Arc::clone(&nudge),
        pause: settings.monitor.pause,
    };
    let (pause, token) = (settings.courier.pause, stop.clone());
    tasks.spawn(async move {
        courier.run(pause, token).await;
        "courier"
    });
    let token = stop.clone();
    tasks.spawn(async move {
        Box::pin(monitor.run(token)).await;
        "monitor"
    });
    let (lease, token) = (Arc::clone(&parts.lease), deciding.last.clone());
    tasks.spawn(async move {
        keep(&lease, token).await;
        "lease"
    });
    let seen_by = Arc::clone(desk);
    if let Some(feed) = feed {
        start_feed(deciding, feed, (Arc::clone(&prices), nudge));
    }
    Health {
        desk: seen_by,
        lease: parts.lease,
        prices,
    }
}

/// Returns what tells the simulator where the market of an order is, before it is asked.
fn price_hint(hint: Hint) -> PriceHint {
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
}

/// Returns who asks for OpenAlgo's mode: at the start too, where orders are real.
fn approval_mode(
    opened: &Opened,
    (desk, broker, budget): (&Arc<Desk>, &Arc<OpenAlgo>, Arc<Budget>),
) -> ApprovalMode<OpenAlgo> {
    let real = opened.config.settings.mode == Mode::Live;
    ApprovalMode::new(Arc::clone(desk), Arc::clone(broker), (budget, real))
}

/// Returns who asks where orders go, where they are real.
fn way(desk: &Arc<Desk>, parts: &Parts, settings: &Settings) -> Option<Way<OpenAlgo>> {
    let route = parts.route.clone()?;
    let parts = (
        Arc::clone(desk),
        Arc::clone(&parts.lease),
        Arc::clone(&parts.broker),
    );
    Some(Way::new(parts, route, settings.monitor.funds_poll))
}

/// Returns how fast orders may leave.
fn budget(settings: &Settings) -> Arc<Budget> {
    let limits = &settings.limits;
    Arc::new(Budget::new(
        limits.orders_per_second,
        limits.exits_per_second,
    ))
}

/// The longest pause between two tries for the lease: whoever waits for it takes it up soon after it
/// was given back, however long it may last.
const LEASE_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Takes and renews the lease for as long as the process lives.
async fn keep(lease: &Lease, stop: CancellationToken) {
    let every = (lease.lasts() / 4).min(LEASE_PAUSE_MAX);
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

/// Returns the reader of prices and the feed it listens to, where there is one.
fn prices(
    desk: &Arc<Desk>,
    opened: &Opened,
    (parts, feed): (&Parts, Option<FeedSettings>),
) -> (Arc<Prices<OpenAlgo>>, Option<Feed>) {
    let (subscribed, wanted) = watch::channel(Wanted::default());
    let anew = Arc::new(Notify::new());
    let prices = Prices::new(
        (
            Arc::clone(desk),
            Arc::clone(&parts.lease),
            Arc::clone(&parts.broker),
        ),
        patience(&opened.config.settings),
        (subscribed, Arc::clone(&anew)),
    );
    let Some(feed) = feed else {
        prices.have_no_feed();
        return (Arc::new(prices), None);
    };
    let feed = Feed::new(feed, wanted).anew_when(anew);
    (Arc::new(prices), Some(feed))
}

/// Returns how patient the settings are with prices.
fn patience(settings: &Settings) -> Patience {
    let prices = &settings.prices;
    Patience {
        rules: PriceRules {
            apart: prices.suspicious,
            atr: prices.suspicious_atr,
            again: prices.confirm,
            patience: prices.patience,
        },
        silence: prices.silence,
        mute: prices.mute,
        snapshot: prices.snapshot,
        pause: settings.monitor.pause,
        write: prices.write,
        funds: settings.monitor.funds_poll,
    }
}

/// Listens to the feed for prices, and for orders that move.
fn start_feed(
    deciding: &mut Deciding,
    feed: Feed,
    (prices, nudge): (Arc<Prices<OpenAlgo>>, Arc<Notify>),
) {
    let (stop, tasks) = (&deciding.stop, &mut deciding.tasks);
    let (events, heard) = mpsc::channel(EVENTS_WAITING_MAX);
    let token = stop.clone();
    tasks.spawn(async move {
        feed.run(events, token).await;
        "feed"
    });
    let token = stop.clone();
    tasks.spawn(async move {
        prices.listen(heard, &nudge, &token).await;
        "feed events"
    });
}
