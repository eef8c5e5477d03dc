//! Finding candidates: which rules may match a buffer at all.
//!
//! Every rule with a suitable content gives one pattern of it to the scanner of its buffer; the scanner reports each rule
//! whose pattern occurs, case ignored. [`Scanner`] is the only thing the rest knows of it.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use hashbrown::HashMap;

/// Bytes of a pattern that are searched for; more would only make the automaton large.
const PATTERN_MAX: usize = 32;

/// Collects patterns for one scanner.
#[derive(Debug, Default)]
pub(crate) struct ScannerBuilder {
    patterns: Vec<(Vec<u8>, Vec<u32>)>,
    places: HashMap<Vec<u8>, usize>,
}

impl ScannerBuilder {
    /// Adds a pattern for a rule.
    pub(crate) fn add(&mut self, pattern: &[u8], rule: u32) {
        let pattern = pattern.get(..PATTERN_MAX).unwrap_or(pattern).to_ascii_lowercase();
        let place = *self.places.entry(pattern.clone()).or_insert_with(|| {
            self.patterns.push((pattern, Vec::new()));
            self.patterns.len() - 1
        });
        self.patterns[place].1.push(rule);
    }

    /// Builds the scanner; `None` without patterns.
    pub(crate) fn build(self) -> Option<Scanner> {
        if self.patterns.is_empty() {
            return None;
        }
        let shortest = self.patterns.iter().map(|(pattern, _)| pattern.len()).min().unwrap_or(usize::MAX);
        let automaton = AhoCorasickBuilder::new()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .prefilter(true)
            .kind(if self.patterns.len() <= 64 { None } else { Some(AhoCorasickKind::ContiguousNFA) })
            .build(self.patterns.iter().map(|(pattern, _)| pattern))
            .expect("patterns are few and short enough for the automaton");
        let mut rules = Vec::new();
        let mut starts = vec![0];
        for (_, of_pattern) in &self.patterns {
            rules.extend_from_slice(of_pattern);
            starts.push(u32::try_from(rules.len()).expect("rules are counted in 32 bits"));
        }
        Some(Scanner { automaton, rules: rules.into(), starts: starts.into(), shortest })
    }
}

/// Finds candidates in a buffer.
#[derive(Debug)]
pub(crate) struct Scanner {
    automaton: AhoCorasick,
    /// Rules of all patterns, one pattern after the other.
    rules: Box<[u32]>,
    /// Where each pattern's rules start.
    starts: Box<[u32]>,
    shortest: usize,
}

impl Scanner {
    /// Calls `found` with the rules of each pattern that occurs; maybe more than once.
    pub(crate) fn scan(&self, bytes: &[u8], mut found: impl FnMut(&[u32])) {
        if bytes.len() < self.shortest {
            return;
        }
        for hit in self.automaton.find_overlapping_iter(bytes) {
            let pattern = hit.pattern().as_usize();
            if let Some([start, end]) = self.starts.get(pattern..pattern + 2) {
                found(self.rules.get(*start as usize..*end as usize).unwrap_or_default());
            }
        }
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
