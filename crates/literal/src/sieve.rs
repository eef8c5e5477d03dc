//! Tells for 32 positions at once which may start one of a few strings.
//!
//! The method is Teddy's (Hyperscan; Geoffrey Langdale): strings are dealt into eight buckets, a bit each. For each of four
//! bytes of a string two tables of sixteen say in which buckets a byte with such a lower, and such an upper, half occurs
//! there. Shuffles look all positions up; a position where the same bit is left by all tables comes through. A bucket with a
//! single string lets nothing else through; others are put together so that traffic, with many zeros and letters in it, comes
//! through least often. Strings shorter than four bytes leave their last tables open.

use serde::{Deserialize, Serialize};

use crate::rarity::commonness;
use crate::table::is_filling;

/// Positions looked at together.
const LANES: usize = 32;
/// Bytes of a string that tell it.
const BYTES: usize = 4;
/// Bytes that so many positions take.
const BLOCK: usize = LANES + BYTES - 1;
/// Strings without company in a set.
pub(crate) const BUCKETS: usize = 8;
/// Positions that come through are gathered up to so many.
const GATHERED: usize = 96;

/// The bytes that tell a string; none where it ends.
pub(crate) type Telling = [Option<u8>; BYTES];
/// Buckets by lower and upper half, for each of the telling bytes.
type Tables = [[[u8; 16]; 2]; BYTES];
/// Positions.
type Gathered = [u32; GATHERED];

/// Strings in sets of tables.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sieve {
    sets: Box<[Tables]>,
}

impl Sieve {
    /// For strings, up to `of_set` in a set.
    pub(crate) fn build(tellings: &[Telling], of_set: usize) -> Self {
        let buckets = tellings.len().div_ceil(of_set).max(1) * BUCKETS;
        let mut buckets = together(tellings.iter().map(Bucket::of).collect(), buckets);
        // What lets most through is spread over the sets.
        buckets.sort_by_key(|bucket| std::cmp::Reverse(bucket.through()));
        let sets = buckets.len().div_ceil(BUCKETS).max(1);
        let of_set = |set: usize| buckets.iter().skip(set).step_by(sets);
        Self { sets: (0..sets).map(|set| tables(of_set(set))).collect() }
    }

    /// Calls `look` with each position that comes through; maybe more than once, and not for those in the middle of filling.
    #[inline]
    pub(crate) fn scan(&self, bytes: &[u8], mut look: impl FnMut(usize)) {
        let mut gathered = [0; GATHERED];
        for tables in &self.sets {
            let mut at = 0;
            while at < bytes.len() {
                let count = gather(tables, bytes, &mut at, &mut gathered);
                for place in gathered.get(..count).unwrap_or_default() {
                    look(*place as usize);
                }
            }
        }
    }

    pub(crate) fn size_bytes(&self) -> usize {
        size_of_val(&self.sets[..])
    }
}

/// Strings that share a bit: which lower and upper halves they have, for each of the telling bytes.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    halves: [[u16; 2]; BYTES],
}

impl Bucket {
    fn of(telling: &Telling) -> Self {
        let halves = telling.map(|byte| match byte {
            Some(byte) => [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]
                .iter()
                .fold([0, 0], |[low, high], byte| [low | 1 << (byte & 15), high | 1 << (byte >> 4)]),
            None => [u16::MAX; 2],
        });
        Self { halves }
    }

    fn with(mut self, other: &Self) -> Self {
        for (both, others) in self.halves.iter_mut().zip(other.halves) {
            both[0] |= others[0];
            both[1] |= others[1];
        }
        self
    }

    /// How many of four billion positions come through, roughly.
    fn through(&self) -> u64 {
        let share = |[low, high]: &[u16; 2]| {
            let rows = (0..16).filter(|row| high >> row & 1 != 0);
            rows.map(|row| row_weight(row, *low)).sum::<u64>().min(1 << 10)
        };
        self.halves.iter().map(share).product::<u64>() >> 8
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
    let more = |one: &Bucket, other: &Bucket| {
        one.with(other).through().saturating_sub(one.through() + other.through())
    };
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

/// Gathers positions that come through from `at` on, until there is no room for another block's; says how many. Moves `at`
/// behind what was looked at. Buffers have less than 4 GB: what lies beyond is not looked at.
#[inline]
fn gather(tables: &Tables, bytes: &[u8], at: &mut usize, gathered: &mut Gathered) -> usize {
    let mut count = 0;
    blocks(tables, bytes, at, gathered, &mut count);
    // The last positions have no whole block behind them.
    while bytes.len() < *at + BLOCK && *at < bytes.len() && count + LANES <= GATHERED {
        let rest = bytes.get(*at..).unwrap_or_default();
        // What is filled up with zeros may seem to hold a string; comparing in full sets that right.
        let mut block = [0; BLOCK];
        let len = rest.len().min(BLOCK);
        block[..len].copy_from_slice(&rest[..len]);
        let before = count;
        blocks(tables, &block, &mut 0, gathered, &mut count);
        for place in gathered.get_mut(before..count).unwrap_or_default() {
            *place = place.wrapping_add(*at as u32);
        }
        *at += LANES;
    }
    count
}

/// The same for whole blocks.
#[inline]
fn blocks(tables: &Tables, bytes: &[u8], at: &mut usize, gathered: &mut Gathered, count: &mut usize) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "what the processor can do is known at run time only")]
        // SAFETY: the processor has AVX2.
        return unsafe { avx2::blocks(tables, bytes, at, gathered, count) };
    }
    plain(tables, bytes, at, gathered, count);
}

