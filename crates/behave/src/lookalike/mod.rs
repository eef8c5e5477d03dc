//! Look-alike names: domains that pass themselves off as one of a protected list.

mod likeness;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use likeness::{Likeness, Protected};
use model::{
    Confidence, Event, EventKind, Evidence, Finding, PacketId, Severity, Subject, Term, Time, TransactionFact,
};

use crate::domain;
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "lookalike",
    sees: "Names that look like one of a protected list: letters of other scripts, a typing error, the name joined with a lure \
           (`-login`), or the whole name in front of a stranger's domain.",
    matters: "Phishing and malware hide behind the names of banks, ministries and news outlets (T1566.002, T1583.001, T1036).",
    fooled_by: "Names that imitate something that is not on the list. Resellers, fans and content networks carry others' names honestly.",
    cost: "One entry per look-alike name; a new name costs a look-up per letter and one pass over its letters.",
    references: &[
        "ATT&CK T1566.002",
        "ATT&CK T1583.001",
        "Unicode TR 39 §4",
        "Kintis et al., Hiding in Plain Sight (combosquatting), CCS 2017",
    ],
    hears: Hears {
        exchanges: &["dns", "tls", "quic", "http", "http2"],
        fields: &["dns.queries.rrname", "dns.answers.address", "tls.sni", "quic.sni", "http.host"],
        ..Hears::NOTHING
    },
    knobs: &[Knob {
        name: "label_min",
        help: "Letters that a protected label has at least; shorter ones resemble too much.",
        unit: "letters",
        range: (3.0, 63.0),
        default: 5.0,
    }],
    new: |knobs| {
        Box::new(Lookalike {
            label_min: knobs.get("label_min") as usize,
            protected: Protected::default(),
            judged: Bounded::new(NAMES_MAX),
            seen: Bounded::new(SEEN_MAX),
        })
    },
};

/// Names that were judged and need not be again.
const NAMES_MAX: usize = 65_536;
/// Look-alikes remembered.
const SEEN_MAX: usize = 4_096;
/// Clients remembered per look-alike.
const CLIENTS_MAX: usize = 32;

#[derive(Debug)]
struct Lookalike {
    label_min: usize,
    protected: Protected,
    /// Hash of each name, and whether it is a look-alike.
    judged: Bounded<u64, bool>,
    seen: Bounded<String, Seen>,
}

#[derive(Debug)]
struct Seen {
    likeness: Likeness,
    clients: Vec<IpAddr>,
    address: Option<IpAddr>,
    /// Somebody talked to it, not only asked for it.
    visited: bool,
    count: u64,
    first: Time,
    last: Time,
    packets: Vec<PacketId>,
    field: &'static str,
}

impl Detector for Lookalike {
    fn list(&mut self, name: &str, items: &[String]) {
        if name == "lookalike.protected" {
            self.protected = Protected::new(items, self.label_min);
        }
    }

    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Transaction(fact) = &event.kind else { return };
        let (field, visited) = match fact.protocol {
            "dns" => ("dns.queries.rrname", false),
            "tls" => ("tls.sni", true),
            "quic" => ("quic.sni", true),
            "http" | "http2" => ("http.host", true),
            _ => return,
        };
        if !self.protected.is_empty() {
            self.name(fact, field, visited);
        }
    }

    fn finish(&mut self, _home: &Home, findings: &mut Findings) {
        for (name, seen) in self.seen.sorted() {
            findings.push(finding(name, seen));
        }
    }

    fn evicted(&self) -> u64 {
        self.seen.evicted()
    }
}

impl Lookalike {
    fn name(&mut self, fact: &TransactionFact, field: &'static str, visited: bool) {
        let text = fact.text(field);
        if text.is_empty() {
            return;
        }
        let name = text.split(':').next().unwrap_or_default().trim_end_matches('.');
        let hash = hash(name);
        let known = self.judged.get(&hash).copied();
        if known == Some(false) {
            return;
        }
        let name = name.to_ascii_lowercase();
        if known.is_none() {
            let likeness =
                domain::split(&name).and_then(|(below, domain)| self.protected.resembles(below, domain));
            self.judged.touch(&hash, || likeness.is_some());
            let Some(likeness) = likeness else { return };
            self.seen.touch(&name, || Seen {
                likeness,
                clients: Vec::new(),
                address: None,
                visited: false,
                count: 0,
                first: fact.time,
                last: fact.time,
                packets: Vec::new(),
                field,
            });
        }
        // A name that was forgotten for want of room stays forgotten: it was counted.
        let Some(seen) = self.seen.use_known(&name) else { return };
        seen.count += 1;
        seen.last = seen.last.max(fact.time);
        seen.visited |= visited;
        if visited {
            seen.address = Some(fact.who.server);
        } else if let Some(address) = fact.texts("dns.answers.address").find_map(|text| text.parse().ok()) {
            seen.address.get_or_insert(address);
        }
        if seen.clients.len() < CLIENTS_MAX && !seen.clients.contains(&fact.who.client) {
            seen.clients.push(fact.who.client);
        }
        if seen.packets.len() < Evidence::PACKETS && seen.packets.last() != Some(&fact.who.first_packet) {
            seen.packets.push(fact.who.first_packet);
        }
    }
}

fn finding(name: &str, seen: &Seen) -> Finding {
    let Likeness { way, of, weight } = &seen.likeness;
    let visit = if seen.visited { 0.8 } else { 0.0 };
    let score = weight + visit;
    let term =
        |name, value, threshold, weight, meaning: String| Term { name, value, threshold, weight, meaning };
    Finding {
        id: 0,
        detector: DESCRIPTION.name,
        title: format!(
            "{} {name}, which passes itself off as {of}: {}",
            match (seen.clients.first(), seen.visited) {
                (Some(client), true) => format!("{client} visited"),
                (Some(client), false) => format!("{client} asked for"),
                (None, _) => "somebody asked for".to_owned(),
            },
            way.word()
        ),
        severity: if *weight >= 1.5 {
            Severity::High
        } else if *weight >= 0.8 {
            Severity::Medium
        } else {
            Severity::Low
        },
        confidence: Confidence((crate::statistic::probability(score) * 1000.0) as u16),
        techniques: vec!["T1566.002", "T1583.001"],
        attackers: Vec::new(),
        victims: seen.clients.iter().take(4).copied().collect(),
        server: seen.address.map(|address| (address, name.to_owned())),
        subjects: vec![Subject::Name(name.to_owned())],
        first: seen.first,
        last: seen.last,
        count: seen.count,
        terms: vec![
            term("likeness", *weight, 0.8, *weight, format!("{} of {of}", way.word())),
            term(
                "visited",
                f64::from(seen.visited),
                1.0,
                visit,
                "a name that is only asked for may be a mail or a scanner's work".to_owned(),
            ),
        ],
        evidence: vec![Evidence {
            flow: None,
            packets: seen.packets.clone(),
            field: seen.field,
            excerpt: name.chars().take(120).collect(),
        }],
        against: vec![
            "The owner of the protected name may have registered it, too: the registration tells.".into(),
        ],
    }
}

/// FNV-1a, 64 bits: names are recognised, never printed from it.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    })
}
