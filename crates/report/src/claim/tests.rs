use std::net::IpAddr;

use model::{Confidence, Evidence, Finding, LossMark, PacketId, Severity, Term, Time};

use super::*;
use crate::{Manifest, Overview};

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn finding() -> Finding {
    let term =
        |name, value, threshold, weight| Term { name, value, threshold, weight, meaning: String::new() };
    Finding {
        id: 1,
        detector: "beacon",
        title: "10.0.0.5 calls 203.0.113.9 port 443 every 60.0 s".into(),
        severity: Severity::Medium,
        confidence: Confidence(960),
        techniques: vec!["T1071.001"],
        attackers: Vec::new(),
        victims: vec![address("10.0.0.5")],
        server: Some((address("203.0.113.9"), "c2.example".into())),
        subjects: Vec::new(),
        first: Time::from_secs(100),
        last: Time::from_secs(900),
        count: 14,
        terms: vec![term("jitter", 0.01, 0.3, 3.4), term("contacts", 14.0, 8.0, 0.5)],
        evidence: vec![Evidence {
            flow: None,
            packets: vec![PacketId(3), PacketId(9), PacketId(27)],
            field: "",
            excerpt: String::new(),
        }],
        against: vec!["Updates keep timers, too.".into()],
    }
}

fn report(losses: &[&str]) -> Report {
    Report {
        manifest: Manifest::default(),
        overview: Overview::default(),
        findings: vec![finding()],
        incidents: Vec::new(),
        losses: losses
            .iter()
            .map(|reason| LossMark { after: PacketId(0), reason: (*reason).to_owned() })
            .collect(),
    }
}

#[test]
fn a_finding_is_a_measured_claim_a_technique_and_a_server() {
    let claims = claims(&report(&[]));
    let shape: Vec<_> =
        claims.iter().map(|claim| (&*claim.id, claim.predicate.word(), &*claim.object)).collect();
    assert_eq!(
        shape,
        [
            ("F1.1", "observed", "beacon"),
            ("F1.2", "used", "T1071.001"),
            ("F1.3", "directed_by", "203.0.113.9 (c2.example)")
        ]
    );
    assert_eq!(claims[0].values.len(), 3, "two terms, and the number of events");
    assert_eq!(claims[0].likelihood_words(), "almost certain");
}

#[test]
fn likelihood_and_confidence_stand_in_sentences_of_their_own() {
    let claim = &claims(&report(&[]))[0];
    assert_eq!(claim.confidence.level, Level::High);
    assert!(claim.confidence.sentence.starts_with("Confidence in this judgement is high: 3 packets"));
    assert!(!claim.confidence.sentence.contains(claim.likelihood_words()));
}

#[test]
fn what_is_missing_weakens_the_claim_and_is_named() {
    let lost = "office.pcap ends in the middle of a packet";
    let full = "beacon: 12 entries were forgotten because its table was full";
    let clock = "3 packets bear a time before that of the packet ahead of them: clocks are in doubt";
    let claim = &claims(&report(&[lost, full, clock]))[0];
    let kinds: Vec<_> = claim.limits.iter().map(|limit| limit.kind.word()).collect();
    assert_eq!(kinds, ["packets_lost", "limit_reached", "clock_doubt"]);
    assert_eq!(claim.confidence.level, Level::Moderate);
    assert!(claim.confidence.sentence.contains("incomplete (packets lost, limit reached, clock doubt)"));
}

#[test]
fn a_close_call_says_so() {
    let mut report = report(&[]);
    report.findings[0].terms[1].value = 8.0;
    let claim = &claims(&report)[0];
    assert_eq!(claim.confidence.level, Level::Moderate);
    assert!(claim.confidence.sentence.contains("1 lie within a tenth of their threshold"));
}

#[test]
fn the_file_has_one_claim_per_line() {
    let bytes = claims_json(&claims(&report(&[])));
    let text = String::from_utf8(bytes).expect("JSON is UTF-8");
    assert_eq!(text.lines().count(), 5, "brackets, and three claims");
    let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(value["claims"][0]["values"][1]["threshold"], 0.3);
}
