//! A few names, in order, each once.
//!
//! A decision touches a handful of rows: a short list is looked through faster than a tree is
//! built, and it keeps its room from one decision to the next.

/// A few names, in order, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Few<T>(Vec<T>);

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord> Few<T> {
    /// Takes a name in.
    pub fn insert(&mut self, name: T) {
        if self.0.is_empty() {
            self.0.push(name);
        } else if let Err(place) = self.0.binary_search(&name) {
            self.0.insert(place, name);
        }
    }

    /// Lets a name go.
    pub(super) fn remove(&mut self, name: &T) {
        if let Ok(place) = self.0.binary_search(name) {
            self.0.remove(place);
        }
    }

    /// Keeps some of the names.
    pub(super) fn retain(&mut self, keeps: impl FnMut(&T) -> bool) {
        self.0.retain(keeps);
    }

    /// Returns the names, in order.
    pub fn iter(&self) -> core::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// Returns those from one name to another, both included.
    pub(super) fn between(&self, from: &T, to: &T) -> impl Iterator<Item = &T> {
        let before = self.0.partition_point(|name| name < from);
        self.0
            .iter()
            .skip(before)
            .take_while(move |name| *name <= to)
    }

    /// Returns whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl<'a, T: Ord> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_each_is_there_once() {
        let mut names = Few::default();
        for name in [3, 1, 3, 2, 1] {
            names.insert(name);
        }
        assert!(names.iter().eq(&[1, 2, 3]));
        assert!(names.between(&2, &7).eq(&[2, 3]));
        assert!(names.between(&0, &2).eq(&[1, 2]));
        names.remove(&2);
        names.remove(&9);
        assert!(names.iter().eq(&[1, 3]));
        names.clear();
        assert!(names.is_empty());
    }
}
