//! Any bytes: no panic, and every range lies inside the packet.

use model::{LinkType, Time};
use proptest::prelude::*;

use super::build::{ethernet, fragment, icmp, ipv4, ipv6, join, options, tcp, udp, vlan};
use crate::{Config, Decoder, Layers, Transport, plain};

const LINKS: [u16; 16] = [0, 1, 9, 12, 14, 101, 104, 105, 108, 113, 127, 228, 229, 276, 147, 65535];

fn assert_sound(levels: &[Layers], bytes: &[u8]) {
    assert!(!levels.is_empty());
    let size = bytes.len() as u32;
    for (number, level) in levels.iter().enumerate() {
        assert!(usize::from(level.level) >= number);
        for range in [&level.frame, &level.datagram, &level.payload] {
            assert!(range.start <= range.end && range.end <= size, "{level:?}");
        }
        for range in [level.network_header(), level.transport_header()].into_iter().flatten() {
            assert!(range.start <= range.end && range.end <= size, "{level:?}");
        }
        if let Some(fragment) = level.fragment {
            assert!(fragment.data.0 <= fragment.data.1 && fragment.data.1 <= size);
            assert!(fragment.header < size && fragment.next_header_at < size);
        }
        if let Transport::Tcp(tcp) = level.transport
            && let Some((at, length)) = tcp.sack
        {
            assert!(at + u32::from(length) <= size);
        }
        assert!(level.vlan_ids().len() <= 3);
    }
}

fn sound_on_every_link(decoder: &mut Decoder, bytes: &[u8]) {
    for link in LINKS {
        assert_sound(decoder.decode(LinkType(link), bytes, Time::default()), bytes);
    }
}

/// One packet of each kind.
fn packets() -> Vec<Vec<u8>> {
    let inner = ipv4(6, &tcp(1, 2, 2, &[2, 4, 5, 0xb4, 1, 3, 3, 9, 4, 2, 0, 0], b"x"));
    let frame = ethernet(0x0800, &inner);
    let over = |port: u16, body: &[u8]| ethernet(0x0800, &ipv4(17, &udp(port, port, body)));
    let extended = join(&[&options(44, &[5, 2, 0, 0, 1, 0])[..], &fragment(58, 1, &[0; 16])]);
    vec![
        frame.clone(),
        ethernet(0x8100, &vlan(5, 0x88a8, &vlan(6, 0x0800, &inner))),
        ethernet(0x86dd, &ipv6(0, &extended)),
        ethernet(0x86dd, &ipv6(58, &icmp(1, 0, &join(&[&[0; 4], &ipv6(6, &[0; 20])])))),
        ethernet(0x0800, &ipv4(1, &icmp(3, 1, &join(&[&[0; 4], &inner])))),
        ethernet(0x0800, &ipv4(47, &join(&[&[0x10, 0, 0x88, 0xbe], &[0; 4], &[0x10; 8], &frame]))),
        ethernet(0x0800, &ipv4(132, &join(&[&[0; 12], &[6, 0, 0, 4].repeat(3)]))),
        ethernet(0x0800, &ipv4(2, &[0x22, 0, 0, 0, 0, 0, 0, 1, 4, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1])),
        over(4789, &join(&[&[8, 0, 0, 0, 0, 0, 7, 0], &frame])),
        over(6081, &join(&[&[0, 0, 0x65, 0x58, 0, 0, 7, 0], &frame])),
        over(3544, &ipv6(6, &tcp(1, 2, 2, &[], b"x"))),
        over(4754, &join(&[&[0xb0, 0, 0x08, 0], &[0; 12], &inner])),
        over(2152, &join(&[&[0x30, 0xff, 0, 53, 0, 0, 0, 7], &inner])),
        ethernet(0x8847, &join(&[&[0, 6, 0x41, 0], &inner])),
        ethernet(0x8864, &join(&[&[0x11, 0, 0, 1, 0, 55, 0, 0x21], &inner])),
        ethernet(0x894f, &join(&[&[0, 2, 2, 3, 0, 0, 0, 0], &frame])),
    ]
}

/// What is told of a packet without decoding it must be what decoding finds. True when something was told.
fn assert_plain(decoder: &mut Decoder, bytes: &[u8]) -> bool {
    let Some(told) = plain(LinkType::ETHERNET, bytes, &Config::default()) else {
        return false;
    };
    let levels = decoder.decode(LinkType::ETHERNET, bytes, Time::default());
    let [level] = levels else { panic!("{} levels", levels.len()) };
    assert_eq!((level.src, level.dst, level.protocol), (told.src, told.dst, told.protocol));
    if let Transport::Tcp(_) | Transport::Udp { .. } = level.transport {
        assert_eq!([level.src_port, level.dst_port], told.ports);
    }
    assert!(level.fragment.is_none() && !matches!(level.transport, Transport::Icmp(_) | Transport::Icmp6(_)));
    true
}

#[test]
fn plain_ends_are_those_that_decoding_finds() {
    let mut decoder = Decoder::new(Config::default());
    let mut told = 0;
    for packet in packets().into_iter().chain([ethernet(0x0800, &ipv4(17, &udp(1, 53, b"x")))]) {
        for length in 0..=packet.len() {
            told += u32::from(assert_plain(&mut decoder, &packet[..length]));
        }
        for position in 0..packet.len() {
            let mut changed = packet.clone();
            for value in 0..=255 {
                changed[position] = value;
                told += u32::from(assert_plain(&mut decoder, &changed));
            }
        }
    }
    assert!(told > 10_000, "ordinary packets are told: {told}");
}

#[test]
fn every_prefix_of_every_packet_is_sound() {
    let mut decoder = Decoder::new(Config::default());
    for packet in packets() {
        for length in 0..=packet.len() {
            sound_on_every_link(&mut decoder, &packet[..length]);
        }
    }
}

#[test]
fn answers_do_not_depend_on_earlier_packets() {
    let mut used = Decoder::new(Config::default());
    for packet in packets() {
        let mut fresh = Decoder::new(Config::default());
        let expected = format!("{:?}", fresh.decode(LinkType::ETHERNET, &packet, Time::default()));
        let seen = format!("{:?}", used.decode(LinkType::ETHERNET, &packet, Time::default()));
        assert_eq!(seen, expected);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_sound(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        sound_on_every_link(&mut Decoder::new(Config::default()), &bytes);
    }

    #[test]
    fn any_damage_is_sound(
        which in 0usize..15,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = packets().swap_remove(which);
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        sound_on_every_link(&mut Decoder::new(Config::default()), &bytes);
    }

    #[test]
    fn any_rebuilt_datagram_is_sound(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut decoder = Decoder::new(Config::default());
        let frame = ethernet(0x86dd, &ipv6(44, &fragment(17, 1, &[0; 8])));
        let parent = decoder.decode(LinkType::ETHERNET, &frame, Time::default())[0].clone();
        assert_sound(decoder.decode_datagram(&parent, &bytes), &bytes);
    }
}
