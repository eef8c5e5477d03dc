//! Items with a number each; numbers of items that are gone are given again.
//!
//! Each item has its own allocation: a table that was full once does not keep that memory, and what one shard gives back
//! another one uses. Reaching an item costs one look-up more than in a flat array, and nothing ever moves.

use std::ops::{Index, IndexMut};

/// Numbered items.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    places: Vec<Option<Box<T>>>,
    /// Places without an item, to be used again.
    free: Vec<u32>,
}

impl<T> Slab<T> {
    /// An empty one.
    pub(crate) const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    /// Takes an item in; says its number.
    ///
    /// # Panics
    /// With more items at once than a `u32` counts; limits are below that.
    pub(crate) fn insert(&mut self, item: T) -> u32 {
        let item = Some(Box::new(item));
        match self.free.pop() {
            Some(at) => {
                self.places[at as usize] = item;
                at
            }
            None => {
                let at = u32::try_from(self.places.len()).expect("limits of tables are u32");
                self.places.push(item);
                at
            }
        }
    }

    /// Hands an item out; its number is free.
    ///
    /// # Panics
    /// When there is none under the number.
    pub(crate) fn remove(&mut self, at: u32) -> Box<T> {
        let item = self.places[at as usize].take().expect("a number belongs to an item until it is removed");
        self.free.push(at);
        item
    }

    /// The item under a number, when there is one.
    pub(crate) fn get(&self, at: u32) -> Option<&T> {
        self.places.get(at as usize)?.as_deref()
    }

    /// Every item, in the order of their numbers.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places.iter_mut().filter_map(Option::as_deref_mut)
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, at: u32) -> &T {
        self.places[at as usize].as_deref().expect("a number belongs to an item until it is removed")
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, at: u32) -> &mut T {
        self.places[at as usize].as_deref_mut().expect("a number belongs to an item until it is removed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_given_again() {
        let mut slab = Slab::new();
        let numbers: Vec<u32> = ["a", "b", "c"].map(|item| slab.insert(item)).to_vec();
        assert_eq!((*slab.remove(numbers[1]), slab.insert("d")), ("b", numbers[1]));
        slab[numbers[0]] = "e";
        assert_eq!(numbers.iter().map(|number| slab[*number]).collect::<Vec<_>>(), ["e", "d", "c"]);
    }
}
