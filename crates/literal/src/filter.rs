//! Tells windows that no string has, by two bits of a word.
//!
//! Vectors look up sixteen windows at once (AVX-512) or eight (AVX2), by gathering their words. What that costs is decided by
//! how near the words are, so that the filter asked first is kept small.

use serde::{Deserialize, Serialize};

/// Words of 32 bits, of which a window's hash chooses one, and two bits in it. Both are set for each window that there is.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Filter {
    /// A power of two of them.
    words: Box<[u32]>,
}

/// The golden ratio, and another number without pattern, for the lower and the upper half of a window.
const LOW: u32 = 0x9e37_79b1;
const HIGH: u32 = 0x85eb_ca6b;
/// Fewest and most words, in powers of two: 512 bytes, and a quarter of a large second-level cache.
const POWER_MIN: u32 = 7;
const POWER_MAX: u32 = 17;
/// 16 KiB: a third of a first-level cache.
const SMALL_POWER: u32 = 12;
/// Half of that, once doubled.
const FEW_POWER: u32 = 11;

impl Filter {
    /// For so many windows: at least a word for each.
    pub(crate) fn build(count: usize, windows: impl Iterator<Item = u64>) -> Self {
        Self::of_words(count.next_power_of_two().trailing_zeros(), windows)
    }

    /// The same for what is asked at each position and must stay near: two words for a window where they are few, one for two
    /// where they would be many. The latter lets one position in sixty through.
    pub(crate) fn build_small(count: usize, windows: impl Iterator<Item = u64>) -> Self {
        let power = count.next_power_of_two().trailing_zeros();
        let power = match power {
            ..FEW_POWER => power + 1,
            FEW_POWER..=SMALL_POWER => power,
            _ => power - 1,
        };
        Self::of_words(power, windows)
    }

    /// With words in this power of two, within limits.
    fn of_words(power: u32, windows: impl Iterator<Item = u64>) -> Self {
        let power = power.clamp(POWER_MIN, POWER_MAX);
        let mut words = vec![0u32; 1 << power];
        for window in windows {
            let hash = hash(window);
            let (one, other) = bits(hash);
            words[hash.wrapping_shr(32 - power) as usize] |= 1 << one | 1 << other;
        }
        Self { words: words.into() }
    }

    /// How far a hash is shifted to choose a word.
    #[inline(always)]
    fn shift(&self) -> u32 {
        32 - self.words.len().checked_ilog2().unwrap_or(0).min(31)
    }

    /// Whether the window may be one of those that there are.
    #[inline(always)]
    pub(crate) fn passes(&self, window: u64) -> bool {
        let hash = hash(window);
        let word = self.words.get(hash.checked_shr(self.shift()).unwrap_or(0) as usize).copied().unwrap_or(0);
        let (one, other) = bits(hash);
        (word >> one) & (word >> other) & 1 != 0
    }

    pub(crate) fn size_bytes(&self) -> usize {
        size_of_val(&self.words[..])
    }
}

/// A window's hash; that of a narrow one depends on its lower half alone.
#[inline(always)]
fn hash(window: u64) -> u32 {
    let (low, high) = (window as u32, (window >> 32) as u32);
    low.wrapping_mul(LOW).wrapping_add(high.wrapping_mul(HIGH))
}

/// Which two bits of a word a hash chooses.
#[inline(always)]
fn bits(hash: u32) -> (u32, u32) {
    let mixed = hash ^ (hash >> 16);
    (mixed % 32, mixed / 32 % 32)
}

/// One position after the other.
pub(crate) mod plain {
    use super::Filter;
    use crate::blocks::{BLOCK, Block};
    use crate::table::{FOLD, NARROW};

