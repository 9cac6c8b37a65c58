//! The one text form of facts, book and rules: what is stored, hashed, exported and read back.
//!
//! 1. Canonical: the same value is the same text. Keys are sorted, nothing absent is written,
//!    decimals are strings without trailing zeros, times are RFC 3339 in UTC with microseconds.
//! 2. Nothing in it depends on a configuration's order: instruments go by name, contracts by
//!    symbol. Reading therefore needs the same [`Instruments`] list.
//! 3. What was written reads back as the same value; times are whole microseconds.

mod book;
mod close;
mod desk;
mod fact;
mod leaf;
pub mod people;
mod rules;
mod signal;
mod text;
mod trace;
mod whole;

use sha2::{Digest as _, Sha256};

pub use fact::{Refs, kind, refs};
pub use text::BadText;
pub(crate) use text::{Fields, Names, Out, Put, Spread, Take};

use crate::domain::book::Book;
use crate::domain::fact::Fact;
use crate::domain::instrument::Instruments;
use crate::domain::rules::{Rules, RulesHash};

/// Returns the canonical text of a fact, without its kind.
pub fn fact_text(fact: &Fact, instruments: &Instruments) -> String {
    let mut out = Out::new(Names(instruments));
    fact.put(&mut out);
    out.finish()
}

/// Reads a fact of this kind back.
///
/// # Errors
///
/// The text is not of that kind, or names an instrument that is not in the list.
pub fn read_fact(kind: &str, text: &str, instruments: &Instruments) -> Result<Fact, BadText> {
    let value = serde_json::from_str(text).map_err(|source| BadText::new(source.to_string()))?;
    fact::take(kind, &value, Names(instruments))
}

/// Returns the canonical text of a book, prices included.
pub fn book_text(book: &Book, instruments: &Instruments) -> String {
    let mut out = Out::new(Names(instruments));
    book.put(&mut out);
    out.finish()
}

/// Reads a book back.
///
/// # Errors
///
/// The text is no book, or names an instrument that is not in the list.
pub fn read_book(text: &str, instruments: &Instruments) -> Result<Book, BadText> {
    let value = serde_json::from_str(text).map_err(|source| BadText::new(source.to_string()))?;
    Book::take(&value, Names(instruments))
}

/// Returns the canonical text of rules: everything that a decision depends on, but their hash.
pub fn rules_text(rules: &Rules) -> String {
    let mut out = Out::new(Names(&rules.instruments));
    rules.put(&mut out);
    out.finish()
}

/// Returns the SHA-256 of the canonical text of rules.
pub fn rules_hash(rules: &Rules) -> RulesHash {
    RulesHash(Sha256::digest(rules_text(rules).as_bytes()).into())
}

#[cfg(test)]
mod tests;
