//! Payload, header buffers and frames.

use decode::{Network, Transport};
use std::net::IpAddr;

use super::bytes::Buffer;
use super::{Hit, Run};
use crate::Scene;
use crate::dataset::Asked;
use crate::ir::{Absent, PacketBuffer};
use crate::op::Op;
use crate::sig::{Look, PayloadSides, Sig};

impl Run<'_, '_> {
    /// Whether all inspections of the packet hold; says whether one was decided by the stream.
    pub(super) fn looks(&mut self, sig: &Sig) -> Option<bool> {
        let mut by_stream = false;
        for look in &sig.looks {
            match look {
                Look::Payload { sides, ops } => by_stream |= self.payload(*sides, ops)?,
                Look::PayloadTransformed { transforms, ops } => {
                    let bytes = self.tools.bench.apply(transforms, self.scene.payload);
                    let mut sets = Asked { rules: self.rules, late: self.late.as_deref_mut() };
                    self.tools.machine.holds(ops, Buffer::whole(bytes), &mut sets).then_some(())?;
                }
                Look::Header { buffer, transforms, ops, absent } => {
                    let mut space = [0; 16];
                    let Some(bytes) = header_bytes(self.scene, *buffer, &mut space) else {
                        if *absent == Absent::Fails {
                            return None;
                        }
                        continue;
                    };
                    if *absent == Absent::Required {
                        return None;
                    }
                    let bytes = self.tools.bench.apply(transforms, bytes);
                    let mut sets = Asked { rules: self.rules, late: self.late.as_deref_mut() };
                    self.tools.machine.holds(ops, Buffer::whole(bytes), &mut sets).then_some(())?;
                }
            }
        }
        Some(by_stream)
    }

    /// The stream first, then the packet, unless its payload is in the stream already.
    fn payload(&mut self, sides: PayloadSides, ops: &[Op]) -> Option<bool> {
        let of_flow = self.scene.flow.as_ref().and_then(|flow| flow.stream);
        let mut sets = Asked { rules: self.rules, late: self.late.as_deref_mut() };
        if sides.stream {
            if let Some(scene) = of_flow {
                for window in scene.windows {
                    let buffer = Buffer { bytes: window.data, offset: 0, end: true };
                    if self.tools.machine.holds(ops, buffer, &mut sets) {
                        return Some(true);
                    }
                }
            }
            if !sides.packet && (!sides.outside || of_flow.is_some_and(|scene| scene.added)) {
                return None;
            }
        }
        if !self.scene.inspect_payload {
            return None;
        }
        self.tools.machine.holds(ops, Buffer::whole(self.scene.payload), &mut sets).then_some(false)
    }

    /// Rules on frames.
    pub(super) fn frames(&mut self) {
        if self.rules.index.frames.is_empty() {
            return;
        }
        let count = self.scene.flow.as_ref().map_or(0, |flow| flow.frames.len());
        for frame in 0..count {
            for number in &self.rules.index.frames {
                self.frame(frame, *number);
            }
        }
    }

    fn frame(&mut self, at: usize, number: u32) {
        let Some(sig) = self.sig(number) else { return };
        let Some(look) = &sig.frame else { return };
        self.tools.weigh(Some(number));
        {
            let Some(frame) = self.scene.flow.as_ref().and_then(|flow| flow.frames.get(at)) else { return };
            let here = frame.protocol == look.protocol && frame.kind == look.kind;
            if !here || frame.matched.contains(&number) {
                return;
            }
        }
        if !self.header(sig) {
            return;
        }
        self.tools.machine.captures.clear();
        self.tools.machine.contexts.clear();
        let (id, tx) = {
            let Some(frame) = self.scene.flow.as_ref().and_then(|flow| flow.frames.get(at)) else { return };
            for (transforms, ops) in &look.parts {
                let bytes = self.tools.bench.apply(transforms, frame.data);
                let buffer = Buffer { bytes, offset: frame.offset, end: frame.whole };
                let mut sets = Asked { rules: self.rules, late: self.late.as_deref_mut() };
                if !self.tools.machine.holds(ops, buffer, &mut sets) {
                    return;
                }
            }
            (frame.id, frame.tx)
        };
        if self.looks(sig).is_none() || !self.tests(sig) {
            return;
        }
        if let Some(frame) = self.scene.flow.as_mut().and_then(|flow| flow.frames.get_mut(at)) {
            frame.matched.push(number);
        }
        self.matched(sig, Hit { tx, frame: Some(id), ..Hit::packet(number) });
    }
}

/// A header of the packet as bytes; addresses are written into `space`.
pub(super) fn header_bytes<'b>(
    scene: &'b Scene<'_>,
    buffer: PacketBuffer,
    space: &'b mut [u8; 16],
) -> Option<&'b [u8]> {
    let layers = scene.layers;
    let address = match buffer {
        PacketBuffer::IpSource => layers.src,
        PacketBuffer::IpDestination => layers.dst,
        _ => {
            let (start, len) = header_range(scene, buffer)?;
            return scene.bytes.get(start..start + len);
        }
    };
    if !matches!(layers.network, Network::Ipv4 { .. } | Network::Ipv6 { .. }) {
        return None;
    }
    let len = match address {
        IpAddr::V4(address) => {
            let octets = address.octets();
            space[..octets.len()].copy_from_slice(&octets);
            octets.len()
        }
        IpAddr::V6(address) => {
            *space = address.octets();
            space.len()
        }
    };
    space.get(..len)
}

/// Where a header starts and how long it is.
fn header_range(scene: &Scene<'_>, buffer: PacketBuffer) -> Option<(usize, usize)> {
    let layers = scene.layers;
    let range = match (buffer, layers.network, &layers.transport) {
        (PacketBuffer::Ethernet, ..) => layers.ethernet.map(|_| 0..14),
        (PacketBuffer::Arp, Network::Arp { .. }, _)
        | (PacketBuffer::Ipv4, Network::Ipv4 { .. }, _)
        | (PacketBuffer::Ipv6, Network::Ipv6 { .. }, _) => layers.network_header(),
        (PacketBuffer::Tcp, _, Transport::Tcp(_))
        | (PacketBuffer::Udp, _, Transport::Udp { .. })
        | (PacketBuffer::Icmp4, _, Transport::Icmp(_))
        | (PacketBuffer::Icmp6, _, Transport::Icmp6(_))
        | (PacketBuffer::Igmp, _, Transport::Igmp(_)) => layers.transport_header(),
        _ => None,
    }?;
    Some((range.start as usize, range.end.saturating_sub(range.start) as usize))
}