fn plain(tables: &Tables, bytes: &[u8], at: &mut usize, gathered: &mut Gathered, count: &mut usize) {
    while *count + LANES <= GATHERED
        && let Some(block) = bytes.get(*at..*at + BLOCK)
    {
        let mut mask = 0u32;
        for (lane, telling) in block.windows(BYTES).enumerate() {
            let left = |bits: u8, (table, byte): (&[[u8; 16]; 2], &u8)| {
                bits & table[0][usize::from(byte & 15)] & table[1][usize::from(byte >> 4)]
            };
            mask |= u32::from(tables.iter().zip(telling).fold(u8::MAX, left) != 0) << lane;
        }
        keep(mask, bytes, *at, gathered, count);
        *at += LANES;
    }
}

/// Takes down the positions of a block that are in `mask`.
#[inline]
fn keep(mut mask: u32, bytes: &[u8], at: usize, gathered: &mut Gathered, count: &mut usize) {
    if mask == u32::MAX && is_filling(bytes, at, BLOCK) {
        return;
    }
    while mask != 0 {
        if let Some(place) = gathered.get_mut(*count) {
            *place = (at as u32).wrapping_add(mask.trailing_zeros());
        }
        *count += 1;
        mask &= mask - 1;
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vectors are loaded through pointers")]
mod avx2 {
    use std::arch::x86_64::{
        __m128i, __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8,
        _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8, _mm256_setzero_si256,
        _mm256_shuffle_epi8, _mm256_srli_epi16,
    };

    use super::{BLOCK, BYTES, GATHERED, Gathered, LANES, Tables, keep};

    #[target_feature(enable = "avx2")]
    #[inline]
    fn table(half: &[u8; 16]) -> __m256i {
        // SAFETY: sixteen bytes are there; the load needs no alignment.
        let half = unsafe { _mm_loadu_si128(half.as_ptr().cast::<__m128i>()) };
        _mm256_broadcastsi128_si256(half)
    }

    /// The same as [`super::plain`].
    #[target_feature(enable = "avx2")]
    pub(super) fn blocks(
        tables: &Tables,
        bytes: &[u8],
        at: &mut usize,
        gathered: &mut Gathered,
        count: &mut usize,
    ) {
        let [one, two, three, four] = tables;
        let tables: [[__m256i; 2]; BYTES] = [
            [table(&one[0]), table(&one[1])],
            [table(&two[0]), table(&two[1])],
            [table(&three[0]), table(&three[1])],
            [table(&four[0]), table(&four[1])],
        ];
        let low_half = _mm256_set1_epi8(15);
        let mut from = *at;
        while *count + LANES <= GATHERED
            && let Some(block) = bytes.get(from..from + BLOCK)
        {
            let mut left = _mm256_set1_epi8(-1);
            for (place, [low, high]) in tables.iter().enumerate() {
                // SAFETY: `place` is less than `BYTES`, so that 32 bytes from there lie inside the block of
                // `LANES + BYTES - 1`; the load needs no alignment.
                let bytes = unsafe { _mm256_loadu_si256(block.as_ptr().add(place).cast()) };
                let low = _mm256_shuffle_epi8(*low, _mm256_and_si256(bytes, low_half));
                let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), low_half);
                let high = _mm256_shuffle_epi8(*high, upper);
                left = _mm256_and_si256(left, _mm256_and_si256(low, high));
            }
            let none = _mm256_movemask_epi8(_mm256_cmpeq_epi8(left, _mm256_setzero_si256()));
            if none != -1 {
                keep(!none.cast_unsigned(), bytes, from, gathered, count);
            }
            from += LANES;
        }
        *at = from;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn vectors_and_single_steps_come_to_the_same(
            tables in prop::array::uniform4(prop::array::uniform2(prop::array::uniform16(0..=u8::MAX))),
            bytes in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            // As sparse as those of real strings.
            let tables = tables.map(|both| both.map(|half| half.map(|bits| bits & 0x11)));
            let (mut here, mut there) = (0, 0);
            loop {
                let (mut one, mut other, mut counts) = ([0; GATHERED], [0; GATHERED], (0, 0));
                blocks(&tables, &bytes, &mut here, &mut one, &mut counts.0);
                plain(&tables, &bytes, &mut there, &mut other, &mut counts.1);
                prop_assert_eq!((here, counts.0), (there, counts.1));
                prop_assert_eq!(&one[..counts.0], &other[..counts.1]);
                if counts.0 + LANES <= GATHERED {
                    break;
                }
            }
        }
    }

    #[test]
    fn as_many_buckets_are_left_as_there_may_be_and_each_string_comes_through() {
        let bytes = |number: u8| [Some(number), Some(number.wrapping_mul(7)), Some(0), Some(number / 2)];
        let tellings: Vec<Telling> = (0..100).map(bytes).collect();
        assert_eq!(together(tellings.iter().map(Bucket::of).collect(), 16).len(), 16);
        let sieve = Sieve::build(&tellings, 50);
        for telling in &tellings {
            let mut seen = false;
            sieve.scan(&telling.map(|byte| byte.unwrap_or(0)), |at| seen |= at == 0);
            assert!(seen, "{telling:?}");
        }
    }
}
