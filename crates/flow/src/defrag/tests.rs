use std::net::IpAddr;

use decode::{Config, DecodeEvent, Decoder, Transport};
use model::{LinkType, Time};
use proptest::prelude::*;

use super::*;

fn ipv4(id: u16, offset: u16, more: bool, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x45, 0];
    bytes.extend((20 + data.len() as u16).to_be_bytes());
    bytes.extend(id.to_be_bytes());
    bytes.extend(((offset / 8) | (u16::from(more) << 13)).to_be_bytes());
    bytes.extend([64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    bytes.extend(data);
    bytes
}

fn ipv6(id: u32, offset: u16, more: bool, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend((8 + data.len() as u16).to_be_bytes());
    bytes.extend([44, 64]);
    bytes.extend([0xfd; 16]);
    bytes.extend([0xfe; 16]);
    bytes.extend([17, 0]);
    bytes.extend((offset | u16::from(more)).to_be_bytes());
    bytes.extend(id.to_be_bytes());
    bytes.extend(data);
    bytes
}

struct Bench {
    decoder: Decoder,
    defrag: Defrag,
    now: Time,
}

#[derive(Debug, PartialEq, Eq)]
struct Seen {
    rebuilt: Option<Vec<u8>>,
    event: Option<DecodeEvent>,
    conflict: bool,
}

impl Bench {
    fn new(config: DefragConfig) -> Self {
        Self {
            decoder: Decoder::new(Config::default()),
            defrag: Defrag::new(config),
            now: Time::from_secs(1),
        }
    }

    fn with_policy(policy: Policy) -> Self {
        let any = IpAddr::from([0, 0, 0, 0]);
        Self::new(DefragConfig { policies: vec![(any, 0, policy)], ..DefragConfig::default() })
    }

    fn offer(&mut self, bytes: &[u8]) -> Seen {
        let levels = self.decoder.decode(LinkType::RAW, bytes, self.now);
        let level = levels.last().expect("a packet has a level").clone();
        let accepted = self.defrag.accept(self.now, &level, bytes);
        Seen {
            rebuilt: accepted.rebuilt.map(<[u8]>::to_vec),
            event: accepted.event,
            conflict: accepted.conflict,
        }
    }
}

/// A UDP datagram of `size` bytes in all, its payload counting up.
fn udp(size: u16) -> Vec<u8> {
    let mut bytes = vec![0, 9, 0, 10];
    bytes.extend(size.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend((8..size).map(|index| index as u8));
    bytes
}

#[test]
fn two_fragments_in_either_order_make_a_datagram_that_decodes() {
    let data = udp(40);
    for reversed in [false, true] {
        let mut bench = Bench::new(DefragConfig::default());
        let mut fragments = [ipv4(7, 0, true, &data[..24]), ipv4(7, 24, false, &data[24..])];
        if reversed {
            fragments.reverse();
        }
        assert_eq!(bench.offer(&fragments[0]).rebuilt, None);
        let rebuilt = bench.offer(&fragments[1]).rebuilt.expect("it is complete");
        let parent = bench.decoder.decode(LinkType::RAW, &fragments[1], bench.now)[0].clone();
        let level = &bench.decoder.decode_datagram(&parent, &rebuilt)[0];
        assert_eq!(level.source.word(), "defrag");
        assert_eq!(level.level, parent.level);
        assert_eq!(level.ip_checksum, decode::Checksum::Good);
        assert!(matches!(level.transport, Transport::Udp { len: 40, .. }));
        let payload = level.payload.start as usize..level.payload.end as usize;
        assert_eq!(&rebuilt[payload], &data[8..]);
        assert_eq!(bench.defrag.waiting(), 0);
    }
}

#[test]
fn an_ipv6_datagram_loses_its_fragment_header() {
    let data = udp(40);
    let mut bench = Bench::new(DefragConfig::default());
    bench.offer(&ipv6(9, 24, false, &data[24..]));
    let first = ipv6(9, 0, true, &data[..24]);
    let rebuilt = bench.offer(&first).rebuilt.expect("it is complete");
    assert_eq!(rebuilt.len(), 80);
    assert_eq!(rebuilt[6], 17);
    let parent = bench.decoder.decode(LinkType::RAW, &first, bench.now)[0].clone();
    let level = &bench.decoder.decode_datagram(&parent, &rebuilt)[0];
    assert_eq!((level.src_port, level.dst_port), (9, 10));
    assert!(level.events.is_empty());
}

#[test]
fn overlaps_are_resolved_as_the_target_does() {
    // Shankar and Paxson's probe: each digit stands for the eight bytes of one fragment's unit.
    let probe: [(u16, &str); 6] = [(0, "111"), (4, "22"), (6, "333"), (1, "4444"), (6, "555"), (9, "666")];
    let expected = [
        (Policy::Bsd, "111442333666"),
        (Policy::BsdRight, "144422555666"),
        (Policy::Linux, "111442555666"),
        (Policy::First, "111422333666"),
        (Policy::Last, "144442555666"),
        (Policy::Windows, "111422333666"),
        (Policy::Solaris, "111422333666"),
    ];
    for (policy, units) in expected {
        let mut bench = Bench::with_policy(policy);
        let mut rebuilt = None;
        let mut events = 0;
        for (number, (unit, digits)) in probe.iter().enumerate() {
            let data: Vec<u8> = digits.bytes().flat_map(|digit| [digit; 8]).collect();
            let seen = bench.offer(&ipv4(1, unit * 8, number != 5, &data));
            events += u32::from(seen.event == Some(DecodeEvent::Ipv4FragOverlap));
            assert_eq!(seen.conflict, seen.event.is_some());
            rebuilt = seen.rebuilt.or(rebuilt);
        }
        let rebuilt = rebuilt.expect("all units are there");
        let digits: String = rebuilt[20..].chunks(8).map(|unit| unit[0] as char).collect();
        assert_eq!(digits, units, "{policy:?}");
        assert_eq!(events, 2);
    }
}

#[test]
fn a_later_fragment_around_an_earlier_one_wins_on_windows_and_solaris() {
    let digits = |digit: u8, units: usize| vec![digit; units * 8];
    for (policy, later_units, wins) in [
        (Policy::Windows, 3, true),
        (Policy::Windows, 2, false),
        (Policy::Solaris, 2, true),
        (Policy::First, 3, false),
    ] {
        let mut bench = Bench::with_policy(policy);
        bench.offer(&ipv4(1, 8, true, &digits(b'e', 1)));
        bench.offer(&ipv4(1, 0, true, &digits(b'l', later_units)));
        let last = later_units as u16 * 8;
        let rebuilt = bench.offer(&ipv4(1, last, false, b"end")).rebuilt.expect("complete");
        assert_eq!(rebuilt[28] == b'l', wins, "{policy:?}");
    }
}

#[test]
fn the_same_fragment_twice_overlaps_without_conflict() {
    let mut bench = Bench::new(DefragConfig::default());
    let first = ipv4(1, 0, true, &[1; 16]);
    bench.offer(&first);
    let seen = bench.offer(&first);
    assert_eq!((seen.event, seen.conflict), (Some(DecodeEvent::Ipv4FragOverlap), false));
}

#[test]
fn a_datagram_beyond_the_length_field_is_too_large() {
    let mut bench = Bench::new(DefragConfig::default());
    let seen = bench.offer(&ipv4(1, 65528, false, &[0; 100]));
    assert_eq!(seen.event, Some(DecodeEvent::Ipv4FragPktTooLarge));
    let seen = bench.offer(&ipv6(1, 65528, false, &[0; 100]));
    assert_eq!(seen.event, Some(DecodeEvent::Ipv6FragPktTooLarge));
    assert_eq!(bench.defrag.waiting(), 0);
}

#[test]
fn a_fragment_after_the_timeout_starts_anew() {
    let mut bench = Bench::new(DefragConfig::default());
    bench.offer(&ipv4(1, 0, true, &[1; 8]));
    bench.now = Time::from_secs(61);
    assert_eq!(bench.offer(&ipv4(1, 8, false, &[2; 8])).rebuilt, None);
    assert_eq!(bench.defrag.counters().timed_out, 1);
    bench.now = Time::from_secs(62);
    assert!(bench.offer(&ipv4(1, 0, true, &[1; 8])).rebuilt.is_some());
}

#[test]
fn an_id_may_be_used_again_once_the_datagram_is_complete() {
    let mut bench = Bench::new(DefragConfig::default());
    for fill in [1, 2] {
        bench.offer(&ipv4(1, 0, true, &[fill; 8]));
        let rebuilt = bench.offer(&ipv4(1, 8, false, &[fill; 8])).rebuilt.expect("complete");
        assert_eq!(rebuilt[20..], [fill; 16]);
    }
}

#[test]
fn vlans_and_ids_and_protocols_keep_datagrams_apart() {
    let mut bench = Bench::new(DefragConfig::default());
    bench.offer(&ipv4(1, 0, true, &[1; 8]));
    assert_eq!(bench.offer(&ipv4(2, 8, false, &[1; 8])).rebuilt, None);
    let bytes = ipv4(1, 8, false, &[1; 8]);
    let mut level = bench.decoder.decode(LinkType::RAW, &bytes, bench.now)[0].clone();
    level.vlans = [5, 0, 0];
    assert_eq!(bench.defrag.accept(bench.now, &level, &bytes).rebuilt, None);
    assert_eq!(bench.defrag.waiting(), 3);
    assert!(bench.offer(&bytes).rebuilt.is_some());
}

#[test]
fn the_longest_waiting_goes_when_there_are_too_many() {
    let config = DefragConfig { datagrams_max: 2, ..DefragConfig::default() };
    let mut bench = Bench::new(config);
    for id in 1..=3 {
        bench.offer(&ipv4(id, 0, true, &[1; 8]));
    }
    assert_eq!(bench.defrag.counters().evicted, 1);
    assert_eq!(bench.offer(&ipv4(1, 8, false, &[1; 8])).rebuilt, None);
    assert!(bench.offer(&ipv4(3, 8, false, &[1; 8])).rebuilt.is_some());
}

#[test]
fn bytes_held_stay_below_the_limit() {
    let config = DefragConfig { bytes_max: 10_000, ..DefragConfig::default() };
    let mut bench = Bench::new(config);
    for id in 0..500 {
        bench.offer(&ipv4(id, 0, true, &[1; 1000]));
        assert!(bench.defrag.bytes <= 10_000);
    }
    assert!(bench.defrag.counters().evicted > 480);
    assert!(bench.defrag.waiting.len() < 16);
}

#[test]
fn a_datagram_takes_only_so_much() {
    let mut bench = Bench::with_policy(Policy::Last);
    let mut ignored = None;
    for fill in 0..40_u8 {
        ignored = bench.offer(&ipv4(1, 0, true, &[fill; 16000])).event.or(ignored);
    }
    assert_eq!(ignored, Some(DecodeEvent::Ipv4FragIgnored));
}

#[test]
fn the_longest_prefix_chooses_the_policy() {
    let policies = vec![
        (IpAddr::from([0, 0, 0, 0]), 0, Policy::Windows),
        (IpAddr::from([10, 0, 0, 0]), 8, Policy::Linux),
    ];
    let of = |address: IpAddr| policy_for(&policies, address);
    assert_eq!(of(IpAddr::from([10, 1, 1, 1])), Policy::Linux);
    assert_eq!(of(IpAddr::from([11, 1, 1, 1])), Policy::Windows);
    assert_eq!(of(IpAddr::from([0u16; 8])), Policy::Bsd);
}

/// Resolves overlaps byte by byte: slow, and plain to see.
fn naive(policy: Policy, fragments: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let overlap = Overlap::of(policy);
    let end = fragments.iter().map(|(at, data)| usize::from(*at) + data.len()).max().unwrap_or(0);
    let mut owners: Vec<Option<usize>> = vec![None; end];
    for (number, (at, data)) in fragments.iter().enumerate() {
        let range = |(at, data): &(u16, Vec<u8>)| u32::from(*at)..u32::from(*at) + data.len() as u32;
        for owner in &mut owners[usize::from(*at)..usize::from(*at) + data.len()] {
            let wins = owner.is_none_or(|earlier: usize| {
                overlap.later_wins(&range(&fragments[earlier]), &range(&fragments[number]))
            });
            if wins {
                *owner = Some(number);
            }
        }
    }
    owners
        .iter()
        .enumerate()
        .map(|(place, owner)| {
            let (at, data) = &fragments[owner.expect("no gap")];
            data[place - usize::from(*at)]
        })
        .collect()
}

fn any_policy() -> impl Strategy<Value = Policy> {
    prop_oneof![
        Just(Policy::First),
        Just(Policy::Last),
        Just(Policy::Bsd),
        Just(Policy::BsdRight),
        Just(Policy::Linux),
        Just(Policy::Windows),
        Just(Policy::Solaris),
    ]
}

proptest! {
    #[test]
    fn any_order_and_overlap_gives_what_the_naive_way_gives(
        policy in any_policy(),
        parts in prop::collection::vec((0u16..12, 1usize..6), 1..14),
    ) {
        // The first part covers everything but the last unit, so that nothing is complete before the last fragment.
        let mut fragments: Vec<(u16, Vec<u8>)> = vec![(0, vec![b'a'; 160])];
        for (number, (unit, units)) in parts.iter().enumerate() {
            fragments.push((unit * 8, vec![b'b' + number as u8; units * 8]));
        }
        fragments.rotate_left(1);
        fragments.push((160, vec![b'z'; 3]));
        let mut bench = Bench::with_policy(policy);
        let mut rebuilt = None;
        for (number, (at, data)) in fragments.iter().enumerate() {
            let more = number + 1 != fragments.len();
            rebuilt = bench.offer(&ipv4(1, *at, more, data)).rebuilt;
            prop_assert_eq!(rebuilt.is_some(), !more);
        }
        let expected = naive(policy, &fragments);
        prop_assert_eq!(&rebuilt.expect("complete")[20..], expected.as_slice());
    }

    #[test]
    fn any_fragments_leave_the_tables_sound(
        offers in prop::collection::vec((0u16..4, 0u16..40, any::<bool>(), 0usize..64), 0..200),
    ) {
        let config = DefragConfig { datagrams_max: 3, bytes_max: 600, ..DefragConfig::default() };
        let mut bench = Bench::new(config);
        for (id, unit, more, size) in offers {
            bench.offer(&ipv4(id, unit * 8, more, &vec![id as u8; size]));
            prop_assert!(bench.defrag.bytes <= 600);
            prop_assert!(bench.defrag.waiting() <= 3);
            let listed: usize =
                std::iter::successors(Some(bench.defrag.oldest), |slot| {
                    bench.defrag.waiting.get(*slot as usize).map(|waiting| waiting.newer)
                })
                .take_while(|slot| *slot != NOBODY)
                .count();
            prop_assert_eq!(listed, bench.defrag.waiting());
        }
    }
}
