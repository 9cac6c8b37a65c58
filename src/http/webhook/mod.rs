//! An alert's body becomes a [`Signal`], a [`Scout`] or a [`Bar`]; after this line there are only
//! domain types.
//!
//! 1. What the message alone shows to be wrong is refused here, with a code; everything that needs
//!    the book is left to the desk.
//! 2. What a sender says of itself (lots, position, sizing) is recorded and never obeyed.
//! 3. An exit is never refused for its time: a clock that runs wrong must not keep anyone in.

use chrono::{DateTime, TimeDelta, Utc};

use self::fields::Fields;
use super::json::Object;
use crate::domain::ids::SignalId;
use crate::domain::instrument::{ContractId, Found, InstrumentIx, Instruments};
use crate::domain::money::Price;
use crate::domain::order::{Direction, Exchange};
use crate::domain::signal::{Bar, Scout, Signal};

mod eod;
mod error;
mod fields;
mod identity;
mod kind;
mod layered;
mod market_data;
mod openalgo;
mod plain;
mod sender;
mod simple;
mod time;

pub use error::SignalError;
pub use identity::{Identity, REPEAT_WINDOW, sha256};
pub use kind::Kind;
pub use sender::{AgeLimits, Scope, Sender};

/// How many instruments an answer lists.
const KNOWN_SHOWN_MAX: usize = 60;

/// What an alert asks of the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A request to trade.
    Signal(Signal),
    /// What an end-of-day scout saw.
    Scout(Scout),
    /// A closed bar, and the name of the alert that brought it.
    Bar(SignalId, Bar),
}

impl Asked {
    /// Returns the name of the signal.
    pub const fn id(&self) -> SignalId {
        match self {
            Self::Signal(signal) => signal.id,
            Self::Scout(scout) => scout.id,
            Self::Bar(id, _) => *id,
        }
    }
}

/// An alert that means something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What it asks.
    pub asked: Asked,
    /// What it is recognised by.
    pub identity: Identity,
    /// Its body in one form: keys in order, secrets blanked, unknown keys kept.
    pub record: String,
}

/// An alert that was turned away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct TurnedAway {
    /// Why.
    #[source]
    pub error: SignalError,
    /// Its body as [`Alert::record`] has it, as far as it can be read; nothing of what is no JSON.
    pub record: Option<String>,
}

/// Everything the meaning of an alert depends on besides its body.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// Which desk it is for; part of every signal's name.
    pub desk: i32,
    /// What can be traded.
    pub instruments: &'a Instruments,
    /// Who sent it.
    pub sender: &'a Sender,
    /// How old it may be.
    pub limits: AgeLimits,
    /// Whether nothing may ever be short.
    pub long_only: bool,
    /// When it came.
    pub now: DateTime<Utc>,
}

