//! Who is behind it: each server that a finding names gets a role, a probability, and the reasons for and against.
//!
//! The evidence of a role is the sum of what the findings of that role weigh; the evidence of innocence is the prior, raised by what
//! speaks for a service that many use. Probabilities are the shares of the exponentials, so that they add up to one.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{Confidence, Finding, Role, Server, Term};

use crate::entity::Entity;
use crate::score::{self, PRIOR};
use crate::{Scene, phase, profile};

/// Reasons told per server.
const REASONS_MAX: usize = 16;
/// Servers told per incident.
const SERVERS_MAX: usize = 256;
/// What a control server is worth more than one that only delivers or scans: it is whom to look for first.
const LEAD: [(Role, f64); 3] = [(Role::Control, 1.5), (Role::Relay, 1.0), (Role::Drop, 0.8)];
/// Ports on which ordinary services answer.
const USUAL_PORTS: [u16; 24] = [
    20, 21, 22, 25, 53, 80, 110, 123, 143, 389, 443, 445, 465, 587, 853, 993, 995, 1883, 3389, 5060, 5222,
    8080, 8443, 5228,
];
/// Hosts of ours from which on a server is one that many use.
const MANY: u64 = 4;

/// The servers behind findings, most likely first.
pub(crate) fn servers(findings: &[&Finding], scene: &Scene<'_>) -> Vec<Server> {
    let mut of: BTreeMap<IpAddr, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        if let Some((address, _)) = &finding.server {
            of.entry(*address).or_default().push(finding);
        }
    }
    let mut ranked: Vec<(f64, Server)> =
        of.into_iter().map(|(address, findings)| server(address, &findings, scene)).collect();
    ranked.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then_with(|| earliest(&a.1, scene).cmp(&earliest(&b.1, scene)))
            .then_with(|| a.1.address.cmp(&b.1.address))
    });
    ranked.truncate(SERVERS_MAX);
    ranked.into_iter().map(|(_, server)| server).collect()
}

fn earliest(server: &Server, scene: &Scene<'_>) -> model::Time {
    scene.entities.of(server.address).map_or_else(Default::default, |entity| entity.first)
}

fn server(address: IpAddr, findings: &[&Finding], scene: &Scene<'_>) -> (f64, Server) {
    let mut groups: BTreeMap<(Role, &str), Vec<(f64, &Finding)>> = BTreeMap::new();
    for finding in findings {
        groups
            .entry((role(finding), score::group(finding)))
            .or_default()
            .push((score::weight(finding), finding));
    }
    let mut terms = Vec::new();
    let mut evidence: BTreeMap<Role, f64> = BTreeMap::new();
    for ((role, _), members) in groups {
        let count = members.len();
        let (weight, lead) = score::sum(members.into_iter());
        *evidence.entry(role).or_default() += weight;
        terms.push(Term {
            name: lead.detector,
            value: count as f64,
            threshold: 1.0,
            weight,
            meaning: lead.title.clone(),
        });
    }
    let shape = scene.entities.of(address).map_or_else(Vec::new, |entity| shape(address, entity, scene));
    let shift: f64 = shape.iter().map(|term| term.weight).sum();
    terms.extend(shape);
    // What the traffic's shape says speaks for or against every hostile role alike.
    for (role, weight) in &mut evidence {
        *weight += shift + LEAD.iter().find(|(lead, _)| lead == role).map_or(0.0, |(_, bonus)| *bonus) * 0.2;
    }
    let (role, hostile) = evidence
        .iter()
        .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)))
        .map_or((Role::Unknown, 0.0), |(role, weight)| (*role, *weight));
    let whole: f64 = evidence.values().map(|weight| libm::exp(*weight)).sum::<f64>() + libm::exp(-PRIOR);
    let probability = libm::exp(hostile) / whole;
    let benign = libm::exp(-PRIOR) / whole;
    let (told, sure) =
        if benign >= 0.95 && shift <= -1.0 { (Role::Benign, benign) } else { (role, probability) };
    let lead = LEAD.iter().find(|(lead, _)| *lead == told).map_or(0.0, |(_, bonus)| *bonus);
    let rank = if told == Role::Benign { hostile - 5.0 } else { hostile + lead };
    let name = findings.iter().filter_map(|finding| finding.server.as_ref()).map(|(_, name)| name.as_str());
    let name = name.filter(|name| !name.is_empty()).max().unwrap_or_else(|| scene.names.of(address));
    let server = Server {
        address,
        name: name.to_owned(),
        role: told,
        confidence: Confidence((sure * 1000.0) as u16),
        reasons: terms.iter().filter(|term| term.weight != 0.0).take(REASONS_MAX).map(reason).collect(),
        terms,
        profile: scene
            .entities
            .of(address)
            .map(|entity| Box::new(profile::of(address, entity, findings, scene))),
    };
    (rank, server)
}

/// A term as a sentence: for or against, how much, what.
fn reason(term: &Term) -> String {
    let side = if term.weight > 0.0 { "for" } else { "against" };
    format!("{side} ({:+.1}): {} — {}", term.weight, term.name, term.meaning)
}

