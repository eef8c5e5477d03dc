//! Bounded tables: what is least recently used gives way, and is counted.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// A table of at most `limit` entries. Iteration is in the order of the keys, so output never depends on hashing.
#[derive(Debug)]
pub struct Bounded<K, V> {
    hasher: FixedState,
    /// Places in `pieces`.
    index: HashTable<u32>,
    /// Entries, [`PIECE`] to a piece: growing never moves the larger part of a table.
    pieces: Vec<Vec<Entry<K, V>>>,
    len: u32,
    /// Ends of the order of use.
    newest: u32,
    oldest: u32,
    limit: usize,
    evicted: u64,
}

#[derive(Debug)]
struct Entry<K, V> {
    key: K,
    value: V,
    /// Neighbours in the order of use.
    newer: u32,
    older: u32,
}

/// Entries per piece.
const PIECE: usize = 256;
/// No entry.
const NONE: u32 = u32::MAX;

impl<K: Hash + Eq + Ord + Clone, V> Bounded<K, V> {
    /// An empty table.
    pub fn new(limit: usize) -> Self {
        Self {
            hasher: FixedState::with_seed(0),
            index: HashTable::new(),
            pieces: Vec::new(),
            len: 0,
            newest: NONE,
            oldest: NONE,
            limit: limit.clamp(1, NONE as usize),
            evicted: 0,
        }
    }

    /// The entry of `key`, made by `new` when it is not there; using it makes it the most recently used.
    pub fn touch(&mut self, key: &K, new: impl FnOnce() -> V) -> &mut V {
        let hash = self.hasher.hash_one(key);
        let at = match self.find(hash, key) {
            Some(at) if at == self.newest => return &mut self.entry_mut(at).value,
            Some(at) => {
                self.unlink(at);
                at
            }
            None => self.add(hash, key, new()),
        };
        self.link(at);
        &mut self.entry_mut(at).value
    }

    /// The entry of `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        let at = self.find(self.hasher.hash_one(key), key)?;
        Some(&self.entry(at).value)
    }

    /// All entries in the order of their keys.
    pub fn sorted(&self) -> Vec<(&K, &V)> {
        let mut all: Vec<_> = self.pieces.iter().flatten().map(|entry| (&entry.key, &entry.value)).collect();
        all.sort_by(|a, b| a.0.cmp(b.0));
        all
    }

    /// Entries that gave way.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn find(&self, hash: u64, key: &K) -> Option<u32> {
        self.index.find(hash, |at| self.entry(*at).key == *key).copied()
    }

    /// Puts an entry where there is room; the least recently used one gives way when there is none.
    fn add(&mut self, hash: u64, key: &K, value: V) -> u32 {
        let entry = Entry { key: key.clone(), value, newer: NONE, older: NONE };
        let at = if self.len as usize >= self.limit {
            let at = self.oldest;
            self.unlink(at);
            let old = self.hasher.hash_one(&self.entry(at).key);
            self.index.find_entry(old, |other| *other == at).expect("every entry is indexed").remove();
            self.evicted += 1;
            *self.entry_mut(at) = entry;
            at
        } else {
            let at = self.len;
            if (at as usize).is_multiple_of(PIECE) {
                // The first piece grows as it is filled: most tables are small.
                self.pieces.push(if at == 0 { Vec::new() } else { Vec::with_capacity(PIECE) });
            }
            self.pieces.last_mut().expect("a piece was just added").push(entry);
            self.len += 1;
            at
        };
        let (pieces, hasher) = (&self.pieces, &self.hasher);
        let hash_of = |at: &u32| hasher.hash_one(&pieces[*at as usize / PIECE][*at as usize % PIECE].key);
        self.index.insert_unique(hash, at, hash_of);
        at
    }

    fn entry(&self, at: u32) -> &Entry<K, V> {
        &self.pieces[at as usize / PIECE][at as usize % PIECE]
    }

    fn entry_mut(&mut self, at: u32) -> &mut Entry<K, V> {
        &mut self.pieces[at as usize / PIECE][at as usize % PIECE]
    }

    /// Makes an entry the most recently used.
    fn link(&mut self, at: u32) {
        let before = std::mem::replace(&mut self.newest, at);
        match before {
            NONE => self.oldest = at,
            _ => self.entry_mut(before).newer = at,
        }
        let entry = self.entry_mut(at);
        (entry.older, entry.newer) = (before, NONE);
    }

    fn unlink(&mut self, at: u32) {
        let (older, newer) = (self.entry(at).older, self.entry(at).newer);
        match older {
            NONE => self.oldest = newer,
            _ => self.entry_mut(older).newer = newer,
        }
        match newer {
            NONE => self.newest = older,
            _ => self.entry_mut(newer).older = older,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_gives_way() {
        let mut table = Bounded::new(3);
        for key in [1, 2, 3, 1, 4, 3, 5] {
            *table.touch(&key, || 0) += 1;
        }
        let entries: Vec<_> = table.sorted().into_iter().map(|(key, value)| (*key, *value)).collect();
        assert_eq!((entries, table.evicted()), (vec![(3, 2), (4, 1), (5, 1)], 2));
    }

    #[test]
    fn a_full_table_behaves_as_a_list_of_the_last_used() {
        let mut table = Bounded::new(700);
        let mut used: Vec<u64> = Vec::new();
        for step in 0..20_000u64 {
            let key = step * step % 1_009;
            table.touch(&key, || key);
            used.retain(|other| *other != key);
            used.push(key);
            if used.len() > 700 {
                used.remove(0);
            }
        }
        used.sort_unstable();
        assert_eq!(table.sorted().into_iter().map(|(key, _)| *key).collect::<Vec<_>>(), used);
        assert!(used.iter().all(|key| table.get(key) == Some(key)));
    }
}
