//! Tells for 64 positions at once which may start one of a few strings.
//!
//! The method is Teddy's (Hyperscan; Geoffrey Langdale): strings are dealt into eight buckets, a bit each. For each of four
//! bytes of a string two tables of sixteen say in which buckets a byte with such a lower, and such an upper, half occurs
//! there. Shuffles look all positions up; a position where the same bit is left by all tables comes through. A bucket with a
//! single string lets nothing else through; others are put together so that traffic, with many zeros and letters in it, comes
//! through least often. Strings shorter than four bytes leave their last tables open.

use serde::{Deserialize, Serialize};

use crate::rarity::commonness;

/// Bytes of a string that tell it.
const BYTES: usize = 4;
/// Strings without company in a set.
const BUCKETS: usize = 8;

/// The bytes that tell a string; none where it ends.
pub(crate) type Telling = [Option<u8>; BYTES];
/// Buckets by lower and upper half, for each of the telling bytes.
pub(crate) type Tables = [[[u8; 16]; 2]; BYTES];

/// Strings in sets of tables.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sieve {
    sets: Box<[Tables]>,
}

impl Sieve {
    /// For strings, in so many sets.
    pub(crate) fn build(tellings: &[Telling], sets: usize) -> Self {
        let mut buckets = together(tellings.iter().map(Bucket::of).collect(), sets.max(1) * BUCKETS);
        // What lets most through is spread over the sets.
        buckets.sort_by_key(|bucket| std::cmp::Reverse(bucket.through));
        let sets = buckets.len().div_ceil(BUCKETS).max(1);
        let of_set = |set: usize| buckets.iter().skip(set).step_by(sets);
        Self { sets: (0..sets).map(|set| tables(of_set(set))).collect() }
    }

    /// What is asked at each position.
    #[inline]
    pub(crate) fn sets(&self) -> &[Tables] {
        &self.sets
    }

    pub(crate) fn size_bytes(&self) -> usize {
        size_of_val(&self.sets[..])
    }
}

/// Strings that share a bit: which lower and upper halves they have, for each of the telling bytes.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    halves: [[u16; 2]; BYTES],
    /// How many of four billion positions come through, roughly.
    through: u64,
}

impl Bucket {
    fn of(telling: &Telling) -> Self {
        let halves = telling.map(|byte| match byte {
            Some(byte) => [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]
                .iter()
                .fold([0, 0], |[low, high], byte| [low | 1 << (byte & 15), high | 1 << (byte >> 4)]),
            None => [u16::MAX; 2],
        });
        Self::new(halves)
    }

    fn with(&self, other: &Self) -> Self {
        let mut halves = self.halves;
        for (both, others) in halves.iter_mut().zip(other.halves) {
            both[0] |= others[0];
            both[1] |= others[1];
        }
        Self::new(halves)
    }

    fn new(halves: [[u16; 2]; BYTES]) -> Self {
        let share = |[low, high]: &[u16; 2]| {
            let rows = (0..16).filter(|row| high >> row & 1 != 0);
            rows.map(|row| row_weight(row, *low)).sum::<u64>().min(1 << 10)
        };
        Self { halves, through: halves.iter().map(share).product::<u64>() >> 8 }
    }
}

/// How many of a thousand bytes in traffic have this upper half, and one of these lower ones.
fn row_weight(high: usize, low: u16) -> u64 {
    let [few, more] = low.to_le_bytes();
    let of = |half: usize, bits: u8| {
        let row = ROWS.get(high).and_then(|row| row.get(half)).and_then(|row| row.get(usize::from(bits)));
        u64::from(row.copied().unwrap_or(0))
    };
    of(0, few) + of(1, more)
}

/// The sums of [`WEIGHTS`] by upper half, for each set of the lower eight lower halves, and of the upper eight.
static ROWS: [[[u16; 256]; 2]; 16] = {
    let mut rows = [[[0; 256]; 2]; 16];
    let mut place = 0;
    while place < 16 * 2 * 256 {
        let (high, half, set) = (place / 512, place / 256 % 2, place % 256);
        let mut bit = 0;
        while bit < 8 {
            if set >> bit & 1 != 0 {
                rows[high][half][set] += WEIGHTS[high * 16 + half * 8 + bit];
            }
            bit += 1;
        }
        place += 1;
    }
    rows
};

