//! Lists of which most have one item: that one is kept without memory of its own.

use std::ops::{Deref, DerefMut};

/// A list that most often has one item.
#[derive(Debug, Clone, Default)]
pub(crate) enum Few<T> {
    /// No item.
    #[default]
    None,
    /// One.
    One(T),
    /// Several.
    #[expect(clippy::box_collection, reason = "the list itself would make every entry of a table larger")]
    More(Box<Vec<T>>),
}

impl<T> Few<T> {
    /// Adds an item behind the others.
    pub(crate) fn push(&mut self, item: T) {
        match self {
            Few::None => *self = Few::One(item),
            Few::One(_) => {
                if let Few::One(first) = std::mem::take(self) {
                    *self = Few::More(Box::new(vec![first, item]));
                }
            }
            Few::More(list) => list.push(item),
        }
    }

    /// Puts an item at a place among the others.
    pub(crate) fn insert(&mut self, at: usize, item: T) {
        self.push(item);
        self[at..].rotate_right(1);
    }
}

impl<T: PartialEq> Few<T> {
    /// Adds an item when it is new and there are fewer than `limit`.
    pub(crate) fn add(&mut self, item: T, limit: usize) {
        if self.len() < limit && !self.contains(&item) {
            self.push(item);
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Few::None => &[],
            Few::One(item) => std::slice::from_ref(item),
            Few::More(list) => list,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Few::None => &mut [],
            Few::One(item) => std::slice::from_mut(item),
            Few::More(list) => list,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay_in_order_and_once() {
        let mut list = Few::default();
        for item in [3, 1, 3, 2, 1, 4] {
            list.add(item, 3);
        }
        assert_eq!(*list, [3, 1, 2]);
    }

    #[test]
    fn a_list_of_hosts_is_as_small_as_an_empty_vector() {
        assert!(size_of::<Few<std::net::IpAddr>>() <= 24);
        assert!(size_of::<Few<model::PacketId>>() <= 16);
    }
}
