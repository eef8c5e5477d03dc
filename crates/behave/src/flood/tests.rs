use super::*;
use crate::Behaviour;
use crate::samples::flow;
use model::Time;

fn judge(events: impl Iterator<Item = Event>) -> Vec<Finding> {
    let mut behaviour = Behaviour::new(Home::default(), &|_| None);
    events.for_each(|event| behaviour.event(&event));
    behaviour.finish().0.into_iter().filter(|finding| finding.detector == DESCRIPTION.name).collect()
}

fn shaped(number: u64, client: &str, edit: impl FnOnce(&mut FlowFact)) -> Event {
    let mut event = flow(1_000 + number / 100, client, "10.0.0.5", 443, [0, 0]);
    if let EventKind::Flow(fact) = &mut event.kind {
        fact.established = false;
        fact.tcp_flags = [2, 0];
        fact.packets = [1, 0];
        edit(fact);
    }
    event
}

fn source(number: u64) -> String {
    format!("198.51.{}.{}", number / 250, number % 250 + 1)
}

#[test]
fn half_open_connections_from_many_sources_are_a_flood() {
    let [finding] = &judge((0..900).map(|n| shaped(n, &source(n), |_| {})))[..] else {
        panic!("one finding")
    };
    assert_eq!((finding.severity, finding.techniques[0]), (Severity::Medium, "T1499.001"));
    assert!(finding.title.contains("900 half-open connections"), "{}", finding.title);
    assert!(finding.terms[1].value > 800.0 && finding.terms[1].value < 1_000.0, "{:?}", finding.terms[1]);
}

#[test]
fn half_open_connections_from_one_source_are_a_scan() {
    assert_eq!(judge((0..900).map(|n| shaped(n, "198.51.100.7", |_| {}))).len(), 0);
}

#[test]
fn a_slow_trickle_is_nothing() {
    let trickle = (0..2_000).map(|n| shaped(n * 100, &source(n), |_| {}));
    assert_eq!(judge(trickle).len(), 0);
}

#[test]
fn refused_connections_are_no_flood() {
    assert_eq!(judge((0..900).map(|n| shaped(n, &source(n), |fact| fact.tcp_flags[1] = 4))).len(), 0);
}

#[test]
fn unasked_answers_of_resolvers_are_amplification() {
    let answers = (0..300).map(|n| {
        shaped(n, &source(n), |fact| {
            (fact.who.transport, fact.who.client_port, fact.payload) = (17, 53, [3_000, 0]);
        })
    });
    let [finding] = &judge(answers)[..] else { panic!("one finding") };
    assert_eq!(finding.techniques, ["T1498.002"]);
}

#[test]
fn requests_that_are_never_finished_are_a_slow_attack() {
    let slow = |answer: u64| {
        (0..200).map(move |n| {
            shaped(n, "198.51.100.7", |fact| {
                fact.established = true;
                fact.protocol = "http";
                fact.payload = [230, answer];
                fact.last = Time::from_secs(1_000 + n / 100 + 9);
            })
        })
    };
    let [finding] = &judge(slow(0))[..] else { panic!("one finding") };
    assert_eq!((finding.techniques[0], finding.attackers.len()), ("T1499.002", 1));
    assert_eq!(judge(slow(500)).len(), 0);
}
