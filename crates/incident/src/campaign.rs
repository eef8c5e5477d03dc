//! Campaigns: incidents that share infrastructure, tools or schedule, across captures and time.
//!
//! The memory is a text file of which every line is one incident of one run, as JSON, and to which lines are only ever added:
//!
//! ```text
//! {"run":"3f…","campaign":"C-0c5e…","first":1764148320,"last":1764151920,"title":"…","traits":["address 203.0.113.9", "domain updates.example"]}
//! ```
//!
//! `run` is the digest of the run's inputs, so that the same capture read again is known and counts once; times are seconds since
//! 1970; `traits` are what others may share. A strong trait (address, certificate, signer, file, whole name) links by itself; weak
//! ones (domain, fingerprint, rule, rhythm) link two together.

use std::collections::{BTreeMap, BTreeSet};

use model::{Campaign, Finding, Incident, Role, Severity, Subject, Time};
use serde::{Deserialize, Serialize};

use crate::pivot;

/// Lines of the memory that are used, the newest.
const LINES_MAX: usize = 200_000;
/// Traits kept per incident.
const TRAITS_MAX: usize = 64;
/// Servers of an incident whose traits are kept.
const SERVERS_MAX: usize = 8;
/// Incidents that share a trait from which on it links nobody: a resolver, a hosting company.
const SHARED_MAX: usize = 256;
/// Weak traits that link when they come together.
const WEAK_MIN: usize = 2;
/// Sentences told per incident.
const LINKS_MAX: usize = 12;

/// One incident that is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    run: String,
    campaign: String,
    first: u64,
    last: u64,
    title: String,
    traits: Vec<String>,
}

/// What earlier runs found.
#[derive(Debug, Default)]
pub struct Memory {
    lines: Vec<Line>,
}

impl Memory {
    /// From the text of the file; also the lines that are none, by number.
    pub fn read(text: &str) -> (Self, Vec<usize>) {
        let mut memory = Self::default();
        let mut broken = Vec::new();
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str(line) {
                Ok(line) => memory.lines.push(line),
                Err(_) => broken.push(number),
            }
        }
        let more = memory.lines.len().saturating_sub(LINES_MAX);
        memory.lines.drain(..more);
        (memory, broken)
    }

    /// Links incidents of `run` to what is remembered and to each other, and returns the lines to add to the file: none for a run
    /// that is known already.
    pub fn link(mut self, run: &str, incidents: &mut [Incident], findings: &[Finding]) -> String {
        let known = self.lines.iter().any(|line| line.run == run);
        // What this run found when it ran before is not news.
        self.lines.retain(|line| line.run != run);
        let mut index: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (position, line) in self.lines.iter().enumerate() {
            for shared in &line.traits {
                index.entry(shared.clone()).or_default().push(position);
            }
        }
        let mut added = String::new();
        for incident in incidents.iter_mut().filter(|incident| incident.severity >= Severity::Medium) {
            let line = self.place(run, incident, findings, &index);
            for shared in &line.traits {
                index.entry(shared.clone()).or_default().push(self.lines.len());
            }
            added.push_str(&serde_json::to_string(&line).expect("a line holds text and numbers"));
            added.push('\n');
            self.lines.push(line);
        }
        if known { String::new() } else { added }
    }

    /// Finds the campaign of one incident, tells it to the incident, and makes its line.
    fn place(
        &self,
        run: &str,
        incident: &mut Incident,
        findings: &[Finding],
        index: &BTreeMap<String, Vec<usize>>,
    ) -> Line {
        let traits = traits(incident, findings);
        let mut shared: BTreeMap<usize, Vec<&String>> = BTreeMap::new();
        for own in &traits {
            let sharing = index.get(own).map_or(&[][..], Vec::as_slice);
            if sharing.len() <= SHARED_MAX {
                sharing.iter().for_each(|position| shared.entry(*position).or_default().push(own));
            }
        }
        shared.retain(|_, traits| traits.iter().any(|own| is_strong(own)) || traits.len() >= WEAK_MIN);
        // The oldest campaign that it belongs to gives the name; what links it to others joins them in the sentences.
        let linked: BTreeSet<&str> =
            shared.keys().map(|position| self.lines[*position].campaign.as_str()).collect();
        let oldest = shared
            .keys()
            .map(|position| &self.lines[*position])
            .min_by_key(|line| (line.first, line.campaign.clone()));
        let id = oldest.map_or_else(|| found(&traits, incident), |line| line.campaign.clone());
        let line = Line {
            run: run.to_owned(),
            campaign: id.clone(),
            first: incident.first.secs(),
            last: incident.last.secs(),
            title: incident.title.chars().take(200).collect(),
            traits: traits.clone(),
        };
        if !shared.is_empty() {
            let members: Vec<&Line> =
                self.lines.iter().filter(|line| linked.contains(line.campaign.as_str())).collect();
            let runs: BTreeSet<&str> = members.iter().map(|line| line.run.as_str()).chain([run]).collect();
            let both: BTreeSet<&str> = shared.values().flatten().map(|own| own.as_str()).collect();
            incident.campaign = Some(Campaign {
                id,
                runs: runs.len() as u64,
                first: Time::from_secs(
                    members.iter().map(|line| line.first).min().unwrap_or(line.first).min(line.first),
                ),
                last: Time::from_secs(
                    members.iter().map(|line| line.last).max().unwrap_or(line.last).max(line.last),
                ),
                links: both.into_iter().take(LINKS_MAX).map(|own| format!("the same {own}")).collect(),
            });
        }
        line
    }
}

