//! Finds thousands of byte strings at once, ASCII case ignored.
//!
//! A [`Finder`] says which of its strings occur in a buffer. It is made for sets whose automaton would not fit into a cache,
//! over buffers in which next to nothing is found:
//!
//! - Some bytes in a row of a string are its *window*. A filter, small enough for the first or second cache level, holds
//!   hashes of all windows; a position of the buffer whose own bytes are not in it is done with after a multiplication and a
//!   load. Vectors do that for eight or sixteen positions at once; see `filter.rs`.
//! - A string of seven bytes or more has four windows in a row, of eight bytes where it is long enough, else of four. One of
//!   them starts at a multiple of four wherever the string occurs, so that only each fourth position is looked at.
//! - Of all windows of a string those are taken that traffic is least likely to have, by what was measured; see `rarity.rs`.
//! - Shorter strings, and those of which any four windows are too common (a byte among zeros), are looked for at each position.
//!   Where they are few, vectors tell for 64 positions at once which are worth that; see `sieve.rs`. Where all strings are few,
//!   that goes for all of them: a sieve's tables are near at once, a filter's words are waited for one by one.
//! - Strings of up to six bytes that must lie at a known place are looked for there alone.
//! - Strings that must end near the start of the buffer are looked for there alone; see [`NEAR`].
//! - Filling of one byte over and over is looked at where it begins and ends.
//!
//! What passes is looked up in a table of windows and compared in full.

mod anchor;
mod blocks;
mod build;
mod each;
mod filter;
mod pairs;
mod passes;
mod rarity;
mod sieve;
mod stride;
mod table;
#[cfg(test)]
mod tests;

pub use build::Builder;
pub use rarity::commonness;

use serde::{Deserialize, Serialize};

use anchor::Anchors;
use blocks::{Cut, Means};
use passes::Passes;

/// Bytes of a string that are looked for; what is longer is found by its first ones.
const STRING_BYTES_MAX: usize = 64;

/// Bytes at the start of a buffer: strings that must end within them are not looked for anywhere else. Most rules that say
/// where a content lies say so of the first few bytes, and their contents are short: what it costs to look for them
/// everywhere is saved for all but the first block.
pub const NEAR: u32 = 64;

/// A set of strings, ready to be looked for.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Finder {
    /// Strings that may lie anywhere.
    far: Passes,
    /// Strings that end in the first bytes of the buffer.
    near: Passes,
    /// How far those reach at most.
    reach: u32,
    /// Up to six bytes whose place is known.
    anchors: Option<Anchors>,
    strings: Strings,
}

/// The strings themselves, in lower case, and what stands for them.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Strings {
    bytes: Box<[u8]>,
    /// Where each string and its values start; one more than there are strings.
    starts: Box<[(u32, u32)]>,
    values: Box<[u32]>,
    shortest: usize,
}

/// Strings remembered as found. Filling of one byte over and over holds a few strings at each of its positions.
const RECENT: usize = 8;

/// Tells what is found in one buffer.
struct Found<F> {
    tell: F,
    recent: [u32; RECENT],
    next: usize,
}

impl<F: FnMut(&[u32])> Found<F> {
    fn tell(&mut self, strings: &Strings, string: u32) {
        self.recent[self.next % RECENT] = string;
        self.next = (self.next + 1) % RECENT;
        (self.tell)(strings.values(string));
    }
}

impl Finder {
    /// Calls `found` with the values of each string that occurs; once or more.
    pub fn scan(&self, bytes: &[u8], found: impl FnMut(&[u32])) {
        if bytes.len() < self.strings.shortest {
            return;
        }
        let mut found = Found { tell: found, recent: [u32::MAX; RECENT], next: 0 };
        let cut = Cut::of(bytes);
        let means = Means::here();
        self.far.scan(means, bytes, &cut, &self.strings, &mut found);
        let near = bytes.get(..self.reach as usize).unwrap_or(bytes);
        self.near.scan(means, near, &cut, &self.strings, &mut found);
        if let Some(anchors) = &self.anchors {
            anchors.scan(bytes, &self.strings, &mut found);
        }
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.strings.starts.len().saturating_sub(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory that it takes.
    pub fn size_bytes(&self) -> usize {
        let passes = [
            self.far.size_bytes(),
            self.near.size_bytes(),
            self.anchors.as_ref().map_or(0, Anchors::size_bytes),
        ];
        let strings = &self.strings;
        passes.iter().sum::<usize>()
            + strings.bytes.len()
            + size_of_val(&strings.starts[..])
            + size_of_val(&strings.values[..])
    }

    /// How many strings are looked for at each fourth position, at each by four bytes, at each by fewer, and at a known place
    /// or near the start alone.
    pub fn tiers(&self) -> [usize; 4] {
        let (each, short) = (self.far.each(), self.far.short());
        let placed = self.anchors.as_ref().map_or(0, Anchors::len) + self.near.len();
        [self.len() - each - short - placed, each, short, placed]
    }
}

impl Strings {
    #[inline]
    fn string(&self, string: u32) -> &[u8] {
        let at = string as usize;
        match self.starts.get(at..at + 2) {
            Some([(start, _), (end, _)]) => {
                self.bytes.get(*start as usize..*end as usize).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// The bytes of a string from `at` on that tell it in a sieve.
    fn telling(&self, string: u32, at: usize) -> sieve::Telling {
        let bytes = self.string(string).get(at..).unwrap_or_default();
        std::array::from_fn(|place| bytes.get(place).copied())
    }

    #[inline]
    fn values(&self, string: u32) -> &[u32] {
        let at = string as usize;
        match self.starts.get(at..at + 2) {
            Some([(_, start), (_, end)]) => {
                self.values.get(*start as usize..*end as usize).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// Reports a string if it lies in `bytes` at `start`.
    #[inline]
    fn check(&self, bytes: &[u8], string: u32, start: Option<usize>, found: &mut Found<impl FnMut(&[u32])>) {
        if found.recent.contains(&string) {
            return;
        }
        let wanted = self.string(string);
        let there = start
            .and_then(|start| bytes.get(start..start + wanted.len()))
            .is_some_and(|there| there.eq_ignore_ascii_case(wanted));
        if there {
            found.tell(self, string);
        }
    }
}
