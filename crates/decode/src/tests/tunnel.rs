use model::Time;

use super::build::{ethernet, fragment, ipv4, ipv6, join, tcp, udp, vlan};
use super::{check_ip, describe_levels, one_level};
use crate::{Config, Decoder, PacketSource};

const INNER: &str = "ip4:6 tcp(1, 2) +1";

fn inner() -> Vec<u8> {
    ipv4(6, &tcp(1, 2, 2, &[], b"x"))
}

#[test]
fn ip_in_ip_of_all_kinds_is_two_levels() {
    let (four, six) = (inner(), ipv6(6, &tcp(1, 2, 2, &[], b"x")));
    check_ip(&ipv4(4, &four), &format!("wire/pcap ip4:4 / ipv4 {INNER}"));
    check_ip(&ipv4(41, &six), "wire/pcap ip4:41 / ipv4 ip6:6 tcp(1, 2) +1");
    check_ip(&ipv6(4, &four), &format!("wire/pcap ip6:4 / ipv6 {INNER}"));
    check_ip(&ipv6(41, &six), "wire/pcap ip6:41 / ipv6 ip6:6 tcp(1, 2) +1");
    for (next, bytes, event) in [
        (4, &four[..19], "ipv6.ipv4_in_ipv6_too_small"),
        (4, &six[..], "ipv6.ipv4_in_ipv6_wrong_version"),
        (41, &six[..39], "ipv6.ipv6_in_ipv6_too_small"),
        (41, &four[..40], "ipv6.ipv6_in_ipv6_wrong_version"),
    ] {
        check_ip(&ipv6(next, bytes), &format!("wire/pcap ip6:{next} [{event:?}]"));
    }
}

#[test]
fn an_inner_packet_that_is_none_leaves_no_level() {
    let level = one_level(&ipv4(4, &inner()[..30]));
    assert!(!level.carries_tunnel && level.wants_flow && level.events.is_empty());
}

#[test]
fn inner_levels_know_where_they_came_from() {
    let bytes = ipv4(4, &inner());
    let mut decoder = Decoder::new(Config::default());
    let levels = decoder.decode(model::LinkType::RAW, &bytes, Time::default());
    assert_eq!((levels[0].level, levels[1].level), (0, 1));
    assert!(levels[0].carries_tunnel && !levels[1].carries_tunnel);
    assert_eq!(levels[1].source, PacketSource::Ipv4);
    assert_eq!((levels[1].frame.clone(), levels[1].datagram.clone()), (20..61, 20..61));
    assert_eq!(levels[1].payload, 60..61);
}

