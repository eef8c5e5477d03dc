//! Conditions on the packet and its flow.

use decode::{Network, Tcp, Transport};
use model::Direction;
use protocol::{AppStatus, HOLE};

use super::Run;
use crate::ir::{
    AppSide, BitTrack, Checksummed, Counter, CountryTest, FlowSide, IpReputation, Items, PacketTest,
    Quantity, ReputationSide, StreamSide, TcpFlags, TcpFlagsMode,
};
use crate::sig::{Kind, Sig, Test};
use crate::{HostBits, NumberTest};

impl Run<'_, '_> {
    /// Whether all conditions on packet and flow hold.
    pub(super) fn tests(&mut self, sig: &Sig) -> bool {
        sig.tests.iter().all(|test| self.test(sig, test))
    }

    pub(super) fn test(&mut self, sig: &Sig, test: &Test) -> bool {
        let state = self.scene.flow.as_ref().map(|flow| &*flow.state);
        match test {
            Test::Packet(test) => self.packet_test(sig, test),
            Test::BitsSet(bits) => state.is_some_and(|state| bits.iter().any(|bit| state.has_bit(*bit))),
            Test::BitsNotSet(bits) => state.is_some_and(|state| bits.iter().any(|bit| !state.has_bit(*bit))),
            Test::IntIs { name, test, other } => state.is_some_and(|state| {
                let Some(value) = state.int(*name) else { return false };
                match other {
                    Some(other) => {
                        state.int(*other).is_some_and(|other| test.with(other.into()).holds(value.into()))
                    }
                    None => test.holds(value.into()),
                }
            }),
            Test::IntSet(name) => state.is_some_and(|state| state.int(*name).is_some()),
            Test::IntNotSet(name) => state.is_some_and(|state| state.int(*name).is_none()),
            // Bits of transactions are looked at with the transaction at hand.
            Test::Xbit { track: BitTrack::Tx, .. } => true,
            Test::Xbit { bit, track, set } => self.xbit(*bit, *track) == *set,
            Test::Flowvar { name, bytes, negated } => state
                .and_then(|state| state.var(*name))
                .is_some_and(|value| contains(value, bytes) != *negated),
            Test::Pktvar { name, bytes, negated } => self
                .outcome
                .packet_vars
                .iter()
                .any(|(known, value)| known == name && contains(value, bytes) != *negated),
        }
    }

    fn xbit(&self, bit: u32, track: BitTrack) -> bool {
        let layers = self.scene.layers;
        let has = |bits: &HostBits| bits.has(bit, track, layers.src, layers.dst, self.scene.time);
        match (&self.late, &self.tools.turns) {
            (Some(late), _) => has(&late.bits),
            (None, Some(turns)) => {
                let mut set = false;
                turns.take(&mut |bits| set = has(bits));
                set
            }
            (None, None) => false,
        }
    }

    fn packet_test(&self, sig: &Sig, test: &PacketTest) -> bool {
        match test {
            PacketTest::DecodeEvent(event) => self.scene.layers.events.contains(*event),
            PacketTest::IpProto(set) => {
                let protocol = self.scene.layers.protocol;
                !matches!(self.scene.layers.network, Network::None | Network::Arp { .. })
                    && set[usize::from(protocol / 64)] & (1 << (protocol % 64)) != 0
            }
            PacketTest::Version(version) => match self.scene.layers.network {
                Network::Ipv4 { .. } => *version == 4,
                Network::Ipv6 { .. } => *version == 6,
                Network::None | Network::Arp { .. } => false,
            },
            PacketTest::VlanId(test, items) => {
                let count = usize::from(self.scene.layers.vlan_count);
                let ids = self.scene.layers.vlans.get(..count).unwrap_or_default();
                items_hold(*items, *test, true, |at| ids.get(at).map(|id| u64::from(*id)))
            }
            PacketTest::VlanLayers(test) => test.holds(self.scene.layers.vlan_count.into()),
            PacketTest::Vni(test) => test.holds(self.scene.layers.tenant.into()),
            PacketTest::Reputation(reputation) => self.reputation(reputation),
            PacketTest::Country(country) => self.country(country),
            PacketTest::Never => false,
            PacketTest::StreamEvent(_)
            | PacketTest::AppEvent(_)
            | PacketTest::StreamSize(..)
            | PacketTest::Flow(_)
            | PacketTest::FlowAge(_)
            | PacketTest::FlowCount(..)
            | PacketTest::Elephant(_)
            | PacketTest::TcpSession(_)
            | PacketTest::AppProtocol { .. } => self.flow_test(sig, test),
            // The rest is about headers, which a pseudo packet does not have.
            _ => !self.scene.pseudo && self.header_test(test),
        }
    }

