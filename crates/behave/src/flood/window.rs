//! Windows of ten seconds: how much came, and from about how many sources.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;

use foldhash::quality::FixedState;
use model::Time;

/// Length of a window in seconds.
pub(super) const SECONDS: u64 = 10;
/// Windows that are open at a time; older ones are closed.
const OPEN_MAX: usize = 8;
/// Words of a window's map of sources.
const WORDS: usize = 16;
/// Sources that are kept by address.
const FEW: usize = 8;

/// About how many different things came: one bit for each, by its hash.
#[derive(Debug, Default, Clone)]
pub(super) struct Sources([u64; WORDS]);

impl Sources {
    /// Takes one.
    pub(super) fn add(&mut self, source: impl Hash) {
        let bit = FixedState::with_seed(0).hash_one(source) % (WORDS as u64 * 64);
        self.0[(bit / 64) as usize] |= 1 << (bit % 64);
    }

    /// Linear counting: how many set so many bits.
    pub(super) fn estimate(&self) -> f64 {
        let bits = (WORDS * 64) as f64;
        let zeros = self.0.iter().map(|word| f64::from(word.count_zeros())).sum::<f64>().max(1.0);
        -bits * libm::log(zeros / bits)
    }
}

/// What came in one window.
#[derive(Debug, Default, Clone)]
struct Window {
    count: u64,
    sources: Sources,
    first: Time,
    last: Time,
}

/// The fullest window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Burst {
    pub(super) count: u64,
    pub(super) sources: f64,
    pub(super) first: Time,
    pub(super) last: Time,
}

/// The windows of one kind and victim.
#[derive(Debug, Default)]
pub(super) struct Windows {
    open: BTreeMap<u64, Window>,
    closed: Option<Window>,
    few: Vec<IpAddr>,
    many: bool,
}

impl Windows {
    /// Adds `count` between two times, from one source.
    pub(super) fn add(&mut self, began: Time, last: Time, source: IpAddr, count: u64) {
        if !self.many && !self.few.contains(&source) {
            self.many = self.few.len() >= FEW;
            if !self.many {
                self.few.push(source);
            }
        }
        // What lasts longer than a window counts with its share of one.
        let windows = (last.secs_since(began) as u64 / SECONDS).max(1);
        let window = self
            .open
            .entry(began.secs() / SECONDS)
            .or_insert_with(|| Window { first: began, ..Window::default() });
        window.count += count / windows;
        window.first = window.first.min(began);
        window.last = window.last.max(last.min(began.plus_nanos(SECONDS * 1_000_000_000)));
        window.sources.add(source);
        if self.open.len() > OPEN_MAX
            && let Some((_, oldest)) = self.open.pop_first()
            && self.closed.as_ref().is_none_or(|closed| closed.count < oldest.count)
        {
            self.closed = Some(oldest);
        }
    }

    /// The fullest window; the earliest of equals.
    pub(super) fn best(&self) -> Option<Burst> {
        let best = self
            .closed
            .iter()
            .chain(self.open.values())
            .reduce(|a, b| if b.count > a.count { b } else { a })?;
        Some(Burst {
            count: best.count,
            sources: best.sources.estimate(),
            first: best.first,
            last: best.last,
        })
    }

    /// All sources, when they are few.
    pub(super) fn few(&self) -> Option<&[IpAddr]> {
        (!self.many).then_some(&self.few)
    }
}