/// How many of a thousand bytes in traffic have a value, roughly: those of binary protocols are zero as often as not.
const WEIGHTS: [u16; 256] = {
    let mut weights = [0; 256];
    let mut byte = 0;
    while byte < weights.len() {
        weights[byte] = match commonness(byte as u8) {
            255 => 300,
            230.. => 40,
            200.. => 16,
            150.. => 8,
            100.. => 4,
            _ => 2,
        };
        byte += 1;
    }
    weights
};

/// Puts together those that let least more through together than alone, until no more than `count` are left.
fn together(mut buckets: Vec<Bucket>, count: usize) -> Vec<Bucket> {
    let more =
        |one: &Bucket, other: &Bucket| one.with(other).through.saturating_sub(one.through + other.through);
    // For each the best of those behind it.
    let best = |buckets: &[Bucket], at: usize| -> (u64, usize) {
        let behind = buckets.iter().enumerate().skip(at + 1);
        let costs = behind.map(|(other, bucket)| (more(&buckets[at], bucket), other));
        costs.min().unwrap_or((u64::MAX, at))
    };
    let mut bests: Vec<(u64, usize)> = (0..buckets.len()).map(|at| best(&buckets, at)).collect();
    while buckets.len() > count {
        let Some((at, (_, other))) = bests.iter().copied().enumerate().min_by_key(|(_, best)| *best) else {
            break;
        };
        buckets[at] = buckets[at].with(&buckets[other]);
        // The last one takes the freed place.
        buckets.swap_remove(other);
        bests.swap_remove(other);
        let last = buckets.len();
        for each in 0..last {
            let (cost, whom) = bests[each];
            if each == at || each == other || [at, other, last].contains(&whom) {
                bests[each] = best(&buckets, each);
            } else if each < at {
                bests[each] = (cost, whom).min((more(&buckets[each], &buckets[at]), at));
            }
        }
    }
    buckets
}

fn tables<'b>(buckets: impl Iterator<Item = &'b Bucket>) -> Tables {
    let mut tables = [[[0; 16]; 2]; BYTES];
    for (number, bucket) in buckets.enumerate() {
        for (table, halves) in tables.iter_mut().zip(bucket.halves) {
            for (half, bits) in table.iter_mut().zip(halves) {
                for (value, place) in half.iter_mut().enumerate() {
                    *place |= u8::from(bits >> value & 1 != 0) << number;
                }
            }
        }
    }
    tables
}

/// One position after the other.
pub(crate) mod plain {
    use super::{BYTES, Tables};
    use crate::blocks::{BLOCK, Block};

    /// Which positions of a block come through one of the sets.
    #[inline]
    pub(crate) fn glance(sets: &[Tables], block: &Block) -> u64 {
        let mut mask = 0;
        for (lane, telling) in block.windows(BYTES).take(BLOCK).enumerate() {
            let comes_through = sets.iter().any(|tables| {
                let left = |bits: u8, (table, byte): (&[[u8; 16]; 2], &u8)| {
                    bits & table[0][usize::from(byte & 15)] & table[1][usize::from(byte >> 4)]
                };
                tables.iter().zip(telling).fold(u8::MAX, left) != 0
            });
            mask |= u64::from(comes_through) << lane;
        }
        mask
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vectors are loaded through pointers")]
pub(crate) mod avx512 {
    use std::arch::x86_64::*;

    use super::{BYTES, Tables};
    use crate::blocks::Block;
    use crate::filter::avx512::load;

    #[inline]
    #[target_feature(enable = "avx512bw")]
    fn table(half: &[u8; 16]) -> __m512i {
        // SAFETY: sixteen bytes are there; the load needs no alignment.
        let half = unsafe { _mm_loadu_si128(half.as_ptr().cast()) };
        _mm512_broadcast_i32x4(half)
    }

    /// The same as [`super::plain::glance`]. Counted by hand: what iterators are made of is not always put in line here.
    #[inline]
    #[target_feature(enable = "avx512bw")]
    pub(crate) fn glance(sets: &[Tables], block: &Block) -> u64 {
        let half = _mm512_set1_epi8(15);
        let mut halves = [[_mm512_setzero_si512(); 2]; BYTES];
        let mut place = 0;
        while place < BYTES {
            let bytes = load(block, place);
            halves[place][0] = _mm512_and_si512(bytes, half);
            halves[place][1] = _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), half);
            place += 1;
        }
        through(sets, &halves)
    }