    fn header_test(&self, test: &PacketTest) -> bool {
        let layers = self.scene.layers;
        match (test, layers.network) {
            (PacketTest::Ttl(test), Network::Ipv4 { .. } | Network::Ipv6 { .. }) => {
                test.holds(layers.ttl.into())
            }
            (PacketTest::Tos(test), Network::Ipv4 { tos, .. }) => test.holds(tos.into()),
            (PacketTest::Tos(test), Network::Ipv6 { class, .. }) => test.holds(class.into()),
            (PacketTest::Id(test), Network::Ipv4 { id, .. }) => test.holds(id.into()),
            (PacketTest::IpOptions(bits), Network::Ipv4 { options, .. }) => options & bits != 0,
            (PacketTest::FragmentBits { bits, mode }, Network::Ipv4 { flags, .. }) => {
                bits_hold(flags, *bits, *mode)
            }
            (PacketTest::FragmentOffset(test), Network::Ipv4 { .. } | Network::Ipv6 { .. }) => {
                test.holds(layers.fragment.map_or(0, |fragment| u64::from(fragment.offset / 8)))
            }
            (PacketTest::SameIp, Network::Ipv4 { .. } | Network::Ipv6 { .. }) => layers.src == layers.dst,
            // Another size than this one is still some size: packets without payload are not meant.
            (PacketTest::Dsize(NumberTest::NotEqual(_)), _) if self.scene.payload.is_empty() => false,
            (PacketTest::Dsize(test), _) => test.holds(self.scene.payload.len() as u64),
            (PacketTest::Checksum(which, valid), _) => self.checksum(*which) == Some(*valid),
            (PacketTest::Rpc { program, version, procedure }, _) => {
                rpc_holds(self.scene.payload, layers.protocol == 6, *program, *version, *procedure)
            }
            (test, _) => self.transport_test(test),
        }
    }

    fn transport_test(&self, test: &PacketTest) -> bool {
        match (test, self.scene.layers.transport) {
            (PacketTest::Flags(flags), Transport::Tcp(tcp)) => flags_hold(tcp, *flags),
            (PacketTest::Seq(test), Transport::Tcp(tcp)) => test.holds(tcp.seq.into()),
            (PacketTest::Ack(test), Transport::Tcp(tcp)) => test.holds(tcp.ack.into()),
            (PacketTest::Window(test), Transport::Tcp(tcp)) => test.holds(tcp.window.into()),
            (PacketTest::Mss(test), Transport::Tcp(tcp)) => tcp.mss.is_some_and(|mss| test.holds(mss.into())),
            (PacketTest::WindowScale(test), Transport::Tcp(tcp)) => {
                tcp.scale.is_some_and(|scale| test.holds(scale.into()))
            }
            (PacketTest::IcmpType(test), Transport::Icmp(icmp) | Transport::Icmp6(icmp)) => {
                test.holds(icmp.kind.into())
            }
            (PacketTest::IcmpCode(test), Transport::Icmp(icmp) | Transport::Icmp6(icmp)) => {
                test.holds(icmp.code.into())
            }
            (PacketTest::IcmpId(test), Transport::Icmp(icmp) | Transport::Icmp6(icmp)) => {
                icmp.id.is_some_and(|id| test.holds(id.into()))
            }
            (PacketTest::IcmpSeq(test), Transport::Icmp(icmp) | Transport::Icmp6(icmp)) => {
                icmp.seq.is_some_and(|seq| test.holds(seq.into()))
            }
            (PacketTest::IcmpMtu(test), Transport::Icmp6(icmp)) => {
                // Packet too big (RFC 4443 §3.2): the MTU follows the checksum.
                let at = icmp.at as usize + 4;
                let mtu = self.scene.bytes.get(at..).and_then(|bytes| bytes.first_chunk::<4>());
                icmp.kind == 2 && mtu.is_some_and(|mtu| test.holds(u32::from_be_bytes(*mtu).into()))
            }
            (PacketTest::IgmpType(test), Transport::Igmp(igmp)) => test.holds(igmp.kind.into()),
            _ => false,
        }
    }

