//! Alerts on the same matter fold into one finding with a count.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{AlertFact, Confidence, Event, Evidence, Finding, PacketId, Severity, Subject, Term, Time};

use crate::quality::{self, Kind, Quality};
use crate::{Network, tactic};

/// Different matters (rule, source, destination) that are kept; later ones are counted.
const MATTERS_MAX: usize = 20_000;
/// Pairs of hosts from which on a signature says little about each.
const PAIRS_MANY: u64 = 10;

/// Alerts, folded.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    matters: BTreeMap<(u32, u32, IpAddr, IpAddr), Matter>,
    /// Alerts that found no room.
    pub(crate) left_out: u64,
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
    pub(crate) fn findings(self, network: &Network) -> Vec<Finding> {
        let mut of_rule: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        for (gid, sid, _, _) in self.matters.keys() {
            *of_rule.entry((*gid, *sid)).or_default() += 1;
        }
        self.matters
            .into_iter()
            .map(|((gid, sid, _, _), matter)| {
                finding(matter, of_rule.get(&(gid, sid)).copied().unwrap_or(1), network)
            })
            .collect()
    }
}

/// Who did it, as far as the alert tells, and whom it was done to.
struct Sides {
    attacker: IpAddr,
    victim: IpAddr,
    /// The attacker is a resolver that was asked for a bad name: it only passed the question on.
    bystander: bool,
    /// The attacker is behind it even when it is one of ours: it serves what the victim came for.
    serves: bool,
}

fn sides(alert: &AlertFact, kind: Kind, network: &Network) -> Sides {
    let (source, destination) = (alert.source, alert.destination);
    let ends = alert.who.map(|who| (who.client, who.server));
    let response = quality::family(&alert.message) == "ATTACK_RESPONSE";
    let victim = match (alert.target, ends) {
        (Some(target), _) => target,
        // Who answers to an attack is who was attacked.
        (None, _) if response && network.has(source) => source,
        (None, Some((client, server)))
            if matches!(kind, Kind::Control | Kind::Delivery | Kind::Mining | Kind::Note) =>
        {
            if network.has(server) && !network.has(client) { server } else { client }
        }
        _ if network.has(source)
            && !network.has(destination)
            && matches!(kind, Kind::Control | Kind::Delivery) =>
        {
            source
        }
        _ => destination,
    };
    let attacker = if victim == source { destination } else { source };
    let asked = ends.is_some_and(|(_, server)| server == attacker);
    let resolver = asked && alert.who.is_some_and(|who| who.server_port == 53);
    let name = ["DNS Query", "DNS Lookup", "Domain", "TLD"].iter().any(|words| alert.message.contains(words));
    Sides {
        attacker,
        victim,
        bystander: resolver && name,
        serves: asked && matches!(kind, Kind::Control | Kind::Delivery | Kind::Mining),
    }
}

fn finding(matter: Matter, pairs: u64, network: &Network) -> Finding {
    let Matter { alert, count, first, last, packets } = matter;
    let Quality { kind, severity, sure } = quality::of(&alert);
    let Sides { attacker, victim, bystander, serves } = sides(&alert, kind, network);
    // What fires between everybody and everybody says little about anybody.
    let spread = u16::try_from(pairs.saturating_sub(1).min(100)).unwrap_or(100) * 3;
    let confidence = Confidence(sure.saturating_sub(spread).max(50));
    let mut techniques = tactic::of_metadata(&alert.metadata);
    if techniques.is_empty() {
        techniques = quality::techniques(kind, &alert);
    }
    let behind = !bystander && severity > Severity::Info && (serves || !network.has(attacker));
    Finding {
        id: 0,
        detector: "rule",
        title: format!("{} ({}:{})", alert.message, alert.gid, alert.sid),
        severity,
        confidence,
        techniques,
        attackers: if bystander { Vec::new() } else { vec![attacker] },
        victims: vec![victim],
        server: behind.then(|| (attacker, String::new())),
        subjects: vec![Subject::Host(victim)],
        first,
        last,
        count,
        terms: vec![
            Term {
                name: "pairs of hosts this rule fired on",
                value: pairs as f64,
                threshold: PAIRS_MANY as f64,
                weight: if pairs > PAIRS_MANY { -1.0 } else { 0.0 },
                meaning: "a signature that fires between many hosts is more often wrong about each".into(),
            },
            Term {
                name: "worth of the rule by its own words, in 1,000",
                value: f64::from(sure),
                threshold: 500.0,
                weight: f64::from(sure) / 1000.0,
                meaning: format!(
                    "classification, signature_severity, confidence and family of the rule; at most {}",
                    severity.word()
                ),
            },
        ],
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
