use std::net::IpAddr;

use super::*;
use model::{
    AlertFact, Confidence, Direction, Evidence, Fact, FlowFact, FlowId, Moment, Role, Severity, Term, Time,
    TransactionFact, Value,
};

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
        first: Time::from_secs(1_000),
        last: Time::from_secs(2_000),
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

fn measured(name: &'static str, value: f64) -> Term {
    Term { name, value, threshold: 0.0, weight: 0.0, meaning: String::new() }
}

/// A finding about a server that controls a host.
fn control(server: &str, victim: &str, title: &str) -> Finding {
    Finding {
        title: title.to_owned(),
        attackers: Vec::new(),
        server: Some((server.parse().unwrap(), String::new())),
        ..finding("beacon", server, victim, Severity::Medium)
    }
}

fn who(number: u64, client: &str, server: &str, port: u16) -> Fact {
    Fact {
        flow: FlowId(number),
        client: client.parse().unwrap(),
        server: server.parse().unwrap(),
        client_port: 40_000,
        server_port: port,
        transport: 6,
        began: Time::from_secs(number),
        first_packet: PacketId(number),
    }
}

fn event(number: u64, kind: EventKind) -> Event {
    let moment = Moment { time: Time::from_secs(number), cause: number, step: 0 };
    Event { moment, packet: PacketId(number), kind }
}

/// A conversation at second `number` with payload to and from the server.
fn flow(number: u64, client: &str, server: &str, port: u16, payload: [u64; 2]) -> Event {
    let fact = FlowFact {
        who: who(number, client, server, port),
        last: Time::from_secs(number + 1),
        last_packet: PacketId(number),
        packets: [2, 2],
        bytes: payload,
        payload,
        tcp_flags: [0x1b; 2],
        established: true,
        protocol: "tls",
        opening: model::Opening::default(),
        bursts: Vec::new(),
        entropy_percent: 255,
        gaps: [0, 0],
        shape: None,
        guess: "",
        echo: None,
        cards: None,
    };
    event(number, EventKind::Flow(Box::new(fact)))
}