    #[inline]
    #[target_feature(enable = "avx512bw")]
    fn through(sets: &[Tables], halves: &[[__m512i; 2]; BYTES]) -> u64 {
        let mut mask = 0;
        for tables in sets {
            let mut left = _mm512_set1_epi8(-1);
            let mut place = 0;
            while place < BYTES {
                let low = _mm512_shuffle_epi8(table(&tables[place][0]), halves[place][0]);
                let high = _mm512_shuffle_epi8(table(&tables[place][1]), halves[place][1]);
                left = _mm512_and_si512(left, _mm512_and_si512(low, high));
                place += 1;
            }
            mask |= _mm512_test_epi8_mask(left, left);
        }
        mask
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vectors are loaded through pointers")]
pub(crate) mod avx2 {
    use std::arch::x86_64::*;

    use super::{BYTES, Tables};
    use crate::blocks::Block;
    use crate::filter::avx2::load;

    #[inline]
    #[target_feature(enable = "avx2")]
    fn table(half: &[u8; 16]) -> __m256i {
        // SAFETY: sixteen bytes are there; the load needs no alignment.
        let half = unsafe { _mm_loadu_si128(half.as_ptr().cast()) };
        _mm256_broadcastsi128_si256(half)
    }

    /// The same as [`super::plain::glance`]. Counted by hand: what iterators are made of is not always put in line here.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn glance(sets: &[Tables], block: &Block) -> u64 {
        let half = _mm256_set1_epi8(15);
        let mut mask = 0;
        for from in [0, 32] {
            let mut halves = [[_mm256_setzero_si256(); 2]; BYTES];
            let mut place = 0;
            while place < BYTES {
                let bytes = load(block, from + place);
                halves[place][0] = _mm256_and_si256(bytes, half);
                halves[place][1] = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), half);
                place += 1;
            }
            mask |= through(sets, &halves) << from;
        }
        mask
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn through(sets: &[Tables], halves: &[[__m256i; 2]; BYTES]) -> u64 {
        let mut none = u32::MAX;
        for tables in sets {
            let mut left = _mm256_set1_epi8(-1);
            let mut place = 0;
            while place < BYTES {
                let low = _mm256_shuffle_epi8(table(&tables[place][0]), halves[place][0]);
                let high = _mm256_shuffle_epi8(table(&tables[place][1]), halves[place][1]);
                left = _mm256_and_si256(left, _mm256_and_si256(low, high));
                place += 1;
            }
            let zero = _mm256_cmpeq_epi8(left, _mm256_setzero_si256());
            none &= _mm256_movemask_epi8(zero).cast_unsigned();
        }
        (!none).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::blocks::{Block, Means, TAKEN};

    /// What a block comes to.
    fn by(means: Means, sets: &[Tables], block: &Block) -> u64 {
        match means {
            Means::Plain => plain::glance(sets, block),
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "what the processor can do is known at run time only")]
            // SAFETY: the processor has AVX2.
            Means::Avx2 => unsafe { avx2::glance(sets, block) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "what the processor can do is known at run time only")]
            // SAFETY: the processor has AVX-512.
            Means::Avx512 => unsafe { avx512::glance(sets, block) },
        }
    }

    proptest! {
        #[test]
        fn vectors_and_single_steps_come_to_the_same(
            sets in prop::collection::vec(
                prop::array::uniform4(prop::array::uniform2(prop::array::uniform16(0..=u8::MAX))), 1..4),
            bytes in prop::collection::vec(any::<u8>(), TAKEN),
        ) {
            // As sparse as those of real strings.
            let sparse = |tables: Tables| tables.map(|both| both.map(|half| half.map(|bits| bits & 0x11)));
            let sets: Vec<Tables> = sets.into_iter().map(sparse).collect();
            let block: Block = bytes.try_into().expect("as long as a block");
            for means in Means::all() {
                prop_assert_eq!(by(means, &sets, &block), plain::glance(&sets, &block));
            }
        }
    }

    #[test]
    fn as_many_buckets_are_left_as_there_may_be_and_each_string_comes_through() {
        let bytes = |number: u8| [Some(number), Some(number.wrapping_mul(7)), Some(0), Some(number / 2)];
        let tellings: Vec<Telling> = (0..100).map(bytes).collect();
        assert_eq!(together(tellings.iter().map(Bucket::of).collect(), 16).len(), 16);
        let sieve = Sieve::build(&tellings, 2);
        for telling in &tellings {
            let mut block: Block = [0; TAKEN];
            block[..BYTES].copy_from_slice(&telling.map(|byte| byte.unwrap_or(0)));
            let mask = plain::glance(sieve.sets(), &block);
            assert!(mask & 1 != 0, "{telling:?}");
        }
    }
}
