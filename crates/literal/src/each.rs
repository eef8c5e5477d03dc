//! Strings known by four of their bytes, looked for at each position.

use serde::{Deserialize, Serialize};

use crate::sieve::{Sieve, Telling};
use crate::table::{Entry, FOLD, NARROW, Table, window_of};
use crate::{Found, Strings};

/// Strings up to which a sieve goes first; beyond that it lets too much through.
pub(crate) const SIEVED_MAX: usize = 192;
/// Strings per set of a sieve.
const SET: usize = 40;

/// Strings by a window of four bytes.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Each {
    sieve: Option<Sieve>,
    table: Table,
}

impl Each {
    pub(crate) fn build(entries: Vec<Entry>, all: &Strings) -> Option<Self> {
        if entries.is_empty() {
            return None;
        }
        let telling = |entry: &Entry| -> Telling {
            let bytes = all.string(entry.string).get(entry.at as usize..).unwrap_or_default();
            std::array::from_fn(|at| bytes.get(at).copied())
        };
        let tellings: Vec<Telling> = entries.iter().map(telling).collect();
        let sieve = (entries.len() <= SIEVED_MAX).then(|| Sieve::build(&tellings, SET));
        Some(Self { sieve, table: Table::build(entries) })
    }

    #[inline]
    pub(crate) fn scan(&self, bytes: &[u8], strings: &Strings, found: &mut Found<impl FnMut(&[u32])>) {
        let filter = self.table.filter();
        if let Some(sieve) = &self.sieve {
            sieve.scan(bytes, |at| {
                let window = window_of(bytes.get(at..).unwrap_or_default()) & NARROW;
                if filter.passes(window) {
                    self.table.hit(bytes, at, window, strings, found);
                }
            });
            return;
        }
        for (at, four) in bytes.array_windows::<4>().enumerate() {
            let window = u64::from(u32::from_le_bytes(*four)) | (FOLD & NARROW);
            if filter.passes(window) {
                self.table.hit(bytes, at, window, strings, found);
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.table.size_bytes() + self.sieve.as_ref().map_or(0, Sieve::size_bytes)
    }
}
