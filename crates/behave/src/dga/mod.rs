//! Generated names: domains that an algorithm made up, told by their letters.

pub(crate) mod model;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;

use ::model::{
    Confidence, Direction, Event, EventKind, Evidence, Finding, PacketId, Severity, Subject, Term, Time,
    TransactionFact,
};
use model::shipped;

use crate::domain;
use crate::statistic::probability;
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "dga",
    sees: "A host that asks for several domains whose letters look made by an algorithm, most of which do not exist.",
    matters: "Malware finds its control server under names that it computes anew each day, so that no list can block them (T1568.002).",
    fooled_by: "Algorithms that join dictionary words, or that ask for one name only. Advertising and content networks use names that \
                look alike, but those exist and are few.",
    cost: "One entry per client with at most 256 names; twelve features per new name.",
    references: &[
        "ATT&CK T1568.002",
        "Plohmann et al., A Comprehensive Measurement Study of Domain Generating Malware, 2016",
    ],
    hears: Hears {
        exchanges: &["dns"],
        fields: &["dns.queries.rrname", "dns.rcode", "dns.answers.address"],
        ..Hears::NOTHING
    },
    knobs: &[
        Knob {
            name: "name_score_min",
            help: "Log-odds from which a name counts as generated.",
            unit: "log-odds",
            range: (-5.0, 20.0),
            default: 2.0,
        },
        Knob {
            name: "names_min",
            help: "Generated names that make a finding.",
            unit: "count",
            range: (1.0, 256.0),
            default: 4.0,
        },
        Knob {
            name: "score_min",
            help: "Log-odds from which a host is a finding.",
            unit: "log-odds",
            range: (-5.0, 20.0),
            default: 0.5,
        },
    ],
    new: |knobs| {
        Box::new(Dga {
            name_score_min: knobs.get("name_score_min"),
            names_min: knobs.get("names_min") as usize,
            score_min: knobs.get("score_min"),
            clients: Bounded::new(CLIENTS_MAX),
        })
    },
};

/// Clients remembered.
const CLIENTS_MAX: usize = 16_384;
/// Names remembered per client.
const NAMES_MAX: usize = 256;
/// `NXDOMAIN`, RFC 1035 §4.1.1.
const NXDOMAIN: u64 = 3;
/// Sum of evidence that is taken for granted before anything speaks.
const OFFSET: f64 = 3.0;

#[derive(Debug)]
struct Dga {
    name_score_min: f64,
    names_min: usize,
    score_min: f64,
    clients: Bounded<IpAddr, Client>,
}

#[derive(Debug, Default)]
struct Client {
    names: BTreeMap<String, Asked>,
    /// Different domains that were asked for, generated or not; counted up to [`NAMES_MAX`].
    ordinary: std::collections::BTreeSet<u64>,
}

#[derive(Debug)]
struct Asked {
    score: f64,
    missing: bool,
    address: Option<IpAddr>,
    first: Time,
    last: Time,
    packet: PacketId,
    count: u64,
}

