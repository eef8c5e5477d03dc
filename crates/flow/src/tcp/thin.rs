//! Lists that are empty in nearly every session, at a word each.

use std::ops::Deref;

/// A list that takes one word until something is put in.
#[derive(Debug, Clone)]
#[expect(clippy::box_collection, reason = "a list takes three words, its box one")]
pub(super) struct Thin<T>(Option<Box<Vec<T>>>);

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
    pub(super) fn push(&mut self, item: T) {
        self.list().push(item);
    }

    /// Keeps the items that `keep` says yes to.
    pub(super) fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        if let Some(list) = &mut self.0 {
            list.retain(keep);
        }
    }

    /// Forgets the first items.
    pub(super) fn drop_first(&mut self, count: usize) {
        if let Some(list) = &mut self.0 {
            list.drain(..count.min(list.len()));
        }
    }

    /// Forgets everything, keeps the memory.
    pub(super) fn clear(&mut self) {
        if let Some(list) = &mut self.0 {
            list.clear();
        }
    }

    /// The list itself, made when it is not there.
    pub(super) fn list(&mut self) -> &mut Vec<T> {
        self.0.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_list_of_one_word() {
        assert_eq!(size_of::<Thin<u64>>(), size_of::<usize>());
        let mut list = Thin::default();
        list.retain(|_: &u64| false);
        list.drop_first(3);
        (1..=6).for_each(|item| list.push(item));
        list.retain(|item| *item != 4);
        list.drop_first(2);
        assert_eq!(*list, [3, 5, 6]);
        list.clear();
        assert!(list.is_empty());
    }
}
