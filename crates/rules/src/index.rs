//! Groups of signatures: which ones a packet or transaction meets at all.

use std::net::{IpAddr, Ipv4Addr};

use model::Direction;
use protocol::ProtocolId;
use serde::{Deserialize, Serialize};

use crate::border::{Border, ZONES, mirrored};
use crate::compile::Names;
use crate::inspect::Transform;
use crate::ir::Proto;
use crate::scan::Scanner;
use crate::sig::{ANY, Sig};
use crate::store::Scanners;

/// All groups of a rule set.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Index {
    /// Tells the zones.
    pub(crate) border: Border,
    /// By zone, class and direction.
    pub(crate) packets: Box<[[[PacketIndex; 2]; Class::ALL.len()]]>,
    /// By zone: protocols whose transactions no rule looks at, bit by protocol.
    pub(crate) blind: [u128; ZONES],
    /// By zone, protocol and direction.
    pub(crate) transactions: Box<[Box<[[TransactionIndex; 2]]>]>,
    /// Whose transactions are looked at together with the stream before them: bit by protocol, by zone and direction.
    pub(crate) backward: [[u128; 2]; ZONES],
    /// Patterns. Versions of a protocol share theirs, and so do zones. They are packed by themselves.
    #[serde(skip)]
    pub(crate) scanners: Scanners,
    /// Rules on frames.
    pub(crate) frames: Box<[u32]>,
    /// Rules on addresses alone.
    pub(crate) ip_only: AddressIndex,
}

/// Rules that are found together, for those who want to know what inspection costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What traffic they are held against: `tcp to_server stream`, `http to_client file.data`, …
    pub name: String,
    /// Which of [`crate::Witness::searches`] is about it; groups with the same strings share one.
    pub search: Option<u32>,
    /// Strings that are looked for there at each fourth, each second and each position, and those of up to three bytes.
    pub strings: [usize; 4],
    /// Bytes of memory that looking for them takes.
    pub size_bytes: usize,
    /// Rules without a string, which are held against everything of their group that has what their header asks for.
    pub unfiltered: usize,
}

impl Index {
    /// All groups that have rules.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let sides = ["to_server", "to_client"];
        let group = |name: String, search: Option<u32>, unfiltered: usize| {
            let scanner = search.and_then(|at| self.scanner(at));
            let strings = scanner.map_or([0; 4], Scanner::tiers);
            Group { name, search, strings, size_bytes: scanner.map_or(0, Scanner::size_bytes), unfiltered }
        };
        let mut groups = Vec::new();
        let zones = || self.border.names().into_iter();
        let by_class = zones().zip(&self.packets).flat_map(|(zone, of_zone)| {
            Class::ALL.iter().zip(of_zone).map(move |(class, of_class)| (zone, class, of_class))
        });
        for (zone, class, of_class) in by_class {
            for (side, index) in sides.iter().zip(of_class) {
                let name = format!("{zone}{class:?} {side}").to_lowercase();
                let from = index.sources.iter().map(|(port, it)| (format!("{name} from {port}"), it));
                let to = index.destinations.iter().map(|(port, it)| (format!("{name} to {port}"), it));
                for (name, patterns) in std::iter::once((name.clone(), &index.any)).chain(from).chain(to) {
                    groups.push(group(format!("{name} stream"), patterns.stream, 0));
                    groups.push(group(format!("{name} packet"), patterns.packet, 0));
                    let unfiltered = patterns.unfiltered.iter().map(|(_, rules)| rules.len()).sum();
                    groups.push(group(name, None, unfiltered));
                }
            }
        }
        let by_protocol = zones().zip(&self.transactions).flat_map(|(zone, of_zone)| {
            protocol::REGISTRY.iter().zip(of_zone).map(move |(protocol, of)| (zone, protocol, of))
        });
        for (zone, protocol, of_protocol) in by_protocol {
            for (side, index) in sides.iter().zip(of_protocol) {
                let name = format!("{zone}{} {side}", protocol.name);
                for engine in &index.engines {
                    let what = match engine.source {
                        Source::Field(field) => {
                            protocol.fields.get(usize::from(field)).map_or("", |field| field.name)
                        }
                        Source::FileData => "file.data",
                        Source::FileName => "file.name",
                        Source::FileMagic => "file.magic",
                    };
                    let transformed = if engine.transforms.is_empty() { "" } else { " transformed" };
                    groups.push(group(format!("{name} {what}{transformed}"), Some(engine.scanner), 0));
                }
                groups.push(group(name, None, index.unfiltered.len()));
            }
        }
        groups.push(group("frames".to_owned(), None, self.frames.len()));
        groups.retain(|group| group.unfiltered > 0 || group.strings != [0; 4]);
        groups
    }
}

