//! Walks through a buffer by blocks of 64 bytes, of which something says at a glance which positions are worth a look.

use crate::table::is_filling;

/// Bytes of which the positions are looked at together.
pub(crate) const BLOCK: usize = 64;
/// Bytes of a block, with those behind it that its last positions may look at.
pub(crate) const TAKEN: usize = BLOCK + 16;

/// A block and what lies behind it.
pub(crate) type Block = [u8; TAKEN];

/// What the processor can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Means {
    /// One position after the other.
    Plain,
    /// Vectors of 32 bytes.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Vectors of 64 bytes.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Means {
    /// The best there is.
    #[inline]
    pub(crate) fn here() -> Means {
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512bw") {
                return Means::Avx512;
            }
            if std::arch::is_x86_feature_detected!("avx2") {
                return Means::Avx2;
            }
        }
        Means::Plain
    }

    /// All there are on this processor.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Means> {
        let mut all = vec![Means::Plain];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(std::arch::is_x86_feature_detected!("avx2").then_some(Means::Avx2));
            all.extend(std::arch::is_x86_feature_detected!("avx512bw").then_some(Means::Avx512));
        }
        all
    }
}

/// Goes on from `at`, block by block, to the next one of which `glance` says something, and answers that; 0: there is none, and
/// less than a block lies behind `at`.
#[inline(always)]
pub(crate) fn next(bytes: &[u8], at: &mut usize, glance: impl Fn(&Block) -> u64) -> u64 {
    let mut from = *at;
    let mut mask = 0;
    while let Some(block) = bytes.get(from..).and_then(|rest| rest.first_chunk()) {
        mask = glance(block);
        if mask != 0 {
            break;
        }
        from += BLOCK;
    }
    *at = from;
    mask
}

/// Calls `look` with every position of a buffer that `next` found; it answers with bits for positions `STEP` bytes apart.
/// Not with those in the middle of filling.
#[inline(always)]
pub(crate) fn walk<const STEP: usize>(
    bytes: &[u8],
    next: impl Fn(&[u8], &mut usize) -> u64,
    mut look: impl FnMut(usize),
) {
    let full = u64::MAX >> (BLOCK - BLOCK / STEP);
    let mut at = 0;
    loop {
        let mask = next(bytes, &mut at);
        if mask == 0 {
            break;
        }
        if mask != full || !is_filling(bytes, at, TAKEN) {
            each::<STEP>(mask, at, &mut look);
        }
        at += BLOCK;
    }
    // The last positions have no whole block behind them. What is filled up with zeros may seem to hold something; looking in
    // full sets that right.
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let mut block = [0; TAKEN];
        let len = rest.len().min(TAKEN);
        block[..len].copy_from_slice(&rest[..len]);
        let mask = next(&block, &mut 0);
        let there = full >> ((BLOCK - len.min(BLOCK)) / STEP);
        each::<STEP>(mask & there, at, &mut look);
        at += BLOCK;
    }
}

#[inline(always)]
fn each<const STEP: usize>(mut mask: u64, at: usize, look: &mut impl FnMut(usize)) {
    while mask != 0 {
        look(at + mask.trailing_zeros() as usize * STEP);
        mask &= mask - 1;
    }
}
