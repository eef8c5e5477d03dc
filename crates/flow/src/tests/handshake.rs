use expect_test::{Expect, expect};

use super::talk::{OPEN, talk};
use crate::Config;

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&talk(Config::default(), text));
}

fn check_with(change: impl FnOnce(&mut Config), text: &str, expected: Expect) {
    let mut config = Config::default();
    change(&mut config);
    expected.assert_eq(&talk(config, text));
}

#[test]
fn three_packets_establish_a_session() {
    check(
        OPEN,
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        end shutdown established > to_server end > to_client end packets=2/1
    "#]],
    );
}

#[test]
fn a_resent_syn_with_another_number_is_kept_until_answered() {
    check(
        "client: SYN seq=1000
         client: SYN seq=2000
         server: SYN ACK seq=5000 ack=2001
         client: ACK seq=2001 ack=5001 data=hello
         server: ACK seq=5001 ack=2006",
        expect![[r#"
            1 syn_sent
            2 syn_sent
            3 syn_recv
            4 established
            5 established > to_server "hello"
            end shutdown established > to_server end > to_client end packets=3/2
        "#]],
    );
}

#[test]
fn a_resent_syn_after_the_answer_is_rejected() {
    check(
        "client: SYN seq=1000
         server: SYN ACK seq=5000 ack=1001
         client: SYN seq=2000
         client: ACK seq=1001 ack=5001",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 Rejected !3whs_syn_resend_diff_seq_on_syn_recv
            4 established
            end shutdown established > to_server end > to_client end packets=3/1
        "#]],
    );
}

#[test]
fn the_client_chooses_among_several_answers() {
    check(
        "client: SYN seq=1000
         server: SYN ACK seq=5000 ack=1001
         server: SYN ACK seq=7000 ack=1001
         client: ACK seq=1001 ack=7001
         server: ACK seq=7001 ack=1001 data=banner
         client: ACK seq=1001 ack=7007",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 syn_recv
            4 established
            5 established
            6 established > to_client "banner"
            end shutdown established > to_server end > to_client end packets=3/3
        "#]],
    );
}

#[test]
fn too_many_differing_answers_are_a_flood() {
    check_with(
        |config| config.stream.synack_queued_max = 1,
        "client: SYN seq=1000
         server: SYN ACK seq=5000 ack=1001
         server: SYN ACK seq=6000 ack=1001
         server: SYN ACK seq=7000 ack=1001",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 syn_recv
            4 Rejected !3whs_synack_flood
            end shutdown new packets=1/3
        "#]],
    );
}

#[test]
fn an_answer_to_nothing_is_rejected() {
    check(
        "client: SYN seq=1000
         server: SYN ACK seq=5000 ack=7777
         client: SYN ACK seq=1000 ack=5001",
        expect![[r#"
            1 syn_sent
            2 Rejected !3whs_synack_with_wrong_ack
            3 Rejected !3whs_synack_in_wrong_direction
            end shutdown new packets=2/1
        "#]],
    );
}

#[test]
fn both_sides_may_open_at_once() {
    check(
        "client: SYN seq=1000
         server: SYN seq=5000
         client: SYN ACK seq=1000 ack=5001
         server: ACK seq=5001 ack=1001
         client: ACK seq=1001 ack=5001 data=hello
         server: ACK seq=5001 ack=1006",
        expect![[r#"
            1 syn_sent
            2 syn_sent
            3 syn_recv
            4 established
            5 established
            6 established > to_server "hello"
            end shutdown established > to_server end > to_client end packets=3/3
        "#]],
    );
}

#[test]
fn a_simultaneous_open_with_wrong_numbers_is_rejected() {
    check(
        "client: SYN seq=1000
         server: SYN seq=5000
         client: SYN ACK seq=1000 ack=5555
         client: SYN ACK seq=1111 ack=5001",
        expect![[r#"
            1 syn_sent
            2 syn_sent
            3 Rejected !4whs_synack_with_wrong_ack
            4 Rejected !4whs_synack_with_wrong_syn
            end shutdown new packets=3/1
        "#]],
    );
}

#[test]
fn data_in_a_syn_counts_with_fast_open_only() {
    check(
        "client: SYN seq=1000 tfo data=GET/
         server: SYN ACK seq=5000 ack=1005
         client: ACK seq=1005 ack=5001
         server: ACK seq=5001 ack=1005 data=200",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established > to_server "GET/"
            end shutdown established > to_server end > to_client "200" end packets=2/2
        "#]],
    );
    check(
        "client: SYN seq=1000 data=GET/
         server: SYN ACK seq=5000 ack=1001
         client: ACK seq=1001 ack=5001 data=PUT/
         server: ACK seq=5001 ack=1005",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established > to_server "PUT/"
            end shutdown established > to_server end > to_client end packets=2/2
        "#]],
    );
}

#[test]
fn an_acknowledgement_that_fits_nothing_is_an_evasion() {
    check(
        "client: SYN seq=1000
         server: SYN ACK seq=5000 ack=1001
         client: ACK seq=1001 ack=6666
         client: ACK seq=1001 ack=5001 data=hi
         server: ACK seq=5001 ack=1003",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 Rejected !3whs_right_seq_wrong_ack_evasion
            4 established
            5 established > to_server "hi"
            end shutdown established > to_server end > to_client end packets=3/2
        "#]],
    );
}

#[test]
fn the_last_ack_of_the_handshake_may_be_missing() {
    let text = "client: SYN seq=1000
         server: SYN ACK seq=5000 ack=1001
         server: ACK seq=5001 ack=1001 data=banner
         client: ACK seq=1001 ack=5007";
    check(
        text,
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established > to_client "banner"
        end shutdown established > to_server end > to_client end packets=2/2
    "#]],
    );
    check_with(
        |config| config.stream.inline = true,
        text,
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 Rejected !3whs_ack_data_inject Some(Invalid)
        4 Rejected !3whs_right_seq_wrong_ack_evasion Some(Invalid)
        end shutdown new packets=2/2
    "#]],
    );
}

#[test]
fn a_session_without_its_start_is_left_alone_or_picked_up() {
    let text = "client: ACK seq=1001 ack=5001 data=hello
         server: ACK seq=5001 ack=1006 data=world
         client: ACK seq=1006 ack=5006";
    check(
        text,
        expect![[r#"
        1 Untracked Some(Midstream)
        2 Untracked Some(Midstream)
        3 Untracked Some(Midstream)
        end shutdown new packets=2/1
    "#]],
    );
    check_with(
        |config| config.stream.midstream = true,
        text,
        expect![[r#"
            1 established Some(Midstream)
            2 established > to_server "hello"
            3 established > to_client "world"
            end shutdown established > to_server end > to_client end packets=2/1
        "#]],
    );
}

#[test]
fn a_synack_without_its_syn_turns_the_flow_round() {
    check_with(
        |config| config.stream.midstream = true,
        "server: SYN ACK seq=5000 ack=1001
         client: ACK seq=1001 ack=5001 data=hello
         server: ACK seq=5001 ack=1006",
        expect![[r#"
            1 syn_recv Some(Midstream)
            2 established
            3 established > to_server "hello"
            end shutdown established > to_server end > to_client end packets=1/2
        "#]],
    );
}

#[test]
fn one_side_alone_is_followed_when_asked_for() {
    check_with(
        |config| {
            config.stream.midstream = true;
            config.stream.async_oneside = true;
        },
        "client: SYN seq=1000
         client: ACK seq=1001 ack=5001 data=hello
         client: ACK seq=1006 ack=5010 data=world
         client: ACK seq=1011 ack=5020",
        expect![[r#"
            1 syn_sent
            2 established > to_server "hello"
            3 established > to_server "world"
            4 established
            end shutdown established > to_server end > to_client end packets=4/0
        "#]],
    );
}

#[test]
fn a_session_that_is_picked_up_by_its_server_has_both_sides_though_one_would_do() {
    check_with(
        |config| {
            config.stream.midstream = true;
            config.stream.async_oneside = true;
        },
        "server: ACK seq=5001 ack=1001 win=8180 data=world
         client: ACK seq=1001 ack=5006 win=8182
         client: ACK seq=1001 ack=5006 win=8182 data=hello
         server: ACK seq=5006 ack=1006 win=8180
         server: ACK seq=5006 ack=1006 win=8180 data=again
         client: ACK seq=1006 ack=5011 win=8182",
        expect![[r#"
            1 established > to_server "world" Some(Midstream)
            2 established
            3 established
            4 established > to_client "hello"
            5 established
            6 established > to_server "again"
            end shutdown established > to_server end > to_client end packets=3/3
        "#]],
    );
}

#[test]
fn packets_without_a_session_open_none() {
    check(
        "client: RST seq=1000",
        expect![[r#"
        1 Rejected !rst_but_no_session
        end shutdown new packets=1/0
    "#]],
    );
    check(
        "client: FIN ACK seq=1000 ack=1",
        expect![[r#"
        1 Rejected !fin_but_no_session Some(Midstream)
        end shutdown new packets=1/0
    "#]],
    );
    check(
        "client: seq=1000 data=hello",
        expect![[r#"
        1 Untracked
        end shutdown new packets=1/0
    "#]],
    );
}

#[test]
fn an_acknowledgement_number_without_the_flag_is_broken() {
    check(
        "client: SYN seq=1000 ack=77",
        expect![[r#"
        1 syn_sent !pkt_broken_ack
        end shutdown new packets=1/0
    "#]],
    );
}

#[test]
fn wrong_checksums_are_ignored_when_validated() {
    let text = "client: SYN seq=1000
         server: SYN ACK seq=5000 ack=1001
         client: ACK seq=1001 ack=5001
         client: ACK seq=1001 ack=5001 data=EVIL bad
         client: ACK seq=1001 ack=5001 data=GOOD
         server: ACK seq=5001 ack=1005";
    check(
        text,
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 BadChecksum
        5 established
        6 established > to_server "GOOD"
        end shutdown established > to_server end > to_client end packets=4/2
    "#]],
    );
    check_with(
        |config| config.stream.checksum_validation = false,
        text,
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        5 established !reassembly_overlap_different_data
        6 established > to_server "EVIL"
        end shutdown established > to_server end > to_client end packets=4/2
    "#]],
    );
}