    /// A filter.
    #[derive(Clone, Copy)]
    pub(crate) struct Lookup<'f>(&'f Filter);

    impl<'f> Lookup<'f> {
        #[inline]
        pub(crate) fn new(filter: &'f Filter) -> Self {
            Self(filter)
        }
    }

    /// Which of the narrow windows that start at each fourth position of a block pass.
    #[inline]
    pub(crate) fn strides(filter: Lookup<'_>, block: &Block) -> u64 {
        let mut mask = 0;
        for place in 0..BLOCK / 4 {
            let window = block.get(place * 4..).and_then(|bytes| bytes.first_chunk());
            let window = u64::from(window.map_or(0, |window| u32::from_le_bytes(*window))) | (FOLD & NARROW);
            mask |= u64::from(filter.0.passes(window)) << place;
        }
        mask
    }

    /// Which of the narrow windows that start at each position of a block pass.
    #[inline]
    pub(crate) fn each(filter: Lookup<'_>, block: &Block) -> u64 {
        let windows = block.array_windows::<4>().take(BLOCK);
        windows.enumerate().fold(0, |mask, (at, window)| {
            let window = u64::from(u32::from_le_bytes(*window)) | (FOLD & NARROW);
            mask | u64::from(filter.0.passes(window)) << at
        })
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vectors are loaded through pointers")]
pub(crate) mod avx512 {
    use std::arch::x86_64::*;

    use super::{Filter, LOW};
    use crate::blocks::{BLOCK, Block};
    use crate::table::FOLD;

    /// A filter in registers.
    #[derive(Clone, Copy)]
    pub(crate) struct Lookup<'f> {
        words: &'f [u32],
        shift: __m128i,
    }

    impl<'f> Lookup<'f> {
        #[inline]
        #[target_feature(enable = "avx512bw")]
        pub(crate) fn new(filter: &'f Filter) -> Self {
            assert!(!filter.words.is_empty(), "a filter has words");
            Self { words: &filter.words, shift: _mm_cvtsi32_si128(filter.shift().cast_signed()) }
        }

        /// Bits for the hashes of which both bits are set.
        #[inline]
        #[target_feature(enable = "avx512bw")]
        fn passes(self, hash: __m512i) -> u64 {
            let place = _mm512_srl_epi32(hash, self.shift);
            // SAFETY: the shift leaves numbers below the greatest power of two that is not above the count of words; of none
            // there is no lookup.
            let words = unsafe { _mm512_i32gather_epi32::<4>(place, self.words.as_ptr().cast()) };
            let mixed = _mm512_xor_si512(hash, _mm512_srli_epi32::<16>(hash));
            // Rotating looks at the lowest five bits of the count.
            let one = _mm512_rorv_epi32(words, mixed);
            let other = _mm512_rorv_epi32(words, _mm512_srli_epi32::<5>(mixed));
            let both = _mm512_and_si512(one, other);
            _mm512_test_epi32_mask(both, _mm512_set1_epi32(1)).into()
        }
    }

    #[inline]
    #[target_feature(enable = "avx512bw")]
    pub(crate) fn load(block: &Block, at: usize) -> __m512i {
        assert!(at + 64 <= block.len(), "a vector lies inside its block");
        // SAFETY: so it does; the load needs no alignment.
        unsafe { _mm512_loadu_si512(block.as_ptr().add(at).cast()) }
    }

    /// The same as [`super::plain::strides`].
    #[inline]
    #[target_feature(enable = "avx512bw")]
    pub(crate) fn strides(filter: Lookup<'_>, block: &Block) -> u64 {
        let windows = _mm512_or_si512(load(block, 0), _mm512_set1_epi32(FOLD as i32));
        filter.passes(_mm512_mullo_epi32(windows, _mm512_set1_epi32(LOW.cast_signed())))
    }

    /// Sixteen positions from `at` on, four bytes each.
    #[inline]
    #[target_feature(enable = "avx512bw")]
    pub(crate) fn windows(block: &Block, at: usize) -> __m512i {
        // Each lane of sixteen bytes gets the eight that its four positions take.
        let lanes = _mm512_setr_epi32(0, 1, 0, 0, 1, 2, 0, 0, 2, 3, 0, 0, 3, 4, 0, 0);
        let four = _mm512_set_epi8(
            6, 5, 4, 3, 5, 4, 3, 2, 4, 3, 2, 1, 3, 2, 1, 0, 6, 5, 4, 3, 5, 4, 3, 2, 4, 3, 2, 1, 3, 2, 1, 0,
            6, 5, 4, 3, 5, 4, 3, 2, 4, 3, 2, 1, 3, 2, 1, 0, 6, 5, 4, 3, 5, 4, 3, 2, 4, 3, 2, 1, 3, 2, 1, 0,
        );
        assert!(at + 32 <= block.len(), "a vector lies inside its block");
        // SAFETY: so it does; the load needs no alignment.
        let bytes = unsafe { _mm256_loadu_si256(block.as_ptr().add(at).cast()) };
        _mm512_shuffle_epi8(_mm512_permutexvar_epi32(lanes, _mm512_castsi256_si512(bytes)), four)
    }

    /// The same as [`super::plain::each`].
    #[inline]
    #[target_feature(enable = "avx512bw")]
    pub(crate) fn each(filter: Lookup<'_>, block: &Block) -> u64 {
        let mut mask = 0;
        let mut at = 0;
        while at < BLOCK {
            let windows = _mm512_or_si512(windows(block, at), _mm512_set1_epi32(FOLD as i32));
            let hash = _mm512_mullo_epi32(windows, _mm512_set1_epi32(LOW.cast_signed()));
            mask |= filter.passes(hash) << at;
            at += 16;
        }
        mask
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vectors are loaded through pointers")]
pub(crate) mod avx2 {
    use std::arch::x86_64::*;

    use super::{Filter, LOW};
    use crate::blocks::{BLOCK, Block};
    use crate::table::FOLD;

    /// A filter in registers.
    #[derive(Clone, Copy)]
    pub(crate) struct Lookup<'f> {
        words: &'f [u32],
        shift: __m128i,
    }

    impl<'f> Lookup<'f> {
        #[inline]
        #[target_feature(enable = "avx2")]
        pub(crate) fn new(filter: &'f Filter) -> Self {
            assert!(!filter.words.is_empty(), "a filter has words");
            Self { words: &filter.words, shift: _mm_cvtsi32_si128(filter.shift().cast_signed()) }
        }

        /// Bits for the hashes of which both bits are set.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn passes(self, hash: __m256i) -> u64 {
            let place = _mm256_srl_epi32(hash, self.shift);
            // SAFETY: the shift leaves numbers below the greatest power of two that is not above the count of words; of none
            // there is no lookup.
            let words = unsafe { _mm256_i32gather_epi32::<4>(self.words.as_ptr().cast(), place) };
            let mixed = _mm256_xor_si256(hash, _mm256_srli_epi32::<16>(hash));
            let five = _mm256_set1_epi32(31);
            let one = _mm256_srlv_epi32(words, _mm256_and_si256(mixed, five));
            let other = _mm256_srlv_epi32(words, _mm256_and_si256(_mm256_srli_epi32::<5>(mixed), five));
            // The lowest bit becomes the sign, which is what is gathered.
            let both = _mm256_slli_epi32::<31>(_mm256_and_si256(one, other));
            _mm256_movemask_ps(_mm256_castsi256_ps(both)).cast_unsigned().into()
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn load(block: &Block, at: usize) -> __m256i {
        assert!(at + 32 <= block.len(), "a vector lies inside its block");
        // SAFETY: so it does; the load needs no alignment.
        unsafe { _mm256_loadu_si256(block.as_ptr().add(at).cast()) }
    }

    /// The same as [`super::plain::strides`].
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn strides(filter: Lookup<'_>, block: &Block) -> u64 {
        let mut mask = 0;
        let (mut at, mut place) = (0, 0);
        while at < BLOCK {
            let windows = _mm256_or_si256(load(block, at), _mm256_set1_epi32(FOLD as i32));
            let hash = _mm256_mullo_epi32(windows, _mm256_set1_epi32(LOW.cast_signed()));
            mask |= filter.passes(hash) << place;
            (at, place) = (at + 32, place + 8);
        }
        mask
    }

    /// Eight positions from `at` on, four bytes each.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn windows(block: &Block, at: usize) -> __m256i {
        let four = _mm256_set_epi8(
            10, 9, 8, 7, 9, 8, 7, 6, 8, 7, 6, 5, 7, 6, 5, 4, 6, 5, 4, 3, 5, 4, 3, 2, 4, 3, 2, 1, 3, 2, 1, 0,
        );
        assert!(at + 16 <= block.len(), "a vector lies inside its block");
        // SAFETY: so it does; the load needs no alignment.
        let bytes = unsafe { _mm_loadu_si128(block.as_ptr().add(at).cast()) };
        _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), four)
    }

    /// The same as [`super::plain::each`].
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn each(filter: Lookup<'_>, block: &Block) -> u64 {
        let mut mask = 0;
        let mut at = 0;
        while at < BLOCK {
            let windows = _mm256_or_si256(windows(block, at), _mm256_set1_epi32(FOLD as i32));
            let hash = _mm256_mullo_epi32(windows, _mm256_set1_epi32(LOW.cast_signed()));
            mask |= filter.passes(hash) << at;
            at += 8;
        }
        mask
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::blocks::{Block, Means, TAKEN};
    use crate::table::{FOLD, NARROW};
    #[expect(unsafe_code, reason = "what the processor can do is known at run time only")]
    fn by(means: Means, filter: &Filter, block: &Block) -> [u64; 2] {
        match means {
            Means::Plain => {
                let filter = plain::Lookup::new(filter);
                [plain::strides(filter, block), plain::each(filter, block)]
            }
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor has AVX2.
            Means::Avx2 => unsafe {
                let filter = avx2::Lookup::new(filter);
                [avx2::strides(filter, block), avx2::each(filter, block)]
            },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor has AVX-512.
            Means::Avx512 => unsafe {
                let filter = avx512::Lookup::new(filter);
                [avx512::strides(filter, block), avx512::each(filter, block)]
            },
        }
    }

    proptest! {
        #[test]
        fn vectors_and_single_steps_come_to_the_same(
            windows in prop::collection::vec(any::<u64>(), 1..600),
            block in prop::array::uniform32(prop::sample::select(b"aAbB\x00 @`z\xff".to_vec())),
            noise in prop::collection::vec(any::<u8>(), TAKEN - 32),
        ) {
            let bytes: Vec<u8> = block.iter().chain(&noise).copied().collect();
            let block: Block = bytes.try_into().expect("as long as a block");
            let wide = Filter::build(windows.len(), windows.iter().map(|window| window | FOLD));
            let narrow = Filter::build_small(1, windows.iter().map(|window| (window | FOLD) & NARROW));
            for means in Means::all() {
                prop_assert_eq!(by(means, &narrow, &block), by(Means::Plain, &narrow, &block));
            }
            for window in windows {
                prop_assert!(wide.passes(window | FOLD) && narrow.passes((window | FOLD) & NARROW));
            }
        }
    }
}
