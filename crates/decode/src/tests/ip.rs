use super::build::{fragment, icmp, ipv4, ipv4_with, ipv6, join, options, tcp, udp};
use super::{check_ip, one_level};
use crate::{Checksum, Network, ipv4_option};

#[test]
fn the_ipv4_header_is_checked_before_anything_is_read() {
    let good = ipv4(17, &udp(1, 2, b"data"));
    let broken = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    check_ip(&broken(0, 0x44), r#"wire/pcap ["ipv4.hlen_too_small"]"#);
    check_ip(&broken(3, 19), r#"wire/pcap ["ipv4.iplen_smaller_than_hlen"]"#);
    check_ip(&broken(3, 33), r#"wire/pcap ["ipv4.trunc_pkt"]"#);
    let inside = join(&[&[2, 0, 0, 0], &broken(0, 0x65)]);
    let seen = r#"wire/pcap ["ipv4.wrong_ip_version"]"#;
    super::check(model::LinkType::NULL, &inside, seen);
    check_ip(&ipv4(58, &[0; 8]), r#"wire/pcap ip4:58 ["ipv4.icmpv6"]"#);
    check_ip(&ipv4(89, &[0; 8]), "wire/pcap ip4:89");
}

#[test]
fn ipv4_fields_and_sums_are_kept() {
    let mut bytes = ipv4_with(17, &[], 0x4000, &udp(1, 2, b"data"));
    let level = one_level(&bytes);
    assert_eq!(level.network, Network::Ipv4 { at: 0, id: 0x1234, tos: 0, flags: 2, options: 0 });
    assert_eq!((level.ttl, level.network_header_len, level.datagram.clone()), (64, 20, 0..32));
    assert_eq!((level.ip_checksum, level.checksum), (Checksum::Good, Checksum::Unchecked));
    assert_eq!(level.payload, 28..32);
    bytes[8] = 63;
    assert_eq!(one_level(&bytes).ip_checksum, Checksum::Bad);
}

#[test]
fn datagrams_that_the_network_card_is_yet_to_cut_are_as_long_as_their_frame() {
    let mut bytes = ipv4(6, &tcp(1, 2, 2, &[], &[7; 4000]));
    bytes[2..4].fill(0);
    let level = one_level(&bytes);
    assert!(level.unsent && level.wants_flow);
    assert_eq!(level.payload, 40..4040);
    assert_eq!((level.ip_checksum, level.checksum), (Checksum::Unchecked, Checksum::Unchecked));
    // What fits a frame is never cut: a length of 0 is then a lie.
    let mut short = ipv4(6, &tcp(1, 2, 2, &[], &[7; 1400]));
    short[2..4].fill(0);
    check_ip(&short, r#"wire/pcap ["ipv4.iplen_smaller_than_hlen"]"#);
}

#[test]
fn ipv4_fragments_wait_for_reassembly() {
    let first = one_level(&ipv4_with(17, &[], 0x2000, &[9; 16]));
    let seen = first.fragment.expect("it is a fragment");
    assert_eq!((seen.id, seen.offset, seen.more, seen.data), (0x1234, 0, true, (20, 36)));
    assert!(!first.wants_flow);
    let last = one_level(&ipv4_with(17, &[], 0x0002, &[9; 16]));
    let seen = last.fragment.expect("it is a fragment");
    assert_eq!((seen.offset, seen.more), (16, false));
}

#[test]
fn ipv4_options_are_named_or_judged() {
    let seen = |options: &[u8]| {
        let level = one_level(&ipv4_with(17, options, 0, &udp(1, 2, b"")));
        let Network::Ipv4 { options, .. } = level.network else { panic!("IPv4") };
        let names: Vec<&str> = level.events.iter().map(crate::DecodeEvent::name).collect();
        (options, names.join(" "))
    };
    let only = |bits: u16| (bits, String::new());
    let with = |bits: u16, events: &str| (bits, String::from(events));
    assert_eq!(seen(&[7, 7, 4, 0, 0, 0, 0, 0]), only(ipv4_option::RR | ipv4_option::EOL));
    assert_eq!(seen(&[148, 4, 0, 0, 1, 1, 1, 1]), only(ipv4_option::RTRALT | ipv4_option::NOP));
    assert_eq!(seen(&[68, 8, 5, 0, 0, 0, 0, 0]), only(ipv4_option::TS));
    assert_eq!(seen(&[136, 4, 0, 1, 1, 1, 1, 1]), only(ipv4_option::SATID | ipv4_option::NOP));
    assert_eq!(seen(&[25, 8, 0, 0, 0, 0, 0, 0]), only(ipv4_option::QS));
    let cipso = [134, 10, 0, 0, 0, 1, 1, 4, 0, 1, 0, 0, 0, 0, 0, 0];
    assert_eq!(seen(&cipso), only(ipv4_option::CIPSO | ipv4_option::EOL));
    assert_eq!(seen(&[148, 4, 0, 0]), with(ipv4_option::RTRALT, "ipv4.opt_pad_required"));
    assert_eq!(seen(&[7, 7, 3, 0, 0, 0, 0, 0]).1, "ipv4.opt_malformed");
    assert_eq!(seen(&[7, 9, 4, 0, 0, 0, 0, 0]).1, "ipv4.opt_invalid_len");
    assert_eq!(seen(&[7, 0, 4, 0, 0, 0, 0, 0]).1, "ipv4.opt_invalid_len");
    assert_eq!(seen(&[130, 2, 99, 9, 0, 0, 0, 0]).1, "ipv4.opt_invalid_len ipv4.opt_invalid_len");
    assert_eq!(seen(&[99, 8, 0, 0, 0, 0, 0, 0]).1, "ipv4.opt_invalid");
    assert_eq!(seen(&[148, 4, 0, 0, 148, 4, 0, 0]).1, "ipv4.opt_duplicate");
    let bad_tag = [134, 10, 0, 0, 0, 1, 9, 4, 0, 1, 0, 0, 0, 0, 0, 0];
    assert_eq!(seen(&bad_tag).1, "ipv4.opt_malformed");
    assert_eq!(ipv4_option::from_name("rr"), Some(ipv4_option::RR));
    assert_eq!(ipv4_option::from_name("nonsense"), None);
}

#[test]
fn the_ipv6_header_is_checked_before_anything_is_read() {
    let good = ipv6(17, &udp(1, 2, b"data"));
    check_ip(&good[..39], r#"wire/pcap ["ipv6.pkt_too_small"]"#);
    check_ip(&good[..51], r#"wire/pcap ["ipv6.trunc_pkt"]"#);
    let level = one_level(&good);
    assert_eq!(level.network, Network::Ipv6 { at: 0, class: 0x12, flow_label: 0x34567 });
    assert_eq!((level.ttl, level.network_header_len), (1, 40));
}

#[test]
fn extension_headers_lead_to_the_upper_layer() {
    let body = udp(1, 2, b"data");
    let routing = join(&[&[17, 0, 2, 0, 0, 0, 0, 0], &body]);
    let destination = join(&[&options(43, &[1, 4, 0, 0, 0, 0])[..], &routing]);
    let hop = join(&[&options(60, &[5, 2, 0, 0, 1, 0])[..], &destination]);
    let bytes = ipv6(0, &hop);
    let zero = r#""ipv6.zero_len_padn", "ipv6.dstopts_only_padding""#;
    check_ip(&bytes, &format!("wire/pcap ip6:17 udp(1, 2) +4 [{zero}]"));
    assert_eq!(one_level(&bytes).network_header_len, 64);
    let authentication = join(&[&[17, 1, 0, 0], &[0; 8], &body]);
    check_ip(&ipv6(51, &authentication), "wire/pcap ip6:17 udp(1, 2) +4");
    for skipped in [135, 139, 140] {
        let bytes = ipv6(skipped, &join(&[&[17, 0, 0, 0, 0, 0, 0, 0], &body]));
        check_ip(&bytes, "wire/pcap ip6:17 udp(1, 2) +4");
    }
}

#[test]
fn odd_extension_headers_are_said_to_be_so() {
    let body = udp(1, 2, b"");
    let end = "wire/pcap ip6:17 udp(1, 2)";
    let padded = |next: u8| options(next, &[1, 4, 0, 0, 0, 0]);
    let cases: [(u8, Vec<u8>, String); 12] = [
        (43, join(&[&[17, 0, 0, 0, 0, 0, 0, 0], &body]), format!(r#"{end} ["ipv6.rh_type_0"]"#)),
        (
            43,
            join(&[&[43, 0, 2, 0, 0, 0, 0, 0], &[17, 0, 2, 0, 0, 0, 0, 0], &body]),
            format!(r#"{end} ["ipv6.exthdr_dupl_rh"]"#),
        ),
        (
            0,
            join(&[&padded(0)[..], &padded(17), &body]),
            format!(r#"{end} ["ipv6.hopopts_only_padding", "ipv6.exthdr_dupl_hh"]"#),
        ),
        (
            60,
            join(&[&padded(60)[..], &padded(60), &padded(17), &body]),
            format!(
                r#"{end} ["ipv6.dstopts_only_padding", "ipv6.dstopts_only_padding", "ipv6.exthdr_dupl_dh"]"#
            ),
        ),
        (
            0,
            join(&[&options(17, &[99, 4, 0, 0, 0, 0])[..], &body]),
            format!(r#"{end} ["ipv6.hopopts_unknown_opt"]"#),
        ),
        (
            60,
            join(&[&options(17, &[99, 4, 0, 0, 0, 0])[..], &body]),
            format!(r#"{end} ["ipv6.dstopts_unknown_opt"]"#),
        ),
        (
            60,
            join(&[&options(17, &[99, 9, 0, 0, 0, 0])[..], &body]),
            format!(r#"{end} ["ipv6.exthdr_invalid_optlen"]"#),
        ),
        (51, join(&[&[17, 1, 0, 9], &[0; 8], &body]), format!(r#"{end} ["ipv6.exthdr_ah_res_not_null"]"#)),
        (
            51,
            join(&[&[51, 1, 0, 0], &[0; 8], &[17, 1, 0, 0], &[0; 8], &body]),
            format!(r#"{end} ["ipv6.exthdr_dupl_ah"]"#),
        ),
        (59, vec![1, 2, 3], r#"wire/pcap ip6:59 ["ipv6.data_after_none_header"]"#.into()),
        (60, vec![17, 9, 0, 0], r#"wire/pcap ip6:60 ["ipv6.trunc_exthdr"]"#.into()),
        (99, vec![1, 2, 3], r#"wire/pcap ip6:99 ["ipv6.unknown_next_header"]"#.into()),
    ];
    for (next, bytes, seen) in cases {
        check_ip(&ipv6(next, &bytes), &seen);
    }
    check_ip(&ipv6(1, &icmp(8, 0, &[0; 4])), r#"wire/pcap ip6:1 ["ipv6.icmpv4"]"#);
}

#[test]
fn ipv6_fragments_wait_and_atomic_ones_do_not() {
    let body = udp(1, 2, b"");
    let bytes = ipv6(44, &fragment(17, 1, &body));
    let level = one_level(&bytes);
    let seen = level.fragment.expect("it is a fragment");
    assert_eq!((seen.id, seen.header, seen.next_header_at, seen.data), (7, 40, 6, (48, 56)));
    let behind = ipv6(0, &join(&[&options(44, &[5, 2, 0, 0, 1, 0])[..], &fragment(17, 9, &body)]));
    let seen = one_level(&behind).fragment.expect("it is a fragment");
    assert_eq!((seen.offset, seen.header, seen.next_header_at), (8, 48, 40));
    let atomic = ipv6(44, &fragment(17, 0, &body));
    check_ip(&atomic, r#"wire/pcap ip6:17 udp(1, 2) ["ipv6.exthdr_useless_fh"]"#);
    let twice = ipv6(44, &fragment(44, 0, &fragment(17, 0, &body)));
    let events = r#"["ipv6.exthdr_useless_fh", "ipv6.exthdr_dupl_fh"]"#;
    check_ip(&twice, &format!("wire/pcap ip6:17 udp(1, 2) {events}"));
    let odd = ipv6(44, &fragment(17, 1, &body[..7]));
    check_ip(&odd, r#"wire/pcap ip6:44 fragment ["ipv6.frag_invalid_length"]"#);
    let mut reserved = bytes;
    reserved[41] = 1;
    check_ip(&reserved, r#"wire/pcap ip6:44 fragment ["ipv6.fh_non_zero_reserved_field"]"#);
}

#[test]
fn only_whole_packets_belong_to_flows() {
    assert!(one_level(&ipv4(6, &tcp(1, 2, 2, &[], b""))).wants_flow);
    assert!(one_level(&ipv4(17, &udp(1, 2, b""))).wants_flow);
    assert!(one_level(&ipv4(1, &icmp(8, 0, &[0; 4]))).wants_flow);
    assert!(!one_level(&ipv4(6, &[0; 19])).wants_flow);
    assert!(!one_level(&ipv4(2, &[0x12; 8])).wants_flow);
    assert!(!one_level(&ipv4(47, &[0; 4])).wants_flow);
}
