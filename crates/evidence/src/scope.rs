//! Which packets a bundle needs, and the pass over the input that picks them.
//!
//! A detector's numbers come from more than its evidence packets: a beacon's jitter from every contact, a scan's share from every
//! try. So a scope names host pairs and hosts, and the packets of all their flows are picked, long payloads left out. Beside
//! them: the evidence itself, whole; DNS messages that carry an address or a name that a claim speaks of; and the first and
//! the last packet of the input, which mark its span.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use capture::{Batch, Source};
use decode::{Decoder, Icmp, Layers, Network, Transport};
use model::Packet;

use crate::cut::{Flow, flow};
use crate::pieces::{self, Ranges};
use crate::{Cutter, Keep, SlicePacket};

/// Packets handed out at a time while picking.
const BATCH_PACKETS: usize = 4_096;
/// Ports of name services whose messages are searched for names and addresses.
const NAME_PORTS: [u16; 3] = [53, 5353, 5355];

/// Which packets are needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Evidence packets, and the findings that name them.
    pub evidence: BTreeMap<u64, Vec<u64>>,
    /// Pairs of hosts, lower address first, and how much of their payload is kept.
    pub pairs: BTreeMap<(IpAddr, IpAddr), Keep>,
    /// Flows, and how much of their payload is kept.
    pub flows: BTreeMap<Flow, Keep>,
    /// Hosts, and how much of their payload is kept.
    pub hosts: BTreeMap<IpAddr, Keep>,
    /// What name service messages are searched for: addresses and names in the form of the wire.
    pub needles: BTreeSet<Vec<u8>>,
    /// Packets without IP addresses, such as ARP.
    pub without_address: bool,
    /// Everything, and how much of its payload is kept.
    pub everything: Option<Keep>,
    /// The headers of the first packet of each host of ours: that it was there counts, where shares of hosts are claimed.
    pub witnesses: bool,
}

impl Scope {
    /// Adds a pair of hosts.
    pub fn pair(&mut self, a: IpAddr, b: IpAddr, keep: Keep) {
        let known = self.pairs.entry((a.min(b), a.max(b))).or_default();
        *known = keep.or_more(*known);
    }

    /// Adds a flow.
    pub fn flow(&mut self, flow: Flow, keep: Keep) {
        let known = self.flows.entry(flow).or_default();
        *known = keep.or_more(*known);
    }

    /// Adds a host.
    pub fn host(&mut self, address: IpAddr, keep: Keep) {
        let known = self.hosts.entry(address).or_default();
        *known = keep.or_more(*known);
    }

    /// Adds an address that name service answers may carry.
    pub fn address_needle(&mut self, address: IpAddr) {
        self.needles.insert(match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        });
    }

    /// Adds a name that questions may ask for.
    pub fn name_needle(&mut self, name: &str) {
        let mut wire = Vec::with_capacity(name.len() + 1);
        for label in name.trim_end_matches('.').split('.') {
            wire.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
            wire.extend(label.bytes().map(|byte| byte.to_ascii_lowercase()));
        }
        // A single label is in too many messages.
        if name.contains('.') {
            self.needles.insert(wire);
        }
    }

    /// Whether a packet is needed, and if so how much of its flow's payload.
    fn wants(&self, id: u64, levels: &[Layers], bytes: &[u8]) -> Option<Keep> {
        if self.evidence.contains_key(&id) {
            return Some(Keep::WHOLE);
        }
        let mut want = self.everything;
        let mut add = |keep: Option<&Keep>| {
            want = keep.map(|keep| keep.or_more(want.unwrap_or_default())).or(want);
        };
        for (src, dst) in levels.iter().flat_map(ends) {
            add(self.pairs.get(&(src.min(dst), src.max(dst))));
            add(self.hosts.get(&src));
            add(self.hosts.get(&dst));
        }
        if !self.flows.is_empty() {
            levels.iter().for_each(|layers| add(self.flows.get(&flow(layers))));
        }
        let addressed =
            levels.iter().any(|layers| matches!(layers.network, Network::Ipv4 { .. } | Network::Ipv6 { .. }));
        let is_named = || levels.iter().any(|layers| self.names_it(layers, bytes));
        if (self.without_address && !addressed) || (want.is_none() && is_named()) {
            want = Some(Keep::WHOLE);
        }
        want
    }

    fn names_it(&self, layers: &Layers, bytes: &[u8]) -> bool {
        let of_names = NAME_PORTS.contains(&layers.src_port) || NAME_PORTS.contains(&layers.dst_port);
        if self.needles.is_empty() || !of_names {
            return false;
        }
        let payload =
            bytes.get(layers.payload.start as usize..layers.payload.end as usize).unwrap_or_default();
        let payload = payload.to_ascii_lowercase();
        self.needles
            .iter()
            .any(|needle| payload.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle)))
    }
}

