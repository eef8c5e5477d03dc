use expect_test::{Expect, expect};

use super::talk::{OPEN, Talk, client_data, talk};
use crate::{Config, Urgent};

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&talk(Config::default(), &format!("{OPEN}{text}")));
}

fn check_with(change: impl FnOnce(&mut Config), text: &str, expected: Expect) {
    let mut config = Config::default();
    change(&mut config);
    expected.assert_eq(&talk(config, &format!("{OPEN}{text}")));
}

#[test]
fn data_is_read_when_acknowledged() {
    let text = "client: ACK seq=1001 ack=5001 data=hello
         server: ACK seq=5001 ack=1006 data=world
         client: ACK seq=1006 ack=5006";
    check(
        text,
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        5 established > to_server "hello"
        6 established > to_client "world"
        end shutdown established > to_server end > to_client end packets=4/2
    "#]],
    );
    check_with(
        |config| config.stream.inline = true,
        text,
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established > to_server "hello"
        5 established > to_client "world"
        6 established
        end shutdown established > to_server end > to_client end packets=4/2
    "#]],
    );
}

#[test]
fn a_partial_acknowledgement_reads_a_part() {
    check(
        "client: ACK seq=1001 ack=5001 data=hello
         server: ACK seq=5001 ack=1003
         server: ACK seq=5001 ack=1006",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 established > to_server "he"
            6 established > to_server "llo"
            end shutdown established > to_server end > to_client end packets=3/3
        "#]],
    );
}

#[test]
fn segments_in_any_order_read_the_same() {
    check(
        "client: ACK seq=1006 ack=5001 data=world
         client: ACK seq=1001 ack=5001 data=hello
         server: ACK seq=5001 ack=1011",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 established
            6 established > to_server "helloworld"
            end shutdown established > to_server end > to_client end packets=4/2
        "#]],
    );
}

#[test]
fn an_acknowledged_hole_is_a_gap_and_reading_resumes_after_it() {
    check(
        "client: ACK seq=1001 ack=5001 data=one
         client: ACK seq=1008 ack=5001 data=three
         server: ACK seq=5001 ack=1013
         client: ACK seq=1013 ack=5001 data=four
         server: ACK seq=5001 ack=1017",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 established
            6 established > to_server "one" > to_server gap(4) > to_server "three" !reassembly_seq_gap
            7 established
            8 established > to_server "four"
            end shutdown established > to_server end > to_client end packets=5/3
        "#]],
    );
}

#[test]
fn an_acknowledgement_before_its_data_waits_for_it() {
    check(
        "server: ACK seq=5001 ack=1006
         client: ACK seq=1001 ack=5001 data=hello
         server: ACK seq=5001 ack=1006",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 established
            6 established > to_server "hello"
            end shutdown established > to_server end > to_client end packets=3/3
        "#]],
    );
}

#[test]
fn what_was_not_acknowledged_is_read_at_the_end() {
    check(
        "client: ACK seq=1001 ack=5001 data=hello",
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        end shutdown established > to_server "hello" end > to_client end packets=3/1
    "#]],
    );
}

#[test]
fn single_bytes_add_up() {
    check(
        "client: ACK seq=1001 ack=5001 data=a
         client: ACK seq=1002 ack=5001 data=b
         client: ACK seq=1003 ack=5001 data=c
         server: ACK seq=5001 ack=1004",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 established
            6 established
            7 established > to_server "abc"
            end shutdown established > to_server end > to_client end packets=5/2
        "#]],
    );
}

#[test]
fn a_packet_beyond_the_window_is_rejected() {
    check(
        "client: ACK seq=50000 ack=5001 data=far",
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 Rejected !est_packet_out_of_window
        end shutdown established > to_server end > to_client end packets=3/1
    "#]],
    );
}

#[test]
fn a_closed_window_is_probed_with_one_byte() {
    check(
        "client: ACK seq=1001 ack=5001 data=hello
         server: ACK seq=5001 ack=1006 win=0
         client: ACK seq=1006 ack=5001 data=w
         server: ACK seq=5001 ack=1006 win=0
         server: ACK seq=5001 ack=1007 win=500
         client: ACK seq=1007 ack=5001 data=orld
         server: ACK seq=5001 ack=1011",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 established > to_server "hello"
            6 established
            7 established
            8 established > to_server "w"
            9 established
            10 established > to_server "orld"
            end shutdown established > to_server end > to_client end packets=5/5
        "#]],
    );
}

