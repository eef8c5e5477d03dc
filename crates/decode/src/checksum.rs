//! The Internet checksum (RFC 1071), in wide words.
//!
//! The sum is taken over little-endian words: one's complement addition does not care, and a sum that should be all ones
//! is all ones in either order (RFC 1071 §2B).

use std::net::IpAddr;

/// One's complement sum of `bytes`, not yet folded. Good for up to 2^33 bytes: below that no lane can overflow, and the additions
/// need not ask, which would keep them from being done side by side.
pub(crate) fn sum(bytes: &[u8]) -> u64 {
    let (blocks, tail) = bytes.as_chunks::<32>();
    let mut lanes = [0u64; 8];
    for block in blocks {
        let (words, _) = block.as_chunks::<4>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = lane.wrapping_add(u64::from(u32::from_le_bytes(*word)));
        }
    }
    let mut total = lanes.iter().fold(0u64, |total, lane| total.wrapping_add(*lane));
    let (words, rest) = tail.as_chunks::<4>();
    for word in words {
        total = total.wrapping_add(u64::from(u32::from_le_bytes(*word)));
    }
    for (byte, shift) in rest.iter().zip([0, 8, 16]) {
        total += u64::from(*byte) << shift;
    }
    total
}

/// Sum of the pseudo header (RFC 9293 §3.1, RFC 8200 §8.1).
pub(crate) fn pseudo_header(src: &IpAddr, dst: &IpAddr, protocol: u8, length: usize) -> u64 {
    let addresses = match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => sum(&src.octets()) + sum(&dst.octets()),
        (IpAddr::V6(src), IpAddr::V6(dst)) => sum(&src.octets()) + sum(&dst.octets()),
        _ => 0,
    };
    addresses + sum(&(length as u32).to_be_bytes()) + sum(&[0, protocol])
}

/// Whether a sum that includes its checksum field holds.
pub(crate) fn holds(sum: u64) -> bool {
    fold(sum) == 0xffff
}

/// The bytes of the checksum field that makes `sum` (taken with the field at zero) hold.
pub(crate) fn field(sum: u64) -> [u8; 2] {
    (!fold(sum)).to_le_bytes()
}

/// The checksum field of an IPv4 header whose field is zero now.
pub fn ipv4_header_checksum(header: &[u8]) -> [u8; 2] {
    field(sum(header))
}

fn fold(sum: u64) -> u16 {
    let sum = (sum >> 32) + (sum & 0xffff_ffff);
    let sum = (sum >> 32) + (sum & 0xffff_ffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    sum as u16
}