fn hello(number: u64, client: &str, server: &str, fields: &[(&'static str, &str)]) -> Event {
    let fact = TransactionFact {
        who: who(number, client, server, 443),
        protocol: "tls",
        tx_id: 0,
        time: Time::from_secs(number),
        only: None::<Direction>,
        fields: fields.iter().map(|(name, value)| (*name, Value::Text((*value).into()))).collect(),
    };
    event(number, EventKind::Transaction(Box::new(fact)))
}

/// An alert of a rule on a conversation from `client` to `server`.
fn alert(message: &str, category: &str, metadata: &[(&str, &str)], client: &str, server: &str) -> AlertFact {
    AlertFact {
        who: Some(who(1_000, client, server, 443)),
        source: client.parse().unwrap(),
        destination: server.parse().unwrap(),
        gid: 1,
        sid: 1,
        rev: 1,
        message: message.to_owned(),
        category: category.to_owned(),
        priority: 1,
        metadata: metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        severity: Severity::High,
        target: None,
    }
}

fn desk() -> Desk {
    Desk::new(Network::new(|address| address.to_string().starts_with("10."), None))
}

/// The incidents of findings alone, in a network where 10.0.0.0/8 is ours.
fn judged(findings: Vec<Finding>) -> Vec<Incident> {
    desk().finish(findings, 3).incidents
}

/// The incidents of one alert.
fn alerted(alert: AlertFact) -> Vec<Incident> {
    let mut desk = desk();
    desk.event(&event(1_000, EventKind::Alert(Box::new(alert))));
    desk.finish(Vec::new(), 3).incidents
}

#[test]
fn findings_that_share_a_host_are_one_incident() {
    let incidents = judged(vec![
        finding("scan", "198.51.100.1", "10.0.0.1", Severity::Medium),
        finding("beacon", "203.0.113.9", "10.0.0.1", Severity::High),
        finding("scan", "198.51.100.2", "10.0.0.2", Severity::Medium),
    ]);
    let shape: Vec<_> =
        incidents.iter().map(|incident| (incident.findings.len(), incident.severity)).collect();
    assert_eq!(shape, [(2, Severity::High), (1, Severity::Medium)]);
    assert_eq!(incidents[0].phases[0].name, "Command and Control");
}

#[test]
fn many_copies_of_a_faint_finding_stay_faint() {
    let incidents =
        judged((0..75).map(|_| finding("odd", "198.51.100.1", "10.0.0.1", Severity::Low)).collect());
    assert_eq!((incidents.len(), incidents[0].severity), (1, Severity::Low));
    assert!(incidents[0].confidence.0 < 100, "{:?}", incidents[0].confidence);
}

#[test]
fn one_critical_finding_is_enough() {
    let incidents = judged(vec![finding("ransom", "198.51.100.1", "10.0.0.1", Severity::Critical)]);
    assert_eq!(incidents[0].severity, Severity::Critical);
    assert!(incidents[0].confidence.0 > 900, "{:?}", incidents[0].confidence);
}

#[test]
fn the_terms_of_the_score_add_up_to_it() {
    let incidents = judged(vec![
        finding("beacon", "203.0.113.9", "10.0.0.1", Severity::Medium),
        finding("beacon", "203.0.113.9", "10.0.0.1", Severity::Low),
        finding("certificate", "203.0.113.9", "10.0.0.1", Severity::Low),
    ]);
    let sum: f64 = incidents[0].terms.iter().map(|term: &Term| term.weight).sum();
    assert!((sum - incidents[0].score).abs() < 1e-9, "{sum} is not {}", incidents[0].score);
    assert_eq!(incidents[0].terms.len(), 3, "the prior, and one term per dependency group");
}

#[test]
fn old_evidence_weighs_less_than_new() {
    let old = || finding("beacon", "203.0.113.9", "10.0.0.1", Severity::High);
    let late = |days: u64| Finding {
        last: Time::from_secs(2_000 + days * 86_400),
        severity: Severity::Info,
        ..finding("note", "203.0.113.9", "10.0.0.1", Severity::Info)
    };
    let score = |days| judged(vec![old(), late(days)])[0].score;
    assert!(score(0) > score(30) && score(30) > score(90), "{} {} {}", score(0), score(30), score(90));
}

#[test]
fn a_check_in_of_a_trojan_is_an_incident_and_names_the_server() {
    let trojan = "A Network Trojan was detected";
    let incidents = alerted(alert("ET TROJAN Sample Checkin", trojan, &[], "10.0.0.23", "203.0.113.9"));
    assert_eq!(incidents[0].severity, Severity::High);
    assert_eq!(incidents[0].victims, ["10.0.0.23".parse::<IpAddr>().unwrap()]);
    assert_eq!(incidents[0].servers[0].address, "203.0.113.9".parse::<IpAddr>().unwrap());
    assert_eq!(incidents[0].servers[0].role, Role::Control);
}

#[test]
fn a_rule_that_takes_notes_raises_nothing() {
    let cases = [
        alert("ET INFO Observed Something", "Potentially Bad Traffic", &[], "10.0.0.1", "198.51.100.1"),
        alert("ET POLICY Custom", "Potential Corporate Privacy Violation", &[], "10.0.0.1", "198.51.100.1"),
        alert(
            "ET TROJAN Perhaps",
            "A Network Trojan was detected",
            &[("signature_severity", "Informational")],
            "10.0.0.1",
            "198.51.100.1",
        ),
        alert("GPL ICMP_INFO PING", "Misc activity", &[], "10.0.0.1", "198.51.100.1"),
    ];
    for case in cases {
        let message = case.message.clone();
        let incidents = alerted(case);
        assert!(incidents[0].severity < Severity::Medium, "{message}: {:?}", incidents[0].severity);
    }
}

#[test]
fn a_resolver_that_is_asked_for_a_bad_name_is_no_suspect() {
    let mut asked = alert(
        "ET TROJAN DNS Query to Bad Domain",
        "A Network Trojan was detected",
        &[],
        "10.0.0.1",
        "10.0.0.2",
    );
    asked.who = Some(who(1_000, "10.0.0.1", "10.0.0.2", 53));
    let incidents = alerted(asked);
    assert_eq!((incidents[0].servers.len(), incidents[0].attackers.len()), (0, 0));
    assert_eq!(incidents[0].victims, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
}

#[test]
fn the_control_server_comes_before_who_delivered() {
    let delivery = Finding {
        techniques: vec!["T1105"],
        ..control("198.51.100.7", "10.0.0.23", "10.0.0.23 fetched a program from 198.51.100.7")
    };
    let incidents =
        judged(vec![delivery, control("203.0.113.9", "10.0.0.23", "10.0.0.23 calls 203.0.113.9")]);
    let order: Vec<_> =
        incidents[0].servers.iter().map(|server| (server.address.to_string(), server.role)).collect();
    assert_eq!(order, [("203.0.113.9".into(), Role::Control), ("198.51.100.7".into(), Role::Delivery)]);
}

#[test]
fn a_server_that_never_answers_comes_after_one_that_does() {
    let mut desk = desk();
    for number in 0..10 {
        desk.event(&flow(1_000 + number, "10.0.0.23", "192.0.2.1", 443, [100, 0]));
        desk.event(&flow(1_000 + number, "10.0.0.23", "203.0.113.9", 443, [100, 100]));
    }
    let found = vec![control("192.0.2.1", "10.0.0.23", "a"), control("203.0.113.9", "10.0.0.23", "b")];
    let incidents = desk.finish(found, 3).incidents;
    assert_eq!(incidents[0].servers[0].address.to_string(), "203.0.113.9");
}

/// A beacon in an office of three hosts, `shift` seconds later, with the hosts' last byte turned by `turn`.
fn story(shift: u64, turn: u8, reverse: bool) -> Verdict {
    let victim = format!("10.0.0.{}", 23 + turn);
    let mut events = Vec::new();
    for number in 0..20 {
        let at = 33_120 + shift + number * 300;
        events.push(flow(at, &victim, "203.0.113.9", 443, [105_000, 2_000]));
        events.push(hello(
            at,
            &victim,
            "203.0.113.9",
            &[
                ("tls.sni", "updates.example"),
                ("tls.cert_fingerprint", "aa:bb"),
                ("tls.cert_subject", "CN=a"),
                ("tls.cert_issuer", "CN=a"),
            ],
        ));
        events.push(hello(
            at,
            &victim,
            "203.0.113.77",
            &[("tls.cert_fingerprint", "aa:bb"), ("tls.cert_subject", "CN=a"), ("tls.cert_issuer", "CN=a")],
        ));
        events.push(flow(at, &format!("10.0.0.{}", 100 + turn), "203.0.113.9", 443, [10, 10]));
    }
    // Independent conversations may come in any order of equal times: the table must not care.
    if reverse {
        events.reverse();
    }
    let mut desk = desk();
    for event in &events {
        desk.event(event);
    }
    let mut found = control(
        "203.0.113.9",
        &victim,
        &format!("{victim} calls 203.0.113.9 port 443 every 300.0 s ± 12.0 s, 20 times"),
    );
    found.confidence = Confidence(990);
    found.severity = Severity::High;
    found.terms = vec![measured(Term::INTERVAL, 300.0), measured(Term::INTERVAL_SPREAD, 12.0)];
    found.first = Time::from_secs(33_120 + shift);
    found.last = Time::from_secs(39_000 + shift);
    desk.finish(vec![found], 140)
}

#[test]
fn the_sentence_says_who_since_when_how_often_how_much_and_how_rare() {
    let verdict = story(0, 0, false);
    assert_eq!(
        verdict.incidents[0].summary,
        "10.0.0.23 is controlled from 203.0.113.9 (updates.example) since 1970-01-01 09:12 UTC; every 300 s ± 12 s; \
         2.1 MB left; 2 of 140 hosts talk to it"
    );
}

#[test]
fn what_shares_a_certificate_is_one_infrastructure() {
    let incident = &story(0, 0, false).incidents[0];
    let group = &incident.infrastructure[0];
    let servers: Vec<_> = group.servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["203.0.113.9", "203.0.113.77"]);
    assert!(group.links.iter().any(|link| link.contains("aa:bb")), "{:?}", group.links);
}

#[test]
fn a_story_told_later_or_under_other_names_is_the_same_story() {
    let shape = |verdict: &Verdict| {
        let incident = &verdict.incidents[0];
        let servers: Vec<_> = incident
            .servers
            .iter()
            .map(|server| (server.role, server.confidence, server.terms.len()))
            .collect();
        (verdict.incidents.len(), incident.severity, incident.confidence, incident.score.to_bits(), servers)
    };
    let told = story(0, 0, false);
    let later = story(86_400 * 400, 0, false);
    let renamed = story(0, 5, false);
    let permuted = story(0, 0, true);
    for (other, why) in [(&later, "later"), (&renamed, "renamed"), (&permuted, "permuted")] {
        assert_eq!(shape(&told), shape(other), "{why}");
    }
    assert_eq!(later.incidents[0].first.secs() - told.incidents[0].first.secs(), 86_400 * 400);
    assert_eq!(renamed.incidents[0].summary, told.incidents[0].summary.replace("10.0.0.23", "10.0.0.28"));
    assert_eq!(permuted.incidents[0].summary, told.incidents[0].summary);
}

#[test]
fn memory_stays_flat_however_many_servers_pass() {
    let mut desk = desk();
    for number in 0..100_000u32 {
        let server = std::net::Ipv4Addr::from(0xcb00_0000 + number).to_string();
        desk.event(&flow(u64::from(number), "10.0.0.1", &server, 443, [1, 1]));
    }
    let kept = desk.entities.sorted().len();
    assert!(kept <= 2 * 16_384, "{kept}");
    let verdict = desk.finish(Vec::new(), 1);
    assert!(verdict.losses[0].reason.contains("servers were forgotten"), "{:?}", verdict.losses);
}

#[test]
fn tomorrows_capture_knows_todays() {
    let mut today = story(0, 0, false);
    let added = Memory::default().link("run-1", &mut today.incidents, &today.findings);
    assert!(today.incidents[0].campaign.is_none(), "the first sighting is no campaign yet");
    assert_eq!(added.lines().count(), 1);
    // Another victim on another day, the same server.
    let mut tomorrow = story(86_400, 7, false);
    let (memory, broken) = Memory::read(&format!("{added}not a line\n"));
    assert_eq!(broken, [2]);
    let more = memory.link("run-2", &mut tomorrow.incidents, &tomorrow.findings);
    let campaign = tomorrow.incidents[0].campaign.clone().expect("both share a server");
    assert_eq!((campaign.runs, campaign.first.secs(), campaign.last.secs()), (2, 33_120, 39_000 + 86_400));
    assert!(campaign.links.contains(&"the same address 203.0.113.9".to_owned()), "{:?}", campaign.links);
    // The same capture again is known: it adds nothing, and says the same.
    let mut again = story(86_400, 7, false);
    let (memory, _) = Memory::read(&format!("{added}{more}"));
    assert_eq!(memory.link("run-2", &mut again.incidents, &again.findings), "");
    assert_eq!(again.incidents[0].campaign, Some(campaign));
}

#[test]
fn strangers_share_no_campaign() {
    let mut one = Verdict {
        incidents: judged(vec![finding("a", "203.0.113.1", "10.0.0.1", Severity::High)]),
        ..Verdict::default()
    };
    let added = Memory::default().link("run-1", &mut one.incidents, &[]);
    let mut two = Verdict {
        incidents: judged(vec![finding("a", "203.0.113.2", "10.0.0.2", Severity::High)]),
        ..Verdict::default()
    };
    Memory::read(&added).0.link("run-2", &mut two.incidents, &[]);
    assert_eq!(two.incidents[0].campaign, None);
}
