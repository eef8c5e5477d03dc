//! Pieces of packets that somebody may have to take out later: they are leaves of their own, so that the rest stays provable.
//!
//! Three kinds: addresses of ours (with the hardware addresses and the checksums that would betray them), payment card numbers
//! (13 to 19 digits that pass the check of ISO/IEC 7812-1), and mail bodies (RFC 5321 DATA; what POP3 and IMAP servers send).
//! A number that is split over two packets, and addresses inside payload, are not found: what must not leave is taken out
//! as a whole packet's payload by whoever redacts by hand.

use std::collections::BTreeMap;
use std::net::IpAddr;

use decode::{Layers, Network, Transport};

/// Why a piece may have to be taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Addresses of ours.
    Address,
    /// Payment card numbers.
    Card,
    /// Bodies of mails.
    Mail,
}

impl Kind {
    const fn letter(self) -> char {
        match self {
            Kind::Address => 'a',
            Kind::Card => 'c',
            Kind::Mail => 'm',
        }
    }

    fn of_letter(letter: char) -> Option<Self> {
        [Kind::Address, Kind::Card, Kind::Mail].into_iter().find(|kind| kind.letter() == letter)
    }
}

/// A range of a packet's bytes, and why it may have to be taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sensitive {
    /// First byte.
    pub from: u32,
    /// Behind the last byte.
    pub to: u32,
    /// Why.
    pub kind: Kind,
}

/// By packet: ranges in order, none overlapping another.
pub(crate) type Ranges = BTreeMap<u64, Vec<Sensitive>>;

/// The pieces of a packet of this many bytes: sensitive ones with the reason, and what lies between.
pub(crate) fn pieces(
    len: usize,
    sensitive: &[Sensitive],
) -> impl Iterator<Item = (usize, usize, Option<Kind>)> {
    let (mut at, mut rest) = (0, sensitive.iter());
    let mut next = rest.next();
    std::iter::from_fn(move || {
        while let Some(range) = next {
            let (from, to) = (range.from as usize, (range.to as usize).min(len));
            if from < at || from >= to {
                next = rest.next();
                continue;
            }
            if at < from {
                return Some((std::mem::replace(&mut at, from), from, None));
            }
            next = rest.next();
            at = to;
            return Some((from, to, Some(range.kind)));
        }
        let from = std::mem::replace(&mut at, len);
        (from < len).then_some((from, len, None))
    })
}

/// What is sensitive in a packet; `mail`: the range of its payload that is a mail body.
pub(crate) fn find(
    levels: &[Layers],
    bytes: &[u8],
    mail: Option<(usize, usize)>,
    ours: &dyn Fn(IpAddr) -> bool,
) -> Vec<Sensitive> {
    let mut paint: Vec<Option<Kind>> = vec![None; bytes.len()];
    let mut mark = |from: usize, len: usize, kind: Kind| {
        if let Some(range) = paint.get_mut(from.min(bytes.len())..(from + len).min(bytes.len())) {
            range.fill(Some(kind));
        }
    };
    if let Some((from, to)) = mail {
        mark(from, to.saturating_sub(from), Kind::Mail);
    }
    for layers in levels {
        mark_addresses(layers, ours, &mut mark);
    }
    if let Some(layers) = levels.last() {
        let from = layers.payload.start as usize;
        let payload = bytes.get(from..(layers.payload.end as usize).min(bytes.len())).unwrap_or_default();
        for (at, len) in cards(payload) {
            mark(from + at, len, Kind::Card);
        }
    }
    let mut list: Vec<Sensitive> = Vec::new();
    for (at, kind) in (0u32..).zip(&paint) {
        let Some(kind) = *kind else { continue };
        match list.last_mut() {
            // Addresses stand side by side: each is a piece of its own only towards other kinds.
            Some(last) if last.to == at && last.kind == kind => last.to = at + 1,
            _ => list.push(Sensitive { from: at, to: at + 1, kind }),
        }
    }
    list
}

fn mark_addresses(layers: &Layers, ours: &dyn Fn(IpAddr) -> bool, mark: &mut dyn FnMut(usize, usize, Kind)) {
    let (src, dst) = (ours(layers.src), ours(layers.dst));
    if let Network::Arp { at } = layers.network {
        mark(layers.frame.start as usize, 12, Kind::Address);
        mark(at as usize + 8, 20, Kind::Address);
        return;
    }
    if !src && !dst {
        return;
    }
    if layers.ethernet.is_some() {
        mark(layers.frame.start as usize, 12, Kind::Address);
    }
    match layers.network {
        Network::Ipv4 { at, .. } => {
            // Checksum and both addresses: with one address and the checksum, the other could be guessed.
            let at = at as usize;
            mark(at + 10, 2, Kind::Address);
            mark(at + 12, if src { 4 } else { 0 }, Kind::Address);
            mark(at + 16, if dst { 4 } else { 0 }, Kind::Address);
        }
        Network::Ipv6 { at, .. } => {
            let at = at as usize;
            mark(at + 8, if src { 16 } else { 0 }, Kind::Address);
            mark(at + 24, if dst { 16 } else { 0 }, Kind::Address);
        }
        Network::None | Network::Arp { .. } => {}
    }
    let transport = layers.datagram.start as usize + usize::from(layers.network_header_len);
    match layers.transport {
        Transport::Tcp(_) => mark(transport + 16, 2, Kind::Address),
        Transport::Udp { .. } => mark(transport + 6, 2, Kind::Address),
        _ => {}
    }
}

