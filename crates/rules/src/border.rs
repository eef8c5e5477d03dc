//! The border that most rules draw: the set of addresses that most of them name, and who is on which side of it.
//!
//! Rules mostly ask for one host at home and one outside. A packet meets the patterns of those rules alone that its addresses'
//! sides leave possible.

use serde::{Deserialize, Serialize};

use crate::AddressSet;
use crate::compile::Names;
use crate::sig::{ANY, Head, Sig};
use crate::text::group::without;

/// Pairs of sides that a packet's addresses may be on.
pub(crate) const ZONES: usize = 4;

/// A set of addresses that tells rules apart.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Border {
    /// Its number; `None`: all addresses are on one side.
    set: Option<u32>,
}

/// Which sides the addresses of each set are on: outside, inside.
#[derive(Debug, Default)]
pub(crate) struct Sides {
    border: Option<u32>,
    of_sets: Vec<[bool; 2]>,
}

impl Border {
    /// The set that most rules name.
    pub(crate) fn choose(sigs: &[Sig], names: &Names) -> Self {
        let mut counts = vec![0u32; names.addresses.len()];
        for sig in sigs {
            for set in [sig.head.src, sig.head.dst] {
                if let Some(count) = counts.get_mut(set as usize) {
                    *count += 1;
                }
            }
        }
        let most = (0u32..).zip(&counts).max_by_key(|(set, count)| (**count, std::cmp::Reverse(*set)));
        Self { set: most.filter(|(_, count)| **count > 0).map(|(set, _)| set) }
    }

    /// The zone of a packet: which of its addresses are inside. `inside` says it of the source (0) and the destination (1).
    pub(crate) fn zone(&self, mut inside: impl FnMut(u32, usize) -> bool) -> usize {
        self.set.map_or(0, |set| usize::from(inside(set, 0)) | usize::from(inside(set, 1)) << 1)
    }

    /// How the zones are called; none without a border.
    pub(crate) fn names(&self) -> [&'static str; ZONES] {
        match self.set {
            Some(_) => {
                ["outside to outside, ", "inside to outside, ", "outside to inside, ", "inside to inside, "]
            }
            None => [""; ZONES],
        }
    }
}

/// The zone of a packet that goes the other way.
pub(crate) fn mirrored(zone: usize) -> usize {
    (zone & 1) << 1 | zone >> 1 & 1
}

impl Sides {
    pub(crate) fn new(border: &Border, names: &Names) -> Self {
        let Some(line) = border.set.and_then(|set| names.addresses.get(set as usize)) else {
            return Self::default();
        };
        let beyond = AddressSet {
            v4: without(&[(0, u32::MAX)], &line.v4),
            v6: without(&[(0, u128::MAX)], &line.v6),
            any: false,
            negated: false,
        };
        let reaches = |set: &AddressSet, other: &AddressSet| {
            !without(&set.v4, &other.v4).is_empty() || !without(&set.v6, &other.v6).is_empty()
        };
        let of_sets = names.addresses.iter().map(|set| [reaches(set, line), reaches(set, &beyond)]);
        Self { border: border.set, of_sets: of_sets.collect() }
    }

    /// Zones of the packets that a rule's addresses leave possible.
    pub(crate) fn zones(&self, head: &Head) -> impl Iterator<Item = usize> + use<> {
        let mut possible = [false; ZONES];
        if self.border.is_none() {
            possible[0] = true;
        } else {
            let sides = |set: u32| match set {
                ANY => [true; 2],
                set => self.of_sets.get(set as usize).copied().unwrap_or([true; 2]),
            };
            let (src, dst) = (sides(head.src), sides(head.dst));
            for (zone, possible) in possible.iter_mut().enumerate() {
                let holds = |[from, to]: [[bool; 2]; 2]| from[zone & 1] && to[zone >> 1];
                *possible = holds([src, dst]) || (head.either_way || head.both_sides) && holds([dst, src]);
            }
        }
        (0..ZONES).filter(move |zone| possible[*zone])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_way_the_addresses_change_places() {
        assert_eq!([0, 1, 2, 3].map(mirrored), [0, 2, 1, 3]);
    }
}