    fn flow_test(&self, sig: &Sig, test: &PacketTest) -> bool {
        let Some(flow) = &self.scene.flow else { return false };
        match test {
            PacketTest::StreamEvent(event) => {
                flow.stream.is_some_and(|stream| *event < 128 && stream.events & 1 << event != 0)
            }
            PacketTest::AppEvent(name) => flow.app_events.iter().any(|event| event == name),
            PacketTest::StreamSize(side, test) => flow.stream.is_some_and(|stream| {
                let [client, server] = stream.sizes.map(|size| test.holds(size.into()));
                match side {
                    StreamSide::Client => client,
                    StreamSide::Server => server,
                    StreamSide::Both => client && server,
                    StreamSide::Either => client || server,
                }
            }),
            PacketTest::FlowAge(test) => test.holds(flow.age_secs),
            PacketTest::FlowCount(counter, side, test) => {
                let counts = match counter {
                    Counter::Packets => flow.packets,
                    Counter::Bytes => flow.bytes,
                };
                let [to_server, to_client] = counts.map(|count| test.holds(count));
                match side {
                    FlowSide::ToServer => to_server,
                    FlowSide::ToClient => to_client,
                    FlowSide::Either => to_server || to_client,
                    FlowSide::Both => to_server && to_client,
                }
            }
            PacketTest::TcpSession(states) => flow.stream.is_some_and(|stream| {
                let state = u8::from(stream.established);
                states & 1 << state != 0
            }),
            PacketTest::AppProtocol { .. } => self.app_protocol(sig, test),
            _ => false,
        }
    }

    fn app_protocol(&self, sig: &Sig, test: &PacketTest) -> bool {
        let PacketTest::AppProtocol { protocols, failed, unknown, side, negated, exact } = test else {
            return false;
        };
        let Some(flow) = &self.scene.flow else { return false };
        // A rule about nothing else is asked when detection comes to an end, not on each packet after it.
        if sig.kind == Kind::ProtocolOnly && !flow.detected.contains(&true) {
            return false;
        }
        let app = &*flow.app;
        let given_up = app.status() == AppStatus::Failed;
        let one = |seen: Option<protocol::ProtocolId>, done: bool| match seen {
            Some(seen) if *exact => Some(protocols.contains(&seen)),
            Some(seen) => Some(crate::compile::speaks(protocols, seen)),
            None if done => Some(*failed),
            None => unknown.then_some(true),
        };
        let at = |direction: Direction| {
            let done = given_up || flow.detected[direction.index()] && app.seen(direction).is_none();
            one(app.seen(direction), done)
        };
        // What is not known yet neither is nor is not a protocol.
        let answer = |found: Option<bool>| found.is_some_and(|found| found != *negated);
        match side {
            AppSide::Direction => answer(at(flow.direction)),
            AppSide::ToServer => answer(at(Direction::ToServer)),
            AppSide::ToClient => answer(at(Direction::ToClient)),
            AppSide::Final => answer(one(app.protocol_id(), given_up)),
            AppSide::Original => app.before().is_some_and(|before| answer(one(Some(before), true))),
            AppSide::Either => answer(at(Direction::ToServer)) || answer(at(Direction::ToClient)),
        }
    }

