//! The adapter to OpenAlgo.
//!
//! Of the order routes `placeorder`, `cancelorder` and `modifyorder` are used. `placesmartorder`,
//! `basketorder`, `splitorder`, `cancelallorder` and `closeposition` have no method here: their
//! answers do not say which order they are about.

use core::num::NonZeroU32;

use chrono::NaiveDate;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde_json::{Map, Value};

use self::classify::{Call, classify};
use self::client::Http;
use self::wire::Request;
use super::{
    Ack, Asked, BarRow, Broker, BrokerError, Contract, Funds, NotSent, OrderRow, PositionRow,
    Quote, Quotes, ReadError, Routing, Rows, Timing, TradeRow,
};
use crate::domain::money::Money;
use crate::domain::order::{BrokerOrderId, Exchange, Ticket};

pub mod books;
pub mod classify;
mod client;
mod feed;
pub mod frames;
pub mod limits;
mod loose;
mod readonly;
pub mod reads;
mod wire;

#[cfg(test)]
mod transport_tests;

pub use client::{Answer, ClientError, Settings};
pub use feed::{Ended, Feed, FeedEvent, FeedSettings, Wanted};
pub use frames::Tick as Heard;
pub use limits::{Budget, Class, Right};
pub use readonly::{ReadOnly, Route};

/// OpenAlgo asks its broker for one history every 350 ms, whoever wants it.
const HISTORY_READS_PER_SECOND: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// One OpenAlgo, with one key.
#[derive(Debug)]
pub struct OpenAlgo {
    http: Http,
    strategy: String,
    broker_only: bool,
    orders: DefaultDirectRateLimiter,
    trades: DefaultDirectRateLimiter,
    positions: DefaultDirectRateLimiter,
    bars: DefaultDirectRateLimiter,
}

impl OpenAlgo {
    /// Returns the adapter; nothing is connected yet.
    pub fn new(settings: &Settings) -> Result<Self, ClientError> {
        let book = || RateLimiter::direct(Quota::per_second(settings.book_reads_per_second));
        Ok(Self {
            http: Http::new(settings)?,
            strategy: settings.strategy.clone(),
            broker_only: settings.broker_only,
            orders: book(),
            trades: book(),
            positions: book(),
            bars: RateLimiter::direct(Quota::per_second(HISTORY_READS_PER_SECOND)),
        })
    }

    async fn order<T: Request>(&self, call: Call<'_>, request: &T) -> Result<Ack, BrokerError> {
        let answer = self.http.order(request).await?;
        if self.broker_only && reads::is_of_the_analyzer(&answer.body) {
            // Whatever the analyzer did with it, the broker never saw it.
            return Err(BrokerError::NotSent {
                why: NotSent::Analyzer,
                source: None,
            });
        }
        classify(call, answer.status, &answer.body)
    }

    /// Reads what only the broker knows: the analyzer's account is another one.
    async fn of_broker<T: Request>(&self, request: &T) -> Result<Map<String, Value>, ReadError> {
        let answer = self.http.read(request).await?;
        if self.broker_only && reads::is_of_the_analyzer(&answer.body) {
            return Err(ReadError::unreadable(
                T::ROUTE,
                "OpenAlgo's analyzer answered, not the broker",
            ));
        }
        reads::answer(T::ROUTE, answer.status, &answer.body)
    }

    async fn read<T: Request>(&self, request: &T) -> Result<Map<String, Value>, ReadError> {
        let answer = self.http.read(request).await?;
        reads::answer(T::ROUTE, answer.status, &answer.body)
    }
}

impl Broker for OpenAlgo {
    async fn submit(&self, ticket: &Ticket) -> Result<Ack, BrokerError> {
        self.order(Call::Place, &wire::PlaceOrder::of(ticket, &self.strategy))
            .await
    }

    async fn cancel(&self, id: &BrokerOrderId) -> Result<Ack, BrokerError> {
        self.order(Call::Cancel(id), &wire::CancelOrder::of(id, &self.strategy))
            .await
    }

    async fn modify(&self, id: &BrokerOrderId, ticket: &Ticket) -> Result<Ack, BrokerError> {
        self.order(
            Call::Modify(id),
            &wire::ModifyOrder::of(id, ticket, &self.strategy),
        )
        .await
    }

    async fn order_book(&self) -> Result<Rows<OrderRow>, ReadError> {
        self.orders.until_ready().await;
        books::orders(&self.of_broker(&wire::OrderBook {}).await?)
    }

    async fn trade_book(&self) -> Result<Rows<TradeRow>, ReadError> {
        self.trades.until_ready().await;
        books::trades(&self.of_broker(&wire::TradeBook {}).await?)
    }

    async fn position_book(&self) -> Result<Rows<PositionRow>, ReadError> {
        self.positions.until_ready().await;
        books::positions(&self.of_broker(&wire::PositionBook {}).await?)
    }

    async fn funds(&self) -> Result<Funds, ReadError> {
        reads::funds(&self.of_broker(&wire::FundsOf {}).await?)
    }

    async fn order_status(&self, id: &BrokerOrderId) -> Result<Option<OrderRow>, ReadError> {
        match self
            .of_broker(&wire::OrderStatus::of(id, &self.strategy))
            .await
        {
            Ok(answer) => reads::order_status(&answer).map(Some),
            Err(ReadError::Absent { .. }) => Ok(None),
            Err(error @ (ReadError::Unavailable { .. } | ReadError::Locked { .. })) => Err(error),
        }
    }

    async fn quote(&self, exchange: Exchange, symbol: &str) -> Result<Quote, ReadError> {
        let request = wire::QuoteOf(wire::Named::of(exchange, symbol));
        reads::quote(&self.read(&request).await?)
    }

    async fn quotes(&self, symbols: &[(Exchange, String)]) -> Result<Quotes, ReadError> {
        if symbols.is_empty() {
            return Ok(Quotes::new());
        }
        let request = wire::QuotesOf {
            symbols: symbols
                .iter()
                .map(|(exchange, symbol)| wire::Named::of(*exchange, symbol))
                .collect(),
        };
        reads::quotes(&self.read(&request).await?)
    }

    async fn symbol(&self, exchange: Exchange, symbol: &str) -> Result<Contract, ReadError> {
        let request = wire::SymbolOf(wire::Named::of(exchange, symbol));
        reads::contract(&self.read(&request).await?)
    }

    async fn timings(&self, day: NaiveDate) -> Result<Vec<Timing>, ReadError> {
        let date = day.to_string();
        reads::timings(&self.read(&wire::TimingsOf { date }).await?)
    }

    async fn history(&self, asked: &Asked<'_>) -> Result<Rows<BarRow>, ReadError> {
        self.bars.until_ready().await;
        reads::bars(&self.read(&wire::HistoryOf::of(asked)).await?)
    }

    async fn margin(&self, ticket: &Ticket) -> Result<Money, ReadError> {
        reads::margin(&self.read(&wire::MarginOf::of(ticket)).await?)
    }

    async fn ping(&self) -> Result<String, ReadError> {
        reads::ping(&self.read(&wire::Ping {}).await?)
    }

    async fn routing(&self) -> Result<Routing, ReadError> {
        reads::routing(&self.read(&wire::Analyzer {}).await?)
    }
}
