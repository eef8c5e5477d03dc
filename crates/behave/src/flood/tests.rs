use super::*;
use crate::Behaviour;
use crate::samples::{flow, numbered, transaction};
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

#[test]
fn answers_whose_service_is_taken_for_the_server_are_amplification_too() {
    let answers = (0..300).map(|n| {
        let mut event = shaped(n, "10.0.0.5", |fact| {
            (fact.who.transport, fact.who.client_port, fact.who.server_port) = (17, 22, 53);
            (fact.packets, fact.payload) = ([0, 3], [0, 3_000]);
        });
        if let EventKind::Flow(fact) = &mut event.kind {
            (fact.who.client, fact.who.server) = ("10.0.0.5".parse().unwrap(), source(n).parse().unwrap());
        }
        event
    });
    let [finding] = &judge(answers)[..] else { panic!("one finding") };
    assert_eq!((finding.techniques[0], finding.victims[0].to_string()), ("T1498.002", "10.0.0.5".into()));
}

#[test]
fn acknowledgements_of_nothing_from_many_are_a_flood_and_from_one_are_a_probe() {
    let stray = |spread: bool| {
        (0..900).map(move |n| {
            let from = if spread { source(n) } else { "198.51.100.7".into() };
            shaped(n, &from, |fact| fact.tcp_flags = [0x10, 0x04])
        })
    };
    let [finding] = &judge(stray(true))[..] else { panic!("one finding") };
    assert!(finding.title.contains("belong to no connection"), "{}", finding.title);
    assert_eq!(judge(stray(false)).len(), 0);
}

#[test]
fn datagrams_to_one_port_that_nobody_answers_are_a_flood_unless_they_last() {
    let datagrams = |seconds: u64| {
        (0..20).map(move |n| {
            shaped(n, "198.51.100.7", |fact| {
                (fact.who.transport, fact.who.client_port) = (17, 30_000);
                (fact.packets, fact.payload) = ([100 * seconds, 0], [100_000, 0]);
                fact.last = Time::from_secs(1_000 + seconds);
            })
        })
    };
    assert_eq!(judge(datagrams(1)).len(), 1);
    assert_eq!(judge(datagrams(600)).len(), 0, "a film");
}

fn asked(n: u64, client: &str, uri: &str, agent: &str, status: Option<u64>) -> Event {
    let texts = [
        ("http.method", "GET"),
        ("http.uri", uri),
        ("http.user_agent", agent),
        ("http.host", "bank.example"),
    ];
    let ends = (client, "203.0.113.80", 80);
    let mut event = match status {
        Some(status) => numbered(n, "http", ends, &texts, &[("http.stat_code", status)]),
        None => transaction(n, "http", ends, &texts),
    };
    if let EventKind::Transaction(fact) = &mut event.kind {
        fact.time = Time::from_secs(1_000 + n / 100);
    }
    event
}

#[test]
fn one_host_that_asks_for_one_page_under_many_names_is_a_flood() {
    let flood = (0..900).map(|n| {
        asked(n, "198.51.100.7", &format!("/?{}", n * 7_919), &format!("Mozilla/5.0 ({n})"), Some(200))
    });
    let [finding] = &judge(flood)[..] else { panic!("one finding") };
    assert_eq!((finding.techniques[0], finding.attackers.len()), ("T1499.002", 1));
}

#[test]
fn a_crowd_that_the_server_cannot_answer_is_a_flood_and_one_that_reads_is_not() {
    let crowd = |broken: bool| {
        (0..900).map(move |n| {
            let uri = if broken { "/".to_owned() } else { format!("/news/{}", n % 40) };
            asked(n, &source(n % 300), &uri, "Mozilla/5.0", if broken { None } else { Some(200) })
        })
    };
    assert_eq!(judge(crowd(true)).len(), 1);
    assert_eq!(judge(crowd(false)).len(), 0);
}

#[test]
fn a_program_of_ours_that_calls_another_often_is_no_flood() {
    let calls = (0..900).map(|n| {
        let mut event = asked(n, "10.0.0.7", "/api/items", "orders/2.1", Some(200));
        if let EventKind::Transaction(fact) = &mut event.kind {
            fact.who.server = "10.0.0.8".parse().unwrap();
        }
        event
    });
    assert_eq!(judge(calls).len(), 0);
}
