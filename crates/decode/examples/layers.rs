//! Decodes a pcap file and prints what each level is, then how long decoding takes per packet.
//!
//! `cargo run --release -p decode --example layers -- FILE [print]`

use std::hint::black_box;
use std::time::Instant;

use decode::{Config, Decoder};
use model::{LinkType, Time};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().expect("a pcap file");
    let print = arguments.next().is_some();
    let file = std::fs::read(path).expect("the file can be read");
    let (link, packets) = packets(&file);
    if print {
        let mut decoder = Decoder::new(Config::default());
        for (number, bytes) in packets.iter().enumerate() {
            for level in decoder.decode(link, bytes, Time::default()) {
                println!(
                    "{} L{} {} {:?} {} -> {} proto {} {:?} vlan {:?} {:?} payload {:?} fragment {:?} sums {:?} {:?} {}",
                    number + 1,
                    level.level,
                    level.source.word(),
                    level.network,
                    level.src,
                    level.dst,
                    level.protocol,
                    level.transport,
                    level.vlan_ids(),
                    level.events,
                    level.payload,
                    level.fragment,
                    level.ip_checksum,
                    level.checksum,
                    if level.invalid { "invalid" } else { "" },
                );
            }
        }
    }
    for checksums in [false, true] {
        let mut decoder = Decoder::new(Config { checksums, ..Config::default() });
        let rounds = (4_000_000 / packets.len().max(1)).max(1);
        let start = Instant::now();
        for _ in 0..rounds {
            for bytes in &packets {
                black_box(decoder.decode(link, black_box(bytes), Time::default()));
            }
        }
        let nanos = start.elapsed().as_nanos() as f64 / (rounds * packets.len().max(1)) as f64;
        println!("checksums {checksums}: {nanos:.1} ns per packet");
    }
}

fn packets(file: &[u8]) -> (LinkType, Vec<&[u8]>) {
    let swapped = file.first() == Some(&0xa1);
    let word = |at: usize| {
        let bytes = file.get(at..at + 4).and_then(|bytes| bytes.try_into().ok())?;
        Some(if swapped { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    };
    let mut packets = Vec::new();
    let mut at = 24;
    while let Some(length) = word(at + 8) {
        let Some(bytes) = file.get(at + 16..at + 16 + length as usize) else { break };
        packets.push(bytes);
        at += 16 + length as usize;
    }
    (LinkType(word(20).unwrap_or(1) as u16), packets)
}
