//! Findings join through what they share.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::{Finding, Incident, Severity, Subject, TimelineEntry};

use crate::pivot::Shared;
use crate::{Scene, phase, score, summary, suspect};

/// Lines a timeline holds at most.
const TIMELINE_MAX: usize = 200;
/// Victims from which on a finding is about a network, and ties nobody to anybody.
const VICTIMS_FEW: usize = 4;

/// Groups findings and makes an incident of each group, most important first.
pub(crate) fn incidents(findings: &[Finding], scene: &mut Scene<'_>) -> Vec<Incident> {
    let suspects: BTreeSet<IpAddr> = findings
        .iter()
        .filter(|finding| finding.severity >= Severity::Low)
        .filter_map(|finding| Some(finding.server.as_ref()?.0))
        .collect();
    let shared = Shared::find(&suspects, scene.entities, scene.names);
    let addresses: Vec<IpAddr> = suspects.into_iter().collect();
    scene.siblings = addresses.iter().copied().zip(scene.names.siblings(&addresses)).collect();
    let ties = shared.ties();
    let scene = &*scene;
    let mut incidents: Vec<Incident> =
        groups(findings, scene, &ties).into_iter().map(|group| incident(&group, &shared, scene)).collect();
    incidents.sort_by(|a, b| {
        (b.severity, b.score)
            .partial_cmp(&(a.severity, a.score))
            .unwrap_or(std::cmp::Ordering::Equal)
            .then(a.first.cmp(&b.first))
            .then(a.findings.cmp(&b.findings))
    });
    for (number, incident) in (1..).zip(&mut incidents) {
        incident.id = number;
    }
    incidents
}

/// Connected findings: they share a host of ours that was attacked, an outside server, a name, a file, or infrastructure.
fn groups<'a>(
    findings: &'a [Finding],
    scene: &Scene<'_>,
    shared: &BTreeMap<IpAddr, Vec<String>>,
) -> Vec<Vec<&'a Finding>> {
    let mut leader: Vec<usize> = (0..findings.len()).collect();
    let mut seen: BTreeMap<Subject, usize> = BTreeMap::new();
    for (position, finding) in findings.iter().enumerate() {
        for subject in ties(finding, scene, shared) {
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

/// What ties a finding to others. A victim among very many is not a tie: half the network would be one incident. Neither is what a
/// mere note says, except to the host it is about; nor a server of ours that everybody uses.
fn ties(finding: &Finding, scene: &Scene<'_>, shared: &BTreeMap<IpAddr, Vec<String>>) -> Vec<Subject> {
    let mut ties = finding.subjects.clone();
    if finding.victims.len() <= VICTIMS_FEW {
        ties.extend(finding.victims.iter().map(|address| Subject::Host(*address)));
    }
    if finding.severity < Severity::Low {
        return ties;
    }
    let strong = |address: &IpAddr| finding.severity >= Severity::Medium || !scene.network.has(*address);
    ties.extend(
        finding.attackers.iter().filter(|address| strong(address)).map(|address| Subject::Host(*address)),
    );
    if let Some((address, name)) = &finding.server
        && strong(address)
    {
        ties.push(Subject::Host(*address));
        ties.extend(shared.get(address).into_iter().flatten().map(|link| Subject::Name(link.clone())));
        if !name.is_empty() {
            ties.push(Subject::Name(name.clone()));
        }
    }
    ties
}

fn incident(group: &[&Finding], shared: &Shared, scene: &Scene<'_>) -> Incident {
    let judged = score::judge(group);
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
    let servers = suspect::servers(&by_weight, scene);
    let victims = suspect::ranked(&by_weight, |finding| &finding.victims);
    let first = group.iter().map(|finding| finding.first).min().unwrap_or_default();
    Incident {
        id: 0,
        summary: summary::sentence(lead, &victims, &servers, judged.confidence, first, scene.network),
        title,
        severity: judged.severity,
        confidence: judged.confidence,
        score: judged.score,
        terms: judged.terms,
        attackers: suspect::attackers(&by_weight, &servers, scene),
        next_steps: summary::next_steps(lead, &victims, &servers, judged.severity),
        infrastructure: shared.groups(&servers),
        campaign: None,
        victims,
        servers,
        techniques,
        phases,
        first,
        last: group.iter().map(|finding| finding.last).max().unwrap_or_default(),
        findings: group.iter().map(|finding| finding.id).collect(),
        timeline: timeline(group),
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
