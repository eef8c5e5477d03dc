//! Groups of signatures: which ones a packet or transaction meets at all.

use std::net::IpAddr;
use std::sync::Arc;

use crate::compile::Names;
use crate::ir::Proto;
use crate::scan::Scanner;
use crate::sig::{ANY, Part, Sig};

/// All groups of a rule set.
#[derive(Debug)]
pub(crate) struct Index {
    /// By class and direction.
    pub(crate) packets: [[PacketIndex; 2]; Class::ALL.len()],
    /// By protocol and direction.
    pub(crate) transactions: Box<[[TransactionIndex; 2]]>,
    /// Rules on frames.
    pub(crate) frames: Box<[u32]>,
    /// Rules on addresses alone.
    pub(crate) ip_only: AddressIndex,
}

/// What packets are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Tcp,
    Udp,
    Icmp,
    Other,
    /// Without an IP header that could be read.
    NotIp,
}

impl Class {
    pub(crate) const ALL: [Class; 5] = [Class::Tcp, Class::Udp, Class::Icmp, Class::Other, Class::NotIp];

    /// The class of an IP protocol.
    pub(crate) fn of(protocol: u8) -> Class {
        match protocol {
            6 => Class::Tcp,
            17 => Class::Udp,
            1 | 58 => Class::Icmp,
            _ => Class::Other,
        }
    }

    /// Whether rules for `proto` are met by packets of this class.
    pub(crate) fn meets(self, proto: &Proto) -> bool {
        match self {
            Class::Tcp => proto.has(6),
            Class::Udp => proto.has(17),
            Class::Icmp => proto.has(1) || proto.has(58),
            Class::Other => (0..=255).any(|number| Class::of(number) == Class::Other && proto.has(number)),
            Class::NotIp => proto.packet_header || proto.arp || proto.ether || proto.any,
        }
    }
}

/// Rules that packets of one class and direction meet.
#[derive(Debug)]
pub(crate) struct PacketIndex {
    /// Patterns looked for in the stream.
    pub(crate) stream: Option<Scanner>,
    /// Patterns looked for in packets.
    pub(crate) packet: Option<Scanner>,
    /// Rules without a pattern, by what the packet must have.
    pub(crate) unfiltered: Box<[(u16, Box<[u32]>)]>,
}

/// Rules that transactions of one protocol and direction meet.
#[derive(Debug)]
pub(crate) struct TransactionIndex {
    /// In order of progress.
    pub(crate) engines: Box<[Engine]>,
    /// Rules without a pattern.
    pub(crate) unfiltered: Box<[u32]>,
}

impl TransactionIndex {
    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.engines.is_empty() && self.unfiltered.is_empty()
    }
}

/// One buffer's patterns.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Progress from which the buffer can be read.
    pub(crate) progress: u8,
    pub(crate) source: Source,
    /// Some part that looks at the buffer; all share its transforms.
    pub(crate) part: Arc<Part>,
    pub(crate) scanner: Scanner,
}

/// Where an engine's bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Field(u16),
    FileData,
    FileName,
    FileMagic,
}

/// Finds rules by one of their addresses.
#[derive(Debug, Default)]
pub(crate) struct AddressIndex {
    v4: [Intervals<u32>; 2],
    v6: [Intervals<u128>; 2],
    /// Rules whose addresses are too many to tell anything.
    loose: Box<[u32]>,
}

/// Which share of all IPv4 addresses, as a power of two, a rule's narrower side may have to be worth indexing.
const NARROW_BITS: u32 = 28;

