//! A report for tests: two incidents, names that attack whoever shows them, hosts inside and outside.

use model::{
    AddressSeen, Campaign, Certificate, ClientSeen, Confidence, Evidence, Finding, FlowId, Incident,
    Infrastructure, LossMark, NameSeen, PacketId, PortSeen, Profile, Rhythm, Role, Server, Severity, Subject,
    Term, Time, TimelineEntry,
};

use crate::{Manifest, Overview, Report};

/// A name that tries markup, a right-to-left override, a formula and a pipe at once.
pub(crate) const EVIL: &str = "=<script>alert(1)</script>|\u{202e}moc.live'\"&";

fn finding(id: u64, detector: &'static str, title: &str, severity: Severity) -> Finding {
    Finding {
        id,
        detector,
        title: title.to_owned(),
        severity,
        confidence: Confidence(965),
        techniques: vec!["T1071.001"],
        attackers: Vec::new(),
        victims: vec!["10.0.0.21".parse().unwrap()],
        server: Some(("203.0.113.9".parse().unwrap(), "updates.example".into())),
        subjects: vec![Subject::Host("10.0.0.21".parse().unwrap())],
        first: Time::from_secs(1_741_000_000 + id * 600),
        last: Time::from_secs(1_741_000_000 + id * 600 + 3_000),
        count: 45,
        terms: vec![Term {
            name: "jitter, share of the interval",
            value: 0.04,
            threshold: 0.3,
            weight: 3.1,
            meaning:
                "timers keep their interval, people do not; a share above 0.35 would speak against a timer"
                    .into(),
        }],
        evidence: vec![Evidence {
            flow: Some(FlowId(7)),
            packets: vec![PacketId(12), PacketId(340)],
            field: "tls.sni",
            excerpt: EVIL.into(),
        }],
        against: vec!["Software updates, monitoring and mail clients keep timers, too.".into()],
    }
}

fn server(address: &str, name: &str, role: Role) -> Server {
    Server {
        address: address.parse().unwrap(),
        name: name.into(),
        role,
        confidence: Confidence(965),
        reasons: vec![format!("{address} was called (beacon)")],
        terms: Vec::new(),
        profile: Some(Box::new(Profile {
            names: vec![NameSeen {
                name: name.into(),
                source: "sni",
                first: Time::from_secs(1_700_000_000),
                last: Time::from_secs(1_700_000_900),
                count: 3,
            }],
            addresses: vec![AddressSeen {
                address: "203.0.113.77".parse().unwrap(),
                name: name.into(),
                first: Time::from_secs(1_700_000_000),
                last: Time::from_secs(1_700_000_900),
            }],
            ports: vec![PortSeen { port: 443, transport: 6, protocol: "tls", flows: 45 }],
            certificates: vec![Certificate {
                fingerprint: "aa:bb".into(),
                subject: format!("CN={EVIL}"),
                issuer: "CN=other".into(),
                serial: "01:02".into(),
                names: vec![name.into()],
                validity: Some((1_690_000_000, 1_790_000_000)),
                self_signed: false,
            }],
            fingerprints: vec![("ja3s", "0a1b".into())],
            asn: Some((64_500, "Example Net".into())),
            country: Some("AQ".into()),
            clients: vec![ClientSeen {
                address: "10.0.0.21".parse().unwrap(),
                first: Time::from_secs(1_700_000_000),
                last: Time::from_secs(1_700_000_900),
                flows: 45,
                bytes_to: 90_000,
                bytes_from: 4_000,
            }],
            client_count: 1,
            hosts: 12,
            first: Time::from_secs(1_700_000_000),
            last: Time::from_secs(1_700_000_900),
            flows: 45,
            bytes_to: 90_000,
            bytes_from: 4_000,
            rhythm: Some(Rhythm { period: 301.5, spread: 12.2 }),
        })),
    }
}

