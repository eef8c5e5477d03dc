//! Strings of seven bytes or more, looked for at each fourth position.
//!
//! Wherever a string occurs, one of four windows in a row starts at a multiple of four. Strings of eleven bytes and more have
//! four windows of eight bytes, which hardly ever occur by chance; those of seven to ten have four of four.

use serde::{Deserialize, Serialize};

use crate::blocks::{Means, next, walk};
use crate::filter::{self, Filter};
use crate::table::{Entry, NARROW, Table, window_of};
use crate::{Found, Strings};

/// Distance of positions that are looked at.
pub(crate) const STRIDE: usize = 4;

/// Strings by rows of windows.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Strides {
    /// Windows of eight bytes.
    wide: Table,
    /// Windows of four bytes.
    narrow: Table,
}

impl Strides {
    pub(crate) fn build(wide: Vec<Entry>, narrow: Vec<Entry>) -> Option<Self> {
        let some = !wide.is_empty() || !narrow.is_empty();
        some.then(|| Self { wide: Table::build(wide), narrow: Table::build(narrow) })
    }

    #[inline]
    pub(crate) fn scan(
        &self,
        means: Means,
        bytes: &[u8],
        strings: &Strings,
        found: &mut Found<impl FnMut(&[u32])>,
    ) {
        walk::<STRIDE>(
            bytes,
            |bytes, at| self.next(means, bytes, at),
            |at| self.look_at(bytes, at, strings, found),
        );
    }

    #[inline]
    fn next(&self, means: Means, bytes: &[u8], at: &mut usize) -> u64 {
        match means {
            Means::Plain => {
                let (wide, narrow) = self.filters();
                next(bytes, at, |block| filter::strides(wide, narrow, block))
            }
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "what the processor can do is known at run time only")]
            // SAFETY: the processor has AVX2.
            Means::Avx2 => unsafe { self.next_avx2(bytes, at) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "what the processor can do is known at run time only")]
            // SAFETY: the processor has AVX-512.
            Means::Avx512 => unsafe { self.next_avx512(bytes, at) },
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi2")]
    fn next_avx2(&self, bytes: &[u8], at: &mut usize) -> u64 {
        use filter::avx2::{Lookup, strides};
        match self.filters() {
            (Some(wide), Some(narrow)) => {
                let (wide, narrow) = (Lookup::new(wide), Lookup::new(narrow));
                next(bytes, at, |block| strides(Some(wide), Some(narrow), block))
            }
            (Some(wide), None) => {
                let wide = Lookup::new(wide);
                next(bytes, at, |block| strides(Some(wide), None, block))
            }
            (None, narrow) => {
                let narrow = narrow.map(|narrow| Lookup::new(narrow));
                next(bytes, at, |block| strides(None, narrow, block))
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512bw,bmi2")]
    fn next_avx512(&self, bytes: &[u8], at: &mut usize) -> u64 {
        use filter::avx512::{Lookup, strides};
        match self.filters() {
            (Some(wide), Some(narrow)) => {
                let (wide, narrow) = (Lookup::new(wide), Lookup::new(narrow));
                next(bytes, at, |block| strides(Some(wide), Some(narrow), block))
            }
            (Some(wide), None) => {
                let wide = Lookup::new(wide);
                next(bytes, at, |block| strides(Some(wide), None, block))
            }
            (None, narrow) => {
                let narrow = narrow.map(|narrow| Lookup::new(narrow));
                next(bytes, at, |block| strides(None, narrow, block))
            }
        }
    }

    fn filters(&self) -> (Option<&Filter>, Option<&Filter>) {
        let of = |table| -> Option<&Filter> {
            Some(table).filter(|table: &&Table| !table.is_empty()).map(Table::filter)
        };
        (of(&self.wide), of(&self.narrow))
    }

    #[inline]
    fn look_at(&self, bytes: &[u8], at: usize, strings: &Strings, found: &mut Found<impl FnMut(&[u32])>) {
        let rest = bytes.get(at..).unwrap_or_default();
        let window = window_of(rest);
        if rest.len() >= 8 && self.wide.filter().passes(window) {
            self.wide.hit(bytes, at, window, strings, found);
        }
        if self.narrow.filter().passes(window & NARROW) {
            self.narrow.hit(bytes, at, window & NARROW, strings, found);
        }
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.wide.size_bytes() + self.narrow.size_bytes()
    }
}
