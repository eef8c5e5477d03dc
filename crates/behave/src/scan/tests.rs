use super::*;
use crate::Behaviour;
use model::{Fact, FlowId, Moment};

fn try_door(number: u64, port: u16, answered: bool) -> Event {
    let who = Fact {
        flow: FlowId(number),
        client: "198.51.100.7".parse().unwrap(),
        server: "10.0.0.5".parse().unwrap(),
        client_port: 40_000,
        server_port: port,
        transport: 6,
        began: Time::from_secs(number),
        first_packet: PacketId(number),
    };
    let payload = if answered { [100, 1000] } else { [0, 0] };
    let fact = FlowFact {
        who,
        last: Time::from_secs(number + 1),
        last_packet: PacketId(number),
        packets: [2, 1],
        bytes: [120, 60],
        payload,
        tcp_flags: [2, 20],
        established: answered,
        protocol: "",
        opening: model::Opening::default(),
        bursts: Vec::new(),
        entropy_percent: 255,
        gaps: [0, 0],
        shape: None,
        guess: "",
        echo: None,
        cards: None,
    };
    Event {
        moment: Moment { time: who.began, cause: number, step: 0 },
        packet: PacketId(number),
        kind: EventKind::Flow(Box::new(fact)),
    }
}

fn judge(events: impl Iterator<Item = Event>) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.for_each(|event| behaviour.event(&event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == "scan").collect()
}

#[test]
fn many_refused_ports_are_a_scan() {
    let findings = judge((1..=20).map(|number| try_door(number, number as u16, false)));
    let [finding] = &findings[..] else { panic!("one finding, not {findings:?}") };
    assert_eq!(finding.title, "198.51.100.7 tried 20 ports of a host; 20 of 20 tries led to nothing");
    assert_eq!(finding.evidence[0].packets.len(), 20);
}

#[test]
fn many_ports_that_answer_are_not() {
    assert_eq!(judge((1..=20).map(|number| try_door(number, number as u16, true))).len(), 0);
}

#[test]
fn a_few_refused_ports_are_not() {
    assert_eq!(judge((1..=10).map(|number| try_door(number, number as u16, false))).len(), 0);
}

fn shaped(number: u64, server: &str, edit: impl FnOnce(&mut FlowFact)) -> Event {
    let mut event = try_door(number, 445, false);
    if let EventKind::Flow(fact) = &mut event.kind {
        fact.who.server = server.parse().unwrap();
        edit(fact);
    }
    event
}

#[test]
fn one_port_of_many_hosts_is_a_scan_and_many_ports_of_many_hosts_are_not() {
    let scan = (1..=20).map(|n| shaped(n, &format!("10.0.1.{n}"), |_| {}));
    assert!(judge(scan)[0].title.contains("tried 20 hosts on one port"));
    let peers =
        (1..=20).map(|n| shaped(n, &format!("10.0.1.{n}"), |fact| fact.who.server_port = 10_000 + n as u16));
    assert_eq!(judge(peers).len(), 0);
}

#[test]
fn ends_of_conversations_that_began_before_the_capture_are_nothing() {
    let ends = (1..=30).map(|n| shaped(n, &format!("10.0.1.{n}"), |fact| fact.tcp_flags = [FIN | ACK, 0]));
    assert_eq!(judge(ends).len(), 0);
}

#[test]
fn answers_to_nobody_are_the_victims_of_a_flood_not_scanners() {
    let answers = (1..=30).map(|n| {
        shaped(n, &format!("203.0.113.{n}"), |fact| (fact.packets, fact.tcp_flags) = ([0, 1], [0, SYN | ACK]))
    });
    assert_eq!(judge(answers).len(), 0);
}

#[test]
fn measurements_over_udp_that_are_partly_answered_are_nothing() {
    let ask = |answered: u64| {
        (1..=30).map(move |n| {
            shaped(n, &format!("203.0.113.{n}"), |fact| {
                fact.who.transport = 17;
                fact.payload = [16, if n <= answered { 16 } else { 0 }];
            })
        })
    };
    assert_eq!((judge(ask(10)).len(), judge(ask(1)).len()), (0, 1));
}

#[test]
fn pings_of_many_hosts_are_a_sweep() {
    let ping = |requests: u32| {
        (1..=20).map(move |n| {
            shaped(n, &format!("10.0.1.{n}"), |fact| {
                fact.who.transport = 1;
                fact.echo =
                    Some(Box::new(model::EchoShape { messages: [requests, requests], ..Default::default() }));
            })
        })
    };
    assert_eq!(judge(ping(1))[0].techniques, ["T1595.001", "T1018"]);
    assert_eq!(judge(ping(60)).len(), 0);
}

#[test]
fn flags_that_no_system_sends_are_a_scan() {
    let odd =
        |flags: u8| (1..=3).map(move |n| shaped(n, "10.0.0.5", |fact| fact.tcp_flags = [flags, RST | ACK]));
    for flags in [0, FIN, FIN | 8 | 32, SYN | FIN] {
        assert_eq!(judge(odd(flags)).len(), 1, "{flags}");
    }
    assert_eq!(judge(odd(SYN)).len(), 0);
}
