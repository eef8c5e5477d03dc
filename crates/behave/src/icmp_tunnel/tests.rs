use super::*;
use crate::Behaviour;
use crate::samples::flow;

fn judge(shape: EchoShape) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    let mut event = flow(1, "10.0.0.7", "203.0.113.9", 0, [5_000, 5_000]);
    if let EventKind::Flow(fact) = &mut event.kind {
        (fact.who.transport, fact.who.client_port) = (1, 8);
        fact.echo = Some(Box::new(shape));
    }
    behaviour.event(&event);
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "icmp_tunnel").collect()
}

#[test]
fn a_ping_is_a_ping() {
    let ping = EchoShape { messages: [600, 600], counted: 48_000, filled: 48_000, ..EchoShape::default() };
    assert_eq!(judge(ping).len(), 0);
}

#[test]
fn path_discovery_changes_sizes_and_is_no_tunnel() {
    let probes = EchoShape {
        messages: [20, 20],
        counted: 20_000,
        filled: 20_000,
        resized: 30,
        changed: 30,
        ..EchoShape::default()
    };
    assert_eq!(judge(probes).len(), 0);
}

#[test]
fn ip_packets_inside_echoes_are_a_tunnel() {
    let tunnel = EchoShape {
        messages: [400, 380],
        inner: 700,
        unlike: 200,
        repeated: 390,
        changed: 500,
        counted: 60_000,
        filled: 9_000,
        ..EchoShape::default()
    };
    let found = judge(tunnel);
    let [finding] = &found[..] else { panic!("one finding, not {found:?}") };
    assert_eq!(
        finding.title,
        "10.0.0.7 and 203.0.113.9 carry 10000 bytes inside 780 ICMP messages that are no pings"
    );
    assert_eq!(finding.severity, Severity::High);
}
