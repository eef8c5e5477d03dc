//! Below the flow: fragments, tunnels, long chains of headers.

use lab::Host;
use lab::frame::transport_checksum;

use super::Case;
use crate::Wire;

pub(super) const FRAGMENTS_UNFINISHED: Case = Case {
    name: "fragments-unfinished",
    what: "First fragments of datagrams that never come to an end.",
    size: 50_000,
    build: |size| {
        let mut wire = Wire::default();
        for id in 0..size {
            let data = [id as u8; 64];
            let [client, server] = wire.hosts();
            let bytes = ipv4(client, server, 17, id as u16, 0x2000, &data);
            wire.add(bytes);
        }
        wire.finish()
    },
};

pub(super) const FRAGMENTS_BACKWARDS: Case = Case {
    name: "fragments-backwards",
    what: "Datagrams of a thousand fragments, the last first.",
    size: 40,
    build: |size| {
        let mut wire = Wire::default();
        for id in 0..size {
            fragments(&mut wire, id as u16, 1_000);
        }
        wire.finish()
    },
};

/// One UDP datagram in `count` fragments of eight bytes, the last first.
fn fragments(wire: &mut Wire, id: u16, count: usize) {
    let [client, server] = wire.hosts().clone();
    let mut datagram = vec![0_u8; count * 8];
    datagram[..2].copy_from_slice(&9_000_u16.to_be_bytes());
    datagram[2..4].copy_from_slice(&9_001_u16.to_be_bytes());
    let length = datagram.len() as u16;
    datagram[4..6].copy_from_slice(&length.to_be_bytes());
    let sum = transport_checksum(client.ip, server.ip, 17, &datagram);
    datagram[6..8].copy_from_slice(&sum.to_be_bytes());
    for (place, piece) in datagram.chunks(8).enumerate().rev() {
        let more = if place + 1 == count { 0 } else { 0x2000 };
        wire.add(ipv4(&client, &server, 17, id, more | place as u16, piece));
    }
}

pub(super) const TUNNELS_IN_TUNNELS: Case = Case {
    name: "tunnels-in-tunnels",
    what: "IP in IP in IP, sixty deep: deeper than anybody follows.",
    size: 20_000,
    build: |size| {
        let mut wire = Wire::default();
        let [client, server] = wire.hosts().clone();
        let mut inner = ipv4(&client, &server, 17, 1, 0, &[0, 9, 0, 9, 0, 8, 0, 0]);
        for _ in 0..60 {
            inner = ipv4(&client, &server, 4, 1, 0, &inner[14..]);
        }
        for _ in 0..size {
            wire.add(inner.clone());
        }
        wire.finish()
    },
};

pub(super) const EXTENSION_CHAINS: Case = Case {
    name: "extension-chains",
    what: "IPv6 packets with a hundred and fifty destination options headers before the payload.",
    size: 20_000,
    build: |size| {
        let mut wire = Wire::default();
        let body = [60_u8, 0, 1, 4, 0, 0, 0, 0].repeat(150);
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd, 0x60, 0, 0, 0];
        frame.extend_from_slice(&(body.len() as u16).to_be_bytes());
        frame.extend_from_slice(&[60, 64]);
        frame.extend_from_slice(&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        frame.extend_from_slice(&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        frame.extend_from_slice(&body);
        for _ in 0..size {
            wire.add(frame.clone());
        }
        wire.finish()
    },
};

/// An IPv4 packet in its frame; `fragment` is flags and offset as on the wire.
fn ipv4(from: &Host, to: &Host, protocol: u8, id: u16, fragment: u16, body: &[u8]) -> Vec<u8> {
    let address = |host: &Host| match host.ip {
        std::net::IpAddr::V4(address) => address.octets(),
        std::net::IpAddr::V6(_) => [0; 4],
    };
    let mut header = [0_u8; 20];
    header[0] = 0x45;
    header[2..4].copy_from_slice(&((20 + body.len()) as u16).to_be_bytes());
    header[4..6].copy_from_slice(&id.to_be_bytes());
    header[6..8].copy_from_slice(&fragment.to_be_bytes());
    header[8] = 64;
    header[9] = protocol;
    header[12..16].copy_from_slice(&address(from));
    header[16..20].copy_from_slice(&address(to));
    let mut sum: u32 = header.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    header[10..12].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    frame.extend_from_slice(&header);
    frame.extend_from_slice(body);
    frame
}
