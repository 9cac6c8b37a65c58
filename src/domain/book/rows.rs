//! Rows by name, most of which are over and only stay for late reports: those that are not over
//! are found without a look at the others.
//!
//! 1. Which they are follows from the rows alone. A row changes through here only, and then it is
//!    looked at anew.
//! 2. To read they are a map like any other.

use core::ops::Deref;
use std::collections::BTreeMap;

use super::{Book, Few, Intent, Order};

/// A row that is over at some time.
pub trait Ends {
    /// Returns whether it is over.
    fn is_over(&self) -> bool;
}

/// Rows by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<K, V> {
    all: BTreeMap<K, V>,
    /// The names of those that are not over.
    going: Few<K>,
}

impl<K, V> Default for Rows<K, V> {
    fn default() -> Self {
        Self {
            all: BTreeMap::new(),
            going: Few::default(),
        }
    }
}

impl<K, V> Deref for Rows<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

impl<K: Ord + Copy, V: Ends> Rows<K, V> {
    /// Returns those that are not over, by name.
    pub fn going(&self) -> impl Iterator<Item = &V> {
        self.going.iter().filter_map(|name| self.all.get(name))
    }

    /// Returns those that are not over from one name to another, both included.
    pub(super) fn going_between(&self, from: &K, to: &K) -> impl Iterator<Item = &V> {
        let names = self.going.between(from, to);
        names.filter_map(|name| self.all.get(name))
    }

    /// Returns whether all are over.
    pub const fn are_over(&self) -> bool {
        self.going.is_empty()
    }

    /// Takes a row in; one of this name is replaced.
    pub fn insert(&mut self, name: K, row: V) {
        self.note(name, row.is_over());
        self.all.insert(name, row);
    }

    /// Changes a row; returns whether it is there.
    pub(super) fn change(&mut self, name: K, change: impl FnOnce(&mut V)) -> bool {
        let Some(row) = self.all.get_mut(&name) else {
            return false;
        };
        change(row);
        let is_over = row.is_over();
        self.note(name, is_over);
        true
    }

    /// Keeps some of the rows.
    pub(super) fn retain(&mut self, mut keeps: impl FnMut(&K, &V) -> bool) {
        self.all.retain(|name, row| keeps(name, row));
        self.going.retain(|name| self.all.contains_key(name));
    }

    fn note(&mut self, name: K, is_over: bool) {
        if is_over {
            self.going.remove(&name);
        } else {
            self.going.insert(name);
        }
    }
}

impl Ends for Intent {
    fn is_over(&self) -> bool {
        !self.is_open()
    }
}

impl Ends for Order {
    fn is_over(&self) -> bool {
        self.state.is_closed()
    }
}

impl Book {
    /// Returns the goals still pursued.
    pub fn open_intents(&self) -> impl Iterator<Item = &Intent> {
        self.intents.going()
    }

    /// Returns the orders that are not over.
    pub fn live_orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.going()
    }
}

impl<K: Ord + Copy, V: Ends> FromIterator<(K, V)> for Rows<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(rows: I) -> Self {
        let mut all = Self::default();
        for (name, row) in rows {
            all.insert(name, row);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Ends for bool {
        fn is_over(&self) -> bool {
            *self
        }
    }

    fn names(rows: &Rows<u8, bool>) -> Vec<u8> {
        assert_eq!(rows.going().count(), rows.going.iter().count());
        let going = rows.iter().filter(|(_, over)| !**over);
        let names: Vec<u8> = going.map(|(name, _)| *name).collect();
        assert!(rows.going.iter().eq(&names));
        assert_eq!(rows.are_over(), names.is_empty());
        names
    }

    #[test]
    fn what_is_not_over_is_known_whatever_becomes_of_a_row() {
        let mut rows: Rows<u8, bool> = [(3, false), (1, true), (2, false)].into_iter().collect();
        assert_eq!(names(&rows), [2, 3]);
        assert!(rows.change(1, |over| *over = false));
        assert!(rows.change(3, |over| *over = true));
        assert!(!rows.change(9, |over| *over = false));
        assert_eq!(names(&rows), [1, 2]);
        rows.insert(2, true);
        rows.insert(4, false);
        assert_eq!(names(&rows), [1, 4]);
        rows.retain(|name, _| *name != 1);
        assert_eq!(names(&rows), [4]);
        rows.retain(|_, _| false);
        assert!(names(&rows).is_empty());
    }
}