#[test]
fn wrong_acknowledgements_are_rejected() {
    check(
        "client: ACK seq=1001 ack=99999 data=hello
         server: ACK seq=5001 ack=99999",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 Rejected !est_invalid_ack !pkt_invalid_ack
            5 Rejected !est_invalid_ack !pkt_invalid_ack
            end shutdown established > to_server end > to_client end packets=3/2
        "#]],
    );
}

#[test]
fn a_scaled_window_admits_more() {
    let mut config = Config::default();
    config.stream.inline = true;
    let text = "
         client: SYN seq=1000 scale=4
         server: SYN ACK seq=5000 ack=1001 scale=4
         client: ACK seq=1001 ack=5001 win=1000
         server: ACK seq=5001 ack=1001 win=1000
         client: ACK seq=1001 ack=5001 zeros=9000
         client: ACK seq=10001 ack=5001 zeros=9000";
    expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        5 established > to_server [9000 bytes]
        6 Rejected !est_packet_out_of_window Some(Invalid)
        end shutdown established > to_server end > to_client end packets=4/2
    "#]]
    .assert_eq(&talk(config, text));
}

#[test]
fn keep_alives_change_nothing() {
    check(
        "client: ACK seq=1001 ack=5001 data=hello
         server: ACK seq=5001 ack=1006
         client: ACK seq=1005 ack=5001
         server: ACK seq=5001 ack=1006
         client: ACK seq=1005 ack=5001 data=X
         client: ACK seq=1006 ack=5001 data=world
         server: ACK seq=5001 ack=1011",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 established > to_server "hello"
            6 established
            7 established
            8 established
            9 established
            10 established > to_server "world"
            end shutdown established > to_server end > to_client end packets=6/4
        "#]],
    );
}

#[test]
fn repeated_acknowledged_data_is_spurious() {
    check(
        "client: ACK seq=1001 ack=5001 data=hello
         server: ACK seq=5001 ack=1006
         client: ACK seq=1001 ack=5001 data=HELLO
         server: ACK seq=5001 ack=1006",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 established > to_server "hello"
            6 established !pkt_spurious_retransmission
            7 established
            end shutdown established > to_server end > to_client end packets=4/3
        "#]],
    );
}

#[test]
fn stale_timestamps_are_rejected() {
    let text = "
         client: SYN seq=1000 ts=100/0
         server: SYN ACK seq=5000 ack=1001 ts=200/100
         client: ACK seq=1001 ack=5001 ts=101/200
         client: ACK seq=1001 ack=5001 ts=50/200 data=stale
         client: ACK seq=1001 ack=5001 ts=102/200 data=fresh
         server: ACK seq=5001 ack=1006 ts=201/102";
    expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 Rejected !pkt_invalid_timestamp
        5 established
        6 established > to_server "fresh"
        end shutdown established > to_server end > to_client end packets=4/2
    "#]]
    .assert_eq(&talk(Config::default(), text));
}

#[test]
fn the_urgent_byte_follows_the_configured_policy() {
    let text = "client: ACK URG seq=1001 ack=5001 urg=3 data=maXlic
         client: ACK seq=1007 ack=5001 data=ious
         server: ACK seq=5001 ack=1011";
    check(
        text,
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        5 established
        6 established > to_server "malicious"
        end shutdown established > to_server end > to_client end packets=4/2
    "#]],
    );
    check_with(
        |config| config.stream.urgent = Urgent::Inline,
        text,
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        5 established
        6 established > to_server "maXlicious"
        end shutdown established > to_server end > to_client end packets=4/2
    "#]],
    );
    check_with(
        |config| config.stream.urgent = Urgent::Gap,
        text,
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        5 established
        6 established > to_server "ma" > to_server gap(1) > to_server "licious" !reassembly_seq_gap
        end shutdown established > to_server end > to_client end packets=4/2
    "#]],
    );
    check_with(
        |config| config.stream.urgent = Urgent::Drop,
        text,
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 Rejected Some(Urgent)
        5 established
        6 established > to_server gap(6) > to_server "ious" !reassembly_seq_gap
        end shutdown established > to_server end > to_client end packets=4/2
    "#]],
    );
}

