//! The client for doors that pass reads on, and for whoever needs prices alone.
//!
//! It has no method that could reach an order route: what is handed to a door, or to the simulator,
//! can do no harm.

use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde_json::{Map, Value};

use super::client::{Answer, ClientError, Http, Settings};
use super::{HISTORY_READS_PER_SECOND, reads, wire};
use crate::broker::{Asked, BarRow, Quote, ReadError, Rows};
use crate::domain::order::Exchange;

/// A route that may be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// The price of one contract.
    Quotes,
    /// The prices of several.
    Multiquotes,
    /// The five best prices on each side.
    Depth,
    /// Bars.
    History,
    /// The symbol master's row of one contract.
    Symbol,
    /// The symbol master, searched.
    Search,
    /// Expiry dates.
    Expiry,
    /// Lengths of bars.
    Intervals,
    /// The account's money.
    Funds,
    /// The positions.
    Positionbook,
    /// The day's trades.
    Tradebook,
    /// Shares held.
    Holdings,
    /// The broker's name.
    Ping,
}

impl Route {
    /// Every route that may be passed on.
    pub const ALL: [Self; 13] = [
        Self::Quotes,
        Self::Multiquotes,
        Self::Depth,
        Self::History,
        Self::Symbol,
        Self::Search,
        Self::Expiry,
        Self::Intervals,
        Self::Funds,
        Self::Positionbook,
        Self::Tradebook,
        Self::Holdings,
        Self::Ping,
    ];

    /// Returns its name under `/api/v1/`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Quotes => "quotes",
            Self::Multiquotes => "multiquotes",
            Self::Depth => "depth",
            Self::History => "history",
            Self::Symbol => "symbol",
            Self::Search => "search",
            Self::Expiry => "expiry",
            Self::Intervals => "intervals",
            Self::Funds => "funds",
            Self::Positionbook => "positionbook",
            Self::Tradebook => "tradebook",
            Self::Holdings => "holdings",
            Self::Ping => "ping",
        }
    }

    /// Returns the route of this name, if it may be passed on.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.word() == word)
    }
}

/// An OpenAlgo that can only be read.
#[derive(Clone, Debug)]
pub struct ReadOnly {
    http: Http,
    bars: Arc<DefaultDirectRateLimiter>,
}

impl ReadOnly {
    /// Returns the client; nothing is connected yet.
    pub fn new(settings: &Settings) -> Result<Self, ClientError> {
        let bars = RateLimiter::direct(Quota::per_second(HISTORY_READS_PER_SECOND));
        Ok(Self {
            http: Http::new(settings)?,
            bars: Arc::new(bars),
        })
    }

    /// Passes a body on with OpenAlgo's own key in it, and returns the answer as it came.
    pub async fn forward(
        &self,
        route: Route,
        body: &Map<String, Value>,
    ) -> Result<Answer, ReadError> {
        let body = wire::rekeyed(self.http.key(), body);
        self.http.pass(route.word(), &body).await
    }

    /// Reads the bars of a contract. The last row may not be over yet.
    pub async fn history(&self, asked: &Asked<'_>) -> Result<Rows<BarRow>, ReadError> {
        self.bars.until_ready().await;
        let answer = self.http.read(&wire::HistoryOf::of(asked)).await?;
        reads::bars(&reads::answer("history", answer.status, &answer.body)?)
    }

    /// Reads one price.
    pub async fn quote(&self, exchange: Exchange, symbol: &str) -> Result<Quote, ReadError> {
        let request = wire::QuoteOf(wire::Named::of(exchange, symbol));
        let answer = self.http.read(&request).await?;
        reads::quote(&reads::answer("quote", answer.status, &answer.body)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_order_route_can_be_passed_on() {
        for word in Route::ALL.map(Route::word) {
            assert_eq!(Route::named(word).map(Route::word), Some(word));
            assert!(!word.contains("order") && !word.contains("close") && word != "analyzer");
        }
        for word in [
            "placeorder",
            "analyzer/toggle",
            "",
            "quotes/../placeorder",
            "QUOTES",
        ] {
            assert_eq!(Route::named(word), None, "{word}");
        }
    }
}