impl Detector for Dga {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Transaction(fact) = &event.kind else { return };
        if fact.protocol == "dns" && fact.only != Some(Direction::ToServer) {
            self.answer(fact);
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for (client, seen) in self.clients.sorted() {
            self.judge(*client, seen, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.clients.evicted()
    }
}

impl Dga {
    fn answer(&mut self, fact: &TransactionFact) {
        let name = fact.text("dns.queries.rrname").to_ascii_lowercase();
        let Some(domain) = domain::registered(&name) else { return };
        let client = self.clients.touch(&fact.who.client, Client::default);
        if let Some(asked) = client.names.get_mut(domain) {
            asked.take(fact);
            return;
        }
        if client.ordinary.len() >= NAMES_MAX || client.ordinary.contains(&hash(domain)) {
            return;
        }
        let label = domain::chosen(domain);
        // Punycode is written by an algorithm, too, but by people.
        let score = if label.starts_with("xn--") { f64::MIN } else { shipped().score(label).0 };
        if score < self.name_score_min {
            client.ordinary.insert(hash(domain));
        } else if client.names.len() < NAMES_MAX {
            let mut asked = Asked {
                score,
                missing: false,
                address: None,
                first: fact.time,
                last: fact.time,
                packet: fact.who.first_packet,
                count: 0,
            };
            asked.take(fact);
            client.names.insert(domain.to_owned(), asked);
        }
    }

    fn judge(&self, client: IpAddr, seen: &Client, home: &Home, findings: &mut Findings) {
        let count = seen.names.len();
        if count < self.names_min {
            return;
        }
        let missing = seen.names.values().filter(|asked| asked.missing).count();
        let absent = missing as f64 / count as f64;
        let share = count as f64 / (count + seen.ordinary.len()) as f64;
        let sure = seen.names.values().map(|asked| asked.score.min(8.0)).sum::<f64>() / count as f64;
        let terms = vec![
            term(
                "generated names",
                count as f64,
                self.names_min as f64,
                (libm::log2(count as f64 / self.names_min as f64) + 1.0).min(3.0),
                "one odd name is an accident, many are a habit",
            ),
            term(
                "mean log-odds of the letters",
                sure,
                self.name_score_min,
                (sure * 0.4).min(2.0),
                "by the model of letter pairs, lengths and letters",
            ),
            term(
                "share of them that do not exist",
                absent,
                0.5,
                (absent - 0.3) * 3.5,
                "an algorithm asks for many names of which few were registered",
            ),
            term(
                "share among all domains of the host",
                share,
                0.2,
                (share - 0.2).clamp(-0.2, 0.5) * 3.0,
                "a person's domains are mostly words",
            ),
        ];
        let score = terms.iter().map(|term| term.weight).sum::<f64>() - OFFSET;
        if score < self.score_min {
            return;
        }
        let confidence = Confidence((probability(score) * 1000.0) as u16);
        let mut named: Vec<(&String, &Asked)> = seen.names.iter().collect();
        named.sort_by(|a, b| b.1.score.total_cmp(&a.1.score).then(a.0.cmp(b.0)));
        // Of the made-up names that do exist, the one asked for most leads to who waits there.
        let found = named
            .iter()
            .filter_map(|(name, asked)| {
                Some((asked.count, asked.address.filter(|address| !home.has(*address))?, name))
            })
            .max_by(|a, b| (a.0, b.2).cmp(&(b.0, a.2)));
        let examples: Vec<&str> = named.iter().take(4).map(|(name, _)| name.as_str()).collect();
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{client} asks for {count} generated names, {missing} of which do not exist, such as {}",
                examples[0]
            ),
            severity: if confidence.0 >= 800 { Severity::High } else { Severity::Low },
            confidence,
            techniques: vec!["T1568.002", "T1071.004"],
            attackers: Vec::new(),
            victims: vec![client],
            server: found.map(|(_, address, name)| (address, (*name).clone())),
            subjects: vec![Subject::Host(client)],
            first: seen.names.values().map(|asked| asked.first).min().unwrap_or_default(),
            last: seen.names.values().map(|asked| asked.last).max().unwrap_or_default(),
            count: seen.names.values().map(|asked| asked.count).sum(),
            terms,
            evidence: vec![Evidence {
                flow: None,
                packets: packets(&seen.names),
                field: "dns.queries.rrname",
                excerpt: examples.join(", "),
            }],
            against: vec![
                "Advertising, telemetry and address checks of virus scanners use made-up names, too.".into(),
            ],
        });
    }
}

impl Asked {
    fn take(&mut self, fact: &TransactionFact) {
        self.count += 1;
        self.last = self.last.max(fact.time);
        self.missing |= fact.number("dns.rcode") == Some(NXDOMAIN);
        if let Some(address) = fact.texts("dns.answers.address").find_map(|text| text.parse().ok()) {
            self.address = Some(address);
        }
    }
}

fn packets(names: &BTreeMap<String, Asked>) -> Vec<PacketId> {
    let mut list: Vec<PacketId> = names.values().map(|asked| asked.packet).collect();
    list.sort_unstable();
    list.dedup();
    list.truncate(Evidence::PACKETS);
    list
}

/// FNV-1a, 64 bits: names are counted, never printed from it.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn term(name: &'static str, value: f64, threshold: f64, weight: f64, meaning: &str) -> Term {
    Term { name, value, threshold, weight, meaning: meaning.into() }
}
