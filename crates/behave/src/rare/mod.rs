//! Rare names: a domain that appears late, that one host alone uses, and that has something odd about it.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{
    Confidence, Direction, Event, EventKind, Evidence, Finding, PacketId, Severity, Subject, Term, Time,
    TransactionFact,
};

use crate::dga::model::shipped;
use crate::domain;
use crate::few::Few;
use crate::statistic::probability;
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "rare",
    sees: "A name that one of our hosts alone uses, first seen late, and odd: of a dynamic DNS provider, with letters that look \
           generated, or answered with an address of ours.",
    matters: "Servers behind attacks are new and have few users; dynamic names follow them from address to address (T1568, T1583.001).",
    fooled_by: "Well-aged names of ordinary form. Everybody visits rare sites now and then, so a rare name is a faint sign by itself.",
    cost: "One entry per registered domain, per full name below providers of dynamic names.",
    references: &["ATT&CK T1568", "ATT&CK T1583.001", "Bilge et al., EXPOSURE, NDSS 2011"],
    hears: Hears {
        exchanges: &["dns", "tls", "quic", "http"],
        fields: &["dns.queries.rrname", "dns.answers.address", "tls.sni", "quic.sni", "http.host"],
        ..Hears::NOTHING
    },
    knobs: &[
        Knob {
            name: "score_min",
            help: "Log-odds from which a name is a finding.",
            unit: "log-odds",
            range: (-5.0, 20.0),
            default: 0.0,
        },
        Knob {
            name: "late",
            help: "Time after the beginning of the capture from which a name is new.",
            unit: "s",
            range: (0.0, 2_592_000.0),
            default: 3_600.0,
        },
    ],
    new: |knobs| {
        Box::new(Rare {
            score_min: knobs.get("score_min"),
            late: knobs.get("late"),
            names: Bounded::new(NAMES_MAX),
        })
    },
};

/// Log-odds that the letters of a name's chosen part were generated; 0 for names that are written in other letters.
pub(crate) fn generated(name: &str) -> f64 {
    let name = name.split(':').next().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    match owner(&name) {
        Some(key) if !key.starts_with("xn--") => shipped().score(domain::chosen(&key)).0.max(0.0),
        _ => 0.0,
    }
}

/// Names remembered.
const NAMES_MAX: usize = 32_768;
/// Clients told apart per name.
const CLIENTS_MAX: usize = 8;
/// Sum of evidence that is taken for granted before anything speaks.
const OFFSET: f64 = 2.0;
/// Domains below which anybody gets a name that follows an address.
const DYNAMIC: [&str; 40] = [
    "duckdns.org",
    "ddns.net",
    "no-ip.org",
    "no-ip.biz",
    "no-ip.info",
    "noip.me",
    "hopto.org",
    "zapto.org",
    "sytes.net",
    "servebeer.com",
    "serveftp.com",
    "servehttp.com",
    "redirectme.net",
    "myftp.biz",
    "myftp.org",
    "myvnc.com",
    "bounceme.net",
    "gotdns.ch",
    "ddnsking.com",
    "dyndns.org",
    "dyndns.info",
    "dynu.net",
    "dynu.com",
    "freeddns.org",
    "kozow.com",
    "con-ip.com",
    "changeip.com",
    "mooo.com",
    "chickenkiller.com",
    "strangled.net",
    "ydns.eu",
    "dnsalias.com",
    "homeip.net",
    "dynalias.com",
    "webhop.me",
    "access.ly",
    "mypicture.info",
    "casacam.net",
    "giize.com",
    "accesscam.org",
];

#[derive(Debug)]
struct Rare {
    score_min: f64,
    late: f64,
    names: Bounded<String, Name>,
}

#[derive(Debug)]
struct Name {
    clients: Few<IpAddr>,
    address: Option<IpAddr>,
    count: u64,
    first: Time,
    last: Time,
    packets: Few<PacketId>,
}

