//! Fragments to datagrams (RFC 791 §3.2, RFC 8200 §4.5).
//!
//! Fragments that overlap are resolved as the target's operating system would ([`Overlap`]), as an evader counts on the
//! sensor to see other bytes than the victim. That they overlap is an event; that they overlap and *differ* is said too.
//!
//! Limits, all in [`DefragConfig`]: datagrams that wait at the same time, bytes they hold, seconds a datagram waits for its
//! next fragment. At a limit the datagram that waited longest goes, and is counted. One datagram takes at most
//! [`FRAGMENTS_MAX`] fragments and [`STORE_MAX`] bytes; further ones are ignored, with an event.

mod datagram;
mod overlap;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use datagram::Datagram;
pub use datagram::{FRAGMENTS_MAX, STORE_MAX};
use decode::{DecodeEvent, Layers};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::Time;
pub use overlap::Overlap;

use crate::Policy;

/// What defragmentation is told by the configuration.
#[derive(Debug, Clone)]
pub struct DefragConfig {
    /// Seed of the table's hash; part of the manifest.
    pub seed: u64,
    /// Datagrams that wait at the same time (`defrag.trackers`).
    pub datagrams_max: u32,
    /// Bytes that waiting datagrams hold (`defrag.memcap`).
    pub bytes_max: u64,
    /// Seconds that a datagram waits for its next fragment (`defrag.timeout`).
    pub timeout_secs: u32,
    /// VLAN ids keep fragments apart (`vlan.use-for-tracking`).
    pub vlan_tracking: bool,
    /// Overlap policies by destination network: address, prefix length, policy. The longest prefix wins; none means BSD.
    pub policies: Vec<(IpAddr, u8, Policy)>,
}

impl Default for DefragConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            datagrams_max: 1 << 12,
            bytes_max: 8 << 20,
            timeout_secs: 60,
            vlan_tracking: true,
            policies: Vec::new(),
        }
    }
}

/// What was done and left undone.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct DefragCounters {
    /// Fragments that were offered.
    pub fragments: u64,
    /// Datagrams that were completed.
    pub rebuilt: u64,
    /// Datagrams that waited too long for a fragment.
    pub timed_out: u64,
    /// Datagrams given up because a limit was reached.
    pub evicted: u64,
    /// Fragments not taken: too large, too many, or broken.
    pub ignored: u64,
    /// Fragments that brought other bytes than an earlier one for the same place.
    pub conflicts: u64,
}

/// What became of a fragment.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Accepted<'d> {
    /// The datagram that this fragment completed: what stands before the IP header in the fragment's frame, then the IP
    /// header with its length, fragment fields and checksum put right, then all data.
    /// [`decode::Decoder::decode_datagram`] reads it, with the fragment's layers as its parent.
    pub rebuilt: Option<&'d [u8]>,
    /// An event to add to the fragment's own: overlap, too large, or ignored.
    pub event: Option<DecodeEvent>,
    /// Whether the fragment overlaps an earlier one with different bytes.
    pub conflict: bool,
}

/// Which fragments belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    src: IpAddr,
    dst: IpAddr,
    id: u32,
    /// IPv4 only (RFC 791 §2.3); IPv6 fragments may differ in it (RFC 8200 §4.5).
    protocol: u8,
    vlans: [u16; 3],
    tenant: u32,
}

/// A waiting datagram in the list from the one that waited longest to the newest.
#[derive(Debug)]
struct Waiting {
    key: Key,
    deadline: Time,
    datagram: Datagram,
    older: u32,
    newer: u32,
}

const NOBODY: u32 = u32::MAX;

/// Rebuilds datagrams. Time only comes from packets, and nothing depends on the order of a hash table.
#[derive(Debug)]
pub struct Defrag {
    config: DefragConfig,
    counters: DefragCounters,
    index: HashMap<Key, u32, FixedState>,
    waiting: Vec<Waiting>,
    free: Vec<u32>,
    oldest: u32,
    newest: u32,
    bytes: u64,
    rebuilt: Vec<u8>,
}

impl Defrag {
    /// An empty one, for one shard.
    pub fn new(config: DefragConfig) -> Self {
        let index = HashMap::with_hasher(FixedState::with_seed(config.seed));
        Self {
            config,
            counters: DefragCounters::default(),
            index,
            waiting: Vec::new(),
            free: Vec::new(),
            oldest: NOBODY,
            newest: NOBODY,
            bytes: 0,
            rebuilt: Vec::new(),
        }
    }

