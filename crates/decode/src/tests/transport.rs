use std::net::IpAddr;

use super::build::{icmp, ipv4, ipv6, join, tcp, udp};
use super::{check_ip, one_level};
use crate::{Checksum, Embedded, Tcp, Transport, checksum};

fn tcp_of(options: &[u8]) -> (Tcp, String) {
    let level = one_level(&ipv4(6, &tcp(1, 2, Tcp::SYN, options, b"x")));
    let events: Vec<&str> = level.events.iter().map(crate::DecodeEvent::name).collect();
    match level.transport {
        Transport::Tcp(tcp) => (tcp, events.join(" ")),
        other => panic!("TCP, not {other:?}"),
    }
}

#[test]
fn the_tcp_header_is_checked_before_anything_is_read() {
    let good = tcp(1, 2, 2, &[], b"data");
    check_ip(&ipv4(6, &good), "wire/pcap ip4:6 tcp(1, 2) +4");
    check_ip(&ipv4(6, &good[..19]), r#"wire/pcap ip4:6 ["tcp.pkt_too_small"]"#);
    let with_length = |words: u8| {
        let mut bytes = good.clone();
        bytes[12] = words << 4;
        ipv4(6, &bytes)
    };
    check_ip(&with_length(15), r#"wire/pcap ip4:6 ["tcp.hlen_too_small"]"#);
    check_ip(&with_length(4), r#"wire/pcap ip4:6 ["tcp.invalid_optlen"]"#);
}

#[test]
fn tcp_options_are_read() {
    let (tcp, events) = tcp_of(&[
        2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 8, 1, 3, 3, 9, //
    ]);
    assert_eq!(events, "");
    assert_eq!((tcp.mss, tcp.scale, tcp.sack_permitted), (Some(1460), Some(9), true));
    assert_eq!(tcp.timestamp, Some((7, 8)));
    let (tcp, _) = tcp_of(&[1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]);
    assert_eq!(tcp.timestamp, Some((1, 2)));
    let (tcp, _) = tcp_of(&[1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2]);
    assert_eq!(tcp.sack, Some((44, 8)));
    let (tcp, _) = tcp_of(&[34, 6, 1, 2, 3, 4, 30, 4, 0, 0, 0, 0]);
    assert!(tcp.fast_open && tcp.multipath);
    let (tcp, _) = tcp_of(&[254, 4, 0xf9, 0x89, 29, 4, 0, 0]);
    assert!(tcp.fast_open && tcp.authentication);
    let mut md5 = vec![19, 18];
    md5.resize(20, 0);
    assert!(tcp_of(&md5).0.md5);
    assert_eq!(tcp_of(&[3, 3, 15, 0]).0.scale, Some(0));
}

#[test]
fn bad_tcp_options_are_said_to_be_so() {
    assert_eq!(tcp_of(&[2, 3, 5, 0]).1, "tcp.opt_invalid_len");
    assert_eq!(tcp_of(&[2, 9, 5, 0]).1, "tcp.opt_invalid_len");
    assert_eq!(tcp_of(&[99, 1, 0, 0]).1, "tcp.opt_invalid_len");
    assert_eq!(tcp_of(&[2, 4, 5, 0, 2, 4, 6, 0]).1, "tcp.opt_duplicate");
    assert_eq!(tcp_of(&[2, 4, 5, 0, 2, 4, 6, 0]).0.mss, Some(0x500));
    assert_eq!(tcp_of(&[1, 1, 1, 2]).1, "");
    assert_eq!(tcp_of(&[5, 2, 5, 2]).1, "");
    assert_eq!(tcp_of(&[0, 99, 99, 99]).1, "");
}

#[test]
fn udp_lengths_decide_what_is_payload() {
    let good = udp(1, 2, b"data");
    check_ip(&ipv4(17, &good[..7]), r#"wire/pcap ip4:17 ["udp.hlen_too_small"]"#);
    check_ip(&ipv4(17, &good[..11]), r#"wire/pcap ip4:17 ["udp.pkt_too_small"]"#);
    let mut short = good.clone();
    short[5] = 5;
    check_ip(&ipv4(17, &short), r#"wire/pcap ip4:17 ["udp.len_invalid"]"#);
    check_ip(&ipv4(17, &join(&[&good, b"more"])), "wire/pcap ip4:17 udp(1, 2) +4");
}

#[test]
fn checksums_of_all_transports_are_checked() {
    let fill = |at: usize, protocol: u8, mut body: Vec<u8>, sixth: bool| {
        let (src, dst): (IpAddr, IpAddr) = if sixth {
            ([0xfd; 16].into(), [0xfe; 16].into())
        } else {
            ([10, 0, 0, 1].into(), [10, 0, 0, 2].into())
        };
        let pseudo = checksum::pseudo_header(&src, &dst, protocol, body.len());
        let sum = checksum::field(pseudo + checksum::sum(&body));
        body[at..at + 2].copy_from_slice(&sum);
        if sixth { ipv6(protocol, &body) } else { ipv4(protocol, &body) }
    };
    let payload = [7; 77];
    let packets = [
        fill(16, 6, tcp(1, 2, 2, &[], &payload), false),
        fill(16, 6, tcp(1, 2, 2, &[], &payload), true),
        fill(6, 17, udp(1, 2, &payload), false),
        fill(6, 17, udp(1, 2, &payload), true),
        fill(2, 58, [&[128, 0, 0, 0, 0, 1, 0, 2], &payload[..]].concat(), true),
        ipv4(1, &icmp(8, 0, &payload)),
        ipv4(2, &icmp(0x16, 0, &payload[..4])),
    ];
    for good in packets {
        assert_eq!(one_level(&good).checksum, Checksum::Good, "{good:02x?}");
        let mut bad = good.clone();
        *bad.last_mut().expect("there are bytes") ^= 1;
        assert_eq!(one_level(&bad).checksum, Checksum::Bad);
    }
    assert_eq!(one_level(&ipv4(17, &udp(1, 2, b"x"))).checksum, Checksum::Unchecked);
    assert_eq!(one_level(&ipv6(17, &udp(1, 2, b"x"))).checksum, Checksum::Bad);
}

#[test]
fn the_rfc_1071_example_sums_up() {
    let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
    assert_eq!(checksum::field(checksum::sum(&bytes)), [!0xdd, !0xf2]);
}

#[test]
fn icmp_errors_quote_a_datagram() {
    let quoted = ipv4(17, &udp(53, 5353, b""));
    let level = one_level(&ipv4(1, &icmp(3, 3, &join(&[&[0; 4], &quoted]))));
    let Transport::Icmp(seen) = level.transport else { panic!("ICMP") };
    let expected = Embedded {
        src: IpAddr::from([10, 0, 0, 1]),
        dst: IpAddr::from([10, 0, 0, 2]),
        protocol: 17,
        src_port: 53,
        dst_port: 5353,
    };
    assert_eq!(seen.embedded, Some(expected));
    let quoted = ipv6(6, &tcp(1, 2, 2, &[], b""));
    let level = one_level(&ipv6(58, &icmp(1, 4, &join(&[&[0; 4], &quoted]))));
    let Transport::Icmp6(seen) = level.transport else { panic!("ICMPv6") };
    let embedded = seen.embedded.expect("it quotes");
    assert_eq!((embedded.protocol, embedded.src_port, embedded.dst_port), (6, 1, 2));
}

#[test]
fn icmp_headers_are_as_long_as_their_type_makes_them() {
    let header_len = |bytes: &[u8]| match one_level(&ipv4(1, bytes)).transport {
        Transport::Icmp(icmp) => icmp.header_len,
        other => panic!("ICMP, not {other:?}"),
    };
    assert_eq!(header_len(&icmp(8, 0, &[0; 40])), 8);
    assert_eq!(header_len(&icmp(13, 0, &[0; 16])), 20);
    assert_eq!(header_len(&icmp(17, 0, &[0; 8])), 12);
    let routers = [2, 2, 0, 10, 1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 2, 2, 0, 0, 0, 0];
    assert_eq!(header_len(&icmp(9, 0, &routers)), 24);
    assert_eq!(header_len(&icmp(9, 0, &routers[..12])), 8);
}

#[test]
fn odd_icmp_is_said_to_be_so() {
    let four = &[0; 4][..];
    let cases: [(Vec<u8>, &str); 8] = [
        (icmp(8, 0, &[0; 3]), r#" ["icmpv4.pkt_too_small"]"#),
        (icmp(8, 1, four), r#" icmp(8, 1) ["icmpv4.unknown_code"]"#),
        (icmp(77, 0, four), r#" icmp(77, 0) ["icmpv4.unknown_type"]"#),
        (icmp(3, 16, four), r#" icmp(3, 16) ["icmpv4.unknown_code"]"#),
        (icmp(3, 1, &[0; 5]), r#" icmp(3, 1) +1 ["icmpv4.ipv4_trunc_pkt"]"#),
        (icmp(3, 1, &[0; 24]), r#" icmp(3, 1) +20 ["icmpv4.ipv4_unknown_ver"]"#),
        (icmp(11, 1, four), " icmp(11, 1)"),
        (icmp(13, 0, &[0; 16]), " icmp(13, 0) +12"),
    ];
    for (bytes, seen) in cases {
        check_ip(&ipv4(1, &bytes), &format!("wire/pcap ip4:1{seen}"));
    }
    let level = one_level(&ipv4(1, &icmp(8, 0, &[0, 5, 0, 6])));
    let Transport::Icmp(seen) = level.transport else { panic!("ICMP") };
    assert_eq!((seen.id, seen.seq), (Some(5), Some(6)));
}

#[test]
fn odd_icmp6_is_said_to_be_so() {
    let seen = |kind: u8, code: u8, body: &[u8]| {
        let level = one_level(&ipv6(58, &join(&[&[kind, code, 0, 0], body])));
        let names: Vec<&str> = level.events.iter().map(crate::DecodeEvent::name).collect();
        names.join(" ")
    };
    let four = &[0; 4][..];
    assert_eq!(seen(128, 0, &[0; 3]), "icmpv6.pkt_too_small");
    assert_eq!(seen(128, 1, four), "icmpv6.unknown_code");
    assert_eq!(seen(50, 0, four), "icmpv6.unassigned_type");
    assert_eq!(seen(100, 0, four), "icmpv6.experimentation_type");
    assert_eq!(seen(255, 0, four), "icmpv6.unknown_type");
    assert_eq!(seen(1, 0, four), "icmpv6.ipv6_trunc_pkt");
    assert_eq!(seen(1, 0, &[0; 44]), "icmpv6.ipv6_unknown_version");
    assert_eq!(seen(143, 0, four), "");
    // Router advertisements: twelve bytes, then resolvers as RFC 8106 §5.1 has them, half an address more, and no length.
    let advertised = |units: u8| {
        let addresses = vec![0; usize::from(units).max(1) * 8 - 8];
        join(&[&[0; 12], &[25, units, 0, 0, 0, 0, 0, 60], &addresses])
    };
    assert_eq!(seen(134, 0, &advertised(3)), "");
    assert_eq!(seen(134, 0, &advertised(4)), "icmpv6.nd_option_length");
    assert_eq!(seen(134, 0, &advertised(0)), "icmpv6.nd_option_length");
    let mut far = ipv6(58, &[130, 0, 0, 0, 0, 0, 0, 0]);
    far[7] = 64;
    let level = one_level(&far);
    assert!(level.events.contains(crate::DecodeEvent::Icmpv6MldMessageWithInvalidHl));
    assert_eq!(level.payload.len(), 4);
}

#[test]
fn sctp_chunks_are_counted_and_judged() {
    let packet =
        |tag: u8, chunks: &[u8]| ipv4(132, &join(&[&[0, 1, 0, 2], &[0, 0, 0, tag], &[0; 4], chunks]));
    let data = [0, 3, 0, 17, 0, 0, 0, 1, 0, 1, 0, 2, 0, 0, 0, 0, 7, 0, 0, 0];
    check_ip(&packet(1, &data), "wire/pcap ip4:132 sctp(1, 2) +20");
    let level = one_level(&packet(1, &join(&[&[3, 0, 0, 4], &data])));
    let Transport::Sctp(sctp) = level.transport else { panic!("SCTP") };
    assert_eq!((sctp.chunks, sctp.kinds()), (2, &[3, 0][..]));
    let init = [1, 0, 0, 4];
    let cases: [(Vec<u8>, &str); 7] = [
        (packet(1, &init), "sctp.init_with_non_zero_vtag"),
        (packet(0, &join(&[&init, &[6, 0, 0, 4]])), "sctp.init_chunk_bundled"),
        (packet(0, &data), "sctp.data_with_zero_vtag"),
        (packet(1, &[6, 0, 0, 3]), "sctp.chunk_len_invalid"),
        (packet(1, &[6, 0, 0, 9]), "sctp.chunk_len_invalid"),
        (packet(1, &[6, 0, 0]), "sctp.chunk_too_small"),
        (packet(1, &[6, 0, 0, 4].repeat(17)), "sctp.too_many_chunks"),
    ];
    for (bytes, event) in cases {
        let level = one_level(&bytes);
        let names: Vec<&str> = level.events.iter().map(crate::DecodeEvent::name).collect();
        assert_eq!(names, [event]);
    }
    check_ip(&ipv4(132, &[0; 11]), r#"wire/pcap ip4:132 ["sctp.pkt_too_small"]"#);
}

#[test]
fn igmp_versions_are_told_apart() {
    let seen = |bytes: &[u8]| one_level(&ipv4(2, bytes)).transport;
    let version = |bytes: &[u8]| match seen(bytes) {
        Transport::Igmp(igmp) => igmp.version,
        other => panic!("IGMP, not {other:?}"),
    };
    assert_eq!(version(&[0x11, 0, 0, 0, 0, 0, 0, 0]), 1);
    assert_eq!(version(&[0x11, 9, 0, 0, 0, 0, 0, 0]), 2);
    assert_eq!(version(&[0x11, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 3);
    assert_eq!(version(&[0x12, 0, 0, 0, 0, 0, 0, 0]), 1);
    assert_eq!(version(&[0x16, 0, 0, 0, 0, 0, 0, 0]), 2);
    assert_eq!(version(&[0x22, 0, 0, 0, 0, 0, 0, 0]), 3);
    assert_eq!(version(&[0xff, 0, 0, 0, 0, 0, 0, 0]), 0);
    check_ip(&ipv4(2, &[0x12; 7]), r#"wire/pcap ip4:2 ["igmp.pkt_too_small"]"#);
    let cut = [0x11, 9, 0, 0, 0, 0, 0, 0, 0, 0];
    check_ip(&ipv4(2, &cut), r#"wire/pcap ip4:2 ["igmp.v3_pkt_too_small"]"#);
    let sources = [0x11, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    check_ip(&ipv4(2, &sources), r#"wire/pcap ip4:2 ["igmp.malformed"]"#);
    let records = [0x22, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0];
    check_ip(&ipv4(2, &records), r#"wire/pcap ip4:2 ["igmp.malformed"]"#);
}

#[test]
fn esp_shows_its_index_only() {
    check_ip(&ipv4(50, &[0, 0, 0, 9, 0, 0, 0, 1, 5, 5]), "wire/pcap ip4:50 esp(9) +2");
    check_ip(&ipv6(50, &[0; 7]), r#"wire/pcap ip6:50 ["esp.pkt_too_small"]"#);
}