    fn reputation(&self, wanted: &IpReputation) -> bool {
        let layers = self.scene.layers;
        let holds = |address| match self.rules.reputation(address, wanted.category) {
            Some(_) if wanted.unset => false,
            Some(value) => wanted.test.holds(value.into()),
            None => wanted.unset,
        };
        match wanted.side {
            ReputationSide::Source => holds(layers.src),
            ReputationSide::Destination => holds(layers.dst),
            ReputationSide::Any => holds(layers.src) || holds(layers.dst),
            ReputationSide::Both => holds(layers.src) && holds(layers.dst),
        }
    }

    fn country(&self, wanted: &CountryTest) -> bool {
        let layers = self.scene.layers;
        if !matches!(layers.network, Network::Ipv4 { .. } | Network::Ipv6 { .. }) {
            return false;
        }
        let holds = |address| {
            let known = wanted.countries.of(address);
            known.is_some_and(|code| wanted.codes.contains(&code) != wanted.negated)
        };
        match wanted.side {
            ReputationSide::Source => holds(layers.src),
            ReputationSide::Destination => holds(layers.dst),
            ReputationSide::Any => holds(layers.src) || holds(layers.dst),
            ReputationSide::Both => holds(layers.src) && holds(layers.dst),
        }
    }

    /// Whether a checksum of the packet is right; `None` when it has none of this kind.
    fn checksum(&self, which: Checksummed) -> Option<bool> {
        let layers = self.scene.layers;
        let v4 = matches!(layers.network, Network::Ipv4 { .. });
        let datagram = self.scene.bytes.get(layers.datagram.start as usize..layers.datagram.end as usize)?;
        if which == Checksummed::Ipv4 {
            let len = usize::from(datagram.first()? & 0x0f) * 4;
            return v4.then(|| sum(datagram.get(..len).unwrap_or_default(), 0) == 0xffff);
        }
        let (protocol, version4) = match which {
            Checksummed::Ipv4 => return None,
            Checksummed::TcpV4 => (6, true),
            Checksummed::TcpV6 => (6, false),
            Checksummed::UdpV4 => (17, true),
            Checksummed::UdpV6 => (17, false),
            Checksummed::Icmp => (1, true),
            Checksummed::Icmp6 => (58, false),
            Checksummed::Igmp => (2, true),
        };
        if protocol != layers.protocol || v4 != version4 || layers.fragment.is_some() {
            return None;
        }
        let segment = datagram.get(usize::from(layers.network_header_len)..)?;
        if protocol == 17 && version4 && segment.get(6..8)? == [0, 0] {
            return None;
        }
        let start = if matches!(protocol, 1 | 2) { 0 } else { self.pseudo_header(segment.len()) };
        Some(sum(segment, start) == 0xffff)
    }

    /// The sum of the pseudo header (RFC 9293 §3.1, RFC 8200 §8.1).
    fn pseudo_header(&self, len: usize) -> u32 {
        let layers = self.scene.layers;
        let address = |address| match address {
            std::net::IpAddr::V4(address) => u32::from(sum(&address.octets(), 0)),
            std::net::IpAddr::V6(address) => u32::from(sum(&address.octets(), 0)),
        };
        address(layers.src)
            + address(layers.dst)
            + u32::from(layers.protocol)
            + u32::try_from(len).unwrap_or(0)
    }
}

