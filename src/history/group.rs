//! Entries that `TradingView` split over several trades, put together again.
//!
//! An exit of fewer lots than the entry makes two trades of it. Parts share the moment, the
//! comment and the direction of their entry.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::export::{Head, Trade};

/// One entry with its parts, by number.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The trades it was split into.
    pub parts: Vec<&'a Trade>,
    first: &'a Trade,
}

impl<'a> Entry<'a> {
    /// Returns its first part.
    pub const fn first(&self) -> &'a Trade {
        self.first
    }

    /// Returns whether it adds to a position.
    pub const fn is_add(&self) -> bool {
        matches!(self.first.entry.comment.head, Head::Add(..))
    }

    /// Returns the label of the leg: of the comment, else 1 for a first leg and one more than its
    /// number for an add.
    pub fn layer(&self) -> u8 {
        let comment = &self.first.entry.comment;
        comment.layer.unwrap_or(match comment.head {
            Head::Add(number, _) => number.saturating_add(1),
            Head::Entry(_) | Head::Exit(_) | Head::Open | Head::Other(_) => 1,
        })
    }

    /// Returns all of its quantity.
    pub fn quantity(&self) -> Decimal {
        self.parts.iter().map(|trade| trade.quantity).sum()
    }

    /// Returns when its last part was closed; nothing while one is open.
    pub fn closed_at(&self) -> Option<DateTime<Utc>> {
        if self.parts.iter().any(|trade| trade.open) {
            return None;
        }
        let exits = self.parts.iter().filter_map(|trade| trade.exit.as_ref());
        exits.map(|exit| exit.at).max()
    }
}

/// Returns the entries of a list, in the order of their first numbers.
pub fn grouped(trades: &[Trade]) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut known: BTreeMap<(DateTime<Utc>, &str, bool), usize> = BTreeMap::new();
    for trade in trades {
        let long = trade.direction == crate::domain::order::Direction::Long;
        let key = (trade.entry.at, trade.entry.text.as_str(), long);
        let place = *known.entry(key).or_insert(entries.len());
        match entries.get_mut(place) {
            Some(entry) => entry.parts.push(trade),
            None => entries.push(Entry {
                parts: vec![trade],
                first: trade,
            }),
        }
    }
    entries
}