impl Index {
    /// The groups of packets of a zone, class and direction.
    #[inline]
    pub(crate) fn packets(&self, zone: usize, class: Class, direction: Direction) -> Option<&PacketIndex> {
        self.packets.get(zone)?.get(class as usize)?.get(direction.index())
    }

    /// The groups of transactions of a zone, protocol and direction.
    #[inline]
    pub(crate) fn transactions(
        &self,
        zone: usize,
        protocol: ProtocolId,
        direction: Direction,
    ) -> Option<&TransactionIndex> {
        self.transactions.get(zone)?.get(usize::from(protocol.0))?.get(direction.index())
    }

    /// Whether no rule looks at the transactions of a flow, whichever side is taken for the server.
    #[inline]
    pub(crate) fn is_blind_to(&self, zone: usize, protocol: ProtocolId) -> bool {
        self.blind.get(zone).is_some_and(|protocols| protocols >> protocol.0 & 1 != 0)
    }

    /// By zone, the protocols whose transactions have no rule there, nor on the way back.
    pub(crate) fn blind(transactions: &[Box<[[TransactionIndex; 2]]>]) -> [u128; ZONES] {
        let none = |zone: usize, protocol: usize| {
            let index = transactions.get(zone).and_then(|of_zone| of_zone.get(protocol));
            index.is_none_or(|sides| sides.iter().all(TransactionIndex::is_empty))
        };
        std::array::from_fn(|zone| {
            let protocols = 0..protocol::REGISTRY.len();
            let blind = protocols.filter(|protocol| none(zone, *protocol) && none(mirrored(zone), *protocol));
            blind.fold(0, |bits, protocol| bits | 1 << protocol)
        })
    }

    /// The patterns at a position.
    #[inline]
    pub(crate) fn scanner(&self, position: u32) -> Option<&Scanner> {
        self.scanners.get(position as usize)
    }
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

    /// Whether packets of this class may have one of the IP protocols of a set. Without IP there is none.
    pub(crate) fn has_any(self, protocols: &[u64; 4]) -> bool {
        self != Class::NotIp
            && (0..=255).any(|number| {
                Class::of(number) == self && protocols[usize::from(number / 64)] >> (number % 64) & 1 != 0
            })
    }
}

/// Rules that packets of one class and direction meet.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PacketIndex {
    /// Patterns of rules for any port, or for many.
    pub(crate) any: Patterns,
    /// Patterns of rules for few source ports.
    pub(crate) sources: ByPort,
    /// Patterns of rules for few destination ports.
    pub(crate) destinations: ByPort,
}

/// Patterns by port.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ByPort {
    /// A bit for the lower bits of each port: most ports of packets are chosen at random, and have none.
    bits: [u64; PORT_BITS / 64],
    /// In order; by themselves, since they are searched for every packet.
    ports: Box<[u16]>,
    patterns: Box<[Patterns]>,
}

/// Bits that tell ports without patterns.
const PORT_BITS: usize = 1024;

impl ByPort {
    /// From ports in order.
    pub(crate) fn new(all: impl Iterator<Item = (u16, Patterns)>) -> Self {
        let (ports, patterns): (Vec<u16>, Vec<Patterns>) = all.unzip();
        let mut bits = [0; PORT_BITS / 64];
        for port in &ports {
            let bit = usize::from(*port) % PORT_BITS;
            bits[bit / 64] |= 1 << (bit % 64);
        }
        Self { bits, ports: ports.into(), patterns: patterns.into() }
    }

