//! Short strings whose place in the buffer is known: one look at each such place.

use serde::{Deserialize, Serialize};

use crate::{Found, Strings};

/// Bits per place.
const BITS: usize = 1024;

/// Strings by their place.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Anchors {
    places: Box<[Place]>,
}

/// Strings that start at one byte of the buffer.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    at: u32,
    /// A bit for the hash of each pair of bytes that starts a string.
    bits: [u64; BITS / 64],
    /// First two bytes (of a string of one byte: that byte, and 0) and the string, in order.
    pairs: Box<[(u16, u32)]>,
    /// Strings of one byte.
    single: Box<[(u8, u32)]>,
}

impl Anchors {
    pub(crate) fn build(strings: &[(u32, u32)], all: &Strings) -> Option<Self> {
        let mut sorted = strings.to_vec();
        sorted.sort_unstable();
        let of_place = |group: &[(u32, u32)]| Place::build(group, all);
        let places: Box<[Place]> = sorted.chunk_by(|left, right| left.0 == right.0).map(of_place).collect();
        (!places.is_empty()).then_some(Self { places })
    }

    #[inline]
    pub(crate) fn scan(&self, bytes: &[u8], strings: &Strings, found: &mut Found<impl FnMut(&[u32])>) {
        for place in &self.places {
            let Some(rest) = bytes.get(place.at as usize..) else { return };
            place.look(rest, strings, found);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.iter().map(|place| place.pairs.len() + place.single.len()).sum()
    }

    pub(crate) fn size_bytes(&self) -> usize {
        let of_place = |place: &Place| size_of_val(&place.pairs[..]) + size_of_val(&place.single[..]);
        size_of_val(&self.places[..]) + self.places.iter().map(of_place).sum::<usize>()
    }
}

impl Place {
    fn build(group: &[(u32, u32)], all: &Strings) -> Self {
        let (mut pairs, mut single) = (Vec::new(), Vec::new());
        let mut bits = [0; BITS / 64];
        for (_, string) in group {
            match all.string(*string) {
                [byte] => single.push((*byte, *string)),
                [low, high, ..] => {
                    let pair = u16::from_le_bytes([*low, *high]);
                    bits[hash(pair) / 64] |= 1 << (hash(pair) % 64);
                    pairs.push((pair, *string));
                }
                [] => {}
            }
        }
        pairs.sort_unstable();
        let at = group.first().map_or(0, |(at, _)| *at);
        Self { at, bits, pairs: pairs.into(), single: single.into() }
    }

    #[inline]
    fn look(&self, bytes: &[u8], strings: &Strings, found: &mut Found<impl FnMut(&[u32])>) {
        if let Some(pair) = bytes.first_chunk::<2>() {
            let pair = u16::from_le_bytes(pair.map(|byte| byte.to_ascii_lowercase()));
            if self.bits[hash(pair) / 64] >> (hash(pair) % 64) & 1 != 0 {
                self.hit(bytes, pair, strings, found);
            }
        }
        for (byte, string) in &self.single {
            if bytes.first().is_some_and(|first| first.eq_ignore_ascii_case(byte)) {
                found.tell(strings, *string);
            }
        }
    }

    #[inline(never)]
    fn hit(&self, bytes: &[u8], pair: u16, strings: &Strings, found: &mut Found<impl FnMut(&[u32])>) {
        let from = self.pairs.partition_point(|(known, _)| *known < pair);
        let rest = self.pairs.get(from..).unwrap_or_default();
        for (_, string) in rest.iter().take_while(|(known, _)| *known == pair) {
            strings.check(bytes, *string, Some(0), found);
        }
    }
}

fn hash(pair: u16) -> usize {
    usize::from(pair.wrapping_mul(0x9e37) >> 6) % BITS
}
