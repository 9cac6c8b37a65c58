//! What a sender's text means: a name, an alias, a chart's symbol, a contract.

use chrono::NaiveDate;

use super::{ContractId, Instrument, InstrumentIx, InstrumentKind, Instruments};
use crate::domain::order::Exchange;

/// What a text was found to mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An instrument, and the exact contract where the text named one.
    Instrument {
        /// Which.
        ix: InstrumentIx,
        /// The contract named; whether it exists is for the caller to compare.
        contract: Option<ContractId>,
    },
    /// An index: it is quoted and never traded.
    Index {
        /// Where it is quoted.
        exchange: Exchange,
        /// Its symbol there.
        symbol: String,
    },
}

impl Instruments {
    /// Returns what a text means, whatever its case: `BANK_NIFTY`, `NSE:BANKNIFTY`, `BANKNIFTY1!`,
    /// `MCX:GOLDM1!`, `BANKNIFTY29DEC26FUT`.
    ///
    /// A prefix must be the instrument's own exchange; charts write `NSE` and `BSE` for its
    /// derivatives too.
    pub fn find(&self, text: &str) -> Option<Found> {
        let text = text.trim().to_ascii_uppercase();
        if let Some(found) = self.bare(&text) {
            return Some(found);
        }
        let (prefix, rest) = text.split_once(':')?;
        let quoted = prefix.parse().is_ok_and(Exchange::is_index);
        let found = if quoted {
            self.index(rest)?
        } else {
            self.bare(rest)?
        };
        self.is_on(&found, prefix).then_some(found)
    }

    /// Returns what a symbol means on an exchange, as `OpenAlgo` writes it.
    pub fn find_on(&self, exchange: Exchange, symbol: &str) -> Option<Found> {
        self.find(&format!("{exchange}:{symbol}"))
    }

    /// Returns what a text in capitals means without a prefix.
    fn bare(&self, text: &str) -> Option<Found> {
        let named = self.names.get(text).map(|ix| Found::Instrument {
            ix: *ix,
            contract: None,
        });
        named
            .or_else(|| self.contract_named(text))
            .or_else(|| self.index(text))
    }

    fn contract_named(&self, text: &str) -> Option<Found> {
        let body = text.strip_suffix("FUT")?;
        let root = body.get(..body.len().checked_sub(7)?)?;
        let expiry = NaiveDate::parse_from_str(body.strip_prefix(root)?, "%d%b%y").ok()?;
        let (ix, _) = self.iter().find(|(_, instrument)| {
            instrument.kind == InstrumentKind::Future && instrument.root == root
        })?;
        Some(Found::Instrument {
            ix,
            contract: Some(ContractId::future(ix, expiry)),
        })
    }

    fn index(&self, text: &str) -> Option<Found> {
        self.indices.get(text).map(|exchange| Found::Index {
            exchange: *exchange,
            symbol: text.to_owned(),
        })
    }

    fn is_on(&self, found: &Found, prefix: &str) -> bool {
        match found {
            Found::Instrument { ix, .. } => self
                .get(*ix)
                .is_some_and(|one| prefixes(one.exchange).contains(&prefix)),
            Found::Index { exchange, .. } => prefixes(*exchange).contains(&prefix),
        }
    }
}

/// Returns every text in capitals that names the instrument without naming a contract.
pub(super) fn names_of(instrument: &Instrument) -> Vec<String> {
    let mut names = vec![
        instrument.name.to_ascii_uppercase(),
        instrument.root.to_ascii_uppercase(),
    ];
    names.extend(
        instrument
            .aliases
            .iter()
            .map(|one| one.to_ascii_uppercase()),
    );
    names.sort();
    names.dedup();
    names
}

/// Returns what may stand before the colon of a symbol on this exchange.
const fn prefixes(exchange: Exchange) -> &'static [&'static str] {
    match exchange {
        Exchange::Nse => &["NSE"],
        Exchange::Bse => &["BSE"],
        Exchange::Nfo => &["NFO", "NSE"],
        Exchange::Bfo => &["BFO", "BSE"],
        Exchange::Mcx => &["MCX"],
        Exchange::NseIndex => &["NSE_INDEX", "NSE"],
        Exchange::BseIndex => &["BSE_INDEX", "BSE"],
    }
}

#[cfg(test)]
mod tests {
    use super::super::Expiry;
    use super::super::tests::{day, future, share};
    use super::*;

    fn list() -> Instruments {
        let all = vec![
            future("BANK_NIFTY", "BANKNIFTY", Exchange::Nfo, Expiry::default()),
            future("GOLD_MINI", "GOLDM", Exchange::Mcx, Expiry::default()),
            share("M&M"),
        ];
        let indices = ["BANKNIFTY", "NIFTY"].map(|name| (Exchange::NseIndex, name.to_owned()));
        Instruments::new(all, indices.into()).unwrap()
    }

    /// Returns the name of the instrument a text means.
    fn name(text: &str) -> Option<String> {
        let list = list();
        match list.find(text)? {
            Found::Instrument { ix, .. } => list.get(ix).map(|one| one.name.clone()),
            Found::Index { .. } => Some("index".to_owned()),
        }
    }

    #[test]
    fn senders_write_one_instrument_in_many_ways() {
        for text in [
            "BANK_NIFTY",
            "NSE:BANKNIFTY",
            "banknifty1!",
            " NFO:BANKNIFTY1! ",
        ] {
            assert_eq!(name(text).as_deref(), Some("BANK_NIFTY"), "{text}");
        }
        assert_eq!(name("MCX:GOLDM1!").as_deref(), Some("GOLD_MINI"));
        assert_eq!(name("NSE:M&M").as_deref(), Some("M&M"));
        assert_eq!(name("NSE:GOLDM1!"), None);
        assert_eq!(name("GOLD"), None);
        assert_eq!(name("गोल्डFUT"), None);
    }

    #[test]
    fn a_contract_symbol_names_its_contract() {
        let found = list().find("NFO:BANKNIFTY29DEC26FUT").unwrap();
        let ix = InstrumentIx::new(0);
        let contract = ContractId::future(ix, day("2026-12-29"));
        assert_eq!(
            found,
            Found::Instrument {
                ix,
                contract: Some(contract)
            }
        );
        assert_eq!(list().symbol(contract), "BANKNIFTY29DEC26FUT");
        assert_eq!(list().find("BANKNIFTY31FEB26FUT"), None);
    }

    #[test]
    fn an_index_is_recognised_as_one() {
        assert_eq!(name("NIFTY").as_deref(), Some("index"));
        assert_eq!(name("NSE:NIFTY").as_deref(), Some("index"));
        let found = list().find_on(Exchange::NseIndex, "BANKNIFTY");
        assert!(matches!(found, Some(Found::Index { .. })));
        assert_eq!(list().find_on(Exchange::BseIndex, "BANKNIFTY"), None);
    }
}