/// What the shape of the traffic says about a server, whatever the findings are.
fn shape(address: IpAddr, entity: &Entity, scene: &Scene<'_>) -> Vec<Term> {
    let users = entity.clients().iter().filter(|client| scene.network.has(client.address)).count() as u64;
    let hosts = scene.hosts.max(users).max(1);
    let mut terms = Vec::new();
    let mut say = |name, value: f64, threshold: f64, weight: f64, meaning: String| {
        if weight != 0.0 {
            terms.push(Term { name, value, threshold, weight, meaning });
        }
    };
    let share = users as f64 / hosts as f64;
    let rare = hosts >= 5 && users <= 2;
    let many = users >= MANY && share >= 0.3;
    say(
        "hosts of ours that use it",
        users as f64,
        MANY as f64,
        if rare {
            0.5
        } else if many {
            -1.5
        } else {
            0.0
        },
        format!("{users} of {hosts} hosts of ours talk to it; what many use is more often a service"),
    );
    let nameless = scene.names.of(address).is_empty() && entity.served() > 0 && !scene.network.has(address);
    say(
        "no name led to it",
        f64::from(nameless),
        1.0,
        if nameless { 0.4 } else { 0.0 },
        "it was called by its bare address; people and updates ask for names".into(),
    );
    let silent = entity.answered() == 0 && entity.served() > 0;
    say(
        "conversations in which it sent something",
        entity.answered() as f64,
        1.0,
        if silent { -2.5 } else { 0.0 },
        "a server that never answers controls nobody yet".into(),
    );
    let odd = entity.certificates().iter().find(|certificate| certificate.self_signed);
    say(
        "certificate signed by itself",
        f64::from(odd.is_some()),
        1.0,
        if odd.is_some() { 0.6 } else { 0.0 },
        odd.map_or_else(String::new, |odd| format!("subject and issuer are both {}", odd.subject)),
    );
    let ports = entity.ports();
    let unusual = ports
        .iter()
        .filter(|port| port.flows * 2 >= entity.served())
        .find(|port| !USUAL_PORTS.contains(&port.port) && matches!(port.transport, 6 | 17));
    say(
        "port",
        unusual.map_or(0.0, |port| f64::from(port.port)),
        0.0,
        if unusual.is_some() { 0.4 } else { 0.0 },
        "most of what it serves is on a port where no usual service answers".into(),
    );
    let upload = entity.bytes[0] > entity.bytes[1].saturating_mul(2) && entity.bytes[0] > 20_000;
    say(
        "bytes to it, by bytes from it",
        entity.bytes[0] as f64 / entity.bytes[1].max(1) as f64,
        2.0,
        if upload { 0.4 } else { 0.0 },
        "more goes to it than comes back".into(),
    );
    terms
}

/// The role that a finding's techniques give to the server behind it.
pub(crate) fn role(finding: &Finding) -> Role {
    let phases: Vec<_> = finding.techniques.iter().filter_map(|technique| phase(technique)).collect();
    let has = |name: &str| phases.iter().any(|phase| phase.name == name);
    let names = |ids: &[&str]| finding.techniques.iter().any(|technique| ids.contains(technique));
    // A tool that is fetched comes from who delivers, although the matrix files it under control.
    if names(&["T1105", "T1566.002", "T1189"])
        && !names(&["T1071", "T1071.001", "T1071.004", "T1095", "T1573"])
    {
        return Role::Delivery;
    }
    if names(&["T1090", "T1090.003"]) {
        return Role::Relay;
    }
    if has("Exfiltration") && !has("Command and Control") {
        Role::Drop
    } else if has("Command and Control") {
        Role::Control
    } else if names(&["T1190", "T1203", "T1068"])
        || ["Reconnaissance", "Credential Access", "Discovery", "Impact", "Lateral Movement"]
            .iter()
            .any(|name| has(name))
    {
        Role::Attack
    } else if has("Initial Access") || has("Execution") {
        Role::Delivery
    } else {
        Role::Unknown
    }
}

/// Hosts that did it, lead suspect first: outside servers that control or receive, then who the findings name, by what they weigh.
pub(crate) fn attackers(findings: &[&Finding], servers: &[Server], scene: &Scene<'_>) -> Vec<IpAddr> {
    let hostile = |server: &&Server| {
        server.confidence.0 >= 500
            && matches!(server.role, Role::Control | Role::Drop | Role::Relay)
            && !scene.network.has(server.address)
    };
    let mut list: Vec<IpAddr> = servers.iter().filter(hostile).map(|server| server.address).collect();
    for address in ranked(findings, |finding| &finding.attackers) {
        if !list.contains(&address) {
            list.push(address);
        }
    }
    list
}

/// Addresses by the weight of the findings that name them.
pub(crate) fn ranked<'a>(
    findings: &[&'a Finding],
    of: impl Fn(&'a Finding) -> &'a Vec<IpAddr>,
) -> Vec<IpAddr> {
    let mut weights: BTreeMap<IpAddr, (f64, u64)> = BTreeMap::new();
    for finding in findings {
        for address in of(finding) {
            let entry = weights.entry(*address).or_insert((0.0, finding.id));
            // Infinitesimally more for what weighs nothing, so that its order is kept.
            entry.0 += score::weight(finding) + 1e-6;
        }
    }
    let mut list: Vec<(IpAddr, (f64, u64))> = weights.into_iter().collect();
    list.sort_by(|a, b| b.1.0.total_cmp(&a.1.0).then(a.1.1.cmp(&b.1.1)).then(a.0.cmp(&b.0)));
    list.into_iter().map(|(address, _)| address).collect()
}
