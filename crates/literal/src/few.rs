//! Few short strings, looked for at 32 positions at once.
//!
//! The method is Teddy's (Hyperscan; Geoffrey Langdale): strings are dealt into eight buckets, a bit each. For each of the
//! first bytes of a string two tables of sixteen say in which buckets a byte with such a lower, and such an upper, half
//! occurs. Shuffles look all positions up; a position where the same bit is left by all tables is compared in full.

use serde::{Deserialize, Serialize};

use crate::pass::window_of;
use crate::{Found, Strings};

/// Positions looked at together.
const LANES: usize = 32;
const BUCKETS: usize = 8;

/// Strings known by `BYTES` of their bytes in a row.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Few {
    /// How many bytes tell a string: two or four.
    bytes: u8,
    /// Buckets by lower and upper half, for each of those bytes.
    tables: [[[u8; 16]; 2]; 4],
    /// Strings of each bucket.
    buckets: [Box<[Telling]>; BUCKETS],
}

/// A string, and the bytes that tell it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Telling {
    /// As [`window`] has them.
    window: u32,
    string: u32,
    /// Where they lie in the string.
    at: u32,
}

/// Two or four bytes as a number, with letters in lower case (and some other bytes confused).
#[inline]
fn window<const BYTES: usize>(bytes: &[u8]) -> Option<u32> {
    if BYTES == 2 {
        bytes.first_chunk().map(|pair| u32::from(u16::from_le_bytes(*pair) | 0x2020))
    } else {
        window_of(bytes)
    }
}

impl Few {
    /// From strings, each with where the telling bytes lie in it.
    pub(crate) fn build(mut strings: Vec<(u32, u32)>, bytes: usize, all: &Strings) -> Option<Self> {
        if strings.is_empty() {
            return None;
        }
        let telling = |(string, at): (u32, u32)| {
            all.string(string).get(at as usize..at as usize + bytes).unwrap_or_default()
        };
        // Neighbours share tables best.
        strings.sort_by(|left, right| (telling(*left), left).cmp(&(telling(*right), right)));
        let mut tables = [[[0; 16]; 2]; 4];
        let mut buckets: [Box<[Telling]>; BUCKETS] = Default::default();
        for (number, group) in strings.chunks(strings.len().div_ceil(BUCKETS)).enumerate() {
            for string in group {
                for (table, byte) in tables.iter_mut().zip(telling(*string)) {
                    for byte in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                        table[0][usize::from(byte & 15)] |= 1 << number;
                        table[1][usize::from(byte >> 4)] |= 1 << number;
                    }
                }
            }
            if let Some(bucket) = buckets.get_mut(number) {
                let entry = |string: &(u32, u32)| {
                    let of = telling(*string);
                    let window = if bytes == 2 { window::<2>(of) } else { window::<4>(of) };
                    Telling { window: window.unwrap_or(0), string: string.0, at: string.1 }
                };
                *bucket = group.iter().map(entry).collect();
            }
        }
        Some(Self { bytes: if bytes == 2 { 2 } else { 4 }, tables, buckets })
    }

    #[inline]
    pub(crate) fn scan(&self, bytes: &[u8], strings: &Strings, found: &mut Found<impl FnMut(&[u32])>) {
        if self.bytes == 2 {
            self.scan_by::<2>(bytes, strings, found);
        } else {
            self.scan_by::<4>(bytes, strings, found);
        }
    }

    fn scan_by<const BYTES: usize>(
        &self,
        bytes: &[u8],
        strings: &Strings,
        found: &mut Found<impl FnMut(&[u32])>,
    ) {
        let mut at = 0;
        let step = LANES + BYTES - 1;
        while let Some(block) = bytes.get(at..at + step) {
            let mut lanes = [0; LANES];
            if lanes_of::<BYTES>(&self.tables, block, &mut lanes) {
                self.hits::<BYTES>(bytes, at, &lanes, strings, found);
            }
            at += LANES;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.len() >= BYTES {
            // What is filled up with zeros may seem to hold a string; comparing in full sets that right.
            let mut block = [0; LANES + 3];
            block[..rest.len()].copy_from_slice(rest);
            let mut lanes = [0; LANES];
            if lanes_of::<BYTES>(&self.tables, &block[..step], &mut lanes) {
                self.hits::<BYTES>(bytes, at, &lanes, strings, found);
            }
        }
    }

    #[inline(never)]
    fn hits<const BYTES: usize>(
        &self,
        bytes: &[u8],
        from: usize,
        lanes: &[u8; LANES],
        strings: &Strings,
        found: &mut Found<impl FnMut(&[u32])>,
    ) {
        for (lane, bits) in lanes.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            // Tables let through more than there is: most of it ends here.
            let Some(window) = bytes.get(from + lane..).and_then(window::<BYTES>) else { continue };
            let mut bits = *bits;
            while bits != 0 {
                let bucket = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                for telling in self.buckets.get(bucket).map_or(&[][..], |bucket| bucket) {
                    if telling.window == window {
                        let start = (from + lane).checked_sub(telling.at as usize);
                        strings.check(bytes, telling.string, start, found);
                    }
                }
            }
        }
    }

    pub(crate) fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.buckets.iter().map(|bucket| size_of_val(&bucket[..])).sum::<usize>()
    }
}