/// The pairs of addresses of a level: its own, and those of the datagram that an error report quotes.
fn ends(layers: &Layers) -> impl Iterator<Item = (IpAddr, IpAddr)> {
    let quoted = match &layers.transport {
        Transport::Icmp(Icmp { embedded: Some(quoted), .. })
        | Transport::Icmp6(Icmp { embedded: Some(quoted), .. }) => Some((quoted.src, quoted.dst)),
        _ => None,
    };
    [Some((layers.src, layers.dst)), quoted].into_iter().flatten()
}

/// What was picked.
#[derive(Debug, Default)]
pub struct Selected {
    /// Packets, in order.
    pub packets: Vec<SlicePacket>,
    /// Which of their bytes somebody may have to take out.
    pub sensitive: Ranges,
    /// Bytes of the packets.
    pub bytes: u64,
    /// Packets of the input.
    pub seen: u64,
    /// By finding: the pairs of hosts of its evidence packets.
    pub evidence_pairs: BTreeMap<u64, BTreeSet<(IpAddr, IpAddr)>>,
    /// By finding: their flows.
    pub evidence_flows: BTreeMap<u64, BTreeSet<Flow>>,
}

/// Hosts of ours whose first packet is picked.
const WITNESSES_MAX: usize = 65_536;

/// More packets are needed than a bundle holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    /// The limit, in bytes.
    pub bytes_max: u64,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the packets that are needed exceed {} bytes", self.bytes_max)
    }
}

/// Picks the packets of a scope out of an input.
///
/// # Errors
/// When they are more than `bytes_max`.
pub fn select(
    source: &mut Source,
    scope: &Scope,
    config: &decode::Config,
    ours: &dyn Fn(IpAddr) -> bool,
    bytes_max: u64,
) -> Result<Selected, TooLarge> {
    let mut picker = Picker {
        scope,
        decoder: Decoder::new(config.clone()),
        cutter: Cutter::default(),
        mail: Mail::default(),
        selected: Selected::default(),
        met: BTreeSet::new(),
        bytes_max,
        ours,
    };
    let mut batch = Batch::new();
    let mut last: Option<SlicePacket> = None;
    while source.next_batch(&mut batch, BATCH_PACKETS) {
        for (index, packet) in batch.iter().enumerate() {
            let own_time = batch.original_time(index).unwrap_or(packet.time);
            picker.packet(&packet, own_time)?;
        }
        if let Some((index, packet)) = batch.iter().enumerate().last() {
            last = Some(whole(&packet, batch.original_time(index).unwrap_or(packet.time)));
        }
    }
    let mut selected = picker.selected;
    if let Some(last) = last
        && selected.packets.last().is_some_and(|known| known.id != last.id)
    {
        selected.bytes += last.bytes.len() as u64;
        selected.packets.push(last);
    }
    Ok(selected)
}

struct Picker<'a> {
    scope: &'a Scope,
    decoder: Decoder,
    cutter: Cutter,
    mail: Mail,
    selected: Selected,
    /// Hosts of ours whose first packet was picked.
    met: BTreeSet<IpAddr>,
    bytes_max: u64,
    ours: &'a dyn Fn(IpAddr) -> bool,
}