impl Reader<'_> {
    /// Returns what a body means.
    pub fn read(&self, body: &[u8]) -> Result<Alert, TurnedAway> {
        let object = Object::parse(body).map_err(|error| {
            let error = SignalError::from(error);
            // Where the body cannot be read, its secrets cannot be found: why it was turned away is
            // all that is kept.
            let record = (error.status() == 422).then(|| "{}".to_owned());
            TurnedAway { error, record }
        })?;
        let record = object.record();
        let body = Body {
            fields: Fields::new(&object, ""),
            hash: sha256(body),
        };
        match self.meaning(&body) {
            Ok((asked, identity)) => Ok(Alert {
                asked,
                identity,
                record,
            }),
            Err(error) => Err(TurnedAway {
                error,
                record: Some(record),
            }),
        }
    }

    fn meaning(&self, body: &Body<'_>) -> Result<(Asked, Identity), SignalError> {
        let kind = kind::of(&body.fields)?;
        if let Some(kinds) = &self.sender.scope.kinds
            && !kinds.contains(&kind)
        {
            return Err(not_allowed(kind.word()));
        }
        match kind {
            Kind::BaseEntry | Kind::Pyramid => layered::entry(self, kind, body),
            Kind::Exit => layered::exit(self, body),
            Kind::EodMonitor => eod::scout(self, body),
            Kind::MarketData => market_data::bar(self, body),
            Kind::Simple => simple::order(self, body),
            Kind::OpenAlgo => openalgo::order(self, body),
        }
    }

    /// Returns the instrument that the key `instrument` names: by our own name, in any case.
    fn named(&self, body: &Body<'_>) -> Result<Meant, SignalError> {
        let named = body.fields.text("instrument")?;
        let ours = self.instruments.by_name(&named.to_ascii_uppercase());
        let found = match ours {
            Some(ix) => Some(Found::Instrument { ix, contract: None }),
            // an alias is for `symbol`; here it only tells an index from the unknown
            None => self.instruments.find(&named).filter(is_index),
        };
        self.meant(&named, found)
    }

    /// Returns the instrument that the keys `symbol` and, if there, `exchange` name.
    fn symbol(&self, body: &Body<'_>) -> Result<Meant, SignalError> {
        let symbol = body.fields.text("symbol")?;
        let exchange = body.fields.text_opt("exchange")?;
        for prefix in exchange.as_deref().into_iter().chain([symbol.as_str()]) {
            refuse_delayed(prefix)?;
        }
        let found = match exchange.filter(|_| !symbol.contains(':')) {
            None => self.instruments.find(&symbol),
            Some(exchange) => {
                let exchange: Exchange =
                    exchange
                        .trim()
                        .to_ascii_uppercase()
                        .parse()
                        .map_err(|_unknown| {
                            SignalError::invalid("exchange", format!("{exchange:?} is unknown"))
                        })?;
                self.instruments.find_on(exchange, &symbol)
            }
        };
        self.meant(&symbol, found)
    }

    fn meant(&self, named: &str, found: Option<Found>) -> Result<Meant, SignalError> {
        refuse_delayed(named)?;
        let (ix, contract) = match found {
            Some(Found::Instrument { ix, contract }) => (ix, contract),
            Some(Found::Index { exchange, symbol }) => {
                let exchange = exchange.to_string();
                return Err(SignalError::IndexSymbol { exchange, symbol });
            }
            None => return Err(self.unknown(named)),
        };
        let name = self.instruments.get(ix).map(|one| one.name.clone());
        let name = name.ok_or_else(|| self.unknown(named))?;
        match &self.sender.scope.instruments {
            Some(allowed) if !allowed.contains(&name) => Err(not_allowed(&name)),
            Some(_) | None => Ok(Meant { ix, contract, name }),
        }
    }

    fn unknown(&self, named: &str) -> SignalError {
        let known: Vec<_> = self
            .instruments
            .iter()
            .take(KNOWN_SHOWN_MAX)
            .map(|(_, one)| one.name.as_str())
            .collect();
        SignalError::UnknownInstrument {
            named: named.chars().take(40).collect(),
            known: known.join(", "),
        }
    }

    /// Returns what an alert is recognised by: its own keys, and what it was found to mean.
    fn identity(
        &self,
        kind: Kind,
        meant: &Meant,
        body: &Body<'_>,
    ) -> Result<Identity, SignalError> {
        let bar = body.fields.time_opt("bar_time")?;
        let at = body.fields.time_opt("timestamp")?;
        Ok(Identity {
            source: self.sender.id,
            kind,
            word: String::new(),
            instrument: meant.name.clone(),
            layer: None,
            moment: bar.or(at),
            order_id: body.fields.id_opt("order_id")?,
            alert_id: body.fields.id_opt("id")?,
            body_hash: body.hash,
        })
    }

    /// Refuses a time that lies ahead.
    fn refuse_future(&self, at: DateTime<Utc>) -> Result<(), SignalError> {
        let ahead = at - self.now;
        if ahead > self.limits.ahead {
            return Err(SignalError::Future {
                ahead_ms: ahead.num_milliseconds(),
                ahead_ms_max: self.limits.ahead.num_milliseconds(),
            });
        }
        Ok(())
    }

    /// Returns the bar an entry speaks of; one that lies ahead is refused, for nothing later would
    /// ever be newer.
    fn bar_of_entry(&self, fields: &Fields<'_>) -> Result<Option<DateTime<Utc>>, SignalError> {
        let bar = fields.time_opt("bar_time")?;
        bar.map_or(Ok(()), |bar| self.refuse_future(bar))?;
        Ok(bar)
    }

    /// Returns the bar an exit speaks of, at the latest now.
    fn bar_of_exit(&self, fields: &Fields<'_>) -> Result<Option<DateTime<Utc>>, SignalError> {
        let bar = fields.time_opt("bar_time")?;
        Ok(bar.map(|bar| bar.min(self.now)))
    }

    /// Returns before when that must have been opened which an exit means, where the alert says so:
    /// before its sender made it. A bar's time alone is the bar's opening with some senders and its
    /// end with others, and what was opened at the close before would never be meant by the first.
    fn opened_before(&self, fields: &Fields<'_>) -> Result<Option<DateTime<Utc>>, SignalError> {
        let made = fields.time_opt("timestamp")?;
        let bar = fields.time_opt("bar_time")?;
        Ok(made.max(bar).map(|moment| moment.min(self.now)))
    }

    /// Refuses a time that lies further back than `age_max`.
    fn refuse_stale(&self, at: DateTime<Utc>, age_max: TimeDelta) -> Result<(), SignalError> {
        let age = self.now - at;
        if age > age_max {
            return Err(SignalError::Stale {
                age_ms: age.num_milliseconds(),
                age_ms_max: age_max.num_milliseconds(),
            });
        }
        Ok(())
    }
}

/// The keys of a body, and its hash.
struct Body<'a> {
    fields: Fields<'a>,
    hash: [u8; 32],
}

/// The instrument an alert means.
struct Meant {
    ix: InstrumentIx,
    contract: Option<ContractId>,
    name: String,
}

/// Refuses a stop that a position opened at the price would hit at once.
fn refuse_wrong_side(direction: Direction, price: Price, stop: Price) -> Result<(), SignalError> {
    let right = match direction {
        Direction::Long => stop < price,
        Direction::Short => stop > price,
    };
    if right {
        return Ok(());
    }
    Err(SignalError::StopWrongSide {
        stop: stop.to_string(),
        price: price.to_string(),
    })
}

/// Refuses the exchange names that `TradingView` gives to delayed feeds.
fn refuse_delayed(named: &str) -> Result<(), SignalError> {
    let upper = named.trim().to_ascii_uppercase();
    let exchange = upper
        .split_once(':')
        .map_or(upper.as_str(), |(exchange, _)| exchange);
    if exchange.ends_with("_DLY") || exchange.ends_with("_DL") {
        let named = named.chars().take(40).collect();
        return Err(SignalError::DelayedFeed { named });
    }
    Ok(())
}

const fn is_index(found: &Found) -> bool {
    match found {
        Found::Index { .. } => true,
        Found::Instrument { .. } => false,
    }
}

fn not_allowed(what: &str) -> SignalError {
    SignalError::NotAllowed {
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests;
