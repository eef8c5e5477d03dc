//! Attacks on web applications: what a request asks the program behind the page to do, and whether it was answered.

mod agent;
mod decode;
mod pattern;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::quality::FixedState;
use model::{Direction, Event, EventKind, Finding, FlowId, Severity, Subject, Time, TransactionFact};

use crate::verdict::{Packets, Verdict};
use crate::{Bounded, Description, Detector, Findings, Hears, Home, Knob};
use pattern::{Attack, Hit};

/// What the registry needs to know.
pub(crate) const DESCRIPTION: Description = Description {
    name: "web_attack",
    sees: "Requests that carry what a program behind the page would run: SQL, paths that climb out, shell commands, \
           expressions of templates and look-ups (JNDI), Shellshock, scripts, entities, use of a web shell; and the names \
           of scanners. Values are decoded first; the answer tells whether it may have worked.",
    matters: "Programs that face the net are broken into first (T1190), and a shell is left behind (T1505.003).",
    fooled_by: "Attacks inside TLS, in long bodies, or in an encoding of the application's own.",
    cost: "One entry per (client, server), at most 16,384; a few hundred comparisons per request that is not plain.",
    references: &[
        "ATT&CK T1190, T1505.003, T1595.002, T1059, T1189",
        "CWE-22, CWE-77, CWE-79, CWE-89, CWE-611, CWE-917, CWE-1336",
        "RFC 3986 §2.1, CVE-2014-6271, CVE-2021-44228",
    ],
    hears: Hears {
        files: true,
        exchanges: &["http", "http2"],
        fields: &[
            "http.expression",
            "http.host",
            "http.method",
            "http.referer",
            "http.stat_code",
            "http.uri",
            "http.uri.climbing",
            "http.user_agent",
        ],
        ..Hears::NOTHING
    },
    knobs: &[
        Knob {
            name: "score_min",
            help: "Log-odds from which it is a finding.",
            unit: "log-odds",
            range: (-5.0, 20.0),
            default: 0.0,
        },
        Knob {
            name: "prior",
            help: "Log-odds before anything was seen; lower it for servers that the whole Internet tries.",
            unit: "log-odds",
            range: (-20.0, 5.0),
            default: -3.0,
        },
    ],
    new: |knobs| {
        Box::new(WebAttack {
            score_min: knobs.get("score_min"),
            prior: knobs.get("prior"),
            pairs: Bounded::new(PAIRS_MAX),
            bodies: Bounded::new(BODIES_MAX),
            agents: Bounded::new(AGENTS_MAX),
        })
    },
};

/// Pairs of client and server remembered.
const PAIRS_MAX: usize = 16_384;
/// Agents remembered.
const AGENTS_MAX: usize = 1_024;
/// Bodies that wait for their request's end.
const BODIES_MAX: usize = 1_024;

#[derive(Debug)]
struct WebAttack {
    score_min: f64,
    prior: f64,
    pairs: Bounded<(IpAddr, IpAddr), Pair>,
    /// What the body of a request held, until the exchange is told of.
    bodies: Bounded<FlowId, (Hit, String)>,
    /// Agents by their hash, and whether they say that they scan.
    agents: Bounded<u64, bool>,
}

/// What one client asked of one server.
#[derive(Debug, Default)]
struct Pair {
    /// Kinds of attacks: how many, and the weight of the plainest.
    attacks: BTreeMap<Attack, (u64, f64)>,
    /// Attacks that were answered with success, and with an error of the server.
    accepted: u64,
    broken: u64,
    host: String,
    excerpt: String,
    first: Option<Time>,
    last: Time,
    packets: Packets,
}