/// Fills in which buckets are left at each position of a block; answers whether any is.
#[inline]
fn lanes_of<const BYTES: usize>(tables: &[[[u8; 16]; 2]; 4], block: &[u8], lanes: &mut [u8; LANES]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "what the processor can do is known at run time only")]
        // SAFETY: the processor has AVX2.
        return unsafe { avx2::lanes_of::<BYTES>(tables, block, lanes) };
    }
    plain::<BYTES>(tables, block, lanes)
}

fn plain<const BYTES: usize>(tables: &[[[u8; 16]; 2]; 4], block: &[u8], lanes: &mut [u8; LANES]) -> bool {
    let mut any = 0;
    for (lane, telling) in lanes.iter_mut().zip(block.windows(BYTES)) {
        let left = |bits: u8, (table, byte): (&[[u8; 16]; 2], &u8)| {
            bits & table[0][usize::from(byte & 15)] & table[1][usize::from(byte >> 4)]
        };
        *lane = tables.iter().zip(telling).fold(u8::MAX, left);
        any |= *lane;
    }
    any != 0
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vectors are loaded and stored through pointers")]
mod avx2 {
    use std::arch::x86_64::{
        __m128i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_loadu_si256,
        _mm256_set1_epi8, _mm256_shuffle_epi8, _mm256_srli_epi16, _mm256_storeu_si256, _mm256_testz_si256,
    };

    use super::LANES;

    /// See [`super::lanes_of`]. `lanes` is not written when no bucket is left.
    #[target_feature(enable = "avx2")]
    pub(super) fn lanes_of<const BYTES: usize>(
        tables: &[[[u8; 16]; 2]; 4],
        block: &[u8],
        lanes: &mut [u8; LANES],
    ) -> bool {
        assert!(block.len() >= LANES + BYTES - 1 && BYTES <= tables.len(), "a block has all its bytes");
        let table = |half: &[u8; 16]| {
            // SAFETY: sixteen bytes are there; the load needs no alignment.
            let half = unsafe { _mm_loadu_si128(half.as_ptr().cast::<__m128i>()) };
            _mm256_broadcastsi128_si256(half)
        };
        let low_half = _mm256_set1_epi8(15);
        let mut left = _mm256_set1_epi8(-1);
        for (at, [low, high]) in tables.iter().enumerate().take(BYTES) {
            // SAFETY: `at` is less than `BYTES`, so that 32 bytes from there lie inside the block, as asserted above; the
            // load needs no alignment.
            let bytes = unsafe { _mm256_loadu_si256(block.as_ptr().add(at).cast()) };
            let low = _mm256_shuffle_epi8(table(low), _mm256_and_si256(bytes, low_half));
            let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), low_half);
            let high = _mm256_shuffle_epi8(table(high), upper);
            left = _mm256_and_si256(left, _mm256_and_si256(low, high));
        }
        if _mm256_testz_si256(left, left) == 1 {
            return false;
        }
        // SAFETY: 32 bytes are there; the store needs no alignment.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), left) };
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn vectors_and_single_steps_agree(
            tables in prop::array::uniform4(prop::array::uniform2(prop::array::uniform16(any::<u8>()))),
            block in prop::collection::vec(any::<u8>(), LANES + 3),
        ) {
            let (mut one, mut other) = ([0; LANES], [0; LANES]);
            prop_assert_eq!(lanes_of::<4>(&tables, &block, &mut one), plain::<4>(&tables, &block, &mut other));
            prop_assert_eq!(one, other);
            let (mut one, mut other) = ([0; LANES], [0; LANES]);
            let block = &block[..=LANES];
            prop_assert_eq!(lanes_of::<2>(&tables, block, &mut one), plain::<2>(&tables, block, &mut other));
            prop_assert_eq!(one, other);
        }
    }
}
