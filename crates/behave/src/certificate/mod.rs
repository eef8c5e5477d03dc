//! Odd certificates: signed by themselves, without a name, made yesterday, valid for centuries, shown for another name.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{
    Confidence, Event, EventKind, Evidence, Finding, PacketId, Severity, Subject, Term, Time, TransactionFact,
};

use crate::statistic::probability;
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "certificate",
    sees: "Servers whose certificate nobody vouches for: signed by itself, without a host name, very young, valid for decades, for \
           another name than the one asked for, or shown by several servers.",
    matters: "Control servers make their own certificates, and their makers' habits stay in them (T1573.002, T1587.003).",
    fooled_by: "A free certificate of a public authority for a name of one's own; TLS 1.3, which hides certificates; resumed sessions. \
                Printers, routers and laboratories look alike, so a server of ours counts less.",
    cost: "One entry per (server, port, certificate) with at most 32 clients; constant time per handshake.",
    references: &["ATT&CK T1573.002", "ATT&CK T1587.003", "CA/Browser Forum Baseline Requirements §6.3.2"],
    hears: Hears {
        exchanges: &["tls"],
        fields: &[
            "tls.cert_fingerprint",
            "tls.cert_issuer",
            "tls.cert_subject",
            "tls.not_after",
            "tls.not_before",
            "tls.sni",
            "tls.subjectaltname",
        ],
        ..Hears::NOTHING
    },
    knobs: &[
        Knob {
            name: "score_min",
            help: "Log-odds from which a certificate is a finding.",
            unit: "log-odds",
            range: (-5.0, 20.0),
            default: 0.5,
        },
        Knob {
            name: "years_max",
            help: "Validity from which a certificate is too long for a public authority.",
            unit: "years",
            range: (0.25, 100.0),
            default: 5.5,
        },
        Knob {
            name: "young_days",
            help: "Age up to which a certificate is young.",
            unit: "days",
            range: (0.0, 90.0),
            default: 7.0,
        },
    ],
    new: |knobs| {
        Box::new(OddCertificate {
            score_min: knobs.get("score_min"),
            years_max: knobs.get("years_max"),
            young_days: knobs.get("young_days"),
            shown: Bounded::new(SHOWN_MAX),
        })
    },
};

/// Certificates remembered.
const SHOWN_MAX: usize = 16_384;
/// Clients remembered per certificate.
const CLIENTS_MAX: usize = 32;
/// Sum of evidence that is taken for granted before anything speaks: most odd certificates are somebody's printer.
const OFFSET: f64 = 3.0;
/// Seconds of a year.
const YEAR: f64 = 365.25 * 86_400.0;
/// Subjects that tools fill in when nobody tells them better.
const DEFAULTS: [&str; 7] = [
    "internet widgits pty ltd",
    "default company ltd",
    "cn=localhost",
    "cn=example.com",
    "global security",
    "snakeoil",
    "some-state",
];

type Key = (IpAddr, u16, String);

#[derive(Debug)]
struct OddCertificate {
    score_min: f64,
    years_max: f64,
    young_days: f64,
    shown: Bounded<Key, Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    subject: String,
    issuer: String,
    names: Vec<String>,
    validity: Option<(f64, f64)>,
    /// The name the first client asked for; empty when none.
    asked: String,
    clients: Vec<IpAddr>,
    count: u64,
    first: Time,
    last: Time,
    packets: Vec<PacketId>,
}

