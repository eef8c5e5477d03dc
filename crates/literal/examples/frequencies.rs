//! Measures how often traffic has each window of four bytes, and writes the table that `rarity.rs` includes:
//!
//! ```text
//! cargo run --release -p literal --example frequencies -- crates/literal/src/frequencies.bin CAPTURE…
//! ```
//!
//! Captures are classic pcap files of Ethernet frames (`editcap -F pcap` makes them); others are passed over. TCP and UDP
//! payload counts. No capture counts for more than [`BYTES_MAX`] bytes, so that none decides alone what is common.

use std::path::PathBuf;

/// Windows told apart, by the upper bits of a hash.
const PLACES: usize = 1 << 16;
/// Bytes of payload that a capture counts for at most.
const BYTES_MAX: f64 = (256 * 1024) as f64;
/// Level 1 is a frequency of two to the minus this; each further level is twice as frequent.
const RAREST: f64 = 18.0;

fn main() {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(out) = arguments.next() else {
        println!("frequencies OUT CAPTURE…");
        return;
    };
    let mut sums = vec![0.0; PLACES];
    let (mut total, mut used) = (0.0, 0);
    for capture in arguments {
        let Ok(bytes) = std::fs::read(&capture) else { continue };
        let mut counts = vec![0u32; PLACES];
        let mut seen = 0.0f64;
        for payload in payloads(&bytes) {
            for window in payload.array_windows::<4>() {
                let window = u32::from_le_bytes(*window) | 0x2020_2020;
                counts[(window.wrapping_mul(0x9e37_79b1) >> 16) as usize] += 1;
                seen += 1.0;
            }
        }
        if seen > 0.0 {
            let weight = (BYTES_MAX / seen).min(1.0);
            sums.iter_mut().zip(&counts).for_each(|(sum, count)| *sum += f64::from(*count) * weight);
            total += seen * weight;
            used += 1;
        }
    }
    let level = |sum: &f64| ((sum / total).log2() + RAREST + 1.0).floor().clamp(0.0, 15.0) as u8;
    let levels: Vec<u8> = sums.iter().map(level).collect();
    let packed: Vec<u8> = levels.as_chunks::<2>().0.iter().map(|[low, high]| low | high << 4).collect();
    std::fs::write(&out, packed).expect("the table can be written");
    println!("{used} captures, {total:.0} windows counted");
    for level in 0..16 {
        println!("level {level:2}: {}", levels.iter().filter(|each| **each == level).count());
    }
}

/// TCP and UDP payloads of a classic little-endian pcap file of Ethernet frames.
fn payloads(capture: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let magic = capture.first_chunk::<4>().map(|magic| u32::from_le_bytes(*magic));
    if !matches!(magic, Some(0xa1b2_c3d4 | 0xa1b2_3c4d)) || capture.get(20) != Some(&1) {
        return found;
    }
    let mut rest = capture.get(24..).unwrap_or_default();
    while let Some((head, behind)) = rest.split_first_chunk::<16>() {
        let len = u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize;
        let Some((frame, behind)) = behind.split_at_checked(len) else { break };
        rest = behind;
        found.extend(payload(frame));
    }
    found
}

fn payload(frame: &[u8]) -> Option<&[u8]> {
    let mut at = 12;
    while matches!(frame.get(at..at + 2)?, [0x81, 0] | [0x88, 0xa8]) {
        at += 4;
    }
    let packet = frame.get(at + 2..)?;
    let (protocol, segment) = match frame.get(at..at + 2)? {
        [8, 0] => {
            let head = usize::from(packet.first()? & 15) * 4;
            let total = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
            (*packet.get(9)?, packet.get(head..total.min(packet.len()))?)
        }
        [0x86, 0xdd] => (*packet.get(6)?, packet.get(40..)?),
        _ => return None,
    };
    match protocol {
        6 => segment.get(usize::from(*segment.get(12)? >> 4) * 4..),
        17 => segment.get(8..),
        _ => None,
    }
}
