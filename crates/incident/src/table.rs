//! Bounded tables for what passes by: two generations, of which the older one gives way as a whole.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::FixedState;

/// A table of at most twice `limit` entries: what was used since the last turn of generations stays.
///
/// One look-up per use and no list of use order, so that it costs what a hash table costs. What it holds depends on the order of
/// uses alone, never on hashing.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    young: HashMap<K, V, FixedState>,
    old: HashMap<K, V, FixedState>,
    limit: usize,
    evicted: u64,
}

impl<K: Hash + Eq + Ord + Copy, V> Recent<K, V> {
    /// An empty table.
    pub(crate) fn new(limit: usize) -> Self {
        let empty = || HashMap::with_hasher(FixedState::with_seed(0));
        Self { young: empty(), old: empty(), limit: limit.max(1), evicted: 0 }
    }

    /// The entry of `key`, made by `new` when it is not there.
    pub(crate) fn touch(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        if !self.young.contains_key(&key) {
            let value = self.old.remove(&key).unwrap_or_else(new);
            if self.young.len() >= self.limit {
                self.evicted += self.old.len() as u64;
                self.old = std::mem::replace(&mut self.young, HashMap::with_hasher(FixedState::with_seed(0)));
            }
            self.young.insert(key, value);
        }
        self.young.get_mut(&key).expect("it was found or made just now")
    }

    /// The entry of `key`.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// All entries in the order of their keys.
    pub(crate) fn sorted(&self) -> Vec<(K, &V)> {
        let mut all: Vec<(K, &V)> =
            self.young.iter().chain(&self.old).map(|(key, value)| (*key, value)).collect();
        all.sort_by_key(|(key, _)| *key);
        all
    }

    /// Entries that gave way.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }
}