    /// What was done so far.
    pub const fn counters(&self) -> DefragCounters {
        self.counters
    }

    /// Datagrams that wait now.
    pub fn waiting(&self) -> usize {
        self.index.len()
    }

    /// Gives up the datagrams whose time is over.
    pub fn advance(&mut self, now: Time) {
        while let Some(waiting) = self.waiting.get(self.oldest as usize) {
            if waiting.deadline > now {
                return;
            }
            self.counters.timed_out += 1;
            self.release(self.oldest);
        }
    }

    /// Takes a fragment: `layers` is the level that says so ([`Layers::fragment`]), `bytes` what it was decoded from.
    /// Levels that are no fragments change nothing.
    pub fn accept(&mut self, time: Time, layers: &Layers, bytes: &[u8]) -> Accepted<'_> {
        self.advance(time);
        let Some(offer) = Offer::read(layers, bytes) else { return Accepted::default() };
        self.counters.fragments += 1;
        if offer.is_too_large() {
            self.counters.ignored += 1;
            let event = offer.pick(DecodeEvent::Ipv4FragPktTooLarge, DecodeEvent::Ipv6FragPktTooLarge);
            return Accepted { event: Some(event), ..Accepted::default() };
        }
        // RFC 8200 §4.5: a fragment that is not the last and no multiple of eight is discarded.
        if offer.is_ipv6 && offer.more && !offer.data.len().is_multiple_of(8) {
            self.counters.ignored += 1;
            return Accepted::default();
        }
        let slot = self.find_or_open(time, self.key(layers, &offer), offer.dst);
        self.touch(slot, time);
        let Some(waiting) = self.waiting.get_mut(slot as usize) else { return Accepted::default() };
        let before = waiting.datagram.cost();
        let Some(met) = waiting.datagram.insert(&offer) else {
            self.counters.ignored += 1;
            let event = offer.pick(DecodeEvent::Ipv4FragIgnored, DecodeEvent::Ipv6FragIgnored);
            return Accepted { event: Some(event), ..Accepted::default() };
        };
        self.bytes = (self.bytes + waiting.datagram.cost()).saturating_sub(before);
        self.counters.conflicts += u64::from(met.conflict);
        let complete = waiting.datagram.is_complete();
        let mut fits = true;
        if complete {
            fits = waiting.datagram.build(offer.link, &mut self.rebuilt);
            self.counters.rebuilt += u64::from(fits);
            self.release(slot);
        } else {
            self.keep_within_bytes(slot);
        }
        let event = if !fits {
            Some(offer.pick(DecodeEvent::Ipv4FragPktTooLarge, DecodeEvent::Ipv6FragPktTooLarge))
        } else if met.overlap {
            Some(offer.pick(DecodeEvent::Ipv4FragOverlap, DecodeEvent::Ipv6FragOverlap))
        } else {
            None
        };
        let rebuilt = (complete && fits).then_some(self.rebuilt.as_slice());
        Accepted { rebuilt, event, conflict: met.conflict }
    }

    fn key(&self, layers: &Layers, offer: &Offer<'_>) -> Key {
        Key {
            src: layers.src,
            dst: layers.dst,
            id: offer.id,
            protocol: if offer.is_ipv6 { 0 } else { offer.protocol },
            vlans: if self.config.vlan_tracking { layers.vlans } else { [0; 3] },
            tenant: layers.tenant,
        }
    }

    fn find_or_open(&mut self, time: Time, key: Key, dst: IpAddr) -> u32 {
        if let Some(slot) = self.index.get(&key) {
            return *slot;
        }
        while self.index.len() >= self.config.datagrams_max.max(1) as usize {
            self.counters.evicted += 1;
            self.release(self.oldest);
        }
        let overlap = Overlap::of(policy_for(&self.config.policies, dst));
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.waiting.push(Waiting {
                    key,
                    deadline: time,
                    datagram: Datagram::default(),
                    older: NOBODY,
                    newer: NOBODY,
                });
                (self.waiting.len() - 1) as u32
            }
        };
        if let Some(waiting) = self.waiting.get_mut(slot as usize) {
            waiting.key = key;
            waiting.datagram.start(overlap);
        }
        self.index.insert(key, slot);
        self.append(slot);
        slot
    }

    /// Makes `slot` the newest, and lets it wait anew.
    fn touch(&mut self, slot: u32, time: Time) {
        self.unlink(slot);
        self.append(slot);
        let deadline = time.plus_secs(u64::from(self.config.timeout_secs));
        if let Some(waiting) = self.waiting.get_mut(slot as usize) {
            waiting.deadline = deadline;
        }
    }

    /// Gives up the longest waiting datagrams until the bytes fit; `keep`, the newest, goes last.
    fn keep_within_bytes(&mut self, keep: u32) {
        while self.bytes > self.config.bytes_max && self.oldest != NOBODY {
            self.counters.evicted += 1;
            let last = self.oldest == keep;
            self.release(self.oldest);
            if last {
                return;
            }
        }
    }

    fn release(&mut self, slot: u32) {
        self.unlink(slot);
        if let Some(waiting) = self.waiting.get_mut(slot as usize) {
            self.bytes = self.bytes.saturating_sub(waiting.datagram.cost());
            waiting.datagram.clear();
            self.index.remove(&waiting.key);
            self.free.push(slot);
        }
    }

    fn append(&mut self, slot: u32) {
        let newest = self.newest;
        if let Some(waiting) = self.waiting.get_mut(slot as usize) {
            (waiting.older, waiting.newer) = (newest, NOBODY);
        }
        match self.waiting.get_mut(newest as usize) {
            Some(before) => before.newer = slot,
            None => self.oldest = slot,
        }
        self.newest = slot;
    }

    fn unlink(&mut self, slot: u32) {
        let Some(waiting) = self.waiting.get(slot as usize) else { return };
        let (older, newer) = (waiting.older, waiting.newer);
        match self.waiting.get_mut(older as usize) {
            Some(before) => before.newer = newer,
            None => self.oldest = newer,
        }
        match self.waiting.get_mut(newer as usize) {
            Some(after) => after.older = older,
            None => self.newest = older,
        }
    }
}

