//! Which kind of alert a body is.

use super::error::SignalError;
use super::fields::Fields;

/// The kinds of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Opens a position, with its figures.
    BaseEntry,
    /// Adds a leg.
    Pyramid,
    /// Out of one leg or all.
    Exit,
    /// What a scout sees shortly before the close.
    EodMonitor,
    /// A closed bar.
    MarketData,
    /// Symbol, action, price.
    Simple,
    /// An order as `OpenAlgo` takes it.
    OpenAlgo,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::BaseEntry,
        Self::Pyramid,
        Self::Exit,
        Self::EodMonitor,
        Self::MarketData,
        Self::Simple,
        Self::OpenAlgo,
    ];

    /// Returns the word used in rows, answers and configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BaseEntry => "BASE_ENTRY",
            Self::Pyramid => "PYRAMID",
            Self::Exit => "EXIT",
            Self::EodMonitor => "EOD_MONITOR",
            Self::MarketData => "MARKET_DATA",
            Self::Simple => "simple",
            Self::OpenAlgo => "openalgo",
        }
    }
}

/// Returns the kind of an alert: by its `type`, else by the keys of an order.
pub(super) fn of(fields: &Fields<'_>) -> Result<Kind, SignalError> {
    if fields.has("type") {
        let word = fields.text("type")?.to_ascii_uppercase();
        let typed = [
            Kind::BaseEntry,
            Kind::Pyramid,
            Kind::Exit,
            Kind::EodMonitor,
            Kind::MarketData,
        ];
        let known = typed.into_iter().find(|kind| kind.word() == word);
        return known.ok_or_else(|| {
            let words = typed.map(Kind::word).join(", ");
            SignalError::invalid("type", format!("not one of {words}"))
        });
    }
    let has = |keys: &[&str]| keys.iter().any(|key| fields.has(key));
    if has(&["apikey", "pricetype", "position_size"]) {
        Ok(Kind::OpenAlgo)
    } else if has(&["symbol", "action"]) {
        Ok(Kind::Simple)
    } else {
        Err(SignalError::missing("type"))
    }
}
