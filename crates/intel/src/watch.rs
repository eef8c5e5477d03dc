//! Matching while events pass by: who talked to what is known to be bad.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use model::{
    Confidence, Event, EventKind, Evidence, Fact, FileFact, Finding, FlowFact, LossMark, PacketId, Severity,
    Subject, Term, Time, TransactionFact,
};

use crate::indicator::{Indicators, Kind, Sighting};

/// Different matters (indicator, client, server) that are kept; later ones are counted.
const MATTERS_MAX: usize = 20_000;

/// Fields of exchanges that are read.
pub const FIELDS: &[&str] = &[
    "dns.queries.rrname",
    "http.host",
    "http.uri",
    "ja3.hash",
    "ja3s.hash",
    "ja4.hash",
    "quic.sni",
    "tls.cert_fingerprint",
    "tls.sni",
];

/// Indicators at work.
#[derive(Debug)]
pub struct Watch {
    indicators: Arc<Indicators>,
    matters: BTreeMap<(u32, IpAddr, IpAddr), Matter>,
    left_out: u64,
}

#[derive(Debug)]
struct Matter {
    field: &'static str,
    seen: String,
    /// The indicator names who opened the conversation.
    opened: bool,
    count: u64,
    first: Time,
    last: Time,
    packets: Vec<PacketId>,
}

impl Watch {
    /// Watches for these indicators.
    pub fn new(indicators: Arc<Indicators>) -> Self {
        Self { indicators, matters: BTreeMap::new(), left_out: 0 }
    }

    /// Takes one event, in the order of its moment.
    pub fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Flow(flow) => self.flow(flow),
            EventKind::Transaction(fact) => self.transaction(fact),
            EventKind::File(file) => self.file(file),
            EventKind::Alert(_) | EventKind::Oddity(_) => {}
        }
    }

    fn flow(&mut self, flow: &FlowFact) {
        let indicators = Arc::clone(&self.indicators);
        let who = &flow.who;
        for (address, opened) in [(who.server, false), (who.client, true)] {
            if let Some(sighting) = indicators.address(address, flow.last) {
                self.note(sighting, who, (who.began, flow.last), "ip", &address.to_string(), opened);
            }
        }
    }

    fn transaction(&mut self, fact: &TransactionFact) {
        let indicators = Arc::clone(&self.indicators);
        let times = (fact.time, fact.time);
        let (name, print): (&'static str, &[&'static str]) = match fact.protocol {
            "dns" => ("dns.queries.rrname", &[]),
            "tls" => ("tls.sni", &["ja3.hash", "ja3s.hash", "ja4.hash"]),
            "quic" => ("quic.sni", &["ja3.hash", "ja4.hash"]),
            "http" | "http2" => ("http.host", &[]),
            _ => return,
        };
        for value in fact.texts(name).take(4) {
            let host = value.split(':').next().unwrap_or(value);
            if let Some(sighting) = indicators.name(host, fact.time) {
                self.note(sighting, &fact.who, times, name, value, false);
            }
        }
        for field in print {
            if let Some(sighting) = indicators.value(Kind::Fingerprint, fact.text(field), fact.time) {
                self.note(sighting, &fact.who, times, field, fact.text(field), false);
            }
        }
        let certificate = fact.text("tls.cert_fingerprint");
        if !certificate.is_empty() {
            let plain: String = certificate.chars().filter(|letter| *letter != ':').collect();
            if let Some(sighting) = indicators.value(Kind::Hash, &plain.to_ascii_lowercase(), fact.time) {
                self.note(sighting, &fact.who, times, "tls.cert_fingerprint", certificate, false);
            }
        }
        if name == "http.host" && !fact.text("http.uri").is_empty() {
            let host = fact.text("http.host").to_ascii_lowercase();
            let url = format!("{}{}", host.strip_suffix(":80").unwrap_or(&host), fact.text("http.uri"));
            if let Some(sighting) = indicators.value(Kind::Url, &url, fact.time) {
                self.note(sighting, &fact.who, times, "http.uri", &url, false);
            }
        }
    }

    fn file(&mut self, file: &FileFact) {
        let indicators = Arc::clone(&self.indicators);
        if let Some(sighting) = indicators.value(Kind::Hash, &file.sha256, file.who.began) {
            let times = (file.who.began, file.who.began);
            self.note(sighting, &file.who, times, "file.sha256", &file.sha256, false);
        }
    }

    fn note(
        &mut self,
        sighting: Sighting<'_>,
        who: &Fact,
        times: (Time, Time),
        field: &'static str,
        seen: &str,
        opened: bool,
    ) {
        let key = (sighting.number, who.client, who.server);
        if self.matters.len() >= MATTERS_MAX && !self.matters.contains_key(&key) {
            self.left_out += 1;
            return;
        }
        let matter = self.matters.entry(key).or_insert_with(|| Matter {
            field,
            seen: seen.chars().take(200).collect(),
            opened,
            count: 0,
            first: times.0,
            last: times.1,
            packets: Vec::new(),
        });
        matter.count += 1;
        matter.first = matter.first.min(times.0);
        matter.last = matter.last.max(times.1);
        if matter.packets.len() < Evidence::PACKETS && matter.packets.last() != Some(&who.first_packet) {
            matter.packets.push(who.first_packet);
        }
    }

    /// One finding per matter, in order of indicator, client and server; and what found no room.
    pub fn finish(self) -> (Vec<Finding>, Vec<LossMark>) {
        let indicators = Arc::clone(&self.indicators);
        let findings = self
            .matters
            .into_iter()
            .map(|((number, client, server), matter)| finding(&indicators, number, client, server, matter))
            .collect();
        let losses = (self.left_out > 0).then(|| LossMark {
            after: PacketId(0),
            reason: format!("{} sightings of indicators found no room", self.left_out),
        });
        (findings, losses.into_iter().collect())
    }
}

