//! What to look for elsewhere: addresses, names and files behind incidents of medium severity or above.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::{Confidence, Finding, Incident, PacketId, Role, Severity, Subject, Time};

use crate::{Report, story};

/// Indicators of one report.
const INDICATORS_MAX: usize = 10_000;
/// Packets named per indicator.
const PACKETS_MAX: usize = 32;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// An address.
    Address(IpAddr),
    /// A domain name, lower case.
    Name(String),
    /// A file by its SHA-256, hexadecimal.
    File(String),
}

impl What {
    /// The value as text.
    pub(crate) fn value(&self) -> String {
        match self {
            What::Address(address) => address.to_string(),
            What::Name(text) | What::File(text) => text.clone(),
        }
    }

    /// Whether it means something outside the network it was seen in.
    pub(crate) fn is_global(&self) -> bool {
        match self {
            What::Address(address) => is_global(*address),
            What::Name(name) => name.contains('.') && !name.ends_with(".local") && !name.ends_with(".arpa"),
            What::File(_) => true,
        }
    }
}

/// Something to look for, and why.
#[derive(Debug, Clone)]
pub(crate) struct Indicator {
    /// What.
    pub(crate) what: What,
    /// What it does, when it is a server.
    pub(crate) role: Role,
    /// How sure.
    pub(crate) confidence: Confidence,
    /// How bad.
    pub(crate) severity: Severity,
    /// The gravest incident it belongs to.
    pub(crate) incident: u64,
    /// The findings that name it.
    pub(crate) findings: Vec<u64>,
    /// First time.
    pub(crate) first: Time,
    /// Last time.
    pub(crate) last: Time,
    /// Events behind it.
    pub(crate) count: u64,
    /// ATT&CK techniques.
    pub(crate) techniques: Vec<&'static str>,
    /// Packets that show it.
    pub(crate) packets: Vec<PacketId>,
    /// The strongest reason, in a sentence.
    pub(crate) why: String,
}

/// Indicators in the order of incidents and findings.
pub(crate) fn indicators(report: &Report) -> Vec<Indicator> {
    let mut list: Vec<Indicator> = Vec::new();
    let mut known: BTreeMap<What, usize> = BTreeMap::new();
    for incident in story::told(report) {
        for finding in incident.findings.iter().filter_map(|id| report.finding(*id)) {
            // A lesser finding belongs to the story, but is more likely wrong than right about its server.
            if finding.severity < Severity::Medium {
                continue;
            }
            for (what, role) in named(finding, incident) {
                match known.get(&what) {
                    Some(position) => list[*position].add(finding),
                    None if list.len() < INDICATORS_MAX => {
                        known.insert(what.clone(), list.len());
                        list.push(Indicator::new(what, role, incident, finding));
                    }
                    None => {}
                }
            }
        }
    }
    list
}

/// What a finding names that is not one of its victims.
fn named(finding: &Finding, incident: &Incident) -> Vec<(What, Role)> {
    let is_ours = |address: &IpAddr| incident.victims.contains(address);
    let role_of = |address: &IpAddr| {
        incident
            .servers
            .iter()
            .find(|server| server.address == *address)
            .map_or(Role::Unknown, |server| server.role)
    };
    let mut named: Vec<(What, Role)> = Vec::new();
    let mut note = |what: What, role: Role| {
        if !named.iter().any(|(known, _)| *known == what) {
            named.push((what, role));
        }
    };
    // What serves its users and was drawn in by others is nothing to look for.
    let is_benign = |address: &IpAddr| role_of(address) == Role::Benign;
    if let Some((address, name)) = finding.server.as_ref().filter(|(address, _)| !is_benign(address)) {
        if !is_ours(address) {
            note(What::Address(*address), role_of(address));
        }
        // The name of a server of our own is not hostile; a hostile name that it was asked for is a subject of the finding.
        if !is_ours(address) && is_global(*address) && is_domain(name) {
            note(What::Name(name.to_ascii_lowercase()), role_of(address));
        }
    }
    for address in finding.attackers.iter().filter(|address| !is_ours(address) && !is_benign(address)) {
        note(What::Address(*address), role_of(address));
    }
    for subject in &finding.subjects {
        match subject {
            Subject::Host(_) => {}
            Subject::Name(name) if is_domain(name) => {
                note(What::Name(name.to_ascii_lowercase()), Role::Unknown)
            }
            Subject::Name(_) => {}
            Subject::File(sha256)
                if sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
            {
                note(What::File(sha256.to_ascii_lowercase()), Role::Unknown);
            }
            Subject::File(_) => {}
        }
    }
    named
}

impl Indicator {
    fn new(what: What, role: Role, incident: &Incident, finding: &Finding) -> Self {
        let mut indicator = Self {
            what,
            role,
            confidence: finding.confidence,
            severity: incident.severity,
            incident: incident.id,
            findings: Vec::new(),
            first: finding.first,
            last: finding.last,
            count: 0,
            techniques: Vec::new(),
            packets: Vec::new(),
            why: finding.title.clone(),
        };
        indicator.add(finding);
        indicator
    }

    fn add(&mut self, finding: &Finding) {
        if self.findings.contains(&finding.id) {
            return;
        }
        self.findings.push(finding.id);
        self.first = self.first.min(finding.first);
        self.last = self.last.max(finding.last);
        self.count = self.count.saturating_add(finding.count);
        if finding.confidence > self.confidence {
            self.confidence = finding.confidence;
            self.why.clone_from(&finding.title);
        }
        for technique in &finding.techniques {
            if !self.techniques.contains(technique) {
                self.techniques.push(technique);
            }
        }
        for packet in finding.evidence.iter().flat_map(|evidence| &evidence.packets) {
            if self.packets.len() < PACKETS_MAX && !self.packets.contains(packet) {
                self.packets.push(*packet);
            }
        }
    }
}

/// Whether a text is a domain name that formats and rules can carry: letters, digits, `-`, `_` in labels of at most 63.
pub(crate) fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(is_label)
        && name.parse::<IpAddr>().is_err()
}

/// Whether an address means the same host everywhere (RFC 6890, without the ranges for documentation, which tests use).
fn is_global(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_broadcast()
                || address.is_multicast()
                || (first == 100 && second & 0xc0 == 64))
        }
        IpAddr::V6(address) => {
            !(address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unique_local()
                || address.is_unicast_link_local())
        }
    }
}