impl Detector for WebAttack {
    fn event(&mut self, event: &Event, _home: &Home, _findings: &mut Findings) {
        match &event.kind {
            EventKind::Transaction(fact) if matches!(fact.protocol, "http" | "http2") => self.exchange(fact),
            EventKind::File(file) if file.protocol == "http" && file.direction == Direction::ToServer => {
                let text = String::from_utf8_lossy(&file.head);
                if let Some(hit) = pattern::best(&decode::decoded(&text), pattern::Place::Body) {
                    *self.bodies.touch(&file.who.flow, || (hit, String::new())) =
                        (hit, text.chars().take(120).collect());
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, home: &Home, findings: &mut Findings) {
        for (pair, seen) in self.pairs.sorted() {
            self.judge(*pair, seen, home, findings);
        }
    }

    fn evicted(&self) -> u64 {
        self.pairs.evicted()
    }
}

impl WebAttack {
    fn exchange(&mut self, fact: &TransactionFact) {
        let mut hits: Vec<(Hit, &str)> = Vec::new();
        for (field, place) in [
            ("http.uri", pattern::Place::Uri),
            ("http.uri.climbing", pattern::Place::Climbing),
            ("http.user_agent", pattern::Place::Header),
            ("http.referer", pattern::Place::Header),
            ("http.expression", pattern::Place::Header),
            ("http.method", pattern::Place::Header),
        ] {
            let text = fact.text(field);
            if pattern::may_attack(text, place)
                && let Some(hit) = pattern::best(&decode::decoded(text), place)
            {
                hits.push((hit, text));
            }
        }
        let agent = fact.text("http.user_agent");
        if self.scans(agent) {
            hits.push((Hit { attack: Attack::Scanner, weight: 4.2 }, agent));
        }
        let body = self.bodies.get(&fact.who.flow).map(|(hit, text)| (*hit, text.clone()));
        if let Some((hit, text)) = &body {
            hits.push((*hit, text));
        }
        let Some((_, excerpt)) = hits.iter().max_by(|a, b| a.0.weight.total_cmp(&b.0.weight)) else { return };
        let pair = self.pairs.touch(&(fact.who.client, fact.who.server), Pair::default);
        pair.note(fact, excerpt);
        for (hit, _) in &hits {
            let (count, weight) = pair.attacks.entry(hit.attack).or_default();
            *count += 1;
            *weight = weight.max(hit.weight);
        }
        // One body belongs to one exchange.
        if body.is_some() {
            self.bodies.touch(&fact.who.flow, || (Hit::NOTHING, String::new())).0 = Hit::NOTHING;
        }
    }

    /// Whether an agent says that it scans; the few that a network has are asked about once.
    fn scans(&mut self, agent: &str) -> bool {
        let hash = FixedState::with_seed(0).hash_one(agent);
        *self.agents.touch(&hash, || agent::is_scanner(agent))
    }

    fn judge(&self, pair: (IpAddr, IpAddr), seen: &Pair, home: &Home, findings: &mut Findings) {
        let (client, server) = pair;
        let mut verdict = Verdict::new(self.prior);
        let mut kinds: Vec<(Attack, f64)> = Vec::new();
        let mut share = 1.0;
        let mut attacks: Vec<_> = seen.attacks.iter().filter(|(_, (_, weight))| *weight > 0.0).collect();
        attacks.sort_by(|a, b| b.1.1.total_cmp(&a.1.1).then(a.0.cmp(b.0)));
        for (attack, (count, weight)) in attacks {
            // A further kind of attack by the same client says less than the first.
            let weight =
                weight * share + if share == 1.0 { 0.3 * libm::log(*count as f64).min(4.0) } else { 0.0 };
            verdict.term(attack.words(), *count as f64, 1.0, weight, attack.meaning());
            kinds.push((*attack, weight));
            share *= 0.4;
        }
        let Some((lead, _)) = kinds.first().copied() else { return };
        verdict.fact(
            "answered as if it worked",
            seen.accepted > 0,
            0.8,
            "a status of 200 to 299; many pages answer so anyway",
        );
        verdict.fact(
            "the server broke",
            seen.broken > 0,
            0.5,
            "a status of 500 to 599: the program behind stumbled",
        );
        if verdict.score() < self.score_min {
            return;
        }
        // What was answered with success may have run: that is graver than trying.
        let grave = if seen.accepted > 0 && lead.runs() { Severity::High } else { Severity::Medium };
        let ours = home.has(client);
        let name = if seen.host.is_empty() { String::new() } else { format!(" ({})", seen.host) };
        let mut techniques = vec![lead.technique()];
        techniques.extend(
            kinds.iter().map(|(kind, _)| kind.technique()).filter(|known| *known != lead.technique()),
        );
        if seen.attacks.contains_key(&Attack::Scanner) {
            techniques.push("T1046");
        }
        techniques.dedup();
        findings.push(Finding {
            id: 0,
            detector: DESCRIPTION.name,
            title: format!("{client} tries {} on {server}{name}", lead.words()),
            severity: verdict.severity(grave),
            confidence: verdict.confidence(),
            techniques,
            attackers: vec![client],
            victims: vec![server],
            server: (!ours).then(|| (client, String::new())),
            subjects: vec![Subject::Host(server)],
            first: seen.first.unwrap_or_default(),
            last: seen.last,
            count: seen.attacks.values().map(|(count, _)| count).sum(),
            terms: verdict.terms(),
            evidence: vec![seen.packets.evidence("http.uri", &seen.excerpt)],
            against: vec![
                "Security tests that were ordered look the same. Whether it worked is seen in what the server did next.".into(),
            ],
        });
    }
}

impl Pair {
    fn note(&mut self, fact: &TransactionFact, excerpt: &str) {
        self.first.get_or_insert(fact.time);
        self.last = self.last.max(fact.time);
        self.packets.add(fact.who.first_packet);
        let status = fact.number("http.stat_code").or_else(|| fact.text("http.stat_code").parse().ok());
        self.accepted += u64::from(status.is_some_and(|status| (200..300).contains(&status)));
        self.broken += u64::from(status.is_some_and(|status| status >= 500));
        if self.excerpt.is_empty() {
            self.excerpt = excerpt.chars().take(160).collect();
            self.host = fact.text("http.host").chars().take(80).collect();
        }
    }
}
