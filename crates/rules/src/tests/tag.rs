//! `tag`: packets that follow a match.

use super::{Desk, desk};

fn with(options: &str) -> Desk {
    desk(&format!("alert udp any any -> any any (content:\"start\"; {options} sid:1;)"))
}

/// Which of so many packets after the match are tagged.
fn tagged(desk: &mut Desk, packets: usize) -> Vec<usize> {
    assert_eq!(desk.udp(b"start"), [1]);
    assert!(!desk.outcome().tagged, "its alert tells of the packet itself");
    (0..packets)
        .filter(|_| {
            desk.now += 1;
            desk.udp(b"more");
            desk.outcome().tagged
        })
        .collect()
}

#[test]
fn a_session_is_tagged_until_its_count_is_reached() {
    assert_eq!(tagged(&mut with("tag:session,3,packets;"), 6), [0, 1]);
    assert_eq!(tagged(&mut with("tag:session,3,seconds;"), 6), [0, 1, 2]);
    assert_eq!(tagged(&mut with("tag:session,14,bytes;"), 6), [0, 1]);
    assert_eq!(tagged(&mut with("tag:session;"), 6).len(), 6);
}

#[test]
fn a_host_is_tagged_on_the_side_that_is_named() {
    let mut desk = with("tag:host,3,packets,src;");
    assert_eq!(tagged(&mut desk, 4), [0, 1]);
    let mut desk = with("tag:host,100,packets,dst;");
    assert_eq!(tagged(&mut desk, 2), [0, 1]);
    desk.src = "10.9.9.9".parse().expect("an address");
    desk.udp(b"from another client");
    assert!(desk.outcome().tagged, "the server is tagged, whoever it talks to");
}

#[test]
fn several_tags_of_one_rule_add_up() {
    assert_eq!(tagged(&mut with("tag:host,2,packets,src; tag:session,4,packets;"), 6), [0, 1, 2]);
}

#[test]
fn a_rule_that_matches_again_starts_its_tag_anew() {
    let mut desk = with("tag:session,3,packets;");
    assert_eq!(tagged(&mut desk, 2), [0, 1]);
    desk.udp(b"start");
    desk.udp(b"more");
    assert!(desk.outcome().tagged);
}
