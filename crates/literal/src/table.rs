//! Windows of strings, found by hash: what all passes over a buffer share.

use serde::{Deserialize, Serialize};

use crate::filter::Filter;
use crate::{Found, STRING_BYTES_MAX, Strings};

/// Makes letters lower case (and confuses some other bytes, which comparing in full sets right).
pub(crate) const FOLD: u64 = 0x2020_2020_2020_2020;
/// The four bytes of a narrow window.
pub(crate) const NARROW: u64 = 0xffff_ffff;
/// The golden ratio (Knuth, The Art of Computer Programming, volume 3, §6.4).
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
/// The first bytes as a window, with letters in lower case; what is missing at the end is zero.
#[inline]
pub(crate) fn window_of(bytes: &[u8]) -> u64 {
    match bytes.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes) | FOLD,
        None => {
            let mut padded = [0; 8];
            padded[..bytes.len()].copy_from_slice(bytes);
            u64::from_le_bytes(padded) | FOLD
        }
    }
}

/// Where a window leads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) window: u64,
    pub(crate) string: u32,
    /// Where the window lies in the string.
    pub(crate) at: u32,
}

/// Windows by hash.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Table {
    filter: Filter,
    /// Entries by hash.
    entries: Box<[Entry]>,
    /// Where the entries of each (shorter) hash start.
    starts: Box<[u32]>,
    start_shift: u32,
}

impl Table {
    pub(crate) fn build(mut entries: Vec<Entry>) -> Self {
        let start_shift = 64 - entries.len().next_power_of_two().trailing_zeros().max(1);
        let mut starts = vec![0u32; (1 << (64 - start_shift)) + 1];
        for entry in &entries {
            starts[(entry.window.wrapping_mul(MULTIPLIER) >> start_shift) as usize + 1] += 1;
        }
        let filter = Filter::build(entries.len(), entries.iter().map(|entry| entry.window));
        entries.sort_by_key(|entry| entry.window.wrapping_mul(MULTIPLIER));
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self { filter, entries: entries.into(), starts: starts.into(), start_shift }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What is asked first.
    #[inline(always)]
    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// A position passed the filter: reports the strings whose window this really is, and that lie there.
    #[inline]
    pub(crate) fn hit(
        &self,
        bytes: &[u8],
        at: usize,
        window: u64,
        strings: &Strings,
        found: &mut Found<impl FnMut(&[u32])>,
    ) {
        let place = window.wrapping_mul(MULTIPLIER).wrapping_shr(self.start_shift) as usize;
        let Some([from, to]) = self.starts.get(place..place + 2) else { return };
        for entry in self.entries.get(*from as usize..*to as usize).unwrap_or_default() {
            if entry.window == window {
                strings.check(bytes, entry.string, at.checked_sub(entry.at as usize), found);
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.filter.size_bytes() + size_of_val(&self.entries[..]) + size_of_val(&self.starts[..])
    }
}

/// Whether a block of the buffer, and as much before and behind it as a string can take, is one byte over and over. A string
/// there is made of that byte alone, and was found where the filling begins.
pub(crate) fn is_filling(bytes: &[u8], at: usize, len: usize) -> bool {
    // Every byte is like the one before it.
    let same = |part: Option<&[u8]>| part.is_some_and(|part| part.get(1..) == part.get(..part.len() - 1));
    let around = at.checked_sub(STRING_BYTES_MAX).map(|from| from..at + len + STRING_BYTES_MAX);
    same(bytes.get(at..at + 8)) && same(around.and_then(|around| bytes.get(around)))
}
