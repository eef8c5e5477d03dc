//! The finder and looking for each string by itself come to the same.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::Builder;

fn naive(strings: &[Vec<u8>], bytes: &[u8]) -> BTreeSet<u32> {
    let bytes = bytes.to_ascii_lowercase();
    let occurs = |string: &Vec<u8>| {
        let string = string.get(..64).unwrap_or(string).to_ascii_lowercase();
        !string.is_empty() && bytes.windows(string.len()).any(|part| part == string)
    };
    (0u32..).zip(strings).filter(|(_, string)| occurs(string)).map(|(number, _)| number).collect()
}

fn found(strings: &[Vec<u8>], bytes: &[u8]) -> BTreeSet<u32> {
    found_among(0, strings, bytes)
}

/// The same with so many other strings, which never occur: the more there are, the more ways there are to look.
fn found_among(others: u32, strings: &[Vec<u8>], bytes: &[u8]) -> BTreeSet<u32> {
    let mut builder = Builder::default();
    for (number, string) in (0u32..).zip(strings) {
        builder.add(string, number);
    }
    for other in 0..others {
        builder.add(format!("{other:08}").as_bytes(), u32::MAX);
    }
    let mut all = BTreeSet::new();
    if let Some(finder) = builder.build() {
        finder.scan(bytes, |values| all.extend(values.iter().copied()));
    }
    all
}

/// Few different bytes, so that strings occur and overlap; some whose folding is confused.
fn letters(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"aAbB\x00 @`".to_vec()), len)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_occurs_is_found_and_nothing_else(
        strings in prop::collection::vec(letters(1..12), 1..12),
        bytes in letters(0..80),
    ) {
        for others in [0, 300] {
            prop_assert_eq!(found_among(others, &strings, &bytes), naive(&strings, &bytes));
        }
    }

    #[test]
    fn a_string_is_found_wherever_it_lies(
        string in prop::collection::vec(any::<u8>(), 1..70),
        others in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 0..40),
        before in prop::collection::vec(any::<u8>(), 0..70),
        after in prop::collection::vec(any::<u8>(), 0..70),
    ) {
        let mut strings = others;
        strings.push(string.clone());
        let bytes = [before, string.to_ascii_uppercase(), after].concat();
        for others in [0, 300] {
            prop_assert_eq!(found_among(others, &strings, &bytes), naive(&strings, &bytes));
        }
    }

    #[test]
    fn thousands_are_as_good_as_one(seed in any::<u64>(), which in 0..3000usize, at in 0..200usize) {
        // A plain generator (Knuth's MMIX constants); proptest's own would make shrinking slow.
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        };
        let strings: Vec<Vec<u8>> =
            (0..3000).map(|_| (0..4 + usize::from(next() % 12)).map(|_| b'a' + next() % 26).collect()).collect();
        let mut bytes: Vec<u8> = (0..300).map(|_| b'a' + next() % 26).collect();
        bytes.splice(at..at, strings[which].iter().copied());
        prop_assert_eq!(found(&strings, &bytes), naive(&strings, &bytes));
    }
}

proptest! {
    #[test]
    fn a_place_is_kept(
        strings in prop::collection::vec((letters(1..9), 0..6u32), 1..12),
        bytes in letters(0..24),
    ) {
        let mut builder = Builder::default();
        for (number, (string, at)) in (0u32..).zip(&strings) {
            builder.add_at(string, *at, number);
        }
        let mut all = BTreeSet::new();
        if let Some(finder) = builder.build() {
            finder.scan(&bytes, |values| all.extend(values.iter().copied()));
        }
        for (number, (string, at)) in (0u32..).zip(&strings) {
            let there = bytes
                .get(*at as usize..*at as usize + string.len())
                .is_some_and(|there| there.eq_ignore_ascii_case(string));
            let anywhere = !naive(std::slice::from_ref(string), &bytes).is_empty();
            // A long one may be reported elsewhere.
            prop_assert!(!there || all.contains(&number));
            prop_assert!(all.contains(&number) == there || string.len() >= 7 && anywhere);
        }
    }
}

proptest! {
    #[test]
    fn what_must_end_early_is_found_there_and_nothing_else_is(
        strings in prop::collection::vec((letters(1..14), prop::option::of(1..100u32)), 1..12),
        bytes in letters(0..160),
    ) {
        let mut builder = Builder::default();
        for (number, (string, until)) in (0u32..).zip(&strings) {
            match until {
                Some(until) => builder.add_until(string, *until, number),
                None => builder.add(string, number),
            }
        }
        let mut all = BTreeSet::new();
        if let Some(finder) = builder.build() {
            finder.scan(&bytes, |values| all.extend(values.iter().copied()));
        }
        for (number, (string, until)) in (0u32..).zip(&strings) {
            let within = |part: &[u8]| !naive(std::slice::from_ref(string), part).is_empty();
            let anywhere = within(&bytes);
            let there = until.map_or(anywhere, |until| within(bytes.get(..until as usize).unwrap_or(&bytes)));
            prop_assert!(!there || all.contains(&number));
            prop_assert!(anywhere || !all.contains(&number));
            prop_assert!(until.is_some() || all.contains(&number) == anywhere);
        }
    }
}

#[test]
fn values_of_one_string_come_together() {
    let mut builder = Builder::default();
    builder.add(b"Needle", 1);
    builder.add(b"needle", 2);
    builder.add(b"hay", 3);
    let finder = builder.build().expect("there are strings");
    assert_eq!(finder.len(), 2);
    let mut all = Vec::new();
    finder.scan(b"a NEEDLE in a heap", |values| all.push(values.to_vec()));
    assert_eq!(all, [vec![1, 2]]);
}

#[test]
fn nothing_is_no_finder() {
    let mut builder = Builder::default();
    builder.add(b"", 1);
    assert!(builder.build().is_none());
}
