//! DNS tunnels: names that carry data. Measured as capacity: how many bytes the labels below one domain carried.

mod name;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::{Direction, Event, EventKind, Finding, Severity, Subject, Time, TransactionFact};

use crate::encoding::{Writing, writing};
use crate::verdict::{Packets, Verdict};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "dns_tunnel",
    sees: "Many different, long, random-looking names below one domain, asked by one host; names with letters no host may have; \
           packed data in the answers.",
    matters: "DNS gets out of almost every network, so implants carry commands and stolen data in names (T1071.004, T1048.003).",
    fooled_by: "Tunnels below the capacity of ordinary look-ups; encrypted DNS. Content networks and reputation services that put \
                hashes into names look alike.",
    cost: "One entry per (client, domain) with at most 4,096 names; constant time per question.",
    references: &["ATT&CK T1071.004", "ATT&CK T1572", "Born and Gustafson, Detecting DNS Tunnels, 2010"],
    hears: Hears {
        flows: true,
        exchanges: &["dns"],
        fields: &["dns.queries.rrname", "dns.rrtype", "dns.answers.address", "dns.answers.text"],
        ..Hears::NOTHING
    },
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
            name: "answers_min",
            help: "Bytes that TXT and NULL answers below one domain carried.",
            unit: "bytes",
            range: (50.0, 1e9),
            default: 500.0,
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
            answers_min: knobs.get("answers_min"),
            score_min: knobs.get("score_min"),
            domains: Bounded::new(DOMAINS_MAX),
            led: Bounded::new(DOMAINS_MAX),
        })
    },
};

/// (client, domain) pairs remembered.
const DOMAINS_MAX: usize = 65_536;
/// Names remembered per pair.
const NAMES_MAX: usize = 4_096;
/// Record types that carry more than an address and that programs rarely ask for: CNAME, NULL, MX, TXT, KEY, ANY, private.
const RARE: [u64; 7] = [5, 10, 15, 16, 25, 255, 65_399];

#[derive(Debug)]
struct DnsTunnel {
    names_min: usize,
    carried_min: f64,
    answers_min: f64,
    score_min: f64,
    domains: Bounded<(IpAddr, String), Domain>,
    /// Which domain led a client to an address.
    led: Bounded<(IpAddr, IpAddr), String>,
}

#[derive(Debug, Default)]
struct Domain {
    names: BTreeSet<u64>,
    questions: u64,
    rare: u64,
    /// Bytes and bits of entropy in labels below the domain, over different names.
    carried: u64,
    entropy_sum: f64,
    /// Different names with letters that no host name may have.
    unlawful: u64,
    /// TXT and NULL answers: how many, their bytes, and how many are no readable text.
    answers: u64,
    answer_bytes: u64,
    answers_packed: u64,
    /// Address answers, and how many of those are loopback: lists answer so.
    addresses: u64,
    listed: u64,
    /// Connections to addresses that the names led to.
    contacted: u64,
    /// The names end in no domain at all.
    rootless: bool,
    resolver: Option<IpAddr>,
    first: Option<Time>,
    last: Time,
    packets: Packets,
    example: String,
}

impl Detector for DnsTunnel {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        match &event.kind {
            EventKind::Transaction(fact) if fact.protocol == "dns" => match fact.only {
                Some(Direction::ToClient) => self.answer(fact),
                _ => self.question(fact),
            },
            EventKind::Flow(flow) => {
                let Some(domain) = self.led.get(&(flow.who.client, flow.who.server)) else { return };
                let key = (flow.who.client, domain.clone());
                if let Some(domain) = self.domains.use_known(&key) {
                    domain.contacted += 1;
                }
            }
            _ => {}
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
        let query = fact.text("dns.queries.rrname");
        let Some(split) = name::split(query) else { return };
        let entry = self.domains.touch(&(fact.who.client, split.domain), Domain::default);
        entry.first = Some(entry.first.map_or(fact.time, |first| first.min(fact.time)));
        entry.questions += 1;
        entry.rootless |= split.rootless;
        entry.rare += u64::from(fact.number("dns.rrtype").is_some_and(|kind| RARE.contains(&kind)));
        entry.last = entry.last.max(fact.time);
        entry.resolver = Some(fact.who.server);
        let fresh = entry.names.len() < NAMES_MAX && entry.names.insert(name::hash(split.below));
        if !fresh || name::is_reversed_address(split.below) {
            return;
        }
        entry.carried += split.below.bytes().filter(|byte| *byte != b'.').count() as u64;
        entry.entropy_sum += name::entropy(split.below);
        entry.unlawful += u64::from(name::is_unlawful(split.below));
        entry.packets.add(fact.who.first_packet);
        if query.len() > entry.example.len() {
            entry.example = query.to_owned();
        }
    }

    fn answer(&mut self, fact: &TransactionFact) {
        let Some(split) = name::split(fact.text("dns.queries.rrname")) else { return };
        let key = (fact.who.client, split.domain);
        // An answer without its question was asked before the capture began: it says nothing about names.
        let Some(entry) = self.domains.use_known(&key) else { return };
        for text in fact.texts("dns.answers.text") {
            entry.answers += 1;
            entry.answer_bytes += text.len() as u64;
            // A marker may stand around what is packed.
            let inner = text.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
            entry.answers_packed +=
                u64::from(!matches!(writing(inner.as_bytes()), Writing::Text | Writing::Empty));
        }
        for address in fact.texts("dns.answers.address") {
            entry.addresses += 1;
            entry.listed += u64::from(address.starts_with("127."));
            if let Ok(address) = address.parse() {
                let domain = key.1.clone();
                self.led.touch(&(fact.who.client, address), || domain);
            }
        }
    }

