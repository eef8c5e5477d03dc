//! Findings join through what they share.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{Finding, Incident, Role, Server, Severity, Subject, TimelineEntry};

use crate::names::Names;
use crate::network::Ours;
use crate::{phase, score};

/// Lines a timeline holds at most.
const TIMELINE_MAX: usize = 200;

/// Groups findings and makes an incident of each group, most important first.
pub(crate) fn incidents(findings: &[Finding], names: &Names, ours: Ours<'_>) -> Vec<Incident> {
    let mut incidents: Vec<Incident> =
        groups(findings).into_iter().map(|group| incident(&group, names, ours)).collect();
    incidents.sort_by(|a, b| {
        (b.severity, b.score)
            .partial_cmp(&(a.severity, a.score))
            .unwrap_or(std::cmp::Ordering::Equal)
            .then(a.first.cmp(&b.first))
    });
    for (number, incident) in (1..).zip(&mut incidents) {
        incident.id = number;
    }
    incidents
}

/// Connected findings: they share a host of ours that was attacked, an outside server, a name or a file.
fn groups(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut leader: Vec<usize> = (0..findings.len()).collect();
    let mut seen: BTreeMap<Subject, usize> = BTreeMap::new();
    for (position, finding) in findings.iter().enumerate() {
        for subject in ties(finding) {
            match seen.get(&subject) {
                Some(other) => {
                    let (a, b) = (root(&mut leader, *other), root(&mut leader, position));
                    leader[a.max(b)] = a.min(b);
                }
                None => {
                    seen.insert(subject, position);
                }
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<&Finding>> = BTreeMap::new();
    for (position, finding) in findings.iter().enumerate() {
        groups.entry(root(&mut leader, position)).or_default().push(finding);
    }
    groups.into_values().collect()
}

fn root(leader: &mut [usize], mut position: usize) -> usize {
    while leader[position] != position {
        leader[position] = leader[leader[position]];
        position = leader[position];
    }
    position
}

/// What ties a finding to others. A victim among very many is not a tie: half the network would be one incident.
fn ties(finding: &Finding) -> Vec<Subject> {
    let mut ties = finding.subjects.clone();
    ties.extend(finding.attackers.iter().map(|address| Subject::Host(*address)));
    if finding.victims.len() <= 4 {
        ties.extend(finding.victims.iter().map(|address| Subject::Host(*address)));
    }
    if let Some((address, name)) = &finding.server {
        ties.push(Subject::Host(*address));
        if !name.is_empty() {
            ties.push(Subject::Name(name.clone()));
        }
    }
    ties
}

fn incident(group: &[&Finding], names: &Names, ours: Ours<'_>) -> Incident {
    let (score, confidence, severity) = score::judge(group);
    let mut by_weight = group.to_vec();
    by_weight.sort_by(|a, b| (b.severity, b.confidence, a.id).cmp(&(a.severity, a.confidence, b.id)));
    let lead = by_weight[0];
    let mut techniques = Vec::new();
    for finding in group {
        for technique in &finding.techniques {
            if !techniques.contains(technique) {
                techniques.push(*technique);
            }
        }
    }
    let mut phases: Vec<_> = techniques.iter().filter_map(|technique| phase(technique)).collect();
    phases.sort();
    phases.dedup();
    let title = if group.len() > 1 {
        format!("{} (and {} more findings)", lead.title, group.len() - 1)
    } else {
        lead.title.clone()
    };
    Incident {
        id: 0,
        title,
        severity,
        confidence,
        score,
        victims: ranked(&by_weight, |finding| &finding.victims),
        attackers: ranked(&by_weight, |finding| &finding.attackers),
        servers: servers(&by_weight, names, ours),
        next_steps: next_steps(lead, severity),
        techniques,
        phases,
        first: group.iter().map(|finding| finding.first).min().unwrap_or_default(),
        last: group.iter().map(|finding| finding.last).max().unwrap_or_default(),
        findings: group.iter().map(|finding| finding.id).collect(),
        timeline: timeline(group),
    }
}

/// Addresses in the order of the findings that name them.
fn ranked<'a>(findings: &[&'a Finding], of: impl Fn(&'a Finding) -> &'a Vec<IpAddr>) -> Vec<IpAddr> {
    let mut list = Vec::new();
    for address in findings.iter().flat_map(|finding| of(finding)) {
        if !list.contains(address) {
            list.push(*address);
        }
    }
    list
}

fn servers(by_weight: &[&Finding], names: &Names, _ours: Ours<'_>) -> Vec<Server> {
    let mut servers: Vec<Server> = Vec::new();
    for finding in by_weight {
        let Some((address, name)) = &finding.server else { continue };
        let reason = format!("{} ({})", finding.title, finding.detector);
        match servers.iter_mut().find(|server| server.address == *address) {
            Some(server) => {
                if server.reasons.len() < 16 {
                    server.reasons.push(reason);
                }
            }
            None => servers.push(Server {
                address: *address,
                name: if name.is_empty() { names.of(*address).to_owned() } else { name.clone() },
                role: role(finding),
                confidence: finding.confidence,
                reasons: vec![reason],
            }),
        }
    }
    servers
}

/// The role that a finding's techniques give to the server behind it.
fn role(finding: &Finding) -> Role {
    let phases: Vec<_> = finding.techniques.iter().filter_map(|technique| phase(technique)).collect();
    let has = |name: &str| phases.iter().any(|phase| phase.name == name);
    if has("Exfiltration") && !has("Command and Control") {
        Role::Drop
    } else if has("Command and Control") {
        Role::Control
    } else if has("Reconnaissance") || has("Credential Access") || has("Discovery") || has("Impact") {
        Role::Attack
    } else if has("Initial Access") || has("Execution") {
        Role::Delivery
    } else {
        Role::Unknown
    }
}

fn timeline(group: &[&Finding]) -> Vec<TimelineEntry> {
    let mut lines: Vec<TimelineEntry> = group
        .iter()
        .map(|finding| TimelineEntry {
            time: finding.first,
            finding: finding.id,
            text: finding.title.clone(),
        })
        .collect();
    lines.sort_by_key(|a| (a.time, a.finding));
    lines.truncate(TIMELINE_MAX);
    lines
}

fn next_steps(lead: &Finding, severity: Severity) -> Vec<String> {
    let mut steps = Vec::new();
    if let Some((address, name)) = &lead.server {
        let named = if name.is_empty() { address.to_string() } else { format!("{address} ({name})") };
        steps.push(format!("Find every host that talked to {named}, also before this capture."));
    }
    if let Some(victim) = lead.victims.first() {
        steps.push(format!("Look at {victim} itself: running programs, recent files, scheduled tasks."));
    }
    if severity >= Severity::High {
        steps.push("Keep the capture; its hash is in the report's manifest.".into());
    }
    steps
}
