//! Finds thousands of byte strings at once, ASCII case ignored.
//!
//! A [`Finder`] says which of its strings occur in a buffer. It is made for sets whose automaton would not fit into a cache,
//! over buffers in which next to nothing is found:
//!
//! - Four bytes of a string are its *window*. A bit set, small enough for the first or second cache level, holds hashes of all
//!   windows; a position of the buffer whose own four bytes are not in it is done with after a multiplication and a load.
//! - A string of seven bytes or more has four windows in a row. One of them starts at a multiple of four wherever the string
//!   occurs, so that only each fourth position is looked at. Strings of five and six bytes have two windows: each second
//!   position.
//! - Of all rows of windows of a string the one is taken that traffic is least likely to have, see `rarity.rs`.
//! - Strings of up to three bytes are found by two of their bytes, in a bit set of pairs.
//! - Where strings of up to six bytes are few, vectors look for them at 32 positions at once, see `few.rs`.
//! - Strings of up to six bytes that must lie at a known place are looked for there alone.
//!
//! What passes a bit set is looked up in a table of windows and compared in full.

mod anchor;
mod build;
mod few;
mod pass;
mod rarity;
#[cfg(test)]
mod tests;

pub use build::Builder;
pub use rarity::commonness;

use serde::{Deserialize, Serialize};

use anchor::Anchors;
use few::Few;
use pass::{Pairs, Windows};

/// A set of strings, ready to be looked for.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Finder {
    /// Strings of at least seven bytes.
    long: Option<Windows<4>>,
    /// Strings of five and six bytes.
    middle: Option<Windows<2>>,
    /// Strings of four bytes.
    four: Option<Windows<1>>,
    /// Shorter ones.
    short: Option<Pairs>,
    /// Few strings of four to six bytes.
    fours: Option<Few>,
    /// Few strings of two and three bytes.
    twos: Option<Few>,
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
        if let Some(long) = &self.long {
            long.scan(bytes, &self.strings, &mut found);
        }
        if let Some(middle) = &self.middle {
            middle.scan(bytes, &self.strings, &mut found);
        }
        if let Some(four) = &self.four {
            four.scan(bytes, &self.strings, &mut found);
        }
        if let Some(short) = &self.short {
            short.scan(bytes, &self.strings, &mut found);
        }
        for few in [&self.fours, &self.twos].into_iter().flatten() {
            few.scan(bytes, &self.strings, &mut found);
        }
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
            self.long.as_ref().map_or(0, Windows::size_bytes),
            self.middle.as_ref().map_or(0, Windows::size_bytes),
            self.four.as_ref().map_or(0, Windows::size_bytes),
            self.short.as_ref().map_or(0, Pairs::size_bytes),
            self.fours.as_ref().map_or(0, Few::size_bytes),
            self.twos.as_ref().map_or(0, Few::size_bytes),
            self.anchors.as_ref().map_or(0, Anchors::size_bytes),
        ];
        let strings = &self.strings;
        passes.iter().sum::<usize>()
            + strings.bytes.len()
            + size_of_val(&strings.starts[..])
            + size_of_val(&strings.values[..])
    }

    /// How many strings are looked for at each fourth, each second, each position, and by pairs.
    pub fn tiers(&self) -> [usize; 4] {
        let mut tiers = [0; 4];
        for string in 0..self.len() {
            let len = self.strings.string(u32::try_from(string).unwrap_or(u32::MAX)).len();
            tiers[build::tier(len)] += 1;
        }
        tiers
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
