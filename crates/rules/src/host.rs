//! Bits of hosts and host pairs (`xbits`): what one flow says to another.

use std::fmt::Debug;
use std::net::IpAddr;

use hashbrown::HashMap;
use model::Time;

use crate::ir::BitTrack;
use crate::late::Key;
use crate::sig::Post;
use crate::succession::Succession;

/// Bits of hosts and host pairs.
const BITS_MAX: usize = 1 << 18;

/// Bits of hosts and host pairs, with when they expire.
///
/// Limit: `BITS_MAX` bits; when the table is full, what has expired is thrown out, and what finds no room is not set.
#[derive(Debug, Default)]
pub struct HostBits {
    bits: HashMap<(u32, BitTrack, Key), Time>,
}

/// Who lends the bits to one of several inspectors, in the order of the input: before it may look at them or change them, all
/// others must be done with whatever comes before the packet at hand.
pub trait Turns: Debug + Send {
    /// Waits for the turn of the packet at hand, and calls `work` with the bits.
    fn take(&self, work: &mut dyn FnMut(&mut HostBits));
}

impl HostBits {
    /// Whether a bit is set for an end of the packet.
    pub(crate) fn has(&self, bit: u32, track: BitTrack, src: IpAddr, dst: IpAddr, now: Time) -> bool {
        bit_keys(track, src, dst)
            .into_iter()
            .flatten()
            .any(|(track, key)| self.bits.get(&(bit, track, key)).is_some_and(|until| *until > now))
    }

    /// Sets, unsets or toggles a bit.
    pub(crate) fn change(&mut self, action: &Post, src: IpAddr, dst: IpAddr, now: Time) {
        let (bit, track, expire, toggle) = match *action {
            Post::XbitSet { bit, track, expire } => (bit, track, Some(expire), false),
            Post::XbitToggle { bit, track, expire } => (bit, track, Some(expire), true),
            Post::XbitUnset { bit, track } => (bit, track, None, false),
            _ => return,
        };
        for (track, key) in bit_keys(track, src, dst).into_iter().flatten() {
            let place = (bit, track, key);
            let set = self.bits.get(&place).is_some_and(|until| *until > now);
            match expire {
                Some(expire) if !(toggle && set) => {
                    if self.bits.len() >= BITS_MAX {
                        self.bits.retain(|_, until| *until > now);
                    }
                    if self.bits.len() < BITS_MAX || self.bits.contains_key(&place) {
                        self.bits.insert(place, now.plus_secs(expire.into()));
                    }
                }
                _ => {
                    self.bits.remove(&place);
                }
            }
        }
    }

    /// The bits under the numbers that another rule set has for their names; those without one are forgotten.
    pub fn succeed(self, succession: &Succession) -> Self {
        let number = |bit| succession.xbit(bit);
        let bits = self.bits.into_iter();
        let bits = bits.filter_map(|((bit, track, key), until)| Some(((number(bit)?, track, key), until)));
        Self { bits: bits.collect() }
    }
}

fn bit_keys(track: BitTrack, src: IpAddr, dst: IpAddr) -> [Option<(BitTrack, Key)>; 2] {
    // A bit of a host is the same bit whichever end of a later packet the host is.
    match track {
        BitTrack::Src => [Some((BitTrack::Src, Key::Host(src))), None],
        BitTrack::Dst => [Some((BitTrack::Src, Key::Host(dst))), None],
        BitTrack::Both => [Some((BitTrack::Src, Key::Host(src))), Some((BitTrack::Src, Key::Host(dst)))],
        BitTrack::Pair => [Some((BitTrack::Pair, Key::pair(src, dst))), None],
        BitTrack::Tx => [None, None],
    }
}