/// The name of a campaign that begins: from its first strong trait, so that it does not depend on when it was found.
fn found(traits: &[String], incident: &Incident) -> String {
    let origin = traits.iter().find(|own| is_strong(own)).or(traits.first()).unwrap_or(&incident.title);
    // FNV-1a, 64 bits: a name, no protection.
    let hash = origin.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("C-{hash:016x}")
}

fn is_strong(own: &str) -> bool {
    ["address ", "certificate ", "signer ", "file ", "name "].iter().any(|kind| own.starts_with(kind))
}

/// What an incident could share with others, the strongest first.
fn traits(incident: &Incident, findings: &[Finding]) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    let hostile = |role: Role| !matches!(role, Role::Benign | Role::Unknown);
    let servers = incident.servers.iter().filter(|server| hostile(server.role) && server.confidence.0 >= 200);
    for server in servers.take(SERVERS_MAX) {
        if is_public(server.address) {
            list.push(format!("address {}", server.address));
        }
        if !server.name.is_empty() {
            list.push(format!("name {}", server.name));
            list.extend(pivot::domain(&server.name).map(|domain| format!("domain {domain}")));
        }
        let Some(profile) = &server.profile else { continue };
        for certificate in &profile.certificates {
            list.push(format!("certificate {}", certificate.fingerprint));
            if certificate.self_signed {
                list.push(format!("signer {}", certificate.subject));
            }
        }
        list.extend(
            profile
                .fingerprints
                .iter()
                .filter(|(kind, _)| *kind != "banner")
                .map(|(kind, value)| format!("{kind} {value}")),
        );
        if let Some(rhythm) = profile.rhythm {
            // Settings are round numbers; the measured median is within a hundredth of them.
            let step = (rhythm.period / 50.0).max(0.5);
            list.push(format!("rhythm of about {:.0} s", (rhythm.period / step).round() * step));
        }
    }
    for id in &incident.findings {
        let place = usize::try_from(id.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(finding) = findings.get(place) else { continue };
        list.extend(finding.subjects.iter().filter_map(|subject| match subject {
            Subject::File(sha256) => Some(format!("file {sha256}")),
            Subject::Host(_) | Subject::Name(_) => None,
        }));
        if finding.detector == "rule" && finding.severity >= Severity::High {
            list.push(format!("rule {}", finding.title));
        }
    }
    list.sort_by_key(|own| (!is_strong(own), own.clone()));
    list.dedup();
    list.truncate(TRAITS_MAX);
    list
}

/// Whether an address means the same host in another network: private ones do not.
fn is_public(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(address) => {
            !(address.is_private() || address.is_loopback() || address.is_link_local())
        }
        std::net::IpAddr::V6(address) => {
            !matches!(address.octets()[0], 0xfc..=0xfe) && !address.is_loopback()
        }
    }
}
