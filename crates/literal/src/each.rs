//! Strings known by four of their bytes, looked for at each position.

use serde::{Deserialize, Serialize};

use crate::filter::Filter;
use crate::sieve::{Sieve, Telling};
use crate::table::{Entry, NARROW, Table, window_of};
use crate::{Found, Strings};

/// Strings up to which a sieve goes first; beyond that it lets too much through.
pub(crate) const SIEVED_MAX: usize = 192;
/// Strings per set of a sieve.
const SET: usize = 40;

/// Strings by a window of four bytes.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Each {
    sieve: Option<Sieve>,
    filter: Filter,
    table: Table,
}

impl Each {
    pub(crate) fn build(entries: Vec<Entry>, all: &Strings) -> Option<Self> {
        if entries.is_empty() {
            return None;
        }
        let telling = |entry: &Entry| -> Telling {
            let bytes = all.string(entry.string).get(entry.at()..).unwrap_or_default();
            std::array::from_fn(|at| bytes.get(at).copied())
        };
        let tellings: Vec<Telling> = entries.iter().map(telling).collect();
        let sieve = (entries.len() <= SIEVED_MAX).then(|| Sieve::build(&tellings, SET));
        let filter = Filter::build(entries.len(), entries.iter().map(|entry| entry.window));
        Some(Self { sieve, filter, table: Table::build(entries) })
    }

    /// The sieve, if there is one.
    #[inline]
    pub(crate) fn sieve(&self) -> Option<&Sieve> {
        self.sieve.as_ref()
    }

    /// What is asked at each position.
    #[inline]
    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// A position came through the sieve, or the filter.
    #[inline]
    pub(crate) fn look_at(
        &self,
        bytes: &[u8],
        at: usize,
        strings: &Strings,
        found: &mut Found<impl FnMut(&[u32])>,
    ) {
        let window = window_of(bytes.get(at..).unwrap_or_default()) & NARROW;
        if self.filter.passes(window) {
            self.table.hit(bytes, at, window, strings, found);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.filter.size_bytes() + self.table.size_bytes() + self.sieve.as_ref().map_or(0, Sieve::size_bytes)
    }
}
