//! The connection to OpenAlgo: one request, one deadline, one bounded answer.
//!
//! 1. An order never meets a connection that was used before: a pooled one may have been closed by
//!    the server a moment ago, and then nobody knows whether the order arrived.
//! 2. Nothing here repeats a request, follows a redirect or goes through a proxy to our own machine.
//! 3. Only an error from before the connection stood proves that nothing was sent.

use core::num::NonZeroU32;
use core::time::Duration;
use std::net::IpAddr;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value};

use super::wire::{Keyed, Request};
use crate::broker::{BrokerError, NotSent, ReadError};

/// An answer to an order call is a line; more than this is no answer of OpenAlgo.
const ORDER_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A day's order book of a busy desk is half a megabyte; this is far above.
const READ_ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where OpenAlgo is, and how long each kind of call may take.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its address, as `http://127.0.0.1:5000`.
    pub url: String,
    /// The key that goes into every body.
    pub key: SecretString,
    /// How long a connection may take to stand.
    pub connect: Duration,
    /// How long an order call may take. OpenAlgo itself waits 120 s for the broker.
    pub order: Duration,
    /// How long a read may take.
    pub read: Duration,
    /// How long the read of a quote may take.
    pub quote: Duration,
    /// How long an idle connection is kept: the server itself closes it after two seconds.
    pub idle: Duration,
    /// The word our orders carry in OpenAlgo's own records.
    pub strategy: String,
    /// Whether only the broker's own answers count: what OpenAlgo's analyzer answers is none.
    pub broker_only: bool,
    /// How often each book may be read in a second.
    pub book_reads_per_second: NonZeroU32,
}

/// OpenAlgo answers everything in one process: more polling than this starves its order path.
const BOOK_READS_PER_SECOND_MAX: NonZeroU32 = NonZeroU32::new(2).unwrap();

impl Settings {
    /// Returns the settings with the usual deadlines: 3 s to connect, 125 s for an order call,
    /// 10 s for a read, 2 s for a quote; each book at most twice a second.
    pub fn new(url: &str, key: SecretString) -> Self {
        Self {
            url: url.to_owned(),
            key,
            connect: Duration::from_secs(3),
            order: Duration::from_secs(125),
            read: Duration::from_secs(10),
            quote: Duration::from_secs(2),
            idle: Duration::from_secs(1),
            strategy: "torana".to_owned(),
            broker_only: false,
            book_reads_per_second: BOOK_READS_PER_SECOND_MAX,
        }
    }
}

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is none.
    #[error("not an address of OpenAlgo: \"{url}\"")]
    Address {
        /// What was given.
        url: String,
    },
    /// The client could not be made.
    #[error("no HTTP client could be made")]
    Client(#[from] reqwest::Error),
}

/// What came back: a status and a whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The type the server gave it.
    pub content_type: Option<String>,
    /// All of it.
    pub body: Vec<u8>,
}

/// Two clients for one OpenAlgo: one for orders, one for reads.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    orders: Client,
    reads: Client,
    /// The deadlines of a read, and of a quote.
    within: (Duration, Duration),
    base: String,
    key: SecretString,
}

impl Http {
    pub(crate) fn new(settings: &Settings) -> Result<Self, ClientError> {
        install_crypto();
        let base = base(&settings.url)?;
        let builder = || {
            let builder = Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(settings.connect)
                .tcp_nodelay(true);
            // Whoever is spoken to in the clear shows no certificate: the system's need not be read.
            let builder = match base.scheme() {
                "http" => builder.tls_certs_only([]),
                _ => builder,
            };
            if on_this_machine(&base) {
                builder.no_proxy()
            } else {
                builder
            }
        };
        Ok(Self {
            orders: builder()
                .timeout(settings.order)
                .pool_max_idle_per_host(0)
                .build()?,
            reads: builder().pool_idle_timeout(settings.idle).build()?,
            within: (settings.read, settings.quote),
            base: base.as_str().trim_end_matches('/').to_owned(),
            key: settings.key.clone(),
        })
    }

    /// Returns the key, for bodies that are passed on.
    pub(crate) const fn key(&self) -> &SecretString {
        &self.key
    }

    /// Sends an order call, once.
    pub(crate) async fn order<T: Request>(&self, request: &T) -> Result<Answer, BrokerError> {
        let keyed = Keyed::new(&self.key, request);
        let call = self.orders.post(self.address(T::ROUTE)).json(&keyed);
        let response = call.send().await.map_err(before_an_answer)?;
        read_all(response, ORDER_ANSWER_BYTES_MAX)
            .await
            .map_err(|error| BrokerError::Uncertain {
                why: "the answer broke off".to_owned(),
                id: None,
                answered: false,
                source: Some(error.into()),
            })
    }