    #[inline]
    fn get(&self, port: u16) -> Option<&Patterns> {
        let bit = usize::from(port) % PORT_BITS;
        if self.bits[bit / 64] >> (bit % 64) & 1 == 0 {
            return None;
        }
        let at = self.ports.binary_search(&port).ok()?;
        self.patterns.get(at)
    }

    fn iter(&self) -> impl Iterator<Item = (&u16, &Patterns)> {
        self.ports.iter().zip(&self.patterns)
    }
}

impl PacketIndex {
    /// Patterns that a packet between these ports meets: those for any port, for its source, for its destination.
    #[inline]
    pub(crate) fn patterns(&self, source: u16, destination: u16) -> [Option<&Patterns>; 3] {
        [Some(&self.any), self.sources.get(source), self.destinations.get(destination)]
    }
}

/// Patterns of packets, by their position in [`Index::scanners`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Patterns {
    /// Looked for in the stream.
    pub(crate) stream: Option<u32>,
    /// Looked for in packets.
    pub(crate) packet: Option<u32>,
    pub(crate) joined: Joined,
    /// Rules without a pattern, by what the packet must have.
    pub(crate) unfiltered: Box<[(u16, Box<[u32]>)]>,
}

/// Whether the patterns of a port have those for any port among them.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Joined {
    pub(crate) stream: bool,
    pub(crate) packet: bool,
}

impl Joined {
    /// What either has.
    pub(crate) fn or(self, other: Joined) -> Joined {
        Joined { stream: self.stream || other.stream, packet: self.packet || other.packet }
    }
}

/// Rules that transactions of one protocol and direction meet.
#[derive(Debug, Serialize, Deserialize)]
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
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Engine {
    /// Progress from which the buffer can be read.
    pub(crate) progress: u8,
    pub(crate) source: Source,
    /// What is done to the buffer first.
    pub(crate) transforms: Box<[Transform]>,
    /// Position of the patterns in [`Index::scanners`].
    pub(crate) scanner: u32,
}

/// Where an engine's bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Source {
    Field(u16),
    FileData,
    FileName,
    FileMagic,
}

/// Finds rules by one of their addresses.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct AddressIndex {
    /// A bit for each network of 16 bits that has rules: most addresses of packets have none.
    networks: [Box<[u64]>; 2],
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
        let networks = [0, 1].map(|side| networks(&v4[side]));
        Self { networks, v4: v4.map(Intervals::build), v6: v6.map(Intervals::build), loose: loose.into() }
    }

    fn has_network(&self, side: usize, address: Ipv4Addr) -> bool {
        let network = address.to_bits() >> 16;
        self.networks[side].get(network as usize / 64).is_some_and(|bits| bits >> (network % 64) & 1 != 0)
    }

    /// Rules that may match a packet between these addresses; unordered.
    pub(crate) fn find(&self, src: IpAddr, dst: IpAddr, out: &mut Vec<u32>) {
        out.clear();
        out.extend_from_slice(&self.loose);
        for (side, address) in [src, dst].into_iter().enumerate() {
            let found = match address {
                IpAddr::V4(address) if self.has_network(side, address) => {
                    self.v4[side].find(address.to_bits())
                }
                IpAddr::V4(_) => &[],
                IpAddr::V6(address) => self.v6[side].find(address.to_bits()),
            };
            out.extend_from_slice(found);
        }
    }
}

/// A bit for each network of 16 bits that a range reaches into.
fn networks(ranges: &[(u32, u32, u32)]) -> Box<[u64]> {
    let mut bits = vec![0u64; (1 << 16) / 64];
    for (low, high, _) in ranges {
        for network in low >> 16..=high >> 16 {
            bits[network as usize / 64] |= 1 << (network % 64);
        }
    }
    bits.into()
}

/// Stretches of numbers between which the set of rules changes.
#[derive(Debug, Default, Serialize, Deserialize)]
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
