//! Writes packets, innermost first: each function puts its header before what it is given.

use crate::checksum;

pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

pub(super) fn ethernet(kind: u16, body: &[u8]) -> Vec<u8> {
    join(&[&[2, 0, 0, 0, 0, 2], &[2, 0, 0, 0, 0, 1], &kind.to_be_bytes(), body])
}

pub(super) fn vlan(id: u16, kind: u16, body: &[u8]) -> Vec<u8> {
    join(&[&id.to_be_bytes(), &kind.to_be_bytes(), body])
}

pub(super) fn ipv4(protocol: u8, body: &[u8]) -> Vec<u8> {
    ipv4_with(protocol, &[], 0, body)
}

/// IPv4 with options, and the word of flags and offset.
pub(super) fn ipv4_with(protocol: u8, options: &[u8], fragment: u16, body: &[u8]) -> Vec<u8> {
    let header_len = 20 + options.len();
    let total = (header_len + body.len()) as u16;
    let mut header = vec![0x40 | (header_len / 4) as u8, 0];
    header.extend(total.to_be_bytes());
    header.extend([0x12, 0x34]);
    header.extend(fragment.to_be_bytes());
    header.extend([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    header.extend(options);
    let sum = checksum::ipv4_header_checksum(&header);
    header[10..12].copy_from_slice(&sum);
    join(&[&header, body])
}

pub(super) fn ipv6(next: u8, body: &[u8]) -> Vec<u8> {
    let mut header = vec![0x61, 0x23, 0x45, 0x67];
    header.extend((body.len() as u16).to_be_bytes());
    header.extend([next, 1]);
    header.extend([0xfd; 16]);
    header.extend([0xfe; 16]);
    join(&[&header, body])
}

/// An IPv6 options header of eight bytes per `options` rounded up; `options` must fill it.
pub(super) fn options(next: u8, options: &[u8]) -> Vec<u8> {
    assert_eq!((options.len() + 2) % 8, 0, "options fill their header");
    join(&[&[next, ((options.len() + 2) / 8 - 1) as u8], options])
}

pub(super) fn fragment(next: u8, offset_and_more: u16, body: &[u8]) -> Vec<u8> {
    join(&[&[next, 0], &offset_and_more.to_be_bytes(), &[0, 0, 0, 7], body])
}

pub(super) fn udp(src: u16, dst: u16, body: &[u8]) -> Vec<u8> {
    let length = 8 + body.len() as u16;
    join(&[&src.to_be_bytes(), &dst.to_be_bytes(), &length.to_be_bytes(), &[0, 0], body])
}

pub(super) fn tcp(src: u16, dst: u16, flags: u8, options: &[u8], body: &[u8]) -> Vec<u8> {
    let header_len = 20 + options.len();
    let mut header = join(&[&src.to_be_bytes(), &dst.to_be_bytes()]);
    header.extend([0, 0, 0, 1, 0, 0, 0, 2, (header_len / 4 * 16) as u8, flags]);
    header.extend([1, 0, 0, 0, 0, 9]);
    join(&[&header, options, body])
}

pub(super) fn icmp(kind: u8, code: u8, body: &[u8]) -> Vec<u8> {
    let mut message = join(&[&[kind, code, 0, 0], body]);
    let sum = checksum::field(checksum::sum(&message));
    message[2..4].copy_from_slice(&sum);
    message
}
