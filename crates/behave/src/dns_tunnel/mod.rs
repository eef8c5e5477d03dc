//! DNS tunnels: names that carry data. Measured as capacity: how many bytes the labels below one domain carried.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::{
    Confidence, Direction, Event, EventKind, Evidence, Finding, PacketId, Severity, Subject, Term, Time,
    TransactionFact,
};

use crate::statistic::probability;
use crate::{Bounded, Description, Detector, Findings, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "dns_tunnel",
    sees: "Many different, long, random-looking names below one domain, asked by one host.",
    matters: "DNS gets out of almost every network, so implants carry commands and stolen data in names (T1071.004, T1048.003).",
    fooled_by: "Tunnels below the capacity of ordinary look-ups; encrypted DNS. Content networks and reputation services that put \
                hashes into names look alike.",
    cost: "One entry per (client, domain) with at most 4,096 names; constant time per question.",
    references: &["ATT&CK T1071.004", "ATT&CK T1572", "Born and Gustafson, Detecting DNS Tunnels, 2010"],
    knobs: &[
        Knob {
            name: "names_min",
            help: "Different names below one domain.",
            unit: "count",
            range: (3.0, 4_096.0),
            default: 12.0,
        },
        Knob {
            name: "carried_min",
            help: "Bytes that the names carried.",
            unit: "bytes",
            range: (50.0, 1e9),
            default: 300.0,
        },
        Knob {
            name: "score_min",
            help: "Log-odds from which it is a finding.",
            unit: "log-odds",
            range: (-5.0, 20.0),
            default: 1.0,
        },
    ],
    new: |knobs| {
        Box::new(DnsTunnel {
            names_min: knobs.get("names_min") as usize,
            carried_min: knobs.get("carried_min"),
            score_min: knobs.get("score_min"),
            domains: Bounded::new(DOMAINS_MAX),
        })
    },
};

/// (client, domain) pairs remembered.
const DOMAINS_MAX: usize = 65_536;
/// Names remembered per pair.
const NAMES_MAX: usize = 4_096;

#[derive(Debug)]
struct DnsTunnel {
    names_min: usize,
    carried_min: f64,
    score_min: f64,
    domains: Bounded<(IpAddr, String), Domain>,
}

#[derive(Debug, Default)]
struct Domain {
    names: BTreeSet<u64>,
    questions: u64,
    /// Bytes and bits of entropy in labels below the domain, over different names.
    carried: u64,
    entropy_sum: f64,
    digits: u64,
    resolver: Option<IpAddr>,
    first: Time,
    last: Time,
    packets: Vec<PacketId>,
    example: String,
}