/// Ones' complement sum of 16-bit words (RFC 1071).
fn sum(bytes: &[u8], start: u32) -> u16 {
    let mut total = u64::from(start);
    let mut words = bytes.chunks_exact(2);
    for word in &mut words {
        if let [high, low] = word {
            total += u64::from(u16::from_be_bytes([*high, *low]));
        }
    }
    if let [last] = words.remainder() {
        total += u64::from(*last) << 8;
    }
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    u16::try_from(total).unwrap_or(0)
}

fn contains(value: &[u8], bytes: &[u8]) -> bool {
    memchr::memmem::find(value, bytes).is_some()
}

fn bits_hold(have: u8, wanted: u8, mode: TcpFlagsMode) -> bool {
    match mode {
        TcpFlagsMode::Exactly => have == wanted,
        TcpFlagsMode::AtLeast => have & wanted == wanted,
        TcpFlagsMode::Any => have & wanted != 0 || (wanted == 0 && have == 0),
        TcpFlagsMode::None => have & wanted != wanted,
    }
}

fn flags_hold(tcp: Tcp, flags: TcpFlags) -> bool {
    bits_hold(tcp.flags & !flags.ignored, flags.flags, flags.mode)
}

/// Whether a test holds for the items of a list; `get` ends with `None`. `complete`: nothing will be added to it, so that it
/// can be said what all of them are, and how many there are.
pub(super) fn items_hold(
    items: Items,
    test: NumberTest,
    complete: bool,
    get: impl Fn(usize) -> Option<u64>,
) -> bool {
    let len = || (0..ITEMS_MAX).take_while(|at| get(*at).is_some()).count();
    let part = match items.part {
        None => 0..ITEMS_MAX,
        Some((from, to)) => {
            if (from < 0 || to < 0) && !complete {
                return false;
            }
            let len = len();
            match (place(from, len), place(to, len)) {
                (Some(from), Some(to)) if to <= len => from..to,
                _ => 0..0,
            }
        }
    };
    let start = part.start;
    let all = || part.clone().map_while(&get).filter(|value| *value != HOLE);
    let any = || all().any(|value| test.holds(value));
    let every = || all().all(|value| test.holds(value));
    let none = || all().next().is_none();
    let at = |at: i32| match usize::try_from(at) {
        Ok(at) => get(start.saturating_add(at)),
        Err(_) if !complete => None,
        Err(_) => place(at, len()).and_then(&get),
    };
    let is = |value: u64| value != HOLE && test.holds(value);
    match items.quantity {
        Quantity::Any => any(),
        Quantity::All => complete && !none() && every(),
        Quantity::AllOrAbsent => complete && every(),
        Quantity::AnyOrAbsent => any() || complete && none(),
        Quantity::At(index) => at(index).is_some_and(is),
        Quantity::AtOrBeyond(index) => at(index).map_or(complete, is),
        Quantity::Count(count) => {
            let holding = all().filter(|value| test.holds(*value)).count();
            complete && count.holds(holding as u64)
        }
    }
}

/// The index that `at` means in a list of `len`; negative counts from the end.
fn place(at: i32, len: usize) -> Option<usize> {
    match usize::try_from(at) {
        Ok(at) => Some(at),
        Err(_) => len.checked_sub(at.unsigned_abs() as usize),
    }
}

/// Items of a list that are looked at.
const ITEMS_MAX: usize = 4096;

/// Whether a payload is an ONC RPC call (RFC 5531 §9) to this program, version and procedure.
fn rpc_holds(payload: &[u8], tcp: bool, program: u32, version: Option<u32>, procedure: Option<u32>) -> bool {
    // Over TCP a record mark comes first (§11).
    let Some(call) = payload.get(if tcp { 4 } else { 0 }..) else { return false };
    let word = |at: usize| {
        call.get(at * 4..).and_then(|bytes| bytes.first_chunk::<4>()).map(|bytes| u32::from_be_bytes(*bytes))
    };
    word(1) == Some(0)
        && word(3) == Some(program)
        && version.is_none_or(|version| word(4) == Some(version))
        && procedure.is_none_or(|procedure| word(5) == Some(procedure))
}
