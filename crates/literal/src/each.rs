//! Strings known by four of their bytes, looked for at each position.

use serde::{Deserialize, Serialize};

use crate::blocks::{Means, next, walk};
use crate::filter::{self, Filter};
use crate::sieve::{Sieve, Telling};
use crate::table::{Entry, NARROW, Table, window_of};
use crate::{Found, Strings};

/// Strings up to which a sieve goes first; beyond that it lets too much through.
pub(crate) const SIEVED_MAX: usize = 192;
/// Strings per set of a sieve.
const SET: usize = 40;

/// Strings by a window of four bytes.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Each {
    sieve: Option<Sieve>,
    table: Table,
}

impl Each {
    pub(crate) fn build(entries: Vec<Entry>, all: &Strings) -> Option<Self> {
        if entries.is_empty() {
            return None;
        }
        let telling = |entry: &Entry| -> Telling {
            let bytes = all.string(entry.string).get(entry.at()..).unwrap_or_default();
            std::array::from_fn(|at| bytes.get(at).copied())
        };
        let tellings: Vec<Telling> = entries.iter().map(telling).collect();
        let sieve = (entries.len() <= SIEVED_MAX).then(|| Sieve::build(&tellings, SET));
        Some(Self { sieve, table: Table::build(entries) })
    }

    #[inline]
    pub(crate) fn scan(
        &self,
        means: Means,
        bytes: &[u8],
        strings: &Strings,
        found: &mut Found<impl FnMut(&[u32])>,
    ) {
        let filter = self.table.filter();
        let look = |at: usize| {
            let window = window_of(bytes.get(at..).unwrap_or_default()) & NARROW;
            if filter.passes(window) {
                self.table.hit(bytes, at, window, strings, found);
            }
        };
        match &self.sieve {
            Some(sieve) => sieve.scan(means, bytes, look),
            None => walk::<1>(bytes, |bytes, at| next_of(filter, means, bytes, at), look),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.table.size_bytes() + self.sieve.as_ref().map_or(0, Sieve::size_bytes)
    }
}

fn next_of(filter: &Filter, means: Means, bytes: &[u8], at: &mut usize) -> u64 {
    match means {
        Means::Plain => next(bytes, at, |block| filter::each(filter, block)),
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "what the processor can do is known at run time only")]
        // SAFETY: the processor has AVX2.
        Means::Avx2 => unsafe { next_avx2(filter, bytes, at) },
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "what the processor can do is known at run time only")]
        // SAFETY: the processor has AVX-512.
        Means::Avx512 => unsafe { next_avx512(filter, bytes, at) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn next_avx2(filter: &Filter, bytes: &[u8], at: &mut usize) -> u64 {
    let filter = filter::avx2::Lookup::new(filter);
    next(bytes, at, |block| filter::avx2::each(filter, block))
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512bw")]
fn next_avx512(filter: &Filter, bytes: &[u8], at: &mut usize) -> u64 {
    let filter = filter::avx512::Lookup::new(filter);
    next(bytes, at, |block| filter::avx512::each(filter, block))
}
