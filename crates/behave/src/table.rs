//! Bounded tables: what is least recently used gives way, and is counted.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use foldhash::fast::FixedState;

/// A table of at most `limit` entries. Iteration is in the order of the keys, so output never depends on hashing.
#[derive(Debug)]
pub struct Bounded<K, V> {
    entries: HashMap<K, (u64, V), FixedState>,
    /// Use order: tick of last use to key.
    order: BTreeMap<u64, K>,
    tick: u64,
    limit: usize,
    evicted: u64,
}

impl<K: Hash + Eq + Ord + Clone, V> Bounded<K, V> {
    /// An empty table.
    pub fn new(limit: usize) -> Self {
        let entries = HashMap::with_hasher(FixedState::with_seed(0));
        Self { entries, order: BTreeMap::new(), tick: 0, limit: limit.max(1), evicted: 0 }
    }

    /// The entry of `key`, made by `new` when it is not there; using it makes it the most recently used.
    pub fn touch(&mut self, key: &K, new: impl FnOnce() -> V) -> &mut V {
        self.tick += 1;
        if let Some((used, _)) = self.entries.get_mut(key) {
            self.order.remove(used);
            *used = self.tick;
        } else {
            if self.entries.len() >= self.limit
                && let Some((_, oldest)) = self.order.pop_first()
            {
                self.entries.remove(&oldest);
                self.evicted += 1;
            }
            self.entries.insert(key.clone(), (self.tick, new()));
        }
        self.order.insert(self.tick, key.clone());
        let (_, value) = self.entries.get_mut(key).expect("it was found or made just now");
        value
    }

    /// The entry of `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// All entries in the order of their keys.
    pub fn sorted(&self) -> Vec<(&K, &V)> {
        let mut all: Vec<_> =
            self.order.values().filter_map(|key| Some((key, &self.entries.get(key)?.1))).collect();
        all.sort_by(|a, b| a.0.cmp(b.0));
        all
    }

    /// Entries that gave way.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
