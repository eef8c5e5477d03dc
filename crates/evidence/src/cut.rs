//! Leaving payload out, and putting zeros in its place for the re-run.
//!
//! Sizes and times of a long transfer matter to a claim, its content rarely does. A packet may be cut when its lengths and its
//! checksum were right, so that the engine took it whole: then the re-run takes it as long as it was, with zeros where the
//! payload was and a checksum that fits. What is cut is said in the packet's comment, and a bundle is only written after
//! the re-run gave the same claims.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use capture::{PickedPacket, Source};
use decode::{Checksum, Decoder, Layers, Network, Tcp, Transport};
use model::{LinkType, PacketId, Time};

use crate::SlicePacket;

/// Payloads this short are not worth cutting.
const SHORT_BYTES: u32 = 96;
/// Flows whose kept bytes are counted; the packets of further ones stay whole.
const FLOWS_MAX: usize = 1 << 19;

/// How much payload of a flow is kept, in bytes; the rest of it is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    /// Of each direction, from its beginning.
    pub start: u32,
    /// Of each message: what one side says before it pushes (RFC 9293 §3.9.1) or the other answers, or a datagram. Of flows that begin as TLS,
    /// SSH or QUIC nothing: what comes later is ciphertext.
    pub message: u32,
}

impl Keep {
    /// No payload.
    pub const HEADERS: Keep = Keep { start: 0, message: 0 };
    /// All of it.
    pub const WHOLE: Keep = Keep { start: u32::MAX, message: u32::MAX };

    /// As much as either asks for.
    pub fn or_more(self, other: Keep) -> Keep {
        Keep { start: self.start.max(other.start), message: self.message.max(other.message) }
    }
}

/// Both ends of a flow, the lower first, and the number of its protocol.
pub type Flow = ((IpAddr, u16), (IpAddr, u16), u8);

/// The flow that a level of a packet belongs to.
pub(crate) fn flow(layers: &Layers) -> Flow {
    let (a, b) = ((layers.src, layers.src_port), (layers.dst, layers.dst_port));
    (a.min(b), a.max(b), layers.protocol)
}

/// Decides how much of each packet is kept.
#[derive(Debug, Default)]
pub struct Cutter {
    flows: BTreeMap<Flow, Said>,
}

/// What the sides of a flow said so far, in bytes of payload.
#[derive(Debug, Default)]
struct Said {
    /// By the lower end, by the higher.
    bytes: [u32; 2],
    /// In this message.
    message_bytes: u32,
    /// This message is the higher end's.
    is_of_higher: bool,
    /// The last segment ended a message, as far as its sender says.
    was_pushed: bool,
    /// What comes later is ciphertext.
    is_opaque: bool,
}

impl Cutter {
    /// How many of a packet's bytes to keep, when so much is kept of its flow; `None`: all.
    pub fn keep(&mut self, levels: &[Layers], bytes: &[u8], wire_len: u32, most: Keep) -> Option<u32> {
        let [layers] = levels else { return None };
        let captured = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let length = layers.payload.end.saturating_sub(layers.payload.start);
        let plain = matches!(layers.transport, Transport::Tcp(_) | Transport::Udp { .. })
            && layers.checksum == Checksum::Good
            && layers.fragment.is_none()
            && !layers.invalid
            && captured == wire_len
            && layers.payload.end == captured
            && layers.datagram.end == captured;
        if !plain || length == 0 {
            return None;
        }
        let flow = flow(layers);
        if self.flows.len() >= FLOWS_MAX && !self.flows.contains_key(&flow) {
            return None;
        }
        let from_higher = flow.1 == (layers.src, layers.src_port);
        let said = self.flows.entry(flow).or_default();
        if said.bytes == [0, 0] {
            let payload = bytes.get(layers.payload.start as usize..).unwrap_or_default();
            said.is_opaque = begins_opaque(payload);
        }
        if said.is_of_higher != from_higher || said.was_pushed {
            (said.is_of_higher, said.message_bytes) = (from_higher, 0);
        }
        said.was_pushed = match &layers.transport {
            Transport::Tcp(tcp) => tcp.flags & Tcp::PSH != 0,
            _ => true,
        };
        let before = &mut said.bytes[usize::from(from_higher)];
        let of_message = if said.is_opaque && most != Keep::WHOLE { 0 } else { most.message };
        let room = most.start.saturating_sub(*before).max(of_message.saturating_sub(said.message_bytes));
        *before = before.saturating_add(length);
        said.message_bytes = said.message_bytes.saturating_add(length);
        (length > room.max(SHORT_BYTES)).then(|| layers.payload.start + room)
    }
}

