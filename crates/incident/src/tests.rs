use super::*;
use model::{Confidence, Evidence, PacketId, Severity, Time};

fn finding(detector: &'static str, attacker: &str, victim: &str, severity: Severity) -> Finding {
    Finding {
        id: 0,
        detector,
        title: format!("{detector} {attacker} {victim}"),
        severity,
        confidence: Confidence(900),
        techniques: vec!["T1071.001"],
        attackers: vec![attacker.parse().unwrap()],
        victims: vec![victim.parse().unwrap()],
        server: None,
        subjects: Vec::new(),
        first: Time::from_secs(1),
        last: Time::from_secs(2),
        count: 1,
        terms: Vec::new(),
        evidence: vec![Evidence {
            flow: None,
            packets: vec![PacketId(1)],
            field: "",
            excerpt: String::new(),
        }],
        against: Vec::new(),
    }
}

fn ours(address: std::net::IpAddr) -> bool {
    address.to_string().starts_with("10.")
}

#[test]
fn findings_that_share_a_host_are_one_incident() {
    let findings = vec![
        finding("scan", "198.51.100.1", "10.0.0.1", Severity::Medium),
        finding("beacon", "203.0.113.9", "10.0.0.1", Severity::High),
        finding("scan", "198.51.100.2", "10.0.0.2", Severity::Medium),
    ];
    let (_, incidents) = Desk::default().finish(findings, &ours);
    let shape: Vec<_> =
        incidents.iter().map(|incident| (incident.findings.len(), incident.severity)).collect();
    assert_eq!(shape, [(2, Severity::High), (1, Severity::Medium)]);
    assert_eq!(incidents[0].phases[0].name, "Command and Control");
}

#[test]
fn many_copies_of_a_faint_finding_stay_faint() {
    let findings = (0..75).map(|_| finding("odd", "198.51.100.1", "10.0.0.1", Severity::Low)).collect();
    let (_, incidents) = Desk::default().finish(findings, &ours);
    assert_eq!((incidents.len(), incidents[0].severity), (1, Severity::Low));
    assert!(incidents[0].confidence.0 < 100, "{:?}", incidents[0].confidence);
}
