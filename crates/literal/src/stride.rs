//! Strings of seven bytes or more, where there are many, looked for at each fourth position.
//!
//! Wherever a string occurs, one of four windows in a row starts at a multiple of four. Strings of eleven bytes and more have
//! four windows of eight bytes, which hardly ever occur by chance; those of seven to ten have four of four. The first four
//! bytes of all windows are in a small filter, which is asked first.

use serde::{Deserialize, Serialize};

use crate::filter::Filter;
use crate::table::{Entry, NARROW, Table, window_of};
use crate::{Found, Strings};

/// Distance of positions that are looked at.
pub(crate) const STRIDE: usize = 4;

/// Strings by rows of windows.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Strides {
    /// The first four bytes of all windows.
    first: Filter,
    /// Windows of eight bytes.
    wide: Table,
    /// Windows of four bytes.
    narrow: Table,
    /// Both, asked next: a look at one word in place of two into a table.
    second: Filter,
}

impl Strides {
    pub(crate) fn build(wide: Vec<Entry>, narrow: Vec<Entry>) -> Option<Self> {
        let count = wide.len() + narrow.len();
        let firsts = wide.iter().chain(&narrow).map(|entry| entry.window & NARROW);
        let first = Filter::build_small(count, firsts);
        let second = Filter::build_small(count, wide.iter().chain(&narrow).map(|entry| entry.window));
        let (wide, narrow) = (Table::build(wide), Table::build(narrow));
        (count > 0).then_some(Self { first, wide, narrow, second })
    }

    /// What is asked at each fourth position.
    #[inline]
    pub(crate) fn filter(&self) -> &Filter {
        &self.first
    }

    /// A position passed the filter.
    #[inline]
    pub(crate) fn look_at(
        &self,
        bytes: &[u8],
        at: usize,
        strings: &Strings,
        found: &mut Found<impl FnMut(&[u32])>,
    ) {
        let rest = bytes.get(at..).unwrap_or_default();
        let window = window_of(rest);
        if rest.len() >= 8 && self.second.passes(window) {
            self.wide.hit(bytes, at, window, strings, found);
        }
        if self.second.passes(window & NARROW) {
            self.narrow.hit(bytes, at, window & NARROW, strings, found);
        }
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.first.size_bytes() + self.second.size_bytes() + self.wide.size_bytes() + self.narrow.size_bytes()
    }
}