    /// Sends a read.
    pub(crate) async fn read<T: Request>(&self, request: &T) -> Result<Answer, ReadError> {
        let keyed = Keyed::new(&self.key, request);
        let (read, quote) = self.within;
        let within = if T::IS_QUOTE { quote } else { read };
        self.read_body((T::ROUTE, within), &keyed).await
    }

    /// Passes a body on, key included.
    pub(crate) async fn pass(
        &self,
        route: &'static str,
        body: &Map<String, Value>,
    ) -> Result<Answer, ReadError> {
        self.read_body((route, self.within.0), body).await
    }

    async fn read_body<T: Serialize + Sync>(
        &self,
        (route, within): (&'static str, Duration),
        body: &T,
    ) -> Result<Answer, ReadError> {
        let unavailable = |why: &str, source: ReadFailure| ReadError::Unavailable {
            read: route,
            why: why.to_owned(),
            source: Some(source.into()),
        };
        let call = self.reads.post(self.address(route)).timeout(within);
        let response = call
            .json(body)
            .send()
            .await
            .map_err(|error| unavailable("no answer", error.into()))?;
        read_all(response, READ_ANSWER_BYTES_MAX)
            .await
            .map_err(|error| unavailable("the answer broke off", error))
    }

    fn address(&self, route: &str) -> String {
        format!("{}/api/v1/{route}", self.base)
    }
}

/// Says what an error means that came instead of an answer's first line.
fn before_an_answer(error: reqwest::Error) -> BrokerError {
    let why = if error.is_builder() {
        NotSent::Unmakeable
    } else if error.is_connect() {
        NotSent::Unreachable
    } else {
        let why = if error.is_timeout() {
            "no answer in time"
        } else {
            "the connection broke before an answer"
        };
        return BrokerError::Uncertain {
            why: why.to_owned(),
            id: None,
            answered: false,
            source: Some(error.into()),
        };
    };
    BrokerError::NotSent {
        why,
        source: Some(error.into()),
    }
}

/// Why a body could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadFailure {
    #[error("transport")]
    Transport(#[from] reqwest::Error),
    #[error("more than {0} bytes")]
    TooLong(usize),
}

async fn read_all(mut response: reqwest::Response, most: usize) -> Result<Answer, ReadFailure> {
    let content_type = response.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let mut answer = Answer {
        status: response.status().as_u16(),
        content_type: content_type.map(str::to_owned),
        body: Vec::new(),
    };
    while let Some(chunk) = response.chunk().await? {
        if answer.body.len().saturating_add(chunk.len()) > most {
            return Err(ReadFailure::TooLong(most));
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

/// Chooses the cryptography for TLS; the first choice in a process stays.
pub(crate) fn install_crypto() {
    let chosen = rustls::crypto::ring::default_provider().install_default();
    // An error says that it was chosen before: by us, or by a test next to us.
    drop(chosen);
}

/// Reads the address; `/api/v1` at its end is taken for granted.
fn base(url: &str) -> Result<Url, ClientError> {
    let wrong = || ClientError::Address {
        url: url.to_owned(),
    };
    let trimmed = url.trim().trim_end_matches('/');
    let trimmed = trimmed.strip_suffix("/api/v1").unwrap_or(trimmed);
    let base = Url::parse(trimmed).ok().ok_or_else(wrong)?;
    let plain = base.query().is_none() && base.fragment().is_none();
    let usable = matches!(base.scheme(), "http" | "https") && base.host_str().is_some() && plain;
    if usable { Ok(base) } else { Err(wrong()) }
}

fn on_this_machine(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || bare
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_the_path() {
        for url in [
            "http://127.0.0.1:5000",
            "http://127.0.0.1:5000/",
            " http://127.0.0.1:5000/api/v1/ ",
        ] {
            let http = Http::new(&Settings::new(url, "key".into())).unwrap();
            let address = http.address("ping");
            assert_eq!(address, "http://127.0.0.1:5000/api/v1/ping", "{url}");
        }
        for url in ["", "127.0.0.1:5000", "ftp://x", "http://x/?a=b"] {
            assert!(base(url).is_err(), "{url}");
        }
    }

    #[test]
    fn only_our_own_machine_is_reached_without_a_proxy() {
        let near = |url| on_this_machine(&base(url).unwrap());
        assert!(near("http://localhost:5000") && near("http://[::1]:5000"));
        assert!(near("http://127.8.0.1"));
        assert!(!near("https://openalgo.example.com") && !near("http://10.0.0.2:5000"));
    }

    #[test]
    fn the_key_is_not_in_what_is_printed() {
        let settings = Settings::new("http://127.0.0.1:5000", "topsecret".into());
        let http = Http::new(&settings).unwrap();
        assert!(!format!("{settings:?} {http:?}").contains("topsecret"));
    }
}