#[test]
fn a_retransmission_across_an_urgent_byte_reads_the_same() {
    check(
        "client: ACK URG seq=1001 ack=5001 urg=3 data=maX
         client: ACK seq=1001 ack=5001 data=maXlicious
         server: ACK seq=5001 ack=1011",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 established
            6 established > to_server "malicious"
            end shutdown established > to_server end > to_client end packets=4/2
        "#]],
    );
}

#[test]
fn too_many_urgent_bytes_are_told() {
    check_with(
        |config| {
            config.stream.urgent_oob_max = 1;
            config.stream.urgent_limit = Urgent::Inline;
        },
        "client: ACK URG seq=1001 ack=5001 urg=1 data=Xa
         client: ACK URG seq=1003 ack=5001 urg=1 data=Yb
         server: ACK seq=5001 ack=1005",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 established !reassembly_urgent_oob_limit_reached
            6 established > to_server "aYb"
            end shutdown established > to_server end > to_client end packets=4/2
        "#]],
    );
}

#[test]
fn reading_stops_at_the_depth() {
    check_with(
        |config| config.stream.reassembly_depth = 8,
        "client: ACK seq=1001 ack=5001 data=hello
         server: ACK seq=5001 ack=1006
         client: ACK seq=1006 ack=5001 data=world
         server: ACK seq=5001 ack=1011
         client: ACK seq=1011 ack=5001 data=more
         server: ACK seq=5001 ack=1015",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 established > to_server "hello"
            6 established > to_server "" depth !reassembly_depth_reached
            7 established
            8 established
            9 established
            end shutdown established > to_client end packets=5/4
        "#]],
    );
}

#[test]
fn content_rules_look_at_chunks_or_when_triggered() {
    let mut talk = Talk::new(Config::default());
    talk.raw = true;
    talk.run(OPEN);
    talk.run(
        "client: ACK seq=1001 ack=5001 zeros=1400
         server: ACK seq=5001 ack=2401
         client: ACK seq=2401 ack=5001 zeros=1400
         server: ACK seq=5001 ack=3801
         client: ACK seq=3801 ack=5001
         client: ACK seq=3801 ack=5001 data=tail
         server: ACK seq=5001 ack=3805",
    );
    talk.over();
    expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        5 established > to_server [1400 bytes]
        6 established
        7 established > to_server [1400 bytes]
        8 established raw@0[2800 bytes]
        9 established
        10 established > to_server "tail"
        end shutdown established > to_server end raw@2800"tail" > to_client end packets=6/4
    "#]]
    .assert_eq(&talk.said);
}

#[test]
fn inline_content_rules_see_what_lies_around_a_packet() {
    let mut config = Config::default();
    config.stream.inline = true;
    config.stream.chunk_to_server = 12;
    let mut talk = Talk::new(config);
    talk.raw = true;
    talk.run(OPEN);
    talk.run(
        "client: ACK seq=1001 ack=5001 data=Please
         client: ACK seq=1012 ack=5001 data=Me.
         client: ACK seq=1015 ack=5001 data=In!
         client: ACK seq=1007 ack=5001 data=.Let.
         client: ACK seq=1018 ack=5001 data=Now",
    );
    talk.over();
    expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established > to_server "Please" raw@0"Please"
        5 established raw@11"Me."
        6 established raw@11"Me.In!"
        7 established > to_server ".Let.Me.In!" raw@3"ase.Let.Me."
        8 established > to_server "Now" raw@8"et.Me.In!Now"
        end shutdown established > to_server end > to_client end packets=7/1
    "#]]
    .assert_eq(&talk.said);
}

#[test]
fn what_a_parser_waits_for_is_cut_before_a_gap() {
    let mut talk = Talk::new(Config::default());
    talk.deaf = [true, false];
    talk.run(OPEN);
    talk.run(
        "client: ACK seq=1001 ack=5001 data=GET/
         server: ACK seq=5001 ack=1005
         client: ACK seq=1009 ack=5001 data=PUT/
         server: ACK seq=5001 ack=1013",
    );
    talk.over();
    expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        5 established > to_server "GET/"
        6 established
        7 established > to_server cut "GET/" > to_server gap(4) > to_server "PUT/" !reassembly_seq_gap
        end shutdown established > to_server "PUT/" end > to_client end packets=4/3
    "#]]
    .assert_eq(&talk.said);
}

