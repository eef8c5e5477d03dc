//! Finding candidates: which rules may match a buffer at all.
//!
//! Every rule with a suitable content gives one pattern of it to the scanner of its buffer; the scanner reports each rule
//! whose pattern occurs, case ignored. [`Scanner`] is the only thing the rest knows of it.

use serde::{Deserialize, Serialize};

use crate::compile::Span;

/// Collects patterns for one scanner.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ScannerBuilder {
    strings: literal::Builder,
}

impl ScannerBuilder {
    /// Adds a pattern for a rule, and where in the buffer it must lie.
    pub(crate) fn add(&mut self, pattern: &[u8], span: Span, rule: u32) {
        match span {
            Span::Anywhere => self.strings.add(pattern, rule),
            Span::At(at) => self.strings.add_at(pattern, at, rule),
            Span::Until(until) => self.strings.add_until(pattern, until, rule),
        }
    }

    /// Adds the patterns of another one.
    pub(crate) fn merge(&mut self, other: &ScannerBuilder) {
        self.strings.merge(&other.strings);
    }

    /// How many different patterns there are.
    pub(crate) fn len(&self) -> usize {
        self.strings.len()
    }

    /// Builds the scanner; `None` without patterns.
    pub(crate) fn build(&self) -> Option<Scanner> {
        self.strings.build().map(|finder| Scanner { finder })
    }
}

/// Finds candidates in a buffer.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scanner {
    finder: literal::Finder,
}

impl Scanner {
    /// Calls `found` with the rules of each pattern that occurs; maybe more than once.
    #[inline]
    pub(crate) fn scan(&self, bytes: &[u8], found: impl FnMut(&[u32])) {
        self.finder.scan(bytes, found);
    }

    /// How many strings are looked for, by how they are.
    pub(crate) fn tiers(&self) -> [usize; 4] {
        self.finder.tiers()
    }

    /// Bytes of memory that it takes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.finder.size_bytes()
    }
}

/// Rules found for one buffer or packet, each once, in order when taken.
#[derive(Debug)]
pub(crate) struct Candidates {
    seen: Box<[u64]>,
    list: Vec<u32>,
}

impl Candidates {
    /// For so many rules.
    pub(crate) fn new(rules: usize) -> Self {
        Self { seen: vec![0; rules.div_ceil(64)].into(), list: Vec::new() }
    }

    /// Adds a rule.
    pub(crate) fn add(&mut self, rule: u32) {
        if let Some(word) = self.seen.get_mut(rule as usize / 64) {
            let bit = 1 << (rule % 64);
            if *word & bit == 0 {
                *word |= bit;
                self.list.push(rule);
            }
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Adds rules.
    pub(crate) fn extend(&mut self, rules: &[u32]) {
        for rule in rules {
            self.add(*rule);
        }
    }

    /// Moves all of them to `out`, in order, and forgets them.
    pub(crate) fn take(&mut self, out: &mut Vec<u32>) {
        for rule in &self.list {
            if let Some(word) = self.seen.get_mut(*rule as usize / 64) {
                *word = 0;
            }
        }
        out.clear();
        out.append(&mut self.list);
        out.sort_unstable();
    }
}
