//! Watching: where alerts come from, and how near the others came.

use model::Direction;

use super::{TCP, desk};
use crate::{Near, Testimony, Watch};

fn watched(rules: &str, payloads: &[&[u8]]) -> Vec<Testimony> {
    let mut desk = desk(rules);
    desk.watch(&Watch::Conditions(Vec::new()));
    for payload in payloads {
        desk.udp(payload);
    }
    desk.testimony()
}

fn nearest(rules: &str, payloads: &[&[u8]]) -> Near {
    let told = watched(rules, payloads).remove(0);
    assert_eq!(told.alerts, 0);
    told.nearest.expect("it was held against a packet")
}

#[test]
fn an_alert_tells_buffer_and_place_of_each_condition() {
    let told = watched(
        "alert udp any any -> any any (content:\"ab\"; content:\"cd\"; distance:1; sid:1;)",
        &[b"xx", b"ab-cd"],
    );
    assert_eq!((told[0].alerts, told[0].matches), (1, 1));
    let hit = &told[0].hits[0];
    assert_eq!(hit.at.packet.0, 2);
    let ends: Vec<(&str, Option<usize>)> =
        hit.held.iter().map(|held| (held.buffer.as_str(), held.end)).collect();
    assert_eq!(ends, [("the packet's payload", Some(2)), ("the packet's payload", Some(5))]);
    assert_eq!(hit.held[1].condition, "content \"cd\" distance 1");
}

#[test]
fn the_deepest_condition_that_failed_is_told_with_what_was_there() {
    let rule =
        "alert udp any any -> any any (content:\"user=\"; content:\"root\"; within:4; distance:0; sid:1;)";
    let near = nearest(rule, &[b"nothing", b"user=alice", b"user="]);
    assert_eq!(near.at.packet.0, 2);
    assert_eq!(near.failed, "content \"root\" distance 0 within 4");
    assert_eq!(near.seen, "10 bytes, from 5: \"alice\"");
    assert_eq!(near.of, near.held + 1);
}

#[test]
fn what_fails_before_any_byte_is_looked_at_is_told_too() {
    let near = nearest("alert udp any any -> any 53 (content:\"x\"; sid:1;)", &[b"x"]);
    assert_eq!(near.failed, "addresses and ports in the rule's header");
    assert_eq!(near.seen, "10.0.0.1:40000 -> 192.0.2.7:80");
    let near = nearest("alert udp any any -> any any (flowbits:isset,login; content:\"x\"; sid:1;)", &[b"x"]);
    assert_eq!(near.failed, "the flowbit login is set");
}

#[test]
fn buffers_of_transactions_are_told_by_their_names() {
    let mut desk = desk(
        "alert http any any -> any any (http.method; content:\"GET\"; http.uri; content:\"/admin\"; sid:1;)\n\
         alert http any any -> any any (http.uri; content:\"/index\"; endswith; sid:2;)",
    );
    desk.watch(&Watch::Conditions(Vec::new()));
    let alerts = desk.http(Direction::ToServer, b"GET /index HTTP/1.0\r\n\r\n");
    assert_eq!(alerts, [2]);
    let told = desk.testimony();
    let near = told[0].nearest.as_ref().expect("it was held against the request");
    assert_eq!((near.buffer.as_str(), near.failed.as_str()), ("http.uri", "content \"/admin\""));
    assert_eq!(near.at.tx, Some(0));
    assert_eq!(told[1].hits[0].held[0].buffer, "http.uri");
    assert!(told[1].checks > 0 && told[1].steps > 0 && told[1].bytes > 0);
}

#[test]
fn watching_changes_nothing() {
    let rules = "alert tcp any any -> any any (content:\"a\"; flowbits:set,seen; sid:1;)\n\
                 alert tcp any any -> any any (flowbits:isset,seen; content:\"b\"; sid:2;)";
    let payloads: [&[u8]; 4] = [b"b", b"a", b"ab", b"b"];
    let run = |watch: bool| {
        let mut desk = desk(rules);
        if watch {
            desk.watch(&Watch::Conditions(Vec::new()));
        }
        payloads.map(|payload| desk.shoot(super::Shot { payload, stream: &[payload], added: true, ..TCP }))
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn only_named_rules_are_watched() {
    let mut desk = desk(
        "alert udp any any -> any any (content:\"a\"; sid:1;)\nalert udp any any -> any any (content:\"b\"; sid:2;)",
    );
    desk.watch(&Watch::Conditions(vec![2]));
    desk.udp(b"x");
    let told = desk.testimony();
    assert!(told[0].nearest.is_none() && told[1].nearest.is_some());
}

#[test]
fn slow_rules_are_told_with_the_reason() {
    let advice = |rule: &str| desk(rule).rules().advice().remove(0);
    let fast = advice("alert tcp any any -> any any (content:\"/malware.bin\"; sid:1;)");
    assert_eq!((fast.pattern.as_deref(), fast.group.as_str()), (Some("\"/malware.bin\""), "the stream"));
    assert!(fast.slow.is_empty());
    let header = advice("alert http any any -> any any (http.uri; content:\"/x/y/z\"; sid:1;)");
    assert_eq!(header.group, "http.uri of http, http2, doh2");
    for slow in ["pcre:\"/a+b/\";", "content:\"ab\";", "content:\"|00 00 00 00|\";"] {
        let told = advice(&format!("alert tcp any any -> any any ({slow} sid:1;)"));
        assert!(!told.slow.is_empty(), "{slow}");
    }
}