impl Detector for OddCertificate {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Transaction(fact) = &event.kind else { return };
        // What a host says to itself is nobody's infrastructure.
        let itself = fact.who.server.is_loopback() || fact.who.server == fact.who.client;
        if fact.protocol == "tls" && !itself && !fact.text("tls.cert_fingerprint").is_empty() {
            self.take(fact);
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        let mut servers: BTreeMap<&str, Vec<IpAddr>> = BTreeMap::new();
        for ((server, _, print), _) in self.shown.sorted() {
            let list = servers.entry(print).or_default();
            if !list.contains(server) {
                list.push(*server);
            }
        }
        for (key, shown) in self.shown.sorted() {
            let sharing = servers.get(key.2.as_str()).map_or(1, Vec::len);
            self.judge(key, shown, sharing, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.shown.evicted()
    }
}

impl OddCertificate {
    fn take(&mut self, fact: &TransactionFact) {
        let key = (fact.who.server, fact.who.server_port, fact.text("tls.cert_fingerprint").to_owned());
        let shown = self.shown.touch(&key, || Shown {
            subject: fact.text("tls.cert_subject").to_owned(),
            issuer: fact.text("tls.cert_issuer").to_owned(),
            names: fact.texts("tls.subjectaltname").take(16).map(str::to_ascii_lowercase).collect(),
            validity: fact
                .number("tls.not_before")
                .zip(fact.number("tls.not_after"))
                .map(|(begin, end)| (begin as f64, end as f64)),
            asked: fact.text("tls.sni").to_ascii_lowercase(),
            first: fact.time,
            ..Shown::default()
        });
        shown.count += 1;
        shown.last = shown.last.max(fact.time);
        if shown.clients.len() < CLIENTS_MAX && !shown.clients.contains(&fact.who.client) {
            shown.clients.push(fact.who.client);
        }
        if shown.packets.len() < Evidence::PACKETS {
            shown.packets.push(fact.who.first_packet);
        }
    }

    fn judge(&self, key: &Key, shown: &Shown, sharing: usize, home: &Home, findings: &mut Findings) {
        let (server, port, print) = key;
        let terms = self.terms(*server, *port, shown, sharing, home);
        let score = terms.iter().map(|term| term.weight).sum::<f64>() - OFFSET;
        if score < self.score_min {
            return;
        }
        let confidence = Confidence((probability(score) * 1000.0) as u16);
        let odd: Vec<&str> = terms.iter().filter(|term| term.weight > 0.5).map(|term| term.name).collect();
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{server} port {port} shows an odd certificate, `{}`: {}",
                cut(&shown.subject),
                odd.join(", ")
            ),
            // Inside, devices and mail servers sign for themselves: worth a note beside other things, and no more.
            severity: if confidence.0 >= 800 && !home.has(*server) {
                Severity::Medium
            } else {
                Severity::Low
            },
            confidence,
            techniques: vec!["T1573.002", "T1071.001"],
            attackers: Vec::new(),
            victims: shown.clients.iter().take(4).copied().collect(),
            server: Some((*server, shown.asked.clone())),
            subjects: vec![Subject::Name(format!("certificate {print}"))],
            first: shown.first,
            last: shown.last,
            count: shown.count,
            terms,
            evidence: vec![Evidence {
                flow: None,
                packets: shown.packets.clone(),
                field: "tls.cert_subject",
                excerpt: format!("{}; issuer {}; SHA-1 {print}", cut(&shown.subject), cut(&shown.issuer)),
            }],
            against: vec![
                "Printers, routers, laboratories and small firms make their own certificates, too.".into(),
            ],
        });
    }

    fn terms(&self, server: IpAddr, port: u16, shown: &Shown, sharing: usize, home: &Home) -> Vec<Term> {
        let own = shown.subject == shown.issuer;
        let subject = shown.subject.to_ascii_lowercase();
        let common = common_name(&subject);
        let nameless = !is_host(common) && !shown.names.iter().any(|name| is_host(name));
        let default = DEFAULTS.iter().any(|known| subject.contains(known));
        let years = shown.validity.map_or(0.0, |(begin, end)| (end - begin) / YEAR);
        let age =
            shown.validity.map_or(f64::MAX, |(begin, _)| (shown.first.secs() as f64 - begin) / 86_400.0);
        let asked = !shown.asked.is_empty();
        let fits = !asked
            || covers(common, &shown.asked)
            || shown.names.iter().any(|name| covers(name, &shown.asked));
        // Without a public authority behind it the rest weighs more: a company's own authority has an organisation and a country.
        let private = own || !(shown.issuer.contains("O=") && shown.issuer.contains("C="));
        let long = if years > 20.0 {
            2.0
        } else if years > self.years_max {
            1.2
        } else {
            0.0
        };
        let clients = shown.clients.len();
        vec![
            term(
                "signed by itself",
                f64::from(own),
                1.0,
                if own { 1.6 } else { 0.0 },
                "subject and issuer are the same: nobody vouches for it",
            ),
            term(
                "no host name",
                f64::from(nameless),
                1.0,
                if nameless { 1.0 } else { 0.0 },
                "certificates of servers carry the name that people call",
            ),
            term(
                "a tool's default subject",
                f64::from(default),
                1.0,
                if default { 0.9 } else { 0.0 },
                "nobody cared to fill it in",
            ),
            term(
                "valid for years",
                years,
                self.years_max,
                if private { long } else { long * 0.5 },
                "public authorities sign for a year or two",
            ),
            term(
                "age, days",
                age.min(1e6),
                self.young_days,
                if private && (-1.0..=self.young_days).contains(&age) { 0.9 } else { 0.0 },
                "made just before it was used",
            ),
            term(
                "no server name asked for",
                f64::from(!asked),
                1.0,
                if asked { 0.0 } else { 0.6 },
                "browsers and updates always say whom they want",
            ),
            term(
                "shown for another name",
                f64::from(!fits),
                1.0,
                if fits {
                    0.0
                } else if private {
                    1.2
                } else {
                    0.3
                },
                "the certificate does not hold for the name that was asked for",
            ),
            term(
                "port",
                f64::from(port),
                443.0,
                if matches!(port, 443 | 465 | 587 | 636 | 853 | 993 | 995) { 0.0 } else { 0.6 },
                "TLS where TLS is not usual",
            ),
            term(
                "servers that show it",
                sharing as f64,
                2.0,
                if sharing >= 2 && own { 0.5 } else { 0.0 },
                "one key on several servers is one hand",
            ),
            term(
                "a public or company authority signed it",
                f64::from(!private),
                1.0,
                if private { 0.0 } else { -2.0 },
                "somebody with a name and a country vouches for it",
            ),
            term(
                "the server is ours",
                f64::from(home.has(server)),
                1.0,
                if home.has(server) { -1.0 } else { 0.0 },
                "inside, devices sign for themselves",
            ),
            term(
                "hosts that use it",
                clients as f64,
                3.0,
                if clients >= 3 { -1.5 } else { 0.0 },
                "what many hosts use is more often a service",
            ),
        ]
    }
}

/// The value of the first `CN=` of a distinguished name, in lower case.
fn common_name(subject: &str) -> &str {
    let Some((_, rest)) = subject.split_once("cn=") else { return "" };
    rest.split(", ").next().unwrap_or(rest).trim()
}

/// Whether a text is a host name with a domain, a wildcard of one, or an address.
fn is_host(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    name.contains('.')
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        || name.parse::<IpAddr>().is_ok()
}

/// Whether a certificate's name holds for the name asked for (RFC 6125 §6.4.3: a star stands for one label).
fn covers(name: &str, asked: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(parent) => asked.split_once('.').is_some_and(|(_, rest)| rest == parent) || asked == parent,
        None => name == asked,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

fn term(name: &'static str, value: f64, threshold: f64, weight: f64, meaning: &str) -> Term {
    Term { name, value, threshold, weight, meaning: meaning.into() }
}
