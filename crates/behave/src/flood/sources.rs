//! About how many different things came.

use std::hash::{BuildHasher, Hash};

use foldhash::quality::FixedState;

/// Words of the map.
const WORDS: usize = 16;
/// Bits of the map.
const BITS: u16 = WORDS as u16 * 64;
/// Bits that are kept one by one before there is a map: most windows see a few sources.
const LISTED: usize = 8;

/// About how many different things came: one bit for each, by its hash.
#[derive(Debug, Clone)]
pub(super) enum Sources {
    /// How many bits are set, and which.
    Few(u8, [u16; LISTED]),
    /// All bits.
    Map(Box<[u64; WORDS]>),
}

impl Default for Sources {
    fn default() -> Self {
        Sources::Few(0, [0; LISTED])
    }
}

impl Sources {
    /// Takes one.
    pub(super) fn add(&mut self, source: impl Hash) {
        let bit = (FixedState::with_seed(0).hash_one(source) % u64::from(BITS)) as u16;
        match self {
            Sources::Few(len, list) => {
                let set = &list[..usize::from(*len)];
                if set.contains(&bit) {
                    return;
                }
                if let Some(room) = list.get_mut(usize::from(*len)) {
                    *room = bit;
                    *len += 1;
                    return;
                }
                let mut map = Box::new([0; WORDS]);
                list.iter().chain([&bit]).for_each(|bit| set_bit(&mut map, *bit));
                *self = Sources::Map(map);
            }
            Sources::Map(map) => set_bit(map, bit),
        }
    }

    /// Linear counting: how many set so many bits.
    pub(super) fn estimate(&self) -> f64 {
        let bits = f64::from(BITS);
        let set = match self {
            Sources::Few(len, _) => u32::from(*len),
            Sources::Map(map) => map.iter().map(|word| word.count_ones()).sum(),
        };
        let zeros = (bits - f64::from(set)).max(1.0);
        -bits * libm::log(zeros / bits)
    }
}

fn set_bit(map: &mut [u64; WORDS], bit: u16) {
    map[usize::from(bit / 64)] |= 1 << (bit % 64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_counted_well_and_many_about() {
        let mut sources = Sources::default();
        let mut estimates = Vec::new();
        for source in 0..500u32 {
            (0..3).for_each(|_| sources.add(source));
            estimates.push(sources.estimate());
        }
        assert!(estimates.is_sorted());
        let near = |count: usize| (estimates[count - 1] / count as f64 - 1.0).abs();
        assert!(near(5) < 0.01 && near(20) < 0.1 && near(500) < 0.1, "{estimates:?}");
    }
}
