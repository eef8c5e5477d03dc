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
        samples: Vec::new(),
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
