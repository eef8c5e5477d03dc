//! Strings of two and three bytes, found by two of them.

use serde::{Deserialize, Serialize};

use crate::rarity::commonness;
use crate::sieve::{BUCKETS, Sieve, Telling};
use crate::{Found, Strings};

/// Strings up to which a sieve goes first: it must let nothing through but them, since traffic is full of short strings' bytes.
const SIEVED_MAX: usize = 2 * BUCKETS;
/// Words of a bit set for all pairs.
const WORDS: usize = 1 << 10;

/// Strings by a pair of bytes.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pairs {
    sieve: Option<Sieve>,
    /// A bit for each pair in all its spellings, so that the buffer's bytes need no folding.
    bits: Box<[u64]>,
    /// Pairs in order, with their string and where they lie in it.
    entries: Box<[(u16, u32, u32)]>,
}

impl Pairs {
    pub(crate) fn build(strings: &[u32], all: &Strings) -> Option<Self> {
        if strings.is_empty() {
            return None;
        }
        let mut bits = vec![0u64; WORDS];
        let mut entries = Vec::with_capacity(strings.len());
        let mut tellings: Vec<Telling> = Vec::with_capacity(strings.len());
        for string in strings {
            let bytes = all.string(*string);
            let at = pair_of(bytes);
            let Some([low, high]) = bytes.get(at..at + 2) else { continue };
            for low in [low.to_ascii_lowercase(), low.to_ascii_uppercase()] {
                for high in [high.to_ascii_lowercase(), high.to_ascii_uppercase()] {
                    let pair = u16::from_le_bytes([low, high]);
                    bits[usize::from(pair / 64)] |= 1 << (pair % 64);
                }
            }
            entries.push((u16::from_le_bytes([*low, *high]), *string, u32::try_from(at).unwrap_or(0)));
            tellings.push(std::array::from_fn(|place| bytes.get(at + place).copied()));
        }
        entries.sort_unstable();
        let sieve = (strings.len() <= SIEVED_MAX).then(|| Sieve::build(&tellings, BUCKETS));
        Some(Self { sieve, bits: bits.into(), entries: entries.into() })
    }

    #[inline]
    pub(crate) fn scan(&self, bytes: &[u8], strings: &Strings, found: &mut Found<impl FnMut(&[u32])>) {
        if let Some(sieve) = &self.sieve {
            sieve.scan(bytes, |at| {
                if let Some(pair) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
                    self.hit(bytes, *pair, at, strings, found);
                }
            });
            return;
        }
        for (at, pair) in bytes.array_windows().enumerate() {
            let place = u16::from_le_bytes(*pair);
            let word = self.bits.get(usize::from(place / 64)).copied().unwrap_or(0);
            if word >> (place % 64) & 1 != 0 {
                self.hit(bytes, *pair, at, strings, found);
            }
        }
    }

    #[inline(never)]
    fn hit(
        &self,
        bytes: &[u8],
        pair: [u8; 2],
        at: usize,
        strings: &Strings,
        found: &mut Found<impl FnMut(&[u32])>,
    ) {
        let pair = u16::from_le_bytes(pair.map(|byte| byte.to_ascii_lowercase()));
        let from = self.entries.partition_point(|(known, ..)| *known < pair);
        let rest = self.entries.get(from..).unwrap_or_default();
        for (_, string, offset) in rest.iter().take_while(|(known, ..)| *known == pair) {
            strings.check(bytes, *string, at.checked_sub(*offset as usize), found);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn size_bytes(&self) -> usize {
        size_of_val(&self.bits[..])
            + size_of_val(&self.entries[..])
            + self.sieve.as_ref().map_or(0, Sieve::size_bytes)
    }
}

/// Where the rarer pair of a short string lies.
fn pair_of(string: &[u8]) -> usize {
    let cost = |pair: &[u8]| pair.iter().map(|byte| u32::from(commonness(*byte))).sum::<u32>();
    string.windows(2).enumerate().min_by_key(|(_, pair)| cost(pair)).map_or(0, |(at, _)| at)
}
