//! What few of many have, at one word for those that have it not.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use crate::fetch;

/// A value that is its default until somebody writes it.
#[derive(Debug, Clone)]
pub struct Seldom<T>(Option<Box<T>>);

/// What [`Seldom`] shows as long as nothing was written.
pub trait Blank: Default + 'static {
    /// The default, once for all.
    fn blank() -> &'static Self;
}

impl<K: 'static, V: 'static> Blank for BTreeMap<K, V> {
    fn blank() -> &'static Self {
        const { &BTreeMap::new() }
    }
}

impl<T> Default for Seldom<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Seldom<T> {
    /// Brings the value near, when it was written; see [`fetch`].
    pub fn fetch(&self) {
        self.0.as_deref().into_iter().for_each(fetch);
    }

    /// The value, when it was written.
    pub fn written_mut(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }
}

impl<T: Blank> Deref for Seldom<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or_else(|| T::blank())
    }
}

impl<T: Blank> DerefMut for Seldom<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

/// A list that takes one word until something is put in.
#[derive(Debug, Clone)]
#[expect(clippy::box_collection, reason = "a list takes three words, its box one")]
pub struct Thin<T>(Option<Box<Vec<T>>>);

impl<T> Default for Thin<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for Thin<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }
}

impl<T> Thin<T> {
    /// Adds an item behind the others.
    pub fn push(&mut self, item: T) {
        self.list().push(item);
    }

    /// Brings the list near, when there is one, but not what is in it; see [`fetch`].
    pub fn fetch(&self) {
        self.0.as_deref().into_iter().for_each(fetch);
    }

    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        if let Some(list) = &mut self.0 {
            list.clear();
        }
    }

    /// Gives back the room for more items.
    pub fn shrink(&mut self) {
        if let Some(list) = &mut self.0 {
            list.shrink_to_fit();
        }
    }

    /// The list itself, made when it is not there.
    pub fn list(&mut self) -> &mut Vec<T> {
        self.0.get_or_insert_default()
    }

    /// Takes everything out.
    pub fn take(&mut self) -> Vec<T> {
        self.0.take().map_or_else(Vec::new, |list| *list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_takes_one_word_and_is_its_default_until_it_is_written() {
        #[derive(Debug, Default, PartialEq)]
        struct State(u64, u64);
        impl Blank for State {
            fn blank() -> &'static Self {
                static BLANK: State = State(0, 0);
                &BLANK
            }
        }
        assert_eq!(size_of::<Seldom<State>>(), size_of::<usize>());
        let mut state = Seldom::<State>::default();
        assert_eq!((&*state, state.0.is_some()), (&State(0, 0), false));
        assert!(state.written_mut().is_none());
        state.1 = 7;
        assert_eq!(*state, State(0, 7));
        assert!(state.written_mut().is_some());
    }

    #[test]
    fn a_list_takes_one_word() {
        assert_eq!(size_of::<Thin<u64>>(), size_of::<usize>());
        let mut list = Thin::default();
        assert!(list.is_empty());
        (1..=3).for_each(|item| list.push(item));
        list.shrink();
        assert_eq!(*list, [1, 2, 3]);
        assert_eq!(list.take(), [1, 2, 3]);
        list.list().extend([4, 5]);
        list.clear();
        assert!(list.is_empty());
    }
}