fn incident(id: u64, title: &str, severity: Severity, findings: &[&Finding]) -> Incident {
    let techniques: Vec<&'static str> =
        findings.iter().flat_map(|finding| finding.techniques.clone()).collect();
    let mut phases: Vec<_> = techniques.iter().filter_map(|technique| incident::phase(technique)).collect();
    phases.sort();
    phases.dedup();
    Incident {
        id,
        title: title.into(),
        summary: String::new(),
        severity,
        confidence: Confidence(990),
        score: 12.25,
        terms: vec![Term {
            name: "prior",
            value: -6.9,
            threshold: 0.0,
            weight: -6.9,
            meaning: "before anything was found".into(),
        }],
        infrastructure: vec![Infrastructure {
            servers: vec!["203.0.113.9".parse().unwrap(), "203.0.113.77".parse().unwrap()],
            links: vec!["the same certificate: aa:bb".into()],
        }],
        campaign: Some(Campaign {
            id: "C-0000000000000001".into(),
            runs: 2,
            first: Time::from_secs(1_600_000_000),
            last: Time::from_secs(1_700_000_900),
            links: vec!["the same address 203.0.113.9".into()],
        }),
        victims: findings[0].victims.clone(),
        attackers: findings[0].attackers.clone(),
        servers: Vec::new(),
        techniques,
        phases,
        first: findings[0].first,
        last: findings[findings.len() - 1].last,
        findings: findings.iter().map(|finding| finding.id).collect(),
        timeline: findings
            .iter()
            .map(|finding| TimelineEntry {
                time: finding.first,
                finding: finding.id,
                text: finding.title.clone(),
            })
            .collect(),
        next_steps: vec!["Keep the capture; its hash is in the report's manifest.".into()],
    }
}

/// The report.
pub(crate) fn report() -> Report {
    let beacon = finding(
        1,
        "beacon",
        "10.0.0.21 calls 203.0.113.9 port 443 every 301.5 s ± 12.2 s, 45 times",
        Severity::Medium,
    );
    let mut tunnel = finding(
        2,
        "dns_tunnel",
        "10.0.0.21 sends data in names below cdn-sync.example: 500 names carried 60500 bytes",
        Severity::High,
    );
    tunnel.techniques = vec!["T1071.004", "T1048.003"];
    tunnel.server = Some(("10.0.0.2".parse().unwrap(), "cdn-sync.example".into()));
    tunnel.subjects.push(Subject::Name("cdn-sync.example".into()));
    tunnel.subjects.push(Subject::File("ab".repeat(32)));
    let mut odd = finding(3, "odd", &format!("a server called itself {EVIL}"), Severity::Medium);
    odd.victims = vec!["10.0.0.2".parse().unwrap(), "10.0.0.3".parse().unwrap()];
    odd.attackers = vec!["2001:db8::66".parse().unwrap(), "10.0.0.66".parse().unwrap()];
    odd.server = Some(("2001:db8::66".parse().unwrap(), EVIL.into()));
    odd.terms[0].value = f64::INFINITY;
    odd.techniques = vec!["T0855", "T1046"];
    let mut first =
        incident(1, &format!("{} (and 1 more findings)", tunnel.title), Severity::High, &[&beacon, &tunnel]);
    first.victims.push("10.0.0.2".parse().unwrap());
    first.servers.push(server("203.0.113.9", "updates.example", Role::Control));
    let mut second = incident(2, &odd.title, Severity::Medium, &[&odd]);
    second.servers.push(server("2001:db8::66", EVIL, Role::Attack));
    let mut overview = Overview {
        packets: 17_866,
        flows: 2_840,
        bytes: 5_300_000,
        hosts: 254,
        files: 3,
        flows_encrypted: 135,
        span: Some((Time::from_secs(1_741_000_000), Time::from_secs(1_741_018_000))),
        ..Overview::default()
    };
    overview.transactions.insert("dns", 900);
    for (client, server, bytes) in [
        ("10.0.0.21", "203.0.113.9", 90_000),
        ("10.0.0.21", "10.0.0.2", 70_000),
        ("2001:db8::66", "10.0.0.3", 400),
    ] {
        overview.talk.insert((client.parse().unwrap(), server.parse().unwrap()), bytes);
    }
    Report {
        manifest: Manifest {
            program: "targe 0.1.0".into(),
            inputs: vec![("it's a capture.pcap".into(), 5_879_668, "8f".repeat(32))],
            configuration: "7c".repeat(32),
            rules: vec![("my.rules".into(), "12".repeat(32), 3)],
            intel: vec![("bad.csv".into(), "34".repeat(32))],
            shards: 64,
        },
        overview,
        findings: vec![beacon, tunnel, odd],
        incidents: vec![first, second],
        losses: vec![LossMark { after: PacketId(5), reason: format!("lost near {EVIL}") }],
    }
}
