//! Hears the feed: prices are judged as they come, orders wake whoever follows them.

use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Prices;
use crate::broker::Broker;
use crate::broker::openalgo::{FeedEvent, Heard};
use crate::domain::input::{PriceSource, Quote, Tick};

impl<B: Broker> Prices<B> {
    /// Listens to the feed until it ends or we are told to stop. A price that has to go to the desk
    /// goes there while the next ones are heard.
    pub async fn listen(
        &self,
        mut events: mpsc::Receiver<FeedEvent>,
        nudge: &Notify,
        stop: &CancellationToken,
    ) {
        let mut going = FuturesUnordered::new();
        loop {
            let due = self.watch().doubts_until(&self.patience.rules);
            let good = tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.hear(event, nudge),
                    None => return,
                },
                Some(()) = going.next(), if !going.is_empty() => Vec::new(),
                () = self.until(due) => self.counted(),
                () = stop.cancelled() => return,
            };
            going.extend(good.into_iter().map(|tick| self.offer(tick)));
        }
    }

    /// Takes an event in; returns the good prices it brings.
    fn hear(&self, event: FeedEvent, nudge: &Notify) -> Vec<Tick> {
        match event {
            FeedEvent::Tick(tick) => return self.hear_price(tick),
            FeedEvent::Order(_) => nudge.notify_one(),
            FeedEvent::Up => {
                info!("the feed is on");
                self.watch().up(Instant::now());
                nudge.notify_one();
            }
            FeedEvent::Down(why) => {
                warn!("the feed is off: {why}");
                self.watch().down();
            }
            FeedEvent::Refused(why) => warn!("the feed refused a subscription: {why}"),
        }
        Vec::new()
    }

    fn hear_price(&self, tick: Heard) -> Vec<Tick> {
        let now = self.desk.clock().now();
        let symbol = (tick.exchange, tick.symbol);
        let Some((what, first)) = self.watch().hear(&symbol, Instant::now()) else {
            return Vec::new();
        };
        let old = tick.at.is_some_and(|at| at + self.patience.snapshot < now);
        let quote = Quote {
            price: tick.ltp,
            bid: tick.bid,
            ask: tick.ask,
            at: now,
        };
        self.judge_all(&symbol, &what, (quote, PriceSource::Feed, first || old))
    }

    /// Returns the prices in doubt that count now because their time is up.
    fn counted(&self) -> Vec<Tick> {
        let now = self.desk.clock().now();
        let counted = self.watch().counted(&self.patience.rules, now);
        let believed = counted.into_iter().map(|(contract, mut quote, source)| {
            // Nobody has said otherwise: it is what holds now.
            quote.at = now;
            self.desk.marks().quote(contract, quote, source);
            let tick = Tick {
                contract,
                quote,
                source,
            };
            self.tapes.hear(self.desk.rules(), &tick);
            tick
        });
        believed.collect()
    }

    /// Waits until a moment of the clock; for ever without one.
    async fn until(&self, at: Option<DateTime<Utc>>) {
        match at {
            Some(at) => {
                let left = at.signed_duration_since(self.desk.clock().now());
                sleep(left.to_std().unwrap_or_default()).await;
            }
            None => core::future::pending().await,
        }
    }
}
