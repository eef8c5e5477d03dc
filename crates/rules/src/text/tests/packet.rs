//! Headers of packets.

use expect_test::expect;

use super::check_options;

#[test]
fn ip_fields() {
    check_options(
        "ip",
        &[
            "ttl:>1;",
            "ttl:256;",
            "tos:!8;",
            "tos:x88;",
            "id:7;",
            "ipopts:rtralt;",
            "ipopts:rtr;",
            "ip_proto:gre;",
            "ip_proto:!6;",
            "ip_proto:>250;",
            "ip_proto:gree;",
            "fragbits:+MD;",
            "fragbits:X;",
            "fragoffset:>0;",
            "sameip;",
            "geoip:src,RU;",
            "ipv4-csum:invalid;",
            "ipv4-csum:wrong;",
        ],
        expect![[r#"
            ## ttl:>1;
              packet Ttl(Greater(1))
            ## ttl:256;
            error[R013]: 256 is more than 255 (sid 1)
            1 | alert ip any any -> any any (ttl:256; sid:1;)
              |                              ^^^^^^^
            ## tos:!8;
              packet Tos(NotEqual(8))
            ## tos:x88;
              packet Tos(Equal(136))
            ## id:7;
              packet Id(Equal(7))
            ## ipopts:rtralt;
              packet IpOptions(1024)
            ## ipopts:rtr;
            error[R013]: `rtr` is not an IPv4 option (sid 1)
            1 | alert ip any any -> any any (ipopts:rtr; sid:1;)
              |                              ^^^^^^^^^^
              = help: known: rr, lsrr, ssrr, eol, nop, ts, sec, esec, satid, rtralt, qs, cipso, any
            ## ip_proto:gre;
              packet IpProto([140737488355328, 0, 0, 0])
            ## ip_proto:!6;
              packet IpProto([18446744073709551551, 18446744073709551615, 18446744073709551615, 18446744073709551615])
            ## ip_proto:>250;
              packet IpProto([0, 0, 0, 17870283321406128128])
            ## ip_proto:gree;
            error[R013]: `gree` is not an IP protocol (sid 1)
            1 | alert ip any any -> any any (ip_proto:gree; sid:1;)
              |                              ^^^^^^^^^^^^^
              = help: did you mean `gre`?
            ## fragbits:+MD;
              packet FragmentBits { bits: 3, mode: AtLeast }
            ## fragbits:X;
            error[R013]: `X` is not one of M, D, R (sid 1)
            1 | alert ip any any -> any any (fragbits:X; sid:1;)
              |                              ^^^^^^^^^^
            ## fragoffset:>0;
              packet FragmentOffset(Greater(0))
            ## sameip;
              packet SameIp
            ## geoip:src,RU;
            error[R019]: there is no data base of countries (sid 1)
            1 | alert ip any any -> any any (geoip:src,RU; sid:1;)
              |                              ^^^^^^^^^^^^
              = help: give one with `files.geoip` (a MaxMind DB file, like GeoLite2-Country.mmdb)
            ## ipv4-csum:invalid;
              packet Checksum(Ipv4, false)
            ## ipv4-csum:wrong;
            error[R013]: `wrong` is neither `valid` nor `invalid` (sid 1)
            1 | alert ip any any -> any any (ipv4-csum:wrong; sid:1;)
              |                              ^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn tcp_fields() {
    check_options(
        "tcp",
        &[
            "flags:S,12;",
            "tcp.flags:!SA;",
            "flags:*FPU;",
            "flags:SF+;",
            "flags:0;",
            "flags:X;",
            "seq:123;",
            "tcp.ack:>0;",
            "window:!55808;",
            "tcp.mss:500-600;",
            "tcp.wscale:7;",
        ],
        expect![[r#"
            ## flags:S,12;
              packet Flags(TcpFlags { mode: Exactly, flags: 2, ignored: 192 })
            ## tcp.flags:!SA;
              packet Flags(TcpFlags { mode: None, flags: 18, ignored: 0 })
            ## flags:*FPU;
              packet Flags(TcpFlags { mode: Any, flags: 41, ignored: 0 })
            ## flags:SF+;
              packet Flags(TcpFlags { mode: AtLeast, flags: 3, ignored: 0 })
            ## flags:0;
              packet Flags(TcpFlags { mode: Exactly, flags: 0, ignored: 0 })
            ## flags:X;
            error[R013]: `X` is not a flag (sid 1)
            1 | alert tcp any any -> any any (flags:X; sid:1;)
              |                               ^^^^^^^
              = help: flags are F S R P A U E C, or 0 for none
            ## seq:123;
              packet Seq(Equal(123))
            ## tcp.ack:>0;
              packet Ack(Greater(0))
            ## window:!55808;
              packet Window(NotEqual(55808))
            ## tcp.mss:500-600;
              packet Mss(Between(500, 600))
            ## tcp.wscale:7;
              packet WindowScale(Equal(7))
        "#]],
    );
}

#[test]
fn icmp_vlan_and_the_rest() {
    check_options(
        "icmp",
        &["itype:8;", "icode:3<>5;", "icmp_id:512;", "icmp_seq:!0;", "icmpv6.mtu:<1280;"],
        expect![[r#"
            ## itype:8;
              packet IcmpType(Equal(8))
            ## icode:3<>5;
              packet IcmpCode(Between(3, 5))
            ## icmp_id:512;
              packet IcmpId(Equal(512))
            ## icmp_seq:!0;
              packet IcmpSeq(NotEqual(0))
            ## icmpv6.mtu:<1280;
              packet IcmpMtu(Less(1280))
        "#]],
    );
    check_options(
        "ip",
        &[
            "vlan.id:200,0;",
            "vlan.id:!500,all;",
            "vlan.layers:>1;",
            "vlan.layers:4;",
            "vxlan_vni:10;",
            "igmp.type:0x16;",
            "rpc:100000,*,3;",
            "decode-event:ipv4.trunc_pkt;",
            "decode-event:ipv4.trunc_pck;",
        ],
        expect![[r#"
            ## vlan.id:200,0;
              packet VlanId(Equal(200), Items { quantity: At(0), part: None })
            ## vlan.id:!500,all;
              packet VlanId(NotEqual(500), Items { quantity: All, part: None })
            ## vlan.layers:>1;
              packet VlanLayers(Greater(1))
            ## vlan.layers:4;
            error[R015]: a packet has at most 3 VLAN tags (sid 1)
            1 | alert ip any any -> any any (vlan.layers:4; sid:1;)
              |                              ^^^^^^^^^^^^^
            ## vxlan_vni:10;
              packet Vni(Equal(10))
            ## igmp.type:0x16;
              packet IgmpType(Equal(22))
            ## rpc:100000,*,3;
              packet Rpc { program: 100000, version: None, procedure: Some(3) }
            ## decode-event:ipv4.trunc_pkt;
              packet DecodeEvent(Ipv4TruncPkt)
            ## decode-event:ipv4.trunc_pck;
            error[R018]: `ipv4.trunc_pck` is not a decode event (sid 1)
            1 | alert ip any any -> any any (decode-event:ipv4.trunc_pck; sid:1;)
              |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: did you mean `ipv4.trunc_pkt`?
        "#]],
    );
}
