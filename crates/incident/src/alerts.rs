//! Alerts on the same matter fold into one finding with a count.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{AlertFact, Confidence, Event, Evidence, Finding, PacketId, Severity, Subject, Term, Time};

use crate::network::Ours;
use crate::tactic;

/// Different matters (rule, source, destination) that are kept; more are counted into the last one of their rule.
const MATTERS_MAX: usize = 20_000;

/// Alerts, folded.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    matters: BTreeMap<(u32, u32, IpAddr, IpAddr), Matter>,
    /// Distinct destinations and sources per rule: what fires on everything says little.
    left_out: u64,
}

#[derive(Debug)]
struct Matter {
    alert: AlertFact,
    count: u64,
    first: Time,
    last: Time,
    packets: Vec<PacketId>,
}

impl Alerts {
    /// Takes one alert.
    pub(crate) fn take(&mut self, alert: &AlertFact, event: &Event) {
        // Both directions of a conversation are one matter.
        let (low, high) = if alert.source <= alert.destination {
            (alert.source, alert.destination)
        } else {
            (alert.destination, alert.source)
        };
        let key = (alert.gid, alert.sid, low, high);
        if self.matters.len() >= MATTERS_MAX && !self.matters.contains_key(&key) {
            self.left_out += 1;
            return;
        }
        let time = event.moment.time;
        let matter = self.matters.entry(key).or_insert_with(|| Matter {
            alert: alert.clone(),
            count: 0,
            first: time,
            last: time,
            packets: Vec::new(),
        });
        matter.count += 1;
        matter.first = matter.first.min(time);
        matter.last = matter.last.max(time);
        if event.packet.0 != 0 && matter.packets.len() < Evidence::PACKETS {
            matter.packets.push(event.packet);
        }
    }

    /// One finding per matter.
    pub(crate) fn findings(self, ours: Ours<'_>) -> Vec<Finding> {
        let mut of_rule: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        for (gid, sid, _, _) in self.matters.keys() {
            *of_rule.entry((*gid, *sid)).or_default() += 1;
        }
        self.matters
            .into_iter()
            .map(|((gid, sid, _, _), matter)| {
                finding(matter, of_rule.get(&(gid, sid)).copied().unwrap_or(1), ours)
            })
            .collect()
    }
}

/// Whom it was done to: what the rule says, else the side that is ours, else the destination.
fn sides(alert: &AlertFact, ours: Ours<'_>) -> (IpAddr, IpAddr) {
    let (source, destination) = (alert.source, alert.destination);
    let victim = match alert.target {
        Some(target) => target,
        None if ours(source) && !ours(destination) => source,
        None => destination,
    };
    (if victim == source { destination } else { source }, victim)
}

fn finding(matter: Matter, pairs: u64, ours: Ours<'_>) -> Finding {
    let Matter { alert, count, first, last, packets } = matter;
    let (attacker, victim) = sides(&alert, ours);
    let stated = alert.metadata.iter().find(|(key, _)| key == "confidence").map(|(_, value)| value.as_str());
    let base: u16 = match (stated, alert.severity) {
        (Some("High"), _) => 850,
        (Some("Low"), _) => 350,
        (_, Severity::High | Severity::Critical) => 700,
        (_, Severity::Medium) => 500,
        _ => 300,
    };
    // What fires between everybody and everybody says little about anybody.
    let spread = u16::try_from(pairs.min(100)).unwrap_or(100) * 3;
    let confidence = base.saturating_sub(spread).max(50);
    let techniques = tactic::of_metadata(&alert.metadata);
    Finding {
        id: 0,
        detector: "rule",
        title: format!("{} ({}:{})", alert.message, alert.gid, alert.sid),
        severity: alert.severity,
        confidence: Confidence(confidence),
        techniques,
        attackers: vec![attacker],
        victims: vec![victim],
        server: (!ours(attacker)).then(|| (attacker, String::new())),
        subjects: vec![Subject::Host(victim)],
        first,
        last,
        count,
        terms: vec![Term {
            name: "pairs of hosts this rule fired on",
            value: pairs as f64,
            threshold: 10.0,
            weight: if pairs > 10 { -1.0 } else { 0.0 },
            meaning: "a signature that fires between many hosts is more often wrong about each".into(),
        }],
        evidence: vec![Evidence {
            flow: alert.who.map(|who| who.flow),
            packets: if packets.is_empty() {
                alert.who.iter().map(|who| who.first_packet).collect()
            } else {
                packets
            },
            field: "",
            excerpt: alert.category.clone(),
        }],
        against: vec!["A signature sees bytes, not intent; the packets show what it matched.".into()],
    }
}
