//! From strings to tables.

use std::cmp::Reverse;
use std::hash::{Hash, Hasher};

use hashbrown::HashMap;

use crate::anchor::Anchors;
use crate::each::{Each, SIEVED_MAX};
use crate::pairs::Pairs;
use crate::passes::Passes;
use crate::rarity::{LEVEL_BITS, cost};
use crate::sieve::Sieve;
use crate::stride::{STRIDE, Strides};
use crate::table::{Entry, NARROW, window_of};
use crate::{Finder, NEAR, STRING_BYTES_MAX, Strings};

/// Collects strings. Two are the same when the same strings were added in the same order.
#[derive(Debug, Default, Clone)]
pub struct Builder {
    strings: Vec<(String, Vec<u32>)>,
    places: HashMap<String, usize, foldhash::fast::FixedState>,
}

impl PartialEq for Builder {
    fn eq(&self, other: &Self) -> bool {
        self.strings == other.strings
    }
}

impl Eq for Builder {}

impl Hash for Builder {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.strings.hash(state);
    }
}

/// A string, and where it must lie.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct String {
    bytes: Box<[u8]>,
    place: Place,
}

/// Where a string must lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Anywhere,
    /// It starts at this byte.
    At(u32),
    /// It ends at this byte or before it.
    Until(u32),
}

impl Builder {
    /// Adds a string, with a value to report when it occurs. Case does not matter, nor what lies beyond the first 64 bytes.
    /// An empty string is not looked for.
    pub fn add(&mut self, string: &[u8], value: u32) {
        self.keep(string, Place::Anywhere, value);
    }

    /// The same for a string that must start at byte `at` of the buffer. Long ones may be reported elsewhere, too.
    pub fn add_at(&mut self, string: &[u8], at: u32, value: u32) {
        if string.len() < LONG {
            self.keep(string, Place::At(at), value);
        } else {
            let len = u32::try_from(string.len()).unwrap_or(u32::MAX);
            self.add_until(string, at.saturating_add(len), value);
        }
    }

    /// The same for a string that must end at byte `until` of the buffer or before it. It may be reported elsewhere, too.
    pub fn add_until(&mut self, string: &[u8], until: u32, value: u32) {
        self.keep(string, if until <= NEAR { Place::Until(until) } else { Place::Anywhere }, value);
    }

    /// Adds the strings of another one, with their values.
    pub fn merge(&mut self, other: &Builder) {
        for (string, values) in &other.strings {
            self.values_of(string.clone()).extend(values);
        }
    }

    fn keep(&mut self, string: &[u8], place: Place, value: u32) {
        let bytes = string.get(..STRING_BYTES_MAX).unwrap_or(string).to_ascii_lowercase();
        if !bytes.is_empty() {
            self.values_of(String { bytes: bytes.into(), place }).push(value);
        }
    }

    /// The values of a string, which is added when it is new.
    fn values_of(&mut self, string: String) -> &mut Vec<u32> {
        let place = match self.places.get(&string) {
            Some(place) => *place,
            None => {
                self.places.insert(string.clone(), self.strings.len());
                self.strings.push((string, Vec::new()));
                self.strings.len() - 1
            }
        };
        &mut self.strings[place].1
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.strings.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.strings.is_empty()
    }

    /// Builds the tables; `None` without strings.
    ///
    /// # Panics
    /// On more than 4 GB of strings.
    pub fn build(&self) -> Option<Finder> {
        if self.strings.is_empty() {
            return None;
        }
        let (mut far, mut near, mut anchored) = (Ways::default(), Ways::default(), Vec::new());
        let mut reach = 0;
        for (number, (string, _)) in (0u32..).zip(&self.strings) {
            match string.place {
                Place::Anywhere => far.add(&string.bytes, number),
                Place::At(at) => anchored.push((at, number)),
                Place::Until(until) => {
                    reach = reach.max(until);
                    near.add(&string.bytes, number);
                }
            }
        }
        let strings = strings(&self.strings);
        Some(Finder {
            far: far.build(&strings),
            near: near.build(&strings),
            reach,
            anchors: Anchors::build(&anchored, &strings),
            strings,
        })
    }
}

/// Strings by how they are looked for.
#[derive(Default)]
struct Ways {
    long: Vec<Long>,
    each: Vec<Entry>,
    /// Strings of two and three bytes.
    short: Vec<u32>,
    single: Vec<(u8, u32)>,
    /// How many strings have chosen a window.
    shared: HashMap<u64, u64, foldhash::fast::FixedState>,
    count: usize,
    shortest: Option<usize>,
}

/// A long string, and both ways to look for it.
struct Long {
    /// What looking for it at each position gains.
    gain: u64,
    /// Its rarest window.
    single: Entry,
    /// Four windows, of which one starts at a multiple of four.
    row: Vec<Entry>,
    wide: bool,
}

impl Long {
    /// Its windows are too common in any row.
    fn is_unlucky(&self) -> bool {
        self.gain >= GAIN_MIN
    }
}

/// What a long string must gain to be looked for at each position: one time in four thousand that a window is met for nothing.
const GAIN_MIN: u64 = ONCE << (7 + LEVEL_BITS);
/// What a window costs that is taken up anew, over each further string that has it.
const ONCE: u64 = 4;

impl Ways {
    fn add(&mut self, string: &[u8], number: u32) {
        self.count += 1;
        self.shortest = Some(self.shortest.map_or(string.len(), |shortest| shortest.min(string.len())));
        match string {
            [byte] => self.single.push((*byte, number)),
            bytes if bytes.len() < NARROW_LEN => self.short.push(number),
            bytes if bytes.len() < LONG => {
                let at = rarest(bytes).1;
                self.each.push(Entry::new::<NARROW_LEN>(bytes, at, number));
            }
            bytes => self.add_long(bytes, number),
        }
    }