/// Runs of 13 to 19 digits, maybe in groups set apart by one blank or hyphen, that begin like a card and pass the check.
fn cards(payload: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < payload.len() {
        if !payload[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let mut digits = Vec::with_capacity(19);
        let mut end = at;
        let mut next = at;
        while let Some(byte) = payload.get(next) {
            if byte.is_ascii_digit() {
                if digits.len() == DIGITS_MAX + 1 {
                    break;
                }
                digits.push(byte - b'0');
                end = next + 1;
            } else if !(matches!(byte, b' ' | b'-') && payload.get(next + 1).is_some_and(u8::is_ascii_digit))
            {
                break;
            }
            next += 1;
        }
        if (13..=DIGITS_MAX).contains(&digits.len()) && matches!(digits[0], 2..=6) && passes_check(&digits) {
            found.push((at, end - at));
        }
        at = next.max(at + 1);
    }
    found
}

const DIGITS_MAX: usize = 19;

/// The check of ISO/IEC 7812-1 (Luhn).
fn passes_check(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(*digit) * if place % 2 == 1 { 2 } else { 1 };
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// `pieces.txt`: one line per pattern of ranges, with the packets that have it.
pub(crate) fn write(ranges: &Ranges) -> String {
    let mut by_pattern: BTreeMap<&[Sensitive], Vec<u64>> = BTreeMap::new();
    for (id, list) in ranges.iter().filter(|(_, list)| !list.is_empty()) {
        by_pattern.entry(list).or_default().push(*id);
    }
    let pattern = |list: &[Sensitive]| -> String {
        let parts: Vec<String> =
            list.iter().map(|range| format!("{}-{}{}", range.from, range.to, range.kind.letter())).collect();
        parts.join(",")
    };
    let mut lines: Vec<(String, Vec<u64>)> =
        by_pattern.into_iter().map(|(list, ids)| (pattern(list), ids)).collect();
    lines.sort();
    lines.iter().map(|(pattern, ids)| format!("{pattern} {}\n", runs(ids))).collect()
}

/// Reads what [`write()`] wrote, for at most so many packets; `None` when it is anything else.
pub(crate) fn read(text: &str, packets_max: usize) -> Option<Ranges> {
    let mut ranges = Ranges::new();
    for line in text.lines() {
        let (pattern, ids) = line.split_once(' ')?;
        let mut list = Vec::new();
        for part in pattern.split(',') {
            let kind = Kind::of_letter(part.chars().last()?)?;
            let (from, to) = part.get(..part.len() - 1)?.split_once('-')?;
            list.push(Sensitive { from: from.parse().ok()?, to: to.parse().ok()?, kind });
        }
        for run in ids.split(',') {
            let (first, last) = run.split_once('-').unwrap_or((run, run));
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            if last.checked_sub(first)? >= (packets_max.saturating_sub(ranges.len())) as u64 {
                return None;
            }
            ranges.extend((first..=last).map(|id| (id, list.clone())));
        }
    }
    (write(&ranges) == text).then_some(ranges)
}

/// `1-3,7`.
fn runs(ids: &[u64]) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let mut rest = ids.iter().copied().peekable();
    while let Some(first) = rest.next() {
        let mut last = first;
        while let Some(next) = rest.next_if(|next| *next == last + 1) {
            last = next;
        }
        let comma = if text.is_empty() { "" } else { "," };
        let written = if first == last {
            write!(text, "{comma}{first}")
        } else {
            write!(text, "{comma}{first}-{last}")
        };
        written.expect("a String takes every write");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_found_with_and_without_gaps() {
        let text = b"pan=4111111111111111&x 5500-0000-0000-0004 but not 4111111111111112 nor 12345";
        assert_eq!(cards(text), [(4, 16), (23, 19)]);
    }

    #[test]
    fn pieces_cover_a_packet_without_overlap() {
        let range = |from, to| Sensitive { from, to, kind: Kind::Card };
        let ranges = |len, sensitive: &[Sensitive]| -> Vec<(usize, usize)> {
            pieces(len, sensitive).map(|(from, to, _)| (from, to)).collect()
        };
        assert_eq!(ranges(20, &[range(4, 8), range(18, 40)]), [(0, 4), (4, 8), (8, 18), (18, 20)]);
        assert_eq!(ranges(0, &[]), []);
        assert_eq!(ranges(5, &[range(0, 5)]), [(0, 5)]);
    }

    #[test]
    fn the_list_of_ranges_reads_back() {
        let range = |from, to, kind| Sensitive { from, to, kind };
        let mut ranges = Ranges::new();
        for id in [1, 2, 3, 9] {
            ranges.insert(id, vec![range(24, 30, Kind::Address), range(60, 76, Kind::Card)]);
        }
        ranges.insert(5, vec![range(54, 900, Kind::Mail)]);
        let text = write(&ranges);
        assert_eq!(text, "24-30a,60-76c 1-3,9\n54-900m 5\n");
        assert_eq!(read(&text, 5), Some(ranges));
        assert_eq!(read(&text, 4), None, "more than there are packets");
        assert_eq!(read("24-30a 1-3,4\n", 9), None, "one form only");
    }
}
