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
        assert!(list.is_empty());
        (1_u64..=3).for_each(|item| list.push(item));
        assert_eq!(*list, [1, 2, 3]);
        list.clear();
        assert!(list.is_empty());
    }
}
