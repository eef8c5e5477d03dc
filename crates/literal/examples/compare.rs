//! Compares ways of finding the strings of a rule set in the payload of a capture:
//!
//! ```text
//! cargo run --release -p literal --example compare -- RULES CAPTURE
//! ```
//!
//! `RULES` is unpacked text in the Suricata language, `CAPTURE` a classic pcap file of Ethernet frames. The longest content of
//! each rule counts, in two sets: rules about `tcp`, over whole segments, and rules about `http`, over the lines of segments.
//! With the feature `vectorscan` (package libvectorscan-dev or libhyperscan-dev) that library is among them:
//! `cargo run --release -p literal --features vectorscan --example compare -- RULES CAPTURE`.
//!
//! Prints build time, memory where it is known, and time per byte, best of three.

use std::time::{Duration, Instant};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use daachorse::DoubleArrayAhoCorasick;

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(rules), Some(capture)) = (arguments.next(), arguments.next()) else {
        println!("compare RULES CAPTURE");
        return;
    };
    let rules = std::fs::read(rules).expect("the rules can be read");
    let capture = std::fs::read(capture).expect("the capture can be read");
    let segments = segments(&capture);
    let lines: Vec<&[u8]> = segments
        .iter()
        .flat_map(|segment| segment.split(|byte| *byte == b'\n'))
        .filter(|line| line.len() >= 8)
        .collect();
    for (name, buffers) in [("tcp", &segments), ("http", &lines)] {
        let strings = strings(&rules, name);
        let bytes: usize = buffers.iter().map(|buffer| buffer.len()).sum();
        println!("{name}: {} strings, {} buffers, {bytes} bytes", strings.len(), buffers.len());
        compare(&strings, buffers, bytes);
    }
}

fn compare(strings: &[Vec<u8>], buffers: &[&[u8]], bytes: usize) {
    let (finder, built) = timed(|| {
        let mut builder = literal::Builder::default();
        for (number, string) in (0u32..).zip(strings) {
            builder.add(string, number);
        }
        builder.build().expect("there are strings")
    });
    let mut found = 0u64;
    let took = best(|| {
        found = 0;
        for buffer in buffers {
            finder.scan(buffer, |values| found += values.len() as u64);
        }
    });
    print("literal", built, Some(finder.size_bytes()), took, bytes, found);

    for (name, kind) in [
        ("aho-corasick, contiguous NFA", AhoCorasickKind::ContiguousNFA),
        ("aho-corasick, DFA", AhoCorasickKind::DFA),
    ] {
        let (automaton, built) = timed(|| {
            let mut builder = AhoCorasick::builder();
            builder.ascii_case_insensitive(true).kind(Some(kind)).build(strings).expect("the automaton fits")
        });
        let mut found = 0u64;
        let took = best(|| {
            found = 0;
            for buffer in buffers {
                found += automaton.find_overlapping_iter(buffer).count() as u64;
            }
        });
        print(name, built, Some(automaton.memory_usage()), took, bytes, found);
    }

    // It does not fold case: the buffers are copied in lower case first, which is part of its time.
    let (automaton, built) = timed(|| {
        let mut lower: Vec<Vec<u8>> = strings.iter().map(|string| string.to_ascii_lowercase()).collect();
        lower.sort();
        lower.dedup();
        DoubleArrayAhoCorasick::<u32>::new(lower).expect("the automaton fits")
    });
    let (mut found, mut space) = (0u64, Vec::new());
    let took = best(|| {
        found = 0;
        for buffer in buffers {
            space.clear();
            space.extend(buffer.iter().map(u8::to_ascii_lowercase));
            found += automaton.find_overlapping_iter(&space).count() as u64;
        }
    });
    print("daachorse", built, Some(automaton.heap_bytes()), took, bytes, found);

    #[cfg(feature = "vectorscan")]
    compare_vectorscan(strings, buffers, bytes);
}

#[cfg(feature = "vectorscan")]
fn compare_vectorscan(strings: &[Vec<u8>], buffers: &[&[u8]], bytes: usize) {
    let (mut database, built) = timed(|| vectorscan::Database::new(strings).expect("the strings compile"));
    let mut found = 0u64;
    let took = best(|| {
        found = 0;
        for buffer in buffers {
            found += database.scan(buffer);
        }
    });
    print("vectorscan", built, Some(database.size_bytes()), took, bytes, found);
}

#[cfg(feature = "vectorscan")]
#[path = "vectorscan/mod.rs"]
mod vectorscan;

fn print(name: &str, built: Duration, size: Option<usize>, took: Duration, bytes: usize, found: u64) {
    let per_byte = took.as_secs_f64() * 1e9 / bytes as f64;
    let size = size.map_or_else(|| "?".to_owned(), |size| format!("{} KiB", size / 1024));
    println!("  {name:30} built in {built:9.3?}, {size:>10}, {per_byte:6.3} ns per byte, {found} found");
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    let value = work();
    (value, begin.elapsed())
}

fn best(mut work: impl FnMut()) -> Duration {
    (0..3)
        .map(|_| {
            let begin = Instant::now();
            work();
            begin.elapsed()
        })
        .min()
        .expect("three is more than none")
}

/// TCP payloads of a classic little-endian pcap file of Ethernet frames with IPv4.
fn segments(capture: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
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
    if frame.get(12..14)? != [8, 0] {
        return None;
    }
    let packet = frame.get(14..)?;
    let head = usize::from(packet.first()? & 15) * 4;
    let total = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
    let segment = packet.get(head..total)?;
    if packet.get(9) != Some(&6) {
        return None;
    }
    let data = segment.get(usize::from(*segment.get(12)? >> 4) * 4..)?;
    (!data.is_empty()).then_some(data)
}

/// Shorter strings are looked for at known places or on known ports in practice, and are in every buffer.
const SHORTEST: usize = 5;

/// The longest content of each rule about `protocol`, without those that must not occur.
fn strings(rules: &[u8], protocol: &str) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(rules);
    let of_protocol = |line: &&str| {
        let mut words = line.split_ascii_whitespace();
        words.next() == Some("alert") && words.next() == Some(protocol)
    };
    let longest = |line: &str| {
        line.split("content:\"")
            .skip(1)
            .filter_map(|rest| Some(bytes(rest.split('"').next()?)))
            .max_by_key(Vec::len)
    };
    let mut strings: Vec<Vec<u8>> = text.lines().filter(of_protocol).filter_map(longest).collect();
    strings.retain(|string| string.len() >= SHORTEST);
    strings.sort();
    strings.dedup();
    strings
}

/// The bytes that a content means.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, part) in text.split('|').enumerate() {
        if number % 2 == 0 {
            out.extend(part.bytes().filter(|byte| *byte != b'\\'));
        } else {
            let digits: Vec<u8> = part.bytes().filter(u8::is_ascii_hexdigit).collect();
            let (pairs, _) = digits.as_chunks::<2>();
            out.extend(
                pairs.iter().filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()),
            );
        }
    }
    out
}