/// Whether a flow that begins so is ciphertext later: a TLS handshake record (RFC 8446 §5.1), the banner of SSH
/// (RFC 4253 §4.2), the long header of QUIC 1 or 2 (RFC 9000 §17.2, RFC 9369 §3).
fn begins_opaque(payload: &[u8]) -> bool {
    matches!(
        payload,
        [0x16, 3, 0..=4, ..]
            | [b'S', b'S', b'H', b'-', ..]
            | [0xc0..=0xff, 0, 0, 0, 1, ..]
            | [0xc0..=0xff, 0x6b, 0x33, 0x43, 0xcf, ..]
    )
}

/// Packets as the engine is shown them in a re-run, each put together when its turn comes.
pub fn replay(packets: Arc<Vec<SlicePacket>>) -> Source {
    let (mut inflater, mut next) = (Inflater::default(), 0);
    Source::from_picked(std::iter::from_fn(move || {
        let packet = inflater.packet(packets.get(next)?);
        next += 1;
        Some(packet)
    }))
}

/// Puts packets together as they were, with zeros where payload was left out.
pub(crate) struct Inflater {
    decoder: Decoder,
}

impl Default for Inflater {
    fn default() -> Self {
        Self { decoder: Decoder::new(decode::Config { checksums: false, ..decode::Config::default() }) }
    }
}

impl Inflater {
    /// A packet as long as it was.
    pub(crate) fn packet(&mut self, packet: &SlicePacket) -> PickedPacket {
        let whole = packet.wire_len.min(capture::PACKET_BYTES_MAX) as usize;
        let mut bytes = Vec::with_capacity(if packet.cut { whole } else { packet.bytes.len() });
        bytes.extend_from_slice(&packet.bytes);
        if packet.cut {
            bytes.resize(whole, 0);
            self.mend_checksum(&mut bytes, packet.bytes.len(), packet.link, packet.time);
        }
        PickedPacket {
            id: PacketId(packet.id),
            time: packet.time,
            own_time: packet.own_time,
            link: packet.link,
            bytes,
            wire_len: packet.wire_len,
        }
    }

    /// Puts the transport checksum right (RFC 9293 §3.1, RFC 768) of a packet whose bytes from `filled` on are zeros.
    fn mend_checksum(&mut self, bytes: &mut [u8], filled: usize, link: LinkType, time: Time) {
        let Some(layers) = self.decoder.decode(link, bytes, time).first() else { return };
        let (from, to) = (
            layers.datagram.start as usize + usize::from(layers.network_header_len),
            layers.datagram.end as usize,
        );
        let place = match layers.transport {
            Transport::Tcp(_) => 16,
            Transport::Udp { .. } => 6,
            _ => return,
        };
        let Some(segment) = bytes.get_mut(from..to).filter(|segment| segment.len() >= place + 2) else {
            return;
        };
        let is_udp = matches!(layers.transport, Transport::Udp { .. });
        if is_udp && segment[place..place + 2] == [0, 0] {
            return;
        }
        debug_assert!(!matches!(layers.network, Network::None), "a transport stands on a network layer");
        segment[place..place + 2].fill(0);
        // Zeros add nothing to a sum.
        let filled = filled.saturating_sub(from).min(segment.len());
        let mut sum = sum_of(&segment[..filled]) + u64::from(layers.protocol) + segment.len() as u64;
        for address in [layers.src, layers.dst] {
            sum += match address {
                IpAddr::V4(address) => sum_of(&address.octets()),
                IpAddr::V6(address) => sum_of(&address.octets()),
            };
        }
        while sum >> 16 != 0 {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        let checksum = match !(sum as u16) {
            // RFC 768: a computed zero is sent as ones.
            0 if is_udp => 0xffff,
            other => other,
        };
        segment[place..place + 2].copy_from_slice(&checksum.to_be_bytes());
    }
}

fn sum_of(bytes: &[u8]) -> u64 {
    bytes.chunks(2).map(|pair| u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0))).sum()
}
