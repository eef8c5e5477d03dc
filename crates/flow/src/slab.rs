//! A growing array in pieces: growing never moves what is there, and never needs room for two copies.

use std::ops::{Index, IndexMut};

/// Items per piece.
const PIECE: usize = 64;

/// A growing array in pieces of equal length.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    pieces: Vec<Vec<T>>,
    len: usize,
}

impl<T> Slab<T> {
    /// An empty one.
    pub(crate) const fn new() -> Self {
        Self { pieces: Vec::new(), len: 0 }
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds an item at the end.
    pub(crate) fn push(&mut self, item: T) {
        if self.len.is_multiple_of(PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        self.pieces.last_mut().expect("a piece was just added").push(item);
        self.len += 1;
    }
}

impl<T> Index<usize> for Slab<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        &self.pieces[at / PIECE][at % PIECE]
    }
}

impl<T> IndexMut<usize> for Slab<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.pieces[at / PIECE][at % PIECE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay_where_they_are() {
        let mut slab = Slab::new();
        for number in 0..PIECE * 3 + 1 {
            slab.push(number);
        }
        slab[PIECE] += 1;
        assert_eq!(
            (slab.len(), slab[0], slab[PIECE], slab[PIECE * 3]),
            (PIECE * 3 + 1, 0, PIECE + 1, PIECE * 3)
        );
    }
}
