//! Items with a number each; numbers of items that are gone are given again.
//!
//! Items lie in chunks and have no holes between them to speak of: where items went, others move in, from the end. A table
//! that was full once gives that memory back, whoever is left over, to the other shards and to whatever else needs some. An
//! allocation for each item would not do: those that stay are spread over all the pages that the many once filled.

use std::ops::{Index, IndexMut};

use model::fetch;

/// Bytes of a chunk, unless one item takes more. An allocator cuts smaller blocks out of larger ones, which it then keeps for
/// the last block in use.
const CHUNK_BYTES: usize = 80 * 1024;
/// Holes that a small table may have.
const HOLES: usize = 8;

/// Numbered items.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    /// Every chunk but the last one is full, holes included, and the last one has an item or a hole.
    chunks: Vec<Vec<Option<T>>>,
    /// The number of the item at each position; of a hole, that of the last item there.
    numbers: Vec<u32>,
    /// The position of each number's item.
    places: Vec<u32>,
    /// Numbers without an item, to be used again.
    free: Vec<u32>,
    /// Every hole is among them; others are not holes any more.
    holes: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl<T> Slab<T> {
    /// Items in a chunk.
    const CHUNK: usize =
        if size_of::<Option<T>>() < CHUNK_BYTES { CHUNK_BYTES / size_of::<Option<T>>() } else { 1 };

    /// An empty one.
    pub(crate) const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            numbers: Vec::new(),
            places: Vec::new(),
            free: Vec::new(),
            holes: Vec::new(),
        }
    }

    /// Items in it.
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Takes an item in; says its number.
    ///
    /// # Panics
    /// With more items at once than a `u32` counts; limits are below that.
    pub(crate) fn insert(&mut self, item: T) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.places.push(NOWHERE);
            u32::try_from(self.places.len() - 1).expect("limits of tables are u32")
        });
        let at = self.hole().unwrap_or_else(|| {
            if self.numbers.len().is_multiple_of(Self::CHUNK) {
                self.chunks.push(Vec::with_capacity(Self::CHUNK));
            }
            self.chunks.last_mut().expect("a chunk was just added").push(None);
            self.numbers.push(number);
            self.numbers.len() - 1
        });
        self.put(at, number, item);
        number
    }

    /// Hands an item out; its number is free.
    ///
    /// # Panics
    /// When there is none under the number.
    pub(crate) fn remove(&mut self, number: u32) -> T {
        let at = std::mem::replace(&mut self.places[number as usize], NOWHERE);
        let item = self.place(at as usize).take().expect("a number belongs to an item until it is removed");
        self.free.push(number);
        self.holes.push(at);
        while self.numbers.len() - self.len() > HOLES + self.len() / 32 {
            self.draw_in();
        }
        item
    }

    /// The item under a number, when there is one.
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.place_of(number)?.as_ref()
    }

    /// Brings the item under a number near, without looking at it; see [`model::fetch`].
    pub(crate) fn fetch(&self, number: u32) {
        self.place_of(number).into_iter().for_each(fetch);
    }

    fn place_of(&self, number: u32) -> Option<&Option<T>> {
        let at = *self.places.get(number as usize)? as usize;
        self.chunks.get(at / Self::CHUNK)?.get(at % Self::CHUNK)
    }

    /// Every item, in no order that means anything.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.chunks.iter_mut().flatten().flatten()
    }

    fn place(&mut self, at: usize) -> &mut Option<T> {
        &mut self.chunks[at / Self::CHUNK][at % Self::CHUNK]
    }

    fn put(&mut self, at: usize, number: u32, item: T) {
        *self.place(at) = Some(item);
        self.numbers[at] = number;
        self.places[number as usize] = u32::try_from(at).expect("there are not more items than numbers");
    }

    /// A position that no item is at.
    fn hole(&mut self) -> Option<usize> {
        while let Some(at) = self.holes.pop() {
            let at = at as usize;
            if at < self.numbers.len() && self.place(at).is_none() {
                return Some(at);
            }
        }
        None
    }

    /// There is one hole less afterwards: what is last moves into another one, or was one itself.
    fn draw_in(&mut self) {
        let number = self.numbers.pop().expect("there is a hole at least");
        let chunk = self.chunks.last_mut().expect("the position is in a chunk");
        let item = chunk.pop().expect("no chunk is empty");
        if chunk.is_empty() {
            self.chunks.pop();
        }
        if let Some(item) = item {
            let at = self.hole().expect("there was one, and the last position was none");
            self.put(at, number, item);
        }
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        self.get(number).expect("a number belongs to an item until it is removed")
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, number: u32) -> &mut T {
        let at = self.places[number as usize] as usize;
        self.place(at).as_mut().expect("a number belongs to an item until it is removed")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn numbers_are_given_again() {
        let mut slab = Slab::new();
        let numbers: Vec<u32> = ["a", "b", "c"].map(|item| slab.insert(item)).to_vec();
        assert_eq!((slab.remove(numbers[1]), slab.insert("d")), ("b", numbers[1]));
        slab[numbers[0]] = "e";
        assert_eq!(numbers.iter().map(|number| slab[*number]).collect::<Vec<_>>(), ["e", "d", "c"]);
    }

    #[test]
    fn memory_follows_the_items_that_are_left() {
        type Item = [u64; 50];
        let mut slab = Slab::<Item>::new();
        let mut items = HashMap::new();
        // Thousands come and go, in an order that leaves no run of neighbours.
        let mut dice = 1_u64;
        for count in [10_000, 300, 5_000, 0, 40, 3] {
            while items.len() != count {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                if items.len() < count {
                    items.insert(slab.insert([dice; 50]), [dice; 50]);
                } else {
                    let number = *items
                        .keys()
                        .min_by_key(|number| u64::from(**number) ^ dice >> 33)
                        .expect("not empty");
                    assert_eq!(Some(slab.remove(number)), items.remove(&number));
                }
            }
            let (per_chunk, chunks) = (Slab::<Item>::CHUNK, slab.chunks.len());
            assert!(chunks <= (count + count / 32 + HOLES).div_ceil(per_chunk), "{chunks} for {count}");
            assert_eq!(slab.len(), count);
            assert!(items.iter().all(|(number, item)| slab.get(*number) == Some(item)));
            assert_eq!(slab.iter_mut().count(), count);
        }
        assert!(slab.get(10_000).is_none());
    }
}
