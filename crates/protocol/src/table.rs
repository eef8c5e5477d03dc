//! A table with a limit that forgets what it was told first.

use std::collections::{BTreeMap, VecDeque};

/// At most `limit` entries; a new one pushes the oldest out.
#[derive(Debug)]
pub(crate) struct Table<K, V> {
    entries: BTreeMap<K, V>,
    order: VecDeque<K>,
    limit: usize,
}

impl<K: Ord + Clone, V> Table<K, V> {
    /// An empty table.
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: BTreeMap::new(), order: VecDeque::new(), limit }
    }

    /// Sets the value of a key.
    pub(crate) fn put(&mut self, key: K, value: V) {
        if self.entries.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        // Keys that were taken out stay in the order until they are the oldest.
        while self.order.len() > self.limit {
            if let Some(oldest) = self.order.pop_front() {
                self.entries.remove(&oldest);
            }
        }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// Takes the value of a key out.
    pub(crate) fn take(&mut self, key: &K) -> Option<V> {
        let value = self.entries.remove(key)?;
        // What was asked last is mostly answered first.
        if let Some(at) = self.order.iter().rposition(|known| known == key) {
            self.order.remove(at);
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entry_gives_way() {
        let mut table = Table::new(2);
        for key in 1..=3 {
            table.put(key, key * 10);
        }
        assert_eq!([1, 2, 3].map(|key| table.get(&key).copied()), [None, Some(20), Some(30)]);
        assert_eq!(table.take(&2), Some(20));
        table.put(4, 40);
        assert_eq!([3, 4].map(|key| table.get(&key).copied()), [Some(30), Some(40)]);
    }
}