fn finding(indicators: &Indicators, number: u32, client: IpAddr, server: IpAddr, matter: Matter) -> Finding {
    let indicator = &indicators.list()[number as usize];
    let sure = u16::from(indicator.confidence) * 10;
    let note = if indicator.note.is_empty() { String::new() } else { format!(", {}", indicator.note) };
    let (attacker, victim) = if matter.opened { (client, server) } else { (server, client) };
    let resolver = matter.field == "dns.queries.rrname";
    let named = matches!(indicator.kind, Kind::Domain | Kind::Url);
    let name = if named {
        matter.seen.split(['/', ':']).next().unwrap_or_default().to_ascii_lowercase()
    } else {
        String::new()
    };
    let does = match (matter.field, matter.opened) {
        ("dns.queries.rrname", _) => "asked for",
        ("file.sha256", _) => "carried",
        (_, true) => "was called by",
        _ => "talked to",
    };
    Finding {
        id: 0,
        detector: "intel",
        title: format!("{victim} {does} {}, known bad by {}{note}", indicator.value, indicator.source),
        severity: match indicator.confidence {
            75.. => Severity::High,
            50.. => Severity::Medium,
            _ => Severity::Low,
        },
        confidence: Confidence(sure.clamp(50, 970)),
        techniques: vec![match (indicator.kind, matter.field, matter.opened) {
            (_, "file.sha256", _) => "T1105",
            (_, _, true) => "T1595",
            (_, "dns.queries.rrname", _) => "T1071.004",
            (Kind::Address | Kind::Network, _, _) => "T1071",
            _ => "T1071.001",
        }],
        attackers: if resolver { Vec::new() } else { vec![attacker] },
        victims: vec![victim],
        // Who answers a question about a bad name is no suspect.
        server: (!resolver).then_some((attacker, name)),
        subjects: match (indicator.kind, matter.field) {
            (_, "file.sha256") => vec![Subject::File(matter.seen.clone())],
            (Kind::Domain | Kind::Url, _) => {
                vec![Subject::Host(victim), Subject::Name(indicator.value.clone())]
            }
            _ => vec![Subject::Host(victim)],
        },
        first: matter.first,
        last: matter.last,
        count: matter.count,
        terms: vec![Term {
            name: "confidence of the source, in 100",
            value: f64::from(indicator.confidence),
            threshold: 50.0,
            weight: f64::from(indicator.confidence) / 100.0,
            meaning: format!("{} {} by {}", indicator.kind.word(), indicator.value, indicator.source),
        }],
        evidence: vec![Evidence {
            flow: None,
            packets: matter.packets,
            field: matter.field,
            excerpt: matter.seen,
        }],
        against: vec![
            "Addresses and names change hands; the indicator may be older than their present owner.".into(),
        ],
    }
}
