//! What must not change a judgement: when it happened, how hosts are called, in which order independent flows are told.

use std::net::IpAddr;

use model::{Direction, EchoShape, Event, EventKind, Finding, PacketId, PayloadShape, Time};

use crate::samples::{file, flow, transaction};
use crate::{Behaviour, Home};

/// Every detector's matter once, each by a host of its own.
fn scene() -> Vec<Event> {
    let mut events: Vec<Event> = (0..20)
        .map(|n| {
            edited(flow(1_000 + n * 60, "10.0.0.1", "203.0.113.1", 443, [300, 900]), |fact| {
                fact.protocol = "tls"
            })
        })
        .collect();
    events.extend((0..40).map(|n: u64| {
        let data: String =
            (0..40).map(|at| char::from(b'a' + ((n * 31 + at * (n + 7)) % 26) as u8)).collect();
        let name = format!("{data}.t.example.org");
        transaction(3_000 + n, "dns", ("10.0.0.2", "10.0.0.99", 53), &[("dns.queries.rrname", &name)])
    }));
    let gate = ("10.0.0.3", "203.0.113.3", 80);
    for n in 0..5 {
        events.push(file(
            4_000 + n,
            gate,
            Direction::ToServer,
            b"q=U6yKuycpyrtWSffsIT9gHat3iWBeoClJC627YeIJ",
        ));
        let fields = [("http.method", "POST"), ("http.uri", "/gate.php"), ("http.host", "203.0.113.3")];
        events.push(transaction(4_000 + n, "http", gate, &fields));
    }
    events.push(edited(flow(5_000, "10.0.0.4", "203.0.113.4", 4_444, [9_000, 400]), |fact| {
        let mut shape = PayloadShape { head_len: 4, prompts: 6, payloads: 9, ..PayloadShape::default() };
        shape.head[..4].copy_from_slice(b"uid=");
        fact.shape = Some(Box::new([shape, PayloadShape::default()]));
    }));
    let fields = [("tls.cert_subject", "CN=Server"), ("tls.cert_issuer", "CN=Server")];
    events.push(transaction(6_000, "tls", ("10.0.0.5", "203.0.113.5", 4_782), &fields));
    events.push(edited(flow(7_000, "10.0.0.6", "203.0.113.6", 0, [0, 0]), |fact| {
        fact.who.transport = 1;
        fact.echo =
            Some(Box::new(EchoShape { messages: [90, 90], inner: 150, changed: 90, ..EchoShape::default() }));
    }));
    events.push(flow(8_000, "10.0.0.7", "10.0.0.98", 445, [9_000, 90_000_000]));
    events.push(flow(8_100, "10.0.0.7", "203.0.113.7", 22, [90_000_000, 9_000]));
    events
}

fn edited(mut event: Event, edit: impl FnOnce(&mut model::FlowFact)) -> Event {
    if let EventKind::Flow(fact) = &mut event.kind {
        edit(fact);
    }
    event
}

fn judge(mut events: Vec<Event>) -> Vec<Finding> {
    events.sort_by_key(|event| event.moment);
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.iter().for_each(|event| behaviour.event(event));
    behaviour.finish().0
}

/// What a finding says, but for when; packets in order.
fn said(finding: &Finding) -> (String, u16, Vec<PacketId>) {
    let mut packets: Vec<PacketId> =
        finding.evidence.iter().flat_map(|evidence| evidence.packets.clone()).collect();
    packets.sort();
    (format!("{} {}", finding.detector, finding.title), finding.confidence.0, packets)
}

fn all(findings: &[Finding]) -> Vec<(String, u16, Vec<PacketId>)> {
    let mut said: Vec<_> = findings.iter().map(said).collect();
    said.sort();
    said
}

fn who(event: &mut Event) -> &mut model::Fact {
    match &mut event.kind {
        EventKind::Flow(fact) => &mut fact.who,
        EventKind::Transaction(fact) => &mut fact.who,
        EventKind::File(fact) => &mut fact.who,
        EventKind::Alert(_) | EventKind::Oddity(_) => unreachable!("the scene has none of these"),
    }
}

#[test]
fn every_channel_of_the_scene_is_found() {
    let found = judge(scene());
    for detector in
        ["beacon", "dns_tunnel", "web_channel", "raw_channel", "tls_channel", "icmp_tunnel", "theft"]
    {
        assert!(
            found.iter().any(|finding| finding.detector == detector),
            "{detector} among {:?}",
            all(&found)
        );
    }
}

#[test]
fn the_same_at_another_time_is_the_same() {
    let later = |time: Time| time.plus_secs(86_400 * 37 + 5);
    let mut moved = scene();
    for event in &mut moved {
        event.moment.time = later(event.moment.time);
        let who = who(event);
        who.began = later(who.began);
        match &mut event.kind {
            EventKind::Flow(fact) => fact.last = later(fact.last),
            EventKind::Transaction(fact) => fact.time = later(fact.time),
            EventKind::File(_) | EventKind::Alert(_) | EventKind::Oddity(_) => {}
        }
    }
    let (before, after) = (judge(scene()), judge(moved));
    assert_eq!(all(&before), all(&after));
    assert!(before.iter().zip(&after).all(|(before, after)| later(before.first) == after.first));
}

#[test]
fn hosts_by_other_names_are_judged_alike() {
    // Ours stay ours and theirs stay theirs; text in names and pages is left as it is.
    let rename = |address: IpAddr| -> IpAddr {
        let text = address.to_string();
        let renamed = text.replace("10.0.0.", "172.20.5.").replace("203.0.113.", "198.51.100.");
        renamed.parse().expect("an address")
    };
    let mut renamed = scene();
    for event in &mut renamed {
        let who = who(event);
        (who.client, who.server) = (rename(who.client), rename(who.server));
    }
    let before: Vec<_> = judge(scene())
        .iter()
        .map(|finding| {
            let (text, sure, packets) = said(finding);
            (text.replace("10.0.0.", "172.20.5.").replace("203.0.113.", "198.51.100."), sure, packets)
        })
        .collect();
    let mut before = before;
    before.sort();
    assert_eq!(before, all(&judge(renamed)));
}

#[test]
fn independent_flows_may_be_told_in_any_order() {
    let mut turned = scene();
    // Matters of different hosts change places; within each, order stays.
    let count = turned.len() as u64;
    for (position, event) in turned.iter_mut().enumerate() {
        let host = match who(event).client {
            IpAddr::V4(address) => u64::from(address.octets()[3]),
            IpAddr::V6(_) => 0,
        };
        event.moment.cause = (20 - host) * count + position as u64;
        event.moment.time = Time::from_secs(1);
    }
    assert_eq!(all(&judge(scene())), all(&judge(turned)));
}
