//! Passes over a buffer.

use serde::{Deserialize, Serialize};

use crate::{Found, Strings};

/// Makes letters lower case (and confuses some other bytes, which comparing in full sets right).
pub(crate) const FOLD: u32 = 0x2020_2020;
/// Knuth's multiplier (The Art of Computer Programming, volume 3, §6.4).
pub(crate) const MULTIPLIER: u32 = 0x9e37_79b1;
/// Bits of the bit set per window.
const SPARSENESS: usize = 16;
/// Smallest and largest bit set, in powers of two: 512 bytes, and half of a second-level cache.
const BITS_MIN: u32 = 12;
const BITS_MAX: u32 = 22;

/// The window that starts with these bytes.
#[inline]
pub(crate) fn window_of(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes) | FOLD)
}

/// Where a window leads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) window: u32,
    pub(crate) string: u32,
    /// Where the window lies in the string.
    pub(crate) at: u32,
}

/// Windows of four bytes, looked for at multiples of `STRIDE`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Windows<const STRIDE: usize> {
    /// Hashes of the windows.
    bits: Box<[u32]>,
    /// A hash is the product's upper bits; this many are dropped.
    shift: u32,
    /// Entries by hash.
    entries: Box<[Entry]>,
    /// Where the entries of each (shorter) hash start.
    starts: Box<[u32]>,
    start_shift: u32,
}