    fn add_long(&mut self, string: &[u8], number: u32) {
        let wide = string.len() >= WIDE;
        let row = if wide { self.row::<8>(string, number) } else { self.row::<NARROW_LEN>(string, number) };
        let (cost, row) = row;
        let (single, at) = rarest(string);
        let gain = cost.saturating_sub(single.saturating_mul(ONCE));
        let long = Long { gain, single: Entry::new::<NARROW_LEN>(string, at, number), row, wide };
        if !long.is_unlucky() {
            for entry in &long.row {
                *self.shared.entry(entry.window).or_default() += 1;
            }
        }
        self.long.push(long);
    }

    /// The cheapest row of windows of `LEN` bytes, with its cost per byte of traffic.
    fn row<const LEN: usize>(&self, string: &[u8], number: u32) -> (u64, Vec<Entry>) {
        // What a window costs, and what its first four bytes do, which are asked first.
        let costs: Vec<[u64; 2]> = string
            .array_windows::<LEN>()
            .map(|bytes| {
                let window = window_of(bytes) & if LEN == NARROW_LEN { NARROW } else { u64::MAX };
                let shared = self.shared.get(&window).copied().unwrap_or(0).min(1 << 16);
                [rarest(bytes).0 * (ONCE + shared), bytes.first_chunk().map_or(0, |first| cost(*first))]
            })
            .collect();
        let sums = costs.windows(STRIDE).map(|row| {
            let sum = |which: usize| row.iter().filter_map(|costs| costs.get(which)).sum::<u64>();
            (sum(0) + sum(1), sum(0))
        });
        let Some((start, (_, sum))) = sums.enumerate().min_by_key(|(_, (both, _))| *both) else {
            return (0, Vec::new());
        };
        let entry = |at: usize| Entry::new::<LEN>(string, at, number);
        (sum / STRIDE as u64, (start..start + STRIDE).map(entry).collect())
    }

    fn build(mut self, strings: &Strings) -> Passes {
        let [wide, narrow] = self.settle();
        let (each, short) = (Each::build(self.each), Pairs::build(&self.short, strings));
        let sieve = sieve(each.as_ref(), short.as_ref(), strings);
        Passes {
            long: Strides::build(wide, narrow),
            each,
            short,
            sieve,
            single: self.single.into(),
            count: self.count,
            shortest: self.shortest.unwrap_or(usize::MAX),
        }
    }

    /// Decides which long strings are looked for at each position: all of a few, else those that gain most, as long as a sieve
    /// takes them. The windows of the others, wide and narrow.
    fn settle(&mut self) -> [Vec<Entry>; 2] {
        let mut long = std::mem::take(&mut self.long);
        long.sort_by_key(|long| (Reverse(long.gain), long.single.string));
        let few = self.each.len() + long.len() <= SIEVED_MAX;
        let [mut wide, mut narrow] = [Vec::new(), Vec::new()];
        for long in long {
            if few || long.is_unlucky() && self.each.len() < SIEVED_MAX {
                self.each.push(long.single);
            } else {
                if long.wide { &mut wide } else { &mut narrow }.extend(long.row);
            }
        }
        [wide, narrow]
    }
}

/// What goes before the strings of two to six bytes, and long ones among them, when they are few.
fn sieve(each: Option<&Each>, short: Option<&Pairs>, strings: &Strings) -> Option<Sieve> {
    let each = each.filter(|each| each.is_sieved());
    let short = short.filter(|short| short.is_sieved());
    let tellings = each.into_iter().flat_map(|each| each.tellings(strings));
    let tellings: Vec<_> =
        tellings.chain(short.into_iter().flat_map(|short| short.tellings(strings))).collect();
    let shares = each.map_or(0, Each::len) * SHORT_SET + short.map_or(0, Pairs::len) * SET;
    (shares > 0).then(|| Sieve::build(&tellings, shares.div_ceil(SET * SHORT_SET)))
}

/// Strings of four bytes and more in a set of a sieve, if it held no others, and shorter ones, which let more through.
const SET: usize = 50;
const SHORT_SET: usize = 20;

/// Strings from so many bytes on are looked for at each fourth position, and from so many by windows of eight bytes.
const LONG: usize = NARROW_LEN + STRIDE - 1;
const WIDE: usize = 8 + STRIDE - 1;
/// Bytes of a narrow window.
const NARROW_LEN: usize = 4;

/// The lowest cost of four bytes in a row, and where they lie.
fn rarest(bytes: &[u8]) -> (u64, usize) {
    let costs = bytes.array_windows().map(|window| cost(*window));
    costs.enumerate().map(|(at, cost)| (cost, at)).min().unwrap_or((0, 0))
}

fn strings(strings: &[(String, Vec<u32>)]) -> Strings {
    let shortest = strings.iter().map(|(string, _)| string.bytes.len()).min().unwrap_or(0);
    let mut starts = Vec::with_capacity(strings.len() + 1);
    let (mut bytes, mut values) = (Vec::new(), Vec::new());
    let count = |len: usize| u32::try_from(len).expect("strings take less than 4 GB");
    for (string, of_string) in strings {
        starts.push((count(bytes.len()), count(values.len())));
        bytes.extend_from_slice(&string.bytes);
        values.extend_from_slice(of_string);
    }
    starts.push((count(bytes.len()), count(values.len())));
    Strings { bytes: bytes.into(), starts: starts.into(), values: values.into(), shortest }
}
