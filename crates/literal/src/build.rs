//! From strings to tables.

use hashbrown::HashMap;

use crate::anchor::Anchors;
use crate::few::Few;
use crate::pass::{Entry, FOLD, Pairs, Windows};
use crate::rarity::{Rarity, commonness};
use crate::{Finder, Strings};

/// Bytes of a string that are looked for; what is longer is found by its first ones.
const STRING_BYTES_MAX: usize = 64;
/// Strings up to which they are looked for at many positions at once; more would leave too many to be compared in full.
const FEW: usize = 64;
/// What a window costs for each string that has it already; see `Rarity::cost` for the scale.
const SHARED_COST: u32 = 40;

/// Collects strings.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Builder {
    strings: Vec<(String, Vec<u32>)>,
    places: HashMap<String, usize, foldhash::fast::FixedState>,
}

/// A string, and where it must lie.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct String {
    pub(crate) bytes: Box<[u8]>,
    pub(crate) at: Option<u32>,
}

impl Builder {
    /// Adds a string, with a value to report when it occurs. Case does not matter, nor what lies beyond the first 64 bytes.
    /// An empty string is not looked for.
    pub fn add(&mut self, string: &[u8], value: u32) {
        self.keep(string, None, value);
    }

    /// The same for a string that must start at byte `at` of the buffer. Long ones may be reported wherever they occur.
    pub fn add_at(&mut self, string: &[u8], at: u32, value: u32) {
        // A string with four windows in a row is found on the way, whether its place is known or not.
        let known = tier(string.len()) != 0;
        self.keep(string, known.then_some(at), value);
    }

    fn keep(&mut self, string: &[u8], at: Option<u32>, value: u32) {
        let bytes = string.get(..STRING_BYTES_MAX).unwrap_or(string).to_ascii_lowercase();
        if bytes.is_empty() {
            return;
        }
        let string = String { bytes: bytes.into(), at };
        match self.places.get(&string) {
            Some(place) => self.strings[*place].1.push(value),
            None => {
                self.places.insert(string.clone(), self.strings.len());
                self.strings.push((string, vec![value]));
            }
        }
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.strings.is_empty()
    }

    /// Builds the tables; `None` without strings.
    ///
    /// # Panics
    /// On more than 4 GB of strings.
    pub fn build(self) -> Option<Finder> {
        if self.strings.is_empty() {
            return None;
        }
        let rarity = Rarity::new();
        let mut rows = Rows { rarity, shared: HashMap::default(), costs: Vec::new() };
        let mut tiers = [Vec::new(), Vec::new(), Vec::new()];
        let (mut pairs, mut single, mut anchored) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (string, _)) in (0u32..).zip(&self.strings) {
            match (string.at, tier(string.bytes.len())) {
                (Some(at), _) => anchored.push((at, number)),
                (None, tier @ 0..3) => rows.add(&string.bytes, number, 4 >> tier, &mut tiers[tier]),
                (None, _) if string.bytes.len() == 1 => single.push((number, 0)),
                (None, _) => pairs.push((number, pair_of(&string.bytes))),
            }
        }
        let few = |entries: &[Entry]| entries.iter().map(|entry| (entry.string, entry.at)).collect();
        let (mut fours, mut twos) = (Vec::new(), Vec::new());
        // Strings of five and six bytes have two entries each, of which one tells them as well.
        if tiers[1].len() / 2 + tiers[2].len() <= FEW {
            let firsts: Vec<Entry> = tiers[1].iter().copied().step_by(2).collect();
            fours = few(&[firsts, std::mem::take(&mut tiers[2])].concat());
            tiers[1].clear();
        } else if tiers[2].len() <= FEW {
            fours = few(&std::mem::take(&mut tiers[2]));
        }
        if pairs.len() <= FEW {
            let pair = |(string, at): (u32, usize)| (string, u32::try_from(at).unwrap_or(0));
            twos = std::mem::take(&mut pairs).into_iter().map(pair).collect();
        }
        pairs.extend(single);
        // With a pass over each position there anyway, those of five and six bytes need none of their own.
        if !tiers[2].is_empty() {
            let moved = std::mem::take(&mut tiers[1]);
            tiers[2].extend(moved);
        }
        let [long, middle, four] = tiers;
        let strings = strings(self.strings);
        Some(Finder {
            long: Windows::build(long),
            middle: Windows::build(middle),
            four: Windows::build(four),
            short: Pairs::build(&pairs, &strings),
            fours: Few::build(fours, 4, &strings),
            twos: Few::build(twos, 2, &strings),
            anchors: Anchors::build(&anchored, &strings),
            strings,
        })
    }
}

/// 0: looked for at each fourth position; 1: each second; 2: each; 3: by a pair.
pub(crate) const fn tier(len: usize) -> usize {
    match len {
        0..4 => 3,
        4 => 2,
        5 | 6 => 1,
        _ => 0,
    }
}

/// Chooses rows of windows.
struct Rows {
    rarity: Rarity,
    /// How many strings have chosen a window.
    shared: HashMap<u32, u32, foldhash::fast::FixedState>,
    /// Windows of the string at hand, and what each costs.
    costs: Vec<(u32, u32)>,
}

impl Rows {
    /// Adds the cheapest row of `count` windows of a string.
    fn add(&mut self, string: &[u8], number: u32, count: usize, entries: &mut Vec<Entry>) {
        self.costs.clear();
        self.costs.extend(string.array_windows().map(|bytes: &[u8; 4]| {
            let window = u32::from_le_bytes(*bytes) | FOLD;
            let shared = self.shared.get(&window).copied().unwrap_or(0).min(1 << 16);
            (window, self.rarity.cost(*bytes) + shared * SHARED_COST)
        }));
        let costs = &self.costs;
        let sums = costs.windows(count).map(|row| row.iter().map(|(_, cost)| cost).sum::<u32>());
        let Some((start, _)) = sums.enumerate().min_by_key(|(_, sum)| *sum) else { return };
        for (at, (window, _)) in costs.iter().enumerate().skip(start).take(count) {
            *self.shared.entry(*window).or_default() += 1;
            entries.push(Entry { window: *window, string: number, at: u32::try_from(at).unwrap_or(0) });
        }
    }
}

/// Where the rarer pair of a short string lies.
fn pair_of(string: &[u8]) -> usize {
    let cost = |pair: &[u8]| pair.iter().map(|byte| u32::from(commonness(*byte))).sum::<u32>();
    string.windows(2).enumerate().min_by_key(|(_, pair)| cost(pair)).map_or(0, |(at, _)| at)
}

fn strings(strings: Vec<(String, Vec<u32>)>) -> Strings {
    let shortest = strings.iter().map(|(string, _)| string.bytes.len()).min().unwrap_or(0);
    let mut starts = Vec::with_capacity(strings.len() + 1);
    let (mut bytes, mut values) = (Vec::new(), Vec::new());
    let count = |len: usize| u32::try_from(len).expect("strings take less than 4 GB");
    for (string, of_string) in strings {
        starts.push((count(bytes.len()), count(values.len())));
        bytes.extend_from_slice(&string.bytes);
        values.extend_from_slice(&of_string);
    }
    starts.push((count(bytes.len()), count(values.len())));
    Strings { bytes: bytes.into(), starts: starts.into(), values: values.into(), shortest }
}