impl<const STRIDE: usize> Windows<STRIDE> {
    pub(crate) fn build(mut entries: Vec<Entry>) -> Option<Self> {
        if entries.is_empty() {
            return None;
        }
        let power = |count: usize| count.next_power_of_two().trailing_zeros();
        let bits_power = power(entries.len() * SPARSENESS).clamp(BITS_MIN, BITS_MAX);
        let starts_power = power(entries.len()).max(4);
        let shift = 32 - bits_power;
        let start_shift = 32 - starts_power;
        let mut bits = vec![0u32; 1 << (bits_power - 5)];
        for entry in &entries {
            let hash = entry.window.wrapping_mul(MULTIPLIER) >> shift;
            bits[hash as usize / 32] |= 1 << (hash % 32);
        }
        entries.sort_by_key(|entry| entry.window.wrapping_mul(MULTIPLIER));
        let mut starts = vec![0u32; (1 << starts_power) + 1];
        for entry in &entries {
            starts[(entry.window.wrapping_mul(MULTIPLIER) >> start_shift) as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Some(Self { bits: bits.into(), shift, entries: entries.into(), starts: starts.into(), start_shift })
    }

    /// Whether the window's hash is in the bit set, as its lowest bit.
    #[inline(always)]
    fn passes(&self, bits: &[u32], window: u32) -> u32 {
        let hash = (window | FOLD).wrapping_mul(MULTIPLIER) >> self.shift;
        let word = bits.get(hash as usize / 32).copied().unwrap_or(0);
        word >> (hash % 32) & 1
    }

    pub(crate) fn scan(&self, bytes: &[u8], strings: &Strings, found: &mut Found<impl FnMut(&[u32])>) {
        let bits = &*self.bits;
        let mut from = 0;
        let (blocks, _) = bytes.as_chunks::<16>();
        for block in blocks {
            let hits = if STRIDE == 4 { self.four_words(bits, block) } else { 1 };
            if hits != 0 {
                if STRIDE == 4 {
                    for place in 0..4 {
                        if hits >> place & 1 != 0 {
                            self.hit(bytes, from + place * 4, strings, found);
                        }
                    }
                } else {
                    self.each(bytes, from, from + 16, strings, found);
                }
            }
            from += 16;
        }
        self.each(bytes, from, bytes.len(), strings, found);
    }

    /// Which of the four words of a block pass.
    #[inline(always)]
    fn four_words(&self, bits: &[u32], block: &[u8; 16]) -> u32 {
        let words = u128::from_le_bytes(*block);
        let word = |at: u32| u32::try_from(words >> (at * 32) & 0xffff_ffff).unwrap_or(0);
        self.passes(bits, word(0))
            | self.passes(bits, word(1)) << 1
            | self.passes(bits, word(2)) << 2
            | self.passes(bits, word(3)) << 3
    }

    /// Looks at positions one by one.
    #[inline]
    fn each(
        &self,
        bytes: &[u8],
        from: usize,
        to: usize,
        strings: &Strings,
        found: &mut Found<impl FnMut(&[u32])>,
    ) {
        let end = (to + 3).min(bytes.len());
        let Some(part) = bytes.get(from..end) else { return };
        for (place, four) in part.windows(4).enumerate().step_by(STRIDE) {
            let window = four.first_chunk().map_or(0, |four| u32::from_le_bytes(*four));
            if self.passes(&self.bits, window) != 0 {
                self.hit(bytes, from + place, strings, found);
            }
        }
    }

    /// A position passed the bit set.
    #[inline(never)]
    fn hit(&self, bytes: &[u8], at: usize, strings: &Strings, found: &mut Found<impl FnMut(&[u32])>) {
        let Some(window) = bytes.get(at..).and_then(window_of) else { return };
        let place = (window.wrapping_mul(MULTIPLIER) >> self.start_shift) as usize;
        let Some([from, to]) = self.starts.get(place..place + 2) else { return };
        for entry in self.entries.get(*from as usize..*to as usize).unwrap_or_default() {
            if entry.window == window {
                strings.check(bytes, entry.string, at.checked_sub(entry.at as usize), found);
            }
        }
    }

    pub(crate) fn size_bytes(&self) -> usize {
        size_of_val(&self.bits[..]) + size_of_val(&self.entries[..]) + size_of_val(&self.starts[..])
    }
}

/// Pairs of bytes, looked for everywhere.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pairs {
    /// A bit for the hash of each pair, in all its spellings, so that the buffer's bytes need no folding.
    bits: Box<[u32]>,
    shift: u32,
    /// Pairs in order, with their string and where they lie in it.
    entries: Box<[(u16, u32, u32)]>,
    /// Strings of one byte.
    single: Box<[(u8, u32)]>,
}

impl Pairs {
    pub(crate) fn build(strings: &[(u32, usize)], all: &Strings) -> Option<Self> {
        if strings.is_empty() {
            return None;
        }
        let power = (strings.len() * PAIR_SPARSENESS).next_power_of_two().trailing_zeros().clamp(9, 16);
        let shift = 32 - power;
        let mut bits = vec![0u32; 1 << (power - 5)];
        let (mut entries, mut single) = (Vec::new(), Vec::new());
        for (string, at) in strings {
            let bytes = all.string(*string);
            if let [byte] = bytes {
                single.push((*byte, *string));
                continue;
            }
            let Some([low, high]) = bytes.get(*at..at + 2) else { continue };
            for low in [low.to_ascii_lowercase(), low.to_ascii_uppercase()] {
                for high in [high.to_ascii_lowercase(), high.to_ascii_uppercase()] {
                    let hash = pair_hash([low, high], shift);
                    bits[hash / 32] |= 1 << (hash % 32);
                }
            }
            let pair = u16::from_le_bytes([*low, *high]);
            entries.push((pair, *string, u32::try_from(*at).unwrap_or(0)));
        }
        entries.sort_unstable();
        single.sort_unstable();
        Some(Self { bits: bits.into(), shift, entries: entries.into(), single: single.into() })
    }

    pub(crate) fn scan(&self, bytes: &[u8], strings: &Strings, found: &mut Found<impl FnMut(&[u32])>) {
        for (byte, string) in &self.single {
            let there = |each: &u8| each.eq_ignore_ascii_case(byte);
            if bytes.iter().any(there) {
                found.tell(strings, *string);
            }
        }
        if self.entries.is_empty() {
            return;
        }
        for (at, pair) in bytes.array_windows().enumerate() {
            let hash = pair_hash(*pair, self.shift);
            let word = self.bits.get(hash / 32).copied().unwrap_or(0);
            if word >> (hash % 32) & 1 != 0 {
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

    pub(crate) fn size_bytes(&self) -> usize {
        size_of_val(&self.bits[..]) + size_of_val(&self.entries[..]) + size_of_val(&self.single[..])
    }
}

/// Bits per pair, in each of its spellings.
const PAIR_SPARSENESS: usize = 128;

#[inline(always)]
fn pair_hash(pair: [u8; 2], shift: u32) -> usize {
    (u32::from(u16::from_le_bytes(pair)).wrapping_mul(MULTIPLIER) >> shift) as usize
}