impl Picker<'_> {
    fn packet(&mut self, packet: &Packet<'_>, own_time: model::Time) -> Result<(), TooLarge> {
        let levels = self.decoder.decode(packet.link, packet.bytes, packet.time);
        self.selected.seen += 1;
        let mail = self.mail.body(levels, packet.bytes);
        let want = self.scope.wants(packet.id.0, levels, packet.bytes);
        let witness = self.scope.witnesses && first_met(&mut self.met, levels, self.ours);
        let want = want.or((witness || self.selected.seen == 1).then_some(Keep::HEADERS));
        let Some(most) = want else { return Ok(()) };
        let keep = self.cutter.keep(levels, packet.bytes, packet.wire_len, most);
        let mut picked = whole(packet, own_time);
        if let Some(keep) = keep {
            picked.bytes.truncate(keep as usize);
            picked.cut = true;
        }
        if let Some(findings) = self.scope.evidence.get(&packet.id.0) {
            picked.evidence_of.clone_from(findings);
            for finding in findings {
                let pairs = self.selected.evidence_pairs.entry(*finding).or_default();
                pairs.extend(levels.iter().flat_map(ends).map(|(a, b)| (a.min(b), a.max(b))));
                self.selected.evidence_flows.entry(*finding).or_default().extend(levels.iter().map(flow));
            }
        }
        let sensitive = pieces::find(levels, &picked.bytes, mail, self.ours);
        if !sensitive.is_empty() {
            self.selected.sensitive.insert(picked.id, sensitive);
        }
        self.selected.bytes += picked.bytes.len() as u64;
        self.selected.packets.push(picked);
        if self.selected.bytes > self.bytes_max {
            return Err(TooLarge { bytes_max: self.bytes_max });
        }
        Ok(())
    }
}

/// Whether a host of ours shows up in a packet for the first time.
fn first_met(met: &mut BTreeSet<IpAddr>, levels: &[Layers], ours: &dyn Fn(IpAddr) -> bool) -> bool {
    let mut first = false;
    for address in levels.iter().flat_map(|layers| [layers.src, layers.dst]) {
        if met.len() < WITNESSES_MAX && ours(address) {
            first |= met.insert(address);
        }
    }
    first
}

fn whole(packet: &Packet<'_>, own_time: model::Time) -> SlicePacket {
    SlicePacket {
        id: packet.id.0,
        own_time,
        time: packet.time,
        link: packet.link,
        bytes: packet.bytes.to_vec(),
        wire_len: packet.wire_len,
        cut: false,
        evidence_of: Vec::new(),
    }
}

/// Which conversations are in the middle of a mail.
#[derive(Debug, Default)]
struct Mail {
    /// Client, its port, server: a server said 354, and the end was not seen yet.
    open: BTreeSet<(IpAddr, u16, IpAddr)>,
}

/// Mails under way that are remembered.
const MAILS_MAX: usize = 65_536;

impl Mail {
    /// The part of a packet's payload that is a mail body.
    fn body(&mut self, levels: &[Layers], bytes: &[u8]) -> Option<(usize, usize)> {
        let layers = levels.last().filter(|layers| matches!(layers.transport, Transport::Tcp(_)))?;
        let (from, to) = (layers.payload.start as usize, layers.payload.end as usize);
        let payload = bytes.get(from..to).filter(|payload| !payload.is_empty())?;
        if matches!(layers.dst_port, 25 | 587 | 2525) {
            let key = (layers.src, layers.src_port, layers.dst);
            if !self.open.contains(&key) {
                return None;
            }
            if payload.ends_with(b"\r\n.\r\n") || payload == b".\r\n" {
                self.open.remove(&key);
            }
            return Some((from, to));
        }
        if matches!(layers.src_port, 25 | 587 | 2525) {
            if payload.starts_with(b"354") && self.open.len() < MAILS_MAX {
                self.open.insert((layers.dst, layers.dst_port, layers.src));
            }
            return None;
        }
        if matches!(layers.src_port, 110 | 143) {
            // The first line is the answer, what follows is the mail or a part of it.
            let starts_answer = payload.starts_with(b"+OK") || payload.starts_with(b"* ");
            let line = payload.windows(2).position(|pair| pair == b"\r\n").map_or(payload.len(), |at| at + 2);
            let body = from + if starts_answer { line } else { 0 };
            return (body < to).then_some((body, to));
        }
        None
    }
}
