use model::LinkType;

use super::build::{ethernet, ipv4, ipv6, join, udp, vlan};
use super::{check, check_ethernet};

fn datagram() -> Vec<u8> {
    ipv4(17, &udp(1, 2, b"data"))
}

const SEEN: &str = "wire/pcap ip4:17 udp(1, 2) +4";

#[test]
fn an_ethernet_frame_may_be_padded() {
    let frame = ethernet(0x0800, &join(&[&datagram(), &[0; 10]]));
    check_ethernet(&frame, SEEN);
}

#[test]
fn raw_links_tell_the_version_by_the_first_nibble() {
    for link in [101, 12, 14, 228, 229] {
        check(LinkType(link), &datagram(), SEEN);
        check(LinkType(link), &ipv6(17, &udp(1, 2, b"data")), "wire/pcap ip6:17 udp(1, 2) +4");
    }
    check(LinkType::RAW, &[0x50; 40], r#"wire/pcap ["ipraw.invalid_ip_version"]"#);
    check(LinkType::RAW, &[0x45; 19], r#"wire/pcap ["ipv4.pkt_too_small"]"#);
}

#[test]
fn null_links_name_the_family_in_either_byte_order() {
    for family in [[2, 0, 0, 0], [0, 0, 0, 2]] {
        check(LinkType::NULL, &join(&[&family, &datagram()]), SEEN);
    }
    for family in [24, 28, 30] {
        let bytes = join(&[&[0, 0, 0, family], &ipv6(17, &udp(1, 2, b""))]);
        check(LinkType::LOOP, &bytes, "wire/pcap ip6:17 udp(1, 2)");
    }
    check(LinkType::NULL, &[9, 0, 0, 0], r#"wire/pcap ["ltnull.unsupported_type"]"#);
    check(LinkType::NULL, &[2, 0, 0], r#"wire/pcap ["ltnull.pkt_too_small"]"#);
}

#[test]
fn cooked_captures_of_both_versions_are_read() {
    check(LinkType::LINUX_SLL, &join(&[&[0; 14], &[8, 0], &datagram()]), SEEN);
    check(LinkType::LINUX_SLL2, &join(&[&[8, 0], &[0; 18], &datagram()]), SEEN);
    check(LinkType::LINUX_SLL, &[0; 15], r#"wire/pcap ["sll.pkt_too_small"]"#);
    check(LinkType::LINUX_SLL2, &[0; 19], r#"wire/pcap ["sll2.pkt_too_small"]"#);
}

#[test]
fn ppp_may_leave_out_what_it_can() {
    for header in [&[0xff, 3, 0, 0x21][..], &[0xff, 3, 0x21], &[0, 0x21], &[0x21]] {
        check(LinkType::PPP, &join(&[header, &datagram()]), SEEN);
    }
    check(LinkType::PPP, &[0xff, 3, 0, 0x21, 0x45], r#"wire/pcap ["ppp.ip4_pkt_too_small"]"#);
    check(LinkType::PPP, &[0xff, 3, 0, 0x57, 0x60], r#"wire/pcap ["ppp.ip6_pkt_too_small"]"#);
    check(LinkType::PPP, &[0xff, 3, 0, 0x2f, 0x45], r#"wire/pcap ["ppp.vju_pkt_too_small"]"#);
    check(LinkType::PPP, &[0xff, 3, 0xc0, 0x21], r#"wire/pcap ["ppp.unsup_proto"]"#);
    check(LinkType::PPP, &[0xff, 3, 0x12, 0x34], r#"wire/pcap ["ppp.wrong_type"]"#);
    check(LinkType::PPP, &[0xff, 3], r#"wire/pcap ["ppp.pkt_too_small"]"#);
}

#[test]
fn pppoe_carries_ppp_in_its_session_stage() {
    let session = |code: u8, body: &[u8]| {
        let length = (body.len() as u16).to_be_bytes();
        ethernet(0x8864, &join(&[&[0x11, code, 0, 1], &length, body]))
    };
    check_ethernet(&session(0, &join(&[&[0, 0x21], &datagram()])), SEEN);
    check_ethernet(&session(7, &[0, 0x21]), r#"wire/pcap ["pppoe.wrong_code"]"#);
    check_ethernet(&ethernet(0x8864, &[0; 6]), r#"wire/pcap ["pppoe.pkt_too_small"]"#);
    let discovery = |code: u8, length: u16, tags: &[u8]| {
        ethernet(0x8863, &join(&[&[0x11, code, 0, 0], &length.to_be_bytes(), tags]))
    };
    check_ethernet(&discovery(9, 4, &[1, 1, 0, 0]), "wire/pcap");
    check_ethernet(&discovery(9, 4, &[1, 1, 0, 9]), r#"wire/pcap ["pppoe.malformed_tags"]"#);
    check_ethernet(&discovery(9, 40, &[1, 1, 0, 0]), r#"wire/pcap ["pppoe.malformed_tags"]"#);
    check_ethernet(&discovery(8, 0, &[]), r#"wire/pcap ["pppoe.wrong_code"]"#);
}

#[test]
fn cisco_hdlc_names_its_payload_by_ether_type() {
    check(LinkType::CHDLC, &join(&[&[0x0f, 0, 8, 0], &datagram()]), SEEN);
    check(LinkType::CHDLC, &[0x0f, 0, 8], r#"wire/pcap ["chdlc.pkt_too_small"]"#);
}

#[test]
fn vlan_stacks_hold_three_tags() {
    let mut body = datagram();
    let mut kind = 0x0800;
    for (id, outer) in [(3, 0x8100), (2, 0x88a8), (1, 0x9100)] {
        body = vlan(id, kind, &body);
        kind = outer;
    }
    check_ethernet(&ethernet(kind, &body), "wire/pcap vlan[1, 2, 3] ip4:17 udp(1, 2) +4");
    let four = ethernet(0x8100, &vlan(0, kind, &body));
    let seen = r#"wire/pcap vlan[0, 1, 2] ["vlan.too_many_layers"]"#;
    check_ethernet(&four, seen);
    check_ethernet(&ethernet(0x8100, &[0, 1, 8]), r#"wire/pcap ["vlan.header_too_small"]"#);
    let unknown = r#"wire/pcap vlan[5] ["ethernet.unknown_ethertype", "vlan.unknown_type"]"#;
    check_ethernet(&ethernet(0x8100, &vlan(5, 0x1234, &[])), unknown);
}

#[test]
fn other_tags_are_stepped_over() {
    let kind = &[8, 0][..];
    check_ethernet(&ethernet(0x88e7, &join(&[&[0; 16], kind, &datagram()])), SEEN);
    check_ethernet(&ethernet(0x8926, &join(&[&[0; 4], kind, &datagram()])), SEEN);
    check_ethernet(&ethernet(0x893f, &join(&[&[0; 6], kind, &datagram()])), SEEN);
    let frame = ethernet(0x0800, &datagram());
    check_ethernet(&ethernet(0x8903, &join(&[&[0, 1], &frame])), SEEN);
    for (kind, event) in [
        (0x88e7, "ieee8021ah.header_too_small"),
        (0x8926, "vntag.header_too_small"),
        (0x893f, "etag.header_too_small"),
        (0x8903, "dce.pkt_too_small"),
    ] {
        check_ethernet(&ethernet(kind, &[0]), &format!("wire/pcap [{event:?}]"));
    }
    let unknown = r#"wire/pcap ["ethernet.unknown_ethertype", "vntag.unknown_type"]"#;
    check_ethernet(&ethernet(0x8926, &[0; 6]), unknown);
}

#[test]
fn mpls_stacks_end_at_the_bottom_bit() {
    let label = |value: u32, bottom: bool| (value << 12 | u32::from(bottom) << 8).to_be_bytes();
    let two = join(&[&label(100, false), &label(200, true), &datagram()]);
    check_ethernet(&ethernet(0x8847, &two), SEEN);
    check_ethernet(&ethernet(0x8848, &join(&[&label(0, true), &datagram()])), SEEN);
    let pseudowire = join(&[&label(100, true), &[0; 4], &ethernet(0x0800, &datagram())]);
    check_ethernet(&ethernet(0x8847, &pseudowire), SEEN);
    for (bytes, event) in [
        (label(100, false).to_vec(), "mpls.header_too_small"),
        (label(100, true).to_vec(), "mpls.pkt_too_small"),
        (label(1, true).to_vec(), "mpls.bad_label_router_alert"),
        (label(3, true).to_vec(), "mpls.bad_label_implicit_null"),
        (label(9, true).to_vec(), "mpls.bad_label_reserved"),
        (join(&[&label(100, true), &[0x90; 4]]), "mpls.unknown_payload_type"),
    ] {
        check_ethernet(&ethernet(0x8847, &bytes), &format!("wire/pcap [{event:?}]"));
    }
}

#[test]
fn wifi_data_frames_show_what_llc_names() {
    let llc = join(&[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &datagram()]);
    let plain = join(&[&[0x08, 0x01], &[0; 22], &llc]);
    check(LinkType::IEEE802_11, &plain, SEEN);
    let quality = join(&[&[0x88, 0x02], &[0; 24], &llc]);
    check(LinkType::IEEE802_11, &quality, SEEN);
    let four_addresses = join(&[&[0x08, 0x03], &[0; 28], &llc]);
    check(LinkType::IEEE802_11, &four_addresses, SEEN);
    let with_radiotap = join(&[&[0, 0, 9, 0, 1, 2, 3, 4, 5], &plain]);
    check(LinkType::IEEE802_11_RADIOTAP, &with_radiotap, SEEN);
    let protected = join(&[&[0x08, 0x41], &[0; 22], &llc]);
    check(LinkType::IEEE802_11, &protected, "wire/pcap");
    check(LinkType::IEEE802_11, &[0x80; 60], "wire/pcap");
}

#[test]
fn arp_is_checked_field_by_field() {
    let good = {
        let mut bytes = vec![0, 1, 8, 0, 6, 4, 0, 1];
        bytes.resize(28, 0);
        bytes
    };
    check_ethernet(&ethernet(0x0806, &good), "wire/pcap arp");
    for (at, event) in [
        (1, "arp.unsupported_hardware"),
        (2, "arp.unsupported_protocol"),
        (4, "arp.invalid_hardware_size"),
        (5, "arp.invalid_protocol_size"),
        (7, "arp.unsupported_opcode"),
    ] {
        let mut bytes = good.clone();
        bytes[at] = 77;
        check_ethernet(&ethernet(0x0806, &bytes), &format!("wire/pcap [{event:?}]"));
    }
    let short = r#"wire/pcap ["arp.pkt_too_small"]"#;
    check_ethernet(&ethernet(0x0806, &good[..27]), short);
}

#[test]
fn a_frame_shorter_than_its_header_is_too_small() {
    check_ethernet(&[0; 13], r#"wire/pcap ["ethernet.pkt_too_small"]"#);
    check_ethernet(&ethernet(0xfbb7, &[]), r#"wire/pcap ["ethernet.unknown_ethertype"]"#);
    check(LinkType(9999), &[1, 2, 3], "wire/pcap");
}
