//! Strings of seven bytes or more, looked for at each fourth position.
//!
//! Wherever a string occurs, one of four windows in a row starts at a multiple of four. Strings of eleven bytes and more have
//! four windows of eight bytes, which hardly ever occur by chance; those of seven to ten have four of four.

use serde::{Deserialize, Serialize};

use crate::table::{Entry, FOLD, NARROW, Table, is_filling, window_of};
use crate::{Found, Strings};

/// Distance of positions that are looked at.
pub(crate) const STRIDE: usize = 4;
/// Positions looked at together.
const PLACES: usize = 4;
/// Bytes that windows of so many positions cover.
const BLOCK: usize = STRIDE * PLACES + 4;

/// The windows of a block.
#[inline(always)]
fn windows(block: &[u8; BLOCK]) -> [u64; PLACES] {
    std::array::from_fn(|place| {
        let from = place * STRIDE;
        let window = block.get(from..from + 8).and_then(|bytes| bytes.first_chunk());
        window.map_or(0, |window| u64::from_le_bytes(*window)) | FOLD
    })
}

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
    pub(crate) fn scan(&self, bytes: &[u8], strings: &Strings, found: &mut Found<impl FnMut(&[u32])>) {
        let mut at = 0;
        while self.next(bytes, &mut at) {
            self.look(bytes, at, strings, found);
            at += STRIDE * PLACES;
        }
        while at + STRIDE <= bytes.len() {
            self.look_at(bytes, at, strings, found);
            at += STRIDE;
        }
    }

    /// Goes on from `at`, block by block, to the next one of which something passes; `false`: there is none, and less than a
    /// block lies behind `at`.
    #[inline]
    fn next(&self, bytes: &[u8], at: &mut usize) -> bool {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("bmi2") {
            #[expect(unsafe_code, reason = "what the processor can do is known at run time only")]
            // SAFETY: the processor has BMI2.
            return unsafe { self.next_quickly(bytes, at) };
        }
        self.next_by(bytes, at)
    }

    /// The same, with shifts that need no register of their own.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "bmi2")]
    fn next_quickly(&self, bytes: &[u8], at: &mut usize) -> bool {
        self.next_by(bytes, at)
    }

    #[inline(always)]
    fn next_by(&self, bytes: &[u8], at: &mut usize) -> bool {
        match (self.wide.is_empty(), self.narrow.is_empty()) {
            (false, false) => self.next_of::<true, true>(bytes, at),
            (false, true) => self.next_of::<true, false>(bytes, at),
            (true, _) => self.next_of::<false, true>(bytes, at),
        }
    }

    #[inline(always)]
    fn next_of<const WIDE: bool, const SHORT: bool>(&self, bytes: &[u8], at: &mut usize) -> bool {
        let (wide, narrow) = (self.wide.filter(), self.narrow.filter());
        let mut from = *at;
        let mut passed = 0;
        while let Some(block) = bytes.get(from..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
            for window in windows(block) {
                if WIDE {
                    passed |= wide.look(window);
                }
                if SHORT {
                    passed |= narrow.look(window & NARROW);
                }
            }
            if passed & 1 != 0 {
                break;
            }
            from += STRIDE * PLACES;
        }
        *at = from;
        passed & 1 != 0
    }

    /// Something of a block passed.
    #[inline(never)]
    fn look(&self, bytes: &[u8], from: usize, strings: &Strings, found: &mut Found<impl FnMut(&[u32])>) {
        if is_filling(bytes, from, BLOCK) {
            return;
        }
        for place in 0..PLACES {
            self.look_at(bytes, from + place * STRIDE, strings, found);
        }
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
