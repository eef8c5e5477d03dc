//! Strings known by four of their bytes, looked for at each position.

use serde::{Deserialize, Serialize};

use crate::filter::Filter;
use crate::sieve::Telling;
use crate::table::{Entry, NARROW, Table, window_of};
use crate::{Found, Strings};

/// Strings up to which a sieve goes first; beyond that it lets too much through.
pub(crate) const SIEVED_MAX: usize = 256;

/// Strings by a window of four bytes.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Each {
    filter: Filter,
    table: Table,
}

impl Each {
    pub(crate) fn build(entries: Vec<Entry>) -> Option<Self> {
        if entries.is_empty() {
            return None;
        }
        let filter = Filter::build(entries.len(), entries.iter().map(|entry| entry.window));
        Some(Self { filter, table: Table::build(entries) })
    }

    /// Whether a sieve goes first.
    #[inline]
    pub(crate) fn is_sieved(&self) -> bool {
        self.table.len() <= SIEVED_MAX
    }

    /// The bytes that tell each string.
    pub(crate) fn tellings(&self, all: &Strings) -> impl Iterator<Item = Telling> {
        self.table.entries().iter().map(|entry| all.telling(entry.string, entry.at()))
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
        self.filter.size_bytes() + self.table.size_bytes()
    }
}