#[test]
fn gre_is_walked_by_its_flags() {
    let gre = |flags: u16, kind: u16, body: &[u8]| {
        ipv4(47, &join(&[&flags.to_be_bytes(), &kind.to_be_bytes(), body]))
    };
    let seen = format!("wire/pcap ip4:47 gre / gre {INNER}");
    check_ip(&gre(0, 0x0800, &inner()), &seen);
    check_ip(&gre(0xb000, 0x0800, &join(&[&[0; 12], &inner()])), &seen);
    let routed = join(&[&[0; 4], &[0, 2, 0, 4, 9, 9, 9, 9], &[0; 4], &inner()]);
    check_ip(&gre(0x4000, 0x0800, &routed), &seen);
    check_ip(&gre(0x3081, 0x880b, &join(&[&[0; 12], &[0x21], &inner()])), &seen);
    check_ip(&gre(0, 0x6558, &ethernet(0x0800, &inner())), &seen);
    let tagged = format!("wire/pcap ip4:47 gre / gre vlan[7] {INNER}");
    check_ip(&gre(0, 0x8100, &vlan(7, 0x0800, &inner())), &tagged);
    check_ip(&gre(0, 0x9999, &inner()), "wire/pcap ip4:47 gre");
    for (flags, kind, event) in [
        (2, 0x0800, "gre.wrong_version"),
        (0x0100, 0x0800, "gre.version0_recur"),
        (0x0080, 0x0800, "gre.version0_flags"),
        (0x2000, 0x0800, "gre.version0_hdr_too_big"),
        (0x8001, 0x880b, "gre.version1_chksum"),
        (0x4001, 0x880b, "gre.version1_route"),
        (0x0801, 0x880b, "gre.version1_ssr"),
        (0x0101, 0x880b, "gre.version1_recur"),
        (0x0009, 0x880b, "gre.version1_flags"),
        (0x2001, 0x0800, "gre.version1_wrong_protocol"),
        (0x0001, 0x880b, "gre.version1_no_key"),
        (0x2001, 0x880b, "gre.version1_hdr_too_big"),
    ] {
        check_ip(&gre(flags, kind, &[]), &format!("wire/pcap ip4:47 gre [{event:?}]"));
    }
    let cut = gre(0x4000, 0x0800, &[0, 0, 0, 0, 0, 2, 0, 9]);
    check_ip(&cut, r#"wire/pcap ip4:47 gre ["gre.version0_malformed_sre_hdr"]"#);
    check_ip(&ipv4(47, &[0; 3]), r#"wire/pcap ip4:47 ["gre.pkt_too_small"]"#);
}

#[test]
fn erspan_mirrors_are_told_by_the_sequence_bit() {
    let frame = ethernet(0x0800, &inner());
    let type1 = ipv4(47, &join(&[&[0, 0, 0x88, 0xbe], &frame]));
    check_ip(&type1, &format!("wire/pcap ip4:47 gre / gre {INNER}"));
    let type2 = |first: u16| {
        let header = [&first.to_be_bytes()[..], &[0; 6]].concat();
        ipv4(47, &join(&[&[0x10, 0, 0x88, 0xbe], &[0; 4], &header, &frame]))
    };
    check_ip(&type2(0x1005), &format!("wire/pcap ip4:47 gre / gre vlan[5] {INNER}"));
    check_ip(&type2(0x1000), &format!("wire/pcap ip4:47 gre / gre {INNER}"));
    // An inner packet that is not valid leaves no trace, as in Suricata.
    check_ip(&type2(0x2000), "wire/pcap ip4:47 gre");
}

#[test]
fn overlays_are_found_by_port_and_believed_by_header() {
    let frame = ethernet(0x0800, &inner());
    let over = |port: u16, body: &[u8]| ipv4(17, &udp(9, port, body));
    let vxlan = |flags: u8, reserved: u8| over(4789, &join(&[&[flags, 0, 0, reserved, 0, 0, 7, 0], &frame]));
    let outer = |port: u16, size: usize| format!("wire/pcap ip4:17 udp(9, {port}) +{size}");
    let seen = format!("{} / vxlan {INNER}", outer(4789, 63));
    check_ip(&vxlan(8, 0), &seen);
    check_ip(&vxlan(8, 1), &outer(4789, 63));
    check_ip(&vxlan(0, 0), &outer(4789, 63));
    let unknown = over(4789, &join(&[&[8, 0, 0, 0, 0, 0, 7, 0], &ethernet(0x1234, &[])]));
    let event = r#"["vxlan.unknown_payload_type"]"#;
    check_ip(&unknown, &format!("{} {event}", outer(4789, 22)));
    let geneve = |options: &[u8], kind: u16, body: &[u8]| {
        let header = [&[(options.len() / 4) as u8, 0][..], &kind.to_be_bytes(), &[0, 0, 7, 0]];
        over(6081, &join(&[&header.concat(), options, body]))
    };
    check_ip(&geneve(&[], 0x6558, &frame), &format!("{} / geneve {INNER}", outer(6081, 63)));
    let option = [1, 2, 3, 1, 0, 0, 0, 0];
    let seen = format!("{} / geneve {INNER}", outer(6081, 57));
    check_ip(&geneve(&option, 0x0800, &inner()), &seen);
    check_ip(&geneve(&[1, 2, 3, 9], 0x0800, &inner()), &outer(6081, 53));
    let gtp = join(&[&[0x30, 0xff, 0, 41, 0, 0, 0, 7], &inner()]);
    check_ip(&over(2152, &gtp), &format!("{} / gtp-u {INNER}", outer(2152, 49)));
    let extended = join(&[&[0x34, 0xff, 0, 49, 0, 0, 0, 7, 0, 0, 0, 0x85], &[1, 0, 0, 0], &inner()]);
    check_ip(&over(2152, &extended), &format!("{} / gtp-u {INNER}", outer(2152, 57)));
    check_ip(&over(2152, &gtp[..48]), &outer(2152, 48));
    let gre = |flags: u16, kind: u16, body: &[u8]| {
        over(4754, &join(&[&flags.to_be_bytes(), &kind.to_be_bytes(), body]))
    };
    check_ip(&gre(0, 0x0800, &inner()), &format!("{} / gre {INNER}", outer(4754, 45)));
    let keyed = join(&[&[0; 12], &frame]);
    check_ip(&gre(0xb000, 0x6558, &keyed), &format!("{} / gre {INNER}", outer(4754, 71)));
    check_ip(&gre(0x4000, 0x0800, &inner()), &outer(4754, 45));
    check_ip(&gre(0, 0x9999, &inner()), &outer(4754, 45));
}

#[test]
fn teredo_must_fit_to_the_byte() {
    let six = ipv6(6, &tcp(1, 2, 2, &[], b"x"));
    let over = |body: &[u8]| ipv4(17, &udp(3544, 9, body));
    let seen = "wire/pcap ip4:17 udp(3544, 9) +61 / teredo ip6:6 tcp(1, 2) +1";
    check_ip(&over(&six), seen);
    let with_origin = join(&[&[0, 0, 1, 1, 1, 1, 1, 1], &six]);
    check_ip(&over(&with_origin), &seen.replace("+61", "+69"));
    check_ip(&over(&join(&[&six, b"y"])), "wire/pcap ip4:17 udp(3544, 9) +62");
    check_ip(&over(&join(&[&[0, 1], &six])), "wire/pcap ip4:17 udp(3544, 9) +63");
    // A broken header inside means that it was no Teredo.
    let broken = ipv6(6, &[0; 19]);
    check_ip(&over(&broken), "wire/pcap ip4:17 udp(3544, 9) +59");
}

#[test]
fn service_headers_continue_the_level() {
    let nsh = |kind: u8, words: u16, next: u8, body: &[u8]| {
        let first = words.to_be_bytes();
        let metadata = vec![0; usize::from(words).saturating_sub(2) * 4];
        ethernet(0x894f, &join(&[&first, &[kind, next], &[0; 4], &metadata, body]))
    };
    let seen = format!("wire/pcap {INNER}");
    super::check_ethernet(&nsh(1, 6, 1, &inner()), &seen);
    super::check_ethernet(&nsh(2, 2, 1, &inner()), &seen);
    super::check_ethernet(&nsh(2, 3, 3, &ethernet(0x0800, &inner())), &seen);
    for (kind, words, next, event) in [
        (2, 2, 9, "nsh.unknown_payload"),
        (0, 2, 1, "nsh.reserved_type"),
        (15, 2, 1, "nsh.unsupported_type"),
        (1, 5, 1, "nsh.bad_header_length"),
        (2, 0xc002, 1, "nsh.unsupported_version"),
    ] {
        let bytes = nsh(kind, words, next, &inner());
        super::check_ethernet(&bytes, &format!("wire/pcap [{event:?}]"));
    }
    let short = ethernet(0x894f, &[0; 7]);
    super::check_ethernet(&short, r#"wire/pcap ["nsh.header_too_small"]"#);
}

#[test]
fn levels_are_bounded() {
    let mut bytes = inner();
    for _ in 0..30 {
        bytes = ipv4(4, &bytes);
    }
    let mut decoder = Decoder::new(Config::default());
    let levels = decoder.decode(model::LinkType::RAW, &bytes, Time::default());
    assert!((4..=16).contains(&levels.len()), "{} levels", levels.len());
    let mut tags = inner();
    let mut kind = 0x0800;
    for _ in 0..40 {
        tags = join(&[&[0; 4], &u16::to_be_bytes(kind), &tags]);
        kind = 0x8926;
    }
    let seen = super::describe(model::LinkType::ETHERNET, &ethernet(kind, &tags));
    assert_eq!(seen, r#"wire/pcap ["too_many_layers"]"#);
}

#[test]
fn a_rebuilt_datagram_keeps_its_link_and_level() {
    let data = udp(1, 2, b"data");
    let first = ipv6(44, &fragment(17, 1, &data[..8]));
    let frame = ethernet(0x8100, &vlan(5, 0x86dd, &first));
    let mut decoder = Decoder::new(Config::default());
    let parent = decoder.decode(model::LinkType::ETHERNET, &frame, Time::default())[0].clone();
    let rebuilt = ethernet(0x8100, &vlan(5, 0x86dd, &ipv6(17, &data)));
    let levels = decoder.decode_datagram(&parent, &rebuilt);
    assert_eq!(describe_levels(levels), "defrag vlan[5] ip6:17 udp(1, 2) +4");
    assert_eq!((levels[0].level, levels[0].frame.clone()), (0, 0..70));
    assert_eq!(levels[0].datagram, 18..70);
}