    fn judge(&self, client: IpAddr, name: &str, domain: &Domain, findings: &mut Findings) {
        let names = domain.names.len();
        let up = names >= self.names_min && domain.carried as f64 >= self.carried_min;
        let down = domain.answer_bytes as f64 >= self.answers_min && names >= 4;
        let rootless = domain.rootless && names >= 3;
        if !(up || down || rootless || domain.unlawful != 0) {
            return;
        }
        let verdict = self.weigh(domain, down);
        if verdict.score() < self.score_min {
            return;
        }
        let carried = domain.carried + domain.answer_bytes;
        let known = if domain.rootless { "" } else { name };
        let below =
            if domain.rootless { "names of no domain".to_owned() } else { format!("names below {name}") };
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!(
                "{client} sends data in {below}: {names} names and their answers carried {carried} bytes"
            ),
            severity: verdict.severity(Severity::High),
            confidence: verdict.confidence(),
            techniques: vec!["T1071.004", "T1572", "T1048.003"],
            attackers: Vec::new(),
            victims: vec![client],
            server: domain.resolver.map(|address| (address, known.to_owned())),
            subjects: if known.is_empty() {
                vec![Subject::Host(client)]
            } else {
                vec![Subject::Host(client), Subject::Name(name.to_owned())]
            },
            first: domain.first.unwrap_or_default(),
            last: domain.last,
            count: domain.questions,
            terms: verdict.terms(),
            evidence: vec![domain.packets.evidence("dns.queries.rrname", &domain.example)],
            against: vec![
                "Reputation services and content networks put hashes into names; the domain's owner tells."
                    .into(),
            ],
        });
    }

    fn weigh(&self, domain: &Domain, down: bool) -> Verdict {
        let mut verdict = Verdict::new(-2.2);
        let names = domain.names.len() as f64;
        let length = domain.carried as f64 / names.max(1.0);
        let entropy = domain.entropy_sum / names.max(1.0);
        let fresh = names / domain.questions.max(1) as f64;
        let packed = down && domain.answers_packed * 2 > domain.answers;
        // What comes down needs no long names to ask for it.
        let floor = if packed { 0.0 } else { -3.0 };
        verdict.term(
            "bytes per name below the domain",
            length,
            20.0,
            ((length - 16.0) / 6.0).clamp(floor, 4.0),
            "people's names are short; carried data fills its labels",
        );
        verdict.term(
            "entropy of the names, bits per letter",
            entropy,
            3.3,
            ((entropy - 3.1) * 3.0).clamp(floor, 2.0),
            "words repeat letters, packed data does not",
        );
        verdict.term(
            "share of questions with a new name",
            fresh,
            0.5,
            if names >= 4.0 { (fresh - 0.4) * 2.0 } else { 0.0 },
            "ordinary names are asked again, carried data never",
        );
        verdict.term(
            "different names",
            names,
            self.names_min as f64,
            libm::log(names.max(1.0) / self.names_min as f64).clamp(-1.5, 2.0),
            "each name is one message",
        );
        let unlawful = domain.unlawful as f64 / names.max(1.0);
        verdict.term(
            "share of names with letters no host may have",
            unlawful,
            0.3,
            if unlawful >= 0.3 { 3.5 } else { 0.0 },
            "host names have letters, digits and hyphens (RFC 1123 §2.1); base-64 has more",
        );
        let rare = domain.rare as f64 / domain.questions.max(1) as f64;
        verdict.term(
            "share of questions for roomy record types",
            rare,
            0.5,
            if rare >= 0.5 && names >= 3.0 { 1.5 } else { 0.0 },
            "TXT, NULL, CNAME and MX have room for data; hosts ask for addresses",
        );
        verdict.term(
            "bytes in free answers",
            domain.answer_bytes as f64,
            self.answers_min,
            match (down, packed) {
                (true, true) => 3.5,
                (true, false) if names >= 12.0 => 1.0,
                _ => 0.0,
            },
            "answers that are packed data come down in small pieces under ever new names",
        );
        verdict.fact(
            "names end in no domain",
            domain.rootless,
            2.0,
            "a top level is letters (RFC 3696 §2): such names resolve only at their own server",
        );
        let listed = domain.listed as f64 / domain.addresses.max(1) as f64;
        verdict.term(
            "share of answers that are loopback addresses",
            listed,
            0.5,
            if listed >= 0.5 { -3.0 } else { 0.0 },
            "lists of senders and files answer with 127.0.0.x (RFC 5782)",
        );
        let contacted = domain.contacted as f64 / names.max(1.0);
        verdict.term(
            "connections to what the names led to, for each name",
            contacted,
            0.2,
            if contacted >= 0.2 { -3.0 } else { 0.0 },
            "hosts are asked for to be reached; data is asked for and that was all",
        );
        let days =
            domain.first.map_or(0.0, |first| domain.last.secs_since(first) / 86_400.0).max(1.0 / 1_440.0);
        let capacity = (domain.carried + domain.answer_bytes) as f64 * 8.0 / days;
        verdict.term(
            "capacity, bits a day",
            capacity,
            8_000.0,
            0.0,
            "what names and answers carry at this rate",
        );
        verdict
    }
}
