//! All that is looked for in one pass over a buffer: of each block it is asked in turn, while the block is near.

use serde::{Deserialize, Serialize};

use crate::blocks::{BLOCK, Cut, Means, TAKEN, each};
use crate::each::Each;
use crate::pairs::Pairs;
use crate::sieve::Sieve;
use crate::stride::{STRIDE, Strides};
use crate::table::is_filling;
use crate::{Found, Strings};

/// Strings by how they are looked for.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Passes {
    /// Strings of at least seven bytes.
    pub(crate) long: Option<Strides>,
    /// Strings of four to six bytes, and longer ones whose windows are common.
    pub(crate) each: Option<Each>,
    /// Strings of two and three bytes.
    pub(crate) short: Option<Pairs>,
    /// Goes before these two where they are few.
    pub(crate) sieve: Option<Sieve>,
    /// Strings of one byte.
    pub(crate) single: Box<[(u8, u32)]>,
    /// How many there are.
    pub(crate) count: usize,
    /// Bytes of the shortest; [`usize::MAX`] without any.
    pub(crate) shortest: usize,
}

/// Goes through the blocks of a buffer with what a module of each of `filter`, `sieve` and `pairs` can do.
macro_rules! walk {
    ($name:ident, $by:ident $(, $feature:literal)?) => {
        $(#[target_feature(enable = $feature)])?
        fn $name(
            passes: &Passes,
            bytes: &[u8],
            cut: &Cut<'_>,
            strings: &Strings,
            found: &mut Found<impl FnMut(&[u32])>,
        ) {
            use crate::filter::$by::{Lookup, each, strides};
            use crate::{pairs, sieve};
            let long = passes.long.as_ref().map(|long| Lookup::new(long.filter()));
            let sets = passes.sieve.as_ref().map_or(&[][..], Sieve::sets);
            // What is too much for a sieve.
            let unsieved = passes.each.as_ref().filter(|each| !each.is_sieved());
            let unsieved = unsieved.map(|each| Lookup::new(each.filter()));
            let bits = passes.short.as_ref().filter(|short| !short.is_sieved()).map(Pairs::bits);
            let mut at = 0;
            while at < bytes.len() {
                let block = cut.block(at);
                if let Some(long) = long {
                    let mask = strides(long, block);
                    if mask != 0 {
                        passes.look_long(mask, bytes, at, strings, found);
                    }
                }
                let sieved = if sets.is_empty() { 0 } else { sieve::$by::glance(sets, block) };
                let [mut of_each, mut of_short] = [sieved; 2];
                if let Some(filter) = unsieved {
                    of_each = each(filter, block);
                }
                if let Some(bits) = bits {
                    of_short = pairs::$by::glance(bits, block);
                }
                if of_each | of_short != 0 {
                    passes.look_each(of_each, of_short, bytes, at, strings, found);
                }
                at += BLOCK;
            }
        }
    };
}

walk!(plain, plain);
#[cfg(target_arch = "x86_64")]
walk!(avx2, avx2, "avx2,bmi2");
#[cfg(target_arch = "x86_64")]
walk!(avx512, avx512, "avx512bw,bmi2");

impl Passes {
    /// Looks for all of them in `bytes`, which are all or the front of what was cut into blocks.
    #[inline]
    pub(crate) fn scan(
        &self,
        means: Means,
        bytes: &[u8],
        cut: &Cut<'_>,
        strings: &Strings,
        found: &mut Found<impl FnMut(&[u32])>,
    ) {
        if bytes.len() < self.shortest {
            return;
        }
        match means {
            Means::Plain => plain(self, bytes, cut, strings, found),
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "what the processor can do is known at run time only")]
            // SAFETY: the processor has AVX2.
            Means::Avx2 => unsafe { avx2(self, bytes, cut, strings, found) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "what the processor can do is known at run time only")]
            // SAFETY: the processor has AVX-512.
            Means::Avx512 => unsafe { avx512(self, bytes, cut, strings, found) },
        }
        for (byte, string) in &self.single {
            if memchr::memchr2(*byte, byte.to_ascii_uppercase(), bytes).is_some() {
                found.tell(strings, *string);
            }
        }
    }

    /// Each fourth position of a block, as far as bits are set for it.
    #[inline(never)]
    fn look_long(
        &self,
        mask: u64,
        bytes: &[u8],
        at: usize,
        strings: &Strings,
        found: &mut Found<impl FnMut(&[u32])>,
    ) {
        let Some(long) = &self.long else { return };
        let places = (bytes.len() - at).min(BLOCK).div_ceil(STRIDE);
        let mask = mask & (u64::MAX >> (BLOCK - places));
        if mask != u64::MAX >> (BLOCK - BLOCK / STRIDE) || !is_filling(bytes, at, TAKEN) {
            each::<STRIDE>(mask, at, |at| long.look_at(bytes, at, strings, found));
        }
    }

    /// Each position of a block, as far as bits are set for it.
    #[inline(never)]
    fn look_each(
        &self,
        of_each: u64,
        of_short: u64,
        bytes: &[u8],
        at: usize,
        strings: &Strings,
        found: &mut Found<impl FnMut(&[u32])>,
    ) {
        let there = u64::MAX >> (BLOCK - (bytes.len() - at).min(BLOCK));
        let worth = |mask: u64| mask != 0 && (mask != u64::MAX || !is_filling(bytes, at, TAKEN));
        let (of_each, of_short) = (of_each & there, of_short & there);
        if let Some(strings_each) = self.each.as_ref().filter(|_| worth(of_each)) {
            each::<1>(of_each, at, |at| strings_each.look_at(bytes, at, strings, found));
        }
        if let Some(short) = self.short.as_ref().filter(|_| worth(of_short)) {
            each::<1>(of_short, at, |at| short.look_at(bytes, at, strings, found));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// How many are looked for at each position by four bytes.
    pub(crate) fn each(&self) -> usize {
        self.each.as_ref().map_or(0, Each::len)
    }

    /// How many are looked for at each position by fewer bytes.
    pub(crate) fn short(&self) -> usize {
        self.short.as_ref().map_or(0, Pairs::len) + self.single.len()
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.long.as_ref().map_or(0, Strides::size_bytes)
            + self.each.as_ref().map_or(0, Each::size_bytes)
            + self.short.as_ref().map_or(0, Pairs::size_bytes)
            + self.sieve.as_ref().map_or(0, Sieve::size_bytes)
            + size_of_val(&self.single[..])
    }
}