impl Detector for DnsTunnel {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Transaction(fact) = &event.kind else { return };
        if fact.protocol == "dns" && fact.only == Some(Direction::ToServer) {
            self.question(fact);
        }
    }

    fn finish(&mut self, _home: &Home, findings: &mut Findings) {
        for ((client, name), domain) in self.domains.sorted() {
            self.judge(*client, name, domain, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.domains.evicted()
    }
}

impl DnsTunnel {
    fn question(&mut self, fact: &TransactionFact) {
        let query = fact.text("dns.queries.rrname").to_ascii_lowercase();
        let Some((below, domain)) = split(&query) else { return };
        let entry = self.domains.touch(&(fact.who.client, domain.to_owned()), Domain::default);
        if entry.questions == 0 {
            entry.first = fact.time;
        }
        entry.questions += 1;
        entry.last = entry.last.max(fact.time);
        entry.resolver = Some(fact.who.server);
        let fresh = entry.names.len() < NAMES_MAX && entry.names.insert(hash(below));
        if !fresh {
            return;
        }
        entry.carried += below.bytes().filter(|byte| *byte != b'.').count() as u64;
        entry.entropy_sum += entropy(below);
        entry.digits += below.bytes().filter(u8::is_ascii_digit).count() as u64;
        if entry.packets.len() < Evidence::PACKETS {
            entry.packets.push(fact.who.first_packet);
        }
        if below.len() > entry.example.len() {
            entry.example = query.clone();
        }
    }

    fn judge(&self, client: IpAddr, name: &str, domain: &Domain, findings: &mut Findings) {
        let names = domain.names.len();
        if names < self.names_min || (domain.carried as f64) < self.carried_min {
            return;
        }
        let length = domain.carried as f64 / names as f64;
        let entropy = domain.entropy_sum / names as f64;
        let fresh = names as f64 / domain.questions.max(1) as f64;
        let days = (domain.last.secs_since(domain.first) / 86_400.0).max(1.0 / 1_440.0);
        let terms = vec![
            term(
                "bytes per name below the domain",
                length,
                20.0,
                ((length - 16.0) / 6.0).clamp(-3.0, 4.0),
                "people's names are short; carried data fills its labels",
            ),
            term(
                "entropy of the names, bits per letter",
                entropy,
                3.3,
                ((entropy - 3.1) * 3.0).clamp(-3.0, 2.0),
                "words repeat letters, packed data does not",
            ),
            term(
                "share of questions with a new name",
                fresh,
                0.5,
                (fresh - 0.4) * 2.0,
                "ordinary names are asked again, carried data never",
            ),
            term(
                "different names",
                names as f64,
                self.names_min as f64,
                libm::log(names as f64 / self.names_min as f64).min(3.0),
                "each name is one message",
            ),
            term(
                "capacity, bits a day",
                domain.carried as f64 * 8.0 / days,
                8_000.0,
                0.0,
                "what the names could carry at this rate",
            ),
        ];
        let score = terms.iter().map(|term| term.weight).sum::<f64>() - 2.0;
        if score < self.score_min {
            return;
        }
        let server = domain.resolver.map(|address| (address, name.to_owned()));
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{client} sends data in names below {name}: {names} names carried {} bytes",
                domain.carried
            ),
            severity: Severity::High,
            confidence: Confidence((probability(score) * 1000.0) as u16),
            techniques: vec!["T1071.004", "T1572", "T1048.003"],
            attackers: Vec::new(),
            victims: vec![client],
            server,
            subjects: vec![Subject::Host(client), Subject::Name(name.to_owned())],
            first: domain.first,
            last: domain.last,
            count: domain.questions,
            terms,
            evidence: vec![Evidence {
                flow: None,
                packets: domain.packets.clone(),
                field: "dns.queries.rrname",
                excerpt: domain.example.chars().take(120).collect(),
            }],
            against: vec![
                "Reputation services and content networks put hashes into names; the domain's owner tells."
                    .into(),
            ],
        });
    }
}

/// The labels below the registered domain, and the domain. Reverse look-ups and local names carry nothing of interest.
fn split(name: &str) -> Option<(&str, &str)> {
    let name = name.trim_end_matches('.');
    if name.ends_with(".arpa") || name.ends_with(".local") {
        return None;
    }
    let dots: Vec<usize> = name.match_indices('.').map(|(at, _)| at).collect();
    // Country domains with a short second level (`co.uk`) are registered one label deeper.
    let last_two = dots.len().checked_sub(2)?;
    let second = &name[dots[last_two] + 1..*dots.last()?];
    let country = name.len() - dots.last()? == 3;
    let cut = if second.len() <= 3 && country { dots.len().checked_sub(3)? } else { last_two };
    let at = dots[cut];
    Some((&name[..at], &name[at + 1..]))
}

fn entropy(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    let mut total = 0u32;
    for byte in text.bytes().filter(|byte| *byte != b'.') {
        counts[usize::from(byte)] += 1;
        total += 1;
    }
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / f64::from(total.max(1)))
        .map(|share| -share * libm::log2(share))
        .sum()
}

/// FNV-1a, 64 bits: names are compared, never printed from it.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn term(name: &'static str, value: f64, threshold: f64, weight: f64, meaning: &str) -> Term {
    Term { name, value, threshold, weight, meaning: meaning.into() }
}