impl Detector for Rare {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Transaction(fact) = &event.kind else { return };
        let field = match fact.protocol {
            "dns" if fact.only != Some(Direction::ToServer) => "dns.queries.rrname",
            "tls" => "tls.sni",
            "quic" => "quic.sni",
            "http" => "http.host",
            _ => return,
        };
        self.take(fact, fact.text(field));
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        let began = home.began().unwrap_or_default();
        for (name, seen) in self.names.sorted() {
            self.judge(name, seen, began, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.names.evicted()
    }
}

impl Rare {
    fn take(&mut self, fact: &TransactionFact, text: &str) {
        let full = text.split(':').next().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        let Some(key) = owner(&full) else { return };
        let seen = self.names.touch(&key, || Name {
            clients: Few::None,
            address: None,
            count: 0,
            first: fact.time,
            last: fact.time,
            packets: Few::None,
        });
        seen.count += 1;
        seen.first = seen.first.min(fact.time);
        seen.last = seen.last.max(fact.time);
        if seen.clients.len() < CLIENTS_MAX && !seen.clients.contains(&fact.who.client) {
            seen.clients.push(fact.who.client);
        }
        if fact.protocol == "dns" {
            if let Some(address) = fact.texts("dns.answers.address").find_map(|text| text.parse().ok()) {
                seen.address = Some(address);
            }
        } else {
            seen.address = Some(fact.who.server);
        }
        if seen.packets.len() < Evidence::PACKETS && seen.packets.last() != Some(&fact.who.first_packet) {
            seen.packets.push(fact.who.first_packet);
        }
    }

    fn judge(&self, name: &str, seen: &Name, began: Time, home: &Home, findings: &mut Findings) {
        let dynamic = DYNAMIC.iter().any(|provider| below(name, provider));
        let letters = shipped().score(domain::chosen(name)).0;
        let generated = letters >= 3.0 && !name.starts_with("xn--");
        if !dynamic && !generated {
            return;
        }
        let hosts = home.hosts_seen();
        let alone = seen.clients.len() == 1 && hosts >= 3;
        let late = seen.first.secs_since(began) >= self.late;
        let term = |name, value, threshold, weight, meaning: &str| Term {
            name,
            value,
            threshold,
            weight,
            meaning: meaning.into(),
        };
        let terms = vec![
            term(
                "a dynamic name",
                f64::from(dynamic),
                1.0,
                if dynamic { 1.8 } else { 0.0 },
                "anybody gets one at once and for nothing, and points it wherever they sit",
            ),
            term(
                "log-odds that the letters were generated",
                letters,
                3.0,
                if generated { (letters * 0.25).min(1.5) } else { 0.0 },
                "by the model of letter pairs, lengths and letters",
            ),
            term(
                "hosts that use it",
                seen.clients.len() as f64,
                1.0,
                if alone {
                    0.6
                } else if seen.clients.len() >= 3 {
                    -1.5
                } else {
                    0.0
                },
                "what one host alone uses is nobody's common service",
            ),
            term(
                "first seen after, s",
                seen.first.secs_since(began),
                self.late,
                if late { 0.5 } else { 0.0 },
                "it was not there when the capture began",
            ),
            term(
                "it led somewhere",
                f64::from(seen.address.is_some()),
                1.0,
                if seen.address.is_some() { 0.0 } else { -1.0 },
                "a name without an address leads nowhere",
            ),
        ];
        let score = terms.iter().map(|term| term.weight).sum::<f64>() - OFFSET;
        if score < self.score_min - 1e-9 {
            return;
        }
        let kind = if dynamic { "a dynamic name" } else { "a name that looks generated" };
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{} uses {name}, {kind}{}",
                seen.clients.first().map_or_else(|| "somebody".to_owned(), ToString::to_string),
                if alone { ", and is alone in that" } else { "" }
            ),
            severity: Severity::Low,
            confidence: Confidence((probability(score) * 1000.0) as u16),
            techniques: vec![if dynamic { "T1568" } else { "T1568.002" }],
            attackers: Vec::new(),
            victims: seen.clients.iter().take(4).copied().collect(),
            server: seen
                .address
                .filter(|address| !home.has(*address))
                .map(|address| (address, name.to_owned())),
            subjects: vec![Subject::Name(name.to_owned())],
            first: seen.first,
            last: seen.last,
            count: seen.count,
            terms,
            evidence: vec![Evidence {
                flow: None,
                packets: seen.packets.to_vec(),
                field: "dns.queries.rrname",
                excerpt: name.to_owned(),
            }],
            against: vec!["Home servers, cameras and hobbyists live under dynamic names.".into()],
        });
    }
}

/// Whose a name is: the registered domain; below a provider of dynamic names the customer's own name.
fn owner(name: &str) -> Option<String> {
    if let Some(provider) = DYNAMIC.iter().find(|provider| below(name, provider)) {
        let customer = name[..name.len() - provider.len() - 1].rsplit('.').next()?;
        return Some(format!("{customer}.{provider}"));
    }
    domain::registered(name).map(str::to_owned)
}

/// Whether a name lies below a domain.
fn below(name: &str, domain: &str) -> bool {
    // The cheaper question first: where the domain would begin, few names have a dot.
    let before = name.len().checked_sub(domain.len() + 1);
    before.is_some_and(|dot| dot > 0 && name.as_bytes()[dot] == b'.' && name.ends_with(domain))
}
