use expect_test::{Expect, expect};

use super::talk::{OPEN, talk};
use crate::{Config, Policy};

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&talk(Config::default(), &format!("{OPEN}{text}")));
}

fn check_on(policy: Policy, text: &str, expected: Expect) {
    let mut config = Config::default();
    config.stream.policies = vec![("0.0.0.0".parse().expect("address"), 0, policy)];
    expected.assert_eq(&talk(config, &format!("{OPEN}{text}")));
}

#[test]
fn a_session_closes_from_the_client() {
    check(
        "client: ACK seq=1001 ack=5001 data=bye
         server: ACK seq=5001 ack=1004
         client: FIN ACK seq=1004 ack=5001
         server: ACK seq=5001 ack=1005
         server: FIN ACK seq=5001 ack=1005
         client: ACK seq=1005 ack=5002",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 established > to_server "bye"
            6 close_wait
            7 close_wait
            8 last_ack
            9 closed > to_client end > to_server end
            end shutdown closed packets=5/4
        "#]],
    );
}

#[test]
fn a_session_closes_from_the_server() {
    check(
        "server: ACK seq=5001 ack=1001 data=bye
         server: FIN ACK seq=5004 ack=1001
         client: ACK seq=1001 ack=5005
         client: FIN ACK seq=1001 ack=5005
         server: ACK seq=5005 ack=1002",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 fin_wait1
            6 fin_wait2 > to_client "bye"
            7 time_wait
            8 closed > to_server end > to_client end
            end shutdown closed packets=4/4
        "#]],
    );
}

#[test]
fn one_half_may_close_while_the_other_goes_on() {
    check(
        "client: FIN ACK seq=1001 ack=5001
         server: ACK seq=5001 ack=1002 data=more
         client: ACK seq=1002 ack=5005
         server: ACK seq=5005 ack=1002 data=still
         client: ACK seq=1002 ack=5010
         server: FIN ACK seq=5010 ack=1002
         client: ACK seq=1002 ack=5011",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 close_wait
            5 close_wait
            6 close_wait > to_client "more"
            7 close_wait
            8 close_wait > to_client "still"
            9 last_ack
            10 closed > to_client end > to_server end
            end shutdown closed packets=6/4
        "#]],
    );
}

#[test]
fn both_sides_may_close_at_once() {
    check(
        "client: FIN ACK seq=1001 ack=5001
         server: FIN ACK seq=5001 ack=1001
         client: ACK seq=1002 ack=5002
         server: ACK seq=5002 ack=1002",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 close_wait
            5 last_ack
            6 closed > to_client end > to_server end
            7 closed
            end shutdown closed packets=4/3
        "#]],
    );
}

#[test]
fn a_fin_may_overtake_its_data() {
    check(
        "client: FIN ACK seq=1004 ack=5001
         client: ACK seq=1001 ack=5001 data=bye
         server: ACK seq=5001 ack=1005",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 close_wait
            5 close_wait !pkt_retransmission
            6 close_wait > to_server "bye"
            end shutdown established > to_server end > to_client end packets=4/2
        "#]],
    );
}

#[test]
fn a_fin_beyond_the_window_is_rejected() {
    check(
        "client: FIN ACK seq=90000 ack=5001",
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 Rejected !fin_out_of_window
        end shutdown established > to_server end > to_client end packets=3/1
    "#]],
    );
}

#[test]
fn a_reset_ends_the_session_and_delivers_what_was_sent() {
    check(
        "client: ACK seq=1001 ack=5001 data=hello
         client: RST ACK seq=1006 ack=5001",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 established
            5 closed > to_server "hello" end
            end shutdown closed packets=4/1
        "#]],
    );
}

#[test]
fn a_reset_must_be_believable_to_its_receiver() {
    let text = "client: ACK seq=1001 ack=5001 data=hello
         client: RST seq=1500
         client: ACK seq=1006 ack=5001 data=world
         server: ACK seq=5001 ack=1011";
    check_on(
        Policy::Windows,
        text,
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        5 Rejected
        6 established
        7 established > to_server "helloworld"
        end shutdown established > to_server end > to_client end packets=5/2
    "#]],
    );
    check_on(
        Policy::Linux,
        text,
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 established
        5 closed > to_server "hello" end
        6 Rejected !est_pkt_before_last_ack
        7 closed
        end shutdown closed packets=5/2
    "#]],
    );
}

#[test]
fn a_reset_with_data_is_told_and_its_data_is_not_part_of_the_stream() {
    check(
        "client: RST ACK seq=1001 ack=5001 data=reason",
        expect![[r#"
        1 syn_sent
        2 syn_recv
        3 established
        4 closed > to_server end !rst_with_data
        end shutdown closed packets=3/1
    "#]],
    );
}

#[test]
fn a_sender_that_goes_on_did_not_send_the_reset() {
    check(
        "client: RST ACK seq=1001 ack=5001
         client: ACK seq=1001 ack=5001 data=alive
         server: ACK seq=5001 ack=1006",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 closed > to_server end
            5 established !suspected_rst_inject
            6 established > to_server "alive"
            end shutdown closed > to_server end > to_client end packets=4/2
        "#]],
    );
}

#[test]
fn a_syn_in_a_running_session_is_rejected() {
    check(
        "client: SYN seq=1000
         client: SYN seq=9999
         server: SYN seq=7777
         client: SYN ACK seq=1000 ack=5001
         server: SYN ACK seq=5000 ack=1001
         server: SYN ACK seq=5000 ack=1234
         server: SYN ACK seq=5999 ack=1001",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 Rejected !est_syn_resend
            5 Rejected !est_syn_resend_diff_seq
            6 Rejected !est_syn_toclient
            7 Rejected !est_synack_toserver
            8 established
            9 Rejected !est_synack_resend_with_different_ack
            10 Rejected !est_synack_resend_with_diff_seq
            end shutdown established > to_server end > to_client end packets=5/5
        "#]],
    );
}

#[test]
fn a_new_syn_after_the_end_is_a_new_flow() {
    check(
        "client: FIN ACK seq=1001 ack=5001
         server: FIN ACK seq=5001 ack=1002
         client: ACK seq=1002 ack=5002
         client: SYN seq=1000
         client: SYN seq=90000
         server: SYN ACK seq=95000 ack=90001",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 close_wait
            5 last_ack
            6 closed > to_client end > to_server end
            7 closed
            end tcp_reuse closed packets=5/2
            8 new flow syn_sent
            9 syn_recv
            end shutdown new packets=1/1
        "#]],
    );
}

#[test]
fn a_late_packet_after_the_timeout_is_a_new_flow() {
    check(
        "client: RST ACK seq=1001 ack=5001 at=10
         server: ACK seq=5001 ack=1001 at=69
         server: ACK seq=5001 ack=1001 at=129",
        expect![[r#"
            1 syn_sent
            2 syn_recv
            3 established
            4 closed > to_server end
            5 closed
            end timeout closed packets=3/2
            6 new flow Untracked Some(Midstream)
            end shutdown new packets=1/0
        "#]],
    );
}
