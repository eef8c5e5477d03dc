//! Bits, numbers and variables of flows; bits of hosts.

use std::net::{IpAddr, Ipv4Addr};

use super::{NONE, desk};

#[test]
fn a_bit_set_by_one_rule_is_seen_by_the_next_on_the_same_packet() {
    let mut desk = desk(
        "alert udp any any -> any any (content:\"b\"; flowbits:isset,login; sid:2;)\n\
         alert udp any any -> any any (content:\"a\"; flowbits:set,login; flowbits:noalert; sid:1;)",
    );
    assert_eq!(desk.udp(b"b"), NONE);
    assert_eq!(desk.udp(b"ab"), [2]);
    assert_eq!(desk.udp(b"b"), [2]);
}

#[test]
fn bits_go_through_a_chain_of_rules_on_one_packet() {
    let mut desk = desk(
        "alert udp any any -> any any (flowbits:isset,b; flowbits:set,c; sid:3;)\n\
         alert udp any any -> any any (flowbits:isset,a; flowbits:set,b; sid:2;)\n\
         alert udp any any -> any any (content:\"x\"; flowbits:set,a; sid:1;)\n\
         alert udp any any -> any any (flowbits:isnotset,c; sid:4;)",
    );
    assert_eq!(desk.udp(b"x"), [1, 2, 3]);
}

#[test]
fn bits_can_be_unset_toggled_and_asked_by_alternatives() {
    let mut desk = desk(
        "alert udp any any -> any any (content:\"set\"; flowbits:set,a; flowbits:noalert; sid:1;)\n\
         alert udp any any -> any any (content:\"clear\"; flowbits:unset,a; flowbits:noalert; sid:2;)\n\
         alert udp any any -> any any (content:\"flip\"; flowbits:toggle,a; flowbits:noalert; sid:3;)\n\
         alert udp any any -> any any (flowbits:isset,x|a; sid:4;)",
    );
    assert_eq!(desk.udp(b"set"), [4]);
    assert_eq!(desk.udp(b"clear"), NONE);
    assert_eq!(desk.udp(b"flip"), [4]);
}

#[test]
fn numbers_count() {
    let mut desk = desk(
        "alert udp any any -> any any (flowint:n,notset; flowint:n,=,1; flowbits:noalert; sid:1;)\n\
         alert udp any any -> any any (content:\"x\"; flowint:n,isset; flowint:n,+,1; flowbits:noalert; sid:2;)\n\
         alert udp any any -> any any (flowint:n,>,3; sid:3;)",
    );
    assert_eq!((desk.udp(b"x"), desk.udp(b"x")), (vec![], vec![]));
    assert_eq!(desk.udp(b"x"), [3]);
}

#[test]
fn a_captured_variable_is_compared_later() {
    let mut desk = desk(
        "alert udp any any -> any any (pcre:\"/user=(\\w+)/, flow:user\"; flowbits:noalert; sid:1;)\n\
         alert udp any any -> any any (flowvar:user,\"root\"; content:\"go\"; sid:2;)",
    );
    assert_eq!(desk.udp(b"user=alice go"), NONE);
    assert_eq!(desk.udp(b"user=root"), NONE);
    assert_eq!(desk.udp(b"go"), [2]);
}

#[test]
fn a_bit_of_a_host_is_for_all_its_flows_until_it_expires() {
    let mut desk = desk(
        "alert udp any any -> any any (content:\"x\"; xbits:set,bad,track ip_src,expire 10; noalert; sid:1;)\n\
         alert udp any any -> any any (content:\"y\"; xbits:isset,bad,track ip_src; sid:2;)",
    );
    assert!(desk.rules().needs_turns() && !desk.rules().needs_order());
    desk.udp(b"x");
    desk.state = crate::FlowState::default();
    assert_eq!(desk.udp(b"y"), [2]);
    desk.src = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
    assert_eq!(desk.udp(b"y"), NONE);
    desk.src = super::CLIENT;
    desk.now += 11;
    assert_eq!(desk.udp(b"y"), NONE);
}

#[test]
fn a_set_grows_and_says_whether_a_value_was_new() {
    let mut desk = desk("alert udp any any -> any any (ip.src; dataset:set,seen,type ipv4; sid:1;)");
    assert_eq!(desk.udp(b"x"), [1]);
    assert_eq!(desk.udp(b"x"), NONE);
    desk.src = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
    assert_eq!(desk.udp(b"x"), [1]);
}
