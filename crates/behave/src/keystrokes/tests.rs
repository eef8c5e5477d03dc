use super::*;
use crate::Behaviour;
use crate::samples::flow;

/// A connection with pauses of `pause(n)` seconds, in which `side` speaks after each.
fn talk(side: Direction, size: u32, payload: [u64; 2], pause: impl Fn(u64) -> u64) -> Vec<Finding> {
    let mut event = flow(1_000, "10.0.0.23", "203.0.113.9", 443, payload);
    if let EventKind::Flow(fact) = &mut event.kind {
        let mut at = 1_000;
        fact.protocol = "tls";
        fact.bursts = (0..20)
            .map(|n| {
                at += pause(n);
                (Time::from_secs(at), side, size)
            })
            .collect();
    }
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    behaviour.event(&event);
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == DESCRIPTION.name).collect()
}

/// A person's pauses.
fn person(n: u64) -> u64 {
    [2, 9, 3, 31, 5, 2, 17, 4, 60, 3][n as usize % 10]
}

#[test]
fn a_server_that_types_is_the_client() {
    let [finding] = &talk(Direction::ToClient, 60, [40_000, 2_000], person)[..] else {
        panic!("one finding")
    };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::High, "T1059"));
    assert!(finding.title.starts_with("203.0.113.9 types and 10.0.0.23 answers"), "{}", finding.title);
}

#[test]
fn a_person_who_types_into_a_server_is_nobody() {
    assert_eq!(talk(Direction::ToServer, 60, [2_000, 40_000], person).len(), 0);
}

#[test]
fn messages_that_are_pushed_are_not_answered_at_length() {
    assert_eq!(talk(Direction::ToClient, 120, [900, 9_000], person).len(), 0);
}

#[test]
fn a_machine_that_polls_keeps_its_interval() {
    assert_eq!(talk(Direction::ToClient, 60, [40_000, 2_000], |_| 30).len(), 0);
}
