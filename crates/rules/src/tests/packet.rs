//! Conditions on packets, headers of rules, types of rules.

use model::Direction;

use super::{SERVER, Shot, TCP, desk};

#[test]
fn addresses_and_ports_are_those_of_the_packet() {
    let mut desk = desk(
        "alert udp 10.0.0.0/8 any -> 192.0.2.7 80 (dsize:1; sid:1;)\n\
         alert udp 192.0.2.7 any -> any any (dsize:1; sid:2;)\n\
         alert udp any any <> 10.0.0.0/8 any (dsize:1; sid:3;)\n\
         alert udp any !80 -> any [1:79,81:] (dsize:1; sid:4;)",
    );
    assert_eq!(desk.udp(b"x"), [1, 3]);
    assert_eq!(desk.shoot(Shot { direction: Direction::ToClient, payload: b"x", ..super::UDP }), [2, 3]);
}

#[test]
fn a_rule_on_addresses_alone_speaks_once_per_direction() {
    let mut desk =
        desk("alert ip 10.0.0.1 any -> any any (sid:1;)\nalert udp any any -> any any (dsize:>0; sid:2;)");
    assert_eq!(desk.udp(b"x"), [1, 2]);
    assert_eq!(desk.udp(b"x"), [2]);
    assert_eq!(desk.shoot(Shot { direction: Direction::ToClient, payload: b"x", ..super::UDP }), [2]);
}

#[test]
fn header_conditions_are_asked_of_the_packet() {
    let mut desk = desk(
        "alert udp any any -> any any (ttl:64; sid:1;)\n\
         alert udp any any -> any any (ttl:<64; sid:2;)\n\
         alert udp any any -> any any (id:7; sid:3;)\n\
         alert udp any any -> any any (fragbits:D; sid:4;)\n\
         alert udp any any -> any any (dsize:3; sid:5;)\n\
         alert udp any any -> any any (flow:to_client; sid:6;)\n\
         alert udp any any -> any any (flow:to_server; sid:7;)\n\
         alert tcp any any -> any any (flags:A+; sid:8;)",
    );
    assert_eq!(desk.udp(b"abc"), [1, 3, 4, 5, 7]);
    assert_eq!(desk.shoot(TCP), [8]);
}

#[test]
fn a_tcp_content_is_looked_for_in_the_stream() {
    let mut desk = desk(
        "alert tcp any any -> any any (content:\"needle\"; sid:1;)\n\
         alert tcp-pkt any any -> any any (content:\"needle\"; sid:2;)\n\
         alert tcp any any -> any any (content:\"needle\"; dsize:>0; sid:3;)\n\
         alert tcp any any -> any any (content:\"ne\"; depth:2; sid:4;)",
    );
    let of_stream = Shot { stream: &[b"hay needle hay"], added: true, payload: b"hay", ..TCP };
    assert_eq!(desk.shoot(of_stream), [1]);
    let of_packet = Shot { payload: b"needle", added: true, ..TCP };
    assert_eq!(desk.shoot(of_packet), [2, 3, 4]);
}

#[test]
fn a_packet_outside_of_the_stream_stands_for_it() {
    let mut desk = desk(
        "alert tcp any any -> any any (content:\"needle\"; sid:1;)\n\
         alert tcp-stream any any -> any any (content:\"needle\"; sid:2;)\n\
         alert tcp any any -> any any (flow:only_stream; content:\"needle\"; sid:3;)",
    );
    assert_eq!(desk.shoot(Shot { payload: b"needle", ..TCP }).first(), Some(&1));
    assert_eq!(desk.shoot(Shot { stream: &[b"needle"], added: true, ..TCP }), [1, 2, 3]);
}

#[test]
fn addresses_are_bytes_too() {
    let mut desk = desk("alert udp any any -> any any (ip.dst; content:\"|c0 00 02 07|\"; bsize:4; sid:1;)");
    assert_eq!(desk.udp(b"x"), [1], "{SERVER}");
}
