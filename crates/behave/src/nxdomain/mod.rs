//! Bursts of names that do not exist: a host that asks for domain after domain in vain.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::IpAddr;

use model::{
    Confidence, Direction, Event, EventKind, Evidence, Finding, PacketId, Severity, Subject, Term, Time,
    TransactionFact,
};

use crate::domain;
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "nxdomain",
    sees: "One host that is told of many different domains, within minutes, that they do not exist.",
    matters: "Searching for the control server of the day fails on most names (T1568.002); so does guessing names (T1590.002).",
    fooled_by: "Slow searches below the rate. Mail servers and crawlers ask for dead domains, too; names below one domain count once, \
                so that block lists of the DNS do not.",
    cost: "One entry per client with at most 256 domains; constant time per answer.",
    references: &[
        "ATT&CK T1568.002",
        "Antonakakis et al., From Throw-Away Traffic to Bots, USENIX Security 2012",
    ],
    hears: Hears { exchanges: &["dns"], fields: &["dns.queries.rrname", "dns.rcode"], ..Hears::NOTHING },
    knobs: &[
        Knob {
            name: "domains_min",
            help: "Different domains that do not exist, within the window.",
            unit: "count",
            range: (5.0, 256.0),
            default: 25.0,
        },
        Knob { name: "window", help: "Window.", unit: "s", range: (10.0, 86_400.0), default: 600.0 },
    ],
    new: |knobs| {
        Box::new(NxDomain {
            domains_min: knobs.get("domains_min") as usize,
            window: knobs.get("window"),
            clients: Bounded::new(CLIENTS_MAX),
        })
    },
};

/// Clients remembered.
const CLIENTS_MAX: usize = 16_384;
/// Domains remembered per client.
const DOMAINS_MAX: usize = 256;
/// `NXDOMAIN`, RFC 1035 §4.1.1.
const NXDOMAIN: u64 = 3;

#[derive(Debug)]
struct NxDomain {
    domains_min: usize,
    window: f64,
    clients: Bounded<IpAddr, Client>,
}

#[derive(Debug, Default)]
struct Client {
    /// Domains inside the window: time, name, packet.
    recent: VecDeque<(Time, String, PacketId)>,
    answers: u64,
    missing: u64,
    /// The fullest window so far.
    best: Option<Best>,
}

#[derive(Debug)]
struct Best {
    count: usize,
    first: Time,
    last: Time,
    examples: Vec<String>,
    packets: Vec<PacketId>,
}

impl Detector for NxDomain {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Transaction(fact) = &event.kind else { return };
        if fact.protocol == "dns" && fact.only != Some(Direction::ToServer) {
            self.answer(fact);
        }
    }

    fn finish(&mut self, _home: &Home, findings: &mut Findings) {
        for (client, seen) in self.clients.sorted() {
            if let Some(best) = &seen.best
                && best.count >= self.domains_min
            {
                findings.push(self.finding(*client, seen, best));
            }
        }
    }

    fn evicted(&self) -> u64 {
        self.clients.evicted()
    }
}

impl NxDomain {
    fn answer(&mut self, fact: &TransactionFact) {
        let client = self.clients.touch(&fact.who.client, Client::default);
        client.answers += 1;
        if fact.number("dns.rcode") != Some(NXDOMAIN) {
            return;
        }
        client.missing += 1;
        let name = fact.text("dns.queries.rrname").to_ascii_lowercase();
        let Some(domain) = domain::registered(&name) else { return };
        let too_old = |time: &Time| fact.time.secs_since(*time) > self.window;
        while client.recent.front().is_some_and(|(time, _, _)| too_old(time))
            || client.recent.len() >= DOMAINS_MAX
        {
            client.recent.pop_front();
        }
        if client.recent.iter().any(|(_, known, _)| known == domain) {
            return;
        }
        client.recent.push_back((fact.time, domain.to_owned(), fact.who.first_packet));
        let count = client.recent.len();
        if count >= self.domains_min && client.best.as_ref().is_none_or(|best| count > best.count) {
            client.best = Some(Best {
                count,
                first: client.recent[0].0,
                last: fact.time,
                examples: client.recent.iter().take(4).map(|(_, name, _)| name.clone()).collect(),
                packets: client.recent.iter().take(Evidence::PACKETS).map(|(_, _, packet)| *packet).collect(),
            });
        }
    }

    fn finding(&self, client: IpAddr, seen: &Client, best: &Best) -> Finding {
        let share = seen.missing as f64 / seen.answers.max(1) as f64;
        let excess = best.count as f64 / self.domains_min as f64;
        let term = |name, value, threshold, weight, meaning: &str| Term {
            name,
            value,
            threshold,
            weight,
            meaning: meaning.into(),
        };
        let terms = vec![
            term(
                "different domains that do not exist, in the window",
                best.count as f64,
                self.domains_min as f64,
                excess,
                "a person mistypes one name, an algorithm tries dozens",
            ),
            term(
                "share of answers that say so",
                share,
                0.3,
                share * 2.0,
                "who knows where to go is rarely told that it does not exist",
            ),
        ];
        Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{client} asked for {} domains that do not exist within {:.0} s, such as {}",
                best.count,
                best.last.secs_since(best.first).max(1.0),
                best.examples[0]
            ),
            severity: if share >= 0.3 { Severity::Medium } else { Severity::Low },
            confidence: Confidence(if share >= 0.5 { 800 } else { 600 }),
            techniques: vec!["T1568.002"],
            attackers: Vec::new(),
            victims: vec![client],
            server: None,
            subjects: vec![Subject::Host(client)],
            first: best.first,
            last: best.last,
            count: seen.missing,
            terms,
            evidence: vec![Evidence {
                flow: None,
                packets: best.packets.clone(),
                field: "dns.rcode",
                excerpt: best.examples.join(", "),
            }],
            against: vec![
                "Mail servers, crawlers and search suffixes ask for names that do not exist, too.".into(),
            ],
        }
    }
}