/// A fragment as it is offered.
#[derive(Debug, Clone, Copy)]
struct Offer<'a> {
    is_ipv6: bool,
    dst: IpAddr,
    id: u32,
    protocol: u8,
    offset: u32,
    more: bool,
    /// What stands before the IP header.
    link: &'a [u8],
    /// IPv4: the header. IPv6: the headers up to the fragment header.
    head: &'a [u8],
    /// IPv6: where `head` holds the number that announces the fragment header.
    next_header_at: usize,
    data: &'a [u8],
}

impl<'a> Offer<'a> {
    fn read(layers: &Layers, bytes: &'a [u8]) -> Option<Self> {
        let fragment = layers.fragment?;
        let is_ipv6 = layers.ip_version()? == 6;
        let start = layers.datagram.start as usize;
        let head_end = if is_ipv6 { fragment.header } else { fragment.data.0 } as usize;
        Some(Self {
            is_ipv6,
            dst: layers.dst,
            id: fragment.id,
            protocol: fragment.protocol,
            offset: u32::from(fragment.offset),
            more: fragment.more,
            link: bytes.get(layers.frame.start as usize..start)?,
            head: bytes.get(start..head_end)?,
            next_header_at: (fragment.next_header_at as usize).saturating_sub(start),
            data: bytes.get(fragment.data.0 as usize..fragment.data.1 as usize)?,
        })
    }

    /// Whether the datagram would be longer than its length field can say.
    fn is_too_large(&self) -> bool {
        let header = if self.is_ipv6 { 0 } else { 20 };
        header + self.offset as usize + self.data.len() > usize::from(u16::MAX)
    }

    fn pick(&self, ipv4: DecodeEvent, ipv6: DecodeEvent) -> DecodeEvent {
        if self.is_ipv6 { ipv6 } else { ipv4 }
    }
}

/// The policy of the longest prefix that holds `address`; BSD when none does.
fn policy_for(policies: &[(IpAddr, u8, Policy)], address: IpAddr) -> Policy {
    let mut best: Option<(u8, Policy)> = None;
    for (network, length, policy) in policies {
        let longer = best.is_none_or(|(have, _)| *length > have);
        if longer && holds(*network, *length, address) {
            best = Some((*length, *policy));
        }
    }
    best.map_or(Policy::Bsd, |(_, policy)| policy)
}

fn holds(network: IpAddr, length: u8, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differ = network.to_bits() ^ address.to_bits();
            differ.leading_zeros() >= u32::from(length).min(32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differ = network.to_bits() ^ address.to_bits();
            differ.leading_zeros() >= u32::from(length).min(128)
        }
        _ => false,
    }
}
