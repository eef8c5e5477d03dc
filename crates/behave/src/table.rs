//! Bounded tables: what was not used lately gives way, and is counted.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// A table of at most `limit` entries. Iteration is in the order of the keys, so output never depends on hashing.
///
/// When it is full, a hand goes round and takes the first entry that was not used since it last came by (the "clock" of
/// virtual memory; Corbató, 1968). Unlike a list in order of use, this changes nothing but the entry itself when it is used:
/// tables are larger than the processor's caches, and neighbours in such a list would have to be waited for.
#[derive(Debug)]
pub struct Bounded<K, V> {
    hasher: FixedState,
    /// Places in `pieces`.
    index: HashTable<u32>,
    /// Entries, [`PIECE`] to a piece: growing never moves the larger part of a table.
    pieces: Vec<Vec<(K, V)>>,
    /// Whether an entry was used since the hand last came by; beside the entries, which it would make a word larger.
    used: Vec<bool>,
    /// Where the hand stands.
    hand: u32,
    limit: usize,
    evicted: u64,
}

/// Entries per piece.
const PIECE: usize = 256;

impl<K: Hash + Eq + Ord + Clone, V> Bounded<K, V> {
    /// An empty table.
    pub fn new(limit: usize) -> Self {
        Self {
            hasher: FixedState::with_seed(0),
            index: HashTable::new(),
            pieces: Vec::new(),
            used: Vec::new(),
            hand: 0,
            limit: limit.clamp(1, u32::MAX as usize),
            evicted: 0,
        }
    }

    /// The entry of `key`, made by `new` when it is not there; using it keeps it in the table.
    pub fn touch(&mut self, key: &K, new: impl FnOnce() -> V) -> &mut V {
        let hash = self.hasher.hash_one(key);
        let at = match self.find(hash, |known| known == key) {
            Some(at) => at,
            None => self.add(hash, key.clone(), new()),
        };
        self.used[at as usize] = true;
        &mut self.entry_mut(at).1
    }

    /// The same for a key in another form, which has the same hash.
    pub fn touch_as<Q>(&mut self, key: Q, new: impl FnOnce() -> V) -> &mut V
    where
        Q: Hash + PartialEq<K>,
        K: From<Q>,
    {
        let hash = self.hasher.hash_one(&key);
        let at = match self.find(hash, |known| key == *known) {
            Some(at) => at,
            None => self.add(hash, key.into(), new()),
        };
        self.used[at as usize] = true;
        &mut self.entry_mut(at).1
    }

    /// The entry of `key` when it is there; using it keeps it in the table.
    pub fn use_known(&mut self, key: &K) -> Option<&mut V> {
        let at = self.find(self.hasher.hash_one(key), |known| known == key)?;
        self.used[at as usize] = true;
        Some(&mut self.entry_mut(at).1)
    }

    /// The entry of `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        let at = self.find(self.hasher.hash_one(key), |known| known == key)?;
        Some(&self.entry(at).1)
    }

    /// All entries, as they happen to lie: for sums.
    pub fn all(&self) -> impl Iterator<Item = (&K, &V)> {
        self.pieces.iter().flatten().map(|(key, value)| (key, value))
    }

    /// All entries in the order of their keys.
    pub fn sorted(&self) -> Vec<(&K, &V)> {
        self.sorted_if(|_, _| true)
    }

    /// Those entries that are wanted, in the order of their keys.
    pub fn sorted_if(&self, wanted: impl Fn(&K, &V) -> bool) -> Vec<(&K, &V)> {
        let mut all: Vec<_> = self.all().filter(|(key, value)| wanted(key, value)).collect();
        all.sort_by(|a, b| a.0.cmp(b.0));
        all
    }

    /// Entries that gave way.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.used.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.used.is_empty()
    }

    fn find(&self, hash: u64, is: impl Fn(&K) -> bool) -> Option<u32> {
        self.index.find(hash, |at| is(&self.entry(*at).0)).copied()
    }

    /// Puts an entry where there is room; one that was not used lately gives way when there is none.
    fn add(&mut self, hash: u64, key: K, value: V) -> u32 {
        let at = if self.used.len() >= self.limit {
            let at = self.unused();
            let old = self.hasher.hash_one(&self.entry(at).0);
            self.index.find_entry(old, |other| *other == at).expect("every entry is indexed").remove();
            self.evicted += 1;
            *self.entry_mut(at) = (key, value);
            at
        } else {
            let at = self.used.len();
            if at.is_multiple_of(PIECE) {
                // The first piece grows as it is filled: most tables are small.
                self.pieces.push(if at == 0 { Vec::new() } else { Vec::with_capacity(PIECE) });
            }
            self.pieces.last_mut().expect("a piece was just added").push((key, value));
            self.used.push(true);
            u32::try_from(at).expect("the limit is below that")
        };
        let (pieces, hasher) = (&self.pieces, &self.hasher);
        let hash_of = |at: &u32| hasher.hash_one(&pieces[*at as usize / PIECE][*at as usize % PIECE].0);
        self.index.insert_unique(hash, at, hash_of);
        at
    }

    /// The first entry, from the hand on, that was not used since the hand came by; each step is paid for by a use.
    fn unused(&mut self) -> u32 {
        loop {
            let at = self.hand;
            self.hand = if at as usize + 1 < self.used.len() { at + 1 } else { 0 };
            if !std::mem::take(&mut self.used[at as usize]) {
                return at;
            }
        }
    }

    fn entry(&self, at: u32) -> &(K, V) {
        &self.pieces[at as usize / PIECE][at as usize % PIECE]
    }

    fn entry_mut(&mut self, at: u32) -> &mut (K, V) {
        &mut self.pieces[at as usize / PIECE][at as usize % PIECE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_lately_gives_way() {
        let mut table = Bounded::new(3);
        // The hand takes the mark of all three and then 1, the first; 2 was used since, so 3 is next.
        for key in [1, 2, 3, 4, 2, 5] {
            *table.touch(&key, || 0) += 1;
        }
        let entries: Vec<_> = table.sorted().into_iter().map(|(key, value)| (*key, *value)).collect();
        assert_eq!((entries, table.evicted()), (vec![(2, 2), (4, 1), (5, 1)], 2));
    }

    #[test]
    fn what_is_used_all_the_time_stays_in_a_flood_of_others() {
        let mut table = Bounded::new(700);
        for step in 0..200_000u64 {
            *table.touch(&(1_000 + step), || 0) += 1;
            *table.touch(&(step % 100), || 0) += 1;
        }
        assert_eq!(table.len(), 700);
        assert!((0..100).all(|key| table.get(&key) == Some(&2_000)));
        let newest = 1_000 + 199_999;
        assert!((newest - 200..=newest).all(|key| table.get(&key) == Some(&1)));
        assert_eq!(table.evicted(), 200_100 - 700);
    }
}
