//! Bounded tables for what passes by: two generations, of which the older one gives way as a whole.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// A table of at most twice `limit` entries: what was used since the last turn of generations stays.
///
/// One look-up per use and no list of use order, so that it costs what a hash table costs. What it holds depends on the order of
/// uses alone, never on hashing.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    hasher: FixedState,
    /// Places in `pieces`.
    index: HashTable<u32>,
    /// Entries, [`PIECE`] to a piece, every piece but the last one full.
    pieces: Vec<Vec<Entry<K, V>>>,
    /// Entries of the young generation.
    young: usize,
    limit: usize,
    evicted: u64,
}

#[derive(Debug)]
struct Entry<K, V> {
    key: K,
    young: bool,
    value: V,
}

/// Entries per piece.
const PIECE: usize = 256;

impl<K: Hash + Eq + Ord + Copy, V> Recent<K, V> {
    /// An empty table.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            hasher: FixedState::with_seed(0),
            index: HashTable::new(),
            pieces: Vec::new(),
            young: 0,
            limit: limit.max(1),
            evicted: 0,
        }
    }

    /// The entry of `key`, made by `new` when it is not there.
    pub(crate) fn touch(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        let mut found = self.find(&key);
        let known = found.is_some_and(|at| self.entry(at).young);
        if !known {
            if self.young >= self.limit {
                if let Some(at) = found {
                    self.entry_mut(at).young = true;
                }
                self.turn();
                found = self.find(&key);
            }
            self.young += 1;
        }
        let at = found.unwrap_or_else(|| self.add(key, new()));
        let entry = self.entry_mut(at);
        entry.young = true;
        &mut entry.value
    }

    /// The entry of `key`.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.find(key).map(|at| &self.entry(at).value)
    }

    /// All entries in the order of their keys.
    pub(crate) fn sorted(&self) -> Vec<(K, &V)> {
        let mut all: Vec<(K, &V)> =
            self.pieces.iter().flatten().map(|entry| (entry.key, &entry.value)).collect();
        all.sort_by_key(|(key, _)| *key);
        all
    }

    /// Entries that gave way.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// What is old gives way, and what is young becomes old.
    fn turn(&mut self) {
        let mut at = 0;
        while let Some(entry) = self.pieces.get_mut(at / PIECE).and_then(|piece| piece.get_mut(at % PIECE)) {
            if std::mem::take(&mut entry.young) {
                at += 1;
                continue;
            }
            self.evicted += 1;
            let piece = self.pieces.last_mut().expect("it has an entry at least");
            let last = piece.pop().expect("no piece is empty");
            let gone = piece.is_empty();
            if gone {
                self.pieces.pop();
            }
            // The last one takes the place of what gave way, unless that was the last one itself.
            if let Some(place) = self.pieces.get_mut(at / PIECE).and_then(|piece| piece.get_mut(at % PIECE)) {
                *place = last;
            }
        }
        self.young = 0;
        self.index.clear();
        let (pieces, hasher) = (&self.pieces, &self.hasher);
        let hash_of = |at: &u32| hasher.hash_one(pieces[*at as usize / PIECE][*at as usize % PIECE].key);
        for at in (0u32..).take(at) {
            self.index.insert_unique(hash_of(&at), at, hash_of);
        }
    }

    fn find(&self, key: &K) -> Option<u32> {
        self.index.find(self.hasher.hash_one(key), |at| self.entry(*at).key == *key).copied()
    }

    fn add(&mut self, key: K, value: V) -> u32 {
        let at = self.pieces.last().map_or(0, |last| (self.pieces.len() - 1) * PIECE + last.len());
        if at.is_multiple_of(PIECE) {
            // The first piece grows as it is filled: most tables are small.
            self.pieces.push(if at == 0 { Vec::new() } else { Vec::with_capacity(PIECE) });
        }
        self.pieces.last_mut().expect("a piece was just added").push(Entry { key, young: true, value });
        let at = u32::try_from(at).expect("the limit is below that");
        let (pieces, hasher) = (&self.pieces, &self.hasher);
        let hash_of = |at: &u32| hasher.hash_one(pieces[*at as usize / PIECE][*at as usize % PIECE].key);
        self.index.insert_unique(hasher.hash_one(key), at, hash_of);
        at
    }

    fn entry(&self, at: u32) -> &Entry<K, V> {
        &self.pieces[at as usize / PIECE][at as usize % PIECE]
    }

    fn entry_mut(&mut self, at: u32) -> &mut Entry<K, V> {
        &mut self.pieces[at as usize / PIECE][at as usize % PIECE]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Two generations as one would write them down.
    #[derive(Default)]
    struct Plain {
        young: BTreeMap<u32, u32>,
        old: BTreeMap<u32, u32>,
        evicted: u64,
    }

    impl Plain {
        fn touch(&mut self, key: u32, limit: usize) -> &mut u32 {
            if !self.young.contains_key(&key) {
                let value = self.old.remove(&key).unwrap_or_default();
                if self.young.len() >= limit {
                    self.evicted += self.old.len() as u64;
                    self.old = std::mem::take(&mut self.young);
                }
                self.young.insert(key, value);
            }
            self.young.get_mut(&key).unwrap()
        }
    }

    #[test]
    fn generations_turn_as_if_they_were_two_tables() {
        for (limit, keys) in [(1, 3), (3, 10), (300, 1_000), (700, 1_000)] {
            let (mut table, mut plain) = (Recent::new(limit), Plain::default());
            for step in 0..20_000u32 {
                let key = (step.wrapping_mul(2_654_435_761) >> 7) % (keys + step / 100);
                *table.touch(key, || 0) += step;
                *plain.touch(key, limit) = plain.touch(key, limit).wrapping_add(step);
            }
            let all: BTreeMap<u32, u32> =
                plain.young.iter().chain(&plain.old).map(|(k, v)| (*k, *v)).collect();
            let kept: BTreeMap<u32, u32> =
                table.sorted().into_iter().map(|(key, value)| (key, *value)).collect();
            assert_eq!((kept, table.evicted()), (all, plain.evicted), "limit {limit}");
        }
    }
}