impl AddressIndex {
    pub(crate) fn build(rules: &[u32], sigs: &[Sig], names: &Names) -> Self {
        let mut v4 = [Vec::new(), Vec::new()];
        let mut v6 = [Vec::new(), Vec::new()];
        let mut loose = Vec::new();
        for rule in rules {
            let Some(sig) = sigs.get(*rule as usize) else { continue };
            let sides = [sig.head.src, sig.head.dst].map(|set| names.addresses.get(set as usize));
            let width = |side: Option<&crate::AddressSet>| {
                side.map_or(u64::MAX, |set| {
                    let narrow = set.v6().iter().all(|(low, high)| high - low < 1 << 96);
                    let v4: u64 = set.v4().iter().map(|(low, high)| u64::from(high - low) + 1).sum();
                    if narrow { v4 } else { u64::MAX }
                })
            };
            let side = usize::from(width(sides[1]) < width(sides[0]));
            if sig.head.either_way {
                loose.push(*rule);
                continue;
            }
            match sides[side] {
                Some(set) if width(Some(set)) <= 1 << NARROW_BITS => {
                    v4[side].extend(set.v4().iter().map(|(low, high)| (*low, *high, *rule)));
                    v6[side].extend(set.v6().iter().map(|(low, high)| (*low, *high, *rule)));
                }
                _ => loose.push(*rule),
            }
        }
        Self { v4: v4.map(Intervals::build), v6: v6.map(Intervals::build), loose: loose.into() }
    }

    /// Rules that may match a packet between these addresses; unordered.
    pub(crate) fn find(&self, src: IpAddr, dst: IpAddr, out: &mut Vec<u32>) {
        out.clear();
        out.extend_from_slice(&self.loose);
        for (side, address) in [src, dst].into_iter().enumerate() {
            let found = match address {
                IpAddr::V4(address) => self.v4[side].find(address.to_bits()),
                IpAddr::V6(address) => self.v6[side].find(address.to_bits()),
            };
            out.extend_from_slice(found);
        }
    }
}

/// Stretches of numbers between which the set of rules changes.
#[derive(Debug, Default)]
struct Intervals<T> {
    /// Where a stretch starts, and where its rules start; it reaches to the next one.
    starts: Vec<(T, u32)>,
    rules: Vec<u32>,
}

impl<T: Ord + Copy + Step> Intervals<T> {
    fn build(ranges: Vec<(T, T, u32)>) -> Self {
        let mut edges: Vec<(T, bool, u32)> = Vec::with_capacity(ranges.len() * 2);
        for (low, high, rule) in ranges {
            edges.push((low, true, rule));
            if let Some(after) = high.after() {
                edges.push((after, false, rule));
            }
        }
        edges.sort_unstable();
        let mut built = Self { starts: Vec::new(), rules: Vec::new() };
        let mut active: Vec<u32> = Vec::new();
        let mut rest = edges.as_slice();
        while let Some((at, ..)) = rest.first() {
            let count = rest.partition_point(|(edge, ..)| edge <= at);
            let (here, later) = rest.split_at(count);
            for (_, opens, rule) in here {
                if *opens {
                    active.push(*rule);
                } else if let Some(position) = active.iter().position(|each| each == rule) {
                    active.swap_remove(position);
                }
            }
            built.starts.push((*at, u32::try_from(built.rules.len()).unwrap_or(u32::MAX)));
            built.rules.extend_from_slice(&active);
            rest = later;
        }
        built
    }

    fn find(&self, value: T) -> &[u32] {
        let after = self.starts.partition_point(|(start, _)| *start <= value);
        let Some((_, from)) = after.checked_sub(1).and_then(|at| self.starts.get(at)) else { return &[] };
        let to = self.starts.get(after).map_or(self.rules.len(), |(_, to)| *to as usize);
        self.rules.get(*from as usize..to).unwrap_or_default()
    }
}

/// Numbers that know their successor.
trait Step: Sized {
    fn after(self) -> Option<Self>;
}

impl Step for u32 {
    fn after(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Step for u128 {
    fn after(self) -> Option<Self> {
        self.checked_add(1)
    }
}

/// Whether an address or port set number means "any".
pub(crate) fn is_any(set: u32) -> bool {
    set == ANY
}
