//! Strings of two and three bytes, found by two of them.

use serde::{Deserialize, Serialize};

use crate::rarity::commonness;
use crate::sieve::Telling;
use crate::{Found, Strings};

/// Strings up to which a sieve goes first: it must let little through but them, since traffic is full of short strings' bytes.
const SIEVED_MAX: usize = 48;
/// Words of a bit set for all pairs.
const WORDS: usize = 1 << 11;
/// That bit set.
type Bits = [u32; WORDS];

/// Strings by a pair of bytes.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pairs {
    /// A bit for each pair in all its spellings, so that the buffer's bytes need no folding.
    bits: Box<[u32]>,
    /// Pairs in order, with their string and where they lie in it.
    entries: Box<[(u16, u32, u32)]>,
}

impl Pairs {
    pub(crate) fn build(strings: &[u32], all: &Strings) -> Option<Self> {
        if strings.is_empty() {
            return None;
        }
        let mut bits = vec![0u32; WORDS];
        let mut entries = Vec::with_capacity(strings.len());
        for string in strings {
            let bytes = all.string(*string);
            let at = pair_of(bytes);
            let Some([low, high]) = bytes.get(at..at + 2) else { continue };
            for low in [low.to_ascii_lowercase(), low.to_ascii_uppercase()] {
                for high in [high.to_ascii_lowercase(), high.to_ascii_uppercase()] {
                    let pair = u16::from_le_bytes([low, high]);
                    bits[usize::from(pair / 32)] |= 1 << (pair % 32);
                }
            }
            entries.push((u16::from_le_bytes([*low, *high]), *string, u32::try_from(at).unwrap_or(0)));
        }
        entries.sort_unstable();
        Some(Self { bits: bits.into(), entries: entries.into() })
    }

    /// Whether a sieve goes first.
    #[inline]
    pub(crate) fn is_sieved(&self) -> bool {
        self.entries.len() <= SIEVED_MAX
    }

    /// The bytes that tell each string.
    pub(crate) fn tellings(&self, all: &Strings) -> impl Iterator<Item = Telling> {
        self.entries.iter().map(|(_, string, at)| all.telling(*string, *at as usize))
    }

    /// What is asked at each position.
    #[inline]
    pub(crate) fn bits(&self) -> &Bits {
        self.bits.as_ref().try_into().expect("there is a bit for each pair")
    }

    /// A position came through the sieve, or has a bit.
    #[inline]
    pub(crate) fn look_at(
        &self,
        bytes: &[u8],
        at: usize,
        strings: &Strings,
        found: &mut Found<impl FnMut(&[u32])>,
    ) {
        if let Some(pair) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            self.hit(bytes, *pair, at, strings, found);
        }
    }

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
        size_of_val(&self.bits[..]) + size_of_val(&self.entries[..])
    }
}

/// Where the rarer pair of a short string lies.
fn pair_of(string: &[u8]) -> usize {
    let cost = |pair: &[u8]| pair.iter().map(|byte| u32::from(commonness(*byte))).sum::<u32>();
    string.windows(2).enumerate().min_by_key(|(_, pair)| cost(pair)).map_or(0, |(at, _)| at)
}

/// One position after the other.
pub(crate) mod plain {
    use super::Bits;
    use crate::blocks::{BLOCK, Block};

    /// Which positions of a block start a pair of the bit set.
    #[inline]
    pub(crate) fn glance(bits: &Bits, block: &Block) -> u64 {
        let pairs = block.array_windows().take(BLOCK).enumerate();
        pairs.fold(0, |mask, (at, pair)| {
            let pair = u16::from_le_bytes(*pair);
            let word = bits.get(usize::from(pair / 32)).copied().unwrap_or(0);
            mask | u64::from(word >> (pair % 32) & 1) << at
        })
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vectors are loaded through pointers")]
pub(crate) mod avx512 {
    use std::arch::x86_64::*;

    use super::Bits;
    use crate::blocks::{BLOCK, Block};
    use crate::filter::avx512::windows;

    /// The same as [`super::plain::glance`].
    #[inline]
    #[target_feature(enable = "avx512bw")]
    pub(crate) fn glance(bits: &Bits, block: &Block) -> u64 {
        let mut mask = 0;
        let mut at = 0;
        while at < BLOCK {
            let pairs = _mm512_and_si512(windows(block, at), _mm512_set1_epi32(0xffff));
            // SAFETY: sixteen bits without the lowest five are less than the count of words.
            let words =
                unsafe { _mm512_i32gather_epi32::<4>(_mm512_srli_epi32::<5>(pairs), bits.as_ptr().cast()) };
            let there = _mm512_rorv_epi32(words, pairs);
            mask |= u64::from(_mm512_test_epi32_mask(there, _mm512_set1_epi32(1))) << at;
            at += 16;
        }
        mask
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vectors are loaded through pointers")]
pub(crate) mod avx2 {
    use std::arch::x86_64::*;

    use super::Bits;
    use crate::blocks::{BLOCK, Block};
    use crate::filter::avx2::windows;

    /// The same as [`super::plain::glance`].
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn glance(bits: &Bits, block: &Block) -> u64 {
        let mut mask = 0;
        let mut at = 0;
        while at < BLOCK {
            let pairs = _mm256_and_si256(windows(block, at), _mm256_set1_epi32(0xffff));
            // SAFETY: sixteen bits without the lowest five are less than the count of words.
            let words =
                unsafe { _mm256_i32gather_epi32::<4>(bits.as_ptr().cast(), _mm256_srli_epi32::<5>(pairs)) };
            let there = _mm256_srlv_epi32(words, _mm256_and_si256(pairs, _mm256_set1_epi32(31)));
            let sign = _mm256_castsi256_ps(_mm256_slli_epi32::<31>(there));
            mask |= u64::from(_mm256_movemask_ps(sign).cast_unsigned()) << at;
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

    #[expect(unsafe_code, reason = "what the processor can do is known at run time only")]
    fn by(means: Means, bits: &Bits, block: &Block) -> u64 {
        match means {
            Means::Plain => plain::glance(bits, block),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor has AVX2.
            Means::Avx2 => unsafe { avx2::glance(bits, block) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor has AVX-512.
            Means::Avx512 => unsafe { avx512::glance(bits, block) },
        }
    }

    proptest! {
        #[test]
        fn vectors_and_single_steps_come_to_the_same(
            pairs in prop::collection::vec(any::<u16>(), 0..40),
            bytes in prop::collection::vec(any::<u8>(), TAKEN - 40),
        ) {
            let mut bits: Box<Bits> = Box::new([0; WORDS]);
            for pair in &pairs {
                bits[usize::from(pair / 32)] |= 1 << (pair % 32);
            }
            let some: Vec<u8> = pairs.iter().take(20).flat_map(|pair| pair.to_le_bytes()).collect();
            let mut bytes = [some, bytes].concat();
            bytes.resize(TAKEN, 0);
            let block: Block = bytes.try_into().expect("as long as a block");
            for means in Means::all() {
                prop_assert_eq!(by(means, &bits, &block), plain::glance(&bits, &block));
            }
        }
    }
}
