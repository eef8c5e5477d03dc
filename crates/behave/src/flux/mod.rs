//! Fast flux: a name that leads to ever other addresses all over the Internet.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::{
    Confidence, Direction, Event, EventKind, Evidence, Finding, PacketId, Severity, Subject, Term, Time,
    TransactionFact,
};

use crate::domain;
use crate::statistic::probability;
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "flux",
    sees: "A name whose answers change again and again, to addresses of many unrelated networks.",
    matters: "Hacked machines stand in front of the real server and take turns, so that blocking one helps nobody (T1568.001).",
    fooled_by: "Few look-ups: the change shows over hours. Time servers and content networks rotate, too; their addresses lie in few \
                networks or serve one purpose, and many hosts ask for them.",
    cost: "One entry per name with at most 256 addresses; constant time per answer.",
    references: &[
        "ATT&CK T1568.001",
        "Holz et al., Measuring and Detecting Fast-Flux Service Networks, NDSS 2008",
    ],
    hears: Hears {
        exchanges: &["dns"],
        fields: &["dns.queries.rrname", "dns.answers.address"],
        ..Hears::NOTHING
    },
    knobs: &[
        Knob {
            name: "networks_min",
            help: "Different networks (/16, /32 in IPv6) that the answers lie in.",
            unit: "count",
            range: (3.0, 256.0),
            default: 8.0,
        },
        Knob {
            name: "score_min",
            help: "Log-odds from which a name is a finding.",
            unit: "log-odds",
            range: (-5.0, 20.0),
            default: 0.0,
        },
    ],
    new: |knobs| {
        Box::new(Flux {
            networks_min: knobs.get("networks_min") as usize,
            score_min: knobs.get("score_min"),
            names: Bounded::new(NAMES_MAX),
        })
    },
};

/// Names remembered.
const NAMES_MAX: usize = 16_384;
/// Addresses remembered per name.
const ADDRESSES_MAX: usize = 256;
/// Clients remembered per name.
const CLIENTS_MAX: usize = 32;
/// Sum of evidence that is taken for granted before anything speaks.
const OFFSET: f64 = 3.0;

#[derive(Debug)]
struct Flux {
    networks_min: usize,
    score_min: f64,
    names: Bounded<String, Name>,
}

#[derive(Debug, Default)]
struct Name {
    addresses: BTreeSet<IpAddr>,
    answers: u64,
    /// Answers that brought an address that was not known before.
    fresh: u64,
    clients: Vec<IpAddr>,
    first: Time,
    last: Time,
    packets: Vec<PacketId>,
}

impl Detector for Flux {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Transaction(fact) = &event.kind else { return };
        if fact.protocol == "dns"
            && fact.only != Some(Direction::ToServer)
            && fact.get("dns.answers.address").is_some()
        {
            self.answer(fact);
        }
    }

    fn finish(&mut self, _home: &Home, findings: &mut Findings) {
        for (name, seen) in self.names.sorted() {
            self.judge(name, seen, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.names.evicted()
    }
}

impl Flux {
    fn answer(&mut self, fact: &TransactionFact) {
        let name = fact.text("dns.queries.rrname").to_ascii_lowercase();
        if domain::registered(&name).is_none() {
            return;
        }
        let seen = self.names.touch(&name, || Name { first: fact.time, ..Name::default() });
        seen.answers += 1;
        seen.last = seen.last.max(fact.time);
        let before = seen.addresses.len();
        let addresses = fact.texts("dns.answers.address").filter_map(|text| text.parse::<IpAddr>().ok());
        let room = ADDRESSES_MAX.saturating_sub(before);
        seen.addresses.extend(addresses.take(room));
        if seen.addresses.len() > before {
            seen.fresh += 1;
            if seen.packets.len() < Evidence::PACKETS {
                seen.packets.push(fact.who.first_packet);
            }
        }
        if seen.clients.len() < CLIENTS_MAX && !seen.clients.contains(&fact.who.client) {
            seen.clients.push(fact.who.client);
        }
    }

    fn judge(&self, name: &str, seen: &Name, findings: &mut Findings) {
        let networks: BTreeSet<[u8; 4]> = seen.addresses.iter().map(network).collect();
        if networks.len() < self.networks_min || seen.fresh < 3 {
            return;
        }
        let scattered = networks.len() as f64 / seen.addresses.len() as f64;
        let fresh = seen.fresh as f64 / seen.answers as f64;
        let clients = seen.clients.len();
        let pool =
            ["ntp", "pool", "time"].iter().any(|word| name.split(['.', '-']).any(|part| part == *word));
        let term = |name, value, threshold, weight, meaning: &str| Term {
            name,
            value,
            threshold,
            weight,
            meaning: meaning.into(),
        };
        let terms = vec![
            term(
                "networks of the answers",
                networks.len() as f64,
                self.networks_min as f64,
                libm::log2(networks.len() as f64 / self.networks_min as f64).min(2.0) + 1.0,
                "a company's servers lie in few networks, hacked machines everywhere",
            ),
            term(
                "networks by addresses",
                scattered,
                0.6,
                (scattered - 0.6) * 4.0,
                "a content network has many addresses in each network",
            ),
            term(
                "share of answers with new addresses",
                fresh,
                0.3,
                (fresh - 0.2) * 3.0,
                "a rotation repeats, flux does not",
            ),
            term(
                "hosts that ask for it",
                clients as f64,
                3.0,
                if clients >= 3 { -2.0 } else { 0.0 },
                "what many hosts ask for is more often a service",
            ),
            term(
                "a pool by its name",
                f64::from(pool),
                1.0,
                if pool { -5.0 } else { 0.0 },
                "time servers of volunteers take turns by design",
            ),
        ];
        let score = terms.iter().map(|term| term.weight).sum::<f64>() - OFFSET;
        if score < self.score_min {
            return;
        }
        let confidence = Confidence((probability(score) * 1000.0) as u16);
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{name} led to {} addresses in {} networks, ever new ones",
                seen.addresses.len(),
                networks.len()
            ),
            severity: if confidence.0 >= 800 { Severity::Medium } else { Severity::Low },
            confidence,
            techniques: vec!["T1568.001"],
            attackers: Vec::new(),
            victims: seen.clients.iter().take(4).copied().collect(),
            server: seen.addresses.first().map(|address| (*address, name.to_owned())),
            subjects: vec![Subject::Name(name.to_owned())],
            first: seen.first,
            last: seen.last,
            count: seen.answers,
            terms,
            evidence: vec![Evidence {
                flow: None,
                packets: seen.packets.clone(),
                field: "dns.answers.address",
                excerpt: seen
                    .addresses
                    .iter()
                    .take(6)
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", "),
            }],
            against: vec!["Volunteers' pools and peer-to-peer programs change their addresses, too.".into()],
        });
    }
}

/// The network that an address lies in: its first 16 bits, of IPv6 32.
fn network(address: &IpAddr) -> [u8; 4] {
    match address {
        IpAddr::V4(address) => [address.octets()[0], address.octets()[1], 0, 0],
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.octets();
            [a, b, c, d]
        }
    }
}