#[test]
fn a_receiver_that_does_not_read_is_shown_the_same_again() {
    let mut talk = Talk::new(Config::default());
    talk.deaf = [true, false];
    talk.run(OPEN);
    talk.run(
        "client: ACK seq=1001 ack=5001 data=GE
         server: ACK seq=5001 ack=1003
         client: ACK seq=1003 ack=5001 data=T/
         server: ACK seq=5001 ack=1005",
    );
    talk.over();
    expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        5 established > to_server "GE"
        6 established
        7 established > to_server "GET/"
        end shutdown established > to_server "GET/" end > to_client end packets=4/3
    "#]]
    .assert_eq(&talk.said);
}

#[test]
fn a_hundred_thousand_segments_out_of_order_are_linear_and_complete() {
    let mut config = Config::default();
    config.stream.reassembly_depth = 0;
    let mut talk = Talk::new(config);
    talk.run("client: SYN seq=1000 scale=14\nserver: SYN ACK seq=5000 ack=1001 scale=14 win=65535");
    talk.run("client: ACK seq=1001 ack=5001\nserver: ACK seq=5001 ack=1001 win=65535");
    let count: u32 = 100_000;
    // All but the first, in an order that jumps about; 7919 and 99,999 have no common factor.
    for step in 0..count - 1 {
        let at = 1 + u32::try_from(u64::from(step) * 7919 % u64::from(count - 1)).expect("below the count");
        client_data(&mut talk, 1001 + at, &[b'a' + (at % 26) as u8]);
    }
    assert!(talk.memory_used() > 0, "late bytes are accounted for");
    client_data(&mut talk, 1001, b"a");
    talk.run("server: ACK seq=5001 ack=101001 win=65535");
    talk.over();
    let expected: Vec<u8> = (0..count).map(|at| b'a' + (at % 26) as u8).collect();
    assert!(talk.read[0] == expected, "every byte is read once and in order");
}

#[test]
fn memory_beyond_the_limit_is_refused_and_told() {
    check_with(
        |config| config.stream.memcap = 8,
        "client: ACK seq=1001 ack=5001 data=hello
         client: ACK seq=1006 ack=5001 data=world",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 Rejected !reassembly_insert_memcap Some(ReassemblyMemcap)
            end shutdown established > to_server "hello" end > to_client end packets=4/1
        "#]],
    );
}

#[test]
fn late_segments_beyond_the_limit_are_refused_and_told() {
    check_with(
        |config| config.stream.segments_max = 1,
        "client: ACK seq=1011 ack=5001 data=c
         client: ACK seq=1021 ack=5001 data=d",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 Rejected !reassembly_insert_limit Some(ReassemblyMemcap)
            end shutdown established > to_client end packets=4/1
        "#]],
    );
}

#[test]
fn an_idle_session_keeps_no_bytes_that_were_read() {
    let mut config = Config::default();
    config.stream.raw = false;
    let mut talk = Talk::new(config);
    talk.run(OPEN);
    talk.run(
        "client: ACK seq=1001 ack=5001 data=hello
         server: ACK seq=5001 ack=1006",
    );
    // Until the client's next packet they are kept, to be compared with a copy of themselves.
    assert_eq!(talk.memory_used(), 5);
    talk.packet("server: ACK seq=5001 ack=1006 at=9");
    assert_eq!(talk.memory_used(), 5);
    talk.packet("server: ACK seq=5001 ack=1006 at=20");
    assert_eq!(talk.memory_used(), 0);
    talk.run(
        "client: ACK seq=1006 ack=5001 data=again at=21
         server: ACK seq=5001 ack=1011 at=21",
    );
    assert_eq!(talk.read[0], b"helloagain");
}

#[test]
fn an_idle_session_keeps_what_was_not_acknowledged() {
    let mut config = Config::default();
    config.stream.raw = false;
    let mut talk = Talk::new(config);
    talk.run(OPEN);
    talk.run(
        "client: ACK seq=1001 ack=5001 data=hello
         client: ACK seq=1016 ack=5001 data=third
         server: ACK seq=5001 ack=1001 at=30
         client: ACK seq=1006 ack=5001 data=secondpart at=31
         server: ACK seq=5001 ack=1021 at=60",
    );
    assert_eq!(talk.read[0], b"hellosecondpartthird");
}
