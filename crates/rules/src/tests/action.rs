//! Order, limits and actions.

use super::{NONE, Shot, TCP, desk, desk_with};
use crate::Settings;
use crate::ir::Verb;

fn prevent() -> Settings {
    Settings { prevent: true, ..Settings::default() }
}

#[test]
fn alerts_come_by_action_then_priority_then_place() {
    let mut desk = desk(
        "alert udp any any -> any any (content:\"x\"; priority:2; sid:1;)\n\
         alert udp any any -> any any (content:\"x\"; priority:1; sid:2;)\n\
         alert udp any any -> any any (content:\"x\"; priority:2; sid:3;)\n\
         drop udp any any -> any any (content:\"x\"; priority:3; sid:4;)",
    );
    assert_eq!(desk.udp(b"x"), [4, 2, 1, 3]);
}

#[test]
fn a_packet_has_at_most_so_many_alerts() {
    let rules: String =
        (1..=20).map(|sid| format!("alert udp any any -> any any (content:\"x\"; sid:{sid};)\n")).collect();
    assert_eq!(desk(&rules).udp(b"x").len(), 15);
}

#[test]
fn a_silent_rule_takes_no_place() {
    let rules: String = (1..=20)
        .map(|sid| format!("alert udp any any -> any any (content:\"x\"; noalert; sid:{sid};)\n"))
        .chain(["alert udp any any -> any any (content:\"x\"; sid:99;)".to_owned()])
        .collect();
    assert_eq!(desk(&rules).udp(b"x"), [99]);
}

#[test]
fn a_pass_silences_what_comes_behind_it() {
    let mut desk = desk(
        "alert udp any any -> any any (content:\"x\"; sid:1;)\n\
         pass udp any any -> any any (content:\"safe\"; sid:2;)",
    );
    assert_eq!(desk.udp(b"x"), [1]);
    assert_eq!(desk.udp(b"x safe"), NONE);
    assert_eq!(desk.udp(b"x"), [1], "a pass on a packet is for that packet");
}

#[test]
fn a_pass_on_the_stream_is_for_the_flow() {
    let mut desk = desk(
        "alert tcp any any -> any any (content:\"x\"; sid:1;)\n\
         pass tcp any any -> any any (content:\"safe\"; sid:2;)",
    );
    assert_eq!(desk.shoot(Shot { stream: &[b"safe"], added: true, ..TCP }), NONE);
    assert_eq!(desk.shoot(Shot { stream: &[b"x"], added: true, ..TCP }), NONE);
}

#[test]
fn only_prevention_drops() {
    let rule = "drop udp any any -> any any (content:\"x\"; sid:1;)";
    let mut watching = desk(rule);
    assert_eq!(watching.udp(b"x"), [1]);
    assert_eq!(watching.dropped(), None);
    assert!(!watching.outcome().alerts[0].blocked);
    let mut preventing = desk_with(rule, prevent());
    assert_eq!(preventing.udp(b"x"), [1]);
    assert_eq!(preventing.dropped(), Some("rules"));
    assert!(preventing.outcome().alerts[0].blocked);
    assert_eq!(preventing.udp(b"y"), NONE);
    assert_eq!(preventing.dropped(), None, "a drop on a packet is for that packet");
}

#[test]
fn a_drop_on_the_stream_takes_the_flow() {
    let mut desk = desk_with("drop tcp any any -> any any (content:\"x\"; sid:1;)", prevent());
    assert_eq!(desk.shoot(Shot { stream: &[b"x"], added: true, ..TCP }), [1]);
    desk.shoot(TCP);
    assert_eq!(desk.dropped(), Some("flow drop"));
}

#[test]
fn a_drop_is_not_undone_by_a_pass_behind_it() {
    let order = [Verb::Drop, Verb::Pass, Verb::Reject, Verb::Alert];
    let settings = Settings { action_order: order, ..prevent() };
    let mut desk = desk_with(
        "pass udp any any -> any any (content:\"x\"; sid:1;)\n\
         drop udp any any -> any any (content:\"x\"; sid:2;)\n\
         alert udp any any -> any any (content:\"x\"; sid:3;)",
        settings,
    );
    assert_eq!(desk.udp(b"x"), [2]);
    assert_eq!(desk.dropped(), Some("rules"));
}
