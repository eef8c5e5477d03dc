//! Traffic that is made to be read differently by who watches and by who receives.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use model::{Event, EventKind, Finding, Severity, Subject, Time};

use crate::verdict::{Packets, Verdict};
use crate::{Bounded, Description, Detector, Findings, Home, Knob};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "evasion",
    sees: "Fragments that overlap or that together exceed what a packet may have, segments sent again with other bytes, \
           routing headers that were abolished, options of IPv6 that carry data, and requests whose length can be read two ways.",
    matters: "A watcher that reads one way and a receiver that reads another see two conversations (T1599, T1001).",
    fooled_by: "Ambiguities that only the receiver's own system has. Broken network cards and old proxies make some of them.",
    cost: "One entry per pair of addresses that showed any, at most 8,192; nothing for traffic that is not odd.",
    references: &[
        "ATT&CK T1599, T1001, T1190, T1499",
        "Ptacek and Newsham, Insertion, Evasion, and Denial of Service, 1998",
        "RFC 5722, RFC 5095, RFC 9112 §6.3, RFC 8200 §4.2",
    ],
    knobs: &[Knob {
        name: "score_min",
        help: "Log-odds from which it is a finding.",
        unit: "log-odds",
        range: (-5.0, 20.0),
        default: 0.0,
    }],
    new: |knobs| Box::new(Evasion { score_min: knobs.get("score_min"), pairs: Bounded::new(PAIRS_MAX) }),
};

/// Pairs remembered.
const PAIRS_MAX: usize = 8_192;
/// Log-odds before anything was seen.
const PRIOR: f64 = -3.0;

/// A way of being read differently.
struct Way {
    name: &'static str,
    /// Names of the oddities.
    kinds: &'static [&'static str],
    /// From how many on it counts in full; below, with its share.
    full: f64,
    weight: f64,
    technique: &'static str,
    words: &'static str,
    meaning: &'static str,
}

const WAYS: [Way; 6] = [
    Way {
        name: "fragments that overlap",
        kinds: &["decoder.ipv4.frag_overlap", "decoder.ipv6.frag_overlap"],
        full: 1.0,
        weight: 4.5,
        technique: "T1599",
        words: "fragments that overlap",
        meaning: "no sender cuts a packet so; receivers keep the first or the last bytes (RFC 5722 forbids it)",
    },
    Way {
        name: "fragments beyond the largest packet",
        kinds: &["decoder.ipv4.frag_pkt_too_large", "decoder.ipv6.frag_pkt_too_large"],
        full: 1.0,
        weight: 4.5,
        technique: "T1599",
        words: "fragments that make a packet too large",
        meaning: "together they exceed 65,535 bytes; old systems fell over it",
    },
    Way {
        name: "segments sent again with other bytes",
        kinds: &["stream.reassembly_overlap_different_data"],
        full: 3.0,
        weight: 4.5,
        technique: "T1599",
        words: "segments that were sent again with other bytes",
        meaning: "a retransmission repeats what was sent; one differing byte may be a probe that keeps a connection alive",
    },
    Way {
        name: "options of IPv6 that nobody knows",
        kinds: &["decoder.ipv6.dstopts_unknown_opt", "decoder.ipv6.hopopts_unknown_opt"],
        full: 10.0,
        weight: 4.5,
        technique: "T1001",
        words: "options of IPv6 that nobody knows",
        meaning: "receivers skip them or drop the packet; between two who agree they carry data",
    },
    Way {
        name: "routing headers of type 0",
        kinds: &["decoder.ipv6.rh_type_0"],
        full: 1.0,
        weight: 4.2,
        technique: "T1599",
        words: "routing headers of type 0",
        meaning: "abolished in 2007 (RFC 5095): the packet goes where it likes",
    },
    Way {
        name: "requests whose length can be read two ways",
        kinds: &[
            "INVALID_TRANSFER_ENCODING_VALUE_IN_REQUEST",
            "INVALID_CONTENT_LENGTH_FIELD_IN_REQUEST",
            "DUPLICATE_CONTENT_LENGTH_FIELD_IN_REQUEST",
            "REQUEST_HEADER_REPETITION",
        ],
        full: 2.0,
        weight: 4.3,
        technique: "T1190",
        words: "requests whose length can be read two ways",
        meaning: "what one server takes for a body the next takes for a request (RFC 9112 section 6.3)",
    },
];

#[derive(Debug)]
struct Evasion {
    score_min: f64,
    /// By sender and receiver.
    pairs: Bounded<(IpAddr, IpAddr), Pair>,
}

#[derive(Debug, Default)]
struct Pair {
    counts: [u32; WAYS.len()],
    first: Option<Time>,
    last: Time,
    packets: Packets,
}

impl Detector for Evasion {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        let EventKind::Oddity(fact) = &event.kind else { return };
        let Some(way) = WAYS.iter().position(|way| way.kinds.contains(&fact.kind)) else { return };
        let pair = self.pairs.touch(&(fact.source, fact.destination), Pair::default);
        pair.counts[way] = pair.counts[way].saturating_add(1);
        pair.first.get_or_insert(event.moment.time);
        pair.last = pair.last.max(event.moment.time);
        pair.packets.add(event.packet);
        if let Some(who) = &fact.who {
            pair.packets.add(who.first_packet);
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for ((source, destination), pair) in self.pairs.sorted() {
            self.judge(*source, *destination, pair, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.pairs.evicted()
    }
}

impl Evasion {
    fn judge(&self, source: IpAddr, destination: IpAddr, pair: &Pair, home: &Home, findings: &mut Findings) {
        let mut verdict = Verdict::new(PRIOR);
        let mut ways: Vec<(&Way, f64)> = Vec::new();
        for (way, count) in WAYS.iter().zip(pair.counts).filter(|(_, count)| *count > 0) {
            let weight = way.weight * (f64::from(count) / way.full).min(1.0);
            verdict.term(way.name, f64::from(count), way.full, weight, way.meaning);
            ways.push((way, weight));
        }
        ways.sort_by(|a, b| b.1.total_cmp(&a.1));
        let Some((lead, _)) = ways.first() else { return };
        let evidence = pair.packets.evidence("", lead.name);
        if verdict.score() < self.score_min || evidence.packets.is_empty() {
            return;
        }
        let mut techniques: Vec<&'static str> = Vec::new();
        for (way, _) in &ways {
            if !techniques.contains(&way.technique) {
                techniques.push(way.technique);
            }
        }
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!("{source} sends {destination} {}", lead.words),
            severity: verdict.severity(Severity::Medium),
            confidence: verdict.confidence(),
            techniques,
            attackers: vec![source],
            victims: vec![destination],
            server: (!home.has(source)).then(|| (source, String::new())),
            subjects: vec![Subject::Host(destination)],
            first: pair.first.unwrap_or_default(),
            last: pair.last,
            count: pair.counts.iter().map(|count| u64::from(*count)).sum(),
            terms: verdict.terms(),
            evidence: vec![evidence],
            against: vec!["Broken equipment on the way can cut or repeat packets wrongly, too.".into()],
        });
    }
}
