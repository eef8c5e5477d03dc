//! Windows of strings, found by hash: what all passes over a buffer share.

use serde::{Deserialize, Serialize};

use crate::rarity::commonness;
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
    at: u8,
    /// A byte of the string outside of the window, folded, and where it lies: many strings have the same window.
    tell: u8,
    tell_at: u8,
}

impl Entry {
    /// For a window of `LEN` bytes that lies in a string at `at`.
    pub(crate) fn new<const LEN: usize>(string: &[u8], at: usize, number: u32) -> Self {
        let window =
            window_of(string.get(at..).unwrap_or_default()) & if LEN < 8 { NARROW } else { u64::MAX };
        let beside = string.iter().enumerate().filter(|(place, _)| !(at..at + LEN).contains(place));
        let rarest = beside.min_by_key(|(_, byte)| commonness(**byte));
        let (tell_at, tell) = rarest.or(string.iter().enumerate().next()).unwrap_or((0, &0));
        let small = |place: usize| u8::try_from(place).expect("strings are cut to 64 bytes");
        Self { window, string: number, at: small(at), tell: tell | FOLD as u8, tell_at: small(tell_at) }
    }

    /// Where the window lies in the string.
    pub(crate) fn at(&self) -> usize {
        self.at.into()
    }

    /// Where the string starts when its window is at `at`; `None` when it cannot be there.
    #[inline]
    fn start(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let start = at.checked_sub(self.at.into())?;
        let told = bytes.get(start + usize::from(self.tell_at))?;
        (told | FOLD as u8 == self.tell).then_some(start)
    }
}

/// Windows by hash.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Table {
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
        entries.sort_by_key(|entry| entry.window.wrapping_mul(MULTIPLIER));
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self { entries: entries.into(), starts: starts.into(), start_shift }
    }

    /// A position passed a filter: reports the strings whose window this really is, and that lie there.
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
            if entry.window == window
                && let Some(start) = entry.start(bytes, at)
            {
                strings.check(bytes, entry.string, Some(start), found);
            }
        }
    }

    /// What is in it.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn size_bytes(&self) -> usize {
        size_of_val(&self.entries[..]) + size_of_val(&self.starts[..])
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
