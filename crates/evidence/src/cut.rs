//! Leaving payload out, and putting zeros in its place for the re-run.
//!
//! Sizes and times of a long transfer matter to a claim, its content rarely does. A packet may be cut when its lengths and its
//! checksum were right, so that the engine took it whole: then the re-run takes it as long as it was, with zeros where the
//! payload was and a checksum that fits. What is cut is said in the packet's comment, and a bundle is only written after
//! the re-run gave the same claims.

use decode::{Checksum, Decoder, Layers, Network, Transport};
use model::{LinkType, PacketId, Time};
use std::collections::BTreeMap;
use std::net::IpAddr;

use capture::PickedPacket;

use crate::{Keep, SlicePacket};

/// Payloads this short are not worth cutting.
const SHORT_BYTES: u32 = 96;
/// Directions whose kept bytes are counted; the packets of further ones stay whole.
const DIRECTIONS_MAX: usize = 1 << 20;

/// Decides how much of each packet is kept.
#[derive(Debug, Default)]
pub struct Cutter {
    /// Payload kept so far, by direction of a flow.
    kept: BTreeMap<(IpAddr, u16, IpAddr, u16, u8), u32>,
}

impl Cutter {
    /// How many of a packet's bytes to keep, when so much is kept of each direction of a flow; `None`: all.
    pub fn keep(&mut self, levels: &[Layers], captured: u32, wire_len: u32, most: Keep) -> Option<u32> {
        let [layers] = levels else { return None };
        let payload = layers.payload.end.saturating_sub(layers.payload.start);
        let plain = matches!(layers.transport, Transport::Tcp(_) | Transport::Udp { .. })
            && layers.checksum == Checksum::Good
            && layers.fragment.is_none()
            && !layers.invalid
            && captured == wire_len
            && layers.payload.end == captured
            && layers.datagram.end == captured;
        if !plain {
            return None;
        }
        let direction = (layers.src, layers.src_port, layers.dst, layers.dst_port, layers.protocol);
        if self.kept.len() >= DIRECTIONS_MAX && !self.kept.contains_key(&direction) {
            return None;
        }
        let kept = self.kept.entry(direction).or_default();
        let room = most.0.saturating_sub(*kept);
        *kept = kept.saturating_add(payload);
        (payload > room.max(SHORT_BYTES)).then(|| layers.payload.start + room)
    }
}

/// The packet as the engine is shown it in a re-run.
pub fn inflate(packet: &SlicePacket) -> PickedPacket {
    let mut bytes = packet.bytes.clone();
    if packet.cut {
        bytes.resize(packet.wire_len.min(capture::PACKET_BYTES_MAX) as usize, 0);
        mend_checksum(&mut bytes, packet.link, packet.time);
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

/// Puts the transport checksum right (RFC 9293 §3.1, RFC 768).
fn mend_checksum(bytes: &mut [u8], link: LinkType, time: Time) {
    let mut decoder = Decoder::new(decode::Config { checksums: false, ..decode::Config::default() });
    let Some(layers) = decoder.decode(link, bytes, time).first().cloned() else { return };
    let (from, to) = (
        layers.datagram.start as usize + usize::from(layers.network_header_len),
        layers.datagram.end as usize,
    );
    let place = match layers.transport {
        Transport::Tcp(_) => from + 16,
        Transport::Udp { .. } => from + 6,
        _ => return,
    };
    let Some(segment) = bytes.get_mut(from..to) else { return };
    let place = place - from;
    if place + 2 > segment.len() {
        return;
    }
    if matches!(layers.transport, Transport::Udp { .. }) && segment[place..place + 2] == [0, 0] {
        return;
    }
    segment[place..place + 2].fill(0);
    let mut sum = sum_of(segment) + u64::from(layers.protocol) + segment.len() as u64;
    for address in [layers.src, layers.dst] {
        sum += match address {
            IpAddr::V4(address) => sum_of(&address.octets()),
            IpAddr::V6(address) => sum_of(&address.octets()),
        };
    }
    debug_assert!(!matches!(layers.network, Network::None), "a transport stands on a network layer");
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let checksum = match !(sum as u16) {
        // RFC 768: a computed zero is sent as ones.
        0 if matches!(layers.transport, Transport::Udp { .. }) => 0xffff,
        other => other,
    };
    segment[place..place + 2].copy_from_slice(&checksum.to_be_bytes());
}

fn sum_of(bytes: &[u8]) -> u64 {
    bytes.chunks(2).map(|pair| u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0))).sum()
}
